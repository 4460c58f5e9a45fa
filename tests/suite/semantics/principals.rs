//! Who acts, and what flows to it: items 1 to 5.

use pgwitness::analyzer::effective::{Effective, Extent, HeldBy, Refusal, RowSecurity, Who};
use pgwitness::impersonation::Persona;
use pgwitness::model::{Command, Privilege};
use pgwitness::shadow::Platform;

use super::{Lab, REFUSED, check, extent, on_all, table};
use crate::support::MAJORS;

#[test]
fn s01_a_principal_is_a_role_and_its_claims() {
    let sql = "create table notes (owner_id uuid); alter table notes enable row level security;
        grant select on notes to authenticated;
        create policy own on notes to authenticated using (owner_id = auth.uid());
        insert into notes values ('11111111-1111-4111-8111-111111111111'), ('22222222-2222-4222-8222-222222222222')";
    on_all(Platform::Supabase { expose_new_tables: true }, sql, |lab| {
        let claims = |sub: &str| format!("select set_config('request.jwt.claims', '{{\"sub\":\"{sub}\"}}', true);");
        check(
            lab,
            "authenticated",
            &format!("{} select * from notes", claims("11111111-1111-4111-8111-111111111111")),
            Ok(1),
        );
        check(lab, "authenticated", "select * from notes", Ok(0));
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        let who: Vec<_> = effective.principals().iter().map(|p| (p.role.as_str(), p.who)).collect();
        assert_eq!(who, [("anon", Who::Anyone), ("authenticated", Who::SignedIn), ("service_role", Who::Service)]);
    });
}

/// The sessions that clients can have, as the tester has them and as the server's own functions read them.
#[test]
fn s02_personas_are_the_sessions_that_clients_have() {
    on_all(Platform::Supabase { expose_new_tables: true }, "", |lab| {
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        let personas = effective.principals().iter().filter(|p| p.is_untrusted()).flat_map(Persona::of);
        let read: Vec<_> = personas
            .map(|persona| {
                let each = persona.settings().into_iter().map(|(name, value)| format!("set local {name} = '{value}';"));
                let seen = "select concat_ws('|', coalesce(auth.uid()::text, '-'), coalesce(auth.role(), '-'),
                    coalesce(auth.jwt() ->> 'aal', '-'), coalesce(auth.jwt() ->> 'is_anonymous', '-'))";
                let all = format!("begin; {} set local role {}; {seen}", each.collect::<String>(), persona.role);
                let value = lab.value(&all).unwrap();
                lab.execute("rollback");
                format!("{}: {value}", persona.name)
            })
            .collect();
        let expected = [
            "anon: -|anon|-|-",
            "anon without a token: -|-|-|-",
            "a signed-in user: 00000000-0000-4000-8000-000000000000|authenticated|aal1|false",
            "an anonymous sign-in: 00000000-0000-4000-8000-000000000001|authenticated|aal1|true",
        ];
        assert_eq!(read, expected, "PostgreSQL {}", lab.major);
    });
}

#[test]
fn s03_a_setting_reads_as_empty_after_set_local_ends() {
    on_all(Platform::Postgres, "", |lab| {
        assert_eq!(lab.value("select current_setting('app.tenant_id', true)"), None);
        assert_eq!(lab.rows("pg_monitor", "select current_setting('app.tenant_id')"), Err("42704".to_owned()));
        lab.execute("begin; set local app.tenant_id = '7'; commit");
        assert_eq!(lab.value("select current_setting('app.tenant_id', true)").as_deref(), Some(""));
    });
}

#[test]
fn s04_privileges_and_ownership_flow_but_attributes_do_not() {
    let sql = "create role grp; create role boss bypassrls; create role m in role grp, boss; create role n noinherit in role grp;
        create table t (id int); insert into t values (1); alter table t owner to grp;
        alter table t enable row level security; grant select on t to boss, m";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "m", "select * from t", Ok(1));
        check(lab, "n", "select * from t", REFUSED);
        lab.execute("alter table t force row level security");
        check(lab, "m", "select * from t", Ok(0));
        check(lab, "boss", "select * from t", Ok(1));
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        assert_eq!(effective.row_security("m", table(&schema, "t")), RowSecurity::Applies);
        assert_eq!(effective.row_security("boss", table(&schema, "t")), RowSecurity::BypassRls);
        assert_eq!(extent(&effective, "n", "t", Command::Select), Extent::None(Refusal::Privilege));
        let reach: Vec<_> = effective.can_become("m").map(|(r, _)| r.name.as_str()).collect();
        assert_eq!(reach, ["boss", "grp"]);
        lab.execute("alter table t no force row level security");
        let schema = lab.schema();
        let chain = vec!["m".to_owned(), "grp".to_owned()];
        assert_eq!(Effective::new(&schema, None).row_security("m", table(&schema, "t")), RowSecurity::Owner(chain));
    });
}

#[test]
fn s04_membership_options_of_postgres_16() {
    for major in MAJORS.into_iter().filter(|m| *m >= 16) {
        let lab = Lab::new(
            major,
            Platform::Postgres,
            "create role grp; create table t (id int); grant select on t to grp;
            create role inherits_only; grant grp to inherits_only with inherit true, set false;
            create role sets_only; grant grp to sets_only with inherit false, set true",
        );
        check(&lab, "inherits_only", "select * from t", Ok(0));
        check(&lab, "sets_only", "select * from t", REFUSED);
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        assert_eq!(effective.can_become("inherits_only").count(), 0);
        assert_eq!(effective.can_become("sets_only").count(), 1);
        let holding = effective.holds_on_relation("inherits_only", table(&schema, "t"), Privilege::Select).unwrap();
        assert_eq!((holding.by, holding.path.len()), (HeldBy::Membership, 2));
        assert!(effective.holds_on_relation("sets_only", table(&schema, "t"), Privilege::Select).is_none());
    }
}

#[test]
fn s05_a_noinherit_member_is_bound_by_neither_kind_of_policy() {
    let sql = "create role grp; create role m noinherit in role grp; create role i inherit in role grp;
        create table t (id int); insert into t values (1), (2); grant select on t to public;
        alter table t enable row level security;
        create policy everyone on t to public using (true);
        create policy floor on t as restrictive to grp using (id = 1)";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "m", "select * from t", Ok(2));
        check(lab, "i", "select * from t", Ok(1));
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        assert_eq!(extent(&effective, "m", "t", Command::Select), Extent::All);
        assert_eq!(extent(&effective, "i", "t", Command::Select), Extent::Rows);
    });
}
