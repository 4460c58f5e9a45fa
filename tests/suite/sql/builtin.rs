//! The compiled-in facts of `pg_catalog` beside those of every live major: they are generated here and can't go stale.
//!
//! `PGWITNESS_REGENERATE=1 cargo test --test suite sql::builtin` writes `src/sql/builtin/*.txt` anew.

use crate::support::{MAJORS, block_on, connect, shared};
use pgwitness::shadow::Platform;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// One line a fact, without its versions, which come last.
const FACTS: [(&str, &str, &str); 6] = [
    ("types.txt", "name, name by format_type, category, preferred, kind, element, subtype of a range", TYPES),
    (
        "functions.txt",
        "name, arguments, result, kind volatility strictness, defaults, OUT columns, direct arguments",
        FUNCTIONS,
    ),
    ("operators.txt", "name, left, right, result, function", OPERATORS),
    ("casts.txt", "from, to, context, method, function", CASTS),
    ("relations.txt", "schema, relation, column, type", RELATIONS),
    ("keywords.txt", "word, category, whether it can be a label without AS", KEYWORDS),
];

const TYPES: &str = "
select concat_ws(E'\\t', t.typname, format_type(t.oid, null), t.typcategory, case when t.typispreferred then '!' else '-' end,
       t.typtype, case when t.typsubscript = 'array_subscript_handler'::regproc then (select e.typname from pg_type e where e.oid = t.typelem) else '-' end,
       coalesce((select e.typname from pg_range r join pg_type e on e.oid = r.rngsubtype where t.oid in (r.rngtypid, r.rngmultitypid)), '-'))
from pg_type t
where t.typnamespace = 'pg_catalog'::regnamespace and t.typtype <> 'c'
  and (t.typcategory <> 'A' or t.typname in ('int2vector', 'oidvector'))";

// What takes or gives `internal` can't be called from SQL.
const FUNCTIONS: &str = "
select concat_ws(E'\\t', p.proname,
       coalesce((select string_agg(case when a.mode = 'v' then '*' else '' end || case when coalesce(a.name, '') <> '' then a.name || ':' else '' end || t.typname, ' ' order by a.place)
        from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), coalesce(p.proargmodes::text[], array_fill('i'::text, array[p.pronargs::int])), p.proargnames)
             with ordinality as a(type, mode, name, place) join pg_type t on t.oid = a.type where a.mode in ('i', 'b', 'v')), ''),
       case when p.proretset then '*' else '' end || (select t.typname from pg_type t where t.oid = p.prorettype),
       p.prokind::text || p.provolatile::text || case when p.proisstrict then 's' else '-' end,
       p.pronargdefaults,
       coalesce((select string_agg(a.name || ':' || t.typname, ' ' order by a.place)
        from unnest(p.proallargtypes, p.proargmodes::text[], p.proargnames)
             with ordinality as a(type, mode, name, place) join pg_type t on t.oid = a.type where a.mode in ('o', 'b', 't')), ''),
       coalesce((select case when g.aggkind = 'n' then '-' else g.aggkind::text || g.aggnumdirectargs end from pg_aggregate g where g.aggfnoid = p.oid), '-'))
from pg_proc p
where p.pronamespace = 'pg_catalog'::regnamespace
  and not exists (select from unnest(p.proargtypes || p.prorettype) as u(oid)
                  where u.oid in (select t.oid from pg_type t where t.typname in ('internal', 'trigger', 'event_trigger', 'language_handler', 'fdw_handler',
                      'index_am_handler', 'tsm_handler', 'table_am_handler')))
  and not p.proname ~ '^(binary_upgrade|pg_replication_origin|gist_|gin|brin_|hash_|spg_|btree|RI_FKey|pg_stat_get|pg_ndistinct_|pg_dependencies_|pg_mcv_list_)'";

const OPERATORS: &str = "
select concat_ws(E'\\t', o.oprname, coalesce((select t.typname from pg_type t where t.oid = o.oprleft), '-'), (select t.typname from pg_type t where t.oid = o.oprright),
       (select t.typname from pg_type t where t.oid = o.oprresult), p.proname)
from pg_operator o join pg_proc p on p.oid = o.oprcode
where o.oprnamespace = 'pg_catalog'::regnamespace";

const CASTS: &str = "
select concat_ws(E'\\t', s.typname, t.typname, c.castcontext, c.castmethod, coalesce((select p.proname from pg_proc p where p.oid = c.castfunc), '-'))
from pg_cast c join pg_type s on s.oid = c.castsource join pg_type t on t.oid = c.casttarget
where s.typnamespace = 'pg_catalog'::regnamespace and t.typnamespace = 'pg_catalog'::regnamespace";

const RELATIONS: &str = "
select concat_ws(E'\\t', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)),
       n.nspname || ' ' || c.relname || ' ' || lpad(a.attnum::text, 4, '0')
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped
  and (n.nspname = 'information_schema' and c.relname !~ '^(_pg|sql_)' or n.nspname = 'pg_catalog' and c.relname !~ '^pg_(stat_|statio_)|_toast')";

const KEYWORDS: &str = "select concat_ws(E'\\t', word, catcode, barelabel) from pg_get_keywords()";

/// The lines of one query on one major.
fn facts(major: u32, query: &str) -> Vec<(String, String)> {
    let server = shared(major, Platform::Postgres);
    let client = connect(&server, server.superuser(), "template1");
    let rows = block_on(client.query(query, &[])).unwrap();
    rows.iter().map(|row| (row.get(row.len() - 1), row.get(0))).collect()
}

/// All majors together: each fact with the first and last major that has it.
fn union(head: &str, query: &str) -> String {
    let mut versions: BTreeMap<String, (String, Vec<u32>)> = BTreeMap::new();
    for major in MAJORS {
        for (place, fact) in facts(major, query) {
            let (last, majors) = versions.entry(fact).or_default();
            (*last, _) = (place, majors.push(major));
        }
    }
    let mut lines: Vec<_> = versions.into_iter().map(|(fact, (place, majors))| (place, fact, majors)).collect();
    lines.sort();
    let mut text = format!("# Generated by the suite `sql::builtin` from live servers; columns: {head}, versions.\n");
    for (_, fact, majors) in lines {
        let (first, last) = (majors[0], majors[majors.len() - 1]);
        // A fact that came back after a gap reads as one that was never gone.
        let range = if (first, last) == (14, 18) { "*".to_owned() } else { format!("{first}-{last}") };
        writeln!(text, "{fact}\t{range}").unwrap();
    }
    text
}

#[test]
fn facts_equal_those_of_every_live_major() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sql/builtin");
    for (file, head, query) in FACTS {
        let (path, fresh) = (folder.join(file), union(head, query));
        if std::env::var_os("PGWITNESS_REGENERATE").is_some() {
            std::fs::write(&path, &fresh).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap_or_default() == fresh,
            "{file} is stale: see the head of this test"
        );
    }
}
