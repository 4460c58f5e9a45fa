//! Declared columns and calls, which privileges settle, here and at every door to the same rows.

use std::collections::BTreeSet;

use super::{Judged, Kind, WrongCall, door, entry, judge};
use crate::access::{DeclaredCall, HiddenColumns, Intent, Origin, WritableColumns};
use crate::analyzer::decide::{Decider, Lent, Shows};
use crate::analyzer::effective::{Access, Columns};
use crate::analyzer::verdict::Verdict;
use crate::checks::Context;
use crate::checks::words::and_list;
use crate::model::{self, Command, Privilege, QualifiedName, Relation, printable, quote_ident};
use crate::report::{Asked, Decided, RowOf, VerdictEntry};
use crate::sql::lex::{Token, tokens};

/// Whether columns that a role must not read stay hidden. Where it reads no row, they do.
pub(super) fn hidden(cx: &Context<'_>, hidden: &HiddenColumns) -> Option<Judged> {
    let relation = cx.schema.relation(&hidden.relation)?;
    let access = cx.effective.access(&hidden.role, relation, Command::Select);
    let shown: Vec<_> = hidden.columns.iter().filter(|c| access.is_some() && covers(&access, c)).collect();
    let decided = if shown.is_empty() { Decided::Proved } else { Decided::Violated };
    let line = Line::hiding(hidden);
    let mut entry = line.entry(&access, Command::Select, Asked::NeverExceeds, decided);
    entry.reason = match shown.as_slice() {
        [] => format!("{} has no SELECT on {}", printable(&hidden.role), named(&hidden.columns)),
        shown => format!("{} can read {} of {}", printable(&hidden.role), named(shown), hidden.relation),
    };
    let cause = granting(relation, shown.first().map(|c| c.as_str()), Privilege::Select);
    Some(Judged { entry, script: None, cause, kind: Kind::Hidden })
}

/// Whether they stay hidden behind functions and views that read with other rights: one answer for each that shows rows of
/// the relation and has no rule of its own.
pub(super) fn hidden_behind(cx: &Context<'_>, hidden: &HiddenColumns, intent: &Intent) -> Vec<Judged> {
    let Some(relation) = cx.schema.relation(&hidden.relation) else { return Vec::new() };
    let access = cx.effective.access(&hidden.role, relation, Command::Select);
    let session = (judge::asker(cx, &hidden.role, &intent.assume), intent.assume.caller);
    let decider = Decider::new(&cx.effective);
    let mut all = Vec::new();
    let mut told = |door: String, how: &str, by: String, cause, shows: &dyn Fn(Shows<'_>) -> Option<Lent>| {
        let each = hidden.columns.iter().filter_map(|column| Some((column, shows(Shows::Column(column))?.decision)));
        let mut worst: Option<(Decided, String)> = None;
        for (column, decision) in each {
            let (decided, reason) = match decision.verdict {
                Verdict::Proved => (Decided::Proved, format!("{door} shows {} nothing of it", printable(&hidden.role))),
                Verdict::Unknown(reason) => (Decided::Unknown, reason.to_string()),
                Verdict::Violated(_) => {
                    let (role, column) = (printable(&hidden.role), quote_ident(column));
                    (Decided::Violated, format!("{role} can read {column} of {} {how} {door}", hidden.relation))
                }
            };
            let rank = |d: Decided| [Decided::Proved, Decided::Unknown, Decided::Violated].iter().position(|x| *x == d);
            if worst.as_ref().is_none_or(|(known, _)| rank(decided) > rank(*known)) {
                worst = Some((decided, reason));
            }
        }
        let Some((decided, reason)) = worst else { return };
        let line = Line::hiding(hidden);
        let mut entry = line.entry(&access, Command::Select, Asked::NeverExceeds, decided);
        (entry.through, entry.reason, entry.decided_by, entry.trivial) = (Some(door), reason, vec![by], false);
        all.push(Judged { entry, script: None, cause, kind: Kind::Hidden });
    };
    for function in cx.definers_over(&hidden.role, relation) {
        let lends = format!("{} runs as its owner {}", function.id, printable(&function.owner));
        let shows = |what: Shows<'_>| decider.shows_only(&hidden.role, function, relation, what, session);
        told(function.id.to_string(), "by calling", lends, function.origin, &shows);
    }
    let has_rule = |view: &Relation| intent.rules(&view.name, &hidden.role, Command::Select);
    for view in door::views_over(cx, &hidden.role, relation).filter(|view| !has_rule(view)) {
        let reads = format!("{} reads as its owner {}", view.name, printable(&view.owner));
        let shows = |what: Shows<'_>| decider.view_shows_only(&hidden.role, view, relation, what, session);
        told(view.name.to_string(), "through", reads, view.origin, &shows);
    }
    all.extend(in_family(cx, hidden, intent, relation));
    all.extend(computed(cx, hidden, relation));
    all
}

