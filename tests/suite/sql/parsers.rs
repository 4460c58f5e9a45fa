//! Two readers of SQL, ours and sqlparser, with the server as the referee: what does each make of the same text?
//!
//! The server prints a policy or view made from a text; from what we bound and print of it; and from what sqlparser
//! prints with parentheses around every operation. Three equal prints are agreement.

use crate::support::{TestDatabase, block_on, database};
use pgwitness::connector::introspect::introspect;
use pgwitness::migrations::parse::{Statement, parse_file};
use pgwitness::migrations::split::split;
use pgwitness::model::Schema;
use pgwitness::shadow::Platform;
use pgwitness::sql::bind::{Binder, Scope};
use pgwitness::sql::print::{self, AsBound, Outside};
use pgwitness::sql::{Catalog, ErrorKind, SchemaCatalog};
use sqlparser::ast::{Expr, visit_expressions_mut};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tokio_postgres::SimpleQueryMessage;

/// What a text is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind<'a> {
    /// A policy's expression on a relation.
    Policy(&'a str),
    /// A view's query.
    View,
}

/// How often each thing happened.
#[derive(Debug, Default)]
struct Counts {
    compared: u32,
    /// Ours printed what the server prints, to the letter.
    same_text: u32,
    ours_refused: u32,
    ours_wrong: u32,
    sqlparser_refused: u32,
    sqlparser_wrong: u32,
    notes: Vec<String>,
    reasons: BTreeMap<String, u32>,
    bodies_read: u32,
    bodies_unread: BTreeMap<String, u32>,
}

/// What the server makes of a text; a view's columns are numbered if their names are not unlike each other.
fn server(database: &TestDatabase, kind: Kind<'_>, text: &str) -> Option<String> {
    if let Kind::Policy(relation) = kind {
        let read = "select pg_get_expr(polqual, polrelid) from pg_policy where polname = 'pgw probe'";
        return made(database, &format!("create policy \"pgw probe\" on {relation} using ({text}\n)"), read);
    }
    let read = "select pg_get_viewdef('public.pgw_probe'::regclass)";
    made(database, &format!("create view public.pgw_probe as {text}\n"), read).or_else(|| {
        let columns = block_on(database.client.prepare(text)).ok()?.columns().len();
        let list: Vec<_> = (1..=columns).map(|n| format!("c{n}")).collect();
        made(database, &format!("create view public.pgw_probe ({}) as {text}\n", list.join(", ")), read)
    })
}

/// Makes something, reads how it is printed, and undoes it.
fn made(database: &TestDatabase, make: &str, read: &str) -> Option<String> {
    let path = "set local search_path = public, extensions";
    let run = format!("begin; {path}; {make}; set local search_path = pg_catalog, pg_temp; {read}; rollback");
    let messages = block_on(database.client.simple_query(&run));
    if messages.is_err() {
        let _ = block_on(database.client.batch_execute("rollback"));
    }
    let row = messages.ok()?.into_iter().find_map(|m| match m {
        SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
        _ => None,
    });
    row.flatten()
}

/// What we make of it, as text, or why we make nothing of it.
fn ours(
    catalog: &SchemaCatalog<'_>,
    kind: Kind<'_>,
    relation: Option<(&str, &str)>,
    text: &str,
    truth: &str,
) -> Result<String, (ErrorKind, String)> {
    let path = ["public".to_owned(), "extensions".to_owned()];
    let binder = Binder::new(catalog, &path);
    let why = |e: pgwitness::sql::SqlError| (e.kind, e.what);
    match (kind, relation) {
        (Kind::Policy(_), Some((schema, name))) => {
            let table = catalog.relation(schema, name).ok_or((ErrorKind::UnknownRelation, name.to_owned()))?;
            let scope = Scope::default().relation(table, None);
            let bound = binder.expression(text, &scope, Some(&pgwitness::sql::Type::named("boolean"))).map_err(why)?;
            Ok(print::expression(&bound.tree, &Outside::of(&scope), &AsBound))
        }
        _ => {
            let bound = binder.query(text, &Scope::default()).map_err(why)?;
            let print = |query| print::query(&query, &Outside::default(), &AsBound).trim_end_matches(';').to_owned();
            // The server's view may have its columns numbered.
            let numbered = print(super::views::numbered(bound.tree.clone()));
            Ok(if numbered == truth.trim_end_matches(';') { numbered } else { print(bound.tree) })
        }
    }
}

