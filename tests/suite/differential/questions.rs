//! The questions beside "never exceeds", on the Supabase platform: each answer is held against the server.

use pgwitness::analyzer::decide::{Ask, Asker, Assumption, By, Caller, DecidedBy, Decider, Escalation, Which, compare};
use pgwitness::analyzer::effective::Effective;
use pgwitness::analyzer::verdict::Verdict;
use pgwitness::model::{Command, QualifiedName, Relation, Schema};
use pgwitness::shadow::Platform;

use super::policies::schema_of;
use super::replay::{Replay, outcome};
use crate::support::{self, TestDatabase};

const USER: Asker = Asker::SomeUser;

pub(super) fn with<T>(sql: &str, test: impl FnOnce(&TestDatabase, &Schema, &Decider<'_>) -> T) -> T {
    let database = support::database(17, Platform::SUPABASE, sql);
    let schema = schema_of(&database);
    let effective = Effective::new(&schema, None);
    test(&database, &schema, &Decider::new(&effective))
}

pub(super) fn table<'s>(schema: &'s Schema, name: &str) -> &'s Relation {
    schema.relation(&QualifiedName::new("public", name)).unwrap()
}

pub(super) fn is_violated(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Violated(_))
}

const MOVES: &str = "
    create table whole (id int primary key, owner uuid not null, title text);
    create policy p on whole for update to authenticated using (owner = auth.uid()) with check (true);
    create table titles (id int primary key, owner uuid not null, title text);
    create policy p on titles for update to authenticated using (owner = auth.uid()) with check (true);
    create table rewritten (id int primary key, owner uuid not null, title text);
    create policy p on rewritten for update to authenticated using (owner = auth.uid()) with check (true);
    create function steal() returns trigger language plpgsql as $$
        begin new.owner := '00000000-0000-0000-0000-000000000009'; return new; end $$;
    create trigger t before update on rewritten for each row execute function steal();
    create table nowhere (id int primary key, owner uuid not null, title text);
    create policy p on nowhere for update to authenticated using (true) with check (false);
    do $$ declare t text; begin foreach t in array array['whole','titles','rewritten','nowhere'] loop
        execute format('alter table %I enable row level security', t); end loop; end $$;
    revoke all on all tables in schema public from anon, authenticated;
    grant update on whole, nowhere to authenticated;
    grant update (title) on titles, rewritten to authenticated;";

#[test]
fn an_update_is_one_question_about_two_rows() {
    with(MOVES, |database, schema, decider| {
        let asks = |name: &str, which| {
            let mut access = decider.access("authenticated", table(schema, name), Command::Update, which, Caller::Sql);
            access.never_exceeds("owner = auth.uid()", USER)
        };
        let moved = asks("whole", Which::New);
        let Verdict::Violated(witness) = moved else { panic!("the owner can be moved: {moved:?}") };
        Replay::new(database, schema, &witness).update("authenticated", "whole", "owner = auth.uid()");
        assert_eq!(asks("titles", Which::New), Verdict::Proved, "only the title can be set");
        assert!(is_violated(&asks("rewritten", Which::New)), "the trigger sets the owner");
        assert_eq!(asks("nowhere", Which::Old), Verdict::Proved, "no new row passes");
        let sets =
            |column| decider.sets("authenticated", table(schema, "titles"), column, Caller::Sql).is_never_true(USER);
        assert_eq!(sets("owner"), Verdict::Proved);
        assert!(is_violated(&sets("title")));
    });
}

const FILTERED: &str = "
    create table notes (id int primary key, owner uuid, hidden boolean not null);
    alter table notes enable row level security;
    create policy s on notes for select to authenticated using (owner = auth.uid());
    create policy d on notes for delete to authenticated using (not hidden);
    create policy u on notes for update to authenticated using (not hidden);
    revoke all on all tables in schema public from anon, authenticated;
    grant select, update, delete on notes to authenticated;";

