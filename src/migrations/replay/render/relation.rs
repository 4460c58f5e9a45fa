//! Relations with what hangs on them.

use crate::migrations::replay::catalog::acl::Kind;
use crate::migrations::replay::catalog::code::Code;
use crate::migrations::replay::catalog::names::Space;
use crate::migrations::replay::catalog::object::{Column, Policy, Relation, Rule, Trigger, View};
use crate::migrations::replay::catalog::{Catalog, Id};
use crate::migrations::replay::words::is_true;
use crate::model::{self, RelationKind, TriggerEvent, TriggerTiming, quote_ident, quote_literal};

impl Catalog {
    pub(super) fn relation(&self, id: Id, row: &Relation) -> model::Relation {
        let acl_kind = if row.kind == RelationKind::Sequence { Kind::Sequence } else { Kind::Relation };
        let is_sequence = row.kind == RelationKind::Sequence;
        let columns = row.columns.iter().filter(|c| !c.dropped && !is_sequence);
        model::Relation {
            name: self.qualified(id),
            kind: row.kind,
            owner: self.role_name(row.owner),
            acl: self.acl(row.acl.as_ref(), acl_kind, row.owner),
            row_security: row.row_security,
            force_row_security: row.force_row_security,
            is_partition: row.is_partition,
            partitioning: self.partitioning(row),
            bound: self.bound(row),
            parents: row.parents.iter().map(|p| self.qualified(*p)).collect(),
            unlogged: row.unlogged,
            columns: columns.map(|c| self.column(c, row)).collect(),
            constraints: self.constraints.parts(id).map(|(_, c)| self.constraint(c, row.kind)).collect(),
            indexes: self.indexes.parts(id).map(|(_, i)| self.index(i)).collect(),
            policies: self.policies.parts(id).map(|(_, p)| self.policy(p)).collect(),
            triggers: self.triggers.parts(id).map(|(_, t)| self.trigger(t)).collect(),
            rules: self.rules.parts(id).map(|(_, r)| self.rule(r)).collect(),
            view: row.view.as_ref().map(|view| self.view(id, row, view)),
            foreign_server: row.server.and_then(|s| self.servers.get(s)).map(|s| s.name.clone()),
            sequence: is_sequence.then(|| model::Sequence {
                owned_by: row.owned_by.map(|(table, place, _)| (self.qualified(table), self.column_name(table, place))),
            }),
            replica_identity: row.replica_identity,
            extension: self.extension_name(row.extension),
            origin: row.origin,
        }
    }

    fn column(&self, column: &Column, row: &Relation) -> model::Column {
        model::Column {
            name: column.name.clone(),
            data_type: self.type_name(&column.data_type),
            nullable: !(column.not_null && row.kind != RelationKind::ForeignTable && !column.unproved_not_null),
            default: column.default.as_ref().map(|code| self.text(code)),
            generated: column.generated,
            identity: column.identity,
            collation: column.collation.clone(),
            deterministic: column.deterministic,
            acl: column.acl.as_ref().map(|acl| self.acl(Some(acl), Kind::Column, row.owner)).unwrap_or_default(),
            origin: column.origin,
        }
    }

    fn policy(&self, row: &Policy) -> model::Policy {
        let mut roles: Vec<_> = row.roles.iter().map(|r| self.grantee(*r)).collect();
        roles.sort();
        let text = |code: &Option<Code>| code.as_ref().map(|code| self.text(code));
        model::Policy {
            name: row.name.clone(),
            permissive: row.permissive,
            command: row.command,
            roles,
            using: text(&row.using),
            check: text(&row.check),
            calls: self.overloads(row),
            origin: row.origin,
        }
    }

    /// The functions that a policy calls of which there are others of that name.
    fn overloads(&self, row: &Policy) -> Vec<model::FunctionId> {
        let codes = row.using.iter().chain(&row.check);
        let used = codes.flat_map(|code| &code.uses).filter_map(|a| self.functions.get(a.id));
        let is_one_of_several =
            |f: &&super::super::catalog::object::Function| self.names.all(Space::Function, f.schema, &f.name).len() > 1;
        let mut calls: Vec<_> = used.filter(is_one_of_several).map(|f| self.id_of(f)).collect();
        calls.sort();
        calls.dedup();
        calls
    }

