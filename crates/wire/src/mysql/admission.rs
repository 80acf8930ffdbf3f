//! Letting a client in, as its server. A ticket is random and only its digest is kept, so the client must send the ticket
//! itself: inside TLS, `caching_sha2_password` makes every client do so without being told to.

use bytes::Bytes;
use zeroize::Zeroizing;

use super::capability::{MYSQL, SPOKEN, SSL};
use super::handshake::{Answer, Greeting, Login, more, switch};
use super::packet::{Packet, packets};
use super::proof::{CACHING_SHA2, FULL, KNOWN, in_clear};
use super::reply::{Failure, ok};
use crate::Error;

/// Statements last by themselves, unless the client begins a transaction.
const AUTOCOMMIT: u16 = 2;
/// `utf8mb4_general_ci`.
const UTF8: u8 = 45;

/// What follows from what the client has sent.
#[derive(Debug)]
pub enum Arrival {
    /// Begin TLS. What has come behind this packet is TLS's own (see [`Decoder::missing`](super::Decoder::missing)).
    Tls,
    /// This is who wants to come in, inside TLS: [`Admission::ask`], or [`Admission::let_in`] whom a certificate has proved.
    Login(Login),
    /// Send this.
    Send(Bytes),
    /// The ticket: [`Admission::let_in`] or [`Admission::turn_away`].
    Ticket(Zeroizing<String>),
    /// Send this, and close.
    TurnedAway(Bytes),
}

/// A client between its first byte and its first command.
#[derive(Debug)]
pub struct Admission {
    nonce: [u8; 20],
    state: State,
    /// The number of the next packet to the client.
    sequence: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Greeted,
    Encrypted,
    /// It has told who it is; whether it has answered by the method that asks for the ticket, and said anything at all.
    Named {
        by_ticket: bool,
        is_mute: bool,
    },
    /// It was told to use that method.
    Switching,
    /// It was asked for the ticket.
    Asked,
    Over,
}

const OFFERED: u64 = SPOKEN & !MYSQL;

const OUT_OF_TURN: Error = Error::Authentication("an untimely step");

impl Admission {
    /// With what is sent first. `version` is what clients decide by what they may use; the connection's number is what they
    /// show. The nonce is random.
    #[must_use]
    pub fn begin(version: &str, connection: u32, nonce: [u8; 20]) -> (Self, Bytes) {
        let greeting = Greeting {
            version: version.to_owned(),
            connection,
            nonce,
            capabilities: OFFERED,
            character_set: UTF8,
            status: AUTOCOMMIT,
            plugin: CACHING_SHA2.to_owned(),
        };
        (Self { nonce, state: State::Greeted, sequence: 1 }, packets(0, &greeting.encode()))
    }

    /// The client has sent this.
    ///
    /// # Errors
    ///
    /// It makes no sense, or not now. The connection ends.
    pub fn packet(&mut self, packet: &Packet) -> Result<Arrival, Error> {
        if packet.is_open() || packet.sequence() != self.sequence {
            return Err(Error::Malformed("packet number"));
        }
        self.sequence = packet.sequence().wrapping_add(1);
        match self.state {
            State::Greeted => self.answered(packet.payload()),
            State::Encrypted => self.named(packet.payload()),
            State::Switching => Ok(self.ask_for(packet.payload())),
            State::Asked => self.told(packet.payload()),
            State::Named { .. } | State::Over => Err(OUT_OF_TURN),
        }
    }

    /// In clear, only the wish for TLS is heard.
    fn answered(&mut self, payload: &[u8]) -> Result<Arrival, Error> {
        match Answer::parse(payload, OFFERED)? {
            Answer::Tls => {
                self.state = State::Encrypted;
                Ok(Arrival::Tls)
            }
            Answer::Login(_) => {
                let message = "connections without TLS are not taken here".to_owned();
                let failure = Failure { code: 3159, state: "HY000".to_owned(), message };
                Ok(Arrival::TurnedAway(self.turn_away(&failure)))
            }
        }
    }

    fn named(&mut self, payload: &[u8]) -> Result<Arrival, Error> {
        let Answer::Login(login) = Answer::parse(payload, OFFERED)? else { return Err(OUT_OF_TURN) };
        let (by_ticket, is_mute) = (login.plugin == CACHING_SHA2, is_mute(&login.proof));
        self.state = State::Named { by_ticket, is_mute };
        Ok(Arrival::Login(Login { capabilities: login.capabilities & !SSL, ..login }))
    }

    /// Asks for the ticket.
    ///
    /// # Errors
    ///
    /// The client has not told who it is, or has told more.
    pub fn ask(&mut self) -> Result<Arrival, Error> {
        let State::Named { by_ticket, is_mute } = self.state else { return Err(OUT_OF_TURN) };
        if by_ticket {
            let proof: &[u8] = if is_mute { &[] } else { &[1] };
            return Ok(self.ask_for(proof));
        }
        self.state = State::Switching;
        let payload = switch(CACHING_SHA2, &self.nonce)?;
        Ok(Arrival::Send(self.next(&payload)))
    }

    /// The proof itself proves nothing here; but who has none has no ticket either, and would not answer.
    fn ask_for(&mut self, proof: &[u8]) -> Arrival {
        if is_mute(proof) {
            let message = "a ticket is needed as password".to_owned();
            return Arrival::TurnedAway(self.turn_away(&Failure {
                code: 1045,
                state: "28000".to_owned(),
                message,
            }));
        }
        self.state = State::Asked;
        Arrival::Send(self.next(&more(FULL)))
    }

    fn told(&mut self, payload: &[u8]) -> Result<Arrival, Error> {
        // Some clients write what is not ASCII in Latin-1. No ticket is such a text.
        let ticket = String::from_utf8_lossy(in_clear(payload)?).into_owned();
        self.state = State::Over;
        Ok(Arrival::Ticket(Zeroizing::new(ticket)))
    }

    /// What tells the client that it is in. Its commands come next.
    #[must_use]
    pub fn let_in(&mut self) -> Bytes {
        // Whoever waits for what becomes of a proof by this method is told that first.
        let known = matches!(self.state, State::Named { by_ticket: true, is_mute: false });
        self.state = State::Over;
        let known = if known { self.next(&more(KNOWN)) } else { Bytes::new() };
        [known, ok(self.sequence, AUTOCOMMIT)].concat().into()
    }

    /// What tells the client that it is not.
    #[must_use]
    pub fn turn_away(&mut self, failure: &Failure) -> Bytes {
        self.state = State::Over;
        failure.encode(self.sequence)
    }

    fn next(&mut self, payload: &[u8]) -> Bytes {
        let bytes = packets(self.sequence, payload);
        self.sequence = self.sequence.wrapping_add(1);
        bytes
    }
}

/// What clients without a password send.
fn is_mute(proof: &[u8]) -> bool {
    matches!(proof, [] | [0])
}
