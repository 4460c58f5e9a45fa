//! Access through random PL/pgSQL helpers against the server: variables, branches that meet again, early returns, errors and
//! their handlers, functions of rows.

use std::fmt::Write as _;

use pgwitness::analyzer::decide::{Asker, Caller, Decider, Which};
use pgwitness::analyzer::effective::Effective;
use pgwitness::analyzer::verdict::Verdict;
use pgwitness::model::Command;
use pgwitness::shadow::Platform;

use super::choice::{Choice, first_seed, rounds};
use super::failures::Failures;
use super::policies::{Counts, READER, Seen, attack, condition, replay, schema_of, seen, setup};
use super::world;
use crate::support::{self, TestDatabase, block_on};

const RULES_A_ROUND: u64 = 8;
const STATES_A_ROUND: u64 = 5;

#[test]
fn access_through_programs_is_what_the_server_gives() {
    let database = support::database(17, Platform::Postgres, &setup());
    let (mut counts, mut granted) = (Counts::default(), 0);
    let first = first_seed() + 1_700_000;
    let all = rounds(40);
    let mut failures = Failures::default();
    for seed in first..first + all {
        failures.case(|| granted += round(&database, seed, &mut counts));
    }
    let unknown: u64 = counts.unknown.values().sum();
    println!(
        "programs: {} proved ({} rows seen by the role), {granted} lock-outs refuted, {} violated (all replayed), {unknown} not \
         decided, {} failed in the server's planner; seeds {first} to {}",
        counts.proved,
        counts.rows,
        counts.violated,
        counts.planner,
        first + all - 1
    );
    failures.finish();
    let questions = all * RULES_A_ROUND;
    assert!(counts.proved > questions / 20 && counts.violated > questions / 50, "one-sided: {counts:?}");
    assert!(granted > questions / 40, "no rule is granted: {granted}");
    assert!(unknown * 4 < questions, "{counts:?}");
}

/// Bodies of which something raises an error that gives no value to anything, and whether a row where `n` is 1 and `s` is
/// `x` is refused for it.
const IN_VAIN: &[(bool, &str)] = &[
    (true, "declare k int; begin k := s::int; return n = 1; end"),
    (true, "declare k int := s::int; begin return n = 1; end"),
    (true, "declare k int; begin select x.n into strict k from d.t1 x where x.s = s; return n = 1; end"),
    (true, "begin perform 1 / (n - 1); return n = 1; end"),
    (true, "begin if s::int = 1 then null; end if; return n = 1; end"),
    (false, "declare k int; begin k := n; return n = 1; end"),
    (false, "declare k int; begin select x.n into k from d.t1 x where x.s = $2; return n = 1; end"),
    (false, "declare k int; begin if n < 2 then k := n; end if; return n = 1; end"),
];

#[test]
fn what_is_computed_in_vain_may_raise() {
    let database = support::database(17, Platform::Postgres, &setup());
    database.execute("insert into d.t0 (id, n, s) values (1, 1, 'x')");
    for (refused, body) in IN_VAIN {
        let rows = body.replace("return n = 1;", "return query select 1 where n = 1; ");
        let forms = [
            ("boolean", (*body).to_owned(), "d.vain(t0.n, t0.s)"),
            ("setof int", rows, "1 in (select d.vain(t0.n, t0.s))"),
        ];
        for (returns, body, policy) in forms {
            // A variable of the name of a column is none.
            let body = body.replace("x.s = s", "x.s = $2");
            database.execute(&format!(
                "drop policy if exists p on d.t0; drop function if exists d.vain; alter table d.t0 enable row level security;
                 create function d.vain(n int, s text) returns {returns} language plpgsql stable security definer
                 set search_path = '' as $$ {body} $$; create policy p on d.t0 for select to {READER} using ({policy});"
            ));
            let raised = matches!(seen(&database), Seen::Raised);
            assert_eq!(raised, *refused, "{body}");
            let schema = schema_of(&database);
            let effective = Effective::new(&schema, None);
            let decider = Decider::new(&effective);
            let table = schema.relation(&world::table("t0")).unwrap();
            let mut access = decider.access(READER, table, Command::Select, Which::Old, Caller::Sql);
            let verdict = access.grants_all("n = 1 and s = 'x'", Asker::Any);
            assert_eq!(verdict == Verdict::Proved, !refused, "{body}: {verdict:?}");
            let exceeds = access.never_exceeds("s is distinct from 'x'", Asker::Any);
            assert_eq!(matches!(exceeds, Verdict::Violated(_)), !refused, "{body}: {exceeds:?}");
        }
    }
}