/// What sqlparser makes of it, operations in parentheses.
fn sqlparser(kind: Kind<'_>, text: &str) -> Option<String> {
    let mut parser = Parser::new(&PostgreSqlDialect {}).with_recursion_limit(500).try_with_sql(text).ok()?;
    match kind {
        Kind::Policy(_) => {
            let mut expr = parser.parse_expr().ok()?;
            nest(&mut expr);
            (parser.peek_token().token == sqlparser::tokenizer::Token::EOF).then(|| expr.to_string())
        }
        Kind::View => {
            let mut query = parser.parse_query().ok()?;
            let _ = visit_expressions_mut(&mut query, |e| {
                wrap(e);
                ControlFlow::<()>::Continue(())
            });
            (parser.peek_token().token == sqlparser::tokenizer::Token::EOF).then(|| query.to_string())
        }
    }
}

fn nest(expr: &mut Expr) {
    let _ = visit_expressions_mut(expr, |e| {
        wrap(e);
        ControlFlow::<()>::Continue(())
    });
}

fn wrap(expr: &mut Expr) {
    let operation = matches!(
        expr,
        Expr::BinaryOp { .. }
            | Expr::UnaryOp { .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. }
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
    );
    if operation {
        let inner = std::mem::replace(expr, Expr::Identifier("x".into()));
        *expr = Expr::Nested(Box::new(inner));
    }
}

fn compare(
    database: &TestDatabase,
    catalog: &SchemaCatalog<'_>,
    kind: Kind<'_>,
    relation: Option<(&str, &str)>,
    text: &str,
    counts: &mut Counts,
) {
    let Some(truth) = server(database, kind, text) else { return };
    counts.compared += 1;
    match ours(catalog, kind, relation, text, &truth) {
        Ok(printed) => {
            let same = printed == truth.trim_end_matches(';');
            counts.same_text += u32::from(same);
            let again = if same { Some(truth.clone()) } else { server(database, kind, &printed) };
            if again.as_ref() != Some(&truth) {
                counts.ours_wrong += 1;
                counts.notes.push(format!(
                    "ours, {kind:?}: {text}\n--- printed\n{printed}\n--- server\n{truth}\n--- server of ours\n{}",
                    again.unwrap_or_default()
                ));
            } else if !same && counts.notes.len() < 60 {
                let differ = printed.lines().zip(truth.lines()).find(|(o, t)| o != t);
                counts.notes.push(format!("other text: {differ:#?}"));
            }
        }
        Err((kind, why)) => {
            counts.ours_refused += 1;
            *counts.reasons.entry(format!("{kind:?}: {why}")).or_default() += 1;
        }
    }
    match sqlparser(kind, text) {
        Some(printed) if server(database, kind, &printed).as_ref() == Some(&truth) => {}
        Some(printed) => {
            counts.sqlparser_wrong += 1;
            counts.notes.push(format!("sqlparser: {text}\n--- {printed}"));
        }
        None => counts.sqlparser_refused += 1,
    }
}

/// All SQL files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("node_modules") {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "sql") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Applies a project's migrations as far as they go, then compares all policies and views in them.
fn project(folder: &Path, counts: &mut Counts) {
    let database = database(17, Platform::SUPABASE, "");
    let texts: Vec<String> = files(folder).iter().filter_map(|f| std::fs::read_to_string(f).ok()).collect();
    for text in &texts {
        for piece in split(text) {
            let _ = block_on(database.client.batch_execute(&text[piece.range]));
        }
        let _ = block_on(database.client.batch_execute("rollback"));
    }
    database.execute("reset all; reset role; begin isolation level repeatable read read only");
    let schema: Schema = block_on(introspect(&database.client)).unwrap();
    database.execute("commit");
    let catalog = SchemaCatalog::new(&schema);
    let path = ["public".to_owned(), "extensions".to_owned()];
    for function in schema
        .functions
        .iter()
        .filter(|f| f.is_callable() && f.extension.is_none() && matches!(f.language.as_str(), "sql" | "plpgsql"))
    {
        match pgwitness::analyzer::inline::body(function, &catalog, &path) {
            Ok(_) => counts.bodies_read += 1,
            Err(unread) => *counts.bodies_unread.entry(unread.reason).or_default() += 1,
        }
    }
    for parsed in texts.iter().flat_map(|t| parse_file(t)) {
        match &parsed.statement {
            Statement::CreatePolicy(policy) => {
                let schema = policy.relation.schema.clone().unwrap_or_else(|| "public".to_owned());
                let name = format!(
                    "{}.{}",
                    pgwitness::model::quote_ident(&schema),
                    pgwitness::model::quote_ident(&policy.relation.name)
                );
                for text in policy.using.iter().chain(&policy.check) {
                    compare(
                        &database,
                        &catalog,
                        Kind::Policy(&name),
                        Some((&schema, &policy.relation.name)),
                        &text.text,
                        counts,
                    );
                }
            }
            Statement::CreateView(view) if !view.recursive => {
                compare(&database, &catalog, Kind::View, None, &view.query.text, counts)
            }
            _ => {}
        }
    }
}