/// Whether they stay hidden where a statement names a parent of the relation, or a child whose rows are the relation's, and
/// so asks for the privileges on that one alone.
fn in_family(cx: &Context<'_>, hidden: &HiddenColumns, intent: &Intent, relation: &Relation) -> Vec<Judged> {
    let has_own = |r: &Relation| intent.hidden.iter().any(|h| h.relation == r.name && h.role == hidden.role);
    let parents = cx.effective.parents(relation).into_iter().map(|parent| (parent, "parent"));
    let children = cx.effective.children(relation).map(|child| (child, "child"));
    let mut all = Vec::new();
    for (other, kind) in parents.chain(children).filter(|(r, _)| !has_own(r)) {
        let access = cx.effective.access(&hidden.role, other, Command::Select);
        if !access.is_some() {
            continue;
        }
        let shown: Vec<_> = hidden.columns.iter().filter(|c| other.column(c).is_some() && covers(&access, c)).collect();
        let decided = if shown.is_empty() { Decided::Proved } else { Decided::Violated };
        let mut entry = Line::hiding(hidden).entry(&access, Command::Select, Asked::NeverExceeds, decided);
        let role = printable(&hidden.role);
        entry.reason = match shown.as_slice() {
            [] => format!("{role} has no SELECT on {} of the {kind} {}", named(&hidden.columns), other.name),
            shown => format!("{role} can read {} of {} through its {kind} {}", named(shown), relation.name, other.name),
        };
        entry.through = Some(other.name.to_string());
        let cause = granting(other, shown.first().map(|c| c.as_str()), Privilege::Select);
        all.push(Judged { entry, script: None, cause, kind: Kind::Hidden });
    }
    all
}

/// What generated columns that the role may read tell of hidden ones: that much is not decided.
fn computed(cx: &Context<'_>, hidden: &HiddenColumns, relation: &Relation) -> Option<Judged> {
    let access = cx.effective.access(&hidden.role, relation, Command::Select);
    let mut found = relation.columns.iter().filter(|c| !hidden.columns.contains(&c.name)).filter_map(|column| {
        let text = column.default.as_ref().filter(|_| column.generated.is_some() && covers(&access, &column.name))?;
        let is_it = |token: &Token, name: &str| {
            let written = text.get(token.range()).unwrap_or_default();
            written == name || written == quote_ident(name)
        };
        let names = |name: &&String| tokens(text, 0..text.len()).iter().any(|token| is_it(token, name));
        Some((column, hidden.columns.iter().find(names)?))
    });
    let (column, of) = found.next().filter(|_| access.is_some())?;
    let mut entry = Line::hiding(hidden).entry(&access, Command::Select, Asked::NeverExceeds, Decided::Unknown);
    let (role, shown, of) = (printable(&hidden.role), quote_ident(&column.name), quote_ident(of));
    entry.reason = format!(
        "{role} can read {shown} of {}, which is computed of {of}, and what it tells is not examined; hide {shown} too, or \
         revoke SELECT on it",
        relation.name
    );
    entry.through = Some(format!("{}.{shown}", relation.name));
    Some(Judged { entry, script: None, cause: column.origin, kind: Kind::Hidden })
}

