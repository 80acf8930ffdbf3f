//! Follows a connection in both directions between login and end, and decides what crosses when. No statement reaches the
//! server before it was judged; whatever is behind it waits. The reasoning is in docs/decisions/0013.

mod answered;
mod asked;
mod counting;
mod verdicts;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::act::{Act, ActId, Consequences, Outcome};
use super::backend::Status;
use super::copy::Copying;
use super::encode;
use super::frame::{Piece, Run};
use super::names::{Meaning, Names, Prepared};
use super::pipeline::{Foresight, Kind, Pipeline};
use super::report::Report;
use super::startup::CancelKey;
use crate::Error;
pub use asked::may_have_constants;
use verdicts::Judging;

/// How much of a client may wait before it is no longer read.
const INBOX: usize = 1 << 20;
/// What a waiting message costs beside its bytes.
const OVERHEAD: usize = 64;

/// What is to be done, in this order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this to the server.
    ToServer(Bytes),
    /// Send this to the client.
    ToClient(Bytes),
    /// Send COPY data to the server.
    DataToServer(Option<ActId>, Run),
    /// Send rows, COPY data or a function's result to the client.
    DataToClient(Option<ActId>, Run),
    /// Judge this; then [`Session::allow`] or [`Session::refuse`] it, or [`Session::pass`] a Parse. Until then whatever the client sends waits.
    Judge(Act),
    /// Do not judge it any more: something before it has failed, so it will not be run.
    Moot(ActId),
    /// An act that was [allowed to be counted](Session::allow_counted) would change so many rows: [`Session::keep`] or
    /// [`Session::refuse`] it. Until then it does not last, and whatever the client sends waits.
    Counted(ActId, u64),
    /// What came of an act that was allowed.
    Done(ActId, Outcome),
    /// A setting that the server reports: the client's encoding, how strings are written, and so on.
    Parameter(String, String),
    /// The server is ready for the next query.
    Ready(Status),
    /// The client has said goodbye behind what is being judged.
    Leaving,
}

/// A portal that was judged.
#[derive(Debug)]
struct Portal {
    act: ActId,
    consequences: Arc<Consequences>,
    is_counted: bool,
    /// The number of its Bind among all messages.
    made: u64,
    /// How often something was changed before it.
    revision: u64,
}

/// A connection between login and end.
#[derive(Debug)]
pub struct Session {
    own_key: CancelKey,
    server_key: Option<CancelKey>,
    status: Status,
    names: Names,
    portals: HashMap<Bytes, Portal>,
    pipeline: Pipeline,
    copying: Copying,
    /// The server ignores everything up to the next Sync, so nothing is sent to it.
    skipping: bool,
    /// Messages of the extended protocol were sent and no Sync behind them; answers may wait at the server.
    unsynced: bool,
    /// Something of the extended protocol has run, and no Sync was sent behind it: it is in the middle of a transaction.
    has_run: bool,
    inbox: VecDeque<Piece>,
    waiting: usize,
    judging: Option<Judging>,
    acts: u64,
    /// Counts what was allowed and what was prepared or closed: whatever could change what a name means.
    revision: u64,
    /// The last message that let unread code run, until no transaction is open behind it.
    in_doubt: Option<u64>,
    /// The last message for whose answer the server was asked.
    flushed: u64,
    is_leaving: bool,
    /// The server's last run to the client is in the middle of a message.
    client_is_amid: bool,
    /// The client's last run to the server was.
    server_is_amid: bool,
    notice: Option<Bytes>,
    outputs: VecDeque<Output>,
}

impl Session {
    /// Begins behind the server's AuthenticationOk. The client is given `own_key` instead of the server's.
    #[must_use]
    pub fn new(own_key: CancelKey) -> Self {
        let mut pipeline = Pipeline::default();
        pipeline.push(None, Kind::Greeting);
        Self {
            own_key,
            server_key: None,
            status: Status::Idle,
            names: Names::default(),
            portals: HashMap::new(),
            pipeline,
            copying: Copying::Nothing,
            skipping: false,
            unsynced: false,
            has_run: false,
            inbox: VecDeque::new(),
            waiting: 0,
            judging: None,
            acts: 0,
            revision: 0,
            in_doubt: None,
            flushed: 0,
            is_leaving: false,
            client_is_amid: false,
            server_is_amid: false,
            notice: None,
            outputs: VecDeque::new(),
        }
    }

    /// The client has sent this.
    ///
    /// # Errors
    ///
    /// It makes no sense, here or at all. The connection ends.
    pub fn client(&mut self, piece: Piece) -> Result<(), Error> {
        if matches!(&piece, Piece::Whole(frame) if frame.tag() == b'X') {
            self.is_leaving = true;
            self.outputs.extend(self.judging.as_ref().map(|_| Output::Leaving));
        }
        self.waiting += size(&piece);
        self.inbox.push_back(piece);
        self.go_on()
    }

