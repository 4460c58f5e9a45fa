//! What it means that a read saw nothing: whether there was anything to see.
//!
//! The read and the question share a message and so a snapshot: no row can come or go between the two.

use tokio_postgres::Client;

use super::message::{HAS_ROWS, Message};
use super::plan::Read;
use super::probe::{Failure, Prober, value};
use crate::connector::ConnectError;
use crate::model::{QualifiedName, Relation, RelationKind, Schema, View};
use crate::report::ProbeOutcome;

/// What a read with the question beside it found.
enum Compared {
    /// Rows are visible.
    Seen(ProbeOutcome),
    /// None is, and this is whether there is something.
    Unseen { has_rows: bool },
    /// Whether there is something could not be told.
    Unknown,
}

impl Prober<'_> {
    /// Reads and asks whether there is anything to see; `None` if the latter could not be told.
    pub(super) async fn compare(&self, client: &Client, read: &Read<'_>) -> Result<Option<ProbeOutcome>, ConnectError> {
        let relation = read.relation;
        let Some(view) = relation.view.as_ref().filter(|_| relation.kind == RelationKind::View) else {
            return Ok(match self.ask(client, read, self.question(&[&relation.name])).await? {
                Compared::Seen(seen) => Some(seen),
                Compared::Unseen { has_rows: true } => Some(ProbeOutcome::Hidden),
                Compared::Unseen { has_rows: false } => Some(ProbeOutcome::Empty),
                Compared::Unknown => None,
            });
        };
        if let Some(tables) = tables_under(self.schema, view) {
            match self.ask(client, read, self.question(&tables)).await? {
                Compared::Seen(seen) => return Ok(Some(seen)),
                Compared::Unseen { has_rows: false } => return Ok(Some(ProbeOutcome::Empty)),
                Compared::Unseen { has_rows: true } | Compared::Unknown => {}
            }
        }
        // A view's own filter may leave nothing for anybody; what its owner sees, somebody sees.
        let as_owner = Message::new(self.options).row_security(true).role(&relation.owner).has_rows(&[&relation.name]);
        Ok(match self.ask(client, read, as_owner).await? {
            Compared::Seen(seen) => Some(seen),
            Compared::Unseen { has_rows: true } => Some(ProbeOutcome::Hidden),
            Compared::Unseen { has_rows: false } | Compared::Unknown => None,
        })
    }

    /// Asks for rows as the connected role, which fails if row security would keep some from it.
    fn question(&self, relations: &[&QualifiedName]) -> Message {
        Message::new(self.options).row_security(false).has_rows(relations)
    }

    async fn ask(&self, client: &Client, read: &Read<'_>, question: Message) -> Result<Compared, ConnectError> {
        let message = self.read(question.no_role().row_security(true), read).end();
        Ok(match self.send(client, &message).await? {
            Ok(answer) => match (self.seen(&answer), value(&answer, HAS_ROWS)) {
                (Some(seen), _) => Compared::Seen(seen),
                (None, Some(has_rows)) => Compared::Unseen { has_rows: has_rows == "t" },
                (None, None) => Compared::Unknown,
            },
            Err(Failure::Refusal { .. } | Failure::NoTime) => Compared::Unknown,
        })
    }
}

/// The relations that all rows of a view come from; `None` if they may come from elsewhere.
fn tables_under<'a>(schema: &'a Schema, view: &'a View) -> Option<Vec<&'a QualifiedName>> {
    let (mut tables, mut views, mut at) = (Vec::new(), vec![view], 0);
    while let Some(view) = views.get(at).copied() {
        at += 1;
        let makes_rows = |id| schema.function(id).is_none_or(|f| f.returns_set);
        if view.calls.iter().any(makes_rows) {
            return None;
        }
        for name in &view.reads {
            let relation: &Relation = schema.relation(name)?;
            match &relation.view {
                Some(deeper) if relation.kind == RelationKind::View => {
                    if !views.iter().any(|v| std::ptr::eq(*v, deeper)) {
                        views.push(deeper);
                    }
                }
                _ => tables.push(name),
            }
        }
    }
    tables.sort();
    tables.dedup();
    (!tables.is_empty()).then_some(tables)
}
