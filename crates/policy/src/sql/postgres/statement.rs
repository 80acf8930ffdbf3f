//! Statements: every kind that is understood, and where it is read.

use pg_query::NodeEnum;

use super::reader::Reader;
use crate::Effect::{self, *};
use crate::How;
use crate::sql::name::Name;
use crate::sql::script::RemovedKind;

impl Reader<'_> {
    /// Reads one statement. The list of kinds is closed: another one is unknown.
    pub(super) fn statement(&mut self, node: &NodeEnum) {
        self.found.plannable = is_plannable(node);
        match node {
            NodeEnum::SelectStmt(select) => self.select(select),
            NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_) => {
                self.write(node);
            }
            NodeEnum::VariableShowStmt(_) => self.found.does(Read, "shows a setting"),
            NodeEnum::VariableSetStmt(set) => self.set(set),
            NodeEnum::DoStmt(_) => self.found.unknown("DO runs code that is not analysed"),
            NodeEnum::CallStmt(call) => self.procedure(call),
            NodeEnum::CopyStmt(copy) => self.copy(copy),
            NodeEnum::ExplainStmt(explain) => self.explain(explain),
            _ => self.of_the_session(node),
        }
    }

    fn of_the_session(&mut self, node: &NodeEnum) {
        match node {
            NodeEnum::TransactionStmt(transaction) => self.transaction(transaction),
            NodeEnum::PrepareStmt(prepare) => self.prepare(prepare),
            NodeEnum::ExecuteStmt(execute) => self.execute(execute),
            NodeEnum::DeallocateStmt(deallocate) => self.deallocate(deallocate),
            NodeEnum::DeclareCursorStmt(declare) => self.declare(declare),
            NodeEnum::DiscardStmt(discard) => self.discard(discard),
            NodeEnum::FetchStmt(_) => self.found.does(Read, "reads on in a cursor"),
            NodeEnum::ClosePortalStmt(_) => self.found.does(Read, "closes a cursor"),
            NodeEnum::ConstraintsSetStmt(_) => self.found.does(Read, "says when constraints are checked"),
            NodeEnum::ListenStmt(_) | NodeEnum::UnlistenStmt(_) => {
                self.found.does(Read, "listens for notices")
            }
            NodeEnum::NotifyStmt(_) => self.found.does(Write, "sends a notice to whoever listens"),
            NodeEnum::LockStmt(lock) => self.lock(lock),
            _ => self.of_the_schema(node),
        }
    }

    fn of_the_schema(&mut self, node: &NodeEnum) {
        match node {
            NodeEnum::CreateStmt(create) => self.create_table(create),
            NodeEnum::CreateTableAsStmt(create) => self.create_table_as(create),
            NodeEnum::CreateSchemaStmt(create) => self.create_schema(create),
            NodeEnum::ViewStmt(view) => self.create_view(view),
            NodeEnum::IndexStmt(index) => self.create_index(index),
            NodeEnum::RuleStmt(rule) => self.create_rule(rule),
            NodeEnum::CreateTrigStmt(trigger) => self.create_trigger(trigger),
            NodeEnum::CreateFunctionStmt(function) => self.create_function(function),
            NodeEnum::CreateDomainStmt(domain) => self.create_domain(domain),
            NodeEnum::CreateStatsStmt(statistics) => self.create_statistics(statistics),
            NodeEnum::CreateSeqStmt(sequence) => self.create_sequence(sequence),
            NodeEnum::DefineStmt(define) => self.define(define),
            NodeEnum::AlterTableStmt(alter) => self.alter_table(alter),
            NodeEnum::AlterSeqStmt(alter) => self.alter_sequence(alter),
            NodeEnum::AlterDomainStmt(alter) => self.alter_domain(alter),
            NodeEnum::RenameStmt(rename) => self.rename(rename),
            NodeEnum::DropStmt(drop) => self.drop(drop),
            NodeEnum::TruncateStmt(truncate) => self.truncate(truncate),
            NodeEnum::DropdbStmt(drop) => {
                self.found.removes(RemovedKind::Database, &Name::plain(&drop.dbname), false);
                self.all(&[DataDestroy, SchemaChange], "removes a database");
                self.found.every_table(None, How::Removes);
            }
            NodeEnum::DropOwnedStmt(_) => {
                let effects = &[DataDestroy, SchemaChange, PrivilegeChange];
                self.all(effects, "removes everything that a role owns");
                self.found.every_table(None, How::Removes);
            }
            _ => self.of_rights(node),
        }
    }

    fn of_rights(&mut self, node: &NodeEnum) {
        match node {
            NodeEnum::GrantStmt(grant) => self.grant(grant),
            NodeEnum::CreateRoleStmt(create) => self.create_role(create),
            NodeEnum::AlterRoleStmt(alter) => self.alter_role(alter),
            NodeEnum::AlterRoleSetStmt(alter) => self.stored_setting(alter.setstmt.as_ref(), "of a role"),
            NodeEnum::AlterDatabaseSetStmt(alter) => {
                self.stored_setting(alter.setstmt.as_ref(), "of a database")
            }
            NodeEnum::AlterSystemStmt(alter) => {
                self.stored_setting(alter.setstmt.as_ref(), "of the whole server")
            }
            NodeEnum::CreatePolicyStmt(policy) => self.row_policy([&policy.qual, &policy.with_check]),
            NodeEnum::AlterPolicyStmt(policy) => self.row_policy([&policy.qual, &policy.with_check]),
            NodeEnum::AlterOwnerStmt(alter) => self.alter_owner(alter),
            _ => match plain(node) {
                Some((effects, does)) => self.all(effects, does),
                None => self.of_upkeep(node),
            },
        }
    }

    fn of_upkeep(&mut self, node: &NodeEnum) {
        match node {
            NodeEnum::VacuumStmt(vacuum) => self.vacuum(vacuum),
            NodeEnum::ClusterStmt(cluster) => self.cluster(cluster),
            NodeEnum::ReindexStmt(_) => self.found.does(Write, "builds indexes anew"),
            NodeEnum::RefreshMatViewStmt(refresh) => self.refresh(refresh),
            NodeEnum::CommentStmt(_) => self.found.does(SchemaChange, "describes an object"),
            NodeEnum::AlterObjectSchemaStmt(alter) => self.alter_schema(alter),
            NodeEnum::CheckPointStmt(_) => self.found.does(Write, "writes everything to disk"),
            _ => self.strange("this kind of statement"),
        }
    }

    /// The same reason for several effects.
    pub(super) fn all(&mut self, effects: &[Effect], does: &str) {
        effects.iter().for_each(|effect| self.found.does(*effect, does));
    }
}

