//! What ending permits mean for running sessions: a warning at 5 and at 1 minute, then the end.

use identity::VerifiedIdentity;
use policy::Verdict;

use super::Road;
use super::judged::Judged;
use super::permits::Live;
use super::sessions::Session;
use super::setting::Setting;
use super::standing_now::Standing;
use crate::ask::Ask;
use crate::error::RoadError;
use crate::model::{PermitKind, Person, Target, Timestamp};
use crate::text;

/// Minutes before the end at which a session is told, once each.
const WARNINGS: [u64; 2] = [1, 5];

impl Road {
    /// Whether the session may stay, as far as permits go.
    pub(super) async fn permit_standing(
        &self,
        session: &Session,
        person: &Person,
    ) -> Result<Standing, RoadError> {
        if !session.came_by_permit() {
            return Ok(Standing::Stays);
        }
        let (target, account) = (session.target(), session.account());
        let Some(until) = self.carried_until(session, person).await? else {
            // What policies say without a permit may have changed for the better meanwhile.
            if self.may_be_there(session.who(), person, target, account).await? {
                return Ok(Standing::Stays);
            }
            let values = [("target", &*target.name), ("account", account)];
            return Ok(Standing::Ends(self.say(&text::PERMIT_GONE, &values)));
        };
        let left = until.seconds().saturating_sub(self.now().seconds());
        let due = WARNINGS.into_iter().find(|minutes| left <= minutes * 60);
        match due.filter(|minutes| session.warn_once(*minutes)) {
            // Who comes in late is told what is left, not what the warning is called.
            Some(_) => {
                let line = self.say(&text::PERMIT_SOON, &[("minutes", &left.div_ceil(60).to_string())]);
                Ok(Standing::Warn(line))
            }
            None => Ok(Standing::Stays),
        }
    }

    /// When a session must be asked about again at the latest, if its time is counted: the next warning, or the end.
    pub async fn next_look(&self, session: &Session) -> Option<Timestamp> {
        if !session.came_by_permit() {
            return None;
        }
        let person = self.person_present(session.who()).await.ok()?;
        let until = self.carried_until(session, &person).await.ok()??;
        let before =
            |minutes: &u64| Timestamp(until.0.saturating_sub(minutes.saturating_mul(60_000_000) as i64));
        let moments = WARNINGS.iter().rev().map(before).chain([until]);
        moments.into_iter().find(|at| *at > self.now())
    }

    /// The end of the last permit that lets the person be here now.
    async fn carried_until(
        &self,
        session: &Session,
        person: &Person,
    ) -> Result<Option<Timestamp>, RoadError> {
        let permits = self.carrying(person, session.target(), session.account()).await?;
        Ok(permits.iter().map(|live| live.permit.until).max())
    }

    /// The permits and emergencies of the person that cover this place now.
    pub(super) async fn carrying(
        &self,
        person: &Person,
        target: &Target,
        account: &str,
    ) -> Result<Vec<Live>, RoadError> {
        let mut permits = self.covering(PermitKind::Access, person, target, account).await?;
        permits.extend(self.covering(PermitKind::Emergency, person, target, account).await?);
        Ok(permits)
    }

    /// Whether policy lets the person be there only because of a permit.
    pub(super) async fn needs_permit(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        target: &Target,
        account: &str,
    ) -> Result<bool, RoadError> {
        for judged in self.beginnings(target) {
            if !self.allows_alone(who, person, target, account, &judged).await?
                && self.allows_now(who, person, target, account, &judged).await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether policy lets the person be there with the permits that there are now, and with nobody's approval.
    async fn may_be_there(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        target: &Target,
        account: &str,
    ) -> Result<bool, RoadError> {
        for judged in self.beginnings(target) {
            if !self.allows_now(who, person, target, account, &judged).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What a session there rests on: that its person may connect and, where one connection is all there is to it, may open
    /// that.
    fn beginnings(&self, target: &Target) -> Vec<Judged> {
        let opening = target.forwarding().map(Ask::Forward);
        let opening = opening.map(|ask| Judged::of(&ask, target.level, self.policies().table()));
        [Judged::connecting(target.level)].into_iter().chain(opening).collect()
    }

    async fn allows_now(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        target: &Target,
        account: &str,
        judged: &Judged,
    ) -> Result<bool, RoadError> {
        let verdict = self.ask(who, person, target, account, judged, &Default::default()).await?;
        Ok(matches!(verdict, Verdict::Allow(_)))
    }

    /// Whether policy allows that without a permit, and without anybody's approval.
    async fn allows_alone(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        target: &Target,
        account: &str,
        judged: &Judged,
    ) -> Result<bool, RoadError> {
        let device_bound = self.is_device_bound(who).await?;
        let setting = self.setting(who, person, target, account, judged, &Default::default());
        let setting = Setting { device_bound, ..setting };
        Ok(matches!(self.policies().judge(&setting.question(judged)), Verdict::Allow(_)))
    }
}
