//! What a target sends: pushed into the spool of the channel that is open on that connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use russh::client::{ChannelOpenHandle, Handler, Msg, Session};
use russh::keys::ssh_key::HashAlg;
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelId, ChannelOpenFailure, Error, Sig};

use crate::relay::{Crossing, Spool, Stream};

/// Where a target connection's bytes go: one channel at a time.
pub(crate) struct Sink {
    state: Mutex<State>,
    /// What the client is told when the connection is lost.
    farewell: String,
}

#[derive(Default)]
struct State {
    spool: Option<Arc<Spool>>,
    /// Fingerprint of a host key that is not the pinned one.
    stranger: Option<String>,
    gone: bool,
}

impl Sink {
    /// A sink that directs nothing yet.
    pub(crate) fn new(farewell: String) -> Self {
        Self { state: Mutex::default(), farewell }
    }

    /// Directs what comes next into `spool`.
    pub(crate) fn direct(&self, spool: Arc<Spool>) {
        self.lock().spool = Some(spool);
    }

    /// The fingerprint of the host key that was refused.
    pub(crate) fn stranger(&self) -> Option<String> {
        self.lock().stranger.clone()
    }

    /// Whether the connection has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.lock().gone
    }

    fn push(&self, crossing: Crossing) {
        let state = self.lock();
        if let Some(spool) = &state.spool {
            spool.push(crossing);
        }
    }

    fn data(&self, stream: Stream, bytes: &[u8]) {
        let state = self.lock();
        if let Some(spool) = &state.spool {
            spool.push_data(stream, bytes);
        }
    }

    fn closed(&self) {
        if let Some(spool) = self.lock().spool.take() {
            spool.push(Crossing::Close);
        }
    }

    fn lost(&self) {
        let mut state = self.lock();
        state.gone = true;
        if let Some(spool) = state.spool.take() {
            spool.push(Crossing::Notice(self.farewell.clone()));
            spool.push(Crossing::Close);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The callbacks of a target connection.
pub(crate) struct Far {
    sink: Arc<Sink>,
    pinned: PublicKey,
}

impl Far {
    pub(crate) fn new(sink: Arc<Sink>, pinned: PublicKey) -> Self {
        Self { sink, pinned }
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.sink.lost();
    }
}

impl Handler for Far {
    type Error = Error;

    async fn check_server_key(&mut self, presented: &PublicKeyOrCertificate) -> Result<bool, Error> {
        let key = presented.public_key();
        let known = presented.certificate().is_none() && key.key_data() == self.pinned.key_data();
        if !known {
            self.sink.lock().stranger = Some(key.fingerprint(HashAlg::Sha256).to_string());
        }
        Ok(known)
    }

    async fn data(&mut self, _: ChannelId, data: &[u8], _: &mut Session) -> Result<(), Error> {
        self.sink.data(Stream::Plain, data);
        Ok(())
    }

    async fn extended_data(
        &mut self,
        _: ChannelId,
        kind: u32,
        data: &[u8],
        _: &mut Session,
    ) -> Result<(), Error> {
        if kind == 1 {
            self.sink.data(Stream::Error, data);
        }
        Ok(())
    }

    async fn channel_success(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.sink.push(Crossing::Reply(true));
        Ok(())
    }

    async fn channel_failure(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.sink.push(Crossing::Reply(false));
        Ok(())
    }

    async fn channel_eof(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.sink.push(Crossing::Eof);
        Ok(())
    }

    async fn channel_close(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.sink.closed();
        Ok(())
    }

    async fn exit_status(&mut self, _: ChannelId, status: u32, _: &mut Session) -> Result<(), Error> {
        self.sink.push(Crossing::ExitStatus(status));
        Ok(())
    }

    async fn exit_signal(
        &mut self,
        _: ChannelId,
        signal: Sig,
        core_dumped: bool,
        message: &str,
        _: &str,
        _: &mut Session,
    ) -> Result<(), Error> {
        let (name, message) = (super::signal::name(&signal), message.to_owned());
        self.sink.push(Crossing::ExitSignal { name, core_dumped, message });
        Ok(())
    }

    // A target opens nothing towards us. The library would accept all of these.

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        refuse(reply).await
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        refuse(reply).await
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        refuse(reply).await
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        refuse(reply).await
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        refuse(reply).await
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        refuse(reply).await
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        refuse(reply).await
    }

    async fn openssh_ext_host_keys_announced(
        &mut self,
        _: Vec<PublicKey>,
        _: &mut Session,
    ) -> Result<(), Error> {
        Ok(())
    }
}

async fn refuse(reply: ChannelOpenHandle) -> Result<(), Error> {
    reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
    Ok(())
}
