//! The beginning: the server's greeting, the client's answer, and the exchange of proofs. The gateway plays each side once,
//! so capabilities are stripped on both.

use bytes::{BufMut, Bytes, BytesMut};

use super::capability::{self, MYSQL, SPOKEN};
use crate::Error;
use crate::reading::Fields;

/// HandshakeV10: what a server says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// As the server calls itself; clients decide by it what they may use.
    pub version: String,
    /// The number of the connection.
    pub connection: u32,
    /// What proofs are made with: 20 bytes.
    pub nonce: [u8; 20],
    /// What the server can.
    pub capabilities: u64,
    /// Its character set and collation.
    pub character_set: u8,
    /// Its state.
    pub status: u16,
    /// The method of authentication that it prefers.
    pub plugin: String,
}

impl Greeting {
    /// Reads a greeting.
    ///
    /// # Errors
    ///
    /// Anything else, and servers before 4.1.
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let mut fields = Fields::of(payload, "greeting");
        if fields.u8()? != 10 {
            return Err(fields.malformed());
        }
        let version = readable(fields.text()?);
        let connection = fields.u32_le()?;
        let first: [u8; 8] = fields.array()?;
        fields.bytes(1)?;
        let low = fields.u16_le()?;
        let (character_set, status) = (fields.u8()?, fields.u16_le()?);
        let high = fields.u16_le()?;
        // The length of the nonce, always 21 with its zero byte; then what MySQL leaves empty.
        fields.bytes(1 + 6)?;
        let more = fields.u32_le()?;
        let second: [u8; 12] = fields.array()?;
        fields.bytes(1)?;
        let plugin = if fields.is_empty() { String::new() } else { readable(until_zero(fields.rest())) };
        let capabilities = u64::from(low) | u64::from(high) << 16;
        let more = if capabilities & MYSQL == 0 { u64::from(more) << 32 } else { 0 };
        let nonce = joined(first, second);
        Ok(Self {
            version,
            connection,
            nonce,
            capabilities: capabilities | more,
            character_set,
            status,
            plugin,
        })
    }

    /// The payload, with nothing offered but what is spoken here.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let offered = self.capabilities & SPOKEN;
        let more = if offered & MYSQL == 0 { upper(offered) } else { 0 };
        let (first, second) = self.nonce.split_at(8);
        let mut bytes = BytesMut::new();
        bytes.put_u8(10);
        put_text(&mut bytes, self.version.as_bytes());
        bytes.put_u32_le(self.connection);
        bytes.put_slice(first);
        bytes.put_u8(0);
        let [a, b, c, d] = lower(offered).to_le_bytes();
        bytes.put_slice(&[a, b, self.character_set]);
        bytes.put_u16_le(self.status);
        bytes.put_slice(&[c, d, 21]);
        bytes.put_bytes(0, 6);
        bytes.put_u32_le(more);
        bytes.put_slice(second);
        bytes.put_u8(0);
        put_text(&mut bytes, self.plugin.as_bytes());
        bytes.freeze()
    }
}

/// What a client answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It wants TLS first, and answers again inside.
    Tls,
    /// It wants to log in.
    Login(Login),
}

