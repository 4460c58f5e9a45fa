//! From the types of a file to rules, with everything that no database is needed for held against it.

use toml::Spanned;

use super::super::define::{Define, session, syntax};
use super::super::error::RuleError;
use super::super::file::{AuthorityTable, Condition, RuleFile, RuleTable, Strings, TenantTable, Update};
use super::super::pattern::Pattern;
use super::super::rules::{AuthorityRule, CallRule, Declared, RowRule, Rules, Said, Tenant, Word};
use super::super::text::{At, Sql, Texts};
use crate::analyzer::decide::Which;
use crate::model::Command;

/// Rules in the making.
pub(super) struct Build {
    pub(super) rules: Rules,
    pub(super) errors: Vec<RuleError>,
}

/// One row of one command.
type Slot = (Command, Which);

const SLOTS: [Slot; 5] = [
    (Command::Select, Which::Old),
    (Command::Insert, Which::New),
    (Command::Update, Which::Old),
    (Command::Update, Which::New),
    (Command::Delete, Which::Old),
];

impl Build {
    pub(super) fn add(&mut self, file: usize, content: RuleFile) {
        let RuleFile { preset: _, session: asking, define, rule, tenant, authority, persona, test, assume } = content;
        for (name, sql) in [("user", asking.user), ("tenant", asking.tenant)] {
            if let Some(sql) = sql {
                let sql = self.sql(file, sql);
                self.define(session(name), sql.at.clone(), sql);
            }
        }
        for (name, sql) in define {
            let (at, sql) = (At::new(file, &name.span()), self.sql(file, sql));
            self.define(name.into_inner(), at, sql);
        }
        rule.into_iter().for_each(|rule| self.rule(file, rule));
        tenant.into_iter().for_each(|tenant| self.tenant(file, tenant.into_inner()));
        authority.into_iter().for_each(|rule| self.authority(file, rule));
        persona.into_iter().for_each(|persona| self.persona(file, persona));
        test.into_iter().for_each(|test| self.test(file, test));
        if let Some(caller) = assume.caller {
            self.rules.caller = Some((*caller.get_ref()).into());
        }
        self.rules.signed_in = assume.signed_in.or(self.rules.signed_in);
        if let Some(trusted) = assume.claims.trusted {
            self.rules.trusted_claims = Some(trusted.0.into_iter().map(Spanned::into_inner).collect());
        }
    }

