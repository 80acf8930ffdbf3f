//! Texts of 64 KiB whose parts multiply each other: what is found in them stays small, and beyond that they are refused.

use policy::Analysis;

const LONGEST: usize = 64 * 1024;

/// Three bytes or more, each word another.
fn words(count: usize) -> String {
    (0..count).map(|n| format!("{n:x} ")).collect()
}

/// `start`, then as many of `unit` as fit.
fn filled(start: &str, unit: &str) -> String {
    format!("{start}{}", unit.repeat((LONGEST - start.len()) / unit.len() / 2))
}

fn hostile() -> Vec<String> {
    let many = words(1300);
    let cds = "cd a; cd b; cd c; cd d; cd e; ";
    let long = "x/".repeat(10_000);
    vec![
        format!("find {}{}", "a ".repeat(1300), "-delete ".repeat(1300)),
        format!("find {many}{}", "-delete ".repeat(1300)),
        format!("find {many}{}", "-exec rm {} ';' ".repeat(1300)),
        format!("find {many}{}", "-exec rm {} ';' ".repeat(200)),
        format!("find {many}-exec rm {}';'", "{} ".repeat(2000)),
        format!("find {many}-exec cp {}';'", "{} ".repeat(2000)),
        format!("find {many}{}", "-fprint x ".repeat(1300)),
        filled("find . ", "-exec find . -delete ';' "),
        format!("{cds}rm {}", words(6000)),
        format!("{cds}cp {}", words(6000)),
        format!("cd {long}; cd {long}; rm {many}"),
        format!("{cds}chmod 1 {}", words(6000)),
        filled(cds, "rm a > b; "),
        filled("", "ls; "),
        filled("", "frobnicate; "),
        filled("ls ", "--a "),
        filled("ls ", "-a"),
        filled("tar xf ", "-I sh "),
        filled("dpkg ", "-- "),
        filled("lvremove ", "--c "),
        format!("sh -c '{}'", filled("", "rm a b; ")),
        format!("sed {}", words(6000)),
    ]
}

#[test]
fn parts_that_multiply_each_other_are_bounded() {
    for text in hostile() {
        assert!(text.len() <= LONGEST, "{} bytes: {text:.60}", text.len());
        let analysis = Analysis::of_command(text.as_bytes());
        let (reasons, programs) = (analysis.reasons().len(), analysis.programs().len());
        assert!(reasons <= 20_000 && programs <= 256, "{reasons} reasons, {programs} programs: {text:.60}");
        assert!(analysis.reasons().iter().all(|reason| reason.because.len() <= 1000), "{text:.60}");
    }
}

#[test]
fn more_than_is_judged_is_not_understood() {
    for (text, what) in [
        (format!("find {}{}", words(1300), "-exec rm {} ';' ".repeat(200)), "more files"),
        (format!("cd a; cd b; cd c; cd d; rm {}", words(6000)), "more files"),
        ("ls; ".repeat(257), "more programs"),
        (format!("find . {}", "-exec ls ';' ".repeat(300)), "more programs"),
    ] {
        let analysis = Analysis::of_command(text.as_bytes());
        assert!(analysis.obstacle().is_some_and(|o| o.what.starts_with(what)), "{:?}", analysis.obstacle());
        assert!(!analysis.understood() && analysis.run().is_none());
    }
}

#[test]
fn a_long_line_of_every_day_is_understood() {
    for text in ["ls; ".repeat(200), format!("wc -l {}", words(2000)), format!("find {}-delete", words(1300))]
    {
        assert!(Analysis::of_command(text.as_bytes()).understood(), "{text:.60}");
    }
}
