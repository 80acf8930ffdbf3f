//! How far the gateway's own stop has come.

/// How far the gateway's own stop has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    #[default]
    Serving,
    /// Nothing new; what runs may finish.
    Draining,
    /// What still runs is ended.
    Now,
}
