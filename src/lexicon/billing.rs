//! From codes to a claim: the tables under `claim/`, frozen.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::edits::{EditKind, EditTables};
use super::model::{CircumstanceId, FamilyId, SectionKind, Values};
use super::place::EntryKind;
use super::policy::{Choice, PolicyOption, Settings, Under};

/// What the claim does by itself; each has its words and its source in `rationales.toml`.
pub(crate) const RATIONALES: [&str; 10] = [
    "sides-of-one-day",
    "later-version",
    "agent-given",
    "never-billed",
    "edit-never",
    "edit-other-side",
    "edit-session",
    "edit-site",
    "edit-open",
    "rule-of-one-day",
];

/// Codes and families, each by name or by the beginning of it with a `*` behind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(super) families: Vec<FamilyId>,
    pub(super) codes: Vec<Box<str>>,
}

impl Wanted {
    pub(crate) fn is_empty(&self) -> bool {
        self.families.is_empty() && self.codes.is_empty()
    }

    pub(crate) fn holds(&self, family: FamilyId, code: &str) -> bool {
        self.families.contains(&family) || self.codes.iter().any(|c| &**c == code)
    }
}

/// Days of validity, both inclusive.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Valid(pub(super) Option<Date>, pub(super) Option<Date>);

impl Valid {
    fn on(self, day: Date) -> bool {
        self.0.is_none_or(|d| d <= day) && self.1.is_none_or(|d| day <= d)
    }
}

/// Why, for the reader: the entry's id, our words, and where it comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ground {
    pub(crate) id: Box<str>,
    pub(crate) message: Box<str>,
    pub(crate) source: Box<str>,
}

/// What every entry of these tables has: why, and the policy and the days that it holds under.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) ground: Ground,
    pub(super) under: Under,
    pub(super) valid: Valid,
}

impl Head {
    pub(crate) fn holds(&self, settings: &Settings, day: Date) -> bool {
        self.valid.on(day) && settings.meets(&self.under)
    }
}

/// One line of a replacement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReplacementRow {
    /// Codes that all have to be there, one of each group.
    pub(crate) codes: Vec<Vec<Box<str>>>,
    /// Values that the exam of the first has.
    pub(crate) values: Values,
    /// The code instead; without one the first stays and the others go.
    pub(crate) to: Option<Box<str>>,
    /// A modifier that comes with it.
    pub(crate) modifier: Option<Box<str>>,
    /// The code for the contrast that was ordered and refused.
    pub(crate) ordered: bool,
    /// Whether the codes may stand in several reports.
    pub(crate) across: bool,
    /// Whether the first goes as well: the record does not support it. Not asked of charge lines, which tell little.
    pub(crate) drops: bool,
    /// One of these is told of the exam of the first, and none of `without`.
    pub(crate) circumstance: Vec<CircumstanceId>,
    pub(crate) without: Vec<CircumstanceId>,
    /// What it asks; a row with nothing else to do asks only.
    pub(crate) query: Option<Box<str>>,
}

/// Codes that become others under a policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Replacement {
    pub(crate) head: Head,
    pub(crate) rows: Vec<ReplacementRow>,
}

/// Exams of several reports that one code joins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Join {
    pub(crate) head: Head,
    /// Families that all have to be there, one of each group.
    pub(crate) of: Vec<Vec<FamilyId>>,
    /// The family that codes them together; without one that of the first.
    pub(crate) into: Option<FamilyId>,
}

/// What a named rule answers to an edit that a modifier lifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PairAnswer {
    /// The second is inside the first.
    First,
    /// Both stand.
    Both,
    /// Both where the second has findings of its own, else the first.
    OwnFindings,
    /// Both stay, with a question of its own.
    Ask,
}

/// A named rule over two codes that an edit joins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PairRule {
    pub(crate) head: Head,
    pub(crate) first: Wanted,
    pub(crate) second: Wanted,
    pub(crate) answer: PairAnswer,
    /// Whether the second gets the modifier of the edit where both stand.
    pub(crate) modifier: bool,
    /// Both are exams of one family.
    pub(crate) same_family: bool,
    pub(crate) query: Option<Box<str>>,
}

/// Codes that are billed beside another only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AddOn {
    pub(crate) head: Head,
    pub(crate) codes: Wanted,
    pub(crate) bases: Wanted,
    /// What one becomes that stands alone; without it, it stays and is asked about.
    pub(crate) alone: Option<Box<str>>,
    pub(crate) query: Option<Box<str>>,
}

/// What the claim found out of a line before its modifiers are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// The same exam once more.
    Repeat,
    /// Lifts an edit: separate sessions are told.
    Session,
    /// Lifts an edit: separate sites are told.
    Site,
    /// Lifts an edit: a named rule says that both stand.
    Both,
    /// Lifts an edit, whatever the proof.
    Edit,
    /// An agent of which some was thrown away.
    Waste,
    /// An agent of which nothing was thrown away.
    NoWaste,
}

/// Which side a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SideOf {
    Left,
    Right,
    One,
    Both,
}

