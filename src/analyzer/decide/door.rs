//! Doors to the rows of a relation: which of them a call of a SECURITY DEFINER function shows, whatever its arguments,
//! or a view that reads as its owner; and what a parent lets through of the rows of its children.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::access::Asked;
use super::variants::{asker_of, nothing_given};
use super::{Ask, Asker, Caller, Decider, Decision, Formula, Rule, Which};
use crate::analyzer::effective::Columns;
use crate::analyzer::resolve::{Showing, Way};
use crate::analyzer::term::{Id, Row, Term, Terms, Type};
use crate::analyzer::verdict::{Reason, Subject, Verdict};
use crate::model::{ArgumentMode, Command, Function, FunctionKind, Privilege, QualifiedName, Relation, RelationKind};

/// Types of which one value tells little of a row.
const SMALL: [&str; 6] = ["uuid", "integer", "bigint", "numeric", "timestamp with time zone", "date"];

/// The answer to a question about the rows that calls show.
#[derive(Debug, Clone)]
pub struct Lent {
    /// The answer. The first subject of its witness is the row that is shown.
    pub decision: Decision,
    /// The call that shows it, where there is a witness.
    pub call: Option<Called>,
}

/// A call that shows a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// The arguments, in SQL.
    pub arguments: Vec<String>,
    /// What columns of the result are, where they are the row's own.
    pub columns: Vec<Option<Arc<str>>>,
}

