//! Views and materialized views as doors: who reads through them what row security keeps from it.

use super::Context;
use crate::analyzer::decide::{By, Decider};
use crate::analyzer::effective::{Principal, Read, Who};
use crate::analyzer::verdict::Verdict;
use crate::analyzer::witness::Witness;
use crate::finding::{Confidence, Draft, ObjectRef, Severity};
use crate::model::{Command, Relation, RelationKind, printable};

use super::names::Names;
use super::words::{first_of, verb};

/// A door that a client can go through, with what it reads behind it.
pub(super) struct Door<'a> {
    /// The client.
    pub(super) principal: &'a Principal,
    /// Whether it can name the view.
    pub(super) exposed: bool,
    /// The reads that give it something.
    pub(super) reads: Vec<Read<'a>>,
    /// What else it may do to rows through the view.
    pub(super) writes: Vec<Command>,
}

impl<'a> Context<'a> {
    /// The clients that can select from `view` and read through it what `gains` says; the best way in first.
    pub(super) fn doors<'s>(
        &'s self,
        view: &'s Relation,
        gains: impl Fn(&Principal, &Read<'s>) -> bool,
    ) -> Vec<Door<'s>> {
        let reach: Vec<_> = self.client_reach_of(view);
        let mut doors: Vec<_> = reach
            .into_iter()
            .filter_map(|(principal, exposed)| {
                let mut reads = self.effective.reads_through(&principal.role, view);
                reads.retain(|read| gains(principal, read));
                let may = |c: &Command| self.effective.access(&principal.role, view, *c).is_some();
                let writes = [Command::Insert, Command::Update, Command::Delete].into_iter().filter(may).collect();
                (!reads.is_empty()).then_some(Door { principal, exposed, reads, writes })
            })
            .collect();
        doors.sort_by_key(|d| !d.exposed);
        doors
    }

    fn client_reach_of<'s>(&'s self, view: &'s Relation) -> Vec<(&'s Principal, bool)> {
        let selects = |p: &&Principal| {
            self.effective.inherits(&p.role, &view.owner).is_none()
                && self.effective.access(&p.role, view, Command::Select).is_some()
        };
        self.clients().filter(selects).map(|p| (p, self.effective.is_exposed(p, view))).collect()
    }

    /// Whether `read` shows `principal` rows that row security keeps from it.
    pub(super) fn leaks(&self, principal: &Principal, read: &Read<'_>) -> bool {
        let Some(base) = self.schema.relation(&read.relation.name) else { return false };
        read.reader != principal.role
            && read.row_security.is_exemption()
            && !self.is_users(base)
            && self.is_kept_from(&principal.role, base)
    }

    /// Whether it is one of the platform's tables of users, sessions and tokens.
    pub(super) fn is_users(&self, relation: &Relation) -> bool {
        relation.name.schema == "auth" && self.is_platform(relation)
    }

    /// How bad it is to read through a view, and how sure we are, after a look at its query.
    pub(super) fn weigh(&self, view: &Relation, door: &Door<'_>, worst: Severity) -> (Severity, Confidence) {
        let severity = self.severity(worst, door.principal, door.exposed);
        let queries =
            door.reads.iter().flat_map(|r| &r.path).filter_map(|name| self.schema.relation(name)).chain([view]);
        let mut queries = queries.filter_map(|r| r.view.as_ref()).map(|v| v.definition.as_str());
        if view.kind == RelationKind::View && queries.any(|q| self.code.asks_who(q)) {
            return (severity.min(Severity::Low), Confidence::Possible);
        }
        if view.view.as_ref().is_some_and(|v| Names::of(&v.definition).single_row) {
            return (severity.min(Severity::Medium), Confidence::Likely);
        }
        (severity, Confidence::Proved)
    }

    /// How bad it is to read through a view on the rows that it really shows: those that the client could not read itself
    /// and that are not its own; `None` if there are none. What is not decided is weighed by a look at the query.
    pub(super) fn weigh_rows(&'a self, view: &'a Relation, door: &Door<'a>, worst: Severity) -> Option<Weight> {
        let decider = Decider::brief(&self.effective);
        let verdict = |by: By| {
            let of = |read: &Read<'a>| {
                let own = self.own_rows(read.relation);
                decider.shows_no_more(&door.principal.role, view, read.relation, own.as_deref(), by)
            };
            door.reads.iter().map(of).collect::<Vec<_>>()
        };
        let violated = |all: Vec<Verdict>| {
            all.into_iter().find_map(|v| if let Verdict::Violated(witness) = v { Some(witness) } else { None })
        };
        let severity = self.severity(worst, door.principal, door.exposed);
        if let Some(witness) = violated(verdict(By::Stranger)) {
            return Some(Weight { severity, confidence: Confidence::Proved, witness: Some(witness) });
        }
        let all = verdict(By::Anyone);
        if all.iter().all(|v| *v == Verdict::Proved) {
            return None;
        }
        if let Some(witness) = violated(all) {
            let severity = severity.min(Severity::Medium);
            return Some(Weight { severity, confidence: Confidence::Likely, witness: Some(witness) });
        }
        let (severity, confidence) = self.weigh(view, door, worst);
        Some(Weight { severity, confidence, witness: None })
    }

    /// Whether the platform tells the user's id.
    pub(super) fn has_uid(&self) -> bool {
        self.schema.functions.iter().any(|f| f.id.schema == "auth" && f.id.name == "uid")
    }

    /// The condition that a row names the user in any of its columns.
    pub(super) fn names_user(&self, relation: &Relation) -> Option<String> {
        let named = relation.columns.iter().filter(|c| c.data_type == "uuid" && self.has_uid());
        let each: Vec<_> = named.map(|c| format!("{} = auth.uid()", crate::model::quote_ident(&c.name))).collect();
        (!each.is_empty()).then(|| each.join(" or "))
    }

    /// The condition that a row names the user as its owner, where a column says so.
    pub(super) fn own_rows(&self, relation: &Relation) -> Option<String> {
        let owner = super::intent::Intent::of(relation).owner.filter(|c| c.data_type == "uuid" && self.has_uid())?;
        Some(format!("{} = auth.uid()", crate::model::quote_ident(&owner.name)))
    }

    /// What is said of a view whose query asks who the session is: it may well filter right.
    pub(super) fn doubtful(&self, view: &Relation, door: &Door<'_>) -> String {
        let reader = door.reads.first().map_or(view.owner.as_str(), |r| r.reader);
        format!(
            "The view {} reads {} as {}, whom row-level security does not bind, so only its own query keeps others' rows \
             from {}. It asks who the session is; check that this is enough.",
            view.name,
            door.behind(),
            printable(reader),
            door.principal.words()
        )
    }

    /// A finding on `view`, with the evidence, the reads that confirm it and how to see it.
    pub(super) fn door_draft(
        &self,
        view: &Relation,
        first: &Door<'_>,
        doors: &[Door<'_>],
        finding: DoorFinding,
    ) -> Draft {
        let mut draft = Draft::new(ObjectRef::relation(&view.name), finding.severity, finding.title, finding.message)
            .confidence(finding.confidence)
            .principal(&first.principal.role)
            .reproduce(self.reproduce_read(first.principal, view))
            .fix(finding.fix)
            .origin(view.origin);
        for read in &first.reads {
            draft = draft.evidence("row security", self.why_exempt(read));
        }
        for door in doors {
            if let Some(holder) = self.effective.access(&door.principal.role, view, Command::Select).holder() {
                draft = draft.evidence("privilege", format!("{}: SELECT {holder}", printable(&door.principal.role)));
            }
            draft = draft.confirm(&door.principal.role, &view.name);
        }
        draft
    }

    fn why_exempt(&self, read: &Read<'_>) -> String {
        use crate::analyzer::effective::RowSecurity as R;
        let path: Vec<_> = read.path.iter().map(ToString::to_string).collect();
        let reader = printable(read.reader);
        let why = match &read.row_security {
            R::Superuser => format!("{reader}, who is a superuser"),
            R::BypassRls => format!("{reader}, who has BYPASSRLS"),
            R::Owner(_) => format!("{reader}, who owns the table, and it is not forced on owners"),
            R::Off => format!("{reader}; it is off on that table"),
            R::NotCarried => format!("{reader}; this kind of relation cannot have it"),
            R::Applies => reader.into_owned(),
        };
        format!("{} is read as {why}; way: {}", read.relation.name, path.join(" -> "))
    }
}

/// How bad a door is.
pub(super) struct Weight {
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    /// Rows that it shows and should not.
    pub(super) witness: Option<Box<Witness>>,
}

/// What a check says of a door.
pub(super) struct DoorFinding {
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    pub(super) title: String,
    pub(super) message: String,
    pub(super) fix: String,
}

impl Door<'_> {
    /// The relations behind the door, in words.
    pub(super) fn behind(&self) -> String {
        let mut names: Vec<_> = self.reads.iter().map(|r| r.relation.name.to_string()).collect();
        names.sort();
        names.dedup();
        first_of(&names, 4)
    }

    /// A sentence on what else can be done through the view; empty when nothing.
    pub(super) fn writes(&self) -> String {
        if self.writes.is_empty() {
            return String::new();
        }
        let verbs: Vec<_> = self.writes.iter().map(|c| verb(*c)).collect();
        format!(" They can also {} rows through it, with the same rights.", super::words::and_list(&verbs))
    }

    /// Whether anyone on the internet is the one.
    pub(super) fn is_anyone(&self) -> bool {
        self.principal.who == Who::Anyone
    }
}
