//! A second look at contradictions: whether the database changed between the reading of the model and the reads.
//!
//! The two cannot share a snapshot, so a migration that runs meanwhile can make them differ. Only what contradicts a
//! model that is still the same is a bug of ours.

use super::Agreement;
use crate::connector::{ConnectError, Database, introspect};
use crate::model::{QualifiedName, Schema};

impl Agreement {
    /// Reads the model again if there are contradictions, and moves those that a change explains to
    /// [`Self::overtaken`]. `schema` is the model that they were found with.
    ///
    /// # Errors
    /// When the model cannot be read again.
    pub async fn recheck(&mut self, database: &Database, schema: &Schema) -> Result<(), ConnectError> {
        if self.contradictions.is_empty() {
            return Ok(());
        }
        let now = introspect::read(database).await?;
        let (stand, overtaken) = std::mem::take(&mut self.contradictions)
            .into_iter()
            .partition(|contradiction| is_unchanged(schema, &now, &contradiction.relation));
        (self.contradictions, self.overtaken) = (stand, overtaken);
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
