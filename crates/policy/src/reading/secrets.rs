//! Files that are more than data when they are read: secrets leave the machine, and some are read only once.

use super::marks::{is_certain, mark, may_be, may_begin, may_end};
use crate::Effect::{self, DataExport, Unknown};

/// Names of files that hold secrets, wherever they lie.
const SECRET_NAMES: [&str; 11] = [
    "shadow",
    "shadow-",
    "gshadow",
    "gshadow-",
    "opasswd",
    "krb5.keytab",
    "master.passwd",
    ".pgpass",
    ".netrc",
    "environ",
    ".git-credentials",
];

/// Names of directories in which a pattern would find keys or passwords.
const SECRET_FOLDERS: [&str; 11] =
    ["etc", "root", ".ssh", "ssh", "ssl", "tls", "pki", "private", "keys", "secrets", "backups"];

/// What the kernel gives only once, or gives from memory.
const KERNEL_FILES: [&str; 5] = ["kmsg", "kcore", "kpagecontent", "mem", "trace_pipe"];

/// Names below a process that lead to the files of others.
const LEADING_AWAY: [&str; 3] = ["root", "cwd", "map_files"];

/// What reading a file does beyond reading.
pub(super) fn in_file(absolute: &str, names: &[&str]) -> Vec<(Effect, &'static str)> {
    let mut found = vec![];
    if is_secret(absolute, names) {
        found.push((DataExport, "which holds a secret"));
    }
    if is_of_the_kernel(names) {
        found.push((Unknown, "which is the running kernel"));
    }
    found
}

/// A pattern counts when it begins or ends as a secret's name does, and any that fits where secrets are kept.
fn is_secret(absolute: &str, names: &[&str]) -> bool {
    let name = names.last().copied().unwrap_or_default();
    let folder = absolute == "/etc/ssl/private" || absolute.starts_with("/etc/ssl/private/");
    folder
        || asks_for_secrets(name)
        || may_be_secret(name) && names.iter().rev().nth(1).is_some_and(|f| keeps_secrets(f))
}

fn asks_for_secrets(name: &str) -> bool {
    let end = name.trim_start_matches(|c| mark(c).is_some());
    let begins = name.len() == end.len();
    let ends = is_certain(end) && (end.ends_with(".key") || SECRET_NAMES.contains(&end));
    ends || begins && (SECRET_NAMES.iter().any(|secret| may_be(name, secret)) || may_begin_as_key(name))
}

fn may_be_secret(name: &str) -> bool {
    let key = may_begin_as_key(name) || may_end(name, ".key") && !name.ends_with(".pub");
    key || SECRET_NAMES.iter().any(|secret| may_be(name, secret))
}

fn may_begin_as_key(name: &str) -> bool {
    (may_begin(name, "id_") || may_begin(name, "ssh_host_")) && !name.ends_with(".pub")
}

fn keeps_secrets(folder: &str) -> bool {
    SECRET_FOLDERS.iter().any(|known| may_be(folder, known))
}

/// Through `root` and `cwd` of a process every file has another name.
fn is_of_the_kernel(names: &[&str]) -> bool {
    let [tree, folders @ .., last] = names else { return false };
    let leads_away = |(depth, name): (usize, &&str)| {
        let says_something = depth > 0 || !name.starts_with(|c| mark(c).is_some());
        says_something && LEADING_AWAY.iter().any(|known| may_be(name, known))
    };
    let file = KERNEL_FILES.iter().chain(&LEADING_AWAY).any(|known| may_be(last, known));
    may_be(tree, "proc") && (file || folders.iter().enumerate().any(leads_away))
        || may_be(tree, "sys") && (file || folders.iter().any(|name| LEADING_AWAY.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Vec<Effect> {
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        in_file(path, &names).into_iter().map(|(effect, _)| effect).collect()
    }

    #[test]
    fn secrets_leave_the_machine_when_they_are_read() {
        for path in [
            "/etc/shadow",
            "/x/.ssh/id_ed25519",
            "/a/tls.key",
            "/etc/ssl/private/x.pem",
            "/etc/ssh/ssh_host_rsa_key",
        ] {
            assert_eq!(of(path), [DataExport], "{path}");
        }
        for path in [
            "/etc/passwd",
            "/x/.ssh/id_ed25519.pub",
            "/etc/ssh/ssh_host_rsa_key.pub",
            "/etc/ssl/certs/a.pem",
            "/keys",
        ] {
            assert!(of(path).is_empty(), "{path}");
        }
    }

    #[test]
    fn what_the_kernel_gives_once_or_from_memory_is_not_only_read() {
        for path in [
            "/proc/kmsg",
            "/proc/kcore",
            "/proc/1/mem",
            "/proc/self/root/x",
            "/sys/kernel/debug/tracing/trace_pipe",
        ] {
            assert_eq!(of(path), [Unknown], "{path}");
        }
        assert!(
            ["/proc/meminfo", "/proc/cpuinfo", "/sys/class/net/eth0/mtu"]
                .iter()
                .all(|path| of(path).is_empty())
        );
    }
}
