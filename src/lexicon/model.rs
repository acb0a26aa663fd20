//! The frozen tables that a lexicon becomes: plain data, small copyable ids, no strings on the hot path.

use std::collections::BTreeMap;

use jiff::civil::Date;

use serde::{Deserialize, Serialize};

use super::supply::{MeasureId, SupplyId};

/// Index of an axis, in the order of `axes.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AxisId(pub u8);

/// Index of a region of the body tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RegionId(pub u8);

/// Index of a concept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConceptId(pub u16);

/// Index of a cue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CueId(pub u16);

/// Index of a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SectionId(pub u16);

/// Index of a kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentId(pub u8);

/// Index of a circumstance of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CircumstanceId(pub u8);

/// Index of a code family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FamilyId(pub u16);

/// Most axes a lexicon may declare besides the region.
pub const MAX_AXES: usize = 32;
/// Most values one axis may have.
pub const MAX_VALUES: usize = 64;
/// Most regions the body tree may have.
pub const MAX_REGIONS: usize = 256;

/// The bits that are set, from the lowest.
fn bits(mut word: u64) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as u8)?;
        word &= word - 1;
        Some(bit)
    })
}

/// A set of regions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RegionSet([u64; MAX_REGIONS / 64]);

impl RegionSet {
    /// Adds a region.
    pub fn insert(&mut self, region: RegionId) {
        self.0[region.0 as usize / 64] |= 1 << (region.0 % 64);
    }

    /// Whether the region is a member.
    #[must_use]
    pub fn contains(&self, region: RegionId) -> bool {
        self.0[region.0 as usize / 64] >> (region.0 % 64) & 1 == 1
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|w| *w == 0)
    }

    /// The members, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = RegionId> + '_ {
        self.0.iter().enumerate().flat_map(|(i, word)| bits(*word).map(move |bit| RegionId((i * 64) as u8 + bit)))
    }

    /// Whether the two share a member.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    /// Adds all members of the other.
    pub fn extend(&mut self, other: &Self) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a |= b;
        }
    }
}

/// Values on every axis but the region: one bit a value; no bit set means unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Values {
    bits: [u64; MAX_AXES],
    /// Axes with a value, a bit each: most studies have a few of many.
    told: u32,
}

impl Values {
    /// The values on one axis, a bit each.
    #[must_use]
    pub fn get(&self, axis: AxisId) -> u64 {
        self.bits[axis.0 as usize]
    }

    /// Replaces the values on one axis.
    pub fn set(&mut self, axis: AxisId, bits: u64) {
        self.bits[axis.0 as usize] = bits;
        self.told = self.told & !(1 << axis.0) | u32::from(bits != 0) << axis.0;
    }

    /// Adds values on one axis.
    pub fn add(&mut self, axis: AxisId, bits: u64) {
        self.set(axis, self.get(axis) | bits);
    }

    /// Axes with a value, and the values.
    pub fn iter(&self) -> impl Iterator<Item = (AxisId, u64)> + '_ {
        bits(u64::from(self.told)).map(|axis| (AxisId(axis), self.get(AxisId(axis))))
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.told == 0
    }
}

const _: () = assert!(MAX_AXES <= u32::BITS as usize);

/// Whether an axis holds one value or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AxisKind {
    /// One value.
    Enum,
    /// Any number of values, compared as a whole.
    Set,
    /// Any number of values, each there or not by itself.
    Flags,
    /// How many: an interval, bit `i` for `i` of them, [`Counts`].
    Count,
}

/// How many of something, as far as a text says: "3", "2-3", "4 or more", "less than 4". A bit for each number that is
/// possible; the highest stands for all beyond, and bit 0 says that there is no lower bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts(pub u64);

impl Counts {
    /// The highest number told apart; whatever is more is as much.
    pub const MOST: u32 = 62;

    /// From `from`, or from no lower bound, up to `to`.
    #[must_use]
    pub fn new(from: Option<u32>, to: u32) -> Self {
        let to = to.clamp(1, Self::MOST);
        let upto = (1u64 << (to + 1)) - 1;
        match from {
            Some(from) => Self(upto & !((1u64 << from.clamp(1, to)) - 1)),
            None => Self(upto),
        }
    }

