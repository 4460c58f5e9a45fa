use super::*;
use crate::finding::Severity;

/// A key that no scanner of repositories takes for a real one: it is put together here.
fn key() -> String {
    ["sb", "_secret_", "h7Kq2ZxW9vRt4LmN8pYc3B_Jf6TgUd1"].concat()
}

/// A token with these claims.
fn token(claims: &str) -> String {
    let encode = |text: &str| {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        text.as_bytes().chunks(3).fold(String::new(), |mut out, chunk| {
            let bits = chunk.iter().fold(0_u32, |b, c| (b << 8) | u32::from(*c)) << (8 * (3 - chunk.len()));
            out.extend((0..=chunk.len()).map(|n| char::from(LETTERS[(bits >> (18 - 6 * n)) as usize & 63])));
            out
        })
    };
    format!(
        "{}.{}.{}",
        encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"),
        encode(claims),
        "kX9_Qw3rTz7YvB2nM5pLs8dFg1hJ4cKe"
    )
}

fn text(path: &str, text: &str) -> Text {
    Text { path: path.to_owned(), text: text.to_owned() }
}

fn findings(files: &Files) -> Vec<(String, Severity)> {
    let (all, _) = run_all(files);
    for secret in files.all().flat_map(|f| scan::scan(&f.text).into_iter().map(|s| s.text(&f.text).to_owned())) {
        let debug = format!("{all:?}");
        assert!(!debug.contains(&secret), "{secret} in {debug}");
    }
    all.into_iter().map(|f| (f.check, f.severity)).collect()
}

fn in_sql(sql: &str) -> Vec<Severity> {
    let files = Files { sql: vec![text("m/1_a.sql", sql)], ..Files::default() };
    findings(&files).into_iter().map(|(_, severity)| severity).collect()
}

#[test]
fn examples_fire_and_are_silent() {
    for check in FILE_CHECKS {
        let meta = check.meta();
        let run = |example: &str| {
            let files = match meta.id {
                "secret-in-sql" => Files { sql: vec![text("a.sql", example)], ..Files::default() },
                "service-key-in-client" => Files { source: vec![text(".env.production", example)], ..Files::default() },
                _ => Files { config: Some(text("supabase/config.toml", example)), ..Files::default() },
            };
            run_all(&files).0
        };
        let bad = run(meta.bad);
        assert!(bad.iter().any(|f| f.check == meta.id && f.severity == meta.severity), "{}: {bad:?}", meta.id);
        assert!(bad.iter().all(|f| f.locations.len() == 1 && f.locations[0].span.line > 1), "{bad:?}");
        assert_eq!(run(meta.good), [], "{}", meta.id);
    }
}

#[test]
fn secrets_that_are_found() {
    use Severity::{Critical, High, Low, Medium};
    let service = token("{\"iss\":\"supabase\",\"ref\":\"abcd\",\"role\":\"service_role\"}");
    let local = token("{\"iss\":\"supabase-demo\",\"role\":\"service_role\"}");
    let other = token("{\"iss\":\"https://x.example\",\"sub\":\"1\"}");
    let random = "q8Zr4Tn7Vw2Xy6Bk9Md3";
    for (sql, expected) in [
        (format!("headers := '{{\"Authorization\": \"Bearer {service}\"}}'"), Critical),
        (format!("create function f() as $$ select '{service}' $$;"), Critical),
        (format!("-- {service}"), Critical),
        (format!("x '{local}'"), Low),
        (format!("x '{other}'"), Medium),
        (format!("select '{}'", key()), Critical),
        (format!("select 'sk_{}_51H8xYzQbWdTfRhKj'", "live"), High),
        (format!("select 'sk_{}_51H8xYzQbWdTfRhKj'", "test"), Medium),
        ("select dblink('postgres://app:t0pS3cretPw@db.abcd.supabase.co:5432/x')".into(), Critical),
        ("select 'redis://:t0pPw99x@cache.example.com'".into(), High),
        ("create role app login password 'Hq7!kd92'".into(), Critical),
        ("create user mapping for x server s options (user 'app', password 'Hq7!kd92')".into(), Critical),
        ("create user mapping for x server s options (password 'Hq7!kd92')".into(), Critical),
        ("select dblink_connect('host=db.abcd.supabase.co dbname=x user=app password=t0pS3cretPw')".into(), Critical),
        ("create subscription s connection 'user=app password=t0pS3cretPw port=5432' publication p".into(), Critical),
        ("select dblink('host=localhost password=t0pS3cretPw', 'select 1')".into(), Low),
        (format!("select net.http_get(url := 'x', headers := '{{\"Authorization\": \"Bearer {random}\"}}')"), High),
        (
            format!(
                "execute function supabase_functions.http_request('https://x', 'POST', '{{\"X-Api-Key\":\"{random}\"}}', '{{}}', '1000')"
            ),
            High,
        ),
        (
            "select cron.schedule('x', '* * * * *', $$ select http_get('x', 'Basic YXBwOnQwcFMzY3JldFB3') $$)".into(),
            High,
        ),
        (format!("comment on table t is 'key: {}'", key()), Critical),
        (format!("select vault.create_secret('{random}', 'x')"), High),
        (format!("alter database postgres set \"app.settings.jwt_secret\" to '{random}'"), High),
        (format!("insert into settings (api_key) values ('{random}')"), High),
        (format!("-----BEGIN RSA PRIVATE KEY-----\n{random}{random}{random}\n-----END RSA PRIVATE KEY-----"), High),
        ("super-secret-jwt-token-with-at-least-32-characters-long".into(), Low),
    ] {
        assert_eq!(in_sql(&sql), [expected], "{sql}");
    }
}

