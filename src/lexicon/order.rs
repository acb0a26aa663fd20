//! The families in the order and the groups in which studies try them.

use serde::{Deserialize, Serialize};

use super::Lexicon;
use super::model::{Family, FamilyId, MAX_VALUES, RegionId};
use super::packed::table;

/// The families of a lexicon, sorted once.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FamilyOrder {
    /// Those that take a set of regions, the larger and more particular first.
    sets: Vec<FamilyId>,
    /// Those that take one region, by the modality that they want: a group for each bit, one for none, one of all. What
    /// wants no modality stands in every group.
    single: Vec<Group>,
    /// How common the most common code of each family is.
    frequency: Vec<u16>,
}

/// Families of a modality by the region of a study; what wants no region stands in every list.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Group {
    /// The lists, one behind the other: that of no region, then those of the regions.
    all: Vec<FamilyId>,
    /// Where each begins, and the last ends. A modality that no family asks for has the first list alone.
    #[serde(with = "table")]
    first: Vec<u32>,
}

impl Group {
    fn new(lists: impl Iterator<Item = Vec<FamilyId>>) -> Self {
        let (mut all, mut first) = (Vec::new(), vec![0]);
        for list in lists {
            all.extend(list);
            first.push(all.len() as u32);
        }
        Self { all, first }
    }

    fn list(&self, i: usize) -> Option<&[FamilyId]> {
        Some(&self.all[*self.first.get(i)? as usize..*self.first.get(i + 1)? as usize])
    }
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
        let group = |i: usize| {
            let stands = |f: &Family| match f.when.get(modality) {
                0 => true,
                bits => i == ALL || (i < NONE && bits >> i & 1 == 1),
            };
            let list = |takes: &dyn Fn(&Family) -> bool| -> Vec<FamilyId> {
                single.iter().filter(|(_, f)| stands(f) && (f.any.is_empty() || takes(f))).map(|(id, _)| *id).collect()
            };
            // what no family asks for has the lists of none
            let asked = i >= NONE || single.iter().any(|(_, f)| f.when.get(modality) >> i & 1 == 1);
            let region = |r: usize| {
                let region = &lexicon.regions[r];
                list(&|f| !f.nowhere && (f.any.contains(RegionId(r as u8)) || f.any.meets(&region.ancestors)))
            };
            let regions = (0..lexicon.regions.len()).filter(|_| asked).map(region);
            Group::new(std::iter::once(list(&|_| false)).chain(regions))
        };
        let frequency = |f: &Family| f.rows.iter().filter_map(|r| lexicon.code(&r.code)).map(|c| c.frequency).max().unwrap_or(0);
        Self {
            single: (0..=ALL).map(group).collect(),
            frequency: lexicon.families.iter().map(frequency).collect(),
            sets: sets.into_iter().map(|(id, _)| id).collect(),
        }
    }

    /// Families of several regions, the first to try first.
    pub(crate) fn sets(&self) -> &[FamilyId] {
        &self.sets
    }

    /// Families of one region that may take a study of that modality and region, in the order of the files.
    pub(crate) fn single(&self, modality: u64, region: Option<RegionId>) -> &[FamilyId] {
        let group = match modality {
            0 => NONE,
            one if one.is_power_of_two() => one.trailing_zeros() as usize,
            _ => ALL,
        };
        let list = region.map_or(0, |r| r.0 as usize + 1);
        self.single[group].list(list).or_else(|| self.single[NONE].list(list)).unwrap_or_default()
    }

    /// How common the most common code of a family is.
    pub(crate) fn frequency(&self, family: FamilyId) -> u16 {
        self.frequency[family.0 as usize]
    }
}
