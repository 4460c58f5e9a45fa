//! Writes through views: the rows stand in the table behind the view, and the view is what the role writes to.

use std::collections::BTreeMap;

use super::act::Act;
use super::fill::{Cells, Filler, Insert};
use super::{Scene, Script, cells};
use crate::analyzer::decide::{Caller, Which};
use crate::analyzer::witness::Witness;
use crate::model::{Command, Identity, QualifiedName, Relation, Schema, quote_ident};
use crate::report::Asked;
use crate::sql::SchemaCatalog;
use crate::sql::bind::{Binder, Scope};
use crate::sql::print::{self, AsBound, Outside};
use crate::sql::tree::{Body, Node, Query, SourceKind};

/// A view that is a plain part of one table.
#[derive(Debug)]
pub(super) struct Part<'a> {
    /// The table.
    pub(super) base: &'a Relation,
    /// The columns that the view shows as they are: its name for each, and the table's.
    columns: BTreeMap<String, String>,
    /// The view's query without its own filter, valid under an empty `search_path`.
    whole: String,
}

/// How far views of views are followed.
const DEPTH: usize = 16;

impl<'a> Part<'a> {
    /// What a view is of its table; `None` for other views.
    pub(super) fn of(view: &Relation, schema: &'a Schema) -> Option<Self> {
        Self::at(view, schema, 0)
    }

    fn at(view: &Relation, schema: &'a Schema, depth: usize) -> Option<Self> {
        let catalog = SchemaCatalog::new(schema);
        let path: [String; 0] = [];
        let text = view.view.as_ref()?.definition.trim().trim_end_matches(';');
        let mut tree: Query = Binder::new(&catalog, &path).query(text, &Scope::default()).ok()?.tree;
        let Body::Select(select) = &mut tree.body else { return None };
        let [source] = &select.sources[..] else { return None };
        let SourceKind::Relation { name, .. } = &source.kind else { return None };
        let from = schema.relation(name)?;
        let of_source = |node: &Node| match node {
            Node::Column(column) if column.up == 0 => from.columns.get(column.column?).map(|c| c.name.clone()),
            _ => None,
        };
        let mut columns: BTreeMap<_, _> = view
            .columns
            .iter()
            .zip(&select.targets)
            .filter_map(|(column, target)| Some((column.name.clone(), of_source(&target.value.node)?)))
            .collect();
        select.filter = None;
        let mut whole = print::query(&tree, &Outside::default(), &AsBound);
        let mut base = from;
        if from.view.is_some() && depth < DEPTH {
            let below = Self::at(from, schema, depth + 1)?;
            columns.retain(|_, column| match below.columns.get(column) {
                Some(name) => {
                    column.clone_from(name);
                    true
                }
                None => false,
            });
            base = below.base;
        }
        if columns.len() == view.columns.len() {
            let listed: Vec<_> =
                columns.iter().map(|(name, of)| format!("{} as {}", quote_ident(of), quote_ident(name))).collect();
            whole = format!("select {} from {}", listed.join(", "), base.name);
        }
        columns.retain(|_, column| base.column(column).is_some_and(|c| c.generated.is_none()));
        Some(Self { base, columns, whole })
    }

    /// What the view shows of a row of the table, as far as that is known.
    pub(super) fn shown(&self, row: &Cells) -> Cells {
        let of = |(name, column): (&String, &String)| Some((name.clone(), row.get(column)?.clone()));
        self.columns.iter().filter_map(of).collect()
    }

    /// Whether a row of the table may be the one that the view shows as another.
    fn may_show(&self, row: &Cells, as_row: &Cells) -> bool {
        self.shown(row).iter().all(|(name, value)| as_row.get(name).is_none_or(|shown| shown == value))
    }

    /// Whether the role gives a column of the table a value through the view.
    fn writes(&self, scene: &Scene<'_>, column: &str) -> bool {
        self.columns.iter().any(|(name, of)| of == column && scene.writes(name))
    }

