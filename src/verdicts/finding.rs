//! Violations as findings: one for each role and relation, with every rule that is broken among its facts.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judged, Kind, Verdicts, WrongCall};
use crate::checks::Context;
use crate::checks::words::{and_list, verb};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Reproduce, Severity};
use crate::model::{Command, Origin, QualifiedName, printable};
use crate::report::{Asked, Decided, RuleRef, StatementForm, VerdictEntry};
use crate::sql::one_line;

/// Reports what is violated. Of a mere reading only what no other finding tells already: `told` says of which relations
/// and roles there are some.
pub fn findings(
    cx: &Context<'_>,
    verdicts: &Verdicts<'_>,
    told: &dyn Fn(&QualifiedName, &str) -> bool,
    out: &mut Findings<'_>,
) {
    let counts = |one: &&Judged| {
        let entry = &one.entry;
        entry.verdict == Decided::Violated
            && !(entry.rule.reading && (one.kind == Kind::Truncate || told(&entry.relation, &entry.principal)))
    };
    let mut groups: BTreeMap<(&'static str, &QualifiedName, &str), Vec<&Judged>> = BTreeMap::new();
    let mut truncates: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for one in verdicts.judged.iter().filter(counts) {
        match one.kind {
            Kind::Truncate => truncates.entry(&one.entry.principal).or_default().push(one),
            _ => groups.entry((check(one), &one.entry.relation, &one.entry.principal)).or_default().push(one),
        }
    }
    let examined: BTreeMap<_, BTreeSet<_>> = verdicts.judged.iter().fold(BTreeMap::new(), |mut all, one| {
        all.entry(check(one)).or_insert_with(BTreeSet::new).insert(&one.entry.relation);
        all
    });
    for check in super::CHECKS {
        // A check that nobody declared anything for has passed nothing.
        let is_asked =
            examined.contains_key(check.id) || (check.id == "call-beyond-rule" && !verdicts.functions.is_empty());
        if !is_asked {
            continue;
        }
        out.enter(check.id);
        examined.get(check.id).into_iter().flatten().for_each(|name| out.examine(ObjectRef::relation(name)));
        for ((_, relation, role), group) in groups.iter().filter(|((id, ..), _)| *id == check.id) {
            report(cx, (relation, role), group, &verdicts.assumed, out);
        }
        match check.id {
            "rule-exceeded" => truncates.iter().for_each(|(role, all)| truncate(role, all, out)),
            "call-beyond-rule" => {
                verdicts.functions.iter().for_each(|f| out.examine(ObjectRef::function(f)));
                verdicts.calls.iter().for_each(|wrong| call(cx, wrong, out));
            }
            _ => {}
        }
    }
}

fn check(one: &Judged) -> &'static str {
    match (one.kind, one.entry.question) {
        (Kind::Hidden, _) => "hidden-column-readable",
        (Kind::Columns, Asked::NeverExceeds) => "column-writable",
        (_, Asked::NeverExceeds) => "rule-exceeded",
        (_, Asked::GrantsAll) => "rule-not-granted",
    }
}

/// How bad it is, by who gains it.
fn severity(cx: &Context<'_>, check: &str, role: &str, relation: &QualifiedName, entry: &VerdictEntry) -> Severity {
    use crate::analyzer::effective::Who;
    let Some(principal) = cx.effective.principals().iter().find(|p| p.role == role) else { return Severity::Medium };
    let exposed = cx.schema.relation(relation).is_none_or(|r| cx.effective.is_exposed(principal, r));
    let by_reach = match principal.who {
        // The bare command works.
        _ if is_refused_form(entry) => Severity::Low,
        _ if check == "rule-not-granted" => Severity::Medium,
        // What clients cannot name breaks a rule all the same.
        _ if !exposed => Severity::Medium,
        Who::Anyone if check != "column-writable" => Severity::Critical,
        Who::Anyone | Who::SignedIn | Who::ApiRole => Severity::High,
        Who::Login | Who::Group | Who::Service => Severity::Medium,
    };
    if entry.rule.reading { by_reach.min(Severity::Medium) } else { by_reach }
}

