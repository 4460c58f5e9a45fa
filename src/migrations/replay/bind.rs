//! Texts of statements bound to the objects that they speak of, when a statement makes something of them.
//!
//! What the binder cannot bind is scanned for names ([`super::scan`]): the text then stays as it was written.

use super::Object;
use super::catalog::code::{Code, Spot, Tree};
use super::catalog::names::Space;
use super::catalog::object::Column;
use super::catalog::types::{Base, TypeRef};
use super::catalog::{Address, Catalog, Id};
use super::lookup::is_system;
use super::run::{Refusal, Result, Run, reject, state};
use crate::migrations::{Name, lex};
use crate::model::{FunctionId, QualifiedName};
use crate::sql::bind::{Binder, Bound, Scope, Target};
use crate::sql::print::Outside;
use crate::sql::{ErrorKind, SqlError, Type};
use std::sync::Arc;

impl Run {
    /// An expression over the columns of a relation.
    pub(super) fn code(&mut self, relation: Id, text: &str) -> Result<Code> {
        self.bound_over(relation, text, None)
    }

    /// A condition over the columns of a relation.
    pub(super) fn condition(&mut self, relation: Id, text: &str) -> Result<Code> {
        self.bound_over(relation, text, Some(&Type::named("boolean")))
    }

    /// The same where Postgres takes no sub-select.
    pub(super) fn plain_condition(&mut self, relation: Id, text: &str) -> Result<Code> {
        refuse_queries(text)?;
        self.condition(relation, text)
    }

    fn bound_over(&mut self, relation: Id, text: &str, wanted: Option<&Type>) -> Result<Code> {
        let Some(row) = self.catalog.row_of(relation) else { return Ok(self.scan(Some(relation), text)) };
        self.bound(text, row, wanted, Some(relation))
    }

    /// Refuses a type that the values of a column do not become by themselves.
    pub(super) fn converts(&mut self, relation: Id, column: &str, to: &TypeRef) -> Result {
        let Some(wanted) = self.catalog.sql_type(to) else { return Ok(()) };
        let text = crate::model::quote_ident(column).into_owned();
        match self.bound_over(relation, &text, Some(&wanted)) {
            Err(super::run::Refusal::Rejected { message, .. }) => reject(state::DATATYPE_MISMATCH, message),
            _ => Ok(()),
        }
    }

    /// The condition of a trigger, whose rows are called OLD and NEW.
    pub(super) fn code_of_trigger(&mut self, relation: Id, text: &str) -> Result<Code> {
        refuse_queries(text)?;
        let Some(table) = self.catalog.table(relation) else { return Ok(self.scan(Some(relation), text)) };
        let scope = Scope::default().variable("old", table.clone()).variable("new", table);
        self.bound(text, scope, Some(&Type::named("boolean")), Some(relation))
    }

    /// An expression without columns: the default of a parameter.
    pub(super) fn code_without_row(&mut self, text: &str, wanted: Option<&TypeRef>) -> Result<Code> {
        let wanted = wanted.and_then(|t| self.catalog.sql_type(t));
        self.bound(text, Scope::default(), wanted.as_ref(), None)
    }

    /// A domain's CHECK, in which VALUE stands for the value.
    pub(super) fn code_of_domain(&mut self, text: &str, _base: &TypeRef) -> Result<Code> {
        Ok(self.scan(None, text))
    }

    /// The default of a column, or what computes it.
    pub(super) fn code_of_default(&mut self, relation: Id, place: usize, text: &str) -> Result<Code> {
        refuse_queries(text)?;
        let column = self.catalog.relations.get(relation).and_then(|r| r.columns.get(place));
        let (wanted, generated) = column.map(|c| (c.data_type.clone(), c.generated.is_some())).unzip();
        let wanted = wanted.and_then(|t| self.catalog.sql_type(&t));
        let row = if generated == Some(true) { self.catalog.row_of(relation) } else { None };
        let scope = row.unwrap_or_default();
        let mut code = self.bound(text, scope, wanted.as_ref(), Some(relation))?;
        self.follow_sequences(&mut code, text);
        Ok(code)
    }

