//! What a change does to access, before the findings: each difference in a sentence, with the statement that did it.

use super::Human;
use super::text::{BOLD, DIM, counted, styled, wrapped_after};
use crate::diff::Direction;
use crate::finding::Severity;
use crate::model::printable;
use crate::report::{AccessChange, Change};

/// Differences of a direction before the rest is only counted.
const LISTED: usize = 10;

/// The columns that the word for a direction takes.
const LABEL: usize = 11;

impl Human<'_> {
    pub(super) fn change(&self, change: &Change, out: &mut String) {
        let heading = format!("Access, compared with {}", printable(&change.base));
        out.push_str(&format!("\n{}\n", styled(BOLD, &heading)));
        self.each_difference(change, out);
        out.push_str(&format!("  {}\n", standing(change)));
    }

    /// The differences alone, with the scripts that show them where nothing is to be cut short.
    #[must_use]
    pub fn differences(&self, change: &Change, after: &str) -> String {
        let heading = format!("Access in {}, compared with {}", printable(after), printable(&change.base));
        let mut out = format!("{}\n", styled(BOLD, &heading));
        self.each_difference(change, &mut out);
        out
    }

    fn each_difference(&self, change: &Change, out: &mut String) {
        if change.access.is_empty() {
            out.push_str("  nobody reaches more or less than before\n");
        }
        for direction in [Direction::Widened, Direction::Sideways, Direction::MayWiden, Direction::Narrowed] {
            let all: Vec<_> = change.access.iter().filter(|c| c.direction == direction).collect();
            let most = if self.verbose { usize::MAX } else { LISTED };
            for one in all.iter().take(most) {
                self.difference(one, out);
            }
            if let Some(more) = all.len().checked_sub(most).filter(|n| *n > 0) {
                let more = counted(u64::try_from(more).unwrap_or(u64::MAX), "more difference");
                out.push_str(&styled(DIM, &format!("  {:LABEL$}and {more} (--verbose shows all)\n", "")));
            }
        }
    }

    fn difference(&self, one: &AccessChange, out: &mut String) {
        let word = match one.direction {
            Direction::Widened => styled(super::text::severity(Severity::High), &format!("{:LABEL$}", "widened")),
            Direction::Sideways => styled(super::text::severity(Severity::High), &format!("{:LABEL$}", "moved")),
            Direction::MayWiden => styled(super::text::severity(Severity::Medium), &format!("{:LABEL$}", "may widen")),
            Direction::Narrowed => styled(DIM, &format!("{:LABEL$}", "narrowed")),
        };
        let text = one.sentence();
        out.push_str(&format!("  {word}{}\n", wrapped_after(LABEL + 2, &text, self.width, LABEL + 2)));
        if let Some(witness) = &one.witness {
            let line = format!("seen with {}", witness.in_words());
            let text = wrapped_after(LABEL + 2, &line, self.width, LABEL + 2);
            out.push_str(&styled(DIM, &format!("  {:LABEL$}{text}\n", "")));
            if self.verbose && !witness.sql.is_empty() {
                let indent = LABEL + 2;
                out.push_str(&format!("{}{}\n", " ".repeat(indent), super::text::block(&witness.sql, indent)));
            }
        }
        for location in &one.locations {
            let place = format!("{}:{}:{}", printable(&location.file), location.span.line, location.span.column);
            let statement = self.first_line(location).map_or_else(String::new, |line| format!("  {line}"));
            let line = format!("--> {place}{statement}");
            let cut = super::text::cut(&line, self.width.saturating_sub(LABEL + 2).max(place.chars().count() + 4));
            out.push_str(&styled(DIM, &format!("  {:LABEL$}{cut}\n", "")));
        }
    }

    /// The first line of the statement at a place.
    fn first_line(&self, location: &crate::finding::Location) -> Option<String> {
        let text = self.texts.get(&location.file)?;
        let statement = text.get(location.span.start as usize..location.span.end as usize)?;
        statement.lines().next().map(|line| printable(line.trim()).into_owned())
    }
}

/// `12 findings stand in main already (2 critical, 10 low); 1 other is gone`.
fn standing(change: &Change) -> String {
    let words = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let each: Vec<_> =
        words.iter().filter_map(|s| change.standing.get(s.word()).map(|n| format!("{n} {}", s.word()))).collect();
    let base = printable(&change.base);
    let n = change.standing();
    let stands = if n == 1 { "stands" } else { "stand" };
    let mut text = match n {
        0 => format!("no finding stands in {base} already"),
        n => format!("{} {stands} in {base} already ({})", counted(n, "finding"), each.join(", ")),
    };
    if change.gone > 0 {
        let (other, is) = if change.gone == 1 { ("other", "is") } else { ("others", "are") };
        text.push_str(&format!("; {} {other} {is} gone", change.gone));
    }
    text
}
