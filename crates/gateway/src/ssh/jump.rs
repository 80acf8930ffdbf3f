//! A jump (`ssh -J`): the gateway plays the target on the inner connection, with a host certificate from its own
//! authority, and everything after that is the same as on a direct session.

use std::sync::Arc;

use access::identity::hostca::{HostCertificate, NONCE};
use access::identity::{HostCa, TargetName, VerifiedIdentity};
use aws_lc_rs::rand;
use russh::keys::{Certificate, PrivateKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};

use super::client_outlet::ClientOutlet;
use super::connection::Connection;
use super::feed::{Feed, closed};
use super::login::Proof;
use super::server::config;
use crate::relay::{CHUNK, Crossing, Outlet, Stream};

/// Validity of a host certificate, seconds: it is made afresh for every jump.
const VALID: u64 = 24 * 3600;

/// How far the clocks of clients may be behind, seconds.
const SKEW: u64 = 3600;

/// Serves the inner connection that comes through this channel.
pub(crate) async fn run(
    outer: Arc<Connection>,
    who: VerifiedIdentity,
    target: TargetName,
    feed: Arc<Feed>,
    mut outlet: ClientOutlet,
) {
    let Some(certificate) = certify(&outer, &target) else {
        tracing::error!(%target, "no host certificate could be made for a jump");
        outlet.deliver(Crossing::Close).await;
        return;
    };
    let inner = outer.inner();
    let config = Arc::new(config(&outer.options, Some(certificate)));
    let (near, far) = duplex(4 * CHUNK);
    let (reader, writer) = split(far);
    let serving = inner.serve(near, config, Proof::Jump { who, target });
    // Dropping the far end tells the inner connection that its client is gone, and the other way round.
    tokio::join!(serving, carry(&feed, reader, writer, &mut outlet));
    outlet.deliver(Crossing::Close).await;
}

/// A certificate for the gateway's own key, in the target's name.
fn certify(outer: &Connection, target: &TargetName) -> Option<Certificate> {
    let (key, authority): (&PrivateKey, &HostCa) = (&outer.options.host_key, &outer.options.host_ca);
    let now = outer.road.now().seconds();
    let (mut nonce, mut serial) = ([0; NONCE], [0; 8]);
    rand::fill(&mut nonce).ok()?;
    rand::fill(&mut serial).ok()?;
    let content = HostCertificate {
        principals: &[target.as_str()],
        valid_after: now.saturating_sub(SKEW),
        valid_before: now + VALID,
        serial: u64::from_le_bytes(serial),
        nonce,
    };
    authority.sign(key.public_key(), &content).ok()
}

async fn carry(
    feed: &Feed,
    reader: ReadHalf<DuplexStream>,
    writer: WriteHalf<DuplexStream>,
    outlet: &mut ClientOutlet,
) {
    let mut signs = feed.signs();
    tokio::select! {
        () = carry_out(reader, outlet) => {}
        () = closed(&mut signs) => {}
        never = async {
            carry_in(feed, writer).await;
            std::future::pending::<()>().await
        } => never,
    }
}

async fn carry_in(feed: &Feed, mut writer: WriteHalf<DuplexStream>) {
    loop {
        match feed.spool.take().await {
            Ok(Crossing::Data(_, bytes)) => {
                if writer.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Ok(Crossing::Eof | Crossing::Close) | Err(_) => {
                let _ = writer.shutdown().await;
                return;
            }
            Ok(_) => {}
        }
    }
}

async fn carry_out(mut reader: ReadHalf<DuplexStream>, outlet: &mut ClientOutlet) {
    let mut chunk = bytes::BytesMut::new();
    loop {
        chunk.reserve(CHUNK);
        match reader.read_buf(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        if !outlet.deliver(Crossing::Data(Stream::Plain, chunk.split().freeze())).await {
            return;
        }
    }
    outlet.deliver(Crossing::Eof).await;
}
