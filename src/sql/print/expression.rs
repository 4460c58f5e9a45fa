//! Expressions, each in its own parentheses as Postgres prints them.

use super::Printer;
use super::constant::Label;
use crate::sql::tree::{Call, CastMethod, Choice, Expr, Node, Operator, Query, Test};
use crate::sql::types::Type;

impl Printer<'_> {
    /// Prints an expression; implicit casts of its top are shown on demand.
    pub(super) fn expr(&mut self, expr: &Expr, show_implicit: bool) {
        match &expr.node {
            Node::Constant(value) => self.constant(value.as_deref(), &expr.data_type, Label::Needed),
            Node::Column(column) => self.column(column.up, column.source, column.column, &column.name),
            Node::WholeRow { up, source } => self.whole_row(*up, *source),
            Node::Parameter(at) => self.parameter(*at),
            Node::Call(call) => self.call(call, &expr.data_type),
            Node::Operation(operator, operands) => self.operation(operator, operands),
            Node::Cast { operand, implicit: true, .. } if !show_implicit => self.expr(operand, false),
            Node::Cast { operand, method, .. } => self.cast(operand, method, &expr.data_type),
            Node::And(list) => self.joined(list, " AND "),
            Node::Or(list) => self.joined(list, " OR "),
            Node::Not(operand) => {
                self.put("(NOT ");
                self.expr(operand, false);
                self.put(")");
            }
            Node::Is { operand, test, negated } => self.test(operand, *test, *negated),
            Node::Distinct(_, left, right) => self.infix(left, " IS DISTINCT FROM ", right),
            Node::QuantifiedArray { operator, all, left, array } => self.quantified_array(operator, *all, left, array),
            Node::QuantifiedQuery { operators, all, left, query } => {
                self.quantified_query(operators, *all, left, query)
            }
            Node::Exists(query) => {
                self.put("(EXISTS (");
                self.sub_query(query);
                self.put("))");
            }
            Node::Scalar(query) => {
                self.put("(");
                self.sub_query(query);
                self.put(")");
            }
            Node::ArrayQuery(query) => {
                self.put("ARRAY(");
                self.sub_query(query);
                self.put(")");
            }
            Node::Case { operand, branches, otherwise } => self.case(operand.as_deref(), branches, otherwise),
            Node::CaseOperand => self.put("CASE_TEST_EXPR"),
            Node::Choice(choice, list) => {
                self.put(match choice {
                    Choice::Coalesce => "COALESCE(",
                    Choice::Greatest => "GREATEST(",
                    Choice::Least => "LEAST(",
                });
                self.list(list);
                self.put(")");
            }
            Node::NullIf(_, left, right) => {
                self.put("NULLIF(");
                self.expr(left, true);
                self.put(", ");
                self.expr(right, true);
                self.put(")");
            }
            Node::Array(items) => {
                self.put("ARRAY[");
                self.list(items);
                self.put("]");
                if items.is_empty() {
                    self.cast_suffix(&expr.data_type);
                }
            }
            Node::Row(items) => {
                self.put("ROW(");
                self.list(items);
                self.put(")");
            }
            Node::RowComparison { operators, left, right } => self.row_comparison(operators, left, right),
            Node::Field(operand, field) => self.field(operand, field),
            Node::Subscript(base, index) => {
                self.subscripted(base);
                self.put("[");
                self.expr(index, false);
                self.put("]");
            }
            Node::Slice(base, lower, upper) => {
                self.subscripted(base);
                self.put("[");
                lower.iter().for_each(|b| self.expr(b, false));
                self.put(":");
                upper.iter().for_each(|b| self.expr(b, false));
                self.put("]");
            }
            Node::Session(word, precision) => {
                self.put(&word.to_ascii_uppercase());
                if let Some(precision) = precision {
                    self.put(&format!("({precision})"));
                }
            }
            Node::Collate(operand, collation) => self.collate(operand, &collation.schema, &collation.name),
            Node::Grouping(items) => {
                self.put("GROUPING(");
                self.list(items);
                self.put(")");
            }
        }
    }

    /// Values between commas, implicit casts shown.
    pub(super) fn list(&mut self, items: &[Expr]) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.put(", ");
            }
            self.expr(item, true);
        }
    }

    fn joined(&mut self, list: &[Expr], word: &str) {
        self.put("(");
        for (at, operand) in list.iter().enumerate() {
            if at > 0 {
                self.put(word);
            }
            self.expr(operand, false);
        }
        self.put(")");
    }

    fn infix(&mut self, left: &Expr, word: &str, right: &Expr) {
        self.put("(");
        self.expr(left, true);
        self.put(word);
        self.expr(right, true);
        self.put(")");
    }

    /// A column; `None` where the target list needs to know it has no name of its own.
    pub(super) fn column(&mut self, up: usize, source: usize, column: Option<usize>, bound: &str) {
        let prefixed = self.frame(0).is_some_and(|f| f.prefixed);
        let found = self.frame(up).and_then(|f| Some((f.sources.get(source)?, f.names.get(source)?.clone())));
        let Some((of, name)) = found else {
            self.identifier(bound);
            return;
        };
        let column = column.map_or_else(|| bound.to_owned(), |place| self.column_name(of, place, bound));
        if prefixed {
            self.identifier(&name);
            self.put(".");
        }
        self.identifier(&column);
    }

    fn whole_row(&mut self, up: usize, source: usize) {
        let name = self.frame(up).and_then(|f| f.names.get(source).cloned()).unwrap_or_default();
        self.identifier(&name);
        self.put(".*");
    }

    fn parameter(&mut self, at: usize) {
        match self.outside.parameters.get(at) {
            Some(Some(name)) => {
                let name = name.clone();
                // Where columns are in sight, one of them may be called so.
                if let Some(function) = &self.outside.function
                    && self.frames.iter().any(|frame| !frame.names.is_empty())
                {
                    self.identifier(function);
                    self.put(".");
                }
                self.identifier(&name);
            }
            _ => self.put(&format!("${}", at + 1)),
        }
    }

    /// An operator's symbol, qualified where an empty `search_path` would not find it.
    pub(super) fn symbol(&self, operator: &Operator) -> String {
        if operator.schema == "pg_catalog" {
            return operator.symbol.clone();
        }
        format!("OPERATOR({}.{})", crate::model::quote_ident(&operator.schema), operator.symbol)
    }

    fn operation(&mut self, operator: &Operator, operands: &[Expr]) {
        let symbol = self.symbol(operator);
        match operands {
            [left, right] => self.infix(left, &format!(" {symbol} "), right),
            _ => {
                self.put("(");
                self.put(&symbol);
                self.put(" ");
                operands.iter().for_each(|o| self.expr(o, true));
                self.put(")");
            }
        }
    }

    fn cast(&mut self, operand: &Expr, method: &CastMethod, to: &Type) {
        // A constant below a length is shown without its own type.
        if let Node::Constant(value) = &operand.node
            && operand.data_type.bare() == to.bare()
            && operand.data_type.modifier().is_none()
            && *method == CastMethod::Length
        {
            let value = value.clone();
            self.constant(value.as_deref(), &operand.data_type, Label::Never);
        } else if matches!((&operand.node, method), (Node::Row(_), CastMethod::Row)) {
            self.expr(operand, false);
        } else {
            self.put("(");
            self.expr(operand, false);
            self.put(")");
        }
        self.cast_suffix(to);
    }

    fn test(&mut self, operand: &Expr, test: Test, negated: bool) {
        self.put("(");
        self.expr(operand, test == Test::Null);
        self.put(if negated { " IS NOT " } else { " IS " });
        self.put(match test {
            Test::Null => "NULL",
            Test::True => "TRUE",
            Test::False => "FALSE",
            Test::Unknown => "UNKNOWN",
            Test::Document => "DOCUMENT",
            Test::Normalized => "NORMALIZED",
            Test::Json => "JSON",
        });
        self.put(")");
    }

    fn quantified_array(&mut self, operator: &Operator, all: bool, left: &Expr, array: &Expr) {
        let symbol = self.symbol(operator);
        self.put("(");
        self.expr(left, true);
        self.put(&format!(" {symbol} {} (", if all { "ALL" } else { "ANY" }));
        self.expr(array, true);
        if matches!(array.node, Node::Scalar(_)) {
            self.cast_suffix(&array.data_type);
        }
        self.put("))");
    }

    fn quantified_query(&mut self, operators: &[std::sync::Arc<Operator>], all: bool, left: &[Expr], query: &Query) {
        self.put("(");
        match left {
            [one] => self.expr(one, true),
            _ => {
                self.put("(");
                self.list(left);
                self.put(")");
            }
        }
        let symbol = operators.first().map_or_else(|| "=".to_owned(), |o| self.symbol(o));
        match (all, symbol.as_str()) {
            (false, "=") => self.put(" IN ("),
            (false, _) => self.put(&format!(" {symbol} ANY (")),
            (true, _) => self.put(&format!(" {symbol} ALL (")),
        }
        self.sub_query(query);
        self.put("))");
    }

    fn row_comparison(&mut self, operators: &[std::sync::Arc<Operator>], left: &[Expr], right: &[Expr]) {
        let symbol = operators.first().map_or_else(|| "<".to_owned(), |o| self.symbol(o));
        self.put("(ROW(");
        self.list(left);
        self.put(&format!(") {symbol} ROW("));
        self.list(right);
        self.put("))");
    }

    fn case(&mut self, operand: Option<&Expr>, branches: &[(Expr, Expr)], otherwise: &Expr) {
        self.line("CASE", 0, 4, 0);
        if let Some(operand) = operand {
            self.put(" ");
            self.expr(operand, true);
        }
        for (when, then) in branches {
            self.blank_if_flat();
            self.line("WHEN ", 0, 0, 0);
            match (&when.node, operand) {
                (Node::Operation(_, operands), Some(_)) => operands.iter().skip(1).for_each(|o| self.expr(o, false)),
                _ => self.expr(when, false),
            }
            self.put(" THEN ");
            self.expr(then, true);
        }
        self.blank_if_flat();
        self.line("ELSE ", 0, 0, 0);
        self.expr(otherwise, true);
        self.blank_if_flat();
        self.line("END", -4, 0, 0);
    }

    fn field(&mut self, operand: &Expr, field: &str) {
        let bare = matches!(operand.node, Node::Subscript(..) | Node::Field(..));
        if !bare {
            self.put("(");
        }
        self.expr(operand, true);
        if !bare {
            self.put(")");
        }
        self.put(".");
        self.identifier(field);
    }

    fn subscripted(&mut self, base: &Expr) {
        let bare = matches!(base.node, Node::Column(_) | Node::Field(..) | Node::Subscript(..));
        if !bare {
            self.put("(");
        }
        self.expr(base, true);
        if !bare {
            self.put(")");
        }
    }

    fn collate(&mut self, operand: &Expr, schema: &str, name: &str) {
        self.put("(");
        self.expr(operand, true);
        self.put(" COLLATE ");
        if !schema.is_empty() && schema != "pg_catalog" {
            self.identifier(schema);
            self.put(".");
        }
        self.identifier(name);
        self.put(")");
    }

    pub(super) fn sub_query(&mut self, query: &Query) {
        let indent = self.indent;
        self.query(query, false, indent);
        self.indent = indent;
    }

    pub(super) fn function_name(&mut self, call: &Call) {
        let name =
            call.routine.key.and_then(|key| self.names.function(key)).unwrap_or_else(|| call.routine.name.clone());
        if name.schema == "pg_catalog" {
            self.identifier(&name.name);
        } else {
            self.put(&name.to_string());
        }
    }
}
