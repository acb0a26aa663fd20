//! How far an exam is from a code: what its words lack, and what they say instead.

use jiff::civil::Date;

use super::Suggestion;
use crate::code::family::{holds, is_in};
use crate::lexicon::Lexicon;
use crate::lexicon::model::{AxisId, AxisKind, Counts, Effect, Family, FamilyId, RegionId, Row, Values};

/// An exam in the lexicon's own values.
#[derive(Clone, Debug)]
pub(super) struct Exam {
    pub(super) regions: Vec<RegionId>,
    /// Whether words name the region.
    pub(super) located: bool,
    /// As told in words.
    pub(super) told: Values,
    /// With what silence was taken for.
    pub(super) values: Values,
}

impl Exam {
    /// The exams behind one line as one: parts of the body that a code joins.
    pub(super) fn of<'a>(lexicon: &Lexicon, parts: impl IntoIterator<Item = &'a Suggestion>) -> Option<Self> {
        parts.into_iter().map(|s| Self::one(lexicon, s)).reduce(|mut exam, part| {
            exam.join(&part);
            exam
        })
    }

    fn one(lexicon: &Lexicon, s: &Suggestion) -> Self {
        let mut told = s.billed.told;
        for axis in s.defaults.iter().filter_map(|(axis, _)| lexicon.axis_named(axis)) {
            told.set(axis, 0);
        }
        let located = !s.billed.regions.is_empty() && !s.defaults.iter().any(|(axis, _)| axis == "region");
        Self { regions: s.billed.regions.clone(), located, told, values: s.billed.values }
    }

    /// Adds what another part tells.
    pub(super) fn join(&mut self, part: &Self) {
        self.regions.extend(part.regions.iter().filter(|r| !self.regions.contains(r)).copied().collect::<Vec<_>>());
        self.located |= part.located;
        for (to, from) in [(&mut self.told, &part.told), (&mut self.values, &part.values)] {
            for (axis, bits) in from.iter() {
                to.add(axis, bits);
            }
        }
    }
}

/// What a code wants on an axis and an exam does not have; of the region where there is no axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) axis: Option<AxisId>,
    /// What the code stands for, in our own words.
    pub(super) wanted: String,
    /// What the exam has, in our own words; where it is silent what that is taken for, if for anything.
    pub(super) has: String,
    /// Whether the exam's words do not contradict.
    pub(super) open: bool,
    /// Whether silence was taken for what the exam has, or a wider region was named.
    pub(super) assumed: bool,
}

/// What keeps an exam from a code, by the code's nearest family; `None` for a code of no family on the day.
pub(super) fn gaps(lexicon: &Lexicon, code: &str, day: Date, exam: &Exam) -> Option<(FamilyId, Vec<Gap>)> {
    let made_from = lexicon.rules.iter().find_map(|r| match &r.effect {
        Effect::Becomes { from, to, .. } if &**to == code => Some(&**from),
        _ => None,
    });
    let of = |code: &str| {
        let ways = lexicon.families.iter().enumerate().filter(|(_, f)| f.in_force(day)).flat_map(|(i, f)| {
            let rows = f.rows.iter().chain(&f.adds).filter(|r| &*r.code == code);
            rows.map(move |r| (FamilyId(i as u16), lacking(lexicon, f, r, exam)))
        });
        ways.min_by_key(|(_, g)| (g.iter().filter(|g| !g.open).count(), g.len()))
    };
    of(code).or_else(|| made_from.and_then(of))
}

/// The family that gives a code on a day, or gave it on another.
pub(super) fn family_of<'a>(lexicon: &'a Lexicon, code: &str, day: Date) -> Option<&'a str> {
    let gives = |f: &&Family| f.rows.iter().chain(&f.adds).any(|r| &*r.code == code);
    lexicon.families.iter().filter(|f| f.in_force(day)).find(gives).or_else(|| lexicon.families.iter().find(gives)).map(|f| &*f.id)
}

