use super::*;
use crate::migrations::Name;
use crate::migrations::parse::grant::{AllKind, GrantTarget, PrivilegeGrant, RoutineKind};
use crate::migrations::parse::role::{MembershipGrant, RoleOption, RoleSpec};
use crate::model::{ArgumentMode, GrantObject, Privilege};

fn grant(text: &str) -> PrivilegeGrant {
    match one(text) {
        Statement::Grant(grant) => grant,
        other => panic!("{text}: {other:?}"),
    }
}

fn member(text: &str) -> MembershipGrant {
    match one(text) {
        Statement::Membership(grant) => grant,
        other => panic!("{text}: {other:?}"),
    }
}

fn role(name: &str) -> RoleSpec {
    RoleSpec::Name(name.to_owned())
}

#[test]
fn relations_and_columns() {
    let g = grant(
        "GRANT SELECT (a, \"B\"), INSERT ON public.T, u TO Anon, PUBLIC, current_user WITH GRANT OPTION GRANTED BY x",
    );
    assert_eq!(g.privileges[0].privilege, Some(Privilege::Select));
    assert_eq!(g.privileges[0].columns, ["a", "B"]);
    assert!(g.privileges[1].columns.is_empty());
    let t = Name { schema: Some("public".into()), name: "t".into() };
    assert_eq!(g.target, GrantTarget::Relations(vec![t, Name::plain("u")]));
    assert_eq!(g.grantees, [role("anon"), RoleSpec::Public, RoleSpec::Current]);
    assert!(g.grant_option && !g.revoke && !g.cascade);
    assert_eq!(g.granted_by, Some(role("x")));
    let r = grant("revoke grant option for all privileges on table t from public, anon cascade");
    assert!(r.revoke && r.option_only && r.cascade);
    assert_eq!(r.privileges[0].privilege, None);
}

#[test]
fn routines_keep_missing_and_empty_lists_apart() {
    let g = grant(
        "grant execute on function f, g(), h(in a int, out b text, variadic c text[]), i(timestamp with time zone, x numeric(10,2)) to anon",
    );
    let GrantTarget::Routines(RoutineKind::Function, list) = g.target else { panic!() };
    assert_eq!(list[0].arguments, None);
    assert_eq!(list[1].arguments.as_deref(), Some(&[][..]));
    let h = list[2].arguments.as_ref().unwrap();
    assert_eq!(
        h.iter().map(|p| p.mode).collect::<Vec<_>>(),
        [ArgumentMode::In, ArgumentMode::Out, ArgumentMode::Variadic]
    );
    assert_eq!(h.iter().map(|p| p.data_type.to_string()).collect::<Vec<_>>(), ["integer", "text", "text[]"]);
    let i = list[3].arguments.as_ref().unwrap();
    assert_eq!((i[0].name.as_deref(), i[0].data_type.to_string().as_str()), (None, "timestamp with time zone"));
    assert_eq!((i[1].name.as_deref(), i[1].data_type.to_string().as_str()), (Some("x"), "numeric(10,2)"));
    assert!(matches!(
        grant("revoke all on routine f(int) from public").target,
        GrantTarget::Routines(RoutineKind::Routine, _)
    ));
}

#[test]
fn every_kind_of_object() {
    let all = grant("grant all on all functions in schema a, \"B\" to x").target;
    assert_eq!(all, GrantTarget::AllIn(AllKind::Routines(RoutineKind::Function), vec!["a".into(), "B".into()]));
    for (text, target) in [
        ("schema s", GrantTarget::Schemas(vec!["s".into()])),
        ("database d", GrantTarget::Databases(vec!["d".into()])),
        ("sequence s", GrantTarget::Sequences(vec![Name::plain("s")])),
        ("type t", GrantTarget::Types(vec![Name::plain("t")])),
        ("domain t", GrantTarget::Types(vec![Name::plain("t")])),
        ("language sql", GrantTarget::Languages(vec!["sql".into()])),
        ("foreign data wrapper w", GrantTarget::ForeignDataWrappers(vec!["w".into()])),
        ("foreign server s", GrantTarget::ForeignServers(vec!["s".into()])),
        ("parameter a.b, c", GrantTarget::Parameters(vec!["a.b".into(), "c".into()])),
        ("large object 42", GrantTarget::LargeObjects(vec!["42".into()])),
        ("tablespace t", GrantTarget::Tablespaces(vec!["t".into()])),
    ] {
        assert_eq!(grant(&format!("grant all on {text} to x")).target, target);
    }
    assert_eq!(grant("grant alter system on parameter x to y").privileges[0].privilege, Some(Privilege::AlterSystem));
}

#[test]
fn membership() {
    let g = member("grant a, b to c, current_user with admin option, inherit false, set true granted by d");
    assert_eq!((g.roles.len(), g.admin, g.inherit, g.set), (2, Some(true), Some(false), Some(true)));
    assert_eq!(g.members, [role("c"), RoleSpec::Current]);
    let r = member("revoke admin option for a from b cascade");
    assert!(r.revoke && r.cascade && r.admin == Some(true));
    assert!(!member("alter group g add user u").revoke);
    refused("grant a to b with magic true");
}

#[test]
fn default_privileges() {
    let Statement::AlterDefaultPrivileges(d) =
        one("alter default privileges for role a, b in schema s revoke execute on functions from public, anon")
    else {
        panic!()
    };
    assert_eq!((d.roles.len(), d.schemas.as_slice(), d.object), (2, &["s".to_owned()][..], GrantObject::Functions));
    assert!(d.revoke && d.privileges == [Some(Privilege::Execute)]);
    assert!(
        matches!(one("alter default privileges grant all on tables to x with grant option"), Statement::AlterDefaultPrivileges(d) if d.grant_option && d.privileges == [None])
    );
    refused("alter default privileges grant all on views to x");
}

#[test]
fn roles_hide_their_passwords() {
    let Statement::Role(made) =
        one("create user u with nosuperuser login password 'hunter2' in role a, b valid until 'x'")
    else {
        panic!()
    };
    assert!(made.options.contains(&RoleOption::Password(true)));
    assert!(!format!("{made:?}").contains("hunter2"));
    assert!(made.options.contains(&RoleOption::InRole(vec![role("a"), role("b")])));
    assert!(
        matches!(one("alter role r bypassrls"), Statement::Role(d) if d.options == [RoleOption::Flag("bypassrls", true)])
    );
    assert!(matches!(one("alter role authenticator set pgrst.db_schemas = 'a, b'"), Statement::RoleSetting(_)));
    assert!(matches!(one("alter role all in database d reset all"), Statement::RoleSetting(s) if s.role.is_none()));
    assert!(matches!(one("reassign owned by a to b"), Statement::ReassignOwned(..)));
    assert!(matches!(one("drop owned by a cascade"), Statement::DropOwned(_, true)));
}
