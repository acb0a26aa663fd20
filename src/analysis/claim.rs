//! The claim: from the codes of one report, or of all reports of one patient and day, to lines that a payer takes.
//!
//! The steps, each with its reason and source in the answer: what the site never bills, choices of policy, exams that
//! one code joins, rules over the exams of the day, repeats, edits, add-ons, codes of the payer, sides and modifiers,
//! unit limits. No step depends on the order of the exams.

use std::fmt;

use jiff::civil::Date;

use super::encounter;
use super::{Analysis, Cited, Evidence, Rationale};
use crate::code::edits::{self, Verdict};
use crate::code::family::{is_in, row};
use crate::lexicon::billing::{AddOn, Cause, Ground, ModifierRule, PairAnswer, PairRule, Replacement, ReplacementRow, SideOf};
use crate::lexicon::model::{CircumstanceId, Counts, FamilyId, RegionId, Values};
use crate::lexicon::policy::Settings;
use crate::lexicon::{Edit, EditEdition, Edits, Lexicon, Policy};

/// What a suggestion is to the claim: the exam behind it, in the lexicon's own values.
#[derive(Clone, Debug)]
pub(crate) struct Billed {
    pub(crate) family: FamilyId,
    /// The code of the exam, before payers have their own.
    pub(crate) code: Box<str>,
    /// As told.
    pub(crate) told: Values,
    /// With what silence was taken for.
    pub(crate) values: Values,
    pub(crate) regions: Vec<RegionId>,
    /// Contrast of title or order, and whether it was refused.
    pub(crate) ordered: u64,
    pub(crate) refused: bool,
    pub(crate) own_findings: bool,
    /// Units as the family counts them: sides.
    pub(crate) units: u32,
    /// What a choice of policy made of it, so that a claim of several reports keeps it.
    pub(crate) modifiers: Vec<Box<str>>,
    pub(crate) reasons: Vec<Rationale>,
}

/// A circumstance that a text tells.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) id: CircumstanceId,
    /// Regions of its sentence, to tell exams apart.
    pub(crate) regions: Vec<RegionId>,
    pub(crate) evidence: Evidence,
}

/// A suggestion of one of the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineSource {
    /// Index of the report.
    pub report: usize,
    /// Index of the suggestion in that report's answer.
    pub suggestion: usize,
}

/// One line of a claim.
#[derive(Clone, Debug)]
pub struct ClaimLine {
    /// The code to bill.
    pub code: String,
    /// The code of the exam, where policy or payer have another.
    pub instead_of: Option<String>,
    /// Modifiers in the order in which payers want them.
    pub modifiers: Vec<String>,
    /// Units.
    pub units: u32,
    /// The exam in our own words.
    pub label: String,
    /// The suggestions that it comes from; none for an agent.
    pub sources: Vec<LineSource>,
    /// The agents that it comes from: report, and index into its `supplies`.
    pub supplies: Vec<(usize, usize)>,
    /// What was done to it and why.
    pub reasons: Vec<Rationale>,
}

/// Code, modifiers and units in one word: `73562-26-50`, `76641x2`.
impl fmt::Display for ClaimLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        for m in &self.modifiers {
            write!(f, "-{m}")?;
        }
        if self.units > 1 { write!(f, "x{}", self.units) } else { Ok(()) }
    }
}

/// A code that the claim leaves out.
#[derive(Clone, Debug)]
pub struct Removed {
    /// The code.
    pub code: String,
    /// The suggestion, by its index before the claim.
    pub source: LineSource,
    /// The code that stands instead, if one does.
    pub inside: Option<String>,
    /// Why.
    pub reason: Rationale,
}

/// A question that the claim raises.
#[derive(Clone, Debug)]
pub struct ClaimQuery {
    /// Its kind, an id of `queries.toml`.
    pub kind: String,
    /// The question.
    pub message: String,
    /// The codes that it is about.
    pub codes: Vec<String>,
    /// The places that it is about.
    pub evidence: Vec<Cited>,
}

/// What a payer is sent for one report, or for all reports of one patient and day.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The day that it is for.
    pub day: Date,
    /// Options of policy, their choices, and whether each is the default.
    pub policy: Vec<(String, String, bool)>,
    /// The edits between codes that answered.
    pub pairs_edition: Option<EditEdition>,
    /// The unit limits that answered.
    pub limits_edition: Option<EditEdition>,
    /// The lines.
    pub lines: Vec<ClaimLine>,
    /// What was left out.
    pub removed: Vec<Removed>,
    /// What to ask.
    pub queries: Vec<ClaimQuery>,
}