    /// As written in a lexicon: "3", "2-3", "4+", "..3".
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = |s: &str| s.trim().parse::<u32>().ok().filter(|n| (1..=Self::MOST).contains(n));
        if let Some(from) = text.strip_suffix('+').or_else(|| text.strip_suffix("..")) {
            return Some(Self::new(Some(number(from)?), Self::MOST));
        }
        if let Some(to) = text.strip_prefix("..") {
            return Some(Self::new(None, number(to)?));
        }
        match text.split_once("..").or_else(|| text.split_once('-')) {
            Some((from, to)) => {
                let (from, to) = (number(from)?, number(to)?);
                (from <= to).then(|| Self::new(Some(from), to))
            }
            None => number(text).map(|n| Self::new(Some(n), n)),
        }
    }

    /// The number to code by: the lower bound, the upper one where there is no lower.
    #[must_use]
    pub const fn decisive(self) -> u32 {
        if self.0 & 1 == 1 { self.0.ilog2() } else { self.0.trailing_zeros() }
    }

    /// Whether `number` is possible.
    #[must_use]
    pub const fn holds(self, number: u32) -> bool {
        number < 64 && self.0 >> number & 1 == 1
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == 0 {
            return Ok(());
        }
        let (low, high) = ((self.0 & !1).trailing_zeros(), self.0.ilog2());
        match (self.0 & 1 == 1, low == high, high == Self::MOST) {
            (true, ..) => write!(f, "..{high}"),
            (_, true, _) => write!(f, "{low}"),
            (_, _, true) => write!(f, "{low}+"),
            _ => write!(f, "{low}-{high}"),
        }
    }
}

/// A declared axis.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Axis {
    /// Its name in files and answers.
    pub id: Box<str>,
    /// One value or several.
    pub kind: AxisKind,
    /// Names of the values; the index is the bit.
    pub values: Vec<Box<str>>,
    /// Our words for values and sets of values (`a+b`), as shown in labels.
    pub labels: BTreeMap<String, String>,
    /// What a record would have to say for a value or set of values.
    pub needs: BTreeMap<String, String>,
    /// Values that are ways of another one and hold instead of it: a bit, and the bits of its ways.
    pub variants: Vec<(u64, u64)>,
    /// Values that others make where they are named side by side: "PET" and "CT" are a PET/CT. The bit, and the bits of both.
    pub together: Vec<(u64, u64)>,
    /// Modalities in which the axis says nothing, a bit each: an injected isotope is no contrast.
    pub not_in: u64,
    /// Modalities in which an agent alone tells both acquisitions, as the one before it goes without saying.
    pub both_in: u64,
    /// Methods with which it does not.
    pub both_unless: u64,
    /// Sections whose sentences may set it besides statements of exams.
    pub read_in: Vec<SectionKind>,
    /// Whether two values that a title joins are two exams: "arterial and venous".
    pub apart: bool,
    /// Of several values that such sentences tell, the one that holds; 0: the first.
    pub prefers: u64,
}

impl Axis {
    /// The bit of a value.
    #[must_use]
    pub fn bit(&self, value: &str) -> Option<u64> {
        if self.kind == AxisKind::Count {
            return Counts::parse(value).map(|c| c.0);
        }
        self.values.iter().position(|v| &**v == value).map(|i| 1 << i)
    }

    /// All values.
    #[must_use]
    pub fn all(&self) -> u64 {
        (1 << self.values.len()) - 1
    }

    /// `bits`, with the ways of a value that `other` tells and `bits` only names.
    #[must_use]
    pub fn refine(&self, bits: u64, other: u64) -> u64 {
        let told = |&&(base, ways): &&(u64, u64)| bits & base != 0 && bits & ways == 0;
        self.variants.iter().filter(told).fold(bits, |all, (_, ways)| all | (other & ways))
    }

    /// How many different things the values in `bits` are: a value and the ways of it count once, several ways each.
    #[must_use]
    pub fn count(&self, bits: u64) -> u32 {
        let mut rest = bits;
        let mut n = 0;
        for &(base, ways) in &self.variants {
            if bits & (base | ways) != 0 {
                n += (bits & ways).count_ones().max(1);
                rest &= !(base | ways);
            }
        }
        n + rest.count_ones()
    }

