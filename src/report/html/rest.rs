//! The other sections of the HTML report: what a change does, verdicts, and what was and was not examined.

use super::findings::witness;
use crate::report::markup::escaped;
use crate::report::{Change, Decided, Report, VerdictEntry, place};

pub(super) fn change(change: &Change) -> String {
    let mut out = format!("<section id=\"change\">\n<h2>Access, compared with {}</h2>\n", escaped(&change.base));
    if change.access.is_empty() {
        out.push_str("<p>Nobody reaches more or less than before.</p>\n</section>\n");
        return out;
    }
    out.push_str("<ul>\n");
    for one in &change.access {
        let at = one.locations.first().map_or_else(String::new, |l| format!(" ({}:{})", l.file, l.span.line));
        let text = format!("{}{at}", one.sentence());
        out.push_str(&format!("<li><b>{}</b>: {}</li>\n", one.direction.word(), escaped(&text)));
    }
    out.push_str("</ul>\n</section>\n");
    out
}

pub(super) fn verdicts(report: &Report) -> String {
    let mut out = "<section id=\"verdicts\">\n<h2>Verdicts</h2>\n".to_owned();
    let count = |verdict| report.verdicts.iter().filter(|v| v.verdict == verdict).count();
    let of = if report.verdicts.iter().all(|v| v.rule.reading) { "a default reading" } else { "the declared rules" };
    out.push_str(&format!(
        "<p>{} questions of {of}: {} proved, {} violated, {} not decided. A proof holds for every session and every \
         database that the schema admits.</p>\n",
        report.verdicts.len(),
        count(Decided::Proved),
        count(Decided::Violated),
        count(Decided::Unknown)
    ));
    // What a missing grant settles by itself is counted above and would bury the rest.
    let told: Vec<_> = report.verdicts.iter().filter(|v| !v.trivial).collect();
    if !told.is_empty() {
        out.push_str(
            "<div class=\"scroll\"><table>\n<thead><tr><th>Verdict</th><th>Who</th><th>What</th><th>Rule</th>\
                      <th>Why</th></tr></thead>\n<tbody>\n",
        );
        told.iter().for_each(|verdict| out.push_str(&row(verdict)));
        out.push_str("</tbody>\n</table></div>\n");
    }
    out.push_str("</section>\n");
    out
}

fn row(verdict: &VerdictEntry) -> String {
    let (class, word) = match verdict.verdict {
        Decided::Proved => ("pass", "proved"),
        Decided::Violated => ("fail", "violated"),
        Decided::Unknown => ("medium", "not decided"),
    };
    let what = format!("{} on {}", verdict.command, verdict.relation);
    let place = match (&verdict.rule.file, verdict.rule.line) {
        (Some(file), Some(line)) => format!(" ({file}:{line})"),
        _ => String::new(),
    };
    let shown = verdict.witness.as_ref().map(witness).unwrap_or_default();
    format!(
        "<tr><td class=\"{class}\">{word}</td><td>{}</td><td>{}</td><td><code>{}</code>{}</td><td>{}{shown}</td></tr>\n",
        escaped(&verdict.principal),
        escaped(&what),
        escaped(&verdict.rule.text),
        escaped(&place),
        escaped(&verdict.reason)
    )
}

/// What was tried on a server of our own, where it was; nothing where it was not.
pub(super) fn tried(report: &Report) -> String {
    if report.trials.is_empty() && report.tests.is_empty() {
        return String::new();
    }
    let bounded = report.trials.iter().filter(|trial| trial.expected.is_some()).count();
    let mut out = format!(
        "<section id=\"tried\">\n<h2>Tried</h2>\n<p>{} statements tried on rows made for it, {bounded} of them bounded by \
         rules, and {} declared tests; each was rolled back.</p>\n",
        report.trials.len(),
        report.tests.len()
    );
    for one in report.unexpected() {
        let severity = one.severity().word();
        out.push_str(&format!("<article class=\"{severity}\">\n<h3><b>{severity}</b>{}</h3>\n", escaped(&one.title)));
        out.push_str(&format!("<p>{}</p>\n", escaped(&one.text)));
        if let Some(sql) = &one.sql {
            out.push_str(&super::findings::folded("The script", sql));
        }
        out.push_str(&format!(
            "<p class=\"dim\">fingerprint <code>{}</code></p>\n</article>\n",
            escaped(&one.fingerprint)
        ));
    }
    if !report.tests.is_empty() {
        out.push_str("<div class=\"scroll\"><table>\n<thead><tr><th>Test</th><th>As</th><th>Expected</th><th>Got</th></tr></thead>\n<tbody>\n");
        for case in &report.tests {
            let class = match (case.passed, case.unanswered) {
                (true, _) => "pass",
                (false, true) => "dim",
                (false, false) => "fail",
            };
            out.push_str(&format!(
                "<tr><td class=\"{class}\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                escaped(&case.name),
                escaped(&case.persona),
                escaped(&case.expected),
                escaped(&case.actual)
            ));
        }
        out.push_str("</tbody>\n</table></div>\n");
    }
    out.push_str("</section>\n");
    out
}

pub(super) fn coverage(report: &Report) -> String {
    let mut out = "<section id=\"coverage\">\n<h2>Coverage</h2>\n".to_owned();
    out.push_str(&list(
        "Not examined",
        report.coverage.gaps.iter().map(|gap| {
            let weight = if gap.access_control { " (access control may depend on it)" } else { "" };
            format!("{}{weight}", place::gap(gap))
        }),
    ));
    if report.coverage.gaps.is_empty() {
        out.push_str("<p>Everything that was read was understood.</p>\n");
    }
    out.push_str(&list("Checks that were not run", report.coverage.skipped.iter().cloned()));
    let examined = report.coverage.examined.iter().filter(|(_, n)| **n > 0);
    out.push_str(&list("Examined", examined.map(|(kind, n)| format!("{n} {}", kind.replace('_', " ")))));
    out.push_str(&list("Notes", report.source.notes.iter().cloned()));
    let made = [
        ("Database", Some(report.source.description.clone())),
        ("Server", Some(format!("Postgres {}", report.source.server_version))),
        ("Made by", Some(format!("{} {}", report.tool.name, report.tool.version))),
        ("Made at", report.time.clone()),
        ("SHA-256 of the model", report.hashes.as_ref().map(|h| h.model.clone())),
        ("SHA-256 of the rules", report.hashes.as_ref().and_then(|h| h.rules.clone())),
    ];
    let made = made.into_iter().filter_map(|(what, value)| Some(format!("{what}: {}", value?)));
    out.push_str(&list("This report", made));
    out.push_str("</section>\n");
    out
}

fn list(heading: &str, items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("<li>{}</li>\n", escaped(&item))).collect();
    if items.is_empty() { String::new() } else { format!("<h3>{heading}</h3>\n<ul>\n{items}</ul>\n") }
}
