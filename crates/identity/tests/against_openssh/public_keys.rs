//! Public keys made by real `ssh-keygen` are read with its fingerprint, and everything that is not a plain key is refused.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity::key::{Fingerprint, KeyError, signature_algorithms};
use identity::{EnrolledKey, PersonName, PublicKey};

use crate::openssh::{Keygen, mpint, string};

const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

fn line(algorithm: &str, fields: &[Vec<u8>]) -> String {
    let wire = [string(algorithm.as_bytes()), fields.concat()].concat();
    format!("{algorithm} {}", STANDARD.encode(wire))
}

fn rsa_line(exponent: &[u8], modulus: &[u8]) -> String {
    line("ssh-rsa", &[mpint(exponent), mpint(modulus)])
}

fn refusal(line: &str) -> KeyError {
    PublicKey::parse(line).unwrap_err()
}

#[test]
fn keys_are_read_with_the_fingerprint_that_ssh_keygen_prints() {
    let keygen = Keygen::new();
    for (name, options, algorithms) in [
        ("ed25519", &["-t", "ed25519"][..], &["ssh-ed25519"][..]),
        ("p256", &["-t", "ecdsa", "-b", "256"], &["ecdsa-sha2-nistp256"]),
        ("p384", &["-t", "ecdsa", "-b", "384"], &["ecdsa-sha2-nistp384"]),
        ("p521", &["-t", "ecdsa", "-b", "521"], &["ecdsa-sha2-nistp521"]),
        ("rsa", &["-t", "rsa", "-b", "2048"], &["rsa-sha2-512", "rsa-sha2-256"]),
    ] {
        let path = keygen.key(name, options);
        let printed = keygen.run(Command::new("ssh-keygen").arg("-lf").arg(&path));
        let line = keygen.public_line(&path);
        let key = PublicKey::parse(&line).unwrap();
        assert_eq!(Some(key.fingerprint().as_str()), printed.split(' ').nth(1));
        assert_eq!(key.comment(), "someone@somewhere");
        assert_eq!(key.to_line(), line.trim_end());
        assert_eq!(key.signature_algorithms(), algorithms);
        assert_eq!(PublicKey::from_wire(key.as_wire()).as_ref(), Ok(&key));
        assert_eq!(PublicKey::from_ssh_key(key.as_ssh_key()).as_ref(), Ok(&key));
        assert!(!key.is_security_key());
    }
}

#[test]
fn no_key_may_sign_with_sha1() {
    assert!(!signature_algorithms().any(|name| name == "ssh-rsa"));
    let keygen = Keygen::new();
    let rsa =
        PublicKey::parse(&keygen.public_line(&keygen.key("rsa", &["-t", "rsa", "-b", "2048"]))).unwrap();
    assert!(!rsa.accepts_signature("ssh-rsa"));
    assert!(rsa.accepts_signature("rsa-sha2-256"));
    assert_eq!(signature_algorithms().count(), 8);
}

#[test]
fn security_keys_are_read() {
    let point = PublicKey::parse(ED25519).unwrap().as_wire()[15..].to_vec();
    let name = "sk-ssh-ed25519@openssh.com";
    let key = PublicKey::parse(&line(name, &[point.clone(), string(b"ssh:")])).unwrap();
    assert!(key.is_security_key());
    assert_eq!(key.signature_algorithms(), [name]);
    assert_eq!(
        refusal(&line(name, &[point, string(b"https://example.org")])).to_string(),
        "the security key is for the application 'https://example.org', not 'ssh:'"
    );
}

#[test]
fn spaces_around_a_line_do_not_matter() {
    for text in [format!("  {ED25519} \r\n"), ED25519.replace(' ', "\t"), ED25519.replace(' ', "   ")] {
        assert!(PublicKey::parse(&text).is_ok(), "{text:?}");
    }
}

#[test]
fn options_are_refused_because_nobody_would_enforce_them() {
    for options in [
        "no-pty",
        "command=\"true\"",
        "from=\"10.0.0.0/8\",restrict",
        "cert-authority",
        "environment=\"A=b c\"",
    ] {
        assert!(matches!(refusal(&format!("{options} {ED25519}")), KeyError::Options(_)), "{options}");
    }
}

#[test]
fn certificates_are_refused() {
    let keygen = Keygen::new();
    let (ca, id) = (keygen.key("ca", &["-t", "ed25519"]), keygen.key("id", &["-t", "ed25519"]));
    let public = id.with_extension("pub");
    keygen.run(Command::new("ssh-keygen").args(["-q", "-I", "x", "-n", "alice", "-s"]).arg(&ca).arg(&public));
    let line = std::fs::read_to_string(keygen.path("id-cert.pub")).unwrap();
    assert!(matches!(refusal(&line), KeyError::Certificate(_)));
    let base64 = line.split(' ').nth(1).unwrap();
    assert!(matches!(refusal(&format!("ssh-ed25519 {base64}")), KeyError::Certificate(_)));
}

#[test]
fn other_kinds_of_keys_are_refused() {
    let number = mpint(&[0x7f; 32]);
    let dsa = line("ssh-dss", &[number.clone(), number.clone(), number.clone(), number]);
    assert!(matches!(refusal(&dsa), KeyError::Algorithm(_)));
    let hidden = dsa.replacen("ssh-dss", "ssh-rsa", 1);
    assert!(matches!(refusal(&hidden), KeyError::Algorithm(_)));
    assert!(matches!(refusal("ssh-ed448 AAAA"), KeyError::Algorithm(_)));
}

