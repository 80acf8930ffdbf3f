//! Forwarding from a session: judged, opened from the target, relayed, counted, and bounded.

use std::net::IpAddr;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use access::recording::{Direction, SessionEvent};
use gateway::SshOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::process::{Child, Command};

use super::bastion::{Bastion, eventually, free_port, output, text};

/// Lets operations engineers forward to some ports, whatever the target.
const PERMIT: &str = r#"
@id("ops-forward")
permit (principal in Group::"ops", action == Action::"forward", resource)
when { context.port > 1023 && context.host == "127.0.0.1" };
@id("ops-forward-unix")
permit (principal in Group::"ops", action == Action::"forward-unix", resource)
when { context.host like "*/permitted.sock" };
"#;

/// The same once two leads have signed.
const QUORUM: &str = r#"
@id("ops-forward")
permit (principal in Group::"ops", action == Action::"forward", resource);
@id("forward-needs-two")
@description("Forwarding needs two database leads")
forbid (principal, action == Action::"forward", resource)
unless { context.quorums.contains(Quorum::"two-dba-leads") };
"#;

/// As if the target, which is on this machine, were on another.
fn elsewhere(options: &mut SshOptions) {
    options.is_own = |_: IpAddr| false;
}

/// A service on the target that answers each line with `echo `.
async fn service() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
                let _ = writer.write_all(b"bye").await;
            });
        }
    });
    port
}

fn to_web(bastion: &Bastion, options: &[&str]) -> Command {
    let mut ssh = bastion.client("ssh", "alice");
    ssh.args(options).args(["-p", &bastion.port.to_string(), "-l", &bastion.web(), "127.0.0.1"]);
    ssh
}

async fn through(bastion: &Bastion, place: &str) -> Output {
    output(&mut to_web(bastion, &["-W", place])).await
}

/// Sends through a forwarded port, ends, and returns everything that comes back.
async fn exchange(port: u16, sent: &[u8]) -> Vec<u8> {
    let mut stream = connect(port).await;
    let (mut reader, mut writer) = stream.split();
    let send = async {
        let _ = writer.write_all(sent).await;
        let _ = writer.shutdown().await;
    };
    let mut received = Vec::new();
    let (_, read) = tokio::join!(send, reader.read_to_end(&mut received));
    let _ = read;
    received
}

