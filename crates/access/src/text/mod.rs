//! The catalogue: every sentence that a person may read, in English and 简体中文, in one place.

/// Lines with their names; in tests also the list of them.
macro_rules! catalogue {
    ($($name:ident: $en:literal, $zh:literal;)*) => {
        $(
            #[doc = $en]
            pub const $name: $crate::text::Line = $crate::text::Line { name: stringify!($name), en: $en, zh: $zh };
        )*
        #[cfg(test)]
        pub(super) const ALL: &[$crate::text::Line] = &[$($name),*];
    };
}

mod administration;
mod certificates;
mod desk;
mod evidence;
mod impact;
mod notices;
mod people;
mod permits;
mod policy;
pub mod quorums;
mod road;

pub use administration::*;
pub use certificates::*;
pub use desk::*;
pub use evidence::*;
pub use impact::*;
pub use notices::*;
pub use people::*;
pub use permits::*;
pub use policy::*;
pub use road::*;

/// A language of the catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// 简体中文.
    Chinese,
}

impl Language {
    /// The language that a configuration names: `en` or `zh-CN`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "en" => Some(Self::English),
            "zh-CN" => Some(Self::Chinese),
            _ => None,
        }
    }

    /// The language that a `LANG` value asks for; English unless it begins with `zh`.
    pub fn of_locale(locale: &str) -> Self {
        if locale.starts_with("zh") { Self::Chinese } else { Self::English }
    }
}

/// One sentence in every language, with `{name}` where a value goes.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    name: &'static str,
    en: &'static str,
    zh: &'static str,
}

impl Line {
    /// Its name in the catalogue, which is stable and carries no values: `OWN_REQUEST`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The sentence with its values filled in.
    pub fn say(&self, language: Language, values: &[(&str, &str)]) -> String {
        let pattern = match language {
            Language::English => self.en,
            Language::Chinese => self.zh,
        };
        fill(pattern, values)
    }
}

/// Fills `{name}`s in one pass, so that a value that contains braces is never taken for a pattern.
fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(before);
        text.push_str(values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value));
        rest = tail;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of every subject.
    fn all() -> impl Iterator<Item = &'static Line> {
        [
            administration::ALL,
            certificates::ALL,
            desk::ALL,
            evidence::ALL,
            impact::ALL,
            notices::ALL,
            people::ALL,
            permits::ALL,
            policy::ALL,
            quorums::ALL,
            road::ALL,
        ]
        .into_iter()
        .flatten()
    }

    fn holes(pattern: &str) -> Vec<&str> {
        let mut names: Vec<_> =
            pattern.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn both_languages_say_the_same_values() {
        for line in all() {
            assert_eq!(holes(line.en), holes(line.zh), "{}", line.name);
            assert!(!line.zh.is_ascii(), "{} is not translated", line.name);
        }
    }

    #[test]
    fn a_value_is_never_taken_for_a_pattern() {
        assert_eq!(fill("a {x} b {y}", &[("x", "{y}"), ("y", "2")]), "a {y} b 2");
        assert_eq!(fill("open {x", &[]), "open ");
    }
}
