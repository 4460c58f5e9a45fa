//! Whether row security applies, and what each command must pass: items 6 to 14.

use pgwitness::analyzer::effective::{Effective, Extent, Refusal};
use pgwitness::model::{Command, Privilege, QualifiedName};
use pgwitness::shadow::Platform;

use super::{REFUSED, check, extent, on_all, table};

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
        let pgwitness::analyzer::effective::Columns::Only(columns) = &access.columns else { panic!("columns") };
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
