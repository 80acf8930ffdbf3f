//! Plausible records, complete enough for any store; tests change the fields that they are about.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use access::model::{
    Account, Answer, Certificate, Decision, Permit, PermitId, PermitKind, Person, PersonId, PersonKey,
    RememberedFactor, Request, RequestId, RequestKind, RequestState, Service, SessionRow, Target, Ticket,
    Timestamp, Way,
};
use access::policy::Level;
use access::recording::SessionId;

/// 2020-02-23 18:56:00 UTC.
pub const NOW: Timestamp = Timestamp(1_582_484_160_000_000);
/// The address that clients come from.
pub const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// The identifier that [`person`] has for that login name.
pub fn person_id(name: &str) -> PersonId {
    PersonId(format!("p-{name}"))
}

/// A ticket of `alice` for `app@orders`, for two connections.
pub fn ticket(id: &str) -> Ticket {
    Ticket {
        id: id.to_owned(),
        digest: "0d".repeat(32),
        person: person_id("alice"),
        credential: "password".to_owned(),
        passed: NOW,
        source: SOURCE,
        target: "orders".to_owned(),
        account: "app".to_owned(),
        expires: NOW.plus_seconds(600),
        uses: 2,
    }
}

/// A certificate of that person, for an hour.
pub fn certificate(id: &str, name: &str) -> Certificate {
    Certificate {
        id: id.to_owned(),
        person: person_id(name),
        credential: "password".to_owned(),
        passed: NOW,
        source: SOURCE,
        expires: NOW.plus_seconds(3600),
    }
}

/// A person with a password and a TOTP seed, in group `ops`.
pub fn person(name: &str) -> Person {
    Person {
        id: person_id(name),
        name: name.into(),
        groups: BTreeSet::from(["ops".into()]),
        team: None,
        expires: None,
        suspended: false,
        password: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into()),
        totp: Some(vec![0, 1, 0xff]),
        totp_last_step: None,
        salt: [7; 16],
    }
}

/// That person's `n`-th key.
pub fn key(name: &str, n: u64) -> PersonKey {
    PersonKey {
        person: person_id(name),
        fingerprint: format!("SHA256:{name}-{n}"),
        line: format!("ssh-ed25519 AAAA{name}{n}"),
        enrolled_at: n,
        device: None,
        expires: None,
        last_used: None,
    }
}

/// A production host.
pub fn target(name: &str) -> Target {
    Target {
        name: name.into(),
        host: format!("{name}.example.org"),
        port: 22,
        labels: BTreeMap::from([("env".into(), "prod".into()), ("tier".into(), "app".into())]),
        level: Level::CommandGated,
        service: Service::Ssh { host_key: "ssh-ed25519 AAAAhost".into() },
    }
}

/// A login on that target.
pub fn account(target: &str, login: &str) -> Account {
    Account { target: target.into(), login: login.into(), credential: vec![0, 0x80, 0xff], reader: None }
}

/// A second factor that the person passed with the password, at [`NOW`].
pub fn factor(name: &str) -> RememberedFactor {
    RememberedFactor { person: person_id(name), first: "password".into(), source: SOURCE, passed: NOW }
}

/// The identifier that [`session`] has for that number.
pub fn session_id(n: u8) -> SessionId {
    SessionId([n; 16])
}

/// An open session of that person on `db-1`, begun `n` seconds after [`NOW`].
pub fn session(n: u8, person: &str) -> SessionRow {
    SessionRow {
        id: session_id(n),
        person: person_id(person),
        person_name: person.into(),
        target: "db-1".into(),
        account: "root".into(),
        way: Way::Direct.as_str().into(),
        source: SOURCE,
        salt: [n; 16],
        opened: NOW.plus_seconds(n.into()),
        closed: None,
    }
}

/// A waiting request of that person in session number 1.
pub fn request(id: RequestId, person: &str) -> Request {
    Request {
        id,
        nonce: format!("{:032x}", id.0),
        kind: RequestKind::Action,
        session: Some(session_id(1)),
        channel: 3,
        requester: person_id(person),
        target: "db-1".into(),
        account: "root".into(),
        text: b"rm -rf production-data".to_vec(),
        run: "'rm' '-rf' 'production-data'".into(),
        sealed: None,
        canonical: format!("{{\"nonce\":\"{:032x}\"}}", id.0),
        digest: format!("{:064x}", id.0),
        quorums: vec!["two-dba-leads".into(), "incident".into()],
        effects: BTreeSet::from(["data.destroy".into()]),
        policy_version: "sha256:00".into(),
        created: NOW,
        expires: NOW.plus_seconds(1800),
        state: RequestState::Waiting,
        version: 0,
    }
}

/// That person's approval of the request.
pub fn decision(request: RequestId, person: &str) -> Decision {
    Decision {
        request,
        person: person_id(person),
        answer: Answer::Approve,
        fingerprint: format!("SHA256:{person}-1"),
        statement: format!("approve {request}\n"),
        signature: "-----BEGIN SSH SIGNATURE-----\n".into(),
        at: NOW.plus_seconds(60),
        mfa_age_seconds: Some(30),
    }
}

/// That person's access for an hour, without a request.
pub fn permit(n: i64, holder: &str) -> Permit {
    Permit {
        id: PermitId(n),
        kind: PermitKind::Access,
        request: None,
        holder: person_id(holder),
        terms: "{\"target\":\"db-1\"}".into(),
        from: NOW,
        until: NOW.plus_seconds(3600),
        ended: None,
        reviewed: None,
        version: 0,
    }
}
