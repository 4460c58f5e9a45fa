//! What triggers may do to a statement: give columns of the row another value, or refuse it.
//!
//! Policies are asked of what BEFORE triggers made of a row (PostgreSQL manual, CREATE POLICY), so proofs hold whatever they
//! do. A counterexample may come to nothing by them. It is read off the words of their functions: of what is not
//! PL/pgSQL nothing is known.

use std::collections::BTreeSet;

use super::Judged;
use crate::finding::Part;
use crate::model::{
    Command, FiresWhen, Function, Platform, Relation, Schema, Trigger, TriggerEvent, TriggerTiming, printable,
};
use crate::report::{Asked, Decided, VerdictEntry};
use crate::sql::lex::{Kind, Token, tokens};

/// What a trigger may do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Effect {
    /// Anything.
    Unread,
    /// Give these columns a value, and refuse the statement.
    Known { columns: BTreeSet<String>, refuses: bool },
}

/// Between what stands in the way and what holds without it.
const BUT_FOR: &str = "; but for that, ";

/// Leaves open what triggers may undo: a row that is reached is one only if no trigger refuses the statement or changes
/// what matters of the row. That all of a rule is granted is said on the assumption that they do not.
pub(super) fn weigh(schema: &Schema, judged: &mut Judged) {
    let entry = &mut judged.entry;
    let Some(relation) = schema.relation(&entry.relation) else { return };
    // A view passes its rows on: triggers of the table fire.
    let relation = super::script::table(relation, schema);
    match (entry.verdict, entry.question) {
        (Decided::Violated, Asked::NeverExceeds) if matches!(judged.kind, super::Kind::Rows | super::Kind::Door) => {
            let rows = entry.witness.iter().flat_map(|w| &w.rows);
            let written: BTreeSet<&String> =
                rows.filter(|row| row.part == Part::Written).flat_map(|row| row.values.keys()).collect();
            if let Some(doubt) = doubt(schema, relation, entry.command, &|c| written.iter().any(|w| *w == c)) {
                entry.reason = format!("{doubt}{BUT_FOR}{}", entry.reason);
                (entry.verdict, entry.confidence) = (Decided::Unknown, None);
            }
        }
        (Decided::Proved, Asked::GrantsAll) if judged.kind == super::Kind::Rows => {
            let told = format!("{} {}", entry.condition, entry.rule.text).to_lowercase();
            let matters = |column: &str| told.contains(&column.to_lowercase());
            let doubt = doubt(schema, relation, entry.command, &matters);
            entry.assumptions.extend(doubt.map(|doubt| format!("{doubt}, and does not")));
        }
        _ => {}
    }
}

/// What the server has shown with its triggers is no longer open.
pub(crate) fn confirm(entry: &mut VerdictEntry) {
    if entry.verdict == Decided::Unknown
        && let Some((_, reason)) = entry.reason.split_once(BUT_FOR)
    {
        (entry.verdict, entry.reason) = (Decided::Violated, reason.to_owned());
    }
}

/// Why a statement on `relation` may not do what its policies let it do, if a trigger may refuse it or change a column
/// of the row it writes that matters.
fn doubt(schema: &Schema, relation: &Relation, command: Command, matters: &dyn Fn(&str) -> bool) -> Option<String> {
    let mut firing = relation.triggers.iter().filter(|t| fires(schema, t, command));
    firing.find_map(|trigger| {
        let function = schema.functions.iter().find(|f| f.id == trigger.function);
        let may = match function.map_or(Effect::Unread, |f| effect(f, trigger)) {
            Effect::Unread => "may change or refuse the row".to_owned(),
            Effect::Known { columns, .. } if columns.iter().any(|c| matters(c)) => {
                let named: Vec<_> = columns.iter().filter(|c| matters(c)).map(|c| printable(c).to_string()).collect();
                format!("may change {}", named.join(", "))
            }
            Effect::Known { refuses: true, .. } => "may refuse the statement".to_owned(),
            Effect::Known { .. } => return None,
        };
        Some(format!("the trigger {} ({}) {may}", printable(&trigger.name), trigger.function))
    })
}

/// Whether statements by `command` on a table fire triggers that are not the server's own.
pub(super) fn fire(schema: &Schema, relation: &Relation, command: Command) -> bool {
    relation.triggers.iter().any(|t| fires(schema, t, command))
}

fn fires(schema: &Schema, trigger: &Trigger, command: Command) -> bool {
    // It refuses SQL, and lets the platform's own service for files do what policies allow.
    let is_platforms = schema.server.platform == Platform::Supabase && trigger.function.schema == "storage";
    let event = match command {
        Command::Select => return false,
        Command::Insert => TriggerEvent::Insert,
        Command::Update => TriggerEvent::Update,
        Command::Delete => TriggerEvent::Delete,
    };
    !is_platforms && matches!(trigger.fires, FiresWhen::Origin | FiresWhen::Always) && trigger.events.contains(&event)
}

