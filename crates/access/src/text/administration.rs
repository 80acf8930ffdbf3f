//! What administrators and those whom they change read.

catalogue! {}