fn report(counts: &Counts) {
    eprintln!(
        "compared {}: ours refused {}, wrong {}, same text {}; sqlparser refused {}, wrong {}",
        counts.compared,
        counts.ours_refused,
        counts.ours_wrong,
        counts.same_text,
        counts.sqlparser_refused,
        counts.sqlparser_wrong
    );
    eprintln!("  bodies read {}, not read {}", counts.bodies_read, counts.bodies_unread.values().sum::<u32>());
    if std::env::var_os("PGWITNESS_NOTES").is_some() {
        counts.bodies_unread.iter().for_each(|(reason, count)| eprintln!("  body: {count} x {reason}"));
    }
    for (reason, count) in &counts.reasons {
        eprintln!("  {count} x {reason}");
    }
    if std::env::var_os("PGWITNESS_NOTES").is_some() {
        counts.notes.iter().for_each(|n| eprintln!("{n}"));
    }
}

#[test]
fn fixtures_are_read_as_the_server_reads_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures");
    let mut counts = Counts::default();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        project(&entry.path().join("supabase/migrations"), &mut counts);
    }
    report(&counts);
    assert!(counts.compared > 150, "{counts:?}");
    assert_eq!((counts.ours_refused, counts.ours_wrong), (0, 0), "{:#?}\n{}", counts.reasons, counts.notes.join("\n"));
}

/// Syntax that people rarely write; here the two readers differ.
#[test]
fn unusual_queries_are_read_as_the_server_reads_them() {
    let database = database(17, Platform::Postgres, super::views::SCHEMA);
    let schema = super::views::read(&database);
    let catalog = SchemaCatalog::new(&schema);
    let mut counts = Counts::default();
    for query in super::views::queries() {
        compare(&database, &catalog, Kind::View, None, query, &mut counts);
    }
    report(&counts);
    assert!(counts.compared > 100, "{counts:?}");
    // The merged column of a FULL JOIN is printed as the COALESCE that it is, and columns of a join by the items inside it.
    let otherwise = |note: &&String| [" full join ", ") j\n", ") as j("].iter().any(|part| note.contains(part));
    let wrong: Vec<_> = counts.notes.iter().filter(|n| n.starts_with("ours") && !otherwise(n)).collect();
    assert!(counts.ours_refused == 0 && wrong.is_empty(), "{:#?}\n{wrong:#?}", counts.reasons);
}

#[test]
#[ignore = "reads the folders named by PGWITNESS_PRACTICE"]
fn practice_is_read_as_the_server_reads_it() {
    let folder = std::env::var("PGWITNESS_PRACTICE").unwrap();
    let mut all = Counts::default();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let migrations = entry.path().join("supabase/migrations");
        let mut counts = Counts::default();
        project(if migrations.is_dir() { &migrations } else { continue }, &mut counts);
        eprint!("{} ", entry.path().display());
        report(&counts);
        all.compared += counts.compared;
        all.same_text += counts.same_text;
        all.ours_refused += counts.ours_refused;
        all.ours_wrong += counts.ours_wrong;
        all.sqlparser_refused += counts.sqlparser_refused;
        all.sqlparser_wrong += counts.sqlparser_wrong;
        all.bodies_read += counts.bodies_read;
        for (reason, count) in counts.bodies_unread {
            *all.bodies_unread.entry(reason).or_default() += count;
        }
    }
    eprint!("all: ");
    report(&all);
    assert_eq!(all.ours_wrong, 0);
}
