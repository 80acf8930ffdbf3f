//! The parameters of a prepared statement, by the types that the client gave them.

use crate::Error;
use crate::reading::Fields;
use bytes::Bytes;

/// How a parameter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The number of the type.
    pub code: u8,
    /// Whether numbers have no sign.
    pub is_unsigned: bool,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// A number with sign.
    Int(i64),
    /// A number without.
    Unsigned(u64),
    /// A floating number.
    Float(f64),
    /// A date or time as the protocol packs it: the type's number, then 0 to 12 bytes.
    Moment(u8, Bytes),
    /// Everything else: text and bytes.
    Bytes(Bytes),
    /// Sent before, in pieces.
    Long(Bytes),
}

const NULL: u8 = 6;

/// The kinds that the client declares, or those of the last time, and the values. `long` gives what was sent before for a
/// parameter; `share` makes a part of the message into bytes of its own.
pub(super) fn parameters(
    body: &[u8],
    count: u16,
    known: Option<&[Kind]>,
    long: impl Fn(u16) -> Option<Bytes>,
    share: impl Fn(&[u8]) -> Bytes,
) -> Result<(Vec<Kind>, Vec<Value>), Error> {
    let mut fields = Fields::of(body, "parameters");
    if count == 0 {
        // Some clients end with the flag even so.
        fields.rest();
        return Ok((Vec::new(), Vec::new()));
    }
    let nulls = fields.bytes(usize::from(count).div_ceil(8))?;
    let kinds = match (fields.u8()?, known) {
        (1, _) => declared(&mut fields, count)?,
        (0, Some(known)) if known.len() == usize::from(count) => known.to_vec(),
        _ => return Err(fields.malformed()),
    };
    let mut values = Vec::new();
    for (place, kind) in (0..count).zip(&kinds) {
        let byte = nulls.get(usize::from(place / 8)).copied().unwrap_or_default();
        values.push(match long(place) {
            Some(bytes) => Value::Long(bytes),
            None if byte >> (place % 8) & 1 == 1 => Value::Null,
            None => value(&mut fields, *kind, &share)?,
        });
    }
    fields.end()?;
    Ok((kinds, values))
}

fn declared(fields: &mut Fields, count: u16) -> Result<Vec<Kind>, Error> {
    let mut kinds = Vec::new();
    for _ in 0..count {
        let [code, flags] = fields.array()?;
        kinds.push(Kind { code, is_unsigned: flags & 0x80 != 0 });
    }
    Ok(kinds)
}

fn value(fields: &mut Fields, kind: Kind, share: &impl Fn(&[u8]) -> Bytes) -> Result<Value, Error> {
    let number = |signed: i64, unsigned: u64| match kind.is_unsigned {
        true => Value::Unsigned(unsigned),
        false => Value::Int(signed),
    };
    Ok(match kind.code {
        NULL => Value::Null,
        1 => {
            let byte = fields.u8()?;
            number(byte.cast_signed().into(), byte.into())
        }
        2 | 13 => {
            let short = fields.u16_le()?;
            number(short.cast_signed().into(), short.into())
        }
        3 | 9 => {
            let long = fields.u32_le()?;
            number(long.cast_signed().into(), long.into())
        }
        8 => {
            let longer = fields.u64_le()?;
            number(longer.cast_signed(), longer)
        }
        4 => Value::Float(f32::from_bits(fields.u32_le()?).into()),
        5 => Value::Float(f64::from_bits(fields.u64_le()?)),
        7 | 10 | 11 | 12 => Value::Moment(kind.code, share(moment(fields)?)),
        // Decimals, text, bytes, bits, JSON, geometry.
        0 | 15 | 16 | 242 | 245..=255 => Value::Bytes(share(fields.numbered()?)),
        _ => return Err(fields.malformed()),
    })
}

fn moment<'a>(fields: &mut Fields<'a>) -> Result<&'a [u8], Error> {
    match fields.u8()? {
        length @ (0 | 4 | 7 | 8 | 11 | 12) => fields.bytes(length.into()),
        _ => Err(fields.malformed()),
    }
}
