//! Calls of functions with what is another user's, as the Data API makes them: what they show, and what they write.
//!
//! A function with its owner's rights may reach what the caller does not. What it shows is searched for values of rows
//! that rules deny the caller. What it writes is known by the server's own counters, and asked again with triggers switched
//! off, so that what triggers log is not held against the function.

use std::collections::BTreeMap;

use tokio_postgres::SimpleQueryMessage;

use super::arguments::{self, Choice};
use super::hidden::{Hidden, is_declared};
use crate::access::{Declaration, Origin};
use crate::analyzer::decide::Which;
use crate::checks::rpc;
use crate::connector::ConnectError;
use crate::finding::Reproduce;
use crate::impersonation::guest::Guest;
use crate::impersonation::trial::{Answer, Session, Setting, Target, failed, request_for};
use crate::model::{Command, Function, FunctionKind, QualifiedName, Relation, Volatility, quote_ident};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome, Surprise, SurpriseKind};

/// The column of what a call gave back.
const SHOWN: &str = "pgwitness_shown";
/// Rows of a result that are looked at.
const ROWS: usize = 200;
/// The tables that were written in the transaction, counted whether it was undone or not.
const WRITTEN: &str = "select pg_catalog.quote_ident(schemaname) || '.' || pg_catalog.quote_ident(relname) as pgwitness_table, \
     n_tup_ins + n_tup_upd + n_tup_del as pgwitness_writes from pg_catalog.pg_stat_xact_user_tables \
     where n_tup_ins + n_tup_upd + n_tup_del > 0";

/// What a call reached.
struct Told<'h> {
    what: String,
    /// The rule that denies it.
    rule: Option<&'h Declaration>,
    /// What the caller does not do by itself, where no rule speaks of it.
    otherwise: &'static str,
}

/// A guest before a function.
pub(super) struct Caller<'t, 's, 'a> {
    pub(super) session: &'t Session<'s>,
    pub(super) setting: &'t Setting<'t, 'a>,
    pub(super) guest: &'t Guest,
    pub(super) claims: &'t str,
    pub(super) hidden: &'t Hidden<'t>,
}

