//! Administrative changes: each works, each is entered before it is in force, and no secret leaves with one.

use std::collections::BTreeMap;

use access::administer::{Change, Secret};
use access::entry::{Entry, Event};
use access::ports::Store;
use access::recording::SessionId;

use crate::bastion::*;
use crate::keys::Key;

const PASSWORD: &str = "a very secret password";

fn secret(text: &str) -> Secret {
    Secret(text.to_owned().into())
}

fn target(name: &str, host: &str, port: u16, labels: &[(&str, &str)], level: &str, key: &str) -> Change {
    let labels = labels.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Change::TargetAdd {
        name: name.into(),
        host: host.into(),
        port,
        labels: labels.collect::<BTreeMap<_, _>>(),
        level: level.into(),
        host_key: key.into(),
    }
}

fn account(target: &str, login: &str, private_key: &str) -> Change {
    Change::AccountAdd {
        target: target.into(),
        login: login.into(),
        private_key: secret(private_key),
        password: Secret::default(),
    }
}

/// One of every kind, in an order in which all of them succeed, with the word of its entry.
fn every_change() -> Vec<(&'static str, Change)> {
    let name = || "erin".to_owned();
    let key = Key::of("erin");
    vec![
        ("person-add", Change::PersonAdd { name: name(), groups: groups(&["ops"]) }),
        ("person-suspend", Change::PersonSuspend { name: name() }),
        ("person-resume", Change::PersonResume { name: name() }),
        ("person-groups", Change::PersonGroups { name: name(), groups: groups(&["dba-leads"]) }),
        ("person-password", Change::PersonPassword { name: name(), password: secret(PASSWORD) }),
        ("person-totp", Change::PersonTotp { name: name() }),
        ("key-add", Change::KeyAdd { name: name(), key: key.line() }),
        ("key-remove", Change::KeyRemove { name: name(), fingerprint: key.fingerprint() }),
        ("target-add", target("db-2", "::1", 22, &[("env", "prod")], "command-gated", &Key::of("h").line())),
        ("target-host-key", Change::TargetHostKey { name: "db-2".into(), host_key: Key::of("i").line() }),
        ("target-address", Change::TargetAddress { name: "db-2".into(), host: "h".into(), port: 2222 }),
        ("account-add", account("db-2", "root", &Key::of("credential").private())),
        ("account-remove", Change::AccountRemove { target: "db-2".into(), login: "root".into() }),
        ("target-remove", Change::TargetRemove { name: "db-2".into() }),
    ]
}

/// Everything that a change could alter, as text.
async fn state(bastion: &Bastion) -> String {
    let store = &bastion.store;
    let mut all = format!("{:?} {:?}", store.people().await.unwrap(), store.targets().await.unwrap());
    for person in store.people().await.unwrap() {
        all += &format!("{:?}", store.keys(&person.id).await.unwrap());
    }
    for target in ["web-1", "db-1", "db-2"] {
        all += &format!("{:?}", store.accounts(target).await.unwrap());
    }
    all
}

#[tokio::test]
async fn every_change_takes_effect_and_is_entered_once() {
    let bastion = Bastion::start().await;
    for (word, change) in every_change() {
        let (before, entries) = (state(&bastion).await, bastion.entries().len());
        bastion.change(change).await;
        assert_ne!(state(&bastion).await, before, "{word} changed nothing");
        let added = bastion.entries().split_off(entries);
        let Event::Admin { change, by, .. } = &added[0].event else { panic!("{word}: {added:?}") };
        assert_eq!((&**change, by.contains("root")), (word, false));
        let told = added.iter().filter(|entry| kind(entry) != "state").count();
        assert_eq!(told, 1 + usize::from(word.starts_with("key-")), "{word}");
    }
}

