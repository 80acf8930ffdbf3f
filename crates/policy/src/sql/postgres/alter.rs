//! ALTER: each change of a table by its kind, and what it loses.

use pg_query::NodeEnum;
use pg_query::protobuf::*;

use super::nodes::{self, inner};
use super::reader::{Reader, is_of_the_server};
use crate::Effect::{AuditTamper, BackupDestroy, DataDestroy, PrivilegeChange, SchemaChange};
use crate::How;
use crate::sql::name::Name;
use crate::sql::script::Columns;

impl Reader<'_> {
    pub(super) fn alter_table(&mut self, alter: &AlterTableStmt) {
        let AlterTableStmt { relation, cmds, objtype, missing_ok: _ } = alter;
        let Some(range) = relation else { return self.strange("a change without a table") };
        let name = nodes::relation(range);
        if is_of_the_server(&name) {
            self.found.unknown(format!("{name} is a table of the server itself"));
        }
        self.found.does(SchemaChange, format!("changes {name}"));
        self.found.table(&name, How::Writes, Columns::none(), false);
        let keeps_rows = is_without_rows(*objtype);
        for command in cmds {
            match command.node.as_ref() {
                Some(NodeEnum::AlterTableCmd(command)) => self.change(&name, command, keeps_rows),
                _ => self.strange("this change of a table"),
            }
        }
    }

    fn change(&mut self, table: &Name, command: &AlterTableCmd, keeps_rows: bool) {
        self.change_definition(command);
        use AlterTableType::*;
        match AlterTableType::try_from(command.subtype).unwrap_or_default() {
            AtDropColumn if keeps_rows => {}
            AtDropColumn => {
                self.found.does(DataDestroy, format!("removes the column {} of {table}", command.name));
                self.loses(table, &command.name);
            }
            AtAlterColumnType if keeps_rows => {}
            AtAlterColumnType => {
                self.found.does(DataDestroy, format!("rewrites the column {} of {table}", command.name));
                self.loses(table, &command.name);
            }
            AtSetExpression | AtDropExpression => {
                self.found.does(DataDestroy, format!("computes the column {} of {table} anew", command.name));
                self.loses(table, &command.name);
            }
            AtChangeOwner => self.found.does(PrivilegeChange, format!("gives {table} to another role")),
            AtEnableRowSecurity | AtDisableRowSecurity | AtForceRowSecurity | AtNoForceRowSecurity => {
                self.found.does(PrivilegeChange, format!("changes who sees which rows of {table}"));
            }
            AtDisableTrig | AtDisableTrigAll | AtDisableTrigUser | AtDisableRule | AtEnableReplicaTrig
            | AtEnableReplicaRule => {
                self.found.does(AuditTamper, format!("switches triggers or rules of {table} off"));
            }
            AtSetUnLogged => {
                self.found.does(BackupDestroy, format!("keeps {table} out of the log and of replicas"))
            }
            AtReplicaIdentity => {
                self.found.does(BackupDestroy, format!("changes how replicas know rows of {table}"))
            }
            AtAddColumn
            | AtColumnDefault
            | AtDropNotNull
            | AtSetNotNull
            | AtSetStatistics
            | AtSetOptions
            | AtResetOptions
            | AtSetStorage
            | AtSetCompression
            | AtAddIndex
            | AtAddConstraint
            | AtAlterConstraint
            | AtValidateConstraint
            | AtAddIndexConstraint
            | AtDropConstraint
            | AtClusterOn
            | AtDropCluster
            | AtSetLogged
            | AtDropOids
            | AtSetAccessMethod
            | AtSetTableSpace
            | AtSetRelOptions
            | AtResetRelOptions
            | AtReplaceRelOptions
            | AtEnableTrig
            | AtEnableAlwaysTrig
            | AtEnableTrigAll
            | AtEnableTrigUser
            | AtEnableRule
            | AtEnableAlwaysRule
            | AtAddInherit
            | AtDropInherit
            | AtAddOf
            | AtDropOf
            | AtAttachPartition
            | AtDetachPartition
            | AtDetachPartitionFinalize
            | AtAddIdentity
            | AtSetIdentity
            | AtDropIdentity => {}
            _ => self.strange("this change of a table"),
        }
    }

    fn loses(&mut self, table: &Name, column: &str) {
        self.found.table(table, How::Removes, Columns::Some([column.to_owned()].into()), true);
    }

    /// What the change defines: a column, a constraint, a default, a partition, or a word.
    fn change_definition(&mut self, command: &AlterTableCmd) {
        match inner(&command.def) {
            None => {}
            Some(NodeEnum::ColumnDef(column)) => self.column_definition(column),
            Some(NodeEnum::Constraint(constraint)) => self.constraint(constraint),
            Some(NodeEnum::PartitionCmd(partition)) => {
                if let Some(bound) = &partition.bound {
                    self.bound(bound);
                }
            }
            Some(NodeEnum::IndexStmt(index)) => self.create_index(index),
            Some(NodeEnum::List(options)) => self.expressions_of_options(&options.items),
            Some(
                NodeEnum::RangeVar(_)
                | NodeEnum::ReplicaIdentityStmt(_)
                | NodeEnum::AtalterConstraint(_)
                | NodeEnum::TypeName(_),
            ) => {}
            Some(expression) => self.expression(expression),
        }
    }

    pub(super) fn alter_sequence(&mut self, alter: &AlterSeqStmt) {
        self.found.does(SchemaChange, "changes a sequence");
        let sets = alter.options.iter().any(|option| match option.node.as_ref() {
            Some(NodeEnum::DefElem(option)) => {
                ["restart", "minvalue", "maxvalue"].contains(&option.defname.as_str())
            }
            _ => true,
        });
        if sets {
            self.found.does(DataDestroy, "sets a sequence to another number");
        }
    }

    pub(super) fn alter_domain(&mut self, alter: &AlterDomainStmt) {
        self.found.does(SchemaChange, "changes a type");
        match inner(&alter.def) {
            Some(NodeEnum::Constraint(constraint)) => self.constraint(constraint),
            Some(expression) => self.expression(expression),
            None => {}
        }
    }

    pub(super) fn rename(&mut self, rename: &RenameStmt) {
        self.found.does(SchemaChange, format!("gives an object the name {}", rename.newname));
        if rename.rename_type == ObjectType::ObjectRole as i32 {
            self.found.does(PrivilegeChange, "renames a role");
        }
        if rename.rename_type == ObjectType::ObjectSchema as i32 {
            self.found.every_table(Some(&rename.subname), How::Writes);
        }
        if let Some(range) = &rename.relation {
            self.found.table(&nodes::relation(range), How::Writes, Columns::All, false);
        }
    }

    pub(super) fn alter_schema(&mut self, alter: &AlterObjectSchemaStmt) {
        self.found.does(SchemaChange, "moves an object to another schema");
        if let Some(range) = &alter.relation {
            self.found.table(&nodes::relation(range), How::Writes, Columns::All, false);
        }
    }

    pub(super) fn alter_owner(&mut self, alter: &AlterOwnerStmt) {
        self.all(&[PrivilegeChange, SchemaChange], "gives an object to another role");
        if let Some(range) = &alter.relation {
            self.found.table(&nodes::relation(range), How::Writes, Columns::none(), false);
        }
    }
}

fn is_without_rows(objtype: i32) -> bool {
    use ObjectType::{ObjectForeignTable, ObjectIndex, ObjectView};
    [ObjectForeignTable, ObjectIndex, ObjectView].iter().any(|kind| *kind as i32 == objtype)
}
