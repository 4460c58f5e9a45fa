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

/// A fixture in which everything that a preset speaks of is there.
#[test]
fn presets_resolve() {
    for (preset, name, declared) in [
        ("supabase", "sound-saas", 0),
        ("strict", "sound-saas", 100),
        ("multi-tenant", "claims-tenancy", 20),
        ("postgrest", "social", 0),
    ] {
        let schema = fixture(name);
        let rules = format!("preset = ['supabase', '{preset}']\n");
        let intent = resolved(&rules, &schema).unwrap_or_else(|e| panic!("{preset}\n{e}"));
        assert!(intent.declarations.len() >= declared, "{preset}: {}", intent.declarations.len());
        assert!(intent.session.user.is_some());
    }
    // Of a database that knows none of the platform's functions, the rules of PostgREST hold as well.
    let rules =
        "preset = 'postgrest'\n[[rule]]\non = 'public.documents'\nrole = 'anon'\nselect = \"title = claim('org')\"\n";
    assert_eq!(resolved(rules, &schema(TEAMS)).unwrap().declarations.len(), 1);
}
