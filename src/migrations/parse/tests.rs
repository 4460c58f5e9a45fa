//! Each construct, understood and refused.

mod blocks;
mod corpus;
mod grants;
mod objects;

use super::*;
use proptest::prelude::*;

fn all(text: &str) -> Vec<Statement> {
    parse_file(text).into_iter().map(|parsed| parsed.statement).collect()
}

fn one(text: &str) -> Statement {
    let mut found = all(text);
    assert_eq!(found.len(), 1, "{text}");
    found.remove(0)
}

fn refused(text: &str) -> String {
    match one(text) {
        Statement::Unknown { why, may_touch_access_control: true } => why,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn what_is_not_understood_says_why() {
    assert_eq!(refused("grant select on t"), "expected `TO`, found the end of the statement");
    assert_eq!(refused("grant fly on t to a"), "`fly` is no privilege");
    assert_eq!(refused("frobnicate the database"), "no statement that is known here");
    assert_eq!(refused("alter table t enable row security"), "expected `TRIGGER`, found `row`");
    assert_eq!(refused("select 'open"), "the quoted string opened in line 1 has no end");
    assert_eq!(
        refused("create policy p on t to staff current_user using (true)"),
        "expected the end of the statement, found `current_user`"
    );
    let quiet = one("create index on t using (");
    assert!(matches!(quiet, Statement::Unknown { may_touch_access_control: false, .. }), "{quiet:?}");
}

#[test]
fn many_files_come_back_in_their_order() {
    let files: Vec<String> = (0..50).map(|n| format!("create schema s{n}; select 1;").repeat(n % 7 + 1)).collect();
    let apart: Vec<_> = files.iter().map(|f| parse_file(f)).collect();
    assert_eq!(parse_files(&files), apart);
    let mut ahead = Vec::new();
    let text = |at: usize| files[at].clone();
    parse_ahead(files.len(), text, |at, text, statements| {
        assert_eq!((at, &text), (ahead.len(), &files[at]));
        ahead.push(statements);
    });
    assert_eq!(ahead, apart);
    parse_ahead(0, text, |_, _, _| panic!("there is no file"));
}

#[test]
fn who_stops_taking_files_stops_those_who_read_ahead() {
    let stopped = std::panic::catch_unwind(|| {
        parse_ahead(1_000, |at| format!("select {at}"), |at, _, _| assert!(at < 3, "enough"));
    });
    assert!(stopped.is_err());
}

#[test]
fn deep_nesting_is_refused_and_not_fatal() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(5_000), close.repeat(5_000));
    for body in [
        format!("begin {} end", deep("if true then ", "end if; ")),
        format!("begin {} end", deep("begin ", "end; ")),
        format!("begin {} end", deep("loop ", "end loop; ")),
        format!("begin execute {}; end", deep("(", ")")),
        format!("begin if {} then end if; end", deep("(", ")")),
    ] {
        one(&format!("do $$ {body} $$"));
    }
    for open in ["(", "[", "f(", "case ", "array["] {
        one(&format!("create policy p on t using ({})", open.repeat(20_000)));
        one(&format!("select {}", open.repeat(20_000)));
    }
}

const MARKS: [&str; 62] = [
    "create",
    "alter",
    "drop",
    "grant",
    "revoke",
    "table",
    "function",
    "policy",
    "on",
    "to",
    "from",
    "all",
    "(",
    ")",
    ",",
    ";",
    ".",
    "'a'",
    "$$ begin",
    "end $$",
    "do",
    "a",
    "\"B\"",
    "select",
    "view",
    "as",
    "set",
    "=",
    "1",
    "trigger",
    "default",
    "privileges",
    "if",
    "not",
    "exists",
    "with",
    "option",
    "role",
    "in",
    "schema",
    "[",
    "]",
    "::",
    "%",
    "type",
    "column",
    "add",
    "constraint",
    "check",
    "references",
    "execute",
    "loop",
    "for",
    "then",
    "when",
    "exception",
    "publication",
    "sequence",
    "comment",
    "owner",
    "returns",
    "language",
];

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,120}") {
        let _ = parse_file(&text);
    }

    #[test]
    fn no_mix_of_words_panics(words in prop::collection::vec(prop::sample::select(MARKS.to_vec()), 0..40)) {
        let text = words.join(" ");
        for parsed in parse_file(&text) {
            prop_assert!(text.get(parsed.range).is_some());
        }
    }

    #[test]
    fn no_mix_in_a_block_panics(words in prop::collection::vec(prop::sample::select(MARKS.to_vec()), 0..40)) {
        let _ = parse_file(&format!("do $x$ declare a text[] := array['a']; begin {} end $x$;", words.join(" ")));
    }
}
