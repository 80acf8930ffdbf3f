//! SFTP on a channel, spoken by the gateway towards both sides: reads and writes of open files flow through, every
//! other operation is judged on its own while nothing else is under way.

use access::Grant;
use access::text;
use bytes::Bytes;

use super::channel::{Channel, Exit, Prepared};
use super::feed::closed;
use super::files_flight::{Flight, Landed};
use super::relaying::Relayed;
use super::running::{ask_target, refused_by_target, settle, take_leg};
use super::target_outlet::TargetOutlet;
use crate::files::{
    Content, Conversation, Malformed, Next, Packets, Reply, Request, Words, init, operate, parse_init,
    parse_version, version,
};
use crate::relay::{Crossing, Outlet, Recorder, Spool, Stream};

/// Opens the subsystem on the target and serves the client until either side is done.
pub(crate) async fn run(channel: &mut Channel, grant: Grant) -> Result<Exit, Exit> {
    // A terminal means nothing here, and its control characters must not be taken out of packets.
    channel.terminal = false;
    let leg = take_leg(channel).await?;
    let spool = channel.connection.spool(leg.brake.clone());
    let opened = leg.open(spool.clone()).await;
    let mut target = opened.map_err(|_| refused_by_target(channel, &text::TARGET_NO_CHANNEL))?;
    // Spent: what follows is granted operation by operation.
    drop(grant);
    let subsystem = Crossing::Subsystem("sftp".into());
    ask_target(channel, &mut target, &spool, Prepared::default(), subsystem).await?;
    let ended = Conduct::new(channel, &mut target, &spool).serve().await;
    settle(channel, leg, target, &spool, ended.unwrap_or_else(Relayed::Broken)).await
}

/// One SFTP channel between its client and its target.
pub(super) struct Conduct<'a> {
    pub(super) channel: &'a mut Channel,
    pub(super) target: &'a mut TargetOutlet,
    pub(super) spool: &'a Spool,
    pub(super) from_target: Packets,
    from_client: Packets,
    to_target: Flight,
    to_client: Flight,
    /// The client sends nothing more.
    input_ended: bool,
    /// Number of the next question of the gateway's own.
    pub(super) number: u32,
    /// Why it ended, if an operation found out.
    pub(super) exit: Option<Exit>,
}

/// What the channel's loop turns to next.
enum Event {
    ToTarget(Landed),
    ToClient(Landed),
    FromTarget(Crossing),
    FromClient(Crossing),
    ClientGone,
}

impl<'a> Conduct<'a> {
    fn new(channel: &'a mut Channel, target: &'a mut TargetOutlet, spool: &'a Spool) -> Self {
        Self {
            channel,
            target,
            spool,
            from_target: Packets::default(),
            from_client: Packets::default(),
            to_target: Flight::default(),
            to_client: Flight::default(),
            input_ended: false,
            number: 0,
            exit: None,
        }
    }

    async fn serve(mut self) -> Result<Relayed, Exit> {
        let Some(mut talk) = self.greet().await? else { return Ok(Relayed::ByClient) };
        let ended = self.converse(&mut talk).await;
        for event in talk.wind_up() {
            // In order behind what crossed; whoever closes the session waits for it.
            drop(self.channel.own.write(&event));
        }
        ended
    }

    /// Both sides say that they speak version 3; the client is told what both the target and we can do beyond.
    async fn greet(&mut self) -> Result<Option<Conversation>, Exit> {
        let Some(first) = self.first_packet().await? else { return Ok(None) };
        parse_init(first).map_err(|why| self.misspoken(why))?;
        self.send_own(init()).await?;
        let offered = parse_version(self.own_packet().await?).map_err(|why| self.far_misspoken(why))?;
        let words = Words {
            language: self.channel.connection.road.language(),
            target: self.channel.session.target_name().to_owned(),
        };
        let home = Request::RealPath { path: ".".into() };
        let home = self.questions(vec![home]).await?.pop().and_then(|answer| answer.only_name());
        let home = home.and_then(|home| String::from_utf8(home.to_vec()).ok());
        let home =
            home.filter(|home| home.starts_with('/')).ok_or_else(|| self.far_misspoken(Malformed::Stray))?;
        let hello = version(&offered);
        self.channel.tell(Crossing::Data(Stream::Plain, hello)).await?;
        Ok(Some(Conversation::new(offered, home, words)))
    }

