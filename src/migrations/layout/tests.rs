use super::*;

/// A project with these files, read from `start` below it.
fn found(files: &[(&str, &str)], start: &str, wanted: Wanted) -> Project {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = dir.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let path = if start.is_empty() { dir.path().to_path_buf() } else { dir.path().join(start) };
    let mut project = find(&path, wanted).unwrap_or_else(|e| panic!("{e}"));
    let prefix = format!("{}/", dir.path().canonicalize().unwrap().display());
    for file in &mut project.files {
        file.path = file.path.replace(&prefix, "").replace("/../", "/");
    }
    project
}

fn detected(files: &[(&str, &str)]) -> Project {
    found(files, "", Wanted::default())
}

fn names(project: &Project) -> Vec<&str> {
    project.files.iter().map(|f| read::base(&f.path)).collect()
}

fn runs(file: &MigrationFile) -> String {
    file.parts.iter().map(|part| file.text[part.clone()].trim()).collect::<Vec<_>>().join("|")
}

fn warned(project: &Project, kind: WarningKind) -> Vec<&str> {
    project.warnings.iter().filter(|w| w.kind == kind).map(|w| w.message.as_str()).collect()
}

const SEED: Wanted = Wanted { layout: None, seed: true, supabase: true };

#[test]
fn supabase_with_roles_and_seeds() {
    let files = [
        ("supabase/config.toml", "[db.seed]\nsql_paths = ['./seeds/*.sql', 'none.sql', 'seeds/a.sql']"),
        ("supabase/roles.sql", "create role a;"),
        ("supabase/migrations/20200101000000_init.sql", "old;"),
        ("supabase/migrations/20240102000000_b.sql", "b;"),
        ("supabase/migrations/20240101000000_a.sql", "\u{feff}a;\r\n"),
        ("supabase/migrations/20240101-uuid.sql", ""),
        ("supabase/migrations/20240102000000_c.sql", "c;"),
        ("supabase/migrations/.hidden.sql", "c;"),
        ("supabase/seeds/b.sql", "seed b"),
        ("supabase/seeds/a.sql", "seed a"),
        ("supabase/schemas/x.sql", "declared"),
    ];
    for start in ["", "supabase", "supabase/migrations"] {
        let project = found(&files, start, SEED);
        assert_eq!(project.layout, Layout::Supabase, "{start}");
        let expected = [
            "roles.sql",
            "20240101-uuid.sql",
            "20240101000000_a.sql",
            "20240102000000_b.sql",
            "20240102000000_c.sql",
            "a.sql",
            "b.sql",
        ];
        assert_eq!(names(&project), expected, "{start}");
        assert_eq!(project.files[2].parts.first(), Some(&(3..7)));
        assert_eq!(project.files[2].sql(), "\u{feff}a;\r\n");
        assert_eq!(project.files[3].version.as_deref(), Some("20240102000000"));
        assert_eq!((project.files[0].role, project.files[6].role), (FileRole::Roles, FileRole::Seed));
        assert_eq!(warned(&project, WarningKind::NeverApplied).len(), 2, "{:?}", project.warnings);
        assert_eq!(warned(&project, WarningKind::DuplicateVersion).len(), 1);
        assert_eq!(warned(&project, WarningKind::Missing), ["no file matches `none.sql` of config.toml"]);
        assert_eq!(warned(&project, WarningKind::Empty).len(), 1);
        assert_eq!(warned(&project, WarningKind::Encoding).len(), 2);
    }
    let none = [
        ("supabase/config.toml", "[db.seed]\nenabled = false"),
        ("supabase/seed.sql", "x"),
        ("supabase/migrations/1_a.sql", "a"),
    ];
    assert_eq!(names(&found(&none, "", SEED)), ["1_a.sql"]);
    let stray = [("dump.sql", "x"), ("supabase/migrations/1_a.sql", "a")];
    assert_eq!(names(&found(&stray, "", SEED)), ["1_a.sql"]);
}

