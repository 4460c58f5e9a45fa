//! Places for findings whose facts carry none: the statement that last touched what they are about.

use std::collections::BTreeMap;

use crate::finding::{Finding, Location, ObjectKind, ObjectRef};
use crate::migrations::replay::{Object, Replayed};
use crate::model::{SourceFile, Statement};

/// Gives findings without a place that of the statement that last touched their object.
pub(in crate::commands) fn point(findings: &mut [Finding], replayed: &Replayed, files: &[SourceFile]) {
    let last: BTreeMap<ObjectRef, Statement> =
        replayed.last_touched.iter().filter_map(|(touched, place)| Some((object(touched)?, *place))).collect();
    for finding in findings.iter_mut().filter(|f| f.locations.is_empty()) {
        let place = last.get(&finding.object);
        let file = place.and_then(|place| files.get(place.file as usize));
        finding.locations.extend(place.zip(file).map(|(span, file)| Location { file: file.path.clone(), span: *span }));
    }
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
