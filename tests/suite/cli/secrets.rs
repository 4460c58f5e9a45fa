//! Secrets that stand in URLs, in SQL, in configuration and in rules: no command shows them, in no format, on no stream and in
//! no file that it writes, whatever goes wrong.

use std::collections::BTreeMap;
use std::path::Path;

use super::{command, run};
use crate::writers::FORMATS;

/// Each in a place of its own, so that a leak tells where it comes from. Parts in the middle tell of cut ones.
const SECRETS: [(&str, &str); 9] = [
    ("role", "tR0ub4dor-Zx91qK"),
    ("dblink", "corr3ctHorse-77Vq"),
    ("url", "b4tteryStaple-Qm52"),
    ("service", "sk_live_51Nf8KqZp3XvT7wYb2LcRd9Ge"),
    ("function", "Kp7wXz2nQe9vLr4t-81"),
    ("seed", "w1nterM00se-Fg36Tz"),
    ("connection", "0penSesame-Lk48Pw"),
    ("configuration", "s3cretSauce-Dy27Nb"),
    ("environment", "m0onlight-Hj65Rc"),
];

fn secret(name: &str) -> &'static str {
    SECRETS.iter().find(|(known, _)| *known == name).unwrap().1
}

fn sql() -> String {
    format!(
        "create role worker login password '{role}';\n\
         create table public.hooks (id int primary key, url text default 'https://api:{url}@hooks.example.com/x');\n\
         grant select on public.hooks to anon;\n\
         select dblink_connect('host=db.example.com user=app password={dblink} dbname=app');\n\
         create function public.call() returns text language sql security definer as $$\n\
           select http_get('https://x.example.com', 'Authorization: Bearer {service}') $$;\n\
         create function public.sign() returns text language plpgsql as $$\n\
           declare secret_key text := '{function}'; begin return secret_key; end $$;\n\
         insert into public.hooks values (1, 'postgres://app:{seed}@db.example.com/app');\n\
         -- pgwitness: ignore[owner-move] the password is password={dblink} host=db.example.com\n\
         alter role worker password '{role}' nonsense;\n",
        role = secret("role"),
        dblink = secret("dblink"),
        url = secret("url"),
        service = secret("service"),
        function = secret("function"),
        seed = secret("seed"),
    )
}

/// A project with secrets everywhere; an earlier state without the function stands beside it.
fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("supabase/migrations/1_a.sql", &sql());
    write("base/1_a.sql", &sql().replace("grant select on public.hooks to anon;\n", ""));
    let config = format!("[auth.hook.send_sms]\nsecrets = \"v1,whsec_{}\"\n", secret("configuration"));
    write("supabase/config.toml", &config);
    dir
}

/// Fails where a secret, or the middle of one, is in the text.
fn must_be_clean(what: &str, text: &str) {
    for (name, secret) in SECRETS {
        let middle = &secret[3..secret.len() - 3];
        assert!(!text.contains(secret) && !text.contains(middle), "{what} shows the secret of {name}:\n{text}");
    }
}

/// Runs a command and looks at all that it leaves behind.
fn looked_at(dir: &Path, arguments: &[&str], environment: &BTreeMap<&str, String>) -> Option<i32> {
    let known: Vec<_> = files(dir);
    let mut command = command(dir, arguments);
    // With more talk and with backtraces there must not be more to see.
    let outcome = run(command.env("RUST_BACKTRACE", "1").env("RUST_LOG", "trace").envs(environment));
    must_be_clean(&format!("stdout of {arguments:?}"), &outcome.stdout);
    must_be_clean(&format!("stderr of {arguments:?}"), &outcome.stderr);
    for file in files(dir).into_iter().filter(|file| !known.contains(file)) {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        must_be_clean(&format!("{} of {arguments:?}", file.display()), &text);
        std::fs::remove_file(file).unwrap();
    }
    assert!(!outcome.stderr.contains("panicked") && outcome.code != Some(101), "{arguments:?}: {outcome:?}");
    outcome.code
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => all.extend(files(&entry.path())),
            false => all.push(entry.path()),
        }
    }
    all
}

