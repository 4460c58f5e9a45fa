//! What a role sees through a view: the rows of other relations, with its own or the owner's eyes.

use crate::analyzer::effective::{Effective, Extent, Read};
use crate::checks::Context;
use crate::model::{Command, Relation, RelationKind, printable};
use crate::report::Grade;

/// How much of the underlying rows a SELECT on `view` gives `role`, and why; `None` when it reads no known relation.
///
/// A view's own grants say only that it may be queried. Materialized views hold rows of their own: all of them show.
pub(crate) fn through(cx: &Context<'_>, role: &str, view: &Relation) -> Option<(Grade, String)> {
    let definition = view.view.as_ref().filter(|_| view.kind == RelationKind::View)?;
    let known: Vec<_> = definition.reads.iter().filter_map(|name| cx.schema.relation(name)).collect();
    let role = cx.schema.role(role).map(|r| r.name.as_str())?;
    let view = cx.schema.relation(&view.name)?;
    let reads = cx.effective.reads_through(role, view);
    if reads.is_empty() {
        let first = known.first()?;
        let reader = if definition.security_invoker { role } else { &view.owner };
        return Some((Grade::None, format!("its query fails: {} may not read {}", printable(reader), first.name)));
    }
    let grades = reads.iter().map(|read| grade(&cx.effective, read));
    let worst = grades.min_by_key(|g| match g {
        Grade::None => 1,
        Grade::Some => 0,
        Grade::All => 2,
    })?;
    let mut words: Vec<_> = reads.iter().map(|read| in_words(role, read)).collect();
    words.dedup();
    Some((worst, words.join("; ")))
}

fn grade(effective: &Effective<'_>, read: &Read<'_>) -> Grade {
    if !read.row_security.applies() {
        return Grade::All;
    }
    match effective.access(read.reader, read.relation, Command::Select).extent {
        Extent::All => Grade::All,
        Extent::Rows => Grade::Some,
        // The schema's USAGE does not count inside a view, so the refusal may be of that kind only.
        Extent::None(_) => Grade::Some,
    }
}

fn in_words(role: &str, read: &Read<'_>) -> String {
    let eyes = if read.reader == role {
        "as the caller".to_owned()
    } else {
        format!("as its owner {}", printable(read.reader))
    };
    let filter = match (read.relation.row_security, read.row_security.applies()) {
        (false, _) => "which has no row-level security",
        (true, true) => "filtered by the policies there",
        (true, false) => "past the row-level security there",
    };
    format!("reads {} {eyes}, {filter}", read.relation.name)
}
