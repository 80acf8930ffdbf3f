//! What is open on one channel: under our own handles, which are never used twice and never leave the channel.

use std::collections::BTreeMap;

use access::recording::SessionEvent;
use bytes::Bytes;

use super::transfer::Flow;

/// Files and folders that one channel may have open.
pub(crate) const MOST: usize = 256;

/// What is open.
#[derive(Default)]
pub(crate) struct Handles {
    last: u32,
    open: BTreeMap<u32, Open>,
}

/// One thing that is open.
pub(crate) enum Open {
    Folder { far: Bytes },
    File(Box<File>),
}

/// An open file and what its grant lets it do.
pub(crate) struct File {
    /// The target's handle.
    pub far: Bytes,
    /// Its number in the recording.
    pub number: u32,
    /// Where it was when it was opened, as the target resolved it.
    pub path: String,
    pub reading: Option<Flow>,
    pub writing: Option<Flow>,
    /// Writing begins here: what was there before may only be extended.
    pub floor: u64,
    /// What was there before may be lost, or there was nothing: its size needs no further judgement.
    pub replaceable: bool,
    /// How long it is without what is written now.
    pub length: u64,
    /// The lowest offset at which a read met the end.
    pub end: Option<u64>,
}

impl Open {
    /// The target's handle.
    pub(crate) fn far(&self) -> &Bytes {
        match self {
            Self::Folder { far } => far,
            Self::File(file) => &file.far,
        }
    }
}

impl Handles {
    pub(crate) fn is_full(&self) -> bool {
        self.open.len() >= MOST
    }

    /// The number of the next thing that is opened.
    pub(crate) fn next_number(&self) -> u32 {
        self.last.saturating_add(1)
    }

    /// Takes it in and gives the client's handle.
    pub(crate) fn insert(&mut self, open: Open) -> Bytes {
        self.last = self.next_number();
        self.open.insert(self.last, open);
        Bytes::copy_from_slice(&self.last.to_be_bytes())
    }

    pub(crate) fn find(&mut self, handle: &[u8]) -> Option<&mut Open> {
        self.open.get_mut(&number(handle)?)
    }

    pub(crate) fn file(&mut self, handle: &[u8]) -> Option<&mut File> {
        self.file_of(number(handle)?)
    }

    /// The file with this number.
    pub(crate) fn file_of(&mut self, number: u32) -> Option<&mut File> {
        match self.open.get_mut(&number)? {
            Open::File(file) => Some(file),
            Open::Folder { .. } => None,
        }
    }

    pub(crate) fn folder(&self, handle: &[u8]) -> Option<&Bytes> {
        match self.open.get(&number(handle)?)? {
            Open::Folder { far } => Some(far),
            Open::File(_) => None,
        }
    }

    pub(crate) fn remove(&mut self, handle: &[u8]) -> Option<Open> {
        self.open.remove(&number(handle)?)
    }

    /// Whatever is still open.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Open> {
        std::mem::take(&mut self.open).into_values()
    }
}

fn number(handle: &[u8]) -> Option<u32> {
    handle.try_into().ok().map(u32::from_be_bytes)
}

impl File {
    /// What is noted when nothing more crosses: one line for each direction that was open.
    pub(crate) fn summaries(&self) -> Vec<SessionEvent> {
        let downloaded =
            self.reading.as_ref().map(|flow| self.summary("download", flow, self.came_whole(flow)));
        let uploaded = self.writing.as_ref().map(|flow| self.summary("upload", flow, self.went_whole(flow)));
        downloaded.into_iter().chain(uploaded).collect()
    }

    fn summary(&self, direction: &str, flow: &Flow, whole: bool) -> SessionEvent {
        SessionEvent::FileTransferred {
            file: self.number,
            path: self.path.clone(),
            direction: direction.to_owned(),
            bytes: flow.bytes(),
            sha256: flow.digest().map(|(_, digest)| digest).filter(|_| whole).unwrap_or_default(),
            partial: !whole,
        }
    }

    /// A length of 0 says nothing: files that a kernel makes up have it.
    fn came_whole(&self, flow: &Flow) -> bool {
        let end = self.end.or(Some(self.length).filter(|length| *length > 0));
        flow.digest().zip(end).is_some_and(|((length, _), end)| length >= end)
    }

    fn went_whole(&self, flow: &Flow) -> bool {
        self.floor == 0 && flow.digest().is_some_and(|(length, _)| length >= self.length)
    }

    /// A read met the end here.
    pub(crate) fn ended(&mut self, offset: u64) {
        self.end = Some(self.end.map_or(offset, |end| end.min(offset)));
    }

    /// The file was cut or extended to this size.
    pub(crate) fn resized(&mut self, size: u64) {
        self.length = size;
        if let Some(flow) = &mut self.writing
            && flow.digest().is_none_or(|(length, _)| length > size)
        {
            flow.spoil();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_never_used_twice_and_others_are_none() {
        let mut handles = Handles::default();
        let first = handles.insert(Open::Folder { far: "x".into() });
        assert!(handles.folder(&first).is_some() && handles.file(&first).is_none());
        assert!(handles.remove(&first).is_some() && handles.find(&first).is_none());
        assert_ne!(handles.insert(Open::Folder { far: "x".into() }), first);
        for other in [&b""[..], b"x", &[0; 4], &[0xff; 4], &[0; 8]] {
            assert!(handles.find(other).is_none(), "{other:?}");
        }
    }
}
