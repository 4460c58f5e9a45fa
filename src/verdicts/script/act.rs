//! The command of a script, and the query that judges its row.

use std::collections::BTreeMap;

use super::fill::{self, Cells, Insert};
use super::view::{Part, table};
use super::{BEYOND, Scene, Script, Shows, WITHIN, invent};
use crate::analyzer::decide::{Caller, Which};
use crate::analyzer::effective::Columns;
use crate::analyzer::term::{CLAIMS, Type};
use crate::analyzer::witness::Witness;
use crate::model::{Command, Schema, quote_ident, quote_literal};
use crate::report::{Asked, StatementForm};

/// The command and the rows that it is about.
pub(super) struct Act<'s, 'a> {
    pub(super) scene: &'s Scene<'a>,
    pub(super) schema: &'a Schema,
    /// The row that is there, as far as it is known.
    pub(super) old: Option<Cells>,
    /// The row that is written.
    pub(super) new: Option<Cells>,
    /// The view that it is written through.
    pub(super) part: Option<&'s Part<'a>>,
}

impl Act<'_, '_> {
    pub(super) fn script(&self, rows: Vec<Insert>, witness: &Witness) -> Option<Script> {
        let Scene { relation, command, which, asked, rule, role, .. } = *self.scene;
        let judged = if which == Which::New && !matches!(command, Command::Select) { &self.new } else { &self.old };
        let judged = judged.as_ref()?;
        let found = self.condition(judged, |_| true);
        let found = if found.is_empty() { String::new() } else { format!(" where {found}") };
        let judge = rule.map(|rule| {
            format!(
                "select count(*) filter (where {rule}) as {WITHIN}, count(*) filter (where ({rule}) is not true) as \
                 {BEYOND} from {}{found}",
                self.part.map_or_else(|| relation.name.to_string(), |part| part.rows(&relation.name)),
            )
        });
        let mut settings: BTreeMap<String, String> =
            witness.session.settings.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        if let Some(claims) = &witness.session.claims {
            settings.insert(CLAIMS.to_owned(), claims.to_string());
        }
        let beside = witness.database.relations.get(&relation.name).is_some_and(|rows| rows.len() > 1);
        let may_raise = beside && asked == Asked::GrantsAll && command == Command::Select;
        Some(Script {
            whole: may_raise.then(|| format!("select {} from {}", self.selected(), relation.name)),
            rows,
            settings,
            role: role.to_owned(),
            parent: self.scene.parent.map(|parent| parent.name.clone()),
            act: self.command()?,
            by_right: None,
            judge,
            contrast: None,
            judge_first: which == Which::Old,
            fires: crate::verdicts::trigger::fire(self.schema, table(relation, self.schema), command),
            shows: if asked == Asked::NeverExceeds { Shows::Exceeded } else { Shows::Refused },
        })
    }

    pub(super) fn command(&self) -> Option<String> {
        let Scene { relation, command, .. } = *self.scene;
        let old = self.old.clone().unwrap_or_default();
        let name = &relation.name;
        // What the role is to be refused, it may be refused for want of the privilege to read.
        let readable = |column: &str| self.scene.asked == Asked::GrantsAll || self.scene.may(Command::Select, column);
        let found = match self.condition(&old, readable) {
            text if text.is_empty() => String::new(),
            text => format!(" where {text}"),
        };
        // A statement that reads no column is not held back by SELECT policies.
        let filter = match self.scene.caller {
            Caller::Sql => String::new(),
            Caller::DataApi if found.is_empty() => {
                let column = relation.columns.iter().find(|c| readable(&c.name))?;
                format!(" where ({} is null) is not null", quote_ident(&column.name))
            }
            Caller::DataApi => found.clone(),
        };
        Some(match command {
            Command::Select => format!("select {} from {name}{found}", self.selected()),
            Command::Delete => format!("delete from {name}{filter}"),
            Command::Update if self.scene.form == Some(StatementForm::Upsert) => self.upsert(&old)?,
            Command::Update => format!("update {name} set {}{filter}", self.assignments(&old)?),
            Command::Insert => {
                let insert = self.insert(self.new.as_ref()?);
                let back = self.scene.form == Some(StatementForm::Returning);
                if back { format!("{insert} returning {}", self.selected()) } else { insert }
            }
        })
    }

