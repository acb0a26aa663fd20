//! From wire entries to frozen tables: names become ids, and whatever does not hold together becomes a problem.

use std::collections::HashMap;
use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::value::Datetime;

use super::load::{At, Entries};
use super::model::{
    Allows, Axis, AxisId, AxisKind, Code, Concept, ConceptId, Cue, CueId, DocumentId, DocumentKind, Effect, Family, FamilyId, MAX_AXES,
    MAX_REGIONS, MAX_VALUES, Means, QueryText, Reach, Region, RegionId, RegionSet, ReportStatus, Role, Row, Rule, SectionEntry, SectionId,
    SectionKind, Sense, SignWeight, Values,
};
use super::order::FamilyOrder;
use super::place::{EntryKind, Place, declared};
use super::policy::PolicyOption;
use super::problem::Problem;
use super::terms::{Scope, TermsBuilder};
use super::tsv;
use super::wire::{ConceptWire, MoreWire, OneOrMany, RowWire, ValuesWire, Words};
use super::{Edition, Known, Lexicon, Owner, Proof, Register};
use crate::text::fold_term;

/// What every engine needs to find in `axes.toml`: axes with a meaning of their own in the grammar of statements.
const KNOWN_AXES: [&str; 6] = ["modality", "method", "side", "contrast", "route", "features"];