/// What a door must not show.
#[derive(Debug, Clone, Copy)]
pub enum Shows<'r> {
    /// A row of which the rule is not TRUE.
    Beyond(Rule<'r>),
    /// The column, of whatever row.
    Column(&'r str),
}

impl<'a> Decider<'a> {
    /// Whether `role` may call a function and so gets its owner's rights.
    #[must_use]
    pub fn lends(&self, role: &str, function: &Function) -> bool {
        let namespace = self.effective.schema().namespace(&function.id.schema);
        function.security_definer
            && function.is_callable()
            && function.kind == FunctionKind::Function
            && self.effective.may_execute(role, function).is_some()
            && namespace.is_some_and(|n| self.effective.holds_on_namespace(role, n, Privilege::Usage).is_some())
    }

    /// Whether no call of `function` by `role`, with any arguments, shows what it must not of `relation`; `None` if a call
    /// shows no row of it.
    #[must_use]
    pub fn shows_only(
        &self,
        role: &str,
        function: &Function,
        relation: &'a Relation,
        what: Shows<'_>,
        (asker, caller): (Asker, Caller),
    ) -> Option<Lent> {
        if matches!(function.returns.as_str(), "boolean" | "void" | "") {
            return None;
        }
        let mut formula = self.formula(role, relation, Which::Old);
        (formula.caller, formula.resolver.caller) = (Some(caller), caller);
        let name = function.id.to_string();
        let arguments = Arguments::of(&mut formula.resolver.terms, function, self.effective.schema());
        let given = arguments.terms(&mut formula.resolver.terms);
        match formula.resolver.shown_by(function, given) {
            Ok(showing) => self.shown_only(formula, &name, showing, &arguments, (what, asker)),
            // One number or id says little.
            Err(_) if SMALL.contains(&function.returns.as_str()) && !function.returns_set => None,
            Err(reason) => Some(unclear(&formula, &name, &reason)),
        }
    }

    /// The same of a view that `role` may read.
    #[must_use]
    pub fn view_shows_only(
        &self,
        role: &str,
        view: &Relation,
        relation: &'a Relation,
        what: Shows<'_>,
        (asker, caller): (Asker, Caller),
    ) -> Option<Lent> {
        let mut formula = self.formula(role, relation, Which::Old);
        (formula.caller, formula.resolver.caller) = (Some(caller), caller);
        let name = view.name.to_string();
        let showing = match formula.resolver.shown_by_view(view) {
            Ok(showing) => showing,
            Err(reason) => return Some(unclear(&formula, &name, &reason)),
        };
        if view.kind == RelationKind::MaterializedView && formula.resolver.terms.asks_session() {
            return Some(unclear(&formula, &name, "what it holds depends on the session that refreshed it"));
        }
        if self.effective.access(role, view, Command::Select).columns != Columns::All {
            return Some(unclear(&formula, &name, "the role may read some of its columns only"));
        }
        let arguments = Arguments::none(&mut formula.resolver.terms);
        self.shown_only(formula, &name, showing, &arguments, (what, asker))
    }

    /// The condition under which `role` reaches a row of `relation` by a command that names a parent of it: the parent's
    /// privileges and policies count, and those of the relation do not.
    #[must_use]
    pub fn through_parent(
        &self,
        role: &str,
        (parent, relation): (&'a Relation, &'a Relation),
        command: Command,
        which: Which,
        caller: Caller,
    ) -> Formula<'a> {
        let mut formula = self.formula(role, relation, which);
        (formula.caller, formula.resolver.caller) = (Some(caller), caller);
        let asked = Asked { role, relation: parent, command, caller };
        let row = formula.row;
        formula.condition = match which {
            Which::Old => self.old_row(&mut formula, asked, row),
            Which::New => self.new_row(&mut formula, asked, row),
        };
        if command == Command::Update {
            let other = formula.resolver.terms.row(&relation.name, &relation.name.name);
            formula.subjects.push(Subject { row: other, stored: which == Which::New });
            formula.beside = match which {
                Which::Old => self.new_row(&mut formula, asked, other),
                Which::New => self.old_row(&mut formula, asked, other),
            };
        }
        if formula.resolver.recursion.is_some() {
            formula.condition = formula.resolver.terms.raise(Type::Bool);
        }
        formula
    }

    fn shown_only(
        &self,
        mut formula: Formula<'a>,
        name: &str,
        mut showing: Showing,
        arguments: &Arguments,
        (what, asker): (Shows<'_>, Asker),
    ) -> Option<Lent> {
        let relation = formula.relation;
        let ask = match what {
            Shows::Beyond(rule) => Ask::NeverExceeds(rule),
            Shows::Column(column) => {
                showing.keep_column(&formula.resolver.terms, column);
                Ask::NeverTrue
            }
        };
        let showing = &showing;
        if let Some(parent) = self.parent_shown(&formula, showing, relation) {
            let some = format!("the rows of {parent}, of which some are {}'s", relation.name);
            return Some(unclear(&formula, name, &some));
        }
        let mut last = None;
        for (way, row) in reached(&formula.resolver.terms, showing, relation) {
            formula.show(way, row, arguments.row);
            let mut decision = formula.ask(ask, asker);
            if matches!(decision.verdict, Verdict::Violated(_)) {
                decision = formula.without_errors(showing, ask, asker, name);
            }
            if let Verdict::Violated(witness) = &decision.verdict {
                let call = arguments.call(way, row, witness);
                return Some(Lent { decision, call: Some(call) });
            }
            if last.is_none() || matches!(decision.verdict, Verdict::Unknown(_)) {
                last = Some(decision);
            }
        }
        let is_open = matches!(&last, Some(Decision { verdict: Verdict::Unknown(_), .. }));
        match (&showing.unclear, last) {
            (Some(reason), _) if !is_open => Some(unclear(&formula, name, reason)),
            (_, last) => last.map(|decision| Lent { decision, call: None }),
        }
    }

    /// Whether a call shows a stranger no row of `relation` beyond those that the role may select itself or of which `own`
    /// is TRUE: a session of which nothing is known but who it is, without any rows but those that come out.
    #[must_use]
    pub fn shows_strangers(
        &self,
        role: &str,
        function: &Function,
        relation: &'a Relation,
        own: Option<&str>,
    ) -> Option<Lent> {
        let mut formula = self.formula(role, relation, Which::Old);
        let arguments = Arguments::of(&mut formula.resolver.terms, function, self.effective.schema());
        let given = arguments.terms(&mut formula.resolver.terms);
        let showing = formula.resolver.shown_by(function, given).ok()?;
        // What is not understood may well raise for strangers.
        if !showing.steps.iter().all(|step| formula.is_understood(*step)) {
            return None;
        }
        formula.limits.rows = 0;
        let mut last = None;
        for (way, row) in reached(&formula.resolver.terms, &showing, relation) {
            formula.show(way, row, arguments.row);
            let mut kept = vec![self.selects(&mut formula.resolver, role, relation, row)];
            kept.extend(own.map(|own| formula.rule(Rule::Text(own))));
            let mut holds = nothing_given(&mut formula.resolver.terms);
            holds.push(formula.condition);
            kept.extend(formula.raises(&showing));
            let verdict = formula.decide(&holds, &kept, asker_of(self.effective, role));
            let call = match &verdict {
                Verdict::Violated(witness) => Some(arguments.call(way, row, witness)),
                _ => None,
            };
            let found = call.is_some();
            last = Some(Lent { decision: Decision { verdict, assumptions: Vec::new(), decided_by: Vec::new() }, call });
            if found {
                break;
            }
        }
        last
    }

    /// A parent of the relation whose rows come out: those of the child are among them.
    fn parent_shown(&self, formula: &Formula<'_>, showing: &Showing, relation: &Relation) -> Option<QualifiedName> {
        let shown = showing.ways.iter().flat_map(|way| &way.shown).map(|(row, _)| row);
        let names = shown.filter_map(|row| formula.resolver.terms.row_info(*row)).map(|info| &*info.relation);
        let lineage = self.effective.bindings().lineage();
        let mut parents = names.filter(|name| lineage.below(name).iter().any(|child| child.name == relation.name));
        parents.next().cloned()
    }
}

fn unclear(formula: &Formula<'_>, name: &str, reason: &str) -> Lent {
    let reason = format!("the rows that {name} shows, for {reason}");
    let verdict = Verdict::Unknown(Reason::Abstraction(vec![reason.into()]));
    let assumptions = formula.resolver.assumed.iter().cloned().collect();
    Lent { decision: Decision { verdict, assumptions, decided_by: Vec::new() }, call: None }
}

/// The rows of a relation that come out, each with its way.
fn reached<'w>(terms: &Terms, showing: &'w Showing, relation: &Relation) -> Vec<(&'w Way, Row)> {
    let is_its = |row: &Row| terms.row_info(*row).is_some_and(|info| *info.relation == relation.name);
    let of = |way: &'w Way| {
        let rows: BTreeSet<Row> = way.shown.iter().map(|(row, _)| *row).filter(is_its).collect();
        rows.into_iter().map(move |row| (way, row))
    };
    showing.ways.iter().flat_map(of).collect()
}