#[test]
fn a_statement_that_reads_is_bound_by_select_policies() {
    with(FILTERED, |_, schema, decider| {
        let notes = table(schema, "notes");
        let asks = |command, which, caller| {
            let mut access = decider.access("authenticated", notes, command, which, caller);
            access.never_exceeds("owner = auth.uid()", USER)
        };
        for (command, which) in
            [(Command::Delete, Which::Old), (Command::Update, Which::Old), (Command::Update, Which::New)]
        {
            assert!(is_violated(&asks(command, which, Caller::Sql)), "a blind {command} reaches all");
            assert_eq!(asks(command, which, Caller::DataApi), Verdict::Proved, "a filtered {command} does not");
        }
    });
}

const VIEWS: &str = "
    create table base (id int primary key, owner uuid, kind text not null);
    alter table base enable row level security;
    create policy own on base for select to authenticated using (owner = auth.uid());
    grant select on base to authenticated;
    create view as_owner as select id, owner, kind from base;
    create view public_ones as select id, owner, kind from base where kind = 'public';
    create view as_caller with (security_invoker = on) as select id, owner from base;
    create view both_kinds as select id, owner from base where kind = 'a' union all select id, null from base where kind = 'b';
    create function seen() returns bigint language sql stable as $$ select count(*) from public.base $$;
    create view through_function as select id, owner from base where exists (select from public.base_of_caller());";

#[test]
fn a_view_shows_what_its_query_gives() {
    let views = VIEWS.rsplit_once("create view through_function").unwrap().0;
    let sql = format!("{views} grant select on all tables in schema public to authenticated;");
    with(&sql, |database, schema, decider| {
        let cases = [
            ("as_owner", "owner = auth.uid()", false),
            ("public_ones", "kind = 'public'", true),
            ("public_ones", "owner = auth.uid()", false),
            ("as_caller", "owner = auth.uid()", true),
            ("both_kinds", "owner is null or id > 0", false),
            ("both_kinds", "owner = auth.uid()", false),
        ];
        for (view, rule, keeps) in cases {
            let mut access =
                decider.access("authenticated", table(schema, view), Command::Select, Which::Old, Caller::Sql);
            match access.never_exceeds(rule, USER) {
                Verdict::Proved if keeps => {}
                Verdict::Violated(witness) if !keeps => {
                    let shown = Replay::new(database, schema, &witness).rows(
                        "authenticated",
                        view,
                        &format!("({rule}) is not true"),
                    );
                    assert!(shown > 0, "{view} {rule}: {witness:#?}");
                }
                verdict => panic!("{view} against {rule}: {verdict:?}"),
            }
        }
    });
}

const RAISING: &str = "
    create table lookups (id int primary key, owner uuid, value text);
    create table failing (id int primary key, owner uuid, number text);
    create policy p on failing for select to authenticated using (owner = auth.uid() or number::int > 3);
    create table guarded (id int primary key, owner uuid, number text);
    create policy p on guarded for select to authenticated using (case when number ~ '^1$' then false else true end);
    create table many (id int primary key, owner uuid, value text);
    create policy p on many for select to authenticated using (value = (select l.value from lookups l where l.owner = auth.uid()));
    create table one (id int primary key, owner uuid, value text);
    create policy p on one for select to authenticated using (value = (select l.value from lookups l where l.id = one.id));
    create function complain() returns boolean language plpgsql stable set search_path = '' as $$
        begin if auth.uid() is null then raise exception 'no'; end if; return true; end $$;
    create table complaining (id int primary key);
    create policy p on complaining for select to authenticated using (complain());
    create table circular (id int primary key, owner uuid);
    create policy p on circular for select to authenticated using (exists (select from circular c where c.owner = auth.uid()));
    create table straight (id int primary key, owner uuid);
    create policy s on straight for select to authenticated using (owner = auth.uid());
    create policy u on straight for update to authenticated using (exists (select from straight c where c.owner = auth.uid()));
    do $$ declare t text; begin foreach t in array array['failing','guarded','many','one','complaining','circular','straight'] loop
        execute format('alter table %I enable row level security', t); end loop; end $$;
    grant select on all tables in schema public to authenticated; grant update on straight to authenticated;";

