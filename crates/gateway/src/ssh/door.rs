//! The callbacks of a client connection. They run inside its session loop, so none of them waits for anything slow
//! once somebody is logged in: they push, answer and hand over.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use access::{Forwarding, Refusal, text};
use bytes::Bytes;
use russh::keys::Certificate;
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, Error, Pty as Mode, Sig};

use super::channel::{self, turn_away};
use super::client_outlet::ClientOutlet;
use super::connection::Connection;
use super::desk;
use super::environment;
use super::feed::Feed;
use super::forward::Wanted;
use super::login::{self, Answer, Guest, Proof, refused};
use super::login_newcomer;
use zeroize::Zeroizing;

use crate::relay::{Crossing, Pty, Window};

/// Answers to one question that are read: as many as the longest of ours has prompts.
const MAX_ANSWERS: usize = 3;

/// Longest command, in bytes.
const MAX_COMMAND: usize = 64 * 1024;

/// See the module.
pub(crate) struct Door {
    pub(super) connection: Arc<Connection>,
    proof: Proof,
    /// Weak, because the library does not tell when a channel that *we* closed is closed by the client too.
    feeds: HashMap<ChannelId, Weak<Feed>>,
}

impl Door {
    pub(crate) fn new(connection: Arc<Connection>, proof: Proof) -> Self {
        Self { connection, proof, feeds: HashMap::new() }
    }

    fn answer(&self, (auth, guest): Answer) -> Auth {
        if let Some(guest) = guest {
            self.connection.admit(guest);
        }
        auth
    }

    fn feed(&self, id: ChannelId) -> Option<Arc<Feed>> {
        self.connection.touch();
        self.feeds.get(&id)?.upgrade()
    }

    /// A place for one more channel.
    pub(super) fn add_feed(&mut self, id: ChannelId) -> Arc<Feed> {
        let feed = Feed::new(self.connection.spool(self.connection.brake.clone()));
        self.feeds.insert(id, Arc::downgrade(&feed));
        feed
    }

    fn is_full(&mut self) -> bool {
        self.feeds.retain(|_, feed| feed.strong_count() > 0);
        self.feeds.len() >= self.connection.options.max_channels || !self.connection.is_open()
    }

    /// Passes a request on, unless a command has been asked for already.
    fn ask(&self, id: ChannelId, crossing: Crossing, session: &mut Session) -> Result<(), Error> {
        match self.feed(id) {
            Some(feed) if feed.ask(crossing) => session.channel_success(id),
            _ => session.channel_failure(id),
        }
    }

    fn refuse(&self, id: ChannelId, what: &str, session: &mut Session) -> Result<(), Error> {
        let why = self.connection.words(&text::NOT_ON_OFFER, &[("what", what)]) + "\n";
        self.refuse_with(id, Crossing::Refused { what: what.into(), why }, session)
    }

    fn refuse_with(&self, id: ChannelId, refused: Crossing, session: &mut Session) -> Result<(), Error> {
        if let Some(feed) = self.feed(id) {
            feed.spool.push(refused);
        }
        session.channel_failure(id)
    }

    pub(super) async fn reject(&self, reply: ChannelOpenHandle, what: &str, detail: &str) {
        reject(&self.connection, reply, what, detail).await;
    }
}

/// Refuses to open a channel: on the record, and with the reason.
pub(super) async fn reject(connection: &Arc<Connection>, reply: ChannelOpenHandle, what: &str, detail: &str) {
    connection.note_refusal(what, detail);
    let reason = connection.words(&text::NOT_ON_OFFER, &[("what", what)]);
    reply.reject(ChannelOpenFailure::Other { code: 1, reason }).await;
}

/// Tells why this person gets no further; what else they ask for has no channel.
async fn dismiss(why: Refusal, mut outlet: ClientOutlet) {
    turn_away(&mut outlet, &format!("{why}\n")).await;
}

impl Drop for Door {
    fn drop(&mut self) {
        for feed in self.feeds.values().filter_map(Weak::upgrade) {
            feed.closed(true);
        }
    }
}

impl Handler for Door {
    type Error = Error;

