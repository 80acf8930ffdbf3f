//! An act that is only supposed, named as policies name it: what the command line and the files of cases share.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::policy::destination::{self, Unreachable};
use access::policy::sql::{self, Catalogue, Dialect, replication_command};
use access::policy::{Act, Destination, FileOperation, Writing};
use access::{Ask, Forwarding, ShellLine, SqlStatement, Supposed};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use serde::{Deserialize, Deserializer};

/// What somebody wants to do; a command is given apart, as text.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wanted {
    /// The act as policies name it: connect, exec, shell, sftp, read-file, …, forward, …; default: exec
    #[arg(long)]
    act: Option<String>,
    /// The text is SQL of this dialect, postgres or mysql (also MariaDB), and the act statement
    #[arg(long, value_name = "DIALECT")]
    #[serde(default, deserialize_with = "dialect")]
    sql: Option<Dialect>,
    /// The absolute path of an act on files; with a slash at the end, a directory that is made or removed
    #[arg(long)]
    path: Option<String>,
    /// The other name of rename-file and link-file, or where a forward leads: HOST:PORT or a socket's path
    #[arg(long)]
    to: Option<String>,
    /// What write-file or rename-file does to a file that is there: creates (there must be none), extends or replaces
    #[arg(long)]
    writing: Option<String>,
    /// The size to which write-file cuts or extends
    #[arg(long)]
    size: Option<u64>,
    /// The new mode of change-attributes, such as 0644
    #[arg(long)]
    mode: Option<String>,
    /// The new owner of change-attributes, as UID:GID
    #[arg(long)]
    owner: Option<String>,
    /// link-file makes a hard link
    #[arg(long)]
    #[serde(default)]
    hard: bool,
    /// For exec: as a line of the managed shell in this directory
    #[arg(long = "in")]
    #[serde(rename = "in")]
    directory: Option<String>,
}

/// Statements without parameters. No database is asked: what only its catalogue could tell is listed, or unknown.
pub fn statement(dialect: Dialect, text: &str) -> SqlStatement {
    let script = Arc::new(sql::analyse(dialect, text.as_bytes(), &Catalogue::unasked()));
    SqlStatement {
        text: text.as_bytes().to_vec(),
        parameters: vec![],
        script,
        behind: BTreeMap::new(),
        countable: false,
        runs_as: None,
        place: None,
    }
}

fn command(text: &str) -> Result<Ask> {
    let script = replication_command(text.as_bytes());
    let script = script.with_context(|| format!("{text:?} is no command of a replication connection"))?;
    Ok(Ask::Statement(SqlStatement { script: Arc::new(script), ..statement(Dialect::Postgres, text) }))
}

fn dialect<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Dialect>, D::Error> {
    String::deserialize(value)?.parse().map(Some).map_err(serde::de::Error::custom)
}

impl Wanted {
    /// What is supposed to be asked, with the text of a command.
    pub fn supposed(&self, text: &str) -> Result<Supposed> {
        let act = self.act()?;
        if act == Act::Replicate {
            return command(text).map(Supposed::Ask);
        }
        if let Some(dialect) = self.sql {
            return Ok(Supposed::Ask(Ask::Statement(statement(dialect, text))));
        }
        if !matches!(act, Act::Exec | Act::Statement) && !text.is_empty() {
            bail!("{act} takes no command");
        }
        Ok(Supposed::Ask(match act {
            Act::Connect => return Ok(Supposed::Act(act)),
            act if act.is_at_the_desk() => return Ok(Supposed::Act(act)),
            Act::Exec => self.command(text)?,
            Act::Statement => bail!("{act} needs a dialect: sql"),
            Act::Shell => Ask::Shell,
            Act::Sftp => Ask::Sftp,
            act if act.is_on_files() => Ask::File(self.operation(act)?),
            act => Ask::Forward(self.forwarding(act)?),
        }))
    }

    fn act(&self) -> Result<Act> {
        let usual = if self.sql.is_some() { Act::Statement } else { Act::Exec };
        let Some(name) = &self.act else { return Ok(usual) };
        let act = Act::ALL.into_iter().find(|act| act.as_str() == name).ok_or_else(|| {
            let all: Vec<_> = Act::ALL.iter().map(|act| act.as_str()).collect();
            anyhow!("{name:?} is no act; the acts are {}", all.join(", "))
        })?;
        if self.sql.is_some() && act != Act::Statement {
            bail!("{act} takes no SQL");
        }
        Ok(act)
    }