pub(super) fn build(files: &[(String, String)], entries: &Entries, sha256: String, problems: &mut Vec<Problem>) -> Option<Lexicon> {
    let mut b = Builder {
        files,
        problems,
        axes: Vec::new(),
        regions: Vec::new(),
        region_ids: HashMap::new(),
        proofs: Vec::new(),
        places: declared(files, entries),
    };
    b.axes(entries);
    if KNOWN_AXES.iter().any(|k| b.axis(k).is_none()) {
        let file = entries.axes.first().map_or(0, |a| a.file);
        b.problem(file, 0..0, "an axis is missing that the grammar needs", &format!("declare all of: {}", KNOWN_AXES.join(", ")));
        return None;
    }
    let known = b.known()?;
    b.regions(entries);
    let mut terms = TermsBuilder::default();
    let mut concepts = Vec::new();
    let mut names: HashMap<String, Range<usize>> = HashMap::new();
    for at in &entries.regions {
        let id = ConceptId(concepts.len() as u16);
        let w = &at.entry;
        let Some(&region) = b.region_ids.get(w.id.get_ref()) else { continue };
        let (sets, mut regions) = b.values(at.file, &w.sets);
        let (implies, implied_regions) = b.values(at.file, &w.implies);
        regions.insert(region);
        concepts.push(Concept {
            id: format!("region.{}", w.id.get_ref()).into(),
            role: Role::Plain,
            sets,
            regions,
            implies,
            implied_regions,
            region: Some(region),
            counts: None,
            beside: Vec::new(),
            read_in: Vec::new(),
            not_in: 0,
        });
        let sense = Sense::Concept(id);
        b.words(at.file, &mut terms, &w.terms, sense, Scope::Any);
        b.words(at.file, &mut terms, &w.titles, sense, Scope::Title);
        b.words(at.file, &mut terms, &w.organs, Sense::Organ(region), Scope::Any);
        b.proofs(at.file, Owner::Sense(sense), &w.hit, &w.miss);
    }
    for at in &entries.concepts {
        let w = &at.entry;
        let id = ConceptId(concepts.len() as u16);
        b.unique(at.file, &mut names, &w.id, "concept");
        let role = match w.role.as_ref().map(|r| (r, role(r.get_ref()))) {
            None => Role::Plain,
            Some((_, Some(role))) => role,
            Some((r, None)) => {
                b.problem(
                    at.file,
                    r.span(),
                    &format!("`{}` is no word class", r.get_ref()),
                    &format!("use one of: {}", ROLES.map(|(n, _)| n).join(", ")),
                );
                Role::Plain
            }
        };
        let (sets, regions) = b.values(at.file, &w.sets);
        let (implies, implied_regions) = b.values(at.file, &w.implies);
        let counts = b.counted(at.file, w, role, &known);
        concepts.push(Concept {
            id: w.id.get_ref().as_str().into(),
            role,
            sets,
            regions,
            implies,
            implied_regions,
            region: None,
            counts,
            beside: Vec::new(),
            read_in: w.read_in.iter().map(|k| b.choice(at.file, k, &SECTIONS, SectionKind::Other)).collect(),
            not_in: b.bits(at.file, "modality", &w.not_in),
        });
        let sense = Sense::Concept(id);
        b.words(at.file, &mut terms, &w.terms, sense, Scope::Any);
        b.words(at.file, &mut terms, &w.titles, sense, Scope::Title);
        b.words(at.file, &mut terms, &w.prose, sense, Scope::Prose);
        b.proofs(at.file, Owner::Sense(sense), &w.hit, &w.miss);
    }
    b.beside(entries, &mut concepts);
    for at in &entries.ambiguous {
        let w = &at.entry;
        let folded = fold_term(w.term.get_ref());
        let mut senses = Vec::new();
        for s in &w.senses {
            let name = s.get_ref().replace("region:", "region.").replace("concept:", "");
            match concepts.iter().position(|c| *c.id == *name) {
                Some(i) => {
                    let sense = Sense::Concept(ConceptId(i as u16));
                    senses.push(sense);
                    b.word(at.file, &mut terms, w.term.get_ref(), w.term.span(), sense, Scope::Title);
                }
                None => b.problem(
                    at.file,
                    s.span(),
                    &format!("there is no `{}`", s.get_ref()),
                    "name a region as `region:ID` or a concept as `concept:ID`",
                ),
            }
        }
        terms.declare(&folded, senses);
        b.proofs(at.file, Owner::Line, &w.hit, &w.miss);
    }
    let mut cues = Vec::new();
    for at in &entries.cues {
        let w = &at.entry;
        b.unique(at.file, &mut names, &w.id, "cue");
        let id = CueId(cues.len() as u16);
        let means = b.choice(at.file, &w.means, &MEANS, Means::Negated);
        let reach = b.choice(at.file, &w.reach, &REACHES, Reach::Both);
        cues.push(Cue { id: w.id.get_ref().as_str().into(), means, reach });
        b.words(at.file, &mut terms, &w.terms, Sense::Cue(id), Scope::Any);
        b.proofs(at.file, Owner::Sense(Sense::Cue(id)), &w.hit, &w.miss);
    }
    for at in &entries.more {
        b.more(at, &mut terms, &concepts, &cues);
    }
    let mut sections = Vec::new();
    for at in &entries.sections {
        let w = &at.entry;
        b.unique(at.file, &mut names, &w.id, "section");
        let id = SectionId(sections.len() as u16);
        let kind = b.choice(at.file, &w.kind, &SECTIONS, SectionKind::Other);
        sections.push(SectionEntry { id: w.id.get_ref().as_str().into(), kind });
        b.words(at.file, &mut terms, &w.terms, Sense::Section(id), Scope::Any);
        b.proofs(at.file, Owner::Sense(Sense::Section(id)), &w.hit, &w.miss);
    }
    let mut documents = Vec::new();
    for at in &entries.documents {
        let w = &at.entry;
        b.unique(at.file, &mut names, &w.id, "document");
        let id = DocumentId(documents.len() as u8);
        let allows = b.choice(at.file, &w.allows, &ALLOWS, Allows::None);
        documents.push(DocumentKind {
            id: w.id.get_ref().as_str().into(),
            label: w.label.as_str().into(),
            needs: w.needs,
            allows,
            lets: Vec::new(),
            asks: w.asks.as_ref().map(|a| a.get_ref().as_str().into()),
            reason: w.reason.as_str().into(),
        });
        b.words(at.file, &mut terms, &w.headings, Sense::Sign(id, SignWeight::Heading), Scope::Any);
        b.words(at.file, &mut terms, &w.signs, Sense::Sign(id, SignWeight::Sign), Scope::Any);
        b.words(at.file, &mut terms, &w.against, Sense::Sign(id, SignWeight::Against), Scope::Any);
        b.words(at.file, &mut terms, &w.names, Sense::Sign(id, SignWeight::Name), Scope::Any);
        b.proofs(at.file, Owner::Document(id), &w.hit, &w.miss);
    }
    let (measures, supplies) = b.supplies(entries, &mut terms);
    let codes = b.codes(files);
    let families = b.families(entries, &known);
    for (at, document) in entries.documents.iter().zip(&mut documents) {
        for id in &at.entry.lets {
            match families.iter().position(|f| *f.id == **id.get_ref()) {
                Some(i) => document.lets.push(FamilyId(i as u16)),
                None => b.problem(at.file, id.span(), &format!("there is no family `{}`", id.get_ref()), "name a family of families/"),
            }
        }
        if let Some(asks) = &at.entry.asks
            && !entries.queries.iter().any(|q| q.entry.kind.get_ref() == asks.get_ref())
        {
            b.problem(at.file, asks.span(), &format!("there is no query `{}`", asks.get_ref()), "name a query of queries.toml");
        }
    }
    let billing = b.billing(entries, &families, &codes, &mut terms);
    let checklists = b.checklists(entries, &families, &mut terms);
    let rules = b.rules(entries, &families, &billing.policies);
    b.code_names(&families, &rules, &codes, entries);
    let mut queries = Vec::new();
    for at in &entries.queries {
        b.unique(at.file, &mut names, &at.entry.kind, "query");
        let (raised_by, unless) = (b.named(at.file, &at.entry.raised_by, &concepts), b.named(at.file, &at.entry.unless, &concepts));
        let mut asked = Vec::new();
        for id in &at.entry.families {
            asked.extend(b.family(at.file, id.span(), id.get_ref(), &families));
        }
        let (lacking, _) = b.values(at.file, &at.entry.lacking);
        queries.push(QueryText {
            families: asked,
            lacking,
            kind: at.entry.kind.get_ref().as_str().into(),
            message: at.entry.message.as_str().into(),
            raised_by,
            default_of: b.count_axis(at.file, at.entry.default_of.as_ref()),
            banner: at.entry.banner,
            unless,
            status: at.entry.status.as_ref().map(|s| b.choice(at.file, s, &STATUSES, ReportStatus::Final)),
            stated: at.entry.stated.as_str().into(),
        });
    }
    let edition = b.edition(entries, &known)?;
    for (term, file, span, other) in terms.clashes(&concepts) {
        b.problem(
            file,
            span,
            &format!("`{term}` stands under `{other}` too"),
            "take it out of one of them, or declare it in ambiguous.toml",
        );
    }
    let (axes, regions, proofs, places) = (b.axes, b.regions, b.proofs, b.places);
    let terms = terms.build();
    let raises = |id: ConceptId| queries.iter().any(|q| q.raised_by.contains(&id) || q.unless.contains(&id));
    let raising = (0..concepts.len() as u16).map(|id| raises(ConceptId(id))).collect();
    let mut code_sets: Vec<Date> = codes.iter().flat_map(|c| [c.from, c.until.and_then(|d| d.tomorrow().ok())]).flatten().collect();
    code_sets.sort_unstable();
    code_sets.dedup();
    let mut weighed: Vec<AxisId> = concepts.iter().filter(|c| !c.beside.is_empty()).filter_map(|c| c.counts).collect();
    weighed.sort_unstable();
    weighed.dedup();
    let mut lexicon = Lexicon {
        edition,
        sha256,
        axes,
        known,
        regions,
        concepts,
        raising,
        cues,
        sections,
        documents,
        families,
        order: FamilyOrder::default(),
        checklists,
        rules,
        queries,
        billing,
        codes,
        code_sets,
        weighed,
        measures,
        supplies,
        terms,
        proofs: proofs.into(),
        places: places.into(),
    };
    lexicon.order = FamilyOrder::new(&lexicon);
    Some(lexicon)
}

