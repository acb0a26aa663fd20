//! The claim for people: a table of lines with their modifiers and units, under each what proves it and why it is as it
//! is, then what was left out and what to ask.

use std::io::{self, Write};

use radcode::{Analysis, Cited, Claim, ClaimLine, EditEdition, Rationale};

use super::layout::Page;
use super::quotes::choose;
use super::screen::{CARE, FAINT, STRONG};

/// Columns of a line's number, a code, its modifiers, its units.
const COLUMNS: (usize, usize, usize, usize) = (6, 7, 13, 7);

/// A report of the claim: its id, its page, its answer.
pub struct Report<'a> {
    /// Its id; shown where there are several.
    pub id: &'a str,
    /// Its text, and how to show it.
    pub page: Page<'a>,
    /// Its answer.
    pub analysis: &'a Analysis,
}

/// Writes a claim.
pub fn write(out: &mut impl Write, claim: &Claim, reports: &[Report<'_>]) -> io::Result<()> {
    let Some(first) = reports.first() else { return Ok(()) };
    let table = Table { reports, page: &first.page };
    table.head(out, claim)?;
    let (number, code, modifiers, units) = COLUMNS;
    let row = |n: &str, c: &str, m: &str, u: &str, l: &str| format!("{n:<number$}{c:<code$}{m:<modifiers$}{u:<units$}{l}");
    writeln!(out, "{FAINT}{}{FAINT:#}", row("line", "code", "modifiers", "units", "exam"))?;
    for (i, l) in claim.lines.iter().enumerate() {
        let text = row(&(i + 1).to_string(), &l.code, &l.modifiers.join(" "), &l.units.to_string(), &l.label);
        writeln!(out, "{STRONG}{text}{STRONG:#}")?;
        table.line(out, l)?;
    }
    if claim.lines.is_empty() {
        writeln!(out, "       no line")?;
    }
    if !claim.removed.is_empty() {
        writeln!(out, "{STRONG}left out{STRONG:#}")?;
        for r in &claim.removed {
            let inside = r.inside.as_deref().map_or_else(String::new, |c| format!(" inside {c}:"));
            let from = table.named(r.source.report);
            table.page.paragraph(out, anstyle::Style::new(), &format!("{}{from}:{inside} {}", r.code, said(&r.reason)))?;
        }
    }
    if !claim.queries.is_empty() {
        writeln!(out, "{STRONG}ask{STRONG:#}")?;
        for q in &claim.queries {
            table.page.paragraph(out, CARE, &format!("{}: {}", q.codes.join(" and "), q.message))?;
            table.cited(out, &q.evidence)?;
        }
    }
    Ok(())
}

struct Table<'a> {
    reports: &'a [Report<'a>],
    page: &'a Page<'a>,
}

impl Table<'_> {
    /// Day, policy, and the edits that answered.
    fn head(&self, out: &mut impl Write, claim: &Claim) -> io::Result<()> {
        let told: Vec<String> = claim
            .policy
            .iter()
            .filter(|(o, _, default)| !default || matches!(o.as_str(), "payer" | "setting" | "component"))
            .map(|(o, c, _)| format!("{o} {c}"))
            .collect();
        writeln!(out, "{STRONG}claim{STRONG:#}  for {}; {}", claim.day, told.join(", "))?;
        let edition = |e: &Option<EditEdition>| {
            e.as_ref().map_or_else(
                || "none".to_owned(),
                |e| {
                    let kind = e.kind.filter(|k| !e.name.contains(k.name())).map_or_else(String::new, |k| format!(" ({})", k.name()));
                    let own = if e.holds(claim.day) { "" } else { ", not the edition of the day" };
                    let whose = if e.fits(claim.kind) { String::new() } else { format!(", no edits for a {} at hand", claim.kind.name()) };
                    format!("{}{kind}, for {} to {}{own}{whose}", e.name, e.first, e.last)
                },
            )
        };
        let pairs = edition(&claim.pairs_edition);
        let limits = edition(&claim.limits_edition);
        if pairs == limits {
            self.page.paragraph(out, FAINT, &format!("edits and unit limits: {pairs}"))
        } else {
            self.page.paragraph(out, FAINT, &format!("edits: {pairs}"))?;
            self.page.paragraph(out, FAINT, &format!("unit limits: {limits}"))
        }
    }

    /// Which report, where there are several.
    fn named(&self, report: usize) -> String {
        if self.reports.len() < 2 { String::new() } else { format!(" in {}", self.reports[report].id) }
    }

    fn line(&self, out: &mut impl Write, l: &ClaimLine) -> io::Result<()> {
        for s in &l.sources {
            let r = &self.reports[s.report];
            if self.reports.len() > 1 {
                self.page.note(out, "report", FAINT, r.id)?;
            }
            for q in choose(r.page.text, &r.analysis.suggestions[s.suggestion].evidence) {
                r.page.quoted(out, &q.role, &q.color, q.span, q.more)?;
            }
        }
        for (report, _) in l.supplies.iter().filter(|_| self.reports.len() > 1) {
            self.page.note(out, "report", FAINT, self.reports[*report].id)?;
        }
        if let Some(exam) = &l.instead_of {
            self.page.note(out, "instead of", FAINT, exam)?;
        }
        for reason in &l.reasons {
            self.page.note(out, "because", FAINT, &said(reason))?;
            self.cited(out, &reason.evidence)?;
        }
        Ok(())
    }

    fn cited(&self, out: &mut impl Write, evidence: &[Cited]) -> io::Result<()> {
        for c in evidence.iter().take(4) {
            let role = c.evidence.role.as_str();
            self.reports[c.report].page.quoted(out, role, role, c.evidence.span, 0)?;
        }
        Ok(())
    }
}

fn said(r: &Rationale) -> String {
    format!("{} ({}; {})", r.message, r.rule, r.source)
}
