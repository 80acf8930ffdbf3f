//! Time-limited access, runbooks, emergencies and looks at recordings.

catalogue! {}
