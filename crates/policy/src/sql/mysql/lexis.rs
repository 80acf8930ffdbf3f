//! Tokens of a strict subset: whatever the server's mode or version, it divides these texts in the same way.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// In backquotes.
    Name,
    /// In single or double quotes.
    Text,
    Number,
    Symbol,
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    pub(super) start: usize,
}

impl Token<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Brackets inside each other.
const DEEPEST: usize = 32;

/// Operators and the like in one statement: each may make the tree a level deeper.
const MOST_OPERATORS: usize = 400;

/// Words that stand for more than the parser knows of them.
const REFUSED: [&str; 10] = [
    "outfile",
    "dumpfile",
    "procedure",
    "handler",
    "xa",
    "infile",
    "delimiter",
    "binlog",
    "sql_log_bin",
    "plugin",
];

/// Words that make an expression or a query deeper.
const DEEPENING: [&str; 20] = [
    "and",
    "or",
    "xor",
    "not",
    "is",
    "in",
    "like",
    "rlike",
    "regexp",
    "between",
    "div",
    "mod",
    "union",
    "except",
    "intersect",
    "case",
    "exists",
    "collate",
    "binary",
    "interval",
];

/// Functions that are the server's own only without a blank before the bracket; with one, somebody's of that name.
const GLUED: [&str; 32] = [
    "adddate",
    "bit_and",
    "bit_or",
    "bit_xor",
    "cast",
    "count",
    "curdate",
    "curtime",
    "date_add",
    "date_sub",
    "extract",
    "group_concat",
    "max",
    "mid",
    "min",
    "now",
    "position",
    "session_user",
    "std",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "subdate",
    "substr",
    "substring",
    "sum",
    "sysdate",
    "system_user",
    "trim",
    "variance",
    "var_pop",
    "var_samp",
];

/// Symbols of more than one character, longest first.
const LONG_SYMBOLS: [&str; 10] = ["->>", "<=>", "->", "<=", ">=", "<>", "!=", "&&", "<<", ">>"];

/// Encodings that MySQL or MariaDB know.
const CHARSETS: &str = "
armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8 eucjpms euckr filename gb18030 gb2312
gbk geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman sjis swe7 tis620 ucs2 ujis
utf16 utf16le utf32 utf8 utf8mb3 utf8mb4";

/// Divides a text into tokens; comments go.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, &'static str> {
    let mut tokens = vec![];
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(gap) = gap(rest)? {
            at += gap;
            continue;
        }
        let (kind, length) = token(rest)?;
        let text = rest.get(..length).ok_or("a character in two")?;
        tokens.push(Token { kind, text, start: at });
        at += length;
    }
    Ok(tokens)
}

/// How long the blank or comment is that a text begins with; none when it begins with a token.
fn gap(rest: &str) -> Result<Option<usize>, &'static str> {
    if rest.starts_with([' ', '\t', '\n', '\r']) {
        return Ok(Some(1));
    }
    if rest.starts_with("/*") {
        let inside = rest.get(2..).unwrap_or_default();
        if inside.starts_with(['!', '+']) || inside.starts_with("M!") {
            return Err("a comment that the server executes");
        }
        let end = inside.find("*/").ok_or("a comment without an end")?;
        return if inside.get(..end).is_some_and(|inside| inside.contains("/*")) {
            Err("a comment inside a comment")
        } else {
            Ok(Some(end + 4))
        };
    }
    let dashes = rest.strip_prefix("--");
    if dashes.is_some_and(|after| !after.is_empty() && !after.starts_with([' ', '\t', '\n', '\r'])) {
        return Err("two dashes that begin a comment only in some servers");
    }
    if rest.starts_with('#') || dashes.is_some() {
        return Ok(Some(rest.find('\n').map_or(rest.len(), |end| end + 1)));
    }
    Ok(None)
}

fn token(rest: &str) -> Result<(Kind, usize), &'static str> {
    let first = rest.chars().next().unwrap_or_default();
    match first {
        '\'' | '"' => Ok((Kind::Text, quoted(rest, first)?)),
        '`' => Ok((Kind::Name, quoted(rest, first)?)),
        '0'..='9' => number(rest),
        'a'..='z' | 'A'..='Z' | '_' | '$' | '@' => word(rest),
        _ => symbol(rest, first),
    }
}

/// Up to the closing quote; a quote inside is doubled. A backslash before a quote or another backslash divides the text
/// differently in the mode without backslash escapes.
fn quoted(rest: &str, quote: char) -> Result<usize, &'static str> {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        match character {
            '\\' if quote != '`' && matches!(next, None | Some('\'' | '"' | '\\')) => {
                return Err("a backslash that ends a string in some modes");
            }
            '\0' => return Err("a byte of value 0"),
            _ if character == quote && next == Some(quote) => drop(characters.next()),
            _ if character == quote => return Ok(at + 1),
            _ => {}
        }
    }
    Err("a quote without an end")
}

