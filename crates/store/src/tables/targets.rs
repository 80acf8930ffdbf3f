//! Targets and the accounts on them.

use access::model::{Account, Target};
use access::ports::StoreError;

use crate::database::{Database, Engine};
use crate::fault::refused;
use crate::row::{Columns, Fields, json_map};
use crate::statement::query;

pub(crate) async fn add(db: &Database<impl Engine>, target: &Target) -> Result<(), StoreError> {
    let insert = query(
        "INSERT INTO targets (name, host, port, labels, level, host_key) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&target.name)
    .bind(&target.host)
    .bind(i64::from(target.port))
    .bind(json_map(&target.labels))
    .bind(target.level.as_str())
    .bind(&target.host_key);
    let added = db.change(insert).await;
    added.map(drop).map_err(|error| refused(error, name(&target.name), name(&target.name)))
}

pub(crate) async fn set(db: &Database<impl Engine>, target: &Target) -> Result<(), StoreError> {
    let update = query(
        "UPDATE targets SET host = $2, port = $3, labels = $4, level = $5, host_key = $6 WHERE name = $1",
    )
    .bind(&target.name)
    .bind(&target.host)
    .bind(i64::from(target.port))
    .bind(json_map(&target.labels))
    .bind(target.level.as_str())
    .bind(&target.host_key);
    db.change_existing(name(&target.name), update).await
}

/// Accounts go with their target: the schema cascades.
pub(crate) async fn remove(db: &Database<impl Engine>, target: &str) -> Result<(), StoreError> {
    db.change_existing(name(target), query("DELETE FROM targets WHERE name = $1").bind(target)).await
}

pub(crate) async fn one(db: &Database<impl Engine>, name: &str) -> Result<Option<Target>, StoreError> {
    db.one(query("SELECT * FROM targets WHERE name = $1").bind(name), parse).await
}

pub(crate) async fn all(db: &Database<impl Engine>) -> Result<Vec<Target>, StoreError> {
    let mut targets = db.all(query("SELECT * FROM targets"), parse).await?;
    targets.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(targets)
}

pub(crate) async fn put_account(db: &Database<impl Engine>, account: &Account) -> Result<(), StoreError> {
    let upsert = query(
        "INSERT INTO accounts (target, login, credential) VALUES ($1, $2, $3)
         ON CONFLICT (target, login) DO UPDATE SET credential = excluded.credential",
    )
    .bind(&account.target)
    .bind(&account.login)
    .bind(&account.credential);
    let put = db.change(upsert).await;
    let row = || account_name(&account.target, &account.login);
    put.map(drop).map_err(|error| refused(error, row(), name(&account.target)))
}

pub(crate) async fn remove_account(
    db: &Database<impl Engine>,
    target: &str,
    login: &str,
) -> Result<(), StoreError> {
    let delete = query("DELETE FROM accounts WHERE target = $1 AND login = $2").bind(target).bind(login);
    db.change_existing(account_name(target, login), delete).await
}

pub(crate) async fn account(
    db: &Database<impl Engine>,
    target: &str,
    login: &str,
) -> Result<Option<Account>, StoreError> {
    let select = query("SELECT * FROM accounts WHERE target = $1 AND login = $2");
    db.one(select.bind(target).bind(login), parse_account).await
}

pub(crate) async fn accounts(db: &Database<impl Engine>, target: &str) -> Result<Vec<Account>, StoreError> {
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
        host_key: fields.value("host_key")?,
    })
}

fn parse_account(row: &dyn Columns) -> Result<Account, StoreError> {
    let fields = Fields::of("accounts", &["target", "login"], row);
    Ok(Account {
        target: fields.value("target")?,
        login: fields.value("login")?,
        credential: fields.value("credential")?,
    })
}