#[tokio::test]
async fn what_the_changes_leave_is_what_they_say() {
    let bastion = Bastion::start().await;
    for (_, change) in every_change() {
        bastion.change(change).await;
    }
    let erin = bastion.store.person("erin").await.unwrap().unwrap();
    assert_eq!((erin.groups, erin.suspended), (groups(&["dba-leads"]), false));
    assert!(erin.password.is_some_and(|hash| hash.starts_with("$argon2id$") && !hash.contains(PASSWORD)));
    assert!(erin.totp.is_some());
    assert!(bastion.store.keys(&erin.id).await.unwrap().is_empty());
    assert_eq!(bastion.store.target("db-2").await.unwrap(), None);
}

#[tokio::test]
async fn a_change_that_cannot_be_entered_is_not_in_force() {
    let all = every_change();
    for n in 0..all.len() {
        let bastion = failing_from(n as u64 + 1).await;
        for (_, change) in &all[..n] {
            bastion.road.administer("root", change).await.unwrap();
        }
        let before = state(&bastion).await;
        let (word, change) = &all[n];
        bastion.road.administer("root", change).await.unwrap_err();
        assert_eq!(state(&bastion).await, before, "{word} took effect without its entry");
    }
}

#[tokio::test]
async fn an_enrolment_says_at_which_entry() {
    let bastion = Bastion::start().await;
    let alice = bastion.store.person("alice").await.unwrap().unwrap();
    let key = bastion.store.keys(&alice.id).await.unwrap().remove(0);
    let entry = &bastion.journal.entries()[key.enrolled_at as usize];
    assert!(matches!(&entry.event, Event::Admin { change, .. } if change == "key-add"), "{entry:?}");
}

#[tokio::test]
async fn no_secret_is_in_an_entry_a_debug_text_or_the_store() {
    let bastion = Bastion::start().await;
    let private = Key::of("credential").private();
    let inner: Vec<_> = private.lines().filter(|line| !line.starts_with('-')).map(str::to_owned).collect();
    let mut secrets = vec![PASSWORD.to_owned(), inner[1].clone()];
    let mut seen = String::new();
    for (_, change) in every_change() {
        seen += &format!("{change:?}");
        let changed = bastion.road.administer("root", &change).await.unwrap();
        seen += &format!("{changed:?}");
        secrets.extend(changed.totp_secret.map(|seed| seed.0.to_string()));
        seen += &state(&bastion).await;
    }
    let wrong = account("db-1", "root", &private.replace("OPENSSH", "ANOTHER"));
    seen += &bastion.road.administer("root", &wrong).await.unwrap_err().to_string();
    let long = Change::PersonPassword { name: "erin".into(), password: secret(&PASSWORD.repeat(100)) };
    seen += &bastion.road.administer("root", &long).await.unwrap_err().to_string();
    seen +=
        &bastion.entries().iter().map(|entry| String::from_utf8(entry.encode()).unwrap()).collect::<String>();
    assert_eq!(secrets.len(), 3);
    for secret in secrets {
        assert!(!seen.contains(&secret), "a secret shows: {secret}");
    }
}

#[tokio::test]
async fn two_passwords_have_the_same_digest_and_two_names_do_not() {
    let bastion = Bastion::start().await;
    for (name, password) in [("alice", "one password"), ("alice", "two password"), ("bob", "one password")] {
        bastion.change(Change::PersonPassword { name: name.into(), password: secret(password) }).await;
    }
    let digest = |entry: &Entry| match &entry.event {
        Event::Admin { digest, .. } => Some(digest.clone()),
        _ => None,
    };
    let digests: Vec<_> = bastion.entries().iter().filter_map(digest).collect();
    assert_eq!(digests[0], digests[1], "else the digest would be a test for guessed passwords");
    assert_ne!(digests[0], digests[2]);
}

