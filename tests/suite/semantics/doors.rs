//! Other doors to the same rows: items 20 to 24.

use pgwitness::analyzer::effective::{Effective, Extent, HeldBy, Refusal};
use pgwitness::model::{Command, Privilege, QualifiedName};
use pgwitness::shadow::Platform;

use super::{Lab, check, extent, on_all, table};
use crate::support::MAJORS;

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
