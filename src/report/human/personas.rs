//! Tables of what each persona could do with each object; personas that could do the same share a line.

use comfy_table::{ContentArrangement, Table, presets};

use super::Human;
use crate::model::printable;

impl Human<'_> {
    /// An empty table as wide as the terminal.
    pub(super) fn table_of(&self, header: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(self.width).unwrap_or(u16::MAX));
        table.set_header(header);
        table
    }
}

/// Adds the lines of an object, named in the first.
pub(super) fn add<'p>(table: &mut Table, object: &str, personas: impl Iterator<Item = (&'p str, [String; 4])>) {
    let mut lines: Vec<([String; 4], Vec<&str>)> = Vec::new();
    for (persona, cells) in personas {
        match lines.iter_mut().find(|(known, _)| *known == cells) {
            Some((_, names)) => names.push(persona),
            None => lines.push((cells, vec![persona])),
        }
    }
    let alone = lines.len() == 1;
    for (at, (cells, names)) in lines.into_iter().enumerate() {
        let names = if alone && names.len() > 1 { vec!["everybody"] } else { names };
        let name = if at == 0 { printable(object).into_owned() } else { String::new() };
        let mut row = vec![name, printable(&names.join(", ")).into_owned()];
        row.extend(cells);
        table.add_row(row);
    }
}
