//! What was ordered and what was billed, held against what a record documents: one row an exam, with the reason.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::confidence::is_doubtful;
use super::explain::{Standing, standings};
use super::gaps::{Exam, axis_name, family_of, gaps};
use super::queries::INTERVENTIONAL;
use super::{Analysis, Analyzer, Cited, Claim, Evidence, Options, Reason, Suggestion};
use crate::lexicon::Lexicon;
use crate::lexicon::billing::{Cause, ModifierRule, SideOf};
use crate::lexicon::model::{AxisId, FamilyId};
use crate::lexicon::policy::Settings;

/// An exam that was ordered: by a billing code, by a code of the site with its name, or by name alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderedExam {
    /// Its code: a billing code, with modifiers or without, or one of the site's own, which is not read.
    pub code: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// A code that was billed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BilledCode {
    /// The code, in capitals.
    pub code: String,
    /// Its modifiers, in capitals.
    pub modifiers: Vec<String>,
    /// Units.
    pub units: u32,
}

impl BilledCode {
    /// The codes of a cell, with modifiers and units behind each as a claim line writes them: `73562-26-50`, `76641x2`,
    /// `74150, 72192`. What has the shape of no code is kept as it is: somebody's own code.
    #[must_use]
    pub fn read(cell: &str) -> Vec<Self> {
        /// Characters of a billing code and of a modifier.
        const SHAPES: (usize, usize) = (5, 2);
        let mut out: Vec<Self> = Vec::new();
        let own = |cell: &str| vec![Self { code: cell.trim().to_uppercase(), modifiers: Vec::new(), units: 1 }];
        let times = |w: &str| w.strip_prefix('X').and_then(|n| n.parse::<u32>().ok());
        for word in cell.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()) {
            let mut word = word.to_ascii_uppercase();
            // "76641X2", "LTX2"
            let units = [SHAPES.0, SHAPES.1].into_iter().filter(|n| *n < word.len()).find_map(|n| Some((n, times(&word[n..])?)));
            if let Some((n, _)) = units {
                word.truncate(n);
            }
            let units = units.map(|(_, n)| n);
            let code = word.len() == SHAPES.0 && word.bytes().filter(u8::is_ascii_digit).count() + 1 >= SHAPES.0;
            match out.last_mut() {
                _ if code => out.push(Self { code: word, modifiers: Vec::new(), units: units.unwrap_or(1) }),
                Some(last) if times(&word).is_some() => last.units = times(&word).unwrap_or(1),
                Some(last) if word.len() == SHAPES.1 => {
                    last.modifiers.push(word);
                    last.units = units.unwrap_or(last.units);
                }
                _ => return own(cell),
            }
        }
        out
    }
}

/// Which list a row holds against the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Against {
    /// The exams that were ordered.
    Order,
    /// The codes that were billed.
    Bill,
}

impl Against {
    /// The name in outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Bill => "bill",
        }
    }
}

/// What came of holding one exam against the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Ordered and documented, or billed and documented.
    Agree,
    /// The order reads as another code than what is documented.
    OrderedDiffers,
    /// Ordered; nothing documents it.
    OrderedNotDocumented,
    /// Documented; no order asks for it.
    DocumentedNotOrdered,
    /// Billed as another code than what is documented of the same exam.
    BilledDiffers,
    /// Billed; nothing documents it.
    BilledNotDocumented,
    /// Documented; not billed.
    DocumentedNotBilled,
    /// Documented, and no line of its own by the rules of the claim.
    Bundled,
    /// The same code, of another number of units.
    UnitsDiffer,
    /// The same exam of another side.
    SideDiffers,
    /// The same code with other modifiers.
    ModifiersDiffer,
    /// Order or record leaves open whether they agree.
    CannotBeTold,
}

impl Outcome {
    /// All outcomes, those that need a coder first.
    pub const ALL: [Self; 12] = [
        Self::SideDiffers,
        Self::OrderedDiffers,
        Self::OrderedNotDocumented,
        Self::DocumentedNotOrdered,
        Self::BilledDiffers,
        Self::BilledNotDocumented,
        Self::DocumentedNotBilled,
        Self::Bundled,
        Self::UnitsDiffer,
        Self::ModifiersDiffer,
        Self::CannotBeTold,
        Self::Agree,
    ];

    /// The name in outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::OrderedDiffers => "ordered_differs",
            Self::OrderedNotDocumented => "ordered_not_documented",
            Self::DocumentedNotOrdered => "documented_not_ordered",
            Self::BilledDiffers => "billed_differs",
            Self::BilledNotDocumented => "billed_not_documented",
            Self::DocumentedNotBilled => "documented_not_billed",
            Self::Bundled => "bundled",
            Self::UnitsDiffer => "units_differ",
            Self::SideDiffers => "side_differs",
            Self::ModifiersDiffer => "modifiers_differ",
            Self::CannotBeTold => "cannot_be_told",
        }
    }
}

