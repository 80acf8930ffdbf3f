//! The tree of `rable`, told as parts.

use rable::{ListOperator, Node, NodeKind, PipeSep};

use super::{Part, Parts, Untold};

pub(super) fn parts(text: &str) -> Parts {
    let nodes = rable::parse(text, false).map_err(|_| Untold)?;
    let mut teller = Teller { parts: vec![] };
    for (i, node) in nodes.iter().filter(|node| !matches!(node.kind, NodeKind::Comment { .. })).enumerate() {
        teller.parts.extend((i > 0).then_some(Part::Sign(";")));
        teller.node(node)?;
    }
    Ok(teller.parts)
}

struct Teller {
    parts: Vec<Part>,
}

type Told = Result<(), Untold>;

impl Teller {
    fn node(&mut self, node: &Node) -> Told {
        match &node.kind {
            NodeKind::List { items } => return self.list(items),
            NodeKind::Negation { pipeline } => {
                self.parts.push(Part::Sign("!"));
                return self.node(pipeline);
            }
            NodeKind::Pipeline { commands, separators } => return self.pipeline(commands, separators),
            NodeKind::Command { assignments, words, redirects } => {
                self.simple(assignments, words)?;
                self.redirects(redirects)?;
            }
            NodeKind::Subshell { body, redirects } => {
                self.between("(", body, ")")?;
                self.redirects(redirects)?;
            }
            NodeKind::BraceGroup { body, redirects } => {
                self.between("{", body, "}")?;
                self.redirects(redirects)?;
            }
            NodeKind::If { redirects, .. } => {
                self.conditional(node)?;
                self.redirects(redirects)?;
            }
            NodeKind::For { .. } | NodeKind::While { .. } | NodeKind::Until { .. } => self.repeated(node)?,
            _ => return Err(Untold),
        }
        self.parts.push(Part::Sign("."));
        Ok(())
    }

    /// Lists stand inside lists, the earlier commands deeper.
    fn list(&mut self, items: &[rable::ListItem]) -> Told {
        for (i, item) in items.iter().enumerate() {
            self.node(&item.command)?;
            let last = i + 1 == items.len();
            match item.operator {
                Some(ListOperator::And) => self.parts.push(Part::Sign("&&")),
                Some(ListOperator::Or) => self.parts.push(Part::Sign("||")),
                Some(ListOperator::Semi) if last => {}
                Some(ListOperator::Semi) => self.parts.push(Part::Sign(";")),
                None if last => {}
                None | Some(ListOperator::Background) => return Err(Untold),
            }
        }
        Ok(())
    }

    fn pipeline(&mut self, commands: &[Node], separators: &[PipeSep]) -> Told {
        if separators.iter().any(|separator| *separator != PipeSep::Pipe) {
            return Err(Untold);
        }
        for (i, command) in commands.iter().enumerate() {
            self.parts.extend((i > 0).then_some(Part::Sign("|")));
            self.node(command)?;
        }
        Ok(())
    }

    /// An `elif` is an `if` inside an `else`.
    fn conditional(&mut self, node: &Node) -> Told {
        let NodeKind::If { condition, then_body, else_body, .. } = &node.kind else { return Err(Untold) };
        self.between("if", condition, "then")?;
        self.node(then_body)?;
        if let Some(other) = else_body {
            self.parts.push(Part::Sign("else"));
            match &other.kind {
                NodeKind::If { .. } => return self.conditional(other),
                _ => self.node(other)?,
            }
            self.parts.push(Part::Sign(""));
        }
        self.parts.push(Part::Sign("fi"));
        Ok(())
    }

    fn repeated(&mut self, node: &Node) -> Told {
        let (body, redirects) = match &node.kind {
            NodeKind::For { var, words: Some(words), body, redirects } => {
                self.parts.push(Part::For(var.clone()));
                words.iter().try_for_each(|word| self.word(word))?;
                self.parts.push(Part::Sign("do"));
                (body, redirects)
            }
            NodeKind::While { condition, body, redirects } => {
                self.between("while", condition, "do")?;
                self.parts.push(Part::Sign(""));
                (body, redirects)
            }
            NodeKind::Until { condition, body, redirects } => {
                self.between("until", condition, "do")?;
                self.parts.push(Part::Sign(""));
                (body, redirects)
            }
            _ => return Err(Untold),
        };
        self.node(body)?;
        self.parts.push(Part::Sign("done"));
        self.redirects(redirects)
    }

    fn between(&mut self, before: &'static str, node: &Node, after: &'static str) -> Told {
        self.parts.push(Part::Sign(before));
        self.node(node)?;
        self.parts.push(Part::Sign(after));
        Ok(())
    }

    fn simple(&mut self, assignments: &[Node], words: &[Node]) -> Told {
        for assignment in assignments {
            let NodeKind::Word { value, .. } = &assignment.kind else { return Err(Untold) };
            self.parts.push(Part::Assignment(value.clone()));
        }
        words.iter().try_for_each(|word| self.word(word))
    }

    fn word(&mut self, word: &Node) -> Told {
        let NodeKind::Word { value, parts, .. } = &word.kind else { return Err(Untold) };
        self.parts.push(Part::Word(value.clone()));
        for part in parts {
            match &part.kind {
                NodeKind::WordLiteral { .. } | NodeKind::ParamExpansion { op: None, arg: None, .. } => {}
                NodeKind::CommandSubstitution { command, brace: false } => {
                    self.between("$(", command, ")")?
                }
                _ => return Err(Untold),
            }
        }
        Ok(())
    }

    fn redirects(&mut self, redirects: &[Node]) -> Told {
        redirects.iter().try_for_each(|redirect| self.redirect(redirect))
    }

    fn redirect(&mut self, redirect: &Node) -> Told {
        let part = match &redirect.kind {
            NodeKind::HereDoc { content, strip_tabs: false, complete: true, fd: -1 | 0, .. } => {
                Part::Document(content.clone())
            }
            NodeKind::Redirect { op, target, fd, varfd: None } => {
                let (usual, sign) = match op.as_str() {
                    "<" => (0, "<"),
                    ">" => (1, ">"),
                    ">>" => (1, ">>"),
                    ">&" => (1, ">&"),
                    _ => return Err(Untold),
                };
                let NodeKind::Word { value, .. } = &target.kind else { return Err(Untold) };
                let stream = if *fd == -1 { usual } else { u8::try_from(*fd).map_err(|_| Untold)? };
                Part::Redirect(stream, sign, value.clone())
            }
            _ => return Err(Untold),
        };
        self.parts.push(part);
        Ok(())
    }
}