    /// The client's first packet, recorded; none if it ends before.
    async fn first_packet(&mut self) -> Result<Option<Bytes>, Exit> {
        loop {
            if let Some(packet) = self.from_client.next().map_err(|why| self.misspoken(why))? {
                return Ok(Some(packet));
            }
            let crossing = self.channel.next().await?;
            if !self.channel.inward.take_down(&crossing).await {
                return Err(Exit::NotRecorded);
            }
            match crossing {
                Crossing::Data(_, bytes) => self.from_client.push(&bytes),
                Crossing::Eof | Crossing::Close => {
                    self.target.deliver(Crossing::Close).await;
                    return Ok(None);
                }
                _ => {}
            }
        }
    }

    async fn converse(&mut self, talk: &mut Conversation) -> Result<Relayed, Exit> {
        let mut operation = None;
        loop {
            while let Some(packet) = self.from_target.next().map_err(|why| self.far_misspoken(why))? {
                let reply = talk.answered(packet).map_err(|why| self.far_misspoken(why))?;
                self.reply(reply);
            }
            if operation.is_none() {
                operation = self.take_packets(talk)?;
            }
            let quiet = talk.is_quiet() && self.to_client.is_empty() && self.to_target.is_empty();
            if let Some((number, request)) = operation.take_if(|_| quiet) {
                self.operate(talk, number, request).await?;
                continue;
            }
            let wants_more = operation.is_none() && talk.has_room();
            if let Some(ended) = self.turn(wants_more).await? {
                return Ok(ended);
            }
        }
    }

    /// Takes the client's packets that are here already, up to an operation, which must wait its turn.
    fn take_packets(&mut self, talk: &mut Conversation) -> Result<Option<(u32, Request)>, Exit> {
        while talk.has_room() && self.to_target.has_room() {
            let Some(packet) = self.from_client.next().map_err(|why| self.misspoken(why))? else {
                return self.at_end().map(|()| None);
            };
            let (content, next) = talk.take(packet.clone()).map_err(|why| self.misspoken(why))?;
            self.take_down(packet, content);
            match next {
                Next::Forward(packet) => self.to_target.launch(Crossing::Data(Stream::Plain, packet)),
                Next::Answer(reply) => self.reply(reply),
                Next::Operate(number, request) => return Ok(Some((number, request))),
            }
        }
        Ok(None)
    }

    /// Records a client's packet, or what stands for it. Nothing that follows from it goes on before that is durable.
    fn take_down(&mut self, packet: Bytes, content: Option<Content>) {
        let inward = &mut self.channel.inward;
        let Some(Content { event, kept }) = content else {
            return self.to_target.wait_for(inward.record(&Crossing::Data(Stream::Plain, packet)));
        };
        self.to_target.wait_for(inward.write(&event));
        if let Some(bytes) = kept {
            self.to_target.wait_for(inward.record(&Crossing::Data(Stream::Plain, bytes)));
        }
    }

    /// The client's data may end between two packets only.
    fn at_end(&mut self) -> Result<(), Exit> {
        if self.input_ended && !self.from_client.is_empty() {
            return Err(self.misspoken(Malformed::CutOff));
        }
        Ok(())
    }

    async fn operate(&mut self, talk: &mut Conversation, number: u32, request: Request) -> Result<(), Exit> {
        let answer = operate(talk, self, request).await;
        let gone = self.exit.take().unwrap_or(Exit::Gone);
        let answer = answer.map_err(|_| gone)?;
        self.reply(Reply { number, answer, content: None });
        Ok(())
    }

    /// Puts an answer on its way, behind its record; what people should read goes before it.
    fn reply(&mut self, reply: Reply) {
        let Reply { number, answer, content } = reply;
        let outward = &mut self.channel.outward;
        if let Some(sentence) = answer.sentence() {
            let notice = Crossing::Notice(sentence + "\n");
            self.to_client.wait_for(outward.record(&notice));
            self.to_client.launch(notice);
        }
        let packet = Crossing::Data(Stream::Plain, answer.packet(number));
        match content {
            None => self.to_client.wait_for(outward.record(&packet)),
            Some(Content { event, kept }) => {
                self.to_client.wait_for(outward.write(&event));
                let kept = kept.map(|bytes| outward.record(&Crossing::Data(Stream::Plain, bytes)));
                kept.into_iter().for_each(|durable| self.to_client.wait_for(durable));
            }
        }
        self.to_client.launch(packet);
    }

