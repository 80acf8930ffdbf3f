//! Paths as clients write them: made absolute as text here, made real by the target (see [`super::resolving`]).

/// The longest path (`PATH_MAX`).
const LONGEST: usize = 4096;

/// The deepest path: each of its folders is looked at before an operation.
const DEEPEST: usize = 128;

/// The path as text; none if it cannot be shown to people exactly as it is.
pub(crate) fn readable(path: &[u8]) -> Option<&str> {
    let path = std::str::from_utf8(path).ok()?;
    let fits = path.len() <= LONGEST && path.split('/').count() <= DEEPEST;
    (fits && !path.chars().any(char::is_control)).then_some(path)
}

/// From the root on; what is relative begins in the login directory. `~` is a name like others.
pub(crate) fn absolute(home: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { join(home, path) }
}

/// A name below a folder.
pub(crate) fn join(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// Folder and last name of an absolute path; none when its end is no name (`/`, `.`, `..`).
pub(crate) fn split(path: &str) -> Option<(&str, &str)> {
    let (folder, name) = path.trim_end_matches('/').rsplit_once('/')?;
    let folder = if folder.is_empty() { "/" } else { folder };
    (!matches!(name, "" | "." | "..")).then_some((folder, name))
}

/// Whether it is written the one way in which we compare and judge: no empty, `.` or `..` part, no `/` at its end.
pub(crate) fn is_plain(path: &str) -> bool {
    path == "/"
        || path
            .strip_prefix('/')
            .is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | "..")))
}

/// The folders on the way to a plain path, from the outermost on, without the root and without itself.
pub(crate) fn folders(path: &str) -> Vec<&str> {
    path.match_indices('/').skip(1).map(|(at, _)| path.split_at(at).0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_people_cannot_read_is_none() {
        assert_eq!(readable("/srv/上海 *".as_bytes()), Some("/srv/上海 *"));
        for wrong in [&b"/srv/\xff"[..], b"/a\nb", b"/a\x1b[2J", b"/a\0b", "/a\u{85}b".as_bytes()] {
            assert_eq!(readable(wrong), None, "{wrong:?}");
        }
        assert_eq!(readable("/a".repeat(DEEPEST).as_bytes()), None);
        assert_eq!(readable("a".repeat(LONGEST + 1).as_bytes()), None);
    }

    #[test]
    fn paths_are_split_where_a_name_ends() {
        assert_eq!(split("/srv/a"), Some(("/srv", "a")));
        assert_eq!(split("/a//"), Some(("/", "a")));
        for none in ["/", "/srv/.", "/srv/..", "//"] {
            assert_eq!(split(none), None, "{none}");
        }
        assert_eq!(folders("/srv/a/b"), ["/srv", "/srv/a"]);
        assert_eq!(folders("/srv"), Vec::<&str>::new());
    }

    #[test]
    fn a_tilde_is_a_name_and_relative_paths_begin_at_home() {
        assert_eq!(absolute("/home/ana", "~/x"), "/home/ana/~/x");
        assert_eq!(absolute("/", "x"), "/x");
        assert!(is_plain("/home/~") && is_plain("/"));
        for wrong in ["", "x", "/a/", "//a", "/a/../b", "/./a"] {
            assert!(!is_plain(wrong), "{wrong}");
        }
    }
}