async fn connect(port: u16) -> TcpStream {
    for _ in 0..300 {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await {
            return stream;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody listens on {port}")
}

fn forwarder(bastion: &Bastion, to: &str) -> (Child, u16) {
    let port = free_port();
    let child = to_web(bastion, &["-N", "-L", &format!("{port}:{to}")]).spawn().unwrap();
    (child, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permitted_forward_carries_bytes_and_ends_both_ways() {
    let bastion = Bastion::start_under(PERMIT, elsewhere).await;
    let (_ssh, port) = forwarder(&bastion, &format!("127.0.0.1:{}", service().await));
    let sent: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let received = exchange(port, &sent).await;
    assert_eq!(received.len(), sent.len() + 3);
    assert!(received.starts_with(&sent) && received.ends_with(b"bye"));
    let ledger = bastion.ledger();
    assert!(ledger.contains("act: \"forward\"") && ledger.contains("verdict: \"allow\""), "{ledger}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_crossed_is_recorded_with_its_counts() {
    let mut bastion = Bastion::start_under(PERMIT, elsewhere).await;
    let to = format!("127.0.0.1:{}", service().await);
    let (mut ssh, port) = forwarder(&bastion, &to);
    assert_eq!(exchange(port, b"hello").await, b"hellobye");
    ssh.kill().await.unwrap();
    bastion.stop().await;
    let frames = bastion.frames();
    let events: Vec<_> = frames.iter().filter_map(|frame| frame.event()).collect();
    assert!(events.contains(&SessionEvent::Forward { to: to.clone() }), "{events:?}");
    let counted = |event: &SessionEvent| matches!(event, SessionEvent::Forwarded { to: led, to_target: 5, to_client: 8, .. } if *led == to);
    assert!(events.iter().any(counted), "{events:?}");
    let content = |direction| {
        let data = frames.iter().filter(|frame| frame.direction == direction && frame.event().is_none());
        data.flat_map(|frame| frame.bytes.to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(content(Direction::ToTarget), b"hello");
    assert_eq!(content(Direction::ToClient), b"hellobye");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_without_channels_is_on_the_record_at_once() {
    let bastion = Bastion::start().await;
    let _ssh = to_web(&bastion, &["-N"]).spawn().unwrap();
    eventually("the session", || bastion.ledger().contains("SessionOpen")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_policy_does_not_name_is_refused_with_the_rule() {
    let bastion = Bastion::start_under(PERMIT, elsewhere).await;
    for place in ["127.0.0.1:80", "localhost:8080", "[::1]:8080", "db:5432"] {
        let out = through(&bastion, place).await;
        let told = text(&out.stderr);
        assert!(out.stdout.is_empty() && told.contains("administratively prohibited"), "{place}: {told}");
        assert!(told.contains("(default)") && told.contains("Ask the owners"), "{place}: {told}");
    }
    let ledger = bastion.ledger();
    assert_eq!(ledger.matches("act: \"forward\"").count(), 4, "{ledger}");
    assert_eq!(bastion.target_connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn spellings_are_judged_as_the_address_that_they_are() {
    let bastion = Bastion::start_under(PERMIT, elsewhere).await;
    let port = service().await;
    for host in ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "[::ffff:127.0.0.1]"] {
        let out = through(&bastion, &format!("{host}:{port}")).await;
        assert_eq!(text(&out.stdout), "bye", "{host}: {}", text(&out.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_policy_permits_metadata_link_local_or_unspecified_addresses() {
    let everything = r#"@id("all") permit (principal, action == Action::"forward", resource);"#;
    let bastion = Bastion::start_under(everything, elsewhere).await;
    for host in [
        "169.254.169.254",
        "2852039166",
        "0xa9.254.43518",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "Metadata.Google.Internal.",
        "0.0.0.0",
        "0",
        "[::]",
        "255.255.255.255",
        "224.0.0.1",
    ] {
        let out = through(&bastion, &format!("{host}:80")).await;
        let told = text(&out.stderr);
        assert!(out.stdout.is_empty() && told.contains("No policy can permit it"), "{host}: {told}");
    }
    let ledger = bastion.ledger();
    assert_eq!(ledger.matches("Refusal").count(), 14, "{ledger}");
    assert!(!ledger.contains("act: \"forward\""), "{ledger}");
    assert_eq!(bastion.target_connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_on_the_gateways_machine_is_no_way_back_to_it() {
    let everything =
        r#"@id("all") permit (principal, action in [Action::"forward", Action::"forward-unix"], resource);"#;
    let bastion = Bastion::start_under(everything, |_| ()).await;
    let port = service().await;
    for host in ["127.0.0.1", "127.9.9.9", "2130706433", "localhost", "[::1]", "anything.example"] {
        let out = through(&bastion, &format!("{host}:{port}")).await;
        let told = text(&out.stderr);
        assert!(out.stdout.is_empty() && told.contains("gateway's own machine"), "{host}: {told}");
    }
    let (socket, local) = (bastion.dir.path().join("permitted.sock"), bastion.dir.path().join("local.sock"));
    let _listener = UnixListener::bind(&socket).unwrap();
    let told = over_unix(&bastion, &local, &socket).await;
    assert!(told.contains("gateway's own machine"), "{told}");
    assert_eq!(bastion.target_connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_forward_is_told_on_the_session_and_opens_once_signed() {
    let bastion = Bastion::start_under(QUORUM, elsewhere).await;
    let (port, to) = (free_port(), service().await);
    let log = bastion.dir.path().join("told");
    let mut ssh = to_web(&bastion, &["-L", &format!("{port}:127.0.0.1:{to}")]);
    ssh.arg("sleep 600").stderr(std::fs::File::create(&log).unwrap());
    let _ssh = ssh.spawn().unwrap();
    eventually("a running command", || bastion.target_connections() > 0).await;
    let waiting = tokio::spawn(async move { exchange(port, b"hello").await });
    let told = || std::fs::read_to_string(&log).unwrap();
    eventually("the notice", || told().contains("HELD as request 1")).await;
    assert!(told().contains(&format!("127.0.0.1:{to}")), "{}", told());
    for lead in ["bob", "carol"] {
        super::held::approve(&bastion, lead, 1).await;
    }
    assert_eq!(waiting.await.unwrap(), b"hellobye");
    eventually("the names", || told().contains("approved by")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_forward_that_nobody_can_be_told_of_is_refused() {
    let bastion = Bastion::start_under(QUORUM, elsewhere).await;
    let out = through(&bastion, &format!("127.0.0.1:{}", service().await)).await;
    let told = text(&out.stderr);
    assert!(told.contains("needs the approval of other people") && told.contains("without -N"), "{told}");
    assert!(bastion.ledger().contains("RequestEnd"), "{}", bastion.ledger());
    assert_eq!(bastion.target_connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn forwards_of_one_session_are_bounded() {
    let bastion = Bastion::start_under(PERMIT, |options| {
        elsewhere(options);
        options.max_forwards = 2;
    })
    .await;
    let (_ssh, port) = forwarder(&bastion, &format!("127.0.0.1:{}", service().await));
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(port).await;
        stream.write_all(b"x").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
        open.push(stream);
    }
    assert!(exchange(port, b"one too many").await.is_empty());
    eventually("the entry", || bastion.ledger().contains("2 forwardings are open")).await;
    drop(open);
    eventually("places", || bastion.target_connections() < 2).await;
    assert_eq!(exchange(port, b"again").await, b"againbye");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_forward_is_closed_and_then_the_session_too() {
    let bastion = Bastion::start_under(PERMIT, |options| {
        elsewhere(options);
        options.idle_limit = Some(Duration::from_millis(1500));
    })
    .await;
    let (mut ssh, port) = forwarder(&bastion, &format!("127.0.0.1:{}", service().await));
    let mut stream = connect(port).await;
    stream.write_all(b"x").await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'x');
    let closed = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 8])).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))), "{closed:?}");
    let ended = tokio::time::timeout(Duration::from_secs(20), ssh.wait()).await;
    assert!(!ended.expect("the session goes on").unwrap().success());
    eventually("the end", || bastion.ledger().contains("SessionClose")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_is_told_apart_from_a_refusal() {
    let bastion = Bastion::start_under(PERMIT, elsewhere).await;
    let out = through(&bastion, &format!("127.0.0.1:{}", free_port())).await;
    let told = text(&out.stderr);
    assert!(told.contains("connect failed") && told.contains("web-1 does not connect"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dynamic_forwarding_is_judged_for_each_connection() {
    let bastion = Bastion::start_under(PERMIT, elsewhere).await;
    let (socks, to) = (free_port(), service().await);
    let _ssh = to_web(&bastion, &["-N", "-D", &socks.to_string()]).spawn().unwrap();
    let answer = async |port: u16| {
        let mut stream = connect(socks).await;
        let [high, low] = port.to_be_bytes();
        stream.write_all(&[4, 1, high, low, 127, 0, 0, 1, 0]).await.unwrap();
        stream.write_all(b"ping").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut received = Vec::new();
        let _ = stream.read_to_end(&mut received).await;
        received
    };
    assert!(answer(to).await.ends_with(b"pingbye"));
    assert!(answer(25).await.len() <= 8);
    let ledger = bastion.ledger();
    assert_eq!(ledger.matches("act: \"forward\"").count(), 2, "{ledger}");
    assert_eq!(ledger.matches("verdict: \"deny\"").count(), 1, "{ledger}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_is_reached_if_policy_names_its_path() {
    let bastion = Bastion::start_under(PERMIT, elsewhere).await;
    let local = bastion.dir.path().join("local.sock");
    for (name, reached) in [("permitted.sock", true), ("other.sock", false)] {
        let socket = bastion.dir.path().join(name);
        let listener = UnixListener::bind(&socket).unwrap();
        let answering = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"here").await.unwrap();
        });
        let told = over_unix(&bastion, &local, &socket).await;
        assert_eq!(told.contains("here"), reached, "{name}: {told}");
        answering.abort();
    }
    let ledger = bastion.ledger();
    assert_eq!(ledger.matches("act: \"forward-unix\"").count(), 2, "{ledger}");
}

/// What comes through a forwarded Unix socket, and what the client says about it.
async fn over_unix(bastion: &Bastion, local: &Path, there: &Path) -> String {
    let _ = std::fs::remove_file(local);
    let log = bastion.dir.path().join("over-unix");
    let forward = format!("{}:{}", local.display(), there.display());
    let mut ssh = to_web(bastion, &["-N", "-L", &forward]);
    let mut ssh = ssh.stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    eventually("the local socket", || local.exists()).await;
    let mut stream = tokio::net::UnixStream::connect(local).await.unwrap();
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    ssh.kill().await.unwrap();
    text(&received) + &std::fs::read_to_string(log).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forward_inside_a_jump_is_the_same() {
    let bastion = Bastion::start_under(PERMIT, elsewhere).await;
    let to = service().await;
    let mut ssh = super::jump::through(&bastion, &["-W", &format!("127.0.0.1:{to}")], "web-1");
    let out = output(&mut ssh).await;
    assert_eq!(text(&out.stdout), "bye", "{}", text(&out.stderr));
    let mut ssh = super::jump::through(&bastion, &["-W", "127.0.0.1:25"], "web-1");
    let out = output(&mut ssh).await;
    assert!(text(&out.stderr).contains("(default)"), "{}", text(&out.stderr));
}
