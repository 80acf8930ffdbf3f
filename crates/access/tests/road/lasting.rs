//! What tests of access, runbooks, emergencies and looks at recordings share: policies under which erin, who may do nothing
//! by herself, asks for what two database leads must agree to.

use access::desk_command::{AccessWanted, Because, EmergencyWanted, ReplayWanted, RunbookWanted, Where};
use access::model::{Answer, Permit, RequestId, Timestamp};
use access::policy::Policies;
use access::ports::Store;
use access::{Refusal, RoadError};

use crate::bastion::*;

/// What erin's group may ask for, and what they may do with it.
pub const ASKING: &str = r#"
@id("guests-ask")
@description("Guests ask for access, runbooks and replays of production")
permit (principal in Group::"guests", action in [Action::"request-access", Action::"request-runbook", Action::"view-replay"], resource)
when { resource.hasTag("env") && resource.getTag("env") == "prod" };

@id("two-leads-agree")
@description("Two database leads must agree")
forbid (principal, action in [Action::"request-access", Action::"request-runbook", Action::"view-replay"], resource)
unless { context.quorums.contains(Quorum::"two-dba-leads") };

@id("guests-come-with-a-permit")
@description("Guests come and work with a permit")
permit (principal in Group::"guests", action in [Action::"connect", Action::"exec"], resource)
when { context.granted || context.emergency };

@id("guests-declare")
@description("Guests declare emergencies on production")
permit (principal in Group::"guests", action == Action::"declare-emergency", resource)
when { resource.hasTag("env") && resource.getTag("env") == "prod" };
"#;

pub fn asking(more: &str) -> Policies {
    let text = format!("{ASKING}\n{more}");
    policies(|sources| sources.policies.push(("asking.cedar".into(), text)))
}

/// A bastion with erin, and with administrators of security and audit.
pub async fn guarded() -> Bastion {
    guarded_with("").await
}

pub async fn guarded_with(more: &str) -> Bastion {
    let mut bastion = Bastion::with_policies(asking(more)).await;
    bastion.person("erin", &["guests"]).await;
    for (name, role) in [("sam", "security-administrators"), ("ada", "audit-administrators")] {
        bastion.person(name, &[]).await;
        bastion.appoint(name, &[role]).await;
    }
    bastion
}

pub fn at(target: &str) -> Where {
    Where { target: Some(target.into()), labels: vec![] }
}

pub fn labelled(name: &str, value: &str) -> Where {
    Where { target: None, labels: vec![(name.into(), value.into())] }
}

/// Access as root for two hours.
pub fn access(place: Where) -> AccessWanted {
    AccessWanted {
        place,
        account: Some("root".into()),
        seconds: 7200,
        because: Because::new("disk is full"),
        ticket: Some("INC-7".into()),
    }
}

pub fn emergency(target: &str, seconds: u64) -> EmergencyWanted {
    EmergencyWanted { place: at(target), seconds, because: Because::new("database is down") }
}

pub fn replay(session: &access::Session) -> ReplayWanted {
    ReplayWanted { session: session.id(), seconds: 3600, because: Because::new("post mortem") }
}

/// A runbook called `clean` with those parameters, for a day.
pub fn runbook(parameters: &[(&str, &str)], groups: &[&str]) -> RunbookWanted {
    RunbookWanted {
        name: "clean".into(),
        target: Some("db-1".into()),
        labels: vec![],
        account: "root".into(),
        seconds: 86_400,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        params: parameters.iter().map(|(name, kind)| ((*name).into(), (*kind).into())).collect(),
        because: Because::new("scratch fills up"),
        ticket: None,
    }
}

impl Bastion {
    pub async fn ask_for_access(&self, name: &str, place: Where) -> Result<String, RoadError> {
        let who = self.enter(name).await;
        self.road.request_access(&who, &access(place)).await
    }

    /// Erin's request for access to db-1, without any signature.
    pub async fn asked(&self) -> RequestId {
        self.ask_for_access("erin", at("db-1")).await.unwrap();
        self.newest_request().await
    }

    pub async fn newest_request(&self) -> RequestId {
        self.store.requests(1).await.unwrap()[0].id
    }

    /// Both database leads agree. Returns what the second was told.
    pub async fn agree(&self, id: RequestId) -> Result<String, Refusal> {
        self.answer("bob", id, Answer::Approve).await?;
        self.answer("carol", id, Answer::Approve).await
    }

    /// Erin's permit for db-1.
    pub async fn permitted(&self) -> Permit {
        let id = self.asked().await;
        self.agree(id).await.unwrap();
        self.newest_permit().await
    }

    pub async fn newest_permit(&self) -> Permit {
        self.store.permits(1).await.unwrap()[0].clone()
    }

    pub async fn no_permit(&self) {
        assert_eq!(self.store.permits(9).await.unwrap(), vec![]);
        assert_eq!(self.count("permit"), 0);
    }

    pub async fn reaches(&self, name: &str, target: &str) -> bool {
        let who = self.enter(name).await;
        self.road.open(&who, &root_at(target), access::model::Way::Direct).await.is_ok()
    }

    pub fn in_seconds(&self, seconds: u64) -> Timestamp {
        self.road.now().plus_seconds(seconds)
    }
}