    fn trigger(&self, row: &Trigger) -> model::Trigger {
        model::Trigger {
            name: row.name.clone(),
            timing: row.timing,
            events: row.events.clone(),
            for_each_row: row.for_each_row,
            function: self.function_id(row.function),
            fires: row.fires,
            definition: self.trigger_definition(row),
            origin: row.origin,
        }
    }

    fn trigger_definition(&self, row: &Trigger) -> String {
        let constraint = if row.constraint.is_some() { "CONSTRAINT " } else { "" };
        let timing = match row.timing {
            TriggerTiming::Before => "BEFORE",
            TriggerTiming::After => "AFTER",
            TriggerTiming::InsteadOf => "INSTEAD OF",
        };
        let columns: Vec<String> =
            self.column_names(row.relation, &row.columns).iter().map(|c| quote_ident(c).into_owned()).collect();
        let order = [TriggerEvent::Insert, TriggerEvent::Delete, TriggerEvent::Update, TriggerEvent::Truncate];
        let word = |event: TriggerEvent| match event {
            TriggerEvent::Insert => "INSERT".to_owned(),
            TriggerEvent::Delete => "DELETE".to_owned(),
            TriggerEvent::Update if !columns.is_empty() => format!("UPDATE OF {}", columns.join(", ")),
            TriggerEvent::Update => "UPDATE".to_owned(),
            TriggerEvent::Truncate => "TRUNCATE".to_owned(),
        };
        let events: Vec<String> = order.into_iter().filter(|e| row.events.contains(e)).map(word).collect();
        let each = if row.for_each_row { "ROW" } else { "STATEMENT" };
        let when = row.when.as_ref().map(|code| format!("WHEN ({}) ", self.text(code))).unwrap_or_default();
        let function = self.function_id(row.function).qualified();
        // What is always found needs no schema.
        let function = if function.schema == "pg_catalog" {
            quote_ident(&function.name).into_owned()
        } else {
            function.to_string()
        };
        let arguments: Vec<String> = row.arguments.iter().map(|a| quote_literal(a)).collect();
        format!(
            "CREATE {constraint}TRIGGER {} {timing} {} ON {} {}FOR EACH {each} {when}EXECUTE FUNCTION {function}({})",
            quote_ident(&row.name),
            events.join(" OR "),
            self.qualified(row.relation),
            row.clauses,
            arguments.join(", ")
        )
    }

    fn rule(&self, row: &Rule) -> model::Rule {
        let condition =
            row.condition.as_ref().map(|code| format!("\n   WHERE {}", self.text(code))).unwrap_or_default();
        let instead = if row.instead { " INSTEAD " } else { " " };
        let commands = self.text(&row.commands);
        let (instead, end) = match row.commands.tree {
            // A command that begins a line of its own leaves no blank behind.
            Some(_) if commands.starts_with('\n') => (instead.trim_end(), ""),
            Some(_) => (instead, ""),
            None => (instead, ";"),
        };
        model::Rule {
            name: row.name.clone(),
            definition: format!(
                "CREATE RULE {} AS\n    ON {} TO {}{condition} DO{instead}{commands}{end}",
                quote_ident(&row.name),
                row.event.to_uppercase(),
                self.qualified(row.relation)
            ),
            fires: row.fires,
            origin: row.origin,
        }
    }

    fn view(&self, id: Id, row: &Relation, view: &View) -> model::View {
        let option = |name: &str| {
            let value = view.options.iter().find(|(option, _)| option == name).map(|(_, value)| value.as_str());
            value.is_some_and(is_true)
        };
        let [insertable, updatable, deletable] = self.commands_of_view(id, row);
        let relations = view.query.uses.iter().filter(|a| self.relations.has(a.id) && a.id != id);
        let mut reads: Vec<_> = relations.map(|a| self.qualified(a.id)).collect();
        reads.sort();
        reads.dedup();
        let functions = view.query.uses.iter().filter(|a| self.functions.has(a.id));
        let mut calls: Vec<_> = functions.map(|a| self.function_id(a.id)).collect();
        calls.sort();
        calls.dedup();
        model::View {
            definition: self.text(&view.query),
            security_invoker: option("security_invoker"),
            security_barrier: option("security_barrier"),
            check_option: view.check_option,
            insertable,
            updatable,
            deletable,
            reads,
            calls,
        }
    }
}
