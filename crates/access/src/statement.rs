//! What approvers sign: a canonical, self-explanatory statement of exactly one act and one answer.
//!
//! The act is one JSON object in RFC 8785 form; its SHA-256 is the request's digest. The statement wraps the act,
//! the digest and the answer, ends with a line feed, and is signed as SSHSIG in the namespace [`NAMESPACE`].

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use recording::SessionId;
use serde::Serialize;
use serde_json::Value;

use crate::blind::sha256_hex;
use crate::entry::canonical;
use crate::impact::Impact;
use crate::model::{Answer, Request, RequestId, RequestKind, Timestamp};

/// The SSHSIG namespace of decisions.
pub const NAMESPACE: &str = "countersign";

/// What an act says in place of its session when it may run in any one of the same person.
pub const ANY_SESSION: &str = "any session of the requester";

/// Everything that a signature binds. Field names are those of the JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoundAct {
    /// Login on the target.
    pub account: String,
    /// The Cedar action: `exec`, `remove-file` and so on.
    pub act: String,
    /// SSH channel number in the session.
    pub channel: u32,
    /// When it was asked, RFC 3339.
    pub created: String,
    /// Where it starts: a directory on the target, or `login`, the account's login directory. For a statement that may run
    /// in any session, the database and everything else that it depends on.
    pub directory: String,
    /// What it would do.
    pub effects: BTreeSet<String>,
    /// When it lapses, RFC 3339.
    pub expires: String,
    /// What a statement would reach, as its database told when it was held.
    pub impact: Option<Impact>,
    /// `env = prod` and so on.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Assurance level of the target.
    pub level: String,
    /// Random, 32 hex digits.
    pub nonce: String,
    /// Digest of the policies that held it.
    pub policy: String,
    /// The argument lists that would run.
    pub programs: Vec<Vec<String>>,
    /// Any one of these suffices.
    pub quorums: Vec<String>,
    /// Number of the request.
    pub request: i64,
    /// Who asked.
    pub requester: String,
    /// The text that would be handed to the target's shell.
    pub run: String,
    /// Session in which it would run, and nowhere else; or [`ANY_SESSION`].
    pub session: String,
    /// `open` or `closed`.
    pub stdin: &'static str,
    /// What was submitted: `utf8:` and the text, or `base64:` and the bytes.
    pub submitted: String,
    /// Name of the target.
    pub target: String,
    /// The target's pinned host key.
    pub target_host_key: String,
}

impl BoundAct {
    /// The RFC 8785 text and its SHA-256 in lower hex.
    pub fn seal(&self) -> (String, String) {
        let text = canonical(self);
        let digest = sha256_hex(text.as_bytes());
        (text, digest)
    }
}

/// Everything that a signature binds when no action in a session is asked for. Field names are those of the JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoundRequest {
    /// Login on the target; empty without one.
    pub account: String,
    /// What is asked for: `access`, `runbook`, `change`, `replay`.
    pub asks: &'static str,
    /// When it was asked, RFC 3339.
    pub created: String,
    /// What it would do.
    pub effects: BTreeSet<String>,
    /// When it lapses, RFC 3339.
    pub expires: String,
    /// Random, 32 hex digits.
    pub nonce: String,
    /// Digest of the policies that held it.
    pub policy: String,
    /// Any one of these suffices.
    pub quorums: Vec<String>,
    /// Number of the request.
    pub request: i64,
    /// Who asks.
    pub requester: String,
    /// SHA-256 of the sealed secret that the change needs, if it needs one.
    pub sealed: Option<String>,
    /// What will happen, in words.
    pub summary: String,
    /// Name of the target; empty when it concerns none, or several.
    pub target: String,
    /// The terms or the change, whole.
    pub terms: Value,
}

impl BoundRequest {
    /// What the row says, asked for by the person of that name.
    pub fn of(row: &Request, requester: &str) -> Self {
        Self {
            account: row.account.clone(),
            asks: row.kind.as_str(),
            created: rfc3339(row.created),
            effects: row.effects.clone(),
            expires: rfc3339(row.expires),
            nonce: row.nonce.clone(),
            policy: row.policy_version.clone(),
            quorums: row.quorums.clone(),
            request: row.id.0,
            requester: requester.to_owned(),
            sealed: row.sealed.as_deref().map(sha256_hex),
            summary: row.run.clone(),
            target: row.target.clone(),
            terms: serde_json::from_slice(&row.text).unwrap_or_default(),
        }
    }

    /// The RFC 8785 text and its SHA-256 in lower hex.
    pub fn seal(&self) -> (String, String) {
        let text = canonical(self);
        let digest = sha256_hex(text.as_bytes());
        (text, digest)
    }
}

/// Whether a request's columns say what its canonical text says, so that nobody is shown one act and signs another.
pub fn bears_out(row: &Request) -> bool {
    match row.kind {
        RequestKind::Action => action_bears_out(row),
        RequestKind::Access | RequestKind::Runbook | RequestKind::Change | RequestKind::Replay => {
            request_bears_out(row)
        }
    }
}

/// The whole text follows from the columns, but for the requester's name.
fn request_bears_out(row: &Request) -> bool {
    let signed: Value = serde_json::from_str(&row.canonical).unwrap_or_default();
    let requester = signed.get("requester").and_then(Value::as_str).unwrap_or_default();
    let bound = BoundRequest::of(row, requester);
    let terms_as_kept = canonical(&bound.terms).as_bytes() == row.text;
    row.session.is_none() && terms_as_kept && bound.seal() == (row.canonical.clone(), row.digest.clone())
}

