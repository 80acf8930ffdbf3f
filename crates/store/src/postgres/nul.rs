//! Text with U+0000 in it, which PostgreSQL cannot keep and a submitted command may contain.
//!
//! U+10FFFE, which means nothing to anybody, introduces what stands for the one and for itself.

const MARK: char = '\u{10fffe}';
const NUL: char = '0';
const ITSELF: char = '1';

/// The text as the database keeps it.
pub(super) fn hidden(text: String) -> String {
    if !text.contains(['\0', MARK]) {
        return text;
    }
    let mut kept = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\0' => kept.extend([MARK, NUL]),
            MARK => kept.extend([MARK, ITSELF]),
            other => kept.push(other),
        }
    }
    kept
}

/// The text as it was. What this program cannot have written is an error.
pub(super) fn shown(kept: String) -> Result<String, sqlx::Error> {
    if !kept.contains(MARK) {
        return Ok(kept);
    }
    let mut text = String::with_capacity(kept.len());
    let mut letters = kept.chars();
    while let Some(letter) = letters.next() {
        match letter {
            MARK => text.push(meant(letters.next())?),
            other => text.push(other),
        }
    }
    Ok(text)
}

fn meant(letter: Option<char>) -> Result<char, sqlx::Error> {
    match letter {
        Some(NUL) => Ok('\0'),
        Some(ITSELF) => Ok(MARK),
        _ => Err(sqlx::Error::Decode("a mark that stands for nothing".into())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_text_comes_back_and_is_kept_without_nul(text in "[\0\u{10fffe}01a]{0,12}") {
            let kept = hidden(text.clone());
            prop_assert!(!kept.contains('\0'));
            prop_assert_eq!(shown(kept).ok(), Some(text));
        }

        #[test]
        fn two_texts_are_never_kept_alike(one in "[\0\u{10fffe}01]{0,4}", other in "[\0\u{10fffe}01]{0,4}") {
            let alike = one == other;
            prop_assert_eq!(alike, hidden(one) == hidden(other));
        }
    }

    #[test]
    fn a_mark_that_this_program_did_not_write_is_an_error() {
        for forged in ["\u{10fffe}", "\u{10fffe}2", "a\u{10fffe}\u{10fffe}"] {
            assert!(shown(forged.into()).is_err());
        }
    }
}
