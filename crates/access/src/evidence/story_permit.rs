//! What followed in plain words: rows that changed, permits with every session, run and look, and how they ended.

use super::consequences::Brought;
use super::permit::{Begun, Permitted};
use super::protocol::Said;
use super::request::Requester;
use super::rows::Altered;
use super::session::Recorded;
use super::story::{person, time};
use super::visits::{Done, Visit};
use crate::model::PermitKind;
use crate::statement::visible;
use crate::text;

/// A permit that somebody began alone.
pub(super) fn tell_permit(holder: &Requester, permit: &Permitted) -> Vec<Said> {
    let who = person(&holder.person);
    let came = [("at", &*time(holder.came)), ("who", &who), ("how", &visible(&holder.how))];
    let Begun { at, number, kind, terms, until, .. } = &permit.begun;
    let declared = [
        ("at", &*time(*at)),
        ("who", &who),
        ("permit", &number.to_string()),
        ("kind", kind.as_str()),
        ("scope", &visible(&terms.scope.to_string())),
        ("until", &time(*until)),
        ("reason", &visible(&terms.reason)),
    ];
    let mut story = vec![Said::new(text::STORY_CAME, &came), Said::new(text::STORY_DECLARED, &declared)];
    story.extend(life(permit));
    story
}

/// What a grant brought about.
pub(super) fn brought(brought: &Brought) -> Vec<Said> {
    match brought {
        Brought::Nothing => vec![],
        Brought::Rows(rows) => rows.iter().map(row).collect(),
        Brought::Permit(permit) => {
            let Begun { at, number, kind, until, .. } = &permit.begun;
            let values = [
                ("at", &*time(*at)),
                ("permit", &number.to_string()),
                ("kind", kind.as_str()),
                ("until", &time(*until)),
            ];
            let mut story = vec![Said::new(text::STORY_PERMIT, &values)];
            story.extend(life(permit));
            story
        }
    }
}

fn row(row: &Altered) -> Said {
    let difference = row.difference();
    let values = [
        ("at", &*time(row.at)),
        ("kind", &visible(&row.kind)),
        ("id", &visible(&row.id)),
        ("difference", &difference),
    ];
    let line = if difference.is_empty() { text::STORY_ROW_SECRET } else { text::STORY_ROW };
    Said::new(line, &values)
}

/// How a permit was used, and how it ended.
fn life(permit: &Permitted) -> Vec<Said> {
    let mut story: Vec<_> = permit.visits.iter().flat_map(visit).collect();
    let session = permit.begun.terms.session.as_deref().map(visible).unwrap_or_default();
    let viewed = |at: &i64| Said::new(text::STORY_VIEWED, &[("at", &time(*at)), ("session", &session)]);
    story.extend(permit.views.iter().map(viewed));
    if permit.visits.is_empty() && permit.views.is_empty() {
        story.push(Said::new(text::STORY_UNUSED, &[]));
    }
    story.push(match &permit.ended {
        Some(end) => {
            let by = end.by.as_deref().unwrap_or("-");
            let values = [("at", &*time(end.at)), ("why", &visible(&end.why)), ("who", by)];
            Said::new(text::STORY_PERMIT_ENDED, &values)
        }
        None => Said::new(text::STORY_PERMIT_RUNS, &[]),
    });
    if permit.begun.kind == PermitKind::Emergency {
        story.push(match &permit.reviewed {
            Some((at, who)) => Said::new(text::STORY_REVIEWED, &[("at", &time(*at)), ("who", who)]),
            None => Said::new(text::STORY_REVIEW_OPEN, &[]),
        });
    }
    story
}

fn visit(visit: &Visit) -> Vec<Said> {
    let values = [
        ("at", &*time(visit.at)),
        ("who", &visit.who),
        ("session", &visible(&visit.session)),
        ("target", &visible(&visit.target)),
        ("account", &visible(&visit.account)),
    ];
    let mut story = vec![Said::new(text::STORY_VISIT, &values)];
    story.extend(visit.done.iter().map(done));
    story.extend(told_recording(&visit.session, &visit.recorded));
    story
}

fn done(done: &Done) -> Said {
    let effects: Vec<_> = done.effects.iter().map(|effect| visible(effect)).collect();
    let request = done.request.map_or("-".to_owned(), |request| request.to_string());
    let values = [
        ("at", &*time(done.at)),
        ("act", &visible(&done.act)),
        ("verdict", &visible(&done.verdict)),
        ("effects", &effects.join(", ")),
        ("request", &request),
    ];
    Said::new(text::STORY_ACT, &values)
}

/// How much of a session is recorded, and how it ended.
pub(super) fn told_recording(session: &str, recorded: &Recorded) -> Vec<Said> {
    let (segments, bytes) = (recorded.segments.to_string(), recorded.bytes.to_string());
    let values = [("session", session), ("segments", &*segments), ("bytes", &*bytes)];
    let end = match &recorded.closed {
        Some((at, outcome)) => {
            Said::new(text::STORY_CLOSED, &[("at", &time(*at)), ("outcome", &visible(outcome))])
        }
        None => Said::new(text::STORY_STILL_OPEN, &[]),
    };
    vec![Said::new(text::STORY_RECORDED, &values), end]
}
