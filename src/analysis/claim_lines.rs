//! The lines of a claim: sides, modifiers in the order of payers, units and their limits, agents.

use super::Cited;
use super::claim::{Builder, ClaimLine, Item, rationale};
use crate::lexicon::billing::{Cause, Flags, ModifierRule, SideOf};
use crate::lexicon::model::{Counts, RegionId};

impl Builder<'_> {
    /// Items become lines: sides, modifiers, units.
    pub(super) fn lines(&mut self) -> Vec<ClaimLine> {
        let mut out = Vec::new();
        for item in &self.items {
            let side = item.billed.values.get(self.lexicon.known.side);
            let split = item.units > 1 && side.count_ones() == 2;
            let whole = self.line(item, side, split);
            match whole {
                Some(line) => out.push(line),
                // no modifier says both sides: a line for each
                None => out.extend((0..64).map(|b| 1u64 << b).filter(|b| side & b != 0).filter_map(|b| self.line(item, b, false))),
            }
        }
        let key = |l: &ClaimLine| {
            (self.lexicon.billing.flags(l.instead_of.as_deref().unwrap_or(&l.code)).addon, l.code.clone(), l.modifiers.clone())
        };
        out.sort_by_key(key);
        for line in &out {
            for reason in &line.reasons {
                let rule = self.lexicon.billing.modifiers.iter().find(|m| *m.head.ground.id == *reason.rule);
                if let Some(query) = rule.and_then(|m| m.query.as_deref()) {
                    self.ask(query, &[&line.code], reason.evidence.clone());
                }
            }
        }
        out
    }

    /// Lines for the agents that were given, where code and amount are known: the images' part of the service. One
    /// injection that two reports tell is one.
    pub(super) fn supplies(&self) -> Vec<ClaimLine> {
        let mut out: Vec<ClaimLine> = Vec::new();
        let billed = !self.items.is_empty() && self.settings.meets(&self.lexicon.billing.supplies);
        for (report, a) in self.reports.iter().enumerate().filter(|_| billed) {
            for (at, s) in a.supplies.iter().enumerate() {
                let ([code], Some(units)) = (&s.codes[..], s.units) else { continue };
                let words: Vec<Cited> = s.evidence.iter().map(|e| Cited { report, evidence: e.clone() }).collect();
                let parts = [(Some(units), s.no_waste.then_some(Cause::NoWaste)), (s.wasted, Some(Cause::Waste))];
                for (units, cause) in parts.into_iter().filter_map(|(u, c)| Some((u?, c))) {
                    let mut reasons = vec![self.because("agent-given", &[("first", code)], words.clone())];
                    let rule = cause.and_then(|c| {
                        self.lexicon.billing.modifiers.iter().find(|m| m.cause == Some(c) && m.head.holds(&self.settings, self.day))
                    });
                    reasons.extend(rule.map(|m| rationale(&m.head.ground, &[("first", code)], Vec::new())));
                    let line = ClaimLine {
                        code: code.clone(),
                        instead_of: None,
                        modifiers: rule.map(|m| m.modifier.to_string()).into_iter().collect(),
                        units,
                        label: s.label.clone(),
                        sources: Vec::new(),
                        supplies: vec![(report, at)],
                        reasons,
                    };
                    let same = |l: &&mut ClaimLine| {
                        l.code == line.code && l.units == line.units && l.modifiers == line.modifiers && l.supplies[0].0 != report
                    };
                    match out.iter_mut().find(same) {
                        Some(twin) => twin.supplies.push((report, at)),
                        None => out.push(line),
                    }
                }
            }
        }
        out.sort_by(|a, b| (&a.code, &a.modifiers, a.units).cmp(&(&b.code, &b.modifiers, b.units)));
        out
    }

    /// A line for an item, of the sides given; of both sides where a modifier says so.
    fn line(&self, item: &Item, side: u64, both: bool) -> Option<ClaimLine> {
        let mut modifiers: Vec<(usize, &str)> = item.modifiers.iter().map(|m| (self.lexicon.billing.order(m), &**m)).collect();
        let mut reasons = item.reasons.clone();
        let mut paired = false;
        let flags = self.lexicon.billing.flags(&item.exam);
        for m in &self.lexicon.billing.modifiers {
            let Some(evidence) = self.takes(m, item, flags, side, both) else { continue };
            let there = |x: &str| modifiers.iter().any(|(_, m)| *m == x);
            if there(&m.modifier) || m.unless.iter().any(|x| there(x)) {
                continue;
            }
            paired |= m.side == Some(SideOf::Both);
            modifiers.push((self.lexicon.billing.order(&m.modifier), &m.modifier));
            reasons.push(rationale(&m.head.ground, &[("first", &item.code)], evidence));
        }
        if both && !paired {
            return None;
        }
        modifiers.sort_unstable();
        Some(ClaimLine {
            code: item.code.to_string(),
            instead_of: (item.code != item.exam).then(|| item.exam.to_string()),
            modifiers: modifiers.into_iter().map(|(_, m)| m.to_owned()).collect(),
            units: if both || side.is_power_of_two() { (item.units / 2).max(1) } else { item.units },
            label: item.label.clone(),
            sources: item.sources.clone(),
            supplies: Vec::new(),
            reasons,
        })
    }

    /// Whether a line takes a modifier, and the words that prove it.
    fn takes(&self, m: &ModifierRule, item: &Item, flags: Flags, side: u64, both: bool) -> Option<Vec<Cited>> {
        let (lexicon, known) = (self.lexicon, &self.lexicon.known);
        let one_of = |list: &Option<Vec<u8>>, flag: Option<u8>| list.as_ref().is_none_or(|l| flag.is_some_and(|f| l.contains(&f)));
        let bit = |name: &str| lexicon.axis(known.side).bit(name).unwrap_or(0);
        let others = || self.items.iter().filter(|x| !std::ptr::eq(*x, item));
        let holds = m.head.holds(&self.settings, self.day)
            && (m.codes.is_empty() || m.codes.holds(item.billed.family, &item.exam))
            && (m.beside.is_empty() || others().any(|x| m.beside.holds(x.billed.family, &x.exam)))
            && one_of(&m.split, flags.split)
            // of a code that the tables do not tell, sides may still be named
            && one_of(&m.bilateral, flags.bilateral.or(Some(9)))
            && m.when.iter().all(|(axis, bits)| item.billed.values.get(axis) & bits == bits)
            && m.cause
                .is_none_or(|c| if c == Cause::Edit { item.causes.iter().any(|c| *c != Cause::Repeat) } else { item.causes.contains(&c) });
        if !holds {
            return None;
        }
        let mut evidence = if m.cause == Some(Cause::Repeat) { self.words(item, "exam") } else { Vec::new() };
        if !m.circumstance.is_empty() {
            evidence.push(m.circumstance.iter().find_map(|c| self.circumstance(item, *c))?);
        }
        if !m.also.is_empty() {
            evidence.push(m.also.iter().find_map(|c| self.circumstance(item, *c))?);
        }
        if m.without.iter().any(|c| self.circumstance(item, *c).is_some()) {
            return None;
        }
        if !m.least.is_empty() {
            let (_, least) = m.least.iter().find(|(c, _)| *c == item.exam)?;
            let told = known.views.map(|v| Counts(item.billed.told.get(v))).filter(|c| c.0 != 0)?;
            if told.decisive() >= *least || told.0 >> least & 1 == 1 {
                return None;
            }
            evidence.extend(self.words(item, "views"));
        }
        if let Some(wanted) = m.side {
            let holds = match wanted {
                SideOf::Left => !both && side == bit("left"),
                SideOf::Right => !both && side == bit("right"),
                SideOf::One => side.is_power_of_two(),
                SideOf::Both => both,
            };
            if !holds || (wanted != SideOf::One && !self.has_sides(item)) {
                return None;
            }
            evidence.extend(self.words(item, "side"));
        }
        Some(evidence)
    }

    /// Whether an exam is of a part that has sides, or its family tells them apart.
    fn has_sides(&self, item: &Item) -> bool {
        let lexicon = self.lexicon;
        let family = lexicon.family(item.billed.family);
        let side = lexicon.known.side;
        let named = |r: &RegionId| {
            let up = std::iter::successors(Some(*r), |r| lexicon.region(*r).parent);
            up.into_iter().find(|r| family.any.contains(*r) || family.all.contains(r)).is_some_and(|r| lexicon.region(r).paired)
        };
        // a family of spine or hip, one code whichever, is of no side
        let mixed =
            family.any.iter().any(|r| !lexicon.region(r).paired && !lexicon.region(r).ancestors.iter().any(|a| lexicon.region(a).paired));
        let paired = !mixed && item.billed.regions.iter().any(named);
        family.per_side || family.rows.iter().any(|r| r.values.get(side) != 0) || paired
    }

    /// Units of a code on one day against the limit.
    pub(super) fn limits(&mut self, lines: &[ClaimLine]) {
        let mut seen: Vec<&str> = Vec::new();
        for line in lines {
            let exam = line.instead_of.as_deref().unwrap_or(&line.code);
            if seen.contains(&exam) {
                continue;
            }
            seen.push(exam);
            let units: u32 = lines.iter().filter(|l| l.instead_of.as_deref().unwrap_or(&l.code) == exam).map(|l| l.units).sum();
            let limit = [line.code.as_str(), exam].iter().find_map(|c| self.most.most_units(c));
            if limit.is_some_and(|most| units > most) {
                let words = self.items.iter().filter(|i| &*i.exam == exam).flat_map(|i| self.words(i, "exam")).collect();
                self.ask("unit-limit", &[&line.code], words);
            }
        }
    }
}
