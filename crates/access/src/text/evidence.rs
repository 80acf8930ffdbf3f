//! The story that an evidence bundle tells.

catalogue! {}