/// One exam, held against the record.
#[derive(Clone, Debug)]
pub struct Reconciled {
    /// Which list.
    pub against: Against,
    /// What came of it.
    pub outcome: Outcome,
    /// The lines of the claim that document it, by index.
    pub lines: Vec<usize>,
    /// The exams of the list, by index.
    pub given: Vec<usize>,
    /// The code that the list has or its name reads as; `None` where only the record has the exam.
    pub code: Option<String>,
    /// The family of the documented code, else of the list's.
    pub family: Option<String>,
    /// Why, in our own words: never words of the report.
    pub reasons: Vec<String>,
    /// That the list's code is not valid on the day: since when, and what came after.
    pub validity: Option<String>,
    /// The words of the reports that it rests on.
    pub evidence: Vec<Cited>,
}

/// Lists to hold against the record; `None` where a list is not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ledger<'a> {
    /// The exams that were ordered.
    pub ordered: Option<&'a [OrderedExam]>,
    /// The codes that were billed.
    pub billed: Option<&'a [BilledCode]>,
    /// Whether the list of what was billed holds agents too.
    pub agents: bool,
    /// Whether 26 and TC are compared.
    pub components: bool,
}

impl Analyzer {
    /// Holds what was ordered and billed against the reports of one patient and day, after the rules of their claim.
    /// Orders are read under `options`, whose day is that of the claim.
    #[must_use]
    pub fn reconcile(&self, reports: &[&Analysis], claim: &Claim, ledger: &Ledger<'_>, options: &Options) -> Vec<Reconciled> {
        let lexicon = self.lexicon();
        let bench = Bench {
            lexicon,
            settings: lexicon.settings(&options.policy),
            day: claim.day,
            reports,
            claim,
            components: ledger.components,
            threshold: options.threshold,
        };
        let mut out = Vec::new();
        if let Some(ordered) = ledger.ordered {
            let wants = self.orders(ordered, &Options { date_of_service: Some(claim.day), ..options.clone() }, &bench);
            out.extend(bench.compare(Against::Order, &bench.documented(false), &wants));
        }
        if let Some(billed) = ledger.billed {
            out.extend(bench.compare(Against::Bill, &bench.documented(ledger.agents), &bench.bills(billed)));
        }
        out
    }

    /// The exam of a code by our own words for it, where these lead to the code and nothing else.
    pub(super) fn exam_of(&self, code: &str, options: &Options) -> Option<Analysis> {
        let label = self.lexicon().code_card(code)?.label();
        let analysis = self.analyze(&label, options);
        matches!(&analysis.suggestions[..], [s] if s.code == code).then_some(analysis)
    }

    /// Orders after the rules of a claim: abdomen and pelvis ordered apart are one code.
    fn orders(&self, ordered: &[OrderedExam], options: &Options, bench: &Bench<'_>) -> Vec<Want> {
        let lexicon = self.lexicon();
        let mut wants: Vec<Want> = Vec::new();
        let mut read: Vec<(usize, Analysis, Vec<String>)> = Vec::new();
        for (i, order) in ordered.iter().enumerate() {
            let named = order.name.as_deref().filter(|n| !n.trim().is_empty()).map(|n| self.analyze(n, options));
            let given: Vec<BilledCode> = order.code.as_deref().map(BilledCode::read).unwrap_or_default();
            let known: Vec<&str> = given.iter().map(|b| b.code.as_str()).filter(|c| lexicon.code(c).is_some()).collect();
            let suggested = named.as_ref().map(|a| codes(&a.suggestions)).unwrap_or_default();
            if known.is_empty() {
                match named {
                    Some(a) if !a.suggestions.is_empty() => read.push((i, a, Vec::new())),
                    named => wants.push(Want::unread(i, unread(order, named.as_ref()))),
                }
                continue;
            }
            if known.iter().all(|c| suggested.contains(*c)) && suggested.len() == known.len() {
                read.extend(named.map(|a| (i, a, Vec::new())));
                continue;
            }
            // what the name leaves open is no disagreement
            let clash = named.as_ref().filter(|a| !a.suggestions.is_empty()).is_some_and(|a| {
                known.iter().filter(|code| !a.suggestions.iter().any(|s| successors(lexicon, code, bench.day).any(|x| x == s.code))).any(
                    |code| {
                        let lacks = |s: &Suggestion| gaps(lexicon, code, bench.day, &Exam::of(lexicon, [s])?).map(|(_, g)| g);
                        !a.suggestions.iter().filter_map(lacks).any(|g| g.iter().all(|g| g.open))
                    },
                )
            });
            let note = clash.then(|| {
                let reads: Vec<&str> = suggested.iter().map(String::as_str).collect();
                format!("the order's code {} and its name disagree: the name reads as {}", known.join(" "), reads.join(" "))
            });
            for code in known {
                match self.exam_of(code, options) {
                    Some(a) => read.push((i, a, note.iter().cloned().collect())),
                    None => Want::add(&mut wants, Want { notes: note.iter().cloned().collect(), ..Want::of(lexicon, code, i) }),
                }
            }
        }
        if read.is_empty() {
            return wants;
        }
        let analyses: Vec<&Analysis> = read.iter().map(|(_, a, _)| a).collect();
        let claim = self.claim(&analyses);
        let mut take = |code: &str, instead: Option<&String>, sources: &[super::LineSource]| {
            let parts: Vec<&Suggestion> = sources.iter().filter_map(|s| analyses[s.report].suggestions.get(s.suggestion)).collect();
            let exam = Exam::of(lexicon, parts.iter().copied());
            Want::add(
                &mut wants,
                Want {
                    names: std::iter::once(code.to_owned()).chain(instead.cloned()).collect(),
                    members: sources.iter().map(|s| read[s.report].0).collect(),
                    unsure: parts.iter().filter(|s| is_doubtful(s, options.threshold)).map(|s| s.confidence).reduce(f64::min),
                    exam,
                    notes: sources.iter().flat_map(|s| read[s.report].2.clone()).collect(),
                    ..Want::of(lexicon, code, 0)
                },
            );
        };
        for line in claim.lines.iter().filter(|l| !l.sources.is_empty()) {
            take(&line.code, line.instead_of.as_ref(), &line.sources);
        }
        // an order that the rules put inside another is documented with it
        let mut inside: Vec<(usize, Option<String>)> = Vec::new();
        for r in &claim.removed {
            inside.push((read[r.source.report].0, r.inside.clone()));
        }
        for (member, code) in inside {
            let home = wants.iter_mut().find(|w| code.as_ref().is_none_or(|c| w.names.contains(c)));
            match home {
                Some(w) if !w.members.contains(&member) => w.members.push(member),
                Some(_) => {}
                None => wants.push(Want::unread(member, "the rules of the claim leave it out".to_owned())),
            }
        }
        wants
    }
}

