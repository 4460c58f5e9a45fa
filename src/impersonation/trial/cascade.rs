//! What a row refers to, deleted or given another key: the server then deletes or changes the row in its table's owner's name.

use std::collections::BTreeMap;

use super::attempt::{Attempt, On, plain};
use crate::impersonation::cast::slot_of;
use crate::impersonation::seed::plain_value;
use crate::model::{
    Column, Command, ConstraintKind, ForeignKey, Identity, QualifiedName, ReferentialAction, quote_ident, quote_literal,
};
use crate::report::Action;

/// Where a made-up key is taken from: beyond those of all rows that were made.
const NEW_KEY: u32 = 31_000;

impl On<'_, '_, '_> {
    /// Deletes from the tables that the rows refer to, and new keys there.
    pub(super) fn cascades(&self, out: &mut Vec<Attempt>) {
        let schema = self.setting.effective.schema();
        let mut parents: BTreeMap<&QualifiedName, Vec<&ForeignKey>> = BTreeMap::new();
        for constraint in self.relation.constraints.iter().filter(|c| c.enforced) {
            if let ConstraintKind::ForeignKey(key) = &constraint.kind
                && key.relation != self.relation.name
            {
                parents.entry(&key.relation).or_default().push(key);
            }
        }
        for (name, keys) in parents {
            let Some(parent) = schema.relation(name) else { continue };
            let of = On { relation: parent, ..*self };
            if keys.iter().any(|key| acts(key.on_delete))
                && let Some(filter) = of.filter().filter(|_| of.has(Command::Delete))
            {
                out.push(plain(Action::DeleteByCascade, format!("delete from {name} where {filter}")));
            }
            for key in keys.iter().filter(|key| acts(key.on_update)) {
                if let Some(sql) = of.new_key(key) {
                    let attempt = plain(Action::UpdateByCascade, sql);
                    if !out.contains(&attempt) {
                        out.push(attempt);
                    }
                }
            }
        }
    }

    /// Another key for the row that another user's row refers to.
    fn new_key(&self, key: &ForeignKey) -> Option<String> {
        let schema = self.setting.effective.schema();
        let columns = || key.columns.iter().filter_map(|name| self.relation.column(name));
        let settable = |c: &&Column| {
            c.generated.is_none() && c.identity != Some(Identity::Always) && self.may(Command::Update, &c.name)
        };
        let column = columns().find(settable).filter(|_| self.has(Command::Update))?;
        let row = self.row(slot_of(self.guest.other()))?;
        let mut these = Vec::new();
        for column in columns() {
            let value = row.cells.get(&column.name)?.as_deref().filter(|_| self.may(Command::Select, &column.name))?;
            these.push(format!("{} = {}", quote_ident(&column.name), quote_literal(value)));
        }
        let value = plain_value(column, self.relation, schema, NEW_KEY)?;
        let (name, set) = (&self.relation.name, quote_ident(&column.name));
        Some(format!("update {name} set {set} = {} where {}", quote_literal(&value), these.join(" and ")))
    }
}

/// Whether the rows that refer are deleted or changed.
fn acts(action: ReferentialAction) -> bool {
    !matches!(action, ReferentialAction::NoAction | ReferentialAction::Restrict)
}
