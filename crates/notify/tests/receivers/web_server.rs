//! A web server that answers as a test tells it to, and remembers what it was asked.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How it answers one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// With this status, these headers and this body.
    Says(u16, &'static str, &'static str),
    /// With a byte a second, for ever.
    Drips,
    /// Never.
    Hangs,
}

pub const OK: Reply = Reply::Says(200, "", "{\"errcode\":0,\"code\":0}");

/// One request, as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        let same = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.headers.iter().find(same).map_or("", |(_, value)| value)
    }

    pub fn field(&self, name: &str) -> serde_json::Value {
        serde_json::from_str::<serde_json::Value>(&self.body).unwrap()[name].clone()
    }
}

/// A running server; it ends with the test's process.
pub struct WebServer {
    pub at: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
}

impl WebServer {
    /// Answers with those replies in turn, and then with [`OK`].
    pub fn start(replies: &[Reply]) -> Self {
        Self::on("127.0.0.1:0".parse().unwrap(), replies, None)
    }

    pub fn with_tls(config: Arc<ServerConfig>) -> Self {
        Self::on("127.0.0.1:0".parse().unwrap(), &[], Some(config))
    }

    pub fn on(at: SocketAddr, replies: &[Reply], tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(at).unwrap();
        let server = Self {
            at: listener.local_addr().unwrap(),
            asked: Arc::default(),
            replies: Arc::new(Mutex::new(replies.iter().cloned().collect())),
        };
        let (asked, replies) = (server.asked.clone(), server.replies.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (asked, replies, tls) = (asked.clone(), replies.clone(), tls.clone());
                thread::spawn(move || match tls {
                    None => answer(stream, &asked, &replies),
                    Some(tls) => answer(secured(stream, tls), &asked, &replies),
                });
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?key=t0ken", self.at)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The numbers of the requests that it was told about, in order.
    pub fn told(&self) -> Vec<i64> {
        self.asked().iter().map(|asked| asked.field("id").as_i64().unwrap()).collect()
    }
}

fn secured(stream: TcpStream, config: Arc<ServerConfig>) -> StreamOwned<ServerConnection, TcpStream> {
    StreamOwned::new(ServerConnection::new(config).unwrap(), stream)
}

fn answer(stream: impl Read + Write, asked: &Mutex<Vec<Asked>>, replies: &Mutex<VecDeque<Reply>>) {
    let mut stream = BufReader::new(stream);
    // A client that leaves in the middle has asked nothing.
    let Some(request) = read(&mut stream) else { return };
    asked.lock().unwrap().push(request);
    let reply = replies.lock().unwrap().pop_front().unwrap_or(OK);
    let _ = say(stream.get_mut(), &reply);
}

fn read(stream: &mut BufReader<impl Read>) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header =
        |line: &String| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers: Vec<_> = lines.iter().skip(1).filter_map(header).collect();
    let mut asked = Asked { line: lines.first()?.clone(), headers, body: String::new() };
    let length = asked.header("content-length").parse().ok()?;
    stream.take(length).read_to_string(&mut asked.body).ok()?;
    Some(asked)
}

fn say(stream: &mut impl Write, reply: &Reply) -> std::io::Result<()> {
    match reply {
        Reply::Says(status, headers, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
            )?;
            stream.flush()
        }
        Reply::Hangs => {
            thread::sleep(Duration::from_secs(600));
            Ok(())
        }
        Reply::Drips => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nX-Long: ")?;
            loop {
                stream.write_all(b"x")?;
                stream.flush()?;
                thread::sleep(Duration::from_secs(1));
            }
        }
    }
}
