//! The SSH door against real OpenSSH on both sides: a private sshd as the target, ssh as the client.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall stop here")]

mod bastion;
mod endings;
mod figures;
mod flow;
mod forwarding;
mod held;
mod jump;
mod login;
mod managed;
mod menu;
mod recorder;
mod refusals;
mod sftp;
mod standing;
mod terminal;
mod transfer;
