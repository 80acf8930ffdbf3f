//! The examination of a bundle, from the ledger's signature down to who signed what, and the seal over all of it.

use serde_json::Value;

use super::answers::{Answered, answered};
use super::circumstances::{met, policies};
use super::consequences::{Brought, brought};
use super::ending::{BareNo, Ending, borne_out, counted, ending};
use super::people::People;
use super::permit::{Permitted, begun, holder, permitted};
use super::protocol::{Failure, Found, Protocol, Said, ensure};
use super::request::{Asked, Place, Requester, asked, held, place, requester};
use super::session::{Recorded, recorded};
use super::shelf::Shelf;
use super::story::{tell, tell_permit};
use super::{Bundle, Leaf, Story, VERSION};
use crate::entry::{Entry, Event, canonical};
use crate::statement::visible;
use crate::text;

/// A head of the ledger whose signature has been checked.
pub trait SignedTree {
    /// The name of the ledger.
    fn origin(&self) -> &str;
    /// How many entries the head covers.
    fn size(&self) -> u64;
    /// Whether that leaf is entry `index`, or why the path does not show it.
    fn includes(&self, index: u64, leaf: &[u8], path: &[String]) -> Result<(), String>;
}

/// What a valid bundle shows.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The checks, all passed, in their order.
    pub checks: Vec<Said>,
    /// What happened.
    pub story: Vec<Said>,
    /// What a bundle cannot show.
    pub limits: Vec<Said>,
}

/// What the parts of a story say together.
pub(super) struct Examined<'s> {
    pub(super) asked: Asked<'s>,
    pub(super) requester: Requester,
    pub(super) rules: Vec<String>,
    pub(super) answers: Vec<Answered>,
    pub(super) bare_no: Option<BareNo>,
    pub(super) ending: Ending,
    pub(super) quorum: Option<policy::Quorum>,
    pub(super) recorded: Option<Recorded>,
    pub(super) brought: Brought,
}

/// What a story is about, and how it is told.
pub(crate) struct Told {
    request: Option<i64>,
    permit: Option<i64>,
    lines: Vec<Said>,
}

