//! The tree of `brush-parser`, told as parts.

use brush_parser::ast::{
    AndOr, AndOrList, Assignment, AssignmentName, AssignmentValue, Command, CommandPrefixOrSuffixItem,
    CompoundCommand, CompoundList, IfClauseCommand, IoFileRedirectKind, IoFileRedirectTarget, IoRedirect,
    Pipeline, SeparatorOperator, SimpleCommand, Word,
};
use brush_parser::word::{WordPiece, WordPieceWithSource};
use brush_parser::{Parser, ParserOptions};

use super::{Part, Parts, Untold};

pub(super) fn parts(text: &str) -> Parts {
    let mut teller = Teller { options: options(), parts: vec![] };
    teller.text(text)?;
    Ok(teller.parts)
}

fn options() -> ParserOptions {
    ParserOptions { enable_extended_globbing: false, ..ParserOptions::default() }
}

struct Teller {
    options: ParserOptions,
    parts: Vec<Part>,
}

type Told = Result<(), Untold>;

impl Teller {
    fn text(&mut self, text: &str) -> Told {
        let program = Parser::new(text.as_bytes(), &self.options).parse_program().map_err(|_| Untold)?;
        for (i, list) in program.complete_commands.iter().enumerate() {
            self.parts.extend((i > 0).then_some(Part::Sign(";")));
            self.list(list)?;
        }
        Ok(())
    }

    fn list(&mut self, list: &CompoundList) -> Told {
        for (i, item) in list.0.iter().enumerate() {
            self.parts.extend((i > 0).then_some(Part::Sign(";")));
            self.and_or(&item.0)?;
            if !matches!(item.1, SeparatorOperator::Sequence) {
                return Err(Untold);
            }
        }
        Ok(())
    }

