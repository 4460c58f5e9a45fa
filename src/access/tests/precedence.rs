//! Which of several rules counts.

use super::*;
use crate::analyzer::decide::Which;
use crate::model::Command;

/// `relation role COMMAND row: text`, without those on the platform.
fn said(intent: &Intent) -> Vec<String> {
    let row = |d: &Declaration| if d.row == Which::Old { "old" } else { "new" };
    let line =
        |d: &Declaration| format!("{} {} {} {}: {}", d.relation.name, d.role, d.command, row(d), d.predicate.text);
    intent.declarations.iter().map(line).collect()
}

fn of(rules: &str) -> Vec<String> {
    said(&resolved(rules, &schema(TEAMS)).unwrap())
}

#[test]
fn the_more_specific_rule_wins_whatever_the_order() {
    let rules = "
        [[rule]]
        on = 'public.documents'
        role = 'anon'
        select = 'size > 1'
        [[rule]]
        on = '*.doc*'
        role = 'anon'
        select = 'size > 2'
        insert = 'size > 2'
        [[rule]]
        on = ['public.*', 'public.do*']
        role = ['anon', 'reporting']
        all = false
        [[rule]]
        on = '*'
        role = 'anon'
        all = true";
    let said = of(rules);
    let documents: Vec<_> = said.iter().filter(|s| s.starts_with("documents")).map(String::as_str).collect();
    assert_eq!(
        documents,
        [
            "documents anon SELECT old: size > 1",
            "documents anon INSERT new: size > 2",
            "documents anon UPDATE old: false",
            "documents anon UPDATE new: false",
            "documents anon DELETE old: false",
            "documents reporting SELECT old: false",
            "documents reporting INSERT new: false",
            "documents reporting UPDATE old: false",
            "documents reporting UPDATE new: false",
            "documents reporting DELETE old: false",
        ]
    );
    // Every relation of the application, and nothing of the platform.
    assert_eq!(said.len(), 6 * 10);
}

#[test]
fn of_equally_specific_rules_the_later_wins_unless_they_are_the_same_pattern() {
    let rule = |on: &str, select: &str| format!("[[rule]]\non = '{on}'\nrole = 'anon'\nselect = '{select}'\n");
    assert_eq!(
        of(&(rule("public.doc*", "size = 1") + &rule("public.*uments", "size = 2"))),
        ["documents anon SELECT old: size = 2"]
    );
    let error =
        resolved(&(rule("public.documents", "size = 1") + &rule("public.documents", "size = 2")), &schema(TEAMS));
    assert_eq!(
        error.unwrap_err(),
        "a.toml:8:10: SELECT by `anon` on public.documents is also declared at a.toml:4:10, otherwise, and for the same \
         pattern / keep one of them, or make one pattern more specific\n"
    );
    // The same said twice is no conflict.
    assert_eq!(of(&(rule("public.documents", "size = 1") + &rule("public.documents", "size = 1"))).len(), 1);
}

#[test]
fn a_command_by_name_wins_over_all() {
    let rules = "[[rule]]\non = 'public.documents'\nrole = 'anon'\nselect = true\nall = 'size = 1'\n\
                 [[rule]]\non = 'public.documents'\nrole = 'anon'\ndelete = false\n";
    assert_eq!(
        of(rules),
        [
            "documents anon SELECT old: true",
            "documents anon INSERT new: size = 1",
            "documents anon UPDATE old: size = 1",
            "documents anon UPDATE new: size = 1",
            "documents anon DELETE old: false",
        ]
    );
}

#[test]
fn later_files_count_as_later_and_presets_as_earliest() {
    let schema = schema(TEAMS);
    let rule = |level: &str| format!("[[rule]]\non = '{level}'\nrole = 'anon'\nselect = true\n");
    let own = format!("preset = 'strict'\n{}", rule("*"));
    let intent = resolved(&own, &schema).unwrap();
    let count = |text: &str| intent.declarations.iter().filter(|d| d.predicate.text == text).count();
    assert_eq!((count("true"), count("false")), (6, 6 * 4 + 6 * 5));
    assert!(intent.calls.iter().all(|c| !c.execute && c.role == "anon") && intent.calls.len() == 2);
}

