//! The findings at a glance: a line for each check and severity, before the details.

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use super::Human;
use super::text::{counted, severity, styled, wrapped};
use crate::finding::{Confidence, Finding, ObjectKind, ObjectRef};
use crate::model::{QualifiedName, printable};

/// Objects named in a line before the rest is only counted.
const NAMED: usize = 3;

/// The least columns that names get beside the check; on narrower screens they go below it.
const ROOM: usize = 32;

impl Human<'_> {
    /// A line for each of `groups`, which are of one check and severity; nothing where the details are as short.
    pub(super) fn overview(&self, groups: &[Vec<&Finding>]) -> String {
        if groups.len() < 2 {
            return String::new();
        }
        let firsts = || groups.iter().filter_map(|g| g.first());
        let severity_width = firsts().map(|f| f.severity.word().len()).max().unwrap_or_default();
        let check_width = firsts().map(|f| printable(&f.check).width()).max().unwrap_or_default();
        let beside = severity_width + check_width + 4;
        let indent = if beside + ROOM <= self.width { beside } else { severity_width + 2 };
        let mut out = "\n".to_owned();
        for group in groups {
            let Some(first) = group.first() else { continue };
            let word = styled(severity(first.severity), &format!("{:severity_width$}", first.severity.word()));
            let check = printable(&first.check);
            let text = format!("{}{}{}", places(group), who(group), seen(group));
            let text = wrapped(&text, self.width, indent);
            let text = if indent == beside {
                format!("{check}{}{text}", " ".repeat(check_width.saturating_sub(check.width()) + 2))
            } else {
                format!("{check}\n{}{text}", " ".repeat(indent))
            };
            out.push_str(&format!("{word}  {text}\n"));
        }
        out
    }
}

/// ` to anon and authenticated`: whom it is open to.
fn who(group: &[&Finding]) -> String {
    let names: BTreeSet<_> = group.iter().map(|f| f.object.name.as_str()).collect();
    let roles: BTreeSet<_> = group.iter().filter_map(|f| f.principal.as_deref()).collect();
    // A finding about a role names it already.
    let roles: Vec<_> = roles.into_iter().filter(|r| !names.contains(r)).collect();
    match roles.as_slice() {
        [] => String::new(),
        [most @ .., last] if !most.is_empty() => format!(" ({} and {last})", most.join(", ")),
        [one, ..] => format!(" ({one})"),
    }
}

/// The objects, by the relation for policies: several of one table are one place.
fn places(group: &[&Finding]) -> String {
    let (mut names, mut known) = (Vec::new(), BTreeSet::new());
    for finding in group {
        let ObjectRef { kind, schema, name, .. } = &finding.object;
        let name = match (schema, kind) {
            (Some(schema), ObjectKind::Relation | ObjectKind::Policy | ObjectKind::Column) => {
                QualifiedName::new(schema, name).to_string()
            }
            (Some(schema), _) => format!("{schema}.{name}"),
            (None, _) => name.clone(),
        };
        if known.insert(name.clone()) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let mut text = names.join(", ");
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
        n if n == group.len() => ", confirmed".to_owned(),
        n => format!(", {n} of {} confirmed", group.len()),
    }
}
