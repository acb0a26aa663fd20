//! Which code family takes which studies, and which of its rows.

use jiff::civil::Date;

use crate::lexicon::Lexicon;
use crate::lexicon::model::{AxisId, AxisKind, Counts, Family, FamilyId, RegionId, RegionSet, Row, Values};

/// What a family is chosen by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) region: Option<RegionId>,
    /// Known values, implied ones included.
    pub(crate) values: Values,
}

/// A family and the candidates that it takes, by index.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) family: FamilyId,
    pub(crate) members: Vec<usize>,
}

/// Covers the candidates with families: first those that take a set of regions, the larger first, then the most
/// particular one for each that is left; candidates of one family are one study. What no family takes is left out.
pub(crate) fn choose(lexicon: &Lexicon, all: &[Candidate], day: Date) -> Vec<Choice> {
    let mut free: Vec<bool> = vec![true; all.len()];
    let mut out: Vec<Choice> = Vec::new();
    let mut near = RegionSet::default();
    for region in all.iter().filter_map(|c| c.region) {
        near.insert(region);
        near.extend(&lexicon.region(region).ancestors);
    }
    for &id in lexicon.order.sets() {
        let f = lexicon.family(id);
        if !f.in_force(day) || !f.all.iter().all(|r| near.contains(*r)) {
            continue;
        }
        // what a set axis wants has to be told of one of the parts: "bilateral hips and pelvis"
        let fits = |i: usize| free[i] && accepts_values(lexicon, f, &all[i].values, true);
        let members: Vec<usize> = (0..all.len())
            .filter(|&i| fits(i) && f.all.iter().any(|r| all[i].region.is_some_and(|have| is_in(lexicon, have, *r))))
            .collect();
        let complete = f.all.iter().all(|r| members.iter().any(|&i| all[i].region.is_some_and(|have| is_in(lexicon, have, *r))));
        let told = |axis: AxisId| members.iter().fold(0, |bits, &i| bits | all[i].values.get(axis));
        if complete && f.when.iter().all(|(axis, bits)| holds(lexicon, axis, bits, told(axis))) {
            for &i in &members {
                free[i] = false;
            }
            push(&mut out, id, members);
        }
    }
    for i in 0..all.len() {
        if free[i]
            && let Some(id) = best_single(lexicon, &all[i], day)
        {
            let apart = |c: &Choice| c.members.iter().any(|&j| two_sides(lexicon, id, &all[i], &all[j]));
            match out.iter_mut().find(|c| c.family == id && !apart(c)) {
                Some(c) => c.members.push(i),
                None => out.push(Choice { family: id, members: vec![i] }),
            }
        }
    }
    out
}

/// Whether two candidates of a family that is billed once a side are of different sides and different in their views or
/// extent.
fn two_sides(lexicon: &Lexicon, family: FamilyId, a: &Candidate, b: &Candidate) -> bool {
    let (side, views) = (lexicon.known.side, lexicon.known.views);
    let (x, y) = (a.values.get(side), b.values.get(side));
    let differ = |axis: AxisId| a.values.get(axis) != 0 && b.values.get(axis) != 0 && a.values.get(axis) != b.values.get(axis);
    let told = [views, lexicon.known.extent].into_iter().flatten().any(differ);
    lexicon.family(family).per_side && x != 0 && y != 0 && x & y == 0 && told
}

fn push(out: &mut Vec<Choice>, family: FamilyId, members: Vec<usize>) {
    match out.iter_mut().find(|c| c.family == family) {
        Some(c) => c.members.extend(members),
        None => out.push(Choice { family, members }),
    }
}

/// The most particular family that takes one candidate alone.
pub(crate) fn best_single(lexicon: &Lexicon, candidate: &Candidate, day: Date) -> Option<FamilyId> {
    let modality = candidate.values.get(lexicon.known.modality);
    lexicon
        .order
        .single(modality, candidate.region)
        .iter()
        .map(|id| (lexicon.family(*id), *id))
        .filter(|(f, _)| f.in_force(day))
        .filter_map(|(f, id)| Some((accepts(lexicon, f, candidate)?, id)))
        .max_by_key(|(rank, id)| (*rank, std::cmp::Reverse(*id)))
        .map(|(_, id)| id)
}

/// How particularly a family takes a candidate; `None` where it does not.
pub(crate) fn accepts(lexicon: &Lexicon, f: &Family, candidate: &Candidate) -> Option<u32> {
    let lies_in = |r: RegionId| f.any.contains(r) || f.any.meets(&lexicon.region(r).ancestors);
    if (f.nowhere && candidate.region.is_some())
        || !(f.any.is_empty() || candidate.region.is_some_and(lies_in))
        || !accepts_values(lexicon, f, &candidate.values, false)
    {
        return None;
    }
    let region_rank = if f.any.is_empty() {
        u32::from(f.nowhere)
    } else {
        let have = candidate.region?;
        let near = std::iter::successors(Some(have), |r| lexicon.region(*r).parent).find(|r| f.any.contains(*r))?;
        2 + u32::from(lexicon.region(near).depth)
    };
    Some(4 * lexicon.wanted(f) + region_rank)
}

