//! Answers that were worked out before.

use std::sync::Arc;

use super::access::Facts;
use crate::analyzer::kept::Kept;
use crate::model::{Command, Relation, Schema};

/// Facts by role, relation and command.
#[derive(Debug, Default)]
pub(super) struct Known(Kept<Key, Arc<Facts>>);

/// A role and a relation by their places in the model.
type Key = (usize, usize, Command);

impl Known {
    /// The answer, worked out by `work_out` if nobody asked before. Of roles and relations that are not the model's own
    /// nothing is kept.
    pub(super) fn get(
        &self,
        schema: &Schema,
        role: &str,
        relation: &Relation,
        command: Command,
        work_out: impl FnOnce() -> Facts,
    ) -> Arc<Facts> {
        let role = schema.roles.binary_search_by(|r| r.name.as_str().cmp(role)).ok();
        let Some((role, relation)) = role.zip(place(&schema.relations, relation)) else {
            return Arc::new(work_out());
        };
        self.0.get(&(role, relation, command), || Arc::new(work_out()))
    }
}

/// The place of `item` among `items`, if it is one of them; told by its address.
fn place<T>(items: &[T], item: &T) -> Option<usize> {
    let from_start = std::ptr::from_ref(item).addr().checked_sub(items.as_ptr().addr())?;
    let place = from_start.checked_div(size_of::<T>())?;
    items.get(place).filter(|found| std::ptr::eq(*found, item)).map(|_| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_items_themselves() {
        let items = [String::from("a"), String::from("a"), String::from("b")];
        assert_eq!(items.iter().filter_map(|i| place(&items, i)).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(place(&items, &items[0].clone()), None, "equal is not enough");
        assert_eq!(place(&items[1..], &items[0]), None);
        assert_eq!(place(&items[..1], &items[2]), None);
        assert_eq!(place(&[(), ()], &()), None);
    }
}
