//! The rules of row security that pgwitness stands on, each shown by a real server of every major and then asked of
//! the effective-access analysis. The numbers are those of the project's list of semantics.

use pgwitness::analyzer::effective::{Effective, Extent, HeldBy, Refusal, RowSecurity, Who};
use pgwitness::connector::introspect::introspect;
use pgwitness::model::{Command, Privilege, QualifiedName, Relation, Schema};
use pgwitness::shadow::{Platform, Server};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::{self, MAJORS, block_on};

/// A server of the test's own, with a session as its superuser.
struct Lab {
    _server: Server,
    client: Client,
    major: u32,
}

impl Lab {
    fn new(major: u32, platform: Platform, sql: &str) -> Self {
        let server = support::server(major, platform);
        let client = support::connect(&server, server.superuser(), "postgres");
        let lab = Self { _server: server, client, major };
        lab.execute(sql);
        lab
    }

    fn execute(&self, sql: &str) {
        block_on(self.client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
    }

    /// The rows returned or affected by the last of `sql`'s statements, run as `role` and rolled back; or the SQLSTATE.
    fn rows(&self, role: &str, sql: &str) -> Result<u64, String> {
        let result = block_on(self.client.simple_query(&format!("begin; set local role {role}; {sql}")));
        block_on(self.client.batch_execute("rollback")).unwrap();
        let messages = result.map_err(|e| e.code().map_or_else(|| e.to_string(), |c| c.code().to_owned()))?;
        Ok(messages
            .iter()
            .rev()
            .find_map(|m| match m {
                SimpleQueryMessage::CommandComplete(n) => Some(*n),
                _ => None,
            })
            .unwrap())
    }

    /// The first value of the last row.
    fn value(&self, sql: &str) -> Option<String> {
        let messages = block_on(self.client.simple_query(sql)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
        messages.iter().rev().find_map(|m| match m {
            SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
            _ => None,
        })?
    }

    fn schema(&self) -> Schema {
        block_on(async {
            self.client
                .batch_execute("begin isolation level repeatable read read only; set local search_path = ''")
                .await
                .unwrap();
            let schema = introspect(&self.client).await.unwrap();
            self.client.batch_execute("rollback").await.unwrap();
            schema
        })
    }
}

fn table<'a>(schema: &'a Schema, name: &str) -> &'a Relation {
    schema.relation(&QualifiedName::new("public", name)).unwrap()
}

fn extent(effective: &Effective<'_>, role: &str, name: &str, command: Command) -> Extent {
    effective.access(role, table(effective.schema(), name), command).extent
}

/// Runs a test on every major at once.
fn on_all(platform: Platform, sql: &str, test: fn(&Lab)) {
    std::thread::scope(|scope| {
        for major in MAJORS {
            scope.spawn(move || test(&Lab::new(major, platform, sql)));
        }
    });
}

const REFUSED: Result<u64, &str> = Err("42501");

fn check(lab: &Lab, role: &str, sql: &str, expected: Result<u64, &str>) {
    let got = lab.rows(role, sql);
    assert_eq!(got.as_ref().map(|n| *n).map_err(String::as_str), expected, "postgres {}: {role}: {sql}", lab.major);
}

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

#[test]
fn s06_schema_then_privilege_then_row_security() {
    let sql = "create role r; create schema hidden; create table hidden.t (id int); grant select on hidden.t to r;
        create table no_grant (id int); create table by_column (id int, secret int); grant select (id) on by_column to r";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "r", "select * from hidden.t", REFUSED);
        check(lab, "r", "select * from no_grant", REFUSED);
        check(lab, "r", "select id from by_column", Ok(0));
        check(lab, "r", "select secret from by_column", REFUSED);
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        let hidden = schema.relation(&QualifiedName::new("hidden", "t")).unwrap();
        assert_eq!(effective.access("r", hidden, Command::Select).extent, Extent::None(Refusal::Schema));
        assert_eq!(extent(&effective, "r", "no_grant", Command::Select), Extent::None(Refusal::Privilege));
        let access = effective.access("r", table(&schema, "by_column"), Command::Select);
        let pgwitness::analyzer::effective::Columns::Only(columns) = access.columns else { panic!("columns") };
        assert_eq!(columns.iter().map(|(c, _)| c.as_str()).collect::<Vec<_>>(), ["id"]);
    });
}

