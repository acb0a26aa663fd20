//! Agents that are billed beside the exam: code by concentration, units by the documented amount, in exact arithmetic.

use jiff::civil::Date;

use super::engine::{Reading, section};
use super::{Evidence, SupplyLine};
use crate::lexicon::Lexicon;
use crate::lexicon::supply::Supply;
use crate::read::supply::{Amount, Given, given};
use crate::text::Span;

/// One line an agent, in the order of the report.
pub(super) fn lines(r: &Reading<'_>, day: Date) -> Vec<SupplyLine> {
    let lexicon = r.text.lexicon;
    let all = given(&r.text, &r.parts);
    let mut seen = Vec::new();
    let mut out = Vec::new();
    for g in &all {
        if seen.contains(&g.supply) {
            continue;
        }
        seen.push(g.supply);
        let own: Vec<&Given> = all.iter().filter(|o| o.supply == g.supply).collect();
        out.push(line(r, &lexicon.supplies[g.supply.0 as usize], &own, day));
    }
    out
}

fn line(r: &Reading<'_>, supply: &Supply, given: &[&Given], day: Date) -> SupplyLine {
    let lexicon = r.text.lexicon;
    let concentration = given.iter().find_map(|g| g.concentration);
    let codes = codes(supply, concentration.map(|(n, _)| n), day);
    // one amount told twice is one amount
    let mut amounts: Vec<Amount> = Vec::new();
    for a in given.iter().filter_map(|g| g.amount) {
        if !amounts.iter().any(|b| (a.thousandths, a.measure) == (b.thousandths, b.measure)) {
            amounts.push(a);
        }
    }
    let waste = given.iter().find_map(|g| g.waste);
    let no_waste = given.iter().find_map(|g| g.no_waste).filter(|_| waste.is_none());
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut prove = |role: &str, span: Span| {
        let e = Evidence { role: role.to_owned(), span: r.text.to_source(span), section: section(r, span), concept: None };
        if !e.span.is_empty() && !evidence.contains(&e) {
            evidence.push(e);
        }
    };
    for g in given {
        prove("supply", g.span);
    }
    if let Some((_, span)) = concentration.filter(|_| supply.rows.iter().any(|row| row.concentration.is_some())) {
        prove("concentration", span);
    }
    for a in &amounts {
        prove("amount", a.span);
    }
    for span in waste.map(|w| w.span).into_iter().chain(no_waste) {
        prove("waste", span);
    }
    evidence.sort_by_key(|e| (e.span.start, e.span.end));
    SupplyLine {
        supply: supply.id.to_string(),
        label: supply.label.to_string(),
        codes,
        units: units(lexicon, supply, &amounts),
        wasted: waste.and_then(|w| units(lexicon, supply, &[w])).filter(|_| supply.unit.is_some()),
        no_waste: no_waste.is_some(),
        evidence,
    }
}

/// The codes that stand on a day for a concentration; several where it is needed and not told.
fn codes(supply: &Supply, concentration: Option<u32>, day: Date) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let sold = |(low, high): (u32, u32)| supply.sold.is_empty() || supply.sold.iter().any(|n| (low..=high).contains(n));
    for row in supply.rows.iter().filter(|r| r.from.is_none_or(|d| d <= day) && r.until.is_none_or(|d| day <= d)) {
        let holds =
            row.concentration.is_none_or(|(low, high)| concentration.map_or_else(|| sold((low, high)), |n| (low..=high).contains(&n)));
        if holds && !out.iter().any(|c| **c == *row.code) {
            out.push(row.code.to_string());
        }
    }
    out
}

/// Units of amounts added, a part of a unit counted as one; of doses their number. `None`: an amount is missing, or
/// measured in something else than the unit.
fn units(lexicon: &Lexicon, supply: &Supply, amounts: &[Amount]) -> Option<u32> {
    let Some((measure, size)) = supply.unit else { return Some(amounts.len().max(1) as u32) };
    if amounts.is_empty() {
        return None;
    }
    let mut total = 0u32;
    // amounts of one measure are added before they are rounded
    let mut left: Vec<Amount> = amounts.to_vec();
    while let Some(first) = left.first().copied() {
        let m = &lexicon.measures[first.measure.0 as usize];
        if m.base != measure {
            return None;
        }
        let sum: u64 = left.extract_if(.., |a| a.measure == first.measure).map(|a| a.thousandths).sum();
        let (above, below) = (u128::from(sum) * u128::from(m.times), u128::from(m.parts) * u128::from(size));
        total = total.checked_add(u32::try_from(above.div_ceil(below)).ok()?)?;
    }
    Some(total)
}