/// Checks a file. `open` checks the note of a head, with the key that the reader trusts.
///
/// # Errors
/// The first thing that does not fit, after what did.
pub fn verify<T: SignedTree>(
    file: &[u8],
    open: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Verified, Failure> {
    let bundle = read(file)?;
    let mut protocol = Protocol::default();
    protocol.enter(text::CHECK_FORM, &[("version", VERSION)], in_one_form(&bundle, file))?;
    let tree = protocol.enter(text::CHECK_HEAD, &[], open(&bundle.checkpoint))?;
    let count = (bundle.story.entries.len() + 1).to_string();
    let size = tree.size().to_string();
    let values = [("count", &*count), ("origin", tree.origin()), ("size", &size)];
    protocol.enter(text::CHECK_ENTRIES, &values, included(&bundle, &tree))?;
    let told = examine(&bundle.story, &mut protocol)?;
    protocol.enter(text::CHECK_SEAL, &[], sealed(&bundle, &told))?;
    let key = Said::new(text::LIMIT_KEY, &[("origin", &visible(tree.origin())), ("size", &size)]);
    let limits = vec![Said::new(text::LIMIT_AFTERWARDS, &[]), key];
    Ok(Verified { checks: protocol.into_passed(), story: told.lines, limits })
}

fn read(file: &[u8]) -> Result<Bundle, Failure> {
    let unreadable = |why: &dyn std::fmt::Display| Failure::Unreadable(why.to_string());
    let value: Value = serde_json::from_slice(file).map_err(|fault| unreadable(&fault))?;
    match value.get("version").and_then(Value::as_str) {
        Some(VERSION) => serde_json::from_slice(file).map_err(|fault| unreadable(&fault)),
        _ => Err(unreadable(&format!("its version is not {VERSION}"))),
    }
}

/// One spelling for each bundle, so that nothing hides in another.
fn in_one_form(bundle: &Bundle, file: &[u8]) -> Found<()> {
    ensure(bundle.encode().as_bytes() == file, || "the file is not in canonical form".to_owned())
}

fn included(bundle: &Bundle, tree: &impl SignedTree) -> Found<()> {
    let leaves = bundle.story.entries.iter().chain([&bundle.seal]);
    ensure(bundle.proofs.len() == bundle.story.entries.len() + 1, || {
        "there is not one proof for each entry".to_owned()
    })?;
    for (Leaf { entry, index }, path) in leaves.zip(&bundle.proofs) {
        let leaf = canonical(entry);
        tree.includes(*index, leaf.as_bytes(), path).map_err(|why| format!("entry {index}: {why}"))?;
    }
    Ok(())
}

/// The seal is the ledger's own word for exactly this story, after everything in it.
fn sealed(bundle: &Bundle, told: &Told) -> Found<()> {
    let Leaf { entry, index } = &bundle.seal;
    let entry = Entry::decode(canonical(entry).as_bytes()).map_err(|fault| fault.to_string())?;
    let last = bundle.story.entries.last().is_some_and(|last| last.index < *index);
    match entry.event {
        Event::Evidence { request, permit, digest, .. }
            if request == told.request && permit == told.permit && last =>
        {
            ensure(digest == bundle.story.digest(), || format!("entry {index} seals another story"))
        }
        _ => Err(format!("entry {index} is not the seal of this story")),
    }
}

/// Checks that the parts of a story fit each other, entries taken for granted.
pub(crate) fn examine(story: &Story, protocol: &mut Protocol) -> Result<Told, Failure> {
    let mut shelf = protocol.enter(text::CHECK_ORDER, &[], Shelf::of(story))?;
    let told = match shelf.has(|event| matches!(event, Event::Request { .. })) {
        true => {
            let examined = request(story, &mut shelf, protocol)?;
            Told { request: Some(examined.asked.number), permit: None, lines: tell(&examined) }
        }
        false => {
            let (holder, permit) = declared(story, &mut shelf, protocol)?;
            let number = Some(permit.begun.number);
            Told { request: None, permit: number, lines: tell_permit(&holder, &permit) }
        }
    };
    protocol.enter(text::CHECK_NOTHING_ELSE, &[], shelf.nothing_left())?;
    Ok(told)
}

/// A permit that its holder began without anybody's signature.
fn declared(
    story: &Story,
    shelf: &mut Shelf<'_>,
    protocol: &mut Protocol,
) -> Result<(Requester, Permitted), Failure> {
    let begun = protocol.enter(text::CHECK_TERMS, &[], begun(&story.act, shelf))?;
    let holder = protocol.enter(text::CHECK_HOLDER, &[], holder(&begun, shelf))?;
    let answers = ensure(story.answers.is_empty(), || "nobody was asked to sign for it".to_owned());
    let mut people = People::of(&holder.person, &[]);
    let used = answers.and_then(|()| permitted(begun, story, &mut people, shelf));
    let used = protocol.enter(text::CHECK_USES, &[], used)?;
    Ok((holder, used))
}

/// A request, whatever became of it.
fn request<'s>(
    story: &'s Story,
    shelf: &mut Shelf<'_>,
    protocol: &mut Protocol,
) -> Result<Examined<'s>, Failure> {
    let asked = protocol.enter(text::CHECK_ACT, &[], asked(story, shelf))?;
    let place = protocol.enter(text::CHECK_PLACE, &[], place(&asked, shelf))?;
    let rules = protocol.enter(text::CHECK_HELD, &[], rules(&asked, place.as_ref(), shelf))?;
    let requester = protocol.enter(text::CHECK_REQUESTER, &[], requester(&asked, place.as_ref(), shelf))?;
    let sources = protocol.enter(text::CHECK_POLICIES, &[], policies(&asked, shelf))?;
    let ending = protocol.enter(text::CHECK_END, &[], ending(&asked, shelf))?;
    let answers = answers(story, &asked, &requester, &ending, shelf, protocol)?;
    let (mut bare_no, mut quorum, mut recording, mut followed) = (None, None, None, Brought::Nothing);
    match &ending {
        Ending::Granted { quorum: name, approvers, .. } => {
            let counted = counted(approvers, &requester, &answers);
            let found = counted.and_then(|counted| met(name, &sources, &asked, &requester, &counted));
            quorum = Some(protocol.enter(text::CHECK_QUORUM, &[], found)?);
            if let Some(place) = &place {
                let ours = asked.session.as_deref().unwrap_or_default();
                let found = recorded(ours, place.index, asked.index, shelf);
                recording = Some(protocol.enter(text::CHECK_RECORDING, &[], found)?);
            }
            let mut people = People::of(&requester.person, &answers);
            let found = brought(&asked, &requester, &ending, story, &mut people, shelf);
            followed = protocol.enter(text::CHECK_FOLLOWED, &[], found)?;
        }
        Ending::Over { index, at, state } => {
            let nothing = ensure(story.changes.is_empty(), || "rows have changed".to_owned());
            let over = (*index, *at, *state);
            let found = nothing.and_then(|()| borne_out(over, &asked, &requester, &answers, shelf));
            bare_no = protocol.enter(text::CHECK_NOTHING_RAN, &[], found)?;
        }
    }
    let (recorded, brought) = (recording, followed);
    Ok(Examined { asked, requester, rules, answers, bare_no, ending, quorum, recorded, brought })
}

fn answers(
    story: &Story,
    asked: &Asked<'_>,
    requester: &Requester,
    ending: &Ending,
    shelf: &mut Shelf<'_>,
    protocol: &mut Protocol,
) -> Result<Vec<Answered>, Failure> {
    let mut answers: Vec<Answered> = Vec::new();
    for signed in &story.answers {
        let number = (answers.len() + 1).to_string();
        let after = answers.last().map_or(asked.index, |answer| answer.approval.index);
        let found = answered(signed, asked, requester, ending, shelf).and_then(|answer| {
            ensure(after < answer.approval.index, || "the answers are not in order".to_owned())
                .map(|()| answer)
        });
        answers.push(protocol.enter(text::CHECK_ANSWER, &[("number", &number)], found)?);
    }
    Ok(answers)
}

/// The rules that held an action; other requests are held by what they ask for.
fn rules(asked: &Asked<'_>, place: Option<&Place>, shelf: &mut Shelf<'_>) -> Found<Vec<String>> {
    match place {
        Some(place) => held(asked, place, shelf),
        None => Ok(Vec::new()),
    }
}
