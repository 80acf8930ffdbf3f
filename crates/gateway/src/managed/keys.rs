//! Bytes of a terminal → keys. No byte sequence submits a line unless it is a lone Enter outside every sequence:
//! answers of the terminal to what a program printed, and pastes, never do.

use super::paste::Paste;

/// Longest sequence that is gathered before it is given up.
const LONGEST: usize = 64;

/// ETX and what the other editing keys send.
mod code {
    pub const INTERRUPT: u8 = 0x03;
    pub const BACKSPACE: u8 = 0x08;
    pub const TAB: u8 = 0x09;
    pub const LINE_FEED: u8 = 0x0a;
    pub const RETURN: u8 = 0x0d;
    pub const CANCEL: u8 = 0x18;
    pub const ESCAPE: u8 = 0x1b;
    pub const DELETE: u8 = 0x7f;
}

/// One key, by what it means to an editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character to insert.
    Char(char),
    /// Text between the marks of a bracketed paste; its line ends are `\n`.
    Pasted(String),
    /// More was pasted than a line may hold; none of it is kept.
    PasteTooLong,
    /// Enter, the last key of what arrived: only this submits.
    Enter,
    /// A line break with more behind it in the same packet, as a paste without marks sends it.
    Break,
    /// Tab, the last key of what arrived.
    Tab,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    WordLeft,
    WordRight,
    Backspace,
    Delete,
    /// Ctrl-D: deletes, or ends the shell on an empty line.
    EndOfInput,
    KillToEnd,
    KillToStart,
    KillWordBack,
    KillWord,
    Yank,
    Transpose,
    Undo,
    Search,
    Clear,
    Interrupt,
    /// Ctrl-Z.
    Suspend,
    /// Ctrl-G.
    Abort,
    /// Anything that means nothing here.
    Nothing,
}

/// The state between two packets.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// A UTF-8 sequence has begun.
    Character(Vec<u8>),
    Escape,
    /// After `ESC O`.
    Single,
    /// After `ESC [`.
    Control(Vec<u8>),
    /// After `ESC ]`, `ESC P`, `ESC X`, `ESC ^` or `ESC _`: text for the terminal's host, up to its terminator.
    Text {
        escaped: bool,
    },
    /// Bytes of a mouse report in the oldest encoding that still follow.
    Mouse(u8),
    Paste(Paste),
}

impl Decoder {
    /// The keys in one packet.
    pub(crate) fn keys(&mut self, packet: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        let mut rest = packet;
        let mut broken = false;
        while let Some((&byte, after)) = rest.split_first() {
            let ends = after.is_empty() || (byte == code::RETURN && after == [code::LINE_FEED]);
            // Several rows in one packet were pasted, the last Enter with them.
            let key = self.next(byte, ends && !broken);
            broken |= key == Some(Key::Break);
            let interrupted = key == Some(Key::Interrupt);
            let entered = key == Some(Key::Enter);
            keys.extend(key);
            // What stands behind a Ctrl-C in the same packet was not typed after seeing its effect.
            rest = if interrupted || entered { &[] } else { after };
        }
        keys
    }

    fn next(&mut self, byte: u8, last: bool) -> Option<Key> {
        match std::mem::take(&mut self.state) {
            State::Ground => self.ground(byte, last),
            State::Character(begun) => self.character(begun, byte, last),
            State::Escape => self.escape(byte),
            State::Single => Some(cursor_key(byte, false)),
            State::Control(begun) => self.control(begun, byte),
            State::Text { escaped } => self.text(escaped, byte),
            State::Mouse(left) => {
                self.state = if left > 1 { State::Mouse(left - 1) } else { State::Ground };
                None
            }
            State::Paste(paste) => self.paste(paste, byte),
        }
    }

    fn ground(&mut self, byte: u8, last: bool) -> Option<Key> {
        match byte {
            code::ESCAPE => {
                self.state = State::Escape;
                None
            }
            code::RETURN | code::LINE_FEED => Some(if last { Key::Enter } else { Key::Break }),
            code::TAB => Some(if last { Key::Tab } else { Key::Char('\t') }),
            0x00..=0x1f | code::DELETE => Some(control_key(byte)),
            0x20..=0x7e => Some(Key::Char(char::from(byte))),
            0xc2..=0xf4 => {
                self.state = State::Character(vec![byte]);
                None
            }
            _ => Some(Key::Char(char::REPLACEMENT_CHARACTER)),
        }
    }

