//! Figures: `cargo test --release -p gateway --test ssh -- --ignored --nocapture sftp::figures`.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::super::bastion::Bastion;

const MEBIBYTES: usize = 200;

/// The `sftp` that takes the same way as this `ssh`.
fn sftp_over(ssh: &Command) -> Command {
    let ssh = ssh.as_std();
    let mut wrapped = Command::new("sftp");
    let words: Vec<_> = ssh.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let (place, options) = words.split_last().unwrap();
    let at = options.iter().position(|word| word == "-l").unwrap();
    let user = &options[at + 1];
    let port = options.iter().position(|word| word == "-p").unwrap();
    let kept = options.iter().enumerate().filter(|(n, _)| ![at, at + 1, port, port + 1].contains(n));
    wrapped.args(kept.map(|(_, word)| word)).args(["-q", "-P", &options[port + 1], "-b", "-"]);
    wrapped.arg(format!("{user}@{place}"));
    wrapped.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
    wrapped
}

async fn seconds(ssh: &Command, line: &str) -> f64 {
    let begun = Instant::now();
    let mut child = sftp_over(ssh).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes()).await.unwrap();
    assert!(child.wait().await.unwrap().success(), "{line}");
    begun.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures; run it alone and in release mode"]
async fn two_hundred_mebibytes_beside_a_direct_transfer() {
    let bastion = Bastion::start().await;
    let at = |name: &str| bastion.dir.path().join(name).display().to_string();
    let (near, far, back) = (at("near"), at("far"), at("back"));
    std::fs::write(&near, vec![0x5a; MEBIBYTES << 20]).unwrap();
    let (direct, gateway) = (bastion.direct(), bastion.ssh(&bastion.web()));
    for (name, line) in [("put", format!("put {near} {far}")), ("get", format!("get {far} {back}"))] {
        let (alone, through) = (seconds(&direct, &line).await, seconds(&gateway, &line).await);
        println!(
            "sftp {name} {MEBIBYTES} MiB: direct {alone:.2} s, gateway {through:.2} s, {:.2} times",
            through / alone
        );
    }
    assert_eq!(std::fs::read(&back).unwrap().len(), MEBIBYTES << 20);
    let listing = format!("ls -l {}", Path::new(&near).parent().unwrap().display());
    let (alone, through) = (seconds(&direct, &listing).await, seconds(&gateway, &listing).await);
    println!("sftp ls: direct {:.0} ms, gateway {:.0} ms", alone * 1e3, through * 1e3);
}