fn round(database: &TestDatabase, seed: u64, counts: &mut Counts) -> u64 {
    let mut c = Choice::new(seed);
    let program = policies(&mut c);
    database.execute(&program);
    let schema = schema_of(database);
    let effective = Effective::new(&schema, None);
    let decider = Decider::new(&effective);
    let table = schema.relation(&world::table("t0")).unwrap();
    let own = table.policies[0].using.clone().unwrap();
    let (mut proofs, mut granted) = (Vec::new(), Vec::new());
    for _ in 0..RULES_A_ROUND {
        let other = condition(&mut c, 0, 2, 1);
        let rule = match c.below(4) {
            0 => own.clone(),
            1 => format!("({own}) or ({other})"),
            2 => format!("({own}) and ({other})"),
            _ => other,
        };
        let mut access = decider.access(READER, table, Command::Select, Which::Old, Caller::Sql);
        if access.grants_all(&rule, Asker::Any) == Verdict::Proved {
            granted.push(rule.clone());
        }
        match access.never_exceeds(&rule, Asker::Any) {
            Verdict::Proved => proofs.push(rule),
            Verdict::Violated(witness) => {
                counts.planner += replay(database, seed, &rule, &witness, &format!("{program}\n{}", access.sql()));
                counts.violated += 1;
            }
            Verdict::Unknown(reason) => *counts.unknown.entry(reason.to_string()).or_default() += 1,
        }
    }
    counts.proved += proofs.len() as u64;
    for _ in 0..STATES_A_ROUND {
        attack(database, seed, &mut c, &proofs, counts);
        for rule in &granted {
            locks_nobody_out(database, seed, rule);
        }
    }
    granted.len() as u64
}

/// Whether the role sees all rows of which the rule is true, in the state that there is.
fn locks_nobody_out(database: &TestDatabase, seed: u64, rule: &str) {
    let wanted = block_on(database.client.query(&format!("select ctid::text from d.t0 where {rule}"), &[]));
    // A rule that raises an error grants nothing that can be told.
    let Ok(wanted) = wanted else { return };
    let seen = match seen(database) {
        Seen::Rows(rows) => Some(rows),
        Seen::Raised => None,
        Seen::Planner => return,
    };
    for row in wanted.iter().map(|r| r.get::<_, String>(0)) {
        let is_seen = seen.as_ref().is_some_and(|s| s.contains(&row));
        assert!(
            is_seen,
            "seed {seed}: proved to be granted, but not seen ({:?} rows are)\n{rule}",
            seen.map(|s| s.len())
        );
    }
}

/// Statements that give the first table one policy over new helpers.
fn policies(c: &mut Choice) -> String {
    let definer = if c.chance(50) { "security definer" } else { "" };
    let mut program = Program { c, text: String::new(), left: 9, set: false };
    program.block(2);
    let body = program.text.clone();
    program = Program { c: program.c, text: String::new(), left: 7, set: true };
    program.block(2);
    let rows = program.text.clone();
    let mut sql = String::from("drop policy if exists p on d.t0; alter table d.t0 enable row level security;");
    let declared = "declare v_id uuid; v_k int := 1; v_ok boolean := false; v_s text;";
    write!(
        sql,
        "create or replace function d.program(wanted uuid, given int) returns boolean language plpgsql stable {definer} \
         set search_path = '' as $$ {declared} begin {body} return {}; end $$;
         create or replace function d.program_rows(wanted uuid, given int) returns setof uuid language plpgsql stable {definer} \
         set search_path = '' as $$ {declared} begin {rows} return; end $$;",
        pick(c, &["v_ok", "v_k = given", "v_id = wanted", "v_s = 'a'", "v_id is null and v_ok"]),
    )
    .unwrap();
    let text = match c.below(3) {
        0 => "t0.u in (select d.program_rows(t0.v, t0.n))".to_owned(),
        1 => format!("d.program(t0.u, t0.n) and {}", condition(c, 0, 1, 1)),
        _ => "d.program(t0.u, t0.n)".to_owned(),
    };
    write!(sql, "create policy p on d.t0 for select to {READER} using ({text});").unwrap();
    sql
}