    /// The server has sent this.
    ///
    /// # Errors
    ///
    /// It makes no sense, or is no answer to what it was asked. The connection ends.
    pub fn server(&mut self, piece: Piece) -> Result<(), Error> {
        match piece {
            Piece::Whole(frame) => self.answered(&frame)?,
            Piece::Run(run) => self.streamed(run)?,
        }
        if !self.client_is_amid {
            self.outputs.extend(self.notice.take().map(Output::ToClient));
        }
        self.go_on()
    }

    /// What to do next; to be asked until there is nothing, after each call.
    pub fn output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Makes the server answer everything that it was sent, so that the session becomes settled. To be called before
    /// people are asked: an act that is skipped anyway is none to sign for.
    pub fn settle(&mut self) {
        let sent = self.pipeline.sent();
        if self.unsynced && !self.pipeline.is_empty() && std::mem::replace(&mut self.flushed, sent) < sent {
            self.send(encode::flush());
        }
    }

    /// Whether everything that the server was sent is answered.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.pipeline.is_empty()
    }

    /// Whether no Sync stands behind what the server was sent last.
    #[must_use]
    pub fn is_unsynced(&self) -> bool {
        self.unsynced
    }

    /// Whether nothing that has run is in the middle of a transaction, not even of one that a Sync would end.
    #[must_use]
    pub fn is_between_transactions(&self) -> bool {
        self.is_settled() && self.status == Status::Idle && !self.has_run
    }

    /// Whether what has been sent may have left a transaction open, an implicit one included.
    #[must_use]
    pub fn may_be_in_transaction(&self) -> bool {
        self.status != Status::Idle || self.has_run || self.pipeline.runs_something()
    }

    /// The prepared statements whose texts were seen.
    pub fn statements(&self) -> impl Iterator<Item = (&Bytes, &Arc<Prepared>)> {
        self.names.known()
    }

    /// From now on the server is another connection to the same database, with the same statements prepared, the same
    /// settings, and a transaction if there is one here; `key` cancels there. To be called while the session is settled.
    pub fn moved(&mut self, key: Option<CancelKey>) {
        self.server_key = key;
        self.portals.clear();
        self.revision += 1;
    }

    /// Whether more should be read from the client now.
    #[must_use]
    pub fn wants_client(&self) -> bool {
        self.waiting < INBOX
    }

    /// How the transaction stood at the server's last word.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// What cancels the server's running statement.
    #[must_use]
    pub fn server_key(&self) -> Option<&CancelKey> {
        self.server_key.as_ref()
    }

    /// The statement behind a name that `EXECUTE name` uses in the act being judged: `Ok(None)` if there is none, or
    /// none whose text is certain.
    ///
    /// # Errors
    ///
    /// It depends on answers that have not come: [`Self::settle`], and ask again once the session is settled.
    pub fn prepared(&self, name: &[u8]) -> Result<Option<Arc<Prepared>>, Unsettled> {
        match self.foresee(name) {
            Foresight::Settled(Meaning::Known(prepared)) => Ok(Some(prepared)),
            Foresight::Settled(_) => Ok(None),
            Foresight::Depends => Err(Unsettled),
        }
    }

    /// What that name will stand for to the next message.
    fn foresee(&self, name: &[u8]) -> Foresight {
        match self.pipeline.foresee(name, &self.names) {
            Foresight::Settled(meaning) if self.in_doubt.is_some() && !name.is_empty() => {
                Foresight::Settled(meaning.doubted())
            }
            foresight => foresight,
        }
    }

    /// Tells the client something, as soon as no message is under way to it. A newer one replaces one that waits.
    pub fn notice(&mut self, report: &Report) {
        if self.client_is_amid {
            self.notice = Some(report.encode());
        } else {
            self.outputs.push_back(Output::ToClient(report.encode()));
        }
    }

    fn send(&mut self, bytes: Bytes) {
        self.outputs.push_back(Output::ToServer(bytes));
    }

    /// Sends the server something that must fail, and the client this error when the server's comes. Within the extended
    /// protocol both sides then skip to the next Sync.
    fn fail(&mut self, is_extended: bool, act: Option<ActId>, report: &Report) -> Result<(), Error> {
        if is_extended {
            // The name keeps the unnamed statement as it is.
            self.send(encode::parse(b"countersign", DECOY, &[])?);
            self.pipeline.push(act, Kind::DecoyParse(report.clone()));
            (self.skipping, self.unsynced) = (true, true);
        } else {
            self.send(encode::query(DECOY)?);
            self.pipeline.push(act, Kind::DecoyQuery(Some(report.clone())));
        }
        Ok(())
    }
}

/// No server can take this for a statement, whatever its version, settings and state: parsing comes before everything.
const DECOY: &[u8] = b") refused by Countersign";

/// A name's meaning depends on answers that have not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsettled;

fn size(piece: &Piece) -> usize {
    let bytes = match piece {
        Piece::Whole(frame) => frame.raw(),
        Piece::Run(run) => run.raw(),
    };
    bytes.len() + OVERHEAD
}
