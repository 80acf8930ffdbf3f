//! What is answered (draft-ietf-secsh-filexfer-02, section 7), by a target or by the gateway itself.

use bytes::{Bytes, BytesMut};

use super::attributes::Attributes;
use super::packet::{Building, Fields, Malformed};

/// The answer to one request, without its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Status(Status),
    Handle(Bytes),
    Data(Bytes),
    /// A count and names, as they came.
    Names(Bytes),
    Attributes(Attributes),
    Extended(Bytes),
}

/// How something ended, with a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub code: u32,
    pub message: Bytes,
    /// Said by the gateway, and worth a line on the client's standard error: many clients show the code only.
    pub aloud: bool,
}

/// Codes of a status.
pub(crate) mod code {
    pub(crate) const OK: u32 = 0;
    pub(crate) const EOF: u32 = 1;
    pub(crate) const NO_SUCH_FILE: u32 = 2;
    pub(crate) const PERMISSION_DENIED: u32 = 3;
    pub(crate) const FAILURE: u32 = 4;
    pub(crate) const BAD_MESSAGE: u32 = 5;
    pub(crate) const OP_UNSUPPORTED: u32 = 8;
}

impl Status {
    pub(crate) fn new(code: u32, message: impl Into<String>) -> Self {
        Self { code, message: Bytes::from(message.into()), aloud: false }
    }
}

impl Answer {
    pub(crate) fn status(code: u32, message: impl Into<String>) -> Self {
        Self::Status(Status::new(code, message))
    }

    /// It is done.
    pub(crate) fn ok() -> Self {
        Self::status(code::OK, "Success")
    }

    /// One name, as REALPATH answers.
    pub(crate) fn name(path: &str) -> Self {
        let packet = Building::new(0, 1).string(path).string(path);
        Self::Names(Attributes::default().write(packet).finish().slice(5..))
    }

    /// The same, to be said aloud.
    pub(crate) fn aloud(mut self) -> Self {
        if let Self::Status(status) = &mut self {
            status.aloud = true;
        }
        self
    }

    /// The sentence that people should see besides.
    pub(crate) fn sentence(&self) -> Option<String> {
        let Self::Status(status) = self else { return None };
        status.aloud.then(|| String::from_utf8_lossy(&status.message).into_owned())
    }

    /// The code, if it is a status.
    pub(crate) fn code(&self) -> Option<u32> {
        if let Self::Status(status) = self { Some(status.code) } else { None }
    }

    /// The one name in it.
    pub(crate) fn only_name(&self) -> Option<Bytes> {
        let Self::Names(raw) = self else { return None };
        // The fields are read as behind a type, which has been taken off.
        let (_, mut fields) = Fields::of([&[104], &**raw].concat().into()).ok()?;
        if fields.u32().ok()? != 1 {
            return None;
        }
        fields.string().ok()
    }

    /// Reads a packet; the number comes back beside it. What stands behind a status's code may be missing.
    pub(crate) fn parse(packet: Bytes) -> Result<(u32, Self), Malformed> {
        let (kind, mut fields) = Fields::of(packet)?;
        let number = fields.u32()?;
        let answer = match kind {
            101 => Self::Status(Status {
                code: fields.u32()?,
                message: if fields.is_empty() { Bytes::new() } else { fields.string()? },
                aloud: false,
            }),
            102 => Self::Handle(fields.string()?),
            103 => Self::Data(fields.string()?),
            104 => Self::Names(fields.remaining()),
            105 => Self::Attributes(Attributes::parse(&mut fields)?),
            201 => Self::Extended(fields.remaining()),
            _ => return Err(Malformed::Type(kind)),
        };
        Ok((number, answer))
    }

    /// The packet with this number.
    pub(crate) fn packet(&self, number: u32) -> Bytes {
        let building = |kind| Building::new(kind, number);
        match self {
            Self::Status(status) => building(101).u32(status.code).string(&status.message).string("en"),
            Self::Handle(handle) => building(102).string(handle),
            Self::Data(data) => building(103).string(data),
            Self::Names(raw) => building(104).raw(raw),
            Self::Attributes(attributes) => attributes.write(building(105)),
            Self::Extended(raw) => building(201).raw(raw),
        }
        .finish()
    }
}

/// `limits@openssh.com`: a target's four numbers, where we allow no more than we take ourselves.
pub(crate) fn limited(raw: &Bytes, most_handles: u64) -> Option<Answer> {
    let packet = BytesMut::from_iter([201].iter().chain(raw)).freeze();
    let (_, mut fields) = Fields::of(packet).ok()?;
    let most = super::packet::MAX_PACKET as u64;
    let content = most - 1024;
    let limits = [most, content, content, most_handles].map(|ours| match fields.u64() {
        Ok(0) | Err(_) => ours,
        Ok(theirs) => theirs.min(ours),
    });
    let packet = limits.into_iter().fold(Building::new(0, 0), Building::u64);
    Some(Answer::Extended(packet.finish().slice(9..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_reads_back() {
        for answer in [
            Answer::ok(),
            Answer::Handle("h".into()),
            Answer::Data("data".into()),
            Answer::name("/srv/a b"),
            Answer::Attributes(Attributes { size: Some(3), ..Attributes::default() }),
            Answer::Extended("x".into()),
        ] {
            assert_eq!(Answer::parse(answer.packet(9).slice(4..)), Ok((9, answer)));
        }
    }

    #[test]
    fn one_name_is_told_from_several() {
        assert_eq!(Answer::name("/srv/a").only_name(), Some("/srv/a".into()));
        let two = Building::new(0, 2).string("a").string("a").finish().slice(5..);
        assert_eq!(Answer::Names(two).only_name(), None);
        assert_eq!(Answer::ok().only_name(), None);
    }

    #[test]
    fn limits_are_the_smaller_of_both_sides() {
        let numbers = |values: [u64; 4]| {
            values.into_iter().fold(Building::new(0, 0), Building::u64).finish().slice(9..)
        };
        let huge = numbers([1 << 40, 1 << 40, 100, 0]);
        let most = 256 * 1024;
        assert_eq!(limited(&huge, 7), Some(Answer::Extended(numbers([most, most - 1024, 100, 7]))));
    }
}