#[test]
fn s07_without_a_permissive_policy_nothing_passes() {
    let sql = "create role r; create table t (id int); insert into t values (1); grant all on t to r;
        alter table t enable row level security; create policy only_restrictive on t as restrictive using (true)";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "r", "select * from t", Ok(0));
        check(lab, "r", "insert into t values (2)", REFUSED);
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        for command in Command::ALL {
            assert_eq!(extent(&effective, "r", "t", command), Extent::None(Refusal::NoPermissive));
        }
    });
}

#[test]
fn s08_permissive_or_restrictive_and() {
    let sql = "create role r; create table t (id int); insert into t select generate_series(1, 6); grant all on t to r;
        alter table t enable row level security;
        create policy a on t for select using (id <= 2); create policy b on t for all using (id >= 5);
        create policy floor on t as restrictive for select using (id <> 6)";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "r", "select * from t", Ok(3));
        check(lab, "r", "delete from t", Ok(2));
        let schema = lab.schema();
        let access =
            Effective::new(&schema, None).access("r", table(&schema, "t"), Command::Select).condition().unwrap();
        assert_eq!(lab.value(&format!("select count(*) from t where {access}")).as_deref(), Some("3"));
    });
}

#[test]
fn s09_null_denies() {
    let sql = "create role r; create table t (owner text); insert into t values (null), ('me'); grant all on t to r;
        alter table t enable row level security; create policy p on t using (owner = 'me')";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "r", "select * from t", Ok(1));
        check(lab, "r", "insert into t values (null)", REFUSED);
        check(lab, "r", "insert into t values ('me')", Ok(1));
    });
}

#[test]
fn s10_using_serves_for_the_new_row_too() {
    let sql = "create role r; create table t (id int, owner text); insert into t values (1, 'me'); grant all on t to r;
        alter table t enable row level security; create policy p on t using (owner = 'me');
        create table u (id int, owner text); insert into u values (1, 'me'); grant all on u to r;
        alter table u enable row level security;
        create policy s on u for select using (true); create policy w on u for update using (owner = 'me')";
    on_all(Platform::Postgres, sql, |lab| {
        for t in ["t", "u"] {
            check(lab, "r", &format!("update {t} set owner = 'you'"), REFUSED);
            check(lab, "r", &format!("update {t} set id = 2"), Ok(1));
        }
        check(lab, "r", "insert into t values (2, 'you')", REFUSED);
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        for t in ["t", "u"] {
            let access = effective.access("r", table(&schema, t), Command::Update);
            assert_eq!(access.new_row(), access.condition());
        }
        let insert = effective.access("r", table(&schema, "t"), Command::Insert);
        assert_eq!(insert.condition().as_deref(), Some("(owner = 'me'::text)"));
    });
}

#[test]
fn s11_only_statements_that_read_meet_the_select_policies() {
    let sql = "create role r; create table t (id int, owner text); insert into t values (1, 'me'), (2, 'you'); grant all on t to r;
        alter table t enable row level security;
        create policy s on t for select using (owner = 'me'); create policy d on t for delete using (true);
        create policy u on t for update using (true); create policy i on t for insert with check (true);
        create role w; create table v (id int); grant delete, update on v to w";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "r", "delete from t", Ok(2));
        check(lab, "r", "delete from t where id > 0", Ok(1));
        check(lab, "r", "update t set id = 9", Ok(2));
        check(lab, "r", "update t set id = id + 1", Ok(1));
        check(lab, "r", "insert into t values (3, 'you')", Ok(1));
        check(lab, "r", "insert into t values (3, 'you') returning id", REFUSED);
        check(lab, "w", "delete from v", Ok(0));
        check(lab, "w", "delete from v where id = 1", REFUSED);
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        assert_eq!(extent(&effective, "r", "t", Command::Delete), Extent::All);
        assert_eq!(extent(&effective, "r", "t", Command::Select), Extent::Rows);
    });
}

