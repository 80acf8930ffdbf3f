//! Areas: declared parts of a target's file system or databases, and which of them an action reads, writes, removes or
//! stays in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use super::error::PolicyError;
use super::tables::{self, Pattern};
use crate::sql::TableUse;
use crate::{How, Touch};

const ADVICE: &str = "write [area.NAME] with paths = [\"/absolute/path\"] and perhaps deep = true, or with tables = [\"schema.table\"]";

/// The declared areas, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Areas(BTreeMap<Arc<str>, Area>);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Area {
    /// Absolute and normalised.
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    tables: Vec<Pattern>,
    /// Nobody lays links in here that lead out of it, so whatever is named below it lies in it.
    #[serde(default)]
    deep: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    area: BTreeMap<Arc<str>, Area>,
}

/// What an action does to the declared areas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Touched {
    pub(crate) reads: Names,
    pub(crate) writes: Names,
    pub(crate) removes: Names,
    pub(crate) confined: Names,
    /// Of areas with tables, those in which surely lie all that it reads, writes or removes.
    pub(crate) within: Names,
}

type Names = BTreeSet<Arc<str>>;

/// Reads `areas.toml`.
pub(crate) fn parse(file: &str, text: &str) -> Result<Areas, PolicyError> {
    let parsed: File = toml::from_str(text).map_err(|e| PolicyError::toml(file, text, &e, ADVICE))?;
    for (name, area) in &parsed.area {
        let complain = |what: String| Err(PolicyError::new(file, what, ADVICE).at(text, text.find(&**name)));
        if area.paths.is_empty() && area.tables.is_empty() {
            return complain(format!("the area {name:?} has neither a path nor a table"));
        }
        if let Some(path) = area.paths.iter().find(|path| !is_normal(path)) {
            return complain(format!(
                "the area {name:?} has the path {path:?}, which is not absolute and normal"
            ));
        }
    }
    Ok(Areas(parsed.area))
}

/// `/a/b`: from the root, without `.`, `..`, empty names or a slash at the end. The root itself is `/`.
fn is_normal(path: &str) -> bool {
    let plain = |name: &str| !matches!(name, "" | "." | "..");
    path == "/" || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain))
}

impl Areas {
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Compares what an action may touch with every area.
    pub(crate) fn touched(&self, paths: &[Touch], used: &[TableUse]) -> Touched {
        let reached = |how: How| {
            let of = |area: &Area| {
                paths.iter().any(|touch| touch.how == how && area.is_reached_by(touch))
                    || used.iter().any(|table| table.how == how && area.is_used_by(table))
            };
            self.names(of)
        };
        Touched {
            reads: reached(How::Reads),
            writes: reached(How::Writes),
            removes: reached(How::Removes),
            confined: self.names(|area| area.confines_all(paths, used)),
            within: self.names(|area| area.holds_all(used)),
        }
    }

    /// The areas that one path reaches; to look at it reaches none.
    pub(crate) fn reached_by(&self, touch: &Touch) -> BTreeSet<&str> {
        let reached = self.0.iter().filter(|(_, area)| touch.how > How::Looks && area.is_reached_by(touch));
        reached.map(|(name, _)| &**name).collect()
    }

    /// The areas that the use of a table reaches; to look at it reaches none.
    pub(crate) fn used_by(&self, table: &TableUse) -> BTreeSet<&str> {
        let reached = self.0.iter().filter(|(_, area)| table.how > How::Looks && area.is_used_by(table));
        reached.map(|(name, _)| &**name).collect()
    }

    fn names(&self, of: impl Fn(&Area) -> bool) -> Names {
        self.0.iter().filter(|(_, area)| of(area)).map(|(name, _)| Arc::clone(name)).collect()
    }
}

impl Area {
    fn is_reached_by(&self, touch: &Touch) -> bool {
        self.paths.iter().any(|root| touch.reaches(root))
    }

