use super::reached::Reached;
use super::trees::{Condition, Part, constant};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::Said;
use crate::finding::{Confidence, Findings, ObjectRef, Severity};
use crate::model::{Function, printable, quote_literal};
use crate::sql::tree::{Expr, Node, Place};
use std::ops::Range;

declare_check! {
    /// A policy decides by the user's e-mail address, which is no identity: it changes hands, and a loose pattern matches
    /// other people's domains.
    ///
    /// `auth.jwt() ->> 'email' like '%corp.com'` lets in `mallory@evilcorp.com`, whose domain anyone can register. An
    /// address proves little where sign-up does not confirm it, and whoever gets an old address back gets its rights.
    ///
    /// High where a pattern is not bound to the whole domain, medium where the project's configuration says that addresses
    /// are not confirmed. Low for whole domains and whole addresses, of rows or in the text (invitations are made like
    /// that): keep `auth.uid()` once somebody accepted. Found through functions too; addresses in `user_metadata` are
    /// `user-metadata-trust`.
    pub(super) struct EmailTrust {
        id: "email-trust",
        title: "policy that decides by the e-mail address",
        severity: High,
        bad: "
            create table public.playbooks (id bigint primary key, body text);
            alter table public.playbooks enable row level security;
            grant select on public.playbooks to authenticated;
            create policy staff on public.playbooks for select to authenticated
                using ((select auth.jwt()) ->> 'email' like '%corp.com');
        ",
        good: "
            create table public.playbooks (id bigint primary key, body text);
            alter table public.playbooks enable row level security;
            grant select on public.playbooks to authenticated;
            create policy staff on public.playbooks for select to authenticated
                using ((select auth.jwt()) -> 'app_metadata' ->> 'staff' = 'true');
        ",
    }
}

impl Check for EmailTrust {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for condition in cx.conditions().filter(|c| c.policy.permissive) {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            let Some(reached) = cx.reached_signed_in(&condition) else { continue };
            let mut worst: Option<Trust> = None;
            cx.walk_through(condition.tree, &mut |part, function| {
                if let Part::Expr(expr, place) = part
                    && let Some(trust) = trust(cx, expr, place, function)
                    && worst.as_ref().is_none_or(|w| w.how < trust.how)
                {
                    worst = Some(trust);
                }
            });
            if let Some(trust) = worst {
                report(cx, &condition, &reached, &trust, out);
            }
        }
    }
}

/// How an address is compared, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    /// As a whole.
    Address,
    /// By its whole domain.
    Domain,
    /// By a pattern that other domains match.
    Loose,
}

/// A comparison of the address.
struct Trust {
    how: How,
    /// The constant, and where it stands in the condition.
    pattern: Option<(String, Range<usize>)>,
    /// The function that it stands in.
    function: Option<String>,
}

fn trust(cx: &Context<'_>, expr: &Expr, place: &Place<'_>, function: Option<&Function>) -> Option<Trust> {
    let (symbol, left, right) = match &expr.node {
        Node::Operation(operator, sides) => match sides.as_slice() {
            [left, right] => (operator.symbol.as_str(), left, right),
            _ => return None,
        },
        Node::QuantifiedArray { operator, left, array, .. } => {
            (operator.symbol.as_str(), left.as_ref(), array.as_ref())
        }
        Node::QuantifiedQuery { operators, left, .. } => {
            let (operator, left) = (operators.first()?, left.first()?);
            return (operator.symbol == "=" && is_email(cx, left, place)).then(|| Trust {
                how: How::Address,
                pattern: None,
                function: function.map(|f| f.id.to_string()),
            });
        }
        _ => return None,
    };
    let (email, other) = if is_email(cx, left, place) { (left, right) } else { (right, left) };
    if !is_email(cx, email, place) {
        return None;
    }
    let pattern = constant(other).map(|text| (text.to_owned(), other.range.clone()));
    let text = pattern.as_ref().map_or("", |(text, _)| text);
    let how = match symbol {
        "~~" | "~~*" if std::ptr::eq(email, left) => like(text),
        "~" | "~*" if std::ptr::eq(email, left) => {
            if text.contains('@') && text.ends_with('$') {
                How::Domain
            } else {
                How::Loose
            }
        }
        "=" if part_of_address(email) => How::Domain,
        "=" => How::Address,
        _ => return None,
    };
    // A pattern that the row gives is a matter of who writes the row.
    let how = if pattern.is_none() { How::Address } else { how };
    Some(Trust { how, pattern, function: function.map(|f| f.id.to_string()) })
}

