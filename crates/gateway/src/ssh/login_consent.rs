//! The notice about recording at a login that asks questions anyway. Who logs in without any is told on the channel.

use std::borrow::Cow;

use access::identity::VerifiedIdentity;
use access::road::ConsentNotice;
use access::text;
use russh::server::Auth;

use super::login::{Answer, Guest, Typed, Wanted};

/// Words that accept.
const YES: [&str; 2] = ["accept", "同意"];

/// Somebody who has proved both factors and reads the notice.
pub(super) struct Reader {
    user: String,
    who: VerifiedIdentity,
    guest: Guest,
    version: String,
}

impl Wanted {
    /// Lets somebody in whose factors are proved, after showing the notice if they owe an answer.
    pub(super) async fn welcome(&mut self, user: &str, who: VerifiedIdentity, guest: Guest) -> Answer {
        let Some(notice) = self.road.owed_notice(&who).await else { return (Auth::Accept, Some(guest)) };
        let question = self.notice(&notice);
        let version = notice.version().to_owned();
        self.reader = Some(Reader { user: user.to_owned(), who, guest, version });
        (question, None)
    }

    fn notice(&self, notice: &ConsentNotice) -> Auth {
        let language = self.road.language();
        let question = text::CONSENT_PROMPT.say(language, &[]);
        // OpenSSH cuts instructions after 1023 bytes, escapes all but ASCII in them, and leaves them out when it logs little.
        let prompt = format!("\n{}\n{question}", notice.shown(language));
        Auth::Partial {
            name: "".into(),
            instructions: "".into(),
            prompts: Cow::Owned(vec![(prompt.into(), true)]),
        }
    }

    /// What the reader of the notice has answered. Who does not accept is in, and every door says what is missing.
    pub(super) async fn read(&mut self, reader: Reader, typed: &Typed) -> Answer {
        let Reader { who, guest, version, .. } = reader;
        let accepts = typed.first().is_some_and(|word| YES.contains(&word.trim()));
        if accepts && let Err(fault) = self.road.accept_consent(&who, &version).await {
            tracing::warn!(%fault, "the notice could not be accepted");
        }
        (Auth::Accept, Some(guest))
    }

    /// The reader whose answer this is, if there is one.
    pub(super) fn reader_of(&mut self, user: &str) -> Option<Reader> {
        self.reader.take().filter(|reader| reader.user == user)
    }
}
