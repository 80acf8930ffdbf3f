//! OpenSSH's extensions of the protocol (its file `PROTOCOL`, section 4) that the gateway understands.

use bytes::Bytes;

use super::attributes::Attributes;
use super::packet::{Building, Fields, Malformed};

/// What we understand, with the version that we understand; a target's others are not told to clients.
const KNOWN: [(&str, &str); 11] = [
    ("posix-rename@openssh.com", "1"),
    ("statvfs@openssh.com", "2"),
    ("fstatvfs@openssh.com", "2"),
    ("hardlink@openssh.com", "1"),
    ("fsync@openssh.com", "1"),
    ("lsetstat@openssh.com", "1"),
    ("limits@openssh.com", "1"),
    ("expand-path@openssh.com", "1"),
    ("copy-data", "1"),
    ("home-directory", "1"),
    ("users-groups-by-id@openssh.com", "1"),
];

/// An extended request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Extension {
    PosixRename {
        from: Bytes,
        to: Bytes,
    },
    StatVfs {
        path: Bytes,
    },
    FStatVfs {
        handle: Bytes,
    },
    HardLink {
        from: Bytes,
        to: Bytes,
    },
    FSync {
        handle: Bytes,
    },
    LSetStat {
        path: Bytes,
        attributes: Attributes,
    },
    Limits,
    ExpandPath {
        path: Bytes,
    },
    CopyData(Copying),
    HomeDirectory {
        user: Bytes,
    },
    UsersGroupsById {
        users: Bytes,
        groups: Bytes,
    },
    /// One that we do not understand.
    Unknown {
        name: Bytes,
    },
}

/// `copy-data`: from one open file to another, on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copying {
    pub from: Bytes,
    pub from_offset: u64,
    /// 0 is up to the end.
    pub length: u64,
    pub to: Bytes,
    pub to_offset: u64,
}

impl Extension {
    /// Reads what follows the request's number: the name and the fields.
    pub(crate) fn parse(fields: &mut Fields) -> Result<Self, Malformed> {
        let name = fields.string()?;
        Ok(match &*name {
            b"posix-rename@openssh.com" => Self::PosixRename { from: fields.string()?, to: fields.string()? },
            b"statvfs@openssh.com" => Self::StatVfs { path: fields.string()? },
            b"fstatvfs@openssh.com" => Self::FStatVfs { handle: fields.string()? },
            b"hardlink@openssh.com" => Self::HardLink { from: fields.string()?, to: fields.string()? },
            b"fsync@openssh.com" => Self::FSync { handle: fields.string()? },
            b"lsetstat@openssh.com" => {
                Self::LSetStat { path: fields.string()?, attributes: Attributes::parse(fields)? }
            }
            b"limits@openssh.com" => Self::Limits,
            b"expand-path@openssh.com" => Self::ExpandPath { path: fields.string()? },
            b"copy-data" => Self::CopyData(Copying::parse(fields)?),
            b"home-directory" => Self::HomeDirectory { user: fields.string()? },
            b"users-groups-by-id@openssh.com" => {
                Self::UsersGroupsById { users: fields.string()?, groups: fields.string()? }
            }
            _ => {
                fields.remaining();
                Self::Unknown { name }
            }
        })
    }

    /// Writes the name and the fields.
    pub(crate) fn write(&self, building: Building) -> Building {
        let building = building.string(self.name());
        match self {
            Self::PosixRename { from, to } | Self::HardLink { from, to } => building.string(from).string(to),
            Self::StatVfs { path } | Self::ExpandPath { path } => building.string(path),
            Self::FStatVfs { handle } | Self::FSync { handle } => building.string(handle),
            Self::LSetStat { path, attributes } => attributes.write(building.string(path)),
            Self::CopyData(copying) => copying.write(building),
            Self::HomeDirectory { user } => building.string(user),
            Self::UsersGroupsById { users, groups } => building.string(users).string(groups),
            Self::Limits | Self::Unknown { .. } => building,
        }
    }