/// Whether a study has the values that a family wants and none that it refuses; of a `part` set axes are not asked.
pub(crate) fn accepts_values(lexicon: &Lexicon, f: &Family, values: &Values, part: bool) -> bool {
    let asked = |axis: AxisId| !(part && matches!(lexicon.axis(axis).kind, AxisKind::Set | AxisKind::Flags));
    f.when.iter().all(|(axis, bits)| !asked(axis) || holds(lexicon, axis, bits, values.get(axis)))
        && f.unless.iter().all(|(axis, bits)| match lexicon.axis(axis).kind {
            AxisKind::Count => values.get(axis) == 0 || !Counts(bits).holds(Counts(values.get(axis)).decisive()),
            _ => values.get(axis) & bits == 0,
        })
}

/// On an enum axis one of the wanted values, on a set axis all of them; a count by its decisive number.
pub(crate) fn holds(lexicon: &Lexicon, axis: AxisId, wanted: u64, have: u64) -> bool {
    match lexicon.axis(axis).kind {
        AxisKind::Enum => have & wanted != 0,
        AxisKind::Set | AxisKind::Flags => have & wanted == wanted,
        AxisKind::Count => have != 0 && Counts(wanted).holds(Counts(have).decisive()),
    }
}

/// Whether a region is another one or lies under it.
pub(crate) fn is_in(lexicon: &Lexicon, region: RegionId, under: RegionId) -> bool {
    region == under || lexicon.region(region).ancestors.contains(under)
}

/// The row of a family for a study, and the axes on which silence was taken for a value.
///
/// A row fits where none of its axes contradicts; of those that fit the one with most axes wins. Where the text is
/// silent on an axis that tells rows apart the family's assumption counts, and is named. Of rows that tell numbers
/// apart a counted number picks the nearest; only where there is none an extent does.
pub(crate) fn row<'f>(lexicon: &Lexicon, f: &'f Family, values: &Values) -> Option<(&'f Row, Vec<AxisId>)> {
    let (views, extent) = (lexicon.known.views, lexicon.known.extent);
    let told = |axis: Option<AxisId>| axis.filter(|a| f.rows.iter().any(|r| r.values.get(*a) != 0) && values.get(*a) != 0);
    let by_number = told(views).is_some();
    let by_extent =
        !by_number && told(extent).is_some_and(|e| views.is_some() && f.rows.iter().any(|r| r.values.get(e) & values.get(e) != 0));
    let passed_over = if by_extent { views } else { extent.filter(|_| counts_views(lexicon, f)) };
    let mut known = *values;
    let mut assumed = Vec::new();
    for (axis, bits) in f.assume.iter() {
        if known.get(axis) == 0 && Some(axis) != passed_over && f.rows.iter().any(|r| r.values.get(axis) != 0) {
            known.set(axis, bits);
            assumed.push(axis);
        }
    }
    let fits = |r: &Row| {
        r.values.iter().filter(|(axis, _)| Some(*axis) != passed_over).all(|(axis, bits)| match lexicon.axis(axis).kind {
            AxisKind::Flags => known.get(axis) & bits == bits,
            AxisKind::Set => known.get(axis) == bits,
            AxisKind::Enum => known.get(axis) & bits != 0,
            AxisKind::Count if Some(axis) == views => true, // the nearest is taken
            AxisKind::Count => holds(lexicon, axis, bits, known.get(axis)),
        })
    };
    let number = views.map(|v| Counts(known.get(v))).filter(|c| c.0 != 0 && !by_extent).map(Counts::decisive);
    let far = |r: &Row| match (number, views.map(|v| Counts(r.values.get(v))).filter(|c| c.0 != 0)) {
        (Some(n), Some(c)) => (1..=Counts::MOST).filter(|m| c.holds(*m)).map(|m| m.abs_diff(n)).min().unwrap_or(0),
        _ => 0,
    };
    // each flag wanted counts, of other axes each axis
    let particular = |r: &Row| -> u32 {
        let weight = |(axis, bits): (AxisId, u64)| if lexicon.axis(axis).kind == AxisKind::Flags { bits.count_ones() } else { 1 };
        r.values.iter().filter(|(axis, _)| Some(*axis) != passed_over).map(weight).sum()
    };
    let fit = f.rows.iter().filter(|r| fits(r)).max_by_key(|r| (std::cmp::Reverse(far(r)), particular(r)))?;
    Some((fit, assumed))
}

/// Whether a family's rows tell numbers of views apart.
pub(crate) fn counts_views(lexicon: &Lexicon, f: &Family) -> bool {
    lexicon.known.views.is_some_and(|v| f.rows.iter().any(|r| r.values.get(v) != 0))
}
