//! Mail over SMTP: plain text, one message for each notice, encrypted unless the server is this machine.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::time::{Duration, UNIX_EPOCH};

use access::model::{Notice, Timestamp};
use access::policy::destination::{self, Unreachable};
use access::text::Language;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Message as Letter, SmtpTransport, Transport as _};

use crate::address::is_this_machine;
use crate::message::Message;
use crate::receiver::Secret;
use crate::transport::{Failure, Transport, TransportError};

/// For each step of the conversation with the server.
const STEP: Duration = Duration::from_secs(10);

/// Bytes of a message's text at most.
const LONGEST: usize = 64 << 10;

/// How the conversation with the server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (port 465).
    Tls,
    /// TLS after STARTTLS, or nothing is sent (port 587).
    StartTls,
    /// None: only to this machine.
    Plain,
}

impl Security {
    /// The word of a configuration.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "tls" => Self::Tls,
            "starttls" => Self::StartTls,
            "plain" => Self::Plain,
            _ => return None,
        })
    }

    /// Where servers listen for it.
    pub fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::Plain => 25,
        }
    }
}

/// Why mail cannot be sent that way.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server is where nothing may be sent.
    #[error("server: {0}")]
    Unreachable(#[from] Unreachable),
    /// In clear over a network.
    #[error("security = \"plain\" is for a server on this machine; use \"starttls\" or \"tls\"")]
    Clear,
    /// An address that is none.
    #[error("{0:?} is not a mail address")]
    NotAnAddress(String),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TransportError),
}

/// A mailbox, or several, behind one server.
pub struct Mail {
    server: SmtpTransport,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Mail {
    /// Mail to those addresses. Without the certificates of an authority (PEM), those of the system are trusted.
    pub fn new(
        (host, port): (&str, u16),
        security: Security,
        login: Option<(String, Secret)>,
        (from, to): (&str, &[String]),
        authority: Option<&[u8]>,
    ) -> Result<Self, MailError> {
        let host = destination::tcp(host, port.into())?.host;
        let server = SmtpTransport::builder_dangerous(host.as_str())
            .port(port)
            .tls(tls(&host, security, authority)?)
            .timeout(Some(STEP));
        let server = match login {
            Some((user, password)) => {
                server.credentials(Credentials::new(user, password.reveal().to_owned()))
            }
            None => server,
        };
        let to = to.iter().map(|text| mailbox(text)).collect::<Result<_, _>>()?;
        Ok(Self { server: server.build(), from: mailbox(from)?, to })
    }

    /// A letter for the notice. The same notice has the same `Message-ID`, however often it is sent.
    fn letter(&self, notice: &Notice, language: Language) -> Result<Letter, lettre::error::Error> {
        let message = Message::of(notice, language);
        let at = UNIX_EPOCH + Duration::from_secs(notice.created.seconds());
        let id = format!("<countersign-{}-{}@{}>", notice.id, notice.created.0, self.from.email.domain());
        let head = Letter::builder().from(self.from.clone()).subject(&message.title).message_id(Some(id));
        let head = self.to.iter().fold(head.date(at), |head, to| head.to(to.clone())).raw_header(automatic());
        head.singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(message.text(LONGEST)))
    }
}

impl Transport for Mail {
    fn deliver(&self, notice: &Notice, language: Language, _now: Timestamp) -> Result<(), Failure> {
        let letter = self.letter(notice, language);
        let letter = letter.map_err(|_| Failure::rejected("it makes no well-formed mail"))?;
        self.server.send(&letter).map(drop).map_err(|fault| failure(&fault))
    }
}

fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    text.parse().map_err(|_| MailError::NotAnAddress(text.to_owned()))
}

/// Nobody's holiday greeting comes back (RFC 3834).
fn automatic() -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned())
}

fn tls(host: &str, security: Security, authority: Option<&[u8]>) -> Result<Tls, MailError> {
    match security {
        Security::Plain if is_this_machine(host) => Ok(Tls::None),
        Security::Plain => Err(MailError::Clear),
        Security::Tls => Ok(Tls::Wrapper(parameters(host, authority)?)),
        Security::StartTls => Ok(Tls::Required(parameters(host, authority)?)),
    }
}

fn parameters(host: &str, authority: Option<&[u8]>) -> Result<TlsParameters, TransportError> {
    let parameters = TlsParameters::builder(host.to_owned());
    let parameters = match authority {
        None => parameters,
        Some(pem) => {
            let certificate = Certificate::from_pem(pem).map_err(|_| TransportError::NoCertificate)?;
            parameters.certificate_store(CertificateStore::None).add_root_certificate(certificate)
        }
    };
    parameters.build_rustls().map_err(|fault| TransportError::Tls(fault.to_string()))
}

/// What went wrong, without the server's own words: they may repeat what was sent.
fn failure(fault: &lettre::transport::smtp::Error) -> Failure {
    match fault.status() {
        Some(code) if fault.is_permanent() && !is_about_login(&code.to_string()) => {
            Failure::rejected(format!("the mail server answered {code}"))
        }
        Some(code) => Failure::unavailable(format!("the mail server answered {code}")),
        None if is_silence(fault) => Failure::unavailable("the mail server did not answer in time"),
        None if fault.is_tls() => Failure::unavailable("TLS with the mail server failed"),
        None if fault.is_client() => Failure::unavailable("the mail server offers no STARTTLS or no login"),
        None => Failure::unavailable("the mail server cannot be connected to"),
    }
}

/// A socket's time limit shows as either kind.
fn is_silence(fault: &lettre::transport::smtp::Error) -> bool {
    let cause = fault.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| matches!(cause.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock))
}

/// 530, 534, 535, 538: the server will refuse every letter until its operator or ours does something.
fn is_about_login(code: &str) -> bool {
    code.starts_with("53")
}
