//! Reads which agents were given, and how much: "100 mL of Omnipaque 350", "Tc-99m MDP, 25.1 mCi", "5 mL discarded".

use super::section::Part;
use super::text::{Kind, Mention, Text};
use crate::lexicon::model::{Means, SectionKind, Sense};
use crate::lexicon::supply::{MeasureId, SupplyId, thousandths};
use crate::text::Span;

/// Mg of iodine per mL that agents are sold with.
const CONCENTRATIONS: std::ops::RangeInclusive<u32> = 100..=450;

/// An agent named in a sentence as given.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) supply: SupplyId,
    /// Its name.
    pub(crate) span: Span,
    /// How much of it.
    pub(crate) amount: Option<Amount>,
    /// Mg of iodine per mL, and where that stands.
    pub(crate) concentration: Option<(u32, Span)>,
    /// How much was thrown away.
    pub(crate) waste: Option<Amount>,
    /// Where it says that nothing was.
    pub(crate) no_waste: Option<Span>,
}

/// An amount as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    /// In thousandths.
    pub(crate) thousandths: u64,
    pub(crate) measure: MeasureId,
    pub(crate) span: Span,
}

/// All agents that a report says were given, in order.
pub(crate) fn given(text: &Text<'_>, parts: &[Part]) -> Vec<Given> {
    use SectionKind as K;
    const MOST: usize = 512; // nobody is given more
    let mut out = Vec::new();
    let mut cues = Vec::new();
    if text.all_of(Kind::Supply).is_empty() {
        return out;
    }
    for part in parts {
        if !matches!(part.kind, K::Technique | K::Contrast | K::Body | K::Findings | K::Title | K::Dose | K::Other) {
            continue;
        }
        let begun = out.len();
        for s in text.sentences(part.body) {
            let names = names(text, s);
            let again = further_doses(text, s, &names, &out[begun..]);
            if names.is_empty() && again.is_empty() || out.len() >= MOST {
                continue;
            }
            text.cues(s, &mut cues);
            let reason = |means: Means| {
                matches!(
                    means,
                    Means::NotPerformed | Means::Recommendation | Means::Planned | Means::Conditional | Means::Comparison | Means::History
                )
            };
            if text.is_quoted(s.start) || cues.iter().any(|(_, c)| reason(text.lexicon.cue(*c).means)) {
                continue;
            }
            let denied = |at: Span| {
                let near = |cue: &Span| cue.end <= at.start && at.start - cue.end < 24;
                cues.iter().any(|(cue, c)| text.lexicon.cue(*c).means == Means::Negated && near(cue))
            };
            let amounts = amounts(text, s);
            let (wasted, kept) = wastes(text, s, &amounts);
            for (i, &(span, supply)) in names.iter().enumerate() {
                if denied(span) {
                    continue;
                }
                let before = i.checked_sub(1).map_or(s.start, |j| names[j].0.end);
                let behind = names.get(i + 1).map_or(s.end, |n| n.0.start);
                let own = |a: &&Amount| a.span.start >= before && a.span.end <= behind && wasted.is_none_or(|w| w.span != a.span);
                // the amount right before the name, else the first behind it
                let amount = amounts
                    .iter()
                    .filter(own)
                    .rfind(|a| a.span.end <= span.start)
                    .or_else(|| amounts.iter().filter(own).find(|a| a.span.start >= span.end))
                    .copied();
                let concentration = concentration(text, span, Span::new(before, behind), &amounts);
                out.push(Given { supply, span, amount, concentration, waste: wasted, no_waste: kept });
            }
            // those behind the agents of this sentence are of the last of them
            out.extend(if names.is_empty() { again } else { further_doses(text, s, &names, &out[begun..]) });
        }
    }
    out
}

/// Doses of an agent that is not named again: "10 mCi of sestamibi at rest, 30 mCi at peak exercise". The words behind
/// each have to tell its state; what is left in a syringe is no dose.
fn further_doses(text: &Text<'_>, sentence: Span, names: &[(Span, SupplyId)], before: &[Given]) -> Vec<Given> {
    let lexicon = text.lexicon;
    let Some(last) = before.last() else { return Vec::new() };
    let Some(own) = last.amount.filter(|_| lexicon.supplies[last.supply.0 as usize].unit.is_none()) else { return Vec::new() };
    let from = names.last().map_or(sentence.start, |(name, _)| name.end.max(own.span.end));
    if names.last().is_some_and(|(name, _)| *name != last.span) {
        return Vec::new();
    }
    let amounts: Vec<Amount> = amounts(text, Span::new(from, sentence.end)).into_iter().filter(|a| a.measure == own.measure).collect();
    let mut mentions = Vec::new();
    let mut told = |i: usize, a: &Amount| {
        let end = amounts.get(i + 1).map_or(sentence.end, |next| next.span.start);
        mentions.clear();
        text.mentions(Span::new(a.span.end, end), false, &mut mentions);
        let state = |m: &Mention| ["rest", "stress"].iter().any(|s| lexicon.has(&lexicon.concept(m.concept).sets, "isotope", s));
        mentions.iter().any(state)
    };
    let doses: Vec<Amount> = amounts.iter().enumerate().filter(|(i, a)| told(*i, a)).map(|(_, a)| *a).collect();
    doses.into_iter().map(|a| Given { amount: Some(a), concentration: None, waste: None, no_waste: None, ..last.clone() }).collect()
}