impl Caller<'_, '_, '_> {
    /// Calls a function; `None` if no arguments can be made up for it.
    pub(super) async fn call(&self, function: &Function, choice: Choice) -> Result<Option<DoorTrial>, ConnectError> {
        let Some(arguments) = arguments::of(self.setting, self.guest, function, choice) else { return Ok(None) };
        let (name, list) = (function.id.qualified(), &arguments.list);
        let (statement, sql) = match function.kind {
            // It gives nothing that could be searched beside what goes in and out.
            FunctionKind::Procedure => {
                (format!("call {name}({list})"), format!("call {name}({list}); select null as {SHOWN} where false"))
            }
            _ => (
                format!("select * from {name}({list})"),
                format!(
                    "select to_jsonb(pgwitness_r)::text as {SHOWN} from {name}({list}) as pgwitness_r limit {ROWS}"
                ),
            ),
        };
        let path = format!("/rpc/{}", function.id.name);
        let target = Target { namespace: &function.id.schema, path: &path, method: "POST" };
        let request = request_for(self.setting.effective.schema(), self.guest, target);
        let writes = function.volatility == Volatility::Volatile;
        let count = if writes { format!("set local role none; {WRITTEN}; ") } else { String::new() };
        let again = if writes { format!("; set local role none; {WRITTEN}") } else { String::new() };
        let message = format!("{count}{}{request}{sql}{again}", self.claims);
        let answer = self.session.send(&message).await?;
        let mut trial = DoorTrial {
            persona: self.guest.persona.name.clone(),
            role: self.guest.persona.role.clone(),
            door: DoorKind::Call,
            object: function.id.to_string(),
            statement,
            outcome: outcome(&answer),
            expected: None,
            reached: Vec::new(),
            surprise: None,
        };
        if choice == Choice::Payload {
            trial.door = DoorKind::Injection;
            trial.reached.extend(injected(&answer));
            return Ok(Some(trial));
        }
        let Ok(answer) = answer else { return Ok(Some(trial)) };
        let mut told = self.shown(&answer, &arguments.values, function);
        if writes {
            for table in written(&answer) {
                told.extend(self.wrote(&table, &format!("{request}{sql}")).await?);
            }
        }
        self.tell(&mut trial, told, &format!("{}{request}", self.claims));
        if let Some(surprise) = &mut trial.surprise {
            let effective = self.setting.effective;
            let principal = effective.principals().iter().find(|p| p.role == self.guest.persona.role);
            let outside = principal.and_then(|principal| rpc(effective, principal, &name, &arguments.body));
            (surprise.reproduce.curl, surprise.reproduce.supabase_js) = outside.unzip();
        }
        Ok(Some(trial))
    }

    /// Rows that rules deny and that stand in the result.
    fn shown<'h>(&'h self, answer: &[SimpleQueryMessage], given: &[String], function: &Function) -> Vec<Told<'h>> {
        let result: Vec<_> = answer.iter().filter_map(|message| text(message, SHOWN)).collect();
        let mut columns: BTreeMap<&QualifiedName, (Vec<&str>, Option<&Declaration>)> = BTreeMap::new();
        for from in self.hidden.shown_by(&result, given, &function.body) {
            let (known, _) = columns.entry(from.relation).or_insert((Vec::new(), from.rule));
            if !known.contains(&from.column.as_str()) {
                known.push(&from.column);
            }
        }
        // Values say more than whole rows do.
        for (row, object) in self.hidden.rows_in(&result, given, function) {
            let names = row.relation.columns.iter().map(|c| c.name.as_str()).filter(|c| object.contains_key(*c));
            columns.entry(&row.relation.name).or_insert_with(|| (names.collect(), row.rule));
        }
        let told = |(relation, (columns, rule)): (&QualifiedName, (Vec<&str>, Option<&'h Declaration>))| {
            let what = format!("showed {} of rows of {relation}", columns.join(", "));
            Told { what, rule, otherwise: "read" }
        };
        columns.into_iter().map(told).collect()
    }

    /// What the call itself did to rows of a table beyond the rules.
    async fn wrote<'h>(&'h self, table: &str, call: &str) -> Result<Vec<Told<'h>>, ConnectError> {
        let schema = self.setting.effective.schema();
        let Some(relation) = schema.relations.iter().find(|r| r.name.to_string() == table) else {
            return Ok(Vec::new());
        };
        let rules: Vec<_> = self.rules(relation).collect();
        let question = question(relation, &rules);
        let Ok(before) = self.session.send(&format!("{}{question}", self.claims)).await? else { return Ok(Vec::new()) };
        let message = format!(
            "set local session_replication_role = replica; {}{call}; set local role none; set local search_path = ''; {question}",
            self.claims
        );
        let Ok(after) = self.session.send(&message).await? else { return Ok(Vec::new()) };
        let (before, after) = (rows(&before), rows(&after));
        let gone: Vec<_> = before.iter().filter(|(id, _)| !after.contains_key(*id)).map(|(_, row)| row).collect();
        let new: Vec<_> = after.iter().filter(|(id, _)| !before.contains_key(*id)).map(|(_, row)| row).collect();
        let (command, word) = match (gone.is_empty(), new.is_empty()) {
            (true, true) => return Ok(Vec::new()),
            (true, false) => (Command::Insert, "added"),
            (false, true) => (Command::Delete, "deleted"),
            (false, false) => (Command::Update, "changed"),
        };
        let denied = |row: &&Row, at: usize| row.rules.get(at) == Some(&false);
        if rules.is_empty() {
            let others = gone.iter().filter(|row| self.hidden.is_others(relation, command, &row.text)).count();
            return Ok((others > 0).then(|| wrote(word, others, table, None)).into_iter().collect());
        }
        let told = rules.iter().enumerate().filter(|(_, rule)| rule.command == command).filter_map(|(at, rule)| {
            let rows = match rule.row {
                Which::Old => gone.iter().filter(|row| denied(row, at)).count(),
                // A row of one's own is what a function that adds rows is for; one that names what is hidden is not.
                Which::New => new.iter().filter(|row| denied(row, at) && self.hidden.touches(&row.text)).count(),
            };
            (rows > 0).then(|| wrote(word, rows, table, Some(*rule)))
        });
        Ok(told.take(1).collect())
    }

    fn rules<'h>(&'h self, relation: &'h Relation) -> impl Iterator<Item = &'h Declaration> {
        let of = move |d: &&Declaration| {
            d.role == self.guest.persona.role
                && d.relation == relation.name
                && d.command != Command::Select
                && d.mode.is_upper()
        };
        self.setting.intent.declarations.iter().filter(of)
    }

    fn tell(&self, trial: &mut DoorTrial, told: Vec<Told<'_>>, session: &str) {
        for Told { what, rule, otherwise } in told {
            let who = &trial.persona;
            let by = match rule.map(|rule| &rule.origin) {
                Some(Origin::Declared(place)) => format!("that the rule at {place} denies"),
                Some(Origin::Reading { because }) => format!("that the default reading denies ({because})"),
                None => format!("that are others' and that {} does not {otherwise} by itself", trial.role),
            };
            let text = format!("as {who}, calling {} {what} {by}", trial.object);
            if let Some(rule) = rule.filter(|rule| is_declared(rule)).filter(|_| trial.surprise.is_none()) {
                let script = format!("begin;\n{session}\n{};\nrollback;\n", trial.statement);
                trial.surprise = Some(Surprise {
                    kind: SurpriseKind::Beyond,
                    text: text.clone(),
                    rule: Some(rule.predicate.text.clone()),
                    declared: true,
                    reproduce: Reproduce { sql: Some(script.replace("; ", ";\n")), ..Reproduce::default() },
                });
            }
            trial.reached.push(text);
        }
    }
}

