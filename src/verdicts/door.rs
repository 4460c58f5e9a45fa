//! The same rule asked of other doors to the rows: SECURITY DEFINER functions, views that read as their owner, parents, children.

use super::judge::Case;
use super::script::{self, Scene, Script};
use super::{Judged, Kind, entry};
use crate::access::{Declaration, Origin};
use crate::analyzer::decide::{Ask, Called, Caller, Decider, Lent, Rule, Shows, Which, tells_rows};
use crate::analyzer::effective::Extent;
use crate::analyzer::verdict::Verdict;
use crate::analyzer::witness::Witness;
use crate::checks::Context;
use crate::checks::words::{first_of, verb};
use crate::model::{
    Command, Constraint, ConstraintKind, ForeignKey, Function, QualifiedName, ReferentialAction, Relation,
    RelationKind, printable, quote_ident, quote_literal,
};
use crate::report::{Asked, Decided};
use crate::sql::lex::tokens;

impl<'a> Case<'_, 'a> {
    /// Whether calls and views show no row beyond the rule, one answer for each that shows any of the relation. A mere
    /// reading asks nothing here: checks weigh such doors by what they are for.
    pub(super) fn doors(&self, caller: Caller) -> Vec<Judged> {
        if self.declared.command != Command::Select || self.is_reading() {
            return Vec::new();
        }
        let decider = Decider::new(&self.cx.effective);
        let what = Shows::Beyond(Rule::Bound(&self.declared.predicate.tree));
        let role = &self.declared.role;
        let called = |function: &Function| {
            let lent = decider.shows_only(role, function, self.relation, what, (self.asker, caller))?;
            let script = |w: &Witness| lent.call.as_ref().and_then(|call| self.calling(function, call, w));
            Some(self.through(&Door::call(self, function), &lent, &script))
        };
        let mut all: Vec<_> = self.cx.definers_over(role, self.relation).filter_map(called).collect();
        let read = |view: &'a Relation| {
            let lent = decider.view_shows_only(role, view, self.relation, what, (self.asker, caller))?;
            let script = |w: &Witness| lent.call.as_ref().and_then(|call| self.reading(view, call, w));
            Some(self.through(&Door::view(self, view), &lent, &script))
        };
        all.extend(self.views().filter_map(read));
        all
    }

    /// The views over the relation, but for those that have a rule of their own.
    fn views(&self) -> impl Iterator<Item = &'a Relation> {
        views_over(self.cx, &self.declared.role, self.relation).filter(|view| !self.has_own_rule(view))
    }

    /// Whether parents of the relation let no row of it through beyond the rule.
    pub(super) fn parents(&self, caller: Caller) -> Vec<Judged> {
        if self.is_reading() {
            return Vec::new();
        }
        let Declaration { role, command, row, .. } = self.declared;
        // What is inserted into a parent goes to partitions only.
        let routed = |_: &&Relation| *command != Command::Insert || self.relation.is_partition;
        let may =
            |parent: &&Relation| !matches!(self.cx.effective.access(role, parent, *command).extent, Extent::None(_));
        let above = self.cx.effective.parents(self.relation);
        let open = above.into_iter().filter(routed).filter(|p| !self.has_own_rule(p)).filter(may);
        let ask = |parent: &'a Relation| {
            let decider = Decider::new(&self.cx.effective);
            let mut formula = decider.through_parent(role, (parent, self.relation), *command, *row, caller);
            let decision = formula.ask(Ask::NeverExceeds(Rule::Bound(&self.declared.predicate.tree)), self.asker);
            let lent = Lent { decision, call: None };
            let script = |w: &Witness| self.naming(parent, caller, w);
            let mut judged = self.through(&Door::parent(self, parent), &lent, &script);
            judged.entry.condition = formula.sql();
            judged
        };
        open.map(ask).collect()
    }

    /// Whether partitions and children by INHERITS, whose rows are the relation's, let none through beyond the rule where
    /// a statement names them: then their own privileges and policies count, not those of the relation.
    pub(super) fn children(&self, caller: Caller) -> Vec<Judged> {
        if self.is_reading() {
            return Vec::new();
        }
        let Declaration { role, command, row, predicate, .. } = self.declared;
        let may =
            |child: &&Relation| !matches!(self.cx.effective.access(role, child, *command).extent, Extent::None(_));
        let open = self.cx.effective.children(self.relation).filter(|c| !self.has_own_rule(c)).filter(may);
        let ask = |child: &'a Relation| {
            let mut formula = Decider::new(&self.cx.effective).access(role, child, *command, *row, caller);
            let rule = Rule::Inherited(self.relation, &predicate.tree);
            let decision = formula.ask(Ask::NeverExceeds(rule), self.asker);
            let script = |w: &Witness| {
                // A witness knows nothing of bounds that are not understood.
                if !self.tells_bounds(child) {
                    return None;
                }
                // What names the relation cannot be said of a row of the child.
                if names_row_of(&predicate.sql, self.relation) {
                    return None;
                }
                let scene = self.scene(Asked::NeverExceeds, caller, None);
                Script::of(&Scene { relation: child, ..scene }, w)
            };
            let mut judged = self.through(&Door::child(self, child), &Lent { decision, call: None }, &script);
            judged.entry.condition = formula.sql();
            judged
        };
        open.map(ask).collect()
    }

    /// Whether it is understood which rows a partition takes, and what it is a part of.
    fn tells_bounds(&self, part: &Relation) -> bool {
        let whole = part.parents.first().filter(|_| part.is_partition);
        match whole.map(|parent| self.cx.schema.relation(parent)) {
            Some(Some(parent)) => tells_rows(parent, part) && self.tells_bounds(parent),
            Some(None) => false,
            None => true,
        }
    }

    fn is_reading(&self) -> bool {
        matches!(self.declared.origin, Origin::Reading { .. })
    }

    /// Whether what a relation shows the role is judged by a rule on it.
    fn has_own_rule(&self, door: &Relation) -> bool {
        let Declaration { role, command, .. } = self.declared;
        self.intent.rules(&door.name, role, *command)
    }

    /// Doors that are not asked: that they reach nothing beyond the rule is an assumption.
    pub(super) fn unseen_doors(&self) -> Vec<String> {
        let Declaration { role, command, .. } = self.declared;
        let mut all: Vec<String> = match command {
            Command::Select => self.put_together().into_iter().collect(),
            Command::Delete => self.actions(|key| key.on_delete == ReferentialAction::Cascade, Command::Delete),
            Command::Update if self.declared.row == Which::New => {
                let sets = |action| matches!(action, ReferentialAction::SetNull | ReferentialAction::SetDefault);
                let mut all = self.actions(|key| sets(key.on_delete), Command::Delete);
                let follows = |action| sets(action) || action == ReferentialAction::Cascade;
                all.extend(self.actions(|key| follows(key.on_update), Command::Update));
                all
            }
            _ => Vec::new(),
        };
        let writing: Vec<_> = match command {
            Command::Select => Vec::new(),
            _ => self.cx.definers_writing(role, self.relation, *command).map(|f| f.id.to_string()).collect(),
        };
        if !writing.is_empty() {
            let listed = first_of(&writing, 4);
            all.push(format!("what is done to its rows with the owner's rights by {listed} is within the rule"));
        }
        let written: Vec<_> = self.written_through().iter().map(ToString::to_string).collect();
        if !written.is_empty() {
            let (role, listed) = (printable(role), first_of(&written, 4));
            all.push(format!(
                "what {role} writes to its rows through {listed}, with the owner's rights, is within the rule"
            ));
        }
        all
    }

    /// The views that write the relation as their owner, and the relations whose rewrite rules do as theirs, where the role
    /// may write them and they have no rule of their own.
    fn written_through(&self) -> Vec<&'a QualifiedName> {
        let Declaration { role, command, .. } = self.declared;
        if *command == Command::Select {
            return Vec::new();
        }
        let effective = &self.cx.effective;
        let may = |r: &Relation, c: Command| !matches!(effective.access(role, r, c).extent, Extent::None(_));
        let through_view =
            |view: &Relation| view.view.is_some() && may(view, *command) && lends(self.cx, role, view, self.relation);
        let writes = format!("{command} ");
        let by_rule = |r: &Relation| {
            let names = |definition: &str| {
                // What stands before is the command that it answers.
                let does = definition.split_once(" DO ").map_or(definition, |(_, does)| does);
                does.to_uppercase().contains(&writes) && does.contains(&self.relation.name.name)
            };
            let fires = || [Command::Insert, Command::Update, Command::Delete].into_iter().any(|c| may(r, c));
            r.rules.iter().any(|rule| names(&rule.definition)) && fires()
        };
        // What few relations have is asked first.
        let all = self.cx.schema.relations.iter().filter(|r| r.view.is_some() || !r.rules.is_empty());
        let writing = all.filter(|r| through_view(r) || by_rule(r));
        // Its own rewrite rules are no statement that a rule on it is about.
        let asked = |r: &&Relation| r.name != self.relation.name && self.has_own_rule(r);
        writing.filter(|r| !self.cx.is_platform(r) && !asked(r)).map(|r| &r.name).collect()
    }

    /// What foreign keys do to rows when the role does something to those they refer to, without any row security.
    fn actions(&self, acts: impl Fn(&ForeignKey) -> bool, command: Command) -> Vec<String> {
        let named = |constraint: &Constraint| {
            let ConstraintKind::ForeignKey(key) = &constraint.kind else { return None };
            let parent = self.cx.schema.relation(&key.relation).filter(|_| acts(key))?;
            let access = self.cx.effective.access(&self.declared.role, parent, command);
            if matches!(access.extent, Extent::None(_)) {
                return None;
            }
            let (role, name) = (printable(&self.declared.role), printable(&constraint.name));
            let (takes, does) = match (self.declared.command, command) {
                (Command::Delete, _) => ("takes along", "deletes"),
                (_, Command::Delete) => ("changes", "deletes"),
                _ => ("changes", "changes"),
            };
            let parent = &parent.name;
            Some(format!(
                "rows that the foreign key {name} {takes} when {role} {does} one of {parent} are within the rule"
            ))
        };
        self.relation.constraints.iter().filter_map(named).collect()
    }

    /// Functions that may read anything.
    fn put_together(&self) -> Option<String> {
        let Declaration { role, .. } = self.declared;
        let over: Vec<_> = self.cx.definers_over(role, self.relation).map(|f| &f.id).collect();
        let others = self.cx.definers_of_any(role).filter(|f| !over.contains(&&f.id));
        let names: Vec<_> = others.map(|f| f.id.to_string()).collect();
        let listed = first_of(&names, 4);
        (!names.is_empty()).then(|| format!("what {listed} put together and run as their owner shows no row of it"))
    }

    fn through(&self, door: &Door, lent: &Lent, script: &dyn Fn(&Witness) -> Option<Script>) -> Judged {
        let (decided, witness) = match &lent.decision.verdict {
            Verdict::Proved => (Decided::Proved, None),
            Verdict::Violated(witness) => (Decided::Violated, Some(plain_rows(witness))),
            Verdict::Unknown(_) => (Decided::Unknown, None),
        };
        let (role, relation) = (printable(&self.declared.role), &self.declared.relation);
        let does = verb(self.declared.command);
        let mut entry = entry::of(self, Asked::NeverExceeds, decided, door.by.clone());
        entry.through = Some(door.name.clone());
        entry.assumptions = lent.decision.assumptions.iter().map(ToString::to_string).collect();
        entry.reason = match &lent.decision.verdict {
            Verdict::Unknown(reason) => entry::unknown(reason),
            Verdict::Proved => {
                format!("every row of {relation} that {role} can {does} {} is within the rule", door.how)
            }
            Verdict::Violated(_) => {
                format!("{role} can {does} a row of {relation} that the rule denies, {}", door.how)
            }
        };
        let script = witness.as_ref().and_then(script);
        entry.witness = witness.map(|w| entry::plain(&w, relation, self.cx.schema, script.as_ref()));
        Judged { entry, script, cause: door.origin, kind: Kind::Door }
    }

    /// The script whose act reads the view. A materialized one would have to be refreshed first.
    fn reading(&self, view: &Relation, call: &Called, witness: &Witness) -> Option<Script> {
        if view.kind == RelationKind::MaterializedView {
            return None;
        }
        let mut script = Script::of(&self.scene(Asked::NeverExceeds, Caller::Sql, None), witness)?;
        let names: Vec<_> = view.columns.iter().map(|c| quote_ident(&c.name).into_owned()).collect();
        let filter = self.found_by(call, &names, witness);
        script.act =
            format!("select * from {}{}", view.name, filter.map_or_else(String::new, |f| format!(" where {f}")));
        Some(script)
    }

    /// The script whose act names the parent, where it has the columns that matter, and a row of a partition is one that
    /// goes there.
    fn naming(&self, parent: &Relation, caller: Caller, witness: &Witness) -> Option<Script> {
        let is_shared = |column: &str| parent.column(column).is_some();
        let all_shared = witness.subjects.iter().all(|s| s.columns.keys().all(|c| is_shared(c)));
        let routed = if self.relation.is_partition {
            tells_rows(parent, self.relation)
        } else {
            self.declared.command != Command::Insert
        };
        if !routed || !all_shared {
            return None;
        }
        let scene = self.scene(Asked::NeverExceeds, caller, None);
        let mut script = Script::of(&Scene { parent: Some(parent), ..scene }, witness)?;
        script.act = script.act.replacen(&self.relation.name.to_string(), &parent.name.to_string(), 1);
        Some(script)
    }

    /// What finds the witness's row by columns of a result that are its own.
    fn found_by(&self, call: &Called, names: &[String], witness: &Witness) -> Option<String> {
        let shown = script::shown(witness.subjects.first()?, self.cx.schema);
        let own = call.columns.iter().zip(names).filter_map(|(of, column)| {
            let value = shown.get(&**of.as_ref()?)?.as_ref()?;
            Some(format!("{column}::text = {}", quote_literal(value)))
        });
        let all: Vec<String> = own.collect();
        (!all.is_empty()).then(|| all.join(" and "))
    }

    /// The script whose act is the call.
    fn calling(&self, function: &Function, call: &Called, witness: &Witness) -> Option<Script> {
        let mut script = Script::of(&self.scene(Asked::NeverExceeds, Caller::Sql, None), witness)?;
        let name = format!("{}.{}", quote_ident(&function.id.schema), quote_ident(&function.id.name));
        let columns: Vec<_> = (1..=call.columns.len()).map(|at| format!("c{at}")).collect();
        // Where nothing tells the row, at least something comes out.
        let something = (!function.returns_set).then(|| "shown is not null".to_owned());
        let filter = self.found_by(call, &columns, witness).or(something);
        let filter = filter.map_or_else(String::new, |filter| format!(" where {filter}"));
        let alias = if columns.is_empty() { "shown".to_owned() } else { format!("shown ({})", columns.join(", ")) };
        script.act = format!("select * from {name}({}) as {alias}{filter}", call.arguments.join(", "));
        Some(script)
    }
}

