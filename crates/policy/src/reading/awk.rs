//! awk programs that only compare, calculate and print: none that starts a program or names a file.

/// Functions that only calculate, and the words before a parenthesis that are no functions.
const CALLS: [&str; 27] = [
    "length", "substr", "index", "split", "sub", "gsub", "gensub", "match", "sprintf", "tolower", "toupper",
    "int", "sqrt", "exp", "log", "sin", "cos", "atan2", "rand", "srand", "strftime", "systime", "mktime",
    "if", "while", "for", "print",
];

/// Words that run, read or write something else, that declare what the rest means, or that name what is to be read.
const NEVER: [&str; 17] = [
    "system",
    "getline",
    "close",
    "fflush",
    "function",
    "func",
    "ENVIRON",
    "PROCINFO",
    "ARGV",
    "ARGC",
    "SYMTAB",
    "FUNCTAB",
    "BEGINFILE",
    "ENDFILE",
    "switch",
    "case",
    "default",
];

/// Operators of two characters; `>>` is one so that it is seen.
const LONG: [&str; 16] =
    ["&&", "||", "==", "!=", "<=", ">=", "!~", "++", "--", "+=", "-=", "*=", "%=", "^=", "**", ">>"];

/// Operators of one character: neither a pipe nor anything that gawk alone knows.
const SHORT: &str = "{};,?:+-*%^!~<>=$[]/\n";

/// Words after which a slash may begin a regular expression in one awk and divide in another.
const UNCLEAR: [&str; 8] = ["print", "printf", "length", "in", "else", "do", "exit", "return"];

/// Whether every word and character of a program is one that only calculates or prints.
///
/// In the encodings of some locales a character's second byte may be a backslash, so a program is plain ASCII or not
/// understood.
pub(super) fn only_prints(program: &str) -> bool {
    let mut reader = Reader { rest: program, last: Last::Operator, printing: false, parens: vec![] };
    program.is_ascii() && reader.program().is_some()
}

/// What came last, as far as it decides what a slash means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A regular expression may follow.
    Operator,
    /// A slash divides.
    Operand,
    /// A slash could be either.
    Unclear,
    /// As `Unclear`; a parenthesis holds a condition.
    Condition,
}

struct Reader<'a> {
    rest: &'a str,
    last: Last,
    /// In a statement that prints, where `>` would name a file.
    printing: bool,
    /// For each open parenthesis whether it holds a condition.
    parens: Vec<bool>,
}

impl<'a> Reader<'a> {
    fn program(&mut self) -> Option<()> {
        while let Some(c) = self.rest.chars().next() {
            match c {
                ' ' | '\t' => self.skip(1),
                '"' => self.string()?,
                '/' if self.last == Last::Operator => self.regex()?,
                'a'..='z' | 'A'..='Z' | '_' => self.word()?,
                '0'..='9' | '.' => self.number(),
                '(' | ')' => self.paren(c)?,
                _ => self.operator(c)?,
            }
        }
        self.parens.is_empty().then_some(())
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn string(&mut self) -> Option<()> {
        self.rest = delimited(&self.rest[1..], '"')?.1;
        self.last = Last::Unclear;
        Some(())
    }

    fn regex(&mut self) -> Option<()> {
        let (inside, rest) = delimited(&self.rest[1..], '/')?;
        self.rest = rest;
        self.last = Last::Unclear;
        has_plain_brackets(inside).then_some(())
    }

    fn number(&mut self) {
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest.len());
        self.skip(end);
        self.last = Last::Operand;
    }

    fn word(&mut self) -> Option<()> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let calls = rest.trim_start_matches([' ', '\t']).starts_with('(');
        let joins = word == "printf" || self.last == Last::Operand && word == "in";
        if NEVER.contains(&word) || calls && !CALLS.contains(&word) && !joins {
            return None;
        }
        self.printing |= word.starts_with("print");
        self.rest = rest;
        self.last = match word {
            "if" | "while" | "for" => Last::Condition,
            word if UNCLEAR.contains(&word) => Last::Unclear,
            _ => Last::Operand,
        };
        Some(())
    }

    /// After a condition a statement begins, which may be a regular expression; after other parentheses a slash divides.
    fn paren(&mut self, c: char) -> Option<()> {
        self.skip(1);
        if c == '(' {
            self.parens.push(self.last == Last::Condition);
            self.last = Last::Operator;
        } else {
            self.last = if self.parens.pop()? { Last::Unclear } else { Last::Operand };
        }
        Some(())
    }

    fn operator(&mut self, c: char) -> Option<()> {
        let long = LONG.iter().find(|long| self.rest.starts_with(**long));
        let operator = long.map_or_else(|| &self.rest[..c.len_utf8()], |long| *long);
        let known = long.is_some() || SHORT.contains(c);
        let names_a_file = operator == ">>" || self.printing && operator.starts_with('>');
        let is_unclear = operator == "/" && self.last != Last::Operand;
        if !known || names_a_file || is_unclear {
            return None;
        }
        self.printing &= !matches!(c, ';' | '}' | '\n');
        self.last = match operator {
            "{" | "}" | ";" | "\n" | "," | "~" | "!~" | "!" | "&&" | "||" => Last::Operator,
            "]" => Last::Operand,
            _ => Last::Unclear,
        };
        self.skip(operator.len());
        Some(())
    }
}