    fn texts(&self) -> Texts<'_> {
        Texts(&self.rules.texts)
    }

    pub(super) fn fail(&mut self, at: &At, message: impl Into<String>, help: Option<&str>) {
        let error = self.texts().error(at, message, help.map(str::to_owned));
        self.errors.push(error);
    }

    fn sql(&self, file: usize, sql: Spanned<String>) -> Sql {
        Sql { at: At::new(file, &sql.span()), text: sql.into_inner() }
    }

    /// The files of a project may not contradict each other, but each may say better than a preset.
    fn define(&mut self, name: String, at: At, sql: Sql) {
        if let Some(old) = self.rules.defines.get(&name)
            && !self.rules.is_preset(&old.name)
            && old.sql.text != sql.text
        {
            let place = self.texts().place(&old.name);
            self.fail(&at, format!("`{name}` is also defined at {place}"), Some("keep one of them"));
            return;
        }
        self.rules.defines.insert(name, Define::new(sql, at));
    }

    fn words(&mut self, file: usize, strings: impl IntoIterator<Item = Spanned<String>>) -> Vec<Word> {
        let words = strings.into_iter().map(|s| Word { at: At::new(file, &s.span()), text: s.into_inner() });
        words.collect()
    }

    fn patterns(&mut self, file: usize, strings: Strings, function: bool) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for word in self.words(file, strings.0) {
            let at = word.at.clone();
            match Pattern::new(word, function) {
                Ok(pattern) => patterns.push(pattern),
                Err((message, help)) => self.fail(&at, message, Some(&help)),
            }
        }
        patterns
    }

    fn roles(&mut self, file: usize, strings: Strings, at: &At) -> Vec<Word> {
        let roles = self.words(file, strings.0);
        if roles.is_empty() {
            self.fail(at, "a rule about no role", Some("name the roles: `role = [\"anon\", \"authenticated\"]`"));
        }
        for role in roles.iter().filter(|r| r.text == "public") {
            let help = "everybody is no role: name the roles that clients act as";
            self.fail(&role.at, "`public` is everybody", Some(help));
        }
        roles
    }

    fn rule(&mut self, file: usize, rule: Spanned<RuleTable>) {
        let at = At::new(file, &rule.span());
        let mut rule = rule.into_inner();
        let known = self.errors.len();
        let Some(roles) = rule.role.take() else {
            self.fail(&at, "a rule without `role`", Some("name the roles: `role = \"authenticated\"`"));
            return;
        };
        let roles = self.roles(file, roles, &at);
        match (rule.on.take(), rule.call.take()) {
            (Some(on), None) => {
                let on = self.patterns(file, on, false);
                self.rows(file, rule, (on, roles), (&at, known));
            }
            (None, Some(call)) => {
                let call = self.patterns(file, call, true);
                self.call(file, rule, (call, roles), &at);
            }
            (Some(_), Some(_)) => {
                self.fail(
                    &at,
                    "a rule with both `on` and `call`",
                    Some("write one for relations and one for functions"),
                );
            }
            (None, None) => {
                self.fail(&at, "a rule about nothing", Some("name relations by `on`, or functions by `call`"));
            }
        }
    }

    /// `known` errors were there before the rule.
    fn rows(
        &mut self,
        file: usize,
        rule: RuleTable,
        (on, roles): (Vec<Pattern>, Vec<Word>),
        (at, known): (&At, usize),
    ) {
        if let Some(execute) = &rule.execute {
            let help = "a rule on relations says `select`, `insert`, `update`, `delete`, `all` or `hide`";
            self.fail(&At::new(file, &execute.span()), "`execute` is for functions", Some(help));
        }
        let named = [
            (rule.select, (Command::Select, Which::Old)),
            (rule.insert, (Command::Insert, Which::New)),
            (rule.delete, (Command::Delete, Which::Old)),
        ];
        let mut said: Vec<Said> = Vec::new();
        for (condition, slot) in named {
            if let Some(condition) = condition {
                let (at, condition) = (At::new(file, &condition.span()), condition.into_inner());
                self.say(&mut said, at, condition, &[slot], true);
            }
        }
        let columns = rule.update.and_then(|update| self.update(file, update, &mut said));
        if let Some(all) = rule.all {
            let (at, condition) = (At::new(file, &all.span()), all.into_inner());
            let rest = SLOTS.into_iter().filter(|slot| !said.iter().any(|s| s.command == slot.0));
            let rest: Vec<_> = rest.collect();
            self.say(&mut said, at, condition, &rest, false);
        }
        let hide = self.words(file, rule.hide.into_iter().flat_map(|list| list.0));
        let is_new = self.errors.len() == known;
        if is_new && said.is_empty() && hide.is_empty() && columns.is_none() {
            self.fail(
                at,
                "a rule that says nothing",
                Some("say `select`, `insert`, `update`, `delete`, `all` or `hide`"),
            );
        }
        if is_new && on.is_empty() {
            self.fail(at, "a rule about no relation", None);
        }
        let (mode, reason) = (rule.mode.unwrap_or_default(), rule.reason);
        self.rules.rows.push(RowRule { on, roles, said, columns, hide, mode, reason });
    }

    fn say(&mut self, said: &mut Vec<Said>, at: At, condition: Condition, slots: &[Slot], named: bool) {
        let what = match condition {
            Condition::Constant(value) => Declared::Constant(value, at),
            Condition::Sql(text) => Declared::Sql(Sql { text, at }),
        };
        if let Declared::Sql(sql) = &what {
            let mut errors = Vec::new();
            syntax(sql, self.texts(), &mut errors);
            if let Some((_, byte)) = super::super::define::parameters(&sql.text).first() {
                let help = "arguments are for [define]".to_owned();
                errors.push(self.texts().error_in(sql, *byte, "a rule has no arguments", Some(help)));
            }
            self.errors.append(&mut errors);
        }
        said.extend(slots.iter().map(|(command, row)| Said {
            command: *command,
            row: *row,
            what: what.clone(),
            named,
        }));
    }

    /// Notes what is said of both rows, and gives the columns that may be set.
    fn update(&mut self, file: usize, update: Spanned<Update>, said: &mut Vec<Said>) -> Option<Vec<Word>> {
        let at = At::new(file, &update.span());
        let (old, new) = ((Command::Update, Which::Old), (Command::Update, Which::New));
        let table = match update.into_inner() {
            Update::Both(condition) => {
                self.say(said, at, condition, &[old, new], true);
                return None;
            }
            Update::Each(table) => table,
        };
        let at_of = |c: Spanned<Condition>| (At::new(file, &c.span()), c.into_inner());
        match (table.old.map(at_of), table.new.map(at_of)) {
            (Some((at, condition)), None) => self.say(said, at, condition, &[old, new], true),
            (Some((at, condition)), Some((at_new, condition_new))) => {
                self.say(said, at, condition, &[old], true);
                self.say(said, at_new, condition_new, &[new], true);
            }
            (None, Some(_)) => {
                let help = "which rows may be changed: `old = \"..\"`, `true` for every row";
                self.fail(&at, "an update without `old`", Some(help));
            }
            (None, None) if table.columns.is_none() => {
                self.fail(&at, "an update that says nothing", Some("say `old`, `new` or `columns`"));
            }
            (None, None) => {}
        }
        table.columns.map(|columns| self.words(file, columns.0))
    }

    fn call(&mut self, file: usize, rule: RuleTable, (call, roles): (Vec<Pattern>, Vec<Word>), at: &At) {
        let rows = [
            ("select", rule.select.map(|c| c.span())),
            ("insert", rule.insert.map(|c| c.span())),
            ("update", rule.update.map(|c| c.span())),
            ("delete", rule.delete.map(|c| c.span())),
            ("all", rule.all.map(|c| c.span())),
            ("hide", rule.hide.and_then(|list| list.0.first().map(Spanned::span))),
        ];
        for (key, span) in rows {
            if let Some(span) = span {
                let message = format!("`{key}` is for relations");
                self.fail(&At::new(file, &span), message, Some("a rule on functions says `execute`"));
            }
        }
        let Some(execute) = rule.execute else {
            self.fail(at, "a rule on functions without `execute`", Some("say `execute = false` or `execute = true`"));
            return;
        };
        if call.is_empty() {
            self.fail(at, "a rule about no function", None);
        }
        let at = At::new(file, &execute.span());
        let (mode, reason) = (rule.mode.unwrap_or_default(), rule.reason);
        self.rules.calls.push(CallRule { call, roles, execute: execute.into_inner(), at, mode, reason });
    }

    fn tenant(&mut self, file: usize, tenant: TenantTable) {
        let column = Word { at: At::new(file, &tenant.column.span()), text: tenant.column.into_inner() };
        let of = tenant.of.map(|of| self.sql(file, of));
        if let Some(of) = &of {
            let mut errors = Vec::new();
            syntax(of, self.texts(), &mut errors);
            self.errors.append(&mut errors);
        }
        let except = tenant.except.map_or_else(Vec::new, |except| self.patterns(file, except, false));
        let roles = tenant.role.map(|roles| self.roles(file, roles, &column.at));
        self.rules.tenants.push(Tenant { column, of, except, roles, reason: tenant.reason });
    }

    fn authority(&mut self, file: usize, rule: Spanned<AuthorityTable>) {
        let at = At::new(file, &rule.span());
        let rule = rule.into_inner();
        let on = self.patterns(file, rule.on, false);
        if on.is_empty() {
            self.fail(&at, "an authority on no relation", None);
        }
        if rule.columns.as_ref().is_some_and(|list| list.0.is_empty()) {
            let help = "without `columns` the rows as such decide";
            self.fail(&at, "an authority of no columns", Some(help));
        }
        let columns = self.words(file, rule.columns.into_iter().flat_map(|list| list.0));
        self.rules.authorities.push(AuthorityRule { on, columns });
    }
}