impl Formula<'_> {
    /// Whether a term rests on nothing that was not understood.
    fn is_understood(&self, id: Id) -> bool {
        let terms = &self.resolver.terms;
        let (mut rest, mut seen) = (vec![id], BTreeSet::new());
        while let Some(at) = rest.pop() {
            if !seen.insert(at) {
                continue;
            }
            let term = terms.term(at);
            match term {
                Term::Opaque(_) => return false,
                Term::Call(function, _) if function.is_unread() => return false,
                _ => {}
            }
            term.operands(|operand| rest.push(operand));
            rest.extend(term.queries().iter().flat_map(|query| [query.condition, query.projection]));
        }
        true
    }

    /// That something raises which the body works out before.
    fn raises(&mut self, showing: &Showing) -> Vec<Id> {
        showing.steps.iter().map(|step| self.resolver.terms.raises(*step)).collect()
    }

    /// The same question where nothing raises. A step that is on no path to what comes out may raise in vain: whether
    /// something comes out is open then.
    fn without_errors(&mut self, showing: &Showing, ask: Ask<'_>, asker: Asker, name: &str) -> Decision {
        let raises = self.raises(showing);
        let any = self.resolver.terms.or(&raises);
        let none = self.resolver.terms.not(any);
        self.condition = self.resolver.terms.and(&[self.condition, none]);
        let decision = self.ask(ask, asker);
        if decision.verdict != Verdict::Proved {
            return decision;
        }
        let reason = format!("whether {name} raises an error before it shows the row");
        Decision { verdict: Verdict::Unknown(Reason::Abstraction(vec![reason.into()])), ..decision }
    }

    /// Makes it the condition under which a way shows one of its rows.
    fn show(&mut self, way: &Way, row: Row, arguments: Row) {
        self.row = row;
        // What is NULL says nothing.
        let terms = &mut self.resolver.terms;
        let values = way.shown.iter().filter(|(of, _)| *of == row);
        let values: Vec<_> = values.map(|(_, column)| terms.is_not_null(*column)).collect();
        let any = terms.or(&values);
        self.condition = terms.and(&[way.condition, any]);
        let others = way.rows.iter().copied().filter(|other| *other != row);
        self.subjects = [row].into_iter().chain(others).map(|row| Subject { row, stored: true }).collect();
        self.subjects.push(Subject { row: arguments, stored: false });
    }
}

/// The arguments of a call, which whoever calls chooses.
struct Arguments {
    row: Row,
    types: Vec<(String, Type, String)>,
}

impl Arguments {
    fn of(terms: &mut Terms, function: &Function, schema: &crate::model::Schema) -> Self {
        let is_input = |m: ArgumentMode| matches!(m, ArgumentMode::In | ArgumentMode::InOut | ArgumentMode::Variadic);
        let inputs = function.parameters.iter().filter(|p| is_input(p.mode));
        let typed =
            inputs.zip(1..).map(|(p, at)| (format!("${at}"), Type::named(&p.data_type, schema), p.data_type.clone()));
        let name = QualifiedName::new("", format!("the arguments of {}", function.id));
        Self { row: terms.row(&name, &function.id.name), types: typed.collect() }
    }

    fn none(terms: &mut Terms) -> Self {
        Self { row: terms.row(&QualifiedName::new("", "no arguments"), "none"), types: Vec::new() }
    }

    fn terms(&self, terms: &mut Terms) -> Vec<crate::analyzer::term::Id> {
        self.types.iter().map(|(name, of, _)| terms.column(self.row, name, of.clone(), true)).collect()
    }

    fn call(&self, way: &Way, row: Row, witness: &crate::analyzer::witness::Witness) -> Called {
        let none = BTreeMap::new();
        let given = witness.subjects.iter().find(|s| s.row == self.row).map_or(&none, |s| &s.columns);
        let literal = |(name, of, text): &(String, Type, String)| {
            let value = given.get(name.as_str()).and_then(Option::as_ref).and_then(|value| value.text(of));
            let value = value.map_or_else(|| "null".to_owned(), |value| crate::model::quote_literal(&value));
            format!("{value}::{text}")
        };
        let own = |column: &Option<(Row, Arc<str>)>| column.as_ref().filter(|(of, _)| *of == row).map(|c| c.1.clone());
        Called { arguments: self.types.iter().map(literal).collect(), columns: way.columns.iter().map(own).collect() }
    }
}
