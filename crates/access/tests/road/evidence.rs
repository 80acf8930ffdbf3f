//! Evidence: what a stranger can check of a request, and that no part of it can be exchanged.

use std::collections::BTreeSet;

use access::entry::Entry;
use access::evidence::{Failure, SignedTree, Verified, verify};
use access::model::{Answer, Outcome, RequestId};
use access::text::Language;
use serde_json::{Value, json};

use crate::bastion::*;
use crate::story::record;

/// The ledger in memory as a tree: it holds what it holds, and its proofs are empty.
struct Whole(Vec<Entry>);

impl SignedTree for Whole {
    fn origin(&self) -> &str {
        "test/ledger"
    }

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn includes(&self, index: u64, leaf: &[u8], path: &[String]) -> Result<(), String> {
        let there = self.0.get(index as usize).is_some_and(|entry| entry.encode() == leaf);
        if there && path.is_empty() { Ok(()) } else { Err("it is another entry".to_owned()) }
    }
}

/// The ledgers of two bastions differ in everything random.
pub struct Made {
    pub bundle: Value,
    ledger: Vec<Entry>,
}

impl Made {
    pub async fn of(bastion: &Bastion, who: &str, id: RequestId) -> Self {
        Self::asked(bastion, who, &format!("evidence {id}")).await
    }

    pub async fn asked(bastion: &Bastion, who: &str, line: &str) -> Self {
        let told = bastion.ask_desk(who, line, b"").await;
        assert_eq!((told.status, &*told.stderr), (0, ""), "{line}");
        Self { bundle: serde_json::from_str(&told.stdout).unwrap(), ledger: bastion.journal.entries() }
    }

    fn verify(&self, bundle: &Value) -> Result<Verified, Failure> {
        check(&written(bundle), &self.ledger)
    }

    #[track_caller]
    pub fn story(&self) -> String {
        self.told(Language::English)
    }

    #[track_caller]
    pub fn told(&self, language: Language) -> String {
        let verified = self.verify(&self.bundle).unwrap_or_else(|failure| panic!("{failure:?}"));
        verified.story.iter().map(|line| line.say(language) + "\n").collect()
    }
}

fn check(file: &str, ledger: &[Entry]) -> Result<Verified, Failure> {
    verify(file.as_bytes(), |note| match note {
        "only in memory" => Ok(Whole(ledger.to_vec())),
        _ => Err("another checkpoint".to_owned()),
    })
}

/// As an attacker writes it: in the right form.
fn written(bundle: &Value) -> String {
    access::entry::canonical(bundle) + "\n"
}

async fn granted(bastion: &Bastion) -> Made {
    let session = bastion.session("alice", "db-1").await;
    let pending = held(bastion.road.submit(&session, 0, exec(REMOVAL)).await);
    let id = pending.id();
    for name in ["bob", "carol"] {
        bastion.answer(name, id, Answer::Approve).await.unwrap();
    }
    let _grant = bastion.road.claim(pending).await.unwrap();
    record(&session, "done\n").await;
    bastion.road.close(&session, Outcome::Finished).await;
    Made::of(bastion, "alice", id).await
}

async fn denied(bastion: &Bastion) -> Made {
    let pending = bastion.held().await;
    let id = pending.id();
    bastion.answer("bob", id, Answer::Approve).await.unwrap();
    bastion.answer("carol", id, Answer::Deny).await.unwrap();
    Made::of(bastion, "bob", id).await
}

async fn expired(bastion: &Bastion) -> Made {
    let pending = bastion.held().await;
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    bastion.clock.advance(1801);
    let _ended = bastion.road.progress(&pending).await;
    Made::of(bastion, "bob", pending.id()).await
}

async fn abandoned(bastion: &Bastion) -> Made {
    let pending = bastion.held().await;
    let id = pending.id();
    let _refusal = bastion.road.abandon(pending).await;
    Made::of(bastion, "carol", id).await
}

#[tokio::test]
async fn it_tells_who_asked_who_signed_and_what_came_of_it() {
    let bastion = Bastion::start().await;
    bastion.enter_policies().await;
    let story = granted(&bastion).await.story();
    for fact in [
        "alice (p-",
        "db-1 (env=prod, tier=core-data) as root: 'rm' '-rf' 'production-data'",
        "data.destroy",
        "bob (p-",
        "carol (p-",
        "2 of dba-leads",
        "recorded in 1 segments with",
        "finished",
    ] {
        assert!(story.contains(fact), "{fact} is not in\n{story}");
    }
    for (made, fact) in [
        (denied(&bastion).await, "So it was denied, and nothing of it ran"),
        (abandoned(&bastion).await, "gave it up"),
        (expired(&bastion).await, "Its time was over"),
    ] {
        let story = made.story();
        assert!(story.contains(fact), "{fact} is not in\n{story}");
    }
}

#[tokio::test]
async fn only_who_may_see_a_request_gets_its_evidence_and_that_is_on_the_record() {
    let bastion = Bastion::start().await;
    bastion.enter_policies().await;
    let pending = bastion.held().await;
    let line = format!("evidence {}", pending.id());
    let early = bastion.ask_desk("alice", &line, b"").await;
    assert!(early.status == 1 && early.stderr.contains("still waits"), "{early:?}");
    let _refusal = bastion.road.abandon(pending).await;
    let stranger = bastion.ask_desk("dave", &line, b"").await;
    assert!(stranger.status == 1 && stranger.stderr.contains("no request"), "{stranger:?}");
    assert_eq!(bastion.count("evidence"), 0);
    assert_eq!(bastion.ask_desk("carol", &line, b"").await.status, 0);
    assert_eq!(bastion.count("evidence"), 1);
}