    /// What follows is delivered to the client only behind this record.
    pub(super) fn hold_back(&mut self, durable: tokio::sync::oneshot::Receiver<bool>) {
        self.to_client.wait_for(durable);
    }

    /// Waits for one thing and does it; tells when the channel has ended.
    async fn turn(&mut self, wants_more: bool) -> Result<Option<Relayed>, Exit> {
        match self.next_event(wants_more).await? {
            Event::ToTarget(Landed::Lost) | Event::ToClient(Landed::Lost) => Err(Exit::NotRecorded),
            Event::ToTarget(Landed::Record) | Event::ToClient(Landed::Record) => Ok(None),
            Event::ToTarget(Landed::Crossing(crossing)) => {
                self.target.deliver(crossing).await;
                Ok(None)
            }
            Event::ToClient(Landed::Crossing(crossing)) => {
                let last = crossing == Crossing::Close;
                self.deliver(crossing).await?;
                Ok(last.then_some(Relayed::ByTarget))
            }
            Event::FromTarget(crossing) => {
                self.take_over(crossing);
                Ok(None)
            }
            Event::FromClient(crossing) => {
                self.take_in(crossing);
                Ok(None)
            }
            Event::ClientGone => {
                self.target.deliver(Crossing::Close).await;
                Ok(Some(Relayed::ByClient))
            }
        }
    }

    async fn next_event(&mut self, wants_more: bool) -> Result<Event, Exit> {
        let Self { channel, spool, to_target, to_client, input_ended, .. } = self;
        let mut signs = channel.feed.signs();
        let may_read = wants_more && to_target.has_room() && !*input_ended;
        Ok(tokio::select! {
            biased;
            ending = channel.connection.ended() => return Err(Exit::Ended(ending)),
            landed = to_client.landed() => Event::ToClient(landed),
            landed = to_target.landed() => Event::ToTarget(landed),
            taken = spool.take(), if to_client.has_room() => Event::FromTarget(taken?),
            // The gateway's own words, for whoever reads standard error.
            lines = channel.connection.explained(), if to_client.has_room() => {
                Event::FromTarget(Crossing::Notice(lines))
            }
            taken = channel.feed.spool.take(), if may_read => Event::FromClient(taken?),
            () = closed(&mut signs) => {
                if signs.borrow().lost {
                    return Err(Exit::Gone);
                }
                Event::ClientGone
            }
        })
    }

    /// Delivers to the client unless it has gone.
    async fn deliver(&mut self, crossing: Crossing) -> Result<(), Exit> {
        let Channel { feed, outlet, connection, .. } = &mut *self.channel;
        let mut signs = feed.signs();
        tokio::select! {
            delivered = outlet.deliver(crossing) => if delivered { Ok(()) } else { Err(Exit::Gone) },
            () = closed(&mut signs) => Err(Exit::Gone),
            ending = connection.ended() => Err(Exit::Ended(ending)),
        }
    }

    /// Takes what the target has sent: bytes of packets, or what goes on to the client as it is.
    fn take_over(&mut self, crossing: Crossing) {
        if let Crossing::Data(Stream::Plain, bytes) = crossing {
            return self.from_target.push(&bytes);
        }
        let durable = self.channel.outward.record(&crossing);
        self.to_client.wait_for(durable);
        self.to_client.launch(crossing);
    }

    /// Takes what the client has sent: bytes of packets, its end, or what means nothing here.
    pub(super) fn take_in(&mut self, crossing: Crossing) {
        match crossing {
            Crossing::Data(_, bytes) => return self.from_client.push(&bytes),
            Crossing::Eof => self.input_ended = true,
            _ => {}
        }
        let durable = self.channel.inward.record(&crossing);
        self.to_target.wait_for(durable);
        if crossing == Crossing::Eof {
            self.to_target.launch(crossing);
        }
    }

    fn misspoken(&self, why: Malformed) -> Exit {
        Exit::Refused(self.channel.connection.words(&text::FILE_MALFORMED, &[("why", &why.to_string())]))
    }

    pub(super) fn far_misspoken(&self, why: Malformed) -> Exit {
        let values = [("target", self.channel.session.target_name()), ("why", &why.to_string())];
        Exit::Refused(self.channel.connection.words(&text::FILE_FAR_MALFORMED, &values))
    }
}
