//! What suffices for conditions of one and of several sub-selects.

use super::*;

fn some(terms: &mut Terms, relation: &str, condition: impl FnOnce(&mut Terms, Row) -> Id) -> Id {
    let row = terms.row(&QualifiedName::new("public", relation), "x");
    let condition = condition(terms, row);
    let projection = terms.boolean(true);
    terms.exists(&[Query { rows: [row].into(), condition, projection }])
}

fn yes(terms: &mut Terms, row: Row) -> Id {
    terms.column(row, "ok", Type::Bool, true)
}

fn count(bound: &Bound) -> usize {
    bound.rows().values().sum()
}

#[test]
fn rows_are_counted_where_they_must_be_found() {
    let mut t = Terms::new();
    let (a, b) = (some(&mut t, "a", yes), some(&mut t, "a", yes));
    let (both, either) = (t.and(&[a, b]), t.or(&[a, b]));
    assert_eq!(count(&bound(&t, both, Want::True)), 2);
    assert_eq!(count(&bound(&t, either, Want::True)), 1);
    assert_eq!(count(&bound(&t, both, Want::NotTrue)), 0);
    let not = t.not(a);
    assert_eq!(count(&bound(&t, not, Want::NotTrue)), 1);
}

#[test]
fn a_row_for_every_row_has_no_bound() {
    let mut t = Terms::new();
    let related = some(&mut t, "a", |t, outer| {
        some(t, "b", |t, inner| {
            let (x, y) = (t.column(outer, "x", Type::Int4, true), t.column(inner, "x", Type::Int4, true));
            let found = t.equal(x, y);
            t.not(found)
        })
    });
    assert!(!bound(&t, related, Want::True).open);
    assert!(!bound(&t, related, Want::NotTrue).open);
    let lonely = some(&mut t, "a", |t, outer| {
        let found = some(t, "b", |t, inner| {
            let (x, y) = (t.column(outer, "x", Type::Int4, true), t.column(inner, "x", Type::Int4, true));
            t.equal(x, y)
        });
        t.not(found)
    });
    assert!(bound(&t, lonely, Want::NotTrue).open, "each row of a has one in b");
    let unrelated = some(&mut t, "a", |t, _| {
        let found = some(t, "b", yes);
        t.not(found)
    });
    let needed = bound(&t, unrelated, Want::NotTrue);
    assert!(!needed.open && count(&needed) == 1, "{needed:?}");
}
