//! A second look at contradictions: whether the database changed between the reading of the model and the reads, or the
//! model is known to lack something.
//!
//! Model and reads cannot share a snapshot, so a migration that runs meanwhile can make them differ. Only what contradicts
//! a whole model that is still the same is a bug of ours.

use super::Agreement;
use crate::connector::{ConnectError, Database, introspect};
use crate::model::{QualifiedName, Schema};

impl Agreement {
    /// Moves the contradictions that a gap of the model or a change of the database explains to [`Self::explained`];
    /// reads the model again for it. `schema` is the model that they were found with.
    ///
    /// # Errors
    /// When the model cannot be read again.
    pub async fn recheck(&mut self, database: &Database, schema: &Schema) -> Result<(), ConnectError> {
        if self.contradictions.is_empty() {
            return Ok(());
        }
        let found = std::mem::take(&mut self.contradictions);
        if schema.gaps.iter().any(|gap| gap.access_control) {
            self.explained.extend(found.iter().map(|c| format!("not everything could be read of the database: {c}")));
            return Ok(());
        }
        let now = introspect::read(database).await?;
        for contradiction in found {
            if is_unchanged(schema, &now, &contradiction.relation) {
                self.contradictions.push(contradiction);
            } else {
                self.explained.push(format!("the database changed while it was read: {contradiction}"));
            }
        }
        Ok(())
    }
}

/// Whether everything is as it was that effective access to a relation follows from.
fn is_unchanged(then: &Schema, now: &Schema, relation: &QualifiedName) -> bool {
    then.relation(relation) == now.relation(relation)
        && then.namespace(&relation.schema) == now.namespace(&relation.schema)
        && then.roles == now.roles
        && then.memberships == now.memberships
        && then.database == now.database
}