#[tokio::test]
async fn every_exchanged_part_is_found() {
    let (bastion, other) = (Bastion::start().await, Bastion::another().await);
    bastion.enter_policies().await;
    other.enter_policies().await;
    let kinds =
        [granted(&bastion).await, denied(&bastion).await, abandoned(&bastion).await, expired(&bastion).await];
    let strangers = [granted(&other).await, denied(&other).await];
    let (mut tried, mut sealed_only) = (0, 0);
    for made in &kinds {
        let sources: Vec<_> = kinds.iter().chain(&strangers).collect();
        let found = made.withstands(&sources, |what| what.contains(r#""kind":"login""#));
        (tried, sealed_only) = (tried + found.0, sealed_only + found.1);
    }
    println!("{tried} exchanged parts; {sealed_only} of them are found by the seal alone");
    assert!(tried > 3000, "{tried}");
}

impl Made {
    /// Tries every bundle that differs in one place. Returns how many there were, and how many of them nothing but the
    /// seal gives away, which must be what `sealed_only` names.
    pub fn withstands(&self, sources: &[&Self], sealed_only: impl Fn(&str) -> bool) -> (usize, usize) {
        let sources: Vec<_> = sources.iter().map(|other| &other.bundle).collect();
        let mut by_seal = 0;
        let mutants = mutants(&self.bundle, &sources);
        let tried = mutants.len();
        for (what, mutant) in mutants {
            match self.verify(&mutant) {
                Ok(_) => panic!("passes: {what}"),
                Err(Failure::Wrong { check, why, .. }) => {
                    assert!(!why.is_empty() && !check.say(Language::English).is_empty(), "{what}");
                }
                Err(Failure::Unreadable(why)) => assert!(!why.is_empty(), "{what}"),
            }
            let by_content = what.starts_with("/seal") || resealed(self, mutant).is_err();
            assert!(by_content || sealed_only(&what), "passes if it were sealed: {what}");
            by_seal += usize::from(!by_content);
        }
        (tried, by_seal)
    }
}

/// The check of a mutant that a ledger would have sealed as it is.
fn resealed(made: &Made, mut mutant: Value) -> Result<(), String> {
    let story = serde_json::from_value::<access::evidence::Story>(mutant["story"].clone());
    let story = story.map_err(|fault| fault.to_string())?;
    let index = mutant["seal"]["index"].as_u64().ok_or("no seal")? as usize;
    mutant["seal"]["entry"]["digest"] = story.digest().into();
    let mut ledger = made.ledger.clone();
    let leaf = access::entry::canonical(&mutant["seal"]["entry"]);
    *ledger.get_mut(index).ok_or("no such entry")? =
        Entry::decode(leaf.as_bytes()).map_err(|e| e.to_string())?;
    check(&written(&mutant), &ledger).map(drop).map_err(|failure| format!("{failure:?}"))
}

/// Every bundle that differs in one place: each value changed, each element removed, doubled or moved, and each part
/// replaced by the same part of another bundle.
fn mutants(bundle: &Value, sources: &[&Value]) -> Vec<(String, Value)> {
    let mut paths = Vec::new();
    collect(bundle, String::new(), &mut paths);
    let mut all = Vec::new();
    for path in &paths {
        let here = bundle.pointer(path).unwrap();
        // Another whole bundle is not an exchanged part.
        let others =
            sources.iter().filter(|_| !path.is_empty()).filter_map(|source| source.pointer(path)).cloned();
        let replacements = changed(here).into_iter().chain(others).filter(|value| value != here);
        let distinct: BTreeSet<String> = replacements.map(|value| value.to_string()).collect();
        for value in distinct {
            let mut mutant = bundle.clone();
            *mutant.pointer_mut(path).unwrap() = serde_json::from_str(&value).unwrap();
            all.push((format!("{path}: {value}"), mutant));
        }
    }
    all
}

fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{path}/{index}"), paths);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(field, format!("{path}/{name}"), paths);
            }
        }
        _ => {}
    }
    paths.push(path);
}

fn changed(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![json!("x"), json!(0)],
        Value::Bool(yes) => vec![json!(!yes), Value::Null],
        Value::Number(number) => {
            let number = number.as_i64().unwrap();
            vec![json!(number + 1), json!(number - 1), Value::Null]
        }
        Value::String(text) => {
            let mut flipped = text.clone();
            let last = flipped.pop();
            flipped.push(if last == Some('a') { 'b' } else { 'a' });
            vec![json!(flipped), json!(""), Value::Null]
        }
        Value::Array(items) => changed_array(items),
        Value::Object(fields) => {
            let without = fields.keys().map(|name| {
                let mut fields = fields.clone();
                fields.remove(name);
                Value::Object(fields)
            });
            let mut more = fields.clone();
            more.insert("more".into(), Value::Null);
            without.chain([Value::Object(more)]).collect()
        }
    }
}

fn changed_array(items: &[Value]) -> Vec<Value> {
    let mut all = vec![Value::Array([items, &[json!("more")]].concat())];
    for index in 0..items.len() {
        let (mut without, mut doubled, mut moved) = (items.to_vec(), items.to_vec(), items.to_vec());
        without.remove(index);
        doubled.insert(index, items[index].clone());
        moved.swap(index, (index + 1) % items.len());
        all.extend([without, doubled, moved].map(Value::Array));
    }
    all
}
