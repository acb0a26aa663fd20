//! An exam dictionary, row by row: the name of an exam against the code that a site bills for it.

use std::collections::BTreeSet;

use super::confidence::is_doubtful;
use super::explain::{Standing, standings};
use super::gaps::{Exam, Gap, axis_name, gaps};
use super::reconcile::validity;
use super::{Analysis, Analyzer, BilledCode, Options, Suggestion};

/// What came of holding a name against its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The name reads as the code.
    Agree,
    /// The name reads as another code.
    Differs,
    /// The name leaves open what the code needs.
    CannotBeTold,
    /// The code is not valid on the day.
    Retired,
    /// The edition has no such code.
    UnknownCode,
    /// The name reads as no exam that has a code.
    NoExam,
    /// The row has no code.
    NoCode,
}

impl Verdict {
    /// The name in outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Differs => "differs",
            Self::CannotBeTold => "cannot_be_told",
            Self::Retired => "retired",
            Self::UnknownCode => "unknown_code",
            Self::NoExam => "no_exam",
            Self::NoCode => "no_code",
        }
    }
}

/// A row of a dictionary, judged.
#[derive(Clone, Debug)]
pub struct Audited {
    /// What came of it.
    pub verdict: Verdict,
    /// The codes of the row.
    pub codes: Vec<String>,
    /// What the codes stand for, in our own words.
    pub meanings: Vec<String>,
    /// Why.
    pub reasons: Vec<String>,
    /// That a code is not valid on the day, and what came after.
    pub validity: Option<String>,
    /// The family of what the name reads as, else of the code.
    pub family: Option<String>,
    /// What the name reads as.
    pub analysis: Analysis,
}

impl Analyzer {
    /// Holds the name of an exam against the codes of its row.
    #[must_use]
    pub fn audit(&self, name: &str, code: &str, options: &Options) -> Audited {
        let lexicon = self.lexicon();
        let analysis = self.analyze(name, options);
        let day = analysis.claim.day;
        let mut codes: Vec<String> = Vec::new();
        for b in BilledCode::read(code) {
            if !codes.contains(&b.code) {
                codes.push(b.code);
            }
        }
        let cards: Vec<_> = codes.iter().map(|c| lexicon.code_card(c)).collect();
        let meanings = cards.iter().map(|c| c.as_ref().map_or_else(String::new, super::super::lexicon::CodeCard::label)).collect();
        let family = analysis.suggestions.first().map(|s| s.rule.clone());
        let family = family.or_else(|| codes.first().and_then(|c| super::gaps::family_of(lexicon, c, day)).map(str::to_owned));
        let mut out = Audited { verdict: Verdict::Agree, codes, meanings, reasons: Vec::new(), validity: None, family, analysis };
        if out.codes.is_empty() {
            out.verdict = Verdict::NoCode;
            out.reasons.push("the row has no code".to_owned());
            return out;
        }
        let unknown: Vec<&str> = out.codes.iter().zip(&cards).filter(|(_, card)| card.is_none()).map(|(c, _)| c.as_str()).collect();
        if !unknown.is_empty() {
            let agent = unknown.iter().all(|c| lexicon.is_agent(c));
            out.verdict = if agent { Verdict::NoExam } else { Verdict::UnknownCode };
            let what = if agent {
                "is an agent's code, and no exam's".to_owned()
            } else {
                format!("is no code of the edition {}", lexicon.edition())
            };
            out.reasons.push(format!("{} {what}", unknown.join(" ")));
            return out;
        }
        let over: Vec<String> = out.codes.iter().filter_map(|c| validity(lexicon, c, day)).collect();
        if !over.is_empty() {
            out.verdict = Verdict::Retired;
            out.validity = Some(over.join("; "));
            out.reasons.push(format!("not valid on {day}"));
            return out;
        }
        self.held(&mut out, options);
        out
    }