/// An exam on its way to a line.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) code: Box<str>,
    /// The code that edits and limits know, where the payer has another.
    pub(super) exam: Box<str>,
    pub(super) billed: Billed,
    pub(super) sources: Vec<LineSource>,
    pub(super) label: String,
    pub(super) units: u32,
    pub(super) modifiers: Vec<Box<str>>,
    pub(super) causes: Vec<Cause>,
    pub(super) reasons: Vec<Rationale>,
}

impl Item {
    fn report(&self) -> usize {
        self.sources[0].report
    }
}

/// Builds a claim.
pub(super) struct Builder<'a> {
    pub(super) lexicon: &'a Lexicon,
    pub(super) edits: &'a Edits,
    pub(super) settings: Settings,
    pub(super) day: Date,
    pub(super) reports: &'a [&'a Analysis],
    pub(super) items: Vec<Item>,
    pub(super) removed: Vec<Removed>,
    pub(super) queries: Vec<ClaimQuery>,
}

/// The claim for reports of one patient and day, and each exam as policy has left it.
pub(super) fn build(
    lexicon: &Lexicon,
    edits: &Edits,
    policy: &Policy,
    day: Date,
    reports: &[&Analysis],
) -> (Claim, Vec<(LineSource, Billed)>) {
    let mut b = Builder {
        lexicon,
        edits,
        settings: lexicon.settings(policy),
        day,
        reports,
        items: items(reports),
        removed: before(reports),
        queries: Vec::new(),
    };
    b.never(policy);
    b.replace(&lexicon.billing.choices, true);
    let billed = b.items.iter().map(|i| (i.sources[0], i.billed.clone())).collect();
    encounter::versions(&mut b);
    encounter::join(&mut b);
    encounter::rules(&mut b);
    encounter::repeats(&mut b);
    b.edits();
    b.addons();
    b.replace(&lexicon.billing.payers, false);
    let mut lines = b.lines();
    lines.extend(b.supplies());
    b.limits(&lines);
    let owned = |(o, c, d): (&str, &str, bool)| (o.to_owned(), c.to_owned(), d);
    let claim = Claim {
        day,
        policy: lexicon.choices(policy).into_iter().map(owned).collect(),
        pairs_edition: edits.pairs_edition.clone(),
        limits_edition: edits.limits_edition.clone(),
        lines,
        removed: b.removed,
        queries: b.queries,
    };
    (claim, billed)
}

/// A claim of nothing.
pub(super) const fn empty(day: Date) -> Claim {
    Claim {
        day,
        policy: Vec::new(),
        pairs_edition: None,
        limits_edition: None,
        lines: Vec::new(),
        removed: Vec::new(),
        queries: Vec::new(),
    }
}

/// What the claims of the single reports have left out already.
fn before(reports: &[&Analysis]) -> Vec<Removed> {
    let mut out = Vec::new();
    for (report, a) in reports.iter().enumerate() {
        for r in &a.claim.removed {
            let mut r = r.clone();
            r.source.report = report;
            r.reason = in_report(r.reason, report);
            out.push(r);
        }
    }
    out
}

/// All suggestions, in an order that does not depend on that of the reports but for exams that are the same.
fn items(reports: &[&Analysis]) -> Vec<Item> {
    let mut out = Vec::new();
    for (report, a) in reports.iter().enumerate() {
        for (suggestion, s) in a.suggestions.iter().enumerate() {
            out.push(Item {
                code: s.billed.code.clone(),
                exam: s.billed.code.clone(),
                billed: s.billed.clone(),
                sources: vec![LineSource { report, suggestion }],
                label: s.label.clone(),
                units: s.billed.units,
                modifiers: s.billed.modifiers.clone(),
                causes: Vec::new(),
                reasons: s.billed.reasons.iter().cloned().map(|r| in_report(r, report)).collect(),
            });
        }
    }
    out.sort_by(|a, b| (&a.code, &a.label).cmp(&(&b.code, &b.label)));
    out
}

/// A reason whose words stand in one report.
fn in_report(mut reason: Rationale, report: usize) -> Rationale {
    for c in &mut reason.evidence {
        c.report = report;
    }
    reason
}

/// Why, with words and source of the lexicon; `{first}` and the like filled in.
pub(super) fn rationale(ground: &Ground, fill: &[(&str, &str)], evidence: Vec<Cited>) -> Rationale {
    let filled = |text: &str| fill.iter().fold(text.to_owned(), |t, (name, words)| t.replace(&format!("{{{name}}}"), words));
    Rationale { rule: ground.id.to_string(), message: filled(&ground.message), source: filled(&ground.source), evidence }
}

