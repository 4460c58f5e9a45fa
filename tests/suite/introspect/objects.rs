//! Every field of what is no relation, and what all versions have in common.

use pgwitness::model::{
    ArgumentMode, FiresWhen, Function, FunctionKind, GrantObject, Grantee, Origin, Platform, Privilege, Schema,
    Setting, TypeKind, Volatility,
};

use super::{acl, on_every_major, rich};
use crate::support::MAJORS;

fn function<'a>(schema: &'a Schema, signature: &str) -> &'a Function {
    schema.functions.iter().find(|f| f.id.to_string() == signature).unwrap_or_else(|| panic!("no {signature}"))
}

#[test]
fn the_server_and_the_database_are_known() {
    on_every_major(|major, schema| {
        assert_eq!(schema.server.major(), major);
        assert!(schema.server.version.starts_with(&major.to_string()));
        assert_eq!((schema.server.current_user.as_str(), schema.server.encoding.as_str()), ("postgres", "UTF8"));
        assert_eq!(schema.server.platform, Platform::Postgres);
        assert_eq!((schema.database.name.as_str(), schema.database.owner.as_str()), ("rich", "postgres"));
        assert_eq!(
            acl(&schema.database.acl),
            "PUBLIC=TEMPORARY by postgres; app_owner=CREATE,TEMPORARY by postgres; \
             postgres=CREATE,CONNECT,TEMPORARY by postgres"
        );
        let setting = |name: &str| schema.server_settings.iter().find(|s| s.name == name).map(|s| s.value.as_str());
        assert_eq!(setting("row_security"), Some("on"));
        assert_eq!(setting("search_path"), Some("\"$user\", public"), "not the one that reading sets");
        assert_eq!(setting("createrole_self_grant").is_some(), major >= 16);
        assert_eq!(schema.gaps, [], "{major}");
    });
}

#[test]
fn roles_memberships_and_settings() {
    on_every_major(|major, schema| {
        let admin = schema.role("app_admin").unwrap();
        assert!(admin.create_role && admin.create_db && admin.replication && admin.bypass_rls);
        assert!(!admin.superuser && !admin.login && admin.inherit);
        assert_eq!((admin.connection_limit, admin.valid_until.as_deref()), (None, None));
        let login = schema.role("app_login").unwrap();
        assert_eq!((login.connection_limit, login.valid_until.as_deref()), (Some(3), Some("2030-01-02 01:04:05+00")));
        assert!(login.login && !schema.role("app_reader").unwrap().inherit);
        assert!(schema.role("postgres").unwrap().superuser && schema.role("pg_read_all_data").is_some());

        let of =
            |member: &str| schema.memberships.iter().find(|m| m.member == member && m.role == "app_reader").unwrap();
        assert!(of("app_admin").admin && of("app_admin").inherit && of("app_admin").set);
        assert!(!of("app_login").admin);
        assert_eq!(of("app_login").grantor, "postgres");
        assert_eq!(of("app_limp").inherit, major >= 16, "NOINHERIT came after the grant: it binds old servers only");
        assert!(of("app_limp").set);
        if major >= 16 {
            assert!(!of("app_fixed").inherit && !of("app_fixed").set);
        }

        let setting = |role: Option<&str>, this_database, name: &str, value: &str| Setting {
            role: role.map(str::to_owned),
            this_database,
            name: name.to_owned(),
            value: value.to_owned(),
            origin: Origin::Catalog,
        };
        assert_eq!(
            schema.settings,
            [
                setting(None, false, "lock_timeout", "7s"),
                setting(None, true, "app.api_key", "********"),
                setting(None, true, "pgrst.db_schemas", "app, public"),
                setting(Some("app_login"), false, "app.settings.jwt_secret", "********"),
                setting(Some("app_login"), false, "statement_timeout", "3s"),
                setting(Some("app_login"), true, "search_path", "app, public"),
            ]
        );
    });
}

