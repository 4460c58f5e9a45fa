//! Rules against small models that are replayed from SQL.

mod errors;
mod files;
mod fuzz;
mod hygiene;
mod precedence;
mod reading;

use super::*;
use crate::analyzer::effective::Effective;
use crate::migrations::layout::{FileRole, Layout, MigrationFile, Project, Wanted, find};
use crate::migrations::replay::{Options, replay};
use crate::model::Schema;
use crate::shadow::Platform;
use std::path::{Path, PathBuf};

/// A model of a Supabase project with those statements.
pub(super) fn schema(sql: &str) -> Schema {
    let file = MigrationFile {
        path: "1.sql".to_owned(),
        role: FileRole::Migration,
        version: None,
        text: sql.to_owned(),
        parts: std::iter::once(0..sql.len()).collect(),
        transaction: true,
    };
    let project = Project { layout: Layout::Plain, root: PathBuf::new(), files: vec![file], warnings: Vec::new() };
    let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: false };
    let mut schema = replay(&project, &options).schema;
    assert_eq!(schema.gaps, []);
    schema.sort();
    schema
}

/// A model of one of the fixtures.
pub(super) fn fixture(name: &str) -> Schema {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures").join(name).join("supabase");
    let project = find(&folder, Wanted { layout: None, seed: false, supabase: true }).unwrap();
    let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: false };
    let mut schema = replay(&project, &options).schema;
    schema.sort();
    schema
}

/// Errors as they are printed.
pub(super) fn lines(errors: &[RuleError]) -> String {
    let line = |e: &RuleError| format!("{e}{}\n", e.help.as_ref().map_or(String::new(), |h| format!(" / {h}")));
    errors.iter().map(line).collect()
}

/// What rules say of a model.
pub(super) fn resolved(rules: &str, schema: &Schema) -> Result<Intent, String> {
    let rules = parse_texts([("a.toml", rules)]).map_err(|e| lines(&e))?;
    rules.resolve(&Effective::new(schema, None)).map_err(|e| lines(&e))
}

/// Teams, their members and their documents.
pub(super) const TEAMS: &str = "
    create type public.mood as enum ('sad', 'glad');
    create table public.teams (id uuid primary key, title text, owner_id uuid);
    create table public.members (team_id uuid, user_id uuid, role text, title text);
    create table public.documents (id uuid primary key, team_id uuid, owner_id uuid, title text, secret text, size int);
    create table public.audit_log (id bigint, org_id uuid);
    create table public.audit_more (id bigint, org_id text);
    create view public.titles as select id, title from public.documents;
    create function public.reset(target uuid) returns void language sql as 'select';
    create function public.reset(target uuid, how public.mood) returns void language sql as 'select';
    create function public.touched() returns trigger language plpgsql as 'begin return new; end';
    create sequence public.counter;
    create role reporting login;
";
