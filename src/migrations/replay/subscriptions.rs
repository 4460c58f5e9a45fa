//! Subscriptions. Whether their connection works only the other server knows; here it does.

use super::catalog::names::Space;
use super::catalog::object::Subscription;
use super::catalog::{Id, ROOT};
use super::run::{Result, Run, reject, state};
use super::words::is_true;
use crate::migrations::parse::subscription::{AlterSubscription, CreateSubscription, SubscriptionAction};
use std::collections::BTreeSet;

/// Options that decide whether a subscription runs, and as whom.
const KNOWN: [&str; 14] = [
    "connect",
    "enabled",
    "create_slot",
    "slot_name",
    "copy_data",
    "synchronous_commit",
    "binary",
    "streaming",
    "two_phase",
    "disable_on_error",
    "origin",
    "password_required",
    "run_as_owner",
    "failover",
];

/// Since when there are options that there were not always.
const SINCE: [(&str, u32); 6] = [
    ("two_phase", 15),
    ("disable_on_error", 15),
    ("origin", 16),
    ("password_required", 16),
    ("run_as_owner", 16),
    ("failover", 17),
];

type Options = [(String, Option<String>)];

/// A boolean option; one without a value is on.
fn flag(options: &Options, name: &str) -> Option<bool> {
    let (_, value) = options.iter().find(|(option, _)| option == name)?;
    Some(value.as_deref().is_none_or(is_true))
}

