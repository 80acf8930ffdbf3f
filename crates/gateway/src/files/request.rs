//! What a client asks (draft-ietf-secsh-filexfer-02, section 6), and what the gateway asks a target.

use bytes::Bytes;

use super::attributes::Attributes;
use super::extension::Extension;
use super::packet::{Building, Fields, Malformed};

const INIT: u8 = 1;
const VERSION: u8 = 2;

/// Protocol version that both sides speak.
const SPOKEN: u32 = 3;

/// A request without its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Open {
        path: Bytes,
        /// See [`super::opening`].
        flags: u32,
        attributes: Attributes,
    },
    Close {
        handle: Bytes,
    },
    Read {
        handle: Bytes,
        offset: u64,
        length: u32,
    },
    Write {
        handle: Bytes,
        offset: u64,
        data: Bytes,
    },
    LStat {
        path: Bytes,
    },
    FStat {
        handle: Bytes,
    },
    SetStat {
        path: Bytes,
        attributes: Attributes,
    },
    FSetStat {
        handle: Bytes,
        attributes: Attributes,
    },
    OpenDir {
        path: Bytes,
    },
    ReadDir {
        handle: Bytes,
    },
    Remove {
        path: Bytes,
    },
    MakeDir {
        path: Bytes,
        attributes: Attributes,
    },
    RemoveDir {
        path: Bytes,
    },
    RealPath {
        path: Bytes,
    },
    Stat {
        path: Bytes,
    },
    Rename {
        from: Bytes,
        to: Bytes,
    },
    ReadLink {
        path: Bytes,
    },
    /// In OpenSSH's order: what the link says, then its name.
    SymLink {
        to: Bytes,
        path: Bytes,
    },
    Extended(Extension),
}

impl Request {
    /// Reads a packet; the number comes back beside it.
    pub(crate) fn parse(packet: Bytes) -> Result<(u32, Self), Malformed> {
        let (kind, mut fields) = Fields::of(packet)?;
        if !matches!(kind, 3..=20 | 200) {
            return Err(Malformed::Type(kind));
        }
        let number = fields.u32()?;
        let request = Self::of_kind(kind, &mut fields)?;
        fields.end()?;
        Ok((number, request))
    }

    fn of_kind(kind: u8, fields: &mut Fields) -> Result<Self, Malformed> {
        Ok(match kind {
            3 => Self::Open {
                path: fields.string()?,
                flags: fields.u32()?,
                attributes: Attributes::parse(fields)?,
            },
            4 => Self::Close { handle: fields.string()? },
            5 => Self::Read { handle: fields.string()?, offset: fields.u64()?, length: fields.u32()? },
            6 => Self::Write { handle: fields.string()?, offset: fields.u64()?, data: fields.string()? },
            7 => Self::LStat { path: fields.string()? },
            8 => Self::FStat { handle: fields.string()? },
            9 => Self::SetStat { path: fields.string()?, attributes: Attributes::parse(fields)? },
            10 => Self::FSetStat { handle: fields.string()?, attributes: Attributes::parse(fields)? },
            11 => Self::OpenDir { path: fields.string()? },
            12 => Self::ReadDir { handle: fields.string()? },
            13 => Self::Remove { path: fields.string()? },
            14 => Self::MakeDir { path: fields.string()?, attributes: Attributes::parse(fields)? },
            15 => Self::RemoveDir { path: fields.string()? },
            16 => Self::RealPath { path: fields.string()? },
            17 => Self::Stat { path: fields.string()? },
            18 => Self::Rename { from: fields.string()?, to: fields.string()? },
            19 => Self::ReadLink { path: fields.string()? },
            20 => Self::SymLink { to: fields.string()?, path: fields.string()? },
            _ => Self::Extended(Extension::parse(fields)?),
        })
    }

    /// The packet with this number.
    pub(crate) fn packet(&self, number: u32) -> Bytes {
        let building = Building::new(self.kind(), number);
        match self {
            Self::Open { path, flags, attributes } => attributes.write(building.string(path).u32(*flags)),
            Self::Close { handle } | Self::FStat { handle } | Self::ReadDir { handle } => {
                building.string(handle)
            }
            Self::Read { handle, offset, length } => building.string(handle).u64(*offset).u32(*length),
            Self::Write { handle, offset, data } => building.string(handle).u64(*offset).string(data),
            Self::SetStat { path, attributes } | Self::MakeDir { path, attributes } => {
                attributes.write(building.string(path))
            }
            Self::FSetStat { handle, attributes } => attributes.write(building.string(handle)),
            Self::LStat { path }
            | Self::OpenDir { path }
            | Self::Remove { path }
            | Self::RemoveDir { path }
            | Self::RealPath { path }
            | Self::Stat { path }
            | Self::ReadLink { path } => building.string(path),
            Self::Rename { from, to } => building.string(from).string(to),
            Self::SymLink { to, path } => building.string(to).string(path),
            Self::Extended(extension) => extension.write(building),
        }
        .finish()
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Open { .. } => 3,
            Self::Close { .. } => 4,
            Self::Read { .. } => 5,
            Self::Write { .. } => 6,
            Self::LStat { .. } => 7,
            Self::FStat { .. } => 8,
            Self::SetStat { .. } => 9,
            Self::FSetStat { .. } => 10,
            Self::OpenDir { .. } => 11,
            Self::ReadDir { .. } => 12,
            Self::Remove { .. } => 13,
            Self::MakeDir { .. } => 14,
            Self::RemoveDir { .. } => 15,
            Self::RealPath { .. } => 16,
            Self::Stat { .. } => 17,
            Self::Rename { .. } => 18,
            Self::ReadLink { .. } => 19,
            Self::SymLink { .. } => 20,
            Self::Extended(_) => 200,
        }
    }
}

