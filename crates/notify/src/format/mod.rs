//! How each kind of receiver wants a notice: its body, and where its signature goes.

mod dingtalk;
mod feishu;
mod json;
mod slack;
mod wecom;

use access::model::{Notice, Timestamp};
use access::text::Language;
use serde_json::Value;

use crate::message::Message;
use crate::receiver::Secret;

/// What a webhook expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our own JSON, signed in headers.
    Json,
    /// A robot of 企业微信 (WeCom).
    Wecom,
    /// A robot of 钉钉 (DingTalk).
    Dingtalk,
    /// A robot of 飞书 (Feishu, Lark).
    Feishu,
    /// An incoming webhook of Slack.
    Slack,
}

/// One notice, ready to be posted.
#[derive(Debug, PartialEq, Eq)]
pub struct Post {
    /// Added to the URL's query, each `name=value` already encoded.
    pub query: Vec<String>,
    /// Added to the headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body, JSON.
    pub body: String,
}

impl Post {
    fn plain(body: Value) -> Self {
        Self { query: Vec::new(), headers: Vec::new(), body: body.to_string() }
    }
}

impl Format {
    /// The kind that a configuration names.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "json" => Self::Json,
            "wecom" => Self::Wecom,
            "dingtalk" => Self::Dingtalk,
            "feishu" => Self::Feishu,
            "slack" => Self::Slack,
            _ => return None,
        })
    }

    /// Whether a secret makes signatures: `Some(true)` when there must be one, none when there is no such thing.
    pub fn signs(self) -> Option<bool> {
        match self {
            Self::Json => Some(true),
            Self::Dingtalk | Self::Feishu => Some(false),
            Self::Wecom | Self::Slack => None,
        }
    }

    /// The notice as it is posted at `now`, signed when there is a secret.
    pub fn post(self, notice: &Notice, language: Language, secret: Option<&Secret>, now: Timestamp) -> Post {
        let message = Message::of(notice, language);
        match self {
            Self::Json => json::post(notice, &message, secret, now),
            Self::Wecom => wecom::post(&message),
            Self::Dingtalk => dingtalk::post(&message, secret, now),
            Self::Feishu => feishu::post(&message, language, secret, now),
            Self::Slack => slack::post(&message),
        }
    }

    /// Whether the answer to a delivered post says that it was taken. Robots answer 200 also when they refuse.
    pub fn accepts(self, answer: &[u8]) -> Result<(), String> {
        let field = match self {
            Self::Json | Self::Slack => return Ok(()),
            Self::Wecom | Self::Dingtalk => "errcode",
            Self::Feishu => "code",
        };
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        match answer.get(field).and_then(Value::as_i64) {
            Some(0) => Ok(()),
            Some(code) => Err(format!("it answered {field} {code}")),
            None => Err(format!("its answer has no {field}")),
        }
    }
}

#[cfg(test)]
pub(crate) mod sample {
    //! A notice that tries everything, for the tests of every format.

    use std::collections::{BTreeMap, BTreeSet};

    use access::announcement::{AboutRequest, Announcement};
    use access::entry::canonical;
    use access::model::{Notice, Timestamp};

    /// 2026-11-23 10:00:00 UTC.
    pub const NOW: Timestamp = Timestamp(1_795_428_000_000_000);

    /// Mentions, markup and links of every channel, in one command.
    pub const NASTY: &str = "echo <@all> @all <at user_id=\"all\">x</at> <!channel> [ok](http://evil) *b* _i_ `c` <http://evil|ok> & \r\nX: y";

    pub fn made(command: &str) -> Announcement {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let about = AboutRequest {
            request: 42,
            kind: "action".into(),
            requester: "alice".into(),
            target: "db-1".into(),
            labels: BTreeMap::from([label("env", "prod"), label("tier", "core-data")]),
            account: "root".into(),
            effects: BTreeSet::from(["data.destroy".to_owned()]),
            program: Some("rm".into()),
            command: Some(command.to_owned()),
            summary: None,
        };
        let expires = "2026-11-23T10:30:00Z".to_owned();
        Announcement::RequestMade { about, quorums: vec!["two-dba-leads".into()], expires }
    }

    pub fn notice(announcement: &Announcement) -> Notice {
        Notice {
            id: 17,
            receiver: "leads".into(),
            event: announcement.event().to_owned(),
            body: canonical(announcement),
            created: NOW,
            due: NOW,
            attempts: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_robot_that_refuses_with_200_has_not_taken_it() {
        assert_eq!(Format::Wecom.accepts(br#"{"errcode":0,"errmsg":"ok"}"#), Ok(()));
        assert_eq!(
            Format::Dingtalk.accepts(br#"{"errcode":310000,"errmsg":"x"}"#),
            Err("it answered errcode 310000".into())
        );
        assert_eq!(Format::Feishu.accepts(br#"{"code":19021}"#), Err("it answered code 19021".into()));
        assert_eq!(Format::Feishu.accepts(b"<html>"), Err("its answer has no code".into()));
        assert_eq!(Format::Slack.accepts(b"ok"), Ok(()));
    }
}
