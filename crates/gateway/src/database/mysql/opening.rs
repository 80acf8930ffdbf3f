//! A client from its first byte to its first command: TLS, who it is and where it wants to, its certificate or ticket, and a
//! server that has let the gateway in.

use std::net::IpAddr;
use std::sync::Arc;

use access::Session;
use access::identity::{Destination, Login};
use access::model::{Outcome, Way};
use access::text;
use aws_lc_rs::rand;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use wire::mysql::handshake::Login as Named;
use wire::mysql::{Admission, Arrival, Failure};
use zeroize::Zeroizing;

use super::kills::Owner;
use super::line::{Line, LineError};
use super::server::Server;
use super::talk::Talk;
use crate::database::certificate;
use crate::database::course::close;
use crate::database::door::Reception;
use crate::database::shown::Shown;

/// What every client is told, before it has said which server it wants.
const VERSION: &str = "10.6.0-MariaDB-countersign";

/// Why a client did not get in.
enum Turned {
    /// It is told this.
    Away(Failure),
    /// It left, or sent nonsense.
    Gone,
}

impl From<LineError> for Turned {
    fn from(_: LineError) -> Self {
        Self::Gone
    }
}

impl From<std::io::Error> for Turned {
    fn from(_: std::io::Error) -> Self {
        Self::Gone
    }
}

impl From<wire::Error> for Turned {
    fn from(_: wire::Error) -> Self {
        Self::Gone
    }
}

/// A client inside TLS.
struct Arrived {
    line: Line<TlsStream<TcpStream>>,
    admission: Admission,
    named: Named,
    /// The number that the client was given.
    number: u32,
}

/// Everything up to the first command.
pub(crate) async fn begin(reception: &Arc<Reception>, stream: TcpStream, source: IpAddr) -> Option<Talk> {
    let Ok(mut arrived) = receive(reception, stream).await else {
        tracing::debug!(%source, "a database client got no further than its first bytes");
        return None;
    };
    match enter(reception, &mut arrived, source).await {
        Ok((session, server)) => {
            let capabilities = arrived.named.capabilities;
            let owner = Owner::of(&session);
            let killable = reception.kills.know(arrived.number, owner);
            Some(Talk::new(reception.clone(), session, arrived.line, server, capabilities, killable))
        }
        Err(Turned::Away(failure)) => {
            let told = arrived.admission.turn_away(&failure);
            let _ = arrived.line.send(&told).await;
            None
        }
        Err(Turned::Gone) => None,
    }
}

/// Up to who it is.
async fn receive(reception: &Reception, stream: TcpStream) -> Result<Arrived, Turned> {
    let (mut nonce, mut connection) = ([0; 20], [0; 4]);
    rand::fill(&mut nonce).and_then(|()| rand::fill(&mut connection)).map_err(|_| Turned::Gone)?;
    // A nonce is text to some clients.
    let nonce = nonce.map(|byte: u8| b'a' + byte % 26);
    let number = u32::from_be_bytes(connection);
    let (mut admission, greeting) = Admission::begin(VERSION, number, nonce);
    let mut clear = Line::new(stream);
    clear.send(&greeting).await?;
    match admission.packet(&clear.packet().await?)? {
        Arrival::Tls => {}
        Arrival::TurnedAway(bytes) => {
            clear.send(&bytes).await?;
            return Err(Turned::Gone);
        }
        _ => return Err(Turned::Gone),
    }
    let mut line = Line::new(reception.certificate.acceptor().accept(clear.stream).await?);
    match admission.packet(&line.packet().await?)? {
        Arrival::Login(named) => Ok(Arrived { line, admission, named, number }),
        _ => Err(Turned::Gone),
    }
}

async fn enter(
    reception: &Reception,
    arrived: &mut Arrived,
    source: IpAddr,
) -> Result<(Session, Server), Turned> {
    let road = &reception.road;
    let login = Login::parse(&arrived.named.user).ok();
    let wanted = login.and_then(|login| Some((login.clone(), login.destination?)));
    let Some((login, to)) = wanted else {
        return Err(denied(text::DATABASE_USER.say(road.language(), &[])));
    };
    let who = present(arrived).await?.identify(road, login.person.as_str(), &to, source).await;
    let who = who.map_err(|unproved| denied(format!("{}. {}", unproved.why, unproved.hint)))?;
    let session = road.open(&who, &to, Way::Database).await.map_err(|why| denied(why.to_string()))?;
    let entered = async {
        let server = dial(reception, arrived, &session, &to).await?;
        arrived.line.send(&arrived.admission.let_in()).await?;
        Ok(server)
    };
    match entered.await {
        Ok(server) => Ok((session, server)),
        Err(turned) => {
            close(road, &session, Outcome::Lost).await;
            Err(turned)
        }
    }
}

/// Whoever shows a certificate is asked for no ticket.
async fn present(arrived: &mut Arrived) -> Result<Shown, Turned> {
    match certificate::shown(&arrived.line.stream).cloned() {
        Some(certificate) => Ok(Shown::Certificate(certificate)),
        None => ask_ticket(arrived).await.map(Shown::Ticket),
    }
}

async fn ask_ticket(arrived: &mut Arrived) -> Result<Zeroizing<String>, Turned> {
    let mut arrival = arrived.admission.ask()?;
    loop {
        match arrival {
            Arrival::Ticket(ticket) => return Ok(ticket),
            Arrival::Send(bytes) => arrived.line.send(&bytes).await?,
            Arrival::TurnedAway(bytes) => {
                arrived.line.send(&bytes).await?;
                return Err(Turned::Gone);
            }
            Arrival::Tls | Arrival::Login(_) => return Err(Turned::Gone),
        }
        arrival = arrived.admission.packet(&arrived.line.packet().await?)?;
    }
}

async fn dial(
    reception: &Reception,
    arrived: &Arrived,
    session: &Session,
    to: &Destination,
) -> Result<Server, Turned> {
    let road = &reception.road;
    let own = session.target().database().map_or("", |database| &database.name);
    let named = arrived.named.database.as_deref().filter(|name| !name.is_empty());
    if named.is_some_and(|name| name != own && name != to.target.as_str()) {
        let values = [("target", to.target.as_str()), ("database", own)];
        return Err(denied(text::OTHER_DATABASE.say(road.language(), &values)));
    }
    let credential = road.credential(session).await.map_err(|why| denied(why.to_string()))?;
    let limit = reception.options.target_timeout;
    let dialled = Server::dial(credential, arrived.named.capabilities, limit).await;
    dialled.map_err(|fault| {
        tracing::warn!(target = session.target_name(), %fault, "a database could not be reached");
        denied(fault.to_string())
    })
}

fn denied(message: String) -> Turned {
    Turned::Away(Failure { code: 1045, state: "28000".to_owned(), message: message.replace('\n', " ") })
}
