//! What people read about quorums: who must sign, under which conditions, and what is still missing.

use policy::{Aside, Clause, Hours, Missing, Quorum, Short, Unfit};

use super::Language;

catalogue! {
    QUORUM_CLAUSE: "{n} of {group}",
        "{group} 中的 {n} 人";
    QUORUM_CLAUSE_ELSEWHERE: "{n} of {group} from another team",
        "{group} 中来自其他团队的 {n} 人";
    QUORUM_SHORT: "{n} more of {group}",
        "{group} 中还需 {n} 人";
    QUORUM_SHORT_ELSEWHERE: "{n} more of {group} from another team",
        "{group} 中还需来自其他团队的 {n} 人";
    QUORUM_AND: " and ",
        "，以及 ";
    QUORUM_ASIDE: "; {who} does not count: {why}",
        "；{who} 不计入：{why}";
    QUORUM_ASIDE_TEAM: "not known to be from another team than the requester",
        "不能确认与申请人不在同一团队";
    QUORUM_ASIDE_HOURS: "signed outside {hours}",
        "签署时间不在 {hours} 之内";
    QUORUM_ASIDE_FACTOR: "the second factor was not given within {minutes} min before signing",
        "签署前 {minutes} 分钟内未验证第二因素";
    QUORUM_IN_HOURS: ", signed {hours}",
        "，签署时间为 {hours}";
    QUORUM_WITH_FACTOR: ", with a second factor no older than {minutes} min",
        "，第二因素须在 {minutes} 分钟之内";
    QUORUM_HOURS: "{hours} on {days}",
        "每{days} {hours}";
    QUORUM_WEEKDAYS: "Mon Tue Wed Thu Fri Sat Sun",
        "周一 周二 周三 周四 周五 周六 周日";
}

/// `2 of dba-leads`.
fn clause(language: Language, Clause { of, n, other_team }: &Clause) -> String {
    let line = if *other_team { QUORUM_CLAUSE_ELSEWHERE } else { QUORUM_CLAUSE };
    line.say(language, &[("n", &n.to_string()), ("group", of)])
}

/// Every clause, and what is asked of signatures besides.
pub fn clauses(language: Language, quorum: &Quorum) -> String {
    listed(language, quorum, |_| String::new())
}

/// The same, with those who could sign for each clause: `2 of dba-leads (bob, carol)`.
pub fn clauses_with(language: Language, quorum: &Quorum, people: impl Fn(&Clause) -> String) -> String {
    listed(language, quorum, |one| format!(" ({})", people(one)))
}

fn listed(language: Language, quorum: &Quorum, after: impl Fn(&Clause) -> String) -> String {
    let all: Vec<_> = quorum.clauses.iter().map(|one| clause(language, one) + &after(one)).collect();
    all.join(&QUORUM_AND.say(language, &[])) + &conditions(language, quorum)
}

/// `, signed 08:00–20:00 on Mon Tue`: what is asked of every signature; nothing when nothing is.
fn conditions(language: Language, quorum: &Quorum) -> String {
    let in_hours = |at: &Hours| QUORUM_IN_HOURS.say(language, &[("hours", &hours(language, at))]);
    let with_factor = |minutes: u32| QUORUM_WITH_FACTOR.say(language, &[("minutes", &minutes.to_string())]);
    let (at, age) = (quorum.hours.as_ref(), quorum.mfa_within_minutes);
    at.map(in_hours).unwrap_or_default() + &age.map(with_factor).unwrap_or_default()
}

/// What the quorum lacks, and whose signature does not count for it, with the name that each person is known by.
pub fn missing(
    language: Language,
    quorum: &Quorum,
    lack: &Missing,
    name_of: impl Fn(&str) -> String,
) -> String {
    let all: Vec<_> = lack.clauses.iter().map(|one| short(language, one)).collect();
    let aside = |Aside { person, why }: &Aside| {
        let why = unfit(language, quorum, *why);
        QUORUM_ASIDE.say(language, &[("who", &name_of(person)), ("why", &why)])
    };
    let aside: String = lack.aside.iter().map(aside).collect();
    all.join(&QUORUM_AND.say(language, &[])) + &aside
}

fn short(language: Language, Short { of, n, other_team }: &Short) -> String {
    let line = if *other_team { QUORUM_SHORT_ELSEWHERE } else { QUORUM_SHORT };
    line.say(language, &[("n", &n.to_string()), ("group", of)])
}

fn unfit(language: Language, quorum: &Quorum, why: Unfit) -> String {
    match why {
        Unfit::Team => QUORUM_ASIDE_TEAM.say(language, &[]),
        Unfit::Hours => {
            let at = quorum.hours.as_ref().map(|at| hours(language, at)).unwrap_or_default();
            QUORUM_ASIDE_HOURS.say(language, &[("hours", &at)])
        }
        Unfit::SecondFactor => {
            let minutes = quorum.mfa_within_minutes.unwrap_or_default().to_string();
            QUORUM_ASIDE_FACTOR.say(language, &[("minutes", &minutes)])
        }
    }
}

fn hours(language: Language, at: &Hours) -> String {
    let days = QUORUM_WEEKDAYS.say(language, &[]);
    let named = days.split(' ').zip(1..).filter(|(_, day)| at.weekdays.contains(day)).map(|(name, _)| name);
    let named: Vec<_> = named.collect();
    QUORUM_HOURS.say(language, &[("hours", &at.to_string()), ("days", &named.join(" "))])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quorum() -> Quorum {
        Quorum {
            mfa_within_minutes: Some(15),
            hours: Some(Hours { from: 480, to: 1200, weekdays: [1, 5].into() }),
            ..Quorum::of(
                "q",
                vec![Clause { other_team: true, ..Clause::of("leads", 1) }, Clause::of("security", 2)],
            )
        }
    }

    #[test]
    fn a_quorum_is_said_with_its_conditions_in_both_languages() {
        assert_eq!(
            clauses(Language::English, &quorum()),
            "1 of leads from another team and 2 of security, signed 08:00–20:00 on Mon Fri, \
             with a second factor no older than 15 min"
        );
        assert_eq!(
            clauses(Language::Chinese, &quorum()),
            "leads 中来自其他团队的 1 人，以及 security 中的 2 人，签署时间为 每周一 周五 08:00–20:00，第二因素须在 15 分钟之内"
        );
    }

    #[test]
    fn what_is_missing_names_who_does_not_count_and_why() {
        let lack = |why| Missing {
            clauses: vec![Short { of: "leads".into(), n: 1, other_team: true }],
            aside: vec![Aside { person: "p-1".into(), why }],
        };
        let said = |language, why| missing(language, &quorum(), &lack(why), |id| id.replace("p-1", "bob"));
        let english =
            [Unfit::Team, Unfit::Hours, Unfit::SecondFactor].map(|why| said(Language::English, why));
        assert!(
            english[0]
                .ends_with("; bob does not count: not known to be from another team than the requester")
        );
        assert!(english[1].ends_with("bob does not count: signed outside 08:00–20:00 on Mon Fri"));
        assert!(
            english[2].ends_with(
                "bob does not count: the second factor was not given within 15 min before signing"
            )
        );
        let chinese = said(Language::Chinese, Unfit::Hours);
        assert_eq!(
            chinese,
            "leads 中还需来自其他团队的 1 人；bob 不计入：签署时间不在 每周一 周五 08:00–20:00 之内"
        );
    }
}