    /// `nextval('name')` is bound to the sequence, not to its name.
    fn follow_sequences(&self, code: &mut Code, text: &str) {
        if !has_word(text, "nextval") {
            return;
        }
        let tokens = lex::tokens(text, 0..text.len());
        let raw = |token: Option<&lex::Token>| token.and_then(|t| Some((t.kind, text.get(t.range())?)));
        let is_nextval = |at: &usize| {
            let named = raw(tokens.get(*at)).and_then(|(kind, raw)| crate::migrations::names::identifier(kind, raw));
            named.as_deref() == Some("nextval") && tokens.get(at + 1).is_some_and(|t| t.kind == lex::Kind::Punct(b'('))
        };
        let literal = (0..tokens.len()).find(is_nextval).and_then(|at| raw(tokens.get(at + 2)));
        let Some(name) = literal.and_then(|(kind, raw)| crate::migrations::names::literal(kind, raw)) else { return };
        let Some(id) = super::guards::spelled(&name).and_then(|name| self.find_relation(&name)) else { return };
        *code = self.code_of_sequence(id);
    }

    /// The default of a serial.
    pub(super) fn code_of_sequence(&self, sequence: Id) -> Code {
        let literal = crate::model::quote_literal(&self.catalog.qualified(sequence).to_string());
        let mut code = Code::plain(format!("nextval({literal}::regclass)"));
        code.uses(sequence.into());
        let start = "nextval(".len();
        code.names.push((start..start + literal.len(), Spot::Quoted(sequence.into())));
        code
    }

    pub(super) fn code_of_exclusion(&mut self, relation: Id, text: &str) -> Code {
        self.scan(Some(relation), text)
    }

    /// A query with the columns that it gives, under the names that are written before it.
    pub(super) fn columns_of_query(&mut self, text: &str, names: &[String]) -> Result<(Code, Vec<Column>)> {
        let path = self.path_names();
        let scope = Scope::default();
        let bound = Binder::new(&self.catalog, &path).query(text, &scope);
        match bound {
            Ok(bound) => {
                let columns = bound.tree.columns.iter().enumerate().map(|(at, c)| {
                    let name = names.get(at).unwrap_or(&c.name);
                    let mut column = Column::new(name, self.catalog.type_from(&c.data_type), self.origin);
                    self.collate_of_query(&mut column, &bound.tree, at);
                    column
                });
                let columns = columns.collect();
                let code = self.code_of(text, bound, |tree| Tree::Query(tree, Outside::of(&scope)));
                self.sees_all_of(&code)?;
                Ok((code, columns))
            }
            Err(error) => {
                self.unbound(&error, text, None)?;
                let columns = names.iter().map(|name| Column::new(name, TypeRef::built_in("unknown"), self.origin));
                Ok((self.scan(None, text), columns.collect()))
            }
        }
    }

    /// Refuses a query that reads or calls what the current role may not; one that cannot be bound is not asked about.
    pub(super) fn may_run_query(&self, text: &str) -> Result {
        let path = self.path_names();
        let scope = Scope::default();
        let text = text.trim_end().trim_end_matches(';');
        let Ok(bound) = Binder::new(&self.catalog, &path).query(text, &scope) else { return Ok(()) };
        let code = self.code_of(text, bound, |tree| Tree::Query(tree, Outside::of(&scope)));
        self.sees_all_of(&code)?;
        self.may_read(&code)
    }

    pub(super) fn bound(
        &mut self,
        text: &str,
        scope: Scope,
        wanted: Option<&Type>,
        relation: Option<Id>,
    ) -> Result<Code> {
        let path = self.path_names();
        let read = self.texts.read(text);
        let bound = read.and_then(|read| Binder::new(&self.catalog, &path).expression_of(&read, &scope, wanted));
        self.kept(text, bound, relation, |tree| Tree::Expression(tree, Outside::of(&scope)))
    }

    /// A text that is kept to be evaluated later, as the binder read it, or else by the names that stand in it.
    pub(super) fn kept<T>(
        &mut self,
        text: &str,
        bound: std::result::Result<Bound<T>, SqlError>,
        relation: Option<Id>,
        tree: impl FnOnce(T) -> Tree,
    ) -> Result<Code> {
        match bound {
            Ok(bound) => {
                let code = self.code_of(text, bound, tree);
                self.sees_all_of(&code)?;
                Ok(code)
            }
            Err(error) => {
                self.unbound(&error, text, relation)?;
                Ok(self.scan(relation, text))
            }
        }
    }

