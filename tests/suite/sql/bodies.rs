//! Functions called on the server, and the expressions that we read their bodies as.

use super::views::read;
use crate::support::{block_on, database, explain};
use pgwitness::analyzer::inline::{Outcome, body};
use pgwitness::shadow::Platform;
use pgwitness::sql::bind::Scope;
use pgwitness::sql::print::{AsBound, Outside, expression};
use pgwitness::sql::{SchemaCatalog, Type};

const WORLD: &str = "
create table members (team int, who text, role text);
insert into members values (1, 'a', 'admin'), (1, 'b', 'member'), (2, 'b', 'owner'), (3, null, null);
create function sql_exists(t int, w text) returns boolean language sql stable as
    'select exists (select 1 from members where team = t and who = $2)';
create function sql_scalar(t int, w text) returns text language sql stable as 'select role from members where team = t and who = w';
create function sql_default(t int, w text default 'b') returns boolean language sql as 'select 1; select w = ''b'' and t > 1 -- done';
create function sql_atomic(t int, w text) returns boolean language sql begin atomic select false; select t = 1 or w is null; end;
create function sql_return(t int, w text) returns int language sql return t + length(w);
create function sql_strict(t int, w text) returns boolean language sql strict as 'select coalesce(t, 0) = 0 or w <> ''''';
create function pl_return(t int, w text) returns boolean language plpgsql as $$ begin return t = 1 and w like 'a%'; end $$;
create function pl_if(t int, w text) returns text language plpgsql as $$
begin
    if t is null then return 'none'; elsif t < 2 then if w = 'a' then return 'small a'; end if; else return 'large'; end if;
    return 'rest';
end $$;
create function pl_into(t int, w text) returns boolean language plpgsql as $$
declare r text; n int := 0;
begin
    select role, team into r, n from members where team = t and who = w order by role limit 1;
    if not found then return n is null; end if;
    return r in ('admin', 'owner') and n = t;
end $$;
create function pl_record(t int, w text) returns text language plpgsql as $$
declare m record;
begin
    select * into m from members where who = w and team = t;
    if found then return m.role || m.team; end if;
    return null;
end $$;
create function pl_row(t int, w text) returns text language plpgsql as $$
declare m public.members%rowtype; n members;
begin
    select * into m from members where who = w and team = t;
    select 7, 'x' into n;
    if found and m.role = 'admin' then return m.who || n.team; end if;
    return coalesce(m.role, n.who, n.role);
end $$;
create function pl_assign(t int, w text) returns numeric language plpgsql as $$
declare x numeric := 1.5; y int default 2;
begin
    x := x * coalesce(t, 0);
    if w is not null then y = y + length(w); x := x + y; end if;
    return x;
end $$;
create function pl_case(t int, w text) returns text language plpgsql as $$
begin
    case t when 1, 2 then return 'low'; when 3 then return 'three'; else return w; end case;
end $$;
create function pl_perform(t int, w text) returns boolean language plpgsql as $$
begin
    perform 1 from members where team = t;
    return found;
end $$;
create function pl_out(t int, w text, out answer boolean) language plpgsql as $$
begin
    answer := t = 1;
    if w = 'b' then answer := not answer; return; end if;
end $$;
create function pl_block(t int, w text) returns int language plpgsql as $$
<<outer>>
declare a int := 1;
begin
    declare b int := a + 1;
    begin
        a := b + coalesce(t, 0);
        if w = 'a' then return b; end if;
    end;
    return a;
end outer $$;
create function pl_varchar(t int, w text) returns varchar(3) language plpgsql as $$ begin return w; end $$;
";

/// The whole as SQL: arguments, then each step over those before it.
fn inlined(body: &pgwitness::analyzer::inline::Body, arguments: &[String], types: &[Type]) -> String {
    let mut scope = Scope::default();
    for (at, of) in types.iter().chain(body.steps.iter().map(|s| &s.data_type)).enumerate() {
        scope = scope.parameter(Some(&format!("p{at}")), of.clone());
    }
    let outside = Outside::of(&scope);
    let given: Vec<_> =
        arguments.iter().zip(types).enumerate().map(|(at, (a, of))| format!("{a}::{of} as p{at}")).collect();
    let mut from = format!("(select {}) as arguments", given.join(", "));
    for (at, step) in body.steps.iter().enumerate() {
        let of = &step.data_type;
        from += &format!(
            ", lateral (select {}::{of} as p{}) as s{at}",
            expression(step, &outside, &AsBound),
            types.len() + at
        );
    }
    let Outcome::Value(result) = &body.result else { panic!("{body:?}") };
    let whole = format!("select ({})::text from {from}", expression(result, &outside, &AsBound));
    // What is evaluated for its errors alone is none of the value; no type of it is asked.
    whole.replace(" THEN BEHIND", " IS NULL AND false THEN NULL")
}

#[test]
fn bodies_mean_what_the_functions_do() {
    let database = database(17, Platform::Postgres, WORLD);
    let schema = read(&database);
    let catalog = SchemaCatalog::new(&schema);
    let mut compared = 0;
    for function in schema.functions.iter().filter(|f| f.id.schema == "public") {
        let read = body(function, &catalog, &["public".to_owned()]).unwrap_or_else(|e| panic!("{}: {e}", function.id));
        let types = [Type::named("integer"), Type::named("text")];
        for t in ["null", "0", "1", "2", "3", "9"] {
            for w in ["null", "''", "'a'", "'b'", "'abc'"] {
                let arguments = [t.to_owned(), w.to_owned()];
                let call = format!("select {}({t}, {w})::text", function.id.qualified());
                let ours = inlined(&read, &arguments, &types);
                let ask = |sql: &str| {
                    block_on(database.client.query_one(sql, &[]))
                        .unwrap_or_else(|e| panic!("{}\n{sql}", explain(&e)))
                        .get::<_, Option<String>>(0)
                };
                assert_eq!(ask(&ours), ask(&call), "{call}\n{ours}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 15 * 30, "{compared}");
}
