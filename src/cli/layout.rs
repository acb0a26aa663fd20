//! The answer for people: the codes at a glance, under each the words that prove it and why its neighbours lost, then
//! what was seen and not coded, then what to ask.

use std::io::{self, Write};

use anstyle::Style;
use radcode::{Analysis, Evidence, Lexicon, Rejected, Span, Suggestion, SupplyLine};

use super::quotes::{choose, place, words};
use super::screen::{CARE, FAINT, STRONG, role, wrap};

/// Columns of a code and its blanks, of a role, of a place.
const INDENT: usize = 7;
const ROLE: usize = 10;
const PLACE: usize = 8;
/// Most lines of exams that are not coded.
const REJECTED: usize = 12;

/// What an answer is written with.
pub struct Page<'a> {
    /// The report.
    pub text: &'a str,
    /// The lexicon that answered.
    pub lexicon: &'a Lexicon,
    /// Columns to fill.
    pub width: usize,
    /// Whether words of the report may be shown.
    pub quote: bool,
}

impl Page<'_> {
    /// The whole answer.
    pub fn write(&self, out: &mut impl Write, a: &Analysis) -> io::Result<()> {
        if a.suggestions.is_empty() {
            self.nothing(out, a)?;
        }
        for s in &a.suggestions {
            self.suggestion(out, s)?;
        }
        if !a.rejected.is_empty() {
            writeln!(out, "{STRONG}not coded{STRONG:#}")?;
            self.rejected(out, &a.rejected)?;
        }
        if !a.supplies.is_empty() {
            writeln!(out, "{STRONG}agents{STRONG:#}")?;
            for s in &a.supplies {
                self.supply(out, s)?;
            }
        }
        if !a.queries.is_empty() {
            writeln!(out, "{STRONG}ask{STRONG:#}")?;
            for q in &a.queries {
                self.paragraph(out, CARE, &q.message)?;
                self.places(out, &q.evidence, 4)?;
            }
        }
        Ok(())
    }

    /// A code and all about it.
    pub fn suggestion(&self, out: &mut impl Write, s: &Suggestion) -> io::Result<()> {
        self.head(out, s)?;
        for q in choose(self.text, &s.evidence) {
            self.quoted(out, &q.role, &q.color, q.span, q.more)?;
        }
        for (axis, value) in &s.defaults {
            let value = self.lexicon.value_label(axis, value);
            let told = s.evidence.iter().any(|e| e.role == *axis);
            let how =
                if told { format!("not told in full: {value} is assumed as well") } else { format!("not mentioned: taken as {value}") };
            self.note(out, axis, CARE, &how)?;
        }
        for other in &s.alternatives {
            self.note(out, &format!("not {}", other.code), FAINT, &format!("would need {}", other.needs))?;
        }
        self.note(out, "rule", FAINT, &s.rule)?;
        if let Some(note) = &s.note {
            self.note(out, "note", Style::new(), note)?;
        }
        Ok(())
    }

    fn head(&self, out: &mut impl Write, s: &Suggestion) -> io::Result<()> {
        let mut code = s.code.clone();
        // an exam of both sides says so in its label and its units
        let both = ["LT", "RT"].iter().all(|side| s.modifiers.iter().any(|m| m == side));
        for m in s.modifiers.iter().filter(|m| !both || !matches!(m.as_str(), "LT" | "RT")) {
            code.push('-');
            code.push_str(m);
        }
        let units = if s.units > 1 { format!(" x{}", s.units) } else { String::new() };
        let sure = format!("{}{:.2}", if s.unsure { "unsure " } else { "" }, s.confidence);
        let used = code.chars().count().max(5) + 2 + s.label.chars().count() + units.len();
        let gap = self.width.saturating_sub(used + sure.len()).max(2);
        let style = if s.unsure { CARE } else { STRONG };
        writeln!(out, "{STRONG}{code:<5}{STRONG:#}  {}{units}{:gap$}{style}{sure}{style:#}", s.label, "")
    }

    /// An agent: code, units and the words that tell them.
    fn supply(&self, out: &mut impl Write, s: &SupplyLine) -> io::Result<()> {
        let units = s.units.map_or_else(|| "units not told".to_owned(), |n| format!("{n} unit{}", if n == 1 { "" } else { "s" }));
        let wasted = s.wasted.map_or_else(String::new, |n| format!(", {n} thrown away (JW)"));
        let no_waste = if s.no_waste { ", nothing thrown away (JZ)" } else { "" };
        let style = if s.codes.len() == 1 && s.units.is_some() { STRONG } else { CARE };
        self.paragraph(out, style, &format!("{}  {}, {units}{wasted}{no_waste}", s.codes.join(" or "), s.label))?;
        // name and amount stand side by side as a rule; else each is shown
        let whole = s.evidence.iter().map(|e| e.span).reduce(Span::join);
        if let Some(span) = whole.filter(|w| w.len() < 80) {
            return self.quoted(out, "agent", "contrast", span, 0);
        }
        for (i, e) in s.evidence.iter().take(4).enumerate() {
            self.quoted(out, if i == 0 { "agent" } else { "" }, "contrast", e.span, 0)?;
        }
        Ok(())
    }

    /// Why there is no code.
    fn nothing(&self, out: &mut impl Write, a: &Analysis) -> io::Result<()> {
        let sure = format!("{:.2}", a.confidence);
        let gap = self.width.saturating_sub("no code".len() + sure.len());
        writeln!(out, "{STRONG}no code{STRONG:#}{:gap$}{STRONG}{sure}{STRONG:#}", "")?;
        let d = &a.document;
        let why = match (&d.reason, d.kind.as_str()) {
            (Some(reason), _) => format!("{}: {reason}", d.label),
            (None, "empty") => "the text is empty".to_owned(),
            (None, _) if !d.admitted => format!("{}: supports no code", d.label),
            (None, _) if a.rejected.is_empty() => "no exam is named here that this edition has codes for".to_owned(),
            (None, _) => "exams are named, and none is documented here as performed and read with a code of its own".to_owned(),
        };
        self.paragraph(out, Style::new(), &why)?;
        self.places(out, &d.evidence, 4)
    }

    /// Exams that were seen and are not coded; those of one place and reason on one line.
    fn rejected(&self, out: &mut impl Write, all: &[Rejected]) -> io::Result<()> {
        let mut lines: Vec<(Vec<String>, &str, Option<Span>)> = Vec::new();
        for r in all {
            let label = if r.label.is_empty() { "exam" } else { &r.label };
            let label = r.code.as_deref().map_or_else(|| label.to_owned(), |c| format!("{c} {label}"));
            let span = r.evidence.first().map(|e| e.span);
            match lines.iter_mut().find(|(_, message, at)| *message == r.message && *at == span) {
                Some((labels, ..)) => labels.push(label),
                None => lines.push((vec![label], &r.message, span)),
            }
        }
        for (labels, message, span) in lines.iter().take(REJECTED) {
            let at = span.map_or_else(String::new, |s| format!(", {}", place(self.text, s)));
            self.paragraph(out, Style::new(), &format!("{}: {message}{at}", labels.join("; ")))?;
        }
        if lines.len() > REJECTED {
            self.paragraph(out, FAINT, &format!("and {} more; --format json has them all", lines.len() - REJECTED))?;
        }
        Ok(())
    }

    /// `role  place  words` under a code, the words on two lines at most.
    pub fn quoted(&self, out: &mut impl Write, name: &str, color: &str, span: Span, more: usize) -> io::Result<()> {
        let room = self.width.saturating_sub(INDENT + ROLE + PLACE);
        let more = if more == 0 { String::new() } else { format!("(+{more} more)") };
        let words = if self.quote { words(self.text, span, room * 2 - more.len() - 8) } else { format!("{} bytes", span.len()) };
        let style = role(color);
        let mut lines = wrap(&words, room);
        let beside = lines.last().is_some_and(|l| l.chars().count() + 1 + more.len() <= room);
        if !more.is_empty() && !beside {
            lines.push(String::new());
        }
        let last = lines.len().saturating_sub(1);
        for (i, line) in lines.iter().enumerate() {
            let (name, at) = if i == 0 { (name, place(self.text, span)) } else { ("", String::new()) };
            let more = if i == last { more.as_str() } else { "" };
            let blank = if more.is_empty() || line.is_empty() { "" } else { " " };
            writeln!(out, "{:INDENT$}{name:<ROLE$}{FAINT}{at:<PLACE$}{FAINT:#}{style}{line}{style:#}{blank}{FAINT}{more}{FAINT:#}", "")?;
        }
        Ok(())
    }

    /// `name  sentence` under a code, wrapped.
    pub fn note(&self, out: &mut impl Write, name: &str, style: Style, sentence: &str) -> io::Result<()> {
        let column = ROLE + PLACE;
        for (i, line) in wrap(sentence, self.width.saturating_sub(INDENT + column)).iter().enumerate() {
            let name = if i == 0 { name } else { "" };
            writeln!(out, "{:INDENT$}{name:<column$}{style}{line}{style:#}", "")?;
        }
        Ok(())
    }

    /// A sentence under a heading, wrapped.
    pub fn paragraph(&self, out: &mut impl Write, style: Style, sentence: &str) -> io::Result<()> {
        for (i, line) in wrap(sentence, self.width.saturating_sub(INDENT + 2)).iter().enumerate() {
            let hang = if i == 0 { "" } else { "  " };
            writeln!(out, "{:INDENT$}{hang}{style}{line}{style:#}", "")?;
        }
        Ok(())
    }

    /// Places and their words, one a line, `most` at most.
    pub fn places(&self, out: &mut impl Write, evidence: &[Evidence], most: usize) -> io::Result<()> {
        for e in evidence.iter().take(most) {
            self.quoted(out, &e.role, &e.role, e.span, 0)?;
        }
        if evidence.len() > most {
            self.note(out, "", FAINT, &format!("and in {} other places", evidence.len() - most))?;
        }
        Ok(())
    }
}