fn effect(function: &Function, trigger: &Trigger) -> Effect {
    // What comes after the row is written can only refuse it.
    let before = trigger.timing == TriggerTiming::Before && trigger.for_each_row;
    if function.language != "plpgsql" {
        return match given(function, trigger) {
            Some(column) => Effect::Known { columns: [column].into(), refuses: false },
            None => Effect::Unread,
        };
    }
    let body = Body { text: &function.body, tokens: tokens(&function.body, 0..function.body.len()) };
    match body.columns() {
        _ if !before => Effect::Known { columns: BTreeSet::new(), refuses: body.refuses() },
        Some(columns) => Effect::Known { columns, refuses: body.refuses() },
        None => Effect::Unread,
    }
}

/// The column that `moddatetime(column)` (contrib/spi) or `tsvector_update_trigger(column, ...)` fills.
fn given(function: &Function, trigger: &Trigger) -> Option<String> {
    let is_known = matches!(function.id.name.as_str(), "moddatetime" | "tsvector_update_trigger");
    let (_, arguments) = trigger.definition.rsplit_once('(').filter(|_| is_known && function.language == "c")?;
    let first = arguments.trim_end_matches(')').split(',').next()?;
    Some(first.trim().trim_matches('\'').to_owned())
}

struct Body<'t> {
    text: &'t str,
    tokens: Vec<Token>,
}

impl Body<'_> {
    fn raw(&self, at: usize) -> &str {
        self.tokens.get(at).and_then(|t| self.text.get(t.range())).unwrap_or_default()
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|t| t.kind == Kind::Word) && self.raw(at).eq_ignore_ascii_case(word)
    }

    /// The name of a column as it is stored.
    fn name(&self, at: usize) -> String {
        match self.tokens.get(at).map(|t| t.kind) {
            Some(Kind::Quoted) => self.raw(at).trim_matches('"').replace("\"\"", "\""),
            _ => self.raw(at).to_lowercase(),
        }
    }

    /// Whether a statement begins at a token.
    fn begins(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return true };
        self.raw(before) == ";" || ["begin", "then", "else", "loop"].iter().any(|word| self.is(before, word))
    }

    /// The columns of NEW that are given a value; `None` if that may be any.
    fn columns(&self) -> Option<BTreeSet<String>> {
        let mut columns = BTreeSet::new();
        let mut filled = false;
        for at in 0..self.tokens.len() {
            // `select ... into new.a, new.b from ...`
            filled = match () {
                () if self.is(at, "into") => !["insert", "merge"].iter().any(|w| at > 0 && self.is(at - 1, w)),
                () if self.raw(at) == ";" || self.is(at, "from") => false,
                () => filled,
            };
            let is_given = |at: usize, from: usize| {
                self.raw(at) == ":=" || (self.raw(at) == "=" && self.begins(from)) || (filled && at > from)
            };
            if self.is(at, "return") && !["new", "null"].iter().any(|word| self.is(at + 1, word)) {
                return None;
            }
            if !self.is(at, "new") {
                continue;
            }
            if self.raw(at + 1) != "." {
                if is_given(at + 1, at) {
                    return None;
                }
            } else if is_given(at + 3, at) || self.raw(at + 3) == "[" {
                columns.insert(self.name(at + 2));
            }
        }
        Some(columns)
    }

    /// Whether it raises an error on purpose, or leaves the row out.
    fn refuses(&self) -> bool {
        const HARMLESS: [&str; 5] = ["notice", "info", "log", "debug", "warning"];
        (0..self.tokens.len()).any(|at| {
            let raises = self.is(at, "raise") && !HARMLESS.iter().any(|level| self.is(at + 1, level));
            raises || self.is(at, "assert") || (self.is(at, "return") && self.is(at + 1, "null"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Option<Vec<String>>, bool) {
        let body = Body { text: body, tokens: tokens(body, 0..body.len()) };
        (body.columns().map(|all| all.into_iter().collect()), body.refuses())
    }

    #[test]
    fn columns_that_are_given_a_value_are_found() {
        let of = |names: &[&str]| Some(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(read("begin new.updated_at = now(); return new; end"), (of(&["updated_at"]), false));
        assert_eq!(read("begin NEW.\"Owner\" := auth.uid(); RETURN NEW; end"), (of(&["Owner"]), false));
        assert_eq!(read("begin if new.a = 1 then new.b = 2; end if; return new; end"), (of(&["b"]), false));
        assert_eq!(
            read("begin select x, y into new.a, new.b from t where t.id = new.c; return new; end"),
            (of(&["a", "b"]), false)
        );
        assert_eq!(read("begin select x into strict new.a from t; return new; end"), (of(&["a"]), false));
        assert_eq!(read("begin new.tags[1] := 'x'; return new; end"), (of(&["tags"]), false));
        assert_eq!(read("begin new := jsonb_populate_record(new, '{}'); return new; end"), (None, false));
        assert_eq!(read("begin select * into new from t; return new; end"), (None, false));
        assert_eq!(read("begin return old; end"), (None, false));
        assert_eq!(read("begin insert into log values (new.id, new.a); return new; end"), (of(&[]), false));
    }

    #[test]
    fn what_may_refuse_is_told() {
        assert!(read("begin raise exception 'no'; end").1);
        assert!(read("begin raise 'no'; end").1);
        assert!(read("begin if x then return null; end if; return new; end").1);
        assert!(!read("begin raise notice 'x'; return new; end").1);
    }
}
