//! The text of a schema bound once: function bodies and conditions of policies, for all who ask about them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::inline::{self, Body, Unread};
use super::kept::Kept;
use super::lineage::Lineage;
use crate::model::{Function, FunctionId, Policy, QualifiedName, Schema};
use crate::sql::bind::{Binder, Scope};
use crate::sql::tree::Expr;
use crate::sql::{Catalog, Routine, SchemaCatalog, Table, Type, UserType};

/// A function's body.
pub(crate) type BoundBody = Result<Arc<Body>, Arc<Unread>>;

/// A condition, or why it was not read.
pub(crate) type BoundCondition = Arc<Result<Expr, String>>;

/// What is searched where neither a function nor the session sets a path.
const USUAL: [&str; 2] = ["public", "extensions"];

/// A schema with its text as it was bound, and what inherits from what.
#[derive(Debug)]
pub(crate) struct Bindings<'a> {
    schema: &'a Schema,
    lineage: Lineage<'a>,
    bodies: Kept<FunctionId, BoundBody>,
    pathless: Kept<FunctionId, bool>,
    settled: Kept<FunctionId, bool>,
    namespaces: Kept<FunctionId, Arc<BTreeSet<String>>>,
    /// By relation and text.
    conditions: BTreeMap<&'a QualifiedName, Kept<String, BoundCondition>>,
}

impl<'a> Bindings<'a> {
    /// Nothing is bound before somebody asks.
    pub(crate) fn of(schema: &'a Schema) -> Self {
        let lineage = Lineage::of(schema);
        let conditions = schema.relations.iter().map(|r| (&r.name, Kept::default())).collect();
        Self {
            schema,
            lineage,
            bodies: Kept::default(),
            pathless: Kept::default(),
            settled: Kept::default(),
            namespaces: Kept::default(),
            conditions,
        }
    }

    /// The model.
    pub(crate) fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// Which relations inherit from which.
    pub(crate) fn lineage(&self) -> &Lineage<'a> {
        &self.lineage
    }

    /// The body of one of the schema's functions.
    pub(crate) fn body(&self, function: &Function) -> BoundBody {
        let path = USUAL.map(str::to_owned);
        let read = || inline::body(function, &self.catalog(), &path).map(Arc::new).map_err(Arc::new);
        self.bodies.get(&function.id, read)
    }

    /// Whether a body means the same whatever the session's `search_path` is.
    pub(crate) fn needs_no_path(&self, function: &Function) -> bool {
        let is_own = function.search_path.is_some() || function.body_is_bound;
        is_own || self.pathless.get(&function.id, || inline::body(function, &self.catalog(), &[]).is_ok())
    }

    /// The schemas of what a body names, if it is read and looked up by name whenever it runs.
    pub(crate) fn namespaces(&self, function: &Function) -> Arc<BTreeSet<String>> {
        self.namespaces.get(&function.id, || {
            let body = self.body(function).ok().filter(|_| !function.body_is_bound);
            Arc::new(body.map(|body| body.namespaces()).unwrap_or_default())
        })
    }

    /// Which functions are known to give the same value each time.
    pub(crate) fn settled(&self) -> &Kept<FunctionId, bool> {
        &self.settled
    }

    /// A condition over a row of `relation`, as the catalog prints it: under an empty `search_path`.
    pub(crate) fn condition(&self, relation: &QualifiedName, text: &str) -> BoundCondition {
        let bind = || Arc::new(self.bind(relation, text));
        self.conditions.get(relation).map_or_else(bind, |own| own.get(text, bind))
    }

    fn bind(&self, relation: &QualifiedName, text: &str) -> Result<Expr, String> {
        let path: [String; 0] = [];
        let policies = self.schema.relation(relation).map(|r| r.policies.as_slice()).unwrap_or_default();
        let is_of = |p: &&Policy| [&p.using, &p.check].into_iter().flatten().any(|own| own == text);
        let calls: Vec<&FunctionId> = policies.iter().filter(is_of).flat_map(|p| &p.calls).collect();
        let catalog = Calling { all: self.catalog(), calls };
        let table = catalog.relation(&relation.schema, &relation.name);
        let table = table.ok_or_else(|| format!("{relation}, which is not known"))?;
        let scope = Scope::default().relation(table, None);
        let bound = Binder::new(&catalog, &path).expression(text, &scope, Some(&Type::named("boolean")));
        bound.map(|b| b.tree).map_err(|e| format!("an expression that cannot be read ({})", e.what))
    }

    fn catalog(&self) -> SchemaCatalog<'a> {
        SchemaCatalog::new(self.schema)
    }
}

/// A catalog where of several functions of one name only those are found that a policy is known to call.
struct Calling<'a> {
    all: SchemaCatalog<'a>,
    calls: Vec<&'a FunctionId>,
}

impl Catalog for Calling<'_> {
    fn relation(&self, schema: &str, name: &str) -> Option<Table> {
        self.all.relation(schema, name)
    }

    fn functions(&self, schema: &str, name: &str) -> Vec<Routine> {
        let mut found = self.all.functions(schema, name);
        if self.calls.iter().any(|id| id.schema == schema && id.name == name) {
            let id = |routine: &Routine| self.all.function(routine.key?).map(|f| &f.id);
            found.retain(|routine| id(routine).is_none_or(|id| self.calls.contains(&id)));
        }
        found
    }

    fn data_type(&self, schema: &str, name: &str) -> Option<UserType> {
        self.all.data_type(schema, name)
    }

    fn major(&self) -> u32 {
        self.all.major()
    }
}
