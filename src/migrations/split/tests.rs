use super::*;
use proptest::prelude::*;

fn parts(text: &str) -> Vec<&str> {
    split(text).into_iter().map(|p| &text[p.range]).collect()
}

fn places(text: &str) -> Vec<(usize, usize)> {
    split(text).into_iter().map(|p| (p.line, p.column)).collect()
}

#[test]
fn cuts_at_semicolons_outside_of_quotes_and_bodies() {
    assert_eq!(parts("select 1; select ';' ; -- a;b\nselect $$;$$"), ["select 1;", "select ';' ;", "select $$;$$"]);
    let atomic = "create function f() returns int begin atomic select case when true then 1 end; end;";
    assert_eq!(parts(&format!("{atomic} select 2;")), [atomic, "select 2;"]);
    assert_eq!(parts(" ;; /* ; */ "), [""; 0]);
    let rule = "create or replace rule r as on insert to t do also (select 1; select (2); );";
    assert_eq!(parts(&format!("{rule}select 1")), [rule, "select 1"]);
    assert_eq!(parts("begin; end;"), ["begin;", "end;"]);
    assert_eq!(parts("select (1; select 2;"), ["select (1;", "select 2;"]);
}

#[test]
fn places_count_lines_and_characters() {
    assert_eq!(parts("select 'é';\r\nselect 'ß';"), ["select 'é';", "select 'ß';"]);
    assert_eq!(places("select 'é'; select 'ß';\r\n  select 1"), [(1, 1), (1, 13), (2, 3)]);
    assert_eq!(places("\u{feff}select 1"), [(1, 1)]);
    assert_eq!(places("-- a\n/* b\n */ x;"), [(3, 5)]);
}

#[test]
fn what_has_no_end_is_one_piece_that_says_so() {
    let text = "select 1;\nselect a,\n 'open; select 2;";
    let pieces = split(text);
    assert_eq!(pieces.len(), 2);
    assert_eq!(pieces[1].kind, PieceKind::Unread("the quoted string opened in line 3 has no end".into()));
    assert_eq!((pieces[1].line, &text[pieces[1].range.clone()]), (2, "select a,\n 'open; select 2;"));
}

#[test]
fn dumps_have_data_and_meta_commands() {
    let text =
        "\\restrict abc\r\ncopy public.t (a, b) from stdin;\nit's\t;x\n\\N\t\"\n\\.\n\n\\unrestrict abc\nselect 1;";
    let kinds: Vec<_> = split(text).into_iter().map(|p| (p.kind, &text[p.range])).collect();
    assert_eq!(
        kinds,
        [
            (PieceKind::Meta, "\\restrict abc"),
            (PieceKind::Statement, "copy public.t (a, b) from stdin;"),
            (PieceKind::CopyData, "it's\t;x\n\\N\t\"\n\\."),
            (PieceKind::Meta, "\\unrestrict abc"),
            (PieceKind::Statement, "select 1;"),
        ]
    );
    let open = split("copy t from stdin;\n1\nselect 1;");
    assert!(matches!(&open[1].kind, PieceKind::Unread(why) if why.contains("no end")));
    let tail = split("copy t from stdin; grant all on t to anon;\n\\.\n");
    assert!(matches!(&tail[1].kind, PieceKind::Unread(_)));
}

/// Pieces in order, inside the text, and nothing but blanks, comments and semicolons between them.
fn round_trip(text: &str) -> Result<(), TestCaseError> {
    let mut at = 0;
    for piece in split(text) {
        prop_assert!(piece.range.start >= at && piece.range.end >= piece.range.start);
        gap(&text[at..piece.range.start])?;
        at = piece.range.end;
        let lines = Lines::new(text);
        prop_assert_eq!(lines.place(piece.range.start).0, piece.line);
        let before = &text[..piece.range.start];
        prop_assert_eq!(piece.line, before.matches('\n').count() + 1);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let bom = usize::from(line.len() == before.len() && line.starts_with('\u{feff}'));
        prop_assert_eq!(piece.column, line.chars().count() + 1 - bom);
    }
    gap(&text[at..])
}

fn gap(text: &str) -> Result<(), TestCaseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let between = crate::migrations::lex::tokens(text, 0..text.len());
    prop_assert!(between.iter().all(|t| t.kind == Kind::Punct(b';')), "{:?}", text);
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_cut_without_loss(text in "\\PC{0,200}") {
        round_trip(&text)?;
    }

    #[test]
    fn any_mix_of_marks_is_cut_without_loss(parts in prop::collection::vec(prop::sample::select(vec![
        "'", "\"", "$$", "$a$", "/*", "*/", "--", "\n", ";", "\\", "\\.\n", "copy t from stdin", "begin atomic ", "end ",
        "create function ", "create rule ", "(", ")", "E'", "U&\"", "é", "\0", "\r\n", " ", "x", "case ", "1.", "..",
        "\u{feff}", "$1", "|", "-", "/", "*", "e", "+",
    ]), 0..60)) {
        round_trip(&parts.concat())?;
    }

    #[test]
    fn sqlparser_cuts_alike(parts in prop::collection::vec(prop::sample::select(vec![
        "select 1", "select 'a;b'", "select $$;$$", "/* ; /* ; */ */", "-- ;\n", ";", "\n", "select \"a;b\"", "select $x$ ; $$ $x$",
        "select E'\\';'", "create table t (a int)", "select a ->> 'b;'",
    ]), 0..30)) {
        use sqlparser::tokenizer::{Token as Theirs, Tokenizer};
        let text = parts.join(" ");
        let tokens = Tokenizer::new(&sqlparser::dialect::PostgreSqlDialect {}, &text).tokenize().unwrap();
        let theirs = tokens.split(|t| *t == Theirs::SemiColon)
            .filter(|s| s.iter().any(|t| !matches!(t, Theirs::Whitespace(_)))).count();
        prop_assert_eq!(split(&text).len(), theirs);
    }
}