/// Whether the columns that a role may change are those that it should.
pub(super) fn writable(cx: &Context<'_>, declared: &WritableColumns) -> Vec<Judged> {
    let Some(relation) = cx.schema.relation(&declared.relation) else { return Vec::new() };
    let access = cx.effective.access(&declared.role, relation, Command::Update);
    let allowed: BTreeSet<&str> = declared.columns.iter().map(String::as_str).collect();
    let can = |column: &str| access.is_some() && covers(&access, column);
    let text = format!("columns {}", named(&declared.columns));
    let line = Line {
        relation: &declared.relation,
        role: &declared.role,
        text,
        origin: &declared.origin,
        reason: declared.reason.as_deref(),
    };
    let mut all = Vec::new();
    let mut told = |asked, wrong: Vec<&str>, what: &str, fine: &str| {
        let decided = if wrong.is_empty() { Decided::Proved } else { Decided::Violated };
        let mut entry = line.entry(&access, Command::Update, asked, decided);
        let role = printable(&declared.role);
        entry.reason = if wrong.is_empty() {
            format!("{role} {fine}")
        } else {
            format!("{role} {what} {} of {}", named(&wrong), declared.relation)
        };
        let cause = granting(relation, wrong.first().copied(), Privilege::Update);
        all.push(Judged { entry, script: None, cause, kind: Kind::Columns });
    };
    // A generated column takes no value whatever is granted.
    let names = || relation.columns.iter().filter(|c| c.generated.is_none()).map(|c| c.name.as_str());
    if declared.mode.is_upper() {
        let beyond = names().filter(|c| !allowed.contains(c) && can(c)).collect();
        told(Asked::NeverExceeds, beyond, "can change", "can change no other column");
    }
    if declared.mode.is_lower() {
        let missing = names().filter(|c| allowed.contains(c) && !can(c)).collect();
        told(Asked::GrantsAll, missing, "cannot change", "can change all of them");
    }
    all
}

/// A call that is not as declared.
pub(super) fn call<'i>(cx: &Context<'_>, declared: &'i DeclaredCall) -> Option<WrongCall<'i>> {
    let function = cx.schema.functions.iter().find(|f| f.id == declared.function)?;
    let usage = cx.schema.namespace(&function.id.schema);
    let held = usage
        .and_then(|namespace| cx.effective.holds_on_namespace(&declared.role, namespace, Privilege::Usage))
        .and_then(|_| cx.effective.may_execute(&declared.role, function));
    let is_wrong = match &held {
        Some(_) => !declared.execute,
        None => declared.execute && declared.mode.is_lower(),
    };
    let grant = function.acl.granting(Privilege::Execute).map(|g| g.origin).max().filter(|o| !o.is_catalog());
    is_wrong.then(|| WrongCall { declared, held: held.map(|h| h.to_string()), cause: grant.unwrap_or(function.origin) })
}

/// A declaration on columns.
struct Line<'l> {
    relation: &'l QualifiedName,
    role: &'l str,
    text: String,
    origin: &'l Origin,
    reason: Option<&'l str>,
}

impl<'l> Line<'l> {
    fn hiding(hidden: &'l HiddenColumns) -> Self {
        Self {
            relation: &hidden.relation,
            role: &hidden.role,
            text: format!("hide {}", named(&hidden.columns)),
            origin: &hidden.origin,
            reason: hidden.reason.as_deref(),
        }
    }

    fn entry(&self, access: &Access<'_>, command: Command, asked: Asked, decided: Decided) -> VerdictEntry {
        let rule = entry::rule(&self.text, self.origin, self.reason);
        VerdictEntry {
            through: None,
            statement: None,
            principal: self.role.to_owned(),
            relation: self.relation.clone(),
            command,
            row: RowOf::Old,
            confidence: entry::confidence(decided, rule.reading),
            rule,
            question: asked,
            verdict: decided,
            reason: String::new(),
            condition: access.condition().unwrap_or_else(|| access.is_some().to_string()),
            decided_by: access.holder().map(|h| format!("{command} {h}")).into_iter().collect(),
            witness: None,
            assumptions: Vec::new(),
            trivial: !access.is_some(),
        }
    }
}

fn covers(access: &Access<'_>, column: &str) -> bool {
    match &access.columns {
        Columns::All => true,
        Columns::Only(held) => held.iter().any(|(c, _)| c == column),
        Columns::None => false,
    }
}

fn named<S: AsRef<str>>(columns: &[S]) -> String {
    let names: Vec<_> = columns.iter().map(|c| quote_ident(c.as_ref()).into_owned()).collect();
    and_list(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The last statement that granted it on the column or the relation, or else the relation's own.
fn granting(relation: &Relation, column: Option<&str>, privilege: Privilege) -> model::Origin {
    let of_column = column.and_then(|c| relation.column(c)).into_iter().flat_map(|c| c.acl.granting(privilege));
    let last = relation.acl.granting(privilege).chain(of_column).map(|g| g.origin).max();
    last.filter(|o| !o.is_catalog()).unwrap_or(relation.origin)
}
