//! Whether the server may call somebody's code to read a constant in a text. It reads them when it parses: an array, a range
//! or a row of a domain calls the checks of the domain.

use std::sync::Arc;

use access::policy::Effect;
use access::policy::sql::{self, Catalogue, Dialect, Script};

use super::line::AskError;
use super::{Guide, Known, Prepared, questions};

impl Guide {
    /// Whether no domain in the database calls more to read its values than what computes. Who cannot be asked has not
    /// said so.
    pub(crate) async fn reads_constants_plainly(&self) -> bool {
        let known = self.whole.known();
        match known.is_plain.get_or_try_init(|| self.are_checks_plain(&known)).await {
            Ok(is_plain) => *is_plain,
            Err(fault) => {
                tracing::warn!(%fault, "a database did not say what its domains check");
                false
            }
        }
    }

    async fn are_checks_plain(&self, known: &Known) -> Result<bool, AskError> {
        let rows = self.whole.line.ask(&self.credential, questions::CHECKS, &[]).await?;
        for check in rows.into_iter().flatten() {
            let text = check.unwrap_or_default();
            let script = sql::analyse(Dialect::Postgres, text.as_bytes(), &Catalogue::unasked());
            if !self.computes_only(known, &Arc::new(script)).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn computes_only(&self, known: &Known, script: &Arc<Script>) -> Result<bool, AskError> {
        let survey = self.survey(known, script, &Prepared::new(), &[]).await?;
        Ok(survey.read(script).effects() == [Effect::Read].into())
    }
}
