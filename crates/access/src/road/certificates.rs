//! Client certificates: somebody who is in by both factors has the gateway sign a key of theirs, with which their database
//! clients come in for some hours. The key proves itself at each connection, so it counts from any address.

use std::net::IpAddr;

use identity::certificate::{Validity, fingerprint};
use identity::proof::Credential;
use identity::{CertifiedLogin, ClientAuthority, KeyRequest, PersonName, VerifiedIdentity};

use super::Road;
use super::door::Failed;
use super::door_guesses::Attempt;
use super::state::StateChange;
use crate::desk_command::CertificateWanted;
use crate::error::{Refusal, RoadError};
use crate::model::{Certificate, Person, Timestamp};
use crate::register;
use crate::statement::rfc3339;
use crate::text;

/// Longest time that a certificate counts for.
const LONGEST: u64 = 12 * 3600;
const SHORTEST: u64 = 60;
/// A client's clock may be so much behind the gateway's.
const SLACK: u64 = 60;
/// Digits of a certificate's digest that people see, and at least as many as they must give.
const SHOWN: usize = 16;
const LEAST: usize = 8;

/// What signs clients' certificates, and what clients verify the gateway by.
pub struct ClientCertificates {
    /// Signs them.
    pub authority: ClientAuthority,
    /// The authority of the gateway's own certificate as PEM, if that is the gateway's too.
    pub gateway: Option<String>,
}

impl Road {
    /// What clients' certificates must come from, in DER; none when no client can show one.
    pub fn client_authority(&self) -> Option<&[u8]> {
        self.client_certificates().map(|signing| signing.authority.certificate())
    }

    /// Signs the key of a request. Returns the chain that a client shows, and what else was asked for.
    pub(super) async fn give_certificate(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        wanted: &CertificateWanted,
        request: &[u8],
    ) -> Result<String, RoadError> {
        if !(SHORTEST..=LONGEST).contains(&wanted.seconds) {
            let hours = (LONGEST / 3600).to_string();
            return Err(self.refusal(&text::CERTIFICATE_BOUNDS, &[("hours", &hours)]).into());
        }
        let signing = self.client_certificates();
        let signing = signing.ok_or_else(|| self.refusal(&text::NO_CLIENT_AUTHORITY, &[]))?;
        let unusable = |why: String| self.refusal(&text::CERTIFICATE_REQUEST, &[("why", &why)]);
        let request = KeyRequest::read(request).map_err(|why| unusable(why.to_string()))?;
        let (now, expires) = (self.now(), self.now().plus_seconds(wanted.seconds));
        let validity = Validity { from: now.seconds().saturating_sub(SLACK), until: expires.seconds() };
        let random = &mut |buffer: &mut [u8]| self.entropy().fill(buffer);
        let issued = signing.authority.issue(who.person(), &request, validity, random);
        let issued = issued.map_err(|why| unusable(why.to_string()))?;
        let row = Certificate {
            id: issued.fingerprint,
            person: person.id.clone(),
            credential: who.credential().to_string(),
            passed: Timestamp(0).plus_seconds(who.mfa_at()),
            source: who.source(),
            expires,
        };
        // It leaves once it is on the record.
        self.enter_state(vec![], vec![StateChange::Put(register::certificate(&row))], None).await?;
        self.store().add_certificate(&row).await?;
        let gateway = signing.gateway.as_deref().filter(|_| wanted.with_authority);
        Ok(issued.chain + gateway.unwrap_or_default())
    }

    pub(super) async fn list_certificates(&self, person: &Person) -> Result<String, RoadError> {
        let row = |one: &Certificate| {
            format!(
                "{:<18} {:<22} {:<40} {}",
                shown(&one.id),
                rfc3339(one.expires),
                one.source,
                one.credential
            )
        };
        let theirs = self.store().certificates(&person.id).await?;
        let rows = theirs.iter().filter(|one| self.now() < one.expires).map(row).collect();
        Ok(self.table(&text::CERTIFICATES_HEADER, rows, &text::NO_CERTIFICATES))
    }

