//! The schema model from migration files: what each statement does to a database, without one.
//!
//! Statements run against a catalog of our own that is keyed by numbers as Postgres' is, so that renames
//! keep the meaning of everything that refers to the renamed. What Postgres would refuse is noted and does not stop the
//! run; what is not understood is a gap of the model, with its place.

use std::collections::BTreeMap;

use super::layout::Project;
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
}

/// What the files make.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// The model; [`Schema::gaps`] names what was not understood.
    pub schema: Schema,
    /// Every statement of the files, in the order in which they run; those of a DO block are its own.
    pub statements: Vec<Ran>,
    /// The statement that last made or changed each object, under the name that holds at the end; dropped ones too.
    pub last_touched: BTreeMap<Object, model::Statement>,
    /// Statements that Postgres would refuse. The project's tool would stop at the first.
    pub rejected: Vec<Rejected>,
    /// Objects that statements speak of though no statement makes them: made elsewhere, by hand or by a tool.
    pub unknown: BTreeMap<Object, model::Statement>,
}

/// A statement and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its place.
    pub place: model::Statement,
    /// The objects that it made, changed or dropped, under the names of then.
    pub touched: Vec<Object>,
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
    let database =
        model::Database { name: "postgres".to_owned(), owner: "postgres".to_owned(), acl: model::Acl::default() };
    let mut schema = Schema::new(server, database);
    schema.files = project.files.iter().map(|f| model::SourceFile { path: f.path.clone() }).collect();
    schema.gaps.push(model::Gap {
        what: "the files were not replayed: this is under construction".to_owned(),
        access_control: true,
        origin: Origin::Catalog,
    });
    Replayed {
        schema,
        statements: Vec::new(),
        last_touched: BTreeMap::new(),
        rejected: Vec::new(),
        unknown: BTreeMap::new(),
    }
}
