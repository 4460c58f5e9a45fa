//! Expressions that were read, by their text: policies and defaults say the same few things over and over.

use crate::sql::ast::Expr;
use crate::sql::{SqlError, parse};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Longer texts seldom come twice.
const LONGEST: usize = 100;
/// So many are kept; then all are forgotten.
const MOST: usize = 4096;

/// Expressions by their text.
#[derive(Debug, Default)]
pub(super) struct Texts(FxHashMap<String, Arc<Expr>>);

impl Texts {
    /// The syntax tree of a text.
    pub(super) fn read(&mut self, text: &str) -> Result<Arc<Expr>, SqlError> {
        if let Some(known) = self.0.get(text) {
            return Ok(Arc::clone(known));
        }
        let read = Arc::new(parse::expression(text)?);
        if text.len() <= LONGEST {
            if self.0.len() >= MOST {
                self.0.clear();
            }
            self.0.insert(text.to_owned(), Arc::clone(&read));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_once_and_few_are_kept() {
        let mut texts = Texts::default();
        let first = texts.read("a = 1").unwrap();
        assert!(Arc::ptr_eq(&first, &texts.read("a = 1").unwrap()));
        assert!(texts.read("a =").is_err());
        assert_eq!(*texts.read("a = 2").unwrap(), parse::expression("a = 2").unwrap());
        (0..2 * MOST).for_each(|n| drop(texts.read(&format!("a = {n}")).unwrap()));
        texts.read(&"a".repeat(LONGEST + 1)).unwrap();
        assert!(texts.0.len() <= MOST && texts.0.keys().all(|text| text.len() <= LONGEST));
    }
}
