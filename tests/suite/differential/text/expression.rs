//! Random values and conditions as people write them: text, never terms of ours.

use super::super::choice::Choice;
use super::types::{Kind, literal, pool};

/// What an expression can name: columns of the row, or parameters of a function.
pub(super) struct Writer<'c> {
    pub(super) c: &'c mut Choice,
    /// Expressions by type.
    pub(super) names: Vec<(String, Kind)>,
    /// Functions of the round beside the fixed ones, each of `(uuid, int)`.
    pub(super) helpers: usize,
    /// How many sub-selects stand around.
    pub(super) depth: usize,
}

/// Types that conditions compare most; the rest come up through casts as well.
const COMPARED: [Kind; 30] = [
    "uuid",
    "uuid",
    "uuid",
    "uuid",
    "int",
    "int",
    "int",
    "text",
    "text",
    "text",
    "text",
    "numeric",
    "numeric",
    "boolean",
    "date",
    "timestamptz",
    "timestamp",
    "text[]",
    "jsonb",
    "app.lvl",
    "app.lvl",
    "char(3)",
    "char(3)",
    "varchar(4)",
    "float8",
    "bigint",
    "bytea",
    "interval",
    "app.code",
    "int[]",
];

const ORDERED: [Kind; 12] = [
    "int",
    "numeric",
    "date",
    "timestamptz",
    "timestamp",
    "app.lvl",
    "text",
    "bigint",
    "char(3)",
    "float8",
    "interval",
    "varchar(4)",
];

