//! Which statement is run by what.

use super::catalog::Address;
use super::catalog::names::Space;
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::Name;
use crate::migrations::lex::{self, Kind};
use crate::migrations::names;
use crate::migrations::parse::Statement;
use crate::migrations::parse::object::ObjectRef;
use crate::migrations::parse::setting::Transaction;

impl Run {
    pub(super) fn execute(&mut self, statement: &Statement) -> Result {
        match statement {
            Statement::Grant(grant) => self.grant(grant),
            Statement::Membership(grant) => self.membership(grant),
            Statement::AlterDefaultPrivileges(alter) => self.alter_default_privileges(alter),
            Statement::CreatePolicy(create) => self.create_policy(create),
            Statement::AlterPolicy(alter) => self.alter_policy(alter),
            Statement::CreateTable(create) => self.create_table(create),
            Statement::AlterRelation(alter) => self.alter_relation(alter),
            Statement::CreateIndex(create) => self.create_index(create),
            Statement::CreateView(create) => self.create_view(create),
            Statement::CreateSequence(create) => self.create_sequence(create),
            Statement::CreateFunction(create) => self.create_function(create),
            Statement::AlterFunction(alter) => self.alter_function(alter),
            Statement::CreateAggregate(signature) => self.create_aggregate(signature),
            Statement::CreateCast(create) => self.create_cast(create),
            Statement::CreateOperator(create) => self.create_operator(create),
            Statement::CreateTrigger(create) => self.create_trigger(create),
            Statement::CreateEventTrigger(create) => self.create_event_trigger(create),
            Statement::AlterEventTrigger(alter) => self.alter_event_trigger(alter),
            Statement::CreateRule(create) => self.create_rule(create),
            Statement::CreateType(create) => self.create_type(create),
            Statement::AlterType(alter) => self.alter_type(alter),
            Statement::CreateSchema(create) => self.create_schema(create),
            Statement::CreateExtension(create) => self.create_extension(create),
            Statement::AlterExtension(alter) => self.alter_extension(alter),
            Statement::CreatePublication(create) => self.create_publication(create),
            Statement::AlterPublication(alter) => self.alter_publication(alter),
            Statement::CreateSubscription(create) => self.create_subscription(create),
            Statement::AlterSubscription(alter) => self.alter_subscription(alter),
            Statement::Foreign(foreign) => self.foreign(foreign),
            other => self.execute_other(other),
        }
    }

    fn execute_other(&mut self, statement: &Statement) -> Result {
        match statement {
            Statement::Role(definition) => self.define_role(definition),
            Statement::RoleSetting(setting) => self.set_for_role(setting),
            Statement::Change(object, change) => self.change(object, change),
            Statement::Drop(drop) => self.drop(drop),
            Statement::DropOwned(roles, cascade) => {
                let roles = self.roles(roles)?;
                self.must_have_rights_of(&roles)?;
                self.drop_owned(&roles, *cascade)
            }
            Statement::ReassignOwned(from, to) => {
                let (from, to) = (self.roles(from)?, self.role(to)?);
                self.must_have_rights_of(&from)?;
                self.must_have_rights_of(&[to])?;
                self.reassign_owned(&from, to);
                Ok(())
            }
            Statement::Comment(object) => self.comment(object),
            Statement::SecurityLabel(_) => gap("security labels are not judged", true),
            Statement::Set(set) => self.set(set),
            Statement::AlterSystem(_) => gap("settings of the whole server are not followed", true),
            Statement::Discard(what) => {
                self.discard(what);
                Ok(())
            }
            Statement::Transaction(transaction) => self.transaction(transaction),
            Statement::Do(block) => self.run_block(block),
            Statement::Data(data) => self.data(data),
            Statement::CopyData => self.copied_rows(),
            Statement::Meta(command) => self.meta(command),
            Statement::Other(words) => {
                self.other(words);
                self.refused_mention(words)
            }
            Statement::Unknown { why, may_touch_access_control } => {
                gap(format!("this statement was not understood: {why}"), *may_touch_access_control)
            }
            _ => Ok(()),
        }
    }

    /// Nothing depends on comments, but they are a mention.
    fn comment(&mut self, object: &ObjectRef) -> Result {
        let target = match object {
            ObjectRef::Column(relation, column) => self.column_target(relation, column),
            ObjectRef::Constraint(name, relation, false) => {
                self.part(Space::Constraint, "constraint", name, relation).map(|_| None)
            }
            _ => self.target(object),
        };
        match target {
            Ok(Some(address)) => {
                self.must_own(address.id)?;
                self.touch(address);
                Ok(())
            }
            Err(refusal) if self.strict > 0 => Err(refusal),
            _ => Ok(()),
        }
    }

