//! Effective access against the server as the oracle: random roles, memberships, grants and policies, and for each
//! role, relation and command the server's own answer beside ours.

use std::fmt::Write as _;

use pgwitness::analyzer::effective::{Columns, Effective, Extent, Refusal};
use pgwitness::model::{Command, RelationKind, Schema};
use pgwitness::shadow::{Platform, Server};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::{self, MAJORS, block_on};

/// A small generator of repeatable choices (splitmix64).
struct Choice(u64);

impl Choice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

const ROLES: [&str; 8] = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"];
const SCHEMAS: [&str; 3] = ["s0", "s1", "public"];
const COMMANDS: [&str; 5] = ["all", "select", "insert", "update", "delete"];
/// Conditions over the columns `id` (1 to 6) and `b` (null for even ids).
const CONDITIONS: [&str; 8] =
    ["true", "false", "id > 3", "id % 2 = 0", "b is null", "b > 2", "id = id or id is null", "null::boolean"];

fn generate(seed: u64, major: u32) -> String {
    let mut c = Choice(seed);
    let mut sql = String::new();
    for role in ROLES {
        let inherit = if c.chance(75) { "inherit" } else { "noinherit" };
        let bypass = if c.chance(10) { "bypassrls" } else { "" };
        let superuser = if c.chance(4) { "superuser" } else { "" };
        writeln!(sql, "create role {role} login {inherit} {bypass} {superuser};").unwrap();
    }
    for (at, role) in ROLES.iter().enumerate() {
        for member in &ROLES[at + 1..] {
            if c.chance(22) {
                let options = match (major >= 16, c.below(4)) {
                    (true, 0) => " with inherit false",
                    (true, 1) => " with set false",
                    (true, 2) => " with inherit true, set false",
                    _ => "",
                };
                writeln!(sql, "grant {role} to {member}{options};").unwrap();
            }
        }
        if c.chance(6) {
            writeln!(sql, "grant {} to {role};", c.pick(&["pg_read_all_data", "pg_write_all_data"])).unwrap();
        }
    }
    for schema in &SCHEMAS[..2] {
        writeln!(sql, "create schema {schema} authorization {};", c.pick(&ROLES)).unwrap();
        if c.chance(75) {
            let to = if c.chance(50) { "public" } else { c.pick(&ROLES) };
            writeln!(sql, "grant usage on schema {schema} to {to};").unwrap();
        }
    }
    for n in 0..6 {
        table(&mut sql, &mut c, n);
    }
    sql
}

fn table(sql: &mut String, c: &mut Choice, n: u32) {
    let name = format!("{}.t{n}", c.pick(&SCHEMAS));
    writeln!(sql, "create table {name} (id int not null, b int, extra text);").unwrap();
    writeln!(sql, "insert into {name} select i, case when i % 2 = 1 then i end from generate_series(1, 6) i;").unwrap();
    writeln!(sql, "alter table {name} owner to {};", c.pick(&ROLES)).unwrap();
    for _ in 0..c.below(5) {
        let to = if c.chance(25) { "public" } else { c.pick(&ROLES) };
        let privilege = c.pick(&["select", "insert", "update", "delete", "all", "select, update", "select, delete"]);
        let columns = if privilege != "delete" && !privilege.contains(' ') && c.chance(25) { " (id, b)" } else { "" };
        writeln!(sql, "grant {privilege}{columns} on {name} to {to};").unwrap();
    }
    if c.chance(10) {
        writeln!(sql, "do $$ begin execute 'revoke select on {name} from ' || (select pg_get_userbyid(relowner) from pg_class where oid = '{name}'::regclass); end $$;").unwrap();
    }
    if c.chance(80) {
        writeln!(sql, "alter table {name} enable row level security;").unwrap();
    }
    if c.chance(25) {
        writeln!(sql, "alter table {name} force row level security;").unwrap();
    }
    for p in 0..c.below(5) {
        let command = c.pick(&COMMANDS);
        let kind = if c.chance(25) { "restrictive" } else { "permissive" };
        let to = if c.chance(35) { "public" } else { c.pick(&ROLES) };
        write!(sql, "create policy p{p} on {name} as {kind} for {command} to {to}").unwrap();
        // Both expressions may be left out; a permissive policy then lets nothing through.
        if command != "insert" && c.chance(85) {
            write!(sql, " using ({})", c.pick(&CONDITIONS)).unwrap();
        }
        if (command == "insert" && c.chance(85)) || (matches!(command, "all" | "update") && c.chance(50)) {
            write!(sql, " with check ({})", c.pick(&CONDITIONS)).unwrap();
        }
        sql.push_str(";\n");
    }
}