/// HandshakeResponse41.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// What is used: what the client wants, of what it was offered.
    pub capabilities: u64,
    /// Its longest packet.
    pub longest: u32,
    /// Its character set and collation.
    pub character_set: u8,
    /// Who.
    pub user: String,
    /// The proof, or a password in clear where the method is that.
    pub proof: Bytes,
    /// The database to begin with.
    pub database: Option<String>,
    /// The method that the proof is made with.
    pub plugin: String,
    /// What the client says of itself.
    pub attributes: Vec<(String, String)>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// Reads an answer to a greeting that offered these capabilities.
    ///
    /// # Errors
    ///
    /// Clients before 4.1, and those that use what was not offered.
    pub fn parse(payload: &[u8], offered: u64) -> Result<Self, Error> {
        let mut fields = Fields::of(payload, "answer to the greeting");
        let low = u64::from(fields.u32_le()?);
        let (longest, character_set) = (fields.u32_le()?, fields.u8()?);
        fields.bytes(19)?;
        let more = u64::from(fields.u32_le()?);
        let more = if low & MYSQL == 0 { more << 32 } else { 0 };
        let wanted = low | more;
        let capabilities = wanted & offered & SPOKEN;
        if capabilities & capability::PROTOCOL_41 == 0 || wanted & !capabilities & FORM != 0 {
            return Err(fields.malformed());
        }
        if fields.is_empty() && capabilities & capability::SSL != 0 {
            return Ok(Self::Tls);
        }
        Login::parse(&mut fields, capabilities, longest, character_set).map(Self::Login)
    }
}

/// Capabilities that change the form of what follows: compression, results without or with other descriptions. Many clients
/// set others without having been offered them (files, several statements, attributes of queries) and do without.
const FORM: u64 = capability::COMPRESS | capability::ZSTD | 1 << 25 | 0xfff8 << 32;

impl Login {
    fn parse(fields: &mut Fields, capabilities: u64, longest: u32, character_set: u8) -> Result<Self, Error> {
        let has = |capability| capabilities & capability != 0;
        let user = readable(fields.text()?);
        let proof = if has(capability::PLUGIN_AUTH_LENENC) {
            fields.numbered()?
        } else if has(capability::SECURE_CONNECTION) {
            let length = fields.u8()?;
            fields.bytes(length.into())?
        } else {
            fields.text()?
        };
        let proof = Bytes::copy_from_slice(proof);
        let named = has(capability::CONNECT_WITH_DB) && !fields.is_empty();
        let database = if named { Some(readable(fields.text()?)) } else { None };
        let plugin = has(capability::PLUGIN_AUTH) && !fields.is_empty();
        let plugin = if plugin { readable(until_zero_of(fields)?) } else { String::new() };
        let described = has(capability::CONNECT_ATTRS) && !fields.is_empty();
        let attributes = if described { attributes(fields.numbered()?)? } else { Vec::new() };
        Ok(Self { capabilities, longest, character_set, user, proof, database, plugin, attributes })
    }

    /// The 32 bytes before the name, which by themselves are the wish for TLS.
    fn head(&self) -> BytesMut {
        let wanted = self.capabilities & SPOKEN;
        let mut bytes = BytesMut::new();
        bytes.put_u32_le(lower(wanted));
        bytes.put_u32_le(self.longest);
        bytes.put_u8(self.character_set);
        bytes.put_bytes(0, 19);
        bytes.put_u32_le(if wanted & MYSQL == 0 { upper(wanted) } else { 0 });
        bytes
    }

    /// The payload that asks a server for TLS.
    #[must_use]
    pub fn tls_request(&self) -> Bytes {
        self.head().freeze()
    }

    /// The payload that logs in to a server.
    ///
    /// # Errors
    ///
    /// A zero byte in a name, or a proof too long for its length.
    pub fn encode(&self) -> Result<Bytes, Error> {
        let mut bytes = self.head();
        let has = |capability| self.capabilities & capability != 0;
        put_checked(&mut bytes, &self.user)?;
        bytes.put_u8(u8::try_from(self.proof.len()).map_err(|_| Error::Excess("proof"))?);
        bytes.put_slice(&self.proof);
        if let Some(database) = self.database.as_ref().filter(|_| has(capability::CONNECT_WITH_DB)) {
            put_checked(&mut bytes, database)?;
        }
        if has(capability::PLUGIN_AUTH) {
            put_checked(&mut bytes, &self.plugin)?;
        }
        if has(capability::CONNECT_ATTRS) {
            let mut inner = BytesMut::new();
            for (name, value) in &self.attributes {
                put_numbered(&mut inner, name.as_bytes());
                put_numbered(&mut inner, value.as_bytes());
            }
            put_numbered(&mut bytes, &inner);
        }
        Ok(bytes.freeze())
    }
}

