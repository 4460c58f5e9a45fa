//! Defines put in place of their calls, in bound trees, so that no name changes its meaning.
//!
//! To the binder a define is a function of a schema of its own. Its body is bound by itself, where only the rule's row and
//! its parameters are in sight, and takes the place of the call with the arguments as the call's surroundings bound them.
//! Put in place as text, `exists (select 1 from m where m.team_id = $1)` would read `team_id` as a column of `m`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::define::{Defines, session};
use super::text::Sql;
use crate::model::{FunctionKind, QualifiedName, Schema, Volatility};
use crate::sql::bind::{Binder, Bound, Scope};
use crate::sql::tree::walk::{Change, walk};
use crate::sql::tree::{Expr, Node, Source, SourceKind};
use crate::sql::{Catalog, ErrorKind, Routine, RoutineParameter, SchemaCatalog, SqlError, Table, Type, UserType};

/// The schema in which unqualified names of functions are looked up: no schema has a name like that.
const DEFINES: &str = "\u{1}define";

/// Trouble in a text: that of the rule (`None`), or of a define.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) define: Option<String>,
    pub(super) error: SqlError,
}

/// Binds texts of rules over one row.
pub(super) struct Expander<'a> {
    catalog: Overlay<'a>,
    scope: Scope,
    path: [String; 1],
}

/// A database that has the defines as functions.
struct Overlay<'a> {
    schema: SchemaCatalog<'a>,
    defines: &'a Defines,
    /// What each define gives, as far as it is known; a condition if it is not.
    gives: RefCell<BTreeMap<String, Type>>,
}

impl Catalog for Overlay<'_> {
    fn relation(&self, schema: &str, name: &str) -> Option<Table> {
        self.schema.relation(schema, name)
    }

    fn functions(&self, schema: &str, name: &str) -> Vec<Routine> {
        let known = match schema {
            DEFINES => self.defines.get_key_value(name),
            "session" => self.defines.get_key_value(session(name).as_str()),
            _ => None,
        };
        let Some((name, define)) = known else { return self.schema.functions(schema, name) };
        let parameter = || RoutineParameter { name: None, data_type: Type::named("\"any\""), has_default: false };
        vec![Routine {
            key: None,
            name: QualifiedName::new(DEFINES, name),
            parameters: (0..define.arity).map(|_| parameter()).collect(),
            variadic: false,
            result: self.gives.borrow().get(name).cloned().unwrap_or_else(|| Type::named("boolean")),
            returns_set: false,
            columns: Vec::new(),
            kind: FunctionKind::Function,
            volatility: Volatility::Volatile,
            strict: false,
        }]
    }

    fn data_type(&self, schema: &str, name: &str) -> Option<UserType> {
        self.schema.data_type(schema, name)
    }

    fn major(&self) -> u32 {
        self.schema.major()
    }
}

impl<'a> Expander<'a> {
    /// Over a row of the relation that the scope gives, or over no row.
    pub(super) fn new(schema: &'a Schema, defines: &'a Defines, scope: Scope) -> Self {
        let catalog = Overlay { schema: SchemaCatalog::new(schema), defines, gives: RefCell::default() };
        Self { catalog, scope, path: [DEFINES.to_owned()] }
    }

    /// The text bound, defines expanded; `wanted` is the type that it must have.
    pub(super) fn bind(&self, sql: &Sql, wanted: Option<&Type>) -> Result<Bound<Expr>, Trouble> {
        self.foresee(&super::define::calls(&sql.text));
        // Each failed try has learned what one define gives.
        for _ in 0..=self.catalog.defines.len() {
            let mut bound =
                self.bound(&sql.text, &self.scope, wanted).map_err(|e| Trouble { define: None, error: e })?;
            let mut expansion = Expansion { expander: self, outcome: Ok(()) };
            walk(&mut bound.tree, 0, &mut expansion);
            match expansion.outcome {
                Ok(()) => return Ok(bound),
                Err(Stop::Trouble(trouble)) => return Err(trouble),
                Err(Stop::Again) => {}
            }
        }
        let error = SqlError {
            kind: ErrorKind::Mismatch,
            what: "a define gives one type here and another there".to_owned(),
            range: None,
        };
        Err(Trouble { define: None, error })
    }

    fn bound(&self, text: &str, scope: &Scope, wanted: Option<&Type>) -> Result<Bound<Expr>, SqlError> {
        Binder::new(&self.catalog, &self.path).expression(text, scope, wanted)
    }

