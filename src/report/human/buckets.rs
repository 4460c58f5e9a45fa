//! Who lists and replaces files in which bucket, as a table: what was expected beside what came of it.

use std::collections::BTreeMap;

use comfy_table::Table;

use super::{Human, personas};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome};

impl Human<'_> {
    /// A line for each bucket and persona; personas that could do the same share a line. `None` where no bucket was tried.
    pub(super) fn buckets(&self, doors: &[DoorTrial]) -> Option<Table> {
        let mut table = self.table_of(&["bucket", "persona", "lists", "expected", "replaces others'", "expected"]);
        let mut by_bucket: BTreeMap<&str, BTreeMap<_, [Option<&DoorTrial>; 2]>> = BTreeMap::new();
        for door in doors {
            let at = match door.door {
                DoorKind::BucketList => 0,
                DoorKind::BucketOverwrite => 1,
                _ => continue,
            };
            let of = by_bucket.entry(&door.object).or_default().entry((&door.role, &door.persona)).or_default();
            if let Some(place) = of.get_mut(at) {
                *place = Some(door);
            }
        }
        for (bucket, of_bucket) in &by_bucket {
            let cells = |[list, replace]: &[Option<&DoorTrial>; 2]| {
                [cell(*list), expected(*list), cell(*replace), expected(*replace)]
            };
            let lines = of_bucket.iter().map(|((_, persona), tried)| (persona.as_str(), cells(tried)));
            personas::add(&mut table, bucket, lines);
        }
        (!by_bucket.is_empty()).then_some(table)
    }
}

fn cell(trial: Option<&DoorTrial>) -> String {
    let Some(trial) = trial else { return "-".to_owned() };
    let others = if trial.reached.is_empty() { "" } else { ", others' too" };
    let files = |rows: &u32| if *rows == 1 { "1 file".to_owned() } else { format!("{rows} files") };
    let text = match (&trial.outcome, trial.door) {
        (ProbeOutcome::Seen { rows, .. }, DoorKind::BucketList) => format!("{}{others}", files(rows)),
        (ProbeOutcome::Seen { rows, .. }, _) => files(rows),
        (ProbeOutcome::Refused, _) => "refused".to_owned(),
        (ProbeOutcome::Error { sqlstate, .. }, _) => format!("error {sqlstate}"),
        (ProbeOutcome::NotTested { .. }, _) => "not tested".to_owned(),
        (ProbeOutcome::Hidden | ProbeOutcome::Empty | ProbeOutcome::NothingSeen, _) => "none".to_owned(),
    };
    format!("{text}{}", if trial.surprise.is_some() { " !" } else { "" })
}

fn expected(trial: Option<&DoorTrial>) -> String {
    trial.and_then(|trial| trial.expected.clone()).unwrap_or_else(|| "-".to_owned())
}
