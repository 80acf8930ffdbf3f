//! Who a database client is, and where it wants to: a certificate, or a ticket for a password; a person, account and target
//! for a user name.

use std::net::IpAddr;

use access::identity::{Destination, Login};
use access::model::Way;
use access::text::{self, Line};
use access::{Road, Session};
use tokio::io::AsyncWriteExt as _;
use wire::postgres::startup::Start;
use wire::postgres::{Frontend, Piece, Report, encode, password};
use zeroize::Zeroizing;

use super::certificate;
use super::opening::{Arrived, fill};
use super::shown::Shown;

/// Settings of a client that change nothing about what its statements do.
const HARMLESS: [&str; 5] =
    ["application_name", "datestyle", "extra_float_digits", "intervalstyle", "timezone"];

/// What every client says, and what is looked at elsewhere.
const KNOWN: [&str; 4] = ["user", "database", "replication", "client_encoding"];

/// What a replication connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replication {
    /// The server as a whole; it takes no SQL.
    Physical,
    /// One database; it takes SQL too.
    Logical,
}

impl Replication {
    /// What the client wants, in whichever of the server's words for it.
    fn wanted(value: &str) -> Option<Self> {
        match value.to_ascii_lowercase().as_str() {
            "database" => Some(Self::Logical),
            "true" | "on" | "yes" | "1" => Some(Self::Physical),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Physical => "true",
            Self::Logical => "database",
        }
    }
}

/// Why a client did not get in: what it is told, if anything.
pub(crate) enum Turned {
    /// This, and that is the end.
    Away(Report),
    /// It left, or sent nonsense.
    Gone,
}

/// A client's start that asks for nothing that is not on offer.
pub(crate) struct Wanted {
    pub login: Login,
    pub to: Destination,
    /// Settings for the server.
    pub settings: Vec<(String, String)>,
    pub replication: Option<Replication>,
    database: Option<String>,
}

impl Wanted {
    /// Reads what the client wants.
    pub(crate) fn read(start: &Start, road: &Road) -> Result<Self, Turned> {
        let away = |line: &Line, values: &[(&str, &str)]| {
            Turned::Away(Report::fatal("28000", line.say(road.language(), values)))
        };
        let replication = start.parameter("replication").filter(|_| start.is_replication());
        let replication = match replication.map(Replication::wanted) {
            Some(None) => return Err(away(&text::NO_REPLICATION, &[])),
            other => other.flatten(),
        };
        let user = start.parameter("user").unwrap_or_default();
        let login = Login::parse(user).ok().filter(|login| login.destination.is_some());
        let Some((login, to)) = login.and_then(|login| Some((login.clone(), login.destination?))) else {
            return Err(away(&text::DATABASE_USER, &[]));
        };
        let word = |kind: Replication| ("replication".to_owned(), kind.word().to_owned());
        let mut settings: Vec<_> = replication.map(word).into_iter().collect();
        for (name, value) in start.parameters() {
            let folded = name.to_ascii_lowercase();
            let fits = match folded.as_str() {
                "client_encoding" => is_utf8(value),
                known if KNOWN.contains(&known) => true,
                harmless if HARMLESS.contains(&harmless) => {
                    settings.push((folded, value.to_owned()));
                    true
                }
                _ => value.is_empty(),
            };
            if !fits {
                return Err(away(&text::SETTING_REFUSED, &[("setting", name)]));
            }
        }
        let database = start.parameter("database").filter(|name| *name != user).map(str::to_owned);
        Ok(Self { login, to, settings, replication, database })
    }

    /// The database that the client names, if it names one, is the target's.
    pub(crate) fn names(&self, session: &Session, road: &Road) -> Result<(), Turned> {
        if self.replication == Some(Replication::Physical) {
            return Ok(());
        }
        let target = session.target();
        let own = target.database().map_or("", |database| &database.name);
        if self.database.as_deref().is_none_or(|name| name == target.name || name == own) {
            return Ok(());
        }
        let values = [("target", &*target.name), ("database", own)];
        let why = text::OTHER_DATABASE.say(road.language(), &values);
        Err(Turned::Away(Report::fatal("3D000", why)))
    }
}

fn is_utf8(encoding: &str) -> bool {
    let plain: String = encoding.chars().filter(char::is_ascii_alphanumeric).collect();
    ["utf8", "unicode", "auto", ""].contains(&plain.to_ascii_lowercase().as_str())
}

/// Finds out who it is, by certificate or ticket, and opens the session.
pub(crate) async fn log_in(
    arrived: &mut Arrived,
    wanted: &Wanted,
    road: &Road,
    source: IpAddr,
) -> Result<Session, Turned> {
    if let Some(negotiation) = arrived.start.negotiation() {
        arrived.stream.write_all(&negotiation).await.map_err(|_| Turned::Gone)?;
    }
    let person = wanted.login.person.as_str();
    let who = present(arrived).await?.identify(road, person, &wanted.to, source).await;
    let who =
        who.map_err(|unproved| Turned::Away(Report::fatal("28P01", unproved.why).with_hint(unproved.hint)))?;
    let session = road.open(&who, &wanted.to, Way::Database).await;
    session.map_err(|why| Turned::Away(Report::fatal("28000", why.to_string())))
}

/// Whoever shows a certificate is asked for no ticket.
async fn present(arrived: &mut Arrived) -> Result<Shown, Turned> {
    match certificate::shown(&arrived.stream).cloned() {
        Some(certificate) => Ok(Shown::Certificate(certificate)),
        None => ask_ticket(arrived).await.map(Shown::Ticket),
    }
}

async fn ask_ticket(arrived: &mut Arrived) -> Result<Zeroizing<String>, Turned> {
    let gone = |_| Turned::Gone;
    arrived.stream.write_all(&encode::authentication_cleartext_password()).await.map_err(gone)?;
    arrived.stream.flush().await.map_err(gone)?;
    loop {
        match arrived.decoder.piece().map_err(|_| Turned::Gone)? {
            Some(Piece::Whole(frame)) => {
                let Ok(Frontend::Secret(secret)) = Frontend::parse(&frame) else { return Err(Turned::Gone) };
                let typed = password(secret).map_err(|_| Turned::Gone)?;
                return Ok(Zeroizing::new(String::from_utf8_lossy(typed).into_owned()));
            }
            Some(Piece::Run(_)) => return Err(Turned::Gone),
            None => fill(&mut arrived.stream, arrived.decoder.buffer()).await.map_err(gone)?,
        }
    }
}