    /// Of two values that are one or of which one is a way of the other, the more particular.
    #[must_use]
    pub fn narrower(&self, a: u64, b: u64) -> Option<u64> {
        let way = |base: u64, way: u64| self.variants.iter().any(|&(bit, ways)| bit == base && way != 0 && ways & way == way);
        match () {
            () if a == b || way(b, a) => Some(a),
            () if way(a, b) => Some(b),
            () => None,
        }
    }

    /// Our words for the values in `bits`.
    #[must_use]
    pub fn label(&self, bits: u64) -> String {
        self.words(&self.labels, bits)
    }

    /// What a record would have to say for the values in `bits`.
    #[must_use]
    pub fn need(&self, bits: u64) -> String {
        self.words(&self.needs, bits)
    }

    fn words(&self, table: &BTreeMap<String, String>, bits: u64) -> String {
        if self.kind == AxisKind::Count {
            return self.count_words(bits);
        }
        let together = || table.get(&self.named(bits).collect::<Vec<_>>().join("+")).cloned();
        let apart = || {
            let mut out = String::new();
            for (i, name) in self.named(bits).enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                match table.get(name) {
                    Some(words) => out.push_str(words),
                    None => out.extend(name.chars().map(|c| if c == '_' { ' ' } else { c })),
                }
            }
            out
        };
        let several = bits.count_ones() > 1;
        several.then(together).flatten().unwrap_or_else(apart)
    }

    /// "3 views", "2 to 3 views", "4 or more views", "up to 3 views"; the noun is the label `one` or `many`.
    fn count_words(&self, bits: u64) -> String {
        if bits == 0 {
            return String::new();
        }
        let noun = |key: &str| self.labels.get(key).cloned().unwrap_or_else(|| self.id.to_string());
        let (low, high) = ((bits & !1).trailing_zeros(), bits.ilog2());
        match (bits & 1 == 1, low == high, high == Counts::MOST) {
            (true, ..) => format!("up to {high} {}", noun("many")),
            (_, true, _) => format!("{low} {}", noun(if low == 1 { "one" } else { "many" })),
            (_, _, true) => format!("{low} or more {}", noun("many")),
            _ => format!("{low} to {high} {}", noun("many")),
        }
    }

    /// Names of the values in `bits`; of a count its interval.
    #[must_use]
    pub fn names(&self, bits: u64) -> Vec<String> {
        if self.kind == AxisKind::Count {
            return if bits == 0 { Vec::new() } else { vec![Counts(bits).to_string()] };
        }
        self.named(bits).map(str::to_owned).collect()
    }

    fn named(&self, all: u64) -> impl Iterator<Item = &str> {
        bits(all).filter_map(|i| self.values.get(i as usize)).map(|v| &**v)
    }
}

/// A node of the body tree.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Region {
    /// Its name in files and answers.
    pub id: Box<str>,
    /// Our words for it.
    pub label: Box<str>,
    /// The node above.
    pub parent: Option<RegionId>,
    /// All nodes above.
    pub ancestors: RegionSet,
    /// Steps from the top, 0 for a top node.
    pub depth: u8,
    /// Whether it has a left and a right.
    pub paired: bool,
    /// The modality that a charge line means which names it and no modality: its own, else that of the node above.
    pub usually: u64,
}

