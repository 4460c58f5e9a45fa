//! The findings at a glance: a line for each check and severity, before the details.

use std::collections::BTreeSet;

use comfy_table::{Cell, ContentArrangement, Table, presets};

use super::Human;
use super::text::{BOLD, counted, severity, styled};
use crate::finding::{Confidence, Finding, ObjectRef, Severity};
use crate::model::printable;

/// Objects named in a line before the rest is only counted.
const NAMED: usize = 3;

impl Human<'_> {
    /// The table for `groups`, each of one check and severity; empty where the details are as short.
    pub(super) fn overview(&self, groups: &[Vec<&Finding>]) -> String {
        if groups.len() < 2 {
            return String::new();
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(self.width).unwrap_or(u16::MAX));
        table.set_header(["", "check", "who", "where", "seen"]);
        for group in groups {
            let Some(first) = group.first() else { continue };
            table.add_row([
                Cell::new(first.severity.word()),
                Cell::new(printable(&first.check)),
                Cell::new(who(group)),
                Cell::new(places(group)),
                Cell::new(seen(group)),
            ]);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let lines: Vec<_> = table.lines().map(|line| colored(line.trim_end())).collect();
        format!("\n{}\n", lines.join("\n"))
    }
}

/// The line with its severity in colour, if it begins with one; comfy-table's own would ignore `--color`.
fn colored(line: &str) -> String {
    let word = line.split(' ').next().unwrap_or_default();
    let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    match all.into_iter().find(|s| s.word() == word) {
        Some(known) => format!("{}{}", styled(severity(known), word), line.get(word.len()..).unwrap_or_default()),
        None if word.is_empty() && line.trim_start().starts_with("check ") => styled(BOLD, line),
        None => line.to_owned(),
    }
}

fn who(group: &[&Finding]) -> String {
    let roles: BTreeSet<_> = group.iter().filter_map(|f| f.principal.as_deref()).collect();
    let roles: Vec<_> = roles.into_iter().map(printable).collect();
    roles.join(", ")
}

/// The objects, by the relation for policies: several of one table are one place.
fn places(group: &[&Finding]) -> String {
    let mut names = Vec::new();
    for finding in group {
        let whole = ObjectRef { part: None, ..finding.object.clone() };
        let name = match &whole.schema {
            Some(schema) => format!("{schema}.{}", whole.name),
            None => whole.name,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let mut text = printable(&names.join(", ")).into_owned();
    if more > 0 {
        text.push_str(&format!(" and {}", counted(u64::try_from(more).unwrap_or(u64::MAX), "other")));
    }
    text
}

/// How many a read on the server confirmed.
fn seen(group: &[&Finding]) -> String {
    let confirmed = group.iter().filter(|f| f.confidence == Confidence::Confirmed).count();
    match confirmed {
        0 => String::new(),
        _ if group.len() == 1 => "yes".to_owned(),
        n => format!("{n} of {}", group.len()),
    }
}
