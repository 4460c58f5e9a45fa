//! The names that Postgres gives to constraints, indexes and sequences when nobody else does.

use super::catalog::Id;
use super::catalog::names::Space;
use super::run::Run;

/// The longest name, in bytes.
const LONGEST: usize = 63;

/// `makeObjectName`: the parts with underscores, the longer ones cut until all fit.
pub(super) fn object_name(first: &str, second: Option<&str>, label: &str) -> String {
    let overhead = label.len() + usize::from(!label.is_empty()) + usize::from(second.is_some());
    let room = LONGEST.saturating_sub(overhead);
    let (mut one, mut two) = (first.len(), second.map_or(0, str::len));
    while one + two > room {
        if one > two { one -= 1 } else { two -= 1 }
    }
    let mut name = clip(first, one).to_owned();
    for part in second.map(|s| clip(s, two)).into_iter().chain((!label.is_empty()).then_some(label)) {
        name.push('_');
        name.push_str(part);
    }
    name
}

fn clip(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// The columns of a key in one name.
pub(super) fn joined(columns: &[String]) -> String {
    let mut name = String::new();
    for column in columns {
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(column);
        if name.len() >= LONGEST {
            break;
        }
    }
    clip(&name, LONGEST).to_owned()
}

impl Run {
    fn first_free(&self, first: &str, second: Option<&str>, label: &str, taken: impl Fn(&str) -> bool) -> String {
        let mut number = 0_u32;
        let mut name = object_name(first, second, label);
        while taken(&name) {
            number += 1;
            name = object_name(first, second, &format!("{label}{number}"));
        }
        name
    }

    /// A name that no relation of the schema has; for a key none of its constraints either.
    pub(super) fn relation_name(
        &self,
        schema: Id,
        first: &str,
        second: Option<&str>,
        label: &str,
        constraint: bool,
    ) -> String {
        self.first_free(first, second, label, |name| {
            self.catalog.names.find(Space::Relation, schema, name).is_some()
                || constraint && self.is_constraint_name(schema, name)
        })
    }

    /// A name that no constraint of the schema has.
    pub(super) fn constraint_name(&self, schema: Id, first: &str, second: Option<&str>, label: &str) -> String {
        self.first_free(first, second, label, |name| self.is_constraint_name(schema, name))
    }

    fn is_constraint_name(&self, schema: Id, name: &str) -> bool {
        self.catalog.names.find(Space::ConstraintName, schema, name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_as_postgres_does() {
        assert_eq!(object_name("t", Some("a"), "key"), "t_a_key");
        assert_eq!(object_name("t", None, "pkey"), "t_pkey");
        let long = object_name(&"t".repeat(60), Some(&"c".repeat(10)), "fkey");
        assert_eq!((long.len(), long.as_str()), (63, format!("{}_{}_fkey", "t".repeat(47), "c".repeat(10)).as_str()));
        assert_eq!(joined(&["a".into(), "b".into()]), "a_b");
    }
}
