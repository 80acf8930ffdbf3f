//! Keys that follow from a name, so that every run has the same; they sign as `ssh-keygen -Y sign` does.

#![expect(clippy::unwrap_used, reason = "what is made here is always whole")]

use access::identity::PublicKey;
use ssh_key::private::{Ed25519Keypair, PrivateKey};
use ssh_key::{HashAlg, LineEnding};

/// An Ed25519 key pair.
#[derive(Debug)]
pub struct Key(PrivateKey);

impl Key {
    /// The key of that name: `bob`, or `bob's second`.
    pub fn of(name: &str) -> Self {
        let mut seed = [7; 32];
        seed.iter_mut().zip(name.bytes()).for_each(|(to, byte)| *to = byte);
        Self(PrivateKey::from(Ed25519Keypair::from_seed(&seed)))
    }

    /// The `authorized_keys` line.
    pub fn line(&self) -> String {
        self.0.public_key().to_openssh().unwrap()
    }

    /// The public half, as the door sees it.
    pub fn public(&self) -> PublicKey {
        PublicKey::parse(&self.line()).unwrap()
    }

    /// `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        self.public().fingerprint().as_str().to_owned()
    }

    /// The private half in OpenSSH form.
    pub fn private(&self) -> String {
        self.0.to_openssh(LineEnding::LF).unwrap().to_string()
    }

    /// An armored SSHSIG.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Vec<u8> {
        let signature = self.0.sign(namespace, HashAlg::Sha512, message).unwrap();
        signature.to_pem(LineEnding::LF).unwrap().into_bytes()
    }
}
