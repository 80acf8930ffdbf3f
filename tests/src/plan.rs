//! What a test changes of the shipped configuration and policies before its gateway starts.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::bastion::Bastion;
use crate::running::run;

/// Changes of shipped files; every one of them must find what it replaces.
#[derive(Default)]
pub struct Plan {
    changes: Vec<(String, String, String)>,
    added: Vec<(String, String)>,
    kept: Vec<&'static str>,
    asks_consent: bool,
}

impl Plan {
    /// The files as shipped.
    pub fn shipped() -> Self {
        Self::default()
    }

    /// Replaces text in `countersign.toml`.
    pub fn config(self, from: &str, to: &str) -> Self {
        self.file("countersign.toml", from, to)
    }

    /// Everybody has to accept the notice about recording, as shipped; other bastions ask nobody.
    pub fn asking_consent(mut self) -> Self {
        self.asks_consent = true;
        self
    }

    /// Held requests lapse after so many seconds.
    pub fn expires_seconds(self, seconds: u64) -> Self {
        self.file("policies/quorums.toml", "expires_seconds = 1800", &format!("expires_seconds = {seconds}"))
    }

    /// Replaces text in any file of the node's folder.
    pub fn file(mut self, file: &str, from: &str, to: &str) -> Self {
        self.changes.push((file.to_owned(), from.to_owned(), to.to_owned()));
        self
    }

    /// Adds a file to the node's folder.
    pub fn adding(mut self, file: &str, text: &str) -> Self {
        self.added.push((file.to_owned(), text.to_owned()));
        self
    }

    /// Leaves a rule in that other bastions do without: `devices.cedar` or `office-hours.cedar`.
    pub fn keeping(mut self, rule: &'static str) -> Self {
        self.kept.push(rule);
        self
    }

    /// It is three in the morning where the gateway is, and the rule about office hours is in force.
    pub fn at_night(self) -> Self {
        let zone = format!("time_zone = \"{}\"", zone_at_three());
        self.keeping("office-hours.cedar").config("time_zone = \"UTC\"", &zone)
    }

    /// Starts a bastion with these changes.
    pub fn start(self) -> Bastion {
        Bastion::start_as(&self)
    }

    /// Tests run at any hour, with keys in files: the two rules that look at that are left out, and have cases instead.
    pub(crate) fn apply(&self, folder: &Path) {
        for (file, text) in &self.added {
            let path = folder.join(file);
            std::fs::write(&path, text).expect("the file can be written");
            // Some hold secrets, and the gateway refuses those that others can read.
            std::fs::set_permissions(path, Permissions::from_mode(0o600)).expect("its mode");
        }
        for rule in ["office-hours.cedar", "devices.cedar"].iter().filter(|rule| !self.kept.contains(rule)) {
            std::fs::remove_file(folder.join("policies").join(rule)).expect("init has made the file");
        }
        let silent =
            ("countersign.toml".to_owned(), "required = true".to_owned(), "required = false".to_owned());
        let silent = Some(&silent).filter(|_| !self.asks_consent);
        for (file, from, to) in silent.into_iter().chain(&self.changes) {
            let path = folder.join(file);
            let text = std::fs::read_to_string(&path).expect("init has made the file");
            assert!(text.contains(from.as_str()), "{file} does not contain {from:?}");
            std::fs::write(&path, text.replace(from.as_str(), to)).expect("the file can be written");
        }
    }
}

/// A zone in which it is between three and four o'clock. In these names a minus is east of Greenwich.
fn zone_at_three() -> String {
    let hour = run(Command::new("date").args(["-u", "+%H"])).ok();
    let east = 3 - hour.trim().parse::<i32>().expect("an hour");
    let east = if east < -12 { east + 24 } else { east };
    format!("Etc/GMT{:+}", -east)
}
