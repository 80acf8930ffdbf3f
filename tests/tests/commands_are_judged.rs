//! Hostile command lines through the real gateway against a real bash: what is refused leaves no trace on the target,
//! and what is allowed is run exactly as it was read.

use std::fs;
use std::path::Path;
use std::process::Command;

use end_to_end::{Bastion, Running, eventually, run, run_with_input};

/// Lines that would make a file `canary` if any shell ran them as written, and that nobody can approve.
const DENIED: &[&str] = &[
    "ls $(sh script)",
    "ls `touch canary`",
    "cat <(touch canary)",
    "true & touch canary",
    "(sh script)",
    "{ sh script; }",
    "! sh script",
    "time touch canary",
    "if true; then sh script; fi",
    "for i in 1; do sh script; done",
    "f() { touch canary; }; f",
    "coproc touch canary",
    "trap 'touch canary' EXIT",
    "eval 'touch canary'",
    ". ./script",
    "source ./script",
    "sh script",
    "bash ./script",
    "PATH=.:$PATH ls",
    "BASH_ENV=script bash -c true",
    "LD_PRELOAD=x touch canary",
    "touch canar{y,z}",
    "touch $'canary'",
    "touch canary;; ls",
    "echo x &> canary",
    "echo x >| canary",
    "echo x 2>&1 > canary <<< y",
    "python3 -c 'open(\"canary\",\"w\")'",
    "perl -e 'open(F,\">canary\")'",
    "awk 'BEGIN{system(\"touch canary\")}'",
    "sed -n '1w canary' script",
    "sed '1e touch canary' script",
    "vi -c ':!touch canary' -c :q script",
    "man -P 'touch canary' ls",
    "git -c core.pager='touch canary' log",
    "ssh -o ProxyCommand='touch canary' x",
    "tmux new -d 'touch canary'",
    "make -f script",
    "env -S 'touch canary'",
    "ls\rtouch canary",
    "l\\\ns; touch canary $(true)",
    "touch canary\u{202e}",
    "touch\u{a0}canary",
    "ＴＯＵＣＨ canary",
    "touch 'canary",
    "touch canary \\",
];

/// Lines that take a file away, one way or another; they are held or denied, but never simply run.
const DESTRUCTIVE: &[&str] = &[
    "rm victim",
    "/bin/rm victim",
    "\\rm victim",
    "'rm' victim",
    "r'm' victim",
    "rm -- victim",
    "unlink victim",
    "ls; rm victim",
    "true && rm victim",
    "false || rm victim",
    "echo victim | xargs rm",
    "find . -name victim -delete",
    "find . -name victim -exec rm {} +",
    "bash -c 'rm victim'",
    "sh -c \"sh -c 'rm victim'\"",
    "env rm victim",
    "nohup rm victim",
    "timeout 9 rm victim",
    "nice -n 5 rm victim",
    "command rm victim",
    "stdbuf -o0 rm victim",
    "setsid rm victim",
    "truncate -s 0 victim",
    "shred -u victim",
    "./script",
    "/tmp/../bin/./unheard-of victim",
    "> victim",
    "echo > victim",
    "cp /dev/null victim",
    "mv victim elsewhere",
    "mv script victim",
    "ln -sf script victim",
    "dd if=/dev/zero of=victim bs=1 count=1",
    "tee victim",
    "sed -i d victim",
    "rsync -a --delete empty/ .",
    "install /dev/null victim",
    "tar --remove-files -cf x.tar victim",
    "git clean -fdx",
];

