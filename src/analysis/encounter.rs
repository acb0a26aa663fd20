//! What holds between the reports of one patient and day: exams that one code joins, rules over exams, repeats.

use super::claim::{Builder, Item, rationale};
use super::{Rationale, ReportStatus};
use crate::code::family::{is_in, row};
use crate::lexicon::billing::{Cause, Join};
use crate::lexicon::model::{Counts, Effect, FamilyId, Values};

/// Exams of different reports that one code joins.
pub(super) fn join(b: &mut Builder<'_>) {
    let lexicon = b.lexicon;
    for join in &lexicon.billing.joins {
        if !join.head.holds(&b.settings, b.day) {
            continue;
        }
        while let Some((members, family)) = members(b, join) {
            let known = &lexicon.known;
            let first = &b.items[members[0]];
            let mut values: Values = first.billed.values;
            for &i in &members[1..] {
                for axis in [known.contrast, known.side, known.features] {
                    values.add(axis, b.items[i].billed.values.get(axis));
                }
            }
            let views = |i: &usize| known.views.map_or(0, |v| b.items[*i].billed.values.get(v));
            if let Some(v) = known.views.filter(|_| members.iter().all(|i| views(i) != 0)) {
                let sum = members.iter().map(|i| Counts(views(i)).decisive()).sum();
                values.set(v, Counts::new(Some(sum), sum).0);
            }
            let f = lexicon.family(family);
            let wanted = f.when.iter().all(|(axis, bits)| values.get(axis) & bits == bits);
            let chosen = row(lexicon, f, &values).map(|(r, _)| r.code.clone()).filter(|_| wanted);
            let Some(code) = chosen.filter(|c| lexicon.code(c).is_some_and(|k| k.in_force(b.day))) else { break };
            let words = members.iter().flat_map(|&i| b.words(&b.items[i], "exam")).collect();
            let reason = rationale(&join.head.ground, &[("to", &code)], words);
            let kept = merge(b, &members, reason);
            let item = &mut b.items[kept];
            (item.code, item.exam) = (code.clone(), code.clone());
            (item.billed.family, item.billed.code, item.billed.values) = (family, code, values);
            let label = label(b, kept);
            b.items[kept].label = label;
        }
    }
}

/// Several exams as one; its index.
fn merge(b: &mut Builder<'_>, members: &[usize], reason: Rationale) -> usize {
    let rest: Vec<Item> = members[1..].iter().rev().map(|&i| b.items.remove(i)).collect();
    let kept = members[0] - members[1..].iter().filter(|&&i| i < members[0]).count();
    let item = &mut b.items[kept];
    for other in &rest {
        let new: Vec<_> = other.billed.regions.iter().filter(|r| !item.billed.regions.contains(r)).copied().collect();
        item.billed.regions.extend(new);
        item.sources.extend(&other.sources);
        item.billed.own_findings |= other.billed.own_findings;
    }
    item.sources.sort_unstable();
    item.reasons.push(reason);
    kept
}

/// The same exam of the left in one report and of the right in another is one of both sides: the code for both where
/// there is one, else one entry.
pub(super) fn sides(b: &mut Builder<'_>) {
    let (lexicon, side) = (b.lexicon, b.lexicon.known.side);
    let one = |i: &Item| Some(i.billed.told.get(side)).filter(|s| s.is_power_of_two());
    let near = |p: &Item, q: &Item| {
        let within = |x, y| is_in(lexicon, x, y) || is_in(lexicon, y, x);
        p.billed.regions.iter().any(|x| q.billed.regions.iter().any(|y| within(*x, *y)))
    };
    let mut at = 0;
    while at < b.items.len() {
        let p = &b.items[at];
        let twin = |q: &Item| {
            p.code == q.code
                && p.billed.family == q.billed.family
                && p.sources[0].report != q.sources[0].report
                && one(p).zip(one(q)).is_some_and(|(x, y)| x != y)
                && near(p, q)
        };
        let other = (at + 1..b.items.len()).find(|&i| twin(&b.items[i]));
        let joined = other.and_then(|i| {
            let family = lexicon.family(p.billed.family);
            let mut values = p.billed.values;
            values.add(side, b.items[i].billed.told.get(side));
            let code = row(lexicon, family, &values).map_or_else(|| p.code.clone(), |(r, _)| r.code.clone());
            let both = lexicon.billing.flags(&p.exam).bilateral == Some(2);
            let takes = family.per_side || both || (code != p.code && lexicon.code(&code).is_some_and(|k| k.in_force(b.day)));
            takes.then_some((i, code, values, if family.per_side { p.units + b.items[i].units } else { p.units }))
        });
        let Some((i, code, values, units)) = joined else {
            at += 1;
            continue;
        };
        let words = [b.words(p, "side"), b.words(&b.items[i], "side")].concat();
        let reason = b.because("sides-of-one-day", &[("first", &p.code), ("to", &code)], words);
        let kept = merge(b, &[at, i], reason);
        let item = &mut b.items[kept];
        (item.code, item.exam, item.billed.code) = (code.clone(), code.clone(), code);
        (item.billed.values, item.units) = (values, units);
        item.billed.told.set(side, values.get(side));
    }
}

