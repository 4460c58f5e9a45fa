//! Scripts that show a witness on a server: rows, session, role, command, and what the rule says of the row.
//!
//! The same steps serve three readers: people run the text in psql, the replay on a server of our own runs them one by
//! one and looks at what comes back, and the tests do as well. A script changes nothing: it ends in a rollback.

mod act;
mod contrast;
mod fill;
mod invent;
mod view;

pub use contrast::Contrast;
pub use fill::Insert;
pub(crate) use invent::value as invented;

use std::collections::BTreeMap;

use crate::analyzer::decide::{Caller, Which};
use crate::analyzer::effective::{Columns, Effective};
use crate::analyzer::term::Type;
use crate::analyzer::witness::{Witness, WitnessRow};
use crate::model::{Command, Constraint, ConstraintKind, QualifiedName, Relation, Schema, quote_ident, quote_literal};
use crate::report::{Asked, StatementForm};
use act::Act;
use fill::{Cells, Filler};
pub(in crate::verdicts) use view::table;

/// A question whose answer a script is to show.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Effective access, and with it the model.
    pub effective: &'a Effective<'a>,
    /// The role.
    pub role: &'a str,
    /// The relation.
    pub relation: &'a Relation,
    /// The parent that the act names in place of the relation: its grants count then.
    pub parent: Option<&'a Relation>,
    /// The command.
    pub command: Command,
    /// The row that the rule is on.
    pub which: Which,
    /// How statements reach the database.
    pub caller: Caller,
    /// What was asked.
    pub asked: Asked,
    /// The form of the command that it was asked of, where others answer otherwise.
    pub form: Option<StatementForm>,
    /// The rule, valid under an empty `search_path`; without one the script shows what is reached and judges nothing.
    pub rule: Option<&'a str>,
}

impl<'a> Scene<'a> {
    /// The relation that the act names.
    fn named(&self) -> &'a Relation {
        self.parent.unwrap_or(self.relation)
    }

    fn may(&self, command: Command, column: &str) -> bool {
        match &self.effective.access(self.role, self.named(), command).columns {
            Columns::All => true,
            Columns::Only(held) => held.iter().any(|(c, _)| c == column),
            Columns::None => self.asked == Asked::GrantsAll,
        }
    }

    /// Whether the command gives the column a value: what is granted by a rule is written whole.
    fn writes(&self, column: &str) -> bool {
        self.asked == Asked::GrantsAll || self.may(self.command, column)
    }

    /// The key by which an upsert meets a row.
    fn key(&self) -> Option<&Constraint> {
        let of = |kind: &ConstraintKind| self.relation.constraints.iter().find(|c| c.kind == *kind);
        of(&ConstraintKind::PrimaryKey).or_else(|| of(&ConstraintKind::Unique))
    }

    /// A row that is there, with a key to meet it by.
    fn keyed(&self, mut cells: Cells) -> Cells {
        let key = self.key().filter(|_| self.form == Some(StatementForm::Upsert));
        for column in key.iter().flat_map(|key| &key.columns).filter_map(|c| self.relation.column(c)) {
            let value = || invent::value(column, self.relation, self.effective.schema(), 1);
            cells.entry(column.name.clone()).or_insert_with(value);
        }
        cells
    }
}

/// The steps that show a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The rows that stand in the database, parents first.
    pub rows: Vec<Insert>,
    /// The settings of the session.
    pub settings: BTreeMap<String, String>,
    /// The role.
    pub role: String,
    /// The parent that the command names, where it does: it reaches all that hangs on it.
    pub parent: Option<QualifiedName>,
    /// The command, run as the role.
    pub act: String,
    /// The same of every row, where one beside that in question may raise an error.
    pub whole: Option<String>,
    /// What writes the row with all rights, where that is another statement.
    pub by_right: Option<String>,
    /// A query of one number, run with all rights: how many rows there are of the one in question that the rule says
    /// are fine, and how many that it does not.
    pub judge: Option<String>,
    /// What shows without a rule that the command reaches too much.
    pub contrast: Option<Contrast>,
    /// Whether the row is there before the command; else the judge comes after it.
    pub judge_first: bool,
    /// Whether the command fires triggers of the application.
    pub fires: bool,
    /// What is shown.
    pub shows: Shows,
}

/// What a script shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// The command reaches a row that the rule denies.
    Exceeded,
    /// The command does not reach a row that the rule grants.
    Refused,
}

/// The column of [`Script::judge`] that counts rows that the rule is TRUE of.
pub const WITHIN: &str = "within_the_rule";
/// The column of [`Script::judge`] that counts rows that it is not TRUE of.
pub const BEYOND: &str = "beyond_the_rule";

