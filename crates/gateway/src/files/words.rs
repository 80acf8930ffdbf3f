//! What the gateway itself answers: a code that programs read, and a sentence for people.

use access::text::{self, Language, Line};

use super::reply::{Answer, code};

/// Fills sentences of the catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub language: Language,
    /// The target's name.
    pub target: String,
}

impl Words {
    fn quietly(&self, code: u32, line: &Line, values: &[(&str, &str)]) -> Answer {
        let target = [("target", &*self.target)];
        Answer::status(code, line.say(self.language, &[values, &target].concat()))
    }

    fn say(&self, code: u32, line: &Line, values: &[(&str, &str)]) -> Answer {
        self.quietly(code, line, values).aloud()
    }

    pub(crate) fn unreadable(&self) -> Answer {
        self.say(code::BAD_MESSAGE, &text::FILE_UNREADABLE, &[])
    }

    pub(crate) fn moved(&self, path: &str) -> Answer {
        self.say(code::FAILURE, &text::FILE_MOVED, &[("path", path)])
    }

    pub(crate) fn unresolved(&self, path: &str) -> Answer {
        self.say(code::FAILURE, &text::FILE_UNRESOLVED, &[("path", path)])
    }

    pub(crate) fn missing(&self, path: &str) -> Answer {
        self.quietly(code::NO_SUCH_FILE, &text::FILE_MISSING, &[("path", path)])
    }

    pub(crate) fn exists(&self, path: &str) -> Answer {
        self.quietly(code::FAILURE, &text::FILE_EXISTS, &[("path", path)])
    }

    pub(crate) fn not_regular(&self, path: &str) -> Answer {
        self.quietly(code::FAILURE, &text::FILE_NOT_REGULAR, &[("path", path)])
    }

    pub(crate) fn not_folder(&self, path: &str) -> Answer {
        self.quietly(code::FAILURE, &text::FILE_NOT_FOLDER, &[("path", path)])
    }

    pub(crate) fn unsupported(&self, what: &str) -> Answer {
        self.say(code::OP_UNSUPPORTED, &text::FILE_UNSUPPORTED, &[("what", what)])
    }

    pub(crate) fn bad_handle(&self) -> Answer {
        self.quietly(code::FAILURE, &text::FILE_BAD_HANDLE, &[])
    }

    pub(crate) fn too_many(&self) -> Answer {
        let most = super::handle::MOST.to_string();
        self.say(code::FAILURE, &text::FILE_TOO_MANY, &[("most", &most)])
    }

    pub(crate) fn extends_only(&self, path: &str) -> Answer {
        self.say(code::PERMISSION_DENIED, &text::FILE_EXTENDS_ONLY, &[("path", path)])
    }

    pub(crate) fn limit(&self, path: &str, limit: u64) -> Answer {
        let limit = limit.to_string();
        self.say(code::PERMISSION_DENIED, &text::FILE_LIMIT, &[("path", path), ("limit", &limit)])
    }

    /// The target answered what does not fit the question.
    pub(crate) fn strange(&self) -> Answer {
        self.say(code::FAILURE, &text::FILE_STRANGE, &[])
    }
}
