//! What it means to read, extend, replace or remove a file, by where the file lies.
//!
//! Links may lead anywhere and directories may change meanwhile, so a place only ever adds effects.

use super::marks::{is_certain, is_wide, mark, may_be, may_begin};
use super::places::Place;
use super::{secrets, shown};
use crate::Effect::{self, AuditTamper, DataDestroy, DataExport, DiskDestroy, PrivilegeChange, Read};
use crate::Effect::{ServiceStop, ShellEscape, SoftwareInstall, Unknown, Write};
use crate::table::Use;

/// Where a write does more than write, and why. A trailing `*` takes every name that begins so.
const AREAS: [(&str, Effect, &str); 39] = [
    ("/var/log", AuditTamper, "where logs are kept"),
    ("/run/log", AuditTamper, "where logs are kept"),
    ("/var/account", AuditTamper, "where process accounting is kept"),
    ("/var/adm", AuditTamper, "where logs are kept"),
    ("/run/utmp", AuditTamper, "where logins are kept"),
    ("/etc/audit*", AuditTamper, "which decides what is audited"),
    ("/etc/rsyslog*", AuditTamper, "which decides what is logged"),
    ("/etc/syslog*", AuditTamper, "which decides what is logged"),
    ("/etc/systemd/journald*", AuditTamper, "which decides what is logged"),
    ("/etc/logrotate*", AuditTamper, "which decides what is logged"),
    ("/etc", PrivilegeChange, "which configures the machine"),
    ("/root/.ssh", PrivilegeChange, "which decides who may log in"),
    ("/etc/cron*", ShellEscape, "whose commands run later"),
    ("/etc/profile*", ShellEscape, "whose commands run later"),
    ("/etc/bash*", ShellEscape, "whose commands run later"),
    ("/etc/zsh*", ShellEscape, "whose commands run later"),
    ("/etc/ksh*", ShellEscape, "whose commands run later"),
    ("/etc/environment*", ShellEscape, "which changes what runs later"),
    ("/etc/ld.so*", ShellEscape, "which changes what runs later"),
    ("/etc/init*", ShellEscape, "whose commands run later"),
    ("/etc/rc*", ShellEscape, "whose commands run later"),
    ("/etc/systemd", ShellEscape, "whose commands run later"),
    ("/lib/systemd", ShellEscape, "whose commands run later"),
    ("/usr/lib/systemd", ShellEscape, "whose commands run later"),
    ("/run/systemd", ShellEscape, "whose commands run later"),
    ("/var/spool/cron", ShellEscape, "whose commands run later"),
    ("/var/spool/at", ShellEscape, "whose commands run later"),
    ("/var/spool/incron", ShellEscape, "whose commands run later"),
    ("/usr", SoftwareInstall, "where programs are kept"),
    ("/lib*", SoftwareInstall, "where programs are kept"),
    ("/boot", DiskDestroy, "from which the machine starts"),
    ("/efi", DiskDestroy, "from which the machine starts"),
    ("/run", ServiceStop, "which steers what is running"),
    ("/run", Unknown, "which steers what is running"),
    ("/opt", Unknown, "where programs may be kept"),
    ("/proc", ServiceStop, "which is the running kernel"),
    ("/proc", Unknown, "which is the running kernel"),
    ("/sys", ServiceStop, "which is the running kernel"),
    ("/sys", Unknown, "which is the running kernel"),
];

/// Names that decide by themselves, wherever they lie.
const NAMES: [(&[&str], Effect, &str); 4] = [
    (&["bin", "sbin", "libexec"], SoftwareInstall, "where programs are kept"),
    (&["wtmp", "btmp", "utmp", "lastlog", "audit.log", "auth.log"], AuditTamper, "where logins are kept"),
    (
        &[
            ".ssh",
            "authorized_keys",
            "authorized_keys2",
            "environment",
            "rc",
            ".rhosts",
            ".shosts",
            ".k5login",
            ".k5users",
            ".netrc",
            ".pgpass",
            ".pg_service.conf",
        ],
        PrivilegeChange,
        "which decides who may log in",
    ),
    (
        &[
            ".bashrc",
            ".bash_profile",
            ".bash_login",
            ".bash_logout",
            ".bash_aliases",
            ".profile",
            ".zshenv",
            ".zshrc",
            ".zprofile",
            ".zlogin",
            ".zlogout",
            ".kshrc",
            ".mkshrc",
            ".shrc",
            ".inputrc",
            ".vimrc",
            ".exrc",
            ".pam_environment",
            ".forward",
            ".gitconfig",
            ".config",
            ".local",
            ".environment",
            ".psqlrc",
            ".my.cnf",
        ],
        ShellEscape,
        "which changes what runs later",
    ),
];

