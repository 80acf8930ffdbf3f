//! ErrorResponse and NoticeResponse: the same fields, one ends what was asked and the other does not.

use bytes::Bytes;

use super::encode::Building;
use crate::Error;
use crate::reading::Fields;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The statement has failed.
    Error,
    /// The connection ends.
    Fatal,
    /// All connections of the server end.
    Panic,
    /// Worth knowing.
    Warning,
    /// For information.
    Notice,
}

impl Severity {
    fn text(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
            Self::Panic => "PANIC",
            Self::Warning => "WARNING",
            Self::Notice => "NOTICE",
        }
    }
}

/// The fields of an error or notice that people and drivers look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// `V`, and `S` where a server translates it.
    pub severity: Severity,
    /// `C`: the SQLSTATE.
    pub code: String,
    /// `M`: one line.
    pub message: String,
    /// `D`: more lines.
    pub detail: Option<String>,
    /// `H`: what to do about it.
    pub hint: Option<String>,
    /// `P`: where in the client's text, in characters from 1.
    pub position: Option<usize>,
}

impl Report {
    /// A statement has failed.
    #[must_use]
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// The connection ends.
    #[must_use]
    pub fn fatal(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Fatal, code, message.into())
    }

    /// For information.
    #[must_use]
    pub fn notice(message: impl Into<String>) -> Self {
        Self::new(Severity::Notice, "00000", message.into())
    }

    fn new(severity: Severity, code: &str, message: String) -> Self {
        Self { severity, code: code.to_owned(), message, detail: None, hint: None, position: None }
    }

    /// With more lines.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// With advice.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With the place in the client's text, in characters from 1.
    #[must_use]
    pub fn at(self, position: Option<usize>) -> Self {
        Self { position, ..self }
    }

    /// Whether the connection is over after it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.severity, Severity::Fatal | Severity::Panic)
    }

    /// The message: NoticeResponse for notices and warnings, ErrorResponse for all else.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let tag = if matches!(self.severity, Severity::Notice | Severity::Warning) { b'N' } else { b'E' };
        let severity = self.severity.text();
        let position = self.position.map(|position| position.to_string());
        let fields = [
            (b'S', Some(severity)),
            (b'V', Some(severity)),
            (b'C', Some(self.code.as_str())),
            (b'M', Some(self.message.as_str())),
            (b'D', self.detail.as_deref()),
            (b'H', self.hint.as_deref()),
            (b'P', position.as_deref()),
        ];
        let there = fields.into_iter().filter_map(|(kind, text)| text.map(|text| (kind, text)));
        there.fold(Building::new(tag), |building, (kind, text)| building.u8(kind).shown(text)).u8(0).finish()
    }

    pub(super) fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut fields = Fields::of(body, "error or notice");
        let mut report = Self::new(Severity::Error, "", String::new());
        loop {
            let kind = fields.u8()?;
            if kind == 0 {
                break;
            }
            let text = String::from_utf8_lossy(fields.text()?);
            match kind {
                // `S` may be in the server's language; `V`, which never is, comes behind it.
                b'S' | b'V' => report.severity = severity(&text).unwrap_or(report.severity),
                b'C' => report.code = text.into_owned(),
                b'M' => report.message = text.into_owned(),
                b'D' => report.detail = Some(text.into_owned()),
                b'H' => report.hint = Some(text.into_owned()),
                b'P' => report.position = text.parse().ok(),
                _ => {}
            }
        }
        fields.end()?;
        Ok(report)
    }
}

fn severity(text: &str) -> Option<Severity> {
    let known = [Severity::Error, Severity::Fatal, Severity::Panic, Severity::Warning];
    let known = known.into_iter().find(|severity| severity.text() == text);
    let talk = matches!(text, "NOTICE" | "INFO" | "LOG" | "DEBUG").then_some(Severity::Notice);
    known.or(talk)
}
