//! What a statement does beside giving values: the errors that evaluating it may raise, whether anybody looks at the value
//! or not.

use std::ops::Range;

use super::flow::Flow;
use super::program::Run;
use super::rows::{self, Guard};
use super::variable::exists;
use crate::analyzer::term;
use crate::sql::Type;
use crate::sql::tree::{Body, CastMethod, Expr, Node, Place, Query, Select, walk};

impl Run<'_> {
    /// The flow after these steps, with the errors that they may raise.
    pub(super) fn behind_steps(&mut self, steps: Range<usize>, flow: Flow, path: &[Guard]) -> Flow {
        let mut flow = flow;
        for place in steps.rev() {
            let Some(step) = self.steps.get(place).filter(|step| may_raise(step)) else { continue };
            let node = Node::Parameter(self.parameters + place);
            let value = Expr { node, data_type: step.data_type.clone(), range: 0..0 };
            flow = self.behind_value(value, flow, path);
        }
        flow
    }

    /// The flow after a value that was worked out.
    pub(super) fn behind_value(&mut self, value: Expr, flow: Flow, path: &[Guard]) -> Flow {
        if self.set {
            self.emitted.push(rows::guarded(rows::evaluated(value), path));
            return flow;
        }
        Flow::Behind(value, Box::new(flow))
    }

    /// STRICT: without a row an error is raised.
    pub(super) fn demand_row(&mut self, query: Query) {
        let (there, data_type) = (exists(query), Type::named("boolean"));
        let truth = Expr { node: Node::Constant(Some("true".to_owned())), data_type: data_type.clone(), range: 0..0 };
        let raise = Expr { data_type: data_type.clone(), ..self.raise() };
        let node = Node::Case { operand: None, branches: vec![(there, truth)], otherwise: Box::new(raise) };
        self.step(Expr { node, data_type, range: 0..0 });
    }
}

/// Whether evaluating it may raise an error, by its form.
pub(super) fn may_raise(expr: &Expr) -> bool {
    let mut found = false;
    walk(expr, &mut |part: &Expr, _: &Place<'_>| found = found || raises(part));
    found
}

/// Operators that raise nothing, whatever their operands are.
const SAFE: [&str; 7] = ["#>", "#>>", "<>", ">", ">=", "~~", "~~*"];

/// Aggregates that raise nothing.
const GATHERING: [&str; 8] = ["array_agg", "bool_and", "bool_or", "count", "every", "max", "min", "string_agg"];

fn raises(part: &Expr) -> bool {
    match &part.node {
        Node::Session(word, _) => *word == super::RAISE,
        Node::Cast { method, implicit, .. } => match method {
            CastMethod::Binary => false,
            CastMethod::Text => !part.data_type.is("text"),
            CastMethod::Function(_) => !implicit,
            CastMethod::Array | CastMethod::Domain | CastMethod::Row | CastMethod::Length => true,
        },
        Node::Operation(operator, _) => {
            let symbol = operator.symbol.as_str();
            operator.schema != "pg_catalog" || !(SAFE.contains(&symbol) || term::never_raises(symbol))
        }
        Node::Call(call) => {
            let name = &call.routine.name;
            let of_platform = name.schema == "auth" && call.arguments.is_empty();
            let lenient = name.name == "current_setting" && call.arguments.len() == 2;
            let known = |name: &str| term::never_raises(name) || GATHERING.contains(&name);
            let total = call.routine.key.is_none() && known(&name.name);
            !(of_platform || lenient || total)
        }
        // More than one row.
        Node::Scalar(query) => {
            let is_one = |select: &Select| select.aggregates && select.group_by.is_empty();
            query.limit.is_none() && !matches!(&query.body, Body::Select(select) if is_one(select))
        }
        _ => false,
    }
}
