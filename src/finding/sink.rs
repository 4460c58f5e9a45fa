//! Where checks put what they find, and what they looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Confidence, DoorProbe, Evidence, Finding, Location, ObjectRef, ReadProbe, Reproduce, Severity, Witness, fingerprint,
};
use crate::model::{Origin, SourceFile};
use crate::report::DoorKind;
use crate::verdicts::script::Script;

/// The subjects that each check examined: a check that examined nothing has passed nothing.
pub type Examined = BTreeMap<&'static str, BTreeSet<ObjectRef>>;

/// Collects the findings and examined subjects of one check after the other.
#[derive(Debug)]
pub struct Findings<'a> {
    check: &'static str,
    files: &'a [SourceFile],
    findings: Vec<Finding>,
    examined: Examined,
}

impl<'a> Findings<'a> {
    /// An empty collection; `files` are the model's.
    #[must_use]
    pub fn new(files: &'a [SourceFile]) -> Self {
        Self { check: "", files, findings: Vec::new(), examined: Examined::new() }
    }

    /// Runs something with an empty collection of the same files.
    pub(crate) fn apart(&self, fill: impl FnOnce(&mut Self)) -> Self {
        let mut own = Self::new(self.files);
        fill(&mut own);
        own
    }

    /// Adds what another collection of the same files holds.
    pub(crate) fn append(&mut self, other: Self) {
        self.findings.extend(other.findings);
        for (check, objects) in other.examined {
            self.examined.entry(check).or_default().extend(objects);
        }
    }

    /// What follows comes from this check.
    pub(crate) fn enter(&mut self, check: &'static str) {
        self.check = check;
        self.examined.entry(check).or_default();
    }

    /// Notes that the check looked at `object`, whatever it thought of it.
    pub(crate) fn examine(&mut self, object: ObjectRef) {
        self.examined.entry(self.check).or_default().insert(object);
    }

    /// Adds a finding. `origin` is the fact that it comes from; `detail` tells two defects of one object apart.
    pub(crate) fn report(&mut self, draft: Draft) {
        let Draft {
            object,
            severity,
            confidence,
            title,
            message,
            principal,
            reproduce,
            fix,
            evidence,
            witness,
            confirm,
            doors,
            script,
            origin,
            detail,
        } = draft;
        let fingerprint = fingerprint::of(self.check, &object, &detail);
        let locations = match origin {
            Origin::Catalog => Vec::new(),
            Origin::Statement(span) => {
                let file = self.files.get(span.file as usize);
                file.map(|f| Location { file: f.path.clone(), span }).into_iter().collect()
            }
        };
        let check = self.check.to_owned();
        self.findings.push(Finding {
            check,
            severity,
            confidence,
            object,
            principal,
            title,
            message,
            reproduce,
            fix,
            fingerprint,
            locations,
            evidence,
            witness,
            confirm,
            doors,
            script,
        });
    }

    /// The findings, the worst first, then by check and object; and what was examined.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Finding>, Examined) {
        sort(&mut self.findings);
        (self.findings, self.examined)
    }
}

/// The worst first, then by check and object.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| (&a.check, &a.object, &a.fingerprint).cmp(&(&b.check, &b.object, &b.fingerprint)))
    });
}

/// A finding as a check writes it down.
#[derive(Debug)]
pub(crate) struct Draft {
    object: ObjectRef,
    severity: Severity,
    confidence: Confidence,
    title: String,
    message: String,
    principal: Option<String>,
    reproduce: Option<Reproduce>,
    fix: Option<String>,
    evidence: Vec<Evidence>,
    witness: Option<Witness>,
    confirm: Vec<ReadProbe>,
    doors: Vec<DoorProbe>,
    script: Option<Box<Script>>,
    origin: Origin,
    detail: String,
}

impl Draft {
    /// A finding that follows from the catalog.
    pub(crate) fn new(
        object: ObjectRef,
        severity: Severity,
        title: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            object,
            severity,
            confidence: Confidence::Proved,
            title: title.into(),
            message: message.into(),
            principal: None,
            reproduce: None,
            fix: None,
            evidence: Vec::new(),
            witness: None,
            confirm: Vec::new(),
            doors: Vec::new(),
            script: None,
            origin: Origin::Catalog,
            detail: String::new(),
        }
    }

    pub(crate) fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    pub(crate) fn principal(mut self, role: impl Into<String>) -> Self {
        self.principal = Some(role.into());
        self
    }

    pub(crate) fn reproduce(mut self, reproduce: Reproduce) -> Self {
        self.reproduce = Some(reproduce);
        self
    }

    /// Adds a statement to the script, behind what the role does.
    pub(crate) fn then(mut self, sql: &str) -> Self {
        if let Some(script) = self.reproduce.as_mut().and_then(|r| r.sql.as_mut()) {
            let end = script.find("reset role;").or_else(|| script.rfind("rollback;"));
            script.insert_str(end.unwrap_or(script.len()), sql);
        }
        self
    }

    pub(crate) fn fix(mut self, sql: impl Into<String>) -> Self {
        self.fix = Some(sql.into());
        self
    }

    pub(crate) fn evidence(mut self, kind: &str, text: impl Into<String>) -> Self {
        self.evidence.push(Evidence { kind: kind.to_owned(), text: text.into() });
        self
    }

    pub(crate) fn witness(mut self, witness: Witness) -> Self {
        self.witness = Some(witness);
        self
    }

    pub(crate) fn confirm(mut self, role: &str, relation: &crate::model::QualifiedName) -> Self {
        self.confirm.push(ReadProbe { role: role.to_owned(), relation: relation.clone() });
        self
    }

    /// A door that shows it.
    pub(crate) fn door(mut self, door: DoorKind, role: &str, object: impl Into<String>) -> Self {
        self.doors.push(DoorProbe { door, role: role.to_owned(), object: object.into() });
        self
    }

    pub(crate) fn script(mut self, script: Script) -> Self {
        self.script = Some(Box::new(script));
        self
    }

    pub(crate) fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}
