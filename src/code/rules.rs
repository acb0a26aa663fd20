//! Rules over the coded studies of one report: what one code includes, what a code becomes beside another.

use jiff::civil::Date;

use super::family::row;
use super::study::Study;
use crate::lexicon::Lexicon;
use crate::lexicon::model::{AxisId, Effect, FamilyId};
use crate::lexicon::policy::Settings;

/// A study, or several fused under one family, with its code.
#[derive(Clone, Debug)]
pub(crate) struct Coded {
    pub(crate) family: FamilyId,
    pub(crate) code: Box<str>,
    /// How many are counted; sides apart.
    pub(crate) units: u32,
    pub(crate) study: Study,
    pub(crate) regions: Vec<crate::lexicon::model::RegionId>,
    pub(crate) defaults: Vec<AxisId>,
    /// Rule that took it away, and the code that stands instead.
    pub(crate) taken: Option<(usize, Box<str>)>,
    /// Rule that changed its code.
    pub(crate) changed: Option<usize>,
    /// Whether it has text of its own under a heading of its own.
    pub(crate) own_findings: bool,
}

/// Applies all rules in force, in the order of the file.
pub(crate) fn apply(lexicon: &Lexicon, coded: &mut [Coded], day: Date, settings: &Settings) {
    for (i, rule) in lexicon.rules.iter().enumerate() {
        if rule.from.is_some_and(|d| day < d) || rule.until.is_some_and(|d| d < day) || !settings.meets(&rule.under) {
            continue;
        }
        match &rule.effect {
            Effect::Downgrades(pairs) => downgrade(lexicon, coded, pairs, i),
            Effect::Absorbs(_) if coded.len() < 2 => {}
            Effect::Absorbs(pairs) => absorb(lexicon, coded, pairs, i),
            Effect::Becomes { from, to, beside, taking } => {
                let there =
                    |c: &Coded| c.taken.is_none() && beside.contains(&c.family) && taking.as_ref().is_none_or(|code| c.code == *code);
                let Some(other) = coded.iter().position(there) else { continue };
                let mut changed = false;
                for c in coded.iter_mut().filter(|c| c.taken.is_none() && c.code == *from) {
                    c.code.clone_from(to);
                    c.changed = Some(i);
                    changed = true;
                }
                if changed && taking.is_some() {
                    coded[other].taken = Some((i, to.clone()));
                }
            }
        }
    }
}

fn downgrade(lexicon: &Lexicon, coded: &mut [Coded], pairs: &[(FamilyId, FamilyId)], rule: usize) {
    let (when, unless) = (lexicon.rules[rule].when, lexicon.rules[rule].unless);
    for c in coded.iter_mut() {
        let holds = when.iter().all(|(axis, bits)| c.study.values.get(axis) & bits == bits)
            && unless.iter().all(|(axis, bits)| c.study.values.get(axis) & bits == 0);
        let Some((_, to)) = pairs.iter().find(|(from, _)| *from == c.family).filter(|_| holds) else { continue };
        let known = &lexicon.known;
        let mut values = c.study.values;
        values.set(known.method, 0);
        if values.get(known.contrast) == 0 {
            values.set(known.contrast, known.post);
        }
        if let Some((row, defaults)) = row(lexicon, lexicon.family(*to), &values) {
            c.study.values = values;
            c.family = *to;
            c.code = row.code.clone();
            c.defaults = defaults;
            c.changed = Some(rule);
        }
    }
}

fn absorb(lexicon: &Lexicon, coded: &mut [Coded], pairs: &[(FamilyId, FamilyId)], rule: usize) {
    let (when, unless_own) = (lexicon.rules[rule].when, lexicon.rules[rule].unless_own_findings);
    let holds = |c: &Coded| when.iter().all(|(axis, bits)| c.study.values.get(axis) & bits == bits);
    for &(keep, drop) in pairs {
        let Some(winner) = coded.iter().find(|c| c.taken.is_none() && c.family == keep && holds(c)).map(|c| c.code.clone()) else {
            continue;
        };
        for c in coded.iter_mut().filter(|c| c.taken.is_none() && c.family == drop && c.code != winner) {
            if unless_own && c.own_findings {
                continue;
            }
            c.taken = Some((rule, winner.clone()));
        }
    }
}
