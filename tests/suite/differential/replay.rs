//! Witnesses on a real server: their rows are inserted, their session is taken, and the role acts.

use std::fmt::Write as _;

use pgwitness::analyzer::decide::Escalation;
use pgwitness::analyzer::evaluate::Tuple;
use pgwitness::analyzer::term::Type;
use pgwitness::analyzer::witness::{Witness, WitnessRow};
use pgwitness::model::{QualifiedName, Relation, Schema, quote_ident, quote_literal};

use super::policies::is_planners;
use crate::support::{TestDatabase, block_on};

/// What [`outcome`] gives in place of a SQLSTATE where the server's planner failed.
pub(super) const PLANNER: &str = "planner";

/// Runs statements as postgres, then one as a role, and gives its rows or its SQLSTATE; nothing stays.
pub(super) fn outcome(database: &TestDatabase, role: &str, state: &str, query: &str) -> Result<Vec<String>, String> {
    database.execute(&format!("begin; {state}; set local role {role}"));
    let answer = block_on(database.client.simple_query(query));
    database.execute("rollback");
    match answer {
        Ok(messages) => Ok(messages
            .iter()
            .filter_map(|m| match m {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
                tokio_postgres::SimpleQueryMessage::CommandComplete(n) => Some(format!("{n} rows")),
                _ => None,
            })
            .collect()),
        Err(error) if is_planners(&error) => Err(PLANNER.to_owned()),
        Err(error) => Err(error.code().map(|c| c.code().to_owned()).unwrap_or_default()),
    }
}