    fn insert(&self, row: &Cells) -> String {
        // What the role may not write keeps its default.
        let own: Cells = row.iter().filter(|(c, _)| self.scene.writes(c)).map(pair).collect();
        match self.part {
            Some(part) => part.insert(self.scene.relation, own),
            None => Insert::new(self.scene.relation, own).to_string(),
        }
    }

    /// The INSERT that meets the row that is there, by its key.
    fn upsert(&self, old: &Cells) -> Option<String> {
        let key = self.scene.key()?;
        let mut new = self.new.clone().unwrap_or_else(|| old.clone());
        new.extend(old.iter().filter(|(c, _)| key.columns.contains(c)).map(pair));
        let is_set = |c: &&String| !key.columns.contains(c) && self.scene.relation.column(c).is_some();
        let set: Vec<_> = new.keys().filter(is_set).map(|c| quote_ident(c)).collect();
        let set: Vec<_> = set.iter().map(|c| format!("{c} = excluded.{c}")).collect();
        let target: Vec<_> = key.columns.iter().map(|c| quote_ident(c)).collect();
        let change = if set.is_empty() { format!("{0} = excluded.{0}", target.first()?) } else { set.join(", ") };
        Some(format!("{} on conflict ({}) do update set {change}", self.insert(&new), target.join(", ")))
    }

    /// The columns that the role may read.
    fn selected(&self) -> String {
        match &self.scene.effective.access(self.scene.role, self.scene.named(), Command::Select).columns {
            Columns::Only(held) => held.iter().map(|(c, _)| quote_ident(c)).collect::<Vec<_>>().join(", "),
            _ => "*".to_owned(),
        }
    }

    /// What is set: all that the new row has otherwise; where nothing is, something to what it is already.
    fn assignments(&self, old: &Cells) -> Option<String> {
        let can_set = |column: &str| {
            self.scene.writes(column)
                && self.scene.relation.column(column).is_some_and(|c| c.generated.is_none())
                && self.part.is_none_or(|part| part.passes(column))
        };
        let new = self.new.as_ref().unwrap_or(old);
        let changed: Vec<_> = new.iter().filter(|(c, value)| can_set(c) && old.get(*c) != Some(value)).collect();
        let set = |(column, value): (&String, &Option<String>)| {
            format!("{} = {}", quote_ident(column), fill::literal(value.as_deref()))
        };
        if !changed.is_empty() {
            return Some(changed.into_iter().map(set).collect::<Vec<_>>().join(", "));
        }
        let same = new.iter().filter(|(c, _)| can_set(c)).map(set).next();
        let any = || {
            let column = self.scene.relation.columns.iter().find(|c| can_set(&c.name))?;
            let value = invent::value(column, self.scene.relation, self.schema, 1);
            Some(format!("{} = {}", quote_ident(&column.name), fill::literal(value.as_deref())))
        };
        same.or_else(any)
    }

    /// The condition that finds a row by the columns of some.
    fn condition(&self, row: &Cells, of: impl Fn(&str) -> bool) -> String {
        let each = row.iter().filter(|(c, _)| of(c)).filter_map(|(column, value)| {
            let column = self.scene.relation.column(column)?;
            let name = quote_ident(&column.name);
            let compares = !matches!(
                Type::named(&column.data_type, self.schema),
                Type::Json | Type::Other(_) | Type::Float4 | Type::Float8
            );
            Some(match value {
                None => format!("{name} is null"),
                Some(text) if compares => format!("{name} = {}", quote_literal(text)),
                Some(_) => format!("{name} is not null"),
            })
        });
        each.collect::<Vec<_>>().join(" and ")
    }
}

fn pair((name, value): (&String, &Option<String>)) -> (String, Option<String>) {
    (name.clone(), value.clone())
}
