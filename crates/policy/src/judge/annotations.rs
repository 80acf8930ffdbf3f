//! What stands above a policy: its id, its description, and what a permit asks for in return.

use cedar_policy::{Effect, Policy};

use super::sight::Sight;
use super::verdict::Obligations;

/// What is wrong, and what to do about it.
pub(super) type Complaint = (String, &'static str);

/// The policy's `@id`, which rules and records show.
pub(super) fn id(policy: &Policy) -> Result<&str, Complaint> {
    match policy.annotation("id").filter(|id| !id.is_empty()) {
        None => Err(("a policy has no @id".into(), "write @id(\"name\") above it")),
        Some(id) if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) => {
            Err((format!("the id {id:?} is not plain"), "use letters, digits, '.', '_' and '-'"))
        }
        Some(id) => Ok(id),
    }
}

/// Whether nothing lifts the policy: `@never("yes")` above a forbid that looks at no quorum and no emergency.
pub(super) fn never(policy: &Policy) -> Result<bool, Complaint> {
    match policy.annotation("never") {
        None => Ok(false),
        Some("yes") if policy.effect() == Effect::Permit => {
            Err(("a permit is @never".into(), "write @never on forbids"))
        }
        Some("yes") if Sight::of(policy).tells_a_remedy() => {
            let what = "it is @never, yet looks at context.quorums or context.emergency";
            Err((what.into(), "take the quorum and the emergency out of its conditions, or @never away"))
        }
        Some("yes") => Ok(true),
        Some(other) => Err((format!("@never({other:?})"), "write @never(\"yes\")")),
    }
}

/// Reads the obligations; an annotation that is not known would be one that nobody sees to.
pub(super) fn obligations(policy: &Policy) -> Result<Obligations, Complaint> {
    let mut found = Obligations::default();
    for (name, value) in policy.annotations() {
        match name {
            "id" | "description" | "never" => {}
            "max_bytes" => found.max_bytes = Some(number("max_bytes", "bytes", value)?),
            "max_rows" => found.max_rows = Some(number("max_rows", "rows", value)?),
            "keep_copy" if value == "yes" => found.keep_copy = true,
            "keep_copy" => return Err((format!("@keep_copy({value:?})"), "write @keep_copy(\"yes\")")),
            other => {
                let advice =
                    "the annotations are @id, @description, @never, @max_bytes, @max_rows and @keep_copy";
                return Err((format!("@{other} means nothing"), advice));
            }
        }
    }
    if found != Obligations::default() && policy.effect() == Effect::Forbid {
        return Err(("a forbid has obligations".into(), "write them on permits"));
    }
    if found.max_rows.is_some() && !Sight::of(policy).tells("counted") {
        let advice = "write context.counted in its conditions: other rows are not counted";
        return Err(("@max_rows stands above a permit for what is not counted".into(), advice));
    }
    Ok(found)
}

fn number(of: &str, what: &str, value: &str) -> Result<u64, Complaint> {
    value.parse().map_err(|_| (format!("@{of}({value:?}) is no number of {what}"), "write digits only"))
}
