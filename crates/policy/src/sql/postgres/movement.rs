//! COPY: rows in bulk from and to the client, files and programs of the server.

use pg_query::NodeEnum;
use pg_query::protobuf::CopyStmt;

use super::nodes::{self, inner, words};
use super::reader::Reader;
use crate::Effect::{DataDestroy, DataExport, Read, ShellEscape, Unknown, Write};
use crate::How;
use crate::sql::name::Name;
use crate::sql::script::{Columns, Control};

impl Reader<'_> {
    pub(super) fn copy(&mut self, copy: &CopyStmt) {
        let CopyStmt { relation, query, attlist, is_from, is_program, filename, options: _, where_clause } =
            copy;
        self.query(|reader| {
            let table = relation.as_ref().map(|range| (nodes::relation(range), nodes::alias(range)));
            match (&table, inner(query)) {
                (Some((table, _)), None) if *is_from => reader.copy_in(table, columns(attlist)),
                (Some((table, alias)), None) => reader.copy_table_out(table, alias, columns(attlist)),
                (None, Some(query)) if !is_from => reader.copy_query_out(query),
                _ => reader.strange("this kind of COPY"),
            }
            reader.maybe(where_clause);
        });
        match (is_program, filename.as_str(), is_from) {
            (true, ..) => self.all(&[ShellEscape, Unknown], "COPY … PROGRAM starts a program on the server"),
            (false, "", true) => self.found.control = Control::CopyIn,
            (false, "", false) => self.found.control = Control::CopyOut,
            (false, _, true) => self.found.does(DataExport, "reads a file of the server into the database"),
            (false, _, false) => {
                self.all(
                    &[DataDestroy, ShellEscape],
                    "writes a file of the server, and may replace one that it runs",
                );
            }
        }
    }

    fn copy_in(&mut self, table: &Name, columns: Columns) {
        self.found.does(Write, format!("adds rows to {table} in bulk"));
        self.writes(table, How::Writes, columns, false);
    }

    fn copy_table_out(&mut self, table: &Name, alias: &str, columns: Columns) {
        self.scope.table(alias, table);
        match columns {
            Columns::All => self.scope.all(),
            Columns::Some(names) => names.iter().for_each(|name| self.scope.column(name)),
        }
        self.found.does(Read, "queries");
        self.found.does(DataExport, format!("takes rows of {table} out in bulk"));
    }

    fn copy_query_out(&mut self, query: &NodeEnum) {
        self.subquery(Some(query));
        self.found.does(DataExport, "takes the rows of a query out in bulk");
    }
}

fn columns(list: &[pg_query::protobuf::Node]) -> Columns {
    match words(list) {
        Some(names) if !names.is_empty() => Columns::Some(names.into_iter().map(str::to_owned).collect()),
        _ => Columns::All,
    }
}
