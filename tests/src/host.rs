//! The production host: a private OpenSSH server on loopback. It would allow everything, so that whatever is refused
//! was refused by the gateway.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::people::keygen;
use crate::running::eventually;

/// A running server.
pub struct Host {
    folder: PathBuf,
    port: u16,
    server: Child,
}

impl Host {
    /// Starts one in a folder of its own.
    pub fn start(folder: &Path) -> Self {
        std::fs::create_dir_all(folder.join("home/production-data")).expect("the folder can be made");
        std::fs::write(folder.join("home/production-data/customers.csv"), "id,name\n1,Ana\n")
            .expect("a file");
        keygen(&folder.join("host_key"), "ed25519");
        let port = free_port();
        std::fs::write(folder.join("sshd_config"), config(folder, port)).expect("a file");
        write_login(folder);
        let host = Self { folder: folder.to_owned(), port, server: spawn(folder) };
        eventually("sshd", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
        host
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its public host key file.
    pub fn public_key(&self) -> PathBuf {
        self.folder.join("host_key.pub")
    }

    /// The login directory there.
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Lets the holder of one more key in.
    pub fn authorize(&self, public_key: &str) {
        let file = self.folder.join("authorized_keys");
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(file, format!("{known}{}\n", public_key.trim())).expect("a file");
    }

    /// Starts again with a new host key, as after a reinstallation (or a machine in the middle).
    pub fn reinstall(&mut self) {
        self.stop();
        for name in ["host_key", "host_key.pub"] {
            std::fs::remove_file(self.folder.join(name)).expect("the old key can go");
        }
        keygen(&self.folder.join("host_key"), "ed25519");
        self.server = spawn(&self.folder);
        eventually("sshd", || TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok());
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("sshd.log")).unwrap_or_default()
    }

    /// Ids of the processes that people's sessions started there.
    pub fn processes(&self) -> Vec<u32> {
        let mark = format!("HOME={}", self.home().display());
        let ids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|id: &u32| {
                let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
                environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
            })
            .collect()
    }

    fn stop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
        for id in self.processes() {
            let _ = Command::new("kill").args(["-KILL", &id.to_string()]).stderr(Stdio::null()).status();
        }
    }
}

fn config(folder: &Path, port: u16) -> String {
    let dir = folder.display();
    format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {dir}/host_key\nPidFile none\n\
         AuthorizedKeysFile {dir}/authorized_keys\nAuthenticationMethods publickey\nUsePAM no\nStrictModes no\n\
         PermitRootLogin yes\nMaxStartups 500\nMaxSessions 100\nAcceptEnv *\nPrintMotd no\nPermitTunnel yes\n\
         GatewayPorts yes\nX11Forwarding yes\nSubsystem sftp /usr/lib/openssh/sftp-server\n\
         ForceCommand {dir}/login\n"
    )
}

/// The login directory is the host's own, not the home of whoever runs the tests.
fn write_login(folder: &Path) {
    let home = folder.join("home").display().to_string();
    let script = format!(
        "#!/bin/sh\ncd '{home}' || exit 1\nHOME='{home}'\nexport HOME\n\
         if [ -n \"${{SSH_ORIGINAL_COMMAND+given}}\" ]; then exec /bin/bash -c \"$SSH_ORIGINAL_COMMAND\"; fi\n\
         exec /bin/bash -l\n"
    );
    let login = folder.join("login");
    std::fs::write(&login, script).expect("a file");
    std::fs::set_permissions(login, std::fs::Permissions::from_mode(0o755)).expect("its mode");
}

fn spawn(folder: &Path) -> Child {
    // Where sshd started by root drops its privileges; as another user it is not needed.
    let _ = std::fs::create_dir_all("/run/sshd");
    let log = std::fs::File::create(folder.join("sshd.log")).expect("a file");
    Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-f"])
        .arg(folder.join("sshd_config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("/usr/sbin/sshd starts; Debian's package is openssh-server")
}

/// A port on 127.0.0.1 that nobody listens on, below those that the kernel gives to connections: none of them takes it
/// between here and the server that it is for.
pub fn free_port() -> u16 {
    const PORTS: std::ops::Range<u16> = 10_000..32_000;
    let somewhere = RandomState::new().hash_one(std::process::id());
    let first = PORTS.start + (somewhere % PORTS.len() as u64) as u16;
    (first..PORTS.end)
        .chain(PORTS.start..first)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("loopback has free ports")
}