#[test]
fn s12_checks_are_or_ed_whatever_using_matched() {
    let sql = "create role r; create table t (id int, owner text, team text); insert into t values (1, 'me', 'a'); grant all on t to r;
        alter table t enable row level security;
        create policy owners on t for update using (owner = 'me') with check (owner = 'me');
        create policy members on t for update using (team = 'b') with check (team = 'b')";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "r", "update t set owner = 'you', team = 'b'", Ok(1));
        check(lab, "r", "update t set owner = 'you'", REFUSED);
        let schema = lab.schema();
        let access = Effective::new(&schema, None);
        let new = access.access("r", table(&schema, "t"), Command::Update).new_row().unwrap();
        assert_eq!(
            lab.value(&format!("select ({new}) from (values ('you', 'b')) t(owner, team)")).as_deref(),
            Some("t")
        );
    });
}

#[test]
fn s13_upsert_and_merge_apply_the_policies_of_each_action() {
    let sql =
        "create role r; create table t (id int primary key, owner text); insert into t values (1, 'you'), (2, 'me');
        grant all on t to r; alter table t enable row level security;
        create policy s on t for select using (true); create policy i on t for insert with check (true);
        create policy u on t for update using (owner = 'me')";
    on_all(Platform::Postgres, sql, |lab| {
        let upsert =
            |id| format!("insert into t values ({id}, 'me') on conflict (id) do update set owner = excluded.owner");
        check(lab, "r", &upsert(2), Ok(1));
        check(lab, "r", &upsert(1), REFUSED);
        if lab.major >= 15 {
            let merge = |id| {
                format!(
                    "merge into t using (values ({id})) v(id) on t.id = v.id when matched then update set owner = 'me'"
                )
            };
            check(lab, "r", &merge(2), Ok(1));
            check(lab, "r", &merge(1), REFUSED);
        }
    });
}

#[test]
fn s14_truncate_references_and_keys_ignore_row_security() {
    let sql = "create role r; create role keeper; create table t (id int primary key, name text unique);
        insert into t values (1, 'secret'); grant all on t to r; grant all on schema public to r;
        alter table t enable row level security;
        create table child (id int references t on delete cascade); insert into child values (1); alter table child owner to keeper;
        create table victim (id int primary key); insert into victim values (1);
        create table dependent (id int references victim on delete cascade); insert into dependent values (1);
        alter table dependent enable row level security; grant select, delete on victim to r; grant select on dependent to r;
        create policy p on t for insert with check (true)";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "r", "select * from t", Ok(0));
        check(lab, "r", "create table oracle (id int references t); insert into oracle values (1)", Ok(1));
        check(lab, "r", "create table oracle (id int references t); insert into oracle values (2)", Err("23503"));
        check(lab, "r", "insert into t values (2, 'secret')", Err("23505"));
        check(lab, "r", "delete from victim; reset role; select * from dependent", Ok(0));
        lab.execute("drop table child");
        check(lab, "r", "truncate t; reset role; select * from t", Ok(0));
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        assert!(effective.holds_on_relation("r", table(&schema, "t"), Privilege::Truncate).is_some());
        assert!(effective.holds_on_relation("r", table(&schema, "t"), Privilege::References).is_some());
    });
}

