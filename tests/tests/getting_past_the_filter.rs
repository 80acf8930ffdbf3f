//! Every class of trick that gets a command past a filter, tried through the real gateway against a real sshd and a real
//! bash. A canary program on the target writes a file when it starts; none may ever start.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use end_to_end::{Bastion, Running, eventually, run_with_input};

/// Classes and lines, in which `CANARY` stands for the canary program.
const TRICKS: &str = include_str!("tricks/filter.txt");

fn tricks() -> impl Iterator<Item = (&'static str, String)> {
    let rows = TRICKS.lines().filter(|row| !row.is_empty() && !row.starts_with('#'));
    rows.filter_map(|row| row.split_once(" | ")).map(|(class, line)| (class, meant(line)))
}

/// The line with the characters that `<A>` and the like stand for.
fn meant(shown: &str) -> String {
    let mut line = String::new();
    let mut rest = shown;
    while let Some((before, after)) = rest.split_once('<') {
        let (number, behind) = after.split_once('>').unwrap_or((after, ""));
        let c = u32::from_str_radix(number, 16).ok().and_then(char::from_u32);
        line = line + before + &c.map_or("<".to_owned(), String::from);
        rest = if c.is_some() { behind } else { after };
    }
    line + rest
}

struct Trap {
    bastion: Bastion,
}