fn wrote<'h>(word: &str, rows: usize, table: &str, rule: Option<&'h Declaration>) -> Told<'h> {
    let what = format!("{word} {rows} {} of {table}", if rows == 1 { "row" } else { "rows" });
    Told { what, rule, otherwise: "write" }
}

fn outcome(answer: &Answer) -> ProbeOutcome {
    match answer {
        Ok(answer) => {
            let rows = answer.iter().filter(|message| text(message, SHOWN).is_some()).count();
            match u32::try_from(rows).unwrap_or(u32::MAX) {
                0 => ProbeOutcome::NothingSeen,
                rows => ProbeOutcome::Seen { rows, at_least: rows as usize >= ROWS },
            }
        }
        Err(error) => failed(error),
    }
}

/// Whether the server stumbled over the payload within SQL that the function put together.
fn injected(answer: &Answer) -> Option<String> {
    let Err(error) = answer else { return None };
    let Some(tokio_postgres::error::ErrorPosition::Internal { query, .. }) = error.position() else { return None };
    let is_broken = ["42601", "42703", "42P01"].contains(&error.code().code());
    let text = "a text that was given became part of the SQL that the function runs";
    (is_broken && query.contains(arguments::PAYLOAD)).then(|| text.to_owned())
}

fn text(message: &SimpleQueryMessage, column: &str) -> Option<String> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    let is = row.columns().first().is_some_and(|c| c.name() == column);
    if is { row.get(0).map(str::to_owned) } else { None }
}

/// The tables whose counters a call has moved, which were asked before and after.
fn written(answer: &[SimpleQueryMessage]) -> Vec<String> {
    let (mut before, mut after, mut called) = (BTreeMap::new(), BTreeMap::new(), false);
    for message in answer {
        let SimpleQueryMessage::Row(row) = message else {
            if let SimpleQueryMessage::RowDescription(columns) = message {
                called |= columns.first().is_some_and(|c| c.name() == SHOWN);
            }
            continue;
        };
        if row.columns().first().is_some_and(|c| c.name() == "pgwitness_table")
            && let (Some(table), Some(writes)) = (row.get(0), row.get(1))
        {
            let counts = if called { &mut after } else { &mut before };
            counts.insert(table.to_owned(), writes.to_owned());
        }
    }
    after.into_iter().filter(|(table, writes)| before.get(table) != Some(writes)).map(|(table, _)| table).collect()
}

/// A row, with what the rules say of it.
struct Row {
    text: String,
    rules: Vec<bool>,
}

fn question(relation: &Relation, rules: &[&Declaration]) -> String {
    let each: Vec<_> =
        rules.iter().map(|rule| format!("case when ({}) is true then 't' else 'f' end", rule.predicate.sql)).collect();
    format!(
        "select ctid::text as pgwitness_row, to_jsonb({}.*)::text, {} from {}",
        quote_ident(&relation.name.name),
        if each.is_empty() { "''".to_owned() } else { each.join(" || ") },
        relation.name
    )
}

fn rows(answer: &[SimpleQueryMessage]) -> BTreeMap<String, Row> {
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) if row.columns().first()?.name() == "pgwitness_row" => {
            let rules = row.get(2)?.chars().map(|c| c == 't').collect();
            Some((row.get(0)?.to_owned(), Row { text: row.get(1)?.to_owned(), rules }))
        }
        _ => None,
    };
    answer.iter().filter_map(row).collect()
}
