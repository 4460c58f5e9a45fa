//! The end of a report for people: what was audited and examined, what could not be, and what the exit code means.

use super::Human;
use super::text::{BOLD, counted, severity, styled, wrapped};
use crate::finding::{Finding, Severity};
use crate::model::{Command, Platform, printable};
use crate::report::{
    CoverageGap, Decided, Probe, ProbeOutcome, Report, SourceKind, Suppressed, Unexpected, VerdictEntry,
};

/// Notes and gaps before the rest is only counted.
const LISTED: usize = 8;

impl Human<'_> {
    pub(super) fn tail(&self, report: &Report, out: &mut String) {
        out.push_str(&format!("\n{}\n", styled(BOLD, "Examined")));
        self.paragraph(&source(report), out);
        self.paragraph(&examined(report), out);
        if let Some(verdicts) = verdicts(&report.verdicts) {
            self.paragraph(&verdicts, out);
        }
        if !report.probes.is_empty() {
            self.paragraph(&probes(&report.probes), out);
        }
        let unexpected: Vec<_> = report.unexpected().iter().map(Unexpected::line).collect();
        self.list("Tried, and not as expected", &unexpected, out);
        let gaps = gaps(&report.coverage.gaps);
        self.list("Not examined", &gaps, out);
        self.list("Accepted as a risk", &accepted(report), out);
        self.list("Notes", &report.source.notes, out);
        out.push_str(&format!("\n{}\n", counts(report)));
        out.push_str(&format!("{}\n", wrapped(exit(report.summary.exit), self.width, 0)));
    }

    fn paragraph(&self, text: &str, out: &mut String) {
        out.push_str(&format!("  {}\n", wrapped(text, self.width, 2)));
    }

    pub(super) fn list(&self, heading: &str, items: &[String], out: &mut String) {
        if items.is_empty() {
            return;
        }
        out.push_str(&format!("\n{}\n", styled(BOLD, heading)));
        let most = if self.verbose { usize::MAX } else { LISTED };
        for item in items.iter().take(most) {
            out.push_str(&format!("  - {}\n", wrapped(item, self.width, 4)));
        }
        if items.len() > most {
            out.push_str(&format!("  - and {} more (--verbose shows them)\n", items.len() - most));
        }
    }
}

fn source(report: &Report) -> String {
    let kind = match report.source.kind {
        SourceKind::Live => "a running database",
        SourceKind::Snapshot => "a snapshot file",
        SourceKind::Shadow => "migrations on a throw-away server",
        SourceKind::Migrations => "migrations, read without a server",
    };
    let platform = match report.source.platform {
        Platform::Supabase => ", Supabase",
        Platform::Postgres => "",
    };
    let exposed = match &report.source.exposed_schemas {
        Some(list) if list.is_empty() => "; the Data API serves no schema".to_owned(),
        Some(list) => format!("; the Data API serves {}", list.join(", ")),
        None => String::new(),
    };
    let Report { source, .. } = report;
    format!("{} ({kind}; Postgres {}{platform}{exposed})", source.description, source.server_version)
}

fn examined(report: &Report) -> String {
    let n = |kind: &str| report.coverage.examined.get(kind).copied().unwrap_or_default();
    let roles = report.matrix.iter().map(|e| e.principal.as_str()).collect::<std::collections::BTreeSet<_>>();
    let who = if roles.len() > 6 {
        format!("{} roles", roles.len())
    } else {
        roles.into_iter().collect::<Vec<_>>().join(", ")
    };
    let who = if who.is_empty() { String::new() } else { format!(", as seen by {who}") };
    let files = match n("files") {
        0 => String::new(),
        files => format!("{} in {}: ", counted(n("statements"), "statement"), counted(files, "file")),
    };
    format!(
        "{files}{}, {}, {} and {}{who}, with {}",
        counted(n("relations"), "relation"),
        counted(n("policies"), "policy"),
        counted(n("functions"), "function"),
        counted(n("roles"), "role"),
        counted(n("checks"), "check"),
    )
}

/// What became of the questions of rules, or of the default reading.
fn verdicts(all: &[VerdictEntry]) -> Option<String> {
    let first = all.first()?;
    let count = |pick: &dyn Fn(&VerdictEntry) -> bool| {
        u64::try_from(all.iter().filter(|v| pick(v)).count()).unwrap_or(u64::MAX)
    };
    let questions = counted(count(&|_| true), "question");
    let what = if first.rule.reading {
        format!("{questions} of a default reading, as no rules are declared")
    } else {
        format!("{questions} of the declared rules")
    };
    let (proved, trivial) = (count(&|v| v.verdict == Decided::Proved), count(&|v| v.trivial));
    let by_default =
        if trivial > 0 { format!(" ({trivial} of them by a missing grant or policy alone)") } else { String::new() };
    let violated = count(&|v| v.verdict == Decided::Violated);
    let open = count(&|v| v.verdict == Decided::Unknown);
    Some(format!("{what}: {proved} proved{by_default}, {violated} violated, {open} not decided"))
}

