//! The facts of a question as the policies are asked with them: areas in place of paths and tables.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use super::act::Act;
use super::area::{Areas, Touched};
use super::question::{Destination, FileFacts, Level, Question};
use super::sight::Sight;
use crate::sql::TableUse;
use crate::{Effect, How};

/// All that Cedar learns of a question, so that equal facts always have equal answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Facts {
    pub(super) act: Act,
    pub(super) level: Level,
    pub(super) effects: BTreeSet<Effect>,
    pub(super) understood: bool,
    pub(super) person: String,
    pub(super) groups: BTreeSet<String>,
    pub(super) target: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) account: String,
    pub(super) programs: BTreeSet<String>,
    pub(super) touched: Touched,
    /// Of a statement: whether nothing bounds which rows of a table it changes or removes.
    pub(super) every_row: bool,
    /// Of a statement: whether its rows are counted before they are kept.
    pub(super) counted: bool,
    pub(super) file: Option<FileFacts>,
    pub(super) destination: Option<Destination>,
    pub(super) source: IpAddr,
    pub(super) mfa_age_seconds: i64,
    pub(super) minute_of_day: i64,
    pub(super) weekday: i64,
    pub(super) granted: bool,
    pub(super) emergency: bool,
    pub(super) device_bound: bool,
    pub(super) duration_seconds: i64,
    pub(super) quorums: BTreeSet<String>,
}

impl Facts {
    /// What policies with this sight learn of a question; everything else is left empty.
    pub(super) fn seen(by: &Sight, q: &Question, areas: &Areas) -> Facts {
        let whole = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        Facts {
            act: q.act,
            level: q.target.level,
            effects: q.effects.clone(),
            understood: q.understood,
            person: by.person(&q.person),
            groups: q.groups.iter().filter(|group| by.tells_group(group)).cloned().collect(),
            target: by.target(&q.target.name),
            labels: labels(by, q),
            account: if by.tells("account") { q.account.clone() } else { String::new() },
            programs: if by.tells("programs") { q.programs.clone() } else { BTreeSet::new() },
            touched: if by.tells_areas() { areas.touched(&q.touched, &q.tables) } else { Touched::default() },
            every_row: by.tells("every_row") && q.tables.iter().any(is_of_every_row),
            counted: q.counted && by.tells("counted"),
            file: q
                .file
                .as_ref()
                .map(|file| if by.tells_paths() { file.clone() } else { FileFacts::default() }),
            destination: q
                .destination
                .as_ref()
                .map(|to| if by.tells_hosts() { to.clone() } else { Destination::default() }),
            source: if by.tells("source") { q.source } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) },
            mfa_age_seconds: by.number("mfa_age_seconds", whole(q.mfa_age_seconds)),
            minute_of_day: by.number("minute_of_day", q.minute_of_day.into()),
            weekday: by.number("weekday", q.weekday.into()),
            granted: q.granted && by.tells("granted"),
            emergency: q.emergency && by.tells("emergency"),
            device_bound: q.device_bound && by.tells("device_bound"),
            duration_seconds: by.number("duration_seconds", whole(q.duration_seconds)),
            quorums: q.quorums.clone(),
        }
    }

    /// Bytes of text in them.
    pub(super) fn text_len(&self) -> usize {
        let files = self.file.iter().flat_map(|file| [&file.path, &file.to]);
        let hosts = self.destination.iter().map(|to| &to.host);
        let labels = self.labels.iter().flat_map(|(name, value)| [name, value]);
        let sets = self.groups.iter().chain(&self.programs).chain(&self.quorums);
        let texts = [&self.person, &self.target, &self.account].into_iter();
        texts.chain(files).chain(hosts).chain(labels).chain(sets).map(String::len).sum()
    }
}

fn is_of_every_row(used: &TableUse) -> bool {
    used.whole && used.how >= How::Writes
}

fn labels(by: &Sight, q: &Question) -> BTreeMap<String, String> {
    let seen = q.target.labels.iter().filter(|(name, _)| by.tells_label(name));
    seen.map(|(name, value)| (name.clone(), value.clone())).collect()
}
