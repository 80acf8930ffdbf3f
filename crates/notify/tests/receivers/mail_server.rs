//! A mail server that takes letters, over TLS when it is told to, and refuses when it is told to.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How the server behaves.
#[derive(Clone, Default)]
pub struct Manners {
    /// Offers STARTTLS with this.
    pub tls: Option<Arc<ServerConfig>>,
    /// Says this to every recipient instead of 250.
    pub refusal: Option<&'static str>,
    /// Says nothing at all.
    pub hangs: bool,
}

/// One letter: the conversation's commands, and its text.
#[derive(Clone, Debug, Default)]
pub struct Letter {
    pub commands: Vec<String>,
    pub text: String,
    pub over_tls: bool,
}

/// A running server; it ends with the test's process.
pub struct MailServer {
    pub at: SocketAddr,
    letters: Arc<Mutex<Vec<Letter>>>,
}

impl MailServer {
    pub fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { at: listener.local_addr().unwrap(), letters: Arc::default() };
        let letters = server.letters.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (manners, letters) = (manners.clone(), letters.clone());
                thread::spawn(move || greet(stream, &manners, &letters));
            }
        });
        server
    }

    /// Every conversation, also those without a letter.
    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }
}

fn greet(mut stream: TcpStream, manners: &Manners, letters: &Mutex<Vec<Letter>>) {
    if manners.hangs {
        thread::sleep(Duration::from_secs(600));
    }
    let _ = stream.write_all(b"220 test\r\n");
    let mut letter = Letter::default();
    let wants_tls = talk(&mut stream, manners, &mut letter);
    if let (true, Some(tls)) = (wants_tls, &manners.tls) {
        letter.over_tls = true;
        let connection = ServerConnection::new(tls.clone()).unwrap();
        talk(&mut StreamOwned::new(connection, stream), manners, &mut letter);
    }
    letters.lock().unwrap().push(letter);
}

/// Talks until the client leaves. `true`: it wants to go on over TLS.
fn talk(stream: &mut (impl Read + Write), manners: &Manners, letter: &mut Letter) -> bool {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        let command = line.trim_end().to_owned();
        letter.commands.push(command.clone());
        let answer = match command.split(' ').next().unwrap_or_default() {
            "EHLO" if manners.tls.is_some() && !letter.over_tls => "250-test\r\n250 STARTTLS",
            "EHLO" => "250-test\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "RCPT" => manners.refusal.unwrap_or("250 ok"),
            "DATA" => "354 go on",
            "STARTTLS" => "220 go on",
            _ => "250 ok",
        };
        let _ = write!(stream.get_mut(), "{answer}\r\n").and_then(|()| stream.get_mut().flush());
        match command.as_str() {
            "STARTTLS" => return true,
            "QUIT" => return false,
            "DATA" => letter.text = read_text(&mut stream),
            _ => {}
        }
    }
}

fn read_text(stream: &mut BufReader<impl Read + Write>) -> String {
    let mut text = String::new();
    while !text.ends_with("\r\n.\r\n") && stream.read_line(&mut text).unwrap_or(0) > 0 {}
    let _ = stream.get_mut().write_all(b"250 taken\r\n").and_then(|()| stream.get_mut().flush());
    text
}
