//! A round's database as text: types, memberships under row security, helpers, and tables with their policies and rules.

use super::super::choice::Choice;
use super::expression::Writer;
use super::types::{COLUMNS, Kind, cell};

/// Which command a table's policies and rule are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Select,
    Insert,
    Update,
    Delete,
}

impl Focus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A table of a round.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<(&'static str, Kind, bool)>,
    /// The columns that the role may write, where not all.
    pub(crate) only: Option<Vec<&'static str>>,
    pub(crate) focus: Focus,
    pub(crate) role: &'static str,
    /// Its statements.
    pub(crate) ddl: String,
    /// The rule on the old row, and on the new one of an UPDATE.
    pub(crate) rules: Vec<String>,
    pub(crate) mode: &'static str,
}

/// What all rounds have: sub-selects, helpers of every kind, and row security under them.
pub(crate) const COMMON: &str = "
create schema app;
grant usage on schema app to anon, authenticated;
create type app.lvl as enum ('lo', 'mid', 'hi');
create domain app.code as text check (value <> 'never');
create table app.members (team_id int, user_id uuid, role text);
create table app.teams (id int, owner uuid, open boolean);
grant select on app.teams to anon, authenticated;
create function app.is_mem(t int) returns boolean language sql stable security definer set search_path = '' as $$
  select exists (select 1 from app.members m where m.team_id = t and m.user_id = auth.uid()) $$;
create function app.my_teams() returns setof int language sql stable security definer set search_path = '' as $$
  select team_id from app.members where user_id = auth.uid() $$;
create function app.my_team() returns int language plpgsql stable security definer set search_path = '' as $$
  declare x int; begin
    select m.team_id into x from app.members m where m.user_id = auth.uid() order by m.team_id limit 1;
    if not found then return 0; end if; return x; end $$;
create function app.is_admin(t int) returns boolean language plpgsql stable security definer set search_path = '' as $$
  declare r text; begin
    if t is null then return false; end if;
    select m.role into r from app.members m where m.team_id = t and m.user_id = auth.uid() and m.role is not null
      order by m.role limit 1;
    return r = 'admin'; end $$;
create function app.plv(x uuid) returns boolean language plpgsql stable as $$
  begin if x is null then return true; elsif x = auth.uid() then return true; end if;
    return exists (select 1 from app.members m where m.user_id = x and m.team_id in (select app.my_teams())); end $$;
";

/// Grants and row security of what policies look up.
pub(crate) fn lookups(c: &mut Choice) -> String {
    let mut sql = String::new();
    if c.chance(90) {
        sql.push_str("grant select on app.members to anon, authenticated;\n");
    }
    if c.chance(50) {
        let using = c.pick(&["user_id = auth.uid()", "app.is_mem(team_id)", "role is not null", "false"]);
        sql.push_str("alter table app.members enable row level security;\n");
        sql.push_str(&format!("create policy m on app.members for select to authenticated using ({using});\n"));
        if c.chance(30) {
            sql.push_str("create policy r on app.members as restrictive for select using (team_id > 0);\n");
        }
    }
    if c.chance(30) {
        sql.push_str("alter table app.teams enable row level security;\n");
        sql.push_str("create policy g on app.teams using (owner = auth.uid() or open);\n");
    }
    sql
}

