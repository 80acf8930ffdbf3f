//! `ssh person+account@target@gateway` and `ssh -J` are the same session: same policy, same recording.

use end_to_end::{Bastion, run};

#[test]
fn a_direct_session_runs_a_command_on_the_target() {
    let bastion = Bastion::start();
    let done = bastion.run("alice", "web-1", "pwd; echo apart >&2; exit 7");
    assert_eq!((done.code(), done.stderr.as_str()), (7, "apart\n"));
    assert_eq!(done.text().trim(), bastion.home().to_string_lossy());
}

#[test]
fn a_jump_accepts_the_host_certificate_and_runs_the_same() {
    let bastion = Bastion::start();
    let done = run(bastion.jump("alice", "web-1").arg("pwd; echo apart >&2; exit 7"));
    assert_eq!((done.code(), done.stderr.as_str()), (7, "apart\n"));
}