#[test]
fn supabase_schemas_stand_in_for_missing_migrations() {
    let files = [
        ("supabase/config.toml", "[db.migrations]\nschema_paths = ['./schemas/z.sql', './schemas/**/*.sql']"),
        ("supabase/schemas/z.sql", "z"),
        ("supabase/schemas/deep/a.sql", "a"),
        ("supabase/schemas/b.sql", "b"),
    ];
    assert_eq!(names(&found(&files, "", Wanted { seed: false, ..SEED })), ["z.sql", "b.sql", "a.sql"]);
}

#[test]
fn flyway_sorts_versions_as_numbers_and_repeatable_ones_last() {
    let project = detected(&[
        ("db/migration/V10__ten.sql", "10"),
        ("db/migration/V2__two.sql", "2 ${schema}"),
        ("db/migration/deep/V1.2__x.sql", "1.2"),
        ("db/migration/V1_10__y.sql", "1.10"),
        ("db/migration/V1_10__y.sql.conf", "executeInTransaction = false"),
        ("db/migration/V2.0__again.sql", "2"),
        ("db/migration/U2__two.sql", "undo"),
        ("db/migration/R__views.sql", "views"),
        ("db/migration/R__a.sql", "a"),
        ("db/migration/V3_x.sql", "ignored"),
        ("db/migration/afterMigrate__b_c.sql", "grant"),
        ("db/migration/deep/afterMigrate.sql", "grant"),
        ("db/migration/beforeMigrate.SQL", "first"),
        ("db/migration/afterVersioned.sql", "after versions"),
        ("db/migration/beforeEachMigrate.sql", "each"),
        ("db/migration/afterClean.sql", "never in such a run"),
        ("db/migration/deep/R__a.sql", "twice"),
        ("db/migration/V5__large.SQL", "5"),
        ("db/migration/R.sql", "none"),
    ]);
    assert_eq!(project.layout, Layout::Flyway);
    let expected = [
        "beforeMigrate.SQL",
        "V1.2__x.sql",
        "V1_10__y.sql",
        "V2.0__again.sql",
        "V2__two.sql",
        "V5__large.SQL",
        "V10__ten.sql",
        "afterVersioned.sql",
        "R__a.sql",
        "R__a.sql",
        "R__views.sql",
        "afterMigrate.sql",
        "afterMigrate__b_c.sql",
    ];
    assert_eq!(names(&project), expected);
    assert!(!project.files[2].transaction && project.files[1].transaction);
    assert_eq!(warned(&project, WarningKind::DuplicateVersion).len(), 2);
    assert_eq!(warned(&project, WarningKind::NeverApplied).len(), 3);
    assert_eq!(warned(&project, WarningKind::NotRead).len(), 2);
    let baseline = detected(&[("V1__a.sql", ""), ("B2__b.sql", ""), ("V2__c.sql", ""), ("V3__d.sql", "")]);
    assert_eq!(names(&baseline), ["B2__b.sql", "V3__d.sql"]);
}

#[test]
fn prisma_runs_folders_by_name() {
    let project = detected(&[
        ("prisma/schema.prisma", ""),
        ("prisma/migrations/20_b/migration.sql", "b"),
        ("prisma/migrations/2_a/migration.sql", "a"),
        ("prisma/migrations/.0_hidden/migration.sql", "hidden"),
        ("prisma/migrations/3_c/other.sql", "c"),
        ("prisma/migrations/x.sql", "x"),
        ("prisma/migrations/migration_lock.toml", "provider = \"mysql\""),
    ]);
    assert_eq!(project.layout, Layout::Prisma);
    assert_eq!(
        project.files.iter().map(|f| f.version.as_deref().unwrap()).collect::<Vec<_>>(),
        [".0_hidden", "2_a", "20_b"]
    );
    assert_eq!(
        (warned(&project, WarningKind::NotRead).len(), warned(&project, WarningKind::NeverApplied).len()),
        (1, 3)
    );
}

