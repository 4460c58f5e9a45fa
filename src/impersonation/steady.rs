//! Which reads may share a transaction: those whose code cannot change the session for the next one.
//!
//! Policies, views and the functions in them run during a read. A function that says `set_config` or SET, or runs SQL
//! put together at run time, could leave another role or another claim behind for the reads after it. Told by words
//! alone, through whatever names whatever, so that it errs on the side of a transaction of one's own.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::model::{Relation, RelationKind, Schema};

/// Words of code that may change the session, or that hide what runs.
const WORDS: [&str; 4] = ["execute", "reset", "set", "set_config"];

/// Languages whose text says all that it does.
const READABLE: [&str; 2] = ["sql", "plpgsql"];

/// The words that code which may change the session can be known by: names of functions and relations among them.
#[derive(Debug)]
pub(super) struct Steady<'a> {
    unsteady: HashSet<Cow<'a, str>>,
}

/// A function or relation, by the words of its name, with the code that runs when it is used.
struct Item<'a> {
    name: &'a str,
    code: Vec<&'a str>,
    readable: bool,
}

impl<'a> Steady<'a> {
    pub(super) fn of(schema: &'a Schema) -> Self {
        let items: Vec<_> = items(schema).collect();
        let known: HashSet<_> = items.iter().flat_map(|i| words(i.name)).chain(WORDS.map(Cow::Borrowed)).collect();
        let mut users: HashMap<_, Vec<_>> = HashMap::new();
        for item in &items {
            let mentioned: HashSet<_> = item.code.iter().flat_map(|c| words(c)).filter(|w| known.contains(w)).collect();
            for word in mentioned {
                users.entry(word).or_default().push(item.name);
            }
        }
        let unreadable = items.iter().filter(|i| !i.readable).flat_map(|i| words(i.name));
        let mut rest: Vec<_> = unreadable.chain(WORDS.map(Cow::Borrowed)).collect();
        let mut unsteady = HashSet::new();
        while let Some(word) = rest.pop() {
            if !unsteady.contains(&word) {
                rest.extend(users.get(&word).into_iter().flatten().flat_map(|name| words(name)));
                unsteady.insert(word);
            }
        }
        Self { unsteady }
    }

    /// Whether a read of `relation` may share a transaction. Those of other servers never do, nor those that lead to
    /// many other relations and so to many locks.
    pub(super) fn shares(&self, relation: &Relation) -> bool {
        let mut words = words(&relation.name.name).peekable();
        !matches!(relation.kind, RelationKind::ForeignTable | RelationKind::PartitionedTable)
            && words.peek().is_some()
            && !words.any(|w| self.unsteady.contains(&w))
    }
}

fn items(schema: &Schema) -> impl Iterator<Item = Item<'_>> {
    let functions = schema.functions.iter().filter(|f| f.extension.is_none()).map(|f| Item {
        name: &f.id.name,
        code: vec![&f.body],
        readable: READABLE.contains(&f.language.as_str()),
    });
    let relations = schema.relations.iter().map(|r| {
        let policies = r.policies.iter().flat_map(|p| [&p.using, &p.check]).flatten();
        let view = r.view.iter().map(|v| &v.definition);
        Item { name: &r.name.name, code: policies.chain(view).map(String::as_str).collect(), readable: true }
    });
    functions.chain(relations)
}

/// The words of a text, in lower case. A name in quotes may be several.
fn words(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let separates = |c: char| !(c.is_alphanumeric() || c == '_');
    text.split(separates).filter(|w| !w.is_empty()).map(|word| {
        if word.chars().any(char::is_uppercase) { Cow::Owned(word.to_lowercase()) } else { Cow::Borrowed(word) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_names_in_lower_case() {
        assert_eq!(words("(a.Owner_Id = \"My Café\"('x'))").collect::<Vec<_>>(), ["a", "owner_id", "my", "café", "x"]);
    }
}
