//! What needs no server: depth, captured names, references.

use super::*;
use crate::sql::print::{self, AsBound, Outside};
use crate::sql::{Routine, TableColumn, UserType};

/// Two relations that share a column.
struct Teams;

impl Catalog for Teams {
    fn relation(&self, schema: &str, name: &str) -> Option<Table> {
        let columns: &[&str] = match (schema, name) {
            ("public", "teams") => &["id", "title"],
            ("public", "members") => &["team_id", "user_id", "title"],
            _ => return None,
        };
        let key = Key(u64::from(name == "members"));
        let column = |(at, name): (usize, &&str)| TableColumn {
            key: Key(at as u64),
            name: (*name).to_owned(),
            data_type: Type::named("integer"),
        };
        let columns = columns.iter().enumerate().map(column);
        Some(Table::new(Some(key), QualifiedName::new(schema, name), columns))
    }

    fn functions(&self, _schema: &str, _name: &str) -> Vec<Routine> {
        Vec::new()
    }

    fn data_type(&self, _schema: &str, _name: &str) -> Option<UserType> {
        None
    }

    fn major(&self) -> u32 {
        17
    }
}

fn path() -> [String; 1] {
    ["public".to_owned()]
}

#[test]
fn the_deepest_text_that_is_read_is_bound_and_printed() {
    let path = path();
    let binder = Binder::new(&Teams, &path);
    let nested = |open: &str, inner: &str, close: &str| {
        let text = |times: usize| format!("{}{inner}{}", open.repeat(times), close.repeat(times));
        let most = (1..400).take_while(|n| parse::expression(&text(*n)).is_ok()).last().unwrap();
        (most, text(most))
    };
    for (least, (most, text)) in [
        (140, nested("", "1", " + 1")),
        (45, nested("(", "1", ")")),
        (45, nested("abs(", "1", ")")),
        (12, nested("(select ", "1", ")")),
        (45, nested("case when true then ", "1", " end")),
        (45, nested("- ", "1", "")),
        (30, nested("array[", "1", "]")),
    ] {
        assert!(most >= least, "{most}: {}", &text[..40]);
        let bound = binder.expression(&text, &Scope::default(), None).unwrap();
        assert!(!print::expression(&bound.tree, &Outside::default(), &AsBound).is_empty());
    }
}

#[test]
fn a_captured_column_is_told() {
    let (path, scope) = (path(), Scope::default().relation(Teams.relation("public", "teams").unwrap(), None));
    let binder = Binder::new(&Teams, &path);
    let text = "exists (select 1 from members m where m.team_id = id and title = 1)";
    let bound = binder.expression(text, &scope, None).unwrap();
    let [captured] = bound.captured.as_slice() else { panic!("{:?}", bound.captured) };
    assert_eq!(
        (&text[captured.start..captured.end], captured.inner.as_str(), captured.outer.as_str()),
        ("title", "m", "teams")
    );
    let at = |part: &str| text.find(part).unwrap();
    let column =
        |start, end, relation, column| Reference { start, end, target: Target::Column(Key(relation), Key(column)) };
    assert_eq!(
        bound.references,
        [
            Reference { start: at("members"), end: at("members") + 7, target: Target::Relation(Key(1)) },
            column(at("m.team_id"), at("m.team_id") + 9, 1, 0),
            column(at("id and"), at("id and") + 2, 0, 0),
            column(at("title"), at("title") + 5, 1, 2),
        ]
    );
    assert!(binder.expression("id = 1", &scope, None).unwrap().captured.is_empty());
}

#[test]
fn renamed_things_are_printed_by_their_new_names() {
    struct New;
    impl print::Names for New {
        fn relation(&self, key: Key) -> Option<QualifiedName> {
            (key == Key(1)).then(|| QualifiedName::new("app", "people"))
        }
        fn column(&self, relation: Key, column: Key) -> Option<String> {
            (relation == Key(0) && column == Key(0)).then(|| "Team Id".to_owned())
        }
        fn function(&self, _key: Key) -> Option<QualifiedName> {
            None
        }
        fn data_type(&self, _name: &QualifiedName) -> Option<QualifiedName> {
            None
        }
    }
    let (path, scope) = (path(), Scope::default().relation(Teams.relation("public", "teams").unwrap(), None));
    let binder = Binder::new(&Teams, &path);
    let bound = binder.expression("id in (select team_id from members)", &scope, None).unwrap();
    let text = print::expression(&bound.tree, &Outside::of(&scope), &New);
    assert_eq!(text, "(\"Team Id\" IN ( SELECT people.team_id\n   FROM app.people))");
}

#[test]
fn what_cannot_be_bound_is_named_with_its_place() {
    let (path, scope) = (path(), Scope::default().relation(Teams.relation("public", "teams").unwrap(), None));
    let binder = Binder::new(&Teams, &path);
    for (text, kind, part) in [
        ("nope = 1", ErrorKind::UnknownColumn, "nope"),
        ("x.id = 1", ErrorKind::UnknownRelation, "x.id"),
        ("exists (select 1 from gone)", ErrorKind::UnknownRelation, "gone"),
        ("nofunc(1) = 1", ErrorKind::UnknownFunction, "nofunc"),
        ("id = 'a'::nosuch", ErrorKind::UnknownType, "nosuch"),
        ("(select title from teams, members) = 1", ErrorKind::Ambiguous, "title"),
    ] {
        let error = binder.expression(text, &scope, None).unwrap_err();
        assert_eq!((error.kind, &text[error.range.unwrap()]), (kind, part), "{text}");
    }
}
