//! Many reads of one persona in one message.
//!
//! Most of what a read costs is preparing the session for it, so reads that cannot disturb each other share that, and a
//! transaction. If anything at all goes wrong in it, each of them is made in a message of its own after all.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::Options;
use super::message::{HAS_ROWS, Message, SEEN, UNCHANGED};
use super::plan::Read;
use super::probe::{Prober, value, values};
use crate::connector::ConnectError;
use crate::model::{Relation, Schema};
use crate::report::ProbeOutcome;

/// The locks that a transaction takes at most, about: the server's default for what each may have
/// (`max_locks_per_transaction`), so that the application's are not left short.
const LOCKS: usize = 64;

/// What a shared message may take, against a message of one's own: it holds its locks for as long.
const HASTE: u32 = 10;

/// Reads by their place in the plan. Those of one inner list go in one message; a session makes all of one work, which
/// are of the same relations, because it keeps what it has learnt of them.
pub(super) type Work = Vec<Vec<usize>>;

/// Deals the reads of a plan out, in the order of relations.
pub(super) fn deal(reads: &[Read<'_>], schema: &Schema) -> Vec<Work> {
    let mut places: Vec<_> = (0..reads.len()).collect();
    places.sort_by_key(|at| reads.get(*at).map(|r| &r.relation.name));
    let mut works = Vec::new();
    let (mut work, mut locks) = (BTreeMap::new(), 0);
    let by_relation = |a: &usize, b: &usize| relation(reads, *a) == relation(reads, *b);
    let mut last: Option<&Relation> = None;
    for of_relation in places.chunk_by(by_relation) {
        let Some(read) = of_relation.first().and_then(|at| reads.get(*at)) else { continue };
        let weight = weight(read.relation, schema);
        // The path of a session may depend on the schema that it reads from.
        let elsewhere = last.is_some_and(|l| l.name.schema != read.relation.name.schema);
        if elsewhere || locks + weight > LOCKS {
            works.push(std::mem::take(&mut work).into_values().collect());
            locks = 0;
        }
        locks += weight;
        last = Some(read.relation);
        for at in of_relation {
            let Some(read) = reads.get(*at) else { continue };
            // Those that are made alone come after those that are made together.
            let alone = (!read.is_shared()).then_some(*at);
            work.entry((read.persona.key(), alone)).or_insert_with(Vec::new).push(*at);
        }
    }
    works.push(work.into_values().collect());
    works
}

fn relation<'r>(reads: &'r [Read<'_>], at: usize) -> Option<&'r crate::model::QualifiedName> {
    reads.get(at).map(|r| &r.relation.name)
}

/// The relations and indexes that a read locks, about.
fn weight(relation: &Relation, schema: &Schema) -> usize {
    let of = |r: &Relation| 1 + r.indexes.len();
    let under = relation.view.iter().flat_map(|v| &v.reads).filter_map(|name| schema.relation(name));
    of(relation) + under.map(of).sum::<usize>()
}

impl Read<'_> {
    /// Whether it goes into a message with others.
    fn is_shared(&self) -> bool {
        self.shares && self.right.is_held()
    }
}

impl Prober<'_> {
    /// Makes the reads of one list.
    pub(super) async fn probe_all(
        &self,
        client: &Client,
        reads: &[&Read<'_>],
    ) -> Result<Vec<ProbeOutcome>, ConnectError> {
        if reads.len() > 1
            && let Some(outcomes) = self.probe_together(client, reads).await?
        {
            return Ok(outcomes);
        }
        let mut outcomes = Vec::with_capacity(reads.len());
        for read in reads {
            outcomes.push(self.probe(client, read).await?);
        }
        Ok(outcomes)
    }

    /// Makes reads of one persona in one message; `None` if that failed, or left the session other than it was.
    async fn probe_together(
        &self,
        client: &Client,
        reads: &[&Read<'_>],
    ) -> Result<Option<Vec<ProbeOutcome>>, ConnectError> {
        let Ok(answer) = self.send(client, &self.together(reads)).await? else { return Ok(None) };
        if value(&answer, UNCHANGED) != Some("t") || values(&answer, SEEN).count() != reads.len() {
            return Ok(None);
        }
        let mut has_rows = value(&answer, HAS_ROWS).unwrap_or_default().split(' ');
        let mut outcomes = Vec::with_capacity(reads.len());
        for (read, count) in reads.iter().zip(values(&answer, SEEN)) {
            let has_rows = if read.can_be_compared() { has_rows.next() } else { None };
            outcomes.push(match (self.counted(count), has_rows) {
                (Some(seen), _) => seen,
                (None, Some("t")) => ProbeOutcome::Hidden,
                (None, Some("f")) => ProbeOutcome::Empty,
                (None, _) => self.explain_nothing(client, read).await?,
            });
        }
        Ok(Some(outcomes))
    }

    fn together(&self, reads: &[&Read<'_>]) -> String {
        let Some(first) = reads.first() else { return String::new() };
        let hasty = Options {
            statement_timeout: self.options.statement_timeout / HASTE,
            lock_timeout: self.options.lock_timeout / HASTE,
            ..self.options.clone()
        };
        let compared: Vec<_> = reads.iter().filter(|r| r.can_be_compared()).map(|r| &r.relation.name).collect();
        let all: Vec<_> = reads.iter().map(|r| &r.relation.name).collect();
        Message::new(&hasty)
            .no_role()
            .row_security(false)
            .each_has_rows(&compared)
            .row_security(true)
            .settings(&first.settings)
            .role(&first.persona.role)
            .counts(&all, self.limit())
            .unchanged(&first.settings, &first.persona.role)
            .end()
    }
}
