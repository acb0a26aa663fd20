//! How sure an answer is, from features that a person can read. The weights are set by hand on the shared cases.

use super::Suggestion;
use super::engine::Reading;
use crate::code::rules::Coded;
use crate::code::study::Study;
use crate::read::exam::Source;

/// What confidence is made of.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Features {
    pub(super) charge_line: bool,
    /// No text at all.
    pub(super) empty: bool,
    pub(super) headless: bool,
    pub(super) admitted: bool,
    pub(super) margin: i32,
    /// Exams of no family.
    pub(super) loose: usize,
    /// Exams named that are not this one.
    pub(super) others: usize,
    pub(super) studies: usize,
    pub(super) queries: usize,
    /// Length of the text in kilobytes: a fine tie-breaker.
    pub(super) kilobytes: f64,
}

impl Features {
    pub(super) fn of(r: &Reading<'_>, studies: &[Study], coded: &[Coded], headless: bool, loose: usize) -> Self {
        let _ = coded;
        Self {
            charge_line: r.exams.charge_line,
            empty: r.text.text().trim().is_empty(),
            headless,
            admitted: r.admission.admitted,
            margin: r.admission.margin,
            loose,
            others: r.exams.others.len(),
            studies: studies.len(),
            queries: 0,
            kilobytes: r.text.text().len() as f64 / 1000.0,
        }
    }
}

/// Confidence of one code, 0.02 to 0.99.
pub(super) fn of_code(f: &Features, c: &Coded) -> f64 {
    let s = &c.study;
    let mut x = 0.985;
    x -= match s.source {
        Source::Performed | Source::Title => 0.0,
        Source::Heading => 0.04,
        Source::Order => 0.2,
        Source::Findings => 0.3,
    };
    if f.headless {
        x -= 0.35;
    }
    if !c.defaults.is_empty() {
        x -= default_costs(f.charge_line);
    }
    if s.conflict {
        x -= 0.3;
    }
    if s.checked.as_ref().is_some_and(|k| !k.overruled.is_empty()) {
        x -= 0.1; // the title says another extent than the body
    }
    if s.contrast_assumed {
        x -= 0.2;
    }
    if s.withheld && !s.conflict {
        x -= 0.03;
    }
    if s.supplied {
        x -= 0.35;
    }
    if c.changed.is_some() {
        x -= 0.1;
    }
    if !s.region_named {
        x -= 0.08;
    }
    x -= f64::from(s.unexplained.min(20)) * if f.charge_line { 0.012 } else { 0.003 };
    x -= f64::from(s.repaired.min(120)) * 0.0012;
    if !f.charge_line {
        x -= 0.03 * f64::from((4 - f.margin).clamp(0, 4));
        x += 0.002 * f64::from(s.named.min(4));
        x -= 0.004 * f.others.min(6) as f64;
    }
    x -= 0.0004 * f.kilobytes.min(20.0);
    x.clamp(0.02, 0.99)
}

/// What it costs that the text is silent on an axis.
const fn default_costs(charge_line: bool) -> f64 {
    if charge_line { 0.3 } else { 0.06 }
}

/// Whether a name is read too unsurely to be held against something: silence on an axis alone does not make it so.
pub(super) fn is_doubtful(s: &Suggestion, threshold: f64) -> bool {
    /// Of the words that are there, where silence has its cost.
    const SURE: f64 = 0.9;
    s.confidence < threshold && (s.defaults.is_empty() || s.confidence + default_costs(true) < SURE)
}

/// Confidence of the answer as a whole.
pub(super) fn of_answer(f: &Features, suggestions: &[Suggestion]) -> f64 {
    if suggestions.is_empty() {
        if f.empty {
            return 0.99;
        }
        let mut x = if f.admitted { 0.72 } else { 0.8 + 0.03 * f64::from(f.margin.min(6)) };
        if f.admitted && f.studies > 0 {
            x -= 0.3;
        }
        return (x - 0.0004 * f.kilobytes.min(20.0)).clamp(0.02, 0.985);
    }
    let least = suggestions.iter().map(|s| s.confidence).fold(1.0, f64::min);
    let x = least - 0.03 * (suggestions.len() as f64 - 1.0) - 0.05 * f.loose as f64 - 0.02 * f.queries as f64;
    x.clamp(0.01, 0.99)
}
