//! Environment variables that cannot change which program runs, what it connects to, or what it loads.

/// Longest value that is passed on, in bytes.
const LONGEST: usize = 4096;

/// Names of which only the beginning or the end need to be known to refuse them, whatever a configuration says: they
/// change which program runs, what it loads, what it connects to, or how a shell reads a line.
const NEVER_BEGINS: [&str; 64] = [
    "_",
    "ANSIBLE_",
    "APT_",
    "AWS_",
    "AZURE_",
    "BASH",
    "BUNDLE_",
    "CARGO",
    "CATALINA_",
    "CLOUDSDK_",
    "COMP_",
    "CURL_",
    "DBUS_",
    "DOCKER_",
    "DPKG_",
    "DYLD_",
    "GCONV_",
    "GEM_",
    "GETCONF_",
    "GIT_",
    "GLIBC_",
    "GO",
    "GOOGLE_",
    "GREP_",
    "HIST",
    "JAVA_",
    "JDK_",
    "KDE",
    "KRB5",
    "KSH",
    "KUBE",
    "LD_",
    "LESS",
    "MAKE",
    "MALLOC_",
    "MAN",
    "MARIADB_",
    "MYSQL",
    "NODE_",
    "NPM_",
    "OPENSSL_",
    "PERL",
    "PG",
    "PIP_",
    "PODMAN_",
    "PS",
    "PYTHON",
    "REDIS",
    "RES_",
    "RSYNC_",
    "RUBY",
    "RUST",
    "SCREEN",
    "SSH",
    "SSL_",
    "SUDO_",
    "SYSTEMD_",
    "TERMINFO",
    "TF_",
    "TMUX",
    "VAULT_",
    "XDG_",
    "ZSH",
    "npm_",
];

const NEVER_ENDS: [&str; 14] = [
    "PATH", "PAGER", "EDITOR", "_PROXY", "_proxy", "_OPTIONS", "_OPTS", "OPTS", "_PRELOAD", "_COMMAND",
    "_LIB", "_HOME", "RC", "SHELL",
];

const NEVER: [&str; 57] = [
    "ARGV0",
    "BLOCKSIZE",
    "BROWSER",
    "CC",
    "CDPATH",
    "CONFIG_SHELL",
    "CXX",
    "DISPLAY",
    "DEBUGINFOD_URLS",
    "EMACS",
    "ENV",
    "EXECIGNORE",
    "FCEDIT",
    "FIGNORE",
    "FPATH",
    "FUNCNEST",
    "GLOBIGNORE",
    "GZIP",
    "HOME",
    "HOSTALIASES",
    "HOSTFILE",
    "IFS",
    "IGNOREEOF",
    "INFORMIXDIR",
    "INPUTRC",
    "LOCALDOMAIN",
    "LOGNAME",
    "MAIL",
    "MAILCHECK",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "OPTION",
    "POSIXLY_CORRECT",
    "PROMPT",
    "PROMPT_COMMAND",
    "PWD",
    "READNULLCMD",
    "NULLCMD",
    "REPLY",
    "RPROMPT",
    "SHELLOPTS",
    "SHLVL",
    "STY",
    "TAPE",
    "TEMP",
    "TERMCAP",
    "TMOUT",
    "TMP",
    "TMPDIR",
    "TMPPREFIX",
    "UNZIP",
    "USER",
    "VISUAL",
    "ZDOTDIR",
    "ZIPOPT",
];

/// Whether `NAME=value` changes only how output looks (language, time zone, terminal, colours).
///
/// ```
/// use policy::environment::is_harmless;
///
/// assert!(is_harmless("LC_ALL", "C.UTF-8") && is_harmless("TZ", "Asia/Shanghai"));
/// assert!(!is_harmless("LD_PRELOAD", "x.so") && !is_harmless("LANG", "../mine"));
/// ```
pub fn is_harmless(name: &str, value: &str) -> bool {
    match name {
        "LANG" | "LC_ALL" => is_locale(value),
        "LANGUAGE" => value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.@:-".contains(&b)),
        "TZ" => is_time_zone(value),
        "TERM" | "COLORTERM" => is_plain(value),
        "COLUMNS" | "LINES" => value.len() <= 5 && value.bytes().all(|b| b.is_ascii_digit()),
        "NO_COLOR" | "CLICOLOR" | "CLICOLOR_FORCE" | "FORCE_COLOR" => is_plain(value),
        // Any other value is the name of a Perl module.
        "DEBIAN_FRONTEND" => value == "noninteractive",
        _ => is_locale_category(name) && is_locale(value),
    }
}

/// As [`is_harmless`], and names that `patterns` allow: whole names, or `APP_*`, at least three characters before the
/// star. No pattern reaches the names that could change what runs (`PATH`, `LD_*`, `GIT_*`, `PG*` and many more).
///
/// ```
/// use policy::environment::is_permitted;
///
/// let patterns = ["APP_*".to_owned(), "LD_*".to_owned()];
/// assert!(is_permitted("APP_MODE", "blue", &patterns));
/// assert!(!is_permitted("LD_PRELOAD", "x.so", &patterns));
/// ```
pub fn is_permitted(name: &str, value: &str, patterns: &[String]) -> bool {
    let listed = patterns.iter().any(|pattern| is_listed(name, pattern));
    is_harmless(name, value) || listed && is_name(name) && !is_never(name) && is_inert(value)
}

