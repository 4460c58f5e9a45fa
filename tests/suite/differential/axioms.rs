//! What grounding takes for granted of types and functions, on random values of the server's.

use pgwitness::shadow::Platform;

use super::world;
use crate::support::{self, block_on};

/// An axiom, as a query that is true if it holds for its values.
const AXIOMS: [(&str, &str); 13] = [
    ("a uuid that is printed reads back", "select bool_and((u::text)::uuid = u) from (select gen_random_uuid() u from generate_series(1, 2000)) s"),
    ("uuids that print alike are equal", "select count(distinct u) = count(distinct u::text) from (select md5((n % 700)::text)::uuid u from generate_series(1, 2000) n) s"),
    ("a uuid is printed in one spelling", "select bool_and(upper(u::text)::uuid = u and u::text = lower(u::text)) from (select gen_random_uuid() u from generate_series(1, 500)) s"),
    ("int2 reads back", "select bool_and((i::text)::int2 = i) from (select (random() * 60000 - 30000)::int2 i from generate_series(1, 2000)) s"),
    ("int4 reads back", "select bool_and((i::text)::int4 = i) from (select (random() * 4e9 - 2e9)::int4 i from generate_series(1, 2000)) s"),
    ("int8 reads back", "select bool_and((i::text)::int8 = i) from (select (random() * 1e18 - 5e17)::int8 i from generate_series(1, 2000)) s"),
    ("integers that print alike are equal", "select count(distinct i) = count(distinct i::text) from (select (n % 300)::int8 - 150 i from generate_series(1, 2000) n) s"),
    ("a boolean reads back", "select bool_and((b::text)::boolean = b) from (values (true), (false)) s(b)"),
    ("an enum reads back, and prints its label", "select bool_and((e::text)::d.mood = e) and count(distinct e::text) = 3 from unnest(enum_range(null::d.mood)) e"),
    ("text is equal if its bytes are", "select bool_and((a = b) = (a::bytea = b::bytea)) from (select chr(65 + (n % 60)) a, chr(65 + (n / 60 % 60)) b from generate_series(0, 3599) n) s"),
    ("text, varchar and name compare alike", "select bool_and((a = b) = (a::varchar = b::varchar) and (a = b) = (a::name = b)) from (select md5((n % 9)::text) a, md5((n % 7)::text) b from generate_series(1, 500) n) s"),
    ("jsonb of the claims is what their json text says", "select bool_and((j::text)::jsonb = j) from (select jsonb_build_object('sub', gen_random_uuid(), 'n', n, 'a', jsonb_build_array(n, null, 'x')) j from generate_series(1, 300) n) s"),
    ("jsonb numbers that are equal may print otherwise, so that equality is not identity", "select '1.0'::jsonb = '1'::jsonb and '1.0'::jsonb::text <> '1'::jsonb::text"),
];

#[test]
fn axioms_hold_on_the_server() {
    for major in support::MAJORS {
        let database = support::database(major, Platform::Postgres, &world::schema());
        for (axiom, query) in AXIOMS {
            let holds: bool = block_on(database.client.query_one(query, &[])).unwrap_or_else(|e| panic!("{axiom}: {}", support::explain(&e))).get(0);
            assert!(holds, "{axiom} (PostgreSQL {major})");
        }
    }
}