/// What other directories are called too, on nearly every machine.
const ALIASES: [(&str, &str); 2] = [("/var/run", "/run"), ("/var/lock", "/run/lock")];

/// Where files are kept for a while only: what is lost or added there feeds nothing that runs.
const TEMPORARY: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// Directories in `/` in which people keep their own files.
const SHARED: [&str; 6] = ["/tmp", "/home", "/srv", "/mnt", "/media", "/dev"];

/// Devices that may be read without consequences. Opening a stream for writing opens the file behind it anew, and cuts it.
const READABLE_DEVICES: [&str; 9] =
    ["null", "zero", "full", "random", "urandom", "stdin", "stdout", "stderr", "tty"];

/// What using a file does, each with its reason; `by` is the program.
pub(super) fn effects(by: &str, usage: Use, path: &str, places: &[Place]) -> Vec<(Effect, String)> {
    let verb = match usage {
        Use::Looks => "looks at",
        Use::Reads => "reads",
        Use::Creates => "creates",
        Use::Extends => "extends",
        Use::Replaces => "overwrites",
        Use::Removes => "removes",
    };
    let because = |why: &str| match why {
        "" => format!("{by} {verb} {}", shown(path)),
        why => format!("{by} {verb} {}, {why}", shown(path)),
    };
    if places.iter().all(|place| is_nothing(&place.joined(path))) && usage != Use::Removes {
        return vec![(Read, because(""))];
    }
    let mut found: Vec<(Effect, &str)> = plain(usage).iter().map(|effect| (*effect, "")).collect();
    for place in places {
        found.extend(by_place(usage, &place.joined(path)));
    }
    found.extend(by_expansion(usage, path));
    found.sort();
    found.dedup();
    found.into_iter().map(|(effect, why)| (effect, because(why))).collect()
}

fn plain(usage: Use) -> &'static [Effect] {
    match usage {
        Use::Looks | Use::Reads => &[Read],
        Use::Creates | Use::Extends => &[Write],
        Use::Replaces => &[Write, DataDestroy],
        Use::Removes => &[DataDestroy],
    }
}

fn by_place(usage: Use, path: &str) -> Vec<(Effect, &'static str)> {
    let names = resolved(path);
    let absolute = without_alias(format!("/{}", names.join("/")));
    let rooted = path.starts_with('/');
    let device =
        rooted && (absolute == "/dev" || may_lie_in(&absolute, "/dev") && !lies_in(&absolute, "/dev/shm"));
    match usage {
        Use::Looks => return vec![],
        Use::Reads if device && !is_readable_device(&absolute) => {
            return vec![(Unknown, "which is a device")];
        }
        Use::Reads => return secrets::in_file(&absolute, &names),
        _ => {}
    }
    let mut found = by_name(&names);
    if device {
        found.extend(by_device(usage, &absolute));
    }
    if rooted {
        found.extend(by_area(usage, &absolute, names.len()));
    }
    if path.starts_with('?') || path.split('/').any(|name| name == "..") {
        found.push((Unknown, "which may lie anywhere"));
    }
    if usage != Use::Removes && names.iter().any(|name| name.starts_with('-')) {
        found.push((Unknown, "which looks like an option to later commands"));
    }
    if usage == Use::Extends && !(rooted && is_temporary(&absolute)) {
        found.push((Unknown, "which others may read or run"));
    }
    found
}

/// A part that only the shell will know may lead anywhere; a pattern may name what nobody sees here.
fn by_expansion(usage: Use, path: &str) -> Option<(Effect, &'static str)> {
    match usage {
        Use::Looks => None,
        Use::Reads => is_wide(path).then_some((DataExport, "which may hold a secret")),
        Use::Removes => is_wide(path).then_some((Unknown, "which may lie anywhere")),
        Use::Creates | Use::Extends | Use::Replaces => {
            (!is_certain(path)).then_some((Unknown, "which is not named here"))
        }
    }
}

fn by_device(usage: Use, absolute: &str) -> Option<(Effect, &'static str)> {
    match usage {
        Use::Removes => Some((DiskDestroy, "which is a device")),
        _ if is_nothing(absolute) => None,
        _ if is_readable_device(absolute) => Some((Unknown, "which opens what is behind it anew")),
        _ => Some((DiskDestroy, "which is a device")),
    }
}