#[test]
fn only_the_way_up_counts() {
    let dbmate = detected(&[
        ("db/migrations/2_b.sql", "-- migrate:up transaction:false\nup b;\n\n-- migrate:down\ndown b;\n"),
        ("db/migrations/1_a.sql", "-- note\n--  migrate:up\nup a;\n"),
        ("db/migrations/3_c.sql", "lost;\n-- migrate:down\ndown c;\n-- migrate:up\nup c;\n"),
        ("db/migrations/x.sql", "-- migrate:up\n"),
        ("db/migrations/4_d.sql", "none;"),
    ]);
    assert_eq!(dbmate.layout, Layout::Dbmate);
    assert_eq!(names(&dbmate), ["1_a.sql", "2_b.sql", "3_c.sql", "4_d.sql"]);
    let parts: Vec<_> = dbmate.files.iter().map(runs).collect();
    let options = "-- migrate:up transaction:false\nup b;";
    assert_eq!(parts, ["--  migrate:up\nup a;", options, "-- migrate:up\nup c;", ""]);
    assert_eq!(dbmate.files.iter().map(|f| f.transaction).collect::<Vec<_>>(), [true, false, true, true]);
    assert_eq!((warned(&dbmate, WarningKind::NeverApplied).len(), warned(&dbmate, WarningKind::NotRead).len()), (1, 3));
    let sql = dbmate.files[2].sql();
    assert_eq!((sql.len(), sql.lines().count()), (dbmate.files[2].text.len(), 5));

    let block = "-- +goose StatementBegin\nf $$;$$;\n-- +goose StatementEnd";
    let goose = detected(&[
        ("10_b.sql", "-- +goose NO TRANSACTION\n-- +goose up\nb;\n-- +goose Down\nx;\n"),
        ("00002_a.sql", &format!("-- +goose Up\n{block}\n")),
        ("3_go.go", "package migrations"),
        ("x.sql", "-- +goose Up\n"),
    ]);
    assert_eq!((goose.layout, names(&goose)), (Layout::Goose, vec!["00002_a.sql", "10_b.sql"]));
    assert_eq!(runs(&goose.files[0]), format!("-- +goose Up\n{block}"));
    assert_eq!((runs(&goose.files[1]).as_str(), goose.files[1].transaction), ("-- +goose up\nb;", false));
    assert_eq!(warned(&goose, WarningKind::NotRead), ["`3_go.go` is a migration in Go, which was not read"]);

    let node = detected(&[
        ("migrations/1700000000000_a.sql", "lost;\n-- Up Migration\na;\n\n-- Down Migration\nx;\n"),
        ("migrations/999_b.sql", "b;"),
        ("migrations/1800000000000_c.js", ""),
    ]);
    assert_eq!((node.layout, names(&node)), (Layout::NodePgMigrate, vec!["999_b.sql", "1700000000000_a.sql"]));
    assert_eq!((runs(&node.files[0]).as_str(), runs(&node.files[1]).as_str()), ("b;", "-- Up Migration\na;"));
    assert_eq!(warned(&node, WarningKind::NotRead).len(), 1);
}

#[test]
fn sqitch_follows_its_plan() {
    let project = detected(&[
        ("sqitch.conf", "[core]\n\tengine = pg\n\ttop_dir = .\n"),
        (
            "sqitch.plan",
            "%syntax-version=1.0.0\n%project=x\n\nb 2024-01-01T00:00:00Z A <a@b> # b\na [b] 2024-01-01T00:00:00Z A <a@b>\n\
             @v1 2024-01-01T00:00:00Z A <a@b>\nb [b@v1] 2024-01-01T00:00:00Z A <a@b>\nlost 2024-01-01T00:00:00Z A <a@b>\n",
        ),
        ("deploy/a.sql", "begin; a; commit;"),
        ("deploy/b.sql", "new b"),
        ("deploy/b@v1.sql", "old b"),
        ("deploy/unused.sql", "x"),
        ("revert/a.sql", "x"),
    ]);
    assert_eq!((project.layout, names(&project)), (Layout::Sqitch, vec!["b@v1.sql", "a.sql", "b.sql"]));
    assert_eq!(
        (warned(&project, WarningKind::NotRead).len(), warned(&project, WarningKind::NeverApplied).len()),
        (1, 1)
    );
}

