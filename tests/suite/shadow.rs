//! The throw-away server: it starts on every major, and nothing of it is left.

use crate::support::{self, MAJORS};
use pgwitness::shadow::Platform;

#[test]
fn starts_every_major() {
    for major in MAJORS {
        let database = support::database(major, Platform::Postgres, "create table t (a int)");
        let row = support::block_on(database.client.query_one("show server_version_num", &[])).unwrap();
        let number: u32 = row.get::<_, String>(0).parse().unwrap();
        assert_eq!(number / 10_000, major);
    }
}

#[test]
fn makes_the_supabase_platform_on_every_major() {
    for major in MAJORS {
        let database =
            support::database(major, Platform::SUPABASE, "create table public.notes (id uuid, owner_id uuid)");
        let sql = "select rolsuper, rolbypassrls, rolcreaterole,
                          has_table_privilege('anon', 'public.notes', 'select'),
                          has_table_privilege('anon', 'auth.users', 'select'),
                          pg_has_role('authenticator', 'service_role', 'member'),
                          (select relrowsecurity from pg_class where oid = 'storage.objects'::regclass),
                          (select relowner::regrole::text from pg_class where oid = 'auth.users'::regclass)
                   from pg_roles where rolname = current_user";
        let row = support::block_on(database.client.query_one(sql, &[])).unwrap();
        let flags: Vec<bool> = (0..7).map(|at| row.get(at)).collect();
        assert_eq!(flags, [false, true, true, true, false, true, true], "major {major}");
        assert_eq!(row.get::<_, String>(7), "supabase_auth_admin");
        database.execute(
            "select set_config('request.jwt.claims', '{\"sub\":\"00000000-0000-4000-8000-000000000001\"}', false)",
        );
        let row = support::block_on(database.client.query_one("select auth.uid()::text, auth.role()", &[])).unwrap();
        assert_eq!(row.get::<_, &str>(0), "00000000-0000-4000-8000-000000000001");
        assert_eq!(row.get::<_, Option<&str>>(1), None);
    }
}
