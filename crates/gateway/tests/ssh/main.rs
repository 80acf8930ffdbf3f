//! The SSH door against real OpenSSH on both sides: a private sshd as the target, ssh as the client.

mod bastion;
mod endings;
mod flow;
mod held;
mod jump;
mod login;
mod refusals;
mod terminal;
mod transfer;
