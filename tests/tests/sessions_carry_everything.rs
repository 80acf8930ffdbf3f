//! Whatever a session carries over a direct connection, it carries through the gateway.

use std::process::{Command, Stdio};
use std::time::Duration;

use end_to_end::{Bastion, Running, Terminal, eventually, run, run_with_input};

const MIB: usize = 1 << 20;

/// Resident memory that the gateway may take, while it carries 200 MB or an endless stream (debug build).
const BOUND: usize = 192 * MIB;

fn on_a_terminal(bastion: &Bastion, person: &str, target: &str, command: &str, script: &str) -> String {
    let plain = bastion.ssh(person, target);
    let mut ssh = Command::new(plain.get_program());
    ssh.arg("-tt").args(plain.get_args()).arg(command);
    Terminal::run(&ssh, script)
}

/// The most that the gateway had resident so far.
fn peak_memory(bastion: &Bastion) -> usize {
    let id = bastion.gateway().expect("it runs").id();
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel tells");
    line.trim().trim_end_matches(" kB").trim().parse::<usize>().expect("a number") << 10
}

/// Bytes without a pattern, the same every time.
fn random_bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..count.div_ceil(8)).flat_map(|_| next()).take(count).collect()
}

#[test]
fn a_terminal_has_its_size_and_learns_every_new_one() {
    let bastion = Bastion::start();
    let shown = on_a_terminal(
        &bastion,
        "alice",
        "web-1",
        "bash -c 'trap \"stty size\" WINCH; stty size; echo ready; while :; do sleep 0.1; done'",
        "wait(b'24 80')\nwait(b'ready')\nsize(50, 132)\nwait(b'50 132')\nsize(7, 9)\nwait(b'7 9')\nkey(b'\\x03')\nrest()",
    );
    assert!(shown.contains("50 132"), "{shown}");
}

#[test]
fn a_shell_echoes_edits_and_ends() {
    let bastion = Bastion::start();
    let script =
        "wait(b'is recorded')\nkey(b'echo got-$((40+2))\\r')\nwait(b'got-42')\nkey(b'exit 3\\r')\nrest()";
    let plain = bastion.ssh("alice", "web-1");
    let mut ssh = Command::new(plain.get_program());
    ssh.arg("-tt").args(plain.get_args());
    let shown = Terminal::run(&ssh, script);
    assert!(shown.contains("exit status 3"), "{shown}");
    assert!(bastion.replayed(&bastion.newest_session()).contains("got-42"));
}

#[test]
fn the_exit_status_is_the_commands_own() {
    let bastion = Bastion::start();
    for status in [0, 1, 42, 255] {
        assert_eq!(bastion.run("alice", "web-1", &format!("exit {status}")).code(), status);
    }
}

#[test]
fn a_signal_that_ended_the_command_is_told() {
    let bastion = Bastion::start();
    let done = run(bastion.ssh("alice", "web-1").args(["-v", "kill -TERM $$"]));
    assert!(done.stderr.contains("exit-signal") && done.code() == 255, "{}", done.stderr);
}

#[test]
fn standard_error_stays_apart() {
    let bastion = Bastion::start();
    let done = bastion.run("alice", "web-1", "for i in 1 2 3; do echo out$i; echo err$i >&2; done");
    assert_eq!((done.text().as_str(), done.stderr.as_str()), ("out1\nout2\nout3\n", "err1\nerr2\nerr3\n"));
}

#[test]
fn each_half_closes_by_itself() {
    let bastion = Bastion::start();
    let line = "wc -c; echo after";
    assert_eq!(run_with_input(bastion.ssh("alice", "web-1").arg(line), b"12345").ok(), "5\nafter\n");
    let mut reader =
        Running::start(bastion.ssh("alice", "web-1").arg("exec >&-; cat > got; echo done > finished"));
    reader.write(b"still going in");
    reader.close_stdin();
    reader.wait().ok();
    assert_eq!(std::fs::read(bastion.home().join("got")).unwrap(), b"still going in");
    assert!(bastion.home().join("finished").exists());
}

#[test]
fn only_harmless_variables_cross() {
    let bastion = Bastion::start();
    let mut ssh = bastion.ssh("alice", "web-1");
    ssh.args([
        "-o",
        "SendEnv=LC_* LANG BASH_ENV LD_PRELOAD PS4 SECRET",
        "-o",
        "SetEnv=GIT_SSH_COMMAND=x",
        "env",
    ]);
    ssh.env("LC_PAPER", "en_US.UTF-8").env("BASH_ENV", "/nowhere").env("PS4", "x").env("SECRET", "stays");
    let seen = run(&mut ssh).ok();
    assert!(seen.contains("LC_PAPER=en_US.UTF-8"), "{seen}");
    for name in ["BASH_ENV", "PS4=x", "SECRET", "GIT_SSH_COMMAND"] {
        assert!(!seen.contains(name), "{name} crossed: {seen}");
    }
}

