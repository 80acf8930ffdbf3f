//! What a test changes of the shipped configuration and policies before its gateway starts.

use std::path::Path;

use crate::bastion::Bastion;

/// Changes of shipped files; every one of them must find what it replaces.
#[derive(Default)]
pub struct Plan {
    changes: Vec<(String, String, String)>,
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

    /// Starts a bastion with these changes.
    pub fn start(self) -> Bastion {
        Bastion::start_as(&self)
    }

    /// Tests run at any hour, with keys in files: the two rules that look at that are left out, and have cases instead.
    pub(crate) fn apply(&self, folder: &Path) {
        for rule in ["office-hours.cedar", "devices.cedar"] {
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