/// The agents named in a sentence: of overlapping names the longest.
fn names(text: &Text<'_>, range: Span) -> Vec<(Span, SupplyId)> {
    let mut out: Vec<(Span, SupplyId)> = Vec::new();
    for (span, supply) in text.of_kind(Kind::Supply, range, |s| match s {
        Sense::Supply(id) => Some(id),
        _ => None,
    }) {
        match out.last() {
            Some((last, _)) if last.overlaps(span) => {}
            // "Omnipaque (iohexol)": one agent by two names
            Some((last, id)) if *id == supply && span.start - last.end < 4 => {}
            _ => out.push((span, supply)),
        }
    }
    out
}

/// Numbers with a measure, in order.
fn amounts(text: &Text<'_>, range: Span) -> Vec<Amount> {
    text.of_kind(Kind::Supply, range, |s| match s {
        Sense::Measure(id) => Some(id),
        _ => None,
    })
    .filter_map(|(unit, measure)| {
        let number = number_before(text, unit.start, range.start)?;
        Some(Amount { thousandths: thousandths(text.slice(number))?, measure, span: number.join(unit) })
    })
    .collect()
}

/// The decimal number that ends right before a place, a blank between or none.
fn number_before(text: &Text<'_>, at: u32, from: u32) -> Option<Span> {
    let bytes = text.text().as_bytes();
    let mut end = at as usize;
    while end > from as usize && bytes[end - 1] == b' ' {
        end -= 1;
    }
    let mut start = end;
    while start > from as usize && (bytes[start - 1].is_ascii_digit() || bytes[start - 1] == b'.') {
        start -= 1;
    }
    while start < end && bytes[start] == b'.' {
        start += 1;
    }
    // "300 mgI/100 mL", "2024-100": a part of something else
    let whole = start == 0
        || !matches!(bytes[start - 1], b'/' | b'-' | b',')
        || bytes.get(start.wrapping_sub(2)).is_none_or(|b| !b.is_ascii_digit());
    (start < end && at as usize - end < 2 && whole).then(|| Span::new(start as u32, end as u32))
}

/// "Omnipaque 350", "Isovue (370)", "iohexol 350 mg/mL": three digits behind the name or at its end that are no amount.
fn concentration(text: &Text<'_>, name: Span, within: Span, amounts: &[Amount]) -> Option<(u32, Span)> {
    const REACH: u32 = 28; // bytes behind the name
    let end = (name.end + REACH).min(within.end);
    let from = name.end - text.slice(name).bytes().rev().take_while(u8::is_ascii_digit).count() as u32;
    let mut at = from;
    while at < end {
        let digits = text.slice(Span::new(at, end)).bytes().take_while(u8::is_ascii_digit).count() as u32;
        let span = Span::new(at, at + digits);
        let told = text.slice(span).parse().ok().filter(|n| digits == 3 && CONCENTRATIONS.contains(n));
        if let Some(n) = told.filter(|_| !amounts.iter().any(|a| a.span.overlaps(span))) {
            return Some((n, span));
        }
        at += digits.max(1);
        if !text.text().is_char_boundary(at as usize) {
            return None;
        }
    }
    None
}

/// The amount that a sentence says was thrown away, and where it says that nothing was.
fn wastes(text: &Text<'_>, range: Span, amounts: &[Amount]) -> (Option<Amount>, Option<Span>) {
    let mut kept = None;
    for (span, none) in text.of_kind(Kind::Supply, range, |s| match s {
        Sense::Waste(none) => Some(none),
        _ => None,
    }) {
        if none {
            kept = Some(span);
            continue;
        }
        let near = |a: &&Amount| {
            let gap = if a.span.end <= span.start { span.start - a.span.end } else { a.span.start.saturating_sub(span.end) };
            gap < 24
        };
        if let Some(a) = amounts.iter().filter(near).min_by_key(|a| a.span.start.abs_diff(span.start)) {
            return (Some(*a), kept);
        }
    }
    (None, kept)
}
