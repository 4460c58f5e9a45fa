//! Scripts that show a witness on a server: rows, session, role, command, and what the rule says of the row.
//!
//! The same steps serve three readers: people run the text in psql, the replay on a server of our own runs them one by
//! one and looks at what comes back, and the tests do as well. A script changes nothing: it ends in a rollback.

mod fill;
mod invent;
mod view;

pub use fill::Insert;
pub(crate) use invent::value as invented;

use std::collections::BTreeMap;

use crate::analyzer::decide::{Caller, Which};
use crate::analyzer::effective::{Columns, Effective};
use crate::analyzer::term::Type;
use crate::analyzer::witness::{Witness, WitnessRow};
use crate::model::{Command, Constraint, ConstraintKind, Relation, Schema, quote_ident, quote_literal};
use crate::report::{Asked, StatementForm};
use fill::{Cells, Filler};
use view::Part;
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
    /// The command, run as the role.
    pub act: String,
    /// What writes the row with all rights, where that is another statement.
    pub by_right: Option<String>,
    /// A query of one number, run with all rights: how many rows there are of the one in question that the rule says
    /// are fine, and how many that it does not.
    pub judge: Option<String>,
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
        let act = format!("set local role {};\n{};\n", quote_ident(&self.role), self.act);
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

/// The command and the rows that it is about.
struct Act<'s, 'a> {
    scene: &'s Scene<'a>,
    schema: &'a Schema,
    /// The row that is there, as far as it is known.
    old: Option<Cells>,
    /// The row that is written.
    new: Option<Cells>,
    /// The view that it is written through.
    part: Option<&'s Part<'a>>,
}

impl Act<'_, '_> {
    fn script(&self, rows: Vec<Insert>, witness: &Witness) -> Option<Script> {
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
            settings.insert("request.jwt.claims".to_owned(), claims.to_string());
        }
        Some(Script {
            rows,
            settings,
            role: role.to_owned(),
            act: self.command()?,
            by_right: None,
            judge,
            judge_first: which == Which::Old,
            fires: super::trigger::fire(self.schema, table(relation, self.schema), command),
            shows: if asked == Asked::NeverExceeds { Shows::Exceeded } else { Shows::Refused },
        })
    }

    fn command(&self) -> Option<String> {
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
