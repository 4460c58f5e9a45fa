//! Reads through chains of views: whose privileges and whose row security count, beside the server's answer.

use pgwitness::analyzer::effective::{Columns, Effective, Extent, Refusal};
use pgwitness::model::{Command, Grant, Grantee, Privilege, Relation, RelationKind, Schema};
use tokio_postgres::Client;

use super::{Form, answer, covers, server_says};

const READ: Form = Form { command: Command::Select, columns: &["id"] };

/// Compares a read of every view by `role`; returns their number.
pub(super) fn compare(client: &Client, schema: &Schema, role: &str, context: &str) -> u32 {
    // A view's own query needs no USAGE on a schema.
    let mut open = schema.clone();
    for namespace in &mut open.namespaces {
        namespace.acl.0.push(Grant {
            grantee: Grantee::Public,
            grantor: namespace.owner.clone(),
            privileges: [Privilege::Usage].into_iter().collect(),
            grantable: [].into_iter().collect(),
            origin: Default::default(),
        });
    }
    let (effective, open) = (Effective::new(schema, None), Effective::new(&open, None));
    let views = schema.relations.iter().filter(|r| r.kind == RelationKind::View);
    let mut compared = 0;
    for view in views {
        let ours = if effective.access(role, view, Command::Select).is_some() {
            read(client, &open, role, view)
        } else {
            Err("42501".to_owned())
        };
        let theirs = server_says(client, role, &view.name.to_string(), &READ);
        assert_eq!(theirs, ours, "select from {}, {context}", view.name);
        compared += 1;
    }
    compared
}

/// What comes out of a view over one table, through however many views.
fn read(client: &Client, open: &Effective<'_>, role: &str, view: &Relation) -> Result<String, String> {
    let (role, view) = (&*open.schema().role(role).unwrap().name, open.schema().relation(&view.name).unwrap());
    let reads = open.reads_through(role, view);
    let [read] = reads.as_slice() else {
        assert!(reads.is_empty(), "{reads:?}");
        return Err("42501".to_owned());
    };
    let access = open.access(read.reader, read.relation, Command::Select);
    assert_eq!(access.row_security, read.row_security);
    if !covers(&access.columns, &["id", "b", "extra"]) {
        assert_ne!(access.columns, Columns::None);
        return Err("42501".to_owned());
    }
    let rows = match access.extent {
        Extent::None(Refusal::NoPermissive | Refusal::NeverTrue) => return Ok("0".to_owned()),
        Extent::All => "true".to_owned(),
        Extent::Rows => access.condition().unwrap(),
        Extent::None(refusal) => panic!("{refusal:?}"),
    };
    Ok(answer(client, &format!("select count(*) from {} where {rows}", read.relation.name)).unwrap())
}