    fn column_target(&mut self, relation: &Name, column: &str) -> Result<Option<Address>> {
        self.may_look_into(relation)?;
        let Some(id) = self.find_relation(relation) else {
            return reject(state::UNDEFINED_TABLE, format!("relation `{relation}` does not exist"));
        };
        let row = self.catalog.relations.get(id).filter(|row| !row.unknown && !row.columns.is_empty());
        match row {
            Some(row) if row.columns.iter().all(|c| c.name != column) => {
                reject(state::UNDEFINED_COLUMN, format!("column `{column}` of relation `{relation}` does not exist"))
            }
            _ => self.must_own(id).map(|()| None),
        }
    }

    fn transaction(&mut self, transaction: &Transaction) -> Result {
        match transaction {
            Transaction::Begin => {
                if self.watches_transactions && self.open.is_empty() {
                    let mark = self.mark();
                    self.open.push((None, mark, self.session.clone()));
                }
                self.session.in_transaction = true;
            }
            Transaction::Commit => {
                self.close();
                self.session.end_transaction();
            }
            Transaction::Rollback => self.abort(),
            Transaction::Savepoint(name) => {
                if !self.open.is_empty() {
                    let mark = self.mark();
                    self.open.push((Some(name.clone()), mark, self.session.clone()));
                }
            }
            Transaction::Release(name) => {
                while let Some((open, ..)) = self.open.last() {
                    let (named, this) = (open.is_some(), open.as_ref() == Some(name));
                    if !named {
                        break;
                    }
                    self.open.pop();
                    self.release();
                    if this {
                        break;
                    }
                }
            }
            Transaction::RollbackTo(name) => self.roll_back_to(name),
            Transaction::Prepared(_) => return gap("prepared transactions are not followed", true),
        }
        Ok(())
    }

    fn roll_back_to(&mut self, name: &str) {
        let Some(at) = self.open.iter().rposition(|(open, ..)| open.as_deref() == Some(name)) else { return };
        while self.open.len() > at + 1 {
            self.open.pop();
            self.release();
        }
        if let Some((_, mark, session)) = self.open.last().cloned() {
            self.roll_back(mark);
            self.session = session;
        }
    }

    /// Keeps what the open transaction did.
    fn close(&mut self) {
        while self.open.pop().is_some() {
            self.release();
        }
    }

    /// Takes back what the open transaction did.
    pub(super) fn abort(&mut self) {
        if let Some((_, mark, session)) = self.open.first().cloned() {
            self.roll_back(mark);
            self.session = session;
        }
        self.close();
        self.session.end_transaction();
    }

    fn meta(&mut self, command: &str) -> Result {
        let mut words = command.split_whitespace();
        match words.next().unwrap_or_default() {
            "\\connect" | "\\c" => {
                let user = words.nth(1).filter(|user| *user != "-").map(|user| user.trim_matches('"').to_owned());
                self.connect(user.as_deref())
            }
            "\\restrict" | "\\unrestrict" | "\\echo" | "\\qecho" | "\\warn" | "\\set" | "\\unset" | "\\pset"
            | "\\timing" | "\\encoding" | "\\copy" | "\\x" | "\\a" | "\\t" | "\\p" | "\\o" | "\\q" | "\\prompt"
            | "\\password" | "\\." => Ok(()),
            other => gap(format!("the psql command `{other}` is not followed"), true),
        }
    }

    /// Of all that the model has no place for, nondeterministic collations matter: equal values may differ under them.
    fn other(&mut self, words: &str) {
        if words != "create collation" {
            return;
        }
        let text = self.text_here();
        let tokens = lex::tokens(&text, 0..text.len());
        let word = |at: usize| {
            let token = tokens.get(at)?;
            names::identifier(token.kind, text.get(token.range())?)
        };
        let start = if word(2).as_deref() == Some("if") { 5 } else { 2 };
        let (Some(first), second) = (word(start), word(start + 2)) else { return };
        let is_dotted = tokens.get(start + 1).is_some_and(|token| token.kind == Kind::Punct(b'.'));
        let here = || self.path().first().map(|id| self.catalog.namespace_name(*id).to_owned());
        let name = match second {
            Some(name) if is_dotted => (first, name),
            _ => (here().unwrap_or_default(), first),
        };
        let lower = text.to_ascii_lowercase();
        let is_false = lower.split("deterministic").nth(1).is_some_and(|rest| {
            let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '=' || c == '\'');
            ["false", "off", "0", "no"].iter().any(|no| rest.starts_with(no))
        });
        self.collations.insert(name, !is_false);
    }
}

/// Whether access can depend on a statement that did not do what it says.
pub(super) fn touches_access(statement: &Statement) -> bool {
    !matches!(
        statement,
        Statement::Comment(_)
            | Statement::Other(_)
            | Statement::CreateIndex(_)
            | Statement::Set(_)
            | Statement::CreateSequence(_)
    )
}
