//! Webhooks over HTTP: one request, limited in time and size, that follows no redirect.

use std::sync::Arc;
use std::time::Duration;

use access::model::{Notice, Timestamp};
use access::text::Language;
use ureq::http::header::RETRY_AFTER;
use ureq::http::{Response, StatusCode, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body};

use crate::address::Address;
use crate::format::Format;
use crate::receiver::Secret;
use crate::transport::{Failure, Transport, TransportError};

/// From the first byte of the name's lookup to the last of the answer.
const WHOLE: Duration = Duration::from_secs(15);

/// Bytes of an answer that are read; robots answer with a few dozen.
const LONGEST_ANSWER: u64 = 16 << 10;

/// A webhook.
pub struct Hook {
    format: Format,
    address: Address,
    secret: Option<Secret>,
    agent: Agent,
}

impl Hook {
    /// A webhook at that address. Without the certificates of an authority (PEM), those of the system are trusted.
    pub fn new(
        format: Format,
        address: Address,
        secret: Option<Secret>,
        authority: Option<&[u8]>,
    ) -> Result<Self, TransportError> {
        let config = Agent::config_builder()
            .tls_config(tls(authority)?)
            .timeout_global(Some(WHOLE))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("countersign")
            .max_response_header_size(LONGEST_ANSWER as usize)
            .max_idle_connections(0)
            .build();
        let resolver = Watched { address: address.clone(), names: DefaultResolver::default() };
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        Ok(Self { format, address, secret, agent })
    }

    fn judge(&self, mut answer: Response<Body>) -> Result<(), Failure> {
        let status = answer.status();
        if !status.is_success() {
            return Err(refused(status, retry_after(&answer)));
        }
        let body = answer.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec();
        self.format.accepts(&body.map_err(|fault| unreachable(&fault))?).map_err(Failure::unavailable)
    }
}

impl Transport for Hook {
    fn deliver(&self, notice: &Notice, language: Language, now: Timestamp) -> Result<(), Failure> {
        let post = self.format.post(notice, language, self.secret.as_ref(), now);
        let request = self.agent.post(self.address.with(&post.query));
        let request = request.header("Content-Type", "application/json; charset=utf-8");
        let request =
            post.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        self.judge(request.send(post.body.as_bytes()).map_err(|fault| unreachable(&fault))?)
    }
}

fn refused(status: StatusCode, retry_after: Option<Duration>) -> Failure {
    let why = format!("it answered HTTP {}", status.as_u16());
    match status.as_u16() {
        400 | 413 | 422 => Failure::rejected(why),
        _ => Failure { retry_after, ..Failure::unavailable(why) },
    }
}

/// Seconds that a receiver asks for; a date is not understood, and counts as nothing.
fn retry_after(answer: &Response<Body>) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// What went wrong, in words without the URL.
fn unreachable(fault: &ureq::Error) -> Failure {
    Failure::unavailable(match fault {
        ureq::Error::Timeout(_) => "it did not answer in time".to_owned(),
        ureq::Error::HostNotFound => "its host has no address that may be dialled".to_owned(),
        ureq::Error::ConnectionFailed => "it cannot be connected to".to_owned(),
        ureq::Error::Io(fault) => format!("the connection failed: {}", fault.kind()),
        ureq::Error::Rustls(fault) => format!("TLS failed: {fault}"),
        ureq::Error::BodyExceedsLimit(_) | ureq::Error::LargeResponseHeader(..) => {
            "its answer is too long".to_owned()
        }
        _ => "it does not speak HTTP as it should".to_owned(),
    })
}

fn tls(authority: Option<&[u8]>) -> Result<TlsConfig, TransportError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let roots = match authority {
        Some(pem) => certificates(pem)?,
        None => system_certificates(),
    };
    let roots = RootCerts::new_with_certs(&roots);
    Ok(TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build())
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, TransportError> {
    let items = parse_pem(pem).filter_map(Result::ok);
    let found: Vec<_> = items
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() { Err(TransportError::NoCertificate) } else { Ok(found) }
}

/// A system without certificates is found out by every receiver over TLS, each on its own.
fn system_certificates() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs();
    found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
}

/// Looks names up, and leaves out addresses that nothing may dial: a name can begin to stand for another place.
#[derive(Debug)]
struct Watched {
    address: Address,
    names: DefaultResolver,
}

impl Resolver for Watched {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        let mut kept = self.empty();
        for place in found.iter().filter(|place| self.address.may_dial(place.ip())) {
            kept.push(*place);
        }
        if kept.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(kept) }
    }
}