/// A modifier and when it is taken. All that is given has to hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ModifierRule {
    pub(crate) head: Head,
    pub(crate) modifier: Box<str>,
    pub(crate) codes: Wanted,
    pub(crate) beside: Wanted,
    /// Least number of views of codes; fewer were told.
    pub(crate) least: Vec<(Box<str>, u32)>,
    pub(crate) split: Option<Vec<u8>>,
    pub(crate) bilateral: Option<Vec<u8>>,
    pub(crate) side: Option<SideOf>,
    /// One of these is told, one of `also` as well, and none of `without`.
    pub(crate) circumstance: Vec<CircumstanceId>,
    pub(crate) also: Vec<CircumstanceId>,
    pub(crate) without: Vec<CircumstanceId>,
    /// Modifiers that go before it.
    pub(crate) unless: Vec<Box<str>>,
    pub(crate) cause: Option<Cause>,
    /// What is asked where it is taken.
    pub(crate) query: Option<Box<str>>,
    pub(crate) when: Values,
}

/// What a text may say of how an exam was made, and a claim has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Circumstance {
    pub(crate) id: Box<str>,
    /// Whether it is of one exam; else of all in the text.
    pub(crate) exam: bool,
    /// Sections beside the report of the exam itself whose words count too.
    pub(crate) read_in: Vec<SectionKind>,
    /// Minutes between the times of two exams that tell it as well.
    pub(crate) apart: Option<u16>,
}

/// What the fee schedule says of a code.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Flags {
    /// Both sides: 0 no adjustment, 1 one and a half, 2 both sides in the code, 3 each side in full, 9 not applicable.
    pub(crate) bilateral: Option<u8>,
    /// Professional and technical part: 1 has both.
    pub(crate) split: Option<u8>,
    pub(crate) addon: bool,
}

/// All tables of the claim, frozen.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Billing {
    pub(crate) policies: Vec<PolicyOption>,
    /// Every option with its default, for all claims of sites that choose nothing.
    #[serde(skip)]
    pub(super) defaults: OnceLock<Arc<[Choice]>>,
    pub(crate) choices: Vec<Replacement>,
    pub(crate) payers: Vec<Replacement>,
    pub(crate) joins: Vec<Join>,
    pub(crate) pairs: Vec<PairRule>,
    pub(crate) addons: Vec<AddOn>,
    pub(crate) modifiers: Vec<ModifierRule>,
    pub(crate) circumstances: Vec<Circumstance>,
    /// What policy has to be for agents to have lines of their own.
    pub(crate) supplies: Under,
    pub(super) rationales: Vec<Ground>,
    pub(super) flags: BTreeMap<Box<str>, Flags>,
    pub(crate) edits: EditTables,
    /// What policy has to be for a claim to be of a hospital's services.
    pub(crate) hospital: Under,
}

impl Billing {
    pub(crate) fn flags(&self, code: &str) -> Flags {
        self.flags.get(code).copied().unwrap_or_default()
    }

    /// Whose services a policy bills.
    pub(crate) fn kind(&self, settings: &Settings) -> EditKind {
        if settings.meets(&self.hospital) { EditKind::Hospital } else { EditKind::Practitioner }
    }

    /// Words and source of what the claim does by itself.
    pub(crate) fn rationale(&self, id: &str) -> Option<&Ground> {
        self.rationales.iter().find(|g| &*g.id == id)
    }

    pub(crate) fn circumstance(&self, id: &str) -> Option<CircumstanceId> {
        self.circumstances.iter().position(|c| &*c.id == id).map(|i| CircumstanceId(i as u8))
    }

    /// Codes that policy or payer put in the place of others.
    pub(super) fn codes(&self) -> impl Iterator<Item = &str> {
        let rows = self.choices.iter().chain(&self.payers).flat_map(|r| &r.rows).filter_map(|r| r.to.as_deref());
        rows.chain(self.addons.iter().filter_map(|a| a.alone.as_deref()))
    }

    /// What an entry is for, its source, and the choices of an option.
    pub(super) fn about(&self, kind: EntryKind, id: &str) -> Option<(&str, &str, Vec<String>)> {
        match kind {
            EntryKind::Policy => self.policies.iter().find(|o| &*o.id == id).map(|o| {
                let choice = |(i, (c, label)): (usize, &(Box<str>, Box<str>))| {
                    format!("{c}: {label}{}", if i == o.default as usize { " (the default)" } else { "" })
                };
                (&*o.label, &*o.source, o.choices.iter().enumerate().map(choice).collect())
            }),
            EntryKind::Choice => found(self.choices.iter().map(|r| &r.head.ground), id),
            EntryKind::Payer => found(self.payers.iter().map(|r| &r.head.ground), id),
            EntryKind::Join => found(self.joins.iter().map(|r| &r.head.ground), id),
            EntryKind::Pair => found(self.pairs.iter().map(|r| &r.head.ground), id),
            EntryKind::AddOn => found(self.addons.iter().map(|r| &r.head.ground), id),
            EntryKind::Modifier => found(self.modifiers.iter().map(|r| &r.head.ground), id),
            _ => None,
        }
    }

    /// Whether an entry hangs on a choice of policy.
    pub(crate) fn asks(&self, head: &Head, option: &str) -> bool {
        head.under.0.iter().any(|(asked, _)| self.policies.get(*asked as usize).is_some_and(|p| &*p.id == option))
    }

    /// Where a modifier stands in the order of payers.
    pub(crate) fn order(&self, modifier: &str) -> usize {
        self.modifiers.iter().position(|m| &*m.modifier == modifier).unwrap_or(usize::MAX)
    }
}

fn found<'g>(mut all: impl Iterator<Item = &'g Ground>, id: &str) -> Option<(&'g str, &'g str, Vec<String>)> {
    all.find(|g| &*g.id == id).map(|g| (&*g.message, &*g.source, Vec::new()))
}
