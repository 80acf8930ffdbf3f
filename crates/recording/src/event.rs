//! Channel requests and their outcomes in a form that both the gateway writes and an export reads.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::frame::Kind;

/// A request on a channel or its outcome (RFC 4254, section 6); JSON with the variant's name in `"event"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SessionEvent {
    /// A pseudo-terminal is wanted (`pty-req`).
    Pty {
        /// The `TERM` value.
        term: String,
        /// Width in characters.
        columns: u32,
        /// Height in characters.
        rows: u32,
        /// Width in pixels.
        #[serde(default)]
        width: u32,
        /// Height in pixels.
        #[serde(default)]
        height: u32,
    },
    /// The client's window has a new size (`window-change`).
    WindowChange {
        /// Width in characters.
        columns: u32,
        /// Height in characters.
        rows: u32,
        /// Width in pixels.
        #[serde(default)]
        width: u32,
        /// Height in pixels.
        #[serde(default)]
        height: u32,
    },
    /// An environment variable is to be set (`env`).
    Env {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A command is to be run (`exec`).
    Exec {
        /// The command as the client sent it.
        text: String,
    },
    /// A login shell is wanted (`shell`).
    Shell,
    /// A subsystem is wanted (`subsystem`).
    Subsystem {
        /// Its name, such as `sftp`.
        name: String,
    },
    /// A forwarding is wanted: on a channel of its own (`direct-tcpip`, `direct-streamlocal@openssh.com`) or with it.
    Forward {
        /// Where it leads, `host:port` or a path; or `forward-agent`, `forward-x11`.
        to: String,
    },
    /// A forwarding is over.
    Forwarded {
        /// Where it led.
        to: String,
        /// Bytes that the target received.
        to_target: u64,
        /// Bytes that the client received.
        to_client: u64,
        /// How long it was open.
        milliseconds: u64,
    },
    /// How much has crossed so far a connection whose bytes are counted and not kept.
    Crossed {
        /// Bytes that the target received.
        to_target: u64,
        /// Bytes that the client received.
        to_client: u64,
    },
    /// A signal for the program (`signal`).
    Signal {
        /// Its name without `SIG`.
        name: String,
    },
    /// The program has ended (`exit-status`).
    ExitStatus {
        /// Its exit status.
        status: u32,
    },
    /// A signal has ended the program (`exit-signal`).
    ExitSignal {
        /// Its name without `SIG`.
        name: String,
        /// Whether a core was dumped.
        core_dumped: bool,
        /// The message that the target sent.
        message: String,
    },
    /// A line was submitted in the managed shell.
    Line {
        /// As it was submitted.
        text: String,
        /// The shell's directory; empty before it is known.
        #[serde(default)]
        directory: String,
        /// `allow`, `hold` or `deny`; `own` for what the shell does itself.
        verdict: String,
    },
    /// A file was opened through SFTP; it has this number on this channel.
    FileOpened {
        /// The number.
        file: u32,
        /// Where it is on the target.
        path: String,
        /// It may be read.
        read: bool,
        /// It may be written.
        write: bool,
    },
    /// A piece of a file's content crosses; it stands here instead of the packet.
    FileContent {
        /// The file's number; 0 when there is no such file, and the piece does not reach the target.
        file: u32,
        /// Where in the file.
        offset: u64,
        /// How many bytes.
        length: u64,
        /// SHA-256 of the bytes, 64 hex digits.
        sha256: String,
        /// The bytes themselves are the next data frame of this channel and direction.
        kept: bool,
    },
    /// A file was closed: what crossed of it in one direction.
    FileTransferred {
        /// The file's number.
        file: u32,
        /// Where it was on the target when it was opened.
        path: String,
        /// `upload` or `download`.
        direction: String,
        /// How many bytes crossed.
        bytes: u64,
        /// SHA-256 of the whole content, 64 hex digits; empty if partial.
        sha256: String,
        /// Not the whole file crossed, or not once from beginning to end.
        partial: bool,
    },
    /// A statement, or several sent as one text, on a database connection; it has this number on it.
    Statement {
        /// The number.
        act: u64,
        /// The text.
        text: String,
        /// Values for `$1`, `$2`, …; text as it is, anything binary as `\\x` and hex digits; nothing is NULL.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<Option<String>>,
        /// `allow`, `hold` or `deny`.
        verdict: String,
        /// The account as which it runs, when that is another than the session's.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        runs_as: String,
    },
    /// More of a statement that is too long for one event.
    StatementMore {
        /// Its number.
        act: u64,
        /// What follows in the text.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
        /// The values that follow.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<Option<String>>,
    },
    /// What a statement executes: it was prepared under a name.
    StatementBehind {
        /// Its number.
        act: u64,
        /// The name.
        name: String,
        /// The text; what is too long for one event goes on in the next.
        text: String,
    },
    /// What came of a statement.
    StatementDone {
        /// Its number.
        act: u64,
        /// The server's word for it, such as `DELETE 3`; empty when it failed.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        tag: String,
        /// SQLSTATE of the error, if there was one.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        error: String,
        /// How long it took from its verdict on.
        microseconds: u64,
    },
    /// COPY data or rows that crossed for a statement.
    StatementData {
        /// Its number.
        act: u64,
        /// `to-server` or `to-client`.
        direction: String,
        /// Rows or messages.
        count: u64,
        /// Bytes in them.
        bytes: u64,
        /// SHA-256 of the contents one after the other, 64 hex digits.
        sha256: String,
    },
    /// The request before was granted.
    Granted,
    /// Something was refused.
    Refused {
        /// What was refused, such as `x11-req`.
        what: String,
        /// Why, in one line.
        why: String,
    },
}

impl SessionEvent {
    /// The kind of frame that carries this event.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::ExitStatus { .. } => Kind::ExitStatus,
            Self::ExitSignal { .. } => Kind::ExitSignal,
            Self::Granted | Self::Refused { .. } => Kind::Reply,
            _ => Kind::Request,
        }
    }

    /// The payload of a frame that carries this event.
    #[must_use]
    pub fn to_json(&self) -> Bytes {
        // Strings, integers and booleans only: serialising them cannot fail.
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// Reads a payload; `None` for anything but one event.
    #[must_use]
    pub fn from_json(payload: &[u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_of_an_event_is_the_documented_one() {
        let pty = SessionEvent::Pty { term: "xterm".into(), columns: 80, rows: 24, width: 0, height: 0 };
        let json = r#"{"event":"pty","term":"xterm","columns":80,"rows":24,"width":0,"height":0}"#;
        assert_eq!(pty.to_json(), json);
        assert_eq!(SessionEvent::Shell.to_json(), r#"{"event":"shell"}"#);
        assert_eq!(SessionEvent::from_json(json.as_bytes()), Some(pty));
        assert_eq!(SessionEvent::from_json(br#"{"event":"exec","text":"ls","x":1}"#), None);
    }
}
