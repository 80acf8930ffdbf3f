//! File attributes (draft-ietf-secsh-filexfer-02, section 5).

use super::packet::{Building, Fields, Malformed};

const SIZE: u32 = 1;
const OWNER: u32 = 2;
const PERMISSIONS: u32 = 4;
const TIMES: u32 = 8;
const EXTENDED: u32 = 0x8000_0000;

/// The bits of a mode that say what kind of file it is.
const KIND: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// What is said of a file; anything may be left unsaid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub size: Option<u64>,
    /// User and group.
    pub owner: Option<(u32, u32)>,
    /// Kind and permission bits.
    pub permissions: Option<u32>,
    /// Seconds of the last access and the last change.
    pub times: Option<(u32, u32)>,
    /// There were vendors' attributes, which nobody here understands.
    pub extended: bool,
}

impl Attributes {
    pub(crate) fn parse(fields: &mut Fields) -> Result<Self, Malformed> {
        let flags = fields.u32()?;
        if flags & !(SIZE | OWNER | PERMISSIONS | TIMES | EXTENDED) != 0 {
            return Err(fields.bad_flags());
        }
        let has = |flag| flags & flag != 0;
        let attributes = Self {
            size: if has(SIZE) { Some(fields.u64()?) } else { None },
            owner: if has(OWNER) { Some((fields.u32()?, fields.u32()?)) } else { None },
            permissions: if has(PERMISSIONS) { Some(fields.u32()?) } else { None },
            times: if has(TIMES) { Some((fields.u32()?, fields.u32()?)) } else { None },
            extended: has(EXTENDED),
        };
        if attributes.extended {
            for _ in 0..fields.u32()? {
                fields.string()?;
                fields.string()?;
            }
        }
        Ok(attributes)
    }

    /// Writes them, without vendors' attributes.
    pub(crate) fn write(&self, building: Building) -> Building {
        let flag = |there: bool, flag| if there { flag } else { 0 };
        let flags = flag(self.size.is_some(), SIZE)
            | flag(self.owner.is_some(), OWNER)
            | flag(self.permissions.is_some(), PERMISSIONS)
            | flag(self.times.is_some(), TIMES);
        let building = building.u32(flags);
        let building = self.size.into_iter().fold(building, Building::u64);
        let numbers = [self.owner, self.permissions.map(|bits| (bits, 0)), self.times];
        numbers.into_iter().enumerate().fold(building, |building, (place, pair)| match (place, pair) {
            (1, Some((bits, _))) => building.u32(bits),
            (_, Some((first, second))) => building.u32(first).u32(second),
            (_, None) => building,
        })
    }

    /// What may be said of a file that is being made: who may use it, without set-user and set-group bits.
    pub(crate) fn of_new(&self) -> Self {
        Self { permissions: self.permissions.map(|bits| bits & 0o777), ..Self::default() }
    }

    /// What of these would change a file that has those.
    pub(crate) fn different_from(&self, there: &Self) -> Self {
        let mode = |attributes: &Self| attributes.permissions.map(|bits| bits & 0o7777);
        Self {
            size: self.size.filter(|_| self.size != there.size),
            owner: self.owner.filter(|_| self.owner != there.owner),
            permissions: self.permissions.filter(|_| mode(self) != mode(there)),
            times: self.times.filter(|_| self.times != there.times),
            extended: self.extended,
        }
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.is(FOLDER)
    }

    pub(crate) fn is_regular(&self) -> bool {
        self.is(REGULAR)
    }

    pub(crate) fn is_link(&self) -> bool {
        self.is(LINK)
    }

    fn is(&self, kind: u32) -> bool {
        self.permissions.is_some_and(|bits| bits & KIND == kind)
    }

    /// Kind, owner and mode: what stays when a file is only written to.
    fn lasting(&self) -> (Option<u32>, Option<(u32, u32)>) {
        (self.permissions, self.owner)
    }

    /// Whether these can be attributes of one file, seen through its handle, and by its name before and after. It may
    /// have grown meanwhile.
    pub(crate) fn is_seen_as(&self, before: Option<&Self>, after: &Self) -> bool {
        let content = |other: &Self| (other.size, other.times.map(|(_, changed)| changed));
        let (size, changed) = content(self);
        let grown = |before: &Self| {
            let ((first, earlier), (last, later)) = (content(before), content(after));
            (first..=last).contains(&size) && (earlier..=later).contains(&changed)
        };
        self.lasting() == after.lasting() && (content(after) == (size, changed) || before.is_some_and(grown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(packet: bytes::Bytes) -> Result<Attributes, Malformed> {
        let (_, mut fields) = Fields::of(packet.slice(4..)).unwrap();
        fields.u32().unwrap();
        let attributes = Attributes::parse(&mut fields)?;
        fields.end()?;
        Ok(attributes)
    }

    #[test]
    fn what_is_written_reads_back() {
        for bits in 0..16u32 {
            let attributes = Attributes {
                size: (bits & 1 != 0).then_some(1 << 40),
                owner: (bits & 2 != 0).then_some((1000, 1001)),
                permissions: (bits & 4 != 0).then_some(0o100_644),
                times: (bits & 8 != 0).then_some((5, 6)),
                extended: false,
            };
            assert_eq!(parsed(attributes.write(Building::new(1, 2)).finish()), Ok(attributes), "{bits}");
        }
    }

    #[test]
    fn an_unknown_flag_and_a_false_count_are_refused() {
        assert_eq!(parsed(Building::new(9, 2).u32(16).finish()), Err(Malformed::Flags(9)));
        let many = Building::new(9, 2).u32(EXTENDED).u32(u32::MAX).string("a").string("b").finish();
        assert_eq!(parsed(many), Err(Malformed::Short(9)));
    }

    #[test]
    fn another_file_behind_the_name_shows() {
        let file = Attributes {
            size: Some(5),
            owner: Some((7, 7)),
            permissions: Some(0o100_600),
            times: Some((1, 1)),
            extended: false,
        };
        assert!(file.is_seen_as(Some(&file), &file));
        let grown = Attributes { size: Some(9), times: Some((1, 2)), ..file };
        assert!(file.is_seen_as(Some(&file), &grown) && grown.is_seen_as(Some(&file), &grown));
        let between = Attributes { size: Some(7), ..file };
        assert!(between.is_seen_as(Some(&file), &grown) && !between.is_seen_as(None, &grown));
        let of_root = Attributes { owner: Some((0, 0)), ..file };
        assert!(!of_root.is_seen_as(Some(&file), &file));
        assert!(!Attributes { size: Some(99), ..file }.is_seen_as(Some(&file), &file));
    }
}
