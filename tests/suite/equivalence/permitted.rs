//! The differences that are permitted between a replayed model and the server's, each with its reason: all of them, here.

use super::compare::Difference;
use pgwitness::migrations::replay::Object;
use serde_json::Value;

/// Classes of SQLSTATE with which the server alone may refuse a statement: they depend on rows, which a replay has not.
pub(super) const DATA: [&str; 3] = ["22", "23", "P0"];

/// What the server alone may refuse in a run past its errors, by words of its message, and why a replay does not.
const RUNNING: [(&str, &str); 5] = [
    ("specified for RAISE", "PL/pgSQL's own grammar, of which the replay reads what may change the catalog"),
    ("loop variable of loop over rows must be", "likewise"),
    ("syntax error at or near \"current_date\"", "a reserved word as the name of a parameter, which our parser takes"),
    ("window functions are not allowed in UPDATE", "where in a statement on rows a window function may stand"),
    ("It could refer to either a PL/pgSQL variable or a table column", "names in a body that runs when it is called"),
];

/// Whether a statement is refused because of rows.
pub(super) fn of_rows(code: &str) -> bool {
    DATA.iter().any(|class| code.starts_with(class))
}

/// Whether a difference is an object that the replay has and the server refused because of rows: without rows there
/// is nothing against it.
pub(super) fn follows(difference: &Difference, object: &Object) -> bool {
    let (relation, list, name) = match object {
        Object::Constraint(relation, name) => (relation, &["constraints", "indexes"][..], name),
        Object::Index(relation, name) => (relation, &["indexes"][..], name),
        _ => return false,
    };
    difference.server.is_empty()
        && list.iter().any(|list| difference.path == format!("relations[{relation}].{list}[{name}]"))
}

/// Whether a message is about such an object: a later statement finds it there already.
pub(super) fn names(message: &str, object: &Object) -> bool {
    match object {
        Object::Constraint(relation, name) => {
            message.contains(&format!("`{name}`")) && message.contains(&format!("`{relation}`"))
        }
        _ => false,
    }
}

/// Why the server alone may refuse a statement, by its code and message; `None` if it may not.
pub(super) fn running(code: &str, message: &str) -> Option<&'static str> {
    if of_rows(code) {
        return Some("it depends on rows, which a replay has not");
    }
    RUNNING.iter().find(|(words, _)| message.contains(words)).map(|(_, why)| *why)
}

/// Fields that are not compared at all, by name wherever they stand.
const NOWHERE: [(&str, &str); 1] = [("origin", "where a fact was read is the one thing that must differ")];

/// Fields of the model itself, and of its objects, that are not compared: the path without names, and why.
const FIELDS: [(&str, &str); 9] = [
    ("files", "a live database has none"),
    ("gaps", "what one side could not read is its own; the suites count those of the replay apart"),
    ("server.version", "no file tells the minor version"),
    ("server.version_num", "no file tells the minor version"),
    ("server.current_user", "who read the catalog; nobody did"),
    ("server.throw_away", "a replay needs no server"),
    ("server_settings", "how a server is started no file tells; the replay has the defaults"),
    ("extensions.version", "whatever version the server's own files have, unless the statement names one"),
    ("extensions.available", "likewise"),
];

/// The model as JSON without what is not compared.
pub(super) fn without(mut schema: Value) -> Value {
    // What an extension's script makes is in the server's files and not in ours.
    for list in ["relations", "functions", "types"] {
        if let Some(list) = schema.get_mut(list).and_then(Value::as_array_mut) {
            list.retain(|object| object.get("extension").is_none_or(Value::is_null));
        }
    }
    strip(&mut schema);
    schema
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| NOWHERE.iter().all(|(name, _)| key != name));
            fields.values_mut().for_each(strip);
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Methods of indexes that come with extensions which our servers lack: stand-ins have none, so the server leaves such
/// indexes out, and the hosted project that the replay speaks of has them.
const METHODS: [&str; 2] = ["hnsw", "ivfflat"];

/// Methods that the server has, but not for the types of PostGIS when those are a stand-in's.
const METHODS_OF_POSTGIS: [&str; 3] = ["gist", "spgist", "brin"];

/// Types whose modifiers are words, which no stand-in can print.
const TYPES_OF_POSTGIS: [&str; 2] = ["geometry(", "geography("];

/// Why a difference is permitted; `None` if it is not.
pub(super) fn why(difference: &Difference, postgis: bool) -> Option<&'static str> {
    let kind = difference.kind();
    let of_postgis = |text: &str| TYPES_OF_POSTGIS.iter().any(|name| text.contains(name));
    if postgis
        && kind == "relations.columns.data_type"
        && [&difference.replayed, &difference.server].map(|t| of_postgis(t)) == [true; 2]
    {
        return Some("a stand-in cannot print the modifiers of these types");
    }
    let method = |method: &&str| difference.replayed.contains(&format!("\"method\":\"{method}\""));
    let lacking = METHODS.iter().any(method) || postgis && METHODS_OF_POSTGIS.iter().any(method);
    if kind == "relations.indexes: too many" && lacking {
        return Some("our servers lack the extension of this index method");
    }
    let field = kind.split(':').next().unwrap_or_default();
    let listed = |name: &str| field == name || field.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    FIELDS.iter().find(|(name, _)| listed(name)).map(|(_, why)| *why)
}
