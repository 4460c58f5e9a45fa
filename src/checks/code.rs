//! What functions do, through the functions that they call: the relations they touch, and whether they ask who asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::names::{Name, Names};
use crate::model::{Command, Function, FunctionId, QualifiedName, Schema};

/// The functions of the application, read once.
#[derive(Debug)]
pub(super) struct Code<'a> {
    schema: &'a Schema,
    bodies: BTreeMap<&'a FunctionId, Body<'a>>,
    by_name: BTreeMap<&'a str, Vec<&'a Function>>,
    /// The places of relations in the model.
    tables: BTreeMap<&'a str, Vec<usize>>,
    /// Owned, so that what is kept ties no lifetimes together.
    read: OnceLock<BTreeMap<FunctionId, BTreeSet<QualifiedName>>>,
}

/// A function, read when somebody asks.
#[derive(Debug)]
struct Body<'a> {
    function: &'a Function,
    names: OnceLock<Names>,
    reached: OnceLock<Reached>,
}

/// What a call comes to, the relations by their places in the model.
#[derive(Debug, Default)]
struct Reached {
    touches: BTreeSet<(usize, Command)>,
    identity: bool,
    dynamic: bool,
}

/// What a call of a function comes to.
#[derive(Debug, Default)]
pub(super) struct Effects<'a> {
    /// The relations touched, each with the command.
    pub(super) touches: BTreeSet<(&'a QualifiedName, Command)>,
    /// Whether it asks who the session is.
    pub(super) identity: bool,
    /// Whether it runs SQL put together at run time, so that more may be touched.
    pub(super) dynamic: bool,
}

/// The relations that a function names without their schema, by their names.
pub(crate) fn bare_names(schema: &Schema, function: &Function) -> BTreeSet<String> {
    let names = Names::of(&function.body).relations.into_iter().map(|(name, _)| name);
    let is_known = |name: &Name| name.schema.is_none() && schema.relations.iter().any(|r| r.name.name == name.name);
    names.filter(is_known).map(|name| name.name).collect()
}

