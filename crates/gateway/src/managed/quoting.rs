//! Words as a shell reads them back unchanged.

pub(crate) use access::policy::quoted;

/// Quoted only where it has to be.
pub(crate) fn quoted_if_needed(word: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./+:@%,".contains(&byte);
    if !word.is_empty() && word.bytes().all(bare) { word.to_owned() } else { quoted(word) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_is_one_word() {
        assert_eq!(quoted("it's \\ here"), "'it'\\''s '\\\\' here'");
        assert_eq!(quoted_if_needed("/srv/a-b.c"), "/srv/a-b.c");
        assert_eq!(quoted_if_needed("a b"), "'a b'");
        assert_eq!(quoted_if_needed(""), "''");
        assert_eq!(quoted_if_needed("~x"), "'~x'");
    }
}