fn pick(c: &mut Choice, of: &[&str]) -> String {
    c.pick(of).to_owned()
}

/// A body that is being written.
struct Program<'c> {
    c: &'c mut Choice,
    text: String,
    left: usize,
    set: bool,
}

impl Program<'_> {
    fn add(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push(' ');
    }

    fn block(&mut self, depth: usize) {
        for _ in 0..1 + self.c.below(3) {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            self.statement(depth);
        }
    }

    fn when(&mut self) -> String {
        let is = ["v_ok", "given > v_k", "v_id is null", "v_s = 'a'", "wanted = v_id", "v_k = 2", "found", "not found"];
        let one = pick(self.c, &is);
        match self.c.below(4) {
            0 => format!("{one} and {}", pick(self.c, &is)),
            1 => format!("not ({one})"),
            2 => "exists (select from d.t1 x where x.u = wanted and x.n = v_k)".to_owned(),
            _ => one,
        }
    }

    fn statement(&mut self, depth: usize) {
        match self.c.below(if depth == 0 { 6 } else { 11 }) {
            0 => {
                let value =
                    pick(self.c, &["wanted", "null", "(select x.v from d.t1 x where x.u = wanted limit 1)", "v_id"]);
                self.add(&format!("v_id := {value};"));
            }
            1 => {
                let value = pick(self.c, &["given", "2", "case when v_ok then 1 else given end", "null", "v_s::int"]);
                self.add(&format!("v_k := {value};"));
            }
            2 => {
                let value = self.when();
                self.add(&format!("v_ok := {value};"));
            }
            3 => {
                let into = ["v_id, v_k", "v_id", "strict v_id"];
                let into = pick(self.c, &into);
                let columns = if into.contains("v_k") { "x.v, x.n" } else { "x.v" };
                self.add(&format!("select {columns} into {into} from d.t2 x where x.u = wanted and x.b;"));
            }
            4 => self.add("select x.s into v_s from d.t1 x where x.u = v_id or x.n = v_k limit 1;"),
            5 => {
                let done = [
                    "perform 1 from d.t1 x where x.u = v_id;",
                    "raise notice 'x';",
                    "perform v_s::int;",
                    "perform 1 / (v_k - 1);",
                    "null;",
                ];
                let done = pick(self.c, &done);
                self.add(&done);
            }
            6 => self.leave(),
            7 if !self.set => self.handled(depth),
            _ => self.branches(depth),
        }
    }

    fn leave(&mut self) {
        let when = self.when();
        match (self.set, self.c.below(3)) {
            (true, 0) => self.add(&format!("if {when} then return; end if;")),
            (true, 1) => self.add(&format!("return query select x.v from d.t1 x where x.u = wanted and ({when});")),
            (true, _) => self.add("return query select x.u from d.t2 x where x.v = v_id;"),
            (false, 0) => self.add(&format!("if {when} then raise exception 'no'; end if;")),
            (false, _) => {
                let value = pick(self.c, &["true", "false", "v_ok", "null", "v_id = wanted"]);
                self.add(&format!("if {when} then return {value}; end if;"));
            }
        }
    }

    fn branches(&mut self, depth: usize) {
        let when = self.when();
        self.add(&format!("if {when} then"));
        self.block(depth - 1);
        if self.c.chance(40) {
            let when = self.when();
            self.add(&format!("elsif {when} then"));
            self.block(depth - 1);
        }
        if self.c.chance(50) {
            self.add("else");
            self.block(depth - 1);
        }
        self.add("null; end if;");
    }

    fn handled(&mut self, depth: usize) {
        self.add("begin");
        self.block(depth - 1);
        let error = pick(
            self.c,
            &["others", "invalid_text_representation", "no_data_found or too_many_rows", "unique_violation"],
        );
        self.add(&format!("exception when {error} then"));
        self.block(depth - 1);
        self.add("null; end;");
    }
}
