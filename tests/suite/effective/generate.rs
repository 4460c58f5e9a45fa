//! Random databases: roles, memberships, schemas, tables of every shape, views, grants and policies.

use std::fmt::Write as _;

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

    /// A role that is granted something.
    fn grantee(&mut self) -> &'static str {
        match self.below(20) {
            0..5 => "public",
            5..7 => "pg_database_owner",
            _ => self.pick(&ROLES),
        }
    }
}

pub(crate) const ROLES: [&str; 8] = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"];
const SCHEMAS: [&str; 3] = ["s0", "s1", "public"];
const COMMANDS: [&str; 5] = ["all", "select", "insert", "update", "delete"];
const PRIVILEGES: [&str; 7] = ["select", "insert", "update", "delete", "all", "select, update", "select, delete"];
const COLUMNS: [&str; 4] = ["(id, b)", "(id)", "(extra, b)", "(id, b, extra)"];
/// Conditions over the columns `id` (1 to 6) and `b` (null for even ids).
const CONDITIONS: [&str; 8] =
    ["true", "false", "id > 3", "id % 2 = 0", "b is null", "b > 2", "id = id or id is null", "null::boolean"];

/// The statements that make a database of `seed`, in the database of that name.
pub(crate) fn generate(database: &str, seed: u64, major: u32) -> String {
    let mut c = Choice(seed);
    let mut sql = String::new();
    roles(&mut sql, &mut c, major);
    if c.chance(70) {
        writeln!(sql, "alter database {database} owner to {};", c.pick(&ROLES)).unwrap();
    }
    for schema in &SCHEMAS[..2] {
        writeln!(sql, "create schema {schema} authorization {};", c.pick(&ROLES)).unwrap();
        if c.chance(75) {
            writeln!(sql, "grant usage on schema {schema} to {};", c.grantee()).unwrap();
        }
    }
    if c.chance(20) {
        sql.push_str("revoke usage on schema public from public;\n");
    }
    for n in 0..5 {
        let name = format!("{}.t{n}", c.pick(&SCHEMAS));
        writeln!(sql, "create table {name} (id int not null, b int, extra text);").unwrap();
        fill(&mut sql, &name);
        secure(&mut sql, &mut c, &name);
    }
    family(&mut sql, &mut c);
    views(&mut sql, &mut c, major);
    sql
}

fn roles(sql: &mut String, c: &mut Choice, major: u32) {
    for role in ROLES {
        let inherit = if c.chance(75) { "inherit" } else { "noinherit" };
        let bypass = if c.chance(10) { "bypassrls" } else { "" };
        let superuser = if c.chance(4) { "superuser" } else { "" };
        writeln!(sql, "create role {role} login {inherit} {bypass} {superuser};").unwrap();
    }
    for (at, role) in ROLES.iter().enumerate() {
        for member in &ROLES[at + 1..] {
            if c.chance(22) {
                writeln!(sql, "grant {role} to {member}{};", options(c, major)).unwrap();
            }
            // The same membership by another grantor, with options of its own.
            let second = c.pick(&ROLES[at + 1..]);
            if major >= 16 && second != *member && c.chance(12) {
                writeln!(sql, "grant {role} to {second} with admin true;").unwrap();
                let also = options(c, major);
                let also = if also.is_empty() { " with inherit true" } else { also };
                writeln!(sql, "grant {role} to {member}{also} granted by {second};").unwrap();
            }
        }
        if c.chance(6) {
            writeln!(sql, "grant {} to {role};", c.pick(&["pg_read_all_data", "pg_write_all_data"])).unwrap();
        }
    }
}

fn options(c: &mut Choice, major: u32) -> &'static str {
    match (major >= 16, c.below(5)) {
        (true, 0) => " with inherit false",
        (true, 1) => " with set false",
        (true, 2) => " with inherit true, set false",
        (true, 3) => " with inherit false, set false",
        _ => "",
    }
}

fn fill(sql: &mut String, name: &str) {
    writeln!(sql, "insert into {name} select i, case when i % 2 = 1 then i end from generate_series(1, 6) i;").unwrap();
}

/// A partitioned table and a table with a child, each of them secured on its own.
fn family(sql: &mut String, c: &mut Choice) {
    let [whole, left, right] = ["p", "pa", "pb"].map(|name| format!("{}.{name}", c.pick(&SCHEMAS)));
    writeln!(sql, "create table {whole} (id int not null, b int, extra text) partition by range (id);").unwrap();
    writeln!(sql, "create table {left} partition of {whole} for values from (0) to (4);").unwrap();
    writeln!(sql, "create table {right} partition of {whole} for values from (4) to (100);").unwrap();
    fill(sql, &whole);
    let [parent, child] = ["i", "ic"].map(|name| format!("{}.{name}", c.pick(&SCHEMAS)));
    writeln!(sql, "create table {parent} (id int not null, b int, extra text);").unwrap();
    writeln!(sql, "create table {child} () inherits ({parent});").unwrap();
    fill(sql, &child);
    for name in [whole, left, right, parent, child] {
        secure(sql, c, &name);
    }
}

/// Owner, grants, row security and policies.
fn secure(sql: &mut String, c: &mut Choice, name: &str) {
    writeln!(sql, "alter table {name} owner to {};", c.pick(&ROLES)).unwrap();
    for _ in 0..c.below(5) {
        let to = c.grantee();
        let privilege = c.pick(&PRIVILEGES);
        let by_column = privilege != "delete" && !privilege.contains(' ') && c.chance(35);
        let columns = if by_column { c.pick(&COLUMNS) } else { "" };
        writeln!(sql, "grant {privilege} {columns} on {name} to {to};").unwrap();
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
        let to = c.grantee();
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

/// Views over tables and over each other, read as their owner or as the caller.
fn views(sql: &mut String, c: &mut Choice, major: u32) {
    for n in 0..8 {
        let name = format!("{}.v{n}", c.pick(&SCHEMAS));
        let over = if n > 0 && c.chance(50) { format!("v{}", c.below(n)) } else { format!("t{}", c.below(5)) };
        let invoker = if major >= 15 && c.chance(45) { "with (security_invoker)" } else { "" };
        writeln!(
            sql,
            "do $$ begin execute 'create view {name} {invoker} as select id, b, extra from ' || \
             (select oid::regclass from pg_class where relname = '{over}'); end $$;"
        )
        .unwrap();
        writeln!(sql, "alter view {name} owner to {};", c.pick(&ROLES)).unwrap();
        for _ in 0..1 + c.below(3) {
            writeln!(sql, "grant select on {name} to {};", c.grantee()).unwrap();
        }
    }
}
