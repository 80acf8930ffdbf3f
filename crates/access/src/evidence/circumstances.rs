//! Under which policies it was asked, and what their quorum demands.

use std::collections::BTreeMap;

use policy::{Quorum, Signer, Sources};

use super::answers::Answered;
use super::protocol::{Found, ensure};
use super::request::{Asked, Requester, text_of};
use super::shelf::Shelf;
use crate::administer::change_quorum;

/// The sources of the policies that the act names, by their hash.
pub(super) fn policies(asked: &Asked<'_>, shelf: &mut Shelf<'_>) -> Found<Sources> {
    let files: BTreeMap<String, String> = shelf.vouched("policies", "policies", asked.index)?;
    let sources = Sources::from_files(&files);
    let (found, named) = (sources.version(), text_of(asked.act, "policy"));
    ensure(found == named, || format!("these are the policies {found}, and the act names {named}"))?;
    Ok(sources)
}

/// The quorum's declaration in those policies, if the counted answers meet it.
pub(super) fn met(
    name: &str,
    sources: &Sources,
    asked: &Asked<'_>,
    requester: &Requester,
    counted: &[&Answered],
) -> Found<Quorum> {
    ensure(asked.quorums.iter().any(|quorum| quorum == name), || {
        format!("the act does not name the quorum {name}")
    })?;
    let all = sources.quorums().map_err(|fault| fault.to_string())?;
    let declared = |name: &str| all.get(name).cloned();
    let quorum = change_quorum(name, declared).or_else(|| declared(name));
    let quorum = quorum.ok_or_else(|| format!("no policy declares the quorum {name}"))?;
    let signers: Vec<Signer> = counted.iter().map(|answer| signer(answer)).collect();
    let asking =
        policy::Requester { person: requester.person.id.clone(), team: requester.person.team.clone() };
    quorum.met_by(&asking, &signers).map_err(|missing| format!("{name} lacks {missing}"))?;
    Ok(quorum)
}

fn signer(answer: &Answered) -> Signer {
    // A moment that is not on the record lies in no hours: there is no day 0.
    let (minute_of_day, weekday) = answer.approval.local.unwrap_or_default();
    Signer {
        person: answer.person.id.clone(),
        groups: answer.person.groups.clone(),
        team: answer.person.team.clone(),
        mfa_age_seconds: answer.approval.mfa_age,
        minute_of_day,
        weekday,
    }
}
