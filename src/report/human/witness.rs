//! A witness for people: the claims, and a small table of the rows of each relation.

use comfy_table::{Table, presets};

use super::Human;
use super::text::{DIM, block, styled, wrapped};
use crate::finding::{Part, Witness, WitnessRow};
use crate::model::{QualifiedName, printable};

/// Where the text after a label starts.
const INDENT: usize = 14;

impl Human<'_> {
    /// The session and the rows that show a violation.
    pub(super) fn witness(&self, witness: &Witness, out: &mut String) {
        let mut session: Vec<_> = witness.settings.iter().map(|(name, value)| format!("{name} = {value:?}")).collect();
        let claims = witness.claims.as_ref().map(|claims| format!("claims {claims}"));
        session.insert(0, claims.unwrap_or_else(|| "a session without claims".to_owned()));
        let label = styled(DIM, "witness     ");
        out.push_str(&format!("  {label}{}\n", wrapped(&session.join(", "), self.width, INDENT)));
        for (relation, rows) in by_relation(&witness.rows) {
            let name = printable(&relation.to_string()).into_owned();
            let text = block(&format!("{name}\n{}", table(&rows)), INDENT);
            out.push_str(&format!("{}{text}\n", " ".repeat(INDENT)));
        }
    }
}

/// The rows of each relation, relations in the order in which they come.
fn by_relation(rows: &[WitnessRow]) -> Vec<(&QualifiedName, Vec<&WitnessRow>)> {
    let mut groups: Vec<(&QualifiedName, Vec<&WitnessRow>)> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|(name, _)| **name == row.relation) {
            Some((_, of_it)) => of_it.push(row),
            None => groups.push((&row.relation, vec![row])),
        }
    }
    groups
}

fn table(rows: &[&WitnessRow]) -> String {
    let mut columns: Vec<&String> = rows.iter().flat_map(|row| row.values.keys()).collect();
    columns.sort();
    columns.dedup();
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    let mut header = vec![String::new()];
    header.extend(columns.iter().map(|c| printable(c).into_owned()));
    table.set_header(header);
    for row in rows {
        let mut cells = vec![part(row.part).to_owned()];
        cells.extend(columns.iter().map(|column| match row.values.get(*column) {
            None => "any".to_owned(),
            Some(None) => "NULL".to_owned(),
            Some(Some(text)) => printable(text).into_owned(),
        }));
        table.add_row(cells);
    }
    table.to_string()
}

fn part(part: Part) -> &'static str {
    match part {
        Part::Reached => "reached",
        Part::Written => "written",
        Part::LookedUp => "looked up",
    }
}
