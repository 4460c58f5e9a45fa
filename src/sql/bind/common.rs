//! The one type that several values are brought to: CASE, COALESCE, ARRAY, VALUES, UNION.

use super::coerce::Form;
use super::{Context, error};
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::Expr;
use crate::sql::types::Type;
use std::ops::Range;

impl Context<'_> {
    /// The common type of several, if there is one.
    pub(super) fn common_type(&self, types: &[&Type]) -> Option<Type> {
        let first = types.first()?;
        if !first.is("unknown") && types.iter().all(|t| t.name() == first.name()) {
            return Some(first.bare());
        }
        let mut chosen = self.base_type(first).bare();
        for next in types.iter().skip(1) {
            let next = self.base_type(next).bare();
            if next.is("unknown") || next == chosen {
                continue;
            }
            if chosen.is("unknown") {
                chosen = next;
                continue;
            }
            let category = self.category(&chosen);
            if self.category(&next) != category {
                return None;
            }
            let wider =
                self.can_coerce(&chosen, &next, Form::Implicit) && !self.can_coerce(&next, &chosen, Form::Implicit);
            if !self.preferred(&chosen) && wider {
                chosen = next;
            }
        }
        Some(if chosen.is("unknown") { Type::named("text") } else { chosen })
    }

    /// Brings values to their common type; `first` is the one that counts first.
    pub(super) fn unify(
        &mut self,
        values: Vec<Expr>,
        first: usize,
        construct: &str,
        range: &Range<usize>,
    ) -> Result<Vec<Expr>, SqlError> {
        let mut types: Vec<&Type> = values.iter().map(|v| &v.data_type).collect();
        if first < types.len() {
            let head = types.remove(first);
            types.insert(0, head);
        }
        let Some(common) = self.common_type(&types) else {
            let list: Vec<_> = types.iter().map(|t| format!("`{t}`")).collect();
            return error(ErrorKind::Mismatch, range, format!("{construct} can't match types {}", list.join(" and ")));
        };
        values.into_iter().map(|v| self.coerce(v, &common, Form::Implicit)).collect()
    }
}

/// The modifier that all values share, as the type of the whole.
pub(super) fn shared_type(values: &[Expr]) -> Type {
    let Some(first) = values.first() else { return Type::named("unknown") };
    if values.iter().all(|v| v.data_type == first.data_type) { first.data_type.clone() } else { first.data_type.bare() }
}
