//! A receiver of notices on this machine: a small HTTP server that remembers what it was told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

use crate::bastion::Bastion;
use crate::running::{LIMIT, eventually};

/// What signs the notices of every receiver that [`Bastion::tell`] sets up.
pub const WEBHOOK_SECRET: &str = "s1gning-secret";
/// The part of its URL that nobody may see.
pub const WEBHOOK_TOKEN: &str = "t0ken";

/// See the module.
pub struct Webhook {
    told: Arc<Mutex<Vec<String>>>,
}

impl Webhook {
    /// Listens; one that does not answer takes every notice and leaves its sender waiting.
    pub fn start(port: u16, answers: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
        let told = Arc::<Mutex<Vec<String>>>::default();
        let seen = told.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = seen.clone();
                // A sender that is killed in the middle of a notice has told nothing.
                thread::spawn(move || hear(stream, &seen, answers));
            }
        });
        Self { told }
    }

    /// Every notice so far, in the order of arrival.
    pub fn bodies(&self) -> Vec<Value> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().map(|body| serde_json::from_str(body).expect("a notice is JSON")).collect()
    }

    /// Waits for a notice of that event.
    #[track_caller]
    pub fn until(&self, event: &str) -> Value {
        eventually(event, || self.bodies().into_iter().find(|body| body["event"] == event))
    }
}

fn hear(stream: TcpStream, told: &Mutex<Vec<String>>, answers: bool) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let (mut line, mut length) = (String::from("x"), 0);
    while !line.trim_end().is_empty() {
        line.clear();
        stream.read_line(&mut line).ok()?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim_end().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    told.lock().unwrap_or_else(PoisonError::into_inner).push(String::from_utf8(body).ok()?);
    match answers {
        true => stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok(),
        false => {
            thread::sleep(5 * LIMIT);
            None
        }
    }
}

impl Bastion {
    /// Starts again with these receivers: name, port and further lines of the configuration.
    #[track_caller]
    pub fn tell(&mut self, receivers: &[(&str, u16, &str)]) {
        self.stop();
        let secrets = self.node().join("secrets");
        let mut tables = String::new();
        for (name, port, more) in receivers {
            private(
                &secrets.join(format!("{name}.url")),
                &format!("http://127.0.0.1:{port}/{WEBHOOK_TOKEN}\n"),
            );
            private(&secrets.join(format!("{name}.secret")), &format!("{WEBHOOK_SECRET}\n"));
            tables += &format!(
                "\n[[notifications.receiver]]\nname = \"{name}\"\nkind = \"json\"\nurl_file = \"secrets/{name}.url\"\n\
                 secret_file = \"secrets/{name}.secret\"\n{more}\n"
            );
        }
        let config = self.node().join("countersign.toml");
        let text = std::fs::read_to_string(&config).expect("the configuration");
        std::fs::write(&config, text + &tables).expect("the configuration can be written");
        self.restart();
    }
}

fn private(file: &Path, content: &str) {
    std::fs::write(file, content).expect("a file");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("its mode");
}