#[test]
fn updates_have_two_rows_and_columns() {
    let rules = "
        [[rule]]
        on = 'public.documents'
        role = 'authenticated'
        update = { old = 'size = 1', new = 'size = 2', columns = ['title', 'size'] }
        mode = 'exactly'
        reason = 'why'
        [[rule]]
        on = 'public.teams'
        role = 'authenticated'
        update = { old = 'owner_id = auth.uid()' }
        [[rule]]
        on = 'public.members'
        role = 'authenticated'
        update = { columns = ['role'] }
        [[rule]]
        on = 'public.*'
        role = 'authenticated'
        update = { old = true, columns = ['title'] }
        hide = ['secret']
        [[rule]]
        on = 'public.documents'
        role = 'authenticated'
        hide = ['size']";
    let schema = schema(TEAMS);
    let intent = resolved(rules, &schema).unwrap();
    let said = said(&intent);
    assert!(said.contains(&"documents authenticated UPDATE old: size = 1".to_owned()));
    assert!(said.contains(&"documents authenticated UPDATE new: size = 2".to_owned()));
    assert!(said.contains(&"teams authenticated UPDATE new: owner_id = auth.uid()".to_owned()));
    assert!(said.contains(&"members authenticated UPDATE old: true".to_owned()));
    let columns: Vec<_> =
        intent.columns.iter().map(|c| format!("{}: {}", c.relation.name, c.columns.join(","))).collect();
    assert_eq!(columns, ["audit_log: ", "audit_more: ", "documents: size,title", "members: role", "titles: title"]);
    let hidden: Vec<_> =
        intent.hidden.iter().map(|c| format!("{}: {}", c.relation.name, c.columns.join(","))).collect();
    assert_eq!(hidden, ["documents: secret", "documents: size"]);
    let exactly: Vec<_> = intent.declarations.iter().filter(|d| d.mode == Mode::Exactly).collect();
    assert!(exactly.len() == 2 && exactly.iter().all(|d| d.command == Command::Update));
    assert_eq!(exactly[0].reason.as_deref(), Some("why"));
}

#[test]
fn tenants_bind_besides_rules() {
    let rules = "
        [session]
        tenant = 'auth.uid()'
        [[tenant]]
        column = 'org_id'
        except = 'public.audit_more'
        [[tenant]]
        column = 'team_id'
        of = 'auth.uid()'
        role = 'authenticated'
        [[rule]]
        on = 'public.audit_log'
        role = 'anon'
        select = true";
    let said = of(rules);
    assert!(said.contains(&"audit_log anon SELECT old: true".to_owned()));
    assert!(said.contains(&"audit_log anon SELECT old: org_id = (session.tenant())".to_owned()));
    assert!(said.contains(&"documents authenticated UPDATE new: team_id = (auth.uid())".to_owned()));
    assert_eq!(said.len(), 1 + 2 * 5 + 2 * 5, "{said:#?}");
}

#[test]
fn functions_and_authorities() {
    let rules = "
        [[rule]]
        call = 'public.*'
        role = ['anon', 'authenticated']
        execute = false
        [[rule]]
        call = 'public.reset(uuid, mood)'
        role = 'authenticated'
        execute = true
        mode = 'exactly'
        [[authority]]
        on = 'public.members'
        columns = ['role', 'team_id']
        [[authority]]
        on = 'public.*'
        columns = ['owner_id']
        [[authority]]
        on = 'public.audit_log'";
    let schema = schema(TEAMS);
    let intent = resolved(rules, &schema).unwrap();
    let calls: Vec<_> = intent.calls.iter().map(|c| format!("{} {} {}", c.function, c.role, c.execute)).collect();
    assert_eq!(
        calls,
        [
            "public.reset(uuid) anon false",
            "public.reset(uuid) authenticated false",
            "public.reset(uuid, public.mood) anon false",
            "public.reset(uuid, public.mood) authenticated true",
        ]
    );
    let rights: Vec<_> =
        intent.authorities.iter().map(|a| format!("{}: {}", a.relation.name, a.columns.join(","))).collect();
    assert_eq!(rights, ["audit_log: ", "documents: owner_id", "members: role,team_id", "teams: owner_id"]);
}