fn by_area(usage: Use, absolute: &str, depth: usize) -> Vec<(Effect, &'static str)> {
    let whole = usage == Use::Removes;
    let areas =
        AREAS.iter().filter(|(area, ..)| may_lie_in(absolute, area) || whole && may_hold(absolute, area));
    let mut found: Vec<_> = areas.map(|(_, effect, why)| (*effect, *why)).collect();
    let shared = SHARED.contains(&absolute);
    if !shared && AREAS.iter().any(|(area, ..)| may_hold(absolute, area)) {
        found.push((Unknown, "which holds what matters"));
    }
    if found.is_empty() && may_lie_in(absolute, "/var") && !is_temporary(absolute) {
        found.push((Unknown, "where services keep their state"));
    }
    if depth == 1 && !shared {
        found.push((Unknown, "which lies beside what the machine starts from"));
    }
    found
}

fn by_name(names: &[&str]) -> Vec<(Effect, &'static str)> {
    let may_be_known =
        |known: &[&str]| names.iter().any(|name| known.iter().any(|known| is_like(name, known)));
    let known = NAMES.iter().filter(|(known, ..)| may_be_known(known));
    let mut found: Vec<_> = known.map(|(_, effect, why)| (*effect, *why)).collect();
    if found.is_empty() && names.iter().any(|name| name.starts_with('.')) {
        found.push((Unknown, "which is hidden"));
    }
    found
}

/// Whether a name is this one, or a pattern that begins as it does and may be it. A pattern that only ends so says too
/// little: what it names is judged by the directory.
fn is_like(name: &str, known: &str) -> bool {
    name == known || !name.starts_with(|c| mark(c).is_some()) && may_be(name, known)
}