    /// Its name on the wire.
    pub(crate) fn name(&self) -> &[u8] {
        match self {
            Self::PosixRename { .. } => b"posix-rename@openssh.com",
            Self::StatVfs { .. } => b"statvfs@openssh.com",
            Self::FStatVfs { .. } => b"fstatvfs@openssh.com",
            Self::HardLink { .. } => b"hardlink@openssh.com",
            Self::FSync { .. } => b"fsync@openssh.com",
            Self::LSetStat { .. } => b"lsetstat@openssh.com",
            Self::Limits => b"limits@openssh.com",
            Self::ExpandPath { .. } => b"expand-path@openssh.com",
            Self::CopyData(_) => b"copy-data",
            Self::HomeDirectory { .. } => b"home-directory",
            Self::UsersGroupsById { .. } => b"users-groups-by-id@openssh.com",
            Self::Unknown { name } => name,
        }
    }
}

impl Copying {
    fn parse(fields: &mut Fields) -> Result<Self, Malformed> {
        Ok(Self {
            from: fields.string()?,
            from_offset: fields.u64()?,
            length: fields.u64()?,
            to: fields.string()?,
            to_offset: fields.u64()?,
        })
    }

    fn write(&self, building: Building) -> Building {
        let Self { from, from_offset, length, to, to_offset } = self;
        building.string(from).u64(*from_offset).u64(*length).string(to).u64(*to_offset)
    }
}

/// What a target's server can do beyond the protocol, as far as we understand it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offered {
    known: Vec<(&'static str, &'static str)>,
    openssh: bool,
}

impl Offered {
    /// Reads the pairs of a `VERSION` packet.
    pub(crate) fn parse(fields: &mut Fields) -> Result<Self, Malformed> {
        let mut offered = Self::default();
        while !fields.is_empty() {
            let (name, version) = (fields.string()?, fields.string()?);
            offered.openssh |= name.ends_with(b"@openssh.com");
            let known = KNOWN.iter().find(|(n, v)| n.as_bytes() == name && v.as_bytes() == version);
            offered.known.extend(known.filter(|pair| !offered.known.contains(pair)));
        }
        Ok(offered)
    }

    /// Writes the pairs of our own `VERSION` packet.
    pub(crate) fn write(&self, building: Building) -> Building {
        self.known.iter().fold(building, |building, (name, version)| building.string(name).string(version))
    }

    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.known.iter().any(|(known, _)| known.as_bytes() == name)
    }

    /// Whether it takes the arguments of `SYMLINK` in OpenSSH's order, which is not the draft's.
    pub(crate) fn links_as_openssh(&self) -> bool {
        self.openssh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(building: Building) -> Fields {
        let (_, mut fields) = Fields::of(building.finish().slice(4..)).unwrap();
        fields.u32().unwrap();
        fields
    }

    #[test]
    fn only_what_is_understood_is_passed_on() {
        let version = Building::new(2, 3)
            .string("posix-rename@openssh.com")
            .string("1")
            .string("statvfs@openssh.com")
            .string("3")
            .string("run-anything@example.com")
            .string("1");
        let offered = Offered::parse(&mut fields(version)).unwrap();
        assert_eq!(offered.known, [("posix-rename@openssh.com", "1")]);
        assert!(offered.has(b"posix-rename@openssh.com") && !offered.has(b"statvfs@openssh.com"));
        assert!(offered.links_as_openssh());
        assert!(!Offered::parse(&mut fields(Building::new(2, 3))).unwrap().links_as_openssh());
    }

    #[test]
    fn every_known_extension_reads_back() {
        let bytes = || Bytes::from_static(b"x");
        let copying = Copying { from: bytes(), from_offset: 1, length: 2, to: bytes(), to_offset: 3 };
        for extension in [
            Extension::PosixRename { from: bytes(), to: bytes() },
            Extension::StatVfs { path: bytes() },
            Extension::FStatVfs { handle: bytes() },
            Extension::HardLink { from: bytes(), to: bytes() },
            Extension::FSync { handle: bytes() },
            Extension::LSetStat { path: bytes(), attributes: Attributes::default() },
            Extension::Limits,
            Extension::ExpandPath { path: bytes() },
            Extension::CopyData(copying),
            Extension::HomeDirectory { user: bytes() },
            Extension::UsersGroupsById { users: bytes(), groups: bytes() },
        ] {
            let mut fields = fields(extension.write(Building::new(200, 1)));
            assert_eq!(Extension::parse(&mut fields), Ok(extension.clone()));
            assert!(KNOWN.iter().any(|(name, _)| name.as_bytes() == extension.name()), "{extension:?}");
        }
    }
}
