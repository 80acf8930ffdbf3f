//! Tickets: somebody who is in by both factors asks for a short password, with which a database client of theirs opens one
//! target as one account, from where they asked, for a short time.

use std::net::IpAddr;

use identity::proof::Credential;
use identity::{Destination, PersonName, Ticket, TicketedLogin, VerifiedIdentity};

use super::Road;
use super::door::Failed;
use super::door_guesses::Attempt;
use super::state::StateChange;
use crate::desk_command::TicketWanted;
use crate::error::{Refusal, RoadError};
use crate::model::{self, Target, Timestamp};
use crate::register;
use crate::text;

/// Longest time that a ticket counts for, and most connections that it opens.
const LONGEST: u64 = 12 * 3600;
const SHORTEST: u64 = 10;
const MOST_USES: u32 = 100;

impl Road {
    /// Makes a ticket. Returns it alone, so that it can stand where a client wants a password.
    pub(super) async fn give_ticket(
        &self,
        who: &VerifiedIdentity,
        wanted: &TicketWanted,
    ) -> Result<String, RoadError> {
        if !(SHORTEST..=LONGEST).contains(&wanted.seconds) || !(1..=MOST_USES).contains(&wanted.connections) {
            let values = [("hours", &*(LONGEST / 3600).to_string()), ("uses", &MOST_USES.to_string())];
            return Err(self.refusal(&text::TICKET_BOUNDS, &values).into());
        }
        let person = self.person_now(who).await?;
        let (target, account) = self.ticketed_place(who, &person, wanted).await?;
        let ticket = Ticket::generate(&mut |buffer| self.entropy().fill(buffer));
        let login = TicketedLogin::of(who, &ticket);
        let row = model::Ticket {
            id: ticket.id().to_owned(),
            digest: login.digest,
            person: person.id,
            credential: login.credential.to_string(),
            passed: Timestamp(0).plus_seconds(login.mfa_at),
            source: login.source,
            target: target.name,
            account,
            expires: self.now().plus_seconds(wanted.seconds),
            uses: wanted.connections,
        };
        self.enter_state(vec![], vec![StateChange::Put(register::ticket(&row))], None).await?;
        self.store().add_ticket(&row).await?;
        Ok(format!("{}\n", *ticket.shown()))
    }

    /// A database that the person may connect to, and the account: the one that was named, or the only one.
    async fn ticketed_place(
        &self,
        who: &VerifiedIdentity,
        person: &model::Person,
        wanted: &TicketWanted,
    ) -> Result<(Target, String), RoadError> {
        let name = wanted.target.as_str();
        let target = self.store().target(name).await?.filter(|target| target.database().is_some());
        let Some(target) = target else {
            return Err(self.refusal(&text::NO_SUCH_DATABASE, &[("target", name)]).into());
        };
        let (account, _) = self.with_account(vec![target.clone()], wanted.account.as_deref()).await?;
        match self.may_connect(who, person, &target, &account).await? {
            true => Ok((target, account)),
            false => Err(self.refusal(&text::NO_SUCH_DATABASE, &[("target", name)]).into()),
        }
    }

    /// A login of a database client, whose password is a ticket.
    pub async fn enter_with_ticket(
        &self,
        person: &str,
        typed: &str,
        to: &Destination,
        source: IpAddr,
    ) -> Result<VerifiedIdentity, Refusal> {
        // Its secret is as long as a key and cannot be guessed, and a pool shows it many times in one moment.
        let attempt = Attempt { guesses: None, name: person, source };
        self.admit(attempt, self.try_ticket(person, typed, to, source)).await
    }

    async fn try_ticket(
        &self,
        name: &str,
        typed: &str,
        to: &Destination,
        source: IpAddr,
    ) -> Result<VerifiedIdentity, Failed> {
        let wrong = || Failed::Person("ticket");
        let (name, person) = self.person_named(name).await?.ok_or_else(wrong)?;
        let ticket = Ticket::read(typed).ok_or_else(wrong)?;
        let row = self.store().ticket(ticket.id()).await.map_err(RoadError::from)?.ok_or_else(wrong)?;
        let fits = row.person == person.id
            && row.target == to.target.as_str()
            && row.account == to.account.as_str()
            && self.now() < row.expires;
        if !fits || person.suspended {
            return Err(wrong());
        }
        let who = ticketed(&row, name)?.redeem(&ticket, source).ok_or_else(wrong)?;
        if !self.store().use_ticket(&row.id).await.map_err(RoadError::from)? {
            return Err(Failed::Person("ticket-used"));
        }
        if row.uses <= 1 {
            self.end_ticket(&row.id).await?;
        }
        self.welcome(&person, &who).await?;
        Ok(who)
    }

    /// Takes away the tickets whose time is over.
    pub(super) async fn sweep_tickets(&self) -> Result<usize, RoadError> {
        let lapsed = self.store().lapsed_tickets(self.now()).await?;
        for ticket in &lapsed {
            self.end_ticket(&ticket.id).await?;
        }
        Ok(lapsed.len())
    }

    async fn end_ticket(&self, id: &str) -> Result<(), RoadError> {
        if self.register().digest("ticket", id).is_some() {
            self.enter_state(vec![], vec![StateChange::Gone("ticket", id.to_owned())], None).await?;
        }
        Ok(self.store().drop_ticket(id).await?)
    }
}

fn ticketed(row: &model::Ticket, person: PersonName) -> Result<TicketedLogin, RoadError> {
    let credential = Credential::parse(&row.credential);
    Ok(TicketedLogin {
        person,
        credential: credential.map_err(|_| RoadError::Inconsistent(format!("ticket {}", row.id)))?,
        source: row.source,
        mfa_at: row.passed.seconds(),
        digest: row.digest.clone(),
    })
}