impl Script {
    /// The script of a witness; `None` where no row of it can be written.
    #[must_use]
    pub fn of(scene: &Scene<'_>, witness: &Witness) -> Option<Self> {
        let schema = scene.effective.schema();
        let is_view = scene.relation.view.is_some();
        if is_view && scene.command != Command::Select {
            return Self::through_view(scene, witness);
        }
        let mut filler = Filler::new(schema);
        let pick =
            |stored: bool| witness.subjects.iter().find(|s| s.relation == scene.relation.name && s.stored == stored);
        let (old, new) = (pick(true), pick(false));
        let mut reached = None;
        for (name, tuples) in &witness.database.relations {
            let Some(relation) = schema.relation(name) else { continue };
            for tuple in tuples {
                let mut cells = self::cells(tuple, relation, schema);
                let of_subject = reached.is_none() && old.is_some_and(|o| o.relation == *name && o.columns == *tuple);
                if of_subject && let Some(new) = new.filter(|_| scene.command == Command::Update) {
                    // What is not said of the row as it was, and cannot be set, is as it will be.
                    let after = self::cells(&new.columns, relation, schema);
                    cells = after.into_iter().filter(|(column, _)| !scene.writes(column)).chain(cells).collect();
                }
                let row = filler.row(relation, if of_subject { scene.keyed(cells) } else { cells });
                if of_subject {
                    reached = Some(row);
                }
            }
        }
        let written = new.filter(|_| !is_view && scene.command != Command::Select);
        let mut act = Act { scene, schema, old: None, new: None, part: None };
        if let Some(row) = written {
            let mut cells = cells(&row.columns, scene.relation, schema);
            if let Some(place) = reached.filter(|_| scene.command == Command::Update) {
                let before = filler.cells(place);
                cells.extend(before.into_iter().filter(|(column, _)| !scene.writes(column)));
            }
            if scene.command == Command::Insert {
                // What the role may not write keeps its default.
                cells.retain(|column, _| scene.writes(column));
            }
            if scene.command == Command::Update && reached.is_none() {
                // Nothing is known of the row that was there: one that is alike but for what is written.
                reached = Some(filler.row(scene.relation, scene.keyed(cells.clone())));
            }
            let adds = scene.command == Command::Insert || scene.form == Some(StatementForm::Upsert);
            let full = filler.completed(scene.relation, cells, adds);
            act.new = Some(full);
        }
        act.old = match (reached, new) {
            (Some(place), _) => Some(filler.cells(place)),
            (None, Some(row)) if is_view => Some(cells(&row.columns, scene.relation, schema)),
            _ => None,
        };
        act.script(filler.finish(), witness)
    }

    /// The statement that writes the row with all rights.
    #[must_use]
    pub fn by_right(&self) -> &str {
        self.by_right.as_deref().unwrap_or(&self.act)
    }

    /// The script for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::from("begin;\nset local search_path = '';\n\n");
        if !self.rows.is_empty() {
            out.push_str("-- rows of the application\n");
            self.rows.iter().for_each(|row| out.push_str(&format!("{row};\n")));
            out.push('\n');
        }
        let who = if self.settings.is_empty() { "-- who asks: a session without claims\n" } else { "-- who asks\n" };
        out.push_str(who);
        for (name, value) in &self.settings {
            out.push_str(&format!("select set_config({}, {}, true);\n", quote_literal(name), quote_literal(value)));
        }
        if let Some(contrast) = &self.contrast {
            out.push_str(&format!("\n{}\nrollback;\n", contrast.text(self)));
            return out;
        }
        let mut act = format!("set local role {};\n{};\n", quote_ident(&self.role), self.act);
        if let Some(whole) = &self.whole {
            act.push_str(&format!("-- or, where it is another row that raises an error\n{whole};\n"));
        }
        let Some(judge) = &self.judge else {
            out.push_str(&format!("\n-- what the role does\n{act}\nrollback;\n"));
            return out;
        };
        let judge = format!("-- what the rule says of the row\n{judge};\n");
        let steps = match (self.judge_first, self.shows) {
            (true, Shows::Exceeded) => format!("{judge}\n-- what the role does all the same\n{act}"),
            (true, Shows::Refused) => format!("{judge}\n-- what the role cannot do\n{act}"),
            (false, Shows::Exceeded) => format!("-- what the role does\n{act}reset role;\n\n{judge}"),
            (false, Shows::Refused) => format!(
                "-- the row, written with all rights\nsavepoint writing;\n{};\n{judge}rollback to savepoint writing;\n\n\
                 -- the same by the role\n{act}",
                self.by_right()
            ),
        };
        out.push_str(&format!("\n{steps}"));
        out.push_str("\nrollback;\n");
        out
    }
}

/// The values of a row that matter, as text.
fn cells(tuple: &crate::analyzer::evaluate::Tuple, relation: &Relation, schema: &Schema) -> Cells {
    let text = |name: &str, value: &Option<crate::analyzer::term::Value>| {
        let column = relation.column(name)?;
        let data_type = Type::named(&column.data_type, schema);
        match value {
            None => Some(None),
            Some(value) => value.text(&data_type).map(Some),
        }
    };
    tuple.iter().filter_map(|(name, value)| Some((name.to_string(), text(name, value)?))).collect()
}

/// The values of a witness's row, for people.
#[must_use]
pub fn shown(row: &WitnessRow, schema: &Schema) -> BTreeMap<String, Option<String>> {
    schema.relation(&row.relation).map(|relation| cells(&row.columns, relation, schema)).unwrap_or_default()
}

/// The same of a row of the database.
#[must_use]
pub fn shown_tuple(
    tuple: &crate::analyzer::evaluate::Tuple,
    relation: &Relation,
    schema: &Schema,
) -> BTreeMap<String, Option<String>> {
    cells(tuple, relation, schema)
}
