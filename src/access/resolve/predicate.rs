//! Conditions of rules, bound over the row of a relation, and what is said when they can't be.

use super::super::define::Define;
use super::super::error::RuleError;
use super::super::expand::{Expander, Trouble};
use super::super::intent::Predicate;
use super::super::pattern::Pattern;
use super::super::rules::Declared;
use super::super::text::Sql;
use super::Resolving;
use crate::commands::similar;
use crate::model::{FunctionKind, Relation};
use crate::sql::bind::{Bound, Captured, Scope};
use crate::sql::print::{self, AsBound, Outside};
use crate::sql::tree::walk::{Change, walk};
use crate::sql::tree::{Expr, Node, Source};
use crate::sql::{Catalog, ErrorKind, SchemaCatalog, SqlError, Type};

impl<'a> Resolving<'a> {
    /// The condition of a rule on a relation; what fails is noted.
    pub(super) fn condition(
        &mut self,
        relation: &'a Relation,
        pattern: &Pattern,
        what: &Declared,
    ) -> Option<Predicate> {
        let key = (relation.name.clone(), what.at().clone());
        if let Some(known) = self.bound.get(&key) {
            return known.clone();
        }
        let sql = match what {
            Declared::Constant(..) => Sql { text: what.text().to_owned(), at: what.at().clone() },
            Declared::Sql(sql) => sql.clone(),
        };
        let found = match self.bind(relation, &sql) {
            Ok(predicate) => Some(predicate),
            Err(trouble) => {
                let by = pattern.exact().is_none().then_some(pattern);
                let error = self.explain(Some((relation, by)), &sql, trouble);
                self.errors.push(error);
                None
            }
        };
        self.bound.insert(key, found.clone());
        found
    }

    /// A boolean expression over a relation's row.
    pub(super) fn bind(&mut self, relation: &'a Relation, sql: &Sql) -> Result<Predicate, Trouble> {
        let table = SchemaCatalog::new(self.schema).relation(&relation.name.schema, &relation.name.name);
        let scope = table.map_or_else(Scope::default, |table| Scope::default().relation(table, None));
        let expander = self.expander(relation);
        let mut bound = expander.bind(sql, None)?;
        if !bound.tree.data_type.is("boolean") {
            bound = as_boolean(expander, sql, &bound.tree.data_type)?;
        }
        captured(&mut bound)?;
        of_a_row(&mut bound.tree)?;
        let text = print::expression(&bound.tree, &Outside::of(&scope), &AsBound);
        Ok(Predicate { text: sql.text.clone(), sql: text, tree: bound.tree })
    }

    /// An expression without a row.
    pub(super) fn value(&mut self, sql: &Sql) -> Option<Predicate> {
        let expander = Expander::new(self.schema, &self.rules.defines, Scope::default());
        let bound = expander.bind(sql, None).and_then(|mut bound| of_a_row(&mut bound.tree).map(|()| bound));
        match bound {
            Ok(bound) => {
                let text = print::expression(&bound.tree, &Outside::default(), &AsBound);
                Some(Predicate { text: sql.text.clone(), sql: text, tree: bound.tree })
            }
            Err(trouble) => {
                let error = self.explain(None, sql, trouble);
                self.errors.push(error);
                None
            }
        }
    }

    /// Trouble with its place, in the rule or in the define that it calls.
    fn explain(&self, on: Option<(&Relation, Option<&Pattern>)>, sql: &Sql, trouble: Trouble) -> RuleError {
        let Trouble { define, error } = trouble;
        let texts = self.rules.texts();
        let define = define.and_then(|name| self.rules.defines.get_key_value(&name));
        let place = define.map_or(sql, |(_, define)| &define.sql);
        let byte = error.range.as_ref().map_or(0, |r| r.start);
        let (mut message, help) = self.say(on.map(|(relation, _)| relation), &place.text, &error);
        match on {
            Some((relation, Some(pattern))) => {
                message.push_str(&format!(", on {}, which `{}` covers", relation.name, pattern.text));
            }
            Some((relation, None)) if define.is_some() => message.push_str(&format!(", on {}", relation.name)),
            _ => {}
        }
        if let Some((name, _)) = define {
            message.push_str(&format!(", where `{name}` is called at {}", texts.place(&sql.at)));
        }
        texts.error_in(place, byte, message, help)
    }

