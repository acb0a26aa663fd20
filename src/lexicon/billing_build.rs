//! The tables under `claim/`: from shapes as they are written to tables as they are frozen.

use toml::Spanned;

use super::Owner;
use super::billing::{
    AddOn, Billing, Cause, Circumstance, Flags, Ground, Head, Join, ModifierRule, PairAnswer, PairRule, RATIONALES, Replacement,
    ReplacementRow, SideOf, Valid, Wanted,
};
use super::billing_wire::{HeadWire, ModifierWire, ReplacementWire, UnderWire};
use super::build::Builder;
use super::build::SECTIONS;
use super::edits::{EditEdition, Edits};
use super::load::{At, Entries};
use super::model::{CircumstanceId, Code, Family, FamilyId, RegionSet, SectionKind, Sense, Values};
use super::place::EntryKind;
use super::policy::{PolicyOption, PolicyWire, Under};
use super::terms::{Scope, TermsBuilder};
use super::tsv;
use super::wire::{OneOrMany, Words};

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
            let read_in = w.read_in.iter().map(|k| self.choice(file, k, &SECTIONS, SectionKind::Other)).collect();
            out.circumstances.push(Circumstance { id: w.id.get_ref().as_str().into(), exam: w.exam, read_in, apart: w.apart });
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
            let head = self.head(file, EntryKind::Join, &w.head(), &out.policies);
            out.joins.push(Join { head, of, into });
        }
        for at in &entries.pairs {
            let (file, w) = (at.file, &at.entry);
            self.query(file, w.query.as_ref(), entries);
            let rule = PairRule {
                head: self.head(file, EntryKind::Pair, &w.head(), &out.policies),
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
            self.query(file, w.query.as_ref(), entries);
            if let Some(c) = &w.alone {
                self.known_code(file, c.span(), c.get_ref(), codes);
            }
            let addon = AddOn {
                head: self.head(file, EntryKind::AddOn, &w.head(), &out.policies),
                codes: self.wanted(file, &w.codes, families, codes),
                bases: self.wanted(file, &w.bases, families, codes),
                alone: w.alone.as_ref().map(|c| c.get_ref().as_str().into()),
                query: w.query.as_ref().map(|q| q.get_ref().as_str().into()),
            };
            out.addons.push(addon);
        }
        for at in &entries.modifiers {
            self.query(at.file, at.entry.query.as_ref(), entries);
            let rule = self.modifier(at, &out, families, codes);
            out.modifiers.push(rule);
        }
        // named here as the claim itself asks for them, like the rationales
        out.supplies = chosen(&out.policies, &[("supplies", &["lines"]), ("component", &["none", "technical"])]);
        out.hospital = chosen(&out.policies, &[("setting", &["hospital"]), ("component", &["none", "technical"])]);
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
            let mut rows = Vec::new();
            for row in &w.rows {
                let (span, r) = (row.span(), row.get_ref());
                self.query(file, r.query.as_ref(), entries);
                for code in r.codes.iter().flat_map(OneOrMany::iter).chain(r.to.as_deref()) {
                    self.known_code(file, span.clone(), code, codes);
                }
                let (mut values, mut regions) = (Values::default(), RegionSet::default());
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
            out.push(Replacement { head: self.head(file, kind, &w.head(), &tables.policies), rows });
        }
        out
    }

    fn modifier(&mut self, at: &At<ModifierWire>, tables: &Billing, families: &[Family], codes: &[Code]) -> ModifierRule {
        let (file, w) = (at.file, &at.entry);
        for code in w.least.keys() {
            self.known_code(file, w.id.span(), code, codes);
        }
        ModifierRule {
            head: self.head(file, EntryKind::Modifier, &w.head(), &tables.policies),
            modifier: w.modifier.as_str().into(),
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
            query: w.query.as_ref().map(|q| q.get_ref().as_str().into()),
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

    /// The head of an entry; its proof lines are taken as well.
    fn head(&mut self, file: usize, kind: EntryKind, w: &HeadWire<'_>, policies: &[PolicyOption]) -> Head {
        self.claim_proofs(file, kind, w.id.get_ref(), w.hit, w.miss);
        Head {
            ground: ground(w.id, w.message, w.source),
            under: self.under(file, w.policy, policies),
            valid: Valid(self.date(file, w.from), self.date(file, w.until)),
        }
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
            let fits = |id: &str| word.strip_suffix('*').map_or(id == word, |head| id.starts_with(head));
            out.families.extend(families.iter().enumerate().filter(|(_, f)| fits(&f.id)).map(|(i, _)| FamilyId(i as u16)));
            out.codes.extend(codes.iter().filter(|c| fits(&c.code)).map(|c| c.code.clone()));
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
        let mut edits = Edits::default();
        let number = |s: &str| s.parse::<u8>().ok();
        self.table("flags.tsv", |edition, cells| {
            let [code, bilateral, split, limit, addon] = *cells else { return false };
            if let Ok(units) = limit.parse() {
                edits.limit(edition, code, units);
            }
            out.flags.insert(code.into(), Flags { bilateral: number(bilateral), split: number(split), addon: addon == "Y" });
            true
        });
        self.table("ncci.tsv", |edition, cells| {
            let [first, second, modifier @ ("0" | "1")] = *cells else { return false };
            edits.pair(edition, first, second, modifier == "1");
            true
        });
        out.edits = std::mem::take(&mut out.edits).replaced_by(&edits.sorted());
    }

    /// The lines of a table behind that of its edition.
    fn table(&mut self, name: &str, mut take: impl FnMut(&EditEdition, &[&str]) -> bool) {
        let (files, mut edition) = (self.files, None::<EditEdition>);
        for tsv::Line { file, span, cells, .. } in tsv::lines(files, name) {
            let taken = match (&cells[..], &edition) {
                (["edition", release, first, last], _) => {
                    edition = first.parse().ok().zip(last.parse().ok()).map(|(first, last)| EditEdition::new(release, None, first, last));
                    edition.is_some()
                }
                (cells, Some(edition)) => take(edition, cells),
                (_, None) => false,
            };
            if !taken {
                let help = "begin with the edition, its name, first and last day; then write the cells that the head of the file names";
                self.problem(file, span, "this line has not the cells that its file wants", help);
            }
        }
    }
}

/// Choices of options by their names, as far as there are such.
fn chosen(policies: &[PolicyOption], wanted: &[(&str, &[&str])]) -> Under {
    let option = |(name, choices): &(&str, &[&str])| {
        let i = policies.iter().position(|p| &*p.id == *name)?;
        Some((i as u8, choices.iter().filter_map(|c| policies[i].choice(c)).collect()))
    };
    Under(wanted.iter().filter_map(option).collect())
}

fn ground(id: &Spanned<String>, message: &str, source: &str) -> Ground {
    Ground { id: id.get_ref().as_str().into(), message: message.into(), source: source.into() }
}
