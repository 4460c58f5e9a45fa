//! Names that attack a terminal, a log or a parser: nothing panics, and nothing gets through unescaped.

use pgwitness::shadow::Platform;

use super::pgwitness;
use crate::support::database;

const SQL: &str = r#"
    do $$ begin execute format('create role %I nologin', e'cli\e[31m\n"role'); exception when duplicate_object then null; end $$;
    do $$
    declare
        names text[] := array[
            e'esc\e[2J\e]0;owned\x07', e'line\nexit 0: nothing', e'bidi\u202egnp', e'c1\u009b31m', 'quo"te''s', '🦀🦀',
            repeat('x', 63), repeat('"', 30), '%s{}\', '<script>alert(1)</script>', ' ', 'select', '--', e'\r\x08'
        ];
        name text;
    begin
        foreach name in array names loop
            execute format('create table public.%I (%I int)', name, name);
            execute format('grant select, insert on public.%I to public', name);
            execute format('create policy %I on public.%I to public using (%I > 0)', name, name, name);
            execute format('create view public.%I as select * from public.%I', left(name, 50) || ' view', name);
            execute format('create function public.%I() returns int language sql security definer as %L', name, 'select 1');
        end loop;
        execute format('alter table public.%I enable row level security', names[2]);
        execute format('grant update on public.%I to %I', names[1], e'cli\e[31m\n"role');
    end $$;
"#;

#[test]
fn names_are_escaped_in_every_output() {
    let db = database(17, Platform::Postgres, SQL);
    let role = "cli\u{1b}[31m\n\"role";
    let table = "esc\u{1b}[2J\u{1b}]0;owned\u{7}";
    for arguments in [
        vec!["audit", "--verbose"],
        vec!["audit", "--format", "json"],
        vec!["matrix", "--verbose"],
        vec!["matrix", "--format", "json"],
        vec!["matrix", "--why", role, table, "update"],
        vec!["matrix", "--why", role, "line\nexit 0: nothing", "select"],
        vec!["matrix", "--role", "no\u{1b}[31m"],
        vec!["snapshot"],
    ] {
        let mut all = arguments.clone();
        all.extend(["--db-url", &db.url]);
        let outcome = pgwitness(&all);
        assert!(matches!(outcome.code, Some(0..=2)), "{arguments:?}: {outcome:?}");
        for text in [&outcome.stdout, &outcome.stderr] {
            let bad: Vec<_> = text.chars().filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}').collect();
            assert!(bad.is_empty(), "{arguments:?} lets {bad:?} through:\n{text}");
        }
        assert!(!outcome.stdout.lines().any(|l| l == "exit 0: nothing"), "{arguments:?}:\n{}", outcome.stdout);
    }
}