pub(super) struct Builder<'a> {
    pub(super) files: &'a [(String, String)],
    problems: &'a mut Vec<Problem>,
    axes: Vec<Axis>,
    regions: Vec<Region>,
    region_ids: HashMap<String, RegionId>,
    proofs: Vec<Proof>,
    pub(super) places: Vec<Place>,
}

impl Builder<'_> {
    pub(super) fn problem(&mut self, file: usize, span: Range<usize>, message: &str, help: &str) {
        let file = self.files.get(file).map_or_else(|| "edition.toml".to_owned(), |(name, _)| name.clone());
        self.problems.push(Problem { file, span, message: message.to_owned(), help: help.to_owned() });
    }

    pub(super) fn unique(&mut self, file: usize, names: &mut HashMap<String, Range<usize>>, id: &Spanned<String>, kind: &str) {
        if names.insert(format!("{kind}:{}", id.get_ref()), id.span()).is_some() {
            self.problem(file, id.span(), &format!("there is a {kind} `{}` already", id.get_ref()), "give one of them another id");
        }
    }

    pub(super) fn choice<T: Copy>(&mut self, file: usize, word: &Spanned<String>, table: &[(&str, T)], otherwise: T) -> T {
        if let Some((_, v)) = table.iter().find(|(n, _)| n == word.get_ref()) {
            return *v;
        }
        let names: Vec<&str> = table.iter().map(|(n, _)| *n).collect();
        self.problem(file, word.span(), &format!("`{}` is not known here", word.get_ref()), &format!("use one of: {}", names.join(", ")));
        otherwise
    }

    pub(super) fn axis(&self, id: &str) -> Option<AxisId> {
        self.axes.iter().position(|a| &*a.id == id).map(|i| AxisId(i as u8))
    }

    /// Values of an axis that is declared already.
    fn bits(&mut self, file: usize, axis: &str, words: &Words) -> u64 {
        let mut out = 0;
        for word in words {
            match self.axes.iter().find(|a| &*a.id == axis).and_then(|a| a.bit(word.get_ref())) {
                Some(bit) => out |= bit,
                None => self.problem(
                    file,
                    word.span(),
                    &format!("`{}` is no value of the axis `{axis}`, or that axis is declared below", word.get_ref()),
                    &format!("name a value of the axis `{axis}`"),
                ),
            }
        }
        out
    }

    fn axes(&mut self, entries: &Entries) {
        for at in &entries.axes {
            let w = &at.entry;
            let kind = match w.kind.get_ref().as_str() {
                "region" => continue, // the body tree is the axis
                "set" => AxisKind::Set,
                "flags" => AxisKind::Flags,
                "enum" => AxisKind::Enum,
                "count" => AxisKind::Count,
                other => {
                    self.problem(
                        at.file,
                        w.kind.span(),
                        &format!("`{other}` is no kind of axis"),
                        "use one of: enum, set, flags, count, region",
                    );
                    AxisKind::Enum
                }
            };
            if self.axis(w.id.get_ref()).is_some() {
                self.problem(at.file, w.id.span(), "this axis is declared already", "keep one of the two");
                continue;
            }
            if self.axes.len() == MAX_AXES || w.values.len() > MAX_VALUES {
                self.problem(
                    at.file,
                    w.id.span(),
                    &format!("at most {MAX_AXES} axes of {MAX_VALUES} values each are possible"),
                    "merge axes or values",
                );
                continue;
            }
            let values: Vec<Box<str>> = w.values.iter().map(|v| v.get_ref().as_str().into()).collect();
            let mut axis = Axis {
                id: w.id.get_ref().as_str().into(),
                kind,
                values,
                labels: w.labels.clone(),
                needs: w.needs.clone(),
                variants: Vec::new(),
                together: Vec::new(),
                not_in: 0,
                both_in: 0,
                both_unless: 0,
                apart: w.apart,
                read_in: w.read_in.iter().map(|k| self.choice(at.file, k, &SECTIONS, SectionKind::Other)).collect(),
                prefers: 0,
            };
            if let Some(value) = &w.prefers {
                match axis.bit(value.get_ref()) {
                    Some(bit) => axis.prefers = bit,
                    None => self.problem(at.file, value.span(), "this is no value of the axis", "name one of its values"),
                }
            }
            for (base, words) in &w.variants {
                let bits = words.get_ref().iter().map(|v| axis.bit(v)).try_fold(0, |all, bit| bit.map(|b| all | b));
                match (axis.bit(base), bits) {
                    (Some(base), Some(bits)) => axis.variants.push((base, bits)),
                    _ => self.problem(at.file, words.span(), "`variants` names a value that the axis has not", "declare it in `values`"),
                }
            }
            axis.not_in = self.bits(at.file, "modality", &w.not_in);
            axis.both_in = self.bits(at.file, "modality", &w.both_in);
            axis.both_unless = self.bits(at.file, "method", &w.both_unless);
            for (whole, words) in &w.together {
                let bits = words.get_ref().iter().map(|v| axis.bit(v)).try_fold(0, |all, bit| bit.map(|b| all | b));
                match (axis.bit(whole), bits) {
                    (Some(whole), Some(bits)) => axis.together.push((whole, bits)),
                    _ => self.problem(at.file, words.span(), "`together` names a value that the axis has not", "declare it in `values`"),
                }
            }
            self.axes.push(axis);
        }
    }

    fn known(&mut self) -> Option<Known> {
        let axis = |id: &str| self.axis(id);
        let modality = axis("modality")?;
        let contrast = axis("contrast")?;
        let bit = |a: AxisId, v: &str| self.axes[a.0 as usize].bit(v);
        Some(Known {
            modality,
            method: axis("method")?,
            side: axis("side")?,
            contrast,
            route: axis("route")?,
            features: axis("features")?,
            each_side: axis("features").and_then(|a| bit(a, "each_side")),
            views: axis("views"),
            projections: axis("projections"),
            extent: axis("extent"),
            procedure: axis("procedure"),
            register: axis("register")
                .and_then(|axis| Some(Register { axis, charge_line: bit(axis, "charge_line")?, report: bit(axis, "report")? })),
            pre: bit(contrast, "pre")?,
            post: bit(contrast, "post")?,
        })
    }

    /// The axis that a unit counts: the one that it names, else views.
    fn counted(&mut self, file: usize, w: &ConceptWire, role: Role, known: &Known) -> Option<AxisId> {
        let Some(name) = &w.counts else { return known.views.filter(|_| role == Role::Unit) };
        let axis = self.axis(name.get_ref()).filter(|a| self.axes[a.0 as usize].kind == AxisKind::Count);
        if axis.is_none() || role != Role::Unit {
            self.problem(
                file,
                name.span(),
                "only a unit counts, and what it counts is an axis of the kind `count`",
                "give it `role = \"unit\"`, and name such an axis of axes.toml",
            );
        }
        axis
    }

    /// The concepts that units name, once all of them are there.
    fn beside(&mut self, entries: &Entries, concepts: &mut [Concept]) {
        for at in &entries.concepts {
            let mut found = Vec::new();
            for name in &at.entry.beside {
                match concepts.iter().position(|c| *c.id == **name.get_ref()) {
                    Some(i) => found.push(ConceptId(i as u16)),
                    None => self.problem(
                        at.file,
                        name.span(),
                        &format!("there is no concept `{}`", name.get_ref()),
                        "name a concept of words/ by its id",
                    ),
                }
            }
            if let Some(c) = concepts.iter_mut().find(|c| *c.id == **at.entry.id.get_ref()) {
                c.beside = found;
            }
        }
    }

    /// An axis of the kind `count` by its name.
    fn count_axis(&mut self, file: usize, name: Option<&Spanned<String>>) -> Option<AxisId> {
        let name = name?;
        let axis = self.axis(name.get_ref()).filter(|a| self.axes[a.0 as usize].kind == AxisKind::Count);
        if axis.is_none() {
            self.problem(file, name.span(), "units are counted on an axis of the kind `count`", "name such an axis of axes.toml");
        }
        axis
    }

    fn regions(&mut self, entries: &Entries) {
        for at in &entries.regions {
            let w = &at.entry;
            if self.regions.len() == MAX_REGIONS {
                self.problem(at.file, w.id.span(), &format!("at most {MAX_REGIONS} regions are possible"), "merge regions");
                return;
            }
            if self.region_ids.insert(w.id.get_ref().clone(), RegionId(self.regions.len() as u8)).is_some() {
                self.problem(
                    at.file,
                    w.id.span(),
                    &format!("there is a region `{}` already", w.id.get_ref()),
                    "give one of them another id",
                );
            }
            self.regions.push(Region {
                id: w.id.get_ref().as_str().into(),
                label: w.label.as_str().into(),
                parent: None,
                ancestors: RegionSet::default(),
                depth: 0,
                paired: w.paired,
                usually: 0,
            });
        }
        for at in &entries.regions {
            let Some(modality) = &at.entry.usually else { continue };
            match self.axis("modality").and_then(|a| self.axes[a.0 as usize].bit(modality.get_ref())) {
                Some(bit) => self.regions[self.region_ids[at.entry.id.get_ref()].0 as usize].usually = bit,
                None => self.problem(
                    at.file,
                    modality.span(),
                    &format!("`{}` is no modality", modality.get_ref()),
                    "name a value of the axis `modality`",
                ),
            }
        }
        for at in &entries.regions {
            let Some(parent) = &at.entry.parent else { continue };
            let child = self.region_ids[at.entry.id.get_ref()];
            match self.region_ids.get(parent.get_ref()) {
                Some(&p) if p != child => self.regions[child.0 as usize].parent = Some(p),
                _ => self.problem(
                    at.file,
                    parent.span(),
                    &format!("there is no region `{}` to stand under", parent.get_ref()),
                    "name a region of this lexicon",
                ),
            }
        }
        for i in 0..self.regions.len() {
            let me = RegionId(i as u8);
            let (mut up, mut set, mut depth) = (self.regions[i].parent, RegionSet::default(), 0);
            while let Some(r) = up.filter(|r| !set.contains(*r)) {
                set.insert(r);
                depth += 1;
                up = self.regions[r.0 as usize].parent;
            }
            if set.contains(me)
                && let Some(at) = entries.regions.iter().find(|at| self.region_ids.get(at.entry.id.get_ref()) == Some(&me))
                && let Some(parent) = &at.entry.parent
            {
                self.problem(
                    at.file,
                    parent.span(),
                    &format!("the region `{}` stands under itself", at.entry.id.get_ref()),
                    "name a region that lies above it",
                );
            }
            let own = std::iter::successors(Some(me), |r| self.regions[r.0 as usize].parent).take(depth as usize + 1);
            self.regions[i].usually = own.map(|r| self.regions[r.0 as usize].usually).find(|m| *m != 0).unwrap_or(0);
            self.regions[i].ancestors = set;
            self.regions[i].depth = depth;
        }
    }

    fn region(&mut self, file: usize, span: Range<usize>, id: &str) -> Option<RegionId> {
        let found = self.region_ids.get(id).copied();
        if found.is_none() {
            self.problem(file, span, &format!("there is no region `{id}`"), "name a region of regions.toml");
        }
        found
    }

    pub(super) fn value(
        &mut self,
        file: usize,
        span: &Range<usize>,
        axis: &str,
        words: &OneOrMany,
        into: &mut Values,
        regions: &mut RegionSet,
    ) {
        if axis == "region" {
            for w in words.iter() {
                if let Some(r) = self.region(file, span.clone(), w) {
                    regions.insert(r);
                }
            }
            return;
        }
        let Some(id) = self.axis(axis) else {
            let names: Vec<&str> = self.axes.iter().map(|a| &*a.id).collect();
            let help = format!("use one of: region, {}", names.join(", "));
            self.problem(file, span.clone(), &format!("there is no axis `{axis}`"), &help);
            return;
        };
        for w in words.iter() {
            match self.axes[id.0 as usize].bit(w) {
                Some(bit) => into.add(id, bit),
                None => self.problem(
                    file,
                    span.clone(),
                    &format!("`{w}` is no value of the axis `{axis}`"),
                    "add it to the axis in axes.toml, or correct it",
                ),
            }
        }
    }

    pub(super) fn values(&mut self, file: usize, wire: &ValuesWire) -> (Values, RegionSet) {
        let (mut values, mut regions) = (Values::default(), RegionSet::default());
        for (axis, words) in wire {
            self.value(file, &words.span(), axis, words.get_ref(), &mut values, &mut regions);
        }
        (values, regions)
    }

    pub(super) fn words(&mut self, file: usize, terms: &mut TermsBuilder, words: &Words, sense: Sense, scope: Scope) {
        for w in words {
            self.word(file, terms, w.get_ref(), w.span(), sense, scope);
        }
    }

    fn word(&mut self, file: usize, terms: &mut TermsBuilder, word: &str, span: Range<usize>, sense: Sense, scope: Scope) {
        let folded = fold_term(word);
        if folded.is_empty() || folded.contains('\n') {
            self.problem(file, span, "a term may not be empty or hold a line break", "write the words of the term");
        } else {
            terms.add(folded, sense, scope, file, span);
        }
    }

    /// Words for an entry of another file: a region as `region.ID`, a concept, a cue.
    fn more(&mut self, at: &At<MoreWire>, terms: &mut TermsBuilder, concepts: &[Concept], cues: &[Cue]) {
        let (file, w) = (at.file, &at.entry);
        let id = w.of.get_ref().as_str();
        let concept = concepts.iter().position(|c| &*c.id == id);
        let cue = cues.iter().position(|c| &*c.id == id.strip_prefix("cue.").unwrap_or(id));
        let sense = match (concept, cue) {
            (Some(i), _) => Sense::Concept(ConceptId(i as u16)),
            (None, Some(i)) => Sense::Cue(CueId(i as u16)),
            (None, None) => {
                self.problem(
                    file,
                    w.of.span(),
                    &format!("there is no entry `{id}` to add words to"),
                    "name a region as `region.ID`, a concept or a cue as `radcode lexicon list` shows it",
                );
                return;
            }
        };
        let region = concept.and_then(|i| concepts[i].region);
        self.words(file, terms, &w.terms, sense, Scope::Any);
        if matches!(sense, Sense::Concept(_)) {
            self.words(file, terms, &w.titles, sense, Scope::Title);
            self.words(file, terms, &w.prose, sense, Scope::Prose);
        } else if let Some(word) = w.titles.iter().chain(&w.prose).next() {
            self.problem(file, word.span(), "the words of a cue are read everywhere", "write them under `terms`");
        }
        match (region, w.organs.first()) {
            (Some(region), _) => self.words(file, terms, &w.organs, Sense::Organ(region), Scope::Any),
            (None, Some(word)) => self.problem(file, word.span(), "only a region has organs", "take them out, or add them to a region"),
            (None, None) => {}
        }
        self.proofs(file, Owner::Sense(sense), &w.hit, &w.miss);
    }

    /// Concepts by their ids.
    fn named(&mut self, file: usize, ids: &Words, concepts: &[Concept]) -> Vec<ConceptId> {
        let mut out = Vec::new();
        for id in ids {
            match concepts.iter().position(|c| *c.id == **id.get_ref()) {
                Some(i) => out.push(ConceptId(i as u16)),
                None => self.problem(file, id.span(), &format!("there is no concept `{}`", id.get_ref()), "name a concept of words/"),
            }
        }
        out
    }

    pub(super) fn proofs(&mut self, file: usize, owner: Owner, hit: &Words, miss: &Words) {
        for (words, is_hit) in [(hit, true), (miss, false)] {
            for w in words {
                self.proofs.push(Proof {
                    file: self.files[file].0.as_str().into(),
                    span: w.span(),
                    owner,
                    is_hit,
                    line: w.get_ref().as_str().into(),
                });
            }
        }
    }

    pub(super) fn date(&mut self, file: usize, wire: Option<&Spanned<Datetime>>) -> Option<Date> {
        let wire = wire?;
        let day = wire
            .get_ref()
            .date
            .and_then(|d| Date::new(i16::try_from(d.year).ok()?, i8::try_from(d.month).ok()?, i8::try_from(d.day).ok()?).ok());
        if day.is_none() {
            self.problem(file, wire.span(), "this is no day of the calendar", "write it as 2026-01-31, without quotes");
        }
        day
    }

    fn row(&mut self, file: usize, wire: &Spanned<RowWire>) -> Row {
        let (mut values, mut regions) = (Values::default(), RegionSet::default());
        for (axis, words) in &wire.get_ref().values {
            self.value(file, &wire.span(), axis, words, &mut values, &mut regions);
        }
        let each_further = self.count_axis(file, wire.get_ref().each_further.as_ref());
        Row { values, code: wire.get_ref().code.get_ref().as_str().into(), each_further }
    }

    fn families(&mut self, entries: &Entries, known: &Known) -> Vec<Family> {
        let mut out: Vec<Family> = Vec::new();
        let mut names = HashMap::new();
        for at in &entries.families {
            let (file, w) = (at.file, &at.entry);
            self.unique(file, &mut names, &w.id, "family");
            let (when, _) = self.values(file, &w.when);
            let (unless, _) = self.values(file, &w.unless);
            let (assume, _) = self.values(file, &w.assume);
            let mut any = RegionSet::default();
            for r in &w.any {
                if let Some(r) = self.region(file, r.span(), r.get_ref()) {
                    any.insert(r);
                }
            }
            let all = w.all.iter().filter_map(|r| self.region(file, r.span(), r.get_ref())).collect();
            let mut rows: Vec<Row> = w.rows.iter().map(|r| self.row(file, r)).collect();
            if let Some(c) = &w.contrast {
                for (code, bits) in [(&c.without, known.pre), (&c.with, known.post), (&c.both, known.pre | known.post)] {
                    if let Some(code) = code {
                        let mut values = Values::default();
                        values.set(known.contrast, bits);
                        rows.push(Row { values, code: code.get_ref().as_str().into(), each_further: None });
                    }
                }
            }
            if let Some(code) = &w.code {
                rows.push(Row { values: Values::default(), code: code.get_ref().as_str().into(), each_further: None });
            }
            if rows.is_empty() {
                self.problem(file, w.id.span(), "this family has no code", "give it `contrast`, `rows` or `code`");
            }
            let adds = w.adds.iter().map(|r| self.row(file, r)).collect();
            let (from, until) = (self.date(file, w.from.as_ref()), self.date(file, w.until.as_ref()));
            self.proofs(file, Owner::Family(FamilyId(out.len() as u16)), &w.hit, &w.miss);
            out.push(Family {
                id: w.id.get_ref().as_str().into(),
                label: w.label.as_str().into(),
                when,
                unless,
                any,
                nowhere: w.nowhere,
                companion: w.companion,
                all,
                rows,
                assume,
                adds,
                brings: Vec::new(),
                each: self.count_axis(file, w.each.as_ref()),
                per_side: w.per_side,
                from,
                until,
                note: w.note.as_deref().map(Into::into),
            });
        }
        for (i, at) in entries.families.iter().enumerate() {
            let brings = at.entry.brings.iter().filter_map(|f| self.family(at.file, f.span(), f.get_ref(), &out)).collect();
            out[i].brings = brings;
        }
        out
    }

    pub(super) fn family(&mut self, file: usize, span: Range<usize>, id: &str, families: &[Family]) -> Option<FamilyId> {
        let found = families.iter().position(|f| &*f.id == id).map(|i| FamilyId(i as u16));
        if found.is_none() {
            self.problem(file, span, &format!("there is no family `{id}`"), "name a family of families/");
        }
        found
    }

    fn rules(&mut self, entries: &Entries, families: &[Family], policies: &[PolicyOption]) -> Vec<Rule> {
        let mut out = Vec::new();
        let mut names = HashMap::new();
        for at in &entries.rules {
            let (file, w) = (at.file, &at.entry);
            self.unique(file, &mut names, &w.id, "rule");
            if w.becomes.is_none() && w.absorbs.is_empty() && w.downgrades.is_empty() {
                self.problem(file, w.id.span(), "this rule does nothing", "give it `absorbs`, `downgrades` or `becomes`");
            }
            let pairs = |b: &mut Self, list: &[Spanned<(String, String)>]| -> Vec<(FamilyId, FamilyId)> {
                list.iter()
                    .filter_map(|p| {
                        let (x, y) = p.get_ref();
                        Some((b.family(file, p.span(), x, families)?, b.family(file, p.span(), y, families)?))
                    })
                    .collect()
            };
            let effect = if let Some(c) = &w.becomes {
                Effect::Becomes {
                    from: c.from.get_ref().as_str().into(),
                    to: c.to.get_ref().as_str().into(),
                    beside: c.beside.iter().filter_map(|f| self.family(file, f.span(), f.get_ref(), families)).collect(),
                    taking: c.taking.as_deref().map(Into::into),
                }
            } else if w.downgrades.is_empty() {
                Effect::Absorbs(pairs(self, &w.absorbs))
            } else {
                Effect::Downgrades(pairs(self, &w.downgrades))
            };
            let ((when, _), (unless, _)) = (self.values(file, &w.when), self.values(file, &w.unless));
            let under = self.under(file, &w.policy, policies);
            let (from, until) = (self.date(file, w.from.as_ref()), self.date(file, w.until.as_ref()));
            if let Some(q) = &w.query
                && !entries.queries.iter().any(|k| k.entry.kind.get_ref() == q.get_ref())
            {
                self.problem(file, q.span(), &format!("there is no query `{}`", q.get_ref()), "name a kind of queries.toml");
            }
            self.proofs(file, Owner::Rule(out.len() as u16), &w.hit, &w.miss);
            out.push(Rule {
                id: w.id.get_ref().as_str().into(),
                effect,
                unless_own_findings: w.unless_own_findings,
                when,
                unless,
                under,
                from,
                until,
                message: w.message.as_str().into(),
                source: w.source.as_str().into(),
                query: w.query.as_ref().map(|q| q.get_ref().as_str().into()),
            });
        }
        out
    }

    /// `codes.tsv`: code, system, from, until, successor, frequency, excuse; `-` for nothing.
    fn codes(&mut self, files: &[(String, String)]) -> Vec<Code> {
        let mut out: Vec<Code> = Vec::new();
        for tsv::Line { file, name, span, cells } in tsv::lines(files, "codes.tsv") {
            let [code, system, from, until, successor, frequency, excuse] = cells[..] else {
                self.problem(
                    file,
                    span,
                    "a line of codes.tsv has seven cells",
                    "write code, system, from, until, successor, frequency, excuse with tabs between, `-` for nothing",
                );
                continue;
            };
            let given = |s: &str| (s != "-").then(|| s.into());
            let day = |b: &mut Self, s: &str| {
                let day = (s != "-").then(|| s.parse::<Date>());
                if matches!(day, Some(Err(_))) {
                    b.problem(file, span.clone(), &format!("`{s}` is no day of the calendar"), "write it as 2026-01-31, or `-`");
                }
                day.and_then(Result::ok)
            };
            let (from, until) = (day(self, from), day(self, until));
            if out.iter().any(|c| &*c.code == code) {
                self.problem(file, span.clone(), &format!("the code {code} has a line already"), "keep one of the two");
            }
            let frequency = if frequency == "-" { Ok(0) } else { frequency.parse() };
            if frequency.is_err() {
                self.problem(file, span.clone(), "the frequency is no number", "write in how many charge lists the code stands, or 0");
            }
            self.places.push(Place { kind: EntryKind::Code, id: code.into(), file: name.into(), span: span.clone() });
            out.push(Code {
                code: code.into(),
                system: system.into(),
                from,
                until,
                successor: given(successor),
                excuse: given(excuse),
                frequency: frequency.unwrap_or(0),
            });
        }
        out.sort_by(|a, b| a.code.cmp(&b.code));
        out
    }

    /// Every code that a family or rule gives has a line in codes.tsv.
    fn code_names(&mut self, families: &[Family], rules: &[Rule], codes: &[Code], entries: &Entries) {
        let known = |c: &str| codes.binary_search_by(|k| (*k.code).cmp(c)).is_ok();
        for (f, at) in families.iter().zip(&entries.families) {
            for row in f.rows.iter().chain(&f.adds).filter(|r| !known(&r.code)) {
                self.problem(
                    at.file,
                    at.entry.id.span(),
                    &format!("the code {} is not in codes.tsv", row.code),
                    "add a line for it, with its dates",
                );
            }
        }
        for (r, at) in rules.iter().zip(&entries.rules) {
            if let Effect::Becomes { from, to, .. } = &r.effect {
                for c in [from, to].into_iter().filter(|c| !known(c)) {
                    self.problem(
                        at.file,
                        at.entry.id.span(),
                        &format!("the code {c} is not in codes.tsv"),
                        "add a line for it, with its dates",
                    );
                }
            }
        }
    }

    fn edition(&mut self, entries: &Entries, known: &Known) -> Option<Edition> {
        let [At { file, entry }] = &entries.edition[..] else {
            self.problem(0, 0..0, "a lexicon has exactly one [edition]", "write it in edition.toml");
            return None;
        };
        let default_date = self.date(*file, Some(&entry.default_date))?;
        let (mut built, mut order) = (0, Vec::new());
        for m in &entry.built {
            match self.axes[known.modality.0 as usize].bit(m.get_ref()) {
                Some(bit) => {
                    built |= bit;
                    order.push(bit);
                }
                None => self.problem(*file, m.span(), &format!("`{}` is no modality", m.get_ref()), "name a value of the axis `modality`"),
            }
        }
        Some(Edition { id: entry.id.as_str().into(), default_date, built, order })
    }
}