    /// Codes that are valid, against what the name reads as.
    fn held(&self, out: &mut Audited, options: &Options) {
        let lexicon = self.lexicon();
        let day = out.analysis.claim.day;
        let wanted: BTreeSet<&str> = out.codes.iter().map(String::as_str).collect();
        let reads: BTreeSet<&str> = out.analysis.suggestions.iter().map(|s| s.code.as_str()).collect();
        let lines = || out.analysis.claim.lines.iter().filter(|l| !l.sources.is_empty());
        let claimed: BTreeSet<&str> = lines().map(|l| l.code.as_str()).collect();
        let exams: BTreeSet<&str> = lines().map(|l| l.instead_of.as_deref().unwrap_or(&l.code)).collect();
        let mut reasons: Vec<String> = Vec::new();
        if wanted == reads || wanted == claimed || wanted == exams {
            reasons.extend(out.analysis.suggestions.iter().flat_map(|s| &s.defaults).map(|(axis, value)| {
                format!("the name is silent on {}, taken as {}", axis.replace('_', " "), lexicon.value_label(axis, value))
            }));
            reasons.dedup();
            out.reasons = reasons;
            return;
        }
        let excuses = || out.codes.iter().filter_map(|c| Some((c, lexicon.code_card(c)?.excuse?)));
        if reads.is_empty() {
            out.verdict = Verdict::NoExam;
            let seen = out.analysis.rejected.iter().map(|r| format!("{}: {}", r.label, r.message));
            reasons.extend(seen);
            reasons.extend(out.analysis.document.reason.iter().map(|r| format!("{}: {r}", out.analysis.document.label)));
            reasons.extend(excuses().map(|(c, e)| format!("no report is coded {c} by radcode: {e}")));
            if reasons.is_empty() {
                reasons.push("the name reads as no exam that has a code".to_owned());
            }
            out.reasons = reasons;
            return;
        }
        let mut open = true;
        for code in wanted.iter().filter(|c| !reads.contains(**c)) {
            let near = |s: &Suggestion| {
                let exam = Exam::of(lexicon, [s])?;
                let (_, mut list) = gaps(lexicon, code, day, &exam)?;
                // what the name says beyond the code
                if let Some(other) = self.exam_of(code, options)
                    && let Some((_, beyond)) = Exam::of(lexicon, &other.suggestions).and_then(|e| gaps(lexicon, &s.code, day, &e))
                {
                    let told = |axis: Option<_>| axis.map_or(exam.located, |a| exam.told.get(a) != 0);
                    for g in beyond.into_iter().filter(|g| told(g.axis)) {
                        if !list.iter().any(|x| x.axis == g.axis) {
                            list.push(Gap { axis: g.axis, wanted: g.has, has: g.wanted, open: false, assumed: false });
                        }
                    }
                }
                Some((list.iter().filter(|g| !g.open).count(), list.len(), list))
            };
            // an exam that is there under another code of the row is no other
            let others = out.analysis.suggestions.iter().filter(|s| !wanted.contains(s.code.as_str()));
            let nearest = others.filter_map(near).min_by_key(|(a, b, _)| (*a, *b));
            let Some((_, _, list)) = nearest else {
                open = false;
                reasons.push(match lexicon.code_card(code).and_then(|c| c.excuse) {
                    Some(e) => {
                        open = true;
                        format!("no report is coded {code} by radcode: {e}")
                    }
                    None => format!("nothing in the name leads to {code}"),
                });
                continue;
            };
            open &= !list.is_empty() && list.iter().all(|g| g.open);
            reasons.extend(list.iter().map(|g| self.words(code, g)));
            if list.is_empty() {
                reasons.push(format!("nothing in the name tells {code} from what it reads as"));
            }
            let card = lexicon.code_card(code);
            let rejected = card.map(|c| standings(lexicon, &c, &out.analysis)).unwrap_or_default();
            reasons.extend(rejected.iter().filter_map(|s| match s {
                Standing::Rejected(i) => Some(format!("{code} is named, and not coded: {}", out.analysis.rejected[*i].message)),
                _ => None,
            }));
        }
        let beyond: Vec<&str> = reads.difference(&wanted).copied().collect();
        let lacking = wanted.difference(&reads).count();
        if lacking == 0 || beyond.len() > lacking {
            open &= lacking > 0;
            reasons.push(format!("the name reads as {} codes: {}", reads.len(), reads.iter().copied().collect::<Vec<_>>().join(" ")));
        }
        let doubtful = out.analysis.suggestions.iter().filter(|s| is_doubtful(s, options.threshold));
        if let Some(least) = doubtful.map(|s| s.confidence).reduce(f64::min) {
            open = true;
            reasons.push(format!("the name is read with a confidence of {least:.2} only"));
        }
        out.verdict = if open { Verdict::CannotBeTold } else { Verdict::Differs };
        out.reasons = reasons;
    }

    fn words(&self, code: &str, g: &Gap) -> String {
        let axis = axis_name(self.lexicon(), g.axis);
        let code = match g.wanted.as_str() {
            "" => format!("{code} is of any {axis}"),
            w => format!("{code} is {w}"),
        };
        let name = match (g.open, g.has.as_str()) {
            (true, has) if g.assumed && g.axis.is_some() => format!("the name is silent on {axis}, taken as {has}"),
            (true, has) if g.assumed && !has.is_empty() => format!("the name says {has}"),
            (true, _) => "the name does not say it".to_owned(),
            (false, "") => format!("the name says nothing of {axis}"),
            (false, has) => format!("the name says {has}"),
        };
        format!("{code}; {name}")
    }
}
