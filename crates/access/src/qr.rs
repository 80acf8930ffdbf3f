//! A code for cameras, drawn in a terminal.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// The text as a code of half blocks, dark on light whatever the terminal's colours are; none when it is too long.
pub fn in_terminal(text: &str) -> Option<String> {
    let code = QrCode::new(text).ok()?;
    // Terminals are mostly dark: what is drawn is the light.
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fits_a_terminal_of_80_columns() {
        let uri = format!("otpauth://totp/Countersign:alice?secret={}&issuer=Countersign", "A".repeat(32));
        let drawn = in_terminal(&uri).unwrap();
        assert!(
            drawn.lines().count() > 15 && drawn.lines().all(|line| line.chars().count() <= 80),
            "{drawn}"
        );
    }

    #[test]
    fn what_fits_no_code_is_not_drawn() {
        assert_eq!(in_terminal(&"x".repeat(8000)), None);
    }
}
