//! Targets and accounts: replaced whole, removed together.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::model::{Account, Database, Protocol, Service, Target};
use access::policy::Level;
use access::ports::Store;

use super::{Kept, assert_exists, assert_missing, behaviours};
use crate::sample::{account, target};

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        a_target_comes_back_as_added,
        every_level_comes_back,
        databases_come_back,
        target_names_are_unique,
        a_target_is_replaced_whole,
        an_account_is_replaced_by_a_later_one,
        accounts_are_listed_by_login,
        accounts_go_with_their_target,
        what_is_not_there_cannot_be_changed,
    }
}

async fn a_target_comes_back_as_added<S: Store>(store: Arc<S>) -> Kept {
    let odd =
        Target { port: u16::MAX, labels: BTreeMap::from([("'\"".into(), String::new())]), ..target("b") };
    store.add_target(&odd).await?;
    store.add_target(&target("a")).await?;
    assert_eq!(store.target("b").await?.as_ref(), Some(&odd));
    assert_eq!(store.targets().await?, [target("a"), odd]);
    assert_eq!(store.target("c").await?, None);
    Ok(())
}

async fn every_level_comes_back<S: Store>(store: Arc<S>) -> Kept {
    for level in Level::ALL {
        let leveled = Target { level, ..target(level.as_str()) };
        store.add_target(&leveled).await?;
        assert_eq!(store.target(level.as_str()).await?, Some(leveled));
    }
    Ok(())
}

async fn databases_come_back<S: Store>(store: Arc<S>) -> Kept {
    for authority in [None, Some("-----BEGIN".to_owned())] {
        let name = authority.as_deref().map_or("in-clear", |_| "pinned");
        let known = Target { service: Service::Tls { authority }, level: Level::Counted, ..target(name) };
        store.add_target(&target(name)).await?;
        store.set_target(&known).await?;
        assert_eq!(store.target(name).await?, Some(known));
    }
    for protocol in [Protocol::Postgres, Protocol::Mysql] {
        let database = Database { protocol, name: "app".into(), authority: "-----BEGIN".into() };
        let known = Target { service: Service::Database(database), ..target(protocol.as_str()) };
        store.add_target(&target(protocol.as_str())).await?;
        store.set_target(&known).await?;
        assert_eq!(store.target(protocol.as_str()).await?, Some(known));
    }
    Ok(())
}

async fn target_names_are_unique<S: Store>(store: Arc<S>) -> Kept {
    store.add_target(&target("db-1")).await?;
    assert_exists(store.add_target(&Target { host: "elsewhere".into(), ..target("db-1") }).await);
    assert_eq!(store.targets().await?, [target("db-1")]);
    Ok(())
}

async fn a_target_is_replaced_whole<S: Store>(store: Arc<S>) -> Kept {
    let moved = Target {
        host: "192.0.2.9".into(),
        port: 2222,
        labels: BTreeMap::new(),
        level: Level::Recorded,
        service: Service::Ssh { host_key: "ssh-ed25519 AAAAother".into() },
        ..target("db-1")
    };
    store.add_target(&target("db-1")).await?;
    store.add_target(&target("web-1")).await?;
    store.put_account(&account("db-1", "root")).await?;
    store.set_target(&moved).await?;
    assert_eq!(store.targets().await?, [moved, target("web-1")]);
    assert_eq!(store.accounts("db-1").await?, [account("db-1", "root")]);
    Ok(())
}

async fn an_account_is_replaced_by_a_later_one<S: Store>(store: Arc<S>) -> Kept {
    let renewed =
        Account { credential: vec![5], reader: Some("root_reads".into()), ..account("db-1", "root") };
    store.add_target(&target("db-1")).await?;
    store.put_account(&account("db-1", "root")).await?;
    assert_eq!(store.account("db-1", "root").await?, Some(account("db-1", "root")));
    store.put_account(&renewed).await?;
    assert_eq!(store.accounts("db-1").await?, [renewed]);
    Ok(())
}

async fn accounts_are_listed_by_login<S: Store>(store: Arc<S>) -> Kept {
    store.add_target(&target("db-1")).await?;
    store.add_target(&target("web-1")).await?;
    for put in [account("db-1", "root"), account("web-1", "deploy"), account("db-1", "backup")] {
        store.put_account(&put).await?;
    }
    assert_eq!(store.accounts("db-1").await?, [account("db-1", "backup"), account("db-1", "root")]);
    assert_eq!(store.account("db-1", "deploy").await?, None);
    Ok(())
}

async fn accounts_go_with_their_target<S: Store>(store: Arc<S>) -> Kept {
    store.add_target(&target("db-1")).await?;
    store.add_target(&target("db-2")).await?;
    store.put_account(&account("db-1", "root")).await?;
    store.put_account(&account("db-2", "root")).await?;
    store.remove_target("db-1").await?;
    assert_eq!(store.account("db-1", "root").await?, None);
    assert_eq!(store.accounts("db-2").await?, [account("db-2", "root")]);
    store.add_target(&target("db-1")).await?;
    assert_eq!(store.accounts("db-1").await?, [], "a target of the same name starts without credentials");
    Ok(())
}

async fn what_is_not_there_cannot_be_changed<S: Store>(store: Arc<S>) -> Kept {
    assert_missing(store.set_target(&target("db-1")).await);
    assert_missing(store.remove_target("db-1").await);
    assert_missing(store.put_account(&account("db-1", "root")).await);
    assert_missing(store.remove_account("db-1", "root").await);
    store.add_target(&target("db-1")).await?;
    assert_missing(store.remove_account("db-1", "root").await);
    store.put_account(&account("db-1", "root")).await?;
    store.remove_account("db-1", "root").await?;
    assert_eq!(store.account("db-1", "root").await?, None);
    Ok(())
}
