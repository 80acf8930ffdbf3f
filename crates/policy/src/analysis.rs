//! What a command line does: the understood text, its programs and their effects, with reasons.

use std::collections::BTreeSet;

use crate::reading::{self, Reading};
use crate::shell;
use crate::sql::Script;
use crate::{Effect, How, Obstacle, Surroundings, Touch};

/// One program start that the text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The words, the program first.
    pub argv: Vec<String>,
    /// For a program that a wrapper starts, the wrapper's place in [`Analysis::programs`].
    pub within: Option<usize>,
}

/// Why an effect was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What happens.
    pub effect: Effect,
    /// What makes it happen, such as `rm removes production-data`.
    pub because: String,
    /// The program that it comes from, a place in [`Analysis::programs`]; none when the text was not understood.
    pub program: Option<usize>,
}

/// The result of reading one command line.
#[derive(Clone, Debug)]
pub struct Analysis {
    programs: Vec<Program>,
    effects: BTreeSet<Effect>,
    reasons: Vec<Reason>,
    outcome: Result<String, Obstacle>,
    touched: Vec<Touch>,
}

impl Analysis {
    /// Reads a command line of at most 64 KiB that starts in the login directory. Never fails: what is not understood has
    /// the effect `unknown`.
    pub fn of_command(text: &[u8]) -> Analysis {
        Analysis::of_line(text, &Surroundings::default())
    }

    /// As [`Analysis::of_command`], for a line of the managed shell, which knows where it starts.
    pub fn of_line(text: &[u8], surroundings: &Surroundings) -> Analysis {
        match Analysis::understanding(text, surroundings) {
            Ok(analysis) => analysis,
            Err(obstacle) => Analysis::not_understanding(obstacle),
        }
    }

    /// What the statements of a text do; the text itself runs as it is. It is understood when all of it was read.
    pub fn of_statements(script: &Script) -> Analysis {
        let outcome = match script.obstacle() {
            Some(what) => Err(Obstacle::of_whole(what)),
            None => Ok(script.text().to_owned()),
        };
        let (programs, touched) = (vec![], vec![]);
        Analysis { programs, effects: script.effects(), reasons: script.reasons(), outcome, touched }
    }

    /// For a text that must not be read at all, and why.
    pub fn refused(what: &str) -> Analysis {
        Analysis::not_understanding(Obstacle::of_whole(what))
    }

    fn understanding(text: &[u8], surroundings: &Surroundings) -> Result<Analysis, Obstacle> {
        let mut script = shell::parse(text, surroundings)?;
        reading::secure(&mut script, &surroundings.table);
        let run = shell::regenerated(&script)?;
        let Reading { programs, reasons, touched, .. } = reading::read(&script, surroundings)?;
        let effects = reasons.iter().map(|reason| reason.effect).collect();
        Ok(Analysis { programs, effects, reasons, outcome: Ok(run), touched: touched.into_iter().collect() })
    }

    fn not_understanding(obstacle: Obstacle) -> Analysis {
        let because = format!("not understood: {obstacle}");
        let reason = Reason { effect: Effect::Unknown, because, program: None };
        Analysis {
            programs: vec![],
            effects: [Effect::Unknown].into(),
            reasons: vec![reason],
            outcome: Err(obstacle),
            touched: anywhere(),
        }
    }

    /// Whether the whole text lies in the strict literal subset.
    pub fn understood(&self) -> bool {
        self.outcome.is_ok()
    }

    /// Every program that the text starts, in order, those inside wrappers after their wrapper.
    pub fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// The base names of all programs, for policies.
    pub fn program_names(&self) -> BTreeSet<String> {
        let base = |p: &Program| p.argv.first().and_then(|name| name.rsplit('/').next()).map(str::to_owned);
        self.programs.iter().filter_map(base).collect()
    }

    /// Everything that the text does.
    pub fn effects(&self) -> &BTreeSet<Effect> {
        &self.effects
    }

    /// Why each effect was found, in order.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Every path that it may touch, in the widest reading.
    pub fn touched(&self) -> &[Touch] {
        &self.touched
    }

    /// The text to run, every word quoted; none when the text was not understood.
    pub fn run(&self) -> Option<&str> {
        self.outcome.as_deref().ok()
    }

    /// What was not understood.
    pub fn obstacle(&self) -> Option<&Obstacle> {
        self.outcome.as_ref().err()
    }

    /// The structure with its effects, indented, for people.
    pub fn tree(&self) -> String {
        let mut tree = String::new();
        for (index, program) in self.programs.iter().enumerate() {
            let indent = "  ".repeat(self.depth(program));
            tree += &format!("{indent}{}\n", program.argv.join(" "));
            for reason in self.reasons.iter().filter(|reason| reason.program == Some(index)) {
                tree += &format!("{indent}  {}: {}\n", reason.effect, reason.because);
            }
        }
        for reason in self.reasons.iter().filter(|reason| reason.program.is_none()) {
            tree += &format!("{}: {}\n", reason.effect, reason.because);
        }
        tree
    }

    /// How many wrappers stand around a program; a wrapper always stands before what it starts.
    fn depth(&self, program: &Program) -> usize {
        let outer = |index: &usize| self.programs.get(*index).and_then(|p| p.within);
        std::iter::successors(program.within, outer).count()
    }
}

/// What a text touches of which nothing is known.
fn anywhere() -> Vec<Touch> {
    [How::Reads, How::Writes, How::Removes].map(|how| Touch { path: "?".into(), how, below: true }).to_vec()
}