#[test]
fn files_are_read_and_nothing_of_them_leaks() {
    let dir = project();
    let none = BTreeMap::new();
    for format in FORMATS {
        let code = looked_at(dir.path(), &["check", "--verbose", "--format", format], &none);
        assert!(matches!(code, Some(1 | 3)), "{format}: {code:?}");
    }
    for arguments in [
        vec!["check", "--base", "./base", "--verbose"],
        vec!["check", "--base", "./base", "--format", "markdown"],
        vec![
            "check",
            "--write-baseline",
            "baseline.json",
            "--output",
            "html=report.html",
            "--output",
            "csv=report.csv",
        ],
        vec!["diff", "./base", "supabase/migrations", "--format", "json"],
        vec!["init"],
        vec!["check", "supabase/migrations/1_a.sql", "--rules", "supabase/config.toml"],
        vec!["check", "--config", "supabase/migrations/1_a.sql"],
        vec!["explain", "0123456789abcdef", "--report", "supabase/migrations/1_a.sql"],
        vec!["check", "--baseline", "supabase/migrations/1_a.sql"],
        vec!["report", "--from", "supabase/migrations/1_a.sql", "--framework", "soc2"],
        vec!["audit", "--snapshot", "supabase/migrations/1_a.sql"],
    ] {
        looked_at(dir.path(), &arguments, &none);
    }
}

#[test]
fn servers_run_them_and_nothing_of_it_leaks() {
    let dir = project();
    let none = BTreeMap::new();
    for arguments in [
        vec!["audit", "supabase/migrations", "--verbose"],
        vec!["audit", "supabase/migrations", "--strict"],
        vec!["audit", "supabase/migrations", "--format", "json", "--output", "oscal=o.json"],
        vec!["test", "supabase/migrations", "--log-sql", "trials.sql", "--emit", "pgtap", "tests"],
        vec!["matrix", "supabase/migrations", "--verbose"],
        vec!["snapshot", "supabase/migrations", "-o", "model.json"],
        vec!["init", "supabase/migrations", "--tests", "--force"],
        vec!["report", "supabase/migrations", "--framework", "all", "--format", "markdown"],
    ] {
        let code = looked_at(dir.path(), &arguments, &none);
        assert_ne!(code, Some(4), "{arguments:?}");
    }
}

#[test]
fn connections_fail_and_their_passwords_stay_hidden() {
    let dir = tempfile::tempdir().unwrap();
    let password = secret("connection");
    let url = format!("postgres://app:{password}@127.0.0.1:1/app");
    let pairs = format!("host=127.0.0.1 port=1 user=app password='{password}' dbname=app");
    let broken = format!("postgres://app:{password}@127.0.0.1:port/app?sslmode=wrong");
    for source in [&url, &pairs, &broken] {
        for arguments in [
            vec!["audit", "--db-url", source],
            vec!["audit", "--verbose", "--db-url", source, "--format", "json"],
            vec!["matrix", "--db-url", source],
            vec!["snapshot", "--db-url", source],
            vec!["diff", source, source],
            vec!["check", "--base", source],
            vec!["check", source],
            vec!["audit", source],
            vec!["check", ".", "--shadow", "--shadow-url", source],
            vec!["audit", "--db-ulr", source],
        ] {
            looked_at(dir.path(), &arguments, &BTreeMap::new());
        }
    }
    let environment = BTreeMap::from([
        ("PGPASSWORD", secret("environment").to_owned()),
        ("DATABASE_URL", format!("postgres://app:{password}@127.0.0.1:1/app")),
    ]);
    assert_eq!(looked_at(dir.path(), &["audit", "--verbose"], &environment), Some(3));
    let config = |text: &str| std::fs::write(dir.path().join("pgwitness.toml"), text).unwrap();
    let password = secret("configuration");
    for text in [
        format!("[database]\nurl = 'postgres://app:{password}@127.0.0.1:1/app'\n"),
        format!("[database]\nurl = 'host=127.0.0.1 port=1 user=app password={password}'\n"),
        format!("database = 'postgres://app:{password}@127.0.0.1:1/app'\n"),
        format!("[database]\nurl = ['postgres://app:{password}@127.0.0.1:1/app']\n"),
        format!("[database]\nmigrations = 'postgres://app:{password}@127.0.0.1:1/app'\n"),
        format!("[audit]\nfail_on = 'postgres://app:{password}@127.0.0.1:1/app'\n"),
        format!("[[ignore]]\ncheck = 'password={password}'\nobject = '*'\n"),
        format!("[database\nurl = 'postgres://app:{password}@127.0.0.1:1/app'\n"),
    ] {
        config(&text);
        looked_at(dir.path(), &["audit", "--verbose"], &BTreeMap::new());
        looked_at(dir.path(), &["check", "."], &BTreeMap::new());
    }
}
