//! Large objects: made by calls and not by statements, and with owner and grants like any other object.

use super::catalog::acl::Acl;
use super::catalog::object::LargeObject;
use super::catalog::{Address, Id};
use super::change::own;
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::parse::data::{Call, Data};
use crate::migrations::parse::object::Change;
use crate::model::GrantObject;

/// Functions that make large objects, and which of their arguments says the number.
const MAKE: [(&str, Option<usize>); 4] =
    [("lo_create", Some(0)), ("lo_from_bytea", Some(0)), ("lo_creat", None), ("lo_import", Some(1))];

/// A number as SQL writes it: `42`, `'42'` or `'42'::oid`.
fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    let plain = text.split_once("::").map_or(text, |(value, _)| value);
    plain.trim().trim_matches('\'').trim().parse().ok()
}

impl Run {
    /// Large objects that a statement's calls make or remove.
    pub(super) fn large_object_calls(&mut self, data: &Data) -> Result {
        for call in &data.calls {
            if call.name.schema.as_deref().is_some_and(|schema| schema != "pg_catalog") {
                continue;
            }
            let name = call.name.name.as_str();
            let makes = MAKE.iter().find(|(function, _)| *function == name);
            if makes.is_none() && name != "lo_unlink" {
                continue;
            }
            // As pg_dump has it: nothing happens if there is none.
            if name == "lo_unlink" && call.arguments.first().is_some_and(|a| a.text == "oid") {
                self.unlink_if_there()?;
                continue;
            }
            if !self.is_whole(call) {
                return gap(format!("which large objects the calls of `{name}` concern is not followed"), true);
            }
            match makes {
                Some((_, place)) => self.make_large_object(call, *place)?,
                None => self.unlink_large_object(call)?,
            }
        }
        Ok(())
    }

    fn make_large_object(&mut self, call: &Call, place: Option<usize>) -> Result {
        let name = &call.name.name;
        if name == "lo_import" {
            self.must_be_superuser("read files of the server")?;
        }
        let said = match place.and_then(|place| call.arguments.get(place)) {
            Some(argument) => match number(&argument.text) {
                Some(number) => Some(number).filter(|number| *number != 0),
                None => return gap(format!("the number that `{name}` gets is not followed"), true),
            },
            None => None,
        };
        if let Some(number) = said.filter(|number| self.find_large_object(*number).is_some()) {
            return reject(state::UNIQUE_VIOLATION, format!("large object {number} already exists"));
        }
        let owner = self.user();
        let acl = self.catalog.starting_acl(GrantObject::LargeObjects, owner, None);
        let id = self.catalog.fresh();
        self.catalog.large_objects.insert(id, LargeObject { number: said, owner, acl });
        Ok(())
    }

    fn unlink_large_object(&mut self, call: &Call) -> Result {
        let Some(number) = call.arguments.first().map(|argument| argument.text.clone()) else { return Ok(()) };
        let id = self.large_object(&number)?;
        self.must_own(id)?;
        self.catalog.large_objects.remove(id);
        Ok(())
    }

    /// `SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE oid = 'number'`
    fn unlink_if_there(&mut self) -> Result {
        let text = self.text_here().to_lowercase();
        let rest = text.split_once("pg_largeobject_metadata").and_then(|(_, rest)| rest.split_once("oid ="));
        let Some(number) = rest.and_then(|(_, value)| number(value.trim_end_matches(';'))) else {
            return gap("which large objects `lo_unlink` removes is not followed", true);
        };
        if let Some(id) = self.find_large_object(number) {
            self.must_own(id)?;
            self.catalog.large_objects.remove(id);
        }
        Ok(())
    }

    fn find_large_object(&self, number: u32) -> Option<Id> {
        self.catalog.large_objects.ids(|o| o.number == Some(number)).first().copied()
    }

    /// The large object that a statement names.
    pub(super) fn large_object(&self, text: &str) -> Result<Id> {
        let found = number(text).and_then(|number| self.find_large_object(number));
        match found {
            Some(id) => Ok(id),
            None if number(text).is_none() || self.strict == 0 => {
                gap(format!("which large object {text} is no statement before says"), true)
            }
            None => reject(state::UNDEFINED_OBJECT, format!("large object {text} does not exist")),
        }
    }

    pub(super) fn large_object_target(&self, text: &str) -> Result<Option<Address>> {
        self.large_object(text).map(|id| Some(id.into()))
    }

    pub(super) fn change_large_object(&mut self, number: &str, change: &Change) -> Result {
        let Change::Owner(role) = change else {
            return reject(state::SYNTAX, "a large object has no name and no schema");
        };
        let owner = self.role(role)?;
        let id = self.large_object(number)?;
        self.must_own(id)?;
        self.may_give_to(owner, None)?;
        own!(self, large_objects, id, owner);
        Ok(())
    }
}
