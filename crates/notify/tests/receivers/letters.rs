//! Mail: what a letter says, what it cannot be made to say, and when the server does not take it.

use access::announcement::Announcement;
use access::entry::canonical;
use access::model::{Notice, Timestamp};
use access::text::Language;
use notify::{Failure, Mail, MailError, Secret, Security, Transport as _};

use crate::authority::Authority;
use crate::mail_server::{Letter, MailServer, Manners};
use crate::memory::notice;

const NOW: Timestamp = Timestamp(1_795_428_000_000_000);

fn login() -> Option<(String, Secret)> {
    Some(("gateway".into(), Secret::new("pa55word")))
}

fn mail(server: &MailServer, security: Security, authority: Option<&[u8]>) -> Mail {
    let to = ["Leads <leads@example.org>".to_owned(), "audit@example.org".to_owned()];
    let host = ("localhost", server.at.port());
    Mail::new(host, security, login(), ("Countersign <cs@example.org>", &to), authority).unwrap()
}

fn send(server: &MailServer, notice: &Notice, language: Language) -> Result<(), Failure> {
    mail(server, Security::Plain, None).deliver(notice, language, NOW)
}

/// The server enters a conversation when it is over, which the sender does not wait for.
fn first_letter(server: &MailServer) -> Letter {
    crate::memory::eventually("a letter", || !server.letters().is_empty());
    server.letters().remove(0)
}

#[test]
fn a_letter_has_its_people_its_words_and_one_number_for_ever() {
    let server = MailServer::start(Manners::default());
    for _ in 0..2 {
        send(&server, &notice("audit", 42), Language::English).unwrap();
    }
    crate::memory::eventually("two letters", || server.letters().len() == 2);
    let letters = server.letters();
    let [first, second] = &letters[..] else { panic!("{letters:?}") };
    for command in
        ["MAIL FROM:<cs@example.org>", "RCPT TO:<leads@example.org>", "RCPT TO:<audit@example.org>"]
    {
        assert!(first.commands.iter().any(|known| known.starts_with(command)), "{command}: {first:?}");
    }
    for line in [
        "Subject: Countersign: request 42 by alice waits for signatures\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n",
        "command: 'rm' '-rf' 'data'\r\n",
    ] {
        assert!(first.text.contains(line), "{line}: {}", first.text);
    }
    let number =
        |letter: &Letter| letter.text.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned();
    assert_eq!(number(first), number(second));
    assert!(!first.text.contains("pa55word"));
}

#[test]
fn chinese_letters_are_well_formed() {
    let server = MailServer::start(Manners::default());
    send(&server, &notice("audit", 42), Language::Chinese).unwrap();
    let text = first_letter(&server).text;
    assert!(text.contains("Subject: =?utf-8?b?") || text.contains("Subject: Countersign =?utf-8?"), "{text}");
    assert!(text.is_ascii() || text.contains("8bit"), "{text}");
}

#[test]
fn what_people_wrote_adds_no_header_and_no_letter() {
    let server = MailServer::start(Manners::default());
    let evil = "x\r\nBcc: all@example.org\r\n.\r\nMAIL FROM:<evil@example.org>\r\n".to_owned();
    let suspended = Announcement::PersonSuspended { person: evil.clone(), by: evil };
    let body = canonical(&suspended);
    send(&server, &Notice { body, ..notice("audit", 1) }, Language::English).unwrap();
    let letter = first_letter(&server);
    assert_eq!(letter.commands.iter().filter(|command| command.starts_with("MAIL")).count(), 1);
    let (head, _) = letter.text.split_once("\r\n\r\n").unwrap();
    assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc:")), "{head}");
    assert!(!letter.text.lines().any(|line| line.starts_with("MAIL")), "{}", letter.text);
}

#[test]
fn nothing_is_said_before_starttls_and_only_to_the_right_server() {
    let (ours, other) = (Authority::new(), Authority::new());
    let server = MailServer::start(Manners { tls: Some(ours.server.clone()), ..Manners::default() });
    let deliver = |authority: &Authority| {
        let mail = mail(&server, Security::StartTls, Some(&authority.certificate));
        mail.deliver(&notice("audit", 42), Language::English, NOW)
    };
    deliver(&ours).unwrap();
    let letter = first_letter(&server);
    assert!(letter.over_tls && letter.text.contains("request 42"));
    let upgrade = letter.commands.iter().position(|command| command == "STARTTLS").unwrap();
    assert!(letter.commands[..upgrade].iter().all(|command| command.starts_with("EHLO")), "{letter:?}");
    deliver(&other).unwrap_err();
    let bare = MailServer::start(Manners::default());
    let mail = mail(&bare, Security::StartTls, Some(&ours.certificate));
    mail.deliver(&notice("audit", 42), Language::English, NOW).unwrap_err();
    assert!(bare.letters().iter().all(|letter| letter.text.is_empty()));
}

#[test]
fn clear_text_stays_on_this_machine() {
    let to = ["a@example.org".to_owned()];
    let told = Mail::new(("mail.example.org", 25), Security::Plain, login(), ("c@example.org", &to), None);
    assert!(matches!(told, Err(MailError::Clear)));
}

#[test]
fn a_server_that_refuses_a_letter_is_told_apart_from_one_that_is_not_there() {
    for (refusal, rejected) in [("550 no such user pa55word", true), ("451 later", false), ("535 who", false)]
    {
        let server = MailServer::start(Manners { refusal: Some(refusal), ..Manners::default() });
        let failure = send(&server, &notice("audit", 1), Language::English).unwrap_err();
        assert_eq!(failure.rejected, rejected, "{failure}");
        assert_eq!(failure.why, format!("the mail server answered {}", &refusal[..3]));
    }
    let server = MailServer::start(Manners { hangs: true, ..Manners::default() });
    let failure = send(&server, &notice("audit", 1), Language::English).unwrap_err();
    assert_eq!((failure.why.as_str(), failure.rejected), ("the mail server did not answer in time", false));
}