/// Statements that do the same whatever stands in them.
fn plain(node: &NodeEnum) -> Option<(&'static [Effect], &'static str)> {
    Some(match node {
        NodeEnum::GrantRoleStmt(_) => (&[PrivilegeChange], "makes roles members of others"),
        NodeEnum::DropRoleStmt(_) => (&[PrivilegeChange], "removes roles"),
        NodeEnum::AlterDefaultPrivilegesStmt(_) => (&[PrivilegeChange], "changes rights on objects to come"),
        NodeEnum::ReassignOwnedStmt(_) => (&[PrivilegeChange], "gives objects to another role"),
        NodeEnum::SecLabelStmt(_) => (&[PrivilegeChange], "labels an object for access control"),
        NodeEnum::CompositeTypeStmt(_)
        | NodeEnum::CreateEnumStmt(_)
        | NodeEnum::AlterEnumStmt(_)
        | NodeEnum::CreateRangeStmt(_) => (&[SchemaChange], "makes or extends a type"),
        NodeEnum::AlterCollationStmt(_)
        | NodeEnum::AlterStatsStmt(_)
        | NodeEnum::AlterObjectDependsStmt(_) => (&[SchemaChange], "changes an object"),
        NodeEnum::AlterTsdictionaryStmt(_) | NodeEnum::AlterTsconfigurationStmt(_) => {
            (&[SchemaChange], "changes text search")
        }
        NodeEnum::CreatedbStmt(_) => (&[SchemaChange], "makes a database"),
        NodeEnum::AlterDatabaseStmt(_) | NodeEnum::AlterDatabaseRefreshCollStmt(_) => {
            (&[SchemaChange, PrivilegeChange], "changes a database, and who may connect to it")
        }
        NodeEnum::CreateTableSpaceStmt(_)
        | NodeEnum::DropTableSpaceStmt(_)
        | NodeEnum::AlterTableSpaceOptionsStmt(_)
        | NodeEnum::AlterTableMoveAllStmt(_) => (&[SchemaChange], "changes where tables are kept"),
        NodeEnum::CreateExtensionStmt(_) | NodeEnum::AlterExtensionStmt(_) => {
            (&[SoftwareInstall, SchemaChange, Unknown], "installs or updates an extension")
        }
        NodeEnum::AlterExtensionContentsStmt(_) => {
            (&[SoftwareInstall, SchemaChange], "changes what an extension holds")
        }
        NodeEnum::CreatePlangStmt(_) => (&[SoftwareInstall, Unknown], "installs a language"),
        NodeEnum::LoadStmt(_) => (&[SoftwareInstall, ShellEscape], "loads a library into the server"),
        NodeEnum::CreateAmStmt(_)
        | NodeEnum::CreateTransformStmt(_)
        | NodeEnum::CreateConversionStmt(_)
        | NodeEnum::CreateCastStmt(_)
        | NodeEnum::CreateOpClassStmt(_)
        | NodeEnum::CreateOpFamilyStmt(_)
        | NodeEnum::AlterOpFamilyStmt(_)
        | NodeEnum::AlterOperatorStmt(_)
        | NodeEnum::AlterTypeStmt(_)
        | NodeEnum::AlterFunctionStmt(_) => {
            (&[SchemaChange, Unknown], "changes which functions the server calls by itself")
        }
        NodeEnum::CreateEventTrigStmt(_) => {
            (&[SchemaChange, Unknown], "runs a function whenever the schema changes")
        }
        NodeEnum::AlterEventTrigStmt(_) => (&[SchemaChange, AuditTamper], "switches an event trigger"),
        NodeEnum::CreateFdwStmt(_) | NodeEnum::AlterFdwStmt(_) => {
            (&[SoftwareInstall, NetworkChange], "installs a way to other servers")
        }
        NodeEnum::CreateForeignServerStmt(_)
        | NodeEnum::AlterForeignServerStmt(_)
        | NodeEnum::CreateForeignTableStmt(_)
        | NodeEnum::ImportForeignSchemaStmt(_) => (&[NetworkChange, SchemaChange], "leads to another server"),
        NodeEnum::CreateUserMappingStmt(_)
        | NodeEnum::AlterUserMappingStmt(_)
        | NodeEnum::DropUserMappingStmt(_) => {
            (&[NetworkChange, PrivilegeChange], "changes the login on another server")
        }
        NodeEnum::CreatePublicationStmt(_) => {
            (&[DataExport, SchemaChange], "offers all changes to other servers")
        }
        NodeEnum::AlterPublicationStmt(_) => {
            (&[DataExport, BackupDestroy, SchemaChange], "changes what other servers get")
        }
        NodeEnum::CreateSubscriptionStmt(_) | NodeEnum::AlterSubscriptionStmt(_) => {
            (&[Write, NetworkChange, SchemaChange], "takes changes from another server")
        }
        NodeEnum::DropSubscriptionStmt(_) => {
            (&[BackupDestroy, SchemaChange], "ends the replication from another server")
        }
        _ => return None,
    })
}

/// Whether it is one of the statements that have a plan.
fn is_plannable(node: &NodeEnum) -> bool {
    use NodeEnum::{DeleteStmt, InsertStmt, MergeStmt, SelectStmt, UpdateStmt};
    matches!(node, SelectStmt(_) | InsertStmt(_) | UpdateStmt(_) | DeleteStmt(_) | MergeStmt(_))
}
