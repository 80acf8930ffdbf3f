//! A session whose target has two accounts: one connection as each, of which one runs what comes next, and the other waits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use access::policy::sql::Script;
use access::road::TargetCredential;
use bytes::Bytes;
use wire::postgres::startup::CancelKey;
use wire::postgres::{ActId, Decoder, Outcome, Prepared, Session as Wire, Status};

use super::accounts::{Past, Role};
use super::course::Course;
use super::login::Replication;
use super::moving::{Connection, MoveError, open, prepare, run};
use super::server::Server;

/// How a connection is asked whether another one can take its transaction over, and what it must say.
const ISOLATION: &str = "SELECT pg_catalog.current_setting('transaction_isolation')";
const READ_COMMITTED: &str = "read committed";

/// A server that has let the gateway in for a session.
pub(crate) struct Dialled {
    pub server: Server,
    /// The second account, if there is one. The server knows the gateway as the one that only reads.
    pub pair: Option<Pair>,
    /// What kind of replication connection it is, if it is one.
    pub replication: Option<Replication>,
}

/// Both accounts of a session, and where it is.
pub(crate) struct Pair {
    role: Role,
    past: Past,
    reading: Arc<TargetCredential>,
    writing: Arc<TargetCredential>,
    /// The client's settings, with which a connection begins.
    settings: Vec<(String, String)>,
    aside: Aside,
}

/// What is known of the connection that waits.
#[derive(Default)]
struct Aside {
    key: Option<CancelKey>,
    statements: HashMap<Bytes, Arc<Prepared>>,
    /// Which of the session's settings it has.
    settings: u64,
}

impl Pair {
    /// A session that begins as the account that only reads.
    pub(crate) fn new(
        reading: Arc<TargetCredential>,
        writing: Arc<TargetCredential>,
        settings: &[(String, String)],
    ) -> Self {
        let (past, aside, settings) = (Past::default(), Aside::default(), settings.to_vec());
        Self { role: Role::Reading, past, reading, writing, settings, aside }
    }

    /// The session's own account.
    pub(crate) fn writing(&self) -> &Arc<TargetCredential> {
        &self.writing
    }

    /// The account that only reads.
    pub(crate) fn reading(&self) -> &Arc<TargetCredential> {
        &self.reading
    }

    /// Whether even what only reads runs where the session has written: in the same transaction, or beside something that
    /// nobody else sees.
    pub(crate) fn stays(&self, wire: &Wire) -> bool {
        self.role == Role::Writing && (self.past.is_bound || !wire.is_between_transactions())
    }

    /// An act is let through.
    pub(crate) fn begins(&mut self, act: ActId, script: &Script) {
        self.past.begins(act, script);
    }

    /// What came of one of its statements.
    pub(crate) fn done(&mut self, act: ActId, outcome: &Outcome) {
        self.past.done(act, outcome);
    }

    /// No transaction is open any more.
    pub(crate) fn is_idle(&mut self) {
        self.past.is_idle();
    }

    /// Makes the session run what comes next in that role. To be called while it is settled. After an error it is where it
    /// was.
    pub(crate) async fn switch(
        &mut self,
        role: Role,
        course: &mut Course<Decoder>,
        wire: &mut Wire,
    ) -> Result<(), MoveError> {
        if role == self.role {
            return Ok(());
        }
        let limit = course.reception.options.target_timeout;
        let mut other = match course.aside.take() {
            Some(waiting) => waiting,
            None => self.open(role, course.session.target_name(), limit).await?,
        };
        let moving = Moving { past: &self.past, wire, limit };
        moving.take_over(&mut self.aside, &mut other, &mut course.server).await?;
        std::mem::swap(&mut course.server, &mut other);
        course.aside = Some(other);
        self.aside.settings = self.past.revision;
        let key = std::mem::replace(&mut self.aside.key, wire.server_key().cloned());
        wire.moved(key);
        self.role = role;
        Ok(())
    }