#[test]
fn what_raises_is_told_and_locks_out() {
    with(RAISING, |database, schema, decider| {
        let ask = |name, ask| {
            let mut access =
                decider.access("authenticated", table(schema, name), Command::Select, Which::Old, Caller::Sql);
            access.verdict(ask, USER)
        };
        for (name, code) in [("failing", "22P02"), ("many", "21000")] {
            let Verdict::Violated(witness) = ask(name, Ask::NeverErrors) else { panic!("{name} raises") };
            let replay = Replay::new(database, schema, &witness);
            assert_eq!(replay.read("authenticated", name).err().as_deref(), Some(code), "{name}: {witness:#?}");
        }
        for name in ["one", "guarded", "complaining"] {
            assert_eq!(ask(name, Ask::NeverErrors), Verdict::Proved, "{name}");
        }
        let own = Ask::GrantsAll("owner = auth.uid()".into());
        assert!(is_violated(&ask("failing", own)), "a row of somebody else's makes the query fail");
        assert_eq!(ask("complaining", Ask::AlwaysTrue), Verdict::Proved);
        let mut access =
            decider.access("authenticated", table(schema, "complaining"), Command::Select, Which::Old, Caller::Sql);
        assert!(is_violated(&access.is_always_true(Asker::Any)), "it raises without a user");

        let mut access =
            decider.access("authenticated", table(schema, "circular"), Command::Select, Which::Old, Caller::Sql);
        assert_eq!(access.recursion(), Some(&QualifiedName::new("public", "circular")));
        let decision = access.ask(Ask::NeverTrue, USER);
        assert_eq!((decision.verdict, decision.decided_by), (Verdict::Proved, vec![DecidedBy::Recursion]));
        let update =
            decider.access("authenticated", table(schema, "straight"), Command::Update, Which::Old, Caller::Sql);
        assert_eq!(update.recursion(), None);
        let state =
            "select set_config('request.jwt.claims', '{\"sub\": \"00000000-0000-0000-0000-000000000001\"}', true)";
        assert_eq!(outcome(database, "authenticated", state, "select 1 from circular").err().as_deref(), Some("42P17"));
        assert!(outcome(database, "authenticated", state, "update straight set id = id").is_ok());
    });
}

const SELF_SERVICE: &str = "
    create table teams (id int primary key, owner uuid not null);
    create table members (team_id int not null references teams, user_id uuid not null, role text not null default 'member',
        primary key (team_id, user_id));
    create table documents (id int primary key, team_id int not null references teams);
    create table profiles (id uuid primary key, name text, is_admin boolean not null default false);
    create table reports (id int primary key);
    create table tight (id uuid primary key, name text, is_admin boolean not null default false);
    create table ledgers (id int primary key);
    create table owned (id int primary key, team_id int not null references teams);
    create table blocks (id int primary key, blocked uuid not null, blocker uuid not null);
    create table posts (id int primary key, author uuid not null);
    revoke all on all tables in schema public from anon, authenticated;
    do $$ declare t text; begin
        foreach t in array array['teams','members','documents','profiles','reports','tight','ledgers','owned','blocks','posts'] loop
        execute format('alter table %I enable row level security; grant select on %I to authenticated', t, t); end loop; end $$;
    create policy a on members for select to authenticated using (user_id = auth.uid());
    create policy b on members for insert to authenticated with check (user_id = auth.uid());
    create policy a on documents for select to authenticated using
        (exists (select from members m where m.team_id = documents.team_id and m.user_id = auth.uid()));
    create policy a on profiles for select to authenticated using (id = auth.uid());
    create policy b on profiles for update to authenticated using (id = auth.uid());
    create policy a on reports for select to authenticated using
        (exists (select from profiles p where p.id = auth.uid() and p.is_admin));
    create policy a on tight for select to authenticated using (id = auth.uid());
    create policy b on tight for update to authenticated using (id = auth.uid());
    create policy a on ledgers for select to authenticated using
        (exists (select from tight p where p.id = auth.uid() and p.is_admin));
    create policy a on teams for select to authenticated using (owner = auth.uid());
    create policy b on teams for insert to authenticated with check (owner = auth.uid());
    create policy a on owned for select to authenticated using
        (exists (select from teams t where t.id = owned.team_id and t.owner = auth.uid()));
    create policy a on blocks for select to authenticated using (true);
    create policy b on blocks for delete to authenticated using (blocked = auth.uid());
    create policy a on posts for select to authenticated using
        (not exists (select from blocks b where b.blocked = auth.uid() and b.blocker = posts.author));
    grant insert on members, teams to authenticated;
    grant update on profiles to authenticated;
    grant update (name) on tight to authenticated;
    grant delete on blocks to authenticated;";

