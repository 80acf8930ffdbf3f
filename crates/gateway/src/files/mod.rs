//! SFTP (draft-ietf-secsh-filexfer-02, version 3, and OpenSSH's extensions) as the gateway speaks it: bytes in, packets
//! and questions out. No sockets and no runtime; what lies outside is the trait [`Far`].

mod attributes;
mod changing;
mod conversation;
mod extension;
mod far;
mod handle;
mod looking;
mod opening;
mod operation;
mod packet;
mod path;
mod reply;
mod request;
mod resolving;
#[cfg(test)]
mod tests;
mod transfer;
mod words;

pub(crate) use conversation::{Content, Conversation, Next, Reply};
pub(crate) use far::{Far, Gone, Ruling};
pub(crate) use operation::operate;
pub(crate) use packet::{Malformed, Packets};
pub(crate) use reply::Answer;
pub(crate) use request::{Request, init, parse_init, parse_version, version};
pub(crate) use words::Words;
