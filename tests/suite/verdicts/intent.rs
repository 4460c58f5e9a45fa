//! Intents of a few lines.

use pgwitness::access::{Declaration, Intent, Mode, Origin, Place, Predicate};
use pgwitness::analyzer::decide::Which;
use pgwitness::model::{Command, QualifiedName, Schema};
use pgwitness::sql::bind::{Binder, Scope};
use pgwitness::sql::print::{self, AsBound, Outside};
use pgwitness::sql::{Catalog, SchemaCatalog, Type};

use crate::support::{TestDatabase, block_on};

/// A declaration on a relation of `public`.
pub(super) fn declared(
    schema: &Schema,
    (relation, role): (&str, &str),
    (command, row): (Command, Which),
    mode: Mode,
    rule: &str,
) -> Declaration {
    let name = QualifiedName::new("public", relation);
    let (catalog, path) = (SchemaCatalog::new(schema), ["public".to_owned()]);
    let scope = Scope::default().relation(catalog.relation("public", relation).unwrap(), None);
    let bound = Binder::new(&catalog, &path).expression(rule, &scope, Some(&Type::named("boolean"))).unwrap();
    let sql = print::expression(&bound.tree, &Outside::of(&scope), &AsBound);
    Declaration {
        relation: name,
        role: role.to_owned(),
        command,
        row,
        predicate: Predicate { text: rule.to_owned(), sql, tree: bound.tree },
        mode,
        origin: Origin::Declared(Place { file: "policies/access.toml".into(), line: 7, column: 1 }),
        reason: None,
    }
}

/// An intent of some declarations.
pub(super) fn intent(declarations: Vec<Declaration>) -> Intent {
    Intent { declarations, ..Intent::default() }
}

/// The model of a database as its catalog has it.
pub(super) fn schema_of(database: &TestDatabase) -> Schema {
    block_on(async {
        let client = &database.client;
        client
            .batch_execute("begin isolation level repeatable read read only; set local search_path = ''")
            .await
            .unwrap();
        let schema = pgwitness::connector::introspect::introspect(client).await.unwrap();
        client.batch_execute("rollback").await.unwrap();
        schema
    })
}
