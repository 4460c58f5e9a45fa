//! Every field of relations and their parts.

use pgwitness::model::{
    CheckOption, ConstraintKind, FiresWhen, ForeignKey, Generated, Grantee, Identity, PolicyCommand, QualifiedName,
    ReferentialAction, RelationKind, ReplicaIdentity, Schema, TriggerEvent, TriggerTiming,
};

use super::{acl, on_every_major, relation};

fn app(name: &str) -> QualifiedName {
    QualifiedName::new("app", name)
}

fn constraint<'a>(schema: &'a Schema, table: &str, name: &str) -> &'a pgwitness::model::Constraint {
    relation(schema, table).constraints.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn foreign_key<'a>(schema: &'a Schema, table: &str, name: &str) -> &'a ForeignKey {
    match &constraint(schema, table, name).kind {
        ConstraintKind::ForeignKey(key) => key,
        other => panic!("{other:?}"),
    }
}

#[test]
fn relations_have_their_kind_owner_grants_and_parents() {
    on_every_major(|major, schema| {
        for (name, kind) in [
            ("team", RelationKind::Table),
            ("event", RelationKind::PartitionedTable),
            ("v_plain", RelationKind::View),
            ("mat", RelationKind::MaterializedView),
            ("remote", RelationKind::ForeignTable),
            ("counter", RelationKind::Sequence),
        ] {
            assert_eq!(relation(schema, name).kind, kind, "{major} {name}");
        }
        let person = relation(schema, "person");
        assert_eq!((person.owner.as_str(), person.row_security, person.force_row_security), ("app_owner", true, true));
        let team = relation(schema, "team");
        assert_eq!((team.owner.as_str(), team.row_security, team.force_row_security), ("postgres", false, false));
        let maintain = if major >= 17 { ",MAINTAIN" } else { "" };
        assert_eq!(
            acl(&team.acl),
            format!(
                "app_reader=SELECT*,INSERT* by postgres; \
                 postgres=SELECT,INSERT,UPDATE,DELETE,REFERENCES,TRIGGER{maintain} by postgres"
            )
        );
        assert_eq!(
            acl(&relation(schema, "counter").acl),
            "app_reader=USAGE by postgres; postgres=SELECT,UPDATE,USAGE by postgres"
        );
        assert!(acl(&relation(schema, "scratch").acl).contains("TRUNCATE"), "a NULL ACL is the built-in default");
        assert_eq!(relation(schema, "child").parents, [app("left_parent"), app("right_parent")]);
        assert!(!relation(schema, "child").is_partition);
        let leaf = relation(schema, "event_2020_a");
        assert_eq!((leaf.is_partition, leaf.parents.as_slice()), (true, [app("event_2020")].as_slice()));
        assert_eq!(relation(schema, "event_2020").parents, [app("event")]);
        assert!(relation(schema, "scratch").unlogged && relation(schema, "scratch").columns.is_empty());
        assert!(!team.unlogged);
        assert_eq!(team.replica_identity, ReplicaIdentity::Full);
        assert_eq!(person.replica_identity, ReplicaIdentity::Default);
        assert_eq!(relation(schema, "remote").foreign_server.as_deref(), Some("far"));
        let owned = |name: &str| relation(schema, name).sequence.as_ref().unwrap().owned_by.clone();
        assert_eq!(owned("kept"), Some((app("team"), "id".to_owned())));
        assert_eq!(owned("person_id_seq"), Some((app("person"), "id".to_owned())));
        assert_eq!(owned("counter"), None);
    });
}

#[test]
fn columns_have_type_default_collation_and_grants() {
    on_every_major(|major, schema| {
        let person = relation(schema, "person");
        let names: Vec<&str> = person.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(
            names,
            ["id", "nick", "mail", "team_id", "lead_id", "feeling", "born", "age_days", "other"],
            "{major}"
        );
        let column = |name| person.column(name).unwrap();
        assert_eq!((column("id").data_type.as_str(), column("id").nullable), ("bigint", false));
        assert_eq!(
            (column("id").identity, column("other").identity),
            (Some(Identity::Always), Some(Identity::ByDefault))
        );
        assert_eq!((column("feeling").data_type.as_str(), column("feeling").nullable), ("app.mood", true));
        assert_eq!(column("feeling").default.as_deref(), Some("'ok'::app.mood"));
        assert_eq!(column("born").default.as_deref(), Some("'2000-01-02'::date"));
        assert!(column("mail").nullable, "a NOT NULL domain can hold NULL");
        assert_eq!(column("age_days").generated, Some(Generated::Stored));
        assert_eq!(column("age_days").default.as_deref(), Some("('2020-01-01'::date - born)"));
        assert_eq!((column("nick").collation.as_deref(), column("nick").deterministic), (Some("app.nocase"), false));
        assert_eq!((column("mail").collation.as_deref(), column("mail").deterministic), (None, true));
        assert_eq!(acl(&column("nick").acl), "app_reader=SELECT,UPDATE by app_owner");
        assert!(column("mail").acl.0.is_empty());
        let name = relation(schema, "team").column("name").unwrap();
        assert_eq!((name.data_type.as_str(), name.collation.as_deref()), ("character varying(40)", Some("\"C\"")));
        assert!(relation(schema, "remote").column("id").unwrap().nullable, "nobody checks a foreign table's rows");
        if major >= 18 {
            let newer = relation(schema, "newer");
            assert_eq!(newer.column("twice").unwrap().generated, Some(Generated::Virtual));
            assert_eq!(newer.column("twice").unwrap().default.as_deref(), Some("(id * 2)"));
            assert!(newer.column("soon").unwrap().nullable, "NOT VALID");
            assert!(!newer.column("sure").unwrap().nullable);
        }
    });
}