fn schema_of(client: &Client) -> Schema {
    block_on(async {
        client
            .batch_execute("begin isolation level repeatable read read only; set local search_path = ''")
            .await
            .unwrap();
        let schema = pgwitness::connector::introspect::introspect(client).await.unwrap();
        client.batch_execute("rollback").await.unwrap();
        schema
    })
}

/// The first value of the last row that `sql` returns, or the SQLSTATE of its error.
fn answer(client: &Client, sql: &str) -> Result<String, String> {
    let result = block_on(client.simple_query(sql));
    block_on(client.batch_execute("rollback")).unwrap();
    match result {
        Ok(messages) => Ok(messages
            .iter()
            .rev()
            .find_map(|m| match m {
                SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("null").to_owned()),
                _ => None,
            })
            .unwrap_or_default()),
        Err(e) => Err(e.code().map_or_else(|| e.to_string(), |c| c.code().to_owned())),
    }
}

/// What the server says of a command by a role, as a count of the six rows, or an error.
fn server_says(client: &Client, role: &str, table: &str, command: Command) -> Result<String, String> {
    let counted = match command {
        // Reads only a column that column grants cover too.
        Command::Select => format!("select count(*) from (select id from {table}) s"),
        // Reads no column, so that SELECT policies stay out of it; `b` is set to itself by a constant per row.
        Command::Update => format!("update {table} set b = 3"),
        Command::Delete => format!("delete from {table}"),
        Command::Insert => format!("insert into {table} (id, b) values (5, 3)"),
    };
    let sql = format!("begin; set local role {role}; {counted}; reset role; select 1");
    let count = block_on(client.simple_query(&sql));
    let answer = match &count {
        Ok(messages) if command == Command::Select => messages.iter().find_map(|m| match m {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }),
        Ok(messages) => messages
            .iter()
            .filter_map(|m| match m {
                SimpleQueryMessage::CommandComplete(n) => Some(n.to_string()),
                _ => None,
            })
            .nth(2),
        Err(e) => {
            let code = e.code().map_or_else(|| e.to_string(), |c| c.code().to_owned());
            block_on(client.batch_execute("rollback")).unwrap();
            return Err(code);
        }
    };
    block_on(client.batch_execute("rollback")).unwrap();
    Ok(answer.unwrap_or_default())
}

/// The same from our side: conditions are evaluated by the server as plain WHERE clauses, without row security.
fn we_say(
    client: &Client,
    effective: &Effective<'_>,
    schema: &Schema,
    role: &str,
    table: &str,
    command: Command,
) -> Result<String, String> {
    let relation = schema.relations.iter().find(|r| r.name.to_string() == table).unwrap();
    let access = effective.access(role, relation, command);
    let covered = match &access.columns {
        Columns::Only(list) => list.iter().any(|(c, _)| c == "id"),
        Columns::All => true,
        Columns::None => false,
    };
    let old = match access.extent {
        Extent::None(refusal) => {
            let refused = matches!(refusal, Refusal::Schema | Refusal::Privilege);
            return if refused || command == Command::Insert { Err("42501".to_owned()) } else { Ok("0".to_owned()) };
        }
        Extent::All => "true".to_owned(),
        Extent::Rows => access.condition().unwrap(),
    };
    assert!(covered, "grants here always cover id");
    match command {
        Command::Insert => {
            let passes = answer(client, &format!("select ({old}) is true from (values (5, 3)) v(id, b)")).unwrap();
            if passes == "t" { Ok("1".to_owned()) } else { Err("42501".to_owned()) }
        }
        Command::Update => {
            let new = access.new_row().unwrap_or_else(|| "true".to_owned());
            let failing = format!(
                "select count(*) from {table} where ({old}) and (select ({new}) is not true from (select {table_name}.id, 3 as b) v)",
                table_name = relation.name.name
            );
            if answer(client, &failing).unwrap() != "0" {
                return Err("42501".to_owned());
            }
            Ok(answer(client, &format!("select count(*) from {table} where {old}")).unwrap())
        }
        _ => Ok(answer(client, &format!("select count(*) from {table} where {old}")).unwrap()),
    }
}

