//! How commands on somebody's own machine reach the gateway: with their ssh, as they would themselves.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

/// Where the gateway is.
#[derive(Clone, Debug, Args)]
pub struct Gateway {
    /// The gateway and your name there, as ssh takes it: NAME@HOST
    #[arg(long = "gateway", value_name = "NAME@HOST")]
    pub address: String,
    /// Port of the gateway
    #[arg(long, short)]
    pub port: Option<u16>,
    /// An ssh_config file
    #[arg(long, short = 'F')]
    pub ssh_config: Option<PathBuf>,
}

impl Gateway {
    /// What the desk prints for that command and input.
    pub fn ask(&self, command: &str, input: &[u8]) -> Result<String> {
        let mut ssh = Command::new("ssh");
        if let Some(file) = &self.ssh_config {
            ssh.arg("-F").arg(file);
        }
        if let Some(port) = self.port {
            ssh.args(["-p", &port.to_string()]);
        }
        ssh.args(["--", &self.address, command]);
        let told = run(ssh, input).context("the gateway refused")?;
        String::from_utf8(told).context("the gateway's answer is not text")
    }
}

/// Runs a command with that input; its standard error goes to ours.
pub fn run(mut command: Command, input: &[u8]) -> Result<Vec<u8>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} cannot be started; is OpenSSH installed?"))?;
    if let Some(mut pipe) = child.stdin.take() {
        // A command that ended without reading says why by its status.
        let _ = pipe.write_all(input);
    }
    let done = child.wait_with_output()?;
    ensure!(done.status.success(), "{name} ended with {}", done.status);
    Ok(done.stdout)
}
