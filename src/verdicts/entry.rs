//! Answers as plain data for reports.

use super::because;
use super::judge::{Answer, Case};
use super::script::{self, Script};
use crate::access::{Declaration, Origin};
use crate::analyzer::decide::Which;
use crate::analyzer::verdict::{Reason, Verdict};
use crate::analyzer::witness as found;
use crate::checks::words::verb;
use crate::finding::{Confidence, Part, Witness, WitnessRow};
use crate::model::{Command, QualifiedName, Schema, printable};
use crate::report::{Asked, Decided, RowOf, RuleRef, StatementForm, VerdictEntry};

/// The entry of an answer, without what only some answers have.
pub(super) fn of(case: &Case<'_, '_>, asked: Asked, decided: Decided, decided_by: Vec<String>) -> VerdictEntry {
    let Declaration { role, relation, command, row, .. } = case.declared;
    let rule = rule(&case.declared.predicate.text, &case.declared.origin, case.declared.reason.as_deref());
    VerdictEntry {
        principal: role.clone(),
        relation: relation.clone(),
        command: *command,
        through: None,
        statement: None,
        row: match row {
            Which::Old => RowOf::Old,
            Which::New => RowOf::New,
        },
        confidence: confidence(decided, rule.reading),
        rule,
        question: asked,
        verdict: decided,
        reason: String::new(),
        condition: String::new(),
        decided_by,
        witness: None,
        assumptions: Vec::new(),
        trivial: false,
    }
}

/// The whole entry of an answer.
pub(super) fn complete(case: &Case<'_, '_>, answer: Answer, script: Option<&Script>) -> VerdictEntry {
    let schema = case.cx.schema;
    let (decided, witness) = match &answer.decision.verdict {
        Verdict::Proved => (Decided::Proved, None),
        Verdict::Violated(witness) => (Decided::Violated, Some(&**witness)),
        Verdict::Unknown(_) => (Decided::Unknown, None),
    };
    let mut entry = of(case, answer.asked, decided, because::deciding(case, &answer.decision.decided_by));
    entry.reason = reason(case, &answer);
    entry.assumptions = answer.decision.assumptions.iter().map(ToString::to_string).collect();
    entry.condition = answer.condition;
    entry.trivial = answer.trivial;
    entry.statement = answer.form;
    entry.witness = witness.map(|w| plain(w, &case.declared.relation, schema, script));
    entry
}

/// How sure an answer is: what rests on a reading of what is meant is likely at best.
pub(super) fn confidence(decided: Decided, reading: bool) -> Option<Confidence> {
    match decided {
        Decided::Unknown => None,
        _ if reading => Some(Confidence::Likely),
        _ => Some(Confidence::Proved),
    }
}

/// The rule as reports name it.
pub(super) fn rule(text: &str, origin: &Origin, reason: Option<&str>) -> RuleRef {
    let number = |n: usize| u32::try_from(n).ok();
    let (place, because) = match origin {
        Origin::Declared(place) => (Some(place), None),
        Origin::Reading { because } => (None, Some(because.clone())),
    };
    RuleRef {
        text: text.to_owned(),
        file: place.map(|p| p.file.display().to_string()),
        line: place.and_then(|p| number(p.line)),
        column: place.and_then(|p| number(p.column)),
        reason: reason.map(ToOwned::to_owned).or(because),
        reading: place.is_none(),
    }
}

/// Why something is not decided, and what would decide it.
pub(super) fn unknown(reason: &Reason) -> String {
    let way = match reason {
        Reason::Abstraction(_) => "a rule and policies without that, or `pgwitness test`, which tries it on a server",
        Reason::Unbounded(_) => "a rule that names the row which it demands, or `pgwitness test`",
        Reason::Rows(_) | Reason::Limit => "a rule on fewer tables at a time, or `pgwitness test`",
        Reason::Privilege(_) => "SELECT on it for the role, or a SECURITY DEFINER function that reads it",
    };
    format!("{reason}; what would decide it: {way}")
}

