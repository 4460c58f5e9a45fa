//! Names that policies ask for, as of topics and of files: those of one's own and those of another user, by what the
//! policies name.

use std::collections::BTreeSet;

use crate::impersonation::cast::slot_of;
use crate::impersonation::guest::{Guest, tenant_key, user_key};
use crate::impersonation::seed::primary_key;
use crate::impersonation::trial::Setting;
use crate::model::{Function, QualifiedName, Relation};

/// A table of the platform with these columns, where policies guard it and the guest comes to it by the Data API.
pub(super) fn guarded<'t>(
    setting: &Setting<'t, '_>,
    guest: &Guest,
    (schema, table): (&str, &str),
    columns: [&str; 2],
) -> Option<&'t Relation> {
    let relation = setting.effective.schema().relation(&QualifiedName::new(schema, table))?;
    let has_policies = relation.row_security && !relation.policies.is_empty();
    let has_columns = columns.iter().all(|column| relation.column(column).is_some());
    (guest.persona.is_api && has_policies && has_columns).then_some(relation)
}

/// What the policies of a relation ask of names.
pub(super) struct Asked<'t, 'a> {
    setting: &'t Setting<'t, 'a>,
    /// What names may begin with.
    prefixes: BTreeSet<String>,
    /// Texts that may be names themselves.
    whole: BTreeSet<String>,
    /// The policies, with the bodies of functions that they call.
    text: String,
}

impl<'t, 'a> Asked<'t, 'a> {
    /// `not` are texts that are no names.
    pub(super) fn of(setting: &'t Setting<'t, 'a>, relation: &Relation, not: &[&str]) -> Self {
        let schema = setting.effective.schema();
        let policies = relation.policies.iter().flat_map(|p| [&p.using, &p.check]).flatten();
        let mut text = policies.cloned().collect::<Vec<_>>().join("\n");
        let is_platforms = |f: &&Function| setting.effective.is_platform_object(&f.id.schema, &f.owner);
        let own = schema.functions.iter().filter(|f| f.extension.is_none() && !is_platforms(f));
        let called: Vec<_> =
            own.filter(|f| text.contains(&format!("{}(", f.id.name))).map(|f| f.body.as_str()).collect();
        text = format!("{text}\n{}", called.join("\n"));
        let (mut prefixes, mut whole) = (BTreeSet::from([String::new()]), BTreeSet::new());
        let constants: BTreeSet<_> = constants(&text).collect();
        let ends = |c: &str| c.ends_with(|last: char| !last.is_alphanumeric());
        let separators: Vec<_> = constants.iter().filter(|c| c.len() == 1 && ends(c)).collect();
        for constant in constants.iter().filter(|c| c.len() > 1 && !not.contains(&c.as_str())) {
            if ends(constant) {
                prefixes.insert(constant.clone());
                continue;
            }
            whole.insert(constant.clone());
            // `split_part(realtime.topic(), ':', 1) = 'room'`
            prefixes.extend(separators.iter().map(|separator| format!("{constant}{separator}")));
        }
        Self { setting, prefixes, whole, text }
    }

    /// Names of what is the guest's own, and texts that are names themselves.
    pub(super) fn own(&self, guest: &Guest) -> BTreeSet<String> {
        let mut names = guest.user.map(|user| self.named(user)).unwrap_or_default();
        names.extend(self.whole.iter().cloned());
        names
    }

    /// Names of what is another user's.
    pub(super) fn others(&self, guest: &Guest) -> BTreeSet<String> {
        self.named(guest.other())
    }

    fn named(&self, user: usize) -> BTreeSet<String> {
        let values = self.values(user);
        let named = values.iter().flat_map(|value| self.prefixes.iter().map(move |prefix| format!("{prefix}{value}")));
        let mut names: BTreeSet<_> = named.collect();
        // Where names begin with something, what does not is none.
        if self.prefixes.len() > 1 {
            names.retain(|name| self.prefixes.iter().any(|p| !p.is_empty() && name.starts_with(p.as_str())));
        }
        names
    }

    /// What belongs to a user: it and its tenant first, then keys and names of its rows in what the policies name.
    pub(super) fn values(&self, user: usize) -> Vec<String> {
        let (schema, seeded) = (self.setting.effective.schema(), self.setting.seeded);
        let slot = slot_of(user);
        let mut values = vec![user_key(seeded, user), tenant_key(schema, seeded, user)];
        let names = |r: &&Relation| self.text.contains(&r.name.name);
        for relation in seeded.rows.keys().filter_map(|name| schema.relation(name)).filter(names) {
            let Some(row) = seeded.row(&relation.name, slot) else { continue };
            let is_name = |column: &str| {
                ["topic", "room", "channel", "name", "slug"].iter().any(|word| column.contains(word))
                    || primary_key(relation).iter().any(|key| key == column)
            };
            let cells = row.cells.iter().filter(|(column, _)| is_name(column));
            values.extend(cells.filter_map(|(_, value)| value.clone()));
        }
        let mut met = BTreeSet::new();
        values.retain(|value| met.insert(value.clone()));
        values
    }
}

/// The constant texts of SQL; of a pattern what stands before its first wildcard.
fn constants(text: &str) -> impl Iterator<Item = String> {
    let inside = text.split('\'').skip(1).step_by(2);
    inside.map(|c| c.split('%').next().unwrap_or_default().to_owned()).filter(|c| !c.is_empty() && c.len() < 60)
}

#[cfg(test)]
mod tests {
    use super::constants;

    #[test]
    fn texts_of_policies_are_what_topics_begin_with() {
        let text = "(realtime.topic() ~~ 'room:%'::text) AND (extension = 'broadcast'::text)";
        assert_eq!(constants(text).collect::<Vec<_>>(), ["room:", "broadcast"]);
    }
}