/// What a server says during the exchange of proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange<'a> {
    /// AuthSwitchRequest: another method, with a nonce of its own.
    Switch {
        /// Its name.
        plugin: &'a [u8],
        /// What the proof is to be made with.
        nonce: &'a [u8],
    },
    /// AuthMoreData: whatever the method says.
    More(&'a [u8]),
    /// It believes.
    Ok,
    /// It does not; an ERR packet.
    Failed(super::Failure),
}

impl<'a> Exchange<'a> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Error> {
        let mut fields = Fields::of(payload, "authentication");
        match fields.u8()? {
            0x00 => Ok(Self::Ok),
            0x01 => Ok(Self::More(fields.rest())),
            0xff => super::Failure::parse(payload).map(Self::Failed),
            0xfe => {
                let plugin = fields.text()?;
                let rest = fields.rest();
                Ok(Self::Switch { plugin, nonce: rest.strip_suffix(&[0]).unwrap_or(rest) })
            }
            _ => Err(fields.malformed()),
        }
    }
}

/// The payload of an AuthSwitchRequest.
///
/// # Errors
///
/// A zero byte in the name.
pub fn switch(plugin: &str, nonce: &[u8; 20]) -> Result<Bytes, Error> {
    let mut bytes = BytesMut::new();
    bytes.put_u8(0xfe);
    put_checked(&mut bytes, plugin)?;
    bytes.put_slice(nonce);
    bytes.put_u8(0);
    Ok(bytes.freeze())
}

/// The payload of an AuthMoreData. Inside TLS, `caching_sha2_password` with [`super::proof::FULL`] brings the password itself from
/// clients that would not send it by any other method.
#[must_use]
pub fn more(data: &[u8]) -> Bytes {
    [&[1], data].concat().into()
}

fn attributes(bytes: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let mut fields = Fields::of(bytes, "attributes");
    let mut all = Vec::new();
    while !fields.is_empty() {
        all.push((readable(fields.numbered()?), readable(fields.numbered()?)));
    }
    Ok(all)
}

fn joined(first: [u8; 8], second: [u8; 12]) -> [u8; 20] {
    let mut both = first.into_iter().chain(second);
    std::array::from_fn(|_| both.next().unwrap_or_default())
}

fn readable(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Some servers end the last name with the packet.
fn until_zero(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn until_zero_of<'a>(fields: &mut Fields<'a>) -> Result<&'a [u8], Error> {
    let mut whole = fields.clone();
    fields.text().or_else(|_| Ok(whole.rest()))
}

fn lower(capabilities: u64) -> u32 {
    u32::try_from(capabilities & u64::from(u32::MAX)).unwrap_or_default()
}

fn upper(capabilities: u64) -> u32 {
    lower(capabilities >> 32)
}

fn put_text(bytes: &mut BytesMut, text: &[u8]) {
    bytes.put_slice(until_zero(text));
    bytes.put_u8(0);
}

fn put_checked(bytes: &mut BytesMut, text: &str) -> Result<(), Error> {
    if text.contains('\0') {
        return Err(Error::Zero("name"));
    }
    put_text(bytes, text.as_bytes());
    Ok(())
}

pub(super) fn put_number(bytes: &mut BytesMut, number: u64) {
    let [a, b, c, ..] = number.to_le_bytes();
    match number {
        0..=0xfa => bytes.put_u8(a),
        0xfb..=0xffff => bytes.put_slice(&[0xfc, a, b]),
        0x1_0000..=0xff_ffff => bytes.put_slice(&[0xfd, a, b, c]),
        _ => {
            bytes.put_u8(0xfe);
            bytes.put_u64_le(number);
        }
    }
}

fn put_numbered(bytes: &mut BytesMut, value: &[u8]) {
    put_number(bytes, value.len() as u64);
    bytes.put_slice(value);
}
