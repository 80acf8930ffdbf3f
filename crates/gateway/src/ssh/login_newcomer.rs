//! `ssh enrol@gateway`: a key that nobody has yet, a name and a code in two halves, and then nothing but the enrolment.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use access::road::{Confirmed, EnrolmentAsked, Newcomer};
use access::text::{self, Language};
use russh::server::Auth;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::channel::turn_away;
use super::client_outlet::ClientOutlet;
use super::connection::Connection;
use super::feed::Feed;
use super::login::{Answer, CHECKS, Guest, Typed, Wanted, refused};
use super::login_dialogue::{Dialogue, Opening};

/// How long somebody may take to add the account to an authenticator and to write the codes down.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Codes of a new authenticator that may be wrong, and answers that are not `done`.
const TRIES: usize = 3;

/// A newcomer until a channel of the connection takes them; there is one.
#[derive(Clone)]
pub(crate) struct Waiting(Arc<Mutex<Option<Box<Newcomer>>>>);

impl Waiting {
    fn take(&self) -> Option<Box<Newcomer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Wanted {
    /// Asks for name and code after a key has signed, or tries them.
    pub(super) async fn newcomer(&mut self, typed: Option<Typed>) -> Answer {
        let Some(typed) = typed else {
            let asked = self.brought.is_some();
            return (if asked { questions(self.road.language()) } else { refused() }, None);
        };
        let (Some(key), [name, first, second]) = (self.brought.take(), typed.as_slice()) else {
            return (refused(), None);
        };
        let (road, source) = (self.road.clone(), self.source);
        let [name, first, second] = [name.clone(), first.clone(), second.clone()];
        let _turn = CHECKS.acquire().await;
        let runtime = tokio::runtime::Handle::current();
        let trying = tokio::task::spawn_blocking(move || {
            let asked = EnrolmentAsked { name: &name, first: &first, second: &second };
            runtime.block_on(road.begin_enrolment(asked, &key, source))
        });
        match trying.await {
            Ok(Ok(newcomer)) => {
                let waiting = Waiting(Arc::new(Mutex::new(Some(Box::new(newcomer)))));
                (Auth::Accept, Some(Guest::Newcomer(waiting)))
            }
            _ => (refused(), None),
        }
    }
}

fn questions(language: Language) -> Auth {
    let ask = |line: &text::Line| line.say(language, &[]).into();
    let prompts = vec![
        (ask(&text::ENROL_NAME), true),
        (ask(&text::ENROL_FIRST), false),
        (ask(&text::ENROL_SECOND), false),
    ];
    Auth::Partial { name: "".into(), instructions: "".into(), prompts: Cow::Owned(prompts) }
}

/// Leads a newcomer through the enrolment, on the first channel of their connection.
pub(crate) async fn run(
    connection: Arc<Connection>,
    waiting: Waiting,
    feed: Arc<Feed>,
    outlet: ClientOutlet,
) {
    let mut dialogue = Dialogue::new(connection, feed, outlet);
    let opening = dialogue.opening().await;
    let newcomer = if opening == Opening::Shell { waiting.take() } else { None };
    let Some(newcomer) = newcomer else {
        let line = dialogue.connection.words(&text::ENROL_ONLY, &[]) + "\n";
        return turn_away(&mut dialogue.outlet, &line).await;
    };
    let told = timeout(PATIENCE, enrol(&mut dialogue, *newcomer)).await.ok().flatten();
    match told {
        Some(Ok(told)) => dialogue.end(&told, 0).await,
        Some(Err(refusal)) => dialogue.end(&refusal.to_string(), 1).await,
        None => {
            let line = dialogue.connection.words(&text::ENROL_LEFT, &[]);
            dialogue.end(&line, 1).await;
        }
    }
}

/// `None`: they left before the end, so nothing was enrolled.
async fn enrol(dialogue: &mut Dialogue, mut newcomer: Newcomer) -> Option<Result<String, access::Refusal>> {
    device(dialogue, &mut newcomer).await?;
    let (uri, seed) = newcomer.seed();
    let (person, key) = newcomer.about();
    let picture = newcomer.picture();
    let values = [("person", person), ("key", key), ("picture", &picture), ("uri", &uri), ("seed", &seed)];
    dialogue.say(&text::ENROL_SEED, &values).await;
    let confirmed = confirm(dialogue, newcomer).await?;
    let codes: Vec<_> = confirmed.newcomer().recovery_codes().map(|code| format!("  {}", &*code)).collect();
    let codes = Zeroizing::new(codes.join("\n"));
    dialogue.say(&text::ENROL_RECOVERY, &[("codes", &codes)]).await;
    for _ in 0..TRIES {
        if dialogue.ask(&text::ENROL_DONE).await?.eq_ignore_ascii_case("done") {
            return Some(dialogue.connection.road.clone().finish_enrolment(confirmed).await);
        }
    }
    None
}

/// Evidence is asked for where somebody could be trusted to give it. Without it the key is enrolled all the same.
async fn device(dialogue: &mut Dialogue, newcomer: &mut Newcomer) -> Option<()> {
    let road = dialogue.connection.road.clone();
    for _ in 0..if road.looks_at_devices() { TRIES } else { 0 } {
        let evidence = dialogue.ask(&text::ENROL_DEVICE).await?;
        if evidence.is_empty() {
            break;
        }
        match road.bind_device(newcomer, &evidence) {
            Ok(()) => {
                dialogue.say(&text::ENROL_DEVICE_YES, &[]).await;
                break;
            }
            Err(why) => dialogue.say(&text::ENROL_DEVICE_NO, &[("why", &why.to_string())]).await,
        }
    }
    Some(())
}

async fn confirm(dialogue: &mut Dialogue, mut newcomer: Newcomer) -> Option<Confirmed> {
    for _ in 0..TRIES {
        let code = dialogue.ask(&text::ENROL_CONFIRM).await?;
        match newcomer.confirm(&code, dialogue.connection.road.now()) {
            Ok(confirmed) => return Some(confirmed),
            Err(same) => newcomer = same,
        }
        dialogue.say(&text::ENROL_WRONG, &[]).await;
    }
    None
}
