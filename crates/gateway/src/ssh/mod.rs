//! The SSH door: a server leg towards people, a target leg towards hosts, and channels that the road lets through.
//!
//! russh is at home in this folder and nowhere else. Its callbacks run inside the session loop, so they only push into
//! spools and hand work to tasks; whatever waits (policy, people, targets, windows) waits in those tasks.

mod algorithms;
mod channel;
mod client_outlet;
mod connection;
mod desk;
mod desk_replay;
mod desk_search;
mod desk_seat;
mod desk_watch;
mod door;
mod ending;
mod environment;
mod feed;
mod files;
mod files_far;
mod files_flight;
mod forward;
mod forward_held;
mod forward_notices;
mod forward_outlet;
mod forward_own;
mod forward_wanted;
mod held;
mod jump;
mod login;
mod login_consent;
mod login_dialogue;
mod login_newcomer;
mod managed;
mod managed_completion;
mod managed_line;
mod managed_own;
mod managed_query;
mod managed_reader;
mod menu;
mod menu_page;
mod openings;
mod options;
mod relaying;
mod remote_ide;
mod running;
mod server;
mod signal;
mod standing;
mod target;
mod target_far;
mod target_fleet;
mod target_outlet;

pub use options::{SpoolLimits, SshOptions};
pub use server::serve;
