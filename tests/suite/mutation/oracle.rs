//! What a weakening really lets somebody reach, seen on a server.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use pgwitness::checks::Context;
use pgwitness::model::{QualifiedName, quote_literal};
use pgwitness::shadow::{self, Platform, Server};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::rows::{self, PEOPLE, tables};
use super::weaken::{Mutant, subjects};
use crate::differential::choice::Choice;
use crate::support::{self, block_on, explain};
use crate::verdicts::fixtures::project;

/// States of rows that each weakening is tried in.
const STATES: u64 = 2;

/// A server with the fixture and rows.
pub(super) struct Oracle {
    states: Vec<State>,
    relations: Vec<QualifiedName>,
    tables: Vec<QualifiedName>,
    _server: Server,
}

/// A database with rows, and what each session reaches there as the fixture is.
struct State {
    client: Client,
    sessions: Vec<(String, String)>,
    before: RefCell<BTreeMap<Option<QualifiedName>, Vec<BTreeSet<String>>>>,
}

impl Oracle {
    pub(super) fn new(fixture: &str, cx: &Context<'_>) -> Self {
        let server = support::server(17, Platform::SUPABASE);
        let files = project(fixture, "");
        block_on(shadow::run(server.at("postgres"), &files, shadow::Mode::Strict)).unwrap_or_else(|e| panic!("{e}"));
        let admin = support::connect(&server, server.superuser(), "postgres");
        run(&admin, include_str!("probe.sql"));
        let relations: Vec<_> = subjects(cx).into_iter().map(|r| r.name.clone()).collect();
        let tables: Vec<_> = tables(cx).into_iter().map(|r| r.name.clone()).collect();
        drop(admin);
        let states = (0..STATES).map(|seed| State::new(&server, cx, seed)).collect();
        Self { states, relations, tables, _server: server }
    }

    /// Something that a session reaches with the weakening and does not without it; `None` if there is nothing.
    pub(super) fn gained(&self, mutant: &Mutant) -> Option<String> {
        let written: Vec<_> = mutant.relation.iter().filter(|r| self.tables.contains(r)).cloned().collect();
        self.states.iter().find_map(|state| {
            let known = state.before.borrow().contains_key(&mutant.relation);
            if !known {
                let before = state.reached(&self.relations, &written, "");
                state.before.borrow_mut().insert(mutant.relation.clone(), before);
            }
            let before = state.before.borrow()[&mutant.relation].clone();
            let after = state.reached(&self.relations, &written, &mutant.sql);
            let sessions = state.sessions.iter().zip(before.iter().zip(&after));
            sessions.into_iter().find_map(|((role, _), (before, after))| {
                after.difference(before).next().map(|fact| format!("{role} {fact}"))
            })
        })
    }
}

impl State {
    fn new(server: &Server, cx: &Context<'_>, seed: u64) -> Self {
        let admin = support::connect(server, server.superuser(), "template1");
        let name = format!("state_{seed}");
        run(&admin, &format!("create database {name} template postgres strategy file_copy"));
        let client = support::connect(server, server.superuser(), &name);
        let mut c = Choice::new(seed + 11);
        run(&client, "set session_replication_role = replica");
        for statement in rows::statements(cx, &mut c, 10) {
            // Rows that a CHECK refuses are left out.
            drop(block_on(client.simple_query(&statement)));
        }
        for relation in tables(cx) {
            for n in 0..24 {
                let row = rows::row(cx.schema, relation, &mut c);
                let json: serde_json::Map<_, _> = row.into_iter().map(|(k, v)| (k, v.into())).collect();
                let json = serde_json::Value::Object(json).to_string();
                let values = format!("({}, {n}, {})", quote_literal(&relation.name.to_string()), quote_literal(&json));
                run(&client, &format!("insert into probe.candidates values {values}"));
            }
            run(
                &client,
                &format!(
                    "create policy \"probe: one row\" on {0} as restrictive for update using \
                     (md5(({1}.*)::text) = coalesce(nullif(current_setting('probe.row', true), ''), md5(({1}.*)::text))) \
                     with check (true)",
                    relation.name,
                    pgwitness::model::quote_ident(&relation.name.name)
                ),
            );
        }
        Self { client, sessions: sessions(cx), before: RefCell::default() }
    }

    /// What each session reaches after some statements, which are taken back.
    fn reached(&self, relations: &[QualifiedName], written: &[QualifiedName], sql: &str) -> Vec<BTreeSet<String>> {
        let list = |names: &[QualifiedName]| {
            let each: Vec<_> = names.iter().map(|n| quote_literal(&n.to_string())).collect();
            format!("array[{}]::regclass[]", each.join(", "))
        };
        run(&self.client, &format!("begin; {sql}"));
        let all = self.sessions.iter().map(|(role, claims)| {
            let (role, claims) = (quote_literal(role), quote_literal(claims));
            let query = format!("select probe.all({role}, {claims}, {}, {})", list(relations), list(written));
            let answer =
                block_on(self.client.simple_query(&query)).unwrap_or_else(|e| panic!("{}\n{sql}", explain(&e)));
            answer
                .iter()
                .filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => row.get(0).map(ToOwned::to_owned),
                    _ => None,
                })
                .collect()
        });
        let all = all.collect();
        run(&self.client, "rollback");
        all
    }
}

/// Visitors, people in several tenants and roles, and whoever else the application has.
fn sessions(cx: &Context<'_>) -> Vec<(String, String)> {
    let mut all = vec![("anon".to_owned(), r#"{"role":"anon"}"#.to_owned())];
    for (at, id) in PEOPLE.iter().take(2).enumerate() {
        for role in ["member", "manager"] {
            let tenant = PEOPLE[(at + 1) % PEOPLE.len()];
            let claims = format!(
                r#"{{"sub":"{id}","role":"authenticated","app_metadata":{{"org_id":"{tenant}","role":"{role}"}}}}"#
            );
            all.push(("authenticated".to_owned(), claims));
        }
    }
    let others = cx.effective.principals().iter().filter(|p| p.is_untrusted() && !p.is_api());
    all.extend(others.map(|p| (p.role.clone(), String::new())));
    all
}

fn run(client: &Client, sql: &str) {
    block_on(client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}\n{sql}", explain(&e)));
}
