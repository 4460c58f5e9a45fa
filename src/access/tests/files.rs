//! The files that come with the program and the fixtures.

use super::*;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_rules_of_every_fixture_resolve() {
    for name in ["sound-saas", "leaky-saas", "claims-tenancy", "social", "storage", "team-roles"] {
        let rules = load(&[folder("migrations-fixtures").join(name).join("policies/access.toml")]);
        let rules = rules.unwrap_or_else(|e| panic!("{name}\n{}", lines(&e)));
        let schema = fixture(name);
        let intent = rules.resolve(&Effective::new(&schema, None));
        let intent = intent.unwrap_or_else(|e| panic!("{name}\n{}", lines(&e)));
        assert!(intent.declarations.len() >= 20, "{name}: {}", intent.declarations.len());
    }
}
