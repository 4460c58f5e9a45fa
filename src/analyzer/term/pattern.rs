//! What a sub-select computes from the columns it reads from outside, told by a text that names no row variable.

use std::fmt::Write as _;

use super::{Id, Row, Term, Terms, Type};

impl Terms {
    /// A text of the term with its free columns numbered, and those columns. Two terms of the same text are the same
    /// function of them.
    #[must_use]
    pub fn pattern(&self, id: Id) -> (String, Vec<Id>) {
        let mut pattern =
            Pattern { terms: self, bound: Vec::new(), columns: Vec::new(), text: String::from("select: ") };
        pattern.walk(id);
        (pattern.text, pattern.columns)
    }
}

impl Terms {
    /// Whether the value of a term follows from the columns in it alone, whatever the session, the time and other rows.
    #[must_use]
    pub fn depends_on_row_only(&self, id: Id) -> bool {
        let follows_settings = |t: &Type| matches!(t, Type::Date | Type::Time | Type::Timestamp | Type::Timestamptz);
        let here = match self.term(id) {
            Term::Claim(..) | Term::Setting(_) | Term::Opaque(_) => false,
            Term::Call(function, args) => {
                let is_cast = function.name.starts_with("::");
                let timeless =
                    !follows_settings(self.type_of(id)) && args.iter().all(|a| !follows_settings(self.type_of(*a)));
                (is_cast && timeless) || (super::is_modelled(&function.name) && !args.is_empty())
            }
            other => other.queries().is_empty(),
        };
        let mut all = here;
        self.term(id).operands(|operand| all = all && self.depends_on_row_only(operand));
        all
    }
}

struct Pattern<'a> {
    terms: &'a Terms,
    bound: Vec<Row>,
    columns: Vec<Id>,
    text: String,
}

impl Pattern<'_> {
    fn walk(&mut self, id: Id) {
        let term = self.terms.term(id);
        // A term without any row variable is itself in every place.
        if self.terms.free_rows(id).is_empty() && term.queries().is_empty() {
            let _ = write!(self.text, "{id:?}");
            return;
        }
        match term {
            Term::Column(row, name) => match self.bound.iter().position(|b| b == row) {
                Some(at) => {
                    let _ = write!(self.text, "b{at}.{name:?}");
                }
                None => {
                    let at = self.columns.iter().position(|c| *c == id).unwrap_or_else(|| {
                        self.columns.push(id);
                        self.columns.len() - 1
                    });
                    let _ = write!(self.text, "${at}");
                }
            },
            _ => self.node(term),
        }
    }

    fn node(&mut self, term: &Term) {
        let _ = match term {
            Term::Call(function, _) => write!(self.text, "call {:?}", function.name),
            Term::Opaque(number) => write!(self.text, "opaque {number}"),
            Term::Scalar(_, pick) => write!(self.text, "scalar {pick:?}"),
            Term::Equal(..) => write!(self.text, "="),
            Term::Less(..) => write!(self.text, "<"),
            Term::LessEqual(..) => write!(self.text, "<="),
            Term::IsNull(_) => write!(self.text, "null"),
            Term::NotDistinct(..) => write!(self.text, "same"),
            Term::IsTrue(_) => write!(self.text, "true"),
            Term::Not(_) => write!(self.text, "not"),
            Term::And(_) => write!(self.text, "and"),
            Term::Or(_) => write!(self.text, "or"),
            Term::Exists(_) => write!(self.text, "exists"),
            Term::Many(_) => write!(self.text, "many"),
            Term::Raises(..) => write!(self.text, "raises"),
            Term::Any(_) => write!(self.text, "any"),
            Term::Case(..) => write!(self.text, "case"),
            Term::Behind(..) => write!(self.text, "behind"),
            Term::Null | Term::Literal(_) | Term::Column(..) | Term::Claim(..) | Term::Setting(_) => Ok(()),
        };
        self.text.push('(');
        let mut operands = Vec::new();
        term.operands(|id| operands.push(id));
        for operand in operands {
            self.walk(operand);
            self.text.push(',');
        }
        for query in term.queries() {
            let outer = self.bound.len();
            self.bound.extend(query.rows.iter());
            for row in &query.rows {
                let relation = self.terms.row_info(*row).map(|r| r.relation.to_string()).unwrap_or_default();
                let _ = write!(self.text, "from {relation},");
            }
            self.walk(query.condition);
            self.text.push(';');
            self.walk(query.projection);
            self.text.push('|');
            self.bound.truncate(outer);
        }
        self.text.push(')');
    }
}
