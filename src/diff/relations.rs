//! Differences in what roles reach of relations, command by command.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::{self, Moved};
use super::words::{self, Reached};
use super::{Difference, Direction, Pair, policies, same};
use crate::analyzer::effective::{Access, Holding};
use crate::checks::Context;
use crate::finding::ObjectRef;
use crate::model::{Command, Grantee, Origin, Privilege, QualifiedName, Relation};
use crate::report::{Grade, entry};

pub(super) fn compare(pair: &Pair<'_, '_>) -> Vec<Difference> {
    let mut all = Vec::new();
    for name in names(pair) {
        let one = One {
            pair,
            name: &name,
            before: pair.before.schema.relation(&name),
            after: pair.after.schema.relation(&name),
        };
        for role in &pair.principals {
            all.extend(one.commands(role));
            all.extend(one.privileges(role));
        }
        all.extend(one.view());
    }
    all
}

/// The relations of either model that clients may reach: an extension's own come and go with it, and the platform's own
/// with its version.
fn names(pair: &Pair<'_, '_>) -> BTreeSet<QualifiedName> {
    let of = |cx: &Context<'_>, other: &Context<'_>| -> Vec<_> {
        let ours = |r: &&Relation| !cx.is_platform(r) || other.schema.relation(&r.name).is_some();
        let all = cx.schema.relations.iter().filter(|r| r.kind.holds_rows() && r.extension.is_none());
        all.filter(ours).map(|r| r.name.clone()).collect()
    };
    of(pair.before, pair.after).into_iter().chain(of(pair.after, pair.before)).collect()
}

/// One relation in both models.
struct One<'p, 'a, 'm> {
    pair: &'p Pair<'a, 'm>,
    name: &'p QualifiedName,
    before: Option<&'m Relation>,
    after: Option<&'m Relation>,
}

/// A role's access by one command in both models.
struct Side<'m> {
    reached: Reached,
    access: Access<'m>,
}

fn side<'m>(cx: &Context<'m>, role: &str, relation: &'m Relation, command: Command) -> Side<'m> {
    let entry = entry(cx, role, relation, command);
    Side {
        reached: Reached { grade: entry.access, columns: entry.columns },
        access: cx.effective.access(role, relation, command),
    }
}

impl<'m> One<'_, '_, 'm> {
    fn commands(&self, role: &str) -> Vec<Difference> {
        let mut alike: BTreeMap<(Direction, String), (Vec<Command>, Difference)> = BTreeMap::new();
        let mut texts = Vec::new();
        for command in Command::ALL {
            let before = self.before.map(|r| side(self.pair.before, role, r, command));
            let after = self.after.map(|r| side(self.pair.after, role, r, command));
            if let Some(found) = self.reached(role, command, before.as_ref(), after.as_ref()) {
                // The sentence without its verb is what commands share.
                let key = (found.0, words::access(&[], "", before.as_ref().map(|s| &s.reached), &found.1));
                let slot = alike.entry(key).or_insert_with(|| (Vec::new(), self.difference(found.0, role)));
                slot.0.push(command);
                slot.1.causes.extend(found.2);
                let before = before.map(|s| s.reached);
                slot.1.text = words::access(&slot.0, &self.name.to_string(), before.as_ref(), &found.1);
            } else if let (Some(before), Some(after)) = (&before, &after) {
                texts.extend(self.conditions(role, command, before, after));
            }
        }
        let said = alike.into_values().map(|(commands, mut difference)| {
            difference.commands = commands.iter().map(ToString::to_string).collect();
            difference.causes.sort_by(|a, b| b.cmp(a));
            difference.causes.dedup();
            difference
        });
        said.chain(policies::joined(texts)).collect()
    }

    fn difference(&self, direction: Direction, role: &str) -> Difference {
        Difference {
            direction,
            principals: vec![role.to_owned()],
            object: ObjectRef::relation(self.name),
            commands: Vec::new(),
            text: String::new(),
            witness: None,
            causes: Vec::new(),
            subjects: vec![ObjectRef::relation(self.name)],
        }
    }

    /// Whether more or fewer rows or columns are reached.
    fn reached(
        &self,
        role: &str,
        command: Command,
        before: Option<&Side<'m>>,
        after: Option<&Side<'m>>,
    ) -> Option<(Direction, Reached, Vec<Origin>)> {
        let nothing = Reached { grade: Grade::None, columns: None };
        let old = before.map_or(&nothing, |s| &s.reached);
        let new = after.map_or(&nothing, |s| &s.reached);
        let direction = direction(old, new)?;
        // A relation that is gone is reached by nobody; that is no news about access.
        let causes = after.map(|side| self.causes(role, command, side)).unwrap_or_default();
        self.after.map(|_| (direction, new.clone(), causes))
    }

    /// The statements that the access of a side rests on and that the earlier model did not have.
    fn causes(&self, role: &str, command: Command, side: &Side<'m>) -> Vec<Origin> {
        let Some(relation) = self.after else { return Vec::new() };
        let mut causes: Vec<Origin> =
            side.access.permissive.iter().filter(|p| !policies::stood(p, self.before)).map(|p| p.origin).collect();
        let changed = self.before.is_none_or(|b| b.row_security != relation.row_security || b.view != relation.view);
        if changed {
            causes.push(relation.origin);
        }
        let grants = relation.acl.granting(command.privilege());
        let on_columns = relation.columns.iter().flat_map(|c| c.acl.granting(command.privilege()));
        let holds = |grantee: &Grantee| match grantee {
            Grantee::Public => true,
            Grantee::Role(name) => self.pair.after.effective.inherits(role, name).is_some(),
        };
        let held = |privilege: Privilege, grantee: &Grantee| {
            self.before.is_some_and(|b| b.acl.privileges_of(grantee).contains(privilege))
        };
        causes.extend(
            grants
                .chain(on_columns)
                .filter(|g| holds(&g.grantee) && !held(command.privilege(), &g.grantee))
                .map(|g| g.origin),
        );
        causes.retain(|origin| !origin.is_catalog());
        causes
    }

