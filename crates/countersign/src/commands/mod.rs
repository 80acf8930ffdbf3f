//! The commands, one file each.

pub mod admin;
mod admin_lists;
mod admin_tls;
mod admin_values;
pub mod ceremony;
pub mod decide;
pub mod desk;
pub mod doors;
pub mod evidence;
pub mod gateway;
pub mod init;
pub mod ledger;
pub mod legible;
pub mod login;
pub mod notify;
pub mod pages;
pub mod policy;
pub mod replay;
pub mod serve;
pub mod sessions;
pub mod ssh_config;
pub mod totp;