fn number(rest: &str) -> Result<(Kind, usize), &'static str> {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    let mut length = digits(rest);
    if let Some(fraction) = rest.get(length..).and_then(|rest| rest.strip_prefix('.')) {
        length += 1 + digits(fraction);
    }
    length += rest.get(length..).map_or(0, exponent);
    if rest
        .get(length..)
        .is_some_and(|after| after.starts_with(|c: char| is_of_a_word(c) || c == '.' || !c.is_ascii()))
    {
        return Err("a number that goes on as a word");
    }
    Ok((Kind::Number, length))
}

/// How long the exponent is that a text begins with. Every server reads digits, `e` and digits as one number.
fn exponent(text: &str) -> usize {
    let digits = text.strip_prefix(['e', 'E']).map(|after| after.strip_prefix(['+', '-']).unwrap_or(after));
    let count = digits.map_or(0, |digits| digits.chars().take_while(char::is_ascii_digit).count());
    digits.filter(|_| count > 0).map_or(0, |digits| text.len() - digits.len() + count)
}

/// A word, or a variable of the session or the server.
fn word(rest: &str) -> Result<(Kind, usize), &'static str> {
    let ats = rest.chars().take_while(|c| *c == '@').count();
    let name = rest.get(ats..).unwrap_or_default();
    let length = name.chars().take_while(|c| is_of_a_word(*c)).count();
    if ats > 2 || length == 0 {
        return Err("a variable without a plain name");
    }
    let after = name.get(length..).unwrap_or_default();
    if after.starts_with(['\'', '"']) || ats == 0 && is_introducer(name.get(..length).unwrap_or_default()) {
        return Err("a string with a prefix");
    }
    if after.starts_with(|c: char| !c.is_ascii() || c == '@') {
        return Err("a name with other letters, which is not in backquotes");
    }
    Ok((Kind::Word, ats + length))
}

/// Whether it says in which encoding the string behind it is.
fn is_introducer(word: &str) -> bool {
    let charset = word.strip_prefix('_').unwrap_or_default().to_lowercase();
    CHARSETS.split_whitespace().any(|known| known == charset)
}

fn is_of_a_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '$'
}

fn symbol(rest: &str, first: char) -> Result<(Kind, usize), &'static str> {
    if rest.starts_with("||") {
        return Err("two bars, which join strings in some modes");
    }
    if let Some(long) = LONG_SYMBOLS.iter().find(|long| rest.starts_with(**long)) {
        return Ok((Kind::Symbol, long.len()));
    }
    match first {
        '+' | '-' | '*' | '/' | '%' | '=' | '<' | '>' | '!' | '&' | '|' | '^' | '~' | '(' | ')' | ','
        | '.' | ';' | '?' => Ok((Kind::Symbol, 1)),
        _ => Err("a character that is not read outside quotes"),
    }
}

/// Refuses what would become too deep, and words that are never understood.
pub(super) fn bounded(tokens: &[Token]) -> Result<(), String> {
    let (mut depth, mut operators) = (0_usize, 0_usize);
    if tokens.windows(2).any(|pair| matches!(pair, [name, bracket] if is_apart(name, bracket))) {
        return Err("a blank between the name of a function and its bracket".into());
    }
    if tokens.windows(2).any(|pair| matches!(pair, [name, value] if is_a_sequence(name, value))) {
        return Err("a number of a sequence".into());
    }
    let is_loose =
        |one: &Token, next: &Token| one.end() != next.start && (one.text == "." || next.text == ".");
    if tokens.windows(2).any(|pair| matches!(pair, [one, next] if is_loose(one, next))) {
        return Err("a blank beside a dot".into());
    }
    for token in tokens {
        let word = token.text.to_lowercase();
        match token.kind {
            Kind::Word if REFUSED.contains(&word.as_str()) => {
                return Err(format!("{word}, which is not analysed"));
            }
            Kind::Word => operators += usize::from(DEEPENING.contains(&word.as_str())),
            Kind::Symbol if token.text == "(" => depth += 1,
            Kind::Symbol if token.text == ")" => depth = depth.saturating_sub(1),
            Kind::Symbol => operators += usize::from(![",", ".", "?"].contains(&token.text)),
            Kind::Name | Kind::Text | Kind::Number => {}
        }
        if depth > DEEPEST || operators > MOST_OPERATORS {
            return Err("nested too deeply".into());
        }
    }
    Ok(())
}

/// `NEXT VALUE` and `PREVIOUS VALUE` are one token to servers with sequences.
fn is_a_sequence(name: &Token, value: &Token) -> bool {
    let are_words = name.kind == Kind::Word && value.text.eq_ignore_ascii_case("value");
    are_words && ["next", "previous"].iter().any(|word| name.text.eq_ignore_ascii_case(word))
}

fn is_apart(name: &Token, bracket: &Token) -> bool {
    let named = || GLUED.contains(&name.text.to_lowercase().as_str());
    bracket.text == "(" && name.end() != bracket.start && name.kind == Kind::Word && named()
}

/// The tokens with one blank between them, but none where there was none before a bracket: a name with a blank before it
/// may be another function.
pub(super) fn canonical(tokens: &[Token]) -> String {
    let mut text = String::new();
    let mut end = None;
    for token in tokens {
        if end.is_some_and(|end| end != token.start || token.text != "(") {
            text.push(' ');
        }
        text += token.text;
        end = Some(token.end());
    }
    text
}
