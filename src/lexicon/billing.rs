//! From codes to a claim: the tables under `claim/`. Shapes as they are written, as they are frozen, and the way between.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::value::Datetime;

use super::Owner;
use super::build::Builder;
use super::edits::{EditEdition, Edits};
use super::load::{At, Entries};
use super::model::{CircumstanceId, Code, Family, FamilyId, Sense, Values};
use super::place::EntryKind;
use super::policy::{PolicyOption, PolicyWire, Under};
use super::terms::{Scope, TermsBuilder};
use super::wire::{OneOrMany, ValuesWire, Words};

/// What the claim does by itself; each has its words and its source in `rationales.toml`.
pub(crate) const RATIONALES: [&str; 10] = [
    "later-version",
    "agent-given",
    "never-billed",
    "edit-never",
    "edit-other-side",
    "edit-session",
    "edit-site",
    "edit-open",
    "repeat",
    "rule-of-one-day",
];

type UnderWire = BTreeMap<String, Spanned<OneOrMany>>;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplacementWire {
    pub(super) id: Spanned<String>,
    #[serde(default)]
    policy: UnderWire,
    rows: Vec<Spanned<ReplacementRowWire>>,
    from: Option<Spanned<Datetime>>,
    until: Option<Spanned<Datetime>>,
    message: String,
    source: String,
    hit: Words,
    #[serde(default)]
    miss: Words,
}

