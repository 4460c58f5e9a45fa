//! Scripts of violated rules show the violation on a real server, and change nothing there.

use pgwitness::access::{Declaration, Mode};
use pgwitness::analyzer::decide::Which;
use pgwitness::checks::Context;
use pgwitness::impersonation::replay_in as replay;
use pgwitness::model::{Command, Schema};
use pgwitness::report::Decided;
use pgwitness::shadow::Platform;
use pgwitness::verdicts::{Judged, judge};

use super::intent::{declared, intent, schema_of};
use crate::support::{self, block_on, explain};

/// Tables whose rows need parents, identities, listed words and trigger-made rows.
const SCHEMA: &str = "
    create table public.teams (id bigint generated always as identity primary key, name text not null check (name <> ''));
    create table public.members (
      team_id bigint not null references public.teams, user_id uuid not null references auth.users,
      role text not null check (role in ('viewer', 'admin')), primary key (team_id, user_id));
    create table public.docs (
      id bigint generated always as identity primary key, team_id bigint not null references public.teams,
      author uuid not null references auth.users, state text not null default 'draft' check (state in ('draft', 'open')),
      size integer not null check (size > 0), note varchar(4));
    create function public.greet() returns trigger language plpgsql as
      $$ begin new.note := 'hi'; return new; end $$;
    create trigger greet before insert on public.docs for each row execute function public.greet();
    alter table public.teams enable row level security;
    alter table public.members enable row level security;
    alter table public.docs enable row level security;
    create policy s on public.members for select to authenticated using (true);
    create policy s on public.docs for select to authenticated
      using (exists (select from public.members m where m.team_id = docs.team_id and m.user_id = (select auth.uid())));
    create policy a on public.docs for select to anon using (state = 'open');
    create policy i on public.docs for insert to authenticated with check (author = (select auth.uid()));
    create policy u on public.docs for update to authenticated using (author = (select auth.uid())) with check (true);
    create policy d on public.docs for delete to authenticated using (state = 'draft');
    grant select, insert, update, delete on public.docs, public.members to authenticated;
    grant select on public.docs to anon;
";

const MEMBER: &str = "exists (select from public.members m where m.team_id = docs.team_id and m.user_id = auth.uid())";

fn all(schema: &Schema) -> Vec<Declaration> {
    let docs = |role, command, row, mode, rule: &str| declared(schema, ("docs", role), (command, row), mode, rule);
    let (old, new) = (Which::Old, Which::New);
    let admin = MEMBER.replace("m.user_id", "m.role = 'admin' and m.user_id");
    vec![
        docs("authenticated", Command::Select, old, Mode::AtMost, "author = auth.uid()"),
        docs("authenticated", Command::Select, old, Mode::AtMost, &admin),
        docs("authenticated", Command::Select, old, Mode::AtLeast, "author = auth.uid()"),
        docs("anon", Command::Select, old, Mode::AtMost, "false"),
        docs("anon", Command::Select, old, Mode::AtLeast, "true"),
        docs("authenticated", Command::Insert, new, Mode::AtMost, "author = auth.uid() and state = 'draft'"),
        docs("authenticated", Command::Insert, new, Mode::AtLeast, "state = 'open'"),
        docs("authenticated", Command::Update, old, Mode::AtMost, "author = auth.uid() and state = 'draft'"),
        docs("authenticated", Command::Update, new, Mode::AtMost, "author = auth.uid()"),
        docs("authenticated", Command::Delete, old, Mode::AtMost, "author = auth.uid()"),
        docs("authenticated", Command::Delete, old, Mode::AtMost, MEMBER),
        docs("authenticated", Command::Delete, old, Mode::AtLeast, "state = 'open'"),
    ]
}

#[test]
fn show_what_is_violated() {
    for major in [14, 17] {
        let database = support::database(major, Platform::SUPABASE, SCHEMA);
        let schema = schema_of(&database);
        let cx = Context::new(&schema, None);
        let intent = intent(all(&schema));
        let verdicts = judge(&cx, &intent);
        let superuser = database.connect_as(database.server.superuser());
        let before = counts(&superuser);
        assert_eq!(rows(&verdicts.judged).count(), intent.declarations.len());
        for one in rows(&verdicts.judged) {
            assert_eq!(one.entry.verdict, Decided::Violated, "{:#?}", one.entry);
            let script = one.script.as_ref().unwrap_or_else(|| panic!("no script: {:#?}", one.entry));
            let replayed = block_on(replay(&superuser, script)).unwrap();
            assert!(replayed.reproduced, "{major}: {replayed:?}\n{}\n{:#?}", script.text(), one.entry);
            runs(&superuser, &script.text(), one);
        }
        assert_eq!(counts(&superuser), before);
    }
}

