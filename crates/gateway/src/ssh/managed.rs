//! The managed shell on a channel: reads a line, has it judged, runs exactly what was granted, and begins again.

use access::recording::SessionEvent;
use access::text::{self, Line};
use access::{Ask, Grant, Step};

use super::channel::{Channel, Exit, Prepared};
use super::target::TargetLeg;
use super::{held, managed_line};
use crate::managed::{Editor, Lines, Place, Screen, State, add, first_step, joined, own, pieces};
use crate::relay::{Crossing, Pty, Stream};

/// Exit status of a line that was refused: found, but not allowed.
pub(crate) const REFUSED: u8 = 126;

/// Exit status of a line that was given up.
const INTERRUPTED: u8 = 130;

/// Longest line without a terminal, and the most that one may send ahead.
const LONGEST: usize = crate::managed::LONGEST;

/// What the shell knows; it lives as long as its channel.
pub(crate) struct Shell<'a> {
    pub channel: &'a mut Channel,
    /// The client's terminal, with its size of now; none without one.
    pub pty: Option<Pty>,
    pub env: Vec<(String, String)>,
    /// The target connection that lines and questions take turns on.
    pub leg: Option<TargetLeg>,
    pub state: State,
    pub history: Lines,
    pub editor: Editor,
    pub screen: Screen,
    pub place: Place,
    pub last: Option<Verdict>,
    /// The client sends nothing more.
    pub input_ended: bool,
}

/// The last line's verdict, for `why` and `request`.
pub(crate) struct Verdict {
    pub text: String,
    pub word: &'static str,
    /// The sentence that the person was told; empty when it was allowed.
    pub told: String,
    /// The structure with the effects and their reasons.
    pub tree: String,
}

/// What follows a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The line was carried out.
    Go,
    /// It was not, or it failed: what was to follow it is dropped.
    Stop,
    /// The shell ends.
    Leave,
}

/// Runs the shell until it is left.
pub(crate) async fn run(channel: &mut Channel, prepared: Prepared) -> Result<Exit, Exit> {
    let mut shell = Shell::new(channel, prepared);
    let outcome = shell.serve().await;
    let status = shell.state.status;
    if let Some(leg) = shell.leg.take() {
        shell.channel.connection.fleet.give_back(leg);
    }
    outcome?;
    channel.leave(status.into()).await
}

impl<'a> Shell<'a> {
    fn new(channel: &'a mut Channel, prepared: Prepared) -> Self {
        let (session, options) = (&channel.session, &channel.connection.options);
        let (target, person) = (session.target(), session.who().person().to_string());
        let history = options.histories.of(&person, &target.name);
        let mut labels: Vec<_> =
            target.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        labels.push(target.level.to_string());
        let place = Place {
            target: target.name.clone(),
            account: session.account().to_owned(),
            env: target.labels.get("env").cloned().unwrap_or_default(),
            labels: labels.join("  "),
        };
        let screen = Screen::new(prepared.pty.as_ref().map_or(80, |pty| pty.window.columns));
        let Prepared { pty, env } = prepared;
        let (leg, last, input_ended) = (None, None, false);
        let (state, editor) = Default::default();
        Self { channel, pty, env, leg, state, history, editor, screen, place, last, input_ended }
    }

    async fn serve(&mut self) -> Result<(), Exit> {
        self.learn_directory().await?;
        match self.pty.is_some() {
            true => self.converse().await,
            false => self.read_lines().await,
        }
    }

    /// With a terminal: a prompt, an editor, one line after the other.
    async fn converse(&mut self) -> Result<(), Exit> {
        self.show(&text::SHELL_WELCOME, &[]).await?;
        while !self.input_ended {
            let Some(submitted) = self.read().await? else { break };
            add(&self.history, &submitted);
            if self.submit_all(&submitted).await? == Next::Leave {
                return Ok(());
            }
            // What was typed to the line is not typed to the prompt, and what was not shown is not submitted.
            self.channel.feed.spool.drop_data();
        }
        Ok(())
    }