#[test]
fn s20_views_read_as_their_owner_hop_by_hop() {
    let sql = "create role owner1; create role bound; create role r;
        create table t (id int); insert into t values (1), (2); alter table t owner to owner1;
        alter table t enable row level security; create policy p on t using (id = 1);
        grant select on t to bound, r;
        create view exempt as select * from t; alter view exempt owner to owner1;
        create view of_bound as select * from t; alter view of_bound owner to bound;
        grant select on exempt, of_bound to r, bound";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "r", "select * from exempt", Ok(2));
        check(lab, "r", "select * from of_bound", Ok(1));
        if lab.major >= 15 {
            lab.execute(
                "create view invoker with (security_invoker) as select * from t;
                 create view over_exempt with (security_invoker) as select * from exempt;
                 create view definer_over_invoker as select * from invoker; alter view definer_over_invoker owner to owner1;
                 grant select on invoker, over_exempt, definer_over_invoker to r, owner1",
            );
            check(lab, "r", "select * from invoker", Ok(1));
            check(lab, "r", "select * from over_exempt", Ok(2));
            check(lab, "r", "select * from definer_over_invoker", Ok(1));
        }
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        let exempt = |view: &str| {
            let reads = effective.reads_through("r", table(&schema, view));
            assert_eq!(reads.len(), 1, "{view}");
            !reads[0].row_security.applies()
        };
        assert!(exempt("exempt") && !exempt("of_bound"));
        if lab.major >= 15 {
            assert!(exempt("over_exempt") && !exempt("invoker") && !exempt("definer_over_invoker"));
        }
    });
}

#[test]
fn s20_what_a_materialized_view_holds_was_read_by_its_owner() {
    let sql = "create role owner1; create role r; grant usage, create on schema public to owner1;
        create table t (id int); insert into t values (1), (2); alter table t owner to owner1;
        alter table t enable row level security; grant select on t to r;
        create view invoker with (security_invoker) as select * from t; grant select on invoker to r, owner1;
        create materialized view m as select * from invoker; alter materialized view m owner to owner1;
        create view both_ways with (security_invoker) as select id from invoker union all select id from m;
        refresh materialized view m; grant select on m, both_ways to r";
    for major in MAJORS.into_iter().filter(|major| *major >= 15) {
        let lab = Lab::new(major, Platform::Postgres, sql);
        check(&lab, "r", "select * from invoker", Ok(0));
        check(&lab, "r", "select * from m", Ok(2));
        check(&lab, "r", "select * from both_ways", Ok(2));
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        let readers = |view: &str| {
            let mut readers: Vec<_> =
                effective.reads_through("r", table(&schema, view)).iter().map(|read| read.reader).collect();
            readers.sort_unstable();
            readers
        };
        assert_eq!(readers("m"), ["owner1"]);
        assert_eq!(readers("both_ways"), ["owner1", "r"]);
    }
}

#[test]
fn s21_children_are_checked_by_their_own_row_security() {
    let sql = "create role r; create table p (id int, k int) partition by list (k); create table p1 partition of p for values in (1);
        insert into p values (1, 1); alter table p enable row level security; grant select on p, p1 to r;
        create materialized view m as select * from p; grant select on m to r";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "r", "select * from p", Ok(0));
        check(lab, "r", "select * from p1", Ok(1));
        check(lab, "r", "select * from m", Ok(1));
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        assert_eq!(extent(&effective, "r", "p1", Command::Select), Extent::All);
        assert_eq!(extent(&effective, "r", "m", Command::Select), Extent::All);
        assert_eq!(extent(&effective, "r", "p", Command::Select), Extent::None(Refusal::NoPermissive));
    });
}

#[test]
fn s24_pg_read_all_data_does_not_bypass_row_security() {
    let sql = "create role r in role pg_read_all_data; create schema closed; create table closed.t (id int); insert into closed.t values (1);
        create table t (id int); insert into t values (1); alter table t enable row level security";
    on_all(Platform::Postgres, sql, |lab| {
        check(lab, "r", "select * from closed.t", Ok(1));
        check(lab, "r", "select * from t", Ok(0));
        let schema = lab.schema();
        let effective = Effective::new(&schema, None);
        let holding = effective.holds_on_relation("r", table(&schema, "t"), Privilege::Select).unwrap();
        assert_eq!(holding.by, HeldBy::Predefined);
        assert_eq!(extent(&effective, "r", "t", Command::Select), Extent::None(Refusal::NoPermissive));
        let closed = schema.relation(&QualifiedName::new("closed", "t")).unwrap();
        assert_eq!(effective.access("r", closed, Command::Select).extent, Extent::All);
    });
}
