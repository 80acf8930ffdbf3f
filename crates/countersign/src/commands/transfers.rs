//! SFTP channels in a replay: their packets are not for eyes, so each transfer is one line instead.

use std::collections::BTreeSet;

use access::recording::{Direction, Frame, Kind, RecordingError, SessionEvent};

/// The frames, with a notice for each file that was transferred and without the packets around it.
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
    let SessionEvent::FileTransferred { path, direction, bytes, sha256, partial, .. } = event else {
        return None;
    };
    let digest = if *partial { "partial".to_owned() } else { format!("sha256:{sha256}") };
    Some(format!("{direction:<8}  {bytes:>12} bytes  {digest}  {path}\r\n"))
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
}
