//! A certificate authority of the tests' own, made with `openssl`.

use std::path::Path;
use std::process::Command;

/// Writes into `folder` the certificate of a new authority, `ca.crt`, and what it signed for 127.0.0.1: `server.crt` and
/// `server.key`.
///
/// # Panics
///
/// When `openssl` is not installed, or fails.
pub fn certify(folder: &Path) {
    let authority = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout ca.key -out ca.crt \
                     -subj /CN=ca -addext basicConstraints=critical,CA:TRUE";
    let server = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout server.key \
                  -out server.crt -subj /CN=server -addext subjectAltName=IP:127.0.0.1 \
                  -addext basicConstraints=critical,CA:FALSE -CA ca.crt -CAkey ca.key";
    for line in [authority, server] {
        let made = Command::new("openssl").args(line.split_whitespace()).current_dir(folder).output();
        let made = made.expect("openssl is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}
