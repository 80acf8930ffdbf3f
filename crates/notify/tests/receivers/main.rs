//! Deliveries to real receivers on this machine: web servers and mail servers that answer, hang, refuse and come back.

#![expect(clippy::unwrap_used, reason = "clippy knows tests, but not the functions that tests share")]

mod authority;
mod courier;
mod hooks;
mod letters;
mod mail_server;
mod memory;
mod web_server;