/// Why an order is not read.
fn unread(order: &OrderedExam, named: Option<&Analysis>) -> String {
    match (named, &order.code) {
        (Some(a), _) if a.suggestions.is_empty() => {
            let seen = a.rejected.first().map(|r| format!(": {}: {}", r.label, r.message)).unwrap_or_default();
            format!("the order's name reads as no exam that has a code{seen}")
        }
        (_, Some(_)) => "the order's code is no billing code of this edition, and it has no name".to_owned(),
        _ => "the order has neither code nor name".to_owned(),
    }
}

fn codes(list: &[Suggestion]) -> BTreeSet<String> {
    list.iter().map(|s| s.code.clone()).collect()
}

/// Units by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    left: u32,
    right: u32,
    plain: u32,
}

impl Tally {
    const fn total(self) -> u32 {
        self.left + self.right + self.plain
    }

    const fn sided(self) -> bool {
        self.left + self.right > 0
    }

    fn words(self) -> String {
        match (self.left > 0, self.right > 0) {
            (true, true) => "both sides".to_owned(),
            (true, false) => "left".to_owned(),
            (false, true) => "right".to_owned(),
            (false, false) => "no side".to_owned(),
        }
    }
}

/// What the record documents under one code.
#[derive(Debug)]
struct Documented {
    names: Vec<String>,
    label: String,
    lines: Vec<usize>,
    tally: Tally,
    modifiers: BTreeSet<String>,
    exam: Option<Exam>,
    confidence: f64,
    addon: bool,
}

/// What a list has under one code.
#[derive(Debug, Default)]
struct Want {
    /// The code; the exam's own behind it, where policy has another. Empty for what can't be read.
    names: Vec<String>,
    label: String,
    members: Vec<usize>,
    tally: Tally,
    modifiers: BTreeSet<String>,
    exam: Option<Exam>,
    unsure: Option<f64>,
    notes: Vec<String>,
}

impl Want {
    fn of(lexicon: &Lexicon, code: &str, member: usize) -> Self {
        let label = lexicon.code_card(code).map_or_else(String::new, |c| c.label());
        Self { names: vec![code.to_owned()], label, members: vec![member], ..Self::default() }
    }

    fn unread(member: usize, why: String) -> Self {
        Self { members: vec![member], notes: vec![why], ..Self::default() }
    }

    /// Adds to a list, or to what the list has of the same code.
    fn add(list: &mut Vec<Self>, new: Self) {
        let Some(w) = list.iter_mut().find(|w| !new.names.is_empty() && w.names == new.names) else { return list.push(new) };
        w.members.extend(new.members);
        w.members.dedup();
        w.tally =
            Tally { left: w.tally.left + new.tally.left, right: w.tally.right + new.tally.right, plain: w.tally.plain + new.tally.plain };
        w.modifiers.extend(new.modifiers);
        w.notes.extend(new.notes);
        w.notes.dedup();
        if let (Some(exam), Some(more)) = (&mut w.exam, new.exam) {
            exam.join(&more);
        }
    }

    fn code(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }
}

/// A point on which list and record differ.
#[derive(Debug)]
struct Difference {
    axis: Option<AxisId>,
    given: String,
    documented: String,
    given_open: bool,
    record_open: bool,
}