pub(super) struct Replay<'a> {
    database: &'a TestDatabase,
    schema: &'a Schema,
    witness: &'a Witness,
    filler: std::cell::Cell<u32>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(database: &'a TestDatabase, schema: &'a Schema, witness: &'a Witness) -> Self {
        Self { database, schema, witness, filler: std::cell::Cell::new(1000) }
    }

    fn relation(&self, name: &QualifiedName) -> &'a Relation {
        self.schema.relation(name).unwrap()
    }

    /// The statements that make the state.
    fn state(&self) -> String {
        // Constraints and triggers are as for anybody.
        let mut sql = String::from("set constraints all deferred;");
        let mut relations: Vec<_> = self.witness.database.relations.iter().collect();
        relations.sort_by_key(|(name, _)| self.depth(name, 0));
        for (name, rows) in relations {
            for row in rows {
                write!(sql, "{};", self.insert(name, row)).unwrap();
            }
        }
        for (name, value) in &self.witness.session.settings {
            write!(sql, "select set_config({}, {}, true);", quote_literal(name), quote_literal(value)).unwrap();
        }
        let claims = self.witness.session.claims.as_ref().map(ToString::to_string).unwrap_or_default();
        write!(sql, "select set_config('request.jwt.claims', {}, true)", quote_literal(&claims)).unwrap();
        sql
    }

    fn depth(&self, name: &QualifiedName, depth: usize) -> usize {
        let parents = self.relation(name).constraints.iter().filter_map(|c| match &c.kind {
            pgwitness::model::ConstraintKind::ForeignKey(key) if key.relation != *name => Some(&key.relation),
            _ => None,
        });
        parents.map(|p| if depth > 5 { 0 } else { 1 + self.depth(p, depth + 1) }).max().unwrap_or(0)
    }

    fn insert(&self, name: &QualifiedName, row: &Tuple) -> String {
        let (columns, values) = self.values(name, row);
        format!("insert into {name} ({}) overriding system value values ({})", columns.join(", "), values.join(", "))
    }

    /// What the row says, and something for what must be given.
    fn values(&self, name: &QualifiedName, row: &Tuple) -> (Vec<String>, Vec<String>) {
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for column in self.relation(name).columns.iter().filter(|c| c.generated.is_none()) {
            let t = Type::named(&column.data_type, self.schema);
            let value = match row.get(column.name.as_str()) {
                Some(Some(value)) => value.sql(&t),
                Some(None) => "NULL".to_owned(),
                None if column.nullable || column.default.is_some() => continue,
                None => match t {
                    Type::Text => "'filler'".to_owned(),
                    Type::Bool => "false".to_owned(),
                    Type::Uuid => "gen_random_uuid()".to_owned(),
                    _ => {
                        self.filler.set(self.filler.get() + 1);
                        self.filler.get().to_string()
                    }
                },
            };
            columns.push(quote_ident(&column.name).into_owned());
            values.push(value);
        }
        (columns, values)
    }

    /// What the role reads of a relation, in the witness's state.
    pub(super) fn read(&self, role: &str, relation: &str) -> Result<Vec<String>, String> {
        outcome(self.database, role, &self.state(), &format!("select 'row' from public.{relation}"))
    }

    /// How many rows of a relation the role reads that meet a condition.
    pub(super) fn rows(&self, role: &str, relation: &str, condition: &str) -> usize {
        let query = format!("select 'row' from public.{relation} where {condition}");
        let rows = outcome(self.database, role, &self.state(), &query);
        rows.unwrap_or_else(|code| panic!("{code}: {query}\n{:#?}", self.witness))
            .iter()
            .filter(|r| *r == "row")
            .count()
    }

    /// The role makes the old row the new one, which then breaks the rule.
    pub(super) fn update(&self, role: &str, relation: &str, rule: &str) {
        let name = QualifiedName::new("public", relation);
        let new = self.witness.subjects.iter().find(|s| !s.stored).unwrap();
        let set: Vec<_> = self.assignments(&name, &new.columns);
        let update = format!("update {name} set {}", set.join(", "));
        let done = outcome(self.database, role, &self.state(), &update).unwrap();
        assert_eq!(done, ["1 rows"], "{update}\n{:#?}", self.witness);
        let state = format!("{}; {update}", self.state());
        let broken =
            outcome(self.database, "postgres", &state, &format!("select 'row' from {name} where ({rule}) is not true"));
        assert!(broken.unwrap().contains(&"row".to_owned()), "{update}\n{:#?}", self.witness);
    }

    fn assignments(&self, name: &QualifiedName, row: &Tuple) -> Vec<String> {
        let relation = self.relation(name);
        let t = |c: &str| Type::named(&relation.column(c).unwrap().data_type, self.schema);
        let value = |c: &str, v: &Option<pgwitness::analyzer::term::Value>| {
            v.as_ref().map_or_else(|| "NULL".to_owned(), |v| v.sql(&t(c)))
        };
        row.iter().map(|(c, v)| format!("{} = {}", quote_ident(c), value(c, v))).collect()
    }

    /// The row that a row of the witness is, told by all that is known of it.
    fn is(&self, row: &WitnessRow) -> String {
        let each = self.assignments(&row.relation, &row.columns);
        let each: Vec<_> = each.iter().map(|a| a.replacen(" = ", " is not distinct from ", 1)).collect();
        if each.is_empty() { "true".to_owned() } else { each.join(" and ") }
    }

    /// The row is out of reach, the role writes, and the row is within reach.
    pub(super) fn escalate(&self, role: &str, relation: &str, escalation: &Escalation) {
        let subject = &self.witness.subjects[0];
        let (old, new) = {
            let written = &self.witness.subjects[1..];
            (written.iter().find(|s| s.stored), written.iter().find(|s| !s.stored))
        };
        let write = match (old, new) {
            (None, Some(new)) => self.insert(&new.relation, &new.columns),
            (Some(old), Some(new)) => {
                let changed: Vec<_> = self
                    .assignments(&new.relation, &new.columns)
                    .into_iter()
                    .filter(|a| escalation.columns.iter().any(|c| a.starts_with(&format!("{} = ", quote_ident(c)))))
                    .collect();
                format!("update {} set {} where {}", new.relation, changed.join(", "), self.is(old))
            }
            (Some(old), None) => format!("delete from {} where {}", old.relation, self.is(old)),
            (None, None) => panic!("nothing is written: {escalation:?}"),
        };
        let which = self.is(subject);
        let read = format!("select 'row' from public.{relation} where {which}");
        let before = outcome(self.database, role, &self.state(), &read).unwrap();
        assert!(!before.contains(&"row".to_owned()), "seen before\n{:#?}", self.witness);
        let after = outcome(self.database, role, &self.state(), &format!("{write}; {read}"));
        let after = after.unwrap_or_else(|code| panic!("{code}: {write}\n{:#?}", self.witness));
        assert!(after.contains(&"row".to_owned()), "not seen after {write}\n{:#?}", self.witness);
    }
}
