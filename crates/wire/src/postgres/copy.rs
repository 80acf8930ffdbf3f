//! Who is sending COPY data.

use crate::Error;

/// What of a COPY is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Copying {
    #[default]
    Nothing,
    /// From the client.
    In,
    /// To the client.
    Out,
    /// Both ways (replication); who has not finished.
    Both { client: bool, server: bool },
}

const OUT_OF_STEP: Error = Error::OutOfStep("COPY data that nobody asked for");

impl Copying {
    pub(super) fn is_from_client(self) -> bool {
        matches!(self, Self::In | Self::Both { client: true, .. })
    }

    pub(super) fn is_from_server(self) -> bool {
        matches!(self, Self::Out | Self::Both { server: true, .. })
    }

    /// The client has finished, or given up.
    pub(super) fn client_is_done(self) -> Self {
        match self {
            Self::Both { server: true, .. } => Self::Both { client: false, server: true },
            _ => Self::Nothing,
        }
    }

    /// The server has finished.
    pub(super) fn server_is_done(self) -> Result<Self, Error> {
        match self {
            Self::Out | Self::Both { client: false, server: true } => Ok(Self::Nothing),
            Self::Both { client: true, server: true } => Ok(Self::Both { client: true, server: false }),
            _ => Err(OUT_OF_STEP),
        }
    }

    /// The server begins one.
    pub(super) fn begin(self, mode: Self) -> Result<Self, Error> {
        if self == Self::Nothing { Ok(mode) } else { Err(OUT_OF_STEP) }
    }
}
