//! Calls: plain ones, aggregates, windows, and those that the grammar spells with key words.

use super::Printer;
use super::constant::Label;
use crate::sql::tree::{Call, Expr, Node, OrderBy, Window};
use crate::sql::types::Type;

impl Printer<'_> {
    pub(super) fn call(&mut self, call: &Call, _of: &Type) {
        if call.syntax && self.spelled(call) {
            return;
        }
        self.function_name(call);
        self.put("(");
        if call.distinct {
            self.put("DISTINCT ");
        }
        if call.star {
            self.put("*");
        }
        self.arguments(call);
        if !call.order_by.is_empty() {
            self.put(" ORDER BY ");
            self.order_by(&call.order_by, false);
        }
        if !call.within_group.is_empty() {
            self.put(") WITHIN GROUP (ORDER BY ");
            self.order_by(&call.within_group, false);
        }
        self.put(")");
        if let Some(filter) = &call.filter {
            self.put(" FILTER (WHERE ");
            self.expr(filter, false);
            self.put(")");
        }
        if let Some(over) = &call.over {
            self.put(" OVER ");
            self.over(over);
        }
    }

    fn arguments(&mut self, call: &Call) {
        let last = call.arguments.len().saturating_sub(1);
        for (at, argument) in call.arguments.iter().enumerate() {
            if at > 0 {
                self.put(", ");
            }
            if call.variadic && at == last {
                self.put("VARIADIC ");
            }
            if at >= call.positional && at < call.places.len() {
                let parameter = call.places.get(at).and_then(|p| call.routine.parameters.get(*p));
                if let Some(name) = parameter.and_then(|p| p.name.clone()) {
                    self.identifier(&name);
                    self.put(" => ");
                }
            }
            self.expr(argument, true);
        }
    }

    pub(super) fn order_by(&mut self, items: &[OrderBy], by_number: bool) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.put(", ");
            }
            match (item.target, by_number) {
                (Some(target), true) => self.put(&(target + 1).to_string()),
                _ => self.sort_expr(&item.value),
            }
            if item.descending {
                self.put(" DESC");
            }
            match (item.descending, item.nulls_first) {
                (false, Some(true)) => self.put(" NULLS FIRST"),
                (true, Some(false)) => self.put(" NULLS LAST"),
                _ => {}
            }
        }
    }

    /// Calls are put in parentheses, lest they be read otherwise.
    pub(super) fn sort_expr(&mut self, value: &Expr) {
        let call = match &value.node {
            Node::Call(_) => true,
            Node::Cast { method, .. } => {
                matches!(method, crate::sql::tree::CastMethod::Function(_) | crate::sql::tree::CastMethod::Length)
            }
            _ => false,
        };
        if call {
            self.put("(");
        }
        match &value.node {
            Node::Constant(constant) => self.constant(constant.as_deref(), &value.data_type, Label::Always),
            _ => self.expr(value, true),
        }
        if call {
            self.put(")");
        }
    }

    fn over(&mut self, window: &Window) {
        if let (Some(name), false) = (&window.name, window.extends) {
            self.identifier(name);
            return;
        }
        self.window(window);
    }

    pub(super) fn window(&mut self, window: &Window) {
        self.put("(");
        let mut separator = "";
        if let Some(name) = &window.name {
            self.identifier(name);
            separator = " ";
        }
        if !window.partition_by.is_empty() {
            self.put(separator);
            self.put("PARTITION BY ");
            for (at, item) in window.partition_by.iter().enumerate() {
                self.put(if at > 0 { ", " } else { "" });
                self.sort_expr(item);
            }
            separator = " ";
        }
        if !window.order_by.is_empty() {
            self.put(separator);
            self.put("ORDER BY ");
            self.order_by(&window.order_by, false);
            separator = " ";
        }
        if let Some(frame) = &window.frame {
            self.put(separator);
            self.put(&frame.to_ascii_uppercase());
        }
        self.put(")");
    }

    /// `EXTRACT(year FROM x)` and its kin; `false` if it is none of them.
    fn spelled(&mut self, call: &Call) -> bool {
        let arguments = call.arguments.as_slice();
        match (call.routine.name.name.as_str(), arguments) {
            ("extract", [field, of]) => {
                self.put("EXTRACT(");
                match &field.node {
                    Node::Constant(Some(field)) => self.put(&field.clone()),
                    _ => self.expr(field, false),
                }
                self.words(&[(" FROM ", of)], ")");
            }
            ("timezone", [zone, of]) => {
                self.put("(");
                self.expr(of, true);
                self.words(&[(" AT TIME ZONE ", zone)], ")");
            }
            ("timezone", [of]) => {
                self.put("(");
                self.expr(of, true);
                self.put(" AT LOCAL)");
            }
            ("overlaps", [a, b, c, d]) => {
                self.words(&[("((", a), (", ", b), (") OVERLAPS (", c), (", ", d)], "))");
            }
            ("position", [of, what]) => self.words(&[("POSITION((", what), (") IN (", of)], "))"),
            ("overlay", [of, by, from]) => self.words(&[("OVERLAY(", of), (" PLACING ", by), (" FROM ", from)], ")"),
            ("overlay", [of, by, from, count]) => {
                self.words(&[("OVERLAY(", of), (" PLACING ", by), (" FROM ", from), (" FOR ", count)], ")");
            }
            ("substring", [of, from]) if from.data_type.is("integer") => {
                self.words(&[("SUBSTRING(", of), (" FROM ", from)], ")")
            }
            ("substring", [of, from, count]) => {
                self.words(&[("SUBSTRING(", of), (" FROM ", from), (" FOR ", count)], ")")
            }
            ("btrim" | "ltrim" | "rtrim", [of]) => {
                self.put(trim(call));
                self.words(&[(" FROM ", of)], ")");
            }
            ("btrim" | "ltrim" | "rtrim", [of, characters]) => {
                self.put(trim(call));
                self.words(&[(" ", characters), (" FROM ", of)], ")");
            }
            _ => return false,
        }
        true
    }

    fn words(&mut self, parts: &[(&str, &Expr)], end: &str) {
        for (word, value) in parts {
            self.put(word);
            self.expr(value, false);
        }
        self.put(end);
    }
}

fn trim(call: &Call) -> &'static str {
    match call.routine.name.name.as_str() {
        "ltrim" => "TRIM(LEADING",
        "rtrim" => "TRIM(TRAILING",
        _ => "TRIM(BOTH",
    }
}
