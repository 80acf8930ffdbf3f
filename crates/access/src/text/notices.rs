//! What notices to channels and mailboxes say.

catalogue! {}
