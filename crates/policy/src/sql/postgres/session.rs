//! What concerns the session: transactions, prepared statements, cursors, EXPLAIN, locks.

use pg_query::NodeEnum;
use pg_query::protobuf::*;

use super::nodes::{self, inner};
use super::reader::Reader;
use super::settings::literal;
use crate::sql::findings::Usually;
use crate::sql::name::{Kind, Name};
use crate::sql::script::{Columns, Control};
use crate::{Effect, How};

impl Reader<'_> {
    pub(super) fn transaction(&mut self, transaction: &TransactionStmt) {
        use TransactionStmtKind::*;
        let name = || transaction.savepoint_name.clone();
        let (control, effect, does) = match TransactionStmtKind::try_from(transaction.kind)
            .unwrap_or_default()
        {
            TransStmtBegin | TransStmtStart => (Control::Begin, Effect::Read, "begins a transaction"),
            TransStmtCommit => (Control::Commit, Effect::Read, "ends a transaction"),
            TransStmtRollback => (Control::Rollback, Effect::Read, "takes a transaction back"),
            TransStmtRollbackTo => (Control::RollbackTo(name()), Effect::Read, "takes a transaction back"),
            TransStmtSavepoint => (Control::Savepoint(name()), Effect::Read, "marks a place to go back to"),
            TransStmtRelease => (Control::Release(name()), Effect::Read, "marks a place to go back to"),
            TransStmtPrepare => (Control::Commit, Effect::Write, "hands a transaction over"),
            TransStmtCommitPrepared => {
                (Control::None, Effect::Write, "ends a transaction that was handed over")
            }
            TransStmtRollbackPrepared => {
                (Control::None, Effect::DataDestroy, "takes a transaction back that was handed over")
            }
            Undefined => return self.strange("this kind of transaction"),
        };
        self.found.control = control;
        self.found.does(effect, does);
        self.transaction_modes(&transaction.options);
    }

    /// `ISOLATION LEVEL …`, `READ ONLY`, `READ WRITE`, `DEFERRABLE`.
    pub(super) fn transaction_modes(&mut self, modes: &[Node]) {
        for mode in modes {
            let Some(NodeEnum::DefElem(mode)) = mode.node.as_ref() else {
                return self.strange("this mode of a transaction");
            };
            match (mode.defname.as_str(), flag(mode)) {
                ("transaction_read_only", Some(false)) => {
                    self.found.calls(Effect::PrivilegeChange, "READ WRITE lets the transaction write again");
                }
                ("transaction_read_only", Some(true))
                | ("transaction_isolation" | "transaction_deferrable", _) => {
                    self.found.does(Effect::Read, "says how a transaction sees others");
                }
                _ => self.strange("this mode of a transaction"),
            }
        }
    }

    pub(super) fn prepare(&mut self, prepare: &PrepareStmt) {
        let PrepareStmt { name, argtypes, query } = prepare;
        for argument in argtypes {
            if let Some(NodeEnum::TypeName(of)) = argument.node.as_ref() {
                self.type_name(Some(of));
            }
        }
        match inner(query) {
            Some(query) => self.inside(query),
            None => self.strange("a statement without content"),
        }
        self.found.control = Control::Prepare(name.clone());
    }

    pub(super) fn execute(&mut self, execute: &ExecuteStmt) {
        self.expressions(&execute.params);
        self.found.rely_on(Kind::Prepared, &Name::plain(&execute.name), Usually::Unknown);
        self.found.control = Control::Execute(execute.name.clone());
    }

    pub(super) fn deallocate(&mut self, deallocate: &DeallocateStmt) {
        let name = (!deallocate.isall).then(|| deallocate.name.clone());
        self.found.control = Control::Deallocate(name);
        self.found.does(Effect::Read, "forgets prepared statements");
    }

    pub(super) fn declare(&mut self, declare: &DeclareCursorStmt) {
        match inner(&declare.query) {
            Some(query) => self.inside(query),
            None => self.strange("a cursor without a query"),
        }
        self.found.control = Control::Declare(declare.portalname.clone());
    }

    pub(super) fn discard(&mut self, discard: &DiscardStmt) {
        if discard.target == DiscardMode::DiscardAll as i32 {
            self.found.control = Control::DiscardAll;
        }
        if discard.target == DiscardMode::DiscardTemp as i32
            || discard.target == DiscardMode::DiscardAll as i32
        {
            self.found.does(Effect::Write, "removes temporary tables");
        }
        self.found.does(Effect::Read, "forgets what the session kept");
    }

    /// A statement inside another: only those that PostgreSQL takes there.
    pub(super) fn inside(&mut self, node: &NodeEnum) {
        match node {
            NodeEnum::SelectStmt(_)
            | NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_)
            | NodeEnum::CreateTableAsStmt(_)
            | NodeEnum::DeclareCursorStmt(_)
            | NodeEnum::RefreshMatViewStmt(_)
            | NodeEnum::ExecuteStmt(_)
            | NodeEnum::NotifyStmt(_) => self.statement(node),
            _ => self.strange("this kind of statement inside another"),
        }
    }

    /// Without ANALYZE the statement is only planned; functions that yield constants are called all the same.
    pub(super) fn explain(&mut self, explain: &ExplainStmt) {
        let ExplainStmt { query, options } = explain;
        let runs = options.iter().any(|option| match option.node.as_ref() {
            Some(NodeEnum::DefElem(option)) => option.defname == "analyze" && flag(option) != Some(false),
            _ => true,
        });
        self.found.does(Effect::Read, "shows a plan");
        self.found.planned = !runs;
        match inner(query) {
            Some(query) => self.inside(query),
            None => self.strange("a statement without content"),
        }
        self.found.planned = false;
        self.found.control = Control::None;
    }

    pub(super) fn lock(&mut self, lock: &LockStmt) {
        for relation in &lock.relations {
            match relation.node.as_ref() {
                Some(NodeEnum::RangeVar(range)) => {
                    let table = nodes::relation(range);
                    self.found.does(Effect::Write, format!("locks {table} against others"));
                    self.found.table(&table, How::Looks, Columns::none(), false);
                }
                _ => self.strange("this kind of lock"),
            }
        }
    }

    pub(super) fn procedure(&mut self, call: &CallStmt) {
        self.found.unknown("CALL runs code that is not analysed");
        if let Some(call) = &call.funccall {
            self.call(call);
        }
    }
}

/// Whether an option is switched on, as the server reads it; none when it cannot be told.
pub(super) fn flag(option: &DefElem) -> Option<bool> {
    match inner(&option.arg) {
        None => Some(true),
        Some(NodeEnum::Boolean(truth)) => Some(truth.boolval),
        Some(NodeEnum::Integer(number)) => flag_of(&number.ival.to_string()),
        Some(NodeEnum::String(text)) => flag_of(&text.sval.to_lowercase()),
        Some(NodeEnum::AConst(value)) => flag_of(&literal(value)?.to_lowercase()),
        Some(_) => None,
    }
}

fn flag_of(text: &str) -> Option<bool> {
    match text {
        "true" | "on" | "1" => Some(true),
        "false" | "off" | "0" => Some(false),
        _ => None,
    }
}
