//! Both halves of the login and the session between real clients (`mariadb`, PyMySQL) and a real server.

mod between;
mod clients;
mod joining;