#[test]
fn constraints_say_what_is_enforced() {
    on_every_major(|major, schema| {
        let key = foreign_key(schema, "person", "team_fk");
        assert_eq!((&key.relation, key.columns.as_slice()), (&app("team"), ["id".to_owned()].as_slice()));
        assert_eq!((key.on_update, key.on_delete), (ReferentialAction::Cascade, ReferentialAction::SetNull));
        assert!(key.match_full && key.delete_set_columns.is_empty());
        let team_fk = constraint(schema, "person", "team_fk");
        assert!(team_fk.deferrable && team_fk.initially_deferred && team_fk.validated && team_fk.enforced);
        assert_eq!(team_fk.columns, ["team_id"]);
        let key = foreign_key(schema, "person", "lead_fk");
        assert_eq!((key.on_update, key.on_delete), (ReferentialAction::Restrict, ReferentialAction::SetDefault));
        assert!(!key.match_full && !constraint(schema, "person", "lead_fk").deferrable);
        assert_eq!(foreign_key(schema, "event", "event_team_id_fkey").on_delete, ReferentialAction::NoAction);
        assert_eq!(
            relation(schema, "refers").constraints.len(),
            1,
            "no second row for the partition of the referenced"
        );

        let sane = constraint(schema, "person", "sane");
        assert_eq!(sane.kind, ConstraintKind::Check("((team_id > 0) AND (born > '1900-01-01'::date))".into()));
        assert_eq!(
            (sane.columns.as_slice(), sane.validated),
            (["team_id".to_owned(), "born".to_owned()].as_slice(), true)
        );
        assert_eq!(sane.definition, "CHECK (((team_id > 0) AND (born > '1900-01-01'::date)))");
        let later = constraint(schema, "person", "later");
        assert!(!later.validated && later.enforced);
        assert_eq!(constraint(schema, "person", "person_pkey").kind, ConstraintKind::PrimaryKey);
        let unique = constraint(schema, "person", "nick_key");
        assert_eq!((&unique.kind, unique.columns.join(",")), (&ConstraintKind::Unique, "nick,team_id".to_owned()));
        assert_eq!(constraint(schema, "person", "apart").kind, ConstraintKind::Exclusion);
        assert_eq!(constraint(schema, "team", "t_check").kind, ConstraintKind::Trigger);
        assert!(!constraint(schema, "remote", "r_pos").enforced, "nobody checks a foreign table's rows");
        let not_null = |r: &pgwitness::model::Relation| r.constraints.iter().any(|c| c.name.contains("not_null"));
        assert!(!schema.relations.iter().any(not_null), "{major}");
        if major >= 15 {
            assert_eq!(foreign_key(schema, "person", "pair_fk").delete_set_columns, ["lead_id"]);
        }
        if major >= 18 {
            let loose = constraint(schema, "newer", "loose");
            assert!(!loose.enforced && !loose.validated);
            assert_eq!(loose.kind, ConstraintKind::Check("(id > 0)".into()));
            assert_eq!(relation(schema, "newer").constraints.len(), 1, "NOT NULL is the column's");
        }
    });
}

#[test]
fn indexes_have_keys_and_predicates() {
    on_every_major(|major, schema| {
        let person = relation(schema, "person");
        let index = |name: &str| person.indexes.iter().find(|i| i.name == name).unwrap();
        assert_eq!(index("person_expr").keys, ["lower(nick)", "born"], "{major}");
        assert_eq!(index("person_expr").predicate.as_deref(), Some("(team_id IS NOT NULL)"));
        assert!(!index("person_expr").unique && index("person_expr").valid);
        assert_eq!(index("person_expr").method, "btree");
        assert_eq!(index("person_mail").keys, ["mail"], "an INCLUDE column is no key");
        assert!(index("person_mail").unique && index("person_mail").predicate.is_none());
        assert!(!index("person_mail").nulls_not_distinct);
        if major >= 15 {
            assert!(index("other_key").nulls_not_distinct);
        }
    });
}

