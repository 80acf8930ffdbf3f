//! The desk: commands to the gateway itself, for people who came in without naming a target.

use std::sync::Arc;

use access::desk_command::{DeskCommand, Input};
use access::identity::VerifiedIdentity;
use access::text;

use super::channel::turn_away;
use super::client_outlet::ClientOutlet;
use super::connection::Connection;
use super::feed::{Feed, closed};
use crate::relay::{Crossing, Outlet, Stream};

/// Longest standard input of a desk command: a signature is well below.
const MAX_STDIN: usize = 64 * 1024;

/// What a channel asks of the desk.
enum Wish {
    Command(String),
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
    let mut terminal = false;
    let line = match wish(&connection, &feed, &mut terminal).await {
        Wish::Command(line) => line,
        Wish::Gone => return,
        Wish::NotOnOffer => {
            let line = connection.words(&text::DESK_NO_FILES, &[]);
            return turn_away(&mut outlet, &(line + "\n")).await;
        }
    };
    let reads = DeskCommand::read(&line).is_ok_and(|command| command.input() == Input::Whole);
    let stdin = if reads { read_all(&feed).await } else { Some(Vec::new()) };
    let Some(stdin) = stdin else {
        let line = connection.words(&text::DESK_INPUT_LONG, &[]);
        return turn_away(&mut outlet, &(line + "\n")).await;
    };
    let answer = connection.road.desk(&who, &line, &stdin).await;
    let explanations = connection.explanations();
    let shown = |text: String| if terminal { text.replace('\n', "\r\n") } else { text };
    let words = [
        Crossing::Notice(shown(explanations + &answer.stderr)),
        Crossing::Data(Stream::Plain, shown(answer.stdout).into()),
        Crossing::ExitStatus(answer.status),
        Crossing::Eof,
        Crossing::Close,
    ];
    let mut signs = feed.signs();
    let telling = async {
        for word in words {
            outlet.deliver(word).await;
        }
    };
    tokio::select! { () = telling => {}, () = closed(&mut signs) => {} }
}

async fn wish(connection: &Arc<Connection>, feed: &Feed, terminal: &mut bool) -> Wish {
    loop {
        let crossing = tokio::select! {
            taken = feed.spool.take() => taken,
            _ = connection.ended() => return Wish::Gone,
        };
        match crossing {
            Ok(Crossing::Exec(text)) => return Wish::Command(String::from_utf8_lossy(&text).into_owned()),
            Ok(Crossing::Shell) => return Wish::Command("help".into()),
            Ok(Crossing::Subsystem(_)) => return Wish::NotOnOffer,
            Ok(Crossing::Pty(_)) => *terminal = true,
            Ok(Crossing::Refused { what, why }) if !why.is_empty() => connection.note_refusal(&what, ""),
            Ok(Crossing::Close) | Err(_) => return Wish::Gone,
            Ok(_) => {}
        }
    }
}

/// Standard input up to its end; `None` when it is too long.
async fn read_all(feed: &Feed) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        match feed.spool.take().await {
            Ok(Crossing::Data(_, bytes)) if all.len() + bytes.len() > MAX_STDIN => return None,
            Ok(Crossing::Data(_, bytes)) => all.extend_from_slice(&bytes),
            Ok(Crossing::Eof | Crossing::Close) => return Some(all),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}
