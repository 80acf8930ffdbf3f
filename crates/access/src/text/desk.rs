//! The desk: its commands, its menu, and how sessions are ended.

catalogue! {}
