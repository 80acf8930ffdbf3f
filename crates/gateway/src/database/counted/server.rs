//! The server of a counted target: in clear, or inside TLS with its pinned authorities.

use std::time::Duration;

use access::Session;
use access::model::Service;
use access::policy::Destination;
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::super::server::connector;

/// A server that has been reached, and has proved itself if it must.
pub(super) enum Server {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Why there is none.
#[derive(Debug, Error)]
pub(super) enum DialError {
    #[error("it cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    #[error("it did not answer within {0} seconds")]
    Silent(u64),
    #[error("it is not the pinned server: {0}")]
    Another(std::io::Error),
    #[error("its record is not usable: {0}")]
    Record(String),
}

impl Server {
    /// Connects to what was granted, as the session's target says.
    pub(super) async fn dial(
        session: &Session,
        to: &Destination,
        limit: Duration,
    ) -> Result<Self, DialError> {
        let Service::Tls { authority } = &session.target().service else {
            return Err(DialError::Record("it is no TLS target".to_owned()));
        };
        let connected = timeout(limit, connect(authority.as_deref(), to)).await;
        connected.map_err(|_| DialError::Silent(limit.as_secs()))?
    }
}

async fn connect(authority: Option<&str>, to: &Destination) -> Result<Server, DialError> {
    let stream = TcpStream::connect((to.host.as_str(), to.port)).await?;
    stream.set_nodelay(true)?;
    let Some(authority) = authority else { return Ok(Server::Clear(stream)) };
    let connector = connector(authority).map_err(DialError::Record)?;
    let host = ServerName::try_from(to.host.clone()).map_err(|fault| DialError::Record(fault.to_string()))?;
    let stream = connector.connect(host, stream).await.map_err(DialError::Another)?;
    Ok(Server::Tls(Box::new(stream)))
}
