//! A validator for the JSON Schemas that we print: the keywords that they use, and an error for any other.

use serde_json::Value;

/// What is wrong with `value`, each with its place; empty when it is valid.
pub(crate) fn errors(schema: &Value, value: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    check(schema, schema, value, "$", &mut errors);
    errors
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
    let Some(rules) = schema.as_object() else {
        if schema == &Value::Bool(false) {
            errors.push(format!("{at}: nothing is allowed here"));
        }
        return;
    };
    for (keyword, rule) in rules {
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" | "default" => {}
            "$ref" => {
                let target = rule.as_str().and_then(|r| root.pointer(r.strip_prefix('#')?)).unwrap();
                check(root, target, value, at, errors);
            }
            "type" => {
                let types = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                if !types.iter().any(|t| is(value, t.as_str().unwrap())) {
                    errors.push(format!("{at}: {value} is not of type {rule}"));
                }
            }
            "enum" if !rule.as_array().unwrap().contains(value) => {
                errors.push(format!("{at}: {value} is none of {rule}"))
            }
            "const" if rule != value => errors.push(format!("{at}: {value} is not {rule}")),
            "minimum" if value.is_number() && value.as_f64() < rule.as_f64() => {
                errors.push(format!("{at}: {value} is below {rule}"))
            }
            "maximum" if value.is_number() && value.as_f64() > rule.as_f64() => {
                errors.push(format!("{at}: {value} is above {rule}"));
            }
            "enum" | "const" | "minimum" | "maximum" => {}
            "required" => {
                let missing = rule.as_array().unwrap().iter().filter(|k| value.get(k.as_str().unwrap()).is_none());
                errors.extend(missing.map(|k| format!("{at}: {k} is missing")));
            }
            "properties" => {
                for (key, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        check(root, rule, value, &format!("{at}.{key}"), errors);
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let others = value.as_object().into_iter().flatten();
                for (key, value) in others.filter(|(key, _)| !known.is_some_and(|k| k.contains_key(*key))) {
                    check(root, rule, value, &format!("{at}.{key}"), errors);
                }
            }
            "items" => {
                for (n, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, value, &format!("{at}[{n}]"), errors);
                }
            }
            "anyOf" | "oneOf" => {
                let fits = |rule: &Value| {
                    let mut inner = Vec::new();
                    check(root, rule, value, at, &mut inner);
                    inner.is_empty()
                };
                let count = rule.as_array().unwrap().iter().filter(|r| fits(r)).count();
                if count == 0 || (keyword == "oneOf" && count > 1) {
                    errors.push(format!("{at}: {value} fits {count} of {keyword}"));
                }
            }
            other => errors.push(format!("{at}: the keyword `{other}` is not understood")),
        }
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type `{other}`"),
    }
}

#[test]
fn the_validator_can_say_no() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": { "a": { "$ref": "#/$defs/A" } },
        "$defs": { "A": { "oneOf": [{ "const": "x" }, { "type": "array", "items": { "type": "integer" } }] } },
    });
    let verdict = |value| errors(&schema, &value).len();
    assert_eq!(verdict(serde_json::json!({ "a": "x" })), 0);
    assert_eq!(verdict(serde_json::json!({ "a": [1, 2] })), 0);
    assert_eq!(verdict(serde_json::json!({ "a": ["1"] })), 1);
    assert_eq!(verdict(serde_json::json!({ "a": "x", "b": 1 })), 1);
    assert_eq!(verdict(serde_json::json!([])), 2);
    assert_eq!(errors(&serde_json::json!({ "not": {} }), &Value::Null).len(), 1);
}
