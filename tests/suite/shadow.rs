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
