//! Upkeep: VACUUM, ANALYZE, CLUSTER, REFRESH.

use pg_query::NodeEnum;
use pg_query::protobuf::*;

use super::nodes;
use super::reader::Reader;
use crate::Effect::{DataDestroy, Write};
use crate::How;
use crate::sql::findings::Usually;
use crate::sql::name::Kind;
use crate::sql::script::Columns;

impl Reader<'_> {
    pub(super) fn vacuum(&mut self, vacuum: &VacuumStmt) {
        self.found
            .does(Write, if vacuum.is_vacuumcmd { "cleans tables up" } else { "counts what tables hold" });
        for relation in vacuum.rels.iter().filter_map(|relation| relation.node.as_ref()) {
            match relation {
                NodeEnum::VacuumRelation(VacuumRelation { relation: Some(range), .. }) => {
                    self.looked_at(range)
                }
                _ => self.strange("a table without a name"),
            }
        }
    }

    pub(super) fn cluster(&mut self, cluster: &ClusterStmt) {
        self.found.does(Write, "puts the rows of tables in order");
        if let Some(range) = &cluster.relation {
            self.looked_at(range);
        }
    }

    pub(super) fn refresh(&mut self, refresh: &RefreshMatViewStmt) {
        let Some(range) = &refresh.relation else { return self.strange("a view without a name") };
        let view = nodes::relation(range);
        self.found.does(Write, format!("fills {view} anew"));
        if refresh.skip_data {
            self.found.does(DataDestroy, format!("empties {view}"));
        }
        self.found.table(&view, How::Writes, Columns::All, true);
        self.found.rely_on(Kind::Written, &view, Usually::Harmless);
    }

    fn looked_at(&mut self, range: &RangeVar) {
        self.found.table(&nodes::relation(range), How::Looks, Columns::none(), false);
    }
}
