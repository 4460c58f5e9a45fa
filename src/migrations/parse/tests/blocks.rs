use super::*;
use crate::migrations::parse::block::Step;
use crate::migrations::parse::block::later::Target;
use crate::migrations::parse::constant::Value;
use std::collections::BTreeMap;

fn steps(body: &str) -> Vec<Step> {
    match one(&format!("do $x$ {body} $x$;")) {
        Statement::Do(block) => block.steps,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn static_statements_keep_their_bytes() {
    let text = "do $$\nbegin\n  create policy é on t using (a = 'x');\nend $$;";
    let Statement::Do(block) = one(text) else { panic!() };
    let [Step::Run(parsed)] = block.steps.as_slice() else { panic!() };
    assert_eq!(&text[parsed.range.clone()], "create policy é on t using (a = 'x')");
    let Statement::CreatePolicy(policy) = &parsed.statement else { panic!() };
    let using = policy.using.as_ref().unwrap();
    assert_eq!((using.text.as_str(), &text[using.range.clone()]), ("a = 'x'", "a = 'x'"));
}

#[test]
fn guards_and_handlers() {
    let found = steps(
        "declare n text := 'p'; begin if not exists (select 1 from pg_policies p where p.tablename = 't' and policyname = n) then create policy p on t; else raise notice 'x'; end if; end",
    );
    let [Step::If(branches, otherwise)] = found.as_slice() else { panic!("{found:?}") };
    assert!(otherwise.is_empty());
    assert_eq!(branches[0].0.known, [("n".to_owned(), Value::Text("p".to_owned()))].into());
    let found = steps(
        "begin create type t as enum ('a'); exception when duplicate_object or sqlstate '42710' then null; when others then raise; end",
    );
    let [Step::Caught(body, handlers)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (body.len(), handlers[0].conditions.as_slice()),
        (1, &["duplicate_object".to_owned(), "42710".to_owned()][..])
    );
    assert!(matches!(handlers[1].steps.as_slice(), [Step::Raise(_)]));
    let found = steps("begin if to_regclass('public.t') is not null then drop table t; end if; end");
    assert!(matches!(&found[0], Step::If(b, _) if b[0].0.text.text == "to_regclass('public.t') is not null"));
}

#[test]
fn loops_over_constants_are_unrolled() {
    let found = steps(
        "declare t text; ts text[] := array['a', 'B']; begin foreach t in array ts loop execute format('alter table %I enable row level security; grant all on %1$I to x', t); end loop; end",
    );
    let [Step::Rounds(rounds)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    let Step::Run(Parsed { statement: Statement::AlterRelation(alter), .. }) = &rounds[1][0] else { panic!() };
    assert_eq!(alter.relation.name, "B");
    let found = steps(
        "declare r record; begin for r in select unnest(array['a']) as n loop execute 'drop table ' || quote_ident(r.n); end loop; end",
    );
    assert!(
        matches!(&found[0], Step::Rounds(r) if matches!(&r[0][0], Step::Run(p) if matches!(p.statement, Statement::Drop(_))))
    );
    let found = steps(
        "declare p text[]; pairs text[][] := array[array['a', 'x'], array['b', 'y']]; begin foreach p slice 1 in array pairs loop execute format('grant select on %I to %I', p[1], p[2]); end loop; end",
    );
    let [Step::Rounds(rounds)] = found.as_slice() else { panic!("{found:?}") };
    let Step::Run(Parsed { statement: Statement::Grant(_), .. }) = &rounds[1][0] else { panic!("{found:?}") };
    assert_eq!(rounds.len(), 2);
    let found = steps("begin foreach p slice 2 in array array['a'] loop execute 'drop table ' || p[1]; end loop; end");
    assert!(matches!(found.as_slice(), [Step::Gap { .. }]), "{found:?}");
    // What a round assigns is not known in the next.
    let found = steps(
        "declare t text; n text := 'a'; begin foreach t in array array['x', 'y'] loop execute 'drop table ' || n; n := t; end loop; end",
    );
    assert!(
        matches!(&found[0], Step::Rounds(r) if matches!(r[0][0], Step::Gap { .. }) && matches!(r[1][0], Step::Gap { .. })),
        "{found:?}"
    );
    let found = steps(
        "declare f regprocedure; s text; begin foreach s in array array['p.f(int)'] loop f := to_regprocedure(s); if f is null then continue; end if; execute format('revoke all on function %s from anon', f); end loop; end",
    );
    assert!(
        matches!(&found[0], Step::Rounds(r) if matches!(&r[0][1], Step::Run(p) if matches!(p.statement, Statement::Grant(_)))),
        "{found:?}"
    );
}

#[test]
fn what_only_the_server_knows_is_a_gap() {
    let gap = |body: &str| match steps(body).as_slice() {
        [Step::Gap { may_touch_access_control, .. }] => *may_touch_access_control,
        other => panic!("{body}: {other:?}"),
    };
    assert!(gap(
        "declare r record; begin for r in execute 'select 1' loop execute 'drop table ' || r.a; end loop; end"
    ));
    assert!(!gap("declare r record; begin while a < 3 loop insert into u values (r.a); end loop; end"));
    assert!(gap("begin execute (select x from t); end"));
    let changed =
        steps("declare t text := 'a'; begin if now() > 'x' then t := 'b'; end if; execute 'drop table ' || t; end");
    let [Step::Chosen(chosen)] = changed.as_slice() else { panic!("{changed:?}") };
    assert!(matches!(chosen.unchosen.as_slice(), [Step::Gap { .. }]));
    assert_eq!(chosen.branches[0].1.known.get("t"), Some(&Value::Text("b".into())));
    refused("do language plpython3u $$ import os $$");
    refused("do $$ begin if x then end $$");
}

#[test]
fn what_the_catalog_knows_is_left_to_it() {
    let text = "do $$ declare r record; t text; begin for r in select * from pg_tables loop execute 'drop table ' || r.tablename; end loop; select a, b into t, u from pg_class where x = t; drop table t; end $$;";
    let Statement::Do(block) = one(text) else { panic!() };
    let [Step::Rows(rows), Step::Run(_), Step::Assigned(assigned)] = block.steps.as_slice() else {
        panic!("{block:?}")
    };
    assert_eq!(rows.target, Target::Record("r".into()));
    assert!(matches!(rows.otherwise.as_slice(), [Step::Gap { may_touch_access_control: true, .. }]));
    let known = [("r.tablename".to_owned(), Value::Text("x".into()))].into();
    let steps = rows.body.read(known).unwrap();
    let [Step::Run(parsed)] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(&text[parsed.range.clone()], "execute 'drop table ' || r.tablename");
    assert_eq!(assigned.target, Target::Variables(vec!["t".into(), "u".into()]));
    assert_eq!(assigned.query.text.text, "select a, b from pg_class where x = t");
    let steps = assigned.rest.read(BTreeMap::new()).unwrap();
    assert!(matches!(steps.as_slice(), [Step::Run(parsed)] if &text[parsed.range.clone()] == "drop table t"));
}
