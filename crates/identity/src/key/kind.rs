//! The kinds of public keys that are accepted, and the signature algorithms of each.

use ssh_key::EcdsaCurve;
use ssh_key::public::KeyData;

/// One kind of key; compared and printed by its name.
pub(super) struct Kind {
    /// The first word of the key's line, and the first string of its wire form.
    pub(super) name: &'static str,
    /// What its signatures may call themselves, best first.
    pub(super) signatures: &'static [&'static str],
    /// Whether the private part is in hardware that asks for a touch.
    pub(super) is_security_key: bool,
}

impl Kind {
    /// A kind whose signatures have its own name.
    const fn plain(names: &'static [&'static str; 1]) -> Self {
        Self { name: names[0], signatures: names, is_security_key: false }
    }

    const fn security_key(names: &'static [&'static str; 1]) -> Self {
        Self { is_security_key: true, ..Self::plain(names) }
    }
}

static ED25519: Kind = Kind::plain(&["ssh-ed25519"]);
static P256: Kind = Kind::plain(&["ecdsa-sha2-nistp256"]);
static P384: Kind = Kind::plain(&["ecdsa-sha2-nistp384"]);
static P521: Kind = Kind::plain(&["ecdsa-sha2-nistp521"]);
static SK_ED25519: Kind = Kind::security_key(&["sk-ssh-ed25519@openssh.com"]);
static SK_P256: Kind = Kind::security_key(&["sk-ecdsa-sha2-nistp256@openssh.com"]);

/// RFC 8332: the key keeps its old name; signatures named `ssh-rsa` would use SHA-1 and are not accepted.
static RSA: Kind =
    Kind { name: "ssh-rsa", signatures: &["rsa-sha2-512", "rsa-sha2-256"], is_security_key: false };

static KINDS: [&Kind; 7] = [&SK_ED25519, &SK_P256, &ED25519, &P256, &P384, &P521, &RSA];

/// Whether `name` is the name of an accepted kind of key.
pub(super) fn is_known(name: &str) -> bool {
    KINDS.iter().any(|kind| kind.name == name)
}

/// The names of all signature algorithms that a server may offer to clients, best first.
pub fn signature_algorithms() -> impl Iterator<Item = &'static str> {
    KINDS.iter().flat_map(|kind| kind.signatures).copied()
}

/// The kind of a key; `None` for those that are not accepted.
pub(super) fn of(key: &KeyData) -> Option<&'static Kind> {
    match key {
        KeyData::Ed25519(_) => Some(&ED25519),
        KeyData::Rsa(_) => Some(&RSA),
        KeyData::Ecdsa(key) => Some(match key.curve() {
            EcdsaCurve::NistP256 => &P256,
            EcdsaCurve::NistP384 => &P384,
            EcdsaCurve::NistP521 => &P521,
        }),
        KeyData::SkEd25519(_) => Some(&SK_ED25519),
        KeyData::SkEcdsaSha2NistP256(_) => Some(&SK_P256),
        _ => None,
    }
}