#[tokio::test]
async fn what_is_not_acceptable_is_refused_before_it_is_entered() {
    let bastion = Bastion::start().await;
    let person =
        |name: &str, members: &[&str]| Change::PersonAdd { name: name.into(), groups: groups(members) };
    let enrol = |name: &str, key: &str| Change::KeyAdd { name: name.into(), key: key.into() };
    let host_key = Key::of("host").line();
    let prod = [("env", "prod")];
    let refused = [
        person("alice", &[]),
        person("Alice", &[]),
        person("alice+root", &[]),
        person("", &[]),
        person("erin", &["two words"]),
        Change::PersonGroups { name: "bob".into(), groups: groups(&["a\nb"]) },
        Change::PersonGroups { name: "nobody".into(), groups: groups(&[]) },
        Change::PersonSuspend { name: "nobody".into() },
        Change::PersonPassword { name: "alice".into(), password: secret("") },
        Change::PersonPassword { name: "alice".into(), password: secret("eleven long") },
        Change::PersonPassword { name: "nobody".into(), password: secret(PASSWORD) },
        Change::PersonTotp { name: "nobody".into() },
        enrol("alice", &Key::of("alice").line()),
        enrol("alice", &Key::of("bob").line()),
        enrol("alice", &format!("command=\"true\" {}", Key::of("new").line())),
        enrol("alice", "ssh-ed25519 AAAA"),
        Change::KeyRemove { name: "alice".into(), fingerprint: Key::of("bob").fingerprint() },
        target("db-1", "h", 22, &prod, "command-gated", &host_key),
        target("db 2", "h", 22, &prod, "command-gated", &host_key),
        target("db-2", "", 22, &prod, "command-gated", &host_key),
        target("db-2", "h h", 22, &prod, "command-gated", &host_key),
        target("db-2", "h", 0, &prod, "command-gated", &host_key),
        target("db-2", "h", 22, &prod, "gated", &host_key),
        target("db-2", "h", 22, &prod, "exec-gated", &host_key),
        target("db-2", "h", 22, &prod, "command-gated", "ssh-rsa AAAA"),
        target("db-2", "h", 22, &[("env", "prod\n  needs      nobody")], "command-gated", &host_key),
        target("db-2", "h", 22, &[("en\u{202e}v", "prod")], "command-gated", &host_key),
        target("db-2", "h", 22, &[("", "prod")], "command-gated", &host_key),
        Change::TargetHostKey { name: "db-9".into(), host_key: host_key.clone() },
        Change::TargetHostKey { name: "db-1".into(), host_key: "none".into() },
        Change::TargetAddress { name: "db-1".into(), host: "h".into(), port: 0 },
        Change::TargetAddress { name: "db-1".into(), host: "h\n".into(), port: 22 },
        Change::TargetRemove { name: "db-9".into() },
        account("db-9", "root", &Key::of("credential").private()),
        account("db-1", "-oProxyCommand", &Key::of("credential").private()),
        account("db-1", "root", "not a key"),
        Change::AccountRemove { target: "db-1".into(), login: "nobody".into() },
        Change::AccountReader { target: "db-1".into(), login: "nobody".into(), reader: None },
        Change::AccountReader { target: "db-1".into(), login: "root".into(), reader: Some("deploy".into()) },
    ];
    let before = state(&bastion).await;
    for change in refused {
        let told = bastion.road.administer("root", &change).await;
        assert!(told.is_err(), "{change:?}");
    }
    assert_eq!(bastion.entries(), []);
    assert_eq!(state(&bastion).await, before);
}

#[tokio::test]
async fn a_new_seed_makes_the_old_codes_worthless() {
    let bastion = Bastion::start().await;
    bastion.change(Change::PersonTotp { name: "alice".into() }).await;
    let _told = bastion.try_enter("alice").await.unwrap_err();
    assert_eq!(bastion.count("login"), 0);
}

#[tokio::test]
async fn looking_at_a_recording_is_entered() {
    let bastion = Bastion::start().await;
    bastion.road.note_replay("dave", &SessionId([1; 16])).await.unwrap();
    assert_eq!(bastion.story(), ["replay-viewed"]);
    let failing = failing_from(1).await;
    failing.road.note_replay("dave", &SessionId([1; 16])).await.unwrap_err();
}