const ROLES: [(&str, Role); 28] = [
    ("anti", Role::Anti),
    ("filler", Role::Filler),
    ("with", Role::With),
    ("after", Role::After),
    ("without", Role::Without),
    ("without-and-with", Role::WithoutAndWith),
    ("with-and-without", Role::WithAndWithout),
    ("noun", Role::Noun),
    ("agent", Role::Agent),
    ("other-route", Role::OtherRoute),
    ("route", Role::Route),
    ("enhancement", Role::Enhancement),
    ("given", Role::Given),
    ("respectively", Role::Respectively),
    ("acquisition", Role::Acquisition),
    ("coverage", Role::Coverage),
    ("includes", Role::Includes),
    ("hint", Role::Hint),
    ("only", Role::Only),
    ("join", Role::Join),
    ("plain", Role::Plain),
    ("unit", Role::Unit),
    ("number", Role::Number),
    ("at-least", Role::AtLeast),
    ("at-most", Role::AtMost),
    ("less-than", Role::LessThan),
    ("or", Role::Or),
    ("month", Role::Month),
];

fn role(name: &str) -> Option<Role> {
    ROLES.iter().find(|(n, _)| *n == name).map(|(_, r)| *r)
}

const MEANS: [(&str, Means); 19] = [
    ("performed", Means::Performed),
    ("not-performed", Means::NotPerformed),
    ("comparison", Means::Comparison),
    ("history", Means::History),
    ("recommendation", Means::Recommendation),
    ("planned", Means::Planned),
    ("ordered", Means::Ordered),
    ("outside", Means::Outside),
    ("separate", Means::Separate),
    ("derived", Means::Derived),
    ("conditional", Means::Conditional),
    ("negated", Means::Negated),
    ("quoted", Means::Quoted),
    ("undone", Means::Undone),
    ("withheld", Means::Withheld),
    ("turn", Means::Turn),
    ("unseen", Means::Unseen),
    ("excused", Means::Excused),
    ("pseudo", Means::Pseudo),
];

