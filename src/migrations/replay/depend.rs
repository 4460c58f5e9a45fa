//! What depends on an object, as `pg_depend` has it.

use super::catalog::code::Code;
use super::catalog::object::{Constraint, ConstraintKind, Index, IndexKey, Operator, TypeKind};
use super::catalog::types::TypeRef;
use super::catalog::{Address, Catalog, Id};
use super::drop::Tie;
use super::run::Run;

impl Run {
    pub(super) fn dependents(&self, address: Address) -> Vec<(Address, Tie)> {
        let c = &self.catalog;
        let mut found = Vec::new();
        if address.default {
            return found;
        }
        if let Some(place) = address.column.checked_sub(1) {
            c.of_column(address.id, place, &mut found);
            c.code_with(&|code| code.uses.contains(&address), address, &mut found);
            return found;
        }
        let id = address.id;
        match () {
            () if c.policies.has(id) || c.rules.has(id) => (),
            () if c.triggers.has(id) => {
                found.extend(
                    c.triggers.using(id, |t| t.parent == Some(id)).into_iter().map(|id| (id.into(), Tie::Part)),
                );
                found.extend(c.triggers.get(id).and_then(|t| t.constraint).map(|id| (id.into(), Tie::Part)));
            }
            () if c.constraints.has(id) => c.of_constraint(id, &mut found),
            () if c.indexes.has(id) => c.of_index(id, &mut found),
            () if c.relations.has(id) => {
                c.of_relation(id, &mut found);
                c.with_type(id, &mut found);
                c.code_with(&|code| code.uses.iter().any(|a| a.id == id), address, &mut found);
            }
            () if c.functions.has(id) => {
                found.extend(c.triggers.using(id, |t| t.function == id).into_iter().map(|id| (id.into(), Tie::Normal)));
                found.extend(
                    c.event_triggers.using(id, |t| t.function == id).into_iter().map(|id| (id.into(), Tie::Normal)),
                );
                push(&mut found, c.casts.using(id, |cast| cast.function == Some(id)), Tie::Normal);
                push(&mut found, c.operators.using(id, |operator| operator.function == id), Tie::Normal);
                c.code_with(&|code| code.uses.contains(&address), address, &mut found);
            }
            () if c.types.has(id) => {
                let is_type = |t: &TypeRef| t.id() == Some(id);
                push(&mut found, c.casts.using(id, |cast| is_type(&cast.from) || is_type(&cast.to)), Tie::Normal);
                let takes = |o: &Operator| o.left.iter().chain(&o.right).any(is_type);
                push(&mut found, c.operators.using(id, takes), Tie::Normal);
                c.with_type(id, &mut found);
                c.code_with(&|code| code.uses.contains(&address), address, &mut found);
            }
            () => c.of_other(id, &mut found),
        }
        found
    }
}

type Found = Vec<(Address, Tie)>;

fn push(found: &mut Found, ids: Vec<Id>, tie: Tie) {
    found.extend(ids.into_iter().map(|id| (id.into(), tie)));
}

impl Catalog {
    fn of_relation(&self, id: Id, found: &mut Found) {
        let columns = self.relations.get(id).map(|r| r.columns.as_slice()).unwrap_or_default();
        for (place, _) in columns.iter().enumerate().filter(|(_, c)| c.default.is_some()) {
            found.push((Address::default(id, place), Tie::Part));
        }
        // Its own row type may stand in its own columns, and its expressions speak of it.
        for (place, _) in columns.iter().enumerate().filter(|(_, c)| !c.dropped) {
            found.push((Address::column(id, place), Tie::Part));
        }
        push(found, self.policies.of(id, |_| true), Tie::Part);
        push(found, self.triggers.of(id, |_| true), Tie::Part);
        push(found, self.rules.of(id, |_| true), Tie::Part);
        push(found, self.constraints.of(id, |_| true), Tie::Part);
        push(found, self.indexes.of(id, |_| true), Tie::Part);
        push(found, self.relations.using(id, |r| r.owned_by.is_some_and(|(table, ..)| table == id)), Tie::Part);
        push(found, self.relations.using(id, |r| r.is_partition && r.parents.contains(&id)), Tie::Part);
        push(found, self.relations.using(id, |r| !r.is_partition && r.parents.contains(&id)), Tie::Normal);
        let refers = |kind: &ConstraintKind| matches!(kind, ConstraintKind::ForeignKey(key) if key.relation == id);
        push(found, self.constraints.using(id, |k| k.on != id && refers(&k.kind)), Tie::Normal);
    }

    fn of_column(&self, id: Id, place: usize, found: &mut Found) {
        let address = Address::column(id, place);
        if self.relations.get(id).and_then(|r| r.columns.get(place)).is_some_and(|c| c.default.is_some()) {
            found.push((Address::default(id, place), Tie::Part));
        }
        let uses = |code: &Code| code.uses.contains(&address);
        let in_index = |i: &Index| {
            i.keys.iter().any(|k| match k {
                IndexKey::Column(other) => *other == place,
                IndexKey::Expression(code) => uses(code),
            }) || i.include.contains(&place)
                || i.predicate.as_ref().is_some_and(uses)
        };
        push(found, self.indexes.of(id, in_index), Tie::Part);
        let included =
            |k: &Constraint| k.index.and_then(|i| self.indexes.get(i)).is_some_and(|i| i.include.contains(&place));
        push(found, self.constraints.of(id, |k| k.columns.contains(&place) || included(k)), Tie::Part);
        push(found, self.relations.using(id, |r| r.owned_by.is_some_and(|(t, p, _)| (t, p) == (id, place))), Tie::Part);
        push(found, self.triggers.of(id, |t| t.columns.contains(&place)), Tie::Normal);
        let refers = |kind: &ConstraintKind| matches!(kind, ConstraintKind::ForeignKey(key) if key.relation == id && key.columns.contains(&place));
        push(found, self.constraints.using(id, |k| k.on != id && refers(&k.kind)), Tie::Normal);
    }

