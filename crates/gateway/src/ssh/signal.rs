//! Signal names of RFC 4254, section 6.10, between russh's type and text.

use russh::Sig;

/// The name without `SIG`.
pub(crate) fn name(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => name.clone(),
        known => format!("{known:?}"),
    }
}

/// The signal of that name.
pub(crate) fn parse(name: &str) -> Sig {
    let known = [
        Sig::ABRT,
        Sig::ALRM,
        Sig::FPE,
        Sig::HUP,
        Sig::ILL,
        Sig::INT,
        Sig::KILL,
        Sig::PIPE,
        Sig::QUIT,
        Sig::SEGV,
        Sig::TERM,
        Sig::USR1,
    ];
    known
        .into_iter()
        .find(|signal| self::name(signal) == name)
        .unwrap_or_else(|| Sig::Custom(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_unchanged() {
        for name in ["INT", "TERM", "USR1", "USR2@example.com"] {
            assert_eq!(super::name(&parse(name)), name);
        }
        assert!(matches!(parse("INT"), Sig::INT));
    }
}
