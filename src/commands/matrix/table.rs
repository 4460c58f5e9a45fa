//! The matrix as a table: a line for each relation and role, a column for each command.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use unicode_width::UnicodeWidthStr;

use crate::checks::Context;
use crate::model::{Command, printable, quote_ident};
use crate::report::human::text::{BOLD, cut, styled};
use crate::report::{Grade, MatrixEntry};

/// Characters of a condition before it is cut.
const CONDITION: usize = 90;

pub(super) fn text(cx: &Context<'_>, entries: &[MatrixEntry], verbose: bool, width: usize) -> String {
    if entries.is_empty() {
        return "nothing to show: no relation, or no role that clients act as\n".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table.set_header(["relation", "role", "SELECT", "INSERT", "UPDATE", "DELETE"]);
    let mut last = None;
    for row in entries.chunks(Command::ALL.len()) {
        let Some(first) = row.first() else { continue };
        let name = if last == Some(&first.relation) { String::new() } else { relation(cx, first) };
        last = Some(&first.relation);
        let mut cells = vec![name, printable(&first.principal).into_owned()];
        cells.extend(row.iter().map(|e| cell(e, verbose)));
        table.add_row(cells);
    }
    keep_names_whole(&mut table, width);
    format!("{table}\n{}", legend(verbose))
}

/// Long conditions shall wrap rather than names, as far as the screen allows.
fn keep_names_whole(table: &mut Table, width: usize) {
    for (index, most) in [(0, width * 3 / 10), (1, width / 6)] {
        let longest = table.row_iter().filter_map(|row| row.cell_iter().nth(index)).map(|c| c.content().width()).max();
        let least = longest.unwrap_or_default().min(most) + 2;
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(u16::try_from(least).unwrap_or(0))));
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

fn cell(entry: &MatrixEntry, verbose: bool) -> String {
    let rows = match (entry.access, &entry.condition) {
        (Grade::None, _) => return "none".to_owned(),
        (Grade::All, _) => "all".to_owned(),
        (Grade::Some, Some(condition)) => {
            let new = if entry.command == Command::Insert { "new rows" } else { "rows" };
            let condition = condition.split_whitespace().collect::<Vec<_>>().join(" ");
            let shown = if verbose { condition } else { cut(&condition, CONDITION) };
            format!("{new} where {}", printable(&shown))
        }
        (Grade::Some, None) => printable(&entry.because).into_owned(),
    };
    match &entry.columns {
        Some(columns) => {
            let names: Vec<_> = columns.iter().map(|c| quote_ident(c)).collect();
            let list = names.join(", ");
            let shown = if verbose { list } else { cut(&list, CONDITION) };
            format!("{rows}; columns {}", printable(&shown))
        }
        None => rows,
    }
}

fn legend(verbose: bool) -> String {
    let cut = if verbose { "" } else { " --verbose shows conditions in full." };
    let why = styled(BOLD, "pgwitness matrix --why ROLE RELATION COMMAND");
    format!("{why} tells why.{cut}\n")
}
