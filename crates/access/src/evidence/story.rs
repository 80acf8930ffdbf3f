//! The story of a request in plain words: who asked for what, who signed, and what came of it.

use serde_json::Value;

use super::answers::Answered;
use super::ending::{BareNo, Ending};
use super::protocol::Said;
use super::request::{PersonThen, text_of};
pub(super) use super::story_permit::tell_permit;
use super::story_permit::{brought, told_recording};
use super::verify::Examined;
use crate::model::{Answer, RequestKind, RequestState, Timestamp};
use crate::statement::{rfc3339, visible};
use crate::text::{self, Line};

pub(super) fn tell(examined: &Examined<'_>) -> Vec<Said> {
    let mut story = request(examined);
    story.extend(examined.answers.iter().map(answer));
    story.extend(examined.bare_no.as_ref().map(bare_no));
    story.extend(end(examined));
    story
}

fn request(examined: &Examined<'_>) -> Vec<Said> {
    let Examined { asked, requester, rules, .. } = examined;
    let act = |field| visible(text_of(asked.act, field));
    let who = person(&requester.person);
    let came = [("at", &*time(requester.came)), ("who", &who), ("how", &visible(&requester.how))];
    let quorums = visible(&asked.quorums.join(" / "));
    let needs = [("policy", &*act("policy")), ("quorums", &quorums), ("until", &time(asked.expires))];
    let mut story = vec![Said::new(text::STORY_CAME, &came), wanted(examined)];
    story.extend(estimated(asked.act));
    if !rules.is_empty() {
        story.push(Said::new(text::STORY_HELD, &[("rules", &visible(&rules.join(", ")))]));
    }
    story.push(Said::new(text::STORY_NEEDS, &needs));
    story
}

/// What was asked for: an action in its place, or anything else by its summary.
fn wanted(Examined { asked, requester, .. }: &Examined<'_>) -> Said {
    let act = |field| visible(text_of(asked.act, field));
    let (at, number) = (time(asked.at), asked.number.to_string());
    let who = visible(&requester.person.name);
    let effects = words(asked.act.get("effects"));
    let about = [("at", &*at), ("number", &number), ("who", &who), ("effects", &effects)];
    let (target, account) = (act("target"), act("account"));
    match asked.kind {
        RequestKind::Action => {
            let labels = labels(asked.act.get("labels"));
            let run = act("run");
            let place = [("target", &*target), ("labels", &labels), ("account", &account), ("run", &run)];
            Said::new(text::STORY_ASKED, &[&about[..], &place].concat())
        }
        kind => {
            let summary = act("summary");
            let what = [("kind", kind.as_str()), ("summary", &*summary)];
            Said::new(text::STORY_ASKED_FOR, &[&about[..], &what].concat())
        }
    }
}

/// What those who signed were told of its impact.
fn estimated(act: &Value) -> Option<Said> {
    let impact = serde_json::from_value(act.get("impact")?.clone()).ok()?;
    Some(Said::new(text::STORY_IMPACT, &[]).with_impact(impact))
}

fn answer(answered: &Answered) -> Said {
    let line = match answered.approval.answer {
        Answer::Approve => text::STORY_APPROVED,
        Answer::Deny => text::STORY_DENIED,
    };
    Said::new(
        line,
        &[
            ("at", &time(answered.approval.at)),
            ("who", &person(&answered.person)),
            ("key", &visible(&answered.approval.key)),
            ("device", &visible(answered.device.as_deref().unwrap_or("-"))),
            ("enrolled", &time(answered.enrolled)),
            ("revoked", &answered.revoked.map_or("-".to_owned(), time)),
        ],
    )
}

fn bare_no(BareNo { at, person, key }: &BareNo) -> Said {
    let values = [("at", &*time(*at)), ("who", &visible(person)), ("key", &visible(key))];
    Said::new(text::STORY_DENIED_BARE, &values)
}

fn end(examined: &Examined<'_>) -> Vec<Said> {
    match &examined.ending {
        Ending::Granted { at, .. } => granted(*at, examined),
        Ending::Over { at, state, .. } => vec![Said::new(over(*state), &[("at", &time(*at))])],
    }
}

fn granted(at: i64, examined: &Examined<'_>) -> Vec<Said> {
    let name = examined.quorum.as_ref().map_or("", |quorum| &quorum.name);
    let values = [("at", &*time(at)), ("quorum", &visible(name))];
    let line = match examined.asked.kind {
        RequestKind::Action => text::STORY_GRANTED,
        _ => text::STORY_GRANTED_FOR,
    };
    let mut story = vec![Said::new(line, &values).with_clauses(examined.quorum.as_ref())];
    story.extend(brought(&examined.brought));
    if let Some(recorded) = &examined.recorded {
        story.extend(told_recording(examined.asked.session.as_deref().unwrap_or_default(), recorded));
    }
    story
}

fn over(state: RequestState) -> Line {
    match state {
        RequestState::Denied => text::STORY_END_DENIED,
        RequestState::Expired => text::STORY_END_EXPIRED,
        RequestState::Abandoned => text::STORY_END_ABANDONED,
        _ => text::STORY_END_REFUSED,
    }
}

pub(super) fn person(person: &PersonThen) -> String {
    let groups: Vec<_> = person.groups.iter().map(|group| visible(group)).collect();
    let team = person.team.iter().map(|team| format!("; {}", visible(team))).collect::<String>();
    format!("{} ({}: {}{team})", visible(&person.name), person.id, groups.join(", "))
}

pub(super) fn words(list: Option<&Value>) -> String {
    let words = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    words.map(visible).collect::<Vec<_>>().join(", ")
}

fn labels(labels: Option<&Value>) -> String {
    let pairs = labels.and_then(Value::as_object).into_iter().flatten();
    let pairs = pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    visible(&pairs.collect::<Vec<_>>().join(", "))
}

pub(super) fn time(at: i64) -> String {
    rfc3339(Timestamp(at))
}