#[test]
fn access_that_a_principal_gives_itself_is_found() {
    with(SELF_SERVICE, |database, schema, decider| {
        let stays = |name: &str| {
            let staying = decider.stays_within(
                "authenticated",
                table(schema, name),
                Command::Select,
                Caller::Sql,
                USER,
                By::Anyone,
            );
            assert_eq!(staying.unknown, [], "{name}");
            staying.escalations
        };
        let told = |all: &[Escalation]| -> Vec<(String, Command, Vec<String>, bool)> {
            all.iter().map(|e| (e.relation.name.clone(), e.command, e.columns.clone(), e.stranger)).collect()
        };
        for (name, expected) in [
            ("documents", vec![("members", Command::Insert, vec!["team_id", "user_id"], true)]),
            ("reports", vec![("profiles", Command::Update, vec!["is_admin"], true)]),
            ("ledgers", vec![]),
            ("owned", vec![]),
            ("posts", vec![("blocks", Command::Delete, vec![], true)]),
        ] {
            let found = stays(name);
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(t, c, columns, s)| {
                    (t.to_owned(), c, columns.into_iter().map(str::to_owned).collect::<Vec<_>>(), s)
                })
                .collect();
            assert_eq!(told(&found), expected, "{name}");
            for escalation in &found {
                Replay::new(database, schema, &escalation.witness).escalate("authenticated", name, escalation);
            }
        }
    });
}

#[test]
fn a_change_of_the_model_gains_and_loses() {
    const ONE: &str = "
        create table members (team_id int not null, user_id uuid not null, role text, primary key (team_id, user_id));
        create table documents (id int primary key, team_id int, owner uuid);
        alter table documents enable row level security;
        grant select on documents, members to authenticated;";
    let policy =
        |using: &str| format!("{ONE} create policy p on documents for select to authenticated using ({using});");
    let member = "exists (select from members m where m.team_id = documents.team_id and m.user_id = auth.uid())";
    let stricter = member.replace("auth.uid())", "auth.uid() and m.role = 'editor')");
    let rewritten = "team_id in (select m.team_id from members m where auth.uid() = m.user_id)";
    for (before, after, gained, lost) in [
        (member, rewritten, false, false),
        (member, stricter.as_str(), false, true),
        (stricter.as_str(), member, true, false),
        (member, "owner = auth.uid()", true, true),
    ] {
        with(&policy(before), |_, old, earlier| {
            with(&policy(after), |database, schema, later| {
                let name = &table(old, "documents").name;
                let change = compare(earlier, later, "authenticated", name, Command::Select, Caller::Sql, USER);
                assert_eq!(is_violated(&change.gained), gained, "{before} to {after}: {change:?}");
                assert_eq!(is_violated(&change.lost), lost, "{before} to {after}: {change:?}");
                if let Verdict::Violated(witness) = &change.gained {
                    assert!(Replay::new(database, schema, witness).rows("authenticated", "documents", "true") > 0);
                }
            });
        });
    }
}

