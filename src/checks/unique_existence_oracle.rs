use super::intent::Intent;
use super::words::{and_list, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Extent;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Index, Platform, QualifiedName, Relation};
use crate::report::DoorKind;

declare_check! {
    /// A unique index spans the rows of all users or tenants on a personal value that can be guessed: who adds a row learns
    /// whether somebody else has it.
    ///
    /// Uniqueness is checked against hidden rows too, and the error (23505) tells of them: whether an address has an account, a
    /// number is taken. A key that starts with the owner or tenant tells of one's own rows alone.
    ///
    /// Low: it tells that a value is there, and not whose it is. Only columns that are named like personal data, in tables that
    /// say whose each row is, whose rows policies keep from the client that adds them. Not reported: keys that hold the owner
    /// or the tenant, uuids and tokens, which nobody guesses, and tables that the client cannot add rows to.
    pub(super) struct UniqueExistenceOracle {
        id: "unique-existence-oracle",
        title: "unique index that tells of hidden rows",
        severity: Low,
        bad: "
            create table public.contacts (id uuid primary key, user_id uuid not null, email text unique);
            alter table public.contacts enable row level security;
            create policy own on public.contacts to authenticated using (user_id = (select auth.uid()));
            grant select, insert on public.contacts to authenticated;
        ",
        good: "
            create table public.contacts (id uuid primary key, user_id uuid not null, email text, unique (user_id, email));
            alter table public.contacts enable row level security;
            create policy own on public.contacts to authenticated using (user_id = (select auth.uid()));
            grant select, insert on public.contacts to authenticated;
        ",
    }
}

impl Check for UniqueExistenceOracle {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| is_guarded(r)) {
            out.examine(ObjectRef::relation(&table.name));
            for index in telling_indexes(table) {
                report(cx, table, index, out);
            }
        }
    }
}

fn is_guarded(table: &Relation) -> bool {
    table.row_security && table.kind.carries_row_security() && !table.is_partition
}

/// The unique indexes of a table under row-level security that tell of rows of others.
pub(crate) fn telling_indexes(table: &Relation) -> Vec<&Index> {
    let intent = Intent::of(table);
    let (own, sensitive) = (intent.columns(), intent.all_sensitive());
    let tells = |index: &&Index| {
        let keys = index.keys.iter().map(String::as_str);
        let is_guessed = |c: &&str| sensitive.contains(c) && !is_uuid(table, c) && !is_secret(c);
        index.unique && !keys.clone().any(|c| own.contains(&c)) && keys.clone().any(|c| is_guessed(&c))
    };
    if own.is_empty() || !is_guarded(table) {
        return Vec::new();
    }
    table.indexes.iter().filter(tells).collect()
}

/// Whether nobody guesses what it holds.
fn is_secret(column: &str) -> bool {
    let column = column.to_lowercase();
    ["token", "secret", "key", "password", "otp"].iter().any(|word| column.contains(word))
}

fn is_uuid(table: &Relation, column: &str) -> bool {
    table.column(column).is_some_and(|c| c.data_type == "uuid")
}

fn report(cx: &Context<'_>, table: &Relation, index: &Index, out: &mut Findings<'_>) {
    let reaches = |role: &str, command| cx.effective.access(role, table, command).extent;
    let learns = |p: &&crate::analyzer::effective::Principal| {
        cx.exposes(p, &table.name.schema)
            && !matches!(reaches(&p.role, Command::Insert), Extent::None(_))
            && reaches(&p.role, Command::Select) != Extent::All
            && (p.is_api() || cx.schema.server.platform != Platform::Supabase)
    };
    let Some(principal) = cx.clients().find(learns) else { return };
    let keys = and_list(&index.keys);
    let message = format!(
        "{} can add rows to {}, and learns from the error whether a hidden row has the same {keys}.",
        subject(principal),
        table.name
    );
    let title = format!("{keys} of {} is unique over all rows, which tells of hidden ones", table.name);
    out.report(
        Draft::new(ObjectRef::relation(&table.name), Severity::Low, title, message)
            .confidence(Confidence::Likely)
            .principal(&principal.role)
            .detail(&index.name)
            .door(
                DoorKind::UniqueValue,
                &principal.role,
                QualifiedName::new(&table.name.schema, &index.name).to_string(),
            )
            .fix(
                "-- let the key start with the owner or the tenant, or answer the same whether a value is taken or not",
            )
            .origin(table.origin),
    );
}
