//! What the command table lists, read from its files: names to log, and options to try.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::lines;

/// One row, as far as lines can be made of it.
pub struct Row {
    /// The program's names.
    pub names: Vec<String>,
    /// Options as the table writes them: `-abc`, `-n=`, `--long[=]`.
    pub options: Vec<String>,
    /// The words with which operands begin.
    pub verbs: Vec<String>,
}

/// Every row.
pub fn rows() -> Vec<Row> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("table");
    let files = fs::read_dir(folder).expect("the table is there").flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
    texts.flat_map(|text| rows_of(&text.parse().expect("the table is TOML"))).collect()
}

/// Every name that the table knows, so that whatever it names is there to be started.
pub fn names() -> Vec<String> {
    let listed = rows().into_iter().flat_map(|row| row.names);
    listed.chain(lines::PROGRAMS.map(str::to_owned)).collect::<BTreeSet<_>>().into_iter().collect()
}

fn rows_of(file: &toml::Table) -> Vec<Row> {
    let rows = file.get("program").and_then(toml::Value::as_array).into_iter().flatten();
    rows.filter_map(toml::Value::as_table).map(row).collect()
}

fn row(row: &toml::Table) -> Row {
    let options =
        ["options", "uses", "also", "scripts", "texts", "requires"].iter().filter_map(|key| row.get(*key));
    let words = options
        .flat_map(strings)
        .flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let list = |key: &str| row.get(key).map(strings).unwrap_or_default();
    Row {
        names: list("names"),
        options: words.filter(|word| word.starts_with('-')).collect(),
        verbs: list("verbs"),
    }
}

/// All strings in a value, however deep.
fn strings(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Array(values) => values.iter().flat_map(strings).collect(),
        toml::Value::Table(values) => values.values().flat_map(strings).collect(),
        _ => vec![],
    }
}
