//! Real `ssh-keygen` in a temporary folder, and builders for signatures that it would never make.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

pub const NAMESPACE: &str = "countersign";
pub const MESSAGE: &[u8] = b"approve request 42 of alice: rm -rf production-data\n";

/// A folder with keys made by `ssh-keygen`.
pub struct Keygen(TempDir);

impl Keygen {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes a key pair and returns the path of its private part.
    pub fn key(&self, name: &str, options: &[&str]) -> PathBuf {
        let path = self.path(name);
        self.run(
            Command::new("ssh-keygen")
                .args(["-q", "-N", "", "-C", "someone@somewhere"])
                .args(options)
                .arg("-f")
                .arg(&path),
        );
        path
    }

    pub fn public_line(&self, key: &Path) -> String {
        std::fs::read_to_string(key.with_extension("pub")).unwrap()
    }

    /// `ssh-keygen -Y sign` over a file.
    pub fn sign(&self, key: &Path, namespace: &str, options: &[&str], message: &[u8]) -> Vec<u8> {
        let file = self.path("message");
        let signature = self.path("message.sig");
        let _ = std::fs::remove_file(&signature);
        std::fs::write(&file, message).unwrap();
        let mut command = Command::new("ssh-keygen");
        self.run(command.args(["-Y", "sign", "-n", namespace]).args(options).arg("-f").arg(key).arg(&file));
        std::fs::read(signature).unwrap()
    }

    pub fn run(&self, command: &mut Command) -> String {
        let output = command.stdin(Stdio::null()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {errors}");
        String::from_utf8(output.stdout).unwrap_or_default()
    }
}

/// A length-prefixed string (RFC 4251 section 5).
pub fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// A non-negative number (RFC 4251 section 5).
pub fn mpint(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
    let number = &bytes[start..];
    let sign: &[u8] = if number.first().is_some_and(|b| *b >= 0x80) { &[0] } else { &[] };
    string(&[sign, number].concat())
}

/// The blob of an SSHSIG, field by field.
#[derive(Clone)]
pub struct Blob {
    pub magic: Vec<u8>,
    pub version: u32,
    pub key: Vec<u8>,
    pub namespace: Vec<u8>,
    pub reserved: Vec<u8>,
    pub hash: Vec<u8>,
    pub signature: Vec<u8>,
}

impl Blob {
    pub fn new(key: Vec<u8>) -> Self {
        Self {
            magic: b"SSHSIG".to_vec(),
            version: 1,
            key,
            namespace: NAMESPACE.into(),
            reserved: Vec::new(),
            hash: b"sha512".to_vec(),
            signature: Vec::new(),
        }
    }

    /// Takes apart what `ssh-keygen` made.
    pub fn read(armored: &[u8]) -> Self {
        let blob = unarmored(armored);
        let (magic, rest) = blob.split_at(6);
        let (version, mut rest) = rest.split_at(4);
        let mut next = || {
            let (length, after) = rest.split_at(4);
            let (field, after) = after.split_at(u32::from_be_bytes(length.try_into().unwrap()) as usize);
            rest = after;
            field.to_vec()
        };
        Self {
            magic: magic.to_vec(),
            version: u32::from_be_bytes(version.try_into().unwrap()),
            key: next(),
            namespace: next(),
            reserved: next(),
            hash: next(),
            signature: next(),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        [
            self.magic.clone(),
            self.version.to_be_bytes().to_vec(),
            string(&self.key),
            string(&self.namespace),
            string(&self.reserved),
            string(&self.hash),
            string(&self.signature),
        ]
        .concat()
    }

    /// The bytes that the key has to sign for `message`.
    pub fn to_be_signed(&self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self.hash.as_slice() {
            b"sha256" => &aws_lc_rs::digest::SHA256,
            _ => &aws_lc_rs::digest::SHA512,
        };
        let digest = aws_lc_rs::digest::digest(algorithm, message);
        let fields = [&self.namespace, &self.reserved, &self.hash, &digest.as_ref().to_vec()];
        [self.magic.clone(), fields.map(|field| string(field)).concat()].concat()
    }

    pub fn armored(&self) -> Vec<u8> {
        armored(&self.bytes())
    }
}

pub fn armored(blob: &[u8]) -> Vec<u8> {
    let base64 = STANDARD.encode(blob);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let body = lines.join("\n");
    format!("-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n").into_bytes()
}

pub fn unarmored(armored: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(armored).unwrap();
    let base64: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(base64).unwrap()
}