#[test]
fn two_hundred_megabytes_go_through_cat_and_back_within_bounded_memory() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let place = bastion.place("alice", "web-1");
    let line =
        format!("head -c 200M /dev/zero | ssh -F {} {place} cat | wc -c", bastion.ssh_config().display());
    assert_eq!(run(Command::new("bash").args(["-c", &line])).ok().trim(), (200 * MIB).to_string());
    assert!(peak_memory(&bastion) < BOUND, "the gateway took {} MiB", peak_memory(&bastion) / MIB);
}

#[test]
fn two_hundred_megabytes_arrive_each_way() {
    let bastion = Bastion::start();
    let down =
        format!("{} | wc -c", command_line(bastion.ssh("alice", "web-1").arg("head -c 200M /dev/zero")));
    assert_eq!(run(Command::new("bash").args(["-c", &down])).ok().trim(), (200 * MIB).to_string());
    let up = format!("head -c 200M /dev/zero | {}", command_line(bastion.ssh("alice", "web-1").arg("wc -c")));
    assert_eq!(run(Command::new("bash").args(["-c", &up])).ok().trim(), (200 * MIB).to_string());
    assert!(peak_memory(&bastion) < BOUND, "the gateway took {} MiB", peak_memory(&bastion) / MIB);
}

/// The command for a shell, each word quoted.
fn command_line(command: &Command) -> String {
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"));
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

#[test]
fn random_uploads_of_every_size_arrive_unchanged() {
    let bastion = Bastion::start();
    for (seed, size) in [1, 100, 32 * 1024 - 1, 32 * 1024, 2 * MIB + 1, 9 * MIB + 7].into_iter().enumerate() {
        let bytes = random_bytes(seed as u64 * 77 + 5, size);
        run_with_input(bastion.ssh("alice", "web-1").arg("cat > uploaded"), &bytes).ok();
        assert!(std::fs::read(bastion.home().join("uploaded")).unwrap() == bytes, "{size} bytes changed");
    }
}

#[test]
fn the_last_byte_and_the_status_always_arrive() {
    let bastion = Bastion::start();
    let control = multiplexed(&bastion);
    for round in 0..50 {
        let size = 1000 * round + 1;
        let mut ssh = bastion.client("ssh");
        ssh.args(["-o", &control.option, &control.place]);
        let done = run(ssh.arg(format!("head -c {size} /dev/zero; printf end; exit {round}")));
        assert_eq!(
            (done.code(), done.stdout.len()),
            (round, size as usize + 3),
            "round {round}: {}",
            done.stderr
        );
        assert!(done.stdout.ends_with(b"end"));
    }
    for round in 0..10 {
        let done = bastion.run("alice", "web-1", &format!("printf end; exit {round}"));
        assert_eq!((done.code(), done.text().as_str()), (round, "end"));
    }
}

struct Control {
    option: String,
    place: String,
    _master: Running,
}

/// A connection that the test's clients share.
fn multiplexed(bastion: &Bastion) -> Control {
    bastion.log_in("alice");
    let socket = bastion.scratch().join("master");
    let option = format!("ControlPath={}", socket.display());
    let place = bastion.place("alice", "web-1");
    let mut ssh = bastion.client("ssh");
    let master = Running::start(ssh.args(["-M", "-N", "-o", &option, &place]));
    eventually("the master", || socket.exists().then_some(()));
    Control { option, place, _master: master }
}

#[test]
fn twelve_channels_share_a_connection_and_are_one_session() {
    let bastion = Bastion::start();
    let control = multiplexed(&bastion);
    let start = |number: usize| {
        let mut ssh = bastion.client("ssh");
        ssh.args(["-o", &control.option, &control.place]);
        let mut running = Running::start(ssh.arg(format!("read line; echo {number}:$line; exit {number}")));
        running.write(format!("line-{number}\n").as_bytes());
        running
    };
    let channels: Vec<_> = (0..12).map(start).collect();
    for (number, mut channel) in channels.into_iter().enumerate() {
        let done = channel.wait();
        assert_eq!(
            (done.code(), done.text()),
            (number as i32, format!("{number}:line-{number}\n")),
            "{}",
            done.stderr
        );
    }
    assert_eq!(bastion.sessions().len(), 1);
}

#[test]
fn a_reader_that_stops_does_not_stop_its_siblings() {
    let bastion = Bastion::start();
    let control = multiplexed(&bastion);
    let mut stopped = bastion.client("ssh");
    stopped.args(["-o", &control.option, &control.place, "head -c 64M /dev/zero"]);
    // Nobody reads this pipe.
    let mut stopped =
        stopped.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    for round in 0..5 {
        let mut ssh = bastion.client("ssh");
        let done = run(ssh.args(["-o", &control.option, &control.place, &format!("echo alive {round}")]));
        assert_eq!(done.ok(), format!("alive {round}\n"));
    }
    assert!(peak_memory(&bastion) < BOUND, "the gateway took {} MiB", peak_memory(&bastion) / MIB);
    // Read at last, it gets everything.
    let mut rest = stopped.stdout.take().unwrap();
    assert_eq!(std::io::copy(&mut rest, &mut std::io::sink()).unwrap(), 64 << 20);
    assert!(stopped.wait().unwrap().success());
}

#[test]
fn an_endless_writer_to_a_slow_reader_obeys_ctrl_c_within_bounded_memory() {
    let bastion = Bastion::start();
    let script = "wait(b'yyyy')\ntime.sleep(3)\nkey(b'\\x03')\nrest()";
    let shown = on_a_terminal(&bastion, "alice", "web-1", "yes yyyyyyyyyyyyyyyy", script);
    assert!(
        shown.contains("exit status 130") || shown.contains("exit status 255"),
        "{}",
        &shown[shown.len() - 200..]
    );
    assert!(peak_memory(&bastion) < BOUND, "the gateway took {} MiB", peak_memory(&bastion) / MIB);
    eventually("the writer's end", || bastion.host.processes().is_empty().then_some(()));
}

#[test]
fn keys_are_exchanged_anew_without_losing_a_byte() {
    let bastion = Bastion::start();
    let bytes = random_bytes(9, 12 * MIB);
    let mut ssh = bastion.ssh("alice", "web-1");
    let done = run_with_input(ssh.args(["-o", "RekeyLimit=1M", "cat"]), &bytes);
    assert!(done.status.success() && done.stdout == bytes, "{} bytes: {}", done.stdout.len(), done.stderr);
}

#[test]
fn a_client_that_asks_whether_anybody_is_there_is_answered() {
    let bastion = Bastion::start();
    let alive = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2", "sleep 6; echo still here"];
    assert_eq!(run(bastion.ssh("alice", "web-1").args(alive)).ok(), "still here\n");
    assert_eq!(run(bastion.jump("alice", "web-1").args(alive)).ok(), "still here\n");
    let mut ssh = bastion.ssh("alice", "db-1");
    let mut waiting = Running::start(ssh.args(&alive[..4]).arg("rm production-data/customers.csv"));
    waiting.until_stderr("HELD as request 1");
    std::thread::sleep(Duration::from_secs(5));
    bastion.approve(1, "bob");
    bastion.approve(1, "carol");
    waiting.finish().ok();
}

#[test]
fn a_client_that_is_killed_leaves_nothing_behind() {
    let bastion = Bastion::start();
    let mut client = Running::start(bastion.ssh("alice", "web-1").args(["-tt", "echo started; exec cat"]));
    client.until_stdout("started");
    assert!(!bastion.host.processes().is_empty());
    client.kill();
    eventually("the end on the target", || bastion.host.processes().is_empty().then_some(()));
    let closed = bastion.until_entry("session-close", |_| true);
    assert_eq!(closed["outcome"], "lost");
}

#[test]
fn signals_reach_the_command() {
    let bastion = Bastion::start();
    // OpenSSH's client sends no signal requests of its own; the second client of paramiko.rs does. Here: its hang-up.
    let line = "trap 'echo hung up > told; exit' HUP; echo ready; while :; do sleep 0.1; done";
    let mut client = Running::start(bastion.ssh("alice", "web-1").args(["-tt", line]));
    client.until_stdout("ready");
    client.signal("HUP");
    eventually("the hang-up", || bastion.home().join("told").exists().then_some(()));
}

#[test]
fn bytes_of_every_value_cross_in_both_directions() {
    let bastion = Bastion::start();
    let all: Vec<u8> = (0..=255).cycle().take(4096).collect();
    let done = run_with_input(bastion.ssh("alice", "web-1").arg("cat"), &all);
    assert_eq!(done.stdout, all);
}
