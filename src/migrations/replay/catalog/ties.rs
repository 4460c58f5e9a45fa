//! What the rows of each kind name.

use super::Id;
use super::code::Code;
use super::object::{
    Bucket, Cast, Column, Constraint, ConstraintKind, Database, DefaultPrivileges, EventTrigger, Extension, Function,
    GrantedParameter, Index, IndexKey, Language, LargeObject, Membership, Namespace, Operator, Policy, Publication,
    Relation, Rule, Server, Setting, Subscription, Trigger, Type, TypeKind, UserMapping, Wrapper,
};
use super::rows::Row;
use super::types::TypeRef;
use crate::model::Role;

type Each<'a> = &'a mut dyn FnMut(Id);

fn code(code: &Code, each: Each<'_>) {
    code.uses.iter().for_each(|address| each(address.id));
}

fn types<'a>(types: impl IntoIterator<Item = &'a TypeRef>, each: Each<'_>) {
    types.into_iter().filter_map(TypeRef::id).for_each(each);
}

fn column(row: &Column, each: Each<'_>) {
    types([&row.data_type], each);
    row.default.iter().for_each(|c| code(c, each));
}

/// Rows that name nothing, or that are so few that nobody looks for them by what they name.
macro_rules! no_ties {
    ($($row:ty),*) => { $(
        impl Row for $row {
            fn part_of(&self) -> Option<Id> {
                None
            }

            fn rests_on(&self, _: Each<'_>) {}
        }
    )* };
}

no_ties!(Database, Role, Language, Wrapper, Bucket, Subscription, LargeObject, GrantedParameter);

macro_rules! ties {
    ($($row:ident$(($name:ident))?$([$kept:ident])?: $part_of:expr, $rests_on:expr;)*) => { $(
        impl Row for $row {
            $(fn name(&self) -> Option<&str> {
                Some(&self.$name)
            })?

            $(fn changes(&mut self) {
                self.$kept.forget();
            })?

            fn part_of(&self) -> Option<Id> {
                let part_of: fn(&Self) -> Option<Id> = $part_of;
                part_of(self)
            }

            fn rests_on(&self, each: Each<'_>) {
                let rests_on: fn(&Self, Each<'_>) = $rests_on;
                rests_on(self, each);
            }
        }
    )* };
}

ties! {
    Membership: |_| None, |row, each| [row.role, row.member].into_iter().for_each(each);
    Setting: |_| None, |row, each| row.role.into_iter().for_each(each);
    Namespace: |_| None, |row, each| row.extension.into_iter().for_each(each);
    Relation(name)[shape]: |row| Some(row.schema), |row, each| {
        let owner = row.owned_by.map(|(table, ..)| table);
        row.parents.iter().copied().chain(row.server).chain(owner).chain(row.extension).for_each(&mut *each);
        row.columns.iter().for_each(|c| column(c, each));
        row.view.iter().for_each(|view| code(&view.query, each));
    };
    Constraint(name): |row| Some(row.on), |row, each| {
        row.index.into_iter().chain(row.inherited.iter().copied()).for_each(&mut *each);
        match &row.kind {
            ConstraintKind::Check(c) | ConstraintKind::Exclusion(c) => code(c, each),
            ConstraintKind::ForeignKey(key) => [Some(key.relation), key.key].into_iter().flatten().for_each(each),
            ConstraintKind::PrimaryKey | ConstraintKind::Unique(_) | ConstraintKind::Trigger => (),
        }
    };
    Index(name): |row| Some(row.relation), |row, each| {
        row.parent.into_iter().for_each(&mut *each);
        row.predicate.iter().for_each(|c| code(c, each));
        for key in &row.keys {
            if let IndexKey::Expression(c) = key {
                code(c, each);
            }
        }
    };
    Policy(name): |row| Some(row.relation), |row, each| {
        row.roles.iter().copied().flatten().for_each(&mut *each);
        row.using.iter().chain(&row.check).for_each(|c| code(c, each));
    };
    Trigger(name): |row| Some(row.relation), |row, each| {
        [Some(row.function), row.constraint, row.parent].into_iter().flatten().for_each(&mut *each);
        row.when.iter().for_each(|c| code(c, each));
    };
    Rule: |row| Some(row.relation), |row, each| {
        row.condition.iter().chain([&row.commands]).for_each(|c| code(c, each));
    };
    Function(name): |row| Some(row.schema), |row, each| {
        row.extension.into_iter().for_each(&mut *each);
        types(row.parameters.iter().map(|p| &p.data_type).chain(&row.returns), each);
        let defaults = row.parameters.iter().filter_map(|p| p.default.as_ref());
        defaults.chain([&row.body]).for_each(|c| code(c, each));
    };
    Type(name): |row| Some(row.schema), |row, each| {
        row.extension.into_iter().for_each(&mut *each);
        match &row.kind {
            TypeKind::Domain { base, .. } => types([base], each),
            TypeKind::Composite(fields) => types(fields.iter().map(|(_, t)| t), each),
            TypeKind::Range(base) => types(base, each),
            TypeKind::Multirange(range) => each(*range),
            TypeKind::Enum(_) | TypeKind::Base => (),
        }
    };
    DefaultPrivileges: |_| None, |row, each| row.schema.into_iter().for_each(each);
    Extension: |_| None, |row, each| each(row.schema);
    EventTrigger: |_| None, |row, each| each(row.function);
    Publication: |_| None, |row, each| {
        row.schemas.iter().copied().for_each(&mut *each);
        for published in &row.relations {
            each(published.relation);
            published.filter.iter().for_each(|c| code(c, each));
        }
    };
    Server: |_| None, |row, each| each(row.wrapper);
    Cast: |_| None, |row, each| {
        row.function.into_iter().for_each(&mut *each);
        types([&row.from, &row.to], each);
    };
    Operator: |row| Some(row.schema), |row, each| {
        types(row.left.iter().chain(&row.right), each);
        each(row.function);
    };
    UserMapping: |_| None, |row, each| [Some(row.server), row.user].into_iter().flatten().for_each(each);
}