/// The statement that makes a helper of the round.
pub(crate) fn helper(c: &mut Choice, at: usize) -> String {
    let is_sql = c.chance(50);
    // A parameter that a column captures.
    let int = if is_sql && c.chance(20) { "team_id" } else { "t" };
    let names = vec![("x".to_owned(), "uuid"), (int.to_owned(), "int")];
    let mut writer = Writer { c, names, helpers: 0, depth: 0 };
    let [a, b, d] = [0, 1, 1].map(|depth| writer.condition(depth));
    let found = format!("from app.members m where m.user_id = x and m.team_id = {int}");
    let body = if is_sql {
        let bodies = [
            format!("select {b}"),
            format!("select exists (select 1 {found} and {a})"),
            format!("select m.role = 'admin' {found} limit 1"),
        ];
        format!("language sql as $$ {} $$", c.pick(&bodies))
    } else {
        let bodies = [
            format!("begin return {b}; end"),
            format!("begin if {a} then return {b}; elsif x is null then return null; end if; return {d}; end"),
            format!(
                "declare r text; begin select m.role into r {found}; if not found then return false; end if; return r = 'admin'; end"
            ),
            format!("declare n int; begin select count(*) into n {found}; return n > 0; end"),
            format!("declare r record; begin select * into r {found} limit 1; return r.role is not null and {a}; end"),
            format!("declare ok boolean := false; begin ok := {a}; if ok then return true; end if; return {b}; end"),
        ];
        format!("language plpgsql as $$ {} $$", c.pick(&bodies))
    };
    let definer = if c.chance(50) { " security definer" } else { "" };
    let strict = if c.chance(20) { " strict" } else { "" };
    let volatility = c.pick(&["stable", "stable", "volatile", "immutable"]);
    format!(
        "create function app.h{at}(x uuid, {int} int) returns boolean {volatility}{definer}{strict} set search_path = '' {body};"
    )
}

/// A table with policies of one command, and a rule on it.
pub(crate) fn table(c: &mut Choice, at: usize, helpers: usize) -> Table {
    let name = format!("t{at}");
    let focus = match c.below(100) {
        0..52 => Focus::Select,
        52..68 => Focus::Insert,
        68..86 => Focus::Update,
        _ => Focus::Delete,
    };
    let role = if c.chance(80) { "authenticated" } else { "anon" };
    let columns: Vec<_> = COLUMNS.iter().filter(|_| c.chance(75)).map(|(n, k, _)| (*n, *k)).collect::<Vec<_>>();
    let columns: Vec<_> = columns.into_iter().map(|(n, k)| (n, k, !c.chance(12))).collect();
    let writes = matches!(focus, Focus::Insert | Focus::Update);
    let only = (writes && c.chance(35)).then(|| columns.iter().filter(|_| c.chance(50)).map(|(n, ..)| *n).collect());
    let mut ddl = create(c, &name, &columns);
    grant(&mut ddl, &name, focus, role, only.as_deref());
    let prefix = if c.chance(80) { format!("{name}.") } else { String::new() };
    let names: Vec<_> = columns.iter().map(|(n, k, _)| (format!("{prefix}{n}"), *k)).collect();
    let mut writer = Writer { c, names, helpers, depth: 0 };
    let rules = policies(&mut writer, &name, focus, role, &mut ddl);
    let mode = c.pick(&["at-most", "at-most", "exactly"]);
    Table { name, columns, only, focus, role, ddl, rules, mode }
}

