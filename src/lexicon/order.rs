//! The families in the order and the groups in which studies try them.

use serde::{Deserialize, Serialize};

use super::Lexicon;
use super::model::{Family, FamilyId, MAX_VALUES};

/// The families of a lexicon, sorted once.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FamilyOrder {
    /// Those that take a set of regions, the larger and more particular first.
    sets: Vec<FamilyId>,
    /// Those that take one region, by the modality that they want: a list for each bit, one for none, one of all. What
    /// wants no modality stands in every list.
    single: Vec<Vec<FamilyId>>,
}

const NONE: usize = MAX_VALUES;
const ALL: usize = MAX_VALUES + 1;

impl FamilyOrder {
    pub(super) fn new(lexicon: &Lexicon) -> Self {
        let modality = lexicon.known.modality;
        let all: Vec<(FamilyId, &Family)> =
            lexicon.families.iter().enumerate().filter(|(_, f)| !f.companion).map(|(i, f)| (FamilyId(i as u16), f)).collect();
        let (single, mut sets): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, f)| f.all.is_empty());
        sets.sort_by_key(|(id, f)| (std::cmp::Reverse((f.all.len(), lexicon.wanted(f))), *id));
        let list = |i: usize| {
            let stands = |f: &Family| match f.when.get(modality) {
                0 => true,
                bits => i == ALL || (i < NONE && bits >> i & 1 == 1),
            };
            single.iter().filter(|(_, f)| stands(f)).map(|(id, _)| *id).collect()
        };
        Self { sets: sets.into_iter().map(|(id, _)| id).collect(), single: (0..=ALL).map(list).collect() }
    }

    /// Families of several regions, the first to try first.
    pub(crate) fn sets(&self) -> &[FamilyId] {
        &self.sets
    }

    /// Families of one region that may take a study of that modality, in the order of the files.
    pub(crate) fn single(&self, modality: u64) -> &[FamilyId] {
        let list = match modality {
            0 => NONE,
            one if one.is_power_of_two() => one.trailing_zeros() as usize,
            _ => ALL,
        };
        &self.single[list]
    }
}