#[test]
fn namespaces_default_privileges_and_languages() {
    on_every_major(|major, schema| {
        let names: Vec<&str> = schema.namespaces.iter().map(|n| n.name.as_str()).collect();
        assert_eq!(names, ["app", "ext", "information_schema", "pg_catalog", "public"], "{major}");
        let app = schema.namespace("app").unwrap();
        assert_eq!(app.owner, "app_owner");
        assert_eq!(acl(&app.acl), "app_owner=USAGE,CREATE by app_owner; app_reader=USAGE* by app_owner");
        assert_eq!(acl(&schema.namespace("ext").unwrap().acl), "postgres=USAGE,CREATE by postgres");

        let of = |object| schema.default_privileges.iter().find(|d| d.object == object).unwrap();
        let tables = of(GrantObject::Tables);
        assert_eq!((tables.role.as_str(), tables.schema.as_deref()), ("app_owner", Some("app")));
        assert_eq!(acl(&tables.acl), "app_reader=SELECT by app_owner");
        assert_eq!(of(GrantObject::Functions).schema, None);
        assert_eq!(acl(&of(GrantObject::Functions).acl), "app_owner=EXECUTE by app_owner");
        assert!(acl(&of(GrantObject::Sequences).acl).contains("app_reader=USAGE"));
        assert!(acl(&of(GrantObject::Types).acl).contains("PUBLIC=USAGE"));
        assert!(acl(&of(GrantObject::Schemas).acl).contains("app_reader=CREATE"));
        assert_eq!(schema.default_privileges.len(), if major >= 18 { 6 } else { 5 });

        let language = |name: &str| schema.languages.iter().find(|l| l.name == name).unwrap();
        assert!(language("plpgsql").trusted && !language("c").trusted);
        assert_eq!(acl(&language("plpgsql").acl), "postgres=USAGE by postgres");
        assert_eq!(acl(&language("sql").acl), "PUBLIC=USAGE by postgres; postgres=USAGE by postgres");
    });
}

#[test]
fn functions_and_procedures() {
    on_every_major(|major, schema| {
        let pick = function(schema, "app.pick(integer, text, integer[])");
        assert_eq!(
            (pick.kind, pick.owner.as_str(), pick.language.as_str()),
            (FunctionKind::Function, "postgres", "sql")
        );
        assert_eq!(acl(&pick.acl), "app_reader=EXECUTE by postgres; postgres=EXECUTE by postgres", "{major}");
        let parameters: Vec<_> = pick
            .parameters
            .iter()
            .map(|p| (p.name.as_deref(), p.mode, p.data_type.as_str(), p.default.as_deref()))
            .collect();
        assert_eq!(
            parameters,
            [
                (Some("a"), ArgumentMode::In, "integer", None),
                (Some("b"), ArgumentMode::In, "text", Some("'x'::text")),
                (Some("c"), ArgumentMode::Out, "integer", None),
                (Some("d"), ArgumentMode::Variadic, "integer[]", Some("'{}'::integer[]")),
            ]
        );
        assert_eq!((pick.returns.as_str(), pick.returns_set), ("integer", false));
        assert_eq!((pick.body.as_str(), pick.body_is_bound), ("select $1", false));
        assert!(pick.security_definer && pick.leakproof && pick.strict);
        assert_eq!(pick.search_path.as_deref(), Some("app, pg_temp"));
        assert_eq!(pick.settings, ["app.token=********", "work_mem=1MB"]);
        assert_eq!(pick.volatility, Volatility::Stable);

        let rows = function(schema, "app.rows(integer)");
        assert!(rows.returns_set && rows.body_is_bound && !rows.security_definer && !rows.strict);
        assert!(rows.body.starts_with("BEGIN ATOMIC") && rows.search_path.is_none() && rows.settings.is_empty());
        assert_eq!((rows.parameters[1].mode, rows.volatility), (ArgumentMode::Table, Volatility::Immutable));
        assert_eq!(acl(&rows.acl), "PUBLIC=EXECUTE by postgres; postgres=EXECUTE by postgres");
        let act = function(schema, "app.act(integer)");
        assert_eq!((act.kind, act.parameters[0].mode), (FunctionKind::Procedure, ArgumentMode::InOut));
        assert_eq!((act.returns.as_str(), function(schema, "app.quiet()").returns.as_str()), ("record", ""));
        assert_eq!(function(schema, "app.total(integer)").kind, FunctionKind::Aggregate);
        assert_eq!(function(schema, "app.touch()").returns, "trigger");
        assert!(!schema.functions.iter().any(|f| f.id.name.starts_with("span")), "constructors belong to their type");
        let akeys = function(schema, "ext.akeys(ext.hstore)");
        assert_eq!((akeys.extension.as_deref(), pick.extension.as_deref()), (Some("hstore"), None));
    });
}