/// How a concept's words take part in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Sets its axes.
    Plain,
    /// Swallows the words that it holds and says nothing.
    Anti,
    /// Says nothing in a title and may stay unread.
    Filler,
    /// The preposition of contrast given: binds to a noun of contrast, or ends its phrase.
    With,
    /// "after", "following": contrast given before these images; silent on others.
    After,
    /// The preposition of contrast withheld.
    Without,
    /// Both prepositions in one.
    WithoutAndWith,
    /// The same, contrast named first: tells which is which for "respectively".
    WithAndWithout,
    /// A word for contrast medium as such.
    Noun,
    /// A named agent: a noun that proves itself where it is given.
    Agent,
    /// A word that puts contrast on a way that does not count (oral, rectal).
    OtherRoute,
    /// A word that puts contrast into a vessel, joint or thecal sac.
    Route,
    /// Enhancement as a finding; proves contrast whatever its polarity.
    Enhancement,
    /// A verb or noun that says the agent was given.
    Given,
    /// Joins the members of a list ("and", "plus").
    Join,
    /// Zips a list of contrasts to a list of regions.
    Respectively,
    /// Says that images were made in this session.
    Acquisition,
    /// Says how far images reach: the regions behind it are landmarks ("from the skull base to the carina").
    Coverage,
    /// Says that what follows are parts of the region before it: "including the kidneys".
    Includes,
    /// Hints at an axis value where no exam statement speaks.
    Hint,
    /// Takes a member of the contrast set away and keeps the rest ("limited to non-contrast sections").
    Only,
    /// What is counted: "views", "weeks", "levels".
    Unit,
    /// A number in words.
    Number,
    /// A lower bound of a count: "minimum", "or more".
    AtLeast,
    /// An upper bound: "maximum", "or less".
    AtMost,
    /// An upper bound that is not reached: "less than".
    LessThan,
    /// Stands between the bounds of a count: "or", "to".
    Or,
    /// A month by its name.
    Month,
}

/// A meaning that words can have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Concept {
    /// Its name in files and answers.
    pub id: Box<str>,
    /// Its part in a sentence.
    pub role: Role,
    /// What the words say.
    pub sets: Values,
    /// Regions that the words name.
    pub regions: RegionSet,
    /// What the words suggest where nothing else speaks.
    pub implies: Values,
    /// Regions that the words suggest.
    pub implied_regions: RegionSet,
    /// The region, where the concept is a region's own.
    pub region: Option<RegionId>,
    /// The axis of what a unit counts.
    pub counts: Option<AxisId>,
    /// Of a unit: a sentence of the body has to name one of these before its numbers count, the most trusted first.
    pub beside: Vec<ConceptId>,
    /// Sections in whose sentences the words count, besides those of their axes.
    pub read_in: Vec<SectionKind>,
    /// Modalities of which the words do not speak, a bit each: gadolinium in a report of CT and MR.
    pub not_in: u64,
}

/// What a complete study has to address: the extent of a study in a report is settled by it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checklist {
    /// Its name in files.
    pub id: Box<str>,
    /// Our words for the complete study.
    pub label: Box<str>,
    /// Families whose studies it settles.
    pub of: Vec<FamilyId>,
    /// What may have to be addressed; names as shown in answers.
    pub elements: Vec<Box<str>>,
    /// Sets of elements of which one is enough, by index.
    pub ways: Vec<Vec<u8>>,
    /// How many elements a report may leave out before its study counts as limited; they are asked for all the same.
    pub spare: u8,
    /// The axis by which a title names the complete study, beside its extent.
    pub named_by: Option<AxisId>,
    /// Whether an element counts where the technique says that it was scanned.
    pub scanned: bool,
}

/// Index of a checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChecklistId(pub u8);

/// What a word of a checklist says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Told {
    /// An element, both sides of it where it has two.
    Element(u8),
    /// One side of an element, the side beside it.
    Side(u8),
    /// Everything at once.
    Whole,
    /// That only a part was examined.
    Part,
    /// Nothing: swallows a word that it holds.
    Unlike,
}

/// What a cue says of the exam or the contrast it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Means {
    /// Done in this session.
    Performed,
    /// Not done.
    NotPerformed,
    /// An earlier exam.
    Comparison,
    /// The patient's past.
    History,
    /// Advice.
    Recommendation,
    /// Yet to come.
    Planned,
    /// Asked for.
    Ordered,
    /// Made or read elsewhere.
    Outside,
    /// Reported elsewhere.
    Separate,
    /// Made from another exam's data.
    Derived,
    /// Said under a condition.
    Conditional,
    /// Denied.
    Negated,
    /// Taken from another text.
    Quoted,
    /// Nothing came of the exam at all.
    Undone,
    /// An agent was not given; says nothing of the exam.
    Withheld,
    /// A turn of the sentence that other cues do not cross ("but", "so").
    Turn,
    /// Not seen: a part of the body that was looked for, or that nobody looked for.
    Unseen,
    /// Why something could not be seen.
    Excused,
    /// Looks like a cue and is none: swallows the shorter cue that it holds.
    Pseudo,
}

