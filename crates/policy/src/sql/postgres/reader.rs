//! The walk over one statement: what was found, and where it stands.

use crate::sql::findings::{Findings, Usually};
use crate::sql::name::{Kind, Name};
use crate::sql::scope::Scope;
use crate::sql::script::Columns;
use crate::{Effect, How};

pub(super) struct Reader<'a> {
    pub(super) found: Findings<'a>,
    pub(super) scope: Scope,
}

impl<'a> Reader<'a> {
    pub(super) fn new(found: Findings<'a>) -> Self {
        Reader { found, scope: Scope::default() }
    }

    /// Something that is not on the list.
    pub(super) fn strange(&mut self, what: &str) {
        self.found.unknown(format!("{what} is not on the list of what is understood"));
    }

    /// Begins a query of its own: its relations, and common tables that end with it.
    pub(super) fn query(&mut self, read: impl FnOnce(&mut Self)) {
        let commons = self.scope.commons();
        self.scope.enter();
        read(self);
        for (table, columns) in self.scope.leave() {
            self.reads(&table, columns);
        }
        self.scope.forget_common(commons);
    }

    /// A relation is read.
    fn reads(&mut self, table: &Name, columns: Columns) {
        if let Some(secret) = secret(table) {
            self.found.does(Effect::DataExport, format!("{table} holds {secret}"));
        }
        self.found.table(table, How::Reads, columns, false);
        // Somebody else's relation may be called pg_something too.
        if table.schema.is_none() || !is_of_the_server(table) {
            self.found.rely_on(Kind::Relation, table, Usually::Harmless);
        }
    }

    /// A relation is written.
    pub(super) fn writes(&mut self, table: &Name, how: How, columns: Columns, whole: bool) {
        if is_of_the_server(table) {
            self.found.unknown(format!("{table} is a table of the server itself"));
        }
        self.found.table(table, how, columns, whole);
        self.found.rely_on(Kind::Written, table, Usually::Harmless);
    }
}

/// The catalogues. Their names are found before all others unless a schema is written.
pub(super) fn is_of_the_server(table: &Name) -> bool {
    match table.schema.as_deref() {
        Some("pg_catalog" | "information_schema" | "pg_toast") => true,
        Some(_) => false,
        None => table.name.starts_with("pg_"),
    }
}

/// What a table of the server holds that must not leave it.
fn secret(table: &Name) -> Option<&'static str> {
    let name = is_of_the_server(table).then_some(table.name.as_str())?;
    match name {
        "pg_authid" | "pg_shadow" => Some("the password hashes of all roles"),
        "pg_user_mapping" | "pg_user_mappings" | "_pg_user_mappings" | "user_mapping_options" => {
            Some("passwords for other servers")
        }
        "pg_subscription" => Some("the credentials of subscriptions"),
        "pg_largeobject" => Some("the content of all large objects"),
        _ => None,
    }
}