fn prepare(home: &Path) {
    fs::write(home.join("script"), "#!/bin/sh\ntouch canary\n").expect("a file");
    run(Command::new("chmod").arg("755").arg(home.join("script"))).ok();
    fs::write(home.join("victim"), "dear\n").expect("a file");
    fs::create_dir_all(home.join("empty")).expect("a folder");
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A shared connection, since every line takes one.
fn control(bastion: &Bastion) -> (String, Running) {
    bastion.log_in("alice");
    let socket = bastion.scratch().join("master");
    let option = format!("ControlPath={}", socket.display());
    let mut ssh = bastion.client("ssh");
    let master = Running::start(ssh.args(["-M", "-N", "-o", &option, &bastion.place("alice", "db-1")]));
    eventually("the master", || socket.exists().then_some(()));
    (option, master)
}

fn ssh(bastion: &Bastion, option: &str, line: &str) -> Command {
    let mut ssh = bastion.client("ssh");
    ssh.args(["-o", option, &bastion.place("alice", "db-1"), line]);
    ssh
}

/// What the gateway says about a line: held, refused, or whatever ran.
fn answer(bastion: &Bastion, option: &str, line: &str) -> String {
    let mut running = Running::start(&mut ssh(bastion, option, line));
    eventually("an answer", || {
        let told = running.stderr();
        (told.contains("HELD") || told.contains("refused") || running.has_ended()).then_some(told)
    })
}

#[test]
fn what_is_not_understood_is_refused_and_leaves_no_trace() {
    let bastion = Bastion::start();
    prepare(&bastion.home());
    let before = names_in(&bastion.home());
    let (option, _master) = control(&bastion);
    let mut others = Vec::new();
    for line in DENIED {
        let told = answer(&bastion, &option, line);
        if told.contains("HELD") || !told.contains("refused") {
            others.push((line, told));
        }
        assert_eq!(names_in(&bastion.home()), before, "{line:?} left a trace");
    }
    assert!(others.is_empty(), "not refused: {others:#?}");
    let verdicts = bastion.entries_of("decision").into_iter().filter(|entry| entry["act"] == "exec");
    assert_eq!(verdicts.filter(|entry| entry["verdict"] == "deny").count(), DENIED.len(), "each is an entry");
}

#[test]
fn what_destroys_never_simply_runs() {
    let bastion = Bastion::start();
    prepare(&bastion.home());
    let before = names_in(&bastion.home());
    let (option, _master) = control(&bastion);
    for line in DESTRUCTIVE {
        let told = answer(&bastion, &option, line);
        assert!(told.contains("HELD") || told.contains("refused"), "{line:?} ran: {told}");
        assert_eq!(names_in(&bastion.home()), before, "{line:?} left a trace");
        assert_eq!(fs::read_to_string(bastion.home().join("victim")).unwrap(), "dear\n", "{line:?}");
    }
}

#[test]
fn what_is_allowed_runs_exactly() {
    let bastion = Bastion::start();
    let (option, _master) = control(&bastion);
    let cases = [
        ("echo 'a; touch canary' \"b && c\" d\\;e", "a; touch canary b && c d;e\n"),
        ("printf '%s\\n' '$HOME' '`id`' \"it's\" '*'", "$HOME\n`id`\nit's\n*\n"),
        ("echo one && false || echo two; echo three", "one\ntwo\nthree\n"),
        ("printf 'b\\na\\n' | sort | head -n 1", "a\n"),
        ("cat < production-data/customers.csv", "id,name\n1,Ana\n"),
        ("echo '上海' \"\" end", "上海  end\n"),
        ("bash -c 'echo inner \"$0\"' name", ""),
        ("false", ""),
    ];
    for (line, expected) in cases {
        let done = run(&mut ssh(&bastion, &option, line));
        if expected.is_empty() {
            assert_ne!(done.code(), 0, "{line:?}: {}", done.text());
        } else {
            assert_eq!(done.text(), expected, "{line:?}: {}", done.stderr);
        }
    }
    assert!(!bastion.home().join("canary").exists());
}

#[test]
fn what_is_fed_to_an_interpreter_is_not_a_way_round() {
    let bastion = Bastion::start();
    for line in ["bash", "sh -s", "python3", "bash -i", "xargs -I{} sh -c {}", "perl", "psql"] {
        let mut ssh = bastion.ssh("alice", "db-1");
        let mut running = Running::start(ssh.arg(line));
        running.write(b"touch canary\nopen('canary','w')\n");
        running.close_stdin();
        eventually("an answer", || {
            let told = running.stderr();
            (told.contains("refused") || told.contains("HELD")).then_some(())
        });
        assert!(!bastion.home().join("canary").exists(), "{line}");
    }
}

#[test]
fn what_is_typed_while_a_command_is_held_does_not_reach_it() {
    let bastion = Bastion::start();
    let plain = bastion.ssh("alice", "db-1");
    let mut tty = Command::new(plain.get_program());
    tty.arg("-tt").args(plain.get_args()).arg("rm -i production-data/customers.csv");
    let script = "wait(b'HELD as request')\nkey(b'y\\r')\nwait(b'running now')\nwait(b'remove')\ntime.sleep(1)\nkey(b'n\\r')\nrest()";
    let mut terminal = end_to_end::Terminal::start(&tty, script);
    eventually("the request", || bastion.entries_of("request").pop());
    bastion.approve(1, "bob");
    bastion.approve(1, "carol");
    let done = terminal.wait();
    let shown = done.text() + &done.stderr;
    assert!(bastion.home().join("production-data/customers.csv").exists(), "{shown}");
}

#[test]
fn an_approval_is_for_one_command_and_not_for_the_connection() {
    let bastion = Bastion::start();
    let (option, _master) = control(&bastion);
    let mut first = Running::start(&mut ssh(&bastion, &option, "rm production-data/customers.csv"));
    first.until_stderr("HELD as request 1 ");
    bastion.approve(1, "bob");
    bastion.approve(1, "carol");
    first.wait().ok();
    let mut second = Running::start(&mut ssh(&bastion, &option, "rm -rf production-data"));
    second.until_stderr("HELD as request 2 ");
    assert!(bastion.home().join("production-data").exists());
}

#[test]
fn very_long_and_very_deep_lines_are_refused_and_the_gateway_goes_on() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let deep = format!("{}true{}", "$(".repeat(5000), ")".repeat(5000));
    for line in [deep.as_str(), &"a ".repeat(20_000), &"(".repeat(30_000), "\u{1b}[2J\u{7}"] {
        let told = run(bastion.client("ssh").args([&bastion.place("alice", "db-1"), line])).refused();
        assert!(
            told.contains("refused") || told.contains("not on offer"),
            "{}",
            &told[..told.len().min(300)]
        );
        assert!(!told.contains('\u{1b}'), "control characters come back");
    }
    assert_eq!(bastion.run("alice", "db-1", "echo alive").ok(), "alive\n");
}

#[test]
fn a_line_of_bytes_that_are_not_text_is_refused() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let mut ssh = bastion.client("ssh");
    ssh.arg(bastion.place("alice", "db-1"));
    ssh.arg(std::os::unix::ffi::OsStrExt::from_bytes(b"touch canary\xff\xfe") as &std::ffi::OsStr);
    let told = run(&mut ssh).refused();
    assert!(told.contains("refused"), "{told}");
    assert!(names_in(&bastion.home()).iter().all(|name| !name.contains("canary")));
}

#[test]
fn on_a_recorded_target_nothing_is_gated_and_everything_is_recorded() {
    let bastion = Bastion::start();
    let line = "for i in 1 2; do echo $(echo loop-$i); done";
    assert_eq!(bastion.run("alice", "web-1", line).ok(), "loop-1\nloop-2\n");
    let done = run_with_input(bastion.ssh("alice", "web-1").arg("bash"), b"echo from-stdin\n");
    assert_eq!(done.ok(), "from-stdin\n");
    assert!(bastion.replayed(&bastion.newest_session()).contains("from-stdin"));
}