/// Where a cue reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// What stands after it.
    After,
    /// What stands before it.
    Before,
    /// Both ways.
    Both,
}

/// A `ConText` cue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cue {
    /// Its name in files.
    pub id: Box<str>,
    /// What it says.
    pub means: Means,
    /// Where it reaches.
    pub reach: Reach,
}

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SectionKind {
    /// Names the exam.
    Title,
    /// Names what was asked for.
    Order,
    /// How images were made.
    Technique,
    /// The agent.
    Contrast,
    /// Why; the past.
    History,
    /// Earlier exams.
    Comparison,
    /// What was seen.
    Findings,
    /// What it means.
    Impression,
    /// What to do next.
    Recommendation,
    /// Added later.
    Addendum,
    /// Dose of radiation.
    Dose,
    /// Who signed.
    Signature,
    /// Names, numbers, dates.
    Admin,
    /// The day of the exam.
    ExamDate,
    /// A heading of a clinical note.
    Note,
    /// Anything else.
    Other,
    /// An organ inside the findings: no section of its own.
    Organ,
    /// No heading seen yet, or a text without any.
    Body,
}

/// A heading.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SectionEntry {
    /// Its name in files and answers.
    pub id: Box<str>,
    /// What it is for.
    pub kind: SectionKind,
}

/// What a kind of document lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Allows {
    /// Nothing.
    None,
    /// An exam section with findings of its own.
    Reported,
    /// Everything.
    All,
}

/// A kind of document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DocumentKind {
    /// Its name in files and answers.
    pub id: Box<str>,
    /// Our words for it.
    pub label: Box<str>,
    /// How many different signs make it.
    pub needs: u8,
    /// What it lets through.
    pub allows: Allows,
    /// Families that it lets through all the same: imaging that is billed beside the procedure.
    pub lets: Vec<FamilyId>,
    /// The query that it raises where it lets nothing through.
    pub asks: Option<Box<str>>,
    /// Why, in the answer.
    pub reason: Box<str>,
}

/// How a sign counts for a kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SignWeight {
    /// For it, as a heading.
    Heading,
    /// For it, anywhere.
    Sign,
    /// Against it, as a heading.
    Against,
    /// What the text calls itself, as the heading of its first line: beats all other signs.
    Name,
}

/// One meaning of a matched term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sense {
    /// A concept.
    Concept(ConceptId),
    /// A cue.
    Cue(CueId),
    /// A heading.
    Section(SectionId),
    /// A sign of a kind of document.
    Sign(DocumentId, SignWeight),
    /// A structure that findings of a region describe.
    Organ(RegionId),
    /// A circumstance of the claim.
    Circumstance(CircumstanceId),
    /// A word of a checklist.
    Listed(ChecklistId, Told),
    /// An agent that is billed beside the exam.
    Supply(SupplyId),
    /// What an amount is measured in.
    Measure(MeasureId),
    /// That some of an agent was thrown away; `true`: that nothing was.
    Waste(bool),
}

/// One condition of a row, and its code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Values that the study has to have, axis by axis.
    pub values: Values,
    /// The code.
    pub code: Box<str>,
    /// The axis that counts the units: one for each behind the first.
    pub each_further: Option<AxisId>,
}

/// A code family: one entry for all codes that differ only by what its rows say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Family {
    /// Its name in files and answers; the `rule` of a suggestion.
    pub id: Box<str>,
    /// Our words for it.
    pub label: Box<str>,
    /// Values that a study has to have; on a set axis all of them.
    pub when: Values,
    /// Values that a study may not have.
    pub unless: Values,
    /// Regions of which it takes any; one code whichever.
    pub any: RegionSet,
    /// Only a study that names no region: a method billed by itself.
    pub nowhere: bool,
    /// No study of its own: its code comes beside any study that has what it wants.
    pub companion: bool,
    /// Regions that all have to be there, one study each.
    pub all: Vec<RegionId>,
    /// The codes.
    pub rows: Vec<Row>,
    /// Values taken where the text is silent; named as defaults.
    pub assume: Values,
    /// Codes added where a study of the family says so too.
    pub adds: Vec<Row>,
    /// Families whose codes come beside in a report, where the study has what they want.
    pub brings: Vec<FamilyId>,
    /// The axis that counts the units.
    pub each: Option<AxisId>,
    /// One code a side.
    pub per_side: bool,
    /// First day, inclusive.
    pub from: Option<Date>,
    /// Last day, inclusive.
    pub until: Option<Date>,
    /// A word to the reader where the family is chosen.
    pub note: Option<Box<str>>,
}

