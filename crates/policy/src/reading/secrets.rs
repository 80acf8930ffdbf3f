//! Files that are more than data when they are read: secrets leave the machine, and some are read only once.

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

/// What the kernel gives only once, or gives from memory.
const KERNEL_FILES: [&str; 5] = ["kmsg", "kcore", "kpagecontent", "mem", "trace_pipe"];

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

fn is_secret(absolute: &str, names: &[&str]) -> bool {
    let name = names.last().copied().unwrap_or_default();
    let key = name.starts_with("id_") || name.starts_with("ssh_host_") || name.ends_with(".key");
    let folder = absolute == "/etc/ssl/private" || absolute.starts_with("/etc/ssl/private/");
    folder || SECRET_NAMES.contains(&name) || key && !name.ends_with(".pub")
}

/// Through `root` and `cwd` of a process every file has another name.
fn is_of_the_kernel(names: &[&str]) -> bool {
    let (Some(first), rest) = (names.first(), names.get(1..).unwrap_or_default()) else { return false };
    ["proc", "sys"].contains(first)
        && rest.iter().any(|name| KERNEL_FILES.contains(name) || ["root", "cwd", "map_files"].contains(name))
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
