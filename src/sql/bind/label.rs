//! The names of output columns that nobody named, as `FigureColname` of Postgres finds them.

use super::ast::{Body, Choice, Expr, ExprKind, Query};

/// The name of a column with this value.
pub(super) fn label(expr: &Expr, major: u32) -> String {
    figure(expr, major).map_or_else(|| "?column?".to_owned(), |(name, _)| name)
}

/// A name, and whether it is a strong one: a cast or CASE gives way to it.
fn figure(expr: &Expr, major: u32) -> Option<(String, bool)> {
    let strong = |name: &str| Some((name.to_owned(), true));
    match &expr.kind {
        ExprKind::Column(name) => strong(name.last()),
        ExprKind::Field(_, field) => strong(&field.value),
        ExprKind::Subscript(base, _) | ExprKind::Slice(base, _, _) | ExprKind::Collate(base, _) => figure(base, major),
        ExprKind::Call(call) => strong(call.name.last()),
        ExprKind::NullIf(..) => strong("nullif"),
        ExprKind::Cast(operand, of) => match figure(operand, major) {
            Some((name, true)) => Some((name, true)),
            _ => Some((of.name.last().to_owned(), false)),
        },
        ExprKind::Case { otherwise, .. } => match otherwise.as_ref().and_then(|o| figure(o, major)) {
            Some((name, true)) => Some((name, true)),
            _ => Some(("case".to_owned(), false)),
        },
        // Until 14 such a constant was a cast in truth.
        ExprKind::Boolean(_) if major < 15 => Some(("bool".to_owned(), false)),
        ExprKind::Select(Choice::Coalesce, _) => strong("coalesce"),
        ExprKind::Select(Choice::Greatest, _) => strong("greatest"),
        ExprKind::Select(Choice::Least, _) => strong("least"),
        ExprKind::Exists(_) => strong("exists"),
        ExprKind::ArrayQuery(_) | ExprKind::Array(_) => strong("array"),
        ExprKind::Row(_) => strong("row"),
        ExprKind::Session(word, _) => strong(word),
        ExprKind::Grouping(_) => strong("grouping"),
        ExprKind::Scalar(query) => first_target(query, major).map(|name| (name, true)),
        ExprKind::LikeEscape { .. } => None,
        _ => None,
    }
}

fn first_target(query: &Query, major: u32) -> Option<String> {
    match &query.body {
        Body::Select(select) => {
            let target = select.targets.first()?;
            match &target.alias {
                Some(alias) => Some(alias.value.clone()),
                None => figure(&target.value, major).map(|(name, _)| name),
            }
        }
        Body::Set { left, .. } => first_target(left, major),
        Body::Values(_) => Some("column1".to_owned()),
    }
}