    fn is_used_by(&self, used: &TableUse) -> bool {
        self.tables.iter().any(|pattern| pattern.is_reached_by(used))
    }

    /// Whether something is changed, and all of that inside.
    fn confines_all(&self, paths: &[Touch], used: &[TableUse]) -> bool {
        let mut changed = paths.iter().filter(|touch| touch.how >= How::Writes).peekable();
        let mut written = used.iter().filter(|table| table.how >= How::Writes).peekable();
        (changed.peek().is_some() || written.peek().is_some())
            && changed.all(|touch| self.confines(touch))
            && written.all(|table| tables::hold(&self.tables, table))
    }

    fn holds_all(&self, used: &[TableUse]) -> bool {
        let mut touched = used.iter().filter(|table| table.how >= How::Reads);
        !self.tables.is_empty() && touched.all(|table| tables::hold(&self.tables, table))
    }

    /// Whether a change surely happens inside. Links on the way may lead out of an area that is not deep, and a write
    /// follows a link that stands in the place of the file; a removal takes the link itself.
    fn confines(&self, touch: &Touch) -> bool {
        let inside = |root: &String| match touch.names_below(root) {
            Some(names) => self.deep || touch.how == How::Removes && !names.contains('/'),
            None => false,
        };
        self.paths.iter().any(inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn areas() -> Areas {
        let text = "[area.data]\npaths = [\"/var/lib/postgresql\"]\n[area.scratch]\npaths = [\"/var/tmp\"]\n\
                    [area.releases]\npaths = [\"/srv/releases\"]\ndeep = true";
        parse("areas.toml", text).unwrap()
    }

    fn removal(path: &str) -> Vec<Touch> {
        vec![Touch { path: path.into(), how: How::Removes, below: true }]
    }

    fn touched(areas: &Areas, paths: &[Touch]) -> Touched {
        areas.touched(paths, &[])
    }

    #[test]
    fn a_removal_shows_in_every_area_that_it_reaches() {
        let areas = areas();
        for path in ["/var", "/var/lib/postgresql", "/var/lib/postgresql/15", "~/15", "?"] {
            assert!(touched(&areas, &removal(path)).removes.contains("data"), "{path}");
        }
        assert!(!touched(&areas, &removal("/var/lib/mysql")).removes.contains("data"));
    }

    #[test]
    fn only_direct_members_are_confined_where_anybody_lays_links() {
        let areas = areas();
        assert_eq!(touched(&areas, &removal("/var/tmp/x")).confined, ["scratch".into()].into());
        for path in ["/var/tmp", "/var/tmp/x/y", "/var/tmpx", "~/x", "?"] {
            assert_eq!(touched(&areas, &removal(path)).confined, [].into(), "{path}");
        }
        assert_eq!(touched(&areas, &removal("/srv/releases/a/b")).confined, ["releases".into()].into());
        let write = vec![Touch { path: "/var/tmp/x".into(), how: How::Writes, below: false }];
        assert_eq!(touched(&areas, &write).confined, [].into(), "a link may stand there");
    }

    #[test]
    fn one_path_outside_unconfines_all() {
        let areas = areas();
        let both = [removal("/var/tmp/x"), removal("/home/x")].concat();
        assert_eq!(touched(&areas, &both).confined, [].into());
        assert_eq!(touched(&areas, &[]).confined, [].into(), "what changes nothing is confined to nothing");
    }

    #[test]
    fn a_declaration_that_means_nothing_is_an_error_with_its_line() {
        for wrong in [
            "paths = []",
            "tables = []",
            "tables = [\"customers\"]",
            "paths = [\"tmp\"]",
            "paths = [\"/a/../b\"]",
            "paths = [\"/a/\"]",
            "depth = 1",
        ] {
            let fault = parse("areas.toml", &format!("# one\n[area.x]\n{wrong}")).unwrap_err();
            assert!(fault.line.is_some_and(|line| line > 1), "{fault}");
        }
    }
}