#[derive(Deserialize, Debug)]
struct ReplacementRowWire {
    codes: Vec<OneOrMany>,
    query: Option<Spanned<String>>,
    #[serde(default)]
    circumstance: Words,
    #[serde(default)]
    without: Words,
    to: Option<String>,
    modifier: Option<String>,
    #[serde(default)]
    ordered: bool,
    #[serde(default)]
    across: bool,
    #[serde(default)]
    drops: bool,
    #[serde(flatten)]
    values: BTreeMap<String, OneOrMany>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinWire {
    pub(super) id: Spanned<String>,
    #[serde(default)]
    policy: UnderWire,
    of: Vec<Spanned<OneOrMany>>,
    into: Option<Spanned<String>>,
    from: Option<Spanned<Datetime>>,
    until: Option<Spanned<Datetime>>,
    message: String,
    source: String,
    hit: Words,
    #[serde(default)]
    miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct PairWire {
    pub(super) id: Spanned<String>,
    #[serde(default)]
    policy: UnderWire,
    first: Words,
    second: Words,
    answer: Spanned<String>,
    #[serde(default)]
    modifier: bool,
    #[serde(default)]
    same_family: bool,
    message: String,
    source: String,
    query: Option<Spanned<String>>,
    hit: Words,
    #[serde(default)]
    miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct AddOnWire {
    pub(super) id: Spanned<String>,
    codes: Words,
    bases: Words,
    alone: Option<Spanned<String>>,
    message: String,
    source: String,
    query: Option<Spanned<String>>,
    hit: Words,
    #[serde(default)]
    miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ModifierWire {
    pub(super) id: Spanned<String>,
    modifier: String,
    #[serde(default)]
    policy: UnderWire,
    #[serde(default)]
    codes: Words,
    #[serde(default)]
    beside: Words,
    #[serde(default)]
    least: BTreeMap<String, u32>,
    split: Option<Vec<u8>>,
    bilateral: Option<Vec<u8>>,
    side: Option<Spanned<String>>,
    #[serde(default)]
    circumstance: Words,
    #[serde(default)]
    also: Words,
    #[serde(default)]
    without: Words,
    #[serde(default)]
    unless: Vec<String>,
    cause: Option<Spanned<String>>,
    #[serde(default)]
    when: ValuesWire,
    from: Option<Spanned<Datetime>>,
    until: Option<Spanned<Datetime>>,
    message: String,
    source: String,
    hit: Words,
    #[serde(default)]
    miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct CircumstanceWire {
    pub(super) id: Spanned<String>,
    #[serde(default, rename = "label")]
    _label: Option<String>,
    #[serde(default)]
    exam: bool,
    terms: Words,
    hit: Words,
    #[serde(default)]
    miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct RationaleWire {
    pub(super) id: Spanned<String>,
    message: String,
    source: String,
}

/// Codes and families, each by name or by the beginning of it with a `*` behind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Wanted {
    families: Vec<FamilyId>,
    codes: Vec<Box<str>>,
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
pub(crate) struct Valid(Option<Date>, Option<Date>);

impl Valid {
    pub(crate) fn on(self, day: Date) -> bool {
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
    pub(crate) ground: Ground,
    pub(crate) under: Under,
    pub(crate) valid: Valid,
    pub(crate) rows: Vec<ReplacementRow>,
}

/// Exams of several reports that one code joins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Join {
    pub(crate) ground: Ground,
    pub(crate) under: Under,
    pub(crate) valid: Valid,
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
    pub(crate) ground: Ground,
    pub(crate) under: Under,
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
    pub(crate) ground: Ground,
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
    pub(crate) ground: Ground,
    pub(crate) modifier: Box<str>,
    pub(crate) under: Under,
    pub(crate) valid: Valid,
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
    pub(crate) when: Values,
}

/// What a text may say of how an exam was made, and a claim has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Circumstance {
    pub(crate) id: Box<str>,
    /// Whether it is of one exam; else of all in the text.
    pub(crate) exam: bool,
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
    pub(crate) choices: Vec<Replacement>,
    pub(crate) payers: Vec<Replacement>,
    pub(crate) joins: Vec<Join>,
    pub(crate) pairs: Vec<PairRule>,
    pub(crate) addons: Vec<AddOn>,
    pub(crate) modifiers: Vec<ModifierRule>,
    pub(crate) circumstances: Vec<Circumstance>,
    /// What policy has to be for agents to have lines of their own.
    pub(crate) supplies: Under,
    rationales: Vec<Ground>,
    flags: BTreeMap<Box<str>, Flags>,
    pub(crate) edits: Edits,
}

impl Billing {
    pub(crate) fn flags(&self, code: &str) -> Flags {
        self.flags.get(code).copied().unwrap_or_default()
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
            EntryKind::Choice => found(self.choices.iter().map(|r| &r.ground), id),
            EntryKind::Payer => found(self.payers.iter().map(|r| &r.ground), id),
            EntryKind::Join => found(self.joins.iter().map(|r| &r.ground), id),
            EntryKind::Pair => found(self.pairs.iter().map(|r| &r.ground), id),
            EntryKind::AddOn => found(self.addons.iter().map(|r| &r.ground), id),
            EntryKind::Modifier => found(self.modifiers.iter().map(|r| &r.ground), id),
            _ => None,
        }
    }

    /// Where a modifier stands in the order of payers.
    pub(crate) fn order(&self, modifier: &str) -> usize {
        self.modifiers.iter().position(|m| &*m.modifier == modifier).unwrap_or(usize::MAX)
    }
}

fn found<'g>(mut all: impl Iterator<Item = &'g Ground>, id: &str) -> Option<(&'g str, &'g str, Vec<String>)> {
    all.find(|g| &*g.id == id).map(|g| (&*g.message, &*g.source, Vec::new()))
}

const ANSWERS: [(&str, PairAnswer); 4] =
    [("first", PairAnswer::First), ("both", PairAnswer::Both), ("own-findings", PairAnswer::OwnFindings), ("ask", PairAnswer::Ask)];
const CAUSES: [(&str, Cause); 7] = [
    ("repeat", Cause::Repeat),
    ("session", Cause::Session),
    ("site", Cause::Site),
    ("both", Cause::Both),
    ("edit", Cause::Edit),
    ("waste", Cause::Waste),
    ("no-waste", Cause::NoWaste),
];
const SIDES: [(&str, SideOf); 4] = [("left", SideOf::Left), ("right", SideOf::Right), ("one", SideOf::One), ("both", SideOf::Both)];

impl Builder<'_> {
    /// Builds the tables of the claim; circumstances add their words to the terms.
    pub(super) fn billing(&mut self, entries: &Entries, families: &[Family], codes: &[Code], terms: &mut TermsBuilder) -> Billing {
        let mut out = Billing { policies: self.policies(entries), ..Billing::default() };
        for at in &entries.circumstances {
            let (file, w) = (at.file, &at.entry);
            let id = CircumstanceId(out.circumstances.len() as u8);
            out.circumstances.push(Circumstance { id: w.id.get_ref().as_str().into(), exam: w.exam });
            self.words(file, terms, &w.terms, Sense::Circumstance(id), Scope::Any);
            self.proofs(file, Owner::Sense(Sense::Circumstance(id)), &w.hit, &w.miss);
        }
        for at in &entries.rationales {
            let w = &at.entry;
            if !RATIONALES.contains(&w.id.get_ref().as_str()) {
                let help = format!("the claim knows: {}", RATIONALES.join(", "));
                self.problem(at.file, w.id.span(), &format!("nothing asks for the rationale `{}`", w.id.get_ref()), &help);
            }
            out.rationales.push(ground(&w.id, &w.message, &w.source));
        }
        for id in RATIONALES.iter().filter(|id| !out.rationales.is_empty() && out.rationale(id).is_none()) {
            self.problem(entries.rationales[0].file, 0..0, &format!("the rationale `{id}` is missing"), "add it to rationales.toml");
        }
        out.choices = self.replacements(&entries.choices, EntryKind::Choice, &out, codes, entries);
        out.payers = self.replacements(&entries.payers, EntryKind::Payer, &out, codes, entries);
        for at in &entries.joins {
            let (file, w) = (at.file, &at.entry);
            let of = w.of.iter().map(|g| self.group(file, g, families)).collect();
            let into = w.into.as_ref().and_then(|f| self.family(file, f.span(), f.get_ref(), families));
            self.claim_proofs(file, EntryKind::Join, w.id.get_ref(), &w.hit, &w.miss);
            out.joins.push(Join {
                ground: ground(&w.id, &w.message, &w.source),
                under: self.under(file, &w.policy, &out.policies),
                valid: Valid(self.date(file, w.from.as_ref()), self.date(file, w.until.as_ref())),
                of,
                into,
            });
        }
        for at in &entries.pairs {
            let (file, w) = (at.file, &at.entry);
            self.claim_proofs(file, EntryKind::Pair, w.id.get_ref(), &w.hit, &w.miss);
            self.query(file, w.query.as_ref(), entries);
            let rule = PairRule {
                ground: ground(&w.id, &w.message, &w.source),
                under: self.under(file, &w.policy, &out.policies),
                first: self.wanted(file, &w.first, families, codes),
                second: self.wanted(file, &w.second, families, codes),
                answer: self.choice(file, &w.answer, &ANSWERS, PairAnswer::Ask),
                modifier: w.modifier,
                same_family: w.same_family,
                query: w.query.as_ref().map(|q| q.get_ref().as_str().into()),
            };
            out.pairs.push(rule);
        }
        for at in &entries.addons {
            let (file, w) = (at.file, &at.entry);
            self.claim_proofs(file, EntryKind::AddOn, w.id.get_ref(), &w.hit, &w.miss);
            self.query(file, w.query.as_ref(), entries);
            if let Some(c) = &w.alone {
                self.known_code(file, c.span(), c.get_ref(), codes);
            }
            let addon = AddOn {
                ground: ground(&w.id, &w.message, &w.source),
                codes: self.wanted(file, &w.codes, families, codes),
                bases: self.wanted(file, &w.bases, families, codes),
                alone: w.alone.as_ref().map(|c| c.get_ref().as_str().into()),
                query: w.query.as_ref().map(|q| q.get_ref().as_str().into()),
            };
            out.addons.push(addon);
        }
        for at in &entries.modifiers {
            let rule = self.modifier(at, &out, families, codes);
            out.modifiers.push(rule);
        }
        // named here as the claim itself asks for it, like the rationales
        let choices = [("supplies", "lines"), ("component", "none"), ("component", "technical")];
        for (name, choice) in choices {
            let Some(i) = out.policies.iter().position(|p| &*p.id == name) else { continue };
            let Some(c) = out.policies[i].choice(choice) else { continue };
            match out.supplies.0.iter_mut().find(|(o, _)| *o == i as u8) {
                Some((_, list)) => list.push(c),
                None => out.supplies.0.push((i as u8, vec![c])),
            }
        }
        self.tables(&mut out);
        out
    }

    fn policies(&mut self, entries: &Entries) -> Vec<PolicyOption> {
        let mut out = Vec::new();
        for at in &entries.policies {
            let w: &PolicyWire = &at.entry;
            let option = PolicyOption {
                id: w.id.get_ref().as_str().into(),
                label: w.label.as_str().into(),
                choices: w.choices.iter().map(|(c, l)| (c.as_str().into(), l.as_str().into())).collect(),
                default: 0,
                source: w.source.as_str().into(),
            };
            let default = option.choice(w.default.get_ref());
            if default.is_none() {
                self.problem(at.file, w.default.span(), "the default is none of the choices", "name one of `choices`");
            }
            self.claim_proofs(at.file, EntryKind::Policy, w.id.get_ref(), &w.hit, &w.miss);
            out.push(PolicyOption { default: default.unwrap_or(0), ..option });
        }
        out
    }

    fn replacements(
        &mut self,
        list: &[At<ReplacementWire>],
        kind: EntryKind,
        tables: &Billing,
        codes: &[Code],
        entries: &Entries,
    ) -> Vec<Replacement> {
        let mut out = Vec::new();
        for at in list {
            let (file, w) = (at.file, &at.entry);
            self.claim_proofs(file, kind, w.id.get_ref(), &w.hit, &w.miss);
            let mut rows = Vec::new();
            for row in &w.rows {
                let (span, r) = (row.span(), row.get_ref());
                self.query(file, r.query.as_ref(), entries);
                for code in r.codes.iter().flat_map(OneOrMany::iter).chain(r.to.as_deref()) {
                    self.known_code(file, span.clone(), code, codes);
                }
                let (mut values, mut regions) = (Values::default(), super::model::RegionSet::default());
                for (axis, words) in &r.values {
                    self.value(file, &span, axis, words, &mut values, &mut regions);
                }
                rows.push(ReplacementRow {
                    codes: r.codes.iter().map(|g| g.iter().map(Into::into).collect()).collect(),
                    values,
                    to: r.to.as_deref().map(Into::into),
                    modifier: r.modifier.as_deref().map(Into::into),
                    ordered: r.ordered,
                    across: r.across,
                    drops: r.drops,
                    circumstance: self.circumstances(file, &r.circumstance, tables),
                    without: self.circumstances(file, &r.without, tables),
                    query: r.query.as_ref().map(|q| q.get_ref().as_str().into()),
                });
            }
            out.push(Replacement {
                ground: ground(&w.id, &w.message, &w.source),
                under: self.under(file, &w.policy, &tables.policies),
                valid: Valid(self.date(file, w.from.as_ref()), self.date(file, w.until.as_ref())),
                rows,
            });
        }
        out
    }

    fn modifier(&mut self, at: &At<ModifierWire>, tables: &Billing, families: &[Family], codes: &[Code]) -> ModifierRule {
        let (file, w) = (at.file, &at.entry);
        self.claim_proofs(file, EntryKind::Modifier, w.id.get_ref(), &w.hit, &w.miss);
        for code in w.least.keys() {
            self.known_code(file, w.id.span(), code, codes);
        }
        ModifierRule {
            ground: ground(&w.id, &w.message, &w.source),
            modifier: w.modifier.as_str().into(),
            under: self.under(file, &w.policy, &tables.policies),
            valid: Valid(self.date(file, w.from.as_ref()), self.date(file, w.until.as_ref())),
            codes: self.wanted(file, &w.codes, families, codes),
            beside: self.wanted(file, &w.beside, families, codes),
            least: w.least.iter().map(|(c, n)| (c.as_str().into(), *n)).collect(),
            split: w.split.clone(),
            bilateral: w.bilateral.clone(),
            side: w.side.as_ref().map(|s| self.choice(file, s, &SIDES, SideOf::One)),
            circumstance: self.circumstances(file, &w.circumstance, tables),
            also: self.circumstances(file, &w.also, tables),
            without: self.circumstances(file, &w.without, tables),
            unless: w.unless.iter().map(|m| m.as_str().into()).collect(),
            cause: w.cause.as_ref().map(|c| self.choice(file, c, &CAUSES, Cause::Edit)),
            when: self.values(file, &w.when).0,
        }
    }

    fn circumstances(&mut self, file: usize, words: &Words, tables: &Billing) -> Vec<CircumstanceId> {
        let mut out = Vec::new();
        for c in words {
            match tables.circumstance(c.get_ref()) {
                Some(id) => out.push(id),
                None => self.problem(
                    file,
                    c.span(),
                    &format!("there is no circumstance `{}`", c.get_ref()),
                    "name a circumstance of circumstances.toml",
                ),
            }
        }
        out
    }

    /// What an entry asks of the policy.
    pub(super) fn under(&mut self, file: usize, wire: &UnderWire, policies: &[PolicyOption]) -> Under {
        let mut out = Vec::new();
        for (option, words) in wire {
            let Some(i) = policies.iter().position(|p| *p.id == **option) else {
                self.problem(file, words.span(), &format!("there is no policy option `{option}`"), "name an option of policies.toml");
                continue;
            };
            let mut choices = Vec::new();
            for word in words.get_ref().iter() {
                match policies[i].choice(word) {
                    Some(c) => choices.push(c),
                    None => {
                        self.problem(file, words.span(), &format!("`{option}` can't be `{word}`"), "name one of its choices");
                    }
                }
            }
            out.push((i as u8, choices));
        }
        Under(out)
    }

    fn group(&mut self, file: usize, words: &Spanned<OneOrMany>, families: &[Family]) -> Vec<FamilyId> {
        words.get_ref().iter().filter_map(|f| self.family(file, words.span(), f, families)).collect()
    }

    fn wanted(&mut self, file: usize, words: &Words, families: &[Family], codes: &[Code]) -> Wanted {
        let mut out = Wanted::default();
        for w in words {
            let word = w.get_ref().as_str();
            let before = out.families.len() + out.codes.len();
            match word.strip_suffix('*') {
                Some(head) => {
                    let begins = |f: &&Family| f.id.starts_with(head);
                    out.families.extend(families.iter().enumerate().filter(|(_, f)| begins(f)).map(|(i, _)| FamilyId(i as u16)));
                    out.codes.extend(codes.iter().filter(|c| c.code.starts_with(head)).map(|c| c.code.clone()));
                }
                None => {
                    out.families.extend(families.iter().position(|f| *f.id == *word).map(|i| FamilyId(i as u16)));
                    out.codes.extend(codes.iter().find(|c| *c.code == *word).map(|c| c.code.clone()));
                }
            }
            if out.families.len() + out.codes.len() == before {
                let help = "name a family or a code, or the beginning of several with a `*` behind";
                self.problem(file, w.span(), &format!("there is no family and no code `{word}`"), help);
            }
        }
        out
    }

    fn known_code(&mut self, file: usize, span: std::ops::Range<usize>, code: &str, codes: &[Code]) {
        if !codes.iter().any(|c| &*c.code == code) {
            self.problem(file, span, &format!("the code {code} is not in codes.tsv"), "add a line for it, with its dates");
        }
    }

    fn query(&mut self, file: usize, query: Option<&Spanned<String>>, entries: &Entries) {
        if let Some(q) = query
            && !entries.queries.iter().any(|k| k.entry.kind.get_ref() == q.get_ref())
        {
            self.problem(file, q.span(), &format!("there is no query `{}`", q.get_ref()), "name a kind of queries.toml");
        }
    }

    fn claim_proofs(&mut self, file: usize, kind: EntryKind, id: &str, hit: &Words, miss: &Words) {
        let place = self.places.iter().position(|p| p.kind == kind && &*p.id == id);
        if let Some(place) = place {
            self.proofs(file, Owner::Claim(place as u32), hit, miss);
        }
    }

    /// `flags.tsv` and `ncci.tsv`: each begins with its edition, `edition`, name, first and last day.
    fn tables(&mut self, out: &mut Billing) {
        let files = self.files;
        for (file, (name, text)) in files.iter().enumerate() {
            let (flags, pairs) = (name.ends_with("flags.tsv"), name.ends_with("ncci.tsv"));
            if !flags && !pairs {
                continue;
            }
            let (mut edition, mut list, mut at) = (None::<EditEdition>, Vec::new(), 0);
            for line in text.split_inclusive('\n') {
                let span = at..at + line.trim_end().len();
                at += line.len();
                let line = line.trim_end();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let cells: Vec<&str> = line.split('\t').collect();
                let number = |s: &str| s.parse::<u8>().ok();
                let held = match cells[..] {
                    ["edition", name, first, last] => {
                        edition =
                            first.parse().ok().zip(last.parse().ok()).map(|(first, last)| EditEdition { name: name.into(), first, last });
                        edition.is_some()
                    }
                    [code, bilateral, split, limit, addon] if flags => {
                        let row = Flags { bilateral: number(bilateral), split: number(split), addon: addon == "Y" };
                        if let (Some(edition), Ok(units)) = (&edition, limit.parse()) {
                            out.edits.limit(edition, code, units);
                        }
                        out.flags.insert(code.into(), row);
                        true
                    }
                    [first, second, modifier] if pairs => {
                        list.push((first.to_owned(), second.to_owned(), modifier == "1"));
                        matches!(modifier, "0" | "1")
                    }
                    _ => false,
                };
                if !held {
                    self.problem(
                        file,
                        span,
                        "this line has not the cells that its file wants",
                        "write the cells that the head of the file names",
                    );
                }
            }
            match edition {
                Some(edition) if pairs => {
                    out.edits = std::mem::take(&mut out.edits).replaced_by(Edits::own(edition, list.into_iter()));
                }
                Some(_) => {}
                None => self.problem(file, 0..0, "the edition of this table is missing", "begin with: edition, name, first day, last day"),
            }
        }
    }
}

fn ground(id: &Spanned<String>, message: &str, source: &str) -> Ground {
    Ground { id: id.get_ref().as_str().into(), message: message.into(), source: source.into() }
}