fn create(c: &mut Choice, name: &str, columns: &[(&'static str, Kind, bool)]) -> String {
    let mut parts = vec!["tag serial primary key".to_owned()];
    for (column, kind, nullable) in columns {
        let more = COLUMNS.iter().find(|(n, ..)| n == column).map_or("", |(_, _, more)| more);
        let null = if *nullable { "" } else { " not null" };
        // What is not written keeps it.
        let default = if c.chance(10) { format!(" default {}", cell(c, kind, false)) } else { String::new() };
        parts.push(format!("{column} {kind} {more}{default}{null}"));
    }
    let has = |column: &str| columns.iter().any(|(n, ..)| *n == column);
    for (column, check) in
        [("org", "org in ('a', 'A', '1')"), ("team", "team > 0"), ("vc", "vc <> 'ab'"), ("n", "n >= 1")]
    {
        if has(column) && c.chance(12) {
            parts.push(format!("check ({check})"));
        }
    }
    if has("team") && has("u") && c.chance(15) {
        parts.push("unique (team, u)".to_owned());
    }
    format!("create table app.{name} ({});\nalter table app.{name} enable row level security;\n", parts.join(", "))
}

fn grant(ddl: &mut String, name: &str, focus: Focus, role: &str, only: Option<&[&str]>) {
    let word = focus.word();
    match only {
        None => ddl.push_str(&format!("grant {word} on app.{name} to {role};\n")),
        Some(only) => {
            let columns: Vec<_> = std::iter::once("tag").chain(only.iter().copied()).collect();
            ddl.push_str(&format!("grant {word} ({}) on app.{name} to {role};\n", columns.join(", ")));
        }
    }
    if focus == Focus::Insert {
        ddl.push_str(&format!("grant usage on sequence app.{name}_tag_seq to {role};\n"));
    }
}

/// Policies, and rules that some of them are likely to keep to.
fn policies(w: &mut Writer<'_>, name: &str, focus: Focus, role: &str, ddl: &mut String) -> Vec<String> {
    if w.c.chance(45) {
        return alike(w, name, focus, role, ddl);
    }
    let (mut old, mut new) = (Sides::default(), Sides::default());
    for n in 0..1 + w.c.below(3) {
        let restrictive = n > 0 && w.c.chance(40);
        let kind = if restrictive { "restrictive" } else { "permissive" };
        let to = w.c.pick(&[role, role, "public"]);
        let command = if w.c.chance(80) { focus.word() } else { "all" };
        let size = 1 + w.c.below(2);
        let using = w.condition(size);
        let check = (focus == Focus::Update && w.c.chance(60)).then(|| w.condition(1));
        let text = match (focus, command) {
            (Focus::Insert, "insert") => format!("with check ({using})"),
            _ => check.as_ref().map_or(format!("using ({using})"), |c| format!("using ({using}) with check ({c})")),
        };
        ddl.push_str(&format!("create policy p{n} on app.{name} as {kind} for {command} to {to} {text};\n"));
        new.add(restrictive, check.unwrap_or_else(|| using.clone()));
        old.add(restrictive, using);
    }
    match focus {
        Focus::Insert => vec![new.rule(w)],
        Focus::Update => vec![old.rule(w), new.rule(w)],
        Focus::Select | Focus::Delete => vec![old.rule(w)],
    }
}

/// One policy, and the rule in another spelling.
fn alike(w: &mut Writer<'_>, name: &str, focus: Focus, role: &str, ddl: &mut String) -> Vec<String> {
    let (policy, rule) = w.near();
    let word = focus.word();
    let text = match focus {
        Focus::Insert => format!("with check ({policy})"),
        Focus::Update => format!("using ({policy}) with check ({policy})"),
        _ => format!("using ({policy})"),
    };
    ddl.push_str(&format!("create policy p on app.{name} for {word} to {role} {text};\n"));
    let rules = if focus == Focus::Update { 2 } else { 1 };
    vec![rule; rules]
}

/// The conditions of policies by kind.
#[derive(Default)]
struct Sides {
    permissive: Vec<String>,
    restrictive: Vec<String>,
}

impl Sides {
    fn add(&mut self, restrictive: bool, text: String) {
        if restrictive { self.restrictive.push(text) } else { self.permissive.push(text) }
    }

    fn whole(&self) -> String {
        let mut all = vec![format!("({})", self.permissive.join(" or "))];
        all.extend(self.restrictive.iter().cloned());
        format!("({})", all.join(" and "))
    }

    fn rule(&self, w: &mut Writer<'_>) -> String {
        let whole = self.whole();
        match w.c.below(100) {
            0..25 => format!("{whole} or {}", w.condition(1)),
            25..35 => whole,
            35..45 => format!("{whole} is not false"),
            45..55 => format!("not (not {whole})"),
            55..63 => w.c.pick(&self.permissive),
            63..70 => format!("{whole} and {}", w.condition(0)),
            70..76 => format!("coalesce({whole}, {})", w.condition(0)),
            _ => w.condition(2),
        }
    }
}
