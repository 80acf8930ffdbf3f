//! MySQL and MariaDB: packets, the beginning, commands, parameters, and the session between both sides.

mod beginning;
mod cutting;
mod session;