/// The record, and what it is held by.
struct Bench<'a> {
    lexicon: &'a Lexicon,
    settings: Settings,
    day: Date,
    reports: &'a [&'a Analysis],
    claim: &'a Claim,
    components: bool,
    threshold: f64,
}

impl Bench<'_> {
    /// The lines of the claim by code.
    fn documented(&self, agents: bool) -> Vec<Documented> {
        let mut out: Vec<Documented> = Vec::new();
        for (i, line) in self.claim.lines.iter().enumerate() {
            if line.sources.is_empty() && !agents {
                continue;
            }
            let at = out.iter().position(|d| d.names[0] == line.code).unwrap_or_else(|| {
                let parts: Vec<&Suggestion> = line.sources.iter().filter_map(|s| self.suggestion(s.report, s.suggestion)).collect();
                let exam = line.instead_of.as_deref().unwrap_or(&line.code);
                out.push(Documented {
                    names: std::iter::once(line.code.clone()).chain(line.instead_of.clone()).collect(),
                    label: line.label.clone(),
                    lines: Vec::new(),
                    tally: Tally::default(),
                    modifiers: BTreeSet::new(),
                    exam: Exam::of(self.lexicon, parts.iter().copied()),
                    confidence: parts.iter().map(|s| s.confidence).fold(1.0, f64::min),
                    addon: self.lexicon.billing.flags(exam).addon,
                });
                out.len() - 1
            });
            out[at].lines.push(i);
            self.count(&mut out[at].tally, line.units, &line.modifiers);
            out[at].modifiers.extend(self.compared(&line.modifiers));
        }
        out
    }

    /// The codes that were billed, by code.
    fn bills(&self, billed: &[BilledCode]) -> Vec<Want> {
        let mut out = Vec::new();
        for (i, b) in billed.iter().enumerate() {
            let mut want = Want::of(self.lexicon, &b.code, i);
            self.count(&mut want.tally, b.units, &b.modifiers);
            want.modifiers.extend(self.compared(&b.modifiers));
            Want::add(&mut out, want);
        }
        out
    }

    fn suggestion(&self, report: usize, suggestion: usize) -> Option<&Suggestion> {
        self.reports.get(report)?.suggestions.get(suggestion)
    }

    fn count(&self, tally: &mut Tally, units: u32, modifiers: &[String]) {
        match modifiers.iter().find_map(|m| self.side(m)) {
            Some(SideOf::Left) => tally.left += units,
            Some(SideOf::Right) => tally.right += units,
            Some(SideOf::Both) => {
                tally.left += units;
                tally.right += units;
            }
            _ => tally.plain += units,
        }
    }

    /// The side that a modifier names.
    fn side(&self, modifier: &str) -> Option<SideOf> {
        let rules = self.lexicon.billing.modifiers.iter().filter(|m| &*m.modifier == modifier);
        rules.filter_map(|m| m.side).find(|s| matches!(s, SideOf::Left | SideOf::Right | SideOf::Both))
    }

    /// The modifiers that a report can prove and that are no side; those that say the same under one name.
    fn compared(&self, modifiers: &[String]) -> Vec<String> {
        let table = &self.lexicon.billing.modifiers;
        let class = |c: Cause| if matches!(c, Cause::Session | Cause::Site | Cause::Both) { Cause::Edit } else { c };
        let one = |m: &String| {
            // what the policy does not ask for is no difference; a component only where one is asked for
            let rule =
                table.iter().find(|r| &*r.modifier == m.as_str() && (r.head.holds(&self.settings, self.day) || self.is_component(r)))?;
            if self.side(m).is_some() || self.is_component(rule) && !self.components {
                return None;
            }
            let cause = rule.cause.map(class);
            let twin = cause.and_then(|c| table.iter().rev().find(|r| r.cause.map(class) == Some(c)));
            Some(twin.unwrap_or(rule).modifier.to_string())
        };
        modifiers.iter().filter_map(one).collect()
    }

    /// Whether a modifier says which part of the service is billed.
    fn is_component(&self, rule: &ModifierRule) -> bool {
        self.lexicon.billing.asks(&rule.head, "component")
    }

    /// Holds a list against the record.
    fn compare(&self, against: Against, documented: &[Documented], wants: &[Want]) -> Vec<Reconciled> {
        let mut free: Vec<bool> = vec![true; documented.len()];
        let mut homes: Vec<Option<(usize, bool)>> = vec![None; wants.len()]; // the documented exam, and whether the code is the same
        for (w, want) in wants.iter().enumerate() {
            if let Some(d) = (0..documented.len()).find(|d| free[*d] && want.names.iter().any(|n| documented[*d].names.contains(n))) {
                homes[w] = Some((d, want.code() == documented[d].names[0] || against == Against::Order));
                free[d] = false;
            }
        }
        for level in [Kin::After, Kin::Family, Kin::Place] {
            for (w, want) in wants.iter().enumerate().filter(|(_, want)| !want.names.is_empty()) {
                if homes[w].is_none() {
                    let near = (0..documented.len()).filter(|d| free[*d]).filter_map(|d| Some((self.kin(want, &documented[d])?, d)));
                    if let Some((_, d)) = near.filter(|((kin, _), _)| *kin <= level).min() {
                        homes[w] = Some((d, false));
                        free[d] = false;
                    }
                }
            }
        }
        // one exam ordered and one documented are one, whatever they are
        if against == Against::Order {
            let open: Vec<usize> = (0..wants.len()).filter(|w| homes[*w].is_none() && !wants[*w].names.is_empty()).collect();
            let left: Vec<usize> = (0..documented.len()).filter(|d| free[*d] && !documented[*d].addon).collect();
            if let ([w], [d]) = (&open[..], &left[..]) {
                homes[*w] = Some((*d, false));
                free[*d] = false;
            }
        }
        let mut out: Vec<Reconciled> = Vec::new();
        let mut rows: Vec<Option<usize>> = vec![None; documented.len()];
        for (w, want) in wants.iter().enumerate() {
            let row = match homes[w] {
                Some((d, true)) => self.same(against, &documented[d], want),
                Some((d, false)) => {
                    rows[d] = Some(out.len());
                    self.other(against, &documented[d], want)
                }
                None => {
                    // parts billed apart of what one code holds
                    let part = |d: &Documented| self.kin(want, d).is_some();
                    if let Some(at) = (0..documented.len()).filter(|d| part(&documented[*d])).find_map(|d| rows[d]) {
                        let row: &mut Reconciled = &mut out[at];
                        row.given.extend(&want.members);
                        row.reasons.push(format!("{} is a part of it", named(want.code(), &want.label)));
                        continue;
                    }
                    self.alone(against, documented, want)
                }
            };
            out.push(row);
        }
        let any = !wants.is_empty();
        for (_, doc) in documented.iter().enumerate().filter(|(d, _)| free[*d]) {
            if against == Against::Order && doc.addon && any {
                let row = self.row(against, Outcome::Agree, Some(doc), None);
                out.push(Reconciled { reasons: vec!["an add-on comes with the exam that was ordered".to_owned()], ..row });
                continue;
            }
            let outcome = if against == Against::Order { Outcome::DocumentedNotOrdered } else { Outcome::DocumentedNotBilled };
            let mut row = self.row(against, outcome, Some(doc), None);
            let unread = wants.iter().any(|w| w.names.is_empty());
            if against == Against::Order && unread {
                row.outcome = Outcome::CannotBeTold;
                row.reasons.push("an order of this report can't be read; it may be this exam".to_owned());
            } else if doc.confidence < self.threshold {
                row.outcome = Outcome::CannotBeTold;
                row.reasons.push(format!("documented with a confidence of {:.2} only", doc.confidence));
            } else {
                let list = if against == Against::Order { "no order asks for it" } else { "not billed" };
                row.reasons.push(if any { list.to_owned() } else { format!("{list}: nothing is listed for this report") });
            }
            out.push(row);
        }
        out
    }

    /// The same code, or an order for the exam.
    fn same(&self, against: Against, doc: &Documented, want: &Want) -> Reconciled {
        let mut row = self.row(against, Outcome::Agree, Some(doc), Some(want));
        if against == Against::Order {
            let side = self.lexicon.known.side;
            let told = |e: &Option<Exam>| e.as_ref().map_or(0, |e| e.told.get(side));
            let (ordered, documented) = (told(&want.exam), told(&doc.exam));
            let label = |bits: u64| self.lexicon.axis(side).label(bits);
            if ordered != 0 && documented == 0 {
                row.outcome = Outcome::CannotBeTold;
                row.reasons.push(format!("ordered {}; the report names no side", label(ordered)));
            } else if ordered != 0 && ordered != documented {
                row.outcome = Outcome::SideDiffers;
                row.reasons.push(format!("ordered {}, documented {}", label(ordered), label(documented)));
            }
            row.reasons.extend(self.silent(doc, "the report"));
            return row;
        }
        let (have, bill) = (doc.tally, want.tally);
        if have.total() != bill.total() {
            row.outcome = Outcome::UnitsDiffer;
            row.reasons.push(format!("billed {}, documented {}", units(bill), units(have)));
        } else if have != bill && have.sided() && bill.sided() {
            row.outcome = Outcome::SideDiffers;
            row.reasons.push(format!("billed {}, documented {}", bill.words(), have.words()));
        } else if have != bill {
            let silent = !have.sided();
            row.outcome = if silent { Outcome::CannotBeTold } else { Outcome::ModifiersDiffer };
            let record = if silent { "the report names no side".to_owned() } else { format!("documented {}", have.words()) };
            row.reasons.push(format!("billed {}, {record}", bill.words()));
        }
        let list = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>().join(" ");
        let (missing, beyond) = (list(&doc.modifiers, &want.modifiers), list(&want.modifiers, &doc.modifiers));
        if row.outcome == Outcome::Agree && !(missing.is_empty() && beyond.is_empty()) {
            row.outcome = Outcome::ModifiersDiffer;
        }
        if !missing.is_empty() {
            row.reasons.push(format!("billed without {missing}: {}", self.why(doc, &missing)));
        }
        if !beyond.is_empty() {
            row.reasons.push(format!("billed with {beyond}, for which the report tells no reason"));
        }
        row.reasons.extend(self.silent(doc, "the report"));
        row
    }

    /// Why the claim has a modifier, as its line says.
    fn why(&self, doc: &Documented, modifiers: &str) -> String {
        let wanted: Vec<&str> = modifiers.split(' ').collect();
        let reasons = doc.lines.iter().flat_map(|l| &self.claim.lines[*l].reasons);
        let rule =
            |id: &str| {
                self.lexicon.billing.modifiers.iter().any(|m| {
                    &*m.head.ground.id == id && self.compared(&[m.modifier.to_string()]).iter().any(|m| wanted.contains(&m.as_str()))
                })
            };
        let found: Vec<String> = reasons.filter(|r| rule(&r.rule)).map(|r| r.message.clone()).collect();
        if found.is_empty() { "the report tells a reason for it".to_owned() } else { found.join("; ") }
    }

    /// Axes on which a report is silent and the code rests on it.
    fn silent(&self, doc: &Documented, who: &str) -> Option<String> {
        let mut defaults: Vec<String> = Vec::new();
        for line in &doc.lines {
            for s in &self.claim.lines[*line].sources {
                let told = self.suggestion(s.report, s.suggestion).map(|s| s.defaults.as_slice()).unwrap_or_default();
                for (axis, value) in told {
                    let words = format!("{}, taken as {}", axis.replace('_', " "), self.lexicon.value_label(axis, value));
                    if !defaults.contains(&words) {
                        defaults.push(words);
                    }
                }
            }
        }
        (!defaults.is_empty()).then(|| format!("{who} is silent on {}", defaults.join("; ")))
    }

    /// Another code than what is documented.
    fn other(&self, against: Against, doc: &Documented, want: &Want) -> Reconciled {
        let outcome = if against == Against::Order { Outcome::OrderedDiffers } else { Outcome::BilledDiffers };
        let mut row = self.row(against, outcome, Some(doc), Some(want));
        let instead = doc.names.get(1).filter(|n| n.as_str() == want.code());
        if let Some(exam) = instead {
            row.reasons.push(format!("{exam} is the exam's own code; by policy or payer it is billed as {}", doc.names[0]));
            return row;
        }
        if self.comes_after(want.code(), doc) {
            if against == Against::Order {
                row.outcome = Outcome::Agree;
            }
            row.reasons.push(format!("{} came in the place of {}", doc.names[0], want.code()));
            return row;
        }
        self.judge(against, doc, want, &mut row);
        row
    }

    /// Why the two differ, and whether that can be told.
    fn judge(&self, against: Against, doc: &Documented, want: &Want, row: &mut Reconciled) {
        let differences = self.differences(doc, want);
        let list = if against == Against::Order { "ordered" } else { "billed" };
        for d in &differences {
            let axis = axis_name(self.lexicon, d.axis);
            let side = |open: bool, who: &str, did: &str, what: &str| match (open, what) {
                (true, "") => format!("{who} is silent on {axis}"),
                (true, _) if d.axis.is_none() => format!("{who} says {what}"),
                (true, _) => format!("{who} is silent on {axis}, taken as {what}"),
                (false, "") => format!("{did} without a word on {axis}"),
                (false, _) => format!("{did} {what}"),
            };
            let given = side(d.given_open, "the order", list, &d.given);
            let record = side(d.record_open, "the report", "documented", &d.documented);
            row.reasons.push(format!("{given}, {record}"));
        }
        if differences.is_empty() {
            let docs = named(&doc.names[0], &doc.label);
            row.reasons.push(format!("{list} as {}, documented as {docs}", named(want.code(), &want.label)));
        }
        let mut open = !differences.is_empty() && differences.iter().all(|d| d.given_open || d.record_open);
        if doc.confidence < self.threshold {
            open = true;
            row.reasons.push(format!("documented with a confidence of {:.2} only", doc.confidence));
        }
        if let Some(c) = want.unsure {
            open = true;
            row.reasons.push(format!("the order's name is read with a confidence of {c:.2} only"));
        }
        if let Some(message) = self.needs_coder() {
            open = true;
            row.reasons.push(message.to_owned());
        }
        if open {
            row.outcome = Outcome::CannotBeTold;
        }
    }

    /// Where no documented exam is left for an order or a billed code.
    fn alone(&self, against: Against, documented: &[Documented], want: &Want) -> Reconciled {
        let outcome = if against == Against::Order { Outcome::OrderedNotDocumented } else { Outcome::BilledNotDocumented };
        let mut row = self.row(against, outcome, None, Some(want));
        let code = want.code();
        let Some(card) = self.lexicon.code_card(code) else {
            row.outcome = Outcome::CannotBeTold;
            let agent = self.lexicon.is_agent(code);
            if agent {
                row.outcome = outcome;
                row.reasons.push("an agent of which the report tells no amount, or nothing".to_owned());
            } else if !want.names.is_empty() {
                row.reasons.push(format!("the edition {} has no such code", self.lexicon.edition()));
            }
            return row;
        };
        if let Some(r) = self.claim.removed.iter().find(|r| r.code == code) {
            row.outcome = if against == Against::Order { Outcome::Agree } else { Outcome::Bundled };
            row.reasons.push(r.reason.message.clone());
            row.evidence.clone_from(&r.reason.evidence);
            return row;
        }
        let near = documented.iter().filter_map(|d| Some((self.kin(want, d)?, d))).min_by(|a, b| a.0.cmp(&b.0));
        if let Some((_, doc)) = near {
            row.evidence = self.evidence(doc);
            row.reasons.push(format!("documented is {}", named(&doc.names[0], &doc.label)));
            self.judge(against, doc, want, &mut row);
            return row;
        }
        for (report, a) in self.reports.iter().enumerate() {
            for standing in standings(self.lexicon, &card, a) {
                let (Standing::Rejected(i) | Standing::Elsewhere(i)) = standing else { continue };
                let r = &a.rejected[i];
                if row.reasons.iter().any(|x| x.ends_with(&r.message)) {
                    continue;
                }
                if r.reason == Reason::Bundled && against == Against::Bill {
                    row.outcome = Outcome::Bundled;
                }
                row.reasons.push(format!("{} is named, and not coded: {}", r.label, r.message));
                row.evidence.extend(cited(report, &r.evidence));
            }
            if let Some(reason) = a.document.reason.as_ref().filter(|_| !a.document.admitted) {
                row.reasons.push(format!("{}: {reason}", a.document.label));
                row.evidence.extend(cited(report, &a.document.evidence));
            }
        }
        if row.reasons.len() == want.notes.len() {
            row.reasons.push("nothing in the report leads to it".to_owned());
        }
        let least = self.reports.iter().map(|a| a.confidence).fold(1.0, f64::min);
        let open = [
            card.excuse.as_ref().map(|e| format!("no report is coded {code} by radcode: {e}")),
            self.needs_coder().map(str::to_owned),
            want.unsure.map(|c| format!("the order's name is read with a confidence of {c:.2} only")),
            (least < self.threshold && documented.is_empty()).then(|| format!("the report is read with a confidence of {least:.2} only")),
        ];
        for reason in open.into_iter().flatten() {
            row.outcome = Outcome::CannotBeTold;
            row.reasons.push(reason);
        }
        row
    }

    /// The question of a report that a coder has to read.
    fn needs_coder(&self) -> Option<&str> {
        self.reports.iter().flat_map(|a| &a.queries).find(|q| q.kind == INTERVENTIONAL).map(|q| q.message.as_str())
    }

    fn differences(&self, doc: &Documented, want: &Want) -> Vec<Difference> {
        // what silence was taken for is open; what is not there at all is not
        let taken = |e: &Option<Exam>, axis: Option<AxisId>| match (e, axis) {
            (Some(e), Some(axis)) => e.told.get(axis) == 0 && e.values.get(axis) != 0,
            (Some(e), None) => !e.located,
            (None, _) => false,
        };
        let mut out: Vec<Difference> = Vec::new();
        if let Some((_, list)) = doc.exam.as_ref().and_then(|e| gaps(self.lexicon, want.code(), self.day, e)) {
            out.extend(list.into_iter().map(|g| Difference {
                axis: g.axis,
                given_open: taken(&want.exam, g.axis),
                given: g.wanted,
                documented: g.has,
                record_open: g.assumed,
            }));
        }
        if let Some((_, list)) = want.exam.as_ref().and_then(|e| gaps(self.lexicon, &doc.names[0], self.day, e)) {
            for g in list {
                match out.iter_mut().find(|d| d.axis == g.axis) {
                    Some(d) => d.given_open |= g.assumed,
                    None => out.push(Difference {
                        axis: g.axis,
                        given_open: g.assumed,
                        given: g.has,
                        record_open: taken(&doc.exam, g.axis),
                        documented: g.wanted,
                    }),
                }
            }
        }
        out
    }

    /// How near a list's exam is to a documented one of another code; `None` where it is none of its place.
    fn kin(&self, want: &Want, doc: &Documented) -> Option<(Kin, usize)> {
        if self.comes_after(want.code(), doc) {
            return Some((Kin::After, 0));
        }
        let exam = doc.exam.as_ref()?;
        let (family, list) = gaps(self.lexicon, want.code(), self.day, exam)?;
        let gives = |f: FamilyId| {
            let f = self.lexicon.family(f);
            f.rows.iter().chain(&f.adds).any(|r| doc.names.iter().any(|n| **n == *r.code))
        };
        if gives(family) {
            return Some((Kin::Family, list.len()));
        }
        let place = |axis: Option<AxisId>| axis.is_none() || axis == Some(self.lexicon.known.modality);
        (!list.iter().any(|g| place(g.axis) && !self.overlaps(g.axis, want, exam))).then_some((Kin::Place, list.len()))
    }

    /// Whether a gap of the region is one of more or less of it: abdomen, beside abdomen and pelvis.
    fn overlaps(&self, axis: Option<AxisId>, want: &Want, exam: &Exam) -> bool {
        let whole = |r| std::iter::successors(Some(r), |r| self.lexicon.region(*r).parent).last().unwrap_or(r);
        let families = self.lexicon.families.iter().filter(|f| f.in_force(self.day));
        let mut regions = families
            .filter(|f| f.rows.iter().any(|r| *r.code == *want.code()))
            .flat_map(|f| f.any.iter().chain(f.all.iter().copied()).collect::<Vec<_>>());
        axis.is_none() && regions.any(|w| exam.regions.iter().any(|r| whole(*r) == whole(w)))
    }

    /// Whether the documented code came in the place of one that ended.
    fn comes_after(&self, code: &str, doc: &Documented) -> bool {
        successors(self.lexicon, code, self.day).any(|s| doc.names.iter().any(|n| n == s))
    }

    fn evidence(&self, doc: &Documented) -> Vec<Cited> {
        let mut out: Vec<Cited> = Vec::new();
        for line in doc.lines.iter().map(|l| &self.claim.lines[*l]) {
            for s in &line.sources {
                let words = self.suggestion(s.report, s.suggestion).map(|x| x.evidence.as_slice()).unwrap_or_default();
                out.extend(cited(s.report, words));
            }
            for (report, at) in &line.supplies {
                out.extend(cited(*report, &self.reports[*report].supplies[*at].evidence));
            }
        }
        let mut once: Vec<Cited> = Vec::new();
        out.retain(|c| {
            !once.contains(c) && {
                once.push(c.clone());
                true
            }
        });
        out
    }

    fn row(&self, against: Against, outcome: Outcome, doc: Option<&Documented>, want: Option<&Want>) -> Reconciled {
        let code = want.map(Want::code).filter(|c| !c.is_empty());
        let family = doc.map(|d| d.names.last().map_or("", String::as_str)).or(code).and_then(|c| family_of(self.lexicon, c, self.day));
        Reconciled {
            against,
            outcome: if want.is_some_and(|w| w.names.is_empty()) { Outcome::CannotBeTold } else { outcome },
            lines: doc.map(|d| d.lines.clone()).unwrap_or_default(),
            given: want.map(|w| w.members.clone()).unwrap_or_default(),
            code: code.map(str::to_owned),
            family: family.map(str::to_owned),
            reasons: want.map(|w| w.notes.clone()).unwrap_or_default(),
            validity: code.and_then(|c| validity(self.lexicon, c, self.day)),
            evidence: doc.map(|d| self.evidence(d)).unwrap_or_default(),
        }
    }
}

