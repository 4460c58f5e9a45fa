//! Arguments for calls of functions: what is another user's, by what parameters are called and what the body names.

use crate::access::words;
use crate::analyzer::term::Type;
use crate::impersonation::cast::{email, slot_of};
use crate::impersonation::guest::{Guest, tenant_key, user_key};
use crate::impersonation::seed::primary_key;
use crate::impersonation::trial::Setting;
use crate::model::{Argument, ArgumentMode, Function, FunctionKind, Relation, TypeKind, quote_ident, quote_literal};

/// Breaks SQL that it is pasted into between quotes, double quotes or bare; a value is nothing to it.
pub(super) const PAYLOAD: &str = "pgwitness'\"";

/// How arguments are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// What is another user's.
    Other,
    /// The same, with [`PAYLOAD`] for every text.
    Payload,
}

/// The arguments of a call.
pub(super) struct Arguments {
    /// In SQL.
    pub(super) list: String,
    /// Their values.
    pub(super) values: Vec<String>,
    /// As the body of a request.
    pub(super) body: String,
}

/// The arguments of a call; `None` where one cannot be made up.
pub(super) fn of(setting: &Setting<'_, '_>, guest: &Guest, function: &Function, choice: Choice) -> Option<Arguments> {
    let slot = slot_of(guest.other());
    // CALL names what comes out as well.
    let is_call = function.kind == FunctionKind::Procedure;
    let given = |a: &&Argument| {
        matches!(a.mode, ArgumentMode::In | ArgumentMode::InOut) || is_call && a.mode == ArgumentMode::Out
    };
    let (mut list, mut values, mut body) = (Vec::new(), Vec::new(), serde_json::Map::new());
    for parameter in function.parameters.iter().filter(given) {
        let maker = Maker { setting, guest, function, slot };
        let value = match choice {
            Choice::Payload if is_text(&parameter.data_type) => Some(PAYLOAD.to_owned()),
            _ => maker.value(parameter),
        };
        let Some(value) = value else {
            if parameter.default.is_some() {
                continue;
            }
            return None;
        };
        if let Some(name) = &parameter.name {
            body.insert(name.clone(), value.clone().into());
        }
        let literal = format!("{}::{}", quote_literal(&value), parameter.data_type);
        list.push(match &parameter.name {
            Some(name) => format!("{} => {literal}", quote_ident(name)),
            None => literal,
        });
        values.push(value);
    }
    Some(Arguments { list: list.join(", "), values, body: serde_json::Value::from(body).to_string() })
}

/// Whether a function takes text, which may be pasted into SQL.
pub(super) fn takes_text(function: &Function) -> bool {
    let given = |a: &&Argument| matches!(a.mode, ArgumentMode::In | ArgumentMode::InOut);
    function.parameters.iter().filter(given).any(|a| is_text(&a.data_type))
}

fn is_text(data_type: &str) -> bool {
    data_type == "text" || data_type.starts_with("character varying")
}

struct Maker<'m, 'a> {
    setting: &'m Setting<'m, 'a>,
    guest: &'m Guest,
    function: &'m Function,
    slot: usize,
}

impl Maker<'_, '_> {
    fn value(&self, parameter: &Argument) -> Option<String> {
        let full = parameter.name.as_deref().unwrap_or_default().to_lowercase();
        let name = ["p_", "_", "in_", "v_", "arg_", "param_", "i_"].iter().find_map(|p| full.strip_prefix(p));
        let name = name.unwrap_or(&full);
        if let Some(element) = parameter.data_type.strip_suffix("[]") {
            let one = Argument {
                name: Some(name.trim_end_matches('s').to_owned()),
                data_type: element.to_owned(),
                default: None,
                ..parameter.clone()
            };
            return Some(self.value(&one).map_or_else(|| "{}".to_owned(), |value| format!("{{{value}}}")));
        }
        let known = self.of_key(name, &parameter.data_type).or_else(|| self.of_column(name, &parameter.data_type));
        let known = known.or_else(|| self.of_word(name, &parameter.data_type));
        match known {
            Some(value) => Some(value),
            None if parameter.default.is_some() => None,
            None => self.plain(&parameter.data_type),
        }
    }