/// What a LIKE pattern lets through.
fn like(pattern: &str) -> How {
    match pattern.strip_prefix('%') {
        Some(domain) if domain.starts_with('@') && !domain.contains('%') => How::Domain,
        None if !pattern.contains('%') => How::Address,
        _ => How::Loose,
    }
}

/// Whether an expression is the address of whoever asks, or made of it alone.
fn is_email(cx: &Context<'_>, expr: &Expr, place: &Place<'_>) -> bool {
    match &expr.node {
        Node::Operation(operator, sides) if operator.symbol == "->>" => {
            let [from, key] = sides.as_slice() else { return false };
            constant(key) == Some("email") && is_claims(from)
        }
        Node::Operation(operator, sides) if operator.symbol == "#>>" => {
            sides.last().and_then(constant) == Some("{email}")
        }
        Node::Call(call) => {
            let name = &call.routine.name;
            let own = name.schema == "auth" && name.name == "email";
            own || (call.routine.key.is_none() && call.arguments.first().is_some_and(|a| is_email(cx, a, place)))
        }
        Node::Column(column) => {
            let of = place.source(column).and_then(|s| cx.relation_of(s));
            column.name == "email" && of.is_some_and(|r| r.name.schema == "auth" && r.name.name == "users")
        }
        Node::Cast { operand, .. } | Node::Collate(operand, _) => is_email(cx, operand, place),
        Node::Choice(_, all) => all.first().is_some_and(|e| is_email(cx, e, place)),
        Node::Scalar(query) => {
            let target = query.select().and_then(|s| s.targets.first());
            target.is_some_and(|t| is_email(cx, &t.value, &place.within(query)))
        }
        _ => false,
    }
}

/// Whether it is the whole of the claims: no field of an object within.
fn is_claims(expr: &Expr) -> bool {
    match &expr.node {
        Node::Call(call) => call.routine.name.name == "jwt" || call.routine.name.name == "current_setting",
        Node::Cast { operand, .. } => is_claims(operand),
        Node::NullIf(_, value, _) => is_claims(value),
        Node::Choice(_, all) => all.iter().any(is_claims),
        Node::Scalar(query) => query.select().and_then(|s| s.targets.first()).is_some_and(|t| is_claims(&t.value)),
        _ => false,
    }
}

/// Whether only a part of the address is compared.
fn part_of_address(expr: &Expr) -> bool {
    match &expr.node {
        Node::Call(call) => {
            matches!(
                call.routine.name.name.as_str(),
                "split_part" | "substring" | "right" | "substr" | "regexp_replace"
            ) || call.arguments.first().is_some_and(part_of_address)
        }
        Node::Cast { operand, .. } => part_of_address(operand),
        _ => false,
    }
}

fn report(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &Reached<'_>,
    trust: &Trust,
    out: &mut Findings<'_>,
) {
    let (table, policy) = (&condition.table.name, condition.policy);
    let unconfirmed = cx.sign_in.confirmed == Some(false);
    let (worst, confidence) = match trust.how {
        How::Loose => (Severity::High, Confidence::Proved),
        _ if unconfirmed => (Severity::Medium, Confidence::Likely),
        How::Address | How::Domain => (Severity::Low, Confidence::Possible),
    };
    let pattern = trust.pattern.as_ref().map(|(text, _)| printable(text).into_owned());
    let (what, why) = match (trust.how, pattern) {
        (How::Loose, Some(pattern)) => {
            (format!("by the pattern {pattern:?}"), "addresses of other domains match it, which anyone can register")
        }
        (How::Domain, _) => ("by its domain".to_owned(), "an address says who could once read a mailbox"),
        _ => ("as a whole".to_owned(), "whoever gets the address later gets its rights"),
    };
    let how_sure =
        if unconfirmed { "; the project lets users sign up with addresses that nobody confirms" } else { "" };
    let message = format!(
        "Policy {:?} of {table} lets {} in by comparing the e-mail address {what}: {why}{how_sure}.",
        policy.name,
        reached.principal.words(),
    );
    let title = format!("policy {:?} of {table} compares the e-mail address {what}", policy.name);
    let draft = cx
        .policy_draft(condition, reached, cx.hole(worst, reached), (title, message))
        .confidence(confidence)
        .fix(fix(condition, trust))
        .detail(if trust.how == How::Loose { "pattern" } else { "address" });
    out.report(match cx.hinges_on(Said::Email, condition, reached) {
        Ok(Some(hinge)) if hinge.gains => {
            let crafted = foreign(trust);
            cx.hinged(draft, (condition, reached), &hinge, (Said::Email, crafted.as_deref()))
        }
        _ => draft,
    });
}

