//! Changes after the ceremony, as administrators make them: one proposes, the two others sign.

use serde_json::{Value, json};

use crate::bastion::Bastion;

impl Bastion {
    /// Has `sue` propose a change, and `sam` and `abe` sign for it; what the first and the last of them were told.
    #[track_caller]
    pub fn change(&self, change: &Value) -> (String, String) {
        let asked = self.desk_with("sue", "change", change.to_string().as_bytes()).ok();
        let number = number_after("request ", &asked);
        self.approve(number, "sam");
        (asked, self.approve(number, "abe"))
    }

    /// The halves of the code that an approved `person-enrol` or `person-recover` yields.
    #[track_caller]
    pub fn halves(&self, change: &str, name: &str) -> [String; 2] {
        let (asked, last) = self.change(&json!({ "change": change, "name": name }));
        [asked, last].map(|told| half(&told).unwrap_or_else(|| panic!("no half of a code in {told:?}")))
    }
}

/// The number behind a word in what somebody was told.
#[track_caller]
pub fn number_after(word: &str, told: &str) -> u64 {
    let rest = told.split(word).nth(1).unwrap_or_else(|| panic!("no {word:?} in {told:?}"));
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a number")
}

/// The half of a code in what somebody was told: groups of four characters, joined by dashes.
pub fn half(told: &str) -> Option<String> {
    let group =
        |part: &str| part.len() == 4 && part.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let words = told.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.map(str::to_owned).find(|word| word.contains('-') && word.split('-').all(group))
}