    /// Finds out what defines give, as far as that doesn't depend on their arguments, the inner ones first.
    fn foresee(&self, names: &std::collections::BTreeSet<String>) {
        for name in names {
            let Some(define) = self.catalog.defines.get(name) else { continue };
            if self.catalog.gives.borrow().contains_key(name) {
                continue;
            }
            // Known before its own calls are followed, so that this ends.
            self.catalog.gives.borrow_mut().insert(name.clone(), Type::named("boolean"));
            self.foresee(&define.calls);
            let unknown = vec![Type::named("unknown"); define.arity];
            if let Ok(bound) = self.bound(&define.sql.text, &self.with(&unknown), None) {
                self.catalog.gives.borrow_mut().insert(name.clone(), bound.tree.data_type);
            }
        }
    }

    fn with(&self, parameters: &[Type]) -> Scope {
        parameters.iter().fold(self.scope.clone(), |scope, of| scope.parameter(None, of.clone()))
    }

    /// What a call of a define with those arguments stands for, as it is outside of any query.
    fn body(&self, name: &str, arguments: &[Expr]) -> Result<Expr, Stop> {
        let Some(define) = self.catalog.defines.get(name) else { return Err(Stop::Again) };
        let types: Vec<Type> = arguments.iter().map(|a| a.data_type.clone()).collect();
        let trouble = |error| Stop::Trouble(Trouble { define: Some(name.to_owned()), error });
        let mut tree = self.bound(&define.sql.text, &self.with(&types), None).map_err(trouble)?.tree;
        let known = self.catalog.gives.borrow().get(name).cloned();
        if known.is_none_or(|known| known.bare() != tree.data_type.bare()) {
            self.catalog.gives.borrow_mut().insert(name.to_owned(), tree.data_type.clone());
            return Err(Stop::Again);
        }
        let mut expansion = Expansion { expander: self, outcome: Ok(()) };
        walk(&mut tree, 0, &mut expansion);
        expansion.outcome.map(|()| tree)
    }
}

/// Why an expansion ended.
enum Stop {
    Trouble(Trouble),
    /// What a define gives was taken to be something else.
    Again,
}

/// Puts defines in place of their calls.
struct Expansion<'e, 'a> {
    expander: &'e Expander<'a>,
    outcome: Result<(), Stop>,
}

impl Change for Expansion<'_, '_> {
    fn expr(&mut self, expr: &mut Expr, depth: usize) {
        let Node::Call(call) = &mut expr.node else { return };
        if call.routine.name.schema != DEFINES || self.outcome.is_err() {
            return;
        }
        let arguments = std::mem::take(&mut call.arguments);
        match self.expander.body(&call.routine.name.name, &arguments) {
            Ok(mut body) => {
                walk(&mut body, 0, &mut Placed { depth, arguments: &arguments });
                *expr = Expr { range: expr.range.clone(), ..body };
            }
            Err(stop) => self.outcome = Err(stop),
        }
    }

    fn source(&mut self, source: &mut Source, _depth: usize) {
        let SourceKind::Functions { calls, .. } = &source.kind else { return };
        if self.outcome.is_ok() && calls.iter().any(|c| !matches!(c.node, Node::Call(_))) {
            let error = SqlError {
                kind: ErrorKind::Unsupported,
                what: "a define is a value, not an item of FROM".to_owned(),
                range: Some(source.range.clone()),
            };
            self.outcome = Err(Stop::Trouble(Trouble { define: None, error }));
        }
    }
}

/// Fits a body into its place: what lies outside of it is further away there, and parameters are arguments.
struct Placed<'a> {
    /// The queries between the outermost level and the call.
    depth: usize,
    arguments: &'a [Expr],
}

impl Change for Placed<'_> {
    fn expr(&mut self, expr: &mut Expr, depth: usize) {
        match &mut expr.node {
            Node::Parameter(place) => {
                if let Some(argument) = self.arguments.get(*place) {
                    *expr = argument.clone();
                    walk(expr, 0, &mut Deeper(depth));
                }
            }
            // A constant without a type has found the one that it is wanted as.
            Node::Cast { operand, .. } if operand.data_type.is("unknown") => {
                if let Node::Constant(value) = &operand.node {
                    expr.node = Node::Constant(value.clone());
                }
            }
            _ => Deeper(self.depth).move_free(expr, depth),
        }
    }

    fn source(&mut self, source: &mut Source, depth: usize) {
        Deeper(self.depth).source(source, depth);
    }
}

/// Puts so many queries around a tree.
struct Deeper(usize);

impl Deeper {
    fn move_free(&self, expr: &mut Expr, depth: usize) {
        match &mut expr.node {
            Node::Column(column) if column.up >= depth => column.up += self.0,
            Node::WholeRow { up, .. } if *up >= depth => *up += self.0,
            _ => {}
        }
    }
}

impl Change for Deeper {
    fn expr(&mut self, expr: &mut Expr, depth: usize) {
        self.move_free(expr, depth);
    }

    fn source(&mut self, source: &mut Source, depth: usize) {
        if let SourceKind::Cte { up, .. } = &mut source.kind
            && *up >= depth
        {
            *up += self.0;
        }
    }
}
