//! Calls of built-in functions.

use super::{Outcome, Resolver, obstacle};
use crate::analyzer::term::{Function, Id, Term, Value};
use crate::model::{FunctionKind, Volatility};
use crate::sql;
use crate::sql::tree::Call;

/// Built-in functions that are never NULL for arguments that are not.
const NEVER_NULL: [&str; 13] = [
    "lower",
    "upper",
    "length",
    "char_length",
    "btrim",
    "ltrim",
    "rtrim",
    "replace",
    "split_part",
    "starts_with",
    "abs",
    "now",
    "md5",
];

impl Resolver<'_> {
    pub(super) fn call(&mut self, call: &Call, data_type: &sql::Type) -> Outcome<Id> {
        let name = &call.routine.name;
        if call.routine.kind != FunctionKind::Function || call.over.is_some() {
            return obstacle(format!("aggregate {}", name.name));
        }
        if call.routine.returns_set {
            self.multiplies = true;
            return obstacle(format!("the rows of {}", name.name));
        }
        if call.routine.key.is_some() {
            return self.user_call(call, data_type);
        }
        let args = self.each(&call.arguments);
        if name.name == "current_setting"
            && let Some(Term::Literal(Value::Text(setting))) = args.first().map(|a| self.terms.term(*a))
        {
            let setting = setting.clone();
            return Ok(self.terms.setting(&setting));
        }
        if call.routine.volatility == Volatility::Volatile || call.variadic {
            return obstacle(format!("{}()", name.name));
        }
        let name = match name.name.as_str() {
            "char_length" | "character_length" => "length",
            "transaction_timestamp" | "statement_timestamp" => "now",
            other => other,
        };
        let returns = self.data_type(data_type);
        let returns = self.derived(&args, returns);
        let strict = call.routine.strict;
        let never_null = strict && NEVER_NULL.contains(&name);
        Ok(self.terms.call(&Function { name: name.into(), strict, never_null }, &args, returns))
    }
}
