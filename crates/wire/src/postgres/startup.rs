//! The first messages of a connection, which have no type byte: wishes for encryption, a cancellation, or the start.
//!
//! ```text
//! SSLRequest → S (TLS, then again from the beginning) or N    GSSENCRequest → N
//! CancelRequest → closed without a word                       StartupMessage → NegotiateProtocolVersion?, Authentication…
//! ```

use bytes::{Buf, Bytes, BytesMut};

use super::encode::Building;
use crate::Error;
use crate::reading::Fields;

/// What the server itself takes at most for a start.
const LONGEST: usize = 10_000;
/// Keys of 3.2 are at most that long.
const LONGEST_KEY: usize = 256;

const CANCEL: (u16, u16) = (1234, 5678);
const SSL: (u16, u16) = (1234, 5679);
const GSS: (u16, u16) = (1234, 5680);

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16, pub u16);

impl Version {
    /// What every server and client speaks.
    pub const V3_0: Self = Self(3, 0);
    /// The newest: cancel keys of variable length.
    pub const V3_2: Self = Self(3, 2);

    pub(super) fn code(self) -> u32 {
        u32::from(self.0) << 16 | u32::from(self.1)
    }
}

/// What a client begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It wants TLS: answer `S` and begin TLS, or `N`.
    Tls,
    /// It wants GSSAPI encryption: answer `N`.
    Gss,
    /// It wants a statement of another connection to end.
    Cancel(CancelKey),
    /// It wants to work.
    Start(Start),
}

/// What names a connection to whoever wants to cancel its statement, and proves that they may.
#[derive(Clone, PartialEq, Eq)]
pub struct CancelKey {
    /// The number that servers take from their process.
    pub process: u32,
    /// 4 bytes in 3.0, up to 256 in 3.2.
    pub secret: Bytes,
}

impl std::fmt::Debug for CancelKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CancelKey").field("process", &self.process).finish_non_exhaustive()
    }
}

impl CancelKey {
    /// Whether it is the same key, in a time that does not tell how much of it is right.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.process == other.process
            && aws_lc_rs::constant_time::verify_slices_are_equal(&self.secret, &other.secret).is_ok()
    }

    /// The message that cancels with it.
    #[must_use]
    pub fn request(&self) -> Bytes {
        Building::untyped().u16(CANCEL.0).u16(CANCEL.1).u32(self.process).raw(&self.secret).finish()
    }
}

/// The StartupMessage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// What the client would like to speak.
    pub version: Version,
    parameters: Vec<(String, String)>,
}

impl Start {
    /// What a client says to a server, in this order.
    #[must_use]
    pub fn new(version: Version, parameters: Vec<(String, String)>) -> Self {
        Self { version, parameters }
    }

    /// Its parameters as they came, each name once; protocol options (`_pq_.…`) are not among them.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| !is_option(name))
    }

    /// The value of one parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Whether it asks for a replication connection; what cannot be understood as "no" counts as yes.
    #[must_use]
    pub fn is_replication(&self) -> bool {
        let no = ["", "false", "off", "no", "0"];
        self.parameter("replication").is_some_and(|value| !no.contains(&value.to_ascii_lowercase().as_str()))
    }

    /// What both speak: 3.2 with those who know it, 3.0 with all others (3.1 was never used).
    #[must_use]
    pub fn spoken(&self) -> Version {
        if self.version >= Version::V3_2 { Version::V3_2 } else { Version::V3_0 }
    }

    /// The NegotiateProtocolVersion message, if the client wants a version or protocol options that nobody here knows.
    #[must_use]
    pub fn negotiation(&self) -> Option<Bytes> {
        let options = self.parameters.iter().map(|(name, _)| name).filter(|name| is_option(name));
        let unknown: Vec<&str> = options.map(String::as_str).collect();
        let differs = self.version != self.spoken() || !unknown.is_empty();
        differs.then(|| super::encode::negotiate_protocol_version(self.spoken(), &unknown))
    }

    /// The message.
    ///
    /// # Errors
    ///
    /// A zero byte in a parameter, which would make two of one.
    pub fn encode(&self) -> Result<Bytes, Error> {
        let mut building = Building::untyped().u32(self.version.code());
        for (name, value) in &self.parameters {
            building = building.text(name.as_bytes())?.text(value.as_bytes())?;
        }
        Ok(building.u8(0).finish())
    }

    fn parse(version: Version, fields: &mut Fields) -> Result<Self, Error> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        loop {
            let name = readable(fields)?;
            if name.is_empty() {
                break;
            }
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(fields.malformed());
            }
            parameters.push((name, readable(fields)?));
        }
        Ok(Self { version, parameters })
    }
}

fn is_option(name: &str) -> bool {
    name.starts_with("_pq_.")
}

fn readable(fields: &mut Fields) -> Result<String, Error> {
    let text = fields.text()?;
    std::str::from_utf8(text).map(str::to_owned).map_err(|_| fields.malformed())
}

/// Takes a client's first bytes.
#[derive(Debug, Default)]
pub struct Startup {
    buffer: BytesMut,
    /// Each wish may be uttered once, as in the server; so a client cannot wish for ever.
    wished_tls: bool,
    wished_gss: bool,
}

impl Startup {
    /// Begins. After `S` and the TLS handshake the same value goes on, so that TLS cannot be asked for again.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A connection that began with TLS at once.
    #[must_use]
    pub fn inside_tls() -> Self {
        Self { wished_tls: true, wished_gss: true, ..Self::default() }
    }

    /// Where a reader puts what it has read.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Takes these bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// What came behind the StartupMessage; it is for the decoder.
    #[must_use]
    pub fn into_rest(self) -> BytesMut {
        self.buffer
    }

    /// The next message, if enough bytes are there.
    ///
    /// # Errors
    ///
    /// Anything that no client begins with, encryption asked for twice, or bytes in clear behind such a wish.
    pub fn opening(&mut self) -> Result<Option<Opening>, Error> {
        let Some(length) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length < 8 {
            return Err(Error::Malformed("startup message"));
        }
        if length > LONGEST {
            return Err(Error::TooLarge { kind: ' ', length, limit: LONGEST });
        }
        if self.buffer.len() < length {
            return Ok(None);
        }
        let mut message = self.buffer.split_to(length);
        message.advance(4);
        self.read(&message).map(Some)
    }

    fn read(&mut self, message: &[u8]) -> Result<Opening, Error> {
        let mut fields = Fields::of(message, "startup message");
        let opening = match (fields.u16()?, fields.u16()?) {
            SSL => self.encryption(Opening::Tls)?,
            GSS => self.encryption(Opening::Gss)?,
            CANCEL => Opening::Cancel(cancel_key(&mut fields)?),
            (3, minor) => Opening::Start(Start::parse(Version(3, minor), &mut fields)?),
            (major, minor) => return Err(Error::Version(major, minor)),
        };
        fields.end()?;
        Ok(opening)
    }

    fn encryption(&mut self, wish: Opening) -> Result<Opening, Error> {
        let wished = if wish == Opening::Tls { &mut self.wished_tls } else { &mut self.wished_gss };
        if std::mem::replace(wished, true) {
            return Err(Error::Malformed("startup message"));
        }
        if self.buffer.is_empty() { Ok(wish) } else { Err(Error::Stuffed) }
    }
}

fn cancel_key(fields: &mut Fields) -> Result<CancelKey, Error> {
    let process = fields.u32()?;
    let secret = Bytes::copy_from_slice(fields.rest());
    if !(4..=LONGEST_KEY).contains(&secret.len()) {
        return Err(fields.malformed());
    }
    Ok(CancelKey { process, secret })
}
