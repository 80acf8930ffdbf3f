//! Which paths an action may touch, and how: what areas are compared with.

/// One path that an action may touch, in the widest reading.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Touch {
    /// Normalised and absolute, or `~` and `~/…` (the login directory, wherever it is), or `?` (anywhere).
    pub path: String,
    /// What is done there.
    pub how: How,
    /// Whether everything below it is touched too.
    pub below: bool,
}

/// What is done to a path, from harmless to irrevocable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// Seen to be there: names, sizes, owners.
    Looks,
    /// Its content is read.
    Reads,
    /// Created, extended, replaced, or given another owner or mode.
    Writes,
    /// Removed or moved away.
    Removes,
}

impl Touch {
    /// Whether the path is known from the root on.
    pub fn is_known(&self) -> bool {
        self.path.starts_with('/')
    }

    /// Whether something at or below `root` may be touched.
    pub fn reaches(&self, root: &str) -> bool {
        !self.is_known() || is_at_or_below(&self.path, root) || self.below && is_at_or_below(root, &self.path)
    }

    /// The names between `root` and the path; none when the path does not lie strictly below it.
    pub fn names_below<'a>(&'a self, root: &str) -> Option<&'a str> {
        let rest = self.path.strip_prefix(root.trim_end_matches('/'))?.strip_prefix('/')?;
        (!rest.is_empty()).then_some(rest)
    }
}

fn is_at_or_below(path: &str, root: &str) -> bool {
    let root = root.trim_end_matches('/');
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &str, below: bool) -> Touch {
        Touch { path: path.into(), how: How::Removes, below }
    }

    #[test]
    fn removing_what_holds_a_root_reaches_it() {
        assert!(touch("/var", true).reaches("/var/lib/postgresql"));
        assert!(touch("/", true).reaches("/var/lib/postgresql"));
        assert!(!touch("/var", false).reaches("/var/lib/postgresql"));
        assert!(!touch("/var/lib/post", true).reaches("/var/lib/postgresql"));
        assert!(touch("/var/lib/postgresql/15/main", false).reaches("/var/lib/postgresql"));
        assert!(!touch("/var/lib/postgresql-old", false).reaches("/var/lib/postgresql"));
    }

    #[test]
    fn a_path_that_is_not_known_may_be_anywhere() {
        for path in ["?", "~", "~/x"] {
            assert!(touch(path, false).reaches("/var/lib/postgresql"), "{path}");
            assert_eq!(touch(path, false).names_below("/var"), None, "{path}");
        }
    }

    #[test]
    fn a_root_does_not_lie_below_itself() {
        assert_eq!(touch("/var/tmp", true).names_below("/var/tmp"), None);
        assert_eq!(touch("/var/tmp/a/b", true).names_below("/var/tmp/"), Some("a/b"));
        assert_eq!(touch("/var/tmpfile", true).names_below("/var/tmp"), None);
    }
}
