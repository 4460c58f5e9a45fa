//! Names that somebody chose to do harm, bytes that are no text, and catalogs that are not tidy.

use pgwitness::model::{ConstraintKind, Grantee, Privilege, QualifiedName, quote_ident};

use super::{acl, execute, fresh, read, rich};
use crate::support::{MAJORS, connect};

/// All that hurts in one name: quotes, a newline, control characters, dots, `%`, backslashes, an ACL's own signs, an
/// emoji, a text direction mark, up to the 63 bytes that a name may have.
fn hostile(start: &str) -> String {
    let mut name = format!("{start}\"'\n\u{1}\u{1b}[31m.%s\\x41\\=r*/a,{{}}🦀\u{202e} ü");
    while name.len() < 63 {
        name.push('x');
    }
    assert_eq!(name.len(), 63);
    name
}

#[test]
fn hostile_names_are_read_as_they_are() {
    for major in MAJORS {
        let (server, _) = rich(major);
        let names = ["s", "t", "c", "p", "r", "f", "y", "g", "k", "i", "v", "w"].map(hostile);
        let [s, t, c, p, r, f, y, g, k, i, v, w] = names.each_ref().map(|n| quote_ident(n));
        let client = fresh(server, "hostile", "");
        execute(
            &client,
            &format!(
                "create role {r}; create schema {s};
                 create table {s}.{t} ({c} int constraint {k} check ({c} > 0), gone int); alter table {s}.{t} drop column gone;
                 create index {i} on {s}.{t} (({c} + 1));
                 alter table {s}.{t} enable row level security;
                 create policy {p} on {s}.{t} to {r} using ({c} = 1);
                 grant select on {s}.{t} to {r} with grant option; grant update ({c}) on {s}.{t} to {r};
                 grant usage on schema {s} to {r}; set role {r}; grant select on {s}.{t} to public; reset role;
                 create type {s}.{y} as enum ({label});
                 create function {s}.{f} ({w} {s}.{y}) returns void language plpgsql as 'begin end';
                 create function {s}.{g} () returns trigger language plpgsql as 'begin end';
                 create trigger {g} before insert on {s}.{t} for each row execute function {s}.{g} ();
                 create view {s}.{v} as select {c} from {s}.{t};",
                label = pgwitness::model::quote_literal(&names[6]),
            ),
        );
        let schema = read(&client);
        assert_eq!(schema.gaps, [], "{major}");
        let name = |index: usize| names[index].as_str();
        let table = schema.relation(&QualifiedName::new(name(0), name(1))).unwrap();
        assert_eq!(table.columns.len(), 1);
        assert_eq!(table.columns[0].name, name(2));
        assert_eq!(
            (table.policies[0].name.as_str(), &table.policies[0].roles[0]),
            (name(3), &Grantee::Role(names[4].clone()))
        );
        assert!(schema.role(name(4)).is_some());
        let grants = || table.acl.granting(Privilege::Select);
        assert!(grants().any(|g| g.grantee.is_role(name(4)) && g.grantable.contains(Privilege::Select)));
        assert!(grants().any(|g| g.grantee == Grantee::Public && g.grantor == name(4)));
        assert!(table.columns[0].acl.0[0].grantee.is_role(name(4)));
        assert_eq!(table.constraints[0].name, name(8));
        assert_eq!(table.constraints[0].kind, ConstraintKind::Check(format!("({c} > 0)")));
        assert_eq!((table.indexes[0].name.as_str(), table.indexes[0].keys.join("")), (name(9), format!("(({c} + 1))")));
        assert_eq!(table.triggers[0].function.name, name(7));
        let function = schema.functions.iter().find(|f| f.id.name == name(5)).unwrap();
        assert_eq!(function.id.arguments, format!("{s}.{y}"));
        assert_eq!(function.parameters[0].name.as_deref(), Some(name(11)));
        let view = schema.relation(&QualifiedName::new(name(0), name(10))).unwrap();
        assert_eq!(view.view.as_ref().unwrap().reads.as_slice(), std::slice::from_ref(&table.name));
        // Identities are SQL: the server finds the objects by them.
        execute(&client, &format!("select {}::regclass", pgwitness::model::quote_literal(&table.name.to_string())));
        execute(
            &client,
            &format!("select {}::regprocedure", pgwitness::model::quote_literal(&function.id.to_string())),
        );
        assert_eq!(
            serde_json::from_str::<pgwitness::model::Schema>(&serde_json::to_string(&schema).unwrap()).unwrap(),
            schema
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_shown_and_noted() {
    for major in MAJORS {
        let (server, _) = rich(major);
        let client = fresh(server, "bytes", "encoding sql_ascii locale 'C'");
        execute(
            &client,
            r#"create table public.sound (id int default length('ok'));
               create table public.odd (id int);
               do $$ begin
                   execute convert_from('\x616c746572207461626c65207075626c69632e6f64642072656e616d6520746f2022636166e922'::bytea, 'SQL_ASCII');
                   execute 'create policy p on public.' || quote_ident(convert_from('\x636166e9', 'SQL_ASCII')) || ' using (' || quote_literal(convert_from('\xff', 'SQL_ASCII')) || ' = ''a'')';
               end $$;"#,
        );
        let schema = read(&client);
        assert_eq!(schema.server.encoding, "SQL_ASCII");
        let odd = schema.relation(&QualifiedName::new("public", "caf\\xe9")).unwrap();
        assert_eq!(odd.policies[0].using.as_deref(), Some("('\\xff'::text = 'a'::text)"), "{major}");
        assert!(schema.relation(&QualifiedName::new("public", "sound")).is_some());
        let gap = |part: &str| schema.gaps.iter().any(|g| g.access_control && g.what.contains(part));
        assert!(gap("text among the relations is not valid UTF-8") && gap("caf\\xe9"), "{:?}", schema.gaps);
        assert!(gap("text among the policies is not valid UTF-8"), "{:?}", schema.gaps);
    }
}

/// LATIN1 databases are no gap: the server converts.
#[test]
fn other_encodings_are_converted() {
    let (server, _) = rich(MAJORS[0]);
    let client = fresh(server, "latin", "encoding latin1 locale 'C'");
    execute(&client, "create table public.\"café\" (id int check (id::text <> 'é'))");
    let schema = read(&client);
    assert_eq!((schema.server.encoding.as_str(), schema.gaps.len()), ("LATIN1", 0));
    assert!(schema.relation(&QualifiedName::new("public", "café")).is_some());
}

/// A role that is gone stays in grants as a number; temporary objects of other sessions are not the database's.
#[test]
fn leftovers_and_temporary_objects() {
    for major in MAJORS {
        let (server, _) = rich(major);
        let client = fresh(server, "untidy", "");
        execute(
            &client,
            "create table public.t (id int);
             set allow_system_table_mods = on;
             update pg_class set relacl = array[makeaclitem(4000000, 10, 'SELECT', false)] where relname = 't';
             create view public.v as select 1 as one; create view public.over as select one from public.v;
             drop view public.v cascade; create view public.v as select 2 as two;",
        );
        let other = connect(server, server.superuser(), "untidy");
        execute(
            &other,
            "create temporary table mine (id serial primary key check (id > 0)); create temporary view seen as select id from mine",
        );
        let schema = read(&client);
        assert_eq!(
            acl(&schema.relation(&QualifiedName::new("public", "t")).unwrap().acl),
            "4000000=SELECT by postgres"
        );
        let names: Vec<&str> = schema.relations.iter().map(|r| r.name.name.as_str()).collect();
        assert_eq!((names, schema.gaps.len()), (vec!["t", "v"], 0), "{major}");
        assert!(schema.functions.is_empty() && schema.types.is_empty());
        let json = serde_json::to_string(&schema).unwrap();
        assert!(!json.contains("mine") && !json.contains("pg_temp") && !json.contains("pg_toast"));
    }
}
