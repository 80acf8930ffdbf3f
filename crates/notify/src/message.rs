//! What a notice says to people: one line that tells what happened, and lines with the facts, in the receiver's language.

use std::collections::{BTreeMap, BTreeSet};

use access::announcement::{AboutPermit, AboutRequest, Announcement};
use access::model::Notice;
use access::text::{self, Language, Line};

use crate::plain::{cut, plain};

/// A notice in words. Every line is harmless: nothing in it hides, and none contains a line break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What happened.
    pub title: String,
    /// The facts; what may be long comes last.
    pub facts: Vec<String>,
    language: Language,
}

impl Message {
    /// The words of a notice. One that this version does not know is told by its event alone.
    pub fn of(notice: &Notice, language: Language) -> Self {
        match serde_json::from_str(&notice.body) {
            Ok(announcement) => Writer::write(&announcement, language),
            Err(_) => Writer::new(language).titled(&text::TOLD_OTHER, &[("event", &notice.event)]),
        }
    }

    /// All lines, in at most so many bytes. What does not fit is counted, never left out in silence.
    pub fn text(&self, bytes: usize) -> String {
        let whole = self.lines().collect::<Vec<_>>().join("\n");
        if whole.len() <= bytes {
            return whole;
        }
        let (kept, left) = cut(&whole, bytes.saturating_sub(ROOM_FOR_THE_COUNT));
        let count = text::NOTICE_CUT.say(self.language, &[("n", &left.to_string())]);
        format!("{kept}\n{count}")
    }

    /// The title and the facts.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.title).chain(&self.facts).map(String::as_str)
    }
}

/// Bytes that [`text::NOTICE_CUT`] needs at most, with its line break.
const ROOM_FOR_THE_COUNT: usize = 100;

/// Gathers the facts of one announcement.
struct Writer {
    language: Language,
    facts: Vec<String>,
}

impl Writer {
    fn new(language: Language) -> Self {
        Self { language, facts: Vec::new() }
    }

    fn write(announcement: &Announcement, language: Language) -> Message {
        let to = Self::new(language);
        match announcement {
            Announcement::RequestMade { about, quorums, expires } => to.made(about, quorums, expires),
            Announcement::RequestDecided { about, by, answer } => {
                let values = [("by", &**by), ("answer", answer)];
                to.request(about).titled_for(&text::TOLD_REQUEST_DECIDED, about, &values)
            }
            Announcement::RequestEnded { about, state } => {
                to.request(about).titled_for(&text::TOLD_REQUEST_ENDED, about, &[("state", state)])
            }
            Announcement::PermitBegan { about } => {
                to.permit(about).titled_of(&text::TOLD_PERMIT_BEGAN, about, &[])
            }
            Announcement::PermitEnded { about, why, by } => {
                let to = to.permit(about).maybe(&text::FACT_BY, by.as_ref());
                to.titled_of(&text::TOLD_PERMIT_ENDED, about, &[("why", why)])
            }
            Announcement::EmergencyDeclared { about, reason } => {
                let to = to.permit(about).fact(&text::FACT_REASON, reason);
                to.titled_of(&text::TOLD_EMERGENCY, about, &[])
            }
            Announcement::EmergencyReviewed { about, by } => {
                to.permit(about).titled_of(&text::TOLD_EMERGENCY_REVIEWED, about, &[("by", by)])
            }
            other => to.other(other),
        }
    }

    /// What concerns neither a request nor a permit.
    fn other(self, announcement: &Announcement) -> Message {
        match announcement {
            Announcement::Alert { what } => self.fact(&text::FACT_WHAT, what).titled(&text::TOLD_ALERT, &[]),
            Announcement::PersonSuspended { person, by } => {
                self.titled(&text::TOLD_SUSPENDED, &[("person", person), ("by", by)])
            }
            Announcement::KeyEnrolled { person, fingerprint, by } => {
                let to = self.fact(&text::FACT_KEY, fingerprint).fact(&text::FACT_BY, by);
                to.titled(&text::TOLD_KEY_ENROLLED, &[("person", person)])
            }
            Announcement::SessionKilled { session, person, target, by } => {
                let values = [("by", &**by), ("person", person), ("target", target)];
                self.fact(&text::FACT_SESSION, session).titled(&text::TOLD_KILLED, &values)
            }
            Announcement::LoginLockedOut { person, source, until } => {
                let to = self.fact(&text::FACT_SOURCE, source).fact(&text::FACT_UNTIL, until);
                match person {
                    Some(person) => to.titled(&text::TOLD_LOCKED_OUT, &[("person", person)]),
                    None => to.titled(&text::TOLD_LOCKED_OUT_NOBODY, &[]),
                }
            }
            Announcement::Test {} => self.titled(&text::TOLD_TEST, &[]),
            known => self.titled(&text::TOLD_OTHER, &[("event", known.event())]),
        }
    }

    fn made(self, about: &AboutRequest, quorums: &[String], expires: &str) -> Message {
        let look = text::NOTICE_LOOK.say(self.language, &[("request", &about.request.to_string())]);
        let quorums = quorums.join(" / ");
        let mut to = self.place(about).fact(&text::FACT_QUORUMS, &quorums).fact(&text::FACT_EXPIRES, expires);
        to.facts.push(look);
        to.asked(about).titled_for(&text::TOLD_REQUEST_MADE, about, &[])
    }

    fn request(self, about: &AboutRequest) -> Self {
        self.place(about).asked(about)
    }

    fn place(self, about: &AboutRequest) -> Self {
        self.fact(&text::FACT_TARGET, &about.target)
            .fact(&text::FACT_LABELS, &pairs(&about.labels))
            .fact(&text::FACT_ACCOUNT, &about.account)
            .fact(&text::FACT_EFFECTS, &words(&about.effects))
            .maybe(&text::FACT_PROGRAM, about.program.as_ref())
    }

