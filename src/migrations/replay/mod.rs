//! The schema model from migration files: what each statement does to a database, without one.
//!
//! Statements run against a catalog of our own that is keyed by numbers as Postgres' is, so that renames
//! keep the meaning of everything that refers to the renamed. What Postgres would refuse is noted and does not stop the
//! run; what is not understood is a gap of the model, with its place.

mod alter;
mod alter_column;
mod alter_constraint;
mod bind;
mod blocks;
mod bodies;
mod bounds;
mod buckets;
mod builtin;
mod calls;
mod catalog;
mod change;
mod collations;
mod columns;
mod constraints;
mod data;
mod defaults;
mod depend;
mod drop;
mod extensions;
mod file;
mod fires;
mod foreign_keys;
mod functions;
mod generated;
mod grants;
mod guards;
mod indexes;
mod inheritance;
mod kinds;
mod large_objects;
mod like;
mod lookup;
mod moment;
mod naming;
mod operators;
mod owned;
mod parameters;
mod partitions;
mod path;
mod platform;
mod policies;
mod publications;
mod question;
mod render;
mod retype;
mod rights;
mod roles;
mod routines;
mod rows;
mod run;
mod scan;
mod seed;
mod session;
mod settings;
mod statement;
mod subscriptions;
mod system;
mod tables;
mod targets;
mod texts;
mod triggers;
mod types;
mod validator;
mod views;
mod volatility;
mod words;

#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

use self::run::Run;
use super::layout::{MigrationFile, Project};
use super::parse;
use crate::model::{self, FunctionId, Origin, QualifiedName, Schema};
use crate::shadow::Platform;

/// What stands before the first file, and what no file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The platform that the project is for.
    pub platform: Platform,
    /// The major version of Postgres, 14 to 18.
    pub major: u32,
    /// The schemas that the Data API exposes, if the project's configuration says them.
    pub exposed_schemas: Option<Vec<String>>,
    /// Whether nothing but the platform stands before the first file, so that Postgres would refuse a statement about an
    /// object that no other makes; else somebody may have made it elsewhere.
    pub closed: bool,
}

/// What the files make.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// The model; [`Schema::gaps`] names what was not understood.
    pub schema: Schema,
    /// Every statement of the files, in the order in which they run; those of a DO block are its own.
    pub statements: Vec<Ran>,
    /// The statement that last made or changed each object, under the name that holds at the end; dropped ones too.
    pub last_touched: FxHashMap<Arc<Object>, model::Statement>,
    /// Statements that Postgres would refuse. The project's tool would stop at the first.
    pub rejected: Vec<Rejected>,
    /// What a user should know beside the gaps.
    pub notes: Vec<String>,
    /// Objects that statements speak of though no statement makes them: made elsewhere, by hand or by a tool.
    pub unknown: BTreeMap<Object, model::Statement>,
}

/// A statement and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its place.
    pub place: model::Statement,
    /// The objects that it made, changed or dropped, under the names of then.
    pub touched: Vec<Arc<Object>>,
}

/// A statement that Postgres would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its place.
    pub place: model::Statement,
    /// The SQLSTATE that Postgres would give.
    pub sqlstate: &'static str,
    /// What is wrong, in lower case.
    pub message: String,
}

/// An object of any kind, by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum Object {
    Schema(String),
    Relation(QualifiedName),
    Column(QualifiedName, String),
    Constraint(QualifiedName, String),
    Index(QualifiedName, String),
    Policy(QualifiedName, String),
    Trigger(QualifiedName, String),
    Rule(QualifiedName, String),
    Function(FunctionId),
    Type(QualifiedName),
    Role(String),
    Database,
    Extension(String),
    Publication(String),
    Subscription(String),
    EventTrigger(String),
    Language(String),
    ForeignDataWrapper(String),
    ForeignServer(String),
    /// Those of the objects that this role makes.
    DefaultPrivileges(String),
    /// A setting of a role, or of all.
    Setting(Option<String>, String),
    /// A bucket of Supabase Storage.
    Bucket(String),
}

/// Runs the files of `project` on a model of an empty server with its platform.
#[must_use]
pub fn replay(project: &Project, options: &Options) -> Replayed {
    replay_as(project, options, None)
}

/// As [`replay`], where the files are run on a plain server by another role than its first, in a database of its own.
#[must_use]
pub fn replay_as(project: &Project, options: &Options, login: Option<&str>) -> Replayed {
    let mut run = platform::start(options.platform, options.major, login);
    run.strict = usize::from(options.closed);
    let sql = |at: usize| project.files.get(at).map(MigrationFile::sql).unwrap_or_default();
    parse::parse_ahead(project.files.len(), sql, |number, text, statements| {
        if let Some(file) = project.files.get(number) {
            run.file(number, file, text, &statements);
        }
    });
    finish(run, project, options)
}

fn finish(mut run: Run, project: &Project, options: &Options) -> Replayed {
    let server = model::Server {
        version_num: options.major * 10_000,
        version: options.major.to_string(),
        current_user: "postgres".to_owned(),
        encoding: "UTF8".to_owned(),
        platform: match options.platform {
            Platform::Postgres => model::Platform::Postgres,
            Platform::Supabase { .. } => model::Platform::Supabase,
        },
        throw_away: false,
    };
    run.take_superuser();
    let mut schema = run.catalog.to_schema(server);
    schema.server_settings = super::base::empty(options.major, "postgres", "postgres").server_settings;
    schema.files = project.files.iter().map(|f| model::SourceFile { path: f.path.clone() }).collect();
    let last_touched = run.last_touched();
    schema.gaps = run.gaps.into_iter().collect();
    schema.gaps.extend(project.gaps());
    if let Some(exposed) = &options.exposed_schemas {
        expose(&mut schema, exposed);
    }
    schema.sort();
    // Nobody waits for it to be taken apart.
    let catalog = run.catalog;
    let _dropping = std::thread::Builder::new().spawn(move || drop(catalog));
    Replayed {
        schema,
        statements: run.ran,
        last_touched,
        rejected: run.rejected,
        notes: run.notes,
        unknown: run.unknown,
    }
}

/// Says in the model what the platform would say in the database of such a project.
fn expose(schema: &mut Schema, schemas: &[String]) {
    const NAME: &str = "pgrst.db_schemas";
    let authenticator = Some("authenticator".to_owned());
    schema.settings.retain(|s| s.role != authenticator || s.name != NAME);
    schema.settings.push(model::Setting {
        role: authenticator,
        this_database: false,
        name: NAME.to_owned(),
        value: schemas.join(", "),
        origin: Origin::Catalog,
    });
}
