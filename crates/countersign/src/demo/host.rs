//! The production host of the demo: a private OpenSSH server on loopback, with a login directory of its own.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use access::identity::hostca;
use anyhow::{Context as _, Result, bail};
use ssh_key::LineEnding;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::port::port;
use crate::{secrets, surroundings};

const SSHD: &str = "/usr/sbin/sshd";
const SFTP_SERVER: &str = "/usr/lib/openssh/sftp-server";

/// What lies in `production-data`.
const FILES: [(&str, &str); 3] = [
    ("customers.csv", "id,name,city\n1,Ana,Lisboa\n2,Bo,上海\n3,Chidi,Lagos\n"),
    ("orders.csv", "id,customer,total\n1001,1,42.00\n1002,3,13.37\n1003,2,99.90\n"),
    ("backups/2026-11-22.dump", "a backup of yesterday\n"),
];

/// The running server; it ends with this value.
pub struct DemoHost {
    folder: PathBuf,
    port: u16,
    login: String,
    public_key: String,
    _server: Child,
}

impl DemoHost {
    /// Starts the server in `folder`, making what is not there yet.
    pub async fn start(folder: &Path) -> Result<Self> {
        if !Path::new(SSHD).exists() {
            bail!("{SSHD} is missing; install it with: apt-get install openssh-server");
        }
        furnish(folder)?;
        stop_leftover(folder);
        let port = port(earlier_port(folder)).await?;
        std::fs::write(folder.join("sshd_config"), server_config(folder, port))?;
        let server = spawn(folder)?;
        let public_key = std::fs::read_to_string(folder.join("host_key.pub"))?.trim().to_owned();
        let host =
            Self { folder: folder.to_owned(), port, login: login_name()?, public_key, _server: server };
        host.wait().await?;
        Ok(host)
    }

    /// The server's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The account on it: whoever runs the demo.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// Its host key.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// Lets the holder of a key in.
    pub fn authorize(&self, public_key: &str) -> Result<()> {
        Ok(std::fs::write(self.folder.join("authorized_keys"), format!("{public_key}\n"))?)
    }

    async fn wait(&self) -> Result<()> {
        for _ in 0..200 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(25)).await;
        }
        bail!("the demo's sshd does not answer; see {}", self.folder.join("sshd.log").display())
    }
}

fn furnish(folder: &Path) -> Result<()> {
    secrets::folder(&folder.join("home"))?;
    let key = folder.join("host_key");
    if key.exists() {
        return Ok(());
    }
    for (name, text) in FILES {
        let file = folder.join("home/production-data").join(name);
        secrets::folder(file.parent().unwrap_or(folder))?;
        std::fs::write(file, text)?;
    }
    let login = folder.join("login");
    std::fs::write(&login, login_script(&folder.join("home")))?;
    std::fs::set_permissions(&login, std::fs::Permissions::from_mode(0o700))?;
    let host_key = hostca::ed25519_key(&mut surroundings::fill, "demo host")?;
    std::fs::write(folder.join("host_key.pub"), host_key.public_key().to_openssh()? + "\n")?;
    secrets::write(&key, &host_key.to_openssh(LineEnding::LF)?)
}

fn server_config(folder: &Path, port: u16) -> String {
    let dir = folder.display();
    format!(
        "# The demo's production host.\n\
         ListenAddress 127.0.0.1:{port}\n\
         HostKey {dir}/host_key\n\
         PidFile {dir}/sshd.pid\n\
         AuthorizedKeysFile {dir}/authorized_keys\n\
         AuthenticationMethods publickey\n\
         UsePAM no\n\
         StrictModes no\n\
         PermitRootLogin prohibit-password\n\
         MaxStartups 200\n\
         AcceptEnv LANG LC_* COLORTERM NO_COLOR\n\
         PrintMotd no\n\
         Subsystem sftp {SFTP_SERVER}\n\
         ForceCommand {dir}/login\n"
    )
}

/// The host's login directory is its own folder, not the home of whoever runs the demo.
fn login_script(home: &Path) -> String {
    format!(
        "#!/bin/sh\n\
         cd '{0}' || exit 1\n\
         HOME='{0}'\n\
         export HOME\n\
         if [ -n \"${{SSH_ORIGINAL_COMMAND+given}}\" ]; then exec /bin/bash -c \"$SSH_ORIGINAL_COMMAND\"; fi\n\
         exec /bin/bash -l\n",
        home.display()
    )
}

fn spawn(folder: &Path) -> Result<Child> {
    if rustix::process::geteuid().is_root() {
        // Where sshd started by root drops its privileges; Debian's service makes it, the demo has no service.
        std::fs::create_dir_all("/run/sshd").context("cannot make /run/sshd, which sshd needs")?;
    }
    let log = std::fs::File::create(folder.join("sshd.log"))?;
    Command::new(SSHD)
        .args(["-D", "-e", "-f"])
        .arg(folder.join("sshd_config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .process_group(0)
        .spawn()
        .with_context(|| format!("{SSHD} cannot be started"))
}

/// A demo that was killed leaves its server behind; only the one that was started with this very folder is ended.
fn stop_leftover(folder: &Path) {
    let Ok(text) = std::fs::read_to_string(folder.join("sshd.pid")) else { return };
    let config = folder.join("sshd_config");
    let ours = std::fs::read(format!("/proc/{}/cmdline", text.trim()))
        .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*config.to_string_lossy()));
    let pid = text.trim().parse().ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid.filter(|_| ours) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

fn earlier_port(folder: &Path) -> Option<u16> {
    let config = std::fs::read_to_string(folder.join("sshd_config")).ok()?;
    config.lines().find_map(|line| line.strip_prefix("ListenAddress 127.0.0.1:"))?.parse().ok()
}

fn login_name() -> Result<String> {
    let done = std::process::Command::new("id").arg("-un").output().context("cannot run id")?;
    Ok(String::from_utf8(done.stdout)?.trim().to_owned())
}
