//! The body of an entries tile: each entry behind its length, 16 bits, big-endian (C2SP `tlog-tiles`).

/// The longest leaf, in bytes.
pub const MAX_LEAF: usize = u16::MAX as usize;

/// The longest entries tile, in bytes.
pub(crate) const MAX_BUNDLE: u64 = 256 * (2 + MAX_LEAF as u64);

/// Adds a leaf, which the caller has checked to be at most [`MAX_LEAF`] bytes long.
pub(crate) fn push(bundle: &mut Vec<u8>, leaf: &[u8]) {
    debug_assert!(leaf.len() <= MAX_LEAF);
    bundle.extend_from_slice(&(leaf.len() as u16).to_be_bytes());
    bundle.extend_from_slice(leaf);
}

/// The entries of a bundle; the last item is an error if the bytes end within an entry.
pub(crate) fn entries(bundle: &[u8]) -> impl Iterator<Item = Result<&[u8], Truncated>> {
    let mut rest = bundle;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let entry = split_entry(rest);
        rest = entry.map_or(&[], |(_, rest)| rest);
        Some(entry.map(|(entry, _)| entry).ok_or(Truncated))
    })
}

/// The bytes end within an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Truncated;

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_pushed_comes_back(leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20)) {
            let mut bundle = Vec::new();
            leaves.iter().for_each(|leaf| push(&mut bundle, leaf));
            let back: Result<Vec<&[u8]>, _> = entries(&bundle).collect();
            prop_assert_eq!(back, Ok(leaves.iter().map(Vec::as_slice).collect()));
        }

        #[test]
        fn arbitrary_bytes_are_entries_and_at_most_one_cut_off(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let all: Vec<_> = entries(&bytes).collect();
            let whole: usize = all.iter().flatten().map(|entry| entry.len() + 2).sum();
            let cut = all.last() == Some(&Err(Truncated));
            prop_assert_eq!(all.iter().filter(|entry| entry.is_err()).count(), usize::from(cut));
            prop_assert_eq!(whole < bytes.len(), cut);
        }
    }
}