    fn code_of<T>(&self, text: &str, bound: Bound<T>, tree: impl FnOnce(T) -> Tree) -> Code {
        let mut code = Code { tree: Some(Arc::new(tree(bound.tree))), ..Code::plain(text) };
        for reference in &bound.references {
            let address = match &reference.target {
                Target::Relation(key) | Target::Function(key) => Some(id(key.0).into()),
                Target::Column(relation, column) => {
                    Some(Address::column(id(relation.0), usize::try_from(column.0).unwrap_or(usize::MAX)))
                }
                Target::Type(name) => self.catalog.type_or_row(name).map(Address::from),
            };
            if let Some(address) = address {
                code.uses(address);
            }
        }
        code
    }

    /// Whether an operator that is missed compares types that no extension brings operators for.
    fn compares_known_types(&self, what: &str) -> bool {
        let known = |name: &str| {
            let name = name.trim_matches(|c: char| c == '`' || c == ' ').trim_end_matches("[]");
            let last = name.rsplit_once('.').map_or(name, |(_, last)| last);
            let is_enum = |t: &super::catalog::object::Type| {
                t.name == last && matches!(t.kind, super::catalog::object::TypeKind::Enum(_))
            };
            let plain = name.split_once('(').map_or(name, |(name, _)| name);
            super::builtin::type_name(plain, None).is_some() || self.catalog.types.iter().any(|(_, t)| is_enum(t))
        };
        // Of IN, BETWEEN and their kin the text does not show the operator.
        let shown = what.strip_prefix("no operator ").unwrap_or_default();
        let mut sides =
            ["=", "<>", "<=", ">=", "<", ">"].into_iter().filter_map(|o| shown.split_once(&format!(" {o} ")));
        sides.any(|(left, right)| known(left) && known(right))
    }

    /// Whether a symbol is none of the server's own operators, and no extension of which little is known may bring it.
    fn is_nobodys_operator(&self, word: &str) -> bool {
        let symbol = word.rsplit('.').next().unwrap_or_default().trim_end_matches(')').trim();
        let is_symbol = !symbol.is_empty() && symbol.bytes().all(|b| b"+-*/<>=~!@#%^&|`?".contains(&b));
        let known = crate::sql::is_builtin_operator(symbol);
        is_symbol && !known && !self.may_be_an_extensions(None)
    }

    /// What it means that a text could not be bound: a mistake that Postgres would see too, or an object that nothing
    /// makes, or SQL that the binder does not know, which is nobody's fault here.
    pub(super) fn unbound(&mut self, error: &SqlError, text: &str, relation: Option<Id>) -> Result {
        let word = error.range.clone().and_then(|range| text.get(range)).unwrap_or_default();
        let name = super::guards::spelled(word);
        let schema = name.as_ref().and_then(|n| n.schema.clone());
        let (sqlstate, object) = match error.kind {
            // Not all of the system's views are known here.
            ErrorKind::UnknownRelation if name.as_ref().is_some_and(is_systems) => return Ok(()),
            ErrorKind::UnknownRelation => (state::UNDEFINED_TABLE, name.map(|n| self.unmade(&n)).map(Object::Relation)),
            ErrorKind::UnknownFunction if self.strict > 0 && self.compares_known_types(&error.what) => {
                (state::UNDEFINED_FUNCTION, None)
            }
            ErrorKind::UnknownFunction if self.strict > 0 && self.is_nobodys_operator(word) => {
                (state::UNDEFINED_FUNCTION, None)
            }
            ErrorKind::UnknownFunction => {
                if self.may_be_an_extensions(schema.as_deref()) || name.is_none() {
                    return Ok(());
                }
                let id = name.map(|n| self.unmade(&n)).map(|n| FunctionId {
                    schema: n.schema,
                    name: n.name,
                    arguments: String::new(),
                });
                (state::UNDEFINED_FUNCTION, id.map(Object::Function))
            }
            ErrorKind::UnknownType => {
                if self.may_be_an_extensions(schema.as_deref()) {
                    return Ok(());
                }
                (state::UNDEFINED_OBJECT, name.map(|n| self.unmade(&n)).map(Object::Type))
            }
            ErrorKind::UnknownColumn if self.speaks_of_unknown(relation, text) => return Ok(()),
            ErrorKind::UnknownColumn => (state::UNDEFINED_COLUMN, None),
            ErrorKind::Mismatch if self.strict > 0 => ("42804", None),
            ErrorKind::OutOfRange => (state::OUT_OF_RANGE, None),
            ErrorKind::Literal => (state::INVALID_TEXT, None),
            ErrorKind::Count => (state::SYNTAX, None),
            ErrorKind::Repeated => (state::DUPLICATE_COLUMN, None),
            ErrorKind::Ambiguous if error.what.starts_with("more than one function") => {
                (state::AMBIGUOUS_FUNCTION, None)
            }
            ErrorKind::Ambiguous if self.strict > 0 => ("42702", None),
            _ => return Ok(()),
        };
        let message = error.what.clone();
        match object {
            Some(object) if self.strict == 0 && !self.dropped.contains(&object) => {
                self.note_unknown(object, sqlstate, message);
                Ok(())
            }
            _ => reject(sqlstate, message),
        }
    }