#[test]
fn types_and_extensions() {
    on_every_major(|major, schema| {
        let of = |name: &str| {
            &schema.types.iter().find(|t| t.name.name == name).unwrap_or_else(|| panic!("{major} {name}")).kind
        };
        assert_eq!(*of("mood"), TypeKind::Enum(["sad", "meh", "ok", "happy"].map(str::to_owned).to_vec()));
        let checks = vec!["(length(VALUE) < 99)".to_owned(), "(VALUE ~~ '%@%'::text)".to_owned()];
        assert_eq!(*of("email"), TypeKind::Domain { base: "text".into(), not_null: true, checks });
        assert_eq!(
            (of("pair"), of("span"), of("span_multirange")),
            (&TypeKind::Composite, &TypeKind::Range, &TypeKind::Range)
        );
        assert_eq!(of("hstore"), &TypeKind::Base);
        assert_eq!(schema.types.len(), 7, "no row types, no array types");
        let mood = schema.types.iter().find(|t| t.name.name == "mood").unwrap();
        assert_eq!(acl(&mood.acl), "app_reader=USAGE by postgres; postgres=USAGE by postgres");
        let hstore = schema.extensions.iter().find(|e| e.name == "hstore").unwrap();
        assert_eq!(
            (hstore.schema.as_str(), hstore.owner.as_str(), hstore.version.as_str()),
            ("ext", "postgres", "1.7")
        );
        assert_eq!(hstore.available.as_deref(), Some("1.8"));
        let of_type = schema.types.iter().find(|t| t.name.name == "hstore").unwrap();
        assert_eq!(of_type.extension.as_deref(), Some("hstore"));
    });
}

#[test]
fn event_triggers_and_publications() {
    on_every_major(|major, schema| {
        let watch = &schema.event_triggers[0];
        assert_eq!(
            (watch.name.as_str(), watch.event.as_str(), watch.owner.as_str()),
            ("watch", "ddl_command_end", "postgres")
        );
        assert_eq!((watch.function.to_string().as_str(), watch.fires), ("app.noted()", FiresWhen::Replica));
        assert_eq!(watch.tags, ["CREATE TABLE", "DROP TABLE"]);
        let of = |name: &str| schema.publications.iter().find(|p| p.name == name).unwrap();
        assert!(of("everything").all_tables && !of("chosen").all_tables && of("everything").owner == "postgres");
        let listed: Vec<String> = of("chosen").relations.iter().map(|r| r.relation.to_string()).collect();
        assert_eq!(listed, ["app.person", "app.team"], "{major}");
        assert!(of("chosen").relations.iter().all(|r| r.columns.is_empty() && r.filter.is_none()));
        if major >= 15 {
            let filtered = &of("filtered").relations[0];
            assert_eq!(
                (filtered.columns.join(","), filtered.filter.as_deref()),
                ("id,name".to_owned(), Some("(id > 5)"))
            );
            assert_eq!(of("whole").schemas, ["ext"]);
        }
    });
}