    async fn auth_none(&mut self, user: &str) -> Result<Auth, Error> {
        let answer = match &self.proof {
            Proof::Jump { who, target } => login::jump(who, target, user),
            Proof::Wanted(_) => (refused(), None),
        };
        Ok(self.answer(answer))
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Error> {
        let Proof::Wanted(wanted) = &mut self.proof else { return Ok(refused()) };
        let answer = wanted.password(user, password).await;
        Ok(self.answer(answer))
    }

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Error> {
        let Proof::Wanted(wanted) = &mut self.proof else { return Ok(refused()) };
        Ok(wanted.offered(user, offer.public_key, offer.algorithm).await)
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        let Proof::Wanted(wanted) = &mut self.proof else { return Ok(refused()) };
        let answer = wanted.key(user, key.public_key, key.algorithm).await;
        Ok(self.answer(answer))
    }

    /// Nobody's authority over user certificates is trusted.
    async fn auth_openssh_certificate(&mut self, _: &str, _: &Certificate) -> Result<Auth, Error> {
        Ok(refused())
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        let Proof::Wanted(wanted) = &mut self.proof else { return Ok(refused()) };
        let text = |bytes: Bytes| Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
        let typed = response.map(|answers| answers.take(MAX_ANSWERS).map(text).collect());
        let answer = wanted.answers(user, typed).await;
        Ok(self.answer(answer))
    }

    async fn auth_succeeded(&mut self, _: &mut Session) -> Result<(), Error> {
        if let Some(Guest::Traveller { .. }) = self.connection.guest() {
            self.connection.begin();
        }
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), Error> {
        if self.is_full() {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        let (id, feed) = (channel.id(), self.add_feed(channel.id()));
        // The reading half must not stay: a queue that nobody empties would stop this loop.
        let (_, write) = channel.split();
        let outlet = ClientOutlet::new(write, session.handle(), self.connection.clone());
        reply.accept().await;
        let connection = self.connection.clone();
        match self.connection.guest() {
            Some(Guest::Desk(who)) => {
                self.connection.run(desk::run(connection, who.clone(), feed, outlet));
            }
            Some(Guest::Newcomer(waiting)) => {
                self.connection.run(login_newcomer::run(connection, waiting.clone(), feed, outlet));
            }
            Some(Guest::Dismissed(why)) => self.connection.run(dismiss(why.clone(), outlet)),
            _ => self.connection.run(channel::run(connection, feed, outlet, id.number())),
        }
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), Error> {
        if self.is_full() {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        match self.connection.guest() {
            Some(Guest::Traveller { .. }) => self.forward(channel, Wanted::tcp(host, port), reply),
            Some(Guest::Desk(who)) if port == 22 => {
                let who = who.clone();
                self.jump(channel, who, host, reply, session.handle()).await;
            }
            _ => self.reject(reply, "local forwarding", &format!("{host}:{port}")).await,
        }
        Ok(())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        if self.is_full() {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        match self.connection.guest() {
            Some(Guest::Traveller { .. }) => self.forward(channel, Wanted::unix(path), reply),
            _ => self.reject(reply, "forwarding to a Unix socket", path).await,
        }
        Ok(())
    }

    async fn channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        self.reject(reply, "forwarding", &format!("{host}:{port}")).await;
        Ok(())
    }

    async fn channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        self.reject(reply, "X11 forwarding", "").await;
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut Session) -> Result<(), Error> {
        if let Some(feed) = self.feeds.remove(&id).and_then(|feed| feed.upgrade()) {
            feed.closed(false);
        }
        Ok(())
    }

    async fn channel_eof(&mut self, id: ChannelId, _: &mut Session) -> Result<(), Error> {
        if let Some(feed) = self.feed(id) {
            feed.spool.push(Crossing::Eof);
        }
        Ok(())
    }

    async fn data(&mut self, id: ChannelId, data: &[u8], _: &mut Session) -> Result<(), Error> {
        if let Some(feed) = self.feed(id) {
            feed.data(data);
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        modes: &[(Mode, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        let window = Window { columns, rows, width, height };
        let modes = modes.iter().map(|(code, value)| (*code as u8, *value)).collect();
        self.ask(id, Crossing::Pty(Pty { term: term.to_owned(), window, modes }), session)
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        match environment::crossing(&self.connection.options, name, value) {
            Ok(variable) => self.ask(id, variable, session),
            Err(refused) => self.refuse_with(id, refused, session),
        }
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Error> {
        self.ask(id, Crossing::Shell, session)
    }

    async fn exec_request(&mut self, id: ChannelId, text: &[u8], session: &mut Session) -> Result<(), Error> {
        if text.len() > MAX_COMMAND {
            return self.refuse(id, "a command of more than 64 KiB", session);
        }
        self.ask(id, Crossing::Exec(text.to_vec().into()), session)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        match name {
            "sftp" => self.ask(id, Crossing::Subsystem(name.to_owned()), session),
            _ => self.refuse(id, &format!("the subsystem {name:?}"), session),
        }
    }

    async fn window_change_request(
        &mut self,
        id: ChannelId,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        if let Some(feed) = self.feed(id) {
            feed.spool.push(Crossing::Window(Window { columns, rows, width, height }));
        }
        session.channel_success(id)
    }

    async fn signal(&mut self, id: ChannelId, signal: Sig, session: &mut Session) -> Result<(), Error> {
        if let Some(feed) = self.feed(id) {
            feed.signal(&signal);
        }
        session.channel_success(id)
    }

    async fn agent_request(&mut self, id: ChannelId, _: &mut Session) -> Result<bool, Error> {
        // The library answers for this one.
        if let Some(feed) = self.feed(id) {
            feed.spool.push(Crossing::Forward(Forwarding::Agent));
        }
        Ok(false)
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        self.refuse_with(id, Crossing::Forward(Forwarding::X11), session)
    }

    async fn tcpip_forward(&mut self, host: &str, port: &mut u32, _: &mut Session) -> Result<bool, Error> {
        self.refuse_remote(host, u16::try_from(*port).unwrap_or(0));
        Ok(false)
    }

    async fn streamlocal_forward(&mut self, path: &str, _: &mut Session) -> Result<bool, Error> {
        self.refuse_remote(path, 0);
        Ok(false)
    }
}
