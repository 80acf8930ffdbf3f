//! What a plan in JSON says of the rows that a statement changes.

use access::impact::Way;
use serde_json::Value;

/// What a plan does to one table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub how: Way,
    /// As the plan names it, without its schema.
    pub table: String,
    pub rows: Option<u64>,
}

/// Every change of rows in a plan. A node that changes rows tells of the rows that it returns; those that it changes are
/// its child's.
pub(super) fn planned(json: &str) -> Option<Vec<Planned>> {
    let plans: Value = serde_json::from_str(json).ok()?;
    let mut found = Vec::new();
    for plan in plans.as_array()? {
        look_at(plan.get("Plan")?, &mut found);
    }
    Some(found)
}

fn look_at(node: &Value, found: &mut Vec<Planned>) {
    let word = |name| node.get(name).and_then(Value::as_str);
    let below = || node.get("Plans").and_then(Value::as_array).into_iter().flatten();
    if word("Node Type") == Some("ModifyTable")
        && let Some(how) = word("Operation").and_then(way)
    {
        let rows = below().filter(|child| is_source(child)).map(rows);
        let rows = rows.reduce(|all, more| Some(all?.saturating_add(more?))).flatten();
        let table = word("Relation Name").unwrap_or_default().to_owned();
        found.push(Planned { how, table, rows });
    }
    below().for_each(|child| look_at(child, found));
}

fn way(operation: &str) -> Option<Way> {
    match operation {
        "Delete" => Some(Way::Deletes),
        "Update" => Some(Way::Updates),
        "Insert" => Some(Way::Inserts),
        "Merge" => Some(Way::Merges),
        _ => None,
    }
}

/// Whether its rows are what the node above it changes: other children only compute values.
fn is_source(child: &Value) -> bool {
    matches!(child.get("Parent Relationship").and_then(Value::as_str), Some("Outer" | "Member"))
}

fn rows(node: &Value) -> Option<u64> {
    node.get("Plan Rows").and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_that_change_are_those_of_the_child() {
        let plan = r#"[{"Plan": {"Node Type": "ModifyTable", "Operation": "Delete", "Relation Name": "orders", "Plan Rows": 0,
          "Plans": [
            {"Node Type": "Result", "Parent Relationship": "InitPlan", "Plan Rows": 7},
            {"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Plan Rows": 1204332}]}}]"#;
        let orders = Planned { how: Way::Deletes, table: "orders".into(), rows: Some(1_204_332) };
        assert_eq!(planned(plan), Some(vec![orders]));
    }

    #[test]
    fn a_change_inside_a_query_is_found() {
        let plan = r#"[{"Plan": {"Node Type": "Aggregate", "Plan Rows": 1, "Plans": [
          {"Node Type": "ModifyTable", "Operation": "Update", "Relation Name": "a", "Parent Relationship": "InitPlan", "Plan Rows": 3,
           "Plans": [{"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Plan Rows": 3}]},
          {"Node Type": "CTE Scan", "Parent Relationship": "Outer", "Plan Rows": 3}]}}]"#;
        assert_eq!(
            planned(plan),
            Some(vec![Planned { how: Way::Updates, table: "a".into(), rows: Some(3) }])
        );
    }

    #[test]
    fn what_is_no_plan_tells_nothing() {
        let deep = format!("[{}", "{\"Plan\":".repeat(100_000));
        for text in ["", "[]x", "{}", "[1]", r#"[{"Plan": 1"#, &deep] {
            assert_eq!(planned(text), None, "{}", text.len());
        }
        let strange = r#"[{"Plan": {"Node Type": "ModifyTable", "Operation": "Delete", "Plans": [
          {"Parent Relationship": "Outer", "Plan Rows": -4}]}}]"#;
        assert_eq!(
            planned(strange),
            Some(vec![Planned { how: Way::Deletes, table: String::new(), rows: None }])
        );
    }
}
