//! Ports of the demo's servers. Its targets name them and nobody can change those alone, so a later start uses them again.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::time::sleep;

/// The port of an earlier run, else a free one.
pub async fn port(earlier: Option<u16>) -> Result<u16> {
    let Some(port) = earlier else { return free_port(0).context("no port is free") };
    for _ in 0..200 {
        // The server of a demo that was killed takes a moment to leave it.
        if free_port(port).is_ok() {
            return Ok(port);
        }
        sleep(Duration::from_millis(25)).await;
    }
    bail!("port {port}, where this demo's targets are, is taken by another program; choose another --data")
}

fn free_port(port: u16) -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.local_addr()?.port())
}