/// Answers on rows: TRUNCATE is granted beside them on Supabase.
pub(super) fn rows(judged: &[Judged]) -> impl Iterator<Item = &Judged> {
    judged.iter().filter(|one| one.kind == pgwitness::verdicts::Kind::Rows)
}

/// The text for people runs as it is; a refused INSERT ends it, which is what it shows.
pub(super) fn runs(client: &tokio_postgres::Client, text: &str, one: &Judged) {
    if let Err(error) = block_on(client.batch_execute(text)) {
        use tokio_postgres::error::SqlState;
        let refusals = [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::WITH_CHECK_OPTION_VIOLATION];
        let refused = error.code().is_some_and(|code| refusals.contains(code));
        assert!(refused && one.entry.question == pgwitness::report::Asked::GrantsAll, "{}\n{text}", explain(&error));
        block_on(client.batch_execute("rollback")).unwrap();
    }
}

fn counts(client: &tokio_postgres::Client) -> Vec<i64> {
    let count = |table: &str| block_on(client.query_one(&format!("select count(*) from {table}"), &[])).unwrap().get(0);
    ["public.docs", "public.members", "public.teams", "auth.users"].map(count).to_vec()
}

#[test]
fn without_the_assumption_a_session_without_claims_counts() {
    let sql =
        "create table public.mine (id int primary key, author uuid); alter table public.mine enable row level security;
        create policy s on public.mine for select to authenticated using (author is not distinct from auth.uid());
        grant select on public.mine to authenticated;";
    let database = support::database(17, Platform::SUPABASE, sql);
    let schema = schema_of(&database);
    let cx = Context::new(&schema, None);
    let rule = "author = auth.uid()";
    let select = (Command::Select, Which::Old);
    let mut intent = intent(vec![declared(&schema, ("mine", "authenticated"), select, Mode::AtMost, rule)]);
    let verdicts = judge(&cx, &intent);
    let entry = &verdicts.judged[0].entry;
    assert_eq!(entry.verdict, Decided::Proved);
    assert!(entry.assumptions.iter().any(|a| a.contains("carry the claim sub")), "{:?}", entry.assumptions);
    intent.assume.signed_in = false;
    let verdicts = judge(&cx, &intent);
    let one = &verdicts.judged[0];
    assert_eq!(one.entry.verdict, Decided::Violated);
    let superuser = database.connect_as(database.server.superuser());
    let replayed = block_on(replay(&superuser, one.script.as_ref().unwrap())).unwrap();
    assert!(replayed.reproduced, "{replayed:?}");
}

#[test]
fn a_session_that_had_claims_before_is_not_used_again() {
    let sql = "create table public.mine (id int primary key, author uuid); alter table public.mine enable row level security;
        create policy s on public.mine for select to authenticated using
          (author = auth.uid() or current_setting('app.tenant', true) is null and current_setting('request.jwt.claims', true) is null);
        grant select on public.mine to authenticated;";
    let database = support::database(17, Platform::SUPABASE, sql);
    let schema = schema_of(&database);
    let cx = Context::new(&schema, None);
    let select = (Command::Select, Which::Old);
    let mut intent =
        intent(vec![declared(&schema, ("mine", "authenticated"), select, Mode::AtMost, "author = auth.uid()")]);
    intent.assume.signed_in = false;
    let verdicts = judge(&cx, &intent);
    let script = verdicts.judged[0].script.as_ref().unwrap();
    let server = &database.server;
    let info = pgwitness::connector::ConnInfo::for_socket(
        server.socket_dir(),
        server.port(),
        server.superuser(),
        &database.name,
    );
    let own = block_on(async {
        pgwitness::connector::Database::open(&info, &pgwitness::connector::SessionOptions::default()).await.unwrap()
    });
    let sets =
        "begin; select set_config('request.jwt.claims', '{}', true), set_config('app.tenant', 'x', true); rollback";
    let used = block_on(own.client()).unwrap();
    block_on(used.batch_execute(sets)).unwrap();
    assert!(!block_on(replay(&used, script)).unwrap().reproduced, "the case shows nothing");
    drop(used);
    let replayed = block_on(pgwitness::impersonation::replay(&own, script)).unwrap();
    assert!(replayed.reproduced, "{replayed:?}");
}
