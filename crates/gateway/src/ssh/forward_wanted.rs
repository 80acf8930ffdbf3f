//! Forwardings that this version does not carry (remote, agent, X11): judged all the same, so that the entry names the
//! rule, and refused with a sentence.

use std::sync::Arc;

use access::text;
use access::{Ask, Forwarding, Session, Step};

use super::connection::Connection;

/// The channel number of what concerns the whole connection; the first channel has number 1.
const NO_CHANNEL: u32 = 0;

/// Judges a forwarding that was asked for on a channel, and says why there is none.
pub(crate) async fn judge(
    connection: &Connection,
    session: &Session,
    channel: u32,
    forwarding: Forwarding,
) -> String {
    let ask = Ask::Forward(forwarding.clone());
    match connection.road.submit(session, channel, ask).await {
        Step::Refused(refusal) => return refusal.to_string(),
        Step::Held(pending) => drop(connection.road.abandon(*pending).await),
        Step::Run(_) => {}
    }
    let what = name(&forwarding);
    let _ = connection.road.note_refusal(Some(session), session.who(), what, "(not carried)").await;
    connection.words(&text::FORWARD_NOT_CARRIED, &[("what", what)])
}

/// Judges a forwarding that was asked for on the connection; the answer was no already.
pub(crate) fn judge_later(connection: &Arc<Connection>, forwarding: Forwarding) {
    if !connection.may_note() {
        return;
    }
    let own = connection.clone();
    connection.run(async move {
        if let Some(Ok(session)) = own.session().await {
            let sentence = judge(&own, &session, NO_CHANNEL, forwarding).await;
            own.inform(&sentence);
        }
    });
}

fn name(forwarding: &Forwarding) -> &'static str {
    match forwarding {
        Forwarding::Tcp(_) => "local forwarding",
        Forwarding::Unix(_) => "forwarding to a Unix socket",
        Forwarding::Remote(_) => "remote forwarding",
        Forwarding::Agent => "agent forwarding",
        Forwarding::X11 => "X11 forwarding",
    }
}
