//! Targets and the accounts on them.

use access::model::{Account, Database, Protocol, Service, Target};
use access::ports::StoreError;

use crate::database::{self, Engine};
use crate::fault::refused;
use crate::row::{Columns, Fields, json_map};
use crate::statement::{Statement, query};

/// The protocol of a host.
const SSH: &str = "ssh";

/// The protocol of whatever is only counted.
const TLS: &str = "tls";

pub(crate) async fn add(db: &database::Database<impl Engine>, target: &Target) -> Result<(), StoreError> {
    let insert = query(
        "INSERT INTO targets (name, host, port, labels, level, protocol, host_key, database, authority)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    let added = db.change(bound(insert, target)).await;
    added.map(drop).map_err(|error| refused(error, name(&target.name), name(&target.name)))
}

pub(crate) async fn set(db: &database::Database<impl Engine>, target: &Target) -> Result<(), StoreError> {
    let update = query(
        "UPDATE targets SET host = $2, port = $3, labels = $4, level = $5, protocol = $6, host_key = $7,
         database = $8, authority = $9 WHERE name = $1",
    );
    db.change_existing(name(&target.name), bound(update, target)).await
}

fn bound(statement: Statement, target: &Target) -> Statement {
    let (protocol, host_key) = match &target.service {
        Service::Ssh { host_key } => (SSH, host_key.as_str()),
        Service::Database(database) => (database.protocol.as_str(), ""),
        Service::Tls { .. } => (TLS, ""),
    };
    let authority = match &target.service {
        Service::Ssh { .. } => None,
        Service::Database(database) => Some(database.authority.as_str()),
        Service::Tls { authority } => authority.as_deref(),
    };
    statement
        .bind(&target.name)
        .bind(&target.host)
        .bind(i64::from(target.port))
        .bind(json_map(&target.labels))
        .bind(target.level.as_str())
        .bind(protocol)
        .bind(host_key)
        .bind(target.database().map(|database| database.name.as_str()))
        .bind(authority)
}

/// Accounts go with their target: the schema cascades.
pub(crate) async fn remove(db: &database::Database<impl Engine>, target: &str) -> Result<(), StoreError> {
    db.change_existing(name(target), query("DELETE FROM targets WHERE name = $1").bind(target)).await
}

pub(crate) async fn one(
    db: &database::Database<impl Engine>,
    name: &str,
) -> Result<Option<Target>, StoreError> {
    db.one(query("SELECT * FROM targets WHERE name = $1").bind(name), parse).await
}

pub(crate) async fn all(db: &database::Database<impl Engine>) -> Result<Vec<Target>, StoreError> {
    let mut targets = db.all(query("SELECT * FROM targets"), parse).await?;
    targets.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(targets)
}

pub(crate) async fn put_account(
    db: &database::Database<impl Engine>,
    account: &Account,
) -> Result<(), StoreError> {
    let upsert = query(
        "INSERT INTO accounts (target, login, credential, reader) VALUES ($1, $2, $3, $4)
         ON CONFLICT (target, login)
         DO UPDATE SET credential = excluded.credential, reader = excluded.reader",
    )
    .bind(&account.target)
    .bind(&account.login)
    .bind(&account.credential)
    .bind(account.reader.as_deref());
    let put = db.change(upsert).await;
    let row = || account_name(&account.target, &account.login);
    put.map(drop).map_err(|error| refused(error, row(), name(&account.target)))
}

pub(crate) async fn remove_account(
    db: &database::Database<impl Engine>,
    target: &str,
    login: &str,
) -> Result<(), StoreError> {
    let delete = query("DELETE FROM accounts WHERE target = $1 AND login = $2").bind(target).bind(login);
    db.change_existing(account_name(target, login), delete).await
}

pub(crate) async fn account(
    db: &database::Database<impl Engine>,
    target: &str,
    login: &str,
) -> Result<Option<Account>, StoreError> {
    let select = query("SELECT * FROM accounts WHERE target = $1 AND login = $2");
    db.one(select.bind(target).bind(login), parse_account).await
}

pub(crate) async fn accounts(
    db: &database::Database<impl Engine>,
    target: &str,
) -> Result<Vec<Account>, StoreError> {
    let select = query("SELECT * FROM accounts WHERE target = $1").bind(target);
    let mut accounts = db.all(select, parse_account).await?;
    accounts.sort_by(|one, other| one.login.cmp(&other.login));
    Ok(accounts)
}

fn name(target: &str) -> String {
    format!("target {target}")
}

fn account_name(target: &str, login: &str) -> String {
    format!("account {login} on {target}")
}

fn parse(row: &dyn Columns) -> Result<Target, StoreError> {
    let fields = Fields::of("targets", &["name"], row);
    Ok(Target {
        name: fields.value("name")?,
        host: fields.value("host")?,
        port: fields.number("port")?,
        labels: fields.map("labels")?,
        level: fields.word("level", |text| text.parse().ok())?,
        service: service(&fields)?,
    })
}

fn service(fields: &Fields<'_>) -> Result<Service, StoreError> {
    Ok(match fields.value::<String>("protocol")?.as_str() {
        SSH => Service::Ssh { host_key: fields.value("host_key")? },
        TLS => Service::Tls { authority: fields.optional("authority")? },
        _ => Service::Database(Database {
            protocol: fields.word("protocol", Protocol::parse)?,
            name: fields.value("database")?,
            authority: fields.value("authority")?,
        }),
    })
}

fn parse_account(row: &dyn Columns) -> Result<Account, StoreError> {
    let fields = Fields::of("accounts", &["target", "login"], row);
    Ok(Account {
        target: fields.value("target")?,
        login: fields.value("login")?,
        credential: fields.value("credential")?,
        reader: fields.optional("reader")?,
    })
}