/// How near two codes are, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kin {
    /// One came in the place of the other.
    After,
    /// Of one family.
    Family,
    /// Of one modality and place.
    Place,
}

/// The codes that came in the place of one that had ended.
fn successors<'a>(lexicon: &'a Lexicon, code: &str, day: Date) -> impl Iterator<Item = &'a str> {
    let successor = lexicon.code(code).filter(|c| !c.in_force(day)).and_then(|c| c.successor.as_deref()).unwrap_or_default();
    successor.split(['|', '+']).filter(|s| !s.is_empty())
}

fn cited(report: usize, evidence: &[Evidence]) -> impl Iterator<Item = Cited> {
    evidence.iter().map(move |e| Cited { report, evidence: e.clone() })
}

/// A code, with what it stands for.
fn named(code: &str, label: &str) -> String {
    if label.is_empty() { code.to_owned() } else { format!("{code} ({label})") }
}

fn units(t: Tally) -> String {
    let n = t.total();
    let side = if t.sided() { format!(" ({})", t.words()) } else { String::new() };
    format!("{n} unit{}{side}", if n == 1 { "" } else { "s" })
}

/// That a code is not valid on a day: since when, and what came after; `None` for one that is valid, and for one that
/// the edition does not have.
pub(super) fn validity(lexicon: &Lexicon, code: &str, day: Date) -> Option<String> {
    let c = lexicon.code(code).filter(|c| !c.in_force(day))?;
    if let Some(from) = c.from.filter(|d| day < *d) {
        return Some(format!("{code} begins on {from}"));
    }
    let successor = c.successor.as_deref().unwrap_or_default();
    let words = successor.replace('|', " or ").replace('+', " and ");
    let then = if words.is_empty() { "no code came after it".to_owned() } else { format!("after it came {words}") };
    Some(format!("{code} ended on {}; {then}", c.until.map_or_else(String::new, |d| d.to_string())))
}
