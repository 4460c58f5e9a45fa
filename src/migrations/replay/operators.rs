//! Casts and operators of users.

use super::catalog::Id;
use super::catalog::object::{Cast, Operator};
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::operator::{CreateCast, CreateOperator};
use crate::migrations::parse::types::TypeName;

impl Run {
    pub(super) fn create_cast(&mut self, create: &CreateCast) -> Result {
        let (from, to) = (self.type_ref(&create.from)?.bare(), self.type_ref(&create.to)?.bare());
        if self.catalog.casts.iter().any(|(_, cast)| (&cast.from, &cast.to) == (&from, &to)) {
            return reject(
                state::DUPLICATE_OBJECT,
                format!("cast from `{}` to `{}` already exists", create.from, create.to),
            );
        }
        // The first parameter is what is cast; more say the length and whether it was asked for.
        let named = create.function.as_ref().map(|name| self.functions_named(name)).unwrap_or_default();
        let takes = |id: &Id| {
            let row = self.catalog.functions.get(*id);
            row.is_some_and(|f| super::functions::input_types(f).first().is_some_and(|t| t.bare() == from))
        };
        let function = named.into_iter().find(takes);
        let id = self.catalog.fresh();
        let (by_function, context) = (create.by_function, create.context);
        self.catalog.casts.insert(id, Cast { from, to, by_function, function, context });
        Ok(())
    }

    pub(super) fn create_operator(&mut self, create: &CreateOperator) -> Result {
        let schema = self.schema_for_new(create.schema.as_deref())?;
        let mut side = |name: &Option<TypeName>| name.as_ref().map(|name| self.type_ref(name)).transpose();
        let (left, right) = (side(&create.left)?, side(&create.right)?);
        let types: Vec<_> = left.iter().chain(&right).map(super::catalog::types::TypeRef::bare).collect();
        let named = create.function.as_ref().map(|name| self.functions_named(name)).unwrap_or_default();
        let takes = |id: &super::catalog::Id| {
            let row = self.catalog.functions.get(*id);
            row.is_some_and(|f| super::functions::input_types(f).iter().map(|t| t.bare()).eq(types.iter().cloned()))
        };
        // One of the server's own has no id here; then the operator stays unknown to the binder, which says so.
        let Some(function) = named.into_iter().find(takes) else { return Ok(()) };
        let row = Operator { schema, symbol: create.symbol.clone(), left, right, function };
        let id = self.catalog.fresh();
        self.catalog.operators.insert(id, row);
        Ok(())
    }
}
