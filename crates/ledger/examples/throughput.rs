//! Measures appends and verification on the disk that holds the given folder (default: the current one):
//! `cargo run --release -p ledger --example throughput -- FOLDER [ENTRIES]`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ledger::{Expected, Log, NoteSigner, verify};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// About the size of the records that the gateway writes.
const LEAF: usize = 200;

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or(".".to_owned()));
    let entries: usize = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let dir = tempfile::tempdir_in(folder)?;
    single_appends(&dir.path().join("single"))?;
    batches(&dir.path().join("batches"))?;
    verification(&dir.path().join("verification"), entries)
}

fn signer() -> Result<NoteSigner, ledger::Error> {
    NoteSigner::from_seed("log.example/throughput", [1; 32])
}

fn leaves(first: usize, count: usize) -> Vec<Vec<u8>> {
    (first..first + count).map(|number| number.to_be_bytes().repeat(LEAF / 8)).collect()
}

fn single_appends(dir: &Path) -> Outcome {
    let mut log = Log::create(dir, signer()?)?;
    let mut times = Vec::new();
    for number in 0..1000 {
        let start = Instant::now();
        log.append(&leaves(number, 1))?;
        times.push(start.elapsed());
    }
    report("append of 1", 1, &mut times);
    Ok(())
}

fn batches(dir: &Path) -> Outcome {
    let mut log = Log::create(dir, signer()?)?;
    let mut times = Vec::new();
    for number in 0..50 {
        let start = Instant::now();
        log.append(&leaves(1000 * number, 1000))?;
        times.push(start.elapsed());
    }
    report("append of 1000", 1000, &mut times);
    Ok(())
}

fn report(what: &str, entries: usize, times: &mut [Duration]) {
    times.sort_unstable();
    let total: f64 = times.iter().map(Duration::as_secs_f64).sum();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    let rate = (entries * times.len()) as f64 / total;
    println!("{what}: {rate:.0} entries/s; median {:?}, 99 % within {:?}", at(50), at(99));
}

fn verification(dir: &Path, entries: usize) -> Outcome {
    let mut log = Log::create(dir, signer()?)?;
    for first in (0..entries).step_by(20_000) {
        log.append(&leaves(first, 20_000.min(entries - first)))?;
    }
    let start = Instant::now();
    let verified = verify(dir, signer()?.verifier(), Expected::default(), &mut |_, _| Ok(()))?;
    let seconds = start.elapsed().as_secs_f64();
    let (rate, bytes) = (verified.size as f64 / seconds, verified.bytes as f64 / seconds / 1e6);
    println!("verify of {}: {seconds:.2} s, {rate:.0} entries/s, {bytes:.0} MB/s of entries", verified.size);
    let start = Instant::now();
    drop(log);
    let log = Log::open(dir, signer()?)?;
    println!("open of {}: {:?}", log.size(), start.elapsed());
    Ok(())
}