    fn character(&mut self, mut begun: Vec<u8>, byte: u8, last: bool) -> Option<Key> {
        if !(0x80..0xc0).contains(&byte) {
            // The sequence is broken off. What broke it off is not lost: a broken character is never half of a key.
            let key = self.ground(byte, last);
            return Some(match key {
                Some(key @ (Key::Interrupt | Key::Abort)) => key,
                _ => Key::Char(char::REPLACEMENT_CHARACTER),
            });
        }
        begun.push(byte);
        match std::str::from_utf8(&begun) {
            Ok(text) => text.chars().next().map(Key::Char),
            Err(fault) if fault.error_len().is_none() => {
                self.state = State::Character(begun);
                None
            }
            Err(_) => Some(Key::Char(char::REPLACEMENT_CHARACTER)),
        }
    }

    fn escape(&mut self, byte: u8) -> Option<Key> {
        match byte {
            b'[' => self.enter(State::Control(Vec::new())),
            b'O' => self.enter(State::Single),
            b']' | b'P' | b'X' | b'^' | b'_' => self.enter(State::Text { escaped: false }),
            code::ESCAPE => self.enter(State::Escape),
            code::INTERRUPT => Some(Key::Interrupt),
            b'b' => Some(Key::WordLeft),
            b'f' => Some(Key::WordRight),
            b'd' => Some(Key::KillWord),
            code::DELETE | code::BACKSPACE => Some(Key::KillWordBack),
            _ => Some(Key::Nothing),
        }
    }

    fn enter(&mut self, state: State) -> Option<Key> {
        self.state = state;
        None
    }

    fn control(&mut self, mut begun: Vec<u8>, byte: u8) -> Option<Key> {
        match byte {
            0x20..=0x3f if begun.len() < LONGEST => {
                begun.push(byte);
                self.enter(State::Control(begun))
            }
            b'M' if begun.is_empty() => self.enter(State::Mouse(3)),
            b'~' if begun == b"200" => self.enter(State::Paste(Paste::default())),
            0x40..=0x7e => Some(sequence(&begun, byte)),
            code::INTERRUPT => Some(Key::Interrupt),
            code::ESCAPE => self.enter(State::Escape),
            _ => Some(Key::Nothing),
        }
    }

    /// All of it is passed over, however long it is: what a program made the terminal say is not typed.
    fn text(&mut self, escaped: bool, byte: u8) -> Option<Key> {
        match byte {
            code::INTERRUPT => Some(Key::Interrupt),
            0x07 | code::CANCEL | 0x9c => None,
            b'\\' if escaped => None,
            _ => self.enter(State::Text { escaped: byte == code::ESCAPE }),
        }
    }

    fn paste(&mut self, mut paste: Paste, byte: u8) -> Option<Key> {
        if byte == code::INTERRUPT {
            return Some(Key::Interrupt);
        }
        if !paste.take(byte) {
            return self.enter(State::Paste(paste));
        }
        Some(paste.finish().map_or(Key::PasteTooLong, Key::Pasted))
    }
}

fn control_key(byte: u8) -> Key {
    match byte {
        0x01 => Key::Home,
        0x02 => Key::Left,
        code::INTERRUPT => Key::Interrupt,
        0x04 => Key::EndOfInput,
        0x05 => Key::End,
        0x06 => Key::Right,
        0x07 => Key::Abort,
        code::BACKSPACE | code::DELETE => Key::Backspace,
        0x0b => Key::KillToEnd,
        0x0c => Key::Clear,
        0x0e => Key::Down,
        0x10 => Key::Up,
        0x12 => Key::Search,
        0x14 => Key::Transpose,
        0x15 => Key::KillToStart,
        0x17 => Key::KillWordBack,
        0x19 => Key::Yank,
        0x1a => Key::Suspend,
        0x1f => Key::Undo,
        _ => Key::Nothing,
    }
}

/// `ESC [` with parameters and a final byte.
fn sequence(parameters: &[u8], last: u8) -> Key {
    match (parameters, last) {
        (b"" | b"1", b'A'..=b'D' | b'H' | b'F') => cursor_key(last, false),
        (b"1;3" | b"1;5", b'C' | b'D') => cursor_key(last, true),
        (b"1" | b"7", b'~') => Key::Home,
        (b"4" | b"8", b'~') => Key::End,
        (b"3", b'~') => Key::Delete,
        _ => Key::Nothing,
    }
}

fn cursor_key(last: u8, by_word: bool) -> Key {
    match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' if by_word => Key::WordRight,
        b'D' if by_word => Key::WordLeft,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        _ => Key::Nothing,
    }
}
