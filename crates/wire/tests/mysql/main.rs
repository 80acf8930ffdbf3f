//! MySQL and MariaDB: packets, the beginning, commands, parameters, and the session between both sides.

mod asking;
mod beginning;
mod cutting;
mod entering;
mod session;
