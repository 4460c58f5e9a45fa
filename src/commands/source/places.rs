//! Places for findings whose facts carry none: the statement that last touched what they are about.

use std::collections::BTreeMap;

use crate::finding::{Finding, Location, ObjectKind, ObjectRef};
use crate::migrations::replay::{Object, Replayed};
use crate::model::{Function, Grantee, Origin, QualifiedName, Schema, Statement};

/// Gives findings without a place that of the statement that last touched their object; and those of an object that was
/// granted afterwards the grant's besides.
pub(in crate::commands) fn point(findings: &mut [Finding], replayed: &Replayed, schema: &Schema) {
    let mut touched: Vec<_> = replayed.last_touched.iter().collect();
    touched.sort();
    let named = touched.into_iter().filter_map(|(touched, place)| Some((object(touched)?, *place)));
    let last: BTreeMap<ObjectRef, Statement> = named.collect();
    let location = |span: Statement| {
        let file = schema.files.get(span.file as usize)?;
        Some(Location { file: file.path.clone(), span })
    };
    for finding in findings {
        if finding.locations.is_empty() {
            finding.locations.extend(last.get(&finding.object).and_then(|place| location(*place)));
        }
        let granted = granted(finding, schema).and_then(location);
        let is_later = |one: &Location| finding.locations.first().is_some_and(|first| first.span < one.span);
        if let Some(granted) = granted.filter(is_later).filter(|one| !finding.locations.contains(one)) {
            finding.locations.push(granted);
        }
    }
}

/// The last statement that granted the object of a finding to the one whom it is about.
fn granted(finding: &Finding, schema: &Schema) -> Option<Statement> {
    let principal = finding.principal.as_deref()?;
    let object = &finding.object;
    let within = object.schema.as_deref()?;
    let acl = match object.kind {
        ObjectKind::Relation => &schema.relation(&QualifiedName::new(within, &object.name))?.acl,
        ObjectKind::Function => {
            let may_be = |f: &&Function| f.id.schema == within && object.name.contains(&f.id.arguments);
            &schema.functions.iter().filter(may_be).find(|f| ObjectRef::function(&f.id) == *object)?.acl
        }
        _ => return None,
    };
    let meant = acl.0.iter().filter(|g| g.grantee == Grantee::Public || g.grantee.is_role(principal));
    meant.filter_map(|g| if let Origin::Statement(place) = g.origin { Some(place) } else { None }).max()
}

/// The object as findings name it.
pub(in crate::commands) fn object(object: &Object) -> Option<ObjectRef> {
    Some(match object {
        Object::Relation(name)
        | Object::Constraint(name, _)
        | Object::Index(name, _)
        | Object::Trigger(name, _)
        | Object::Rule(name, _) => ObjectRef::relation(name),
        Object::Column(name, column) => ObjectRef::column(name, column),
        Object::Policy(name, policy) => ObjectRef::policy(name, policy),
        Object::Function(id) => ObjectRef::function(id),
        Object::Role(name) => ObjectRef::global(ObjectKind::Role, name),
        Object::Schema(name) => ObjectRef::global(ObjectKind::Schema, name),
        Object::DefaultPrivileges(role) => ObjectRef::global(ObjectKind::DefaultPrivileges, role),
        Object::Bucket(id) => ObjectRef::global(ObjectKind::Setting, format!("storage bucket {id}")),
        _ => return None,
    })
}
