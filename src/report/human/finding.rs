//! One finding, for people: what is wrong, who gains what, the facts, how to see it, how to mend it.

use super::Human;
use super::text::{BOLD, DIM, block, capitalized, severity, styled, wrapped, wrapped_after};
use crate::finding::{Confidence, Finding, Reproduce};
use crate::model::printable;

/// Where the text after a label starts.
const LABEL: usize = 12;
/// Evidence lines before the rest is only counted.
const EVIDENCE: usize = 4;

/// How much is said of a finding, unless everything is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// The first of a check: with the ways to see it.
    First,
    /// Another one of it: with one way.
    Further,
}

impl Human<'_> {
    pub(super) fn full(&self, finding: &Finding, detail: Detail, out: &mut String) {
        self.heading(finding, out);
        for location in &finding.locations {
            self.snippet(location, finding, out);
        }
        let message = capitalized(&finding.message);
        out.push_str(&format!("  {}\n\n", wrapped(&message, self.width, 2)));
        if self.verbose {
            self.line("object", &finding.object.to_string(), out);
            if let Some(principal) = &finding.principal {
                self.line("who", &format!("role {principal}"), out);
            }
        }
        self.evidence(finding, out);
        if let Some(witness) = &finding.witness {
            self.witness(witness, out);
        }
        if let Some(see) = &finding.reproduce {
            self.ways(see, detail, out);
        }
        if let Some(fix) = &finding.fix {
            code("fix", fix, out);
        }
        let more = format!("pgwitness explain {}    fingerprint {}", finding.check, finding.fingerprint);
        out.push_str(&styled(DIM, &format!("  {:LABEL$}{}\n", "more", printable(&more))));
    }

    /// A finding on one line.
    pub(super) fn brief(&self, finding: &Finding, out: &mut String) {
        let label = format!("{}[{}]", finding.severity.word(), printable(&finding.check));
        let title = wrapped_after(label.len() + 1, &finding.title, self.width, 4);
        out.push_str(&format!("{} {title}\n", styled(severity(finding.severity), &label)));
    }

    /// How to see it: the ways that the tools of a first reader take, once for each check.
    fn ways(&self, see: &Reproduce, detail: Detail, out: &mut String) {
        let mut ways = vec![("psql", &see.sql), ("curl", &see.curl), ("supabase-js", &see.supabase_js)];
        ways.retain(|(_, text)| text.is_some());
        if !self.verbose {
            ways.retain(|(tool, _)| *tool != "supabase-js");
            if detail == Detail::Further {
                ways = ways.pop().into_iter().collect();
            }
        }
        for (tool, text) in ways {
            code(&format!("see it with {tool}"), text.as_deref().unwrap_or_default(), out);
        }
    }

    fn heading(&self, finding: &Finding, out: &mut String) {
        let label = format!("{}[{}]", finding.severity.word(), printable(&finding.check));
        let sure = match finding.confidence {
            Confidence::Confirmed => " (confirmed on the server)",
            Confidence::Proved => "",
            Confidence::Likely => " (likely)",
            Confidence::Possible => " (possible)",
        };
        let title = wrapped_after(label.len() + 2, &format!("{}{sure}", finding.title), self.width, 2);
        out.push_str(&format!("{}: {}\n", styled(severity(finding.severity), &label), styled(BOLD, &title)));
    }

    fn line(&self, label: &str, text: &str, out: &mut String) {
        let indent = LABEL + 2;
        out.push_str(&format!("  {}{}\n", styled(DIM, &format!("{label:LABEL$}")), wrapped(text, self.width, indent)));
    }

    fn evidence(&self, finding: &Finding, out: &mut String) {
        let facts = finding.evidence.len();
        // "And one more" would take the line that it saves.
        let most = if self.verbose || facts == EVIDENCE + 1 { usize::MAX } else { EVIDENCE };
        for (at, fact) in finding.evidence.iter().take(most).enumerate() {
            let label = if at == 0 { "because" } else { "" };
            self.line(label, &format!("{}: {}", fact.kind, fact.text), out);
        }
        let hidden = facts.saturating_sub(most);
        if hidden > 0 {
            self.line("", &format!("and {hidden} more facts (--verbose shows them)"), out);
        }
    }
}

/// Something to copy, on lines of its own.
fn code(label: &str, text: &str, out: &mut String) {
    out.push_str(&format!("  {}\n      {}\n", styled(DIM, label), block(text, 6)));
}
