//! Bytes as steps: who says how much of what.

/// One step: what is done, and with which bytes.
pub struct Step<'a> {
    pub kind: u8,
    pub bytes: &'a [u8],
}

/// Each step begins with its kind and its length, of one byte each; the last is as long as what is left.
pub fn steps(mut data: &[u8]) -> impl Iterator<Item = Step<'_>> {
    std::iter::from_fn(move || {
        let ([kind, length], rest) = data.split_first_chunk()?;
        let (bytes, behind) = rest.split_at(rest.len().min(usize::from(*length)));
        data = behind;
        Some(Step { kind: *kind, bytes })
    })
}
