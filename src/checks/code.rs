//! What functions do, through the functions that they call: the relations they touch, and whether they ask who asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::names::{Name, Names};
use crate::model::{Command, Function, FunctionId, QualifiedName, Relation, Schema};

/// The functions of the application, read once.
#[derive(Debug)]
pub(super) struct Code<'a> {
    schema: &'a Schema,
    /// Read when somebody asks.
    bodies: BTreeMap<&'a FunctionId, (&'a Function, OnceLock<Names>)>,
    by_name: BTreeMap<&'a str, Vec<&'a Function>>,
    tables: BTreeMap<&'a str, Vec<&'a Relation>>,
    /// Owned, so that what is kept ties no lifetimes together.
    read: OnceLock<BTreeMap<FunctionId, BTreeSet<QualifiedName>>>,
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

impl<'a> Code<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        let mut code = Self {
            schema,
            bodies: BTreeMap::new(),
            by_name: BTreeMap::new(),
            tables: BTreeMap::new(),
            read: OnceLock::new(),
        };
        for relation in &schema.relations {
            code.tables.entry(&relation.name.name).or_default().push(relation);
        }
        for function in schema.functions.iter().filter(|f| f.extension.is_none()) {
            code.bodies.insert(&function.id, (function, OnceLock::new()));
            code.by_name.entry(&function.id.name).or_default().push(function);
        }
        code
    }

    /// Whether `text` asks who the session is, itself or through a function that it calls.
    pub(super) fn asks_who(&self, text: &str) -> bool {
        let names = Names::of(text);
        names.identity || {
            let mut effects = Effects::default();
            let mut seen = BTreeSet::new();
            self.called(&names).for_each(|f| self.add(f, &mut effects, &mut seen));
            effects.identity
        }
    }

    /// What the body of a function names, if it is one of the application's.
    pub(super) fn names(&self, function: &FunctionId) -> Option<&Names> {
        let (function, names) = self.bodies.get(function)?;
        Some(names.get_or_init(|| Names::of(&function.body)))
    }

    /// What calling `function` comes to.
    pub(super) fn effects(&self, function: &'a Function) -> Effects<'a> {
        let mut effects = Effects::default();
        self.add(function, &mut effects, &mut BTreeSet::new());
        effects
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
            rest.extend(words.into_iter().filter_map(|word| self.tables.get(word)).flatten().map(|r| &r.name));
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
    pub(super) fn is_dynamic(&self, function: &'a Function) -> bool {
        self.effects(function).dynamic
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

    /// The unqualified relation names in the body of `function` that are relations somewhere.
    pub(super) fn unqualified(&self, function: &Function) -> BTreeSet<&str> {
        let names = self.names(&function.id).into_iter().flat_map(|n| &n.relations);
        let bare = names.filter(|(n, _)| n.schema.is_none() && self.tables.contains_key(n.name.as_str()));
        bare.map(|(n, _)| n.name.as_str()).collect()
    }

    fn add(&self, function: &'a Function, effects: &mut Effects<'a>, seen: &mut BTreeSet<&'a FunctionId>) {
        let Some(names) = self.names(&function.id).filter(|_| seen.insert(&function.id)) else { return };
        effects.identity |= names.identity;
        effects.dynamic |= names.dynamic;
        for (name, command) in &names.relations {
            effects.touches.extend(self.resolve(function, name).map(|r| (&r.name, *command)));
        }
        self.called(names).for_each(|f| self.add(f, effects, seen));
    }

    fn called(&self, names: &Names) -> impl Iterator<Item = &'a Function> {
        names.calls.iter().flat_map(|call| {
            let same_name = self.by_name.get(call.name.as_str()).into_iter().flatten().copied();
            same_name.filter(|f| call.schema.as_ref().is_none_or(|s| *s == f.id.schema))
        })
    }

    /// The relation that `name` means inside `function`: by its schema, or the first on the function's path.
    fn resolve(&self, function: &Function, name: &Name) -> Option<&'a Relation> {
        let same_name = self.tables.get(name.name.as_str())?;
        let within = |schema: &str| same_name.iter().copied().find(|r| r.name.schema == schema);
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
