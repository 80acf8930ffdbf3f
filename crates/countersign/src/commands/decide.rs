//! `countersign approve N` and `deny N`: what an approver does with ssh and ssh-keygen, in one command, with a look at
//! what is signed in between.

use std::io::{Write as _, stdin};
use std::path::{Path, PathBuf};
use std::process::Command;

use access::Impact;
use access::blind::sha256_hex;
use access::entry::canonical;
use access::model::Answer;
use access::statement::{NAMESPACE, visible};
use access::text::Language;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::gateway::{Gateway, run};

/// How to reach the gateway, and with what to sign.
pub struct Approver {
    /// Where the gateway is.
    pub gateway: Gateway,
    /// The key, or its public half when an agent holds it; the agent's first key if not given.
    pub key: Option<PathBuf>,
    /// Without asking.
    pub yes: bool,
}

/// Shows the act, asks, signs exactly what was shown, and hands the signature in.
pub fn decide(number: i64, answer: Answer, approver: &Approver) -> Result<()> {
    let statement = approver.gateway.ask(&format!("show {number} --statement {}", answer.as_str()), b"")?;
    let act = check(&statement, number, answer)?;
    eprint!("{}", describe(&act));
    if !approver.yes && !confirmed(answer)? {
        bail!("nothing was signed");
    }
    let signature = approver.sign(statement.as_bytes())?;
    let told = approver.gateway.ask(&format!("{} {number}", answer.as_str()), &signature)?;
    print!("{told}");
    Ok(())
}

/// The statement must be about what was asked, and its digest that of the act it shows.
fn check(statement: &str, number: i64, answer: Answer) -> Result<Value> {
    let value: Value = serde_json::from_str(statement).context("the gateway sent no statement")?;
    let act = value.get("act").cloned().unwrap_or_default();
    let digest = format!("sha256:{}", sha256_hex(canonical(&act).as_bytes()));
    let about = value.get("request").and_then(Value::as_i64) == Some(number)
        && act.get("request").and_then(Value::as_i64) == Some(number)
        && value.get("answer").and_then(Value::as_str) == Some(answer.as_str())
        && value.get("digest").and_then(Value::as_str) == Some(digest.as_str());
    ensure!(about, "the gateway sent a statement about something else; nothing was signed");
    ensure!(
        canonical(&value) + "\n" == statement,
        "the statement is not in canonical form; nothing was signed"
    );
    Ok(act)
}

/// Everything that a signature would cover and a person can weigh: the place first, scripts and changes to their end.
fn describe(act: &Value) -> String {
    let lines = [
        ("TARGET", "target"),
        ("labels", "labels"),
        ("account", "account"),
        ("asked by", "requester"),
        ("asks for", "asks"),
        ("would run", "run"),
        ("summary", "summary"),
        ("effects", "effects"),
        ("stdin", "stdin"),
        ("until", "expires"),
    ];
    let known = lines.iter().filter_map(|(label, field)| Some(row(label, act.get(field)?)));
    let impact = act.get("impact").cloned().and_then(|impact| serde_json::from_value::<Impact>(impact).ok());
    let impact = impact.map(|impact| {
        let told = impact.told(Language::English).join("\n").replace('≈', "about");
        row("estimated", &told.into())
    });
    let known = known.chain(impact);
    let terms = act.get("terms").and_then(Value::as_object).into_iter().flatten();
    known.chain(terms.map(|(name, value)| row(&visible(name), value))).collect()
}

/// A label and a value in which nothing hides; a text of several lines keeps them.
fn row(label: &str, value: &Value) -> String {
    let shown = match value {
        Value::String(text) => text.trim_end_matches('\n').split('\n').map(visible).collect::<Vec<_>>(),
        value => vec![visible(&value.to_string())],
    };
    format!("  {label:<10} {}\n", shown.join("\n             "))
}

fn confirmed(answer: Answer) -> Result<bool> {
    eprint!("Type {} to sign: ", answer.as_str());
    std::io::stderr().flush()?;
    let mut typed = String::new();
    stdin().read_line(&mut typed)?;
    Ok(typed.trim() == answer.as_str())
}

impl Approver {
    fn sign(&self, statement: &[u8]) -> Result<Vec<u8>> {
        match &self.key {
            Some(key) => sign_with(key, statement),
            None => {
                let file = tempfile::Builder::new().suffix(".pub").tempfile()?;
                std::fs::write(file.path(), agent_key()?)?;
                sign_with(file.path(), statement)
            }
        }
    }
}

fn sign_with(key: &Path, statement: &[u8]) -> Result<Vec<u8>> {
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"]).arg(key);
    run(keygen, statement).context("ssh-keygen did not sign")
}

fn agent_key() -> Result<String> {
    let mut list = Command::new("ssh-add");
    list.arg("-L");
    let keys = String::from_utf8(run(list, b"").context("no agent with a key answers; give --key FILE")?)?;
    let first = keys.lines().next().context("the agent holds no key; give --key FILE")?;
    Ok(format!("{first}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use access::model::RequestId;
    use access::statement::statement;

    fn sample(answer: Answer) -> String {
        let act = canonical(&serde_json::json!({"request": 7, "run": "'rm' 'x'"}));
        statement(RequestId(7), &act, &sha256_hex(act.as_bytes()), answer)
    }

    #[test]
    fn a_script_is_shown_to_its_end_and_hides_nothing() {
        let act = serde_json::json!({
            "asks": "runbook",
            "requester": "alice",
            "summary": "rotate",
            "target": "db-1",
            "terms": { "script": "#!/bin/sh\nls \u{202e}x \nrm -rf \"$1\"\n", "params": { "dir": "path" } },
        });
        let shown = describe(&act);
        for part in
            ["TARGET     db-1", "#!/bin/sh\n", "ls \\u{202e}x␠\n", "rm -rf \"$1\"", "\"dir\":\"path\""]
        {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }

    #[test]
    fn only_the_statement_that_was_asked_for_is_signed() {
        assert!(check(&sample(Answer::Approve), 7, Answer::Approve).is_ok());
        assert!(check(&sample(Answer::Approve), 8, Answer::Approve).is_err());
        assert!(check(&sample(Answer::Approve), 7, Answer::Deny).is_err());
        let bent = sample(Answer::Approve).replace("'x'", "'y'");
        assert!(check(&bent, 7, Answer::Approve).is_err(), "the digest is not that of the act");
        let loose = sample(Answer::Approve).replace("\",\"", "\", \"");
        assert!(check(&loose, 7, Answer::Approve).is_err());
    }
}
