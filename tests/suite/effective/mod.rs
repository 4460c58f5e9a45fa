//! Effective access against the server as the oracle: random roles, memberships, grants and policies, and for each
//! role, relation and command the server's own answer beside ours.

pub(crate) mod generate;
mod views;

use pgwitness::analyzer::effective::{Access, Columns, Effective, Extent, Refusal};
use pgwitness::model::{Command, Relation, RelationKind, Schema};
use pgwitness::shadow::{Platform, Server};
use tokio_postgres::{Client, SimpleQueryMessage};

use self::generate::{ROLES, generate};
use crate::support::{self, MAJORS, block_on};

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

/// A command in a form that needs the privilege on the listed columns, or (DELETE) on the relation.
struct Form {
    command: Command,
    columns: &'static [&'static str],
}

const FORMS: [Form; 6] = [
    Form { command: Command::Select, columns: &["id"] },
    Form { command: Command::Select, columns: &["b"] },
    Form { command: Command::Select, columns: &["extra"] },
    Form { command: Command::Insert, columns: &["id", "b"] },
    // Reads no column, so that SELECT policies stay out of it.
    Form { command: Command::Update, columns: &["b"] },
    Form { command: Command::Delete, columns: &[] },
];

impl Form {
    fn sql(&self, table: &str) -> String {
        match self.command {
            Command::Select => format!("select count(*) from (select {} from {table}) s", self.columns[0]),
            Command::Update => format!("update {table} set b = 3"),
            Command::Delete => format!("delete from {table}"),
            Command::Insert => format!("insert into {table} (id, b) values ({}, 3)", new_id(table)),
        }
    }
}

/// The id of a new row: one that the first of two partitions takes, or the others.
fn new_id(table: &str) -> u32 {
    if table.ends_with('a') { 2 } else { 5 }
}

/// What the server says of a command by a role, as a count of rows, or an error.
fn server_says(client: &Client, role: &str, table: &str, form: &Form) -> Result<String, String> {
    let sql = format!("begin; set local role {role}; {}; reset role; select 1", form.sql(table));
    let count = block_on(client.simple_query(&sql));
    block_on(client.batch_execute("rollback")).unwrap();
    let messages = count.map_err(|e| e.code().map_or_else(|| e.to_string(), |c| c.code().to_owned()))?;
    let answer = match form.command {
        Command::Select => messages.iter().find_map(|m| match m {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }),
        _ => messages
            .iter()
            .filter_map(|m| match m {
                SimpleQueryMessage::CommandComplete(n) => Some(n.to_string()),
                _ => None,
            })
            .nth(2),
    };
    Ok(answer.unwrap_or_default())
}

/// Whether a privilege covers each of the columns.
fn covers(held: &Columns, columns: &[&str]) -> bool {
    match held {
        Columns::Only(list) => columns.iter().all(|c| list.iter().any(|(name, _)| name == c)),
        Columns::All => true,
        Columns::None => false,
    }
}

/// The same from our side: conditions are evaluated by the server as plain WHERE clauses, without row security.
fn we_say(client: &Client, access: &Access<'_>, form: &Form) -> Result<String, String> {
    let refused = || Err("42501".to_owned());
    let table = access.relation.name.to_string();
    let old = match access.extent {
        Extent::None(Refusal::Schema | Refusal::Privilege) => return refused(),
        _ if !covers(&access.columns, form.columns) => return refused(),
        Extent::None(_) if form.command == Command::Insert => return refused(),
        Extent::None(_) => return Ok("0".to_owned()),
        Extent::All => "true".to_owned(),
        Extent::Rows => access.condition().unwrap(),
    };
    let count = format!("select count(*) from {table} where {old}");
    match form.command {
        Command::Insert => {
            let id = new_id(&table);
            let passes = answer(client, &format!("select ({old}) is true from (values ({id}, 3)) v(id, b)")).unwrap();
            if passes == "t" { Ok("1".to_owned()) } else { refused() }
        }
        Command::Update => {
            let new = access.new_row().unwrap_or_else(|| "true".to_owned());
            let failing = format!(
                "select count(*) from {table} where ({old}) and (select ({new}) is not true from (select {name}.id, 3 as b) v)",
                name = access.relation.name.name
            );
            if answer(client, &failing).unwrap() == "0" { Ok(answer(client, &count).unwrap()) } else { refused() }
        }
        _ => Ok(answer(client, &count).unwrap()),
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
    let sql = generate(&format!("round_{seed}"), seed, major);
    run(&client, &sql);
    let schema = schema_of(&client);
    let effective = Effective::new(&schema, None);
    let mut compared = 0;
    let tables = |r: &&Relation| matches!(r.kind, RelationKind::Table | RelationKind::PartitionedTable);
    for role in ROLES {
        for relation in schema.relations.iter().filter(tables) {
            for form in &FORMS {
                let access = effective.access(role, relation, form.command);
                let theirs = server_says(&client, role, &relation.name.to_string(), form);
                let ours = we_say(&client, &access, form);
                // Where no new row passes, the server refuses if there is an old one, else it finds none.
                let no_new_row = form.command == Command::Update
                    && access.extent == Extent::None(Refusal::NeverTrue)
                    && covers(&access.columns, form.columns);
                let theirs = theirs.or_else(|e| if no_new_row && e == "42501" { Ok("0".to_owned()) } else { Err(e) });
                let what = form.sql(&relation.name.to_string());
                assert_eq!(theirs, ours, "postgres {major}, seed {seed}: {role}: {what}\n{sql}");
                compared += 1;
            }
        }
        compared += views::compare(&client, &schema, role, &format!("postgres {major}, seed {seed}: {role}\n{sql}"));
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
    for target in ROLES.iter().chain(&["pg_database_owner"]).filter(|t| **t != role) {
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
    u32::try_from(ROLES.len()).unwrap() * 2
}

/// Rounds on each major; `PGWITNESS_ROUNDS` asks for more.
fn rounds() -> u64 {
    std::env::var("PGWITNESS_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(8)
}

#[test]
fn agrees_with_the_server_on_random_grants_and_policies() {
    let run = |major: u32| {
        let server = support::server(major, Platform::Postgres);
        (0..rounds()).map(|n| compare(&server, major, u64::from(major) * 1_000_000 + n)).sum::<u32>()
    };
    let threads: Vec<_> = MAJORS.into_iter().map(|major| std::thread::spawn(move || run(major))).collect();
    let compared: u32 = threads.into_iter().map(|t| t.join().unwrap()).sum();
    println!("compared {compared} answers with the server");
    assert!(compared > 20_000);
}
