//! How commands on somebody's own machine reach the gateway: with their ssh, as they would themselves.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

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
    /// The key that you come in with
    #[arg(long, short)]
    pub identity: Option<PathBuf>,
}

/// Where the gateway is, for commands that also do without one.
#[derive(Clone, Debug, Args)]
pub struct PerhapsGateway {
    /// Ask this gateway instead, as ssh takes it: NAME@HOST
    #[arg(long = "gateway", value_name = "NAME@HOST")]
    address: Option<String>,
    /// Port of the gateway
    #[arg(long, short, requires = "address")]
    port: Option<u16>,
    /// An ssh_config file
    #[arg(long, short = 'F', requires = "address")]
    ssh_config: Option<PathBuf>,
    /// The key that you come in with
    #[arg(long, short, requires = "address")]
    identity: Option<PathBuf>,
}

impl PerhapsGateway {
    /// The gateway, if one is named.
    pub fn named(&self) -> Option<Gateway> {
        let Self { address, port, ssh_config, identity } = self.clone();
        Some(Gateway { address: address?, port, ssh_config, identity })
    }
}

impl Gateway {
    /// What the desk prints for that command and input.
    pub fn ask(&self, command: &str, input: &[u8]) -> Result<String> {
        let mut ssh = self.ssh();
        ssh.args(["--", &self.address, command]);
        let told = run(ssh, input).context("the gateway refused")?;
        String::from_utf8(told).context("the gateway's answer is not text")
    }

    /// Has the desk carry a command out on this process's own input and output; its status becomes ours.
    pub fn hand_over(&self, command: &str, terminal: bool) -> Result<ExitCode> {
        let mut ssh = self.ssh();
        ssh.arg(if terminal { "-t" } else { "-T" }).args(["--", &self.address, command]);
        let status = ssh.status().context("ssh cannot be started; is OpenSSH installed?")?;
        Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)))
    }

    fn ssh(&self) -> Command {
        let mut ssh = Command::new("ssh");
        if let Some(file) = &self.ssh_config {
            ssh.arg("-F").arg(file);
        }
        if let Some(key) = &self.identity {
            ssh.arg("-i").arg(key);
        }
        if let Some(port) = self.port {
            ssh.args(["-p", &port.to_string()]);
        }
        ssh
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