/// Whether a rule names columns of its relation with the relation's name before them.
fn names_row_of(sql: &str, relation: &Relation) -> bool {
    let all = tokens(sql, 0..sql.len());
    let text = |at: usize| all.get(at).and_then(|token| sql.get(token.range())).unwrap_or_default();
    let name = &relation.name.name;
    (0..all.len()).any(|at| (text(at) == name || text(at) == quote_ident(name)) && text(at + 1) == ".")
}

/// The views that show a role rows of the relation with other eyes than its own.
pub(super) fn views_over<'s, 'a>(
    cx: &'s Context<'a>,
    role: &'s str,
    relation: &'s Relation,
) -> impl Iterator<Item = &'a Relation> {
    let effective = &cx.effective;
    let may = move |view: &&Relation| !matches!(effective.access(role, view, Command::Select).extent, Extent::None(_));
    let views = cx.schema.relations.iter().filter(move |r| r.view.is_some() && !cx.is_platform(r));
    views.filter(may).filter(move |view| lends(cx, role, view, relation))
}

/// Whether a view reads rows of the relation with other eyes than the role's.
fn lends(cx: &Context<'_>, role: &str, view: &Relation, relation: &Relation) -> bool {
    let all = cx.effective.reads_through(role, view);
    all.iter().any(|read| read.relation.name == relation.name && read.reader != role)
}