#[test]
fn rsa_keys_are_measured_in_bits_not_bytes() {
    let modulus = |bits: usize| {
        let mut bytes = vec![0xff; bits.div_ceil(8)];
        bytes[0] >>= (8 - bits % 8) % 8;
        bytes
    };
    for bits in [1024, 2040, 2041, 2047, 8193] {
        assert_eq!(refusal(&rsa_line(&[1, 0, 1], &modulus(bits))), KeyError::RsaBits(bits));
    }
    for bits in [2048, 3072, 4096, 8192] {
        assert!(PublicKey::parse(&rsa_line(&[1, 0, 1], &modulus(bits))).is_ok(), "{bits}");
    }
}

#[test]
fn keys_under_which_anyone_could_sign_are_refused() {
    let modulus = [0xff; 256];
    let even = [&modulus[..255], &[0xfe]].concat();
    for (exponent, modulus) in
        [(&[1][..], &modulus[..]), (&[2], &modulus), (&[1, 0, 0], &modulus), (&[1, 0, 1], &even)]
    {
        assert_eq!(refusal(&rsa_line(exponent, modulus)), KeyError::Weak("RSA"));
    }
    assert!(PublicKey::parse(&rsa_line(&[], &modulus)).is_err());
    let neutral = [&[1][..], &[0; 31]].concat();
    for point in [neutral, vec![0; 32]] {
        assert_eq!(refusal(&line("ssh-ed25519", &[string(&point)])), KeyError::Weak("ed25519"));
    }
}

#[test]
fn a_key_has_one_encoding_only() {
    let keygen = Keygen::new();
    let p256 =
        PublicKey::parse(&keygen.public_line(&keygen.key("p256", &["-t", "ecdsa", "-b", "256"]))).unwrap();
    let wire = p256.as_wire().to_vec();
    let point = &wire[wire.len() - 65..];
    let sign = 2 + (point[64] & 1);
    let ecdsa = |point: &[u8]| line("ecdsa-sha2-nistp256", &[string(b"nistp256"), string(point)]);
    assert_eq!(PublicKey::parse(&ecdsa(point)), Ok(p256));
    assert!(PublicKey::parse(&ecdsa(&[&[sign], &point[1..33]].concat())).is_err(), "a compressed point");
    let mut off_curve = point.to_vec();
    off_curve[64] ^= 1;
    assert!(PublicKey::parse(&ecdsa(&off_curve)).is_err(), "not on the curve");
    let padded = [&[0, 0][..], &[0xff; 256]].concat();
    let rsa = line("ssh-rsa", &[mpint(&[1, 0, 1]), string(&padded)]);
    assert!(PublicKey::parse(&rsa).is_err(), "a number with needless zeros");
    let modulus = mpint(&[0xff; 256]);
    let renamed = [string(b"rsa-sha2-512"), mpint(&[1, 0, 1]), modulus].concat();
    assert!(
        matches!(PublicKey::from_wire(&renamed), Err(KeyError::Malformed(_))),
        "a signature's name for a key"
    );
}

#[test]
fn damaged_lines_are_refused() {
    let (algorithm, base64) = ED25519.split_once(' ').unwrap();
    for text in [
        String::new(),
        "#".to_owned() + ED25519,
        algorithm.to_owned(),
        base64.to_owned(),
        format!("{algorithm} {}", &base64[..base64.len() - 4]),
        format!("{algorithm} {base64}AAAA"),
        format!("{algorithm} {base64}="),
        format!("{algorithm} !!!!"),
        format!("ecdsa-sha2-nistp256 {base64}"),
        format!("{ED25519}\n{ED25519}"),
        format!("{ED25519} {}", "x".repeat(20_000)),
    ] {
        assert!(PublicKey::parse(&text).is_err(), "{text:?}");
    }
    assert!(matches!(refusal(&format!("ssh-rsa {base64}")), KeyError::Mismatch(..)));
}

#[test]
fn comments_cannot_act_on_a_terminal() {
    for comment in ["a\u{1b}[2J", "a\u{202e}b", "a\u{200b}b", "a\u{7f}"] {
        assert!(matches!(refusal(&format!("{ED25519} {comment}")), KeyError::Comment(_)), "{comment:?}");
    }
    assert_eq!(PublicKey::parse(&format!("{ED25519} 王芳 @ laptop")).unwrap().comment(), "王芳 @ laptop");
}

#[test]
fn fingerprints_are_checked_when_read() {
    let fingerprint = PublicKey::parse(ED25519).unwrap().fingerprint().clone();
    assert_eq!(Fingerprint::parse(fingerprint.as_str()), Ok(fingerprint.clone()));
    for text in ["", "SHA256:", "MD5:aa:bb", &fingerprint.as_str()[..49], &format!("{fingerprint}=")] {
        assert!(Fingerprint::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn an_enrolled_key_knows_its_person() {
    let key = PublicKey::parse(ED25519).unwrap();
    let enrolled = EnrolledKey::new(PersonName::parse("alice").unwrap(), key.clone());
    assert_eq!(
        (enrolled.person().as_str(), enrolled.key(), enrolled.fingerprint()),
        ("alice", &key, key.fingerprint())
    );
}
