//! Where relative names may start, and which paths a use of a file may therefore touch.

use super::marks::{self, Mark, mark, may_be};
use crate::table::Use;
use crate::{How, Touch};

/// A directory from which relative names may start: absolute, `~…` below the login directory, or `?…` anywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    path: String,
    /// It is known to hold no link, so that `..` leads where it says.
    real: bool,
}

impl Place {
    /// Where the line starts.
    pub(super) fn start(directory: Option<&str>) -> Place {
        match directory.filter(|path| path.starts_with('/')) {
            Some(path) => Place { path: path.trim_end_matches('/').into(), real: true },
            None => Place::at("~"),
        }
    }

    pub(super) fn at(path: &str) -> Place {
        Place { path: path.into(), real: false }
    }

    pub(super) fn len(&self) -> usize {
        self.path.len()
    }

    /// A name as seen from here.
    pub(super) fn joined(&self, name: &str) -> String {
        let rest = name.chars().next().map(|first| name.get(first.len_utf8()..).unwrap_or_default());
        match name.chars().next().and_then(mark) {
            Some(Mark::Home) => format!("~{}", rest.unwrap_or_default()),
            Some(Mark::Anything | Mark::Words | Mark::Elsewhere) => format!("?/{}", rest.unwrap_or_default()),
            _ if name.starts_with('/') => name.into(),
            _ if self.real => self.climbed(name),
            _ => format!("{}/{name}", self.path),
        }
    }

    /// A directory without links has the parents that its name says.
    fn climbed(&self, name: &str) -> String {
        let (mut place, mut rest) = (self.path.as_str(), name);
        loop {
            let (first, after) = rest.split_once('/').unwrap_or((rest, ""));
            match first {
                ".." => place = place.rsplit_once('/').map_or("", |(parent, _)| parent),
                "." | "" if !rest.is_empty() => {}
                _ => return format!("{place}/{rest}"),
            }
            rest = after;
        }
    }
}

/// What a use of a file touches, seen from each place.
pub(super) fn touches(usage: Use, path: &str, below: bool, places: &[Place]) -> Vec<Touch> {
    let how = match usage {
        Use::Looks => How::Looks,
        Use::Reads => How::Reads,
        Use::Creates | Use::Extends | Use::Replaces => How::Writes,
        Use::Removes => How::Removes,
    };
    let touched = |place: &Place| {
        let (normal, pattern) = normalized(&place.joined(path));
        let inside = (pattern || passes_through(path)).then(|| inside(&normal, how));
        let below = below || pattern || how == How::Removes;
        inside.into_iter().chain([Touch { path: normal, how, below }])
    };
    if marks::is_wide(path) {
        return vec![anywhere(how)];
    }
    places.iter().flat_map(touched).collect()
}

/// Whether a link in the place of the last name is followed: what is meant then is what it leads to.
fn passes_through(path: &str) -> bool {
    path.ends_with('/') || path.ends_with("/.")
}

/// Whatever a directory holds, when a link may stand in its place.
pub(super) fn inside(directory: &str, how: How) -> Touch {
    Touch { path: format!("{}/*", directory.trim_end_matches('/')), how, below: true }
}

pub(super) fn anywhere(how: How) -> Touch {
    Touch { path: "?".into(), how, below: true }
}

/// The path up to its first name that is not known, and whether there is one.
fn normalized(path: &str) -> (String, bool) {
    let anywhere = || ("?".into(), true);
    let (root, rest) = match path.chars().next() {
        Some('/') => ("", path),
        Some('~') => ("~", path.get(1..).unwrap_or_default()),
        _ => return anywhere(),
    };
    let mut normal = root.to_owned();
    let mut pattern = false;
    for name in rest.split('/').filter(|name| !matches!(*name, "" | ".")) {
        if may_be(name, "..") && name.starts_with('.') {
            return anywhere();
        }
        pattern |= !marks::is_certain(name);
        if !pattern {
            normal.push('/');
            normal.push_str(name);
        }
    }
    match normal.is_empty() {
        true => ("/".into(), pattern),
        false => (normal, pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::super::marks::Marks;
    use super::*;

    fn path(path: &str, place: &Place) -> String {
        let mut marks = Marks::default();
        let (home, star, any) =
            (marks.add(Mark::Home, "~"), marks.add(Mark::Names, "*"), marks.add(Mark::Anything, "$x"));
        let path = path.replace('~', &home.to_string()).replace('*', &star.to_string());
        let touch =
            touches(Use::Reads, &path.replace('$', &any.to_string()), false, std::slice::from_ref(place))
                .pop()
                .unwrap();
        format!("{}{}", touch.path, if touch.below { "/*" } else { "" })
    }

    #[test]
    fn a_path_is_normalised_and_a_pattern_ends_it() {
        let login = Place::start(None);
        for (typed, touched) in [
            ("/var//tmp/./x", "/var/tmp/x"),
            ("/", "/"),
            ("x", "~/x"),
            (".", "~"),
            ("~", "~"),
            ("~/x", "~/x"),
            ("/var/tmp/*", "/var/tmp/*"),
            ("/var/*/x", "/var/*"),
            ("./*.log", "~/*"),
            ("..", "?/*"),
            ("/tmp/../etc", "?/*"),
            ("/tmp/.*", "?/*"),
            ("/tmp/.b*", "/tmp/*"),
            ("$/x", "?/*"),
            ("/tmp/$", "?/*"),
        ] {
            assert_eq!(path(typed, &login), touched, "{typed}");
        }
    }

    #[test]
    fn what_a_link_may_lead_to_is_inside() {
        let inside = |path: &str| {
            let found = touches(Use::Removes, path, true, &[Place::start(None)]);
            found.iter().any(|touch| touch.path == "/tmp/x/*")
        };
        assert!(inside("/tmp/x/") && inside("/tmp/x/.") && inside("/tmp/x//"));
        assert!(!inside("/tmp/x"));
    }

    #[test]
    fn a_known_directory_has_known_parents() {
        let app = Place::start(Some("/srv/app"));
        for (typed, touched) in [
            ("x", "/srv/app/x"),
            (".", "/srv/app"),
            ("..", "/srv"),
            ("../x", "/srv/x"),
            ("./../../x", "/x"),
            ("../../../..", "/"),
            ("sub/../x", "?/*"),
            ("/etc", "/etc"),
        ] {
            assert_eq!(path(typed, &app), touched, "{typed}");
        }
    }
}
