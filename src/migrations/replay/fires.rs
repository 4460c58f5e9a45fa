//! When triggers and rules fire: ENABLE and DISABLE.

use super::catalog::Id;
use super::run::{Result, Run, reject, state};
use crate::model::FiresWhen;

impl Run {
    pub(super) fn fire_triggers(&mut self, id: Id, name: Option<&str>, fires: FiresWhen, only: bool) -> Result {
        let wanted = self.catalog.triggers.of(id, |t| name.is_none_or(|n| n == t.name));
        if let (Some(name), true) = (name, wanted.is_empty()) {
            let table = self.catalog.qualified(id);
            return reject(state::UNDEFINED_OBJECT, format!("trigger `{name}` for table `{table}` does not exist"));
        }
        for trigger in wanted {
            self.changed(trigger);
            self.fire_trigger(trigger, fires, only);
        }
        Ok(())
    }

    pub(super) fn fire_trigger(&mut self, trigger: Id, fires: FiresWhen, only: bool) {
        if let Some(row) = self.catalog.triggers.edit(trigger) {
            row.fires = fires;
        }
        if !only {
            for clone in self.catalog.triggers.using(trigger, |t| t.parent == Some(trigger)) {
                self.fire_trigger(clone, fires, false);
            }
        }
    }

    pub(super) fn fire_rule(&mut self, id: Id, name: &str, fires: FiresWhen) -> Result {
        let found = self.catalog.rules.of(id, |r| r.name == name);
        let Some(rule) = found.first().copied() else {
            return reject(state::UNDEFINED_OBJECT, format!("rule `{name}` does not exist"));
        };
        self.changed(rule);
        if let Some(row) = self.catalog.rules.edit(rule) {
            row.fires = fires;
        }
        Ok(())
    }
}