/// Whether a name may never be set, whatever a configuration says.
pub(crate) fn is_never(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    NEVER.contains(&upper.as_str())
        || NEVER_BEGINS.iter().any(|start| name.starts_with(start) || upper.starts_with(start))
        || NEVER_ENDS.iter().any(|end| name.ends_with(end) || upper.ends_with(end))
}

/// A shell's name: letters, digits and `_`, no digit first.
pub(crate) fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_listed(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => start.len() >= 3 && name.starts_with(start),
        None => name == pattern,
    }
}

/// Text on one line that no old shell takes for a function.
fn is_inert(value: &str) -> bool {
    value.len() <= LONGEST && !value.starts_with("()") && !value.chars().any(char::is_control)
}

fn is_locale_category(name: &str) -> bool {
    name.strip_prefix("LC_")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
}

/// `C`, `POSIX` or a locale in UTF-8: in other encodings the second byte of a letter may be one that shells act on. A
/// slash would name a file of the user's own.
fn is_locale(value: &str) -> bool {
    let (name, rest) = value.split_once('.').unwrap_or((value, ""));
    let encoding = rest.split('@').next().unwrap_or_default();
    let unicode = ["UTF-8", "utf8", "utf-8", "UTF8"].contains(&encoding);
    is_plain(value) && (unicode || value.is_empty() || ["C", "POSIX"].contains(&name) && rest.is_empty())
}

/// The name of a zone below the system's own directory, or `UTC-8`.
fn is_time_zone(value: &str) -> bool {
    let letters = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-/,.".contains(&b));
    letters && !value.starts_with('/') && !value.contains("..")
}

fn is_plain(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.@+".contains(&b)) && !value.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_looks_are_harmless() {
        for (name, value) in [
            ("LANG", "zh_CN.UTF-8"),
            ("LANG", "C"),
            ("LC_ALL", "C.UTF-8"),
            ("LC_TIME", "de_DE.utf8@euro"),
            ("LANGUAGE", "zh_CN:en"),
            ("TZ", "Asia/Shanghai"),
            ("TZ", "UTC"),
            ("TERM", "xterm-256color"),
            ("COLUMNS", "200"),
            ("NO_COLOR", "1"),
            ("DEBIAN_FRONTEND", "noninteractive"),
        ] {
            assert!(is_harmless(name, value), "{name}={value}");
        }
    }

    #[test]
    fn values_that_name_files_or_other_encodings_are_not() {
        for (name, value) in [
            ("LANG", "../x"),
            ("LANG", "zh_TW.BIG5"),
            ("LC_ALL", "ja_JP.SJIS"),
            ("LC_ALL", "zh_HK"),
            ("TZ", "/tmp/x"),
            ("TZ", ":/tmp/x"),
            ("TZ", "a/../../tmp/x"),
            ("TERM", "../x"),
            ("COLUMNS", "a[$(id)]"),
            ("LC_a", "C"),
            ("LC_", "C"),
            ("DEBIAN_FRONTEND", "Mine"),
            ("X", "1"),
        ] {
            assert!(!is_harmless(name, value), "{name}={value}");
        }
    }

    #[test]
    fn no_pattern_reaches_a_name_that_changes_what_runs() {
        let everything =
            ["*", "A*", "LD_*", "PATH", "GIT_*", "PGHOST", "PGO*", "BASH_*", "PS4*", "PYT*", "KUBE*"];
        let patterns = everything.map(str::to_owned);
        for name in [
            "PATH",
            "LD_PRELOAD",
            "GIT_SSH_COMMAND",
            "PGHOST",
            "PGOPTIONS",
            "BASH_ENV",
            "ENV",
            "PS4",
            "PYTHONPATH",
            "KUBECONFIG",
            "PAGER",
            "EDITOR",
            "IFS",
            "LESSOPEN",
            "MANPAGER",
            "SYSTEMD_PAGER",
            "PERL5LIB",
            "AB",
            "",
        ] {
            assert!(!is_permitted(name, "x", &patterns), "{name}");
        }
        for name in ["http_proxy", "path", "JAVA_TOOL_OPTIONS", "MYSQL_HOME", "X_COMMAND", "_X", "prompt"] {
            assert!(!is_permitted(name, "x", &[name.to_owned()]), "{name}");
        }
    }

    #[test]
    fn patterns_permit_names_of_the_operator() {
        let patterns = ["APP_*".to_owned(), "REGION".to_owned()];
        assert!(is_permitted("APP_MODE", "blue green", &patterns) && is_permitted("REGION", "eu", &patterns));
        for (name, value) in [
            ("REGIONS", "eu"),
            ("APP_X", "a\nb"),
            ("APP_X", "() { :; }; id"),
            ("APP_-", "x"),
            ("APP_X=1;", "x"),
        ] {
            assert!(!is_permitted(name, value, &patterns), "{name}={value}");
        }
    }
}