impl Run {
    pub(super) fn create_subscription(&mut self, create: &CreateSubscription) -> Result {
        self.may_subscribe()?;
        self.know_options(&create.options)?;
        let options = create.options.as_slice();
        let connects = flag(options, "connect").unwrap_or(true);
        let enabled = flag(options, "enabled").unwrap_or(connects);
        let has_slot = !options.iter().any(|(name, value)| name == "slot_name" && value.as_deref() == Some("none"));
        let asks_more = [flag(options, "enabled"), flag(options, "create_slot"), flag(options, "copy_data")];
        if !connects && asks_more.contains(&Some(true)) {
            return reject(state::SYNTAX, "`connect = false` excludes `enabled`, `create_slot` and `copy_data`");
        }
        if !has_slot && enabled {
            return reject(state::SYNTAX, "`slot_name = none` excludes `enabled = true`");
        }
        if !has_slot && connects && flag(options, "create_slot") != Some(false) {
            return reject(state::SYNTAX, "`slot_name = none` excludes `create_slot = true`");
        }
        if self.catalog.names.find(Space::Subscription, ROOT, &create.name).is_some() {
            return reject(state::DUPLICATE_OBJECT, format!("subscription `{}` already exists", create.name));
        }
        all_different(&create.publications)?;
        let before_16 = self.catalog.major < 16;
        let password_required = flag(options, "password_required").unwrap_or(true);
        if !password_required {
            self.must_be_superuser("let a subscription do without a password")?;
        }
        if !before_16 && password_required && !create.has_password && self.is_bound() {
            return reject("2F003", "a subscription of a role that is no superuser needs a password");
        }
        let row = Subscription {
            name: create.name.clone(),
            owner: self.user(),
            enabled,
            has_slot,
            has_connected: connects,
            publications: create.publications.clone(),
            run_as_owner: before_16 || flag(options, "run_as_owner").unwrap_or(false),
            password_required,
            origin: self.origin,
        };
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::Subscription, ROOT, &create.name, id);
        self.catalog.subscriptions.insert(id, row);
        self.touch(id);
        Ok(())
    }

    /// Before 16 a superuser; then a member of `pg_create_subscription` who may also create in the database.
    fn may_subscribe(&self) -> Result {
        if self.catalog.major < 16 {
            return self.must_be_superuser("create subscriptions");
        }
        let member = self.catalog.role("pg_create_subscription");
        if self.is_bound() && !member.is_some_and(|role| self.has_rights_of(self.user(), role)) {
            return reject(state::INSUFFICIENT_PRIVILEGE, "permission denied to create subscription");
        }
        self.may_create_in_database()
    }

    /// DROP takes the slot from the other server. Nobody has made one there for a subscription that was made without a
    /// connection and never ran, so that the statement fails and the subscription stays: so it does when a dump with `--clean`
    /// is restored over what it was taken from.
    pub(super) fn may_drop_subscription(&self, id: Id) -> Result {
        match self.catalog.subscriptions.get(id).filter(|row| row.has_slot) {
            Some(_) if self.session.in_transaction => {
                reject("25001", "DROP SUBSCRIPTION of one with a slot cannot run inside a transaction block")
            }
            Some(row) if !row.has_connected => reject(
                "08006",
                format!("the slot of subscription `{}` cannot be dropped on the publisher: nothing made it", row.name),
            ),
            _ => Ok(()),
        }
    }

    fn know_options(&self, options: &Options) -> Result {
        let mut seen = BTreeSet::new();
        for (name, _) in options {
            let since = SINCE.iter().find(|(option, _)| option == name).map_or(0, |(_, since)| *since);
            // What is newer than we are passes.
            if KNOWN.contains(&name.as_str()) && since > self.catalog.major {
                return reject(state::SYNTAX, format!("unrecognized subscription parameter: `{name}`"));
            }
            if !seen.insert(name) {
                return reject(state::SYNTAX, "conflicting or redundant options");
            }
        }
        Ok(())
    }

    pub(super) fn alter_subscription(&mut self, alter: &AlterSubscription) -> Result {
        let id = self.global(Space::Subscription, &alter.name, "subscription")?;
        self.must_own(id)?;
        let Some(mut row) = self.catalog.subscriptions.get(id).cloned() else { return Ok(()) };
        match &alter.action {
            SubscriptionAction::Change(change) => return self.change_subscription(&alter.name, change),
            SubscriptionAction::Other => (),
            SubscriptionAction::Enable(on) => {
                has_slot_to_run(&row, *on)?;
                row.enabled = *on;
                row.has_connected |= *on;
            }
            SubscriptionAction::Options(options) => self.subscription_options(&mut row, options)?,
            SubscriptionAction::Set(list, options) => {
                may_refresh(&row, options)?;
                all_different(list)?;
                row.publications.clone_from(list);
            }
            SubscriptionAction::Add(list, options) => {
                may_refresh(&row, options)?;
                all_different(list)?;
                if let Some(name) = list.iter().find(|name| row.publications.contains(name)) {
                    return reject(
                        state::DUPLICATE_OBJECT,
                        format!("publication `{name}` is already in the subscription"),
                    );
                }
                row.publications.extend(list.iter().cloned());
            }
            SubscriptionAction::Drop(list, options) => {
                may_refresh(&row, options)?;
                self.leave_publications(&mut row, list)?;
            }
        }
        row.origin = self.origin;
        self.catalog.subscriptions.insert(id, row);
        self.touch(id);
        Ok(())
    }

    fn leave_publications(&self, row: &mut Subscription, list: &[String]) -> Result {
        all_different(list)?;
        if let Some(name) = list.iter().find(|name| !row.publications.contains(name)) {
            return reject(
                state::INVALID_OBJECT_DEFINITION,
                format!("publication `{name}` is not in the subscription"),
            );
        }
        row.publications.retain(|name| !list.contains(name));
        match row.publications.is_empty() {
            true => reject(state::INVALID_OBJECT_DEFINITION, "a subscription cannot be without publications"),
            false => Ok(()),
        }
    }

    fn subscription_options(&self, row: &mut Subscription, options: &Options) -> Result {
        self.know_options(options)?;
        let slot = options.iter().find(|(name, _)| name == "slot_name");
        let has_slot = slot.map_or(row.has_slot, |(_, value)| value.as_deref() != Some("none"));
        if row.enabled && !has_slot {
            return reject(state::SYNTAX, "an enabled subscription needs a slot");
        }
        row.has_slot = has_slot;
        row.run_as_owner = flag(options, "run_as_owner").unwrap_or(row.run_as_owner);
        if let Some(required) = flag(options, "password_required") {
            if !required {
                self.must_be_superuser("let a subscription do without a password")?;
            }
            row.password_required = required;
        }
        Ok(())
    }

    /// What a role owns across all databases of the cluster, DROP OWNED leaves and REASSIGN OWNED gives away.
    pub(super) fn reassign_subscriptions(&mut self, from: &[Id], to: Id) {
        for id in self.catalog.subscriptions.ids(|s| from.contains(&s.owner)) {
            if let Some(row) = self.catalog.subscriptions.edit(id) {
                row.owner = to;
            }
        }
    }
}

fn has_slot_to_run(row: &Subscription, on: bool) -> Result {
    match on && !row.has_slot {
        true => reject(state::WRONG_STATE, "a subscription without a slot cannot be enabled"),
        false => Ok(()),
    }
}

/// A change of the publications asks the other server, unless it says `refresh = false`.
fn may_refresh(row: &Subscription, options: &Options) -> Result {
    match row.enabled || flag(options, "refresh") == Some(false) {
        true => Ok(()),
        false => reject(state::WRONG_STATE, "a disabled subscription cannot be refreshed"),
    }
}

fn all_different(names: &[String]) -> Result {
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(*name)) {
        Some(name) => reject(state::DUPLICATE_OBJECT, format!("publication `{name}` is named twice")),
        None => Ok(()),
    }
}