fn reason(case: &Case<'_, '_>, answer: &Answer) -> String {
    let Declaration { role, relation, command, row, .. } = case.declared;
    let (role, verb) = (printable(role), verb(*command));
    let old_or_new =
        if *command == Command::Update { format!(" (the {} row)", because::row(*row)) } else { String::new() };
    match (&answer.decision.verdict, answer.asked) {
        (Verdict::Unknown(reason), _) => unknown(reason),
        (Verdict::Proved, _) if answer.reason.is_some() => answer.reason.clone().unwrap_or_default(),
        (Verdict::Proved, Asked::NeverExceeds) => {
            format!("every row of {relation} that {role} can {verb} is within the rule{old_or_new}")
        }
        (Verdict::Proved, Asked::GrantsAll) => {
            let how = match answer.form {
                Some(StatementForm::Bare) => ", those that SELECT policies hide only by a statement without WHERE",
                Some(StatementForm::Returning) => ", and have it returned",
                Some(StatementForm::Upsert) => ", by an upsert too",
                None => "",
            };
            format!("{role} can {verb} every row of {relation} that the rule names{old_or_new}{how}")
        }
        (Verdict::Violated(_), Asked::NeverExceeds) => {
            let how = match (answer.form, command) {
                (Some(StatementForm::Bare), Command::Insert) => {
                    ", with a bare INSERT (return=minimal): one with RETURNING or ON CONFLICT does not"
                }
                (Some(_), _) => ", with a statement that reads no column, which takes SQL: one with a WHERE does not",
                (None, _) => "",
            };
            format!("{role} can {verb} a row of {relation} that the rule denies{old_or_new}{how}")
        }
        (Verdict::Violated(_), Asked::GrantsAll) => {
            let how = match answer.form {
                Some(StatementForm::Returning) => {
                    " and have it returned (RETURNING, return=representation) or name columns in ON CONFLICT, though a \
                     bare INSERT works: SELECT policies are checks on the new row then"
                }
                Some(StatementForm::Upsert) => {
                    " by an upsert, though a plain UPDATE works: SELECT and INSERT policies are checks on its rows too"
                }
                _ => "",
            };
            let why = answer.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            format!("{role} cannot {verb} a row of {relation} that the rule grants{old_or_new}{how}{why}")
        }
    }
}

/// A witness as plain data.
pub(crate) fn plain(
    witness: &found::Witness,
    relation: &QualifiedName,
    schema: &Schema,
    script: Option<&Script>,
) -> Witness {
    let mut rows: Vec<_> = witness
        .subjects
        .iter()
        .map(|subject| WitnessRow {
            relation: subject.relation.clone(),
            part: if subject.stored || is_view(schema, &subject.relation) { Part::Reached } else { Part::Written },
            values: script::shown(subject, schema),
        })
        .collect();
    // The subjects that are stored are among the rows of the database.
    let mut subjects: Vec<_> =
        witness.subjects.iter().filter(|s| s.stored).map(|s| (&s.relation, &s.columns)).collect();
    for (name, tuples) in &witness.database.relations {
        let Some(found) = schema.relation(name) else { continue };
        for tuple in tuples {
            if let Some(at) = subjects.iter().position(|(relation, columns)| *relation == name && *columns == tuple) {
                subjects.remove(at);
                continue;
            }
            let values = script::shown_tuple(tuple, found, schema);
            rows.push(WitnessRow { relation: name.clone(), part: Part::LookedUp, values });
        }
    }
    rows.sort_by_key(|row| (row.part == Part::LookedUp, row.relation != *relation));
    Witness {
        claims: witness.session.claims.as_ref().and_then(|claims| serde_json::from_str(&claims.to_string()).ok()),
        settings: witness.session.settings.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        rows,
        sql: script.map(Script::text).unwrap_or_default(),
        replay: None,
    }
}

fn is_view(schema: &Schema, name: &QualifiedName) -> bool {
    schema.relation(name).is_some_and(|r| r.view.is_some())
}
