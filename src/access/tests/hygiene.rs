//! Defines keep their meaning wherever they are called.

use super::*;
use crate::sql::bind::{Binder, Scope};
use crate::sql::print::{self, AsBound, Outside};
use crate::sql::{Catalog, SchemaCatalog, Type};

fn sql(defines: &str, on: &str, select: &str) -> Result<String, String> {
    let rules = format!("[define]\n{defines}\n[[rule]]\non = '{on}'\nrole = 'authenticated'\nselect = \"{select}\"\n");
    let schema = schema(TEAMS);
    let intent = resolved(&rules, &schema)?;
    let predicate = &intent.declarations[0].predicate;
    assert_eq!(predicate.text, select);
    // What is printed means what was bound.
    let catalog = SchemaCatalog::new(&schema);
    let (schema_name, name) = on.split_once('.').unwrap();
    let scope = Scope::default().relation(catalog.relation(schema_name, name).unwrap(), None);
    let again = Binder::new(&catalog, &[]).expression(&predicate.sql, &scope, Some(&Type::named("boolean"))).unwrap();
    assert_eq!(print::expression(&again.tree, &Outside::of(&scope), &AsBound), predicate.sql);
    Ok(predicate.sql.split_whitespace().collect::<Vec<_>>().join(" "))
}

const MEMBER: &str =
    "member = 'exists (select 1 from public.members m where m.team_id = $1 and m.user_id = auth.uid())'";

#[test]
fn an_argument_is_not_captured_by_the_body() {
    // As text, `m.team_id = team_id` would compare the member with itself.
    let found = sql(MEMBER, "public.documents", "member(team_id)").unwrap();
    assert_eq!(
        found,
        "(EXISTS ( SELECT 1 FROM public.members m WHERE ((m.team_id = documents.team_id) AND (m.user_id = auth.uid()))))"
    );
}

#[test]
fn an_argument_of_a_sub_select_is_its_column() {
    let select = "exists (select 1 from public.teams m where m.id = documents.team_id and member(m.id))";
    let found = sql(MEMBER, "public.documents", select).unwrap();
    assert_eq!(
        found,
        "(EXISTS ( SELECT 1 FROM public.teams m WHERE ((m.id = documents.team_id) AND (EXISTS ( SELECT 1 FROM \
         public.members m_1 WHERE ((m_1.team_id = m.id) AND (m_1.user_id = auth.uid())))))))"
    );
}

#[test]
fn a_body_sees_the_rules_row_only() {
    let defines = "mine = 'owner_id = auth.uid()'";
    // Where it is called another table has a column of that name, which is not meant.
    let select = "exists (select 1 from public.teams t where t.id = documents.team_id and mine())";
    let found = sql(defines, "public.documents", select).unwrap();
    assert!(found.contains("documents.owner_id = auth.uid()"), "{found}");
    let error = sql(defines, "public.members", "mine()").unwrap_err();
    assert!(error.starts_with("a.toml:2:9: no column `owner_id` is in sight"), "{error}");
    assert!(error.contains("where `mine` is called at a.toml:6:10"), "{error}");
}

#[test]
fn defines_call_defines_and_give_any_type() {
    let defines = format!(
        "{MEMBER}\nteam = 'team_id'\nsame = 'member($1) and $2 = title'\nheld = \"has($1, 'admin')\"\n\
         has = 'exists (select 1 from public.members x where x.role = $2 and x.team_id = $1)'\nwho = 'auth.uid()'\n"
    );
    let found = sql(&defines, "public.documents", "same(team(), 'x')").unwrap();
    assert!(found.contains("m.team_id = documents.team_id") && found.contains("'x'::text = title"), "{found}");
    let found = sql(&defines, "public.documents", "owner_id = who() and held(team_id)").unwrap();
    assert!(found.contains("owner_id = auth.uid()") && found.contains("x.role = 'admin'::text"), "{found}");
    let found = sql(&defines, "public.documents", "held('8c0c8a2e-0000-4000-8000-000000000000')").unwrap();
    assert!(found.contains("x.team_id = '8c0c8a2e-0000-4000-8000-000000000000'::uuid"), "{found}");
    let select = "team_id in (with w as (select id from public.teams) select w.id from w where member((select w.id from w limit 1)))";
    let found = sql(&defines, "public.documents", select).unwrap();
    assert!(found.contains("m.team_id = ( SELECT w_1.id FROM w w_1 LIMIT 1)"), "{found}");
}

#[test]
fn the_session_is_called_like_a_define() {
    let schema = schema(TEAMS);
    let rules = "preset = 'supabase'\n[[rule]]\non = 'public.documents'\nrole = 'authenticated'\n\
                 select = 'owner_id = session.user() and signed_in()'\n[session]\ntenant = 'auth.uid()'\n";
    let intent = resolved(rules, &schema).unwrap();
    assert_eq!(intent.declarations[0].predicate.sql, "((owner_id = auth.uid()) AND (auth.uid() IS NOT NULL))");
    assert_eq!(intent.session.tenant.unwrap().sql, "auth.uid()");
    assert!(intent.assume.trusted_claims.contains(&"aal".to_owned()));
    assert!(intent.assume.signed_in);
    let without = resolved(&format!("{rules}[assume]\nsigned-in = false\n"), &schema).unwrap();
    assert!(!without.assume.signed_in);
}