/// Whether only RETURNING or an upsert is refused.
fn is_refused_form(entry: &VerdictEntry) -> bool {
    entry.question == Asked::GrantsAll && entry.statement.is_some()
}

fn report(
    cx: &Context<'_>,
    (relation, role): (&QualifiedName, &str),
    group: &[&Judged],
    assumed: &[String],
    out: &mut Findings<'_>,
) {
    let Some(first) = group.first() else { return };
    let id = check(first);
    let reading = first.entry.rule.reading;
    let confirmed = group.iter().any(|one| one.entry.confidence == Some(Confidence::Confirmed));
    let confidence = match (confirmed, reading) {
        (true, false) => Confidence::Confirmed,
        (_, true) => Confidence::Likely,
        (false, false) => Confidence::Proved,
    };
    let each = group.iter().map(|one| severity(cx, id, role, relation, &one.entry));
    let severity = each.max().unwrap_or(Severity::Medium);
    let mut draft =
        Draft::new(ObjectRef::relation(relation), severity, title(id, relation, role, group), message(group, assumed))
            .confidence(confidence)
            .principal(role)
            .detail(role)
            .origin(group.iter().map(|one| one.cause).find(|o| !o.is_catalog()).unwrap_or(Origin::Catalog));
    for one in group {
        draft = draft.evidence("rule", rule(&one.entry.rule));
        draft = evidence(draft, one);
    }
    // The script that a server has confirmed shows the most.
    let shown = |one: &&&Judged| one.entry.confidence == Some(Confidence::Confirmed) && one.script.is_some();
    let script = group.iter().find(shown).or_else(|| group.iter().find(|one| one.script.is_some()));
    if let Some((script, witness)) = script.and_then(|one| Some((one.script.as_ref()?, one.entry.witness.clone()))) {
        if let Some(witness) = witness {
            draft = draft.witness(witness);
        }
        draft = draft.reproduce(Reproduce { sql: Some(script.text()), curl: None, supabase_js: None });
    }
    out.report(draft);
}

fn evidence(mut draft: Draft, one: &Judged) -> Draft {
    let entry = &one.entry;
    draft =
        draft.evidence("effective", format!("{} reaches a row where {}", entry.command, one_line(&entry.condition)));
    if !entry.decided_by.is_empty() {
        draft = draft.evidence("decided by", entry.decided_by.join("; "));
    }
    if let Some(witness) = &entry.witness {
        match &witness.replay {
            Some(replay) if replay.reproduced => draft = draft.evidence("replay", "the server shows it"),
            Some(replay) => {
                let remark = replay.remark.as_deref().unwrap_or("no such row came back");
                draft = draft.evidence("replay", format!("not reproduced: {remark}"));
            }
            None => {}
        }
    }
    draft
}

/// `policies/access.toml:12: owner_id = auth.uid() (owners read)`
fn rule(rule: &RuleRef) -> String {
    let place = match (&rule.file, rule.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        _ => "read from the schema: ".to_owned(),
    };
    let reason = rule.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
    format!("{place}{}{reason}", rule.text)
}

fn title(check: &str, relation: &QualifiedName, role: &str, group: &[&Judged]) -> String {
    let role = printable(role);
    let commands: BTreeSet<Command> = group.iter().map(|one| one.entry.command).collect();
    let verbs: Vec<_> = commands.into_iter().map(verb).collect();
    let verbs = and_list(&verbs);
    let reading = group.first().is_some_and(|one| one.entry.rule.reading);
    let by = if reading { "what its columns and policies say" } else { "its rules" };
    match check {
        "rule-not-granted" if verbs == "change" && group.iter().all(|one| one.kind == Kind::Columns) => {
            format!("{role} cannot change columns of {relation} that its rules grant")
        }
        "rule-not-granted" if group.iter().all(|one| is_refused_form(&one.entry)) => {
            let is_upsert = |one: &&Judged| one.entry.statement == Some(StatementForm::Upsert);
            let upsert = if group.iter().any(is_upsert) { "an upsert" } else { "RETURNING or ON CONFLICT" };
            format!("{role} can {verbs} rows of {relation} that {by} grant, but not with {upsert}")
        }
        "rule-not-granted" => format!("{role} cannot {verbs} rows of {relation} that {by} grant"),
        "hidden-column-readable" => format!("{role} can read columns of {relation} that {by} hide"),
        "column-writable" => format!("{role} can change columns of {relation} beyond {by}"),
        _ => format!("{role} can {verbs} rows of {relation} beyond {by}"),
    }
}

