//! The outbox: nothing is lost, each receiver gets its notices in order of arrival, one node has one at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::model::Notice;
use access::ports::Store;

use super::{Kept, RACERS, behaviours, race};
use crate::sample::NOW;

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        notices_come_back_in_order_of_arrival,
        a_notice_waits_until_it_is_due,
        a_delivered_notice_is_gone_for_good,
        postponing_counts_the_attempt,
        of_racing_couriers_one_has_the_notice,
        racing_posts_lose_nothing,
    }
}

fn notice(receiver: &str, n: u64) -> Notice {
    Notice {
        id: 0,
        receiver: receiver.into(),
        event: "request".into(),
        body: format!("{{\"n\":{n},\"text\":\"\u{202e}值班\"}}"),
        created: NOW.plus_seconds(n),
        due: NOW,
        attempts: 0,
    }
}

fn bodies(notices: Vec<Notice>) -> Vec<String> {
    notices.into_iter().map(|notice| notice.body).collect()
}

async fn notices_come_back_in_order_of_arrival<S: Store>(store: Arc<S>) -> Kept {
    store.post(&[notice("chat", 3), notice("mail", 1), notice("chat", 2)]).await?;
    store.post(&[]).await?;
    store.post(&[notice("chat", 1)]).await?;
    let due = store.due("chat", NOW, 9).await?;
    let ids: Vec<i64> = due.iter().map(|notice| notice.id).collect();
    assert!(ids.is_sorted() && !ids.contains(&0), "{ids:?}");
    let expected = [3, 2, 1].map(|n| notice("chat", n));
    assert_eq!(due.into_iter().map(|notice| Notice { id: 0, ..notice }).collect::<Vec<_>>(), expected);
    assert_eq!(store.due("chat", NOW, 2).await?.len(), 2);
    assert_eq!(store.due("pager", NOW, 9).await?, []);
    Ok(())
}

async fn a_notice_waits_until_it_is_due<S: Store>(store: Arc<S>) -> Kept {
    let later = Notice { due: NOW.plus_seconds(60), ..notice("chat", 1) };
    store.post(&[later.clone(), notice("chat", 2)]).await?;
    assert_eq!(bodies(store.due("chat", NOW, 9).await?), [notice("chat", 2).body]);
    assert_eq!(bodies(store.due("chat", later.due, 9).await?), [later.body, notice("chat", 2).body]);
    Ok(())
}

async fn a_delivered_notice_is_gone_for_good<S: Store>(store: Arc<S>) -> Kept {
    store.post(&[notice("chat", 1)]).await?;
    let id = store.due("chat", NOW, 1).await?.first().map_or(0, |notice| notice.id);
    store.delivered(id).await?;
    store.delivered(id).await?;
    assert_eq!(store.due("chat", NOW, 9).await?, []);
    assert!(!store.postpone(id, 0, NOW).await?, "what is gone is not put off");
    store.post(&[notice("chat", 2)]).await?;
    assert!(store.due("chat", NOW, 9).await?.iter().all(|notice| notice.id > id), "no number comes twice");
    Ok(())
}

async fn postponing_counts_the_attempt<S: Store>(store: Arc<S>) -> Kept {
    store.post(&[notice("chat", 1)]).await?;
    let id = store.due("chat", NOW, 1).await?.first().map_or(0, |notice| notice.id);
    assert!(!store.postpone(id, 1, NOW).await?);
    assert!(store.postpone(id, 0, NOW.plus_seconds(30)).await?);
    assert!(!store.postpone(id, 0, NOW).await?);
    assert_eq!(store.due("chat", NOW, 9).await?, []);
    let due = store.due("chat", NOW.plus_seconds(30), 9).await?;
    assert_eq!(due, [Notice { id, due: NOW.plus_seconds(30), attempts: 1, ..notice("chat", 1) }]);
    Ok(())
}

async fn of_racing_couriers_one_has_the_notice<S: Store + 'static>(store: Arc<S>) -> Kept {
    store.post(&[notice("chat", 1)]).await?;
    let id = store.due("chat", NOW, 1).await?.first().map_or(0, |notice| notice.id);
    let later = NOW.plus_seconds(30);
    let takings = race(&store, |store, _| async move { store.postpone(id, 0, later).await }).await;
    let taken = takings.into_iter().collect::<Result<Vec<bool>, _>>()?;
    assert_eq!(taken.iter().filter(|won| **won).count(), 1);
    Ok(())
}

async fn racing_posts_lose_nothing<S: Store + 'static>(store: Arc<S>) -> Kept {
    let posts = race(&store, |store, n| async move {
        store.post(&[notice("chat", 2 * n), notice("chat", 2 * n + 1)]).await
    });
    posts.await.into_iter().collect::<Result<(), _>>()?;
    let due = bodies(store.due("chat", NOW, u32::MAX).await?);
    assert_eq!(due.len() as u64, 2 * RACERS);
    let distinct: BTreeSet<_> = due.into_iter().collect();
    assert_eq!(distinct.len() as u64, 2 * RACERS);
    Ok(())
}