    /// The relations that hold rows, those first that the body names.
    fn relations(&self) -> Vec<&Relation> {
        let schema = self.setting.effective.schema();
        let mut all: Vec<_> = self.setting.seeded.rows.keys().filter_map(|name| schema.relation(name)).collect();
        let place = |r: &Relation| self.function.body.find(r.name.name.as_str()).unwrap_or(usize::MAX);
        all.sort_by_key(|r| place(r));
        all
    }

    /// `team_id` is the key of `teams`, and `id` or the like that of what the body names first.
    fn of_key(&self, name: &str, data_type: &str) -> Option<String> {
        let stem = name.strip_suffix("_id").or_else(|| name.strip_suffix("_uuid")).unwrap_or(name);
        let is_stem = |r: &&Relation| {
            let table = r.name.name.as_str();
            table == stem
                || table.strip_suffix('s') == Some(stem)
                || table.strip_suffix("es") == Some(stem)
                || table.strip_suffix("ies").is_some_and(|t| stem.strip_suffix('y') == Some(t))
        };
        let all = self.relations();
        let found = all.iter().find(|r| is_stem(r)).or_else(|| all.first().filter(|_| name == "id" || name.is_empty()));
        let relation = found?;
        let [key] = primary_key(relation) else { return None };
        self.cell(relation, key, data_type)
    }

    fn of_column(&self, name: &str, data_type: &str) -> Option<String> {
        self.relations().into_iter().find_map(|relation| self.cell(relation, name, data_type))
    }

    fn cell(&self, relation: &Relation, column: &str, data_type: &str) -> Option<String> {
        let column = relation.column(column).filter(|c| c.data_type == data_type)?;
        self.setting.seeded.row(&relation.name, self.slot)?.cells.get(&column.name)?.clone()
    }

    fn of_word(&self, name: &str, data_type: &str) -> Option<String> {
        let schema = self.setting.effective.schema();
        let (is_uuid, is_text) = (data_type == "uuid", is_text(data_type));
        let other = self.guest.other();
        let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if is_text && name.contains("mail") {
            return Some(email(other));
        }
        if (is_uuid || is_text) && (words::is_owner(name) || says(&["user", "uid", "owner", "profile"])) {
            return Some(user_key(self.setting.seeded, other));
        }
        if (is_uuid || is_text) && (words::is_tenant(name) || says(&["tenant", "org", "team", "workspace"])) {
            return Some(tenant_key(schema, self.setting.seeded, other));
        }
        is_uuid.then(|| user_key(self.setting.seeded, other))
    }

    /// Some value of the type.
    fn plain(&self, data_type: &str) -> Option<String> {
        let schema = self.setting.effective.schema();
        let value = match Type::named(data_type, schema) {
            Type::Bool => "true".to_owned(),
            Type::Int2 | Type::Int4 | Type::Int8 | Type::Numeric => "1".to_owned(),
            Type::Text | Type::Varchar => "a".to_owned(),
            Type::Date | Type::Timestamp | Type::Timestamptz => "2024-01-01".to_owned(),
            Type::Jsonb => "{}".to_owned(),
            Type::Enum(labels) => labels.labels.first()?.to_string(),
            _ => match data_type {
                "json" => "{}".to_owned(),
                "double precision" | "real" => "1".to_owned(),
                "interval" => "1 day".to_owned(),
                _ => self.of_domain(data_type)?,
            },
        };
        Some(value)
    }

    fn of_domain(&self, data_type: &str) -> Option<String> {
        let schema = self.setting.effective.schema();
        let found = schema.types.iter().find(|t| t.name.to_string() == data_type)?;
        match &found.kind {
            TypeKind::Domain { base, .. } if base != data_type => self.plain(base),
            _ => None,
        }
    }
}