/// Exams that a join takes, one of each group, of more than one report; in ascending order.
fn members(b: &Builder<'_>, join: &Join) -> Option<(Vec<usize>, FamilyId)> {
    let of = |i: &Item, group: &[FamilyId]| group.contains(&i.billed.family);
    let mut out: Vec<usize> = Vec::new();
    if join.of.len() == 1 {
        // one family: an exam in two states of contrast
        let contrast = b.lexicon.known.contrast;
        let state = |i: &Item| i.billed.values.get(contrast);
        let (x, y) = (0..b.items.len()).flat_map(|x| (x + 1..b.items.len()).map(move |y| (x, y))).find(|&(x, y)| {
            let (p, q) = (&b.items[x], &b.items[y]);
            of(p, &join.of[0])
                && p.billed.family == q.billed.family
                && p.sources[0].report != q.sources[0].report
                && state(p).is_power_of_two()
                && state(q).is_power_of_two()
                && state(p) != state(q)
        })?;
        return Some((vec![x, y], join.into.unwrap_or(b.items[x].billed.family)));
    }
    let side = |i: usize| b.items[i].billed.told.get(b.lexicon.known.side);
    for group in &join.of {
        // two of one family are its two sides
        let other = |i: usize, o: usize| b.items[i].billed.family != b.items[o].billed.family || side(i) & side(o) == 0;
        out.push((0..b.items.len()).find(|&i| !out.contains(&i) && of(&b.items[i], group) && out.iter().all(|&o| other(i, o)))?);
    }
    let first = b.items[out[0]].sources[0].report;
    let several = out.iter().any(|&i| b.items[i].sources[0].report != first);
    out.sort_unstable();
    several.then_some((out.clone(), join.into.unwrap_or(b.items[out[0]].billed.family)))
}

/// The label of a joined exam: its family's, and its contrast.
fn label(b: &Builder<'_>, at: usize) -> String {
    let (lexicon, item) = (b.lexicon, &b.items[at]);
    let family = lexicon.family(item.billed.family);
    let contrast = lexicon.known.contrast;
    let words = lexicon.axis(contrast).label(item.billed.values.get(contrast));
    let tells = family.rows.iter().any(|r| r.values.get(contrast) != 0);
    if tells && !words.is_empty() { format!("{}, {words}", family.label) } else { family.label.to_string() }
}

