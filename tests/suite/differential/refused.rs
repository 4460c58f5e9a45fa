//! What policies, views and functions may not read, and what domains refuse: statements fail then, which shows no row and
//! locks out.

use pgwitness::analyzer::decide::{Ask, Asker, Caller, Which};
use pgwitness::analyzer::verdict::{Reason, Verdict};
use pgwitness::model::Command;

use super::questions::{is_violated, table, with};
use super::replay::outcome;

const SCHEMA: &str = "
    create domain positive as int check (value > 0);
    create schema inside;
    create table inside.seats (team int);
    create table members (team int, who uuid, note text);
    create function sits(t int) returns boolean language plpgsql stable as
        $$ begin return exists (select from inside.seats where team = t); end $$;
    create function sits_in_sql(t int) returns boolean language sql stable as
        $$ select exists (select from inside.seats where team = t) $$;
    create function sits_bound(t int) returns boolean language sql stable
        begin atomic select exists (select from inside.seats where team = t); end;
    create table checked (id int, team int, owner uuid, tags int[]);
    create table arrays (like checked);
    create table gathered (like checked);
    create table returned (like checked);
    create function positives(n int) returns setof positive language sql immutable as $$ select n $$;
    create table barred (like checked);
    create table barred_in_sql (like checked);
    create table bound (like checked);
    create table listed (like checked);
    create table counted (like checked);
    create table chosen (like checked);
    create table chosen_safely (like checked);
    create table part (like checked);
    create view part_seen with (security_invoker) as select id, owner from part;
    create view part_named with (security_invoker) as select id from part;
    revoke all on all tables in schema public from anon, authenticated;
    grant select on inside.seats to authenticated;
    grant select (team, who) on members to authenticated;
    grant select (id) on part to authenticated;
    grant select on part_seen, part_named to authenticated;
    create policy p on checked to authenticated using (team::positive > 0);
    create policy p on arrays to authenticated using (2 = any (tags::positive[]));
    create policy p on gathered to authenticated using (array[team]::positive[] is not null);
    create policy p on returned to authenticated using (team in (select positives(team)));
    create policy p on barred to authenticated using (sits(team) or id = 1);
    create policy p on barred_in_sql to authenticated using (sits_in_sql(team));
    create policy p on bound to authenticated using (sits_bound(team));
    create policy p on listed to authenticated
        using (exists (select from members m where m.team = listed.team and m.who = auth.uid()));
    create policy p on counted to authenticated
        using (id = 1 or exists (select from members m where m.team = counted.team and m.note = 'x'));
    create policy p on chosen to authenticated
        using (case when id > 7 then true when team::positive > 5 then true when id > 3 then true else true end);
    create policy p on chosen_safely to authenticated
        using (case when id > 7 then true when team > 5 then true when id > 3 then true else true end);
    do $$ declare t text; begin
        foreach t in array array['checked','arrays','gathered','returned','barred','barred_in_sql','bound','listed','counted',
            'chosen','chosen_safely'] loop
        execute format('alter table %I enable row level security; grant select on %I to authenticated', t, t); end loop;
    end $$;";

#[test]
fn reads_lock_out_and_show_nothing() {
    with(SCHEMA, |database, schema, decider| {
        let ask = |name, ask| {
            let relation = table(schema, name);
            decider.access("authenticated", relation, Command::Select, Which::Old, Caller::Sql).verdict(ask, Asker::Any)
        };
        // A domain's checks are errors, also where the condition says the same.
        assert_ne!(ask("checked", Ask::GrantsAll("team > 0".into())), Verdict::Proved);
        assert_eq!(ask("checked", Ask::NeverExceeds("team > 0".into())), Verdict::Proved);
        assert_ne!(ask("arrays", Ask::GrantsAll("2 = any (tags)".into())), Verdict::Proved);
        assert_ne!(ask("gathered", Ask::AlwaysTrue), Verdict::Proved);
        // A condition that chooses between the same values is evaluated all the same.
        assert_ne!(ask("chosen", Ask::AlwaysTrue), Verdict::Proved);
        // Where it raises for another row, the whole statement fails.
        assert_ne!(ask("chosen", Ask::GrantsAll("id > 7".into())), Verdict::Proved);
        assert_eq!(ask("chosen_safely", Ask::AlwaysTrue), Verdict::Proved);
        assert_ne!(ask("returned", Ask::GrantsAll("team is not null".into())), Verdict::Proved);
        // A body looks schemas up when it runs, unless it was bound when it was made.
        let seats = |name: &str| format!("exists (select from inside.seats s where s.team = {name}.team)");
        let (in_sql, bound) = (seats("barred_in_sql"), seats("bound"));
        assert_ne!(ask("barred", Ask::GrantsAll("id = 1".into())), Verdict::Proved);
        assert_eq!(ask("barred_in_sql", Ask::NeverTrue), Verdict::Proved);
        assert!(is_violated(&ask("barred_in_sql", Ask::GrantsAll((&in_sql).into()))));
        assert_eq!(ask("bound", Ask::GrantsAll((&bound).into())), Verdict::Proved);
        // Of columns, each that is named must be granted.
        assert!(is_violated(&ask("listed", Ask::NeverExceeds("owner = auth.uid()".into()))));
        let counted = ask("counted", Ask::NeverExceeds("owner = auth.uid()".into()));
        assert!(matches!(counted, Verdict::Unknown(Reason::Privilege(_))), "{counted:?}");
        assert_eq!(ask("part_seen", Ask::NeverTrue), Verdict::Proved);
        assert!(is_violated(&ask("part_named", Ask::NeverTrue)));

        let state = "insert into checked values (1, -1); insert into gathered values (1, -1); \
                     insert into returned values (1, -1); insert into arrays values (1, 1, null, '{-1}'); \
                     insert into barred values (1, 1), (2, 2); insert into barred_in_sql values (1, 1); \
                     insert into inside.seats values (1); insert into bound values (1, 1); insert into listed values (1, 1); \
                     insert into counted values (1, 1); insert into part values (1, 1)";
        let read = |name| outcome(database, "authenticated", state, &format!("select 'row' from {name}"));
        for (name, code) in [
            ("checked", "23514"),
            ("arrays", "23514"),
            ("gathered", "23514"),
            ("returned", "23514"),
            ("barred", "42501"),
            ("barred_in_sql", "42501"),
            ("counted", "42501"),
            ("part_seen", "42501"),
        ] {
            assert_eq!(read(name).err().as_deref(), Some(code), "{name}");
        }
        for name in ["bound", "listed", "part_named"] {
            assert!(read(name).is_ok(), "{name}");
        }
    });
}