#[test]
fn policies_are_printed_with_qualified_names() {
    on_every_major(|major, schema| {
        let person = relation(schema, "person");
        let policy = |name: &str| person.policies.iter().find(|p| p.name == name).unwrap();
        let own = policy("own");
        assert_eq!((own.permissive, own.command), (true, PolicyCommand::Select), "{major}");
        assert_eq!(own.roles, [Grantee::Role("app_login".into()), Grantee::Role("app_reader".into())]);
        let using = own.using.as_deref().unwrap();
        assert!(using.contains("FROM app.team t") && using.contains("(t.id = person.team_id)"), "{using}");
        assert_eq!(own.check, None);
        let add = policy("add");
        assert_eq!((add.command, add.using.as_deref()), (PolicyCommand::Insert, None));
        assert_eq!(
            (add.check.as_deref(), add.roles.as_slice()),
            (Some("(born > '1990-01-01'::date)"), [Grantee::Public].as_slice())
        );
        let floor = policy("floor");
        assert_eq!((floor.permissive, floor.command), (false, PolicyCommand::All));
        let change = policy("change");
        assert_eq!(change.command, PolicyCommand::Update);
        assert_eq!((change.using.as_deref(), change.check.as_deref()), (Some("true"), Some("(lead_id = 1)")));
        assert_eq!(policy("remove").command, PolicyCommand::Delete);
        assert_eq!(relation(schema, "team").policies.len(), 1, "dormant policies too");
    });
}

#[test]
fn triggers_and_rules_say_when_they_fire() {
    on_every_major(|major, schema| {
        let trigger = |table: &str, name: &str| {
            relation(schema, table).triggers.iter().find(|t| t.name == name).unwrap_or_else(|| panic!("{major} {name}"))
        };
        let row = trigger("person", "t_row");
        assert_eq!((row.timing, row.for_each_row, row.fires), (TriggerTiming::Before, true, FiresWhen::Origin));
        assert_eq!(row.events, [TriggerEvent::Insert, TriggerEvent::Update]);
        assert_eq!(row.function.to_string(), "app.touch()");
        assert!(row.definition.ends_with("WHEN ((new.id > 0)) EXECUTE FUNCTION app.touch()"), "{}", row.definition);
        let statement = trigger("team", "t_stmt");
        assert_eq!((statement.timing, statement.for_each_row), (TriggerTiming::After, false));
        assert_eq!(statement.events, [TriggerEvent::Delete, TriggerEvent::Truncate]);
        assert_eq!(statement.fires, FiresWhen::Disabled);
        assert_eq!(trigger("team", "t_check").fires, FiresWhen::Always);
        assert_eq!(trigger("v_trig", "t_instead").timing, TriggerTiming::InsteadOf);
        assert_eq!(trigger("event_2020_a", "t_part").fires, FiresWhen::Origin, "partitions have their parent's");
        assert_eq!(relation(schema, "team").triggers.len(), 2, "none of the foreign keys' own");
        let rule = &relation(schema, "left_parent").rules[0];
        assert_eq!((rule.name.as_str(), rule.fires), ("r_log", FiresWhen::Replica));
        assert!(rule.definition.starts_with("CREATE RULE r_log AS\n    ON INSERT TO app.left_parent"));
        assert!(relation(schema, "v_plain").rules.is_empty(), "a view's own rule is its query");
    });
}

#[test]
fn views_know_what_they_read_and_call() {
    on_every_major(|major, schema| {
        let view = |name| relation(schema, name).view.as_ref().unwrap();
        let calls = |name| view(name).calls.iter().map(ToString::to_string).collect::<Vec<_>>();
        let plain = view("v_plain");
        assert!(plain.definition.contains("app.pick(1, 'z'::text)"), "{major} {}", plain.definition);
        assert_eq!(plain.reads, [app("person"), app("team")]);
        assert_eq!(calls("v_plain"), ["app.pick(integer, text, integer[])"]);
        assert!(plain.security_barrier && !plain.security_invoker && plain.check_option.is_none());
        assert!(!plain.insertable && !plain.updatable && !plain.deletable);
        let auto = view("v_auto");
        assert!(auto.insertable && auto.updatable && auto.deletable && !auto.security_barrier);
        assert_eq!(
            (auto.check_option, view("v_over").check_option),
            (Some(CheckOption::Local), Some(CheckOption::Cascaded))
        );
        assert_eq!(view("v_over").reads, [app("team"), app("v_auto")]);
        assert_eq!(calls("v_over"), ["app.same(app.team, app.team)"], "an operator calls its function");
        let by_trigger = view("v_trig");
        assert!(by_trigger.deletable && !by_trigger.insertable && !by_trigger.updatable);
        assert_eq!(view("mat").reads, [app("v_plain")]);
        assert!(relation(schema, "team").view.is_none());
        if major >= 15 {
            assert!(view("v_invoker").security_invoker && !view("v_auto").security_invoker);
        }
    });
}
