//! The matrix as a table: a line for each relation and role, a column for each command.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use unicode_width::UnicodeWidthStr;

use crate::checks::Context;
use crate::model::{Command, printable, quote_ident};
use crate::report::human::text::{DIM, cut, styled, wrapped};
use crate::report::{Grade, MatrixEntry};

/// Characters of a condition before it is cut.
const CONDITION: usize = 200;
/// Columns of a condition that a cell holds.
const SHORT: usize = 12;

pub(super) fn text(cx: &Context<'_>, entries: &[MatrixEntry], verbose: bool, width: usize) -> String {
    if entries.is_empty() {
        return "nothing to show: no relation, or no role that clients act as\n".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table.set_header(["relation", "role", "SELECT", "INSERT", "UPDATE", "DELETE"]);
    let (mut last, mut notes) = (None, Notes::default());
    for row in entries.chunks(Command::ALL.len()) {
        let Some(first) = row.first() else { continue };
        let name = if last == Some(&first.relation) { String::new() } else { relation(cx, first) };
        last = Some(&first.relation);
        let mut cells = vec![name, printable(&first.principal).into_owned()];
        cells.extend(row.iter().map(|e| cell(e, verbose, &mut notes)));
        table.add_row(cells);
    }
    keep_names_whole(&mut table, width);
    format!("{table}\n{}{}", notes.text(width), legend(verbose, width))
}

/// What commands reach shall stay on one line, and names too as far as the screen allows.
fn keep_names_whole(table: &mut Table, width: usize) {
    let longest = |index: usize| {
        let cells = table.row_iter().filter_map(|row| row.cell_iter().nth(index));
        cells.map(|c| c.content().width()).max().unwrap_or_default()
    };
    // Each column has a border and two spaces beside it.
    let commands: usize = (2..6).map(|n| longest(n).clamp(6, SHORT + 5) + 3).sum();
    let role = longest(1).min(16);
    let relation = longest(0).min(width.saturating_sub(commands + role + 7).max(12));
    let bounds = [relation, role].into_iter().chain((2..6).map(|n| longest(n).clamp(6, SHORT + 5)));
    for (index, least) in bounds.collect::<Vec<_>>().into_iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            let least = Width::Fixed(u16::try_from(least + 2).unwrap_or(u16::MAX));
            column.set_constraint(ColumnConstraint::LowerBoundary(least));
        }
    }
}

fn relation(cx: &Context<'_>, entry: &MatrixEntry) -> String {
    let name = printable(&entry.relation.to_string()).into_owned();
    match cx.schema.relation(&entry.relation) {
        Some(r) if r.kind.carries_row_security() && r.row_security => name,
        Some(r) if r.kind.carries_row_security() => format!("{name} (no RLS)"),
        Some(r) => format!("{name} ({})", r.kind),
        None => name,
    }
}

/// Conditions that are too long for a cell, told below the table and numbered there; equal ones once.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn number(&mut self, note: String) -> usize {
        let at = self.0.iter().position(|n| *n == note).unwrap_or_else(|| {
            self.0.push(note);
            self.0.len() - 1
        });
        at + 1
    }

    fn text(&self, width: usize) -> String {
        let widest = self.0.len().to_string().len();
        let each = self.0.iter().zip(1..).map(|(note, n)| {
            let label = format!("[{n}]{}", " ".repeat(widest.saturating_sub(n.to_string().len()) + 1));
            let indent = label.len();
            format!("{label}{}\n", wrapped(note, width, indent))
        });
        each.collect()
    }
}

/// What the command reaches, in as few words as a cell holds; `notes` takes the rest.
fn cell(entry: &MatrixEntry, verbose: bool, notes: &mut Notes) -> String {
    let (rows, condition) = match (entry.access, &entry.condition) {
        (Grade::None, _) => return "none".to_owned(),
        (Grade::All, _) => ("all", None),
        (Grade::Some, Some(condition)) => {
            let rows = if entry.command == Command::Insert { "new rows" } else { "rows" };
            let condition = condition.split_whitespace().collect::<Vec<_>>().join(" ");
            let shown = if verbose { condition } else { cut(&condition, CONDITION) };
            (rows, Some(format!("where {shown}")))
        }
        (Grade::Some, None) => ("some", Some(entry.because.clone())),
    };
    let columns = entry.columns.as_ref().map(|columns| {
        let list = columns.iter().map(|c| quote_ident(c)).collect::<Vec<_>>().join(", ");
        format!("columns {}", if verbose { list } else { cut(&list, CONDITION) })
    });
    let more: Vec<_> = condition.into_iter().chain(columns).collect();
    let more = more.join("; ");
    match more.width() {
        0 => rows.to_owned(),
        long if long > SHORT => format!("{rows} [{}]", notes.number(format!("{rows} {more}"))),
        _ => printable(&format!("{rows} {more}")).into_owned(),
    }
}

fn legend(verbose: bool, width: usize) -> String {
    let cut = if verbose { "" } else { " --verbose shows conditions in full." };
    let why = wrapped(&format!("pgwitness matrix --why ROLE RELATION COMMAND tells why.{cut}"), width, 0);
    styled(DIM, &why) + "\n"
}
