//! A signature counts for exactly one request, one answer and one text, under an enrolled key of the one who brings it.

use std::process::{Command, Stdio};

use access::administer::Change;
use access::identity::VerifiedIdentity;
use access::model::{Answer, RequestId};
use access::statement::NAMESPACE;
use access::{Pending, Refusal};

use crate::bastion::*;
use crate::keys::Key;

/// A held removal and bob at the desk.
struct Desk {
    bastion: Bastion,
    pending: Pending,
    bob: VerifiedIdentity,
    statement: String,
}

impl Desk {
    async fn open() -> Self {
        let bastion = Bastion::start().await;
        let pending = bastion.held().await;
        let bob = bastion.enter("bob").await;
        let statement = bastion.statement("bob", pending.id(), Answer::Approve).await;
        Self { bastion, pending, bob, statement }
    }

    fn id(&self) -> RequestId {
        self.pending.id()
    }

    async fn bring(&self, signature: &[u8]) -> Result<String, Refusal> {
        self.bastion.road.decide(&self.bob, self.id(), Answer::Approve, signature).await
    }

    /// Brings a signature that must not count, and returns the reason.
    async fn refused(&self, signature: &[u8]) -> String {
        let before = self.bastion.count("approval-refused");
        let told = self.bring(signature).await.unwrap_err().to_string();
        assert_eq!(self.bastion.count("approval"), 0, "{told}");
        assert_eq!(self.bastion.count("approval-refused"), before + 1, "a refused answer is an entry");
        told
    }
}

#[tokio::test]
async fn what_the_desk_prints_signed_by_ssh_keygen_counts() {
    let desk = Desk::open().await;
    let (key, text) = (desk.bastion.dir.path().join("bob"), desk.bastion.dir.path().join("statement"));
    std::fs::write(&key, Key::of("bob").private()).unwrap();
    std::fs::write(&text, &desk.statement).unwrap();
    assert!(Command::new("chmod").arg("600").arg(&key).status().unwrap().success());
    let mut sign = Command::new("ssh-keygen");
    sign.args(["-Y", "sign", "-n", "countersign", "-f"]).arg(&key).arg(&text);
    assert!(sign.stderr(Stdio::null()).status().unwrap().success());
    let signature = std::fs::read(text.with_extension("sig")).unwrap();
    let told = desk.bring(&signature).await.unwrap();
    assert!(told.contains("Still needed: 1 more of dba-leads"), "{told}");
}

#[tokio::test]
async fn the_other_answer_is_not_this_one() {
    let desk = Desk::open().await;
    let no = desk.bastion.statement("bob", desk.id(), Answer::Deny).await;
    let told = desk.refused(&Key::of("bob").sign(NAMESPACE, no.as_bytes())).await;
    assert!(told.contains("the signature says deny, the command says approve"), "{told}");
}

#[tokio::test]
async fn a_signature_for_another_request_does_not_count_for_this_one() {
    let desk = Desk::open().await;
    let session = desk.bastion.session("alice", "db-1").await;
    let other = held(desk.bastion.road.submit(&session, 0, exec(REMOVAL)).await);
    let text = desk.bastion.statement("bob", other.id(), Answer::Approve).await;
    desk.refused(&Key::of("bob").sign(NAMESPACE, text.as_bytes())).await;
}

#[tokio::test]
async fn a_changed_text_does_not_count() {
    let desk = Desk::open().await;
    let flipped = |from: &str, to: &str| {
        let text = desk.statement.replace(from, to);
        assert_ne!(text, desk.statement);
        Key::of("bob").sign(NAMESPACE, text.as_bytes())
    };
    for (from, to) in [
        ("production-data", "production-datum"),
        ("\"db-1\"", "\"db-2\""),
        ("\"root\"", "\"postgres\""),
        ("\"alice\"", "\"bob\""),
        ("countersign-decision-v1", "countersign-decision-v2"),
        ("}\n", "}"),
        ("}\n", "}\r\n"),
    ] {
        desk.refused(&flipped(from, to)).await;
    }
}

#[tokio::test]
async fn another_namespace_does_not_count() {
    let desk = Desk::open().await;
    for namespace in ["file", "git", "Countersign", "countersign.example.org"] {
        let told = desk.refused(&Key::of("bob").sign(namespace, desk.statement.as_bytes())).await;
        assert!(told.contains("namespace"), "{told}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_the_persons_does_not_count() {
    let desk = Desk::open().await;
    for name in ["stranger", "carol", "alice"] {
        let told = desk.refused(&Key::of(name).sign(NAMESPACE, desk.statement.as_bytes())).await;
        assert!(
            told.contains(&Key::of(name).fingerprint()) && told.contains("not enrolled for you"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn what_is_no_signature_is_refused_with_a_reason() {
    let desk = Desk::open().await;
    let good = String::from_utf8(Key::of("bob").sign(NAMESPACE, desk.statement.as_bytes())).unwrap();
    let half = &good[..good.len() / 2];
    let twice = good.repeat(2);
    for wrong in ["", "yes", half, &twice, &"A".repeat(1 << 20), "\u{0}\u{1}"] {
        let told = desk.refused(wrong.as_bytes()).await;
        assert!(told.contains("ssh-keygen -Y sign") && told.len() < 1000, "{told}");
    }
    desk.refused(&[0xff; 64]).await;
}

#[tokio::test]
async fn every_changed_byte_of_a_signature_is_noticed() {
    let desk = Desk::open().await;
    let good = Key::of("bob").sign(NAMESPACE, desk.statement.as_bytes());
    let body = "-----BEGIN SSH SIGNATURE-----\n".len();
    for at in (body..good.len()).step_by(7) {
        let mut bent = good.clone();
        bent[at] ^= 0x02;
        assert!(desk.bring(&bent).await.is_err(), "byte {at}");
    }
    assert_eq!(desk.bastion.count("approval"), 0);
}

#[tokio::test]
async fn a_suspended_person_does_not_sign() {
    let desk = Desk::open().await;
    let signature = Key::of("bob").sign(NAMESPACE, desk.statement.as_bytes());
    desk.bastion.suspend("bob").await;
    let told = desk.bring(&signature).await.unwrap_err();
    assert!(told.to_string().contains("suspended"), "{told}");
    assert_eq!(desk.bastion.count("approval"), 0);
}

#[tokio::test]
async fn a_revoked_key_does_not_sign() {
    let desk = Desk::open().await;
    let key = Key::of("bob's second").line();
    desk.bastion.change(Change::KeyAdd { name: "bob".into(), key }).await;
    desk.bastion.revoke("bob", "bob's second").await;
    let signature = Key::of("bob's second").sign(NAMESPACE, desk.statement.as_bytes());
    let told = desk.refused(&signature).await;
    assert!(told.contains("not enrolled for you"), "{told}");
}

#[tokio::test]
async fn a_good_signature_still_counts_after_all_the_bad_ones() {
    let desk = Desk::open().await;
    desk.refused(b"nonsense").await;
    let good = Key::of("bob").sign(NAMESPACE, desk.statement.as_bytes());
    desk.bring(&good).await.unwrap();
    desk.bastion.answer("carol", desk.id(), Answer::Approve).await.unwrap();
    let Desk { bastion, pending, .. } = desk;
    let _grant = bastion.road.claim(pending).await.unwrap();
}