fn probes(probes: &[Probe]) -> String {
    let (reads, writes): (Vec<_>, Vec<_>) = probes.iter().partition(|p| p.command == Command::Select);
    let mut words = kind(&reads, ("read", "showed rows", "showed none of the rows there are"));
    if !writes.is_empty() {
        let of_writes = kind(&writes, ("write", "reached rows", "reached none of the rows that were tried"));
        words.push_str(&format!(". Rolled back: {of_writes}"));
    }
    words
}

fn kind(probes: &[&Probe], (one, seen, hidden): (&str, &str, &str)) -> String {
    let count = |pick: fn(&ProbeOutcome) -> bool| {
        u64::try_from(probes.iter().filter(|p| pick(&p.outcome)).count()).unwrap_or(u64::MAX)
    };
    let untested = count(|o| matches!(o, ProbeOutcome::NotTested { .. }));
    let tried = u64::try_from(probes.len()).unwrap_or(u64::MAX) - untested;
    let refused = count(|o| matches!(o, ProbeOutcome::Refused));
    let parts = [
        (count(|o| matches!(o, ProbeOutcome::Seen { .. })), seen),
        (count(|o| matches!(o, ProbeOutcome::Hidden)), hidden),
        (count(|o| matches!(o, ProbeOutcome::Empty)), "met an empty table and show nothing either way"),
        (count(|o| matches!(o, ProbeOutcome::NothingSeen)), "showed no row, if there is any"),
        (refused, if refused == 1 { "was refused" } else { "were refused" }),
        (count(|o| matches!(o, ProbeOutcome::Error { .. })), "failed"),
    ];
    let parts: Vec<_> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let mut words = format!("{} as those roles", counted(tried, one));
    if !parts.is_empty() {
        words.push_str(&format!(": {}", parts.join(", ")));
    }
    if untested > 0 {
        words.push_str(&format!("; {untested} not tried"));
    }
    words
}

/// What somebody accepted, the gravest first: it is there all the same.
fn accepted(report: &Report) -> Vec<String> {
    let all = report.suppressed.iter().filter(|one| one.by.is_accepted());
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.finding.severity));
    let line = |one: &Suppressed| {
        let Finding { severity, check, title, fingerprint, .. } = &one.finding;
        format!("{}[{check}]: {title} (fingerprint {fingerprint}): {}", severity.word(), one.why())
    };
    all.into_iter().map(line).collect()
}

/// What could not be examined, the same thing in several places once.
fn gaps(all: &[CoverageGap]) -> Vec<String> {
    let mut groups: Vec<(&CoverageGap, u64)> = Vec::new();
    for gap in all {
        let same = |(first, _): &&mut (&CoverageGap, u64)| {
            (&first.what, first.access_control, first.file.is_some())
                == (&gap.what, gap.access_control, gap.file.is_some())
        };
        match groups.iter_mut().find(same) {
            Some((_, more)) => *more += 1,
            None => groups.push((gap, 0)),
        }
    }
    // What access control may depend on is what ends the run with 3.
    groups.sort_by_key(|(gap, _)| !gap.access_control);
    groups.into_iter().map(|(gap, more)| self::gap(gap, more)).collect()
}

fn gap(gap: &CoverageGap, more: u64) -> String {
    let place = match (&gap.file, gap.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        (Some(file), None) => format!("{file}: "),
        _ => String::new(),
    };
    let again = if more > 0 { format!(", and in {}", counted(more, "other place")) } else { String::new() };
    let weight = if gap.access_control { " (access control may depend on it)" } else { "" };
    format!("{place}{}{again}{weight}", gap.what)
}

fn counts(report: &Report) -> String {
    let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let each = all.into_iter().filter_map(|s| {
        let n = report.summary.findings.get(s.word()).copied().filter(|n| *n > 0)?;
        Some(styled(severity(s), &format!("{n} {}", s.word())))
    });
    let each: Vec<_> = each.collect();
    let suppressed = report.suppressed_in_words().map_or_else(String::new, |words| format!("; {words}"));
    if each.is_empty() {
        return format!("no findings{suppressed}");
    }
    let confirmed = match report.summary.confirmed {
        0 => String::new(),
        n => format!("; {n} confirmed on the server"),
    };
    let total = counted(u64::try_from(report.findings.len()).unwrap_or(u64::MAX), "finding");
    format!("{}: {}{}{}", styled(BOLD, &printable(&total)), each.join(", "), confirmed, suppressed)
}

fn exit(code: u8) -> &'static str {
    match code {
        0 => "exit 0: no open finding at or above the severity that fails a run",
        1 => "exit 1: findings at or above the severity that fails a run (--fail-on)",
        3 => "exit 3: not everything could be examined, see \"Not examined\" (--allow-partial accepts it)",
        _ => "exit 4: internal error",
    }
}