/// Rules over the exams of one report hold between the reports of a day too, but for those that exams with findings of
/// their own are free of.
pub(super) fn rules(b: &mut Builder<'_>) {
    let lexicon = b.lexicon;
    // what one report names is settled in its own answer
    let rules = if b.reports.len() > 1 { &lexicon.rules[..] } else { &[] };
    for rule in rules {
        if rule.from.is_some_and(|d| b.day < d)
            || rule.until.is_some_and(|d| d < b.day)
            || rule.unless_own_findings
            || !b.settings.meets(&rule.under)
        {
            continue;
        }
        let ground = |b: &Builder<'_>, fill: &[(&str, &str)]| {
            let mut reason = b.because("rule-of-one-day", fill, Vec::new());
            reason.message = format!("{}: {}", reason.message, rule.message);
            (reason.rule, reason.source) = (rule.id.to_string(), rule.source.to_string());
            reason
        };
        match &rule.effect {
            Effect::Absorbs(pairs) => {
                for &(keep, drop) in pairs {
                    let holds = |i: &&Item| {
                        i.billed.family == keep && rule.when.iter().all(|(axis, bits)| i.billed.values.get(axis) & bits == bits)
                    };
                    let Some(winner) = b.items.iter().find(holds).cloned() else { continue };
                    let other =
                        |i: &Item| i.billed.family == drop && i.code != winner.code && i.sources[0].report != winner.sources[0].report;
                    while let Some(at) = b.items.iter().position(other) {
                        let reason = ground(b, &[("first", &winner.code), ("second", &b.items[at].code)]);
                        b.remove(at, Some(&winner.code), &reason);
                    }
                }
            }
            Effect::Becomes { from, to, beside, taking } => {
                let mut at = 0;
                while at < b.items.len() {
                    let report = b.items[at].sources[0].report;
                    let there = |i: &Item| {
                        i.sources[0].report != report
                            && beside.contains(&i.billed.family)
                            && taking.as_ref().is_none_or(|code| i.code == *code)
                    };
                    let other = b.items.iter().position(there).filter(|_| b.items[at].code == *from);
                    if let Some(other) = other {
                        let reason = ground(b, &[("first", from), ("second", to)]);
                        // what it takes in proves the code as well
                        if taking.is_some() {
                            at = merge(b, &[at, other], reason);
                        } else {
                            b.items[at].reasons.push(reason);
                        }
                        let item = &mut b.items[at];
                        (item.code, item.exam) = (to.clone(), to.clone());
                    }
                    at += 1;
                }
            }
            Effect::Downgrades(_) => {}
        }
    }
}

/// Of two versions of one report the later counts: what an earlier one says of the same exam goes. A preliminary report
/// is one of what comes after it; one that is corrected or addended is of the last before it, as reports come in the
/// order of time. Others are exams of their own. A correction may be of the side, where each version tells one exam of
/// the kind.
pub(super) fn versions(b: &mut Builder<'_>) {
    use ReportStatus as S;
    let side = b.lexicon.known.side;
    let report = |i: &Item| i.sources[0].report;
    let status = |i: &Item| b.reports[report(i)].status;
    let alike = |x: &Item, y: &Item| {
        let alone = |i: &Item| b.items.iter().filter(|o| report(o) == report(i) && o.billed.family == i.billed.family).count() == 1;
        x.billed.family == y.billed.family
            && (x.billed.told.get(side) == y.billed.told.get(side) || (status(y) == Some(S::Corrected) && alone(x) && alone(y)))
    };
    let later = |x: &Item| {
        let after = || b.items.iter().filter(|y| report(y) > report(x) && alike(x, y));
        let next = after().map(report).min()?;
        let revised = |y: &&Item| report(y) == next && matches!(status(y), Some(S::Corrected | S::Addended));
        if status(x) == Some(S::Preliminary) { after().next() } else { after().find(revised) }
    };
    let gone: Vec<(usize, Box<str>, Rationale)> = b
        .items
        .iter()
        .enumerate()
        .filter_map(|(at, x)| {
            let y = later(x)?;
            Some((at, y.code.clone(), b.because("later-version", &[("first", &y.code), ("second", &x.code)], b.words(y, "exam"))))
        })
        .collect();
    for (at, code, reason) in gone.iter().rev() {
        b.remove(*at, Some(code), reason);
    }
}

/// The same exam of the same side in another report of the day is a repeat. A report that tells who repeated it is never
/// the first, in whatever order they come.
pub(super) fn repeats(b: &mut Builder<'_>) {
    let billing = &b.lexicon.billing;
    let side = b.lexicon.known.side;
    let asked: Vec<_> = billing.modifiers.iter().filter(|m| m.cause == Some(Cause::Repeat)).flat_map(|m| &m.circumstance).collect();
    let tells = |i: &Item| asked.iter().any(|c| b.circumstance(i, **c).is_some());
    let alike = |x: &Item, y: &Item| x.code == y.code && x.billed.told.get(side) == y.billed.told.get(side);
    let mut repeated: Vec<usize> = Vec::new();
    for (at, item) in b.items.iter().enumerate() {
        let group = || b.items.iter().enumerate().filter(|(_, x)| alike(x, item));
        let first = group().find(|(_, x)| !tells(x)).or_else(|| group().next()).map(|(i, _)| i);
        if first != Some(at) && group().any(|(_, x)| x.report() != item.report()) {
            repeated.push(at);
        }
    }
    for at in repeated {
        b.items[at].causes.push(Cause::Repeat);
    }
}
