//! The session between a client and a server, each behaviour with the attack that it answers.

mod anything;
mod copying;
mod counting;
mod doubting;
mod judging;
mod naming;
mod talk;
