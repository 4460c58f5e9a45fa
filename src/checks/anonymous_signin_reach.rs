use super::intent::Intent;
use super::trees::{Part, constant};
use super::words::{and_list, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{Ask, Asker, Caller, Decider, Which};
use crate::analyzer::effective::{Principal, Who};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Relation, RelationKind, printable};

declare_check! {
    /// A table is open to every signed-in user, and visitors can sign in without an account.
    ///
    /// An anonymous sign-in gets the role `authenticated` and a user id, so that `to authenticated using (true)` and
    /// `auth.uid() is not null` let in whoever presses a button. Only the claim `is_anonymous` tells such users apart.
    ///
    /// Reported if `supabase/config.toml` enables anonymous sign-ins, or if other policies or functions ask for
    /// `is_anonymous`. High where rows can be written, medium where rows that belong to somebody can be
    /// read, one degree less where the sign-ins are only inferred; low for other rows. Decided for all rows and such
    /// sessions. Not reported: tables that the anonymous key reaches as well, and policies bound to the user's own id,
    /// under which such users have rows of their own.
    pub(super) struct AnonymousSigninReach {
        id: "anonymous-signin-reach",
        title: "table open to users without an account",
        severity: High,
        bad: "
            create table public.reviews (id bigint primary key, author_id uuid not null, body text);
            create table public.guides (id bigint primary key, body text);
            alter table public.reviews enable row level security;
            alter table public.guides enable row level security;
            revoke all on public.reviews, public.guides from anon, authenticated;
            grant select on public.reviews, public.guides to authenticated;
            create policy members on public.reviews for select to authenticated using ((select auth.uid()) is not null);
            create policy accounts on public.reviews as restrictive for select to authenticated
                using (((select auth.jwt()) ->> 'is_anonymous')::boolean is not true);
            create policy members on public.guides for select to authenticated using ((select auth.uid()) is not null);
        ",
        good: "
            create table public.reviews (id bigint primary key, author_id uuid not null, body text);
            alter table public.reviews enable row level security;
            revoke all on public.reviews from anon, authenticated;
            grant select on public.reviews to authenticated;
            create policy own on public.reviews for select to authenticated using (author_id = (select auth.uid()));
            create policy accounts on public.reviews as restrictive for select to authenticated
                using (((select auth.jwt()) ->> 'is_anonymous')::boolean is not true);
        ",
    }
}

/// A session of an anonymous sign-in.
const SESSION: &str = "(current_setting('request.jwt.claims', true)::jsonb ->> 'is_anonymous') = 'true' and \
     (current_setting('request.jwt.claims', true)::jsonb ->> 'role') = ";

impl Check for AnonymousSigninReach {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let known = cx.sign_in.anonymous;
        let inferred = || cx.conditions().any(|c| asks(cx, c.tree)) || code_asks(cx);
        // The file that the CLI writes says no, whatever the dashboard says.
        if known != Some(true) && !inferred() {
            return;
        }
        let Some(user) = cx.clients().find(|p| p.who == Who::SignedIn) else { return };
        for table in cx.relations().filter(|r| r.row_security && r.kind != RelationKind::View) {
            out.examine(ObjectRef::relation(&table.name));
            if cx.exposes(user, &table.name.schema) {
                report(cx, user, table, known == Some(true), out);
            }
        }
    }
}

/// Whether a condition asks for the claim.
fn asks(cx: &Context<'_>, tree: &crate::sql::tree::Expr) -> bool {
    let mut found = false;
    cx.walk_through(tree, &mut |part, _| {
        found |= match part {
            Part::Expr(expr, _) => constant(expr).is_some_and(|text| text.contains("is_anonymous")),
            Part::Unread(function) => function.body.contains("is_anonymous"),
        };
    });
    found
}

fn code_asks(cx: &Context<'_>) -> bool {
    let own = cx.schema.functions.iter().filter(|f| f.extension.is_none());
    own.filter(|f| !cx.effective.is_platform_object(&f.id.schema, &f.owner)).any(|f| f.body.contains("'is_anonymous'"))
}