impl Family {
    /// Whether the family stands in the code set of that day.
    #[must_use]
    pub fn in_force(&self, day: Date) -> bool {
        self.from.is_none_or(|d| d <= day) && self.until.is_none_or(|d| day <= d)
    }
}

/// What a rule over a set of studies does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Effect {
    /// A study of the first family takes one of the second away.
    Absorbs(Vec<(FamilyId, FamilyId)>),
    /// A code becomes another one where a study of one of the families stands beside it.
    Becomes {
        /// The code as chosen.
        from: Box<str>,
        /// The code that it becomes.
        to: Box<str>,
        /// Families of which one has to be there.
        beside: Vec<FamilyId>,
        /// The code that it has to stand beside, and takes in.
        taking: Option<Box<str>>,
    },
    /// A study with one of these families and a feature is another family's.
    Downgrades(Vec<(FamilyId, FamilyId)>),
}

/// A rule over the studies of one report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// Its name in files and answers.
    pub id: Box<str>,
    /// What it does.
    pub effect: Effect,
    /// Values that the keeping study must not have for the rule to hold.
    pub unless_own_findings: bool,
    /// Values that the study has to have.
    pub when: Values,
    /// Values that the study may not have.
    pub unless: Values,
    /// What it asks of the site's policy.
    pub(crate) under: super::policy::Under,
    /// First day, inclusive.
    pub from: Option<Date>,
    /// Last day, inclusive.
    pub until: Option<Date>,
    /// Why, for the reader.
    pub message: Box<str>,
    /// Where it comes from.
    pub source: Box<str>,
    /// The query that it raises, if any.
    pub query: Option<Box<str>>,
}

/// A billing code as a fact.
#[expect(clippy::struct_field_names, reason = "the code of a code is what coders call it")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Code {
    /// The code.
    pub code: Box<str>,
    /// CPT or HCPCS.
    pub system: Box<str>,
    /// First day, inclusive.
    pub from: Option<Date>,
    /// Last day, inclusive.
    pub until: Option<Date>,
    /// The codes that came after; `|` one of them, `+` all of them.
    pub successor: Option<Box<str>>,
    /// Why no text of a report reaches it.
    pub excuse: Option<Box<str>>,
    /// In how many hospitals' charge lists it stands.
    pub frequency: u16,
}

impl Code {
    /// Whether the code may be billed for that day.
    #[must_use]
    pub fn in_force(&self, day: Date) -> bool {
        self.from.is_none_or(|d| d <= day) && self.until.is_none_or(|d| day <= d)
    }
}

/// What a report is among the versions of it, as its text or the message that brought it states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ReportStatus {
    /// Not final, or not signed.
    Preliminary,
    /// Final and signed.
    Final,
    /// Takes the place of an earlier version.
    Corrected,
    /// Adds to an earlier version.
    Addended,
}

/// A question to whoever wrote the report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueryText {
    /// Its kind in answers.
    pub kind: Box<str>,
    /// The question.
    pub message: Box<str>,
    /// Concepts that raise it: where they are read in what describes the exam, or in a banner.
    pub raised_by: Vec<ConceptId>,
    /// The axis on which a default raises it.
    pub default_of: Option<AxisId>,
    /// Families of whose studies it is asked where a report does not tell `lacking`.
    pub families: Vec<FamilyId>,
    /// What the report of such a study has to tell, all of it.
    pub lacking: Values,
    /// Whether they raise it in a banner only: a heading, or a short line of their own anywhere.
    pub banner: bool,
    /// Concepts whose banner keeps it from being raised.
    pub unless: Vec<ConceptId>,
    /// The status of the report that it is about.
    pub status: Option<ReportStatus>,
    /// The question where the message and not the text states that status.
    pub stated: Box<str>,
}
