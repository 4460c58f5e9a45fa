//! Constants.

use super::Resolver;
use crate::analyzer::term::{Function, Id, Type};
use crate::sql;

impl Resolver<'_> {
    /// A constant as its type's input function reads it, cut to the modifier if there is one.
    pub(super) fn constant(&mut self, text: Option<&str>, data_type: &sql::Type) -> Id {
        let to = self.data_type(data_type);
        let Some(text) = text else { return self.terms.null(to) };
        let value = self.terms.parse(text, &to);
        match (data_type.modifier(), &to) {
            (None, _) | (Some(_), Type::Bool) => value,
            (Some(_), _) => {
                let function = Function { name: format!("::{data_type}").into(), strict: true, never_null: false };
                self.terms.call(&function, &[value], to)
            }
        }
    }
}
