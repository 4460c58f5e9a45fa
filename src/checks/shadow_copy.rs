use std::collections::BTreeSet;

use super::rls_off_exposed::open;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Findings, ObjectRef};
use crate::model::Relation;

declare_check! {
    /// A table without row-level security holds the same columns as one that has it, and clients can reach it: a copy of
    /// the rows that the policies keep back.
    ///
    /// `CREATE TABLE .. AS`, `SELECT INTO` and `LIKE` copy columns and rows. They copy no policy and no row-level security,
    /// and default privileges grant the copy like any other table. It is often made before a migration of data, named
    /// `_backup` or `_old`, and forgotten.
    ///
    /// Not reported: copies that no client has a privilege on, tables that share only some columns, partitions and children
    /// by INHERITS (`partition-child-direct`, `inherit-child-direct`). What is reported here is not reported again by
    /// `rls-off-exposed`.
    pub(super) struct ShadowCopy {
        id: "shadow-copy",
        title: "copy of a table under row-level security, without it",
        severity: Critical,
        bad: "
            create table public.patients (id bigint primary key, user_id uuid not null, diagnosis text);
            alter table public.patients enable row level security;
            create policy own on public.patients for select to authenticated using (user_id = (select auth.uid()));
            grant select on public.patients to authenticated;
            create table public.patients_backup (id bigint, user_id uuid, diagnosis text);
            grant select on public.patients_backup to authenticated;
        ",
        good: "
            create table public.patients (id bigint primary key, user_id uuid not null, diagnosis text);
            alter table public.patients enable row level security;
            create policy own on public.patients for select to authenticated using (user_id = (select auth.uid()));
            grant select on public.patients to authenticated;
            create table public.patients_backup (id bigint, user_id uuid, diagnosis text);
            revoke all on public.patients_backup from anon, authenticated, public;
        ",
    }
}

impl Check for ShadowCopy {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.uses_row_security() {
            return;
        }
        for table in cx.relations().filter(|r| r.kind.carries_row_security() && !r.is_partition) {
            out.examine(ObjectRef::relation(&table.name));
            let draft = cx.copied_from(table).and_then(|original| open(cx, table, Some(original)));
            draft.into_iter().for_each(|draft| out.report(draft));
        }
    }
}

/// The fewest columns that make a copy: pairs of names are alike by chance.
const COLUMNS: usize = 3;

impl<'a> Context<'a> {
    /// The table under row-level security that a table without it has all columns of.
    pub(super) fn copied_from(&self, table: &Relation) -> Option<&'a Relation> {
        if table.row_security || !table.parents.is_empty() {
            return None;
        }
        let columns = shape(table);
        let is_original = |r: &&Relation| {
            r.row_security && r.name != table.name && r.kind.carries_row_security() && shape(r) == columns
        };
        self.relations().find(is_original).filter(|_| columns.len() >= COLUMNS)
    }
}

fn shape(relation: &Relation) -> BTreeSet<(&str, &str)> {
    relation.columns.iter().map(|c| (c.name.as_str(), c.data_type.as_str())).collect()
}