    fn and_or(&mut self, list: &AndOrList) -> Told {
        self.pipeline(&list.first)?;
        for next in &list.additional {
            let (sign, pipeline) = match next {
                AndOr::And(pipeline) => ("&&", pipeline),
                AndOr::Or(pipeline) => ("||", pipeline),
            };
            self.parts.push(Part::Sign(sign));
            self.pipeline(pipeline)?;
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Told {
        if pipeline.timed.is_some() {
            return Err(Untold);
        }
        self.parts.extend(pipeline.bang.then_some(Part::Sign("!")));
        for (i, command) in pipeline.seq.iter().enumerate() {
            self.parts.extend((i > 0).then_some(Part::Sign("|")));
            self.command(command)?;
        }
        Ok(())
    }

    fn command(&mut self, command: &Command) -> Told {
        match command {
            Command::Simple(simple) => self.simple(simple)?,
            Command::Compound(compound, redirects) => {
                self.compound(compound)?;
                redirects.iter().flat_map(|list| &list.0).try_for_each(|redirect| self.redirect(redirect))?;
            }
            Command::Function(_) | Command::ExtendedTest(..) => return Err(Untold),
        }
        self.parts.push(Part::Sign("."));
        Ok(())
    }

    fn compound(&mut self, compound: &CompoundCommand) -> Told {
        match compound {
            CompoundCommand::Subshell(subshell) => self.between("(", &subshell.list, ")"),
            CompoundCommand::BraceGroup(group) => self.between("{", &group.list, "}"),
            CompoundCommand::IfClause(clause) => self.conditional(clause),
            CompoundCommand::WhileClause(clause) => {
                self.between("while", &clause.0, "do")?;
                self.between("", &clause.1.list, "done")
            }
            CompoundCommand::UntilClause(clause) => {
                self.between("until", &clause.0, "do")?;
                self.between("", &clause.1.list, "done")
            }
            CompoundCommand::ForClause(clause) => {
                self.parts.push(Part::For(clause.variable_name.clone()));
                clause.values.as_ref().ok_or(Untold)?.iter().try_for_each(|word| self.word(word))?;
                self.between("do", &clause.body.list, "done")
            }
            _ => Err(Untold),
        }
    }

    fn conditional(&mut self, clause: &IfClauseCommand) -> Told {
        self.between("if", &clause.condition, "then")?;
        self.list(&clause.then)?;
        for other in clause.elses.iter().flatten() {
            match &other.condition {
                Some(condition) => {
                    self.parts.push(Part::Sign("else"));
                    self.between("if", condition, "then")?;
                    self.list(&other.body)?;
                }
                None => self.between("else", &other.body, "")?,
            }
        }
        self.parts.push(Part::Sign("fi"));
        Ok(())
    }

    fn between(&mut self, before: &'static str, list: &CompoundList, after: &'static str) -> Told {
        self.parts.push(Part::Sign(before));
        self.list(list)?;
        self.parts.push(Part::Sign(after));
        Ok(())
    }

    /// Words and redirections may mix, so redirections are told after the words.
    fn simple(&mut self, simple: &SimpleCommand) -> Told {
        let before = simple.prefix.iter().flat_map(|prefix| &prefix.0);
        let after = simple.suffix.iter().flat_map(|suffix| &suffix.0);
        for item in before.clone() {
            self.before_program(item)?;
        }
        simple.word_or_name.iter().try_for_each(|word| self.word(word))?;
        for item in after.clone() {
            self.after_program(item)?;
        }
        before.chain(after).try_for_each(|item| match item {
            CommandPrefixOrSuffixItem::IoRedirect(redirect) => self.redirect(redirect),
            _ => Ok(()),
        })
    }

    fn before_program(&mut self, item: &CommandPrefixOrSuffixItem) -> Told {
        match item {
            CommandPrefixOrSuffixItem::AssignmentWord(assignment, word) => self.assignment(assignment, word),
            CommandPrefixOrSuffixItem::IoRedirect(_) => Ok(()),
            _ => Err(Untold),
        }
    }

    /// After the program `NAME=value` is a word as any other.
    fn after_program(&mut self, item: &CommandPrefixOrSuffixItem) -> Told {
        match item {
            CommandPrefixOrSuffixItem::Word(word) => self.word(word),
            CommandPrefixOrSuffixItem::AssignmentWord(
                Assignment { value: AssignmentValue::Scalar(_), .. },
                word,
            ) => self.word(word),
            CommandPrefixOrSuffixItem::IoRedirect(_) => Ok(()),
            _ => Err(Untold),
        }
    }

    fn assignment(&mut self, assignment: &Assignment, word: &Word) -> Told {
        let plain = matches!(
            (&assignment.name, &assignment.value, assignment.append),
            (AssignmentName::VariableName(_), AssignmentValue::Scalar(_), false)
        );
        self.parts.push(Part::Assignment(word.value.clone()));
        if plain { Ok(()) } else { Err(Untold) }
    }

    fn word(&mut self, word: &Word) -> Told {
        self.parts.push(Part::Word(word.value.clone()));
        let pieces = brush_parser::word::parse(&word.value, &self.options).map_err(|_| Untold)?;
        self.parts.extend(meaning(&pieces).map(Part::Meaning));
        self.substitutions(&pieces)
    }

    fn substitutions(&mut self, pieces: &[WordPieceWithSource]) -> Told {
        for piece in pieces {
            match &piece.piece {
                WordPiece::DoubleQuotedSequence(inside) => self.substitutions(inside)?,
                WordPiece::CommandSubstitution(text) => {
                    self.parts.push(Part::Sign("$("));
                    self.text(text)?;
                    self.parts.push(Part::Sign(")"));
                }
                WordPiece::Text(_)
                | WordPiece::SingleQuotedText(_)
                | WordPiece::EscapeSequence(_)
                | WordPiece::TildeExpansion(_)
                | WordPiece::ParameterExpansion(_) => {}
                _ => return Err(Untold),
            }
        }
        Ok(())
    }

    fn redirect(&mut self, redirect: &IoRedirect) -> Told {
        let part = match redirect {
            IoRedirect::HereDocument(None | Some(0), document) if !document.remove_tabs => {
                Part::Document(document.doc.value.clone())
            }
            IoRedirect::File(stream, kind, target) => {
                let (usual, sign) = match kind {
                    IoFileRedirectKind::Read => (0, "<"),
                    IoFileRedirectKind::Write => (1, ">"),
                    IoFileRedirectKind::Append => (1, ">>"),
                    IoFileRedirectKind::DuplicateOutput => (1, ">&"),
                    _ => return Err(Untold),
                };
                let stream = stream.map_or(Ok(usual), u8::try_from).map_err(|_| Untold)?;
                Part::Redirect(stream, sign, target_of(target)?)
            }
            _ => return Err(Untold),
        };
        self.parts.push(part);
        Ok(())
    }
}

fn target_of(target: &IoFileRedirectTarget) -> Result<String, Untold> {
    match target {
        IoFileRedirectTarget::Filename(word) | IoFileRedirectTarget::Duplicate(word) => {
            Ok(word.value.clone())
        }
        IoFileRedirectTarget::Fd(stream) => Ok(stream.to_string()),
        IoFileRedirectTarget::ProcessSubstitution(..) => Err(Untold),
    }
}

/// The text of a word that holds only text, quotes removed; patterns are text here.
fn meaning(pieces: &[WordPieceWithSource]) -> Option<String> {
    let mut text = String::new();
    for piece in pieces {
        match &piece.piece {
            WordPiece::Text(part) | WordPiece::SingleQuotedText(part) => text.push_str(part),
            WordPiece::EscapeSequence(escape) => text.push_str(escape.strip_prefix('\\').unwrap_or(escape)),
            WordPiece::DoubleQuotedSequence(inside) => text.push_str(&meaning(inside)?),
            _ => return None,
        }
    }
    Some(text)
}
