//! Logging in to a server, as its client: capabilities that hold for the gateway's own client too, TLS first, and proofs by the
//! method that the server wants.

use bytes::Bytes;
use zeroize::Zeroizing;

use super::capability::{self, MYSQL, SPOKEN};
use super::handshake::{Exchange, Greeting, Login};
use super::packet::{Packet, packets};
use super::proof::{self, CACHING_SHA2, FULL, KNOWN, NATIVE};
use super::reply::Failure;
use crate::Error;

/// Who logs in.
pub struct Account {
    /// The account.
    pub user: String,
    /// Its password.
    pub password: Zeroizing<String>,
    /// The database to begin with.
    pub database: Option<String>,
    /// What is to be used; what the gateway's client was promised is among it.
    pub capabilities: u64,
    /// The character set and collation.
    pub character_set: u8,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("user", &self.user).finish_non_exhaustive()
    }
}

/// How the bytes travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Inside TLS, which the caller begins and whose certificate it checks.
    Tls,
    /// In clear, over a socket that nobody else reads. A server that wants the password itself gets it only under this
    /// RSA key, which must be pinned.
    Clear(Option<Vec<u8>>),
}

/// What follows from what the server has sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing yet.
    Wait,
    /// Send this, begin TLS, and send what [`Joining::encrypted`] gives.
    Tls(Bytes),
    /// Send this.
    Send(Bytes),
    /// The server believes, and these capabilities are used from now on.
    Joined(u64),
    /// It does not.
    Failed(Failure),
}

/// A login on its way.
#[derive(Debug)]
pub struct Joining {
    account: Account,
    channel: Channel,
    state: State,
    /// The number by which the server knows the connection.
    connection: u32,
}

#[derive(Debug)]
enum State {
    /// Nothing came from the server yet.
    Beginning,
    /// TLS begins; then this is sent.
    Encrypting(Login, [u8; 20]),
    /// The proof is sent: its method, and what it was made with.
    Proved { plugin: Vec<u8>, nonce: Vec<u8>, capabilities: u64 },
}

/// What changes the form of answers, or what they mean: the gateway's client reads them by its own agreement.
const PROMISED: u64 = capability::DEPRECATE_EOF
    | capability::SESSION_TRACK
    | capability::FOUND_ROWS
    | capability::MULTI_RESULTS
    | capability::PS_MULTI_RESULTS;

const NEEDED: u64 = capability::PROTOCOL_41 | capability::SECURE_CONNECTION | capability::PLUGIN_AUTH;

const OUT_OF_TURN: Error = Error::Authentication("an untimely step");

impl Joining {
    /// Before the first byte of the server.
    #[must_use]
    pub fn new(account: Account, channel: Channel) -> Self {
        Self { account, channel, state: State::Beginning, connection: 0 }
    }

    /// The number by which the server knows the connection, once it has greeted.
    #[must_use]
    pub fn connection(&self) -> u32 {
        self.connection
    }

    /// The server has sent this.
    ///
    /// # Errors
    ///
    /// It makes no sense, or it wants what is not given: no TLS, other capabilities, a password in clear.
    pub fn packet(&mut self, packet: &Packet) -> Result<Next, Error> {
        match &self.state {
            State::Beginning => self.greeted(packet),
            State::Encrypting(..) => Err(OUT_OF_TURN),
            State::Proved { .. } => self.answered(packet),
        }
    }

    /// TLS has begun: what to send first inside.
    ///
    /// # Errors
    ///
    /// It was not to begin now; a zero byte in a name.
    pub fn encrypted(&mut self) -> Result<Bytes, Error> {
        match std::mem::replace(&mut self.state, State::Beginning) {
            State::Encrypting(login, nonce) => self.log_in(login, nonce, 2),
            _ => Err(OUT_OF_TURN),
        }
    }