impl Writer<'_> {
    /// Something of the type that can be named, or a literal where there is nothing.
    pub(super) fn name(&mut self, kind: Kind) -> String {
        let names: Vec<_> = self.names.iter().filter(|(_, k)| *k == kind).map(|(n, _)| n.clone()).collect();
        if names.is_empty() { literal(self.c, kind) } else { self.c.pick(&names) }
    }

    /// A value of a type.
    pub(super) fn value(&mut self, kind: Kind, depth: usize) -> String {
        match self.c.below(100) {
            0..45 => self.name(kind),
            45..60 => {
                let bare = matches!(kind, "int" | "numeric" | "boolean") && self.c.chance(50);
                if bare { self.c.pick(pool(kind)).to_owned() } else { literal(self.c, kind) }
            }
            _ => self.made(kind, depth),
        }
    }

    /// A value by way of another.
    fn made(&mut self, kind: Kind, depth: usize) -> String {
        let own = self.name(kind);
        let text = self.name("text");
        let forms: Vec<String> = match kind {
            "uuid" => {
                let (int, other) = (self.name("int"), literal(self.c, kind));
                vec![
                    "auth.uid()".to_owned(),
                    "(select auth.uid())".to_owned(),
                    format!("nullif({own}, {other})"),
                    format!("coalesce({own}, auth.uid())"),
                    "(auth.jwt() ->> 'sub')::uuid".to_owned(),
                    format!("{own}::text::uuid"),
                    format!("{}[1]", self.name("uuid[]")),
                    format!("(select m.user_id from app.members m where m.team_id = {int} limit 1)"),
                ]
            }
            "text" => self.texts(&own),
            "int" => self.integers(&own),
            "boolean" if depth > 0 => vec![format!("({})", self.condition(depth - 1))],
            "boolean" => vec![format!("{own}::text::boolean"), format!("({}::boolean)", self.name("int"))],
            "numeric" => vec![
                format!("{}::numeric", self.name("int")),
                format!("{own}::text::numeric"),
                format!("round({own}, 1)"),
                format!("{own}::numeric(4,1)"),
                format!("{}::numeric", self.name("float8")),
                format!("{own} + 1"),
            ],
            "bigint" | "smallint" => vec![format!("{}::{kind}", self.name("int")), format!("{own}::text::{kind}")],
            "float8" => vec![format!("{}::float8", self.name("numeric")), format!("{own}::text::float8")],
            "date" => vec![
                format!("{}::date", self.name("timestamptz")),
                format!("{}::date", self.name("timestamp")),
                "current_date".to_owned(),
                format!("{own} + 1"),
                format!("({own}::text)::date"),
            ],
            "timestamptz" => {
                vec![
                    format!("{}::timestamptz", self.name("date")),
                    "now()".to_owned(),
                    format!("{own} + interval '1 day'"),
                ]
            }
            "timestamp" => vec![format!("{}::timestamp", self.name("timestamptz")), format!("{own}::date::timestamp")],
            "interval" => vec![format!("{own}::text::interval"), "interval '1 day'".to_owned()],
            "text[]" => vec![
                format!("{}::text[]", self.name("uuid[]")),
                format!("string_to_array({text}, '/')"),
                format!("array[{text}, 'a']"),
                format!("storage.foldername({text})"),
                format!("{}::text[]", self.name("int[]")),
            ],
            "int[]" => vec![
                format!("array[{}]", self.name("int")),
                "array(select m.team_id from app.members m where m.user_id = auth.uid())".to_owned(),
            ],
            "jsonb" => vec![
                format!("to_jsonb({text})"),
                format!("({own} -> 'r')"),
                "(auth.jwt() -> 'app_metadata')".to_owned(),
                format!("{own}::text::jsonb"),
            ],
            "app.lvl" => vec![
                format!("{}::text::app.lvl", own),
                format!("(case when {text} in ('lo', 'mid') then {text} end)::app.lvl"),
                format!("coalesce({own}, 'mid')"),
            ],
            "char(3)" | "varchar(4)" | "app.code" => vec![format!("{text}::{kind}"), format!("{own}::text::{kind}")],
            "bytea" => vec![format!("convert_to({text}, 'UTF8')"), format!("{own} || {own}")],
            _ => vec![own],
        };
        self.c.pick(&forms)
    }

    fn texts(&mut self, own: &str) -> Vec<String> {
        let other = self.c.pick(&[
            "uuid",
            "int",
            "numeric",
            "boolean",
            "app.lvl",
            "char(3)",
            "varchar(4)",
            "float8",
            "date",
            "timestamptz",
            "timestamp",
            "jsonb",
            "text[]",
            "bigint",
            "app.code",
            "bytea",
            "interval",
        ]);
        let (printed, int, literal) = (self.name(other), self.name("int"), self.c.pick(pool("text")));
        vec![
            "(auth.jwt() ->> 'role')".to_owned(),
            "(auth.jwt() ->> 'email')".to_owned(),
            "(auth.jwt() -> 'app_metadata' ->> 'org')".to_owned(),
            "(auth.jwt() -> 'user_metadata' ->> 'org')".to_owned(),
            "current_setting('app.org', true)".to_owned(),
            format!("lower({own})"),
            format!("upper({own})"),
            format!("{printed}::text"),
            format!("{printed}::text"),
            format!("{printed}::varchar"),
            format!("({} ->> 'r')", self.name("jsonb")),
            format!("coalesce({own}, 'a')"),
            format!("{}[1]", self.name("text[]")),
            format!("split_part({own}, '/', 1)"),
            format!("(select m.role from app.members m where m.user_id = auth.uid() and m.team_id = {int})"),
            format!("({own} || {literal})"),
            format!("nullif({own}, '')"),
            format!("trim({own})"),
            format!("left({own}, 1)"),
            format!("({own}::char(3))::text"),
            format!("{own}::varchar(1)::text"),
            format!("(storage.foldername({own}))[1]"),
            format!("to_char({}, 'YYYY')", self.name("date")),
            format!("concat({own}, {int})"),
            format!("(select max(m.role) from app.members m where m.team_id = {int})"),
        ]
    }

    fn integers(&mut self, own: &str) -> Vec<String> {
        let (json, text, array) = (self.name("jsonb"), self.name("text"), self.name("text[]"));
        vec![
            format!("{own} + 1"),
            format!("({json} ->> 'x')::int"),
            "app.my_team()".to_owned(),
            "(select count(*) from app.members m where m.user_id = auth.uid())::int".to_owned(),
            format!("length({text})"),
            format!("coalesce({own}, 0)"),
            format!("array_length({array}, 1)"),
            format!("cardinality({array})"),
            "(select max(m.team_id) from app.members m where m.user_id = auth.uid())".to_owned(),
            format!("greatest({own}, 1)"),
            format!("least({own}, {})", self.name("int")),
            format!("{}::int", self.name("numeric")),
            format!("{}::int", self.name("boolean")),
            format!("(case when {text} ~ '^[0-9]$' then {text}::int end)"),
            format!("{}[1]", self.name("int[]")),
            "(auth.jwt() -> 'app_metadata' ->> 'team')::int".to_owned(),
        ]
    }

    /// A condition with so many levels of AND, OR, NOT and CASE.
    pub(super) fn condition(&mut self, depth: usize) -> String {
        match self.c.below(100) {
            0..35 if depth > 0 => {
                let operator = self.c.pick(&["and", "or"]);
                let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
                format!("({a} {operator} {b})")
            }
            35..42 if depth > 0 => format!("(not {})", self.condition(depth - 1)),
            42..47 if depth > 0 => {
                let [a, b, c] = [0, 1, 2].map(|_| self.condition(depth - 1));
                format!("(case when {a} then {b} else {c} end)")
            }
            47..62 => self.membership(),
            62..70 => self.special(),
            _ => self.comparison(),
        }
    }

    fn comparison(&mut self) -> String {
        let kind = self.c.pick(&COMPARED);
        let a = self.value(kind, 0);
        match self.c.below(100) {
            0..50 => {
                let operator = self.c.pick(&["=", "=", "=", "<>"]);
                format!("{a} {operator} {}", self.value(kind, 0))
            }
            50..60 => {
                let kind = self.c.pick(&ORDERED);
                let (a, b) = (self.value(kind, 0), self.value(kind, 0));
                format!("{a} {} {b}", self.c.pick(&["<", "<=", ">", ">="]))
            }
            60..68 => format!("{a} is {}null", self.c.pick(&["", "not "])),
            68..78 => format!("{a} is {}distinct from {}", self.c.pick(&["", "not "]), self.value(kind, 0)),
            78..86 => {
                let (x, y) = (self.value(kind, 0), self.value(kind, 0));
                format!("{a} {}in ({x}, {y})", self.c.pick(&["", "not "]))
            }
            86..94 => self.mixed(),
            _ => {
                let test = self.c.pick(&["is true", "is not true", "is false", "is not false", "is unknown"]);
                format!("({}) {test}", self.comparison())
            }
        }
    }

    /// Operands of two types, where the server casts one or a literal takes the other's.
    fn mixed(&mut self) -> String {
        let pairs: [(Kind, Kind); 9] = [
            ("int", "numeric"),
            ("numeric", "float8"),
            ("char(3)", "text"),
            ("varchar(4)", "char(3)"),
            ("date", "timestamptz"),
            ("date", "timestamp"),
            ("bigint", "float8"),
            ("app.code", "text"),
            ("smallint", "bigint"),
        ];
        let (a, b) = self.c.pick(&pairs);
        let operator = self.c.pick(&["=", "=", "<>", "<="]);
        let operands = (self.value(a, 0), self.value(b, 0));
        if self.c.chance(50) {
            format!("{} {operator} {}", operands.0, operands.1)
        } else {
            format!("{} {operator} {}", operands.1, operands.0)
        }
    }

    fn special(&mut self) -> String {
        let (text, array, int, json) =
            (self.value("text", 0), self.name("text[]"), self.name("int"), self.name("jsonb"));
        let forms = [
            format!("app.is_admin({int})"),
            format!("{text} = any ({array})"),
            format!("{text} <> all ({array})"),
            format!("auth.uid() = any ({})", self.name("uuid[]")),
            format!("{int} = any ({})", self.name("int[]")),
            format!("app.plv({})", self.name("uuid")),
            format!("{array} @> array[{text}]"),
            format!("{array} && array[{text}, 'a']"),
            format!("{json} ? 'r'"),
            format!("{json} @> '{{\"r\": \"a\"}}'"),
            format!("{text} like 'a%'"),
            format!("{text} like '_'"),
            format!("{text} not like '%b'"),
            format!("{text} ilike 'A%'"),
            format!("{text} ~ '^a'"),
            format!("starts_with({text}, 'a')"),
            self.name("boolean"),
            format!("{} is not false", self.name("boolean")),
            "(auth.jwt() ->> 'is_anonymous')::boolean is not true".to_owned(),
            "(auth.jwt() ->> 'aal') = 'aal2'".to_owned(),
            format!("{} <= current_date", self.name("date")),
            format!("{} < now()", self.name("timestamptz")),
            format!("{int} between {} and {}", self.value("int", 0), self.value("int", 0)),
            format!("({int}, {text}) = (1, 'a')"),
            format!("({}, {int}) in (select m.user_id, m.team_id from app.members m)", self.name("uuid")),
        ];
        self.c.pick(&forms)
    }

    fn membership(&mut self) -> String {
        if self.helpers > 0 && self.c.chance(20) {
            let (at, uuid, int) = (self.c.below(self.helpers), self.value("uuid", 0), self.value("int", 0));
            return format!("app.h{at}({uuid}, {int})");
        }
        let m = format!("m{}", self.depth);
        let place = self.sub_select(&m);
        let (int, uuid) = (self.name("int"), self.name("uuid"));
        let forms = [
            format!("exists (select 1 from app.members {m} where {place})"),
            format!("exists (select 1 from app.members {m} where {place})"),
            format!("not exists (select from app.members {m} where {place})"),
            format!("{int} in (select {m}.team_id from app.members {m} where {place})"),
            format!("{int} not in (select {m}.team_id from app.members {m} where {place})"),
            format!("{} in (select app.my_teams())", self.value("int", 0)),
            format!("app.is_mem({})", self.value("int", 0)),
            format!("(select count(*) from app.members {m} where {place}) > 0"),
            format!("{int} = any (array(select {m}.team_id from app.members {m} where {place}))"),
            format!("{uuid} = (select {m}.user_id from app.members {m} where {place} limit 1)"),
            format!("{int} in (select {m}.team_id from app.members {m} where {place} union select 1)"),
            format!("auth.uid() in (select {m}.user_id from app.members {m} where {place} order by 1)"),
            format!("exists (select from app.members {m} join app.teams g on g.id = {m}.team_id where {place})"),
            format!(
                "exists (select from app.members {m} left join app.teams g on g.id = {m}.team_id and g.open where {place})"
            ),
            format!("{int} in (select g.id from app.teams g where g.open or g.owner = auth.uid())"),
        ];
        self.c.pick(&forms)
    }

    /// What a sub-select over members asks; bare names may be captured.
    fn sub_select(&mut self, m: &str) -> String {
        let mut all = Vec::new();
        for _ in 0..1 + self.c.below(3) {
            let (int, uuid, text) = (self.value("int", 0), self.value("uuid", 0), self.value("text", 0));
            let forms = [
                format!("{m}.user_id = auth.uid()"),
                format!("{m}.user_id = auth.uid()"),
                format!("{m}.team_id = {int}"),
                format!("{m}.team_id = {int}"),
                format!("{m}.role = 'admin'"),
                format!("{m}.role in ('admin', 'member')"),
                format!("{m}.user_id = {uuid}"),
                format!("{m}.role <> {text}"),
                format!("{m}.role is not null"),
                format!("team_id = {m}.team_id"),
                format!("{m}.role is distinct from {text}"),
            ];
            all.push(self.c.pick(&forms));
        }
        let mut text = all.join(self.c.pick(&[" and ", " and ", " and ", " or "]));
        if self.depth == 0 && self.c.chance(20) {
            let not = self.c.pick(&["", "not "]);
            let inner = format!("q.team_id = {m}.team_id and q.role = 'admin'");
            text = format!("({text}) and {not}exists (select 1 from app.members q where {inner})");
        }
        text
    }
}
