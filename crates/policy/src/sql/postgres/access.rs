//! Rights: GRANT and REVOKE, roles, row policies, settings that are kept.

use pg_query::NodeEnum;
use pg_query::protobuf::*;

use super::nodes;
use super::reader::Reader;
use crate::Effect::{PrivilegeChange, Read};
use crate::How;
use crate::sql::script::{Columns, Control};

impl Reader<'_> {
    pub(super) fn grant(&mut self, grant: &GrantStmt) {
        self.found.does(PrivilegeChange, if grant.is_grant { "gives rights" } else { "takes rights away" });
        for object in grant.objects.iter().filter_map(|object| object.node.as_ref()) {
            if let NodeEnum::RangeVar(range) = object {
                self.found.table(&nodes::relation(range), How::Looks, Columns::none(), false);
            }
        }
    }

    pub(super) fn create_role(&mut self, create: &CreateRoleStmt) {
        self.found.does(PrivilegeChange, format!("makes the role {}", create.role));
    }

    pub(super) fn alter_role(&mut self, alter: &AlterRoleStmt) {
        let role = alter.role.as_ref().map_or("", |role| &role.rolename);
        self.found.does(PrivilegeChange, format!("changes the role {role}"));
    }

    /// A setting of sessions to come does what it does in a session, and to others.
    pub(super) fn stored_setting(&mut self, set: Option<&VariableSetStmt>, of: &str) {
        self.found.does(PrivilegeChange, format!("changes a setting {of}"));
        match set {
            Some(set) => self.set(set),
            None => self.strange("this way to change a setting"),
        }
        self.found.control = Control::None;
    }

    pub(super) fn row_policy(&mut self, conditions: [&Option<Box<Node>>; 2]) {
        self.found.does(PrivilegeChange, "changes who sees which rows");
        self.query(|reader| conditions.into_iter().for_each(|condition| reader.maybe(condition)));
        self.found.does(Read, "names a table");
    }
}