/// What every anonymous sign-in can do to every row, though the anonymous key cannot.
fn open(cx: &Context<'_>, user: &Principal, table: &Relation) -> Vec<Command> {
    let Some(table) = cx.schema.relation(&table.name) else { return Vec::new() };
    let decider = Decider::brief(&cx.effective);
    let session = format!("{SESSION}{}", crate::model::quote_literal(&user.role));
    let by_key = |c: Command| {
        let anyone = cx.clients().filter(|p| p.who == Who::Anyone);
        anyone
            .into_iter()
            .any(|p| cx.effective.access(&p.role, table, c).extent == crate::analyzer::effective::Extent::All)
    };
    let opens = |c: &Command| {
        let access = cx.effective.access(&user.role, table, *c);
        let which = if *c == Command::Insert { Which::New } else { Which::Old };
        access.is_some()
            && access.row_security.applies()
            && !by_key(*c)
            && decider
                .access(&user.role, table, *c, which, Caller::Sql)
                .proves(Ask::GrantsAll(session.as_str().into()), Asker::SomeUser)
    };
    Command::ALL.into_iter().filter(opens).collect()
}

fn report(cx: &Context<'_>, user: &Principal, table: &Relation, known: bool, out: &mut Findings<'_>) {
    let commands = open(cx, user, table);
    let Some(first) = commands.first() else { return };
    let intent = Intent::of(table);
    let writes = commands.iter().any(|c| *c != Command::Select);
    let (severity, confidence) = match (writes, intent.reason().is_some() && !intent.is_authorship_only(), known) {
        (true, _, true) => (Severity::High, Confidence::Proved),
        (true, _, false) => (Severity::Medium, Confidence::Likely),
        (false, true, true) => (Severity::Medium, Confidence::Likely),
        (false, _, _) => (Severity::Low, Confidence::Possible),
    };
    let verbs: Vec<_> = commands.iter().map(|c| verb(*c)).collect();
    let how = if known {
        "the project's configuration lets every visitor sign in without an account"
    } else {
        "other code asks for the claim is_anonymous, so it seems that visitors can sign in without an account"
    };
    let message = format!(
        "Whoever signs in without an account can {} every row of {}: {how}, such users are {} too, and its policies do not \
         tell them apart.",
        and_list(&verbs),
        table.name,
        printable(&user.role)
    );
    let title = format!("{} is open to users without an account", table.name);
    let fix = format!(
        "create policy \"no anonymous sign-ins\" on {} as restrictive to {}\n    using (((select auth.jwt()) ->> 'is_anonymous')::boolean is not true);",
        table.name,
        crate::model::quote_ident(&user.role)
    );
    let draft = Draft::new(ObjectRef::relation(&table.name), severity, title, message)
        .confidence(confidence)
        .principal(&user.role)
        .reproduce(cx.reproduce(user, table, *first))
        .fix(fix)
        .origin(table.policies.first().map_or(table.origin, |p| p.origin));
    out.report(draft);
}

#[cfg(test)]
mod tests {
    use crate::checks::SignIn;
    use crate::checks::trial::{findings, findings_with};

    fn words(sql: &str, anonymous: Option<bool>) -> Vec<&'static str> {
        let sql = format!(
            "create table t (id bigint primary key, user_id uuid); alter table t enable row level security; revoke all on t from anon; {sql}"
        );
        let found = findings_with("anonymous-signin-reach", &sql, SignIn { anonymous, confirmed: None });
        found.iter().map(|f| f.severity.word()).collect()
    }

    #[test]
    fn follows_the_configuration() {
        let all = "create policy p on t to authenticated using (true);";
        let read = "create policy p on t for select to authenticated using (auth.role() = 'authenticated');";
        let own = "create policy p on t to authenticated using (user_id = auth.uid());";
        let floor = "create policy f on t as restrictive to authenticated using ((auth.jwt() ->> 'is_anonymous')::boolean is false);";
        assert_eq!(words(all, Some(true)), ["high"]);
        assert_eq!(words(read, Some(true)), ["medium"]);
        assert_eq!(words(own, Some(true)), [""; 0]);
        assert_eq!(words(all, Some(false)), [""; 0]);
        assert_eq!(words(all, None), [""; 0]);
        assert_eq!(words(&format!("{all}{floor}"), Some(true)), [""; 0]);
        assert_eq!(words("create policy p on t using (true); grant all on t to anon;", Some(true)), [""; 0]);
    }

    #[test]
    fn the_fix_closes_it() {
        let sql = "create table t (id bigint primary key, user_id uuid); alter table t enable row level security;
            revoke all on t from anon; create policy p on t to authenticated using (true);
            create function f() returns boolean language sql stable as $$ select (auth.jwt() ->> 'is_anonymous')::boolean $$;";
        let fix = findings("anonymous-signin-reach", sql)[0].fix.clone().unwrap();
        assert!(findings("anonymous-signin-reach", &format!("{sql}{fix}")).is_empty());
    }
}
