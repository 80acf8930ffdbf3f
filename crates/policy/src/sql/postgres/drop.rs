//! DROP and TRUNCATE.

use pg_query::NodeEnum;
use pg_query::protobuf::{DropBehavior, DropStmt, Node, ObjectType, TruncateStmt};

use super::nodes::{self, words};
use super::reader::{Reader, is_of_the_server};
use crate::Effect::{
    self, AuditTamper, BackupDestroy, DataDestroy, NetworkChange, PrivilegeChange, SchemaChange,
};
use crate::How;
use crate::sql::name::Name;
use crate::sql::script::{Columns, RemovedKind};

impl Reader<'_> {
    pub(super) fn drop(&mut self, drop: &DropStmt) {
        let DropStmt { objects, remove_type, behavior, missing_ok: _, concurrent: _ } = drop;
        let cascades = *behavior == DropBehavior::DropCascade as i32;
        let kind = ObjectType::try_from(*remove_type).unwrap_or_default();
        let Some((more, what)) = dropped(kind, cascades) else {
            return self.strange("this kind of object to remove");
        };
        for object in objects {
            let name = shown(object);
            self.found.does(SchemaChange, format!("removes the {what} {name}"));
            for effect in more {
                self.found.does(*effect, format!("removes the {what} {name}"));
            }
        }
        if holds_rows(kind) {
            self.remove_relations(objects, cascades);
        }
        if kind == ObjectType::ObjectIndex {
            let names = objects.iter().filter_map(name);
            names.for_each(|index| self.found.removes(RemovedKind::Relation, &index, cascades));
        }
        if kind == ObjectType::ObjectSchema {
            for schema in objects.iter().map(nodes::word) {
                self.found.every_table(schema, How::Removes);
                let name = Name::plain(schema.unwrap_or_default());
                self.found.removes(RemovedKind::Schema, &name, cascades);
            }
        }
        if cascades {
            self.found.does(SchemaChange, "CASCADE removes whatever depends on it");
        }
        if cascades || kind == ObjectType::ObjectExtension {
            self.found.every_table(None, How::Removes);
        }
    }

    fn remove_relations(&mut self, objects: &[Node], cascades: bool) {
        for object in objects {
            match name(object) {
                Some(name) => {
                    self.found.table(&name, How::Removes, Columns::All, true);
                    self.found.removes(RemovedKind::Relation, &name, cascades);
                }
                None => self.strange("an object without a name"),
            }
        }
    }

    pub(super) fn truncate(&mut self, truncate: &TruncateStmt) {
        let cascades = truncate.behavior == DropBehavior::DropCascade as i32;
        for relation in &truncate.relations {
            let Some(NodeEnum::RangeVar(range)) = relation.node.as_ref() else {
                self.strange("a table without a name");
                continue;
            };
            let table = nodes::relation(range);
            if is_of_the_server(&table) {
                self.found.unknown(format!("{table} is a table of the server itself"));
            }
            self.found.does(DataDestroy, format!("removes every row of {table}"));
            self.writes(&table, How::Removes, Columns::All, true);
            self.found.removes(RemovedKind::Rows, &table, cascades);
        }
        if cascades {
            self.found.does(DataDestroy, "CASCADE empties every table that refers to it");
            self.found.every_table(None, How::Removes);
        }
    }
}

/// What is lost with an object beyond its definition; none for a kind that is not on the list.
fn dropped(kind: ObjectType, cascades: bool) -> Option<(&'static [Effect], &'static str)> {
    use ObjectType::{
        ObjectAccessMethod, ObjectAggregate, ObjectCast, ObjectCollation, ObjectConversion, ObjectDomain,
        ObjectEventTrigger, ObjectExtension, ObjectFdw, ObjectForeignServer, ObjectForeignTable,
        ObjectFunction, ObjectIndex, ObjectLanguage, ObjectMatview, ObjectOpclass, ObjectOperator,
        ObjectOpfamily, ObjectPolicy, ObjectProcedure, ObjectPublication, ObjectRoutine, ObjectRule,
        ObjectSchema, ObjectSequence, ObjectStatisticExt, ObjectTable, ObjectTransform, ObjectTrigger,
        ObjectTsconfiguration, ObjectTsdictionary, ObjectTsparser, ObjectTstemplate, ObjectView,
    };
    let with_columns: &[Effect] = if cascades { &[DataDestroy] } else { &[] };
    Some(match kind {
        ObjectTable => (&[DataDestroy], "table"),
        ObjectMatview => (&[DataDestroy], "materialized view"),
        ObjectSequence => (&[DataDestroy], "sequence"),
        ObjectSchema => (&[DataDestroy], "schema"),
        ObjectExtension => (&[DataDestroy], "extension"),
        ObjectType::ObjectType => (with_columns, "type"),
        ObjectDomain => (with_columns, "type"),
        ObjectView => (with_columns, "view"),
        ObjectIndex => (&[], "index"),
        ObjectFunction | ObjectProcedure | ObjectRoutine | ObjectAggregate => (with_columns, "function"),
        ObjectCollation
        | ObjectConversion
        | ObjectStatisticExt
        | ObjectCast
        | ObjectTransform
        | ObjectAccessMethod
        | ObjectOperator
        | ObjectOpclass
        | ObjectOpfamily
        | ObjectLanguage
        | ObjectTsconfiguration
        | ObjectTsdictionary
        | ObjectTsparser
        | ObjectTstemplate => (with_columns, "object"),
        ObjectTrigger => (&[AuditTamper], "trigger"),
        ObjectEventTrigger => (&[AuditTamper], "event trigger"),
        ObjectRule => (&[AuditTamper], "rule"),
        ObjectPolicy => (&[PrivilegeChange], "row policy"),
        ObjectPublication => (&[BackupDestroy], "publication"),
        ObjectForeignTable | ObjectForeignServer | ObjectFdw => (&[NetworkChange], "way to another server"),
        _ => return None,
    })
}

fn holds_rows(kind: ObjectType) -> bool {
    use ObjectType::{ObjectForeignTable, ObjectMatview, ObjectSequence, ObjectTable, ObjectView};
    [ObjectTable, ObjectMatview, ObjectView, ObjectForeignTable, ObjectSequence].contains(&kind)
}

/// The name of an object that has one in two parts at most.
fn name(object: &Node) -> Option<Name> {
    match object.node.as_ref() {
        Some(NodeEnum::List(list)) => nodes::name(&list.items),
        _ => None,
    }
}

/// The name of an object as the reason shows it.
fn shown(object: &Node) -> String {
    match object.node.as_ref() {
        Some(NodeEnum::String(name)) => name.sval.clone(),
        Some(NodeEnum::List(list)) => words(&list.items).unwrap_or_default().join("."),
        Some(NodeEnum::ObjectWithArgs(object)) => words(&object.objname).unwrap_or_default().join("."),
        Some(NodeEnum::TypeName(name)) => words(&name.names).unwrap_or_default().join("."),
        _ => String::new(),
    }
}