/// One round on a database and roles of its own, which are dropped at the end.
fn compare(server: &Server, major: u32, seed: u64) -> u32 {
    let admin = support::connect(server, server.superuser(), "postgres");
    let run = |client: &Client, sql: &str| {
        block_on(client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}\n{sql}", support::explain(&e)));
    };
    run(&admin, &format!("create database round_{seed}"));
    let client = support::connect(server, server.superuser(), &format!("round_{seed}"));
    let sql = generate(seed, major);
    run(&client, &sql);
    let schema = schema_of(&client);
    let effective = Effective::new(&schema, None);
    let mut compared = 0;
    for role in ROLES {
        for relation in schema.relations.iter().filter(|r| r.kind == RelationKind::Table) {
            let table = relation.name.to_string();
            for command in Command::ALL {
                let (theirs, ours) = (
                    server_says(&client, role, &table, command),
                    we_say(&client, &effective, &schema, role, &table, command),
                );
                // Where no new row passes, the server refuses if there is an old one, else it finds none.
                let access = effective.access(role, relation, command);
                let no_new_row = command == Command::Update && access.extent == Extent::None(Refusal::NeverTrue);
                let theirs = theirs.or_else(|e| if no_new_row && e == "42501" { Ok("0".to_owned()) } else { Err(e) });
                assert_eq!(theirs, ours, "postgres {major}, seed {seed}: {role} {command} {table}\n{sql}");
                compared += 1;
            }
        }
        compared += set_role_paths(&client, &effective, role, major, seed);
    }
    drop(client);
    run(&admin, &format!("drop database round_{seed} with (force)"));
    run(&admin, &format!("drop role {}", ROLES.join(", ")));
    compared
}

/// Which roles `role` can become, by the server's own word.
fn set_role_paths(client: &Client, effective: &Effective<'_>, role: &str, major: u32, seed: u64) -> u32 {
    if effective.is_superuser(role) {
        return 0;
    }
    let kind = if major >= 16 { "SET" } else { "MEMBER" };
    let reachable: Vec<_> = effective.can_become(role).map(|(r, _)| r.name.clone()).collect();
    for target in ROLES.iter().filter(|t| **t != role) {
        let theirs = answer(client, &format!("select pg_has_role('{role}', '{target}', '{kind}')")).unwrap();
        assert_eq!(
            theirs == "t",
            reachable.iter().any(|r| r == target),
            "postgres {major}, seed {seed}: {role} -> {target}"
        );
        let theirs = answer(client, &format!("select pg_has_role('{role}', '{target}', 'USAGE')")).unwrap();
        assert_eq!(
            theirs == "t",
            effective.inherits(role, target).is_some(),
            "postgres {major}, seed {seed}: {role} uses {target}"
        );
    }
    u32::try_from(ROLES.len() - 1).unwrap() * 2
}

#[test]
fn agrees_with_the_server_on_random_grants_and_policies() {
    let rounds = |major: u32| {
        let server = support::server(major, Platform::Postgres);
        (0..8).map(|n| compare(&server, major, u64::from(major) * 1000 + n)).sum::<u32>()
    };
    let threads: Vec<_> = MAJORS.into_iter().map(|major| std::thread::spawn(move || rounds(major))).collect();
    let compared: u32 = threads.into_iter().map(|t| t.join().unwrap()).sum();
    println!("compared {compared} answers with the server");
    assert!(compared > 7_000);
}