    /// An INSERT into the view.
    pub(super) fn insert(&self, view: &Relation, row: Cells) -> String {
        let identity = |name: &String| self.columns.get(name).and_then(|c| self.base.column(c)?.identity);
        let overriding = row.keys().any(|name| identity(name) == Some(Identity::Always));
        Insert { overriding, ..Insert::new(view, row) }.to_string()
    }

    /// Whether the view passes a column on to the table.
    pub(super) fn passes(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// What stands for a column of the view in the table.
    pub(super) fn stored(&self, row: &Cells) -> Cells {
        let of = |(name, value): (&String, &Option<String>)| Some((self.columns.get(name)?.clone(), value.clone()));
        row.iter().filter_map(of).collect()
    }

    /// An item of FROM with the rows of the table as the view shows them, those that it leaves out among them.
    pub(super) fn rows(&self, view: &QualifiedName) -> String {
        format!("({}) {}", self.whole.trim().trim_end_matches(';'), quote_ident(&view.name))
    }
}

/// The table that writes to a relation end in.
pub(in crate::verdicts) fn table<'a>(relation: &'a Relation, schema: &'a Schema) -> &'a Relation {
    let is_view = relation.view.is_some();
    is_view.then(|| Part::of(relation, schema)).flatten().map_or(relation, |part| part.base)
}

impl Script {
    /// The script of a write through a view.
    pub(super) fn through_view(scene: &Scene<'_>, witness: &Witness) -> Option<Self> {
        let schema = scene.effective.schema();
        let part = Part::of(scene.relation, schema)?;
        let subject = |of: &Relation, stored| {
            let found = witness.subjects.iter().find(|s| s.relation == of.name && s.stored == stored)?;
            Some(cells(&found.columns, of, schema))
        };
        let shown = subject(scene.relation, false).unwrap_or_default();
        let mut after = subject(part.base, false).unwrap_or_default();
        after.extend(part.stored(&shown));
        let before = subject(part.base, true);
        let mut filler = Filler::new(schema);
        let mut reached = None;
        for (name, tuples) in &witness.database.relations {
            let Some(relation) = schema.relation(name) else { continue };
            for tuple in tuples {
                let mut row = cells(tuple, relation, schema);
                let is_it = reached.is_none()
                    && relation.name == part.base.name
                    && before.as_ref().map_or_else(|| part.may_show(&row, &shown), |before| *before == row);
                if is_it && scene.which == Which::New {
                    // What is not said of the row as it was, and cannot be set, is as it will be.
                    let kept = after.iter().filter(|(column, _)| !part.writes(scene, column));
                    row = kept.map(|(c, v)| (c.clone(), v.clone())).chain(row).collect();
                }
                let place = filler.row(relation, row);
                reached = if is_it { Some(place) } else { reached };
            }
        }
        if reached.is_none() && scene.command == Command::Update {
            reached = Some(filler.row(part.base, after.clone()));
        }
        let old = reached.map(|place| filler.cells(place)).unwrap_or_default();
        let is_new = scene.which == Which::New;
        if is_new {
            let unset = old.iter().filter(|(column, _)| !part.writes(scene, column));
            after.extend(unset.map(|(c, v)| (c.clone(), v.clone())));
            after = filler.completed(part.base, after, scene.command == Command::Insert);
        }
        let direct = Scene { relation: part.base, caller: Caller::DataApi, asked: Asked::GrantsAll, ..*scene };
        let by_right = Act { scene: &direct, schema, old: Some(old.clone()), new: Some(after.clone()), part: None };
        let by_right = by_right.command().filter(|_| is_new);
        // A value that the view makes of others is no part of what is written.
        let written: Cells = part.shown(&after);
        let seen = if is_new { part.shown(&old) } else { shown };
        let act = Act { scene, schema, old: Some(seen), new: is_new.then_some(written), part: Some(&part) };
        let script = act.script(filler.finish(), witness)?;
        Some(Self { by_right, ..script })
    }
}