#[test]
fn dumps_and_plain_folders() {
    let dump = "--\n-- PostgreSQL database dump\n--\n\\restrict x\ncreate table t (a int);\n\\unrestrict x\n\
                INSERT INTO \"schema_migrations\" (version) VALUES ('1');\n";
    let rails = detected(&[("db/structure.sql", dump), ("db/migrate/1_a.rb", "")]);
    assert_eq!((rails.layout, rails.files[0].parts.len()), (Layout::Dump, 3));
    assert!(!rails.files[0].sql().contains('\\') && rails.files[0].sql().contains("schema_migrations"));
    let pairs = detected(&[("1_a.up.sql", "a"), ("1_a.down.sql", "x"), ("2_b.down.sql", "kept"), ("é 'x.sql", "c")]);
    assert_eq!((pairs.layout, names(&pairs)), (Layout::Plain, vec!["1_a.up.sql", "2_b.down.sql", "é 'x.sql"]));
    let diesel = detected(&[("migrations/1_a/up.sql", "a"), ("migrations/1_a/down.sql", "x")]);
    assert_eq!(diesel.files.iter().map(runs).collect::<Vec<_>>(), ["a"]);
    let told = Wanted { layout: Some(Layout::Plain), ..Wanted::default() };
    let one = found(&[("a.sql", "-- migrate:up\na;\n-- migrate:down\nx;")], "a.sql", told);
    assert_eq!((one.layout, one.files[0].parts.len()), (Layout::Plain, 1));
    let guessed = found(&[("a.sql", "-- migrate:up\na;\n-- migrate:down\nx;")], "a.sql", Wanted::default());
    assert_eq!((guessed.layout, runs(&guessed.files[0]).as_str()), (Layout::Dbmate, "-- migrate:up\na;"));
    let mixed =
        detected(&[("1_a.sql", "-- migrate:up\n"), ("2_a.sql", "-- migrate:up\n"), ("3_a.sql", "-- +goose Up\n")]);
    assert_eq!((mixed.layout, warned(&mixed, WarningKind::MixedLayouts).len()), (Layout::Dbmate, 1));
}

#[test]
fn what_cannot_be_read_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let error = |name: &str| find(&at(name), Wanted::default()).unwrap_err().to_string();
    std::fs::create_dir_all(at("mono/apps/web/supabase/migrations")).unwrap();
    std::fs::write(at("mono/apps/web/supabase/migrations/1_a.sql"), "a").unwrap();
    let help = find(&at("mono"), Wanted::default()).unwrap_err().help().unwrap();
    assert!(error("mono").contains("holds no .sql file") && help.contains("apps/web/supabase/migrations"), "{help}");
    assert!(error("none").contains("cannot read `") && error("none").contains("No such file"));
    std::os::unix::fs::symlink("loop", at("loop")).unwrap();
    assert!(error("loop").contains("symbolic links"), "{}", error("loop"));
    std::fs::write(at("latin.sql"), b"ok\n\xe9").unwrap();
    assert!(error("latin.sql").contains("latin.sql:2`: not UTF-8 at byte 3"), "{}", error("latin.sql"));
    std::fs::write(at("nul.sql"), b"a\0").unwrap();
    assert!(error("nul.sql").contains("a NUL at byte 1"));
    std::fs::write(at("wide.sql"), b"\xff\xfea\0").unwrap();
    assert!(error("wide.sql").contains("UTF-16"));
    std::fs::create_dir_all(at("rails/db/migrate")).unwrap();
    assert!(error("rails").contains("Ruby"));
    assert!(find(Path::new("/dev/null"), Wanted::default()).unwrap_err().to_string().contains("neither"));
    std::fs::create_dir_all(at("dangling")).unwrap();
    std::fs::write(at("dangling/1_a.sql"), "a").unwrap();
    std::os::unix::fs::symlink("nowhere", at("dangling/2_b.sql")).unwrap();
    assert!(error("dangling").contains("dangling/2_b.sql`: No such file"), "{}", error("dangling"));
    std::fs::create_dir_all(at("prisma/migrations/1_a")).unwrap();
    std::fs::write(at("prisma/migrations/1_a/migration.sql"), "a").unwrap();
    std::os::unix::fs::symlink("1_a", at("prisma/migrations/2_b")).unwrap();
    let linked = find(&at("prisma"), Wanted::default()).unwrap();
    assert_eq!((linked.files.len(), warned(&linked, WarningKind::NeverApplied).len()), (1, 1), "{linked:?}");
    std::fs::create_dir_all(at("broken/supabase/migrations")).unwrap();
    std::fs::write(at("broken/supabase/migrations/1_a.sql"), "a").unwrap();
    std::fs::write(at("broken/supabase/config.toml"), "[auth]\n\nx =\n").unwrap();
    let gaps = find(&at("broken"), Wanted::default()).unwrap().gaps();
    assert!(gaps.len() == 1 && gaps[0].what.contains("config.toml: line 3 is no TOML"), "{gaps:?}");
    // A folder that leads back to itself is entered once.
    std::fs::create_dir_all(at("fly/deep")).unwrap();
    std::fs::write(at("fly/deep/V1__a.sql"), "a").unwrap();
    std::os::unix::fs::symlink(at("fly"), at("fly/deep/again")).unwrap();
    let wanted = Wanted { layout: Some(Layout::Flyway), ..Wanted::default() };
    assert_eq!(find(&at("fly"), wanted).unwrap().files.len(), 1);
}

