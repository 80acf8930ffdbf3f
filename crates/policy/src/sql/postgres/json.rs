//! SQL/JSON: grammar of newer servers. An older one takes the same words for calls of functions that somebody made, so
//! they are known only when the server's version is.

use pg_query::NodeEnum;
use pg_query::protobuf::*;

use super::reader::Reader;

/// First version whose grammar has constructors, aggregates and `IS JSON`.
const CONSTRUCTORS: u32 = 160_000;

/// First version whose grammar has query functions, `JSON_TABLE` and `MERGE_ACTION`.
const QUERIES: u32 = 170_000;

impl Reader<'_> {
    /// The last kinds of expressions; another one is unknown.
    pub(super) fn json(&mut self, node: &NodeEnum) {
        let since = match node {
            NodeEnum::JsonIsPredicate(_)
            | NodeEnum::JsonObjectConstructor(_)
            | NodeEnum::JsonArrayConstructor(_)
            | NodeEnum::JsonArrayQueryConstructor(_)
            | NodeEnum::JsonObjectAgg(_)
            | NodeEnum::JsonArrayAgg(_) => CONSTRUCTORS,
            NodeEnum::JsonFuncExpr(_)
            | NodeEnum::JsonParseExpr(_)
            | NodeEnum::JsonScalarExpr(_)
            | NodeEnum::JsonSerializeExpr(_)
            | NodeEnum::MergeSupportFunc(_) => QUERIES,
            NodeEnum::JsonArgument(_) | NodeEnum::JsonKeyValue(_) | NodeEnum::JsonValueExpr(_) => 0,
            _ => return self.strange("this kind of expression"),
        };
        if since > 0 && !self.found.catalogue().is_at_least(since) {
            let version = since / 10_000;
            return self
                .found
                .unknown(format!("SQL/JSON is read only where the server is known as {version} or newer"));
        }
        self.json_parts(node);
    }

    fn json_parts(&mut self, node: &NodeEnum) {
        match node {
            NodeEnum::JsonIsPredicate(test) => self.maybe(&test.expr),
            NodeEnum::JsonObjectConstructor(object) => self.built(&object.exprs, object.output.as_ref()),
            NodeEnum::JsonArrayConstructor(array) => self.built(&array.exprs, array.output.as_ref()),
            NodeEnum::JsonArrayQueryConstructor(array) => {
                self.subquery(super::nodes::inner(&array.query));
                self.output(array.output.as_ref());
            }
            NodeEnum::JsonObjectAgg(of) => {
                self.pair(of.arg.as_deref());
                self.aggregate(of.constructor.as_deref());
            }
            NodeEnum::JsonArrayAgg(of) => {
                self.value(of.arg.as_deref());
                self.aggregate(of.constructor.as_deref());
            }
            NodeEnum::JsonFuncExpr(function) => self.json_function(function),
            NodeEnum::JsonParseExpr(parse) => {
                self.value(parse.expr.as_deref());
                self.output(parse.output.as_ref());
            }
            NodeEnum::JsonScalarExpr(scalar) => {
                self.maybe(&scalar.expr);
                self.output(scalar.output.as_ref());
            }
            NodeEnum::JsonSerializeExpr(serialize) => {
                self.value(serialize.expr.as_deref());
                self.output(serialize.output.as_ref());
            }
            NodeEnum::JsonArgument(argument) => self.value(argument.val.as_deref()),
            NodeEnum::JsonKeyValue(pair) => self.pair(Some(pair)),
            NodeEnum::JsonValueExpr(value) => self.value(Some(value)),
            _ => {}
        }
    }

    fn built(&mut self, parts: &[Node], output: Option<&JsonOutput>) {
        self.expressions(parts);
        self.output(output);
    }

    fn output(&mut self, output: Option<&JsonOutput>) {
        self.type_name(output.and_then(|output| output.type_name.as_ref()));
    }

    fn pair(&mut self, pair: Option<&JsonKeyValue>) {
        if let Some(JsonKeyValue { key, value }) = pair {
            self.maybe(key);
            self.value(value.as_deref());
        }
    }

    fn value(&mut self, value: Option<&JsonValueExpr>) {
        if let Some(value) = value {
            self.maybe(&value.raw_expr);
        }
    }

    fn aggregate(&mut self, aggregate: Option<&JsonAggConstructor>) {
        let Some(aggregate) = aggregate else { return };
        self.output(aggregate.output.as_ref());
        self.maybe(&aggregate.agg_filter);
        self.expressions(&aggregate.agg_order);
        if let Some(window) = &aggregate.over {
            self.window(window);
        }
    }

    fn json_function(&mut self, function: &JsonFuncExpr) {
        self.value(function.context_item.as_deref());
        self.maybe(&function.pathspec);
        self.expressions(&function.passing);
        self.output(function.output.as_ref());
        for behaviour in [&function.on_empty, &function.on_error].into_iter().flatten() {
            self.maybe(&behaviour.expr);
        }
    }
}