/// What is assumed is said where it is told: not every format has a place of its own for it.
fn message(group: &[&Judged], assumed: &[String]) -> String {
    let sentences: Vec<_> = group.iter().map(|one| format!("The role {}", one.entry.reason)).collect();
    let mut text = sentences.join(". ");
    if !text.ends_with('.') {
        text.push('.');
    }
    if !assumed.is_empty() {
        text.push_str(&format!(" The rules assume that {}.", and_list(assumed)));
    }
    text
}

/// One note for each role: a grant of everything gives TRUNCATE on many tables.
fn truncate(role: &str, all: &[&Judged], out: &mut Findings<'_>) {
    let Some(first) = all.first() else { return };
    let names: Vec<_> = all.iter().map(|one| one.entry.relation.to_string()).collect();
    let listed = crate::checks::words::first_of(&names, 6);
    let title = format!("{} may TRUNCATE {listed}, whatever the rules on DELETE say", printable(role));
    let message = format!("The role {} may TRUNCATE {listed}: {}.", printable(role), first.entry.reason);
    let object = ObjectRef::global(crate::finding::ObjectKind::Role, role);
    let mut draft = Draft::new(object, Severity::Low, title, message)
        .principal(role)
        .detail("truncate")
        .origin(first.cause)
        .fix(format!("revoke truncate on {} from {};", names.join(", "), crate::model::quote_ident(role)));
    for one in all {
        draft = draft.evidence("rule", rule(&one.entry.rule));
    }
    out.report(draft);
}

fn call(cx: &Context<'_>, wrong: &WrongCall<'_>, out: &mut Findings<'_>) {
    let declared = wrong.declared;
    let rule_ref = super::entry::rule(
        if declared.execute { "execute = true" } else { "execute = false" },
        &declared.origin,
        declared.reason.as_deref(),
    );
    let role = printable(&declared.role);
    let principal = cx.effective.principals().iter().find(|p| p.role == declared.role);
    let exposed = principal.is_none_or(|p| cx.exposes(p, &declared.function.schema));
    let severity = match (&wrong.held, principal) {
        (None, _) => Severity::Medium,
        (Some(_), Some(p)) if p.is_api() && exposed => Severity::High,
        _ => Severity::Medium,
    };
    let severity = if rule_ref.reading { severity.min(Severity::Medium) } else { severity };
    let (title, message) = match &wrong.held {
        Some(held) => (
            format!("{role} may call {}, which the rules deny", declared.function),
            format!("{role} may call {}: EXECUTE {held}.", declared.function),
        ),
        None => (
            format!("{role} may not call {}, which the rules grant", declared.function),
            format!("{role} has no EXECUTE on {}, or no USAGE on its schema.", declared.function),
        ),
    };
    let confidence = if rule_ref.reading { Confidence::Likely } else { Confidence::Proved };
    let fix = wrong.held.is_some().then(|| {
        format!(
            "revoke execute on function {} from public, {};",
            declared.function,
            crate::model::quote_ident(&declared.role)
        )
    });
    let mut draft = Draft::new(ObjectRef::function(&declared.function), severity, title, message)
        .confidence(confidence)
        .principal(&declared.role)
        .detail(&declared.role)
        .origin(wrong.cause)
        .evidence("rule", rule(&rule_ref));
    if let Some(fix) = fix {
        draft = draft.fix(fix);
    }
    out.report(draft);
}
