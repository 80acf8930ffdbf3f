//! Small looks at the tree: what is in a node, and names written as lists of words.

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, RangeVar};

use crate::sql::name::Name;

/// What is in an optional node.
pub(super) fn inner(node: &Option<Box<Node>>) -> Option<&NodeEnum> {
    node.as_ref()?.node.as_ref()
}

/// The word that a node is.
pub(super) fn word(node: &Node) -> Option<&str> {
    match node.node.as_ref()? {
        NodeEnum::String(string) => Some(&string.sval),
        _ => None,
    }
}

/// The words of a list; none when something in it is no word.
pub(super) fn words(nodes: &[Node]) -> Option<Vec<&str>> {
    nodes.iter().map(word).collect()
}

/// A name of one or two words; none for any other list. A database before the schema can only be the current one.
pub(super) fn name(nodes: &[Node]) -> Option<Name> {
    match words(nodes)?.as_slice() {
        [name] => Some(Name::plain(name)),
        [schema, name] | [_, schema, name] => Some(Name::within(schema, name)),
        _ => None,
    }
}

/// The name of a relation.
pub(super) fn relation(range: &RangeVar) -> Name {
    match range.schemaname.as_str() {
        "" => Name::plain(&range.relname),
        schema => Name::within(schema, &range.relname),
    }
}

/// What a relation is called in its query.
pub(super) fn alias(range: &RangeVar) -> &str {
    range.alias.as_ref().map_or(&range.relname, |alias| &alias.aliasname)
}
