//! Bodies and what is made of them; what they mean beside the server is compared in the suites.

use super::*;
use crate::model::{Acl, FunctionId, FunctionKind, Origin, QualifiedName, Volatility};
use crate::sql::print::{AsBound, Outside, expression};
use crate::sql::{Key, Routine, Table, TableColumn, UserType};

/// A database of one relation.
struct Members;

impl Catalog for Members {
    fn relation(&self, schema: &str, name: &str) -> Option<Table> {
        let column = |(key, name, of): (u64, &str, &str)| TableColumn {
            key: Key(key),
            name: name.to_owned(),
            data_type: Type::named(of),
        };
        let columns = [(0, "team", "integer"), (1, "who", "uuid"), (2, "role", "text")].map(column);
        (schema == "public" && name == "members")
            .then(|| Table::new(Some(Key(0)), QualifiedName::new(schema, name), columns))
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

fn function(language: &str, body: &str, returns: &str) -> Function {
    let argument = crate::model::Argument {
        name: Some("t".to_owned()),
        mode: ArgumentMode::In,
        data_type: "integer".to_owned(),
        default: Some("1".to_owned()),
    };
    Function {
        id: FunctionId { schema: "public".to_owned(), name: "f".to_owned(), arguments: "integer".to_owned() },
        kind: FunctionKind::Function,
        owner: "postgres".to_owned(),
        acl: Acl::default(),
        parameters: vec![argument],
        returns: returns.to_owned(),
        returns_set: false,
        language: language.to_owned(),
        body: body.to_owned(),
        body_is_bound: false,
        security_definer: false,
        search_path: None,
        settings: Vec::new(),
        volatility: Volatility::Stable,
        leakproof: false,
        strict: false,
        extension: None,
        origin: Origin::Catalog,
    }
}

fn read(language: &str, body: &str) -> Result<(Vec<String>, String), String> {
    let path = ["public".to_owned()];
    let body = super::body(&function(language, body, "boolean"), &Members, &path).map_err(|e| e.reason)?;
    let mut scope = Scope::default().parameter(Some("t"), Type::named("integer"));
    for step in &body.steps {
        scope.add_parameter(None, step.data_type.clone());
    }
    let flat = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let outside = Outside::of(&scope);
    let steps = body.steps.iter().skip(1).map(|s| flat(expression(s, &outside, &AsBound))).collect();
    match body.result {
        Outcome::Value(value) => Ok((steps, flat(expression(&value, &outside, &AsBound)))),
        Outcome::Rows(_) | Outcome::Row(_) => Err("rows".to_owned()),
    }
}

#[test]
fn sql_bodies_are_their_last_select() {
    let (_, text) = read("sql", "select exists (select 1 from members m where m.team = t) -- yes\n;").unwrap();
    assert_eq!(
        text,
        "( SELECT (EXISTS ( SELECT 1 FROM public.members m WHERE (m.team = t))) AS \"exists\" LIMIT '1'::bigint)"
    );
    // What comes before may raise an error.
    assert_eq!(
        read("sql", "begin atomic select 1; select true; end").unwrap().1,
        "CASE WHEN ( SELECT 1 LIMIT '1'::bigint) THEN BEHIND ELSE ( SELECT true LIMIT '1'::bigint) END"
    );
    assert_eq!(read("sql", "return t = 1").unwrap().1, "(t = 1)");
    assert!(read("sql", "delete from members; select true").unwrap_err().contains("no SELECT"));
    assert!(read("sql", "select nope").unwrap_err().contains("`nope`"));
}

#[test]
fn paths_become_a_case() {
    let body = "begin if t = 1 then return true; elsif t = 2 then return false; end if; return t > 3; end";
    assert_eq!(
        read("plpgsql", body).unwrap().1,
        "CASE WHEN (t = 1) THEN true WHEN (t = 2) THEN false ELSE (t > 3) END"
    );
    let body = "BEGIN IF t IS NULL THEN RAISE EXCEPTION 'no %', t; END IF; RAISE NOTICE 'x'; RETURN true; END;";
    assert_eq!(read("plpgsql", body).unwrap().1, "CASE WHEN (t IS NULL) THEN RAISE ELSE true END");
    let body = "begin case t when 1, 2 then return true; else return false; end case; end";
    assert_eq!(read("plpgsql", body).unwrap().1, "CASE WHEN (t = ANY (ARRAY[1, 2])) THEN true ELSE false END");
}

#[test]
fn variables_are_steps() {
    let body = "declare n int := 5; r text; begin select role into r from members where team = t and who is not null; \
                if not found then return false; end if; n := n + 1; return r = 'admin' and n > t; end";
    let (steps, text) = read("plpgsql", body).unwrap();
    assert_eq!(steps[0], "5");
    assert!(steps[2].contains("SELECT members.role FROM public.members") && steps[2].contains("LIMIT"), "{steps:?}");
    assert!(steps[3].starts_with("(EXISTS ("));
    assert_eq!(steps[4], "($3 + 1)");
    assert_eq!(text, "CASE WHEN (NOT $6) THEN false ELSE (($5 = 'admin'::text) AND ($7 > t)) END");
}

#[test]
fn ways_that_meet_again_are_read_once() {
    let body =
        "declare n int := 5; begin if t = 1 then n := t; elsif t = 2 then null; else n := 7; end if; return n > t; end";
    let (steps, text) = read("plpgsql", body).unwrap();
    assert_eq!(steps, ["5", "t", "7", "(t = 1)", "(t = 2)", "CASE WHEN $6 THEN $4 WHEN $7 THEN $3 ELSE $5 END"]);
    assert_eq!(text, "($8 > t)");
    let body = "declare n int := 5; begin if t = 1 then n := t; elsif t = 2 then return true; else n := 7; end if; \
                return n > t; end";
    let (steps, text) = read("plpgsql", body).unwrap();
    assert_eq!(steps.last().unwrap(), "($8 > t)");
    assert_eq!(text, "CASE WHEN $6 THEN $9 WHEN $7 THEN true ELSE $9 END");
    // Twenty branches are a million ways.
    let body =
        format!("declare n int := 0; begin {} return n > t; end", "if t = n then n := n + 1; end if; ".repeat(20));
    assert!(read("plpgsql", &body).unwrap().0.len() < 100);
}

#[test]
fn what_a_handler_finds_is_not_known() {
    let body = "declare ok boolean := false; begin begin ok := true; perform t / 0; return false; \
                exception when division_by_zero then return ok; end; end";
    let (steps, text) = read("plpgsql", body).unwrap();
    assert!(
        steps.contains(&"lost".to_uppercase()) || steps.iter().any(|s| s.to_lowercase().contains("lost")),
        "{steps:?}"
    );
    assert!(text.to_lowercase().starts_with("case when failed"), "{text}");
    let body =
        "declare ok boolean := false; begin begin ok := t > 0; exception when others then null; end; return ok; end";
    let (steps, text) = read("plpgsql", body).unwrap();
    assert!(steps.last().unwrap().starts_with("CASE"), "{steps:?}");
    assert_eq!(text, format!("${}", steps.len() + 2));
}

#[test]
fn records_have_the_columns_of_their_query() {
    let body = "declare m record; begin select * into m from members where team = t; return m.role = 'x'; end";
    let (steps, text) = read("plpgsql", body).unwrap();
    assert_eq!(steps.len(), 4);
    assert_eq!(text, "($5 = 'x'::text)");
}

#[test]
fn what_is_not_read_says_why() {
    for (body, reason) in [
        ("begin for i in 1..2 loop null; end loop; return true; end", "a loop"),
        ("begin execute 'select 1'; return true; end", "dynamic SQL"),
        ("begin insert into members values (1); return true; end", "writes"),
        ("begin begin return true; exception when others then return sqlstate = 't'; end; end", "sqlstate"),
        ("begin return who; end", "`who`"),
        (
            "declare team int; begin return exists (select 1 from members where team = t); end",
            "a column and a variable",
        ),
        ("begin return true;", "END"),
        ("select 1", "BEGIN"),
    ] {
        let error = read("plpgsql", body).unwrap_err();
        assert!(error.contains(reason), "{body}: {error}");
    }
    assert!(read("c", "f").unwrap_err().contains("language c"));
}

#[test]
fn strict_functions_and_defaults() {
    let strict = Function { strict: true, ..function("sql", "select t > 0", "boolean") };
    let body = super::body(&strict, &Members, &[]).unwrap();
    assert!(matches!(body.result, Outcome::Value(Expr { node: Node::Case { .. }, .. })));
    assert_eq!(body.defaults.iter().flatten().count(), 1);
    assert_eq!(body.parameters, 1);
}