/// The first packet of a conversation, which has no number.
pub(crate) fn init() -> Bytes {
    Building::new(INIT, SPOKEN).finish()
}

/// Reads a client's first packet. What it says beyond its version is of no use to it here.
pub(crate) fn parse_init(packet: Bytes) -> Result<(), Malformed> {
    match first_packet(packet, INIT)? {
        (version, _) if version < SPOKEN => Err(Malformed::Version(version)),
        _ => Ok(()),
    }
}

/// Reads a target's answer to [`init`]: what it offers comes behind.
pub(crate) fn parse_version(packet: Bytes) -> Result<super::extension::Offered, Malformed> {
    match first_packet(packet, VERSION)? {
        (SPOKEN, mut fields) => super::extension::Offered::parse(&mut fields),
        (version, _) => Err(Malformed::Version(version)),
    }
}

/// Our answer to a client's first packet.
pub(crate) fn version(offered: &super::extension::Offered) -> Bytes {
    offered.write(Building::new(VERSION, SPOKEN)).finish()
}

fn first_packet(packet: Bytes, wanted: u8) -> Result<(u32, Fields), Malformed> {
    let (kind, mut fields) = Fields::of(packet)?;
    if kind != wanted {
        return Err(Malformed::Type(kind));
    }
    Ok((fields.u32()?, fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> Vec<Request> {
        let (path, handle, data) =
            (Bytes::from_static(b"/p"), Bytes::from_static(b"h"), Bytes::from_static(b"d"));
        let (from, to) = (path.clone(), Bytes::from_static(b"/to"));
        let attributes = Attributes { size: Some(1), permissions: Some(0o644), ..Attributes::default() };
        vec![
            Request::Open { path: path.clone(), flags: 1, attributes },
            Request::Close { handle: handle.clone() },
            Request::Read { handle: handle.clone(), offset: 1, length: 2 },
            Request::Write { handle: handle.clone(), offset: 1, data },
            Request::LStat { path: path.clone() },
            Request::FStat { handle: handle.clone() },
            Request::SetStat { path: path.clone(), attributes },
            Request::FSetStat { handle: handle.clone(), attributes },
            Request::OpenDir { path: path.clone() },
            Request::ReadDir { handle },
            Request::Remove { path: path.clone() },
            Request::MakeDir { path: path.clone(), attributes },
            Request::RemoveDir { path: path.clone() },
            Request::RealPath { path: path.clone() },
            Request::Stat { path: path.clone() },
            Request::Rename { from, to: to.clone() },
            Request::ReadLink { path: path.clone() },
            Request::SymLink { to, path },
            Request::Extended(Extension::Limits),
        ]
    }

    #[test]
    fn every_request_reads_back_and_none_reads_cut_short_or_with_more_behind() {
        for request in every() {
            let packet = request.packet(7).slice(4..);
            assert_eq!(Request::parse(packet.clone()), Ok((7, request.clone())));
            for length in 0..packet.len() {
                assert!(Request::parse(packet.slice(..length)).is_err(), "{request:?} cut to {length}");
            }
            let longer = [&*packet, b"x"].concat().into();
            assert!(matches!(Request::parse(longer), Err(Malformed::Trailing(_))), "{request:?}");
        }
    }

    #[test]
    fn other_types_are_refused() {
        for kind in (0..=2).chain(21..200).chain(201..=255) {
            let packet = Building::new(kind, 1).finish().slice(4..);
            assert_eq!(Request::parse(packet), Err(Malformed::Type(kind)));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused() {
        let mut seed = 1u64;
        for _ in 0..20_000 {
            let mut packet = vec![0; (seed % 60) as usize];
            for byte in &mut packet {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                *byte = if seed >> 60 < 12 { (seed >> 33) as u8 % 21 } else { (seed >> 40) as u8 };
            }
            seed = seed.wrapping_add(1).rotate_left(7);
            if let Ok((number, request)) = Request::parse(packet.clone().into()) {
                assert_eq!(request.packet(number).len(), packet.len() + 4);
            }
        }
    }
}
