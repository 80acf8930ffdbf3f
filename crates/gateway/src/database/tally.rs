//! What crosses in bulk for a statement, rows and COPY data, as counts and digests.

use std::collections::HashMap;

use access::recording::SessionEvent;
use aws_lc_rs::digest::{Context, SHA256};
use wire::postgres::{ActId, Run};

/// The data tag of COPY, in both directions; anything else that passes in runs are rows.
const COPY_DATA: u8 = b'd';

/// One direction of one statement.
struct Tally {
    count: u64,
    bytes: u64,
    digest: Option<Context>,
}

/// All that has begun and is not told of yet.
#[derive(Default)]
pub(crate) struct Tallies(HashMap<(u64, &'static str), Tally>);

impl Tallies {
    pub(crate) fn add_to_server(&mut self, act: Option<ActId>, run: &Run) {
        self.count("to-server", act, run);
    }

    pub(crate) fn add_to_client(&mut self, act: Option<ActId>, run: &Run) {
        self.count("to-client", act, run);
    }

    fn count(&mut self, direction: &'static str, act: Option<ActId>, run: &Run) {
        let Some(act) = act else { return };
        let new = || Tally { count: 0, bytes: 0, digest: None };
        let tally = self.0.entry((act.number(), direction)).or_insert_with(new);
        tally.count += run.begun() as u64;
        for content in run.contents() {
            tally.bytes += content.len() as u64;
            if run.tag() == COPY_DATA {
                tally.digest.get_or_insert_with(|| Context::new(&SHA256)).update(content);
            }
        }
    }

    /// What crossed for a statement that is over.
    pub(crate) fn events(&mut self, act: ActId) -> Vec<SessionEvent> {
        let directions = ["to-server", "to-client"].into_iter();
        let told = directions.filter_map(|direction| {
            let tally = self.0.remove(&(act.number(), direction))?;
            Some(SessionEvent::StatementData {
                act: act.number(),
                direction: direction.to_owned(),
                count: tally.count,
                bytes: tally.bytes,
                sha256: tally.digest.map(hex).unwrap_or_default(),
            })
        });
        told.collect()
    }
}

fn hex(digest: Context) -> String {
    digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
