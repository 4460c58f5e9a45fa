//! The HTML writer: one file that stands for itself, for screens in light and dark and for paper.
//!
//! Nothing is fetched, and the page's own policy forbids it; its one script runs by its hash, so that no name from the
//! database could run as one even if its escaping failed.

mod compliance;
mod findings;
mod matrix;
mod rest;

use sha2::{Digest, Sha256};

use super::Report;
use super::markup::escaped;
use crate::compliance::Assessment;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The report as one HTML file, with what it means for frameworks.
#[must_use]
pub fn html(report: &Report, assessments: &[Assessment]) -> String {
    let mut out = head(report);
    out.push_str("<body>\n");
    out.push_str(&summary(report, assessments));
    if let Some(change) = &report.change {
        out.push_str(&rest::change(change));
    }
    // A reader of one framework's report came for its controls.
    let first = assessments.len() == 1;
    if first {
        out.push_str(&compliance::section(assessments));
    }
    out.push_str(&findings::section(report));
    out.push_str(&matrix::section(report));
    out.push_str(&rest::verdicts(report));
    out.push_str(&rest::tried(report));
    out.push_str(&rest::coverage(report));
    if !first {
        out.push_str(&compliance::section(assessments));
    }
    out.push_str(&format!("<script>{SCRIPT}</script>\n</body>\n</html>\n"));
    out
}

fn head(report: &Report) -> String {
    let policy = format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>pgwitness: {}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n",
        escaped(&report.source.description)
    )
}

fn summary(report: &Report, assessments: &[Assessment]) -> String {
    let source = &report.source;
    let mut out = format!(
        "<header>\n<p class=\"dim\">pgwitness {}: who can reach which rows of {}</p>\n<h1>{}</h1>\n",
        escaped(&report.tool.version),
        escaped(&source.description),
        escaped(&report.summary.verdict)
    );
    out.push_str("<ul class=\"tiles\">\n");
    for word in ["critical", "high", "medium", "low", "info"] {
        let n = report.summary.findings.get(word).copied().unwrap_or_default();
        let class = if n > 0 { word } else { "dim" };
        out.push_str(&format!("<li><b class=\"{class}\">{n}</b>{word}</li>\n"));
    }
    out.push_str(&format!("<li><b>{}</b>confirmed on a server</li>\n</ul>\n", report.summary.confirmed));
    out.push_str(&format!("<p>{}</p>\n", escaped(&super::counts(report))));
    let mut links = vec![("findings", "Findings"), ("access", "Access matrix"), ("verdicts", "Verdicts")];
    links.push(("coverage", "Coverage"));
    if !assessments.is_empty() {
        links.push(("compliance", "Compliance"));
    }
    let links: Vec<_> = links.iter().map(|(id, text)| format!("<a href=\"#{id}\">{text}</a>")).collect();
    out.push_str(&format!("<nav>{}</nav>\n</header>\n", links.join("\n")));
    out
}

/// The SHA-256 of a text in Base64, as a content security policy names it.
fn digest(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let hash = Sha256::digest(text);
    let mut out = String::new();
    for chunk in hash.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * at) & 63) as usize).copied().unwrap_or(b'A');
            out.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn digests_are_those_of_browsers() {
        // As the specification of content security policies gives it.
        assert_eq!(super::digest("alert('Hello, world.');"), "qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=");
    }
}
