//! Commands of a replication connection, which PostgreSQL reads by a grammar of their own. The first word tells which grammar
//! a text is read by; the rest can only be wrong.

use crate::Effect::{self, *};
use crate::sql::catalogue::Catalogue;
use crate::sql::findings::Findings;
use crate::sql::script::{Control, Script};

/// The command that the text is, if it is one. Anything else is SQL, where a replication connection takes it at all.
pub fn replication_command(text: &[u8]) -> Option<Script> {
    let text = std::str::from_utf8(text).ok()?;
    let words = words(text);
    let (effects, does) = command(&words)?;
    let catalogue = Catalogue::unasked();
    let mut found = Findings::new(&catalogue);
    for effect in effects {
        found.does(effect, does);
    }
    if words.first().is_some_and(|word| word == "start_replication") {
        found.control = Control::CopyIn;
    }
    Some(match found.into_statement(text.trim()) {
        Ok(statement) => Script::replicating(text, statement),
        Err(obstacle) => Script::refused(&obstacle),
    })
}

/// What a command does, by its words.
fn command(words: &[String]) -> Option<(Vec<Effect>, &'static str)> {
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    Some(match words.first()?.as_str() {
        "identify_system" | "show" | "timeline_history" | "read_replication_slot" => {
            (vec![Read], "asks a replication connection about the server")
        }
        "base_backup" if has("target") => {
            (vec![Read, DataExport, DataDestroy, ShellEscape], "writes a copy of the whole server somewhere")
        }
        "base_backup" => (vec![Read, DataExport], "copies the whole server"),
        "start_replication" if has("slot") => {
            (vec![Read, DataExport, BackupDestroy], "takes changes away from a replication slot")
        }
        "start_replication" => (vec![Read, DataExport], "streams all changes"),
        "create_replication_slot" if has("logical") => {
            (vec![Write, DataExport], "begins to keep all changes for a reader")
        }
        "create_replication_slot" => (vec![Write], "makes a replication slot"),
        "drop_replication_slot" => (vec![BackupDestroy], "lets go of changes that a replica needs"),
        "alter_replication_slot" | "upload_manifest" => {
            (vec![Unknown], "is a replication command that is not understood")
        }
        _ => return None,
    })
}

/// The words of the text, folded; text behind the first quote counts too, which can only add effects.
fn words(text: &str) -> Vec<String> {
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
    let text = text.trim_start_matches(is_blank);
    // What begins with anything but a word is no command.
    if !text.starts_with(is_of_word) {
        return Vec::new();
    }
    let words = text.split(|c: char| !is_of_word(c)).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(text: &str) -> Vec<Effect> {
        let script = replication_command(text.as_bytes()).expect("a command");
        assert!(script.replicates() && script.statements().len() == 1, "{script:?}");
        script.effects().into_iter().collect()
    }

    #[test]
    fn a_command_does_what_its_first_word_says() {
        assert_eq!(effects("IDENTIFY_SYSTEM"), [Read]);
        assert_eq!(effects(" show wal_segment_size;"), [Read]);
        assert_eq!(effects("BASE_BACKUP ( LABEL 'x', WAL )"), [Read, DataExport]);
        assert_eq!(effects("DROP_REPLICATION_SLOT \"a\" WAIT"), [BackupDestroy]);
        assert!(effects("BASE_BACKUP (TARGET 'server', TARGET_DETAIL '/x')").contains(&ShellEscape));
        assert!(effects("START_REPLICATION SLOT \"a\" PHYSICAL 0/0 TIMELINE 1").contains(&BackupDestroy));
        assert_eq!(effects("START_REPLICATION 0/3000000 TIMELINE 1"), [Read, DataExport]);
        assert_eq!(effects("CREATE_REPLICATION_SLOT a TEMPORARY PHYSICAL"), [Write]);
        assert_eq!(effects("CREATE_REPLICATION_SLOT a LOGICAL pgoutput"), [Write, DataExport]);
        assert_eq!(effects("UPLOAD_MANIFEST"), [Unknown]);
    }

    #[test]
    fn what_the_server_reads_as_sql_is_no_command() {
        for sql in
            ["SELECT 1", "/* */ IDENTIFY_SYSTEM", "SHOWS", "SHOW$x", "(SHOW x)", "", ";SHOW x", "SHOWé"]
        {
            assert_eq!(replication_command(sql.as_bytes()), None, "{sql}");
        }
    }
}