    /// Ends one's own, and what came in by it, at once.
    pub(super) async fn revoke_certificate(&self, person: &Person, id: &str) -> Result<String, RoadError> {
        let theirs = self.store().certificates(&person.id).await?;
        let mut meant = theirs.iter().filter(|one| id.len() >= LEAST && one.id.starts_with(id));
        let (Some(one), None) = (meant.next(), meant.next()) else {
            return Err(self.refusal(&text::NO_SUCH_CERTIFICATE, &[("id", id)]).into());
        };
        self.end_certificate(&one.id).await?;
        self.store().stir().await?;
        Ok(self.say(&text::CERTIFICATE_ENDED, &[("id", shown(&one.id))]))
    }

    /// A login of a client that has shown a certificate: TLS has verified that our authority signed it, and that the client
    /// holds its key.
    pub async fn enter_with_certificate(
        &self,
        person: &str,
        der: &[u8],
        source: IpAddr,
    ) -> Result<VerifiedIdentity, Refusal> {
        let attempt = Attempt { guesses: None, name: person, source };
        self.admit(attempt, self.try_certificate(person, der, source)).await
    }

    /// The same for a client that has no place to say a name: it is whoever the certificate was given to.
    pub async fn enter_with_certificate_alone(
        &self,
        der: &[u8],
        source: IpAddr,
    ) -> Result<VerifiedIdentity, Refusal> {
        let holder = self.holder(der).await.map_err(|fault| self.tell(&fault))?;
        self.enter_with_certificate(&holder.unwrap_or_default(), der, source).await
    }

    async fn holder(&self, der: &[u8]) -> Result<Option<String>, RoadError> {
        let Some(row) = self.store().certificate(&fingerprint(der)).await? else { return Ok(None) };
        self.name_of(&row.person).await.map(Some)
    }

    /// Enters that a client has shown no certificate, or none of ours, where nobody comes in without.
    pub async fn note_stranger(&self, source: IpAddr) {
        let attempt = Attempt { guesses: None, name: "", source };
        if let Err(fault) = self.note_refused(&attempt, "certificate").await {
            tracing::error!(%fault, "a refused login was not entered");
        }
    }

    async fn try_certificate(
        &self,
        name: &str,
        der: &[u8],
        source: IpAddr,
    ) -> Result<VerifiedIdentity, Failed> {
        let wrong = || Failed::Person("certificate");
        let (name, person) = self.person_named(name).await?.ok_or_else(wrong)?;
        let Some(row) = self.store().certificate(&fingerprint(der)).await.map_err(RoadError::from)? else {
            return Err(Failed::Lapsed(self.refusal(&text::CERTIFICATE_OVER, &[])));
        };
        if row.person != person.id || person.suspended {
            return Err(wrong());
        }
        let who = certified(&row, name)?.redeem(der, source).ok_or_else(wrong)?;
        self.welcome(&person, &who).await?;
        Ok(who)
    }

    /// Takes away the certificates whose time is over, and those of suspended persons.
    pub(super) async fn sweep_certificates(&self) -> Result<usize, RoadError> {
        let lapsed = self.store().lapsed_certificates(self.now()).await?;
        for certificate in &lapsed {
            self.end_certificate(&certificate.id).await?;
        }
        Ok(lapsed.len())
    }

    async fn end_certificate(&self, id: &str) -> Result<(), RoadError> {
        if self.register().digest("certificate", id).is_some() {
            self.enter_state(vec![], vec![StateChange::Gone("certificate", id.to_owned())], None).await?;
        }
        Ok(self.store().drop_certificate(id).await?)
    }
}

fn shown(id: &str) -> &str {
    id.get(..SHOWN).unwrap_or(id)
}

fn certified(row: &Certificate, person: PersonName) -> Result<CertifiedLogin, RoadError> {
    let credential = Credential::parse(&row.credential);
    Ok(CertifiedLogin {
        person,
        credential: credential.map_err(|_| RoadError::Inconsistent(format!("certificate {}", row.id)))?,
        mfa_at: row.passed.seconds(),
        fingerprint: row.id.clone(),
    })
}