const ASSUMING: &str = "
    create table members (team_id int not null, user_id uuid not null, primary key (team_id, user_id));
    create function pinned(team int) returns boolean language sql stable security definer set search_path = '' as $$
        select exists (select 1 from public.members where team_id = team and user_id = auth.uid()) $$;
    create function loose(team int) returns boolean language sql stable security definer as $$
        select exists (select 1 from members where team_id = team and user_id = auth.uid()) $$;
    do $$ begin create role differential_login login; exception when duplicate_object then null; end $$;
    create table a (id int primary key, team_id int, owner uuid);
    create policy p on a for select using (pinned(team_id));
    create table b (id int primary key, team_id int, owner uuid);
    create policy p on b for select using (loose(team_id));
    create table c (id int primary key, team_id int, owner uuid);
    create policy p on c for select using (owner = auth.uid() and (auth.jwt() -> 'user_metadata' ->> 'team')::int = team_id);
    create table d (id int primary key, team_id int, owner uuid);
    create policy p on d for select using (owner = auth.uid() and coalesce((auth.jwt() ->> 'is_anonymous')::boolean, false) is false);
    do $$ declare t text; begin foreach t in array array['a','b','c','d'] loop
        execute format('alter table %I enable row level security; grant select on %I to authenticated, differential_login', t, t);
    end loop; end $$; grant usage on schema public, auth to differential_login;";

#[test]
fn a_verdict_says_what_it_rests_on() {
    const MEMBER: &str =
        "exists (select from public.members m where m.team_id = TABLE.team_id and m.user_id = auth.uid())";
    with(ASSUMING, |_, schema, decider| {
        let decide = |role: &str, name: &str, ask: Ask<'_>, caller| {
            decider.access(role, table(schema, name), Command::Select, Which::Old, caller).ask(ask, USER)
        };
        let rule = MEMBER.replace("TABLE", "a");
        let pinned = decide("authenticated", "a", Ask::NeverExceeds(rule.as_str().into()), Caller::Sql);
        assert_eq!(pinned.verdict, Verdict::Proved);
        assert!(pinned.assumptions.iter().any(|a| matches!(a, Assumption::KnownBody(f) if f.name == "uid")));
        assert!(pinned.assumptions.contains(&Assumption::Caller(Caller::Sql)), "{:?}", pinned.assumptions);
        assert_eq!(pinned.decided_by, [DecidedBy::Policy("p".into())]);
        let is_path = |a: &Assumption| matches!(a, Assumption::SearchPath(f) if f.name == "loose");
        assert!(!pinned.assumptions.iter().any(is_path));
        let rule = MEMBER.replace("TABLE", "b");
        let loose = decide("authenticated", "b", Ask::NeverExceeds(rule.as_str().into()), Caller::Sql);
        assert!(loose.verdict == Verdict::Proved && loose.assumptions.iter().any(is_path), "{loose:?}");
        // A login role can put a temporary table in the place of members.
        let login = decide("differential_login", "b", Ask::NeverExceeds(rule.as_str().into()), Caller::Sql);
        assert!(matches!(login.verdict, Verdict::Unknown(_)), "{login:?}");
        let by_api = decide("differential_login", "b", Ask::NeverExceeds(rule.as_str().into()), Caller::DataApi);
        assert_eq!(by_api.verdict, Verdict::Proved);

        let trusted = ["sub", "role", "app_metadata"].map(str::to_owned);
        let chosen = decide("authenticated", "c", Ask::FollowsFrom(&trusted), Caller::Sql);
        assert!(is_violated(&chosen.verdict), "{chosen:?}");
        assert!(chosen.assumptions.iter().any(|a| matches!(a, Assumption::UserChosen(_))));
        assert_eq!(decide("authenticated", "a", Ask::FollowsFrom(&trusted), Caller::Sql).verdict, Verdict::Proved);
        let mut d = decider.access("authenticated", table(schema, "d"), Command::Select, Which::Old, Caller::Sql);
        assert_eq!(d.is_never_true(Asker::AnonymousUser), Verdict::Proved);
        assert!(is_violated(&d.is_never_true(USER)));
    });
}

