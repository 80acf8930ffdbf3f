//! A target in memory whose files can be exchanged between two requests, and a road that answers as told.

use std::collections::BTreeMap;

use access::policy::{FileOperation, Obligations};
use access::recording::SessionEvent;
use bytes::Bytes;

use super::super::attributes::Attributes;
use super::super::extension::{Extension, Offered};
use super::super::packet::{Building, Fields};
use super::super::path;
use super::super::reply::{Answer, code};
use super::super::request::Request;
use super::super::{Conversation, Far, Gone, Ruling, Words, operate};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Folder,
    File(Vec<u8>),
    Link(String),
}

type Trick = Box<dyn FnMut(&mut BTreeMap<String, Node>) + Send>;

/// See the module.
pub(super) struct Target {
    pub nodes: BTreeMap<String, Node>,
    /// What was asked, without looks and resolving.
    pub did: Vec<Request>,
    pub judged: Vec<FileOperation>,
    pub notes: Vec<SessionEvent>,
    pub turned_down: Vec<String>,
    /// Answers of the road, by act; granted when there is none.
    pub rulings: Vec<(&'static str, Ruling)>,
    pub obligations: Obligations,
    /// What somebody does on the target just before the first request of that kind.
    pub tricks: Vec<(&'static str, Trick)>,
    open: BTreeMap<Bytes, (String, Node)>,
    opened: u16,
}

impl Target {
    pub(super) fn with(nodes: &[(&str, Node)]) -> Self {
        let mut all: BTreeMap<_, _> = [("/", Node::Folder), ("/home", Node::Folder)]
            .into_iter()
            .map(|(path, node)| (path.to_owned(), node))
            .collect();
        for (path, node) in nodes {
            path::folders(path).into_iter().for_each(|folder| {
                all.entry(folder.to_owned()).or_insert(Node::Folder);
            });
            all.insert((*path).to_owned(), node.clone());
        }
        Self {
            nodes: all,
            did: Vec::new(),
            judged: Vec::new(),
            notes: Vec::new(),
            turned_down: Vec::new(),
            rulings: Vec::new(),
            obligations: Obligations::default(),
            tricks: Vec::new(),
            open: BTreeMap::new(),
            opened: 0,
        }
    }

    /// Before the first request whose debug form begins so, this happens.
    pub(super) fn trick(
        mut self,
        before: &'static str,
        act: impl FnMut(&mut BTreeMap<String, Node>) + Send + 'static,
    ) -> Self {
        self.tricks.push((before, Box::new(act)));
        self
    }

    pub(super) fn refusing(mut self, act: &'static str) -> Self {
        self.rulings.push((act, Ruling::Refused("refused: by rule".into())));
        self
    }

    /// The path without links, as `realpath` says it; the last name may be missing.
    fn real(&self, path: &str, last: bool) -> Option<String> {
        self.real_within(path, last, 0)
    }

    fn real_within(&self, path: &str, last: bool, depth: usize) -> Option<String> {
        let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let mut real = "/".to_owned();
        for (at, part) in parts.iter().enumerate() {
            let end = at + 1 == parts.len();
            if *part == ".." {
                real = path::split(&real).map_or("/", |(folder, _)| folder).to_owned();
                continue;
            }
            let next = path::join(&real, part);
            match self.nodes.get(&next) {
                Some(Node::Link(to)) if (!end || last) && depth < 8 => {
                    real = self.real_within(&path::absolute(&real, to), true, depth + 1)?;
                }
                Some(Node::Folder) => real = next,
                _ if end => real = next,
                _ => return None,
            }
        }
        Some(real)
    }

    fn look(&self, node: Option<&Node>) -> Answer {
        let (bits, size) = match node {
            None => return Answer::status(code::NO_SUCH_FILE, "No such file"),
            Some(Node::Folder) => (0o040_755, 4096),
            Some(Node::File(content)) => (0o100_644, content.len()),
            Some(Node::Link(to)) => (0o120_777, to.len()),
        };
        Answer::Attributes(Attributes {
            size: Some(size as u64),
            owner: Some((7, 7)),
            permissions: Some(bits),
            times: Some((1, 1)),
            extended: false,
        })
    }

    fn text(path: &Bytes) -> String {
        String::from_utf8(path.to_vec()).unwrap()
    }

    fn followed(&self, path: &Bytes) -> Option<String> {
        self.real(&Self::text(path), true)
    }

    fn itself(&self, path: &Bytes) -> Option<String> {
        self.real(&Self::text(path), false)
    }

    fn open(&mut self, path: &Bytes, flags: u32) -> Answer {
        let Some(real) = self.followed(path) else { return self.look(None) };
        match (self.nodes.get(&real), flags & 8 != 0, flags & 32 != 0) {
            (None, false, _) => return self.look(None),
            (Some(_), true, true) => return Answer::status(code::FAILURE, "exists"),
            (None, true, _) => {
                self.nodes.insert(real.clone(), Node::File(Vec::new()));
            }
            _ => {}
        }
        self.opened += 1;
        let handle = Bytes::copy_from_slice(&self.opened.to_be_bytes());
        self.open.insert(handle.clone(), (real.clone(), self.nodes[&real].clone()));
        Answer::Handle(handle)
    }

    fn answer(&mut self, request: Request) -> Answer {
        let name = format!("{request:?}");
        let mut tricks = std::mem::take(&mut self.tricks);
        if let Some(at) = tricks.iter().position(|(before, _)| name.starts_with(before)) {
            (tricks.remove(at).1)(&mut self.nodes);
        }
        self.tricks = tricks;
        if !matches!(request, Request::LStat { .. } | Request::RealPath { .. } | Request::FStat { .. }) {
            self.did.push(request.clone());
        }
        self.reply(request)
    }

    fn reply(&mut self, request: Request) -> Answer {
        match request {
            Request::RealPath { path } => {
                self.followed(&path).map_or_else(|| self.look(None), |real| Answer::name(&real))
            }
            Request::LStat { path } => self.look(self.itself(&path).and_then(|real| self.nodes.get(&real))),
            Request::FStat { handle } => self.look(self.open.get(&handle).map(|(_, node)| node)),
            Request::Open { path, flags, .. } => self.open(&path, flags),
            Request::OpenDir { path } => self.open(&path, 0),
            Request::Remove { path } | Request::RemoveDir { path } => {
                let real = self.itself(&path).unwrap();
                self.nodes.remove(&real);
                Answer::ok()
            }
            Request::Rename { from, to } | Request::Extended(Extension::PosixRename { from, to }) => {
                let node = self.nodes.remove(&self.itself(&from).unwrap()).unwrap();
                let to = self.itself(&to).unwrap();
                self.nodes.insert(to, node);
                Answer::ok()
            }
            _ => Answer::ok(),
        }
    }
}

impl Far for Target {
    async fn ask(&mut self, requests: Vec<Request>) -> Result<Vec<Answer>, Gone> {
        Ok(requests.into_iter().map(|request| self.answer(request)).collect())
    }

    async fn judge(&mut self, operation: FileOperation) -> Result<Ruling, Gone> {
        self.judged.push(operation.clone());
        let act = operation.act().as_str();
        let found = self.rulings.iter().find(|(of, _)| *of == act);
        let obligations = self.obligations;
        Ok(found.map_or(Ruling::Granted { operation, obligations, waited: false }, |(_, said)| said.clone()))
    }

    fn note(&mut self, event: SessionEvent) {
        self.notes.push(event);
    }

    async fn turn_down(&mut self, what: String) -> Result<(), Gone> {
        self.turned_down.push(what);
        Ok(())
    }
}

/// A conversation in `/home` with a server that can do all that we understand.
pub(super) fn conversation() -> Conversation {
    let names = [
        "posix-rename@openssh.com",
        "hardlink@openssh.com",
        "fsync@openssh.com",
        "lsetstat@openssh.com",
        "copy-data",
    ];
    let pairs = names.iter().fold(Building::new(2, 3), |packet, name| packet.string(name).string("1"));
    let (_, mut fields) = Fields::of(pairs.finish().slice(9 - 5..)).unwrap();
    fields.u32().unwrap();
    let words = Words { language: access::text::Language::English, target: "db-1".into() };
    Conversation::new(Offered::parse(&mut fields).unwrap(), "/home".into(), words)
}

/// Carries out one operation; nothing of the fake ever waits.
pub(super) fn done(talk: &mut Conversation, target: &mut Target, request: Request) -> Answer {
    let mut operation = std::pin::pin!(operate(talk, target, request));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match operation.as_mut().poll(&mut context) {
        std::task::Poll::Ready(answer) => answer.unwrap(),
        std::task::Poll::Pending => panic!("the fake waited"),
    }
}