#[test]
fn subscriptions_and_granted_parameters() {
    on_every_major(|major, schema| {
        let of = |name: &str| schema.subscriptions.iter().find(|s| s.name == name).unwrap();
        let feed = of("feed");
        assert_eq!((feed.owner.as_str(), feed.enabled, feed.password_required), ("postgres", false, true));
        assert_eq!(feed.publications, ["early", "later"]);
        assert_eq!(feed.run_as_owner, major < 16, "before 16 there was nobody else to write as");
        if major >= 16 {
            assert_eq!((of("lax").run_as_owner, of("lax").password_required), (true, false));
        }
        let granted: Vec<_> = schema.parameters.iter().map(|p| (p.name.as_str(), acl(&p.acl))).collect();
        let system = "postgres=SET,ALTER SYSTEM by postgres";
        let reader = format!("app_reader=SET by postgres; {system}");
        let admin = format!("app_admin=ALTER SYSTEM* by postgres; {system}");
        let expected: &[_] =
            &[("app.tenant", reader.clone()), ("session_replication_role", reader), ("work_mem", admin)];
        assert_eq!(granted, if major < 15 { &[] } else { expected }, "{major}");
    });
}

#[test]
fn foreign_servers_and_large_objects() {
    on_every_major(|major, schema| {
        let far = &schema.foreign_servers[0];
        assert_eq!((far.name.as_str(), far.wrapper.as_str(), far.owner.as_str()), ("far", "dummy", "postgres"));
        assert_eq!(far.options, ["host", "port"]);
        assert_eq!(acl(&far.acl), "app_reader=USAGE by postgres; postgres=USAGE by postgres");
        assert_eq!(
            acl(&schema.foreign_data_wrappers[0].acl),
            "app_reader=USAGE by postgres; postgres=USAGE by postgres"
        );
        let users: Vec<_> = schema.user_mappings.iter().map(|m| (m.server.as_str(), m.user.clone())).collect();
        assert_eq!(users, [("far", Grantee::Public), ("far", Grantee::Role("app_login".into()))], "{major}");
        let groups: Vec<_> = schema.large_objects.iter().map(|l| (acl(&l.acl), l.count)).collect();
        assert_eq!(
            groups,
            [
                ("app_reader=SELECT by postgres; postgres=SELECT,UPDATE by postgres".to_owned(), 1),
                ("postgres=SELECT,UPDATE by postgres".to_owned(), 2)
            ]
        );
    });
}

#[test]
fn secrets_stay_on_the_server_and_snapshots_lose_nothing() {
    on_every_major(|_, schema| {
        let json = serde_json::to_string(schema).unwrap();
        for secret in ["do not show", "secret.example", "never shown", "hidden", "sw0rdfish"] {
            assert!(!json.contains(secret), "{secret}");
        }
        assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), *schema);
    });
}

/// What the versions may differ in is taken away; the rest must be equal.
#[test]
fn every_version_gives_the_same_model() {
    let comparable = |major: u32| {
        let mut schema = rich(major).1.clone();
        schema.server = rich(14).1.server.clone();
        schema.server_settings.clear();
        schema.roles.retain(|r| r.name.starts_with("app") && r.name != "app_fixed");
        schema.memberships.retain(|m| m.role == "app_reader" && m.member == "app_admin");
        schema.namespaces.retain(|n| n.name != "public");
        schema.subscriptions.clear();
        schema.parameters.clear();
        schema.publications.retain(|p| ["chosen", "everything"].contains(&p.name.as_str()));
        schema.relations.retain(|r| !["v_invoker", "newer"].contains(&r.name.name.as_str()));
        schema.default_privileges.retain(|d| d.object != GrantObject::LargeObjects);
        schema.functions.retain(|f| f.extension.is_none());
        for relation in &mut schema.relations {
            relation.acl.0.iter_mut().for_each(|grant| grant.privileges.remove(Privilege::Maintain));
            relation.constraints.retain(|c| c.name != "other_key" && c.name != "pair_fk");
            relation.indexes.retain(|i| i.name != "other_key");
            // Since PostgreSQL 16 a view over one relation is printed without its name before each column.
            if let Some(view) = &mut relation.view {
                view.definition = view.definition.replace("team.", "").replace("SELECT t.id", "SELECT id");
            }
        }
        serde_json::to_string_pretty(&schema).unwrap()
    };
    let first = comparable(14);
    for major in MAJORS {
        let other = comparable(major);
        let differs = first.lines().zip(other.lines()).find(|(a, b)| a != b);
        assert!(first == other, "14 and {major} differ: {differs:?}");
    }
}
