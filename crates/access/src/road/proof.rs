//! What an approver proves an answer with. Signatures by SSH keys today; assertions from a browser join here.

use identity::sshsig::{self, SignatureError};

use crate::statement::NAMESPACE;

/// A proof as it was offered, or as it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Proof<'a> {
    /// What `ssh-keygen -Y sign` makes: files, agents, and security keys, which must have been touched.
    Sshsig(&'a [u8]),
}

impl<'a> Proof<'a> {
    /// Reads a proof that was kept; what it is shows in how it begins.
    pub fn kept(text: &'a str) -> Self {
        Self::Sshsig(text.as_bytes())
    }

    /// The fingerprint of the key that signed exactly this statement, its holder present.
    pub fn verify(&self, statement: &str) -> Result<String, SignatureError> {
        match self {
            // A security key that nobody touched is refused in there.
            Self::Sshsig(armored) => {
                let verified = sshsig::verify(armored, NAMESPACE, statement.as_bytes())?;
                Ok(verified.fingerprint().as_str().to_owned())
            }
        }
    }
}
