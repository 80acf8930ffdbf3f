//! The relay: what crosses a channel, in one ordered queue for each direction, recorded before it is delivered.
//!
//! Nothing here knows which library speaks SSH. A connection layer feeds a [`Spool`] from its callbacks, which never
//! wait, and takes delivery as an [`Outlet`], which may wait for the peer's window as long as it likes.

mod brake;
mod crossing;
mod gate;
mod pump;
mod spill;
mod spool;

pub(crate) use brake::Brake;
pub(crate) use crossing::{Crossing, Pty, Stream, Window};
pub(crate) use gate::{Gate, Valve};
pub(crate) use pump::{Ended, Outlet, Recorder, pump, recorded};
pub(crate) use spool::{CHUNK, Spool, SpoolFault};
