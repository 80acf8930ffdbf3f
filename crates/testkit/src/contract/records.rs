//! Records and settings: a content is kept for ever under its digest; a setting has one value.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::model::Record;
use access::ports::Store;

use super::{Kept, behaviours};

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        a_record_is_found_by_its_digest,
        a_content_is_never_replaced,
        settings_are_put_replaced_and_removed,
    }
}

fn record(digest: &str) -> Record {
    let text = |text: &str| text.to_owned();
    Record {
        kind: text("person"),
        id: text("p-1"),
        digest: text(digest),
        content: format!("{{\"is\":\"{digest}\"}}"),
    }
}

async fn a_record_is_found_by_its_digest<S: Store>(store: Arc<S>) -> Kept {
    for digest in ["aa", "bb", "aa"] {
        store.keep_record(&record(digest)).await?;
    }
    assert_eq!(store.record("person", "p-1", "aa").await?, Some(record("aa")));
    assert_eq!(store.record("person", "p-1", "bb").await?, Some(record("bb")));
    assert_eq!(store.record("person", "p-2", "aa").await?, None);
    assert_eq!(store.record("key", "p-1", "aa").await?, None);
    assert_eq!(store.record("person", "p-1", "cc").await?, None);
    Ok(())
}

async fn a_content_is_never_replaced<S: Store>(store: Arc<S>) -> Kept {
    store.keep_record(&record("aa")).await?;
    store.keep_record(&Record { content: "forged".into(), ..record("aa") }).await?;
    assert_eq!(store.record("person", "p-1", "aa").await?, Some(record("aa")));
    Ok(())
}

async fn settings_are_put_replaced_and_removed<S: Store>(store: Arc<S>) -> Kept {
    assert_eq!(store.setting("retention-days").await?, None);
    for value in ["90", "180"] {
        store.put_setting("retention-days", Some(value)).await?;
    }
    store.put_setting("hold", Some("")).await?;
    assert_eq!(store.setting("retention-days").await?.as_deref(), Some("180"));
    let all = [("hold", ""), ("retention-days", "180")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(store.settings().await?, BTreeMap::from(all));
    store.put_setting("retention-days", None).await?;
    store.put_setting("retention-days", None).await?;
    assert_eq!(store.setting("retention-days").await?, None);
    assert_eq!(store.setting("hold").await?.as_deref(), Some(""));
    Ok(())
}