    /// A pasted text of several lines runs line by line, up to the first that is refused or fails.
    async fn submit_all(&mut self, submitted: &str) -> Result<Next, Exit> {
        let pieces = pieces(submitted);
        let several = pieces.len() > 1;
        for piece in pieces {
            if several {
                self.print(&format!("> {}\n", crate::managed::legible(&piece))).await?;
            }
            match self.submit(&piece).await? {
                Next::Go => {}
                other => return Ok(other),
            }
        }
        Ok(Next::Go)
    }

    /// Without a terminal: every line is judged by itself; the first that is refused ends the shell.
    async fn read_lines(&mut self) -> Result<(), Exit> {
        let mut waiting = Vec::new();
        let mut line = String::new();
        loop {
            while let Some(row) = take_row(&mut waiting, self.input_ended) {
                line.push_str(&row);
                if crate::managed::is_open(&line) && !(self.input_ended && waiting.is_empty()) {
                    line.push('\n');
                    continue;
                }
                let submitted = std::mem::take(&mut line);
                if !submitted.trim().is_empty() && self.submit(&submitted).await? == Next::Leave {
                    return Ok(());
                }
            }
            if self.input_ended {
                return Ok(());
            }
            self.hear_line_bytes(&mut waiting).await?;
            if waiting.len() + line.len() > LONGEST {
                return Err(Exit::Refused(self.words(&text::SHELL_LINE_LONG, &[])));
            }
        }
    }

    async fn hear_line_bytes(&mut self, waiting: &mut Vec<u8>) -> Result<(), Exit> {
        match self.hear().await? {
            Crossing::Data(Stream::Plain, bytes) => waiting.extend_from_slice(&bytes),
            Crossing::Close => return Err(Exit::Gone),
            Crossing::Notice(lines) => self.print(&lines).await?,
            _ => {}
        }
        Ok(())
    }

    /// One thing that the client sent, on the record on return; or what the person is to be told.
    pub(crate) async fn hear(&mut self) -> Result<Crossing, Exit> {
        let connection = self.channel.connection.clone();
        let crossing = tokio::select! {
            heard = self.channel.next() => heard?,
            lines = connection.explained() => return Ok(Crossing::Notice(lines)),
            () = super::running::idle(&connection), if self.pty.is_some() => {
                return Err(Exit::Ended(super::ending::Ending::Idle));
            }
        };
        if !self.channel.inward.take_down(&crossing).await {
            return Err(Exit::NotRecorded);
        }
        match &crossing {
            Crossing::Window(window) => {
                if let Some(pty) = &mut self.pty {
                    pty.window = *window;
                }
            }
            Crossing::Refused { what, why } => self.channel.explain(what, why).await?,
            Crossing::Eof => self.input_ended = true,
            _ => {}
        }
        Ok(crossing)
    }

    /// Carries out one whole line.
    pub(crate) async fn submit(&mut self, submitted: &str) -> Result<Next, Exit> {
        if let Some(own) = own(submitted, &self.state) {
            self.note(submitted, "own").await?;
            return self.own(own).await;
        }
        if let Some((own, head, rest)) = first_step(submitted, &self.state) {
            let (head, rest) = (head.to_owned(), rest.to_owned());
            self.note(&head, "own").await?;
            return match self.own(own).await? {
                Next::Go => Box::pin(self.submit(&rest)).await,
                other => Ok(other),
            };
        }
        self.judge(&joined(submitted)).await
    }