#[test]
fn values_that_are_no_secrets() {
    let anon = token("{\"iss\":\"supabase\",\"role\":\"anon\"}");
    for sql in [
        &format!("select '{anon}'") as &str,
        "select 'sb_publishable_h7Kq2ZxW9vRt4LmN8pYc3B_Jf6TgUd1'",
        "select 'sb_secret_your-key-goes-here-please-1234'",
        "select 'postgresql://postgres:postgres@localhost:5432/postgres'",
        "select 'postgres://user:password@host/db', 'postgres://u:[YOUR-PASSWORD]@h/d', 'https://a.b/c@d:e'",
        "create role app password 'postgres'; create role b password null; comment on column t.password is 'the hash of it';",
        "insert into auth.users (encrypted_password) values ('$2a$10$abcdefghijklmnopqrstuv1234567890ABCDEFGHIJKLMNOPQRSTU')",
        "insert into keys (secret_id) values ('6f1c1f0e-5b0a-4c3e-9d2b-7a8e9f0c1d2e')",
        "select current_setting('app.settings.service_role_key', true)",
        "select decrypted_secret from vault.decrypted_secrets where name = 'stripe_secret_key_v2_production'",
        "create policy \"users manage own api_key 2\" on t; select api_key, 'some words here and there 42'",
        "select 'sk_live_xxxxxxxxxxxxxxxxxxxxxxxx1', 'task-management-2024-roadmap', 're_order_items_by_position_2024_01'",
        "secret_token text default encode(gen_random_bytes(32), 'hex')",
        "values ('sub_apikey_x', 'cus_1', 'ok', 'prod_Lq8Zr4Tn7Vw2Xy6B')",
        "await page.getByPlaceholder('Enter your password').fill('wrongpassword')",
        "headers := jsonb_build_object('Authorization', 'Bearer ' || current_setting('app.key', true), 'x', 'basic auth')",
        "headers := '{\"Authorization\": \"Bearer YOUR_SERVICE_ROLE_KEY\"}', '{\"Authorization\": \"Basic dXNlcjpwYXNzd29yZA==\"}'",
        "select dblink('host=db password=postgres', ''); -- https://x.example/login?user=a&password=b1C2d3E4f5",
        "select 'host=%s password=%s', 'password=' || p, 'user=x password=<password>'",
        "-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----",
        "",
    ] {
        assert_eq!(in_sql(sql), [], "{sql}");
    }
}

#[test]
fn settings_of_the_sign_in() {
    use Severity::{High, Low, Medium};
    let check = |toml: &str| findings(&Files { config: Some(text("supabase/config.toml", toml)), ..Files::default() });
    for (toml, expected) in [
        ("[auth]\nenable_anonymous_sign_ins = true", vec![Medium]),
        ("[auth.email]\nenable_confirmations = false", vec![Low]),
        ("[auth.email]\nenable_signup = false\nenable_confirmations = false", vec![]),
        ("[auth]\nenabled = false\nminimum_password_length = 1", vec![]),
        ("[remotes.prod.auth]\nminimum_password_length = 6", vec![Low]),
        (
            "[auth]\njwt_expiry = 604800\nadditional_redirect_urls = ['http://localhost/**', 'https://*/**']",
            vec![High, Medium],
        ),
        ("[auth.mfa.totp]\nenroll_enabled = false\nverify_enabled = false", vec![Severity::Info]),
        ("[auth.mfa.totp]\nenroll_enabled = false\n[auth.mfa.phone]\nenroll_enabled = true", vec![]),
        ("[auth.sms.test_otp]\n4152127777 = '123456'", vec![Medium]),
        ("[functions.stripe-webhook]\nverify_jwt = false", vec![Low]),
        ("[functions.x]\nenabled = false\nverify_jwt = false", vec![]),
        ("not toml = = ", vec![]),
        ("[auth]\nminimum_password_length = 99999999999999999999\njwt_expiry = 'x'", vec![]),
    ] {
        assert_eq!(check(toml).into_iter().map(|f| f.1).collect::<Vec<_>>(), expected, "{toml}");
    }
}

