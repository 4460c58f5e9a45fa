//! Every mistake is told with its place.

use super::*;

/// Each rule file with its errors, as they were found right by whoever read them.
fn told(cases: &[impl AsRef<str>]) -> String {
    let schema = schema(TEAMS);
    let one = |rules: &str| {
        let errors = resolved(rules, &schema).expect_err(rules);
        format!("{}\n  => {}\n\n", rules.trim_end(), errors.trim_end().replace('\n', "\n  => "))
    };
    cases.iter().map(|rules| one(rules.as_ref())).collect()
}

#[test]
fn toml_that_is_none() {
    insta::assert_snapshot!(told(&[
        "[[rule]\n",
        "[define]\na = '1'\na = '2'",
        "preset = 'x",
        "\u{feff}[define]\n",
        "preset = 1",
        "rule = 1",
        "[rule]\non = 'public.teams'",
        "[[rule]]\non = 1",
        "[[rule]]\nselect = 1",
        "[[rule]]\nupdate = 1",
        "[[rule]]\nupdate = { odl = '1' }",
        "[[rule]]\nhide = 'x'",
        "[[rule]]\nmode = 'atmost'",
        "[[rule]]\nslect = true",
        "[[rules]]\n",
        "[assume]\ncaller = 'sq'",
        "[assume]\nclaims.trust = ['sub']",
        "[session]\nusr = 'auth.uid()'",
        "[[tenant]]\nof = 'x'",
        "[[authority]]\ncolumns = ['x']",
        "[define]\na = 1",
        "[define.a]\nb = 1",
        "preset = 'supabas'",
        "preset = ['x', 'supabase']",
    ]));
}

#[test]
fn rules_that_are_none() {
    insta::assert_snapshot!(told(&[
        "[[rule]]\non = 'public.teams'",
        "[[rule]]\nrole = 'anon'",
        "[[rule]]\nrole = 'anon'\non = 'public.teams'\ncall = 'public.reset'",
        "[[rule]]\nrole = 'anon'\non = 'public.teams'",
        "[[rule]]\nrole = []\non = []\nselect = true",
        "[[rule]]\nrole = 'public'\non = 'public.teams'\nselect = true",
        "[[rule]]\nrole = 'anon'\non = 'teams'\nselect = true",
        "[[rule]]\nrole = 'anon'\non = 'public.teams'\nexecute = true",
        "[[rule]]\nrole = 'anon'\ncall = 'public.reset'\nselect = true\nexecute = false",
        "[[rule]]\nrole = 'anon'\ncall = 'public.reset'",
        "[[rule]]\nrole = 'anon'\non = 'public.teams'\nupdate = { new = true }",
        "[[rule]]\nrole = 'anon'\non = 'public.teams'\nupdate = {}",
        "[[authority]]\non = 'public.teams'\ncolumns = []",
    ]));
}

#[test]
fn sql_that_is_none() {
    let rule = |sql: &str| format!("[[rule]]\nrole = 'anon'\non = 'public.documents'\nselect = {sql}");
    let rules = [
        "''",
        "'size ='",
        "'size = 1 )'",
        "\"size =\\n 'x\"",
        "'''\nsize = 1\n  and and true'''",
        "'select 1'",
        "'true; drop table x'",
        "'siez = 1'",
        "'size'",
        "'title'",
        "'size = true'",
        "'owner_id = $1'",
        "'exists (select 1 from teams)'",
        "'exists (select 1 from public.tems)'",
        "'reset(owner_id)'",
        "'public.rest(owner_id)'",
        "'owner_id = auth.uuid()'",
        "'owner_id = session.user()'",
        "'count(*) > 1'",
        "'row_number() over () > 1'",
        "'generate_series(1, 2) > 1'",
        "'owner_id::uid = auth.uid()'",
        "'exists (select 1 from public.members where team_id = team_id)'",
        "'exists (insert into public.teams values (1))'",
    ]
    .map(rule);
    insta::assert_snapshot!(told(&rules));
}

#[test]
fn defines_that_are_none() {
    let rule = |define: &str, sql: &str| {
        format!("[define]\n{define}\n[[rule]]\nrole = 'anon'\non = 'public.documents'\nselect = \"{sql}\"")
    };
    let rules = [
        ("a = 'b()'\nb = 'c()'\nc = 'a()'", "true"),
        ("a = 'a()'", "true"),
        ("lower = 'true'", "true"),
        ("select = 'true'", "true"),
        ("Mine = 'true'", "true"),
        ("'a b' = 'true'", "true"),
        ("a = '$2'", "true"),
        ("a = '$0 and $99999999999999999999'", "true"),
        ("a = '$1 ='", "true"),
        ("a = '$1 = owner_id'", "a()"),
        ("a = '$1 = owner_id'", "a(owner_id, owner_id)"),
        ("a = '$1 = owner_id'", "a(size)"),
        ("a = '$1 = ownr'", "a(size)"),
        ("a = 'true'", "exists (select 1 from a())"),
        ("a = 'owner_id'", "a()"),
        ("a = 'true'", "a(size)"),
        ("a = '$1'", "a(size) = 1 and a(title) = 'x'"),
    ]
    .map(|(define, sql)| rule(define, sql));
    insta::assert_snapshot!(told(&rules));
}

#[test]
fn what_the_database_lacks() {
    let rule = |rest: &str| format!("[[rule]]\n{rest}");
    insta::assert_snapshot!(told(&[
        rule("role = 'anom'\non = 'public.teams'\nselect = true"),
        rule("role = 'x'\non = 'public.teams'\nselect = true"),
        rule("role = 'anon'\non = 'public.tems'\nselect = true"),
        rule("role = 'anon'\non = 'public.x*'\nselect = true"),
        rule("role = 'anon'\non = 'public.counter'\nselect = true"),
        rule("role = 'anon'\non = 'public.teams'\nhide = ['titel']"),
        rule("role = 'anon'\non = 'public.*'\nhide = ['titel']"),
        rule("role = 'anon'\non = 'public.teams'\nupdate = { old = true, columns = ['titel'] }"),
        rule("role = 'anon'\non = 'public.*'\nselect = 'owner_id = auth.uid()'"),
        rule("role = 'anon'\ncall = 'public.rest'\nexecute = true"),
        rule("role = 'anon'\ncall = 'public.reset(text)'\nexecute = true"),
        rule("role = 'anon'\ncall = 'app.*'\nexecute = true"),
        rule(
            "role = 'anon'\ncall = 'public.reset'\nexecute = true\n[[rule]]\nrole = 'anon'\ncall = 'public.reset'\nexecute = false"
        ),
        "[[tenant]]\ncolumn = 'org_di'\nof = 'auth.uid()'".to_owned(),
        "[[tenant]]\ncolumn = 'org_id'".to_owned(),
        "[[tenant]]\ncolumn = 'org_id'\nof = 'auth.uid()'".to_owned(),
        "[[tenant]]\ncolumn = 'org_id'\nof = 'org_id'".to_owned(),
        "[[tenant]]\ncolumn = 'org_id'\nof = 'auth.uid()'\nexcept = 'public.nope'".to_owned(),
        "[[authority]]\non = 'public.nope'".to_owned(),
        "[[authority]]\non = 'public.teams'\ncolumns = ['nope']".to_owned(),
        "[session]\nuser = 'auth.uuid()'".to_owned(),
    ]));
}
