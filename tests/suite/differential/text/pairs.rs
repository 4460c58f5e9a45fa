//! Conditions in two spellings that look alike: some pairs mean the same, some do not for NULLs, printed values, cases or
//! types. One is the policy, the other the rule.

use super::expression::Writer;
use super::types::{Kind, pool};

/// Types whose text is compared with a literal of theirs.
const PRINTED: [Kind; 14] = [
    "numeric",
    "numeric",
    "float8",
    "char(3)",
    "char(3)",
    "boolean",
    "date",
    "app.lvl",
    "uuid",
    "int",
    "varchar(4)",
    "jsonb",
    "bytea",
    "interval",
];

/// Types that have columns and `=`.
const COMPARED: [Kind; 14] = [
    "uuid",
    "int",
    "text",
    "numeric",
    "boolean",
    "date",
    "timestamptz",
    "app.lvl",
    "char(3)",
    "varchar(4)",
    "float8",
    "bigint",
    "text[]",
    "bytea",
];

impl Writer<'_> {
    /// A policy and a rule that are alike.
    pub(super) fn near(&mut self) -> (String, String) {
        let pair = match self.c.below(100) {
            0..25 => self.printed_pair(),
            25..50 => self.null_pair(),
            50..70 => self.row_pair(),
            _ => self.text_pair(),
        };
        let (mut a, mut b) =
            if self.c.chance(50) { (pair[0].clone(), pair[1].clone()) } else { (pair[1].clone(), pair[0].clone()) };
        for _ in 0..self.c.below(3) {
            let other = self.condition(0);
            let around = self.c.pick(&[
                "(@) and #",
                "(@) or #",
                "not (@)",
                "(@) is not false",
                "(@) is true",
                "coalesce(@, #)",
                "(@) is null",
                "case when @ then # else false end",
                "case when # then @ else true end",
                "(@) = true",
                "(@) is distinct from false",
            ]);
            [a, b] = [a, b].map(|text| around.replace('#', &other).replace('@', &text));
        }
        (format!("({a})"), format!("({b})"))
    }

    /// What prints as a literal, and what equals it.
    fn printed_pair(&mut self) -> [String; 2] {
        let kind = self.c.pick(&PRINTED);
        let (x, literal) = (self.name(kind), self.c.pick(pool(kind)));
        let quoted = if literal.starts_with('\'') { literal.to_owned() } else { format!("'{literal}'") };
        let equal = format!("{x} = {quoted}::{kind}");
        match self.c.below(6) {
            0 => [format!("{x}::text = {quoted}"), equal],
            1 => [format!("{x}::text = {quoted}::{kind}::text"), equal],
            2 => [format!("{x}::varchar = {quoted}"), equal],
            3 => [format!("{x}::text in ({quoted}, 'zz')"), equal],
            4 => {
                let other = self.name(kind);
                [format!("{x}::text = {other}::text"), format!("{x} = {other}")]
            }
            _ => [format!("{x}::text::{kind} = {quoted}::{kind}"), equal],
        }
    }

    /// Comparisons that differ where something is NULL, if at all.
    fn null_pair(&mut self) -> [String; 2] {
        let kind = self.c.pick(&COMPARED);
        let (x, y, z) = (self.name(kind), self.value(kind, 0), self.value(kind, 0));
        let (p, q) = (self.condition(0), self.condition(0));
        let pairs = [
            [format!("{x} <> {y}"), format!("{x} is distinct from {y}")],
            [format!("{x} = {y}"), format!("{x} is not distinct from {y}")],
            [format!("not ({x} = {y})"), format!("{x} is distinct from {y}")],
            [format!("{x} in ({y}, {z})"), format!("({x} = {y} or {x} = {z})")],
            [format!("{x} not in ({y}, {z})"), format!("not ({x} = {y}) and {x} <> {z}")],
            [format!("{x} not in ({y}, {z})"), format!("{x} is distinct from {y} and {x} is distinct from {z}")],
            [format!("coalesce({x}, {y}) = {z}"), format!("({x} = {z} or {x} is null and {y} = {z})")],
            [format!("coalesce({x}, {y}) = {z}"), format!("({x} = {z} or {y} = {z})")],
            [format!("nullif({x}, {y}) is null"), format!("({x} is null or {x} = {y})")],
            [format!("{x} = {x}"), format!("{x} is not null")],
            [format!("{x} = {y}"), format!("{x} = {y} and {y} is not null")],
            [p.clone(), format!("({p}) is not false")],
            [format!("not ({p})"), format!("({p}) is not true")],
            [
                format!("case when {p} then {q} else {x} = {y} end"),
                format!("(({p}) and ({q})) or (not ({p}) and {x} = {y})"),
            ],
            [format!("({p}) = ({q})"), format!("(({p}) and ({q})) or (not ({p}) and not ({q}))")],
            [format!("({p}) is distinct from ({q})"), format!("({p}) <> ({q})")],
        ];
        self.c.pick(&pairs)
    }

    /// Sub-selects and arrays in two forms.
    fn row_pair(&mut self) -> [String; 2] {
        let (int, uuid, text, array) =
            (self.name("int"), self.name("uuid"), self.value("text", 0), self.name("text[]"));
        let mine = "m.user_id = auth.uid()";
        let from = "from app.members m where";
        let pairs = [
            [
                format!("{int} not in (select m.team_id {from} {mine})"),
                format!("not exists (select {from} m.team_id = {int} and {mine})"),
            ],
            [
                format!("{int} in (select m.team_id {from} {mine})"),
                format!("exists (select {from} m.team_id = {int} and {mine})"),
            ],
            [
                format!("{int} = any (array(select m.team_id {from} {mine}))"),
                format!("{int} in (select m.team_id {from} {mine})"),
            ],
            [format!("app.is_mem({int})"), format!("exists (select {from} m.team_id = {int} and {mine})")],
            [format!("{int} in (select app.my_teams())"), format!("app.is_mem({int})")],
            [
                format!("app.is_admin({int})"),
                format!("exists (select {from} m.team_id = {int} and {mine} and m.role = 'admin')"),
            ],
            [
                format!("app.is_admin({int})"),
                format!("(select m.role {from} m.team_id = {int} and {mine} limit 1) = 'admin'"),
            ],
            [
                format!("app.plv({uuid})"),
                format!(
                    "({uuid} is null or {uuid} = auth.uid() or exists (select {from} m.user_id = {uuid} and m.team_id in (select app.my_teams())))"
                ),
            ],
            [format!("app.my_team() = {int}"), format!("app.is_mem({int})")],
            [format!("app.my_team() = {int}"), format!("(app.is_mem({int}) or {int} = 0)")],
            [format!("(select count(*) {from} {mine}) > 0"), format!("exists (select {from} {mine})")],
            [
                format!("exists (select {from} {mine} and m.role <> 'a')"),
                format!("exists (select {from} {mine} and m.role is distinct from 'a')"),
            ],
            [format!("{text} = any ({array})"), format!("{array} @> array[{text}]")],
            [format!("{text} <> all ({array})"), format!("not ({text} = any ({array}))")],
            [format!("{array}[1] = {text}"), format!("{text} = any ({array})")],
            [format!("array_length({array}, 1) is null"), format!("cardinality({array}) = 0")],
            [format!("array_length({array}, 1) > 0"), format!("{array} <> '{{}}'")],
            [
                format!("{uuid} = (select m.user_id {from} m.team_id = {int} limit 1)"),
                format!("exists (select {from} m.team_id = {int} and m.user_id = {uuid})"),
            ],
            [
                format!("({uuid}, {int}) in (select m.user_id, m.team_id {from} true)"),
                format!("{int} in (select m.team_id {from} m.user_id = {uuid})"),
            ],
            [
                "exists (select from app.members m join app.teams g on g.id = m.team_id where g.open)".to_owned(),
                "exists (select from app.members m left join app.teams g on g.id = m.team_id and g.open)".to_owned(),
            ],
        ];
        self.c.pick(&pairs)
    }

    /// Text, JSON, time and order in two forms.
    fn text_pair(&mut self) -> [String; 2] {
        let (t, s, json, char3, vc) = (
            self.name("text"),
            self.value("text", 0),
            self.name("jsonb"),
            self.name("char(3)"),
            self.name("varchar(4)"),
        );
        let (n, f, int, date, ts, lvl) = (
            self.name("numeric"),
            self.name("float8"),
            self.name("int"),
            self.name("date"),
            self.name("timestamptz"),
            self.name("app.lvl"),
        );
        let (m, other) = (self.value("numeric", 0), self.value("app.lvl", 0));
        let pairs = [
            [format!("lower({t}) = 'a'"), format!("{t} in ('a', 'A')")],
            [format!("lower({t}) = lower({s})"), format!("{t} = {s}")],
            [format!("upper({t}) = 'A'"), format!("{t} = 'a'")],
            [format!("{t} like 'a%'"), format!("left({t}, 1) = 'a'")],
            [format!("{t} like 'ab'"), format!("{t} = 'ab'")],
            [format!("{t} like 'a%'"), format!("{t} like '%a%'")],
            [format!("{t} like 'a_'"), format!("{t} like 'a%'")],
            [format!("{t} ilike 'a%'"), format!("{t} like 'a%'")],
            [format!("starts_with({t}, 'a')"), format!("{t} like 'a%'")],
            [format!("length({t}) > 0"), format!("{t} <> ''")],
            [format!("{t} || '' = {s}"), format!("{t} = {s}")],
            [format!("split_part({t}, '/', 1) = 'a'"), format!("({t} = 'a' or {t} like 'a/%')")],
            [format!("(storage.foldername({t}))[1] = 'a'"), format!("{t} like 'a/%'")],
            [format!("{char3} = 'a'"), format!("{char3}::text = 'a'")],
            [format!("{char3} = 'a '::char(3)"), format!("{char3} = 'a'")],
            [format!("{char3} = {vc}"), format!("{char3}::text = {vc}::text")],
            [format!("{char3} like 'a'"), format!("{char3} = 'a'")],
            [format!("{vc} = {t}::varchar(4)"), format!("{vc} = {t}")],
            [format!("{vc} = {t}::varchar(1)"), format!("{vc} = {t}")],
            [format!("{json} ->> 'r' is null"), format!("not ({json} ? 'r')")],
            [format!("({json} ->> 'r') = 'a'"), format!("{json} @> '{{\"r\": \"a\"}}'")],
            [format!("({json} -> 'r') = '\"a\"'"), format!("({json} ->> 'r') = 'a'")],
            [format!("({json} ->> 'x')::int = 1"), format!("{json} ->> 'x' = '1'")],
            [
                format!("(auth.jwt() -> 'app_metadata' ->> 'team')::int = {int}"),
                format!("auth.jwt() -> 'app_metadata' ->> 'team' = {int}::text"),
            ],
            [
                format!("auth.jwt() ->> 'sub' = {}::text", self.name("uuid")),
                format!("{} = auth.uid()", self.name("uuid")),
            ],
            [format!("{n}::int = {int}"), format!("{n} = {int}")],
            [format!("{n} = {m}"), format!("{n}::text = ({m})::text")],
            [format!("{f} = {n}"), format!("{f}::numeric = {n}")],
            [format!("{f} = 0"), format!("{f}::text = '0'")],
            [format!("{n} > 1"), format!("{n} >= 1.0")],
            [format!("{ts}::date = {date}"), format!("{ts} = {date}::timestamptz")],
            [format!("{date} <= {ts}"), format!("{date} <= {ts}::date")],
            [format!("{lvl} < {other}"), format!("{lvl}::text < ({other})::text")],
            [format!("{lvl} <= {other}"), format!("not ({lvl} > {other})")],
            [format!("{lvl}::text = 'lo'"), format!("{lvl} < 'mid'")],
            [format!("{t} < 'b'"), format!("{t} <= 'a'")],
            [format!("{t} <= {s}"), format!("not ({t} > {s})")],
            [format!("{t} < {s}"), format!("{t} <> {s}")],
            [format!("{int} between 1 and 2"), format!("{int} in (1, 2)")],
            [format!("greatest({int}, 1) = 1"), format!("{int} <= 1")],
            [format!("least({int}, 1) = 1"), format!("({int} >= 1 or {int} is null)")],
        ];
        self.c.pick(&pairs)
    }
}