    fn command(&self, text: &str) -> Result<Ask> {
        if text.is_empty() {
            bail!("exec needs a command");
        }
        Ok(match &self.directory {
            None => Ask::Exec(text.as_bytes().to_vec()),
            Some(directory) => Ask::Line(ShellLine {
                text: text.to_owned(),
                directory: Some(directory.clone()),
                ..ShellLine::default()
            }),
        })
    }

    fn operation(&self, act: Act) -> Result<FileOperation> {
        let (path, directory) = self.path(act)?;
        Ok(match act {
            Act::ListFiles => FileOperation::List { path },
            Act::ReadFile => FileOperation::Read { path },
            Act::WriteFile if directory => FileOperation::MakeDirectory { path },
            Act::WriteFile => match self.size {
                Some(size) => FileOperation::Resize { path, size },
                None => FileOperation::Write { path, writing: self.writing()? },
            },
            Act::RemoveFile if directory => FileOperation::RemoveDirectory { path },
            Act::RemoveFile => FileOperation::Remove { path },
            Act::RenameFile => {
                let replaces = self.writing()? == Writing::Replaces;
                FileOperation::Rename { path, to: self.other_name()?, replaces }
            }
            Act::LinkFile => FileOperation::Link { path, to: self.other_name()?, symbolic: !self.hard },
            _ => self.change(path)?,
        })
    }

    fn path(&self, act: Act) -> Result<(String, bool)> {
        let path = self.path.as_deref().with_context(|| format!("{act} needs a path"))?;
        if !path.starts_with('/') {
            bail!("{path:?} is not absolute, as the paths of files are that the target has resolved");
        }
        Ok(match path.strip_suffix('/') {
            None | Some("") => (path.to_owned(), false),
            Some(directory) => (directory.to_owned(), true),
        })
    }

    fn other_name(&self) -> Result<String> {
        self.to.clone().context("the other name is missing: to")
    }

    fn writing(&self) -> Result<Writing> {
        match self.writing.as_deref() {
            None | Some("replaces") => Ok(Writing::Replaces),
            Some("extends") => Ok(Writing::Extends),
            Some("creates") => Ok(Writing::Creates),
            Some(other) => bail!("writing is creates, extends or replaces, not {other:?}"),
        }
    }

    fn change(&self, path: String) -> Result<FileOperation> {
        if let Some(mode) = &self.mode {
            let mode =
                u32::from_str_radix(mode, 8).with_context(|| format!("the mode {mode:?} is not octal"))?;
            return Ok(FileOperation::ChangeMode { path, mode });
        }
        let Some(owner) = &self.owner else { return Ok(FileOperation::ChangeTimes { path }) };
        let (user, group) = owner.split_once(':').with_context(|| format!("write UID:GID, not {owner:?}"))?;
        Ok(FileOperation::ChangeOwner { path, user: user.parse()?, group: group.parse()? })
    }

    fn forwarding(&self, act: Act) -> Result<Forwarding> {
        Ok(match act {
            Act::Forward => {
                let Destination { host, port } = self.destination()?;
                Forwarding::Tcp(destination::tcp(&host, port.into()).map_err(|why| never(&host, why))?)
            }
            // What the target listens on is recorded as the client writes it.
            Act::ForwardRemote => Forwarding::Remote(self.destination()?),
            Act::ForwardUnix => {
                let to = self.other_name()?;
                Forwarding::Unix(destination::unix(&to).map_err(|why| never(&to, why))?)
            }
            Act::ForwardAgent => Forwarding::Agent,
            _ => Forwarding::X11,
        })
    }

    fn destination(&self) -> Result<Destination> {
        let to = self.other_name()?;
        let parts = to.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = parts.with_context(|| format!("write HOST:PORT, not {to:?}"))?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Destination { host: host.to_owned(), port })
    }
}

/// What the gateway refuses before it asks the policies.
fn never(to: &str, why: Unreachable) -> anyhow::Error {
    anyhow!("no policy can permit a forwarding to {to}: {why}")
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = [self.act.as_deref(), self.path.as_deref(), self.to.as_deref()];
        f.write_str(&words.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}