/// A way to rows that a statement on their relation does not take.
struct Door {
    /// What has to be named.
    name: String,
    /// How it is taken, in words.
    how: String,
    /// What gives it.
    by: Vec<String>,
    origin: crate::model::Origin,
}

impl Door {
    fn call(case: &Case<'_, '_>, function: &Function) -> Self {
        let held = case.cx.effective.may_execute(&case.declared.role, function);
        let lends = format!("{} runs as its owner {}", function.id, printable(&function.owner));
        Self {
            name: function.id.to_string(),
            how: format!("by calling {}", function.id),
            by: [Some(lends), held.map(|held| format!("EXECUTE {held}"))].into_iter().flatten().collect(),
            origin: function.origin,
        }
    }

    fn view(case: &Case<'_, '_>, view: &Relation) -> Self {
        let reads = format!("{} reads as its owner {}", view.name, printable(&view.owner));
        Self {
            by: [reads].into_iter().chain(held(case, view)).collect(),
            ..Self::named(view, "through the", view.kind.to_string())
        }
    }

    fn parent(case: &Case<'_, '_>, parent: &Relation) -> Self {
        let reads = format!("a statement that names {} asks only its policies", parent.name);
        Self {
            by: [reads].into_iter().chain(held(case, parent)).collect(),
            ..Self::named(parent, "through its", "parent".to_owned())
        }
    }

    fn child(case: &Case<'_, '_>, child: &Relation) -> Self {
        let reads = format!("a statement that names {} asks only its policies", child.name);
        let kind = if child.is_partition { "partition" } else { "child" };
        Self {
            by: [reads].into_iter().chain(held(case, child)).collect(),
            ..Self::named(child, "through its", kind.to_owned())
        }
    }

    fn named(relation: &Relation, through: &str, kind: String) -> Self {
        Self {
            name: relation.name.to_string(),
            how: format!("{through} {kind} {}", relation.name),
            by: Vec::new(),
            origin: relation.origin,
        }
    }
}

/// The grant of a command on a door.
fn held(case: &Case<'_, '_>, relation: &Relation) -> Option<String> {
    let Declaration { role, command, .. } = case.declared;
    let access = case.cx.effective.access(role, relation, *command);
    access.holder().map(|holder| format!("{command} {holder}"))
}

/// The witness without the arguments, which are no row.
fn plain_rows(witness: &Witness) -> Witness {
    let mut witness = witness.clone();
    witness.subjects.retain(|subject| !subject.relation.schema.is_empty());
    witness
}