#[test]
fn keys_in_source() {
    use Severity::{Critical, High, Low};
    let service = token("{\"iss\":\"supabase\",\"role\":\"service_role\"}");
    let local = token("{\"iss\":\"supabase-demo\",\"role\":\"service_role\"}");
    let check = |path: &str, source: String| {
        findings(&Files { source: vec![text(path, &source)], ..Files::default() })
            .into_iter()
            .map(|f| f.1)
            .collect::<Vec<_>>()
    };
    assert_eq!(check("/a/.env", format!("NEXT_PUBLIC_KEY={service}\n")), [Critical]);
    assert_eq!(check("/a/.env", format!("SUPABASE_SERVICE_ROLE_KEY={service}\n")), []);
    assert_eq!(check("/a/.env", format!("VITE_KEY={local}\n")), [Low]);
    assert_eq!(check("/a/.env.example", "VITE_SERVICE_ROLE_KEY=your-key\nVITE_SECRET_KEY=\n".into()), []);
    assert_eq!(check("/a/src/App.tsx", format!("createClient(url, '{}')", key())), [Critical]);
    assert_eq!(check("/a/src/x.ts", format!("'use client'\nconst k = '{}'", key())), [Critical]);
    assert_eq!(check("/a/src/api/x.ts", format!("const k = '{}'", key())), [High]);
    assert_eq!(check("/a/src/x.ts", "process.env.NEXT_PUBLIC_SUPABASE_SERVICE_ROLE_KEY!".into()), [High]);
    assert_eq!(check("/a/src/x.ts", "process.env.SUPABASE_SERVICE_ROLE_KEY".into()), []);
    assert_eq!(check("/a/src/x.ts", "process.env.NEXT_PUBLIC_SUPABASE_ANON_KEY".into()), []);
}

#[test]
fn source_trees_leave_out_what_clients_never_load() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let file = dir.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    };
    write("src/a.ts", b"a");
    write(".env.local", b"b");
    write("node_modules/x/a.js", b"c");
    write(".git/a.js", b"c");
    write("bin.js", b"\0\x01");
    write("latin.js", b"\xe9");
    write("photo.png", b"x");
    std::os::unix::fs::symlink(dir.path(), dir.path().join("src/loop")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("src/b.ts")).unwrap();
    let tree = SourceTree::read(dir.path()).unwrap();
    let names: Vec<_> = tree.files.iter().map(|f| f.path.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, [".env.local", "a.ts"]);
    assert!(SourceTree::read(&dir.path().join("none")).is_err());
}

#[test]
fn hostile_texts_do_no_harm() {
    for sql in [
        "eyJ",
        "eyJ.eyJ.eyJ",
        "://",
        "a://:@",
        "'",
        "\"",
        "-----BEGIN ",
        "-----BEGIN  PRIVATE KEY-----",
        "é'é'é",
        "password '",
        "sb_secret_",
        "\u{202e}postgres://é:ü9xßßßßßß@é/é",
        "eyJé.é.é",
        "password=\u{0}",
    ] {
        let long = sql.repeat(2000);
        for sql in [sql, &long] {
            let files = Files { sql: vec![text("a.sql", sql)], ..Files::default() };
            let hidden = files.mask().hide(sql);
            assert_eq!(hidden.len(), sql.len());
            findings(&files);
        }
    }
}

#[test]
fn masks_keep_every_byte_in_place() {
    let sql = format!("select 'é', '{}';\nselect 1;", key());
    let mask = Files { sql: vec![text("a.sql", &sql)], ..Files::default() }.mask();
    let hidden = mask.hide(&sql);
    assert_eq!((hidden.len(), hidden.find("\nselect")), (sql.len(), sql.find("\nselect")));
    assert!(!hidden.contains("h7Kq2") && !format!("{mask:?}").contains("h7Kq2"));
}

/// Looks at the projects below the folder `PGWITNESS_PROJECTS` and prints what is found, for people to judge.
#[test]
#[ignore = "needs a folder of projects"]
fn projects_in_the_wild() {
    let Some(folder) = std::env::var_os("PGWITNESS_PROJECTS") else { return };
    for project in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let wanted = crate::migrations::layout::Wanted { seed: true, supabase: true, layout: None };
        let found = crate::migrations::layout::find(&project, wanted);
        let (sql, warnings, layout) = match found {
            Ok(p) => (p.files, p.warnings, format!("{:?}", p.layout)),
            Err(e) => (vec![], vec![], e.to_string()),
        };
        let sql: Vec<_> = sql.into_iter().map(|f| Text { path: f.path, text: f.text }).collect();
        println!("## {} {layout}: {} files", project.display(), sql.len());
        warnings.iter().for_each(|w| println!("   {:?} {}", w.kind, w.message));
        let config = crate::migrations::layout::config_file(&project)
            .map(|f| text(&f.display().to_string(), &std::fs::read_to_string(&f).unwrap()));
        let source = SourceTree::read(&project).unwrap().files;
        let files = Files { sql, config, source, ..Files::default() };
        let mask = files.mask();
        for f in run_all(&files).0 {
            let span = f.locations[0].span;
            let file = files.all().nth(span.file as usize).unwrap();
            let line = file.text.lines().nth(span.line as usize - 1).unwrap_or_default().trim();
            let line: String = mask.hide(line).chars().take(160).collect();
            println!("   {:8} {} {}:{} | {line}", f.severity.word(), f.title, file.path, span.line);
        }
    }
}