impl Trap {
    fn set() -> Trap {
        let trap = Trap { bastion: Bastion::start() };
        let (program, mark) = (trap.program(), trap.mark());
        fs::write(&program, format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\n", mark.display()))
            .expect("a program");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("its mode");
        fs::write(trap.bastion.home().join("script"), format!("{}\n", trap.program().display()))
            .expect("a file");
        fs::write(trap.bastion.home().join("victim"), "dear\n").expect("a file");
        trap
    }

    /// The canary's program on the target.
    fn program(&self) -> PathBuf {
        self.bastion.home().join("canary")
    }

    /// Where a canary that started leaves its words.
    fn mark(&self) -> PathBuf {
        self.bastion.host.home().with_file_name("canary-ran")
    }

    /// What the canary left, if it ever started.
    fn sprung(&self) -> Option<String> {
        fs::read_to_string(self.mark()).ok()
    }

    #[track_caller]
    fn assert_quiet(&self, what: &str) {
        assert_eq!(self.sprung(), None, "{what}: the canary started");
        assert_eq!(
            fs::read_to_string(self.bastion.home().join("victim")).ok().as_deref(),
            Some("dear\n"),
            "{what}"
        );
    }

    fn line(&self, text: &str) -> String {
        text.replace("CANARY", &self.program().to_string_lossy())
    }

    /// One connection for many lines.
    fn control(&self) -> (String, Running) {
        self.bastion.log_in("alice");
        let socket = self.bastion.scratch().join("master");
        let option = format!("ControlPath={}", socket.display());
        let mut ssh = self.bastion.client("ssh");
        let master =
            Running::start(ssh.args(["-M", "-N", "-o", &option, &self.bastion.place("alice", "db-1")]));
        eventually("the master", || socket.exists().then_some(()));
        (option, master)
    }

    fn over(&self, control: &str, line: &str) -> Command {
        let mut ssh = self.bastion.client("ssh");
        ssh.args(["-o", control, &self.bastion.place("alice", "db-1"), line]);
        ssh
    }
}

/// Waits until a line was refused or is held, or whatever it started has ended; gives it `typed` to read.
fn answered(command: &mut Command, typed: &[u8]) -> String {
    let mut running = Running::start(command);
    running.write(typed);
    running.close_stdin();
    eventually("an answer", || {
        let told = running.stderr();
        (told.contains("HELD") || told.contains("refused") || running.has_ended()).then_some(told)
    })
}

#[test]
fn no_class_of_lines_starts_the_canary() {
    let trap = Trap::set();
    let (control, _master) = trap.control();
    let mut neither = Vec::new();
    for (class, line) in tricks() {
        let line = trap.line(&line);
        let told = answered(&mut trap.over(&control, &line), b"");
        trap.assert_quiet(&format!("{class}: {line:?}"));
        if !told.contains("refused") && !told.contains("HELD") {
            neither.push((class, line, told));
        }
    }
    // What runs although it holds the canary's name must have been a word of something that only reads.
    assert!(neither.len() <= 2, "neither refused nor held: {neither:#?}");
    trap.assert_quiet("at the end");
}

#[test]
fn no_line_starts_the_canary_on_a_terminal_either() {
    let trap = Trap::set();
    let mut tried = "";
    for (class, line) in tricks() {
        if std::mem::replace(&mut tried, class) == class {
            continue;
        }
        let plain = trap.bastion.ssh("alice", "db-1");
        let mut tty = Command::new(plain.get_program());
        tty.arg("-tt").args(plain.get_args()).arg(trap.line(&line));
        let typed = format!("\n{}\n!{}\n\u{4}", trap.line("CANARY"), trap.line("CANARY"));
        answered(&mut tty, typed.as_bytes());
        trap.assert_quiet(class);
    }
}

#[test]
fn standard_input_is_no_way_in() {
    let trap = Trap::set();
    let (control, _master) = trap.control();
    let input = trap.line("CANARY\nimport os; os.system('CANARY')\n!CANARY\n\\! CANARY\nsystem CANARY\n");
    for line in [
        "bash",
        "sh",
        "dash",
        "bash -s",
        "sh -",
        "python3",
        "python3 -",
        "perl",
        "awk -f -",
        "awk -f /dev/stdin x",
        "sed -f - script",
        "xargs",
        "xargs -n1",
        "xargs -I{} sh -c {}",
        "xargs env",
        "xargs nice",
        "ed",
        "ex",
        "psql",
        "mysql",
        "sqlite3",
        "make -f -",
        "at now",
        "batch",
        "crontab -",
        "busybox sh",
        "gdb",
        "bc",
        "dc",
        "git -c core.fsmonitor=script status",
        "ssh-agent",
        "tclsh",
        "node",
        "php",
        "ruby",
        "lua",
        "m4",
        "source /dev/stdin",
        ". /dev/stdin",
        "cat | sh",
        "tee | bash",
    ] {
        answered(&mut trap.over(&control, line), input.as_bytes());
        std::thread::sleep(Duration::from_millis(20));
        trap.assert_quiet(line);
    }
}

#[test]
fn a_second_channel_needs_its_own_verdict() {
    let trap = Trap::set();
    let (control, _master) = trap.control();
    let mut held = Running::start(&mut trap.over(&control, "rm victim-of-nothing"));
    held.until_stderr("HELD as request 1 ");
    for line in ["CANARY", "rm victim", "sh -c CANARY"] {
        answered(&mut trap.over(&control, &trap.line(line)), b"");
    }
    trap.bastion.approve(1, "bob");
    trap.bastion.approve(1, "carol");
    held.wait();
    answered(&mut trap.over(&control, "rm victim"), b"");
    trap.assert_quiet("another channel");
}

#[test]
fn the_clients_environment_does_not_reach_the_target() {
    let trap = Trap::set();
    let canary = trap.line("CANARY");
    let function = format!("BASH_FUNC_true%%=() {{ {canary}; }}");
    for variable in [
        format!("BASH_ENV={canary}"),
        format!("ENV={canary}"),
        format!("PS4=$({canary})"),
        format!("PROMPT_COMMAND={canary}"),
        function,
        format!("LD_PRELOAD={canary}"),
        format!("GIT_SSH_COMMAND={canary}"),
        format!("PAGER={canary}"),
        format!("LESSOPEN=|{canary} %s"),
        "PATH=.".to_owned(),
        "IFS=/".to_owned(),
        "SHELLOPTS=xtrace".to_owned(),
        "LC_ALL=zh_CN.GBK".to_owned(),
        "LOCPATH=.".to_owned(),
        "LC_TIME=$(x)".to_owned(),
    ] {
        let mut ssh = trap.bastion.ssh("alice", "db-1");
        ssh.args(["-o", &format!("SetEnv=\"{}\"", variable.replace('"', "\\\"")), "bash -c 'env; true'"]);
        answered(&mut ssh, b"");
        let mut ssh = trap.bastion.ssh("alice", "db-1");
        let printed = end_to_end::run(ssh.args(["-o", &format!("SetEnv=\"{variable}\""), "env"])).text();
        let name = variable.split('=').next().unwrap_or_default();
        let crossed = printed.lines().any(|line| line.split('=').next() == Some(name) && line == variable);
        assert!(!crossed, "{variable} crossed: {printed}");
        trap.assert_quiet(&variable);
    }
}

#[test]
fn subsystems_are_not_a_way_to_run_commands() {
    let trap = Trap::set();
    for name in [
        "sh",
        "bash",
        "exec",
        "shell",
        "netconf",
        "CANARY",
        "sftp; CANARY",
        "sftp\nCANARY",
        "internal-sftp",
        "",
    ] {
        let mut ssh = trap.bastion.ssh("alice", "db-1");
        answered(ssh.args(["-s", &trap.line(name)]), trap.line("CANARY\n").as_bytes());
        trap.assert_quiet(name);
    }
}

#[test]
fn nothing_is_forwarded_to_a_listening_canary() {
    let trap = Trap::set();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports");
    listener.set_nonblocking(true).expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    for place in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("2130706433:{port}"),
        format!("0x7f.1:{port}"),
        format!("0.0.0.0:{port}"),
        format!("127.1:{port}"),
        format!("db-1:{port}"),
    ] {
        for target in ["db-1", "web-1"] {
            let mut ssh = trap.bastion.ssh("alice", target);
            let _ = run_with_input(ssh.args(["-W", &place]), b"hello\n");
            assert!(listener.accept().is_err(), "{place} was reached through {target}");
        }
    }
}

#[test]
fn the_other_way_in_is_judged_alike() {
    let trap = Trap::set();
    for line in ["CANARY", "true; CANARY", "sh -c CANARY", "true\nCANARY", "$(CANARY)", "command CANARY -v"] {
        answered(trap.bastion.jump("alice", "db-1").arg(trap.line(line)), b"");
        trap.assert_quiet(line);
    }
}

/// The suite's own check: the canary does start where nothing is gated.
#[test]
fn on_a_recorded_target_the_canary_starts() {
    let trap = Trap::set();
    trap.bastion.run("alice", "web-1", &trap.line("CANARY once")).ok();
    assert!(trap.sprung().is_some_and(|words| words.ends_with("once\n")));
    std::io::stdout().flush().expect("standard output");
}
