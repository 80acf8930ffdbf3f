//! Opening a database on a server: the URL first, then a connection, then the schema.

use std::str::FromStr;
use std::time::Duration;

use access::ports::StoreError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, PgPool};

use super::{Postgres, Server, schema};
use crate::database::Database;

/// How long a statement waits for a connection.
const QUEUE: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 10;

/// What a URL may say besides user, host and database. Others would be passed over with a line in the log that shows
/// them, and one of them may be a password that was misspelt.
const PARAMETERS: [&str; 10] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "port",
    "user",
    "dbname",
    "application_name",
    "options",
];

/// The database cannot be used. The message says what to do; it never contains the password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is no URL of a PostgreSQL database.
    #[error("the PostgreSQL URL cannot be used: {0}")]
    Url(String),
    /// The server cannot be reached, or does not let this user in.
    #[error("cannot open the database {server}: {source}")]
    Database {
        /// User, host, port and database.
        server: String,
        /// What failed.
        source: sqlx::Error,
    },
    /// The server has no certificate that is trusted under that name.
    #[error(
        "the database {server} does not prove who it is: {source}. In the URL, sslrootcert=FILE names the CA that \
         signed its certificate, and the host must be a name that the certificate has"
    )]
    Untrusted {
        /// User, host, port and database.
        server: String,
        /// What is wrong.
        source: sqlx::Error,
    },
    /// A later version of the program has changed the schema.
    #[error(
        "the database {server} was written by a newer version (schema {found}, this one knows {known}): run that version"
    )]
    Newer {
        /// User, host, port and database.
        server: String,
        /// Newest migration that was applied to it.
        found: i64,
        /// Newest migration that this program has.
        known: i64,
    },
    /// The schema is not the one that this program would have made.
    #[error("the schema of the database {server} is not this program's: {why}")]
    Foreign {
        /// User, host, port and database.
        server: String,
        /// What differs.
        why: String,
    },
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Postgres {
    /// Opens the database at `url` (`postgres://user:password@host/database`) and brings its schema up to date.
    ///
    /// Over a network the server must prove who it is (`sslmode=verify-full`) unless the URL says otherwise.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let options = options(url)?;
        let server = described(&options);
        let pool = connect(options).await.map_err(|source| unopened(server.clone(), source))?;
        schema::migrate(&server, &pool).await?;
        Ok(Database { engine: Server { pool } })
    }
}

fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(OpenError::Url("it must begin with postgres://".into()));
    }
    let parameters = parameters(url);
    if let Some(unknown) = parameters.iter().find(|name| !PARAMETERS.contains(name)) {
        return Err(OpenError::Url(format!("the parameter {} is not known", visible(unknown))));
    }
    let options = PgConnectOptions::from_str(url).map_err(|fault| OpenError::Url(fault.to_string()))?;
    Ok(match parameters.contains(&"sslmode") || is_near(&options) {
        true => options,
        false => options.ssl_mode(PgSslMode::VerifyFull),
    })
}

fn unopened(server: String, source: sqlx::Error) -> OpenError {
    // What the TLS library refuses in a certificate comes as input that is not valid.
    let untrusted = match &source {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(fault) => fault.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    };
    match untrusted {
        true => OpenError::Untrusted { server, source },
        false => OpenError::Database { server, source },
    }
}

/// The names of the URL's parameters.
fn parameters(url: &str) -> Vec<&str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name)).collect()
}

/// A name is shown only as far as names go: a password with `?` in it would be taken for one.
fn visible(name: &str) -> String {
    match name.len() <= 20 && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-') {
        true => name.to_owned(),
        false => "with an odd name (write ? and & in a password as %3F and %26)".to_owned(),
    }
}

/// On this machine: nobody is in between.
fn is_near(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || ["localhost", "127.0.0.1", "::1", "[::1]"].contains(&host)
}

fn described(options: &PgConnectOptions) -> String {
    let place = match options.get_socket() {
        Some(folder) => folder.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    format!("{}@{place}/{}", options.get_username(), options.get_database().unwrap_or_default())
}

/// Statements are not logged, slow or not. One connection is made at once, so that what is wrong is said at the start.
async fn connect(options: PgConnectOptions) -> Result<PgPool, sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(QUEUE);
    let quiet = options.application_name("countersign").disable_statement_logging();
    quiet.clone().connect().await?;
    Ok(pool.connect_lazy_with(quiet))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> String {
        format!("{:?}", options(url).map(|options| options.get_ssl_mode()).ok())
    }

    #[test]
    fn a_server_elsewhere_must_prove_who_it_is() {
        assert_eq!(mode("postgres://a@db.example.org/state"), "Some(VerifyFull)");
        assert_eq!(mode("postgres://a@10.0.0.7/state"), "Some(VerifyFull)");
        assert_eq!(mode("postgres://a@db.example.org/state?sslmode=require"), "Some(Require)");
        assert_eq!(mode("postgres://a@localhost/state"), "Some(Prefer)");
        assert_eq!(mode("postgres://a@localhost/state?host=/run/postgresql"), "Some(Prefer)");
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_its_password() {
        for url in [
            "mysql://a:s3cret@db/state",
            "postgres://a:s3cret@db:port/state",
            "postgres://a:s3cret@db/state?sslmode=s3cret-mode",
            "postgres://a@db/state?passwort=s3cret",
            "postgres://a@db/state?password=s3cret",
            "postgres://a:x?s3cret&y@db/state",
            "s3cret",
        ] {
            let refused = options(url).map(|options| described(&options)).unwrap_err().to_string();
            assert!(!refused.contains("s3cret") || url.contains("sslmode"), "{url}: {refused}");
        }
    }

    #[test]
    fn the_description_has_no_password() {
        let shown = described(&options("postgres://a:s3cret@db.example.org:5433/state").unwrap());
        assert_eq!(shown, "a@db.example.org:5433/state");
    }
}