impl<'a> Code<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        let mut code = Self {
            schema,
            bodies: BTreeMap::new(),
            by_name: BTreeMap::new(),
            tables: BTreeMap::new(),
            read: OnceLock::new(),
        };
        for (at, relation) in schema.relations.iter().enumerate() {
            code.tables.entry(&relation.name.name).or_default().push(at);
        }
        for function in schema.functions.iter().filter(|f| f.extension.is_none()) {
            code.bodies.insert(&function.id, Body { function, names: OnceLock::new(), reached: OnceLock::new() });
            code.by_name.entry(&function.id.name).or_default().push(function);
        }
        code
    }

    /// Whether `text` asks who the session is, itself or through a function that it calls.
    pub(super) fn asks_who(&self, text: &str) -> bool {
        let names = Names::of(text);
        names.identity || self.called(&names).any(|f| self.knows_caller(f))
    }

    /// Whether a function asks who the session is, itself or through one that it calls.
    pub(super) fn knows_caller(&self, function: &Function) -> bool {
        self.reached(function).is_some_and(|reached| reached.identity)
    }

    /// What the body of a function names, if it is one of the application's.
    pub(super) fn names(&self, function: &FunctionId) -> Option<&Names> {
        let body = self.bodies.get(function)?;
        Some(body.names.get_or_init(|| Names::of(&body.function.body)))
    }

    /// What calling `function` comes to.
    pub(super) fn effects(&self, function: &Function) -> Effects<'a> {
        let Some(reached) = self.reached(function) else { return Effects::default() };
        let relation = |at: usize| self.schema.relations.get(at).map(|r| &r.name);
        let touches = reached.touches.iter().filter_map(|(at, command)| Some((relation(*at)?, *command)));
        Effects { touches: touches.collect(), identity: reached.identity, dynamic: reached.dynamic }
    }

    /// Whether calling `function` comes to `command` on a relation.
    pub(super) fn does(&self, function: &Function, command: Command, relation: &QualifiedName) -> bool {
        let named = self.tables.get(relation.name.as_str()).into_iter().flatten();
        let place = named.copied().find(|at| self.schema.relations.get(*at).is_some_and(|r| r.name == *relation));
        let reached = place.and_then(|at| Some((at, self.reached(function)?)));
        reached.is_some_and(|(at, reached)| reached.touches.contains(&(at, command)))
    }

    fn reached(&self, function: &Function) -> Option<&Reached> {
        let body = self.bodies.get(&function.id)?;
        Some(body.reached.get_or_init(|| {
            let mut reached = Reached::default();
            self.add(body.function, &mut reached, &mut BTreeSet::new());
            reached
        }))
    }

    /// The relations that a SECURITY DEFINER function names, itself or through functions and views, with those that they
    /// are children of.
    pub(super) fn read_by(&self, function: &Function) -> Option<&BTreeSet<QualifiedName>> {
        let all = self.read.get_or_init(|| {
            let definers = self.schema.functions.iter().filter(|f| f.security_definer && f.extension.is_none());
            definers.map(|f| (f.id.clone(), self.all_read(f))).collect()
        });
        all.get(&function.id)
    }

    fn all_read(&self, function: &'a Function) -> BTreeSet<QualifiedName> {
        let effects = self.effects(function);
        let mut rest: Vec<_> = effects.touches.into_iter().map(|(name, _)| name).collect();
        if effects.dynamic {
            // SQL put together at run time names its tables in text.
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let words: BTreeSet<_> = function.body.split(|c| !is_word(c)).collect();
            let meant = words.into_iter().filter_map(|word| self.tables.get(word)).flatten();
            rest.extend(meant.filter_map(|at| self.schema.relations.get(*at)).map(|r| &r.name));
        }
        let mut all = BTreeSet::new();
        while let Some(name) = rest.pop() {
            let Some(relation) = self.schema.relation(name).filter(|_| all.insert(name.clone())) else { continue };
            rest.extend(relation.view.iter().flat_map(|view| &view.reads));
            let children = self.schema.relations.iter().filter(|r| r.parents.contains(name));
            rest.extend(children.map(|child| &child.name));
        }
        all
    }

    /// Whether a function runs SQL that is put together at run time.
    pub(super) fn is_dynamic(&self, function: &Function) -> bool {
        self.reached(function).is_some_and(|reached| reached.dynamic)
    }

    /// The functions that `text` calls, themselves and through one another.
    pub(super) fn called_from(&self, text: &str, found: &mut BTreeSet<&'a FunctionId>) {
        let mut rest: Vec<_> = self.called(&Names::of(text)).collect();
        while let Some(function) = rest.pop() {
            if found.insert(&function.id) {
                rest.extend(self.names(&function.id).into_iter().flat_map(|names| self.called(names)));
            }
        }
    }

    fn add(&self, function: &'a Function, reached: &mut Reached, seen: &mut BTreeSet<&'a FunctionId>) {
        let Some(names) = self.names(&function.id).filter(|_| seen.insert(&function.id)) else { return };
        reached.identity |= names.identity;
        reached.dynamic |= names.dynamic;
        for (name, command) in &names.relations {
            reached.touches.extend(self.resolve(function, name).map(|at| (at, *command)));
        }
        self.called(names).for_each(|f| self.add(f, reached, seen));
    }

    fn called(&self, names: &Names) -> impl Iterator<Item = &'a Function> {
        names.calls.iter().flat_map(|call| {
            let same_name = self.by_name.get(call.name.as_str()).into_iter().flatten().copied();
            same_name.filter(|f| call.schema.as_ref().is_none_or(|s| *s == f.id.schema))
        })
    }

    /// The relation that `name` means inside `function`: by its schema, or the first on the function's path.
    fn resolve(&self, function: &Function, name: &Name) -> Option<usize> {
        let same_name = self.tables.get(name.name.as_str())?;
        let is_in = |at: usize, schema: &str| self.schema.relations.get(at).is_some_and(|r| r.name.schema == schema);
        let within = |schema: &str| same_name.iter().copied().find(|at| is_in(*at, schema));
        match &name.schema {
            Some(schema) => within(schema),
            None => {
                let path = function.search_path.as_deref().or(self.schema.setting_of(&function.owner, "search_path"));
                let path = path.unwrap_or("public");
                let mut steps = path.split(',').map(|s| s.trim().trim_matches('"'));
                steps.find_map(within)
            }
        }
    }
}
