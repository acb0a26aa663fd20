//! The answer for people: the codes at a glance, under each the words that prove it and why its neighbours lost, then
//! what was seen and not coded, then what to ask.

use std::io::{self, Write};

use anstyle::Style;
use radcode::{Analysis, Evidence, Lexicon, Rejected, Suggestion};

use super::quotes::{choose, place, words};
use super::screen::{role, wrap, CARE, FAINT, STRONG};

/// Columns of a code and its blanks, of a role, of a place.
const INDENT: usize = 7;
const ROLE: usize = 10;
const PLACE: usize = 7;

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
            for r in &a.rejected {
                self.rejected(out, r)?;
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
            let more = match q.more {
                0 => String::new(),
                1 => " (and in 1 other place)".to_owned(),
                n => format!(" (and in {n} other places)"),
            };
            let room = self.width.saturating_sub(INDENT + ROLE + PLACE + more.len());
            let words = if self.quote { words(self.text, q.span, room) } else { format!("{} bytes", q.span.len()) };
            self.row(out, &q.role, &place(self.text, q.span), role(&q.color), &words, &more)?;
        }
        for (axis, value) in &s.defaults {
            let value = self.lexicon.value_label(axis, value);
            let told = s.evidence.iter().any(|e| e.role == *axis);
            let how = if told { format!("not told in full: {value} is assumed as well") } else { format!("not mentioned: taken as {value}") };
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
        for m in &s.modifiers {
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

    fn rejected(&self, out: &mut impl Write, r: &Rejected) -> io::Result<()> {
        let code = r.code.as_deref().map_or_else(String::new, |c| format!("{c} "));
        let label = if r.label.is_empty() { "exam" } else { &r.label };
        let at = r.evidence.first().map_or_else(String::new, |e| format!(", {}", place(self.text, e.span)));
        // the reason's name is for machines; its message says the same to a reader
        self.paragraph(out, Style::new(), &format!("{code}{label}: {}{at}", r.message))
    }

    /// `role  place  words` under a code.
    pub fn row(&self, out: &mut impl Write, name: &str, at: &str, style: Style, words: &str, more: &str) -> io::Result<()> {
        writeln!(out, "{:INDENT$}{name:<ROLE$}{FAINT}{at:<PLACE$}{FAINT:#}{style}{words}{style:#}{FAINT}{more}{FAINT:#}", "")
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
            let room = self.width.saturating_sub(INDENT + ROLE + PLACE);
            let words = if self.quote { words(self.text, e.span, room) } else { format!("{} bytes", e.span.len()) };
            self.row(out, &e.role, &place(self.text, e.span), role(&e.role), &words, "")?;
        }
        if evidence.len() > most {
            self.note(out, "", FAINT, &format!("and in {} other places", evidence.len() - most))?;
        }
        Ok(())
    }
}
