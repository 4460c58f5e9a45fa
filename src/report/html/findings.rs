//! The findings of the HTML report: what is wrong, on what evidence, how to see it and how to mend it.

use crate::finding::{Finding, Witness};
use crate::report::markup::{escaped, escaped_lines};
use crate::report::{Report, Suppressed, human::text::capitalized};

pub(super) fn section(report: &Report) -> String {
    let mut out = "<section id=\"findings\">\n<h2>Findings</h2>\n".to_owned();
    if report.findings.is_empty() {
        out.push_str("<p>There is no open finding.</p>\n");
    }
    report.findings.iter().for_each(|finding| out.push_str(&article(finding)));
    if !report.suppressed.is_empty() {
        out.push_str(&suppressed(&report.suppressed));
    }
    out.push_str("</section>\n");
    out
}

fn article(finding: &Finding) -> String {
    let severity = finding.severity.word();
    let mut out = format!(
        "<article class=\"{severity}\" id=\"f-{}\">\n<h3><b>{severity}</b>{}</h3>\n<p>{}</p>\n",
        escaped(&finding.fingerprint),
        escaped(&finding.title),
        escaped(&capitalized(&finding.message))
    );
    for at in &finding.locations {
        let place = format!("{}:{}:{}", at.file, at.span.line, at.span.column);
        out.push_str(&format!("<p><code>{}</code></p>\n", escaped(&place)));
    }
    if !finding.evidence.is_empty() {
        out.push_str("<ul>\n");
        for fact in &finding.evidence {
            out.push_str(&format!(
                "<li><span class=\"dim\">{}:</span> {}</li>\n",
                escaped(&fact.kind),
                escaped(&fact.text)
            ));
        }
        out.push_str("</ul>\n");
    }
    if let Some(witness) = &finding.witness {
        out.push_str(&self::witness(witness));
    }
    let see = finding.reproduce.iter();
    let ways = see.flat_map(|see| [("psql", &see.sql), ("curl", &see.curl), ("supabase-js", &see.supabase_js)]);
    for (tool, text) in ways.filter_map(|(tool, text)| Some((tool, text.as_ref()?))) {
        out.push_str(&folded(&format!("See it with {tool}"), text));
    }
    if let Some(fix) = &finding.fix {
        out.push_str(&format!("<p>Fix</p>\n<pre>{}</pre>\n", escaped_lines(fix)));
    }
    let confidence = finding.confidence.word();
    out.push_str(&format!(
        "<p class=\"dim\"><code>{}</code>, {confidence}, fingerprint <code>{}</code></p>\n</article>\n",
        escaped(&finding.check),
        escaped(&finding.fingerprint)
    ));
    out
}

pub(super) fn folded(label: &str, text: &str) -> String {
    format!("<details><summary>{}</summary><pre>{}</pre></details>\n", escaped(label), escaped_lines(text))
}

pub(super) fn witness(witness: &Witness) -> String {
    let mut out = format!("<p>Witness: {}</p>\n", escaped(&witness.in_words()));
    if let Some(replay) = &witness.replay {
        let what = if replay.reproduced { "reproduced on a server" } else { "not reproduced" };
        let remark = replay.remark.as_deref().map_or_else(String::new, |text| format!(": {text}"));
        out.push_str(&format!("<p class=\"dim\">{}</p>\n", escaped(&format!("{what}{remark}"))));
    }
    if !witness.sql.is_empty() {
        out.push_str(&folded("The witness as a script", &witness.sql));
    }
    out
}

/// What was accepted, with its reason: it is not gone.
fn suppressed(all: &[Suppressed]) -> String {
    let mut out =
        "<h3>Not reported as open</h3>\n<div class=\"scroll\"><table>\n<thead><tr><th>Finding</th><th>Severity</th>\
                   <th>Why</th><th>Reason</th><th>Until</th></tr></thead>\n<tbody>\n"
            .to_owned();
    for one in all {
        let finding = &one.finding;
        let place = one.place.as_deref().map_or_else(String::new, |place| format!(" ({place})"));
        let cells = [
            format!("{} [{}] {}", finding.title, finding.check, finding.fingerprint),
            finding.severity.word().to_owned(),
            format!("{}{place}", one.by.words()),
            one.reason.clone().unwrap_or_default(),
            one.expires.clone().unwrap_or_default(),
        ];
        let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        out.push_str(&format!("<tr>{cells}</tr>\n"));
    }
    out.push_str("</tbody>\n</table></div>\n");
    out
}
