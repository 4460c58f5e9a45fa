//! A trial as a script for psql: the rows that it needs, who asks, what is done. It changes nothing.

use std::collections::BTreeSet;

use super::attempt::Attempt;
use super::{Setting, session};
use crate::impersonation::guest::Guest;
use crate::impersonation::seed::{insert_statement, stored};
use crate::model::{ConstraintKind, QualifiedName, Relation, Schema};

/// The script of a trial.
pub(super) fn script(setting: &Setting<'_, '_>, guest: &Guest, relation: &Relation, attempt: &Attempt) -> String {
    let schema = setting.effective.schema();
    let mut out =
        String::from("begin;\nset local search_path = '';\n\n-- rows to look at, without triggers and foreign keys\n");
    out.push_str("set local session_replication_role = replica;\n");
    for name in needed(schema, relation) {
        let Some(table) = schema.relation(&name) else { continue };
        for row in setting.seeded.rows.get(&name).into_iter().flatten() {
            out.push_str(&format!("{} on conflict do nothing;\n", insert_statement(table, &stored(table, &row.cells))));
        }
    }
    out.push_str("set local session_replication_role = origin;\n\n-- who asks\n");
    for statement in session::claims(guest, &[]).split_inclusive("; ") {
        out.push_str(&format!("{}\n", statement.trim_end()));
    }
    for statement in session::request(schema, guest, relation, attempt.action.command()).split_inclusive("; ") {
        out.push_str(&format!("{}\n", statement.trim_end()));
    }
    out.push_str(&format!("\n-- {}\n{};\n\nrollback;\n", attempt.action.words(), attempt.sql));
    out
}

/// The tables of a relation's rows: what it refers to or shows, before itself.
fn needed(schema: &Schema, relation: &Relation) -> Vec<QualifiedName> {
    fn take(schema: &Schema, relation: &Relation, met: &mut BTreeSet<QualifiedName>, out: &mut Vec<QualifiedName>) {
        if !met.insert(relation.name.clone()) {
            return;
        }
        let keys = relation.constraints.iter().filter_map(|c| match &c.kind {
            ConstraintKind::ForeignKey(key) => Some(&key.relation),
            _ => None,
        });
        let reads = relation.view.iter().flat_map(|view| &view.reads);
        for name in keys.chain(reads).chain(&relation.parents) {
            if let Some(other) = schema.relation(name) {
                take(schema, other, met, out);
            }
        }
        out.push(relation.name.clone());
    }
    let (mut met, mut out) = (BTreeSet::new(), Vec::new());
    take(schema, relation, &mut met, &mut out);
    out
}
