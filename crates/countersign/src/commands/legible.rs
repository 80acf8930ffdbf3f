//! What a replay tells in lines, since no terminal showed it: a file that was transferred, a statement and what came of it,
//! how much has crossed a connection.

use std::collections::BTreeSet;

use access::recording::{Direction, Frame, Kind, RecordingError, SessionEvent};

/// The frames, with a notice for each file that was transferred and each statement, without the packets around them.
pub fn legible(
    frames: impl Iterator<Item = Result<Frame, RecordingError>>,
) -> impl Iterator<Item = Result<Frame, RecordingError>> {
    let mut speaking = BTreeSet::new();
    frames.filter_map(move |frame| match frame {
        Ok(frame) => shown(frame, &mut speaking).map(Ok),
        failed => Some(failed),
    })
}

/// `speaking`: the channels that speak SFTP.
fn shown(mut frame: Frame, speaking: &mut BTreeSet<u32>) -> Option<Frame> {
    match frame.event() {
        Some(SessionEvent::Subsystem { name }) if name == "sftp" => {
            speaking.insert(frame.channel);
        }
        Some(event) => {
            if let Some(line) = line(&event) {
                (frame.kind, frame.direction, frame.bytes) = (Kind::Notice, Direction::Gateway, line.into());
            }
        }
        None if frame.kind == Kind::Data && speaking.contains(&frame.channel) => return None,
        None => {}
    }
    Some(frame)
}

fn line(event: &SessionEvent) -> Option<String> {
    let line = match event {
        SessionEvent::FileTransferred { path, direction, bytes, sha256, partial, .. } => {
            let digest = if *partial { "partial".to_owned() } else { format!("sha256:{sha256}") };
            format!("{direction:<8}  {bytes:>12} bytes  {digest}  {path}")
        }
        SessionEvent::Statement { act, text, parameters, verdict, runs_as } => {
            let account = if runs_as.is_empty() { String::new() } else { format!(" as {runs_as}") };
            format!("#{act}  {verdict}{account}  {}{}", harmless(text), values(parameters))
        }
        SessionEvent::StatementMore { act, text, parameters } => {
            format!("#{act}  …  {}{}", harmless(text), values(parameters))
        }
        SessionEvent::StatementBehind { act, name, text } => {
            format!("#{act}  {name:?} is  {}", harmless(text))
        }
        SessionEvent::StatementDone { act, tag, error, microseconds } => {
            let came = if error.is_empty() { harmless(tag) } else { format!("ERROR {}", harmless(error)) };
            format!("#{act}  {came}  ({}.{:03} ms)", microseconds / 1000, microseconds % 1000)
        }
        SessionEvent::StatementData { act, direction, count, bytes, sha256 } => {
            let digest = if sha256.is_empty() { String::new() } else { format!("  sha256:{sha256}") };
            format!("#{act}  {direction}  {count} rows  {bytes} bytes{digest}")
        }
        SessionEvent::Forwarded { to, to_target, to_client, milliseconds } => {
            let lasted = format!("{}.{:03} s", milliseconds / 1000, milliseconds % 1000);
            format!("{to}  {to_target} bytes to it, {to_client} bytes from it  ({lasted})")
        }
        SessionEvent::Crossed { to_target, to_client } => {
            format!("so far  {to_target} bytes to the target, {to_client} bytes from it")
        }
        _ => return None,
    };
    Some(line + "\r\n")
}

fn values(parameters: &[Option<String>]) -> String {
    let shown = parameters.iter().map(|value| match value {
        Some(value) => format!("\r\n      = {}", harmless(value)),
        None => "\r\n      = NULL".to_owned(),
    });
    shown.collect()
}

/// Text of a client's or server's, which must not steer the terminal of whoever reads it.
fn harmless(text: &str) -> String {
    let shown = text.chars().map(|c| match c {
        '\n' => "\r\n      ".to_owned(),
        '\t' => "    ".to_owned(),
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use access::recording::SessionId;

    use super::*;

    fn frames(events: &[SessionEvent]) -> Vec<Frame> {
        let frame = |event| Frame::of_event(SessionId([1; 16]), 3, 1, Direction::Gateway, event);
        events.iter().map(frame).collect()
    }

    #[test]
    fn packets_are_left_out_and_transfers_are_told() {
        let transferred = SessionEvent::FileTransferred {
            file: 1,
            path: "/srv/a".into(),
            direction: "download".into(),
            bytes: 12,
            sha256: "ab".into(),
            partial: false,
        };
        let mut all = frames(&[SessionEvent::Subsystem { name: "sftp".into() }, transferred]);
        let packet = Frame { kind: Kind::Data, bytes: "packet".into(), ..all[0].clone() };
        let elsewhere = Frame { channel: 4, ..packet.clone() };
        all.extend([packet, elsewhere.clone()]);
        let left: Vec<_> = legible(all.into_iter().map(Ok)).map(Result::unwrap).collect();
        assert_eq!(left.len(), 3);
        assert_eq!(left[1].kind, Kind::Notice);
        assert_eq!(left[1].bytes, "download            12 bytes  sha256:ab  /srv/a\r\n");
        assert_eq!(left[2], elsewhere);
    }

    #[test]
    fn statements_are_told_and_steer_no_terminal() {
        let all = frames(&[
            SessionEvent::Statement {
                act: 4,
                text: "SELECT '\u{1b}[2J',\n$1".into(),
                parameters: vec![Some("a\u{7}".into()), None],
                verdict: "allow".into(),
                runs_as: String::new(),
            },
            SessionEvent::StatementBehind {
                act: 4,
                name: "a\u{1b}".into(),
                text: "DELETE\u{7}\nFROM t".into(),
            },
            SessionEvent::StatementData {
                act: 4,
                direction: "to-client".into(),
                count: 1,
                bytes: 9,
                sha256: String::new(),
            },
            SessionEvent::StatementDone {
                act: 4,
                tag: "SELECT 1".into(),
                error: String::new(),
                microseconds: 1204,
            },
            SessionEvent::StatementDone {
                act: 5,
                tag: String::new(),
                error: "22012".into(),
                microseconds: 7,
            },
        ]);
        let told: Vec<_> = legible(all.into_iter().map(Ok)).map(|frame| frame.unwrap().bytes).collect();
        let told = String::from_utf8(told.concat()).unwrap();
        let lines = [
            "#4  allow  SELECT '\\u{1b}[2J',",
            "      $1",
            "      = a\\u{7}",
            "      = NULL",
            "#4  \"a\\u{1b}\" is  DELETE\\u{7}",
            "      FROM t",
            "#4  to-client  1 rows  9 bytes",
            "#4  SELECT 1  (1.204 ms)",
            "#5  ERROR 22012  (0.007 ms)",
        ];
        assert_eq!(told, lines.map(|line| format!("{line}\r\n")).concat());
    }
}
