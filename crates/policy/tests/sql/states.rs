//! What a database holds after a statement: a line for each row, and one for each catalogue.

use std::collections::{BTreeMap, BTreeSet};

use super::server::Server;

/// Lines with how often each is there.
pub type State = BTreeMap<String, usize>;

/// The state after each statement, run in a transaction that is taken back; none when the server refused it.
pub fn states(server: &Server, mode: &str, texts: &[String]) -> Vec<Option<State>> {
    let mut script =
        String::from("\\pset pager off\n\\set ON_ERROR_STOP off\nSET statement_timeout = '5s';\n");
    for (number, text) in texts.iter().enumerate() {
        script += &format!(
            "\\echo \n\\echo @@ {number}\nBEGIN {mode};\n{text}\n;\n\\echo @@ state\nSET LOCAL statement_timeout = 0;\nSELECT checks.state();\nROLLBACK;\nDEALLOCATE ALL;\n\\echo @@ after\nSELECT setval('public.counter', 1, false), setval('public.lines_id_seq', 8, true);\n"
        );
    }
    let output = server.psql(&script);
    let mut states: Vec<Option<State>> = vec![None; texts.len()];
    let mut current = None;
    let mut within = false;
    for line in output.lines() {
        match line.strip_prefix("@@ ") {
            Some("state") => within = true,
            Some(number) => (current, within) = (number.parse::<usize>().ok(), false),
            None if within && !line.is_empty() => {
                if let Some(state) = current.and_then(|at| states.get_mut(at)) {
                    *state.get_or_insert_with(State::new).entry(line.to_owned()).or_default() += 1;
                }
            }
            None => {}
        }
    }
    states
}

/// Kinds of lines that are there more often in one state than in the other: their first two words.
pub fn more(one: &State, other: &State) -> BTreeSet<String> {
    let gone = one.iter().filter(|(line, count)| other.get(*line).copied().unwrap_or(0) < **count);
    gone.map(|(line, _)| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}