#[test]
fn not_null_of_a_parent_holds_only_where_its_children_have_it() {
    const FAMILY: &str = "
        create table parent (id int not null, owner uuid not null);
        create table child () inherits (parent);
        alter table child alter column owner drop not null;
        alter table parent enable row level security;
        create policy p on parent for select to authenticated using (owner is null or owner = auth.uid());
        grant select on parent to authenticated;";
    let database = support::database(16, Platform::SUPABASE, FAMILY);
    let schema = schema_of(&database);
    let effective = Effective::new(&schema, None);
    let decider = Decider::new(&effective);
    let parent = table(&schema, "parent");
    let mut access = decider.access("authenticated", parent, Command::Select, Which::Old, Caller::Sql);
    assert!(is_violated(&access.never_exceeds("owner = auth.uid()", USER)));
}

const THROUGH_VIEWS: &str = "
    create table letters (id int primary key, owner uuid, reader text);
    alter table letters enable row level security;
    create policy p on letters for select to authenticated using (owner = auth.uid());
    create function sees(letter int) returns boolean language sql stable set search_path = '' as $$
        select exists (select from public.letters l where l.id = letter) $$;
    create view as_user as select id, owner from letters where reader = current_user;
    create view by_helper as select id, owner from letters where sees(id);
    create table grandparent (id int primary key, owner uuid);
    create table grandchild () inherits (grandparent);
    create table family (id int primary key, owner uuid);
    create policy p on family for select to authenticated using
        (not exists (select from only grandparent g where g.id = family.id) or owner = auth.uid());
    create collation folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table folded (id int primary key, name text collate folding, owner uuid);
    create policy p on folded for select to authenticated using (name = 'a');
    create function captured(owner uuid) returns boolean language sql stable security definer set search_path = '' as $$
        select exists (select from public.letters l where l.owner = owner) $$;
    create table by_capture (id int primary key, owner uuid);
    create policy p on by_capture for select to authenticated using (captured(owner));
    create function becomes(text) returns text language sql as $$ select set_config('app.tenant', $1, true) $$;
    create table settled (id int primary key, tenant text);
    create policy p on settled for select to authenticated using
        (becomes(tenant) is not null and tenant = current_setting('app.tenant', true));
    alter table family enable row level security; alter table folded enable row level security;
    alter table by_capture enable row level security; alter table settled enable row level security;
    grant select on all tables in schema public to authenticated;";

#[test]
fn names_rights_and_states_are_those_of_the_server() {
    with(THROUGH_VIEWS, |database, schema, decider| {
        let asks = |name: &str, rule: &str| {
            let mut access =
                decider.access("authenticated", table(schema, name), Command::Select, Which::Old, Caller::Sql);
            access.never_exceeds(rule, USER)
        };
        // Functions in a view, and current_user, are the caller's; relations are read as the owner.
        assert_eq!(asks("by_helper", "owner = auth.uid()"), Verdict::Proved);
        let Verdict::Violated(witness) = asks("as_user", "owner = auth.uid()") else { panic!("every row of the role") };
        assert_eq!(Replay::new(database, schema, &witness).rows("authenticated", "as_user", "true"), 1);
        // The parameter is called as the column: the column is meant.
        let Verdict::Violated(witness) = asks("by_capture", "owner in (select l.owner from public.letters l)") else {
            panic!("any letter opens all")
        };
        assert!(Replay::new(database, schema, &witness).rows("authenticated", "by_capture", "true") > 0);
        let family = asks(
            "family",
            "owner = auth.uid() or not exists (select from public.grandparent g where g.id = family.id)",
        );
        assert_ne!(family, Verdict::Proved, "a row of the child is not among ONLY its parent's");
        assert_ne!(
            asks("folded", "lower(name) = lower('a') and name::text = 'a'::text"),
            Verdict::Proved,
            "'A' is equal"
        );
        assert_ne!(asks("settled", "tenant = current_setting('app.tenant', true)"), Verdict::Proved);
    });
}

