//! What is known of a condition without asking who reads: whether it is true for every row and session, or for none.

use super::bindings::Bindings;
use crate::model::Relation;

/// What is known of a condition without looking at a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// True for every row and session.
    Always,
    /// Never true: false or NULL for every row and session.
    Never,
    /// Neither is known.
    Depends,
}

impl Truth {
    /// Judges a condition of a policy on `relation`.
    pub(crate) fn of_policy(condition: &str, relation: &Relation, bindings: &Bindings<'_>) -> Self {
        // What people write most needs no question.
        match condition.trim_matches(['(', ')', ' ']) {
            "true" => return Self::Always,
            "false" => return Self::Never,
            _ => {}
        }
        match super::decide::constancy(bindings, &relation.name, condition) {
            (true, _) => Self::Always,
            (_, true) => Self::Never,
            _ => Self::Depends,
        }
    }

    /// What is known of a disjunction; of none it is never true.
    #[must_use]
    pub fn any(all: &[Self]) -> Self {
        match all {
            _ if all.contains(&Self::Always) => Self::Always,
            _ if all.contains(&Self::Depends) => Self::Depends,
            _ => Self::Never,
        }
    }

    /// What is known of a conjunction of many; of none it is always true.
    #[must_use]
    pub fn all(all: &[Self]) -> Self {
        all.iter().fold(Self::Always, |known, t| known.and(*t))
    }

    /// What is known of a conjunction.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, Self::Always) => Self::Always,
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            _ => Self::Depends,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::layout::{FileRole, Layout, MigrationFile, Project};
    use crate::migrations::replay::{Options, replay};
    use crate::model::QualifiedName;
    use crate::model::Schema;
    use crate::shadow::Platform;

    const TABLE: &str = "
        create type public.address as (street text, town text);
        create table public.t (id int primary key, user_id uuid, x int, home public.address, is_public boolean);";

    fn model() -> Schema {
        let file = MigrationFile {
            path: "1.sql".to_owned(),
            role: FileRole::Migration,
            version: None,
            text: TABLE.to_owned(),
            parts: std::iter::once(0..TABLE.len()).collect(),
            transaction: true,
        };
        let (root, warnings) = (std::path::PathBuf::new(), Vec::new());
        let project = Project { layout: Layout::Plain, root, files: vec![file], warnings };
        let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: false };
        let mut schema = replay(&project, &options).schema;
        schema.sort();
        schema
    }

    #[test]
    fn a_condition_is_judged_for_every_row_and_session() {
        let schema = model();
        let bindings = Bindings::of(&schema);
        let table = schema.relation(&QualifiedName::new("public", "t")).unwrap();
        let always = [
            "true",
            "(true)",
            "1 = 1",
            "( SELECT true)",
            "true OR auth.uid() = user_id",
            "(x = x) OR (x IS NULL)",
            "id = id",
            "user_id IS NULL OR user_id IS NOT NULL",
            "((auth.uid() IS NOT NULL) OR true)",
            "NOT false",
            "'a'::text = 'a'::text",
            "'true'::boolean",
        ];
        let never = [
            "false",
            "1 = 2",
            "NULL::boolean",
            "false AND is_public",
            "x IS NULL AND x IS NOT NULL",
            "NOT (1 = 1)",
            "id IS NULL",
        ];
        let depends = [
            "auth.uid() = user_id",
            "x = x",
            "is_public",
            "is_public OR NOT is_public",
            "random() < 0.5 OR NOT (random() < 0.5)",
            "home IS NULL OR home IS NOT NULL",
            "not sql at all (",
            "",
            "EXISTS (SELECT 1 FROM public.t)",
            "( SELECT true FROM public.t LIMIT 1)",
        ];
        for (texts, expected) in
            [(&always[..], Truth::Always), (&never[..], Truth::Never), (&depends[..], Truth::Depends)]
        {
            for text in texts {
                assert_eq!(Truth::of_policy(text, table, &bindings), expected, "{text}");
            }
        }
    }
}
