//! What trials show of findings on relations: the command did what the finding says that it does.

use crate::finding::Finding;
use crate::model::{Command, QualifiedName};
use crate::report::{Action, ProbeOutcome, Trial};

/// The commands of the policy that a finding is about, as its evidence tells them.
fn commands_of_policy(finding: &Finding) -> Vec<Command> {
    let policies = finding.evidence.iter().filter(|e| e.kind == "policy");
    let words: Vec<_> = policies.filter_map(|e| e.text.split_whitespace().nth(1)).collect();
    let is_named = |c: &Command| words.iter().any(|word| *word == "ALL" || *word == c.to_string());
    Command::ALL.into_iter().filter(is_named).collect()
}

/// The command that an action shows to be open to whoever may take it.
fn shows(action: Action) -> Option<Command> {
    let is_plain = matches!(
        action,
        Action::Select
            | Action::InsertForOther
            | Action::UpdateBlind
            | Action::UpdateFiltered
            | Action::DeleteBlind
            | Action::DeleteFiltered
    );
    is_plain.then(|| action.command())
}

/// Whether the persona has no rows of its own, so that whatever it reaches is another's.
fn is_stranger(trial: &Trial) -> bool {
    !trial.persona.starts_with("user ")
}

/// Findings on relations whose command did what they say that it does.
pub(super) fn by_trial(finding: &Finding, trials: &[Trial]) -> Option<String> {
    let name = QualifiedName::new(finding.object.schema.as_deref()?, &finding.object.name);
    let role = finding.principal.as_deref();
    let is_role = |t: &Trial| role.is_none_or(|role| t.role == role);
    let of = || trials.iter().filter(|t| t.relation == name && is_role(t));
    let done = |t: &&Trial| matches!(t.outcome, ProbeOutcome::Seen { .. });
    let failed = |code: &'static str| move |t: &&Trial| matches!(&t.outcome, ProbeOutcome::Error { sqlstate, .. } if sqlstate == code);
    let selects = || of().filter(|t| t.action == Action::Select);
    let mentions = |t: &&Trial| {
        let column = t.column.as_deref().unwrap_or_default();
        finding.title.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == column)
    };
    let found = match finding.check.as_str() {
        "truncate-reachable" => of().filter(|t| t.action == Action::Truncate).find(done),
        "mass-assignable-authority" => of().filter(|t| t.action == Action::UpdateColumn).filter(mentions).find(done),
        "column-grant-defeated" => of().filter(|t| t.action == Action::UpdateColumn).find(done),
        "policy-tautology" | "policy-name-audience" => {
            let commands = commands_of_policy(finding);
            of().filter(|t| is_stranger(t) && shows(t.action).is_some_and(|c| commands.contains(&c))).find(done)
        }
        "fk-cascade-bypass" => {
            // Which of the two it is about, its title tells.
            let (action, from) = match finding.title.starts_with("deleting") {
                true => (Action::DeleteByCascade, format!("delete from {name} ")),
                false => (Action::UpdateByCascade, format!("update {name} set ")),
            };
            let mut all = trials.iter().filter(|t| t.action == action && is_role(t));
            all.find(|t| (t.relation == name || t.statement.starts_with(&from)) && done(t))
        }
        // Where no rule says whose the row should be: the owner is the caller's own, and what else it is of another's.
        "insert-unchecked" if finding.script.is_none() => of().filter(|t| t.action == Action::InsertAcross).find(done),
        "rls-no-permissive" | "policy-contradiction" => {
            let is_read =
                finding.check == "rls-no-permissive" || commands_of_policy(finding).contains(&Command::Select);
            let reads: Vec<_> = selects().filter(|_| is_read).collect();
            let all = reads.iter().all(|t| t.outcome == ProbeOutcome::Hidden);
            reads.first().filter(|_| all).copied()
        }
        // What the role does not see, its policies do not find either.
        "lookup-hidden" => {
            let reads: Vec<_> = selects().collect();
            let all = reads.iter().all(|t| matches!(t.outcome, ProbeOutcome::Hidden | ProbeOutcome::Refused));
            reads.first().filter(|_| all).copied()
        }
        "queue-exposed" => of().find(done),
        "definer-view-write" => of().filter(|t| is_stranger(t) && t.action.command() != Command::Select).find(done),
        "policy-recursion" => of().find(failed("42P17")),
        "scalar-subquery-membership" => of().find(failed("21000")),
        "guc-null-vs-empty" => of().find(failed("22P02")),
        "policy-function-not-executable" => selects().find(|t| t.outcome == ProbeOutcome::Refused),
        "anonymous-signin-reach" | "auth-role-predicate" => {
            selects().filter(|t| t.persona == "an anonymous sign-in").find(done)
        }
        // Who has signed in with a second factor bears that in its name.
        "aal2-missing" => {
            selects().filter(|t| t.persona.starts_with("user ") && !t.persona.contains("factor")).find(done)
        }
        "immutable-identity" => trials.iter().find(|t| {
            let read = finding.confirm.iter().any(|read| read.relation == t.relation);
            read && t.action == Action::SelectByKeptPlan && t.surprise.is_some()
        }),
        _ => None,
    }?;
    Some(told(found))
}

/// What a trial showed, as a sentence.
fn told(found: &Trial) -> String {
    let (who, what, name) = (&found.persona, found.action.words(), &found.relation);
    let column = found.column.as_ref().map_or_else(String::new, |column| format!(" ({column})"));
    match (&found.outcome, &found.surprise) {
        (_, Some(surprise)) if found.action == Action::SelectByKeptPlan => surprise.text.clone(),
        (ProbeOutcome::Seen { rows, .. }, _) => {
            format!("as {who}: {what}{column} on {name} reached {rows} {}", if *rows == 1 { "row" } else { "rows" })
        }
        (ProbeOutcome::Error { sqlstate, message }, _) => {
            format!("as {who}: {what} on {name} failed: {message} (SQLSTATE {sqlstate})")
        }
        (ProbeOutcome::Refused, _) => format!("as {who}: {what} on {name} was refused (SQLSTATE 42501)"),
        _ => format!("as {who}: {what} on {name} showed none of the rows there are"),
    }
}
