//! Both directions of a connection: bytes pass as they come, each side waits for the other, and only their number is kept.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use access::Forwarding;
use access::model::Outcome;
use access::policy::Destination;
use access::recording::SessionEvent;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::time::{Instant, sleep};

use super::visit::Visit;
use crate::scribe::Scribe;

/// Bytes of one direction that are here at once; besides them each side's TLS holds some records.
const BUFFER: usize = 16 << 10;

/// How often it is taken down how much has crossed, while something does.
const EVERY: Duration = Duration::from_secs(10);

/// How much has crossed so far.
#[derive(Default)]
struct Crossed {
    to_target: AtomicU64,
    to_client: AtomicU64,
}

impl Crossed {
    fn now(&self) -> (u64, u64) {
        (self.to_target.load(Ordering::Relaxed), self.to_client.load(Ordering::Relaxed))
    }
}

/// Carries until both directions have ended, one of them is broken, nothing has crossed for too long, or the session ends.
pub(super) async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    visit: &mut Visit,
    server: &mut S,
    to: &Destination,
) -> Outcome {
    let (began, crossed) = (Instant::now(), Crossed::default());
    let idle = visit.reception.options.target_idle;
    let Visit { stream, early, ends, scribe, .. } = visit;
    let outcome = tokio::select! {
        relayed = both(stream, server, early, &crossed) => relayed.map_or(Outcome::Lost, |()| Outcome::Finished),
        outcome = taken_down(scribe, &crossed, idle) => outcome,
        outcome = ends.over() => outcome,
    };
    let (to_target, to_client) = crossed.now();
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let to = Forwarding::Tcp(to.clone()).to_string();
    let told = visit.note(&SessionEvent::Forwarded { to, to_target, to_client, milliseconds }).await;
    told.err().unwrap_or(outcome)
}

/// An error as soon as one direction is broken: a stream that was cut must not look to the other side like one that has ended.
async fn both<C, S>(client: &mut C, server: &mut S, early: &[u8], crossed: &Crossed) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from_client, mut to_client) = split(client);
    let (mut from_server, mut to_server) = split(server);
    let inward = async {
        deliver(&mut to_server, early, &crossed.to_target).await?;
        pass(&mut from_client, &mut to_server, &crossed.to_target).await
    };
    tokio::try_join!(inward, pass(&mut from_server, &mut to_client, &crossed.to_client)).map(drop)
}

/// One direction. Its end is passed on, and the other one goes on.
async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    crossed: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        deliver(to, buffer.get(..read).unwrap_or_default(), crossed).await?;
    }
}

async fn deliver(
    to: &mut (impl AsyncWrite + Unpin),
    mut bytes: &[u8],
    crossed: &AtomicU64,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = to.write(bytes).await?;
        crossed.fetch_add(written as u64, Ordering::Relaxed);
        bytes = bytes.get(written..).unwrap_or_default();
    }
    to.flush().await
}

/// Takes down now and then how much has crossed, so that a crash leaves more than nothing. Returns when that cannot be
/// recorded, or when nothing has crossed for too long.
async fn taken_down(scribe: &mut Scribe, crossed: &Crossed, idle: Duration) -> Outcome {
    let (mut known, mut since) = (crossed.now(), Instant::now());
    loop {
        sleep(EVERY.min(idle)).await;
        let (to_target, to_client) = crossed.now();
        if (to_target, to_client) != known {
            (known, since) = ((to_target, to_client), Instant::now());
            if !scribe.note(&SessionEvent::Crossed { to_target, to_client }).await {
                return Outcome::RecordingFailed;
            }
        } else if since.elapsed() >= idle {
            return Outcome::Ended;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{DuplexStream, duplex};

    use super::*;

    const SMALL: usize = 1 << 10;

    fn ends() -> (DuplexStream, DuplexStream, DuplexStream, DuplexStream) {
        let ((client, near), (far, server)) = (duplex(SMALL), duplex(SMALL));
        (client, near, far, server)
    }

    #[tokio::test]
    async fn each_direction_ends_by_itself_and_all_is_counted() {
        let (mut client, mut near, mut far, mut server) = ends();
        let crossed = Crossed::default();
        let relaying = both(&mut near, &mut far, b"early ", &crossed);
        let talking = async {
            client.write_all(b"question").await.unwrap();
            client.shutdown().await.unwrap();
            let mut heard = String::new();
            server.read_to_string(&mut heard).await.unwrap();
            assert_eq!(heard, "early question");
            // The client has said all; the server has not.
            server.write_all(b"an answer").await.unwrap();
            server.shutdown().await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer, "an answer");
        };
        let (relayed, ()) = tokio::join!(relaying, talking);
        relayed.unwrap();
        assert_eq!(crossed.now(), (14, 9));
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_stops_the_writer() {
        let (mut client, mut near, mut far, _server) = ends();
        let crossed = Crossed::default();
        let writing = async {
            let mut written = 0;
            while let Ok(more) =
                tokio::time::timeout(Duration::from_millis(50), client.write(&[7; SMALL])).await
            {
                written += more.unwrap();
            }
            written
        };
        let written = tokio::select! {
            _ = both(&mut near, &mut far, b"", &crossed) => panic!("it is not over"),
            written = writing => written,
        };
        assert!(written <= BUFFER + 4 * SMALL, "{written} bytes wait");
        assert_eq!(crossed.now().0, SMALL as u64);
    }

    #[tokio::test]
    async fn a_stream_that_breaks_breaks_the_other_one() {
        let (client, mut near, mut far, mut server) = ends();
        drop(client);
        let crossed = Crossed::default();
        server.write_all(b"to nobody").await.unwrap();
        assert!(both(&mut near, &mut far, b"", &crossed).await.is_err());
    }
}
