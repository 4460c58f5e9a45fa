//! One command of one role: the condition that is in force, and what to say of it.

use super::string;
use crate::access::intent::{Intent, Origin};
use crate::analyzer::decide::{Ask, Asker, Caller, Decider, Which};
use crate::analyzer::effective::{Access, Effective, Who};
use crate::model::{Command, Policy, Relation, Schema, printable};
use crate::sql::bind::{Binder, Scope};
use crate::sql::{Catalog, SchemaCatalog, SqlError, Type, one_line};

/// A key of a rule: conditions in TOML.
pub(super) struct Line {
    pub(super) notes: Vec<String>,
    pub(super) condition: String,
    /// Of the new row of UPDATE, where it is another.
    pub(super) new: Option<String>,
}

/// What a role may do by a command; `None` if nothing.
pub(super) fn line(
    effective: &Effective<'_>,
    intent: &Intent,
    relation: &Relation,
    role: &str,
    command: Command,
) -> Option<Line> {
    let access = effective.access(role, relation, command);
    if !access.is_some() {
        return None;
    }
    // What visitors can't reach though a policy speaks of them is left to the first rule.
    let nothing =
        intent.declarations.iter().filter(|d| d.relation == relation.name && d.role == role && d.command == command);
    let is_nothing = |d: &crate::access::intent::Declaration| {
        d.predicate.text == "false"
            && !matches!(&d.origin, Origin::Reading { because } if because.contains(", though policy "))
    };
    if nothing.clone().next().is_some() && nothing.clone().all(is_nothing) {
        return None;
    }
    let mut notes = Vec::new();
    let first = if command == Command::Insert { Which::New } else { Which::Old };
    let one = |row: Which, text: Option<String>, notes: &mut Vec<String>| {
        let question = Question { effective, intent, relation, access: &access, role, command, row };
        question.condition(text, notes)
    };
    let condition = one(first, access.condition(), &mut notes);
    let new = (command == Command::Update).then(|| one(Which::New, access.new_row(), &mut notes));
    notes.dedup();
    Some(Line { notes, new: new.filter(|new| *new != condition), condition })
}

/// One row of a command.
struct Question<'a> {
    effective: &'a Effective<'a>,
    intent: &'a Intent,
    relation: &'a Relation,
    access: &'a Access<'a>,
    role: &'a str,
    command: Command,
    row: Which,
}

impl Question<'_> {
    /// The condition as TOML. `text` is what is in force, where policies decide.
    fn condition(&self, text: Option<String>, notes: &mut Vec<String>) -> String {
        let read = self.intent.declarations.iter().find(|d| {
            d.relation == self.relation.name && d.role == self.role && d.command == self.command && d.row == self.row
        });
        if let Some(declared) = read
            && let Origin::Reading { because } = &declared.origin
        {
            if because.contains(", though policy ") {
                notes.push(format!("REVIEW: {because}. This rule says less than that policy does"));
                return string(&declared.predicate.text);
            }
            notes.push(because.clone());
        }
        let Some(text) = text else {
            notes.push(self.open());
            return "true".to_owned();
        };
        let text = one_line(&text);
        if let Err(error) = self.binds(&text) {
            notes.push(format!(
                "REVIEW: {} cannot be read as a rule ({}); until it is written, no row",
                self.by(),
                error.what
            ));
            return "false".to_owned();
        }
        if self.lets_all_through() {
            notes.push(format!("REVIEW: {} every row through for {}", self.lets(), self.whom()));
        } else if text.contains("user_metadata") {
            notes
                .push(format!("REVIEW: {} what users choose themselves, `user_metadata`", self.by_verb("ask", "asks")));
        } else if read.is_none() {
            notes.push(format!("as {} {}", self.by(), if self.access.permissive.len() == 1 { "says" } else { "say" }));
        }
        string(&text)
    }

    /// Why every row is reached.
    fn open(&self) -> String {
        if !self.relation.kind.carries_row_security() {
            return format!("REVIEW: whatever the {} shows, which is not read here", self.relation.kind);
        }
        if !self.access.row_security.applies() {
            return "REVIEW: no row security, so every row".to_owned();
        }
        format!("REVIEW: {} every row through", self.lets())
    }

    fn lets(&self) -> String {
        self.by_verb("let", "lets")
    }

    fn by_verb(&self, many: &str, one: &str) -> String {
        format!("{} {}", self.by(), if self.access.permissive.len() == 1 { one } else { many })
    }

    /// The policies that let rows through.
    fn by(&self) -> String {
        let names: Vec<_> =
            self.access.permissive.iter().map(|p: &&Policy| format!("`{}`", printable(&p.name))).collect();
        format!("{} {}", if names.len() == 1 { "policy" } else { "policies" }, names.join(", "))
    }

    fn whom(&self) -> String {
        match self.who() {
            Some(Who::SignedIn) => "whoever is signed in".to_owned(),
            _ => printable(self.role).into_owned(),
        }
    }

    fn who(&self) -> Option<Who> {
        self.effective.principals().iter().find(|p| p.role == self.role).map(|p| p.who)
    }

    fn lets_all_through(&self) -> bool {
        let asker = match self.who() {
            Some(Who::Anyone) => Asker::Nobody,
            Some(Who::SignedIn) => Asker::SomeUser,
            _ => Asker::Any,
        };
        let decider = Decider::brief(self.effective);
        let mut formula = decider.access(self.role, self.relation, self.command, self.row, Caller::Sql);
        formula.proves(Ask::AlwaysTrue, asker)
    }

    /// Whether the text is a condition by the rules of rule files.
    fn binds(&self, text: &str) -> Result<(), SqlError> {
        let schema: &Schema = self.effective.schema();
        let catalog = SchemaCatalog::new(schema);
        let table = catalog.relation(&self.relation.name.schema, &self.relation.name.name);
        let scope = table.map_or_else(Scope::default, |table| Scope::default().relation(table, None));
        Binder::new(&catalog, &[]).expression(text, &scope, Some(&Type::named("boolean"))).map(|_| ())
    }
}