const STATUSES: [(&str, ReportStatus); 4] = [
    ("preliminary", ReportStatus::Preliminary),
    ("final", ReportStatus::Final),
    ("corrected", ReportStatus::Corrected),
    ("addended", ReportStatus::Addended),
];
const REACHES: [(&str, Reach); 3] = [("after", Reach::After), ("before", Reach::Before), ("both", Reach::Both)];

pub(super) const SECTIONS: [(&str, SectionKind); 18] = [
    ("title", SectionKind::Title),
    ("order", SectionKind::Order),
    ("technique", SectionKind::Technique),
    ("contrast", SectionKind::Contrast),
    ("history", SectionKind::History),
    ("comparison", SectionKind::Comparison),
    ("findings", SectionKind::Findings),
    ("impression", SectionKind::Impression),
    ("recommendation", SectionKind::Recommendation),
    ("addendum", SectionKind::Addendum),
    ("dose", SectionKind::Dose),
    ("signature", SectionKind::Signature),
    ("admin", SectionKind::Admin),
    ("exam-date", SectionKind::ExamDate),
    ("note", SectionKind::Note),
    ("other", SectionKind::Other),
    ("organ", SectionKind::Organ),
    ("body", SectionKind::Body),
];

const ALLOWS: [(&str, Allows); 3] = [("none", Allows::None), ("reported", Allows::Reported), ("all", Allows::All)];
