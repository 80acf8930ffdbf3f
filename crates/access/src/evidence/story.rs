//! The story in plain words: who asked for what, who signed, and what came of it.

use serde_json::Value;

use super::answers::Answered;
use super::ending::Ending;
use super::protocol::Said;
use super::request::{PersonThen, text_of};
use super::verify::Examined;
use crate::model::{Answer, RequestState, Timestamp};
use crate::statement::{rfc3339, visible};
use crate::text::{self, Line};

pub(super) fn tell(examined: &Examined<'_>) -> Vec<Said> {
    let mut story = request(examined);
    story.extend(examined.answers.iter().map(answer));
    story.extend(end(examined));
    story
}

fn request(Examined { asked, requester, rules, .. }: &Examined<'_>) -> Vec<Said> {
    let act = |field| visible(text_of(asked.act, field));
    let number = asked.number.to_string();
    let came = [
        ("at", &*time(requester.came)),
        ("who", &person(&requester.person)),
        ("how", &visible(&requester.how)),
    ];
    let effects = words(asked.act.get("effects"));
    let place = [
        ("at", &*time(asked.at)),
        ("number", &number),
        ("who", &*visible(&requester.person.name)),
        ("target", &act("target")),
        ("labels", &labels(asked.act.get("labels"))),
        ("account", &act("account")),
        ("run", &act("run")),
        ("effects", &effects),
    ];
    let needs = [
        ("rules", &*visible(&rules.join(", "))),
        ("policy", &act("policy")),
        ("quorums", &visible(&asked.quorums.join(" / "))),
        ("until", &time(asked.expires)),
    ];
    vec![
        Said::new(text::STORY_CAME, &came),
        Said::new(text::STORY_ASKED, &place),
        Said::new(text::STORY_HELD, &needs),
    ]
}

fn answer(answered: &Answered) -> Said {
    let line = match answered.answer {
        Answer::Approve => text::STORY_APPROVED,
        Answer::Deny => text::STORY_DENIED,
    };
    Said::new(
        line,
        &[
            ("at", &time(answered.at)),
            ("who", &person(&answered.person)),
            ("key", &visible(&answered.key)),
            ("device", &visible(answered.device.as_deref().unwrap_or("-"))),
            ("enrolled", &time(answered.enrolled)),
            ("revoked", &answered.revoked.map_or("-".to_owned(), time)),
        ],
    )
}

fn end(examined: &Examined<'_>) -> Vec<Said> {
    match &examined.ending {
        Ending::Granted { at, .. } => granted(*at, examined),
        Ending::Over { at, state, .. } => vec![Said::new(over(*state), &[("at", &time(*at))])],
    }
}

fn granted(at: i64, examined: &Examined<'_>) -> Vec<Said> {
    let clauses = examined.quorum.iter().flat_map(|quorum| &quorum.clauses);
    let clauses: Vec<_> = clauses.map(|clause| format!("{} of {}", clause.n, clause.of)).collect();
    let name = examined.quorum.as_ref().map_or("", |quorum| &quorum.name);
    let values =
        [("at", &*time(at)), ("quorum", &visible(name)), ("clauses", &visible(&clauses.join(" + ")))];
    let mut story = vec![Said::new(text::STORY_GRANTED, &values)];
    if let Some(recorded) = &examined.recorded {
        let session = examined.asked.session.clone().unwrap_or_default();
        let (segments, bytes) = (recorded.segments.to_string(), recorded.bytes.to_string());
        let values = [("session", &*session), ("segments", &segments), ("bytes", &bytes)];
        story.push(Said::new(text::STORY_RECORDED, &values));
        story.push(match &recorded.closed {
            Some((at, outcome)) => {
                Said::new(text::STORY_CLOSED, &[("at", &time(*at)), ("outcome", &visible(outcome))])
            }
            None => Said::new(text::STORY_STILL_OPEN, &[]),
        });
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

fn person(person: &PersonThen) -> String {
    let groups: Vec<_> = person.groups.iter().map(|group| visible(group)).collect();
    let team = person.team.iter().map(|team| format!("; {}", visible(team))).collect::<String>();
    format!("{} ({}: {}{team})", visible(&person.name), person.id, groups.join(", "))
}

fn words(list: Option<&Value>) -> String {
    let words = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    words.map(visible).collect::<Vec<_>>().join(", ")
}

fn labels(labels: Option<&Value>) -> String {
    let pairs = labels.and_then(Value::as_object).into_iter().flatten();
    let pairs = pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    visible(&pairs.collect::<Vec<_>>().join(", "))
}

fn time(at: i64) -> String {
    rfc3339(Timestamp(at))
}