    fn asked(self, about: &AboutRequest) -> Self {
        self.maybe(&text::FACT_SUMMARY, about.summary.as_ref())
            .maybe(&text::FACT_COMMAND, about.command.as_ref())
    }

    fn permit(self, about: &AboutPermit) -> Self {
        self.fact(&text::FACT_SCOPE, &about.scope)
            .fact(&text::FACT_ACCOUNT, &about.account)
            .fact(&text::FACT_UNTIL, &about.until)
            .maybe(&text::FACT_REQUEST, about.request.map(|request| request.to_string()).as_ref())
    }

    fn maybe(self, line: &Line, value: Option<&String>) -> Self {
        self.fact(line, value.map(String::as_str).unwrap_or_default())
    }

    /// A fact that is empty is none.
    fn fact(mut self, line: &Line, value: &str) -> Self {
        if !value.is_empty() {
            self.facts.push(line.say(self.language, &[("value", &plain(value))]));
        }
        self
    }

    fn titled_for(self, line: &Line, about: &AboutRequest, more: &[(&str, &str)]) -> Message {
        let number = about.request.to_string();
        self.titled(line, &[&[("request", &*number), ("requester", &about.requester)], more].concat())
    }

    fn titled_of(self, line: &Line, about: &AboutPermit, more: &[(&str, &str)]) -> Message {
        let number = about.permit.to_string();
        let values = [("permit", &*number), ("kind", &about.kind), ("holder", &about.holder)];
        self.titled(line, &[&values, more].concat())
    }

    fn titled(self, line: &Line, values: &[(&str, &str)]) -> Message {
        Message { title: plain(&line.say(self.language, values)), facts: self.facts, language: self.language }
    }
}

fn pairs(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

fn words(effects: &BTreeSet<String>) -> String {
    effects.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::{made, notice};

    #[test]
    fn a_request_is_told_with_its_place_first_and_its_command_last() {
        let message = Message::of(&notice(&made("'rm' '-rf' 'data'")), Language::English);
        assert_eq!(message.title, "Countersign: request 42 by alice waits for signatures");
        let expected = [
            "target: db-1",
            "labels: env=prod, tier=core-data",
            "account: root",
            "effects: data.destroy",
            "program: rm",
            "needs: two-dba-leads",
            "lapses: 2026-11-23T10:30:00Z",
            "Look at it before you sign: ssh GATEWAY show 42",
            "command: 'rm' '-rf' 'data'",
        ];
        assert_eq!(message.facts, expected);
    }

    #[test]
    fn chinese_receivers_read_chinese() {
        let message = Message::of(&notice(&made("x")), Language::Chinese);
        assert_eq!(message.title, "Countersign：alice 的请求 42 等待签名");
        assert!(message.facts.contains(&"目标：db-1".to_owned()), "{message:?}");
    }

    #[test]
    fn a_command_cannot_add_a_line() {
        let message = Message::of(&notice(&made("x\ntarget: harmless\u{202e}")), Language::English);
        assert_eq!(message.text(9999).lines().count(), message.facts.len() + 1);
        assert!(message.text(9999).contains("x\\u{a}target: harmless\\u{202e}"));
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let message = Message::of(&notice(&made(&"数".repeat(3000))), Language::English);
        let text = message.text(2048);
        assert!(text.len() <= 2048, "{}", text.len());
        let shown = text.matches('数').count();
        assert!(text.ends_with(&format!(
            "… and {} characters more, which this channel has no room for",
            3000 - shown
        )));
    }

    #[test]
    fn a_notice_of_another_version_is_told_by_its_event() {
        let unknown = Notice {
            event: "new-thing".into(),
            body: "{\"event\":\"new-thing\"}".into(),
            ..notice(&made(""))
        };
        assert_eq!(Message::of(&unknown, Language::English).title, "Countersign: new-thing");
    }

    #[test]
    fn every_event_has_words_of_its_own() {
        let permit =
            AboutPermit { permit: 7, kind: "access".into(), holder: "alice".into(), ..Default::default() };
        let about = AboutRequest { request: 42, ..AboutRequest::default() };
        let (who, at) = ("bob".to_owned(), "2026-11-23T10:30:00Z".to_owned());
        let all = [
            made("x"),
            Announcement::RequestDecided { about: about.clone(), by: who.clone(), answer: "approve".into() },
            Announcement::RequestEnded { about, state: "used".into() },
            Announcement::PermitBegan { about: permit.clone() },
            Announcement::PermitEnded { about: permit.clone(), why: "lapsed".into(), by: None },
            Announcement::EmergencyDeclared { about: permit.clone(), reason: "down".into() },
            Announcement::EmergencyReviewed { about: permit, by: who.clone() },
            Announcement::Alert { what: "a row".into() },
            Announcement::PersonSuspended { person: who.clone(), by: who.clone() },
            Announcement::KeyEnrolled {
                person: who.clone(),
                fingerprint: "SHA256:x".into(),
                by: who.clone(),
            },
            Announcement::SessionKilled {
                session: "s".into(),
                person: who.clone(),
                target: "t".into(),
                by: who.clone(),
            },
            Announcement::LoginLockedOut { person: Some(who), source: "192.0.2.1".into(), until: at },
        ];
        let known: Vec<_> = all.iter().map(Announcement::event).collect();
        assert_eq!(known, access::announcement::EVENTS);
        for announcement in all {
            let message = Message::of(&notice(&announcement), Language::English);
            assert!(!message.title.ends_with(announcement.event()), "{}", message.title);
        }
    }
}