fn lacking(lexicon: &Lexicon, f: &Family, row: &Row, exam: &Exam) -> Vec<Gap> {
    let known = &lexicon.known;
    let mut out: Vec<Gap> = region(lexicon, f, exam).into_iter().collect();
    // rows told apart by views or by extent: the one that the exam tells counts
    let tells = |axis: Option<AxisId>| axis.is_some_and(|a| exam.told.get(a) != 0 && row.values.get(a) != 0);
    let passed_over = if tells(known.views) { known.extent } else { known.views.filter(|_| tells(known.extent)) };
    // the register of a text is none of its exam
    let when = f.when.iter().filter(|(axis, _)| Some(*axis) != lexicon.axis_named("register")).map(|(axis, bits)| (axis, bits, false));
    let own = row.values.iter().filter(|(axis, _)| Some(*axis) != passed_over).map(|(axis, bits)| (axis, bits, true));
    for (axis, wanted, whole) in when.chain(own) {
        let (told, have) = (exam.told.get(axis), exam.values.get(axis));
        let a = lexicon.axis(axis);
        let met = match a.kind {
            AxisKind::Set if whole => have == wanted,
            AxisKind::Count if whole && have == 0 => false,
            _ => holds(lexicon, axis, wanted, have),
        };
        // a family may take several values; flags that are there are no lack
        let wanted = if a.kind == AxisKind::Flags { wanted & !have } else { wanted };
        if !met && !out.iter().any(|g| g.axis == Some(axis)) {
            let open = told == 0 || a.kind == AxisKind::Flags;
            let assumed = told == 0 && have != 0;
            out.push(Gap { axis: Some(axis), wanted: words(lexicon, axis, wanted, whole), has: a.label(have), open, assumed });
        }
    }
    for (axis, refused) in f.unless.iter() {
        let have = exam.values.get(axis);
        let a = lexicon.axis(axis);
        let refuses =
            if a.kind == AxisKind::Count { have != 0 && Counts(refused).holds(Counts(have).decisive()) } else { have & refused != 0 };
        if refuses && Some(axis) != lexicon.axis_named("register") && !out.iter().any(|g| g.axis == Some(axis)) {
            let has = if a.kind == AxisKind::Count { have } else { have & refused };
            let open = exam.told.get(axis) == 0;
            out.push(Gap { axis: Some(axis), wanted: format!("not {}", a.label(has)), has: a.label(has), open, assumed: open });
        }
    }
    out
}

fn words(lexicon: &Lexicon, axis: AxisId, bits: u64, whole: bool) -> String {
    let a = lexicon.axis(axis);
    if whole || a.kind != AxisKind::Enum {
        return a.label(bits);
    }
    (0..64).map(|i| 1u64 << i).filter(|b| bits & b != 0).map(|b| a.label(b)).collect::<Vec<_>>().join(" or ")
}

/// What a family wants of the region and an exam does not have, or has beside it.
fn region(lexicon: &Lexicon, f: &Family, exam: &Exam) -> Option<Gap> {
    /// Most regions of a family that are named one by one.
    const NAMED: usize = 3;
    let label = |regions: &[RegionId], between: &str| {
        let names: Vec<&str> = regions.iter().map(|r| &*lexicon.region(*r).label).collect();
        names.join(between)
    };
    let inside = |r: RegionId, list: &[RegionId]| list.iter().any(|w| is_in(lexicon, r, *w));
    let around = |r: RegionId, list: &[RegionId]| list.iter().any(|w| is_in(lexicon, *w, r));
    let any: Vec<RegionId> = f.any.iter().collect();
    let missing: Vec<RegionId> = f.all.iter().copied().filter(|w| !exam.regions.iter().any(|r| is_in(lexicon, *r, *w))).collect();
    let wanted = if f.all.is_empty() { &any } else { &f.all };
    if wanted.is_empty() {
        return None;
    }
    let beside = exam.regions.iter().any(|r| !inside(*r, wanted) && !around(*r, wanted));
    let met = if f.all.is_empty() { exam.regions.iter().any(|r| inside(*r, &any)) } else { missing.is_empty() };
    if met && !beside {
        return None;
    }
    // of a family of many regions those that the exam is about
    let near: Vec<RegionId> =
        any.iter().copied().filter(|w| exam.regions.iter().any(|r| is_in(lexicon, *r, *w) || is_in(lexicon, *w, *r))).collect();
    let words = match (f.all.is_empty(), near.len(), any.len()) {
        (false, ..) => label(&f.all, " and "),
        (true, 1..=NAMED, _) => label(&near, " or "),
        (true, _, 1..=NAMED) => label(&any, " or "),
        _ => f.label.to_string(),
    };
    // "spine" leaves open which part of it
    let open = !exam.located || exam.regions.iter().all(|r| around(*r, wanted) && !inside(*r, wanted));
    Some(Gap { axis: None, wanted: words, has: label(&exam.regions, " and "), open, assumed: open })
}

/// The name of an axis in a sentence.
pub(super) fn axis_name(lexicon: &Lexicon, axis: Option<AxisId>) -> String {
    axis.map_or_else(|| "region".to_owned(), |a| lexicon.axis(a).id.replace('_', " "))
}
