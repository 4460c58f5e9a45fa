//! The policies behind an answer: those that bind the role, what each demands, and those that do not bind it.

use super::Step;
use crate::analyzer::effective::Access;
use crate::analyzer::truth::Truth;
use crate::checks::Context;
use crate::model::{Command, Grantee, Policy, printable};
use crate::report::name;

pub(super) fn steps(cx: &Context<'_>, role: &str, access: &Access<'_>) -> Vec<Step> {
    let each = |list: &[&Policy]| list.iter().map(|p| policy(cx, p, access.command)).collect::<Vec<_>>();
    let mut permissive = each(&access.permissive);
    if permissive.is_empty() {
        let end = if access.command == Command::Insert {
            "every new row is refused (error 42501)"
        } else {
            "no row, and no error"
        };
        permissive.push(format!("none: {end}"));
    }
    let mut steps = vec![Step::new("Which policies let rows through? One must be true:", permissive)];
    if !access.restrictive.is_empty() {
        steps.push(Step::new("Which policies hold rows back? All must be true:", each(&access.restrictive)));
    }
    let others: Vec<_> = access
        .relation
        .policies
        .iter()
        .filter(|p| p.command.covers(access.command) && !cx.effective.binds(role, p))
        .map(|p| format!("policy {} is for {}, and the role has no part in that", name(p), to(p)))
        .collect();
    if !others.is_empty() {
        steps.push(Step::new("Which policies of this command do not bind it?", others));
    }
    steps
}

fn policy(cx: &Context<'_>, policy: &Policy, command: Command) -> String {
    let mut words = format!("policy {} (for {} to {})", name(policy), policy.command, to(policy));
    if command != Command::Insert
        && let Some(using) = &policy.using
    {
        words.push_str(&format!(": USING {}", one_line(using)));
    }
    if matches!(command, Command::Insert | Command::Update) {
        match (&policy.check, &policy.using) {
            (Some(check), _) => words.push_str(&format!(": WITH CHECK {}", one_line(check))),
            (None, Some(using)) if command == Command::Insert => {
                words.push_str(&format!(": USING {}, which serves as WITH CHECK too", one_line(using)));
            }
            _ => words.push_str(", which serves as WITH CHECK too"),
        }
    }
    match cx.effective.command_truth(policy, command) {
        Truth::Always => words.push_str(" -- true for every row"),
        Truth::Never => words.push_str(" -- never true"),
        Truth::Depends => {}
    }
    words
}

fn to(policy: &Policy) -> String {
    let roles = policy.roles.iter().map(|r| match r {
        Grantee::Public => "every role".to_owned(),
        Grantee::Role(name) => printable(name).into_owned(),
    });
    roles.collect::<Vec<_>>().join(", ")
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