fn action_bears_out(row: &Request) -> bool {
    let columns = serde_json::json!({
        "account": row.account,
        "channel": row.channel,
        "created": rfc3339(row.created),
        "effects": row.effects,
        "expires": rfc3339(row.expires),
        "nonce": row.nonce,
        "policy": row.policy_version,
        "quorums": row.quorums,
        "request": row.id.0,
        "run": row.run,
        "session": session_words(row.session),
        "submitted": submitted(&row.text),
        "target": row.target,
    });
    let signed: Value = serde_json::from_str(&row.canonical).unwrap_or_default();
    let agrees = |(name, value): (&String, &Value)| signed.get(name) == Some(value);
    sha256_hex(row.canonical.as_bytes()) == row.digest
        && columns.as_object().is_some_and(|columns| columns.iter().all(agrees))
}

/// The session in which an act would run, and nowhere else; or the words that say that any of its requester's will do.
pub fn session_words(session: Option<SessionId>) -> String {
    session.map_or_else(|| ANY_SESSION.to_owned(), |session| session.to_string())
}

/// Bytes as one string that says how to read it.
pub fn submitted(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) => format!("utf8:{text}"),
        Err(_) => format!("base64:{}", BASE64_STANDARD.encode(text)),
    }
}

/// The statement for `answer`, from the canonical text of the act. Ends with a line feed.
pub fn statement(id: RequestId, act: &str, digest: &str, answer: Answer) -> String {
    let act: Value = serde_json::from_str(act).unwrap_or(Value::Null);
    let statement = serde_json::json!({
        "act": act,
        "answer": answer.as_str(),
        "digest": format!("sha256:{digest}"),
        "request": id.0,
        "statement": "countersign-decision-v1",
    });
    canonical(&statement) + "\n"
}

/// RFC 3339 in UTC with whole seconds.
pub fn rfc3339(at: Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(at.0) {
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => "unrepresentable".to_owned(),
    }
}

/// Text in which nothing hides: all but ASCII and East Asian writing is escaped, which takes in control and invisible
/// characters, writing from right to left and letters that look like others; trailing blanks are marked.
pub fn visible(text: &str) -> String {
    let body = text.trim_end_matches(' ');
    let mut shown: String = body.chars().map(visible_char).collect();
    shown.extend(std::iter::repeat_n('␠', text.len() - body.len()));
    shown
}

fn visible_char(c: char) -> String {
    let plain = c.is_ascii_graphic() || c == ' ' || is_east_asian(c);
    if plain { c.to_string() } else { c.escape_unicode().to_string() }
}

/// Kana, Han and Hangul syllables: always visible, in writing order, and like nothing in ASCII.
fn is_east_asian(c: char) -> bool {
    matches!(c,
        '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act() -> BoundAct {
        BoundAct {
            account: "root".into(),
            act: "exec".into(),
            channel: 0,
            created: rfc3339(Timestamp(0)),
            directory: "login".into(),
            effects: BTreeSet::from(["data.destroy".into()]),
            expires: rfc3339(Timestamp(1_800_000_000)),
            impact: None,
            labels: Default::default(),
            level: "command-gated".into(),
            nonce: "00".into(),
            policy: "sha256:0".into(),
            programs: vec![vec!["rm".into(), "x".into()]],
            quorums: vec!["two".into()],
            request: 1,
            requester: "alice".into(),
            run: "'rm' 'x'".into(),
            session: "ab".into(),
            stdin: "open",
            submitted: submitted(b"rm x"),
            target: "db-1".into(),
            target_host_key: "ssh-ed25519 AAAA".into(),
        }
    }

    #[test]
    fn every_bound_field_changes_the_digest() {
        let base = serde_json::to_value(act()).unwrap();
        let fields = base.as_object().unwrap().len();
        assert_eq!(fields, 22, "a new field needs a line in docs/formats.md");
        let mut other = act();
        other.channel = 1;
        assert_ne!(other.seal().1, act().seal().1);
        other = act();
        other.stdin = "closed";
        assert_ne!(other.seal().1, act().seal().1);
    }

    #[test]
    fn approve_and_deny_are_different_statements() {
        let (text, digest) = act().seal();
        let yes = statement(RequestId(1), &text, &digest, Answer::Approve);
        let no = statement(RequestId(1), &text, &digest, Answer::Deny);
        assert_ne!(yes, no);
        assert!(yes.starts_with(r#"{"act":{"account":"root","#), "{yes}");
        assert!(yes.contains("1970-01-01T00:30:00Z") && yes.ends_with("}\n"));
    }

    #[test]
    fn nothing_hides_in_what_approvers_see() {
        assert_eq!(visible("rm -rf x"), "rm -rf x");
        assert_eq!(visible("a\u{202e}b\u{200b}c\td"), "a\\u{202e}b\\u{200b}c\\u{9}d");
        assert_eq!(visible("x  "), "x␠␠");
        assert_eq!(visible("数据 データ 데이터"), "数据 デ\\u{30fc}タ 데이터");
        assert_eq!(visible("/srv/аudit"), "/srv/\\u{430}udit", "a Cyrillic letter");
        assert_eq!(visible("rm א 1"), "rm \\u{5d0} 1", "right to left");
        assert_eq!(visible("a\u{3164}b\u{feff}\u{ad}"), "a\\u{3164}b\\u{feff}\\u{ad}");
        assert_eq!(visible("ｒｍ e\u{301}"), "\\u{ff52}\\u{ff4d} e\\u{301}");
    }
}
