//! What an SFTP operation asks of the outside: questions to the target, judgements of the road, and the record.

use access::policy::FileOperation;
use access::recording::SessionEvent;
use access::road::Pending;
use access::text;
use access::{Ask, Grant, Start, Step};
use bytes::Bytes;

use super::channel::Exit;
use super::feed::{Feed, closed};
use super::files::Conduct;
use super::held;
use crate::files::{Answer, Far, Gone, Malformed, Request, Ruling};
use crate::relay::{Crossing, Outlet, Recorder, Stream};

/// Marks numbers of the gateway's own questions.
const OWN: u32 = 0x8000_0000;

/// How many crossings of the client's are read while an operation waits for others; the rest stays in its queue.
const MOST_AHEAD: usize = 32;

impl Far for Conduct<'_> {
    async fn ask(&mut self, requests: Vec<Request>) -> Result<Vec<Answer>, Gone> {
        let answers = self.questions(requests).await;
        self.kept(answers)
    }

    async fn judge(&mut self, operation: FileOperation) -> Result<Ruling, Gone> {
        let ruling = self.ruling(operation).await;
        self.kept(ruling)
    }

    fn note(&mut self, event: SessionEvent) {
        let durable = self.channel.own.write(&event);
        self.hold_back(durable);
    }

    async fn turn_down(&mut self, what: String) -> Result<(), Gone> {
        let told = self.turned_down(what).await;
        self.kept(told)
    }
}

impl Conduct<'_> {
    fn kept<T>(&mut self, outcome: Result<T, Exit>) -> Result<T, Gone> {
        outcome.map_err(|exit| {
            self.exit = Some(exit);
            Gone
        })
    }

    /// Asks the target and gathers the answers, which may come in any order.
    pub(super) async fn questions(&mut self, requests: Vec<Request>) -> Result<Vec<Answer>, Exit> {
        let first = self.number;
        let mut answers: Vec<Option<Answer>> = vec![None; requests.len()];
        let mut packets = Vec::new();
        for request in requests {
            packets.extend_from_slice(&request.packet(OWN | self.number));
            self.number = (self.number + 1) & !OWN;
        }
        self.send_own(packets.into()).await?;
        while answers.iter().any(Option::is_none) {
            let (number, answer) =
                Answer::parse(self.own_packet().await?).map_err(|why| self.far_misspoken(why))?;
            let place = usize::try_from(number.wrapping_sub(first) & !OWN).unwrap_or(usize::MAX);
            match answers.get_mut(place).filter(|_| number & OWN != 0) {
                Some(slot @ None) => *slot = Some(answer),
                _ => return Err(self.far_misspoken(Malformed::Stray)),
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// Sends packets of the gateway's own to the target, recorded first.
    pub(super) async fn send_own(&mut self, packets: Bytes) -> Result<(), Exit> {
        let crossing = Crossing::Data(Stream::Plain, packets);
        if !self.channel.own.take_down(&crossing).await {
            return Err(Exit::NotRecorded);
        }
        self.target.deliver(crossing).await;
        Ok(())
    }

    /// The target's next packet, which answers one of ours; recorded.
    pub(super) async fn own_packet(&mut self) -> Result<Bytes, Exit> {
        loop {
            if let Some(packet) = self.from_target.next().map_err(|why| self.far_misspoken(why))? {
                drop(self.channel.own.record(&Crossing::Data(Stream::Plain, packet.clone())));
                return Ok(packet);
            }
            match self.own_crossing().await? {
                Crossing::Data(Stream::Plain, bytes) => self.from_target.push(&bytes),
                Crossing::Close => {
                    return Err(super::running::refused_by_target(self.channel, &text::TARGET_CLOSED));
                }
                other @ (Crossing::Data(..) | Crossing::Notice(_)) => self.channel.tell(other).await?,
                _ => {}
            }
        }
    }

    async fn own_crossing(&mut self) -> Result<Crossing, Exit> {
        let mut signs = self.channel.feed.signs();
        tokio::select! {
            taken = self.spool.take() => Ok(taken?),
            () = closed(&mut signs) => Err(Exit::Gone),
            ending = self.channel.connection.ended() => Err(Exit::Ended(ending)),
        }
    }

    async fn ruling(&mut self, operation: FileOperation) -> Result<Ruling, Exit> {
        let channel = &mut *self.channel;
        let ask = Ask::File(operation);
        match channel.connection.road.submit(&channel.session, channel.number, ask).await {
            Step::Run(grant) => Ok(granted(grant, false)),
            Step::Refused(refusal) => Ok(Ruling::Refused(refusal.to_string())),
            Step::Held(pending) => self.agreed(*pending).await,
        }
    }

    /// Waits for others. A client that ends its data meanwhile will never read the answer, so that is leaving.
    async fn agreed(&mut self, pending: Pending) -> Result<Ruling, Exit> {
        let feed = self.channel.feed.clone();
        let mut ahead = Vec::new();
        let leaving = async {
            ended(&feed, &mut ahead).await;
            feed.interrupt();
            std::future::pending().await
        };
        let agreed = tokio::select! {
            agreed = held::wait(self.channel, pending) => agreed,
            never = leaving => never,
        };
        ahead.into_iter().for_each(|crossing| self.take_in(crossing));
        match agreed {
            Ok(grant) => Ok(granted(grant, true)),
            Err(Exit::Refused(line)) => Ok(Ruling::Refused(line)),
            Err(exit) => Err(exit),
        }
    }

    async fn turned_down(&mut self, what: String) -> Result<(), Exit> {
        let channel = &mut *self.channel;
        if channel.connection.may_note() {
            let who = channel.session.who().clone();
            let _ = channel.connection.road.note_refusal(Some(&channel.session), &who, &what, "").await;
        }
        let why = channel.connection.words(&text::NOT_ON_OFFER, &[("what", &what)]);
        match channel.own.take_down(&Crossing::Refused { what, why }).await {
            true => Ok(()),
            false => Err(Exit::NotRecorded),
        }
    }
}

/// Returns when the client's data has ended; takes what comes before it, up to a bound.
async fn ended(feed: &Feed, ahead: &mut Vec<Crossing>) {
    while ahead.len() < MOST_AHEAD {
        match feed.spool.take().await {
            Ok(crossing) => ahead.push(crossing),
            Err(_) => break,
        }
        if matches!(ahead.last(), Some(Crossing::Eof | Crossing::Close)) {
            return;
        }
    }
    std::future::pending().await
}

/// What the grant lets happen; it is spent here.
fn granted(grant: Grant, waited: bool) -> Ruling {
    let obligations = grant.obligations();
    match grant.into_start() {
        Start::File(operation) => Ruling::Granted { operation, obligations, waited },
        // The road grants what was asked; anything else is no permission.
        other => Ruling::Refused(format!("{other:?}")),
    }
}
