//! All writers over one report with hostile names: each format stays what it is, and all carry the same fingerprints.

mod browser;
mod schemas;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::support::program;

pub(crate) const FORMATS: [&str; 10] =
    ["human", "json", "sarif", "github", "gitlab", "junit", "markdown", "csv", "html", "oscal"];

/// What a hostile user might call a table.
const NAMES: [&str; 12] = [
    "esc\u{1b}[2J\u{9b}31m",
    "line\n::error file=x::owned",
    "::error title=a::b",
    "%0A::warning::c",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A1",
    "a|b*[x](javascript:alert(1))@everyone",
    "]]>--><!--&amp;'\"",
    "bidi\u{202e}gnp\u{2066}",
    "@SUM(1+1)",
    "##[error]d",
    "数数数数数数数数数数数数数数数数数数数数数",
];

/// What a hostile user might give as the reason of an ignore.
const REASON: &str = "\u{1b}[2J ::error::x ##[error]y %0A <script>alert(1)</script> |b* @everyone \u{202e}gnp `]]>-->";

/// A password that only a URL, SQL and a configuration hold.
const SECRET: &str = "hunter2<&\"'>Zq9";

fn sql() -> String {
    let mut sql = String::new();
    for name in NAMES {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        sql.push_str(&format!("create table public.{quoted} ({quoted} int, owner_id uuid);\n"));
        sql.push_str(&format!("create policy {quoted} on public.{quoted} to public using (true);\n"));
        sql.push_str(&format!("grant select, insert on public.{quoted} to anon;\n"));
    }
    // Two comments of which one hides what is found, and one nothing.
    for check in ["rls-off-exposed", "owner-move"] {
        sql.push_str(&format!("-- pgwitness: ignore[{check}] {REASON}\n"));
    }
    sql.push_str("create table public.accepted (id int);\ngrant select on public.accepted to anon;\n");
    let secret = SECRET.replace('\'', "''");
    sql.push_str(&format!("create user mapping for current_user server s options (user 'u', password '{secret}');\n"));
    sql.push_str(&format!("select dblink_connect('host=h user=u password=''{secret}'' dbname=d');\n"));
    sql
}

/// Every format of one run of `check` over the hostile file.
pub(crate) fn written() -> &'static BTreeMap<&'static str, String> {
    static WRITTEN: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a b::%0A,<i>");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("1_hostile.sql"), sql()).unwrap();
        let out = dir.path().join("out");
        std::fs::create_dir(&out).unwrap();
        let mut command = Command::new(program());
        command
            .args(["check", "a b::%0A,<i>", "--platform", "supabase", "--verbose"])
            .current_dir(dir.path())
            .env_clear();
        command.env("SOURCE_DATE_EPOCH", "1795693200");
        for format in FORMATS {
            command.arg("--output").arg(format!("{format}={}", out.join(format).display()));
        }
        let output = command.output().unwrap();
        let code = output.status.code();
        assert!(matches!(code, Some(1 | 3)), "{code:?}\n{}", String::from_utf8_lossy(&output.stderr));
        FORMATS.iter().map(|format| (*format, std::fs::read_to_string(out.join(format)).unwrap())).collect()
    });
    &WRITTEN
}

fn findings() -> Vec<Value> {
    let report: Value = serde_json::from_str(&written()["json"]).unwrap();
    report["findings"].as_array().unwrap().clone()
}

/// What was accepted, with its reason.
fn accepted() -> Vec<Value> {
    let report: Value = serde_json::from_str(&written()["json"]).unwrap();
    report["suppressed"].as_array().unwrap().clone()
}