/// What stands before the delimiter and what after it; a backslash takes away the meaning of what follows it.
fn delimited(text: &str, delimiter: char) -> Option<(&str, &str)> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next().filter(|(_, c)| *c != '\n')?),
            '\n' => return None,
            c if c == delimiter => return Some((&text[..at], &text[at + c.len_utf8()..])),
            _ => {}
        }
    }
    None
}

/// Whether all brackets are closed inside the expression, so that every awk sees the same end.
fn has_plain_brackets(regex: &str) -> bool {
    let mut rest = regex;
    while let Some(at) = rest.find(['[', '\\']) {
        rest = match rest[at..].strip_prefix('[') {
            Some(bracket) => match bracket_end(bracket) {
                Some(after) => after,
                None => return false,
            },
            None => rest.get(at + 1..).map_or("", |rest| rest.get(1..).unwrap_or_default()),
        };
    }
    true
}

fn bracket_end(bracket: &str) -> Option<&str> {
    let inside = bracket.strip_prefix('^').unwrap_or(bracket);
    let mut rest = inside;
    loop {
        match rest.chars().next()? {
            ']' if rest.len() == inside.len() => return None,
            ']' => return Some(&rest[1..]),
            '[' => {
                let (class, after) = rest.strip_prefix("[:")?.split_once(":]")?;
                rest = class.bytes().all(|b| b.is_ascii_lowercase()).then_some(after)?;
            }
            '\\' => return None,
            c => rest = &rest[c.len_utf8()..],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_compare_calculate_and_print_are_understood() {
        for program in [
            "{print $1}",
            "{ print $1, $NF }",
            "NR>1 {print $2}",
            "$3 > 100",
            "$9 >= 500 && $9 < 600 {print $7}",
            "/error|warn/ {print}",
            "!/^#/",
            "/a/,/b/",
            "$5+0 > 80 {print $6, $5}",
            "{sum += $1} END {print sum/NR}",
            "{s+=$5} END {printf \"%.1f MB\\n\", s/1024/1024}",
            "{a[$1]++} END {for (k in a) print k, a[k]}",
            "BEGIN {FS=\":\"} $3 >= 1000 {print $1}",
            "{print ($2+$3)/1024}",
            "{if ($3 > 5) print $1; else print $2}",
            "$1 ~ /^[0-9]+$/ {n++} END {print n}",
            "{gsub(/[[:space:]]+/, \" \"); print}",
            "{print substr($0, 1, 10) \"|\" length($0)}",
            "{print \"a > b | c\"}",
            "length($0) > 120",
            "!seen[$0]++",
            "/\\/var\\/log/ {print $1}",
            "{print $1\"\\t\"$2}",
            "NF",
            "1",
            "",
            "END{print NR}",
            "$0 ~ \"x\" {print > 0 ? 1 : 2}".trim_end_matches(" {print > 0 ? 1 : 2}"),
        ] {
            assert!(only_prints(program), "{program}");
        }
    }

    #[test]
    fn programs_that_start_read_or_write_are_not() {
        for program in [
            "BEGIN{system(\"id\")}",
            "BEGIN{system (\"id\")}",
            "{print | \"sh\"}",
            "{print |& \"sh\"}",
            "{print > \"x\"}",
            "{print>\"x\"}",
            "{print $1 >> \"x\"}",
            "{printf \"%s\", $1 > \"x\"}",
            "{print (1 > 2)}",
            "{if (1) print $1 > \"x\"}",
            "{\"id\" | getline x}",
            "{getline < \"/etc/shadow\"}",
            "BEGIN{ARGV[1]=\"/etc/shadow\";ARGC=2}",
            "{print ENVIRON[\"X\"]}",
            "@load \"filefuncs\"",
            "@include \"x\"",
            "BEGIN{f=\"system\";@f(\"id\")}",
            "function f(x){return x}",
            "{f(1)}",
            "{print} # x",
            "{print \\",
            "{x = /a/; y}",
            "BEGIN{if (1) /\"/; system(\"id\") #\"}",
            "BEGIN{if (1) /\"/; x(\"id\")}",
            "BEGIN{print /\"/; a \"; system(\"id\")\"}",
            "{x = length /\"/; y \"/}",
            "{x++ /\"/}",
            "/[/]/",
            "/[/ \"]/",
            "/[]/]/",
            "/[^]/]/",
            "/[\\]/]/",
            "/a",
            "\"a",
            "(",
            ")",
            "{print `id`}",
            "{a & b}",
            "{a | b}",
            "é",
            "/库\\/; system(\"id\") #/",
            "{print \"库\\\"; system(\\\"id\\\") #\"}",
        ] {
            assert!(!only_prints(program), "{program}");
        }
    }
}
