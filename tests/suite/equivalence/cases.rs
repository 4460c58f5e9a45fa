//! The catalogue: small scripts, each for one effect of Postgres.
//!
//! `cases/*.sql` hold many, each under a line `-- case: what it shows`, and under that what it needs: `-- since: 15`,
//! `-- until: 17`, `-- supabase` (on that platform; else plain), `-- apart` (it has transactions of its own), `-- gaps`
//! (the replay says that it did not understand all of it), `-- differs: why` (known not to be the same yet; an error as soon
//! as it is).

use super::compare::{self, Difference};
use super::permitted;
use super::world::{Refused, UNREAD, World, gaps, replayed};
use crate::support::MAJORS;
use pgwitness::model::Schema;
use pgwitness::shadow::Platform;
use std::collections::BTreeMap;

macro_rules! cases {
    ($($file:literal),* $(,)?) => { [$(($file, include_str!(concat!("cases/", $file, ".sql")))),*] };
}

const FILES: [(&str, &str); 14] = cases![
    "validator",
    "grants",
    "roles",
    "defaults",
    "policies",
    "tables",
    "constraints",
    "functions",
    "views",
    "types",
    "objects",
    "blocks",
    "loops",
    "supabase",
];

/// One script.
struct Case {
    name: String,
    text: String,
    majors: std::ops::RangeInclusive<u32>,
    platform: Platform,
    apart: bool,
    gaps: bool,
    /// Why both ways are known to differ.
    differs: Option<String>,
}

impl Case {
    fn all() -> Vec<Self> {
        FILES
            .into_iter()
            .flat_map(|(file, text)| text.split("-- case: ").skip(1).map(move |one| (file, one)))
            .map(Self::one)
            .collect()
    }

    fn one((file, text): (&str, &str)) -> Self {
        let (title, body) = text.split_once('\n').unwrap();
        let header: Vec<&str> = body.lines().take_while(|line| line.starts_with("-- ")).collect();
        let has = |word: &str| header.iter().any(|line| line.trim_start_matches("-- ") == word);
        let number = |word: &str| {
            header.iter().find_map(|line| line.strip_prefix(&format!("-- {word}: "))).map(|n| n.trim().parse().unwrap())
        };
        Self {
            name: format!("{file}: {}", title.trim()),
            text: body.to_owned(),
            majors: number("since").unwrap_or(14)..=number("until").unwrap_or(99),
            platform: if has("supabase") { Platform::SUPABASE } else { Platform::Postgres },
            apart: has("apart"),
            gaps: has("gaps"),
            differs: header.iter().find_map(|line| line.strip_prefix("-- differs: ")).map(str::to_owned),
        }
    }

    fn server(&self, major: u32) -> (Schema, Refused) {
        if self.apart {
            return World::new(major, self.platform).run_apart(&self.text);
        }
        let world = World::shared(major, self.platform);
        let world = world.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        world.run(&self.text)
    }

    /// What is wrong on `major`; nothing if both ways agree.
    fn fails(&self, major: u32, kinds: &mut BTreeMap<String, usize>) -> String {
        let (server, refused) = self.server(major);
        let (replayed, refuses) = replayed(&self.text, major, self.platform);
        let differences = compare::differences(&replayed.schema, &server);
        for difference in &differences {
            *kinds.entry(Difference::kind(difference)).or_default() += 1;
        }
        let mut wrong = compare::report(&differences, 12);
        wrong.push_str(&refusals(&self.text, &refuses, &refused, true));
        if !self.gaps {
            for gap in gaps(&replayed) {
                wrong.push_str(&format!("    gap: {}\n", gap.what));
            }
        }
        wrong
    }
}

/// The statements that only one side refused, or, if `exactly`, for another reason.
pub(super) fn refusals(text: &str, replayed: &Refused, server: &Refused, exactly: bool) -> String {
    let mut wrong = String::new();
    let starts: std::collections::BTreeSet<&usize> = replayed.keys().chain(server.keys()).collect();
    for start in starts {
        let line = text[*start..].lines().next().unwrap_or_default();
        match (replayed.get(start), server.get(start)) {
            // What is no SQL for the server is none for us.
            (Some((a, _)), Some((b, _))) if a == b || a == UNREAD => {}
            (Some(_), Some(_)) if !exactly => {}
            (Some((a, why)), Some((b, reason))) => {
                wrong.push_str(&format!("    refused as {a} ({why}), by the server as {b} ({reason}): {line}\n"));
            }
            (Some((_, why)), None) => wrong.push_str(&format!("    refused by the replay alone ({why}): {line}\n")),
            (None, Some((code, _))) if permitted::DATA.iter().any(|class| code.starts_with(class)) => {}
            (None, Some((_, why))) => wrong.push_str(&format!("    refused by the server alone ({why}): {line}\n")),
            (None, None) => {}
        }
    }
    wrong
}

/// `PGWITNESS_CASE` names a part of the title of those to run.
#[test]
fn every_case_gives_the_same_model() {
    let wanted = std::env::var("PGWITNESS_CASE").unwrap_or_default();
    let cases = Case::all();
    let (mut runs, mut known, mut kinds) = (0, Vec::new(), BTreeMap::new());
    let mut failed = String::new();
    for case in cases.iter().filter(|case| case.name.contains(&wanted)) {
        let majors: Vec<u32> = MAJORS.into_iter().filter(|major| case.majors.contains(major)).collect();
        // When one major differs, the others would say the same.
        let wrong = majors.iter().find_map(|major| {
            runs += 1;
            let wrong = case.fails(*major, &mut kinds);
            (!wrong.is_empty()).then(|| format!("{} ({major})\n{wrong}", case.name))
        });
        match (wrong, &case.differs) {
            (Some(_), Some(why)) => known.push(format!("{}: {why}", case.name)),
            (Some(wrong), None) => failed.push_str(&wrong),
            (None, Some(_)) => failed.push_str(&format!("{}: the same now, so take its `differs` away\n", case.name)),
            (None, None) => {}
        }
    }
    eprintln!("equivalence: {} cases, {runs} runs over the majors, {} known to differ", cases.len(), known.len());
    for case in known {
        eprintln!("  {case}");
    }
    if !failed.is_empty() {
        for (kind, count) in &kinds {
            eprintln!("  {count:5} {kind}");
        }
    }
    assert!(failed.is_empty(), "{failed}");
}
