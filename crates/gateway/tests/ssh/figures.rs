//! Figures, not verdicts: `cargo test --release -p gateway --test ssh -- --ignored --nocapture figures`.

use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::time::sleep;

use super::bastion::{Bastion, output, piped, resident, text};

const UP: &str = "head -c 1G /dev/zero | \"$@\" 'cat > /dev/null'";
const DOWN: &str = "\"$@\" 'head -c 1G /dev/zero' > /dev/null";

async fn seconds(script: &str, ssh: &Command) -> f64 {
    let begun = Instant::now();
    let out = output(&mut piped(script, ssh)).await;
    assert!(out.status.success(), "{}", text(&out.stderr));
    begun.elapsed().as_secs_f64()
}

/// The most memory while `work` runs.
async fn watched<T>(work: impl Future<Output = T>) -> (T, usize) {
    let mut most = resident();
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return (done, most),
            () = sleep(Duration::from_millis(50)) => most = most.max(resident()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures; run it alone and in release mode"]
async fn figures() {
    let bastion = Bastion::start().await;
    idle_sessions(&bastion).await;
    throughput(&bastion).await;
    let (direct, gateway) = (bastion.direct(), bastion.ssh(&bastion.web()));
    let many = "for i in $(seq 20); do \"$@\" true; done";
    let (alone, through) = (seconds(many, &direct).await / 20.0, seconds(many, &gateway).await / 20.0);
    println!("ssh true: direct {:.1} ms, gateway {:.1} ms", alone * 1e3, through * 1e3);
}

/// Measured first: later, freed memory of the transfers would hide it.
async fn idle_sessions(bastion: &Bastion) {
    assert!(bastion.run("true").await.status.success());
    let before = resident();
    let mut idle = Vec::new();
    for _ in 0..50 {
        idle.push(bastion.ssh(&bastion.web()).arg("sleep 100").spawn().unwrap());
        sleep(Duration::from_millis(150)).await;
    }
    super::bastion::eventually("all run", || bastion.target_connections() >= 50).await;
    sleep(Duration::from_secs(1)).await;
    println!("idle session: {} KiB (of 50)", (resident().saturating_sub(before)) / 50 / 1024);
}

async fn throughput(bastion: &Bastion) {
    for cipher in ["chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com"] {
        let with = |mut ssh: Command| {
            let arguments: Vec<_> = ssh.as_std().get_args().map(ToOwned::to_owned).collect();
            ssh = Command::new("ssh");
            ssh.args(["-c", cipher]).args(arguments);
            ssh
        };
        let (direct, gateway) = (with(bastion.direct()), with(bastion.ssh(&bastion.web())));
        for (name, script) in [("up", UP), ("down", DOWN)] {
            let alone = seconds(script, &direct).await;
            let (through, most) = watched(seconds(script, &gateway)).await;
            println!(
                "{cipher} 1 GiB {name}: direct {alone:.2} s ({:.0} MiB/s), gateway {through:.2} s ({:.0} MiB/s), resident {} MiB",
                1024.0 / alone,
                1024.0 / through,
                most >> 20
            );
        }
    }
}