    fn greeted(&mut self, packet: &Packet) -> Result<Next, Error> {
        if packet.payload().first() == Some(&0xff) {
            return Failure::parse(packet.payload()).map(Next::Failed);
        }
        let greeting = Greeting::parse(packet.payload())?;
        self.connection = greeting.connection;
        let login = self.login(&greeting)?;
        if self.channel != Channel::Tls {
            return self.log_in(login, greeting.nonce, 1).map(Next::Send);
        }
        let request = packets(1, &login.tls_request());
        self.state = State::Encrypting(login, greeting.nonce);
        Ok(Next::Tls(request))
    }

    fn login(&self, greeting: &Greeting) -> Result<Login, Error> {
        let secure = if self.channel == Channel::Tls { capability::SSL } else { 0 };
        let named = if self.account.database.is_some() { capability::CONNECT_WITH_DB } else { 0 };
        let optional = capability::CONNECT_WITH_DB | capability::SSL | MYSQL;
        let wanted = self.account.capabilities & SPOKEN & !optional | NEEDED | secure | named;
        let offered = greeting.capabilities;
        if secure & !offered != 0 {
            return Err(Error::Authentication("the server does not speak TLS"));
        }
        if wanted & !offered & (PROMISED | NEEDED | capability::CONNECT_WITH_DB) != 0 {
            return Err(Error::Authentication("the server cannot do what clients were promised"));
        }
        let known = [NATIVE, CACHING_SHA2].into_iter().find(|plugin| *plugin == greeting.plugin);
        Ok(Login {
            capabilities: wanted & offered | offered & MYSQL,
            longest: 1 << 30,
            character_set: self.account.character_set,
            user: self.account.user.clone(),
            proof: Bytes::new(),
            database: self.account.database.clone(),
            // Of another method the server says so once it knows the account.
            plugin: known.unwrap_or(NATIVE).to_owned(),
            attributes: Vec::new(),
        })
    }

    fn log_in(&mut self, mut login: Login, nonce: [u8; 20], sequence: u8) -> Result<Bytes, Error> {
        login.proof = proof::proof(login.plugin.as_bytes(), &self.account.password, &nonce)?.into();
        let message = packets(sequence, &login.encode()?);
        let (plugin, capabilities) = (login.plugin.into_bytes(), login.capabilities);
        self.state = State::Proved { plugin, nonce: nonce.to_vec(), capabilities };
        Ok(message)
    }

    fn answered(&mut self, packet: &Packet) -> Result<Next, Error> {
        let State::Proved { plugin, nonce, capabilities } = &mut self.state else { return Err(OUT_OF_TURN) };
        let reply = match Exchange::parse(packet.payload())? {
            Exchange::Ok => return Ok(Next::Joined(*capabilities)),
            Exchange::Failed(failure) => return Ok(Next::Failed(failure)),
            Exchange::Switch { plugin: other, nonce: fresh } => {
                (*plugin, *nonce) = (other.to_vec(), fresh.to_vec());
                proof::proof(other, &self.account.password, fresh)?.into()
            }
            Exchange::More(_) if plugin != CACHING_SHA2.as_bytes() => return Err(OUT_OF_TURN),
            Exchange::More(KNOWN) => return Ok(Next::Wait),
            Exchange::More(FULL) => itself(&self.account.password, nonce, &self.channel)?,
            Exchange::More(_) => return Err(OUT_OF_TURN),
        };
        Ok(Next::Send(packets(packet.sequence().wrapping_add(1), &reply)))
    }
}

/// The password itself, for the server alone.
fn itself(password: &str, nonce: &[u8], channel: &Channel) -> Result<Zeroizing<Vec<u8>>, Error> {
    match channel {
        Channel::Tls => Ok(proof::inside_tls(password)),
        Channel::Clear(Some(key)) => proof::by_key(password, nonce, key).map(Zeroizing::new),
        Channel::Clear(None) => Err(Error::Authentication("the server wants the password in clear")),
    }
}