/// An address of somebody else's domain that a loose LIKE pattern matches.
fn foreign(trust: &Trust) -> Option<String> {
    let (pattern, _) = trust.pattern.as_ref().filter(|_| trust.how == How::Loose)?;
    if pattern.contains('\\') || !pattern.contains('%') {
        return None;
    }
    let (before, after) = (pattern.strip_prefix('%'), pattern.strip_suffix('%'));
    let inner = pattern.trim_matches('%').replace('%', "").replace('_', "x");
    let start = match (before, inner.contains('@')) {
        (Some(_), false) => "mallory@evil",
        (Some(_), true) => "mallory",
        (None, _) => "",
    };
    Some(format!("{start}{inner}{}", if after.is_some() { ".example.org" } else { "" }))
}

fn fix(condition: &Condition<'_, '_>, trust: &Trust) -> String {
    match (&trust.pattern, &trust.function) {
        (Some((pattern, range)), None) if trust.how == How::Loose && pattern.starts_with('%') => {
            let domain = pattern.trim_matches('%').rsplit('@').next().unwrap_or_default();
            if domain.is_empty() || domain.contains(['%', '_']) {
                return "-- compare the whole address, or keep who may in a table".to_owned();
            }
            condition.replaced_by(&condition.with(range.clone(), &quote_literal(&format!("%@{domain}"))))
        }
        (_, Some(function)) => format!("-- in {function}, ask for auth.uid() or app_metadata instead of the address"),
        _ => "-- ask for auth.uid() or app_metadata instead of the address".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::SignIn;
    use crate::checks::trial::{assert_found, findings_with};

    const BASE: &str = "create table docs (id bigint primary key, invitee text, owner uuid);
        alter table docs enable row level security;";

    #[test]
    fn tells_loose_patterns_from_addresses() {
        let policy = |using: &str| format!("create policy p on docs to authenticated using ({using});");
        let cases = [
            (policy("auth.email() like '%corp.com'"), vec!["high"]),
            (policy("lower(auth.jwt() ->> 'email') ilike '%corp.com%'"), vec!["high"]),
            (policy("(auth.jwt() ->> 'email') ~ 'corp.com$'"), vec!["high"]),
            (policy("auth.email() like '%@corp.com'"), vec!["low"]),
            (policy("split_part(auth.email(), '@', 2) = 'corp.com'"), vec!["low"]),
            (policy("invitee = (select auth.jwt() ->> 'email')"), vec!["low"]),
            (policy("invitee = (select email from auth.users where id = auth.uid())"), vec!["low"]),
            (policy("auth.jwt() ->> 'email' in ('a@b.c', 'd@b.c')"), vec!["low"]),
            (policy("invitee like '%corp.com'"), vec![]),
            (policy("owner = auth.uid()"), vec![]),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (sql.as_str(), words.as_slice())).collect();
        assert_found("email-trust", BASE, &cases);
    }

    #[test]
    fn unconfirmed_addresses_weigh_more() {
        let sql = format!("{BASE} create policy p on docs to authenticated using (invitee = auth.email());");
        let sign_in = SignIn { confirmed: Some(false), anonymous: None };
        assert_eq!(findings_with("email-trust", &sql, sign_in)[0].severity.word(), "medium");
    }
}
