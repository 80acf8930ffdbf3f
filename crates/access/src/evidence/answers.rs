//! The signed answers: exactly this act, by a key that was enrolled for that person and not taken away.

use serde::Deserialize;

use super::SignedAnswer;
use super::ending::Ending;
use super::protocol::{Found, ensure};
use super::request::{Asked, PersonThen, Requester};
use super::shelf::{Placed, Shelf};
use crate::blind::sha256_hex;
use crate::entry::{Event, canonical};
use crate::model::{Answer, RequestId};
use crate::statement::{NAMESPACE, statement};

/// An answer that holds.
pub(super) struct Answered {
    pub(super) approval: Approval,
    pub(super) person: PersonThen,
    pub(super) device: Option<String>,
    pub(super) enrolled: i64,
    /// When the key was taken away, if that was later than all this.
    pub(super) revoked: Option<i64>,
}

/// A key's record, as the ledger had it at one moment.
#[derive(Debug, Deserialize)]
struct KeyThen {
    device: Option<String>,
    expires: Option<i64>,
    fingerprint: String,
    line: String,
    person: String,
}

/// What its entry says.
pub(super) struct Approval {
    pub(super) index: u64,
    pub(super) at: i64,
    pub(super) person: String,
    pub(super) answer: Answer,
    pub(super) key: String,
    pub(super) mfa_age: Option<u64>,
    /// Minute of the day and day of the week then.
    pub(super) local: Option<(u16, u8)>,
}

/// Checks one answer, from its text to its signer.
pub(super) fn answered(
    signed: &SignedAnswer,
    asked: &Asked<'_>,
    requester: &Requester,
    ending: &Ending,
    shelf: &mut Shelf<'_>,
) -> Found<Answered> {
    let approval = approval(signed, asked, shelf)?;
    ensure(asked.index < approval.index && approval.index < ending.index(), || {
        format!("entry {} does not lie between the request and its end", approval.index)
    })?;
    ensure(approval.at < asked.expires, || {
        format!("entry {} is later than the request's time", approval.index)
    })?;
    ensure(approval.person != requester.person.id, || "the requester answered their own request".to_owned())?;
    let counts = ending.counts(&approval.person);
    // Who counted had to be who they were, with the same key, until the act started.
    let until = if counts { ending.index() } else { approval.index };
    let (enrolled, revoked) = enrolment(&approval, until, shelf)?;
    let key: KeyThen = shelf.vouched("key", &approval.key, until)?;
    key_fits(&key, &approval, ending)?;
    let person: PersonThen = shelf.vouched("person", &approval.person, until)?;
    ensure(person.id == approval.person, || "the record is somebody else's".to_owned())?;
    let there = !person.suspended && person.expires.is_none_or(|expires| ending.at() < expires);
    ensure(there || !counts, || format!("{} was suspended, or their account was over", person.name))?;
    Ok(Answered { approval, person, device: key.device, enrolled, revoked })
}

/// The entry of that signature, which must be of exactly this act and one answer.
fn approval(signed: &SignedAnswer, asked: &Asked<'_>, shelf: &mut Shelf<'_>) -> Found<Approval> {
    let (text, armored) = (signed.statement.as_bytes(), signed.signature.as_bytes());
    let (of_text, of_signature) = (sha256_hex(text), sha256_hex(armored));
    let Placed { index, at, event } = shelf.one("this answer", |entry| {
        matches!(&entry.event, Event::Approval { statement, signature, .. }
            if *statement == of_text && *signature == of_signature)
    })?;
    let Event::Approval { request, person, answer, key, mfa_age, local, .. } = event else {
        return Err("this is no answer".to_owned());
    };
    let answer = Answer::parse(&answer).ok_or_else(|| format!("entry {index} has no such answer"))?;
    let expected = statement(RequestId(asked.number), &canonical(asked.act), &asked.digest, answer);
    ensure(request == asked.number && signed.statement == expected, || {
        "the statement is not of this act and answer".to_owned()
    })?;
    let verified = identity::sshsig::verify(armored, NAMESPACE, text).map_err(|wrong| wrong.to_string())?;
    ensure(verified.fingerprint().as_str() == key, || format!("entry {index} names another key"))?;
    Ok(Approval { index, at, person, answer, key, mfa_age, local })
}

/// When the key was enrolled for that person, and taken away if it was: not before it no longer mattered.
fn enrolment(approval: &Approval, until: u64, shelf: &mut Shelf<'_>) -> Found<(i64, Option<i64>)> {
    let mut changes = |wanted: &str| {
        shelf.all(|entry| {
            matches!(&entry.event, Event::Key { person, fingerprint, change }
                if *person == approval.person && *fingerprint == approval.key && change == wanted)
        })
    };
    let (enrolled, revoked) = (changes("enrolled"), changes("revoked"));
    let [enrolled] = enrolled.as_slice() else {
        return Err(format!("there is not one enrolment of key {}", approval.key));
    };
    ensure(enrolled.index < approval.index, || format!("entry {} enrols the key too late", enrolled.index))?;
    match revoked.as_slice() {
        [] => Ok((enrolled.at, None)),
        [revoked] if revoked.index > until => Ok((enrolled.at, Some(revoked.at))),
        _ => Err(format!("key {} was revoked before", approval.key)),
    }
}

fn key_fits(key: &KeyThen, approval: &Approval, ending: &Ending) -> Found<()> {
    let wrong = || format!("the record of key {} is another key's", approval.key);
    let line = identity::PublicKey::parse(&key.line).map_err(|_| wrong())?;
    ensure(line.fingerprint().as_str() == approval.key && key.fingerprint == approval.key, wrong)?;
    ensure(key.person == approval.person, || format!("key {} is somebody else's", approval.key))?;
    let moment = if ending.counts(&approval.person) { ending.at() } else { approval.at };
    ensure(key.expires.is_none_or(|expires| moment < expires), || format!("key {} was over", approval.key))
}