    /// The same number of rows by other conditions.
    fn conditions(&self, role: &str, command: Command, before: &Side<'m>, after: &Side<'m>) -> Vec<Difference> {
        let is_some = after.reached.grade == Grade::Some && after.access.row_security.applies();
        if !is_some || !before.access.row_security.applies() {
            return Vec::new();
        }
        let (Some(old), Some(new)) = (self.before, self.after) else { return Vec::new() };
        let mut told = policies::compare(
            (self.pair.before.schema, self.pair.after.schema),
            self.name,
            role,
            command,
            &before.access,
            &after.access,
        );
        if told.is_empty() && !self.pair.rows.may_have_moved(new) {
            return Vec::new();
        }
        match rows::moved(self.pair, role, command, old, new) {
            Moved::Nowhere => return Vec::new(),
            Moved::Open(reason) => {
                for one in &mut told {
                    one.direction = Direction::MayWiden;
                    one.text.push_str(&format!("; not decided which rows that moves: {reason}"));
                }
            }
            Moved::To(direction, witness) => {
                if told.is_empty() {
                    told.push(self.by_other_means(role, command));
                }
                for one in &mut told {
                    (one.direction, one.witness) = (direction, Some(witness.clone()));
                }
            }
        }
        told
    }

    /// The conditions are what they were, and what they ask is not.
    fn by_other_means(&self, role: &str, command: Command) -> Difference {
        Difference {
            commands: vec![command.to_string()],
            text: format!("the policies of {} let through other rows, by what they ask", self.name),
            ..self.difference(Direction::MayWiden, role)
        }
    }

    /// Privileges that row security does not filter, on relations that were there.
    fn privileges(&self, role: &str) -> Vec<Difference> {
        let (Some(before), Some(after)) = (self.before, self.after) else { return Vec::new() };
        let holds = |cx: &Context<'m>, relation: &'m Relation, privilege| -> Option<Holding> {
            let namespace = cx.schema.namespace(&relation.name.schema)?;
            cx.effective.holds_on_namespace(role, namespace, Privilege::Usage)?;
            cx.effective.holds_on_relation(role, relation, privilege)
        };
        let mut all = Vec::new();
        for privilege in [Privilege::Truncate, Privilege::References, Privilege::Trigger, Privilege::Maintain] {
            let was = holds(self.pair.before, before, privilege).is_some();
            let is = holds(self.pair.after, after, privilege).is_some();
            if was == is {
                continue;
            }
            let (direction, now) =
                if is { (Direction::Widened, "has now") } else { (Direction::Narrowed, "has no longer") };
            let origins = after.acl.granting(privilege).map(|g| g.origin).filter(|o| is && !o.is_catalog());
            let causes: Vec<_> = origins.collect();
            // The platform's own tables have other grants on each version.
            if self.pair.after.is_platform(after) && causes.is_empty() {
                continue;
            }
            all.push(Difference {
                commands: vec![privilege.to_string()],
                text: format!("{now} {privilege} on {}", self.name),
                causes,
                ..self.difference(direction, role)
            });
        }
        all
    }

    fn same_query(&self, old: &str, new: &str) -> bool {
        let printed = |cx: &Context<'_>, text| same::printed_query(cx.schema, text);
        same::same_text(old, new)
            || printed(self.pair.before, old).is_some_and(|was| printed(self.pair.after, new) == Some(was))
    }

    /// A view that shows something else to the same readers.
    fn view(&self) -> Option<Difference> {
        let (before, after) = (self.before?, self.after?);
        let (old, new) = (before.view.as_ref()?, after.view.as_ref()?);
        let same = old.security_invoker == new.security_invoker && self.same_query(&old.definition, &new.definition);
        let reads = |role: &&String| self.pair.after.effective.access(role, after, Command::Select).is_some();
        let readers: Vec<_> = self.pair.principals.iter().filter(reads).cloned().collect();
        if same || readers.is_empty() {
            return None;
        }
        let what = match (old.security_invoker, new.security_invoker) {
            (true, false) => format!("the view {} reads with its owner's eyes now, not its reader's", self.name),
            _ => format!("the query of the view {} changed", self.name),
        };
        Some(Difference {
            commands: vec![Command::Select.to_string()],
            principals: readers,
            text: what,
            causes: vec![after.origin],
            ..self.difference(Direction::MayWiden, "")
        })
    }
}

/// Which way the rows and columns went; `None` for nowhere.
fn direction(before: &Reached, after: &Reached) -> Option<Direction> {
    if before.grade != after.grade {
        return Some(if after.grade > before.grade { Direction::Widened } else { Direction::Narrowed });
    }
    if after.grade == Grade::None {
        return None;
    }
    let set = |columns: &Option<Vec<String>>| columns.as_ref().map(|c| c.iter().cloned().collect::<BTreeSet<_>>());
    match (set(&before.columns), set(&after.columns)) {
        (None, None) => None,
        (Some(_), None) => Some(Direction::Widened),
        (None, Some(_)) => Some(Direction::Narrowed),
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) if old.is_superset(&new) => Some(Direction::Narrowed),
        _ => Some(Direction::Widened),
    }
}
