//! Webhooks: what arrives, who checks it, and every way in which it does not arrive.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use access::model::Timestamp;
use access::text::Language;
use notify::format::Format;
use notify::{Address, Failure, Hook, Secret, Transport as _};

use crate::authority::Authority;
use crate::memory::notice;
use crate::web_server::{Asked, Reply, WebServer};

const NOW: Timestamp = Timestamp(1_795_428_000_000_000);
const SECRET: &str = "the shared secret";

fn hook(format: Format, url: &str, authority: Option<&[u8]>) -> Hook {
    Hook::new(format, Address::parse(url).unwrap(), Some(Secret::new(SECRET)), authority).unwrap()
}

fn deliver(format: Format, url: &str) -> Result<(), Failure> {
    hook(format, url, None).deliver(&notice("leads", 42), Language::English, NOW)
}

fn delivered(format: Format) -> Asked {
    let server = WebServer::start(&[]);
    deliver(format, &server.url()).unwrap();
    server.asked().remove(0)
}

/// Runs a Python program that reads the secret, a text and a code, and says whether they fit.
fn python_agrees(program: &str, parts: &[&str]) {
    let mut python = Command::new("python3").arg("-c").arg(program).stdin(Stdio::piped()).spawn().unwrap();
    python.stdin.take().unwrap().write_all(parts.join("\0").as_bytes()).unwrap();
    assert!(python.wait().unwrap().success(), "{parts:?}");
}

#[test]
fn a_json_notice_arrives_with_a_signature_that_another_implementation_verifies() {
    let asked = delivered(Format::Json);
    assert_eq!(asked.line, "POST /hook?key=t0ken HTTP/1.1");
    assert_eq!(asked.header("content-type"), "application/json; charset=utf-8");
    assert_eq!((asked.field("id"), asked.field("request")), (42.into(), 42.into()));
    assert!(!asked.body.contains(SECRET) && !asked.body.contains("t0ken"));
    let program = "import sys,hmac,hashlib\nsecret,time,body,given=sys.stdin.read().split('\\0')\n\
        code=hmac.new(secret.encode(),(time+'.'+body).encode(),hashlib.sha256).hexdigest()\n\
        sys.exit(0 if hmac.compare_digest('v1='+code,given) else 1)";
    let (time, code) = (asked.header("x-countersign-timestamp"), asked.header("x-countersign-signature"));
    python_agrees(program, &[SECRET, time, &asked.body, code]);
}

#[test]
fn a_dingtalk_notice_is_signed_in_its_url_as_the_robot_checks_it() {
    let asked = delivered(Format::Dingtalk);
    let (_, query) = asked.line.split_once("/hook?key=t0ken&timestamp=").unwrap();
    let (time, rest) = query.split_once("&sign=").unwrap();
    let program = "import sys,hmac,hashlib,base64,urllib.parse\nsecret,time,given=sys.stdin.read().split('\\0')\n\
        code=hmac.new(secret.encode(),f'{time}\\n{secret}'.encode(),hashlib.sha256).digest()\n\
        sys.exit(0 if urllib.parse.quote_plus(base64.b64encode(code))==given else 1)";
    python_agrees(program, &[SECRET, time, rest.split(' ').next().unwrap()]);
}

#[test]
fn a_feishu_notice_is_signed_in_its_body_as_the_robot_checks_it() {
    let asked = delivered(Format::Feishu);
    let (time, code) = (asked.field("timestamp"), asked.field("sign"));
    let program = "import sys,hmac,hashlib,base64\nsecret,time,given=sys.stdin.read().split('\\0')\n\
        code=hmac.new(f'{time}\\n{secret}'.encode(),digestmod=hashlib.sha256).digest()\n\
        sys.exit(0 if base64.b64encode(code).decode()==given else 1)";
    python_agrees(program, &[SECRET, time.as_str().unwrap(), code.as_str().unwrap()]);
}

#[test]
fn wecom_and_slack_take_theirs() {
    assert_eq!(delivered(Format::Wecom).field("msgtype"), "text");
    assert_eq!(
        delivered(Format::Slack).field("text"),
        "Countersign: request 42 by alice waits for signatures"
    );
}

#[test]
fn a_receiver_that_fails_is_tried_again_and_one_that_refuses_is_told_apart() {
    for (status, rejected) in
        [(500, false), (503, false), (401, false), (404, false), (400, true), (413, true)]
    {
        let server = WebServer::start(&[Reply::Says(status, "", "")]);
        let failure = deliver(Format::Json, &server.url()).unwrap_err();
        assert_eq!((failure.why, failure.rejected), (format!("it answered HTTP {status}"), rejected));
    }
    let server = WebServer::start(&[Reply::Says(429, "Retry-After: 30\r\n", "")]);
    let failure = deliver(Format::Json, &server.url()).unwrap_err();
    assert_eq!(failure.retry_after, Some(Duration::from_secs(30)));
}

#[test]
fn a_robot_that_refuses_with_200_has_not_taken_it() {
    let server = WebServer::start(&[Reply::Says(200, "", "{\"errcode\":93000,\"errmsg\":\"t0ken\"}")]);
    let failure = deliver(Format::Wecom, &server.url()).unwrap_err();
    assert_eq!((failure.why.as_str(), failure.rejected), ("it answered errcode 93000", false));
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = WebServer::start(&[]);
    let location = format!("Location: {}\r\n", elsewhere.url()).leak();
    for status in [301, 302, 307, 308] {
        let server = WebServer::start(&[Reply::Says(status, location, "")]);
        assert_eq!(
            deliver(Format::Json, &server.url()).unwrap_err().why,
            format!("it answered HTTP {status}")
        );
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let long: &str = "x".repeat(1 << 20).leak();
    let server = WebServer::start(&[Reply::Says(200, "", long)]);
    assert_eq!(deliver(Format::Json, &server.url()).unwrap_err().why, "its answer is too long");
    for reply in [Reply::Hangs, Reply::Drips] {
        let (server, began) = (WebServer::start(&[reply]), Instant::now());
        assert_eq!(deliver(Format::Json, &server.url()).unwrap_err().why, "it did not answer in time");
        assert!(began.elapsed() < Duration::from_secs(25));
    }
}

#[test]
fn nobody_listening_is_a_failure_without_the_url() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let failure = deliver(Format::Json, &format!("http://{free}/t0ken")).unwrap_err();
    assert!(!failure.rejected && !failure.why.contains("t0ken"), "{failure}");
}

#[test]
fn tls_is_verified_against_the_configured_authority_alone() {
    let (ours, other) = (Authority::new(), Authority::new());
    let server = WebServer::with_tls(ours.server.clone());
    let url = format!("https://localhost:{}/hook", server.at.port());
    let told = |authority: Option<&[u8]>| {
        hook(Format::Json, &url, authority).deliver(&notice("leads", 42), Language::English, NOW)
    };
    told(Some(&ours.certificate)).unwrap();
    for stranger in [Some(&*other.certificate), None] {
        let failure = told(stranger).unwrap_err();
        assert!(failure.why.contains("TLS") || failure.why.contains("connection failed"), "{failure}");
    }
    assert_eq!(server.asked().len(), 1);
}
