//! An audited database is not changed: not a row, not a catalog entry, not a transaction id.

use pgwitness::shadow::Platform;

use super::pgwitness;
use crate::support::{MAJORS, TestDatabase, block_on, connect, server};

/// Policies and views that a read runs code of, so that code which writes would be noticed.
const APP: &str = r#"
    create table public.notes (id int primary key, owner_id uuid, body text);
    insert into public.notes select n, null, 'x' from generate_series(1, 50) n;
    create table public.trail (at timestamptz);
    create function public.logged() returns boolean language plpgsql security definer as
        $$ begin insert into public.trail values (now()); return true; end $$;
    alter table public.notes enable row level security;
    create policy reads_and_writes on public.notes using (public.logged());
    create table public.leak as select * from public.notes;
    create view public.seen as select * from public.leak;
    create sequence public.counter;
"#;

/// All rows of all system catalogs and of the application's tables, each with the transaction that wrote it, and the
/// counters that move when anything is written.
fn state(db: &TestDatabase) -> (String, String) {
    let client = db.connect_as(db.server.superuser());
    let dump = "do $do$ declare t regclass; sum text; whole text := ''; begin
        for t in select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind = 'r' and n.nspname !~ '^(information_schema|pg_toast)' order by c.oid::regclass::text collate \"C\"
        loop
            execute format('select md5(string_agg(x.xmin::text || x::text, %L order by x::text collate %I)) from %s x', ',', 'C', t) into sum;
            whole := whole || t::text || ' ' || coalesce(sum, '-') || chr(10);
        end loop;
        whole := whole || (select concat('counter ', last_value, is_called) from public.counter);
        perform set_config('test.dump', whole, false);
    end $do$";
    let counters =
        "select concat_ws(' ', pg_snapshot_xmax(pg_current_snapshot()), tup_inserted, tup_updated, tup_deleted)
        from pg_stat_database where datname = current_database()";
    block_on(async {
        client.batch_execute(dump).await.unwrap();
        let dump = client.query_one("select current_setting('test.dump')", &[]).await.unwrap().get(0);
        let counters = client.query_one(counters, &[]).await.unwrap().get(0);
        (dump, counters)
    })
}

#[test]
fn nothing_is_written_to_an_audited_database() {
    for major in MAJORS {
        // Transaction ids are the cluster's: no other test may share it.
        let db = private(major);
        let before = state(&db);
        assert!(before.0.lines().count() > 60, "{}", before.0);
        for arguments in [vec!["audit", "--fail-on", "never"], vec!["matrix"], vec!["snapshot"]] {
            let url = db.server.conn_string_as(db.server.superuser(), &db.name);
            let mut all = arguments.clone();
            all.extend(["--db-url", url.as_str()]);
            pgwitness(&all).ends_with(0);
        }
        // Sessions report their counters when they end.
        std::thread::sleep(std::time::Duration::from_millis(300));
        let after = state(&db);
        assert_eq!(before.0, after.0, "PostgreSQL {major}: rows changed");
        assert_eq!(before.1, after.1, "PostgreSQL {major}: transaction id or row counters moved");
        db.execute("insert into public.trail values (now())");
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert_ne!(state(&db), after, "PostgreSQL {major}: the comparison would not notice a write");
    }
}

fn private(major: u32) -> TestDatabase {
    let server = std::sync::Arc::new(server(major, Platform::SUPABASE));
    let client = connect(&server, "postgres", "postgres");
    let db = TestDatabase { url: server.conn_string("postgres"), server, name: "postgres".to_owned(), client };
    db.execute(APP);
    db
}