const GATHERED: &str = "
    create table members (team_id int not null, user_id uuid not null, primary key (team_id, user_id));
    create function teams() returns int[] language sql stable security definer set search_path = '' as $$
        select array_agg(team_id) from public.members where user_id = auth.uid() $$;
    create function header() returns text language plpgsql stable set search_path = '' as $$
        begin return current_setting('request.headers', true)::json ->> 'key';
        exception when others then return null; end $$;
    create table keys (value text primary key, team_id int not null);
    create table a (id int primary key, team_id int);
    create policy p on a for select to authenticated using (team_id = any (coalesce((select teams()), '{}')));
    create table b (id int primary key, team_id int);
    create policy p on b for select to authenticated using (team_id = any (array(select m.team_id from members m where m.user_id = auth.uid())));
    create table c (id int primary key, team_id int);
    create policy p on c for select to authenticated using
        (exists (select m.team_id from members m where m.user_id = auth.uid() and m.team_id = c.team_id
                 group by m.team_id having count(*) < 100));
    create table d (id int primary key, team_id int);
    create policy p on d for select to authenticated using
        (team_id in (with recursive r(x) as (select m.team_id from members m where m.user_id = auth.uid()
                     union select x + 1 from r where x < 0) select x from r where x > 0));
    create table e (id int primary key, team_id int);
    create policy p on e for select to authenticated using (exists (select from keys k where k.value = header() and k.team_id = e.team_id));
    create table f (id int primary key, team_id int);
    create policy p on f for select to authenticated using
        (team_id in (select team_id from members where user_id = auth.uid() except select k.team_id from keys k));
    do $$ declare t text; begin foreach t in array array['a','b','c','d','e','f'] loop
        execute format('alter table %I enable row level security', t); end loop; end $$;
    grant select on all tables in schema public to authenticated;
    create view counts as select team_id, count(*) as n from members where user_id = auth.uid() group by team_id;
    grant select on counts to authenticated;";

#[test]
fn arrays_groups_and_handlers_are_read() {
    with(GATHERED, |database, schema, decider| {
        let member = |t: &str| {
            format!("exists (select from public.members m where m.team_id = {t}.team_id and m.user_id = auth.uid())")
        };
        let asks = |name: &str, rule: &str| {
            let mut access =
                decider.access("authenticated", table(schema, name), Command::Select, Which::Old, Caller::Sql);
            access.never_exceeds(rule, USER)
        };
        for name in ["a", "b", "c", "f", "counts"] {
            assert_eq!(asks(name, &member(name)), Verdict::Proved, "{name}");
        }
        for name in ["a", "b", "f"] {
            let Verdict::Violated(witness) = asks(name, "team_id > 1000000") else { panic!("{name}") };
            let shown = Replay::new(database, schema, &witness).rows(
                "authenticated",
                name,
                "team_id <= 1000000 or team_id is null",
            );
            assert!(shown > 0, "{name}: {witness:#?}");
        }
        // Rows that recursion adds are not known.
        assert!(matches!(asks("d", &member("d")), Verdict::Unknown(_)));
        assert_eq!(asks("d", "team_id > 0"), Verdict::Proved);
        assert_eq!(asks("e", "exists (select from public.keys k where k.team_id = e.team_id)"), Verdict::Proved);
    });
}

#[test]
fn recursion_within_a_function_is_found_only_when_it_runs() {
    const LOOPED: &str = "
        create table inner_one (id int primary key, owner uuid);
        alter table inner_one enable row level security;
        create policy p on inner_one for select to authenticated using (exists (select from inner_one i where i.owner = auth.uid()));
        create function looks() returns boolean language plpgsql stable set search_path = '' as $$
            begin return exists (select from public.inner_one); end $$;
        create table outer_one (id int primary key, owner uuid, open boolean);
        alter table outer_one enable row level security;
        create policy p on outer_one for select to authenticated using (case when open then true else looks() end);
        grant select on all tables in schema public to authenticated;";
    with(LOOPED, |database, schema, decider| {
        let outer = table(schema, "outer_one");
        let mut access = decider.access("authenticated", outer, Command::Select, Which::Old, Caller::Sql);
        assert_eq!(access.recursion(), None);
        let Verdict::Violated(witness) = access.never_exceeds("owner = auth.uid()", USER) else {
            panic!("open rows are seen")
        };
        assert_eq!(Replay::new(database, schema, &witness).rows("authenticated", "outer_one", "true"), 1);
        assert_eq!(access.never_exceeds("open", USER), Verdict::Proved, "else it fails");
    });
}
