//! Measures the recorder: `cargo run --release -p recording --example throughput -- DIR [MIB]`.
//!
//! One bulk session of zeros, of text and of random bytes (from the first `record` until `close` has returned, so with
//! everything sealed), and the time of a lone keystroke until it is durable, quiet and beside a bulk session.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use recording::{
    Direction, Frame, Kind, NodeVault, Options, Recorder, RecordingError, SealedSegment, Sealing, SessionId,
    SessionRecorder,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

struct NoLedger;

impl Sealing for NoLedger {
    fn sealed(&self, _: &SealedSegment) -> Result<(), String> {
        Ok(())
    }
}

fn random(bytes: &mut [u8]) {
    if aws_lc_rs::rand::fill(bytes).is_err() {
        std::process::abort();
    }
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().ok_or("usage: throughput DIR [MIB]")?);
    let mib: usize = arguments.next().map_or(Ok(512), |text| text.parse())?;
    let mut noise = vec![0; 64 << 20];
    random(&mut noise);
    let text: Vec<u8> =
        (0..4_000_000).flat_map(|n: u64| format!("line {n}: {}\n", n * n % 977).into_bytes()).collect();
    for (what, bytes) in [("zeros", vec![0; 64 << 20]), ("text", text), ("random", noise)] {
        bulk(&dir.join(what), what, &Bytes::from(bytes), mib)?;
    }
    keystrokes(&dir.join("keys"), mib)
}

fn open(dir: &Path) -> Outcome<Recorder> {
    std::fs::create_dir_all(dir)?;
    let vault = Arc::new(NodeVault::new(&[1; 32], Arc::new(random)));
    let opened =
        Recorder::open(dir, Options::default(), vault, Arc::new(NoLedger), &|_| None, Arc::new(random))?;
    Ok(opened.0)
}

fn record(recording: &SessionRecorder, at_us: u64, bytes: Bytes) -> Receiver<Result<(), RecordingError>> {
    let (tell, answer) = channel();
    let frame = Frame {
        session: recording.session(),
        channel: 1,
        at_us,
        direction: Direction::ToClient,
        kind: Kind::Data,
        bytes,
    };
    recording.record(frame, Box::new(move |result| tell.send(result).unwrap_or(())));
    answer
}

/// Records `mib` MiB in frames of 32 KiB with at most 2 MiB under way, as a relay with a window does.
fn flood(recording: &SessionRecorder, bytes: &Bytes, mib: usize) -> Outcome<()> {
    const FRAME: usize = 32 << 10;
    let mut under_way = std::collections::VecDeque::new();
    for number in 0..mib << 5 {
        let start = number * FRAME % (bytes.len() / FRAME * FRAME);
        under_way.push_back(record(recording, number as u64, bytes.slice(start..start + FRAME)));
        if under_way.len() > 64 {
            under_way.pop_front().map_or(Ok(Ok(())), |answer| answer.recv())??;
        }
    }
    under_way.into_iter().try_for_each(|answer| Ok(answer.recv()??))
}

fn bulk(dir: &Path, what: &str, bytes: &Bytes, mib: usize) -> Outcome<()> {
    let recorder = open(dir)?;
    let recording = recorder.begin(SessionId([1; 16]))?;
    let begun = Instant::now();
    flood(&recording, bytes, mib)?;
    let durable = begun.elapsed();
    let totals = recording.close()?;
    let rate = |time: Duration| mib as f64 * 1.048_576 / time.as_secs_f64();
    println!(
        "{what:>6}: durable {:4.0} MB/s, sealed {:4.0} MB/s, {} segments",
        rate(durable),
        rate(begun.elapsed()),
        totals.segments
    );
    drop((recording, recorder));
    Ok(std::fs::remove_dir_all(dir)?)
}

fn keystrokes(dir: &Path, mib: usize) -> Outcome<()> {
    let recorder = open(dir)?;
    let typing = recorder.begin(SessionId([1; 16]))?;
    println!("  keys: quiet {}", latency(&typing)?);
    let transfer = recorder.begin(SessionId([2; 16]))?;
    let flooding = std::thread::spawn(move || flood(&transfer, &Bytes::from(vec![0; 1 << 20]), mib).is_ok());
    println!("  keys: beside a transfer {}", latency(&typing)?);
    flooding.join().map_err(|_| "the transfer failed")?;
    drop((typing, recorder));
    Ok(std::fs::remove_dir_all(dir)?)
}

fn latency(recording: &SessionRecorder) -> Outcome<String> {
    let mut times = Vec::new();
    for at in 0..200 {
        let begun = Instant::now();
        record(recording, at, Bytes::from_static(b"x")).recv()??;
        times.push(begun.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    times.sort();
    Ok(format!("median {:?}, 95 % within {:?}", times[100], times[190]))
}