impl Builder<'_> {
    /// A reason of the claim itself.
    pub(super) fn because(&self, id: &str, fill: &[(&str, &str)], evidence: Vec<Cited>) -> Rationale {
        match self.lexicon.billing.rationale(id) {
            Some(ground) => rationale(ground, fill, evidence),
            None => Rationale { rule: id.to_owned(), message: String::new(), source: String::new(), evidence },
        }
    }

    pub(super) fn ask(&mut self, kind: &str, codes: &[&str], evidence: Vec<Cited>) {
        let Some(q) = self.lexicon.queries.iter().find(|q| &*q.kind == kind) else { return };
        let codes: Vec<String> = codes.iter().map(|c| (*c).to_owned()).collect();
        if !self.queries.iter().any(|x| x.kind == kind && x.codes == codes) {
            self.queries.push(ClaimQuery { kind: kind.to_owned(), message: q.message.to_string(), codes, evidence });
        }
    }

    /// Words of an item's exam, of one role or of those that name it.
    pub(super) fn words(&self, item: &Item, role: &str) -> Vec<Cited> {
        let mut out = Vec::new();
        for s in &item.sources {
            let evidence = &self.reports[s.report].suggestions[s.suggestion].evidence;
            let best = |e: &&Evidence| e.role == role || (role == "exam" && matches!(e.role.as_str(), "exam" | "region"));
            out.extend(evidence.iter().find(best).map(|e| Cited { report: s.report, evidence: e.clone() }));
        }
        out
    }

    pub(super) fn remove(&mut self, at: usize, inside: Option<&str>, reason: &Rationale) {
        let item = self.items.remove(at);
        for source in item.sources {
            self.removed.push(Removed { code: item.code.to_string(), source, inside: inside.map(str::to_owned), reason: reason.clone() });
        }
    }

    fn never(&mut self, policy: &Policy) {
        for code in policy.never() {
            while let Some(at) = self.items.iter().position(|i| &*i.code == code) {
                let reason = self.because("never-billed", &[("first", code)], Vec::new());
                self.remove(at, None, &reason);
            }
        }
    }

    /// Codes that become others: by choice of policy before the edits, by payer after them.
    fn replace(&mut self, list: &[Replacement], exam: bool) {
        for r in list {
            if !r.valid.on(self.day) || !self.settings.meets(&r.under) {
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
        let holds = |group: &[Box<str>], i: &Item| group.iter().any(|c| *c == i.code);
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
        let reason = rationale(&r.ground, &[("first", &first.code), ("to", &to)], words);
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
    fn edits(&mut self) {
        let mut open: Vec<(usize, usize, Open)> = Vec::new();
        let mut never: Vec<(usize, usize, Rationale)> = Vec::new();
        let mut asked: Vec<(usize, usize, Box<str>)> = Vec::new();
        for i in 0..self.items.len() {
            for j in 0..self.items.len() {
                if i == j {
                    continue;
                }
                let (first, second) = (&self.items[i], &self.items[j]);
                let Some(edit) = self.edits.between(&first.exam, &second.exam, self.day) else { continue };
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
            self.settings.meets(&p.under)
                && (!p.same_family || first.billed.family == second.billed.family)
                && p.first.holds(first.billed.family, &first.exam)
                && p.second.holds(second.billed.family, &second.exam)
        })
    }

    /// Whether the second is inside the first, and why; else what lifts the edit, if anything does.
    fn verdict(&self, edit: Edit, first: &Item, second: &Item) -> Result<Rationale, Open> {
        let edition = self.edits.pairs_edition.as_ref().map_or("", |e| e.name.as_str());
        let fill = [("first", &*first.code), ("second", &*second.code), ("edition", edition)];
        if edit == Edit::Never {
            return Ok(self.because("edit-never", &fill, Vec::new()));
        }
        let side = |i: &Item| i.billed.told.get(self.lexicon.known.side);
        if side(first).is_power_of_two() && side(second).is_power_of_two() && side(first) & side(second) == 0 {
            let words = [self.words(first, "side"), self.words(second, "side")].concat();
            return Err(Open::Answered(self.because("edit-other-side", &fill, words), None));
        }
        if let Some(p) = self.named(first, second) {
            let inside = match p.answer {
                PairAnswer::First => true,
                PairAnswer::OwnFindings => !(second.billed.own_findings || first.report() != second.report()),
                PairAnswer::Both | PairAnswer::Ask => false,
            };
            let reason = rationale(&p.ground, &fill, self.words(second, "exam"));
            return match (inside, p.answer) {
                (true, _) => Ok(reason),
                (false, PairAnswer::Ask) => Err(Open::Asked(reason, p.query.clone())),
                (false, _) => Err(Open::Answered(reason, p.modifier.then_some(Cause::Both))),
            };
        }
        if let Some(told) = self.told(second, "separate-session").or_else(|| self.told(first, "separate-session")) {
            return Err(Open::Answered(self.because("edit-session", &fill, vec![told]), Some(Cause::Session)));
        }
        let own = |i: &Item| i.billed.own_findings || first.report() != second.report();
        let apart = |x: &RegionId, y: &RegionId| !is_in(self.lexicon, *x, *y) && !is_in(self.lexicon, *y, *x);
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
    fn addons(&mut self) {
        let lexicon = self.lexicon;
        for at in 0..self.items.len() {
            let item = &self.items[at];
            let rule = lexicon.billing.addons.iter().find(|a| a.codes.holds(item.billed.family, &item.exam));
            if rule.is_none() && !lexicon.billing.flags(&item.exam).addon {
                continue;
            }
            let based = |a: &AddOn| self.items.iter().enumerate().any(|(i, x)| i != at && a.bases.holds(x.billed.family, &x.exam));
            let codes = [item.code.clone()];
            match rule {
                Some(a) if based(a) => {}
                Some(a) => {
                    let to = a.alone.clone().filter(|c| lexicon.code(c).is_some_and(|k| k.in_force(self.day)));
                    let reason = rationale(&a.ground, &[("first", &item.code), ("to", to.as_deref().unwrap_or_default())], Vec::new());
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

    /// What a report tells of an exam's circumstances.
    fn told(&self, item: &Item, id: &str) -> Option<Cited> {
        let id = self.lexicon.billing.circumstance(id)?;
        self.circumstance(item, id)
    }

    fn circumstance(&self, item: &Item, id: CircumstanceId) -> Option<Cited> {
        let of_exam = self.lexicon.billing.circumstances[id.0 as usize].exam;
        item.sources.iter().find_map(|s| {
            let report = self.reports[s.report];
            let alone = report.suggestions.len() < 2;
            let near = |r: &RegionId| item.billed.regions.iter().any(|x| is_in(self.lexicon, *r, *x) || is_in(self.lexicon, *x, *r));
            let told = report.told.iter().find(|t| t.id == id && (!of_exam || alone || t.regions.iter().any(near)))?;
            Some(Cited { report: s.report, evidence: told.evidence.clone() })
        })
    }

    /// Items become lines: sides, modifiers, units.
    fn lines(&mut self) -> Vec<ClaimLine> {
        let mut out = Vec::new();
        for item in &self.items {
            let side = item.billed.values.get(self.lexicon.known.side);
            let split = item.units > 1 && side.count_ones() == 2;
            let flags = self.lexicon.billing.flags(&item.exam);
            let whole = self.line(item, side, split.then_some(flags.bilateral));
            match whole {
                Some(line) => out.push(line),
                // no modifier says both sides: a line for each
                None => out.extend((0..64).map(|b| 1u64 << b).filter(|b| side & b != 0).filter_map(|b| self.line(item, b, None))),
            }
        }
        let key = |l: &ClaimLine| {
            (self.lexicon.billing.flags(l.instead_of.as_deref().unwrap_or(&l.code)).addon, l.code.clone(), l.modifiers.clone())
        };
        out.sort_by_key(key);
        out
    }

    /// Lines for the agents that were given, where code and amount are known: the images' part of the service. One
    /// injection that two reports tell is one.
    fn supplies(&self) -> Vec<ClaimLine> {
        let mut out: Vec<ClaimLine> = Vec::new();
        let billed = !self.items.is_empty() && self.settings.meets(&self.lexicon.billing.supplies);
        for (report, a) in self.reports.iter().enumerate().filter(|_| billed) {
            for (at, s) in a.supplies.iter().enumerate() {
                let ([code], Some(units)) = (&s.codes[..], s.units) else { continue };
                let words: Vec<Cited> = s.evidence.iter().map(|e| Cited { report, evidence: e.clone() }).collect();
                let parts = [(Some(units), s.no_waste.then_some(Cause::NoWaste)), (s.wasted, Some(Cause::Waste))];
                for (units, cause) in parts.into_iter().filter_map(|(u, c)| Some((u?, c))) {
                    let mut reasons = vec![self.because("agent-given", &[("first", code)], words.clone())];
                    let rule = cause
                        .and_then(|c| self.lexicon.billing.modifiers.iter().find(|m| m.cause == Some(c) && self.settings.meets(&m.under)));
                    reasons.extend(rule.map(|m| rationale(&m.ground, &[("first", code)], Vec::new())));
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
    fn line(&self, item: &Item, side: u64, both: Option<Option<u8>>) -> Option<ClaimLine> {
        let mut modifiers: Vec<(usize, &str)> = item.modifiers.iter().map(|m| (self.lexicon.billing.order(m), &**m)).collect();
        let mut reasons = item.reasons.clone();
        let mut paired = false;
        for m in &self.lexicon.billing.modifiers {
            let Some(evidence) = self.takes(m, item, side, both.is_some()) else { continue };
            let there = |x: &str| modifiers.iter().any(|(_, m)| *m == x);
            if there(&m.modifier) || m.unless.iter().any(|x| there(x)) {
                continue;
            }
            paired |= m.side == Some(SideOf::Both);
            modifiers.push((self.lexicon.billing.order(&m.modifier), &m.modifier));
            reasons.push(rationale(&m.ground, &[("first", &item.code)], evidence));
        }
        if both.is_some() && !paired {
            return None;
        }
        modifiers.sort_unstable();
        Some(ClaimLine {
            code: item.code.to_string(),
            instead_of: (item.code != item.exam).then(|| item.exam.to_string()),
            modifiers: modifiers.into_iter().map(|(_, m)| m.to_owned()).collect(),
            units: if both.is_some() || side.is_power_of_two() { (item.units / 2).max(1) } else { item.units },
            label: item.label.clone(),
            sources: item.sources.clone(),
            supplies: Vec::new(),
            reasons,
        })
    }

    /// Whether a line takes a modifier, and the words that prove it.
    fn takes(&self, m: &ModifierRule, item: &Item, side: u64, both: bool) -> Option<Vec<Cited>> {
        let (lexicon, known) = (self.lexicon, &self.lexicon.known);
        let flags = lexicon.billing.flags(&item.exam);
        let one_of = |list: &Option<Vec<u8>>, flag: Option<u8>| list.as_ref().is_none_or(|l| flag.is_some_and(|f| l.contains(&f)));
        let bit = |name: &str| lexicon.axis(known.side).bit(name).unwrap_or(0);
        let others = || self.items.iter().filter(|x| !std::ptr::eq(*x, item));
        let holds = m.valid.on(self.day)
            && self.settings.meets(&m.under)
            && (m.codes.is_empty() || m.codes.holds(item.billed.family, &item.exam))
            && (m.beside.is_empty() || others().any(|x| m.beside.holds(x.billed.family, &x.exam)))
            && one_of(&m.split, flags.split)
            && one_of(&m.bilateral, flags.bilateral)
            && m.when.iter().all(|(axis, bits)| item.billed.values.get(axis) & bits == bits)
            && m.cause
                .is_none_or(|c| if c == Cause::Edit { item.causes.iter().any(|c| *c != Cause::Repeat) } else { item.causes.contains(&c) });
        if !holds {
            return None;
        }
        let mut evidence = Vec::new();
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
        family.per_side || family.rows.iter().any(|r| r.values.get(side) != 0) || item.billed.regions.iter().any(named)
    }

    /// Units of a code on one day against the limit.
    fn limits(&mut self, lines: &[ClaimLine]) {
        let mut seen: Vec<&str> = Vec::new();
        for line in lines {
            let exam = line.instead_of.as_deref().unwrap_or(&line.code);
            if seen.contains(&exam) {
                continue;
            }
            seen.push(exam);
            let units: u32 = lines.iter().filter(|l| l.instead_of.as_deref().unwrap_or(&l.code) == exam).map(|l| l.units).sum();
            let limit = [line.code.as_str(), exam].iter().find_map(|c| self.edits.most_units(c));
            if limit.is_some_and(|most| units > most) {
                let words = self.items.iter().filter(|i| &*i.exam == exam).flat_map(|i| self.words(i, "exam")).collect();
                self.ask("unit-limit", &[&line.code], words);
            }
        }
    }
}

/// What an edit that a modifier lifts comes to.
enum Open {
    /// Both stand; the second gets a modifier for the cause, if one is needed.
    Answered(Rationale, Option<Cause>),
    /// Both stand and are asked about.
    Asked(Rationale, Option<Box<str>>),
}
