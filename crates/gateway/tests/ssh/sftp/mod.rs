//! SFTP packets by hand, through the gateway, against OpenSSH's server.

mod attacks;
mod figures;

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

use super::bastion::{Bastion, text};

const READ: u32 = 1;
const WRITE: u32 = 2;
const CREATE: u32 = 8;
const TRUNCATE: u32 = 16;

const STATUS: u8 = 101;
const HANDLE: u8 = 102;
const DATA: u8 = 103;

/// A client that sends what no client would.
struct Raw {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    number: u32,
}

/// An answer: its type, its number, and the fields behind.
#[derive(Debug)]
struct Reply {
    kind: u8,
    number: u32,
    fields: Vec<u8>,
}

impl Reply {
    /// The code of a status.
    fn code(&self) -> Option<u32> {
        (self.kind == STATUS).then(|| u32::from_be_bytes(self.fields[..4].try_into().unwrap()))
    }

    /// The first string.
    fn string(&self) -> Vec<u8> {
        let length = u32::from_be_bytes(self.fields[..4].try_into().unwrap()) as usize;
        self.fields[4..4 + length].to_vec()
    }
}

fn string(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

/// A packet with its length.
fn packet(kind: u8, fields: &[u8]) -> Vec<u8> {
    [&(fields.len() as u32 + 1).to_be_bytes()[..], &[kind], fields].concat()
}

impl Raw {
    /// With no packet sent yet.
    async fn connect(bastion: &Bastion, user: &str) -> Self {
        let mut ssh = bastion.ssh(user);
        let mut child = ssh.args(["-s", "sftp"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        Self { child, stdin, stdout, number: 0 }
    }

    /// After both sides have said their version.
    async fn open(bastion: &Bastion, user: &str) -> Self {
        let mut raw = Self::connect(bastion, user).await;
        raw.send(&packet(1, &3u32.to_be_bytes())).await;
        let version = raw.receive().await.expect("a version");
        assert_eq!((version.kind, version.number), (2, 3));
        raw
    }

    async fn send(&mut self, bytes: &[u8]) {
        // What does not arrive is seen by what is not answered.
        let _ = self.stdin.as_mut().unwrap().write_all(bytes).await;
    }

    /// Sends a request under a number of its own, which is returned.
    async fn request(&mut self, kind: u8, fields: &[u8]) -> u32 {
        self.number += 1;
        let number = self.number;
        self.send(&packet(kind, &[&number.to_be_bytes(), fields].concat())).await;
        number
    }

    async fn ask(&mut self, kind: u8, fields: &[u8]) -> Reply {
        let number = self.request(kind, fields).await;
        let reply = self.receive().await.expect("an answer");
        assert_eq!(reply.number, number);
        reply
    }

    async fn open_file(&mut self, path: &str, flags: u32) -> Reply {
        self.ask(3, &[string(path), flags.to_be_bytes().to_vec(), vec![0; 4]].concat()).await
    }

    async fn read(&mut self, handle: &[u8], offset: u64, length: u32) -> Reply {
        self.ask(5, &[string(handle), offset.to_be_bytes().to_vec(), length.to_be_bytes().to_vec()].concat())
            .await
    }

    async fn write(&mut self, handle: &[u8], offset: u64, data: &[u8]) -> Reply {
        self.ask(6, &[string(handle), offset.to_be_bytes().to_vec(), string(data)].concat()).await
    }

    /// The next packet; none when the channel has ended.
    async fn receive(&mut self) -> Option<Reply> {
        let mut head = [0; 9];
        timeout(super::bastion::LIMIT, self.stdout.read_exact(&mut head))
            .await
            .expect("an answer in time")
            .ok()?;
        let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        let mut fields = vec![0; length - 5];
        self.stdout.read_exact(&mut fields).await.unwrap();
        Some(Reply { kind: head[4], number: u32::from_be_bytes(head[5..].try_into().unwrap()), fields })
    }

    /// Ends the input; returns the exit status and what the client was told.
    async fn finish(mut self) -> (Option<i32>, String) {
        drop(self.stdin.take());
        let rest = async move {
            let mut rest = Vec::new();
            self.stdout.read_to_end(&mut rest).await.unwrap();
            self.child.wait_with_output().await.unwrap()
        };
        let out = timeout(Duration::from_secs(60), rest).await.expect("the channel ends");
        (out.status.code(), text(&out.stderr))
    }
}
