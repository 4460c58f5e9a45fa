use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Principal, Who};
use crate::finding::{Confidence, Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Privilege, Relation, RelationKind, printable};
use crate::report::DoorKind;

declare_check! {
    /// A login role may set a sequence that it does not own: the keys that it gives from then on collide with those there are,
    /// and nobody adds rows any more.
    ///
    /// `setval` takes UPDATE. To add rows with a key from the sequence USAGE is enough, which only moves it on. GRANT ALL gives
    /// both, and is what people write.
    ///
    /// Not reported: roles of the Data API, which has no request for a sequence, roles that may empty or rewrite the table
    /// behind it anyway, owners, and superusers.
    pub(super) struct SequenceGrant {
        id: "sequence-grant",
        title: "UPDATE on a sequence, by which its keys are made to collide, is granted",
        severity: Low,
        bad: "
            create role clerk login;
            create table public.parcels (id bigserial primary key, user_id uuid not null);
            alter table public.parcels enable row level security;
            create policy new_rows on public.parcels for insert to clerk with check (user_id is not null);
            grant insert on public.parcels to clerk;
            grant all on sequence public.parcels_id_seq to clerk;
        ",
        good: "
            create role clerk login;
            create table public.parcels (id bigserial primary key, user_id uuid not null);
            alter table public.parcels enable row level security;
            create policy new_rows on public.parcels for insert to clerk with check (user_id is not null);
            grant insert on public.parcels to clerk;
            grant usage on sequence public.parcels_id_seq to clerk;
        ",
    }
}

impl Check for SequenceGrant {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let sequences: Vec<_> = cx.relations().filter(|r| r.kind == RelationKind::Sequence).collect();
        sequences.iter().for_each(|sequence| out.examine(ObjectRef::relation(&sequence.name)));
        let counts = |p: &&Principal| matches!(p.who, Who::Login | Who::Group) && p.role != "authenticator";
        for principal in cx.effective.principals().iter().filter(counts) {
            let held: Vec<_> = sequences.iter().copied().filter(|s| may_set(cx, principal, s)).collect();
            if !held.is_empty() && !cx.effective.is_superuser(&principal.role) {
                report(cx, principal, &held, out);
            }
        }
    }
}

/// Whether the role may set the sequence, and could not do as much harm to the table that it is for.
fn may_set(cx: &Context<'_>, principal: &Principal, sequence: &Relation) -> bool {
    let holds =
        |relation: &Relation, privilege| cx.effective.holds_on_relation(&principal.role, relation, privilege).is_some();
    let table = sequence.sequence.as_ref().and_then(|s| cx.schema.relation(&s.owned_by.as_ref()?.0));
    cx.effective.inherits(&principal.role, &sequence.owner).is_none()
        && holds(sequence, Privilege::Update)
        && !table.is_some_and(|t| holds(t, Privilege::Truncate) || holds(t, Privilege::Update) && !t.row_security)
}

fn report(cx: &Context<'_>, principal: &Principal, held: &[&Relation], out: &mut Findings<'_>) {
    let role = &principal.role;
    let names: Vec<_> = held.iter().map(|s| s.name.to_string()).collect();
    let message = format!(
        "{} has UPDATE on {}: `setval` makes the keys that it gives collide with those there are.",
        subject(principal),
        first_of(&names, 4)
    );
    let revoke =
        |s: &&Relation| cx.revoke_relation(&[Privilege::Update], s, &[principal]).replacen(" on ", " on sequence ", 1);
    let fix: Vec<_> = held.iter().map(revoke).collect();
    let title = format!("{role} may set {}", first_of(&names, 2));
    let mut draft = Draft::new(ObjectRef::global(ObjectKind::Role, role), Severity::Low, title, message)
        .confidence(Confidence::Proved)
        .principal(role)
        .fix(fix.join("\n"));
    for sequence in held {
        if let Some(holding) = cx.effective.holds_on_relation(role, sequence, Privilege::Update) {
            draft = draft.evidence("privilege", format!("{}: UPDATE on {} {holding}", printable(role), sequence.name));
        }
        draft = draft.door(DoorKind::Sequence, role, sequence.name.to_string());
    }
    out.report(draft);
}