    async fn open(&mut self, role: Role, name: &str, limit: Duration) -> Result<Connection, MoveError> {
        let credential = match role {
            Role::Reading => &self.reading,
            Role::Writing => &self.writing,
        };
        let (opened, key) = open(name, credential.clone(), &self.startup(role), limit).await?;
        self.aside = Aside { key, ..Aside::default() };
        Ok(opened)
    }

    /// The settings with which a connection in that role begins.
    pub(crate) fn startup(&self, role: Role) -> Vec<(String, String)> {
        let mut settings = self.settings.clone();
        if role == Role::Reading {
            settings.push(("default_transaction_read_only".to_owned(), "on".to_owned()));
        }
        settings
    }
}

/// What one connection takes over from the other.
struct Moving<'m> {
    past: &'m Past,
    wire: &'m Wire,
    limit: Duration,
}

impl Moving<'_> {
    /// Brings the one that has waited to where the session is, and the other one to rest.
    async fn take_over(
        &self,
        aside: &mut Aside,
        to: &mut Connection,
        from: &mut Connection,
    ) -> Result<(), MoveError> {
        let transaction = self.transaction(from).await?;
        self.give_settings(aside, to).await?;
        let mut leaving = self.give_statements(aside, to).await?;
        for text in &transaction {
            run(to, text, self.limit).await?;
        }
        // Questions take the place of the unnamed statement, so that is the last one.
        let unnamed = self.wire.statements().find(|(name, _)| name.is_empty());
        if let Some((name, statement)) = unnamed {
            prepare(to, name, Some(statement), self.limit).await?;
        }
        if !transaction.is_empty() {
            run(from, "COMMIT", self.limit).await?;
        } else if self.wire.is_unsynced() {
            prepare(from, UNUSED, None, self.limit).await?;
        }
        leaving.remove(&b""[..]);
        aside.statements = leaving;
        Ok(())
    }

    /// The open transaction, if it can be taken over: nothing of it was written, and each of its statements sees the others'
    /// work up to its own beginning.
    async fn transaction(&self, from: &mut Connection) -> Result<Vec<String>, MoveError> {
        if self.wire.status() == Status::Idle {
            return Ok(vec![]);
        }
        let begun = self.past.transaction().ok_or(MoveError::Frozen)?.map(str::to_owned).collect();
        let isolation = run(from, ISOLATION, self.limit).await?;
        match isolation.iter().flatten().flatten().next().map(String::as_str) {
            Some(READ_COMMITTED) => Ok(begun),
            _ => Err(MoveError::Frozen),
        }
    }

    async fn give_settings(&self, aside: &mut Aside, to: &mut Connection) -> Result<(), MoveError> {
        if aside.settings == self.past.revision {
            return Ok(());
        }
        for text in self.past.settings() {
            match run(to, text, self.limit).await {
                // It may be that this account must not; then neither may it from here.
                Ok(_) | Err(MoveError::Refused(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Prepares whatever has a name. Returns what is prepared at the other connection.
    async fn give_statements(
        &self,
        aside: &Aside,
        to: &mut Connection,
    ) -> Result<HashMap<Bytes, Arc<Prepared>>, MoveError> {
        let known: HashMap<_, _> =
            self.wire.statements().map(|(name, statement)| (name.clone(), statement.clone())).collect();
        let gone = aside.statements.keys().filter(|name| !known.contains_key(*name)).map(|name| (name, None));
        let is_there = |name: &Bytes, one: &Arc<Prepared>| {
            aside.statements.get(name).is_some_and(|other| Arc::ptr_eq(one, other))
        };
        let missing = known.iter().filter(|(name, one)| {
            // What runs something when it is prepared is not prepared again.
            !name.is_empty() && one.is_repeatable() && !is_there(name, one)
        });
        for (name, statement) in gone.chain(missing.map(|(name, one)| (name, Some(&**one)))) {
            match prepare(to, name, statement, self.limit).await {
                // What cannot be prepared is not there: whoever runs it is told so by the server.
                Ok(()) | Err(MoveError::Refused(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(known)
    }
}

/// A name that nobody has prepared; closing it does nothing.
const UNUSED: &[u8] = b"countersign";
