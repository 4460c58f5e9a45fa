//! Whatever stands in a file, nothing panics and every error has a place in it.

use super::*;
use proptest::prelude::*;

/// Pieces of rule files, whole and broken.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "[[rule]]\n",
        "[define]\n",
        "[session]\n",
        "[[tenant]]\n",
        "[[authority]]\n",
        "[assume]\n",
        "on = 'public.*'\n",
        "on = ['public.teams', \"*.doc?ments\"]\n",
        "role = 'anon'\n",
        "role = ['authenticated', \"reporting\"]\n",
        "call = 'public.reset(uuid)'\n",
        "execute = false\n",
        "all = false\n",
        "hide = ['title']\n",
        "mode = 'exactly'\n",
        "column = 'org_id'\n",
        "of = 'auth.uid()'\n",
        "columns = 'role'\n",
        "preset = 'strict'\n",
        "preset = 'multi-tenant'\n",
        "user = 'auth.uid()'\n",
        "tenant = \"auth.uid()\"\n",
        "a = '$1 = owner_id'\n",
        "b = \"a($1) or a($2)\"\n",
        "caller = 'data-api'\n",
        "claims.trusted = ['sub']\n",
        "update = { old = true, columns = ['title'] }\n",
    ])
    .prop_map(str::to_owned);
    let key = prop::sample::select(vec!["select", "insert", "update", "delete", "a", "b", "c", "of", "user"]);
    let sql = prop::collection::vec(
        prop::sample::select(vec![
            "a(",
            "b(",
            "c(",
            "owner_id",
            ")",
            ",",
            " = ",
            " and ",
            " or ",
            "not ",
            "exists (select 1 from public.members m where ",
            "m.team_id",
            "team_id",
            "$1",
            "$2",
            "auth.uid()",
            "session.user()",
            "'x'",
            "::uuid",
            "(select ",
            " from ",
            "1",
            "case when ",
            " then ",
            " end",
            " in (",
            "null",
            "\\\\",
            "é",
            "\\t",
            "public.reset(",
            "with w as (",
            "w",
        ]),
        0..9,
    );
    let condition = (key, sql, prop::bool::ANY).prop_map(|(key, sql, multi)| {
        let quote = if multi { "\"\"\"" } else { "\"" };
        format!("{key} = {quote}{}{quote}\n", sql.concat())
    });
    prop_oneof![3 => fixed, 3 => condition, 1 => "[ -~é\\n]{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_is_too_odd(pieces in prop::collection::vec(piece(), 0..14)) {
        static SCHEMA: std::sync::LazyLock<Schema> = std::sync::LazyLock::new(|| schema(TEAMS));
        let text = pieces.concat();
        let errors = match parse_texts([("a.toml", text.as_str())]) {
            Ok(rules) => rules.resolve(&Effective::new(&SCHEMA, None)).err().unwrap_or_default(),
            Err(errors) => errors,
        };
        for error in errors {
            let place = &error.place;
            let own = place.file == Path::new("a.toml");
            let line = text.split('\n').nth(place.line - 1);
            prop_assert!(!own || line.is_some_and(|l| place.column <= l.chars().count() + 1), "{error} in {text:?}");
            prop_assert!(!error.message.is_empty());
        }
    }

    /// A define put in place means what the same condition means that is written out.
    #[test]
    fn a_call_means_its_body(column in prop::sample::select(vec!["team_id", "owner_id", "id"]), nested in prop::bool::ANY) {
        static SCHEMA: std::sync::LazyLock<Schema> = std::sync::LazyLock::new(|| schema(TEAMS));
        let define = "[define]\nm = 'exists (select 1 from public.members x where x.team_id = $1 and x.user_id = auth.uid())'\n";
        let (call, plain) = if nested {
            let outer = "exists (select 1 from public.teams t where t.id = documents.team_id and ";
            (format!("{outer}m(t.{}))", if column == "team_id" { "id" } else { column }),
             format!("{outer}exists (select 1 from public.members x where x.team_id = t.{} and x.user_id = auth.uid()))", if column == "team_id" { "id" } else { column }))
        } else {
            (format!("m({column})"),
             format!("exists (select 1 from public.members x where x.team_id = documents.{column} and x.user_id = auth.uid())"))
        };
        let rule = |sql: &str| format!("{define}[[rule]]\non = 'public.documents'\nrole = 'anon'\nselect = '{sql}'\n");
        let of = |sql: &str| resolved(&rule(sql), &SCHEMA).unwrap().declarations.remove(0).predicate.sql;
        prop_assert_eq!(of(&call), of(&plain));
    }
}
