//! The doors: an SSH server leg, a target leg and the relay between them, all on the one road of `access`.

mod relay;
