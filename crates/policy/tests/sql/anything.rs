//! What is true of any bytes that are read as SQL.

use policy::Effect;
use policy::sql::{Catalogue, Dialect, Script, analyse};

/// Whatever a text is, this is told of what stands behind it.
const BEHIND: &[u8] = b"\n;\nDROP TABLE behind";

fn read(dialect: Dialect, text: &[u8]) -> Script {
    let script = analyse(dialect, text, &Catalogue::unasked());
    assert_eq!(script.understood(), !script.effects().contains(&Effect::Unknown));
    assert!(script.obstacle().is_none() || !script.understood());
    assert!(!script.effects().is_empty() || script.statements().is_empty());
    script
}

/// Read in both dialects, nothing panics, and no text hides what stands behind it.
pub fn holds(text: &[u8]) {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        if read(dialect, text).understood() {
            let both = read(dialect, &[text, BEHIND].concat());
            let is_told = both.effects().contains(&Effect::DataDestroy);
            assert!(is_told || !both.understood(), "{dialect:?}: {}", text.escape_ascii());
        }
    }
}