/// The names of a path without `.` and empty ones; `..` takes back one, as it does when no link is in the way.
fn resolved(path: &str) -> Vec<&str> {
    let mut names = vec![];
    for name in path.split('/') {
        match name {
            "" | "." | "~" | "?" => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names
}

fn lies_in(path: &str, area: &str) -> bool {
    match area.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path.strip_prefix(area).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}

fn holds(path: &str, area: &str) -> bool {
    path == "/" || area.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

/// As `lies_in`, for a path with patterns.
fn may_lie_in(path: &str, area: &str) -> bool {
    lies_in(path, area) || !is_certain(path) && left_over(path, area).iter().any(|(_, area)| *area == 0)
}

/// As `holds`, for a path with patterns.
fn may_hold(path: &str, area: &str) -> bool {
    holds(path, area) || !is_certain(path) && left_over(path, area).iter().any(|(path, _)| *path == 0)
}

/// For each name of an area whose beginning the path may be: how many names of the path and of the area are left.
fn left_over(path: &str, area: &str) -> Vec<(usize, usize)> {
    let aliases =
        ALIASES.iter().filter_map(|(alias, name)| Some(format!("{alias}{}", area.strip_prefix(name)?)));
    let names = std::iter::once(area.to_owned()).chain(aliases);
    names.filter_map(|area| after_common(path, &area)).collect()
}

fn after_common(path: &str, area: &str) -> Option<(usize, usize)> {
    let mut path = path.split('/').filter(|name| !name.is_empty()).peekable();
    let mut area = area.split('/').filter(|name| !name.is_empty()).peekable();
    while let (Some(name), Some(known)) = (path.peek(), area.peek()) {
        let fits =
            known.strip_suffix('*').map_or_else(|| may_be(name, known), |start| may_begin(name, start));
        if !fits {
            return None;
        }
        path.next();
        area.next();
    }
    Some((path.count(), area.count()))
}

fn without_alias(absolute: String) -> String {
    let alias = ALIASES.iter().find(|(alias, _)| lies_in(&absolute, alias));
    match alias.and_then(|(alias, name)| Some((absolute.strip_prefix(alias)?, name))) {
        Some((rest, name)) => format!("{name}{rest}"),
        None => absolute,
    }
}

fn is_temporary(absolute: &str) -> bool {
    TEMPORARY.iter().any(|place| lies_in(absolute, place) && absolute != *place)
}

/// What takes anything and keeps nothing.
fn is_nothing(path: &str) -> bool {
    path == "/dev/null"
}

fn is_readable_device(path: &str) -> bool {
    path.strip_prefix("/dev/").is_some_and(|name| {
        let stream = name.strip_prefix("fd/").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        stream || READABLE_DEVICES.contains(&name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn of(usage: Use, path: &str, places: &[&str]) -> BTreeSet<Effect> {
        let places: Vec<Place> = places.iter().map(|p| Place::at(p)).collect();
        effects("x", usage, path, &places).into_iter().map(|(effect, _)| effect).collect()
    }

    #[test]
    fn a_name_of_the_users_own_is_only_written() {
        for path in ["notes", "a/b/c.txt", "./notes", "/srv/data/x", "/tmp/x", "/dev/shm/x"] {
            assert_eq!(of(Use::Creates, path, &["~"]), [Write].into(), "{path}");
        }
    }

    #[test]
    fn appending_is_only_writing_where_files_are_temporary() {
        for path in ["/tmp/x", "/var/tmp/a/b", "/dev/shm/x"] {
            assert_eq!(of(Use::Extends, path, &["~"]), [Write].into(), "{path}");
        }
        for path in ["x", "/srv/data/x", "/tmp", "/tmp/../x", "/tmpx", "/tmp/../srv/x"] {
            assert!(of(Use::Extends, path, &["~"]).contains(&Unknown), "{path}");
        }
        assert!(of(Use::Extends, "x", &["~", "/tmp"]).contains(&Unknown));
    }

    #[test]
    fn other_names_of_a_place_do_not_hide_it() {
        for path in ["/var/run/systemd/system/x", "/run/systemd/system/x", "/var//run/./systemd/x"] {
            assert!(of(Use::Creates, path, &["~"]).contains(&ShellEscape), "{path}");
        }
        for path in ["/run/nologin", "/var/run/nologin", "/var/lock/x"] {
            assert!(of(Use::Creates, path, &["~"]).is_superset(&[ServiceStop, Unknown].into()), "{path}");
        }
        for path in ["/forcefsck", "/vmlinuz", "/opt/app/run.sh", "/var/lib/dpkg/info/x.postinst"] {
            assert!(of(Use::Creates, path, &["~"]).contains(&Unknown), "{path}");
        }
        assert!(of(Use::Creates, "nologin", &["~", "/var/run"]).contains(&ServiceStop));
    }

    #[test]
    fn detours_do_not_hide_a_place() {
        for path in [
            "/dev/sda",
            "//dev//sda",
            "/dev/./sda",
            "/tmp/../dev/sda",
            "/dev/mapper/vg-lv",
            "/dev/shm/../sda",
        ] {
            assert!(of(Use::Extends, path, &["~"]).contains(&DiskDestroy), "{path}");
        }
        assert!(of(Use::Extends, "sda", &["~", "/dev"]).contains(&DiskDestroy));
        assert!(of(Use::Extends, "../log/auth", &["/var/lib"]).contains(&AuditTamper));
        assert!(of(Use::Extends, "../../var/log/x", &["~"]).contains(&Unknown));
        assert!(of(Use::Extends, "x", &["?"]).contains(&Unknown));
    }

    #[test]
    fn removing_a_directory_removes_what_it_holds() {
        for path in ["/", "/var", "/var/", "/var/log", "/var/log/audit"] {
            assert!(of(Use::Removes, path, &["~"]).contains(&AuditTamper), "{path}");
        }
        assert!(!of(Use::Removes, "/var/lib", &["~"]).contains(&AuditTamper));
        assert!(!of(Use::Removes, "/variety", &["~"]).contains(&AuditTamper));
    }

    #[test]
    fn only_the_empty_device_takes_anything() {
        assert_eq!(of(Use::Replaces, "/dev/null", &["~", "/x"]), [Read].into());
        assert!(of(Use::Replaces, "null", &["~", "/dev"]).contains(&DataDestroy));
        assert!(of(Use::Removes, "/dev/null", &["~"]).contains(&DiskDestroy));
        assert!(of(Use::Reads, "/dev/watchdog", &["~"]).contains(&Unknown));
    }

    #[test]
    fn writing_to_a_stream_by_its_name_opens_the_file_behind_it() {
        for path in ["/dev/stdin", "/dev/stdout", "/dev/fd/7", "//dev/stderr", "/proc/self/fd/1"] {
            let found = of(Use::Replaces, path, &["~"]);
            assert!(found.is_superset(&[DataDestroy, Unknown].into()), "{path}: {found:?}");
            assert!(of(Use::Extends, path, &["~"]).contains(&Unknown), "{path}");
            assert_eq!(of(Use::Reads, path, &["~"]), [Read].into(), "{path}");
        }
    }
}