    /// Asks for a line, and runs it if it is granted. Nothing of it reaches the target before.
    pub(crate) async fn judge(&mut self, line: &str) -> Result<Next, Exit> {
        let ask = self.state.line(line);
        let tree = self.channel.connection.road.analysed(&ask).tree();
        let Channel { connection, session, number, .. } = &*self.channel;
        let step = connection.road.submit(session, *number, Ask::Line(ask)).await;
        let word = match &step {
            Step::Run(_) => "allow",
            Step::Held(_) => "hold",
            Step::Refused(_) => "deny",
        };
        self.note(line, word).await?;
        self.last = Some(Verdict { text: line.to_owned(), word, told: String::new(), tree });
        match self.granted(step).await? {
            Ok(grant) => managed_line::run(self, grant).await,
            Err((told, status)) => self.refused(&told, status).await,
        }
    }

    async fn granted(&mut self, step: Step) -> Result<Result<Grant, (String, u8)>, Exit> {
        let pending = match step {
            Step::Run(grant) => return Ok(Ok(grant)),
            Step::Refused(refusal) => return Ok(Err((refusal.to_string(), REFUSED))),
            Step::Held(pending) => pending,
        };
        if let Some(last) = &mut self.last {
            last.told = pending.notice().to_owned();
        }
        match held::wait(self.channel, *pending).await {
            Ok(grant) => Ok(Ok(grant)),
            Err(Exit::Refused(line)) => Ok(Err((line, REFUSED))),
            Err(Exit::Interrupted(line)) => Ok(Err((line, INTERRUPTED))),
            Err(over) => Err(over),
        }
    }

    /// Tells why nothing ran. Without a terminal nobody is there to read on, so the shell ends.
    pub(crate) async fn refused(&mut self, told: &str, status: u8) -> Result<Next, Exit> {
        if let Some(last) = self.last.as_mut().filter(|last| last.told.is_empty()) {
            last.told = told.to_owned();
        }
        self.print(&format!("{told}\n")).await?;
        if self.pty.is_some() {
            self.state.status = status;
            return Ok(Next::Stop);
        }
        self.state.status = 1;
        Ok(Next::Leave)
    }

    async fn note(&mut self, line: &str, verdict: &str) -> Result<(), Exit> {
        let event = SessionEvent::Line {
            text: line.to_owned(),
            directory: self.state.directory.clone().unwrap_or_default(),
            verdict: verdict.to_owned(),
        };
        if self.channel.own.note(&event).await { Ok(()) } else { Err(Exit::NotRecorded) }
    }

    /// A sentence of the catalogue in the gateway's language.
    pub(crate) fn words(&self, line: &Line, values: &[(&str, &str)]) -> String {
        self.channel.connection.words(line, values)
    }

    /// Shows a sentence of the catalogue.
    pub(crate) async fn show(&mut self, line: &Line, values: &[(&str, &str)]) -> Result<(), Exit> {
        let words = self.words(line, values);
        self.print(&format!("{words}\n")).await
    }

    /// Prints text of the gateway's own, where nothing in it can act on the terminal.
    pub(crate) async fn print(&mut self, text: &str) -> Result<(), Exit> {
        let rows: Vec<_> = text.split('\n').map(crate::managed::legible).collect();
        match self.pty.is_some() {
            true => self.draw(rows.join("\r\n")).await,
            false => self.channel.say(&rows.join("\n")).await,
        }
    }

    /// Sends what is to be shown as it is.
    pub(crate) async fn draw(&mut self, text: String) -> Result<(), Exit> {
        if text.is_empty() {
            return Ok(());
        }
        self.channel.tell(Crossing::Data(Stream::Plain, text.into())).await
    }
}

/// The next row of what was sent, as text; bytes that are not UTF-8 become U+FFFD, which is never understood.
fn take_row(waiting: &mut Vec<u8>, ended: bool) -> Option<String> {
    let end = match waiting.iter().position(|byte| *byte == b'\n') {
        Some(at) => at + 1,
        None if ended && !waiting.is_empty() => waiting.len(),
        None => return None,
    };
    let row: Vec<u8> = waiting.drain(..end).collect();
    let text = String::from_utf8_lossy(&row);
    Some(text.trim_end_matches('\n').trim_end_matches('\r').to_owned())
}