fn fingerprints() -> BTreeSet<String> {
    let accepted = accepted();
    assert_eq!(accepted.len(), 1, "{accepted:?}");
    let all = findings().into_iter().chain(accepted.into_iter().map(|one| one["finding"].clone()));
    all.map(|f| f["fingerprint"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn all_formats_carry_the_same_findings() {
    let all = fingerprints();
    assert!(all.len() > 10, "{all:?}");
    for (format, text) in written() {
        let missing: Vec<_> = all.iter().filter(|f| !text.contains(f.as_str())).collect();
        assert!(missing.is_empty(), "{format} lacks {missing:?}");
    }
}

#[test]
fn nothing_that_a_terminal_obeys_is_in_any() {
    for (format, text) in written() {
        let hostile = |c: &char| {
            (c.is_control() && !matches!(c, '\n' | '\r'))
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let bad: Vec<_> = text.chars().filter(hostile).collect();
        assert!(bad.is_empty(), "{format} lets {bad:?} through");
    }
}

#[test]
fn no_secret_is_in_any() {
    let json = serde_json::to_string(SECRET).unwrap();
    let html = SECRET.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    for (format, text) in written() {
        for form in [SECRET, json.trim_matches('"'), &html, "hunter2", "Zq9"] {
            assert!(!text.contains(form), "{format} shows {form}");
        }
    }
}

#[test]
fn github_has_no_command_but_ours() {
    let text = &written()["github"];
    let commands: Vec<_> = text.lines().filter(|line| line.trim_start().starts_with("::")).collect();
    let report: Value = serde_json::from_str(&written()["json"]).unwrap();
    let gaps = report["coverage"]["gaps"].as_array().unwrap().iter().filter(|g| g["access_control"] == true).count();
    assert_eq!(commands.len(), findings().len() + gaps + accepted().len());
    for line in &commands {
        let (head, _) = line[2..].split_once("::").unwrap();
        let (name, properties) = head.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&name), "{line}");
        for property in properties.split(',') {
            let (key, value) = property.split_once('=').unwrap();
            assert!(["file", "line", "col", "title"].contains(&key) && !value.contains(':'), "{line}");
        }
    }
    assert!(!text.contains("##[") || commands.iter().all(|line| line.starts_with("::")), "{text}");
    assert!(text.lines().all(|line| line.starts_with("::") || !line.contains("##[")));
}

#[test]
fn csv_has_no_formula() {
    let rows = csv(&written()["csv"]);
    assert_eq!(rows.len(), findings().len() + accepted().len() + 1);
    for row in &rows {
        assert_eq!(row.len(), rows[0].len(), "{row:?}");
        assert!(row.iter().all(|cell| !cell.trim_start().starts_with(['=', '+', '-', '@'])), "{row:?}");
    }
}

/// The cells of comma-separated values, by the rules of RFC 4180.
pub(crate) fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => cell.extend(chars.next()),
            (true, '"') => quoted = false,
            (false, '"') => quoted = true,
            (false, ',') => row.push(std::mem::take(&mut cell)),
            (false, '\r') => {}
            (false, '\n') => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (_, c) => cell.push(c),
        }
    }
    assert!(!quoted && cell.is_empty() && row.is_empty(), "the last line has no end");
    rows
}

#[test]
fn html_has_one_script_and_fetches_nothing() {
    let text = &written()["html"];
    assert_eq!(text.matches("<script").count(), 1);
    assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    for attribute in [" src=", " onerror=", " onload=", "javascript:alert(1)\"", "@import", "url("] {
        assert!(!text.contains(attribute), "{attribute}");
    }
    assert_eq!(text.matches(" href=\"http").count(), 0);
}

#[test]
fn junit_counts_what_it_holds() {
    let text = &written()["junit"];
    let document = roxmltree::Document::parse(text).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let number = |node: roxmltree::Node<'_, '_>, name: &str| node.attribute(name).unwrap().parse::<usize>().unwrap();
    let inside =
        |node: roxmltree::Node<'_, '_>, name: &str| node.descendants().filter(|n| n.has_tag_name(name)).count();
    let suites = || root.children().filter(|n| n.is_element());
    assert_eq!(suites().map(|suite| number(suite, "failures")).sum::<usize>(), findings().len());
    for suite in suites() {
        assert_eq!(suite.tag_name().name(), "testsuite");
        for (attribute, tag) in
            [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
        {
            assert_eq!(number(suite, attribute), inside(suite, tag), "{attribute}");
        }
        for case in suite.children().filter(|n| n.has_tag_name("testcase")) {
            assert!(case.attribute("name").is_some() && case.attribute("classname").is_some());
        }
    }
}

#[test]
fn gitlab_has_what_merge_requests_need() {
    let report: Value = serde_json::from_str(&written()["gitlab"]).unwrap();
    let issues = report.as_array().unwrap();
    // One more counts what was accepted.
    assert_eq!(issues.len(), findings().len() + 1);
    for issue in issues {
        let severity = issue["severity"].as_str().unwrap();
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
        assert!(!issue["description"].as_str().unwrap().is_empty() && issue["check_name"].is_string());
        assert!(matches!(issue["fingerprint"].as_str().unwrap().len(), 16 | 64));
        assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
        let path = issue["location"]["path"].as_str().unwrap();
        assert!(!path.starts_with("./") && !path.starts_with('/') && !path.is_empty(), "{path}");
    }
}

#[test]
fn markdown_is_a_comment_that_folds() {
    let text = &written()["markdown"];
    assert!(text.starts_with("<!-- pgwitness -->\n### pgwitness: "));
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    assert!(text.matches("<details>").count() > 10 && text.len() < 65_536, "{}", text.len());
    // Inside a fence nothing is markup.
    let outside: Vec<_> = text.split("```").step_by(2).collect();
    assert!(outside.iter().all(|part| !part.contains("@everyone") && !part.contains("<script")));
    // A pipe in a name ends no cell.
    let table = text.lines().skip_while(|l| !l.starts_with("| severity")).take_while(|l| l.starts_with('|'));
    for line in table {
        let cells = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
        assert_eq!(cells, 6, "{line}");
    }
}
