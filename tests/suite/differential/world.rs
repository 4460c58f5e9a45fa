//! The tables that random terms speak of, and random states of them and of the session.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use pgwitness::analyzer::evaluate::{Database, Session, Tuple};
use pgwitness::analyzer::term::{Json, Type, Value};
use pgwitness::model::{QualifiedName, quote_literal};

use super::choice::Choice;

/// Columns of each table, with whether NULL can be stored.
pub(super) static COLUMNS: LazyLock<Vec<(&str, Type, bool)>> = LazyLock::new(|| {
    vec![
        ("id", Type::Int4, false),
        ("u", Type::Uuid, true),
        ("v", Type::Uuid, true),
        ("n", Type::Int4, true),
        ("big", Type::Int8, true),
        ("s", Type::Text, true),
        ("w", Type::Varchar, true),
        ("e", mood(), true),
        ("b", Type::Bool, true),
        ("q", Type::Numeric, true),
        ("at", Type::Timestamp, true),
        ("d", Type::Date, true),
        ("tags", Type::Array(Type::Text.into()), true),
        ("j", Type::Jsonb, true),
    ]
});

pub(super) const TABLES: [&str; 3] = ["t0", "t1", "t2"];

pub(super) fn table(name: &str) -> QualifiedName {
    QualifiedName::new("d", name)
}

pub(super) fn mood() -> Type {
    Type::enumeration(&QualifiedName::new("d", "mood"), &["sad".into(), "ok".into(), "happy".into()])
}

/// The text of few values of each type, so that they often meet.
pub(super) fn pool(data_type: &Type) -> &'static [&'static str] {
    match data_type {
        Type::Bool => &["true", "false"],
        Type::Int2 | Type::Int4 | Type::Int8 => &["0", "1", "2", "3"],
        Type::Numeric => &["1", "1.0", "1.50", "2"],
        Type::Uuid => &UUIDS,
        Type::Timestamp => &["2024-01-01 00:00:00", "2024-01-01 12:00:00.5", "2024-02-01 00:00:00"],
        Type::Date => &["2024-01-01", "2024-01-02", "2024-02-29"],
        Type::Enum(_) => &["sad", "ok", "happy"],
        Type::Array(_) => &["{}", "{a}", "{a,b}", "{NULL,b}", "{\"\",A}"],
        Type::Jsonb => &["{\"role\": \"a\"}", "{\"role\": 1.0, \"b\": true}", "[\"a\", 1]", "null", "1", "1.0"],
        _ => &["a", "b", "A", "", "1", "1.0", "ok", "a/b", "00000000-0000-0000-0000-000000000001"],
    }
}

pub(super) const UUIDS: [&str; 3] = [
    "00000000-0000-0000-0000-000000000001",
    "00000000-0000-0000-0000-000000000002",
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
];

/// The statements that make the tables.
pub(super) fn schema() -> String {
    let columns: Vec<_> = COLUMNS
        .iter()
        .map(|(name, data_type, nullable)| format!("{name} {data_type}{}", if *nullable { "" } else { " not null" }))
        .collect();
    let mut sql = String::from(STORAGE);
    sql.push_str("create schema d; create type d.mood as enum ('sad', 'ok', 'happy');");
    for table in TABLES {
        write!(sql, "create table d.{table} ({});", columns.join(", ")).unwrap();
    }
    sql
}

/// `storage.foldername` as the Supabase platform has it.
pub(super) const STORAGE: &str = "
    create schema if not exists storage;
    create or replace function storage.foldername(name text) returns text[] language plpgsql immutable strict as $$
    declare parts text[];
    begin
        select string_to_array(name, '/') into parts;
        return parts[1 : array_length(parts, 1) - 1];
    end $$;
    grant usage on schema storage to public;";

/// A random value of the type; `None` is NULL.
pub(super) fn value(c: &mut Choice, data_type: &Type, nullable: bool) -> Option<Value> {
    if nullable && c.chance(20) { None } else { Some(Value::parse(c.pick(pool(data_type)), data_type).unwrap()) }
}

/// Random rows, at most `most` in each table.
pub(super) fn database(c: &mut Choice, most: usize) -> Database {
    let mut database = Database::default();
    for name in TABLES {
        let rows = (0..c.below(most + 1)).map(|_| tuple(c)).collect();
        database.relations.insert(table(name), rows);
    }
    database
}

pub(super) fn tuple(c: &mut Choice) -> Tuple {
    COLUMNS.iter().map(|(name, t, nullable)| (Arc::from(*name), value(c, t, *nullable))).collect()
}

/// A random session: without claims, with few, with all.
pub(super) fn session(c: &mut Choice) -> Session {
    let mut session = Session::default();
    if c.chance(50) {
        session.settings.insert("app.tenant".into(), c.pick(&["a", "", "1", UUIDS[0]]).into());
    }
    if c.chance(15) {
        return session;
    }
    let string = |c: &mut Choice, of: &[&str]| Json::String(c.pick(of).into());
    let mut claims: BTreeMap<Arc<str>, Json> = BTreeMap::new();
    if c.chance(80) {
        claims.insert("sub".into(), if c.chance(10) { Json::Null } else { string(c, &UUIDS) });
    }
    if c.chance(80) {
        claims.insert("role".into(), string(c, &["a", "b", ""]));
    }
    if c.chance(60) {
        let n = Json::parse(c.pick(&["0", "1", "\"2\"", "1.0", "true", "null"])).unwrap();
        claims.insert("n".into(), n);
    }
    if c.chance(60) {
        let org = string(c, &["a", "b", "1"]);
        let mut metadata = BTreeMap::from([(Arc::from("org"), org)]);
        if c.chance(50) {
            metadata.insert("admin".into(), Json::Bool(c.chance(50)));
        }
        claims.insert("app_metadata".into(), Json::Object(metadata));
    }
    session.claims = Some(Json::Object(claims));
    session
}

/// Statements that make the state in an empty database.
pub(super) fn state(database: &Database, session: &Session) -> String {
    let mut sql = String::new();
    for (name, rows) in &database.relations {
        write!(sql, "delete from {name};").unwrap();
        if !rows.is_empty() {
            let rows: Vec<_> = rows.iter().map(row).collect();
            write!(sql, "insert into {name} values {};", rows.join(", ")).unwrap();
        }
    }
    let claims = session.claims.as_ref().map(ToString::to_string).unwrap_or_default();
    write!(sql, "select set_config('request.jwt.claims', {}, false);", quote_literal(&claims)).unwrap();
    // A setting that was set once cannot be unset again in the session: '' is what stays.
    let tenant = session.setting("app.tenant");
    let tenant = tenant.as_deref().unwrap_or_default();
    write!(sql, "select set_config('app.tenant', {}, false);", quote_literal(tenant)).unwrap();
    sql
}

/// The same for a session in which the setting was never made, if it is unset.
pub(super) fn fresh_state(database: &Database, session: &Session) -> String {
    let sql = state(database, session);
    match session.setting("app.tenant") {
        Some(_) => sql,
        None => {
            sql.rsplit_once("select set_config('app.tenant'").map_or_else(|| sql.clone(), |(head, _)| head.to_owned())
        }
    }
}

/// A row as SQL, in the order of [`COLUMNS`].
pub(super) fn row(tuple: &Tuple) -> String {
    let each: Vec<_> = COLUMNS
        .iter()
        .map(|(name, t, _)| match tuple.get(*name) {
            Some(Some(value)) => value.sql(t),
            _ => format!("NULL::{t}"),
        })
        .collect();
    format!("({})", each.join(", "))
}
