//! Positions: every fact of the model carries the statement that last touched its object.

mod cases;
mod effects;

use pgwitness::migrations::layout::{FileRole, Layout, MigrationFile, Project};
use pgwitness::migrations::replay::{self, Options, Replayed};
use pgwitness::model::{Origin, Statement};
use pgwitness::shadow::Platform;

/// What stands before the statement that a position must point at.
const HERE: &str = "/*here*/";

/// The replay of several files.
fn replayed(texts: &[&str], platform: Platform) -> Replayed {
    let file = |(at, text): (usize, &&str)| MigrationFile {
        path: format!("{at}.sql"),
        role: FileRole::Migration,
        version: None,
        text: (*text).to_owned(),
        parts: std::iter::once(0..text.len()).collect(),
        transaction: true,
    };
    let files = texts.iter().enumerate().map(file).collect();
    let project = Project { layout: Layout::Plain, root: Default::default(), files, warnings: Vec::new() };
    replay::replay(&project, &Options { platform, major: 17, exposed_schemas: None, closed: true })
}

/// Where the statement behind the mark begins: file, byte, line, column.
fn marked(texts: &[&str]) -> (u32, u32, u32, u32) {
    let places: Vec<_> =
        texts.iter().enumerate().filter_map(|(file, text)| Some((file, text.find(HERE)? + HERE.len()))).collect();
    let &[(file, at)] = places.as_slice() else { panic!("one mark is wanted: {texts:?}") };
    let before = &texts[file][..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    (file as u32, at as u32, line as u32, column as u32)
}

fn place(statement: &Statement) -> (u32, u32, u32, u32) {
    (statement.file, statement.start, statement.line, statement.column)
}

fn of(origin: Origin) -> Option<(u32, u32, u32, u32)> {
    match origin {
        Origin::Statement(statement) => Some(place(&statement)),
        Origin::Catalog => None,
    }
}
