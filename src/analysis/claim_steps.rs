//! The steps of a claim over its exams: what the site never bills, replacements, edits, add-ons.

use super::claim::{Builder, Clock, Item, rationale};
use super::{Cited, Rationale};
use crate::code::edits::{self, Verdict};
use crate::code::family::{is_in, row};
use crate::lexicon::billing::{AddOn, Cause, PairAnswer, PairRule, Replacement, ReplacementRow};
use crate::lexicon::model::{CircumstanceId, RegionId};
use crate::lexicon::{Edit, Policy};

/// The circumstance that sets exams of one day apart.
const SESSION: &str = "separate-session";

impl Builder<'_> {
    /// What the site never bills.
    pub(super) fn never(&mut self, policy: &Policy) {
        for code in policy.never() {
            while let Some(at) = self.items.iter().position(|i| &*i.code == code) {
                let reason = self.because("never-billed", &[("first", code)], Vec::new());
                self.remove(at, None, &reason);
            }
        }
    }

    /// Codes that become others: by choice of policy before the edits, by payer after them.
    pub(super) fn replace(&mut self, list: &[Replacement], exam: bool) {
        for r in list {
            if !r.head.holds(&self.settings, self.day) {
                continue;
            }
            for row in &r.rows {
                // each exam once: what has become another is not looked at again
                let mut at = 0;
                while at < self.items.len() {
                    let took = self.replace_at(r, row, at, exam);
                    at = took.unwrap_or(at).wrapping_add(1);
                }
            }
        }
    }

    /// Replaces one exam and those that go with it, where the row takes them; its new index.
    fn replace_at(&mut self, r: &Replacement, row: &ReplacementRow, at: usize, exam: bool) -> Option<usize> {
        let first = &self.items[at];
        let holds = |group: &[Box<str>], i: &Item| group.contains(&i.code);
        let fits = row.codes.first().is_some_and(|g| holds(g, first))
            && row.values.iter().all(|(axis, bits)| first.billed.values.get(axis) == bits)
            && (!row.ordered || (first.billed.refused && first.billed.ordered & self.lexicon.known.post != 0));
        if !fits {
            return None;
        }
        let mut words = Vec::new();
        if !row.circumstance.is_empty() {
            words.push(row.circumstance.iter().find_map(|c| self.circumstance(first, *c))?);
        }
        if row.without.iter().any(|c| self.circumstance(first, *c).is_some()) {
            return None;
        }
        let with = |g: &Vec<Box<str>>| self.items.iter().position(|i| (row.across || i.report() == first.report()) && holds(g, i));
        let mut others: Vec<usize> = row.codes[1..].iter().map(with).collect::<Option<_>>()?;
        if row.drops && self.reports[first.report()].document.kind == "charge_line" {
            return None;
        }
        let to = if row.ordered { self.code_as_ordered(at) } else { row.to.clone().or_else(|| Some(first.code.clone())) };
        let to = to.filter(|c| self.lexicon.code(c).is_some_and(|k| k.in_force(self.day)))?;
        if others.is_empty() && to == first.code && row.query.is_none() && !row.drops {
            return None;
        }
        let reason = rationale(&r.head.ground, &[("first", &first.code), ("to", &to)], words);
        if row.drops {
            if let Some(q) = &row.query {
                let (code, words) = (first.code.clone(), self.words(first, "exam"));
                self.ask(q, &[&code], words);
            }
            self.remove(at, None, &reason);
            return Some(at.wrapping_sub(1));
        }
        others.sort_unstable();
        let kept = at - others.iter().filter(|i| **i < at).count();
        for i in others.iter().rev() {
            self.remove(*i, Some(&to), &reason);
        }
        let item = &mut self.items[kept];
        item.modifiers.extend(row.modifier.clone());
        if !item.reasons.contains(&reason) {
            item.reasons.push(reason);
        }
        if exam {
            item.exam.clone_from(&to);
            item.billed.code.clone_from(&to);
            item.billed.modifiers.clone_from(&item.modifiers);
            item.billed.reasons.clone_from(&item.reasons);
        }
        item.code = to;
        if let Some(q) = &row.query {
            let (code, words) = (self.items[kept].code.clone(), self.words(&self.items[kept], "exam"));
            self.ask(q, &[&code], words);
        }
        Some(kept)
    }

    /// The code of an exam's family for the contrast that was ordered.
    fn code_as_ordered(&self, at: usize) -> Option<Box<str>> {
        let billed = &self.items[at].billed;
        let mut values = billed.values;
        values.set(self.lexicon.known.contrast, billed.ordered);
        row(self.lexicon, self.lexicon.family(billed.family), &values).map(|(r, _)| r.code.clone())
    }

    /// Edits between the codes of the day.
    pub(super) fn edits(&mut self) {
        let mut open: Vec<(usize, usize, Open)> = Vec::new();
        let mut never: Vec<(usize, usize, Rationale)> = Vec::new();
        let mut asked: Vec<(usize, usize, Box<str>)> = Vec::new();
        for i in 0..self.items.len() {
            for j in 0..self.items.len() {
                if i == j {
                    continue;
                }
                let (first, second) = (&self.items[i], &self.items[j]);
                let Some(edit) = self.pairs.between(&first.exam, &second.exam, self.day) else { continue };
                // what an edit never lifts may still be worth a question: one session or two
                if edit == Edit::Never
                    && first.report() != second.report()
                    && let Some(q) = self.named(first, second).and_then(|p| p.query.clone())
                {
                    asked.push((i, j, q));
                }
                match self.verdict(edit, first, second) {
                    Ok(reason) => never.push((i, j, reason)),
                    Err(o) => open.push((i, j, o)),
                }
            }
        }
        let pairs: Vec<(usize, usize)> = never.iter().map(|(i, j, _)| (*i, *j)).collect();
        let verdicts = edits::settle(self.items.len(), &pairs);
        for (i, j, q) in asked {
            let codes = [self.items[i].code.clone(), self.items[j].code.clone()];
            let words = [self.words(&self.items[i], "exam"), self.words(&self.items[j], "exam")].concat();
            self.ask(&q, &[&codes[0], &codes[1]], words);
        }
        for (i, j, o) in open {
            if verdicts[i] == Verdict::Stands && verdicts[j] == Verdict::Stands {
                self.lift(i, j, o);
            }
        }
        let codes: Vec<Box<str>> = self.items.iter().map(|i| i.code.clone()).collect();
        for j in (0..codes.len()).rev() {
            if let Verdict::Inside(i) = verdicts[j]
                && let Some((.., reason)) = never.iter().find(|(a, b, _)| (*a, *b) == (i, j))
            {
                self.remove(j, Some(&codes[i]), reason);
            }
        }
    }

    /// The named rule for two codes that an edit joins.
    fn named(&self, first: &Item, second: &Item) -> Option<&PairRule> {
        self.lexicon.billing.pairs.iter().find(|p| {
            p.head.holds(&self.settings, self.day)
                && (!p.same_family || first.billed.family == second.billed.family)
                && p.first.holds(first.billed.family, &first.exam)
                && p.second.holds(second.billed.family, &second.exam)
        })
    }

    /// Whether the second is inside the first, and why; else what lifts the edit, if anything does.
    fn verdict(&self, edit: Edit, first: &Item, second: &Item) -> Result<Rationale, Open> {
        let edition = self.pairs.pairs_edition.as_ref().map_or("", |e| e.name.as_str());
        let fill = [("first", &*first.code), ("second", &*second.code), ("edition", edition)];
        if edit == Edit::Never {
            return Ok(self.because("edit-never", &fill, Vec::new()));
        }
        let side = |i: &Item| i.billed.told.get(self.lexicon.known.side);
        if side(first).is_power_of_two() && side(second).is_power_of_two() && side(first) & side(second) == 0 {
            let words = [self.words(first, "side"), self.words(second, "side")].concat();
            return Err(Open::Answered(self.because("edit-other-side", &fill, words), None));
        }
        let session = || {
            let told = self.told(second, SESSION).or_else(|| self.told(first, SESSION)).map(|t| vec![t]);
            let words = told.or_else(|| self.far_apart(first, second))?;
            Some(Err(Open::Answered(self.because("edit-session", &fill, words), Some(Cause::Session))))
        };
        if let Some(p) = self.named(first, second) {
            // a named question that has no words of its own is answered by a session that is told
            if p.answer == PairAnswer::Ask
                && p.query.is_none()
                && let Some(answered) = session()
            {
                return answered;
            }
            let inside = match p.answer {
                PairAnswer::First => true,
                PairAnswer::OwnFindings => !(second.billed.own_findings || first.report() != second.report()),
                PairAnswer::Both | PairAnswer::Ask => false,
            };
            let reason = rationale(&p.head.ground, &fill, self.words(second, "exam"));
            return match (inside, p.answer) {
                (true, _) => Ok(reason),
                (false, PairAnswer::Ask) => Err(Open::Asked(reason, p.query.clone())),
                (false, _) => Err(Open::Answered(reason, p.modifier.then_some(Cause::Both))),
            };
        }
        if let Some(answered) = session() {
            return answered;
        }
        let own = |i: &Item| i.billed.own_findings || first.report() != second.report();
        // a toe beside its foot is no separate site: only what shares no part of the body is
        let root = |r: &RegionId| std::iter::successors(Some(*r), |r| self.lexicon.region(*r).parent).last();
        let apart = |x: &RegionId, y: &RegionId| root(x) != root(y);
        let sites = !first.billed.regions.is_empty()
            && !second.billed.regions.is_empty()
            && first.billed.regions.iter().all(|x| second.billed.regions.iter().all(|y| apart(x, y)));
        if sites && own(first) && own(second) {
            let words = [self.words(first, "region"), self.words(second, "region")].concat();
            return Err(Open::Answered(self.because("edit-site", &fill, words), Some(Cause::Site)));
        }
        Err(Open::Asked(self.because("edit-open", &fill, Vec::new()), None))
    }

    /// Both codes of a pair stand: the second gets its reason, and the cause for a modifier or a question.
    fn lift(&mut self, i: usize, j: usize, open: Open) {
        let (reason, cause, query) = match open {
            Open::Answered(reason, cause) => (reason, cause, None),
            Open::Asked(reason, query) => (reason, None, Some(query)),
        };
        if let Some(query) = query {
            let codes = [self.items[i].code.clone(), self.items[j].code.clone()];
            let words = [self.words(&self.items[i], "exam"), self.words(&self.items[j], "exam")].concat();
            self.ask(query.as_deref().unwrap_or("edit-pair"), &[&codes[0], &codes[1]], words);
        }
        let item = &mut self.items[j];
        if !item.reasons.contains(&reason) {
            item.reasons.push(reason);
        }
        item.causes.extend(cause.filter(|c| !item.causes.contains(c)));
    }

    /// Codes that stand beside another only.
    pub(super) fn addons(&mut self) {
        let lexicon = self.lexicon;
        for at in 0..self.items.len() {
            let item = &self.items[at];
            let rule = lexicon
                .billing
                .addons
                .iter()
                .find(|a| a.head.holds(&self.settings, self.day) && a.codes.holds(item.billed.family, &item.exam));
            if rule.is_none() && !lexicon.billing.flags(&item.exam).addon {
                continue;
            }
            let based = |a: &AddOn| self.items.iter().enumerate().any(|(i, x)| i != at && a.bases.holds(x.billed.family, &x.exam));
            let codes = [item.code.clone()];
            match rule {
                Some(a) if based(a) => {}
                Some(a) => {
                    let to = a.alone.clone().filter(|c| lexicon.code(c).is_some_and(|k| k.in_force(self.day)));
                    let reason = rationale(&a.head.ground, &[("first", &item.code), ("to", to.as_deref().unwrap_or_default())], Vec::new());
                    let words = self.words(item, "exam");
                    match to {
                        Some(to) => {
                            self.items[at].code.clone_from(&to);
                            self.items[at].exam = to;
                        }
                        None => self.ask(a.query.as_deref().unwrap_or("base-missing"), &[&codes[0]], words),
                    }
                    self.items[at].reasons.push(reason);
                }
                // an add-on whose bases no table names needs any other code beside it
                None if self.items.len() > 1 => {}
                None => {
                    let words = self.words(item, "exam");
                    self.ask("base-missing", &[&codes[0]], words);
                }
            }
        }
    }

    /// The times of two exams of different reports, where they lie so far apart that they are of two sessions.
    fn far_apart(&self, first: &Item, second: &Item) -> Option<Vec<Cited>> {
        let billing = &self.lexicon.billing;
        let apart = billing.circumstances[billing.circumstance(SESSION)?.0 as usize].apart?;
        let (x, y) = (first.report(), second.report());
        let (p, q) = (self.reports[x].time.as_ref()?, self.reports[y].time.as_ref()?);
        let cited = |report: usize, time: &Clock| Cited { report, evidence: time.evidence.clone() };
        (p.minutes.abs_diff(q.minutes) >= apart).then(|| vec![cited(x, p), cited(y, q)])
    }

    /// What a report tells of an exam's circumstances.
    fn told(&self, item: &Item, id: &str) -> Option<Cited> {
        let id = self.lexicon.billing.circumstance(id)?;
        self.circumstance(item, id)
    }

    pub(super) fn circumstance(&self, item: &Item, id: CircumstanceId) -> Option<Cited> {
        let of_exam = self.lexicon.billing.circumstances[id.0 as usize].exam;
        item.sources.iter().find_map(|s| {
            let report = self.reports[s.report];
            let alone = report.suggestions.len() < 2;
            let near = |r: &RegionId| item.billed.regions.iter().any(|x| is_in(self.lexicon, *r, *x) || is_in(self.lexicon, *x, *r));
            let told = report.told.iter().find(|t| t.id == id && (!of_exam || alone || t.regions.iter().any(near)))?;
            Some(Cited { report: s.report, evidence: told.evidence.clone() })
        })
    }
}

/// What an edit that a modifier lifts comes to.
enum Open {
    /// Both stand; the second gets a modifier for the cause, if one is needed.
    Answered(Rationale, Option<Cause>),
    /// Both stand and are asked about.
    Asked(Rationale, Option<Box<str>>),
}
