//! The desk: commands to the gateway itself, for people who came in without naming a target.

use std::sync::Arc;

use access::desk_command::{DeskCommand, Input};
use access::identity::VerifiedIdentity;
use access::road::DeskAnswer;
use access::text;

use super::channel::turn_away;
use super::client_outlet::ClientOutlet;
use super::connection::Connection;
use super::desk_seat::{Over, Seat};
use super::feed::Feed;
use super::{desk_replay, desk_search, desk_watch, menu};
use crate::relay::{Crossing, Pty};

/// Longest standard input of a desk command: scripts and changes; a signature is well below.
const MAX_STDIN: usize = 64 * 1024;

/// What a channel asks of the desk.
enum Wish {
    Command(String),
    /// A shell: a menu for who has a terminal, help for who has none.
    Shell,
    Gone,
    NotOnOffer,
}

/// Answers one channel.
pub(crate) async fn run(
    connection: Arc<Connection>,
    who: VerifiedIdentity,
    feed: Arc<Feed>,
    mut outlet: ClientOutlet,
) {
    let mut pty = None;
    let wish = match wish(&connection, &feed, &mut pty).await {
        Wish::Gone => return,
        Wish::NotOnOffer => {
            let line = connection.words(&text::DESK_NO_FILES, &[]);
            return turn_away(&mut outlet, &(line + "\n")).await;
        }
        wish => wish,
    };
    let mut seat = Seat { connection, who, feed, outlet, pty };
    let done = serve(&mut seat, wish).await;
    seat.rise(done).await;
}

async fn wish(connection: &Arc<Connection>, feed: &Feed, pty: &mut Option<Pty>) -> Wish {
    loop {
        let crossing = tokio::select! {
            taken = feed.spool.take() => taken,
            _ = connection.ended() => return Wish::Gone,
        };
        match crossing {
            Ok(Crossing::Exec(text)) => return Wish::Command(String::from_utf8_lossy(&text).into_owned()),
            Ok(Crossing::Shell) => return Wish::Shell,
            Ok(Crossing::Subsystem(_)) => return Wish::NotOnOffer,
            Ok(Crossing::Pty(wanted)) => *pty = Some(wanted),
            Ok(Crossing::Window(window)) => {
                if let Some(pty) = pty {
                    pty.window = window;
                }
            }
            Ok(Crossing::Refused { what, why }) if !why.is_empty() => connection.note_refusal(&what, ""),
            Ok(Crossing::Close) | Err(_) => return Wish::Gone,
            Ok(_) => {}
        }
    }
}

/// Carries a wish out; the status that the client is told.
async fn serve(seat: &mut Seat, wish: Wish) -> Result<u32, Over> {
    let explanations = seat.connection.explanations();
    seat.tell(&explanations).await?;
    let command = match wish {
        Wish::Shell if seat.pty.is_some() => return menu::run(seat).await,
        Wish::Command(line) => match DeskCommand::read(&line) {
            Ok(command) => command,
            // The road says what is wrong with it.
            Err(_) => return answer(seat, &line).await,
        },
        _ => DeskCommand::Help,
    };
    match command {
        DeskCommand::Watch { request } => desk_watch::run(seat, request).await,
        DeskCommand::Replay(replay) => desk_replay::run(seat, &replay).await,
        DeskCommand::Search(wanted) => desk_search::run(seat, &wanted).await,
        command => carry_out(seat, command).await,
    }
}

async fn answer(seat: &mut Seat, line: &str) -> Result<u32, Over> {
    let answer = seat.connection.road.desk(&seat.who, line, b"").await;
    print(seat, answer).await
}

async fn carry_out(seat: &mut Seat, command: DeskCommand) -> Result<u32, Over> {
    let stdin = match command.input() {
        Input::Nothing => Vec::new(),
        Input::Whole => match read_all(seat).await? {
            Some(stdin) => stdin,
            None => {
                let line = seat.connection.words(&text::DESK_INPUT_LONG, &[]);
                seat.tell(&(line + "\n")).await?;
                return Ok(1);
            }
        },
    };
    let answer = seat.connection.road.desk_does(&seat.who, command, &stdin).await;
    print(seat, answer).await
}

async fn print(seat: &mut Seat, answer: DeskAnswer) -> Result<u32, Over> {
    seat.tell(&answer.stderr).await?;
    seat.show(&answer.stdout).await?;
    Ok(answer.status)
}

/// Standard input up to its end; none when it is too long.
async fn read_all(seat: &mut Seat) -> Result<Option<Vec<u8>>, Over> {
    let mut all = Vec::new();
    loop {
        match seat.hear().await? {
            Crossing::Data(_, bytes) if all.len() + bytes.len() > MAX_STDIN => return Ok(None),
            Crossing::Data(_, bytes) => all.extend_from_slice(&bytes),
            Crossing::Eof => return Ok(Some(all)),
            _ => {}
        }
    }
}