    /// What is wrong in words, and what to do.
    fn say(&self, relation: Option<&Relation>, text: &str, error: &SqlError) -> (String, Option<String>) {
        let what = error.what.clone();
        let word = error.range.clone().and_then(|r| text.get(r)).unwrap_or_default();
        let name = word.split('(').next().unwrap_or_default().trim();
        match error.kind {
            ErrorKind::UnknownColumn => {
                let columns = relation.into_iter().flat_map(|r| &r.columns).map(|c| c.name.as_str());
                let parameters = name.starts_with('$').then(|| "arguments are for [define]".to_owned());
                (what, parameters.or_else(|| similar::to(name, columns)))
            }
            ErrorKind::UnknownRelation => {
                let names: Vec<_> = self.schema.relations.iter().map(|r| r.name.to_string()).collect();
                (what, qualified(name, &names))
            }
            ErrorKind::UnknownFunction => self.no_function_in(what, name),
            _ => (what, None),
        }
    }

    fn no_function_in(&self, what: String, name: &str) -> (String, Option<String>) {
        let defines = &self.rules.defines;
        if let Some(Define { arity, .. }) = defines.get(name) {
            let noun = if *arity == 1 { "argument" } else { "arguments" };
            let help = "the greatest `$` number in [define] is the number of arguments".to_owned();
            return (format!("`{name}` takes {arity} {noun}"), Some(help));
        }
        if name == "session.user" || name == "session.tenant" {
            let key = name.split('.').next_back().unwrap_or_default();
            return (format!("nothing says what `{name}` is"), Some(format!("give `[session] {key}`")));
        }
        let mut names: Vec<_> = self.schema.functions.iter().map(|f| f.id.qualified().to_string()).collect();
        let help = qualified(name, &names);
        names.extend(defines.keys().cloned());
        (what, help.or_else(|| similar::to(name, names.iter().map(String::as_str))))
    }
}

/// A name without its schema, of which there is one with; or one that is nearly that.
fn qualified(name: &str, names: &[String]) -> Option<String> {
    let suffix = format!(".{name}");
    let whole = names.iter().filter(|n| !name.is_empty() && n.ends_with(&suffix)).min();
    whole.map(|n| format!("say `{n}`: rules name everything with its schema")).or_else(|| {
        let names = names.iter().map(String::as_str);
        if name.contains('.') { similar::to(name, names) } else { None }
    })
}

fn as_boolean(expander: &Expander<'_>, sql: &Sql, is: &Type) -> Result<Bound<Expr>, Trouble> {
    let what = format!("a condition is `boolean`, and this is `{is}`");
    expander.bind(sql, Some(&Type::named("boolean"))).map_err(|_| trouble(ErrorKind::Mismatch, what, None))
}

/// `m.team_id = team_id` compares a column with itself where SQL takes the second for one of the sub-select's too. Whoever
/// wrote it meant the row's.
fn captured(bound: &mut Bound<Expr>) -> Result<(), Trouble> {
    struct Look<'a>(&'a [Captured], Option<Captured>);
    impl Change for Look<'_> {
        fn expr(&mut self, expr: &mut Expr, _depth: usize) {
            let Node::Operation(_, operands) = &expr.node else { return };
            let [Expr { node: Node::Column(a), range: left, .. }, Expr { node: Node::Column(b), range: right, .. }] =
                operands.as_slice()
            else {
                return;
            };
            let taken = |c: &&Captured| [left, right].iter().any(|r| r.start == c.start && r.end == c.end);
            if let (true, Some(found)) =
                ((a.up, a.source, a.column) == (b.up, b.source, b.column), self.0.iter().find(taken))
            {
                self.1.get_or_insert(found.clone());
            }
        }

        fn source(&mut self, _source: &mut Source, _depth: usize) {}
    }
    let mut look = Look(&bound.captured, None);
    walk(&mut bound.tree, 0, &mut look);
    let Some(Captured { start, end, column, inner, outer }) = look.1 else { return Ok(()) };
    let what = format!("`{column}` is a column of `{inner}` here, compared with itself: say `{outer}.{column}`");
    Err(trouble(ErrorKind::Ambiguous, what, Some(start..end)))
}

/// Refuses what is no expression of a single row.
fn of_a_row(tree: &mut Expr) -> Result<(), Trouble> {
    struct Look(Option<Trouble>);
    impl Change for Look {
        fn expr(&mut self, expr: &mut Expr, depth: usize) {
            let Node::Call(call) = &expr.node else { return };
            let routine = &call.routine;
            let many = matches!(routine.kind, FunctionKind::Aggregate | FunctionKind::Window) || call.over.is_some();
            if depth == 0 && (many || routine.returns_set) {
                let what = format!("`{}` is not for a single row", routine.name.name);
                self.0.get_or_insert(trouble(ErrorKind::Unsupported, what, Some(expr.range.clone())));
            }
        }

        fn source(&mut self, _source: &mut Source, _depth: usize) {}
    }
    let mut look = Look(None);
    walk(tree, 0, &mut look);
    look.0.map_or(Ok(()), Err)
}

fn trouble(kind: ErrorKind, what: String, range: Option<std::ops::Range<usize>>) -> Trouble {
    Trouble { define: None, error: SqlError { kind, what, range } }
}