#[test]
fn ten_thousand_files_are_read() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..10_000 {
        std::fs::write(dir.path().join(format!("{n:05}_x.sql")), "select 1;").unwrap();
    }
    let project = find(dir.path(), Wanted::default()).unwrap();
    assert_eq!((project.files.len(), project.warnings), (10_000, vec![]));
}

#[test]
fn what_lies_in_folders_within_is_not_passed_over() {
    let supabase = [
        ("supabase/config.toml", ""),
        ("supabase/migrations/1_a.sql", "a"),
        ("supabase/migrations/archive/0_b.sql", "b"),
        ("supabase/migrations/archive/deep/0_c.sql", "c"),
    ];
    let project = found(&supabase, "", SEED);
    let expected = ["the folder `archive` holds 2 SQL files that the Supabase CLI never applies"];
    assert_eq!((names(&project), warned(&project, WarningKind::NeverApplied)), (vec!["1_a.sql"], expected.to_vec()));
    let plain =
        [("sql/a.sql", "a"), ("sql/later/b.sql", "b"), ("sql/node_modules/c.sql", "c"), ("sql/x/a.down.sql", "")];
    let project = found(&plain, "sql", Wanted::default());
    let expected =
        ["the folder `later` holds one SQL file, not read: name what runs, folders and files in their order"];
    assert_eq!(warned(&project, WarningKind::NotRead), expected);
    assert_eq!(project.gaps().len(), 1);
    let dbmate = [("db/migrations/1_a.sql", "-- migrate:up\na"), ("db/migrations/old/0_b.sql", "-- migrate:up\nb")];
    assert_eq!(warned(&detected(&dbmate), WarningKind::NeverApplied).len(), 1);
    let diesel = [("migrations/1_a/up.sql", "a"), ("migrations/1_a/down.sql", "b")];
    assert_eq!(detected(&diesel).warnings, []);
}

#[test]
fn a_folder_without_a_file_for_its_tool_says_so() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.sql"), "a").unwrap();
    let wanted = |layout| Wanted { layout: Some(layout), ..Wanted::default() };
    for layout in [Layout::Flyway, Layout::Prisma, Layout::Goose, Layout::Dbmate] {
        let error = find(dir.path(), wanted(layout)).unwrap_err();
        let says = format!("holds no file that {} would run", layout.tool());
        assert!(error.to_string().ends_with(&says), "{error}");
        assert!(error.help().unwrap().starts_with("`a.sql` is never applied"), "{:?}", error.help());
    }
    let error = find(dir.path(), wanted(Layout::Sqitch)).unwrap_err();
    assert!(error.to_string().ends_with("sqitch.plan`"), "{error}");
}