    /// The full name of what nothing makes.
    fn unmade(&mut self, name: &Name) -> QualifiedName {
        let schema = name.schema.clone().unwrap_or_else(|| {
            let id = self.creation_namespace(None).ok();
            id.map_or_else(|| "public".to_owned(), |id| self.catalog.namespace_name(id).to_owned())
        });
        QualifiedName::new(schema, &name.name)
    }

    /// Whether a text reads a relation whose columns are not known.
    fn speaks_of_unknown(&self, relation: Option<Id>, text: &str) -> bool {
        let unknown = |id: Id| {
            let row = self.catalog.relations.get(id);
            row.is_some_and(|r| r.unknown || r.columns.is_empty() && r.view.is_some())
        };
        relation.is_some_and(unknown) || self.scan(relation, text).uses.iter().any(|a| unknown(a.id))
    }
}

/// Whether a name is one of the server's own schemas, or looks like it.
fn is_systems(name: &Name) -> bool {
    name.schema.as_deref().map_or_else(|| name.name.starts_with("pg_"), is_system)
}

/// Whether a text has these letters somewhere, large or small: most have not, and need not be read for them.
fn has_word(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// CHECKs, defaults, indexes and triggers may not query.
pub(super) fn refuse_queries(text: &str) -> Result {
    if !has_word(text, "select") {
        return Ok(());
    }
    let is_select = |t: &lex::Token| {
        t.kind == lex::Kind::Word && text.get(t.range()).is_some_and(|w| w.eq_ignore_ascii_case("select"))
    };
    match lex::tokens(text, 0..text.len()).iter().any(is_select) {
        true => reject("0A000", "cannot use a sub-select here"),
        false => Ok(()),
    }
}

pub(super) fn id(key: u64) -> Id {
    Id(u32::try_from(key).unwrap_or_default())
}

impl Catalog {
    /// A type as the binder knows it; `None` of one that nothing makes.
    pub(super) fn sql_type(&self, data_type: &TypeRef) -> Option<Type> {
        (!matches!(data_type.base, Base::Unknown(_))).then(|| self.bound_type(data_type))
    }

    /// A type that the binder found.
    pub(super) fn type_from(&self, found: &Type) -> TypeRef {
        let modifiers = found.modifier().map(str::to_owned);
        let array = found.is_array();
        let base = match found.qualified().map(|name| (self.type_or_row(&name), name)) {
            Some((Some(id), _)) if self.types.has(id) => Base::Made(id),
            Some((Some(id), _)) => Base::Row(id),
            Some((None, name)) => Base::Unknown(name.to_string()),
            // A literal that nothing gave a type becomes text.
            None if found.is("unknown") => Base::BuiltIn("text".to_owned()),
            None => Base::BuiltIn(found.name().trim_end_matches("[]").to_owned()),
        };
        TypeRef { base, modifiers, array }
    }

    /// The type, or the relation with such a row type.
    pub(super) fn type_or_row(&self, name: &QualifiedName) -> Option<Id> {
        let schema = self.namespace(&name.schema)?;
        let relation = || self.names.find(Space::Relation, schema, &name.name).filter(|id| self.relations.has(*id));
        self.names.find(Space::Type, schema, &name.name).or_else(relation)
    }
}

/// A refusal of a text is one of the statement that holds it.
impl From<SqlError> for Refusal {
    fn from(error: SqlError) -> Self {
        Self::Rejected { sqlstate: "42601", message: error.what }
    }
}