    fn of_constraint(&self, id: Id, found: &mut Found) {
        let Some(row) = self.constraints.get(id) else { return };
        if let Some(index) = row.index {
            found.push((index.into(), Tie::Part));
        }
        push(found, self.constraints.using(id, |k| !k.local && k.inherited.contains(&id)), Tie::Part);
    }

    fn of_index(&self, id: Id, found: &mut Found) {
        push(found, self.constraints.using(id, |k| k.index == Some(id)), Tie::Normal);
        push(found, self.indexes.using(id, |i| i.parent == Some(id)), Tie::Part);
        let rests = |kind: &ConstraintKind| matches!(kind, ConstraintKind::ForeignKey(key) if key.key == Some(id));
        push(found, self.constraints.using(id, |k| rests(&k.kind)), Tie::Normal);
    }

    /// What has values of a type, or of a relation's row type.
    fn with_type(&self, id: Id, found: &mut Found) {
        let is = |t: &TypeRef| t.id() == Some(id);
        for (relation, row) in self.relations.users(id) {
            for (place, column) in row.columns.iter().enumerate().filter(|(_, c)| !c.dropped && is(&c.data_type)) {
                let _ = column;
                let dependent = if row.view.is_some() { relation.into() } else { Address::column(relation, place) };
                found.push((dependent, Tie::Normal));
            }
        }
        let in_function = |f: &super::catalog::object::Function| {
            f.returns.as_ref().is_some_and(is) || f.parameters.iter().any(|p| is(&p.data_type))
        };
        push(found, self.functions.using(id, in_function), Tie::Normal);
        push(found, self.constraints.of(id, |_| true), Tie::Part);
        for (other, row) in self.types.users(id).filter(|(_, t)| self.type_rests_on(t, id)) {
            let tie = if matches!(row.kind, TypeKind::Multirange(_)) { Tie::Part } else { Tie::Normal };
            found.push((other.into(), tie));
        }
    }

    /// What has code that `uses` says uses `target`.
    fn code_with(&self, uses: &dyn Fn(&Code) -> bool, target: Address, found: &mut Found) {
        let maybe = |code: &Option<Code>| code.as_ref().is_some_and(uses);
        for (id, row) in self.relations.users(target.id) {
            if id != target.id && row.view.as_ref().is_some_and(|v| uses(&v.query)) {
                found.push((id.into(), Tie::Normal));
            }
            for (place, column) in row.columns.iter().enumerate().filter(|(_, c)| maybe(&c.default)) {
                let address = match column.generated {
                    Some(_) => Address::column(id, place),
                    None => Address::default(id, place),
                };
                if address != target {
                    found.push((address, Tie::Normal));
                }
            }
        }
        push(found, self.policies.using(target.id, |p| maybe(&p.using) || maybe(&p.check)), Tie::Normal);
        push(found, self.triggers.using(target.id, |t| maybe(&t.when)), Tie::Normal);
        push(found, self.rules.using(target.id, |r| maybe(&r.condition) || uses(&r.commands)), Tie::Normal);
        push(
            found,
            self.functions.using(target.id, |f| uses(&f.body) || f.parameters.iter().any(|p| maybe(&p.default))),
            Tie::Normal,
        );
        let in_constraint = |kind: &ConstraintKind| match kind {
            ConstraintKind::Check(code) | ConstraintKind::Exclusion(code) => uses(code),
            _ => false,
        };
        push(found, self.constraints.using(target.id, |k| in_constraint(&k.kind)), Tie::Normal);
        let in_index = |i: &Index| {
            maybe(&i.predicate) || i.keys.iter().any(|k| matches!(k, IndexKey::Expression(code) if uses(code)))
        };
        push(found, self.indexes.using(target.id, in_index), Tie::Normal);
    }

    fn of_other(&self, id: Id, found: &mut Found) {
        if self.namespaces.has(id) {
            push(found, self.relations.of(id, |_| true), Tie::Normal);
            push(found, self.functions.of(id, |_| true), Tie::Normal);
            push(found, self.types.of(id, |_| true), Tie::Normal);
            push(found, self.operators.of(id, |_| true), Tie::Normal);
            push(found, self.extensions.using(id, |e| e.schema == id), Tie::Normal);
            push(found, self.defaults.using(id, |d| d.schema == Some(id)), Tie::Part);
        }
        if self.extensions.has(id) {
            push(found, self.relations.using(id, |r| r.extension == Some(id)), Tie::Part);
            push(found, self.functions.using(id, |f| f.extension == Some(id)), Tie::Part);
            push(found, self.types.using(id, |t| t.extension == Some(id)), Tie::Part);
            push(found, self.namespaces.using(id, |n| n.extension == Some(id)), Tie::Part);
        }
        if self.wrappers.has(id) {
            push(found, self.servers.using(id, |s| s.wrapper == id), Tie::Normal);
        }
        if self.servers.has(id) {
            push(found, self.relations.using(id, |r| r.server == Some(id)), Tie::Normal);
            push(found, self.mappings.using(id, |m| m.server == id), Tie::Normal);
        }
    }
}
