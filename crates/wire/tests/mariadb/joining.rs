//! The gateway as client of a real server: the login, and its own questions.

use wire::mysql::{Answer, Asking, capability, literal};
use wire::{Bounds, Rows};

use super::between::{ToServer, account, join};

fn ask(line: &mut ToServer, asking: &mut Asking, text: &str) -> Answer {
    line.send(&asking.ask(text).expect("nothing is open"));
    loop {
        if let Some(answer) = asking.server(&line.next()).expect("it makes sense") {
            return answer;
        }
    }
}

fn one(text: &str) -> Rows {
    vec![vec![Some(text.to_owned())]]
}

#[test]
fn questions_are_answered_in_both_forms_of_the_protocol() {
    for capabilities in [0, capability::DEPRECATE_EOF | capability::SESSION_TRACK] {
        let (mut line, used) = join(account("pencil", capabilities)).expect("the password is right");
        assert_eq!(used & capability::DEPRECATE_EOF, capabilities & capability::DEPRECATE_EOF);
        let mut asking = Asking::new(used, Bounds { rows: 100, bytes: 10_000 });
        let mut ask = |text: &str| ask(&mut line, &mut asking, text);
        assert_eq!(ask("SELECT DATABASE()"), Answer::Rows(one("orders")));
        let row = vec![Some("1".to_owned()), None, Some(String::new())];
        assert_eq!(ask("SELECT 1, NULL, ''"), Answer::Rows(vec![row]));
        let evil = "x'; \\ \" \u{df}\n";
        assert_eq!(ask(&format!("SELECT {}", literal(evil))), Answer::Rows(one(evil)));
        assert!(matches!(ask("SELEC"), Answer::Failed(failure) if failure.code == 1064));
        assert_eq!(ask("SELECT REPEAT('x', 20000)"), Answer::TooMuch);
        assert_eq!(ask("SELECT seq FROM seq_1_to_101"), Answer::TooMuch);
        assert_eq!(ask("DO 1"), Answer::Rows(Vec::new()));
    }
}

#[test]
fn a_wrong_password_is_the_servers_word() {
    let failure = join(account("pencils", 0)).err().expect("it is wrong");
    assert_eq!(failure.code, 1045);
}
