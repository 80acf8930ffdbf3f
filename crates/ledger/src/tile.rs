//! Names of the tiles (C2SP `tlog-tiles`): which of them a tree of a given size consists of, and their paths.

use std::fmt;

/// How many entries or hashes a full tile holds.
pub(crate) const FULL: u64 = 256;

/// Tile rows above this one would need more than 2^64 leaves.
const TOP_LEVEL: u8 = 7;

/// A row of tiles: the entries, or the hashes of every 256^level leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    Entries,
    Hashes(u8),
}

impl Row {
    /// How many entries or hashes this row has in a tree of `size` leaves.
    pub(crate) fn count(self, size: u64) -> u64 {
        match self {
            Row::Entries => size,
            Row::Hashes(level) => size >> (8 * u32::from(level.min(TOP_LEVEL))),
        }
    }

    /// The rows of a tree of `size` leaves, entries first.
    pub(crate) fn of(size: u64) -> impl Iterator<Item = Row> {
        let hashes = (0..=TOP_LEVEL).map(Row::Hashes);
        [Row::Entries].into_iter().chain(hashes).take_while(move |row| row.count(size) > 0)
    }
}

/// One tile: `width` entries or hashes of a row, from number `index` × 256 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tile {
    pub(crate) row: Row,
    pub(crate) index: u64,
    /// 1 to 256; 256 is a full tile.
    pub(crate) width: u16,
}

impl Tile {
    pub(crate) fn full(row: Row, index: u64) -> Tile {
        Tile { row, index, width: FULL as u16 }
    }

    /// The partial tile at the end of `row` in a tree of `size` leaves, if the row does not end on a full one.
    pub(crate) fn partial(row: Row, size: u64) -> Option<Tile> {
        let count = row.count(size);
        let width = (count % FULL) as u16;
        (width > 0).then_some(Tile { row, index: count / FULL, width })
    }

    /// The tile of a tree of `size` leaves that holds number `position` of `row`, if there is one.
    pub(crate) fn holding(row: Row, position: u64, size: u64) -> Option<Tile> {
        let (index, count) = (position / FULL, row.count(size));
        if index < count / FULL {
            return Some(Tile::full(row, index));
        }
        Tile::partial(row, size).filter(|_| position < count)
    }

    pub(crate) fn is_full(&self) -> bool {
        u64::from(self.width) == FULL
    }

    /// How many entries or hashes its row has up to the end of this tile.
    pub(crate) fn end(&self) -> u64 {
        self.index.saturating_mul(FULL).saturating_add(u64::from(self.width))
    }

    /// Whether a tree of `size` leaves has exactly this tile.
    pub(crate) fn belongs_to(&self, size: u64) -> bool {
        match self.is_full() {
            true => self.end() <= self.row.count(size),
            false => self.end() == self.row.count(size),
        }
    }

    /// The path below the log's folder, such as `tile/0/x001/234.p/17`.
    pub(crate) fn path(&self) -> String {
        match self.is_full() {
            true => self.stem(),
            false => format!("{}/{}", self.partial_folder(), self.width),
        }
    }

    /// The folder of this tile's partial versions, such as `tile/0/x001/234.p`.
    pub(crate) fn partial_folder(&self) -> String {
        format!("{}.p", self.stem())
    }

    /// The flat name of this tile while it is staged.
    pub(crate) fn staged_path(&self) -> String {
        format!("staged/{}", self.path().trim_start_matches("tile/").replace('/', "-"))
    }

    /// Reads [`path`](Self::path)'s form, and only that.
    pub(crate) fn parse(path: &str) -> Option<Tile> {
        let mut parts: Vec<&str> = path.strip_prefix("tile/")?.split('/').collect();
        let row = parse_row(parts.remove(0))?;
        let width = match parts.as_slice() {
            [.., stem, width] if stem.ends_with(".p") => width.parse().ok()?,
            _ => FULL as u16,
        };
        if u64::from(width) != FULL {
            parts.pop();
        }
        let last = parts.pop()?;
        let index = parse_index(&parts, last.strip_suffix(".p").unwrap_or(last))?;
        let tile = Tile { row, index, width };
        (tile.width > 0 && u64::from(tile.width) <= FULL && tile.path() == path).then_some(tile)
    }

    /// Reads the last part of [`staged_path`](Self::staged_path)'s form.
    pub(crate) fn parse_staged(name: &str) -> Option<Tile> {
        let path = format!("tile/{}", name.replace('-', "/"));
        Tile::parse(&path).filter(|tile| tile.staged_path() == format!("staged/{name}"))
    }

    fn stem(&self) -> String {
        let mut groups = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        groups.reverse();
        match self.row {
            Row::Entries => format!("tile/entries/{}", groups.join("/")),
            Row::Hashes(level) => format!("tile/{level}/{}", groups.join("/")),
        }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

fn parse_row(name: &str) -> Option<Row> {
    match name {
        "entries" => Some(Row::Entries),
        level => level.parse().ok().filter(|level| *level <= TOP_LEVEL).map(Row::Hashes),
    }
}

/// An index in groups of three digits. The bound keeps every position of the tile within 64 bits.
fn parse_index(groups: &[&str], last: &str) -> Option<u64> {
    let mut index: u64 = 0;
    for group in groups.iter().map(|group| group.strip_prefix('x')).chain([Some(last)]) {
        let digits = group.filter(|digits| digits.len() == 3)?;
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    (index < 1 << 56).then_some(index)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tiles() -> impl Strategy<Value = Tile> {
        let rows = prop_oneof![Just(Row::Entries), (0u8..=7).prop_map(Row::Hashes)];
        (rows, 0u64..1 << 56, 0u32..56, 1u16..=256).prop_map(|(row, index, shift, width)| Tile {
            row,
            index: index >> shift,
            width,
        })
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = |row, index, width| Tile { row, index, width };
        assert_eq!(tile(Row::Hashes(0), 1_234_067, 256).path(), "tile/0/x001/x234/067");
        assert_eq!(tile(Row::Entries, 5, 3).path(), "tile/entries/005.p/3");
        assert_eq!(tile(Row::Hashes(1), 1000, 255).staged_path(), "staged/1-x001-000.p-255");
    }

    #[test]
    fn other_spellings_of_a_path_are_refused() {
        for path in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/00/000",
            "tile/8/000",
            "tile/0/000.p",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/0/000.p/257",
            "tile/0/000.p/+1",
            "tile/0/+00",
            "tile/+0/000",
            "tile/0/000/",
            "tile/0//000",
            "tile/data/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/000.p/1.p/1",
            "entries/000",
            "tile/0/x072/x057/x594/x037/x927/936",
        ] {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
        assert_eq!(Tile::parse_staged("entries-000.p"), None);
        assert_eq!(Tile::parse_staged("entries/000"), None);
    }

    proptest! {
        #[test]
        fn every_tile_has_one_path(tile in tiles()) {
            prop_assert_eq!(Tile::parse(&tile.path()), Some(tile));
            let staged = tile.staged_path();
            prop_assert_eq!(Tile::parse_staged(staged.strip_prefix("staged/").unwrap()), Some(tile));
        }

        #[test]
        fn arbitrary_names_never_panic(name: String, path in "tile/[0-9x/.p-]{0,30}") {
            for text in [&name, &path] {
                prop_assert!(Tile::parse(text).is_none_or(|tile| tile.path() == *text));
                let _ = Tile::parse_staged(text);
            }
        }
    }
}
