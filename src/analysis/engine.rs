//! One report through all stages.

use jiff::civil::Date;
use rustc_hash::FxHashSet;

use super::claim::{self, Billed};
use super::confidence::{self, Features};
use super::{
    Alternative, Analysis, AxisValue, Checklist, DocumentView, Evidence, Options, Rationale, Reason, Rejected, StudyView, Suggestion,
    attributes, circumstances, complete, headless, queries, settle, sides, supplies,
};
use crate::code::complete::Checked;
use crate::code::family::{Candidate, accepts_values, best_single, choose, counts_views, holds, is_in, row};
use crate::code::rules::{self, Coded};
use crate::code::study::{Study, fuse, is_mixed, settle_contrast};
use crate::code::views;
use crate::lexicon::model::{
    AxisId, AxisKind, ConceptId, Counts, CueId, Family, FamilyId, Means, Reach, RegionId, Row, SectionKind, Values,
};
use crate::lexicon::{EditTables, Lexicon};
use crate::read::contrast::{Note, notes};
use crate::read::exam::{Exams, Source, exams};
use crate::read::gate::{Admission, admit};
use crate::read::section::{Part, parts, region_headings};
use crate::read::statement::{Atom, Facet, Proof};
use crate::read::text::{Mention, Text};
use crate::read::title::candidate;
use crate::text::Span;

/// A report with all that was read from it.
pub(super) struct Reading<'a> {
    pub(super) text: Text<'a>,
    pub(super) parts: Vec<Part>,
    pub(super) exams: Exams,
    pub(super) notes: Vec<Note>,
    pub(super) admission: Admission,
}

impl Reading<'_> {
    /// The part that a folded span stands in, with its heading.
    pub(super) fn part_of(&self, span: Span) -> Option<&Part> {
        // parts end one behind the other
        let from = self.parts.partition_point(|p| p.body.end < span.end);
        self.parts[from..].iter().take_while(|p| p.head.start <= span.start || p.body.start <= span.start).find(|p| {
            let Part { head, body, .. } = p;
            body.contains(span) || head.contains(span)
        })
    }
}

pub(super) fn analyze(lexicon: &Lexicon, edits: &EditTables, source: &str, options: &Options) -> Analysis {
    let (day, code_set, beyond) = code_set(lexicon, options.date_of_service);
    let mut text = Text::new(lexicon, source);
    let parts = parts(&text);
    text.keep_sentences(&parts);
    let exams = exams(&text, &parts, day);
    let notes = notes(&text, &parts, &exams);
    let admission = admit(&text, &parts, &exams);
    let r = Reading { text, parts, exams, notes, admission };

    let mut headings = region_headings(&r.text, &r.parts);
    let mut studies = fuse(lexicon, &r.exams, &headings, day);
    // a report whose statements lead to no family is read from its findings
    let headless = !r.exams.charge_line && !studies.iter().any(|s| s.region.is_some()) && code(&r, &studies, day).0.is_empty();
    if headless && r.admission.admitted {
        headless::complete(&r, &mut studies);
    }
    let named = studies.len();
    let mut omitted: Vec<Study> = Vec::new();
    if named > 1 {
        omitted = studies.extract_if(.., |s| left_out(&r, s)).collect();
    }
    omitted.extend(denied_methods(&r, &mut studies));
    omitted.extend(attributes::read(&r, &mut studies));
    sides::read(&r, &mut studies, day);
    let alone = studies.len() == 1;
    // headings that name the regions of an exam of this report; those of organs and of other parts are passed over
    let related = |x: RegionId| studies.iter().any(|s| s.region.is_some_and(|r| is_in(lexicon, r, x) || is_in(lexicon, x, r)));
    headings.retain(|h| !alone && h.regions.iter().any(related));
    let scopes: Vec<Span> = studies.iter().flat_map(|s| s.scopes.iter().copied()).collect();
    let mixed = is_mixed(lexicon, &studies);
    split_sides(lexicon, &mut studies, day);
    for s in &mut studies {
        views::settle(lexicon, s, r.exams.denied_projections);
        let modality = s.values.get(lexicon.known.modality) | s.implied.get(lexicon.known.modality);
        if lexicon.tells(lexicon.known.contrast, modality) {
            settle_contrast(lexicon, s, &r.notes, &headings, &scopes, alone, mixed);
        } else {
            s.proofs.retain(|p| p.facet != Facet::Axis(lexicon.known.contrast));
        }
    }
    let (mut coded, loose) = code(&r, &studies, day);
    own_findings(&r, &mut coded);
    rules::apply(lexicon, &mut coded, day, &lexicon.settings(&options.policy));

    let mut rejected = Vec::new();
    let mut suggestions = Vec::new();
    let mut features = Features::of(&r, &studies, &coded, headless, loose.len());
    let undone = undone(&r);
    for c in &coded {
        if undone {
            rejected.push(reject_coded(&r, c, Reason::NotPerformed, None));
        } else if !r.exams.charge_line && needs_coder(lexicon, c) {
            let kind = lexicon.documents.iter().find(|d| d.asks.as_deref() == Some(queries::INTERVENTIONAL));
            rejected.push(reject_coded(&r, c, Reason::Document, kind.map(|k| k.reason.to_string())));
        } else if !r.admission.admitted && !let_through(&r, c) {
            rejected.push(reject_coded(
                &r,
                c,
                Reason::Document,
                r.admission.kind.map(|k| lexicon.documents[k.0 as usize].reason.to_string()),
            ));
        } else if let Some((rule, winner)) = &c.taken {
            let message = format!("inside {winner}: {} ({})", lexicon.rules[*rule].message, lexicon.rules[*rule].source);
            rejected.push(reject_coded(&r, c, Reason::Bundled, Some(message)));
        } else {
            let confidence = confidence::of_code(&features, c);
            suggest(&r, c, confidence, options, day, &mut suggestions);
        }
    }
    for s in &loose {
        let reason =
            if lexicon.is_built(&s.values) || s.values.get(lexicon.known.modality) == 0 { Reason::NoCode } else { Reason::NotBuilt };
        if s.values.get(lexicon.known.modality) | s.implied.get(lexicon.known.modality) != 0 {
            rejected.push(reject_study(&r, s, reason));
        }
    }
    for s in &omitted {
        rejected.push(reject_study(&r, s, Reason::NotPerformed));
    }
    if !r.admission.admitted {
        const MOST: usize = 512;
        // every exam that such a text names, also those that no study came of
        for e in &r.exams.ours {
            if rejected.len() >= MOST {
                break;
            }
            for a in e.atoms.iter().filter(|a| a.region.is_some() && a.values.get(lexicon.known.modality) & lexicon.edition.built != 0) {
                let mut s = Study::found(e.source);
                (s.region, s.values, s.proofs) = (a.region, a.values, a.proofs.clone());
                let x = reject_study(&r, &s, Reason::Document);
                if !rejected.iter().any(|y| y.reason == x.reason && y.evidence.first() == x.evidence.first()) {
                    rejected.push(x);
                }
            }
        }
    }
    others(&r, &studies, day, &mut rejected);
    let mut queries = queries::raise(&r, &studies, &coded, &omitted, beyond);
    features.queries = queries.len();
    let status = queries::of_record(&r, options, &mut queries);
    let supplies = if suggestions.is_empty() || r.exams.charge_line { Vec::new() } else { supplies::lines(&r, day) };
    queries::of_supplies(lexicon, &supplies, &mut queries);
    suggestions.sort_by(|a, b| first(&a.evidence).cmp(&first(&b.evidence)).then_with(|| a.code.cmp(&b.code)));
    let told = if r.admission.admitted { circumstances::read(&r) } else { Vec::new() };
    let mut analysis = Analysis {
        confidence: 0.0,
        code_set,
        status,
        document: document(&r),
        suggestions,
        rejected,
        supplies,
        queries,
        policy: options.policy.clone(),
        claim: claim::empty(day),
        told,
        time: circumstances::time(&r),
    };
    let (claim, billed) = claim::build(lexicon, edits, &options.policy, day, &[&analysis]);
    settle::settle(lexicon, &mut analysis, claim, billed);
    analysis.confidence = confidence::of_answer(&features, &analysis.suggestions);
    analysis
}

/// Studies of both sides whose views differ are two, where the code is billed once a side.
fn split_sides(lexicon: &Lexicon, studies: &mut Vec<Study>, day: Date) {
    let per_side = |s: &Study| {
        let atom = Atom { region: s.region, values: s.values, implied: s.implied, ..Atom::default() };
        best_single(lexicon, &candidate(lexicon, &atom), day).is_some_and(|f| lexicon.family(f).per_side)
    };
    let list = std::mem::take(studies);
    for s in list {
        match views::split_sides(lexicon, &s).filter(|_| per_side(&s)) {
            Some(parts) => studies.extend(parts),
            None => studies.push(s),
        }
    }
}

/// Whether a study is of a modality that this edition only names: catheter angiography.
pub(super) fn needs_coder(lexicon: &Lexicon, c: &Coded) -> bool {
    let modality = c.study.values.get(lexicon.known.modality);
    modality != 0 && modality & lexicon.edition.built == 0
}

/// Whether a text that supports no codes lets this one through: imaging that is billed beside the procedure, and that
/// the text says was done.
fn let_through(r: &Reading<'_>, c: &Coded) -> bool {
    let kind = r.admission.kind.map(|k| &r.text.lexicon.documents[k.0 as usize]);
    kind.is_some_and(|k| k.lets.contains(&c.family)) && c.study.source <= Source::Order
}

fn first(evidence: &[Evidence]) -> u32 {
    evidence.iter().map(|e| e.span.start).min().unwrap_or(u32::MAX)
}

/// The day to code for, the start of the set in force on it, and whether the day lies beyond the edition.
fn code_set(lexicon: &Lexicon, day: Option<Date>) -> (Date, Date, bool) {
    let wanted = day.unwrap_or(lexicon.edition.default_date);
    let last = Date::constant(lexicon.edition.default_date.year(), 12, 31);
    let day = wanted.min(last);
    let began = lexicon.code_sets.partition_point(|d| *d <= day).checked_sub(1).map(|i| lexicon.code_sets[i]);
    let start = began.into_iter().fold(Date::constant(day.year(), 1, 1), Date::max);
    (day, start, wanted > last)
}

/// Whether the text says that the region of one of several exams was not imaged ("The lumbar segment was not imaged").
fn left_out(r: &Reading<'_>, s: &Study) -> bool {
    use SectionKind as K;
    let lexicon = r.text.lexicon;
    let Some(region) = s.region else { return false };
    if s.source == Source::Performed {
        return false;
    }
    let (mut mentions, mut cues) = (Vec::new(), Vec::new());
    r.parts.iter().filter(|p| matches!(p.kind, K::Technique | K::Body | K::Findings)).flat_map(|p| r.text.sentences(p.body)).any(
        |sentence| {
            r.text.cues(sentence, &mut cues);
            cues.retain(|(_, c)| lexicon.cue(*c).means == Means::NotPerformed);
            if cues.is_empty() {
                return false;
            }
            r.text.mentions(sentence, true, &mut mentions);
            let named = |m: &Mention| {
                lexicon.concept(m.concept).regions.contains(region)
                    || lexicon.concept(m.concept).region.is_some_and(|x| is_in(lexicon, x, region))
            };
            let others = mentions.iter().filter(|m| !lexicon.concept(m.concept).regions.is_empty()).count();
            // near the cue and the only region of the sentence
            let reaches = |m: &Mention, c: Span, reach: Reach| {
                (reach != Reach::After && c.start >= m.span.end && c.start - m.span.end < 24)
                    || (reach != Reach::Before && m.span.start >= c.end && m.span.start - c.end < 12)
            };
            others == 1 && mentions.iter().any(|m| named(m) && cues.iter().any(|(c, id)| reaches(m, *c, lexicon.cue(*id).reach)))
        },
    )
}

/// The method of a title that the description of the technique denies ("No angiographic sequence was run"): the study
/// goes on without it, and what the title named is not performed.
fn denied_methods(r: &Reading<'_>, studies: &mut [Study]) -> Vec<Study> {
    use SectionKind as K;
    const NEAR: u32 = 2; // bytes between the denial and the method
    let lexicon = r.text.lexicon;
    let method = lexicon.known.method;
    let (mut mentions, mut cues, mut out) = (Vec::new(), Vec::new(), Vec::new());
    if r.exams.charge_line || studies.iter().all(|s| s.values.get(method) == 0) {
        return out;
    }
    for part in r.parts.iter().filter(|p| matches!(p.kind, K::Technique | K::Body)) {
        for sentence in r.text.sentences(part.body) {
            r.text.mentions(sentence, false, &mut mentions);
            r.text.cues(sentence, &mut cues);
            for m in &mentions {
                let bits = lexicon.concept(m.concept).sets.get(method);
                let denied = |(at, cue): &(Span, CueId)| {
                    let cue = lexicon.cue(*cue);
                    cue.means == Means::Negated && cue.reach == Reach::After && at.end <= m.span.start && m.span.start - at.end < NEAR
                };
                let elsewhere = mentions.iter().any(|o| !lexicon.concept(o.concept).regions.is_empty());
                if bits == 0 || elsewhere || !cues.iter().any(denied) {
                    continue;
                }
                for s in studies.iter_mut().filter(|s| s.values.get(method) == bits && s.source <= Source::Title) {
                    let mut named = s.clone();
                    named.proofs.push(Proof { facet: Facet::Axis(method), span: m.span, concept: Some(m.concept) });
                    out.push(named);
                    s.values.set(method, 0);
                    s.proofs.retain(|p| p.facet != Facet::Axis(method));
                    s.conflict = true;
                }
            }
        }
    }
    out
}

/// Whether the text says that nothing came of the exam: a cue of that meaning outside the sections on other exams, in
/// a text that is too short to hold findings of its own.
fn undone(r: &Reading<'_>) -> bool {
    use SectionKind as K;
    const FINDINGS: usize = 90; // words of findings and impression from which on an exam was read
    let cued = r
        .parts
        .iter()
        .filter(|p| matches!(p.kind, K::Title | K::Technique | K::Body | K::Findings | K::Impression | K::Other | K::Addendum))
        .any(|p| r.text.judgements(p.body).iter().any(|(_, c)| r.text.lexicon.cue(*c).means == Means::Undone));
    let told = r.parts.iter().filter(|p| matches!(p.kind, K::Findings | K::Impression));
    cued && told.flat_map(|p| r.text.slice(p.body).split_whitespace()).take(FINDINGS).count() < FINDINGS
}

/// Families and rows for all studies, and the studies that none takes.
fn code(r: &Reading<'_>, studies: &[Study], day: Date) -> (Vec<Coded>, Vec<Study>) {
    let lexicon = r.text.lexicon;
    let known = &lexicon.known;
    let candidates: Vec<Candidate> = studies
        .iter()
        .map(|s| {
            let atom = Atom { region: s.region, values: s.values, implied: s.implied, ..Atom::default() };
            candidate(lexicon, &atom)
        })
        .collect();
    let choices = choose(lexicon, &candidates, day);
    let mut used = vec![false; studies.len()];
    let mut out = Vec::new();
    for choice in &choices {
        let mut study = studies[choice.members[0]].clone();
        let mut seen: FxHashSet<Proof> = study.proofs.iter().copied().collect();
        study.values = candidates[choice.members[0]].values;
        let mut regions: Vec<RegionId> = Vec::new();
        for &i in &choice.members {
            used[i] = true;
            let s = &studies[i];
            regions.extend(s.region.filter(|r| !regions.contains(r)));
            study.values.add(known.contrast, s.values.get(known.contrast));
            study.values.add(known.side, s.values.get(known.side));
            for (axis, bits) in s.values.iter().filter(|(axis, _)| lexicon.axis(*axis).kind == AxisKind::Flags) {
                study.values.add(axis, bits);
            }
            study.values.add(known.route, s.values.get(known.route));
            study.conflict |= s.conflict;
            study.contrast_assumed |= s.contrast_assumed;
            study.withheld |= s.withheld;
            for scope in &s.scopes {
                if !study.scopes.contains(scope) {
                    study.scopes.push(*scope);
                }
            }
            study.source = study.source.min(s.source);
            study.unexplained = study.unexplained.max(s.unexplained);
            study.proofs.extend(s.proofs.iter().filter(|p| seen.insert(**p)));
        }
        let family = lexicon.family(choice.family);
        let both = study.values.get(known.side).count_ones() > 1;
        if let Some(views) = known.views.filter(|_| both && !family.per_side && study.both_views.0 != 0) {
            study.values.set(views, study.both_views.0);
        }
        if let Some(views) = known.views
            && choice.members.len() > 1
            && counts_views(lexicon, family)
        {
            join_views(&mut study, views, &choice.members.iter().map(|&i| &studies[i]).collect::<Vec<_>>());
        }
        let other = complete::settle(r, choice.family, &mut study);
        for study in std::iter::once(study).chain(other) {
            code_study(lexicon, choice.family, study, &regions, day, &mut out);
        }
    }
    companions(lexicon, &mut out, day);
    let loose = studies.iter().zip(&used).filter(|(_, u)| !**u).map(|(s, _)| s.clone()).collect();
    (out, loose)
}

/// The codes that come beside any study that has what they want: a rendering in three dimensions.
fn companions(lexicon: &Lexicon, coded: &mut Vec<Coded>, day: Date) {
    for (i, f) in lexicon.families.iter().enumerate().filter(|(_, f)| f.companion && f.in_force(day)) {
        let host = |c: &&Coded| accepts_values(lexicon, f, &c.study.values, false);
        let found = coded.iter().find(host).and_then(|c| row(lexicon, f, &c.study.values).map(|(r, defaults)| (c.clone(), r, defaults)));
        if let Some((host, row, defaults)) = found {
            coded.push(Coded { family: FamilyId(i as u16), code: row.code.clone(), units: 1, defaults, ..host });
        }
    }
}

/// The codes of one study: its family's row, what the family adds, and what it brings along.
fn code_study(lexicon: &Lexicon, id: FamilyId, mut study: Study, regions: &[RegionId], day: Date, out: &mut Vec<Coded>) {
    let family = lexicon.family(id);
    let Some((chosen, defaults)) = row(lexicon, family, &study.values) else { return };
    study.conflict |= views_differ(lexicon, family, &study, &chosen.code);
    let make = |family: FamilyId, row: &Row, defaults: Vec<AxisId>| Coded {
        family,
        code: row.code.clone(),
        units: units(lexicon, family, row, &study),
        study: study.clone(),
        regions: regions.to_vec(),
        defaults,
        taken: None,
        changed: None,
        own_findings: false,
    };
    // what was taken for granted counts for what comes beside too
    let mut settled = study.values;
    for (axis, bits) in family.assume.iter().filter(|(axis, _)| defaults.contains(axis)) {
        settled.set(axis, bits);
    }
    out.push(make(id, chosen, defaults));
    let meets = |wanted: &Values, have: &Values| wanted.iter().all(|(axis, bits)| holds(lexicon, axis, bits, have.get(axis)));
    for add in family.adds.iter().filter(|a| meets(&a.values, &settled)) {
        if lexicon.code(&add.code).is_some_and(|c| c.in_force(day)) {
            out.push(make(id, add, Vec::new()));
        }
    }
    // a charge line bills one thing
    let report = lexicon.known.register.is_none_or(|r| study.values.get(r.axis) != r.charge_line);
    for &brought in family.brings.iter().filter(|_| report) {
        let other = lexicon.family(brought);
        let wanted = row(lexicon, other, &study.values).filter(|_| meets(&other.when, &study.values) && other.in_force(day));
        if let Some((row, defaults)) = wanted {
            out.push(make(brought, row, defaults));
        }
    }
}

/// How many of what a family or a row counts by, sides apart.
fn units(lexicon: &Lexicon, family: FamilyId, row: &Row, study: &Study) -> u32 {
    let told = |axis: AxisId| Some(Counts(study.values.get(axis))).filter(|c| c.0 != 0).map_or(1, Counts::decisive);
    match (row.each_further, lexicon.family(family).each) {
        (Some(axis), _) => told(axis).saturating_sub(1),
        (None, each) => each.map_or(1, told),
    }
    .max(1)
}

/// Whether the title's number of views leads to another code than the views that were made.
pub(super) fn views_differ(lexicon: &Lexicon, family: &Family, study: &Study, code: &str) -> bool {
    let Some(axis) = lexicon.known.views.filter(|_| study.title_views.0 != 0 && study.done_views.0 != 0) else { return false };
    let mut values = study.values;
    values.set(axis, study.title_views.0);
    counts_views(lexicon, family) && row(lexicon, family, &values).is_some_and(|(r, _)| *r.code != *code)
}

/// The views of parts that one code joins: added, where each part has its own; a number told for several is the total,
/// and a list told for several counts once.
fn join_views(joined: &mut Study, axis: AxisId, members: &[&Study]) {
    let (mut sum, mut lists, mut total, mut told) = (0, Vec::new(), None::<Counts>, Counts(0));
    for s in members {
        let counts = if s.both_views.0 == 0 { Counts(s.values.get(axis)) } else { s.both_views };
        let shared = |at: Span| members.iter().filter(|m| m.views.iter().any(|t| t.number_at == Some(at))).count() > 1;
        let words: Vec<Span> = s.views.iter().map(|t| t.span).collect();
        if counts.0 == 0 || (!words.is_empty() && lists.contains(&words)) {
            continue;
        }
        if s.views_at.is_some_and(shared) {
            total = Some(counts);
            continue;
        }
        lists.push(words);
        (sum, told) = (sum + counts.decisive(), counts);
    }
    let value = match (total, lists.len()) {
        (Some(all), _) if all.decisive() >= sum => all,
        (None, 0) => return,
        (_, 1) => told,
        _ => Counts::new(Some(sum), sum),
    };
    joined.values.set(axis, value.0);
}

/// Whether a study has text of its own under a heading of its own.
fn own_findings(r: &Reading<'_>, coded: &mut [Coded]) {
    for c in coded.iter_mut() {
        // a heading in the technique tells how it was made, not what was seen
        let section = |at: u32| r.parts.iter().rev().find(|p| p.body.start <= at && p.entry.is_some()).map(|p| p.kind);
        let seen = |s: &Span| {
            !matches!(section(s.start), Some(SectionKind::Technique | SectionKind::Contrast))
                && r.text.slice(*s).split_whitespace().nth(1).is_some()
        };
        c.own_findings = c.study.scopes.iter().any(seen);
    }
}

fn suggest(r: &Reading<'_>, c: &Coded, confidence: f64, options: &Options, day: Date, out: &mut Vec<Suggestion>) {
    let lexicon = r.text.lexicon;
    let family = lexicon.family(c.family);
    let known = &lexicon.known;
    let mut proofs = c.study.proofs.clone();
    proofs.sort_by_key(|p| (p.span.start, p.span.end, p.facet));
    let evidence = evidence(r, &proofs);
    let mut values = c.study.values;
    if let Some(register) = lexicon.known.register {
        values.set(register.axis, 0);
    }
    let mut defaults: Vec<(String, String)> =
        c.defaults.iter().map(|a| (lexicon.axis(*a).id.to_string(), names(lexicon, *a, family.assume.get(*a)).join("+"))).collect();
    if c.study.contrast_assumed && !defaults.iter().any(|(a, _)| a == "contrast") {
        defaults.push(("contrast".to_owned(), names(lexicon, known.contrast, known.pre).join("+")));
    }
    let proven = |role: &str| evidence.iter().any(|e| e.role == role);
    if values.get(known.modality) != 0 && !proven("modality") {
        defaults.push(("modality".to_owned(), names(lexicon, known.modality, values.get(known.modality)).join("+")));
    }
    if !c.regions.is_empty() && !proven("region") {
        defaults.push(("region".to_owned(), c.regions.iter().map(|x| lexicon.region(*x).id.to_string()).collect::<Vec<_>>().join("+")));
    }
    let sides = values.get(known.side).count_ones().max(1);
    let units = if family.per_side { sides } else { c.units };
    let mut row_values = values;
    for (axis, bits) in family.assume.iter() {
        if row_values.get(axis) == 0 {
            row_values.set(axis, bits);
        }
    }
    let rule = c.changed.map_or_else(|| family.id.to_string(), |i| lexicon.rules[i].id.to_string());
    let code = lexicon.code(&c.code);
    let suggestion = Suggestion {
        code: c.code.to_string(),
        system: code.map_or_else(|| "CPT".to_owned(), |k| k.system.to_string()),
        modifiers: Vec::new(),
        units,
        confidence,
        unsure: confidence < options.threshold,
        label: code_label(lexicon, c, &row_values),
        rule,
        study: view(lexicon, &values, &c.regions),
        evidence,
        defaults,
        alternatives: alternatives(lexicon, c, &row_values, day),
        checklist: c.study.checked.as_ref().map(|k| checklist(lexicon, k)),
        note: family.note.as_deref().map(str::to_owned),
        reasons: c.changed.map(|i| changed(lexicon, i)).into_iter().collect(),
        billed: Billed {
            family: c.family,
            code: c.code.clone(),
            told: values,
            values: row_values,
            regions: c.regions.clone(),
            ordered: c.study.title_contrast | c.study.order_contrast,
            refused: c.study.withheld,
            own_findings: c.own_findings,
            units,
            modifiers: Vec::new(),
            reasons: Vec::new(),
        },
    };
    match out.iter_mut().find(|s| {
        s.code == suggestion.code && s.study.iter().find(|(a, _)| a == "side") == suggestion.study.iter().find(|(a, _)| a == "side")
    }) {
        Some(twin) => {
            twin.evidence.extend(suggestion.evidence);
            twin.evidence.sort_by_key(|e| (e.span.start, e.span.end));
            let mut all: Vec<Evidence> = Vec::with_capacity(twin.evidence.len());
            for e in twin.evidence.drain(..) {
                if !all.iter().rev().take_while(|o| o.span == e.span).any(|o| *o == e) {
                    all.push(e);
                }
            }
            twin.evidence = all;
            twin.units = twin.units.max(1);
        }
        None => out.push(suggestion),
    }
}

/// The reason of a rule that gave a code.
fn changed(lexicon: &Lexicon, rule: usize) -> Rationale {
    let rule = &lexicon.rules[rule];
    Rationale { rule: rule.id.to_string(), message: rule.message.to_string(), source: rule.source.to_string(), evidence: Vec::new() }
}

/// The family's other codes, and what they would need.
fn alternatives(lexicon: &Lexicon, c: &Coded, values: &Values, day: Date) -> Vec<Alternative> {
    let mut out: Vec<Alternative> = Vec::new();
    let register = lexicon.known.register.map(|r| r.axis);
    let family = lexicon.family(c.family);
    let chosen = row(lexicon, family, values).map(|(r, _)| &r.code);
    // a code that the family added has those for neighbours that it adds; the code that it stands beside has the others
    let adds = |code: &str| family.adds.iter().any(|a| *a.code == *code);
    let added = adds(&c.code) && chosen.is_some_and(|code| *code != c.code);
    let beside = family.adds.iter().any(|a| a.values.iter().all(|(axis, bits)| holds(lexicon, axis, bits, values.get(axis))));
    let rows = if added { &family.adds } else { &family.rows };
    for r in rows.iter().filter(|r| added || !beside || !adds(&r.code)) {
        let elsewhere = register.is_some_and(|a| r.values.get(a) != 0 && r.values.get(a) != c.study.values.get(a));
        if elsewhere
            || r.code == c.code
            || out.iter().any(|a| *a.code == *r.code)
            || !lexicon.code(&r.code).is_some_and(|k| k.in_force(day))
        {
            continue;
        }
        let complete = lexicon.known.extent.is_some_and(|e| lexicon.axis(e).bit("complete").is_some_and(|b| r.values.get(e) == b));
        if let Some(checked) = c.study.checked.as_ref().filter(|k| complete && !k.missing.is_empty()) {
            let needs = format!("{} described, or why not", elements(lexicon, checked, &checked.missing));
            out.push(Alternative { code: r.code.to_string(), needs });
            continue;
        }
        let needs: Vec<String> = r
            .values
            .iter()
            .filter(|(axis, bits)| values.get(*axis) != *bits && Some(*axis) != register)
            .map(|(axis, bits)| lexicon.axis(axis).need(bits))
            .collect();
        if !needs.is_empty() {
            out.push(Alternative { code: r.code.to_string(), needs: needs.join("; ") });
        }
    }
    out
}

/// Names of elements of a checklist, with commas.
pub(super) fn elements(lexicon: &Lexicon, checked: &Checked, list: &[u8]) -> String {
    let all = &lexicon.checklists[checked.list.0 as usize].elements;
    list.iter().map(|e| &*all[*e as usize]).collect::<Vec<_>>().join(", ")
}

fn checklist(lexicon: &Lexicon, checked: &Checked) -> Checklist {
    let list = &lexicon.checklists[checked.list.0 as usize];
    let name = |e: u8| list.elements[e as usize].to_string();
    Checklist {
        id: list.id.to_string(),
        label: list.label.to_string(),
        judged: checked.judged,
        described: checked.addressed.iter().filter(|(e, _)| !checked.missing.contains(e)).map(|(e, _)| name(*e)).collect(),
        missing: checked.missing.iter().map(|e| name(*e)).collect(),
    }
}

fn code_label(lexicon: &Lexicon, c: &Coded, values: &Values) -> String {
    let family = lexicon.family(c.family);
    let mut label = family.label.to_string();
    for (axis, bits) in values.iter().filter(|(axis, _)| lexicon.axis(*axis).kind != AxisKind::Flags) {
        let tells = family.rows.iter().any(|r| r.values.get(axis) != 0) || axis == lexicon.known.side;
        let words = if tells { lexicon.axis(axis).label(bits) } else { String::new() };
        if !words.is_empty() {
            label.push_str(", ");
            label.push_str(&words);
        }
    }
    label
}

/// An exam in our own words: modality, method, regions, contrast.
pub(super) fn label(lexicon: &Lexicon, values: &Values, regions: &[RegionId]) -> String {
    let known = &lexicon.known;
    let mut out: Vec<String> = Vec::new();
    let head = [known.modality, known.method]
        .into_iter()
        .map(|a| lexicon.axis(a).label(values.get(a)))
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    if !head.is_empty() {
        out.push(head);
    }
    out.extend(regions.iter().map(|r| lexicon.region(*r).label.to_string()));
    for axis in [known.side, known.contrast] {
        let words = lexicon.axis(axis).label(values.get(axis));
        if !words.is_empty() {
            out.push(words);
        }
    }
    out.join(", ")
}

fn names(lexicon: &Lexicon, axis: AxisId, bits: u64) -> Vec<String> {
    lexicon.axis(axis).names(bits)
}

pub(super) fn view(lexicon: &Lexicon, values: &Values, regions: &[RegionId]) -> StudyView {
    let mut out = Vec::new();
    for (i, axis) in lexicon.axes.iter().enumerate() {
        let bits = values.get(AxisId(i as u8));
        if bits != 0 && &*axis.id != "register" {
            let mut words = names(lexicon, AxisId(i as u8), bits);
            let value = match axis.kind {
                AxisKind::Enum | AxisKind::Count => AxisValue::One(words.swap_remove(0)),
                AxisKind::Set | AxisKind::Flags => AxisValue::Many(words),
            };
            out.push((axis.id.to_string(), value));
        }
        if i == 0 && !regions.is_empty() {
            out.push(("region".to_owned(), AxisValue::Many(regions.iter().map(|r| lexicon.region(*r).id.to_string()).collect())));
        }
    }
    out
}

pub(super) fn evidence(r: &Reading<'_>, proofs: &[Proof]) -> Vec<Evidence> {
    let mut seen: FxHashSet<(&str, Span, Option<ConceptId>)> = FxHashSet::default();
    let mut out: Vec<Evidence> = Vec::with_capacity(proofs.len());
    for p in proofs {
        let role = match p.facet {
            Facet::Exam => "exam",
            Facet::Region => "region",
            // projections are named for their number
            Facet::Axis(a) if Some(a) == r.text.lexicon.known.projections => "views",
            Facet::Axis(a) => &r.text.lexicon.axis(a).id,
        };
        let span = r.text.to_source(p.span);
        if !span.is_empty() && seen.insert((role, span, p.concept)) {
            out.push(Evidence {
                role: role.to_owned(),
                span,
                section: section(r, p.span),
                concept: p.concept.map(|c| r.text.lexicon.concept(c).id.to_string()),
            });
        }
    }
    out
}

/// The section that a folded span stands in.
pub(super) fn section(r: &Reading<'_>, span: Span) -> String {
    let part = r.part_of(span);
    part.and_then(|p| p.entry).map_or_else(|| "body".to_owned(), |id| r.text.lexicon.section(id).id.to_string())
}

fn reject_study(r: &Reading<'_>, s: &Study, reason: Reason) -> Rejected {
    let lexicon = r.text.lexicon;
    Rejected {
        code: None,
        label: label(lexicon, &s.values, s.region.as_slice()),
        study: view(lexicon, &s.values, s.region.as_slice()),
        reason,
        message: reason.message().to_owned(),
        evidence: evidence(r, &s.proofs),
    }
}

fn reject_coded(r: &Reading<'_>, c: &Coded, reason: Reason, message: Option<String>) -> Rejected {
    let lexicon = r.text.lexicon;
    Rejected {
        code: Some(c.code.to_string()),
        label: code_label(lexicon, c, &c.study.values),
        study: view(lexicon, &c.study.values, &c.regions),
        reason,
        message: message.unwrap_or_else(|| reason.message().to_owned()),
        evidence: evidence(r, &c.study.proofs),
    }
}

/// Exams that findings or impression name without a word on when, and that no study of this report is: advice where
/// the impression names them, an earlier exam elsewhere.
fn unclaimed<'a>(r: &'a Reading<'_>, studies: &[Study]) -> Vec<(&'a [Atom], Reason, Span)> {
    let lexicon = r.text.lexicon;
    let m = lexicon.known.modality;
    if studies.iter().all(|s| s.source == Source::Findings) {
        return Vec::new();
    }
    let claimed = |a: &Atom| {
        studies.iter().any(|s| {
            let place = match (s.region, a.region) {
                (Some(x), Some(y)) => is_in(lexicon, x, y) || is_in(lexicon, y, x),
                _ => true,
            };
            place && (s.values.get(m) | s.implied.get(m)) & a.values.get(m) != 0
        })
    };
    let mut out = Vec::new();
    for e in r.exams.ours.iter().filter(|e| e.source == Source::Findings) {
        for (i, a) in e.atoms.iter().enumerate() {
            if a.values.get(m) != 0 && a.region.is_some() && !claimed(a) {
                let part = r.part_of(e.span).filter(|p| p.body.contains(e.span));
                let reason =
                    if part.is_some_and(|p| p.kind == SectionKind::Impression) { Reason::Recommendation } else { Reason::Comparison };
                out.push((&e.atoms[i..=i], reason, a.span));
            }
        }
    }
    out
}

/// Exams that are named and are not this one.
fn others(r: &Reading<'_>, studies: &[Study], day: Date, out: &mut Vec<Rejected>) {
    let lexicon = r.text.lexicon;
    let unclaimed = unclaimed(r, studies);
    for (atoms, reason, span) in r.exams.others.iter().map(|o| (o.atoms.as_slice(), o.reason, o.span)).chain(unclaimed) {
        for a in atoms {
            let c = candidate(lexicon, a);
            if a.region.is_none() && c.values.get(lexicon.known.method) == 0 && c.values.get(lexicon.known.modality) == 0 {
                continue;
            }
            let regions: Vec<RegionId> = a.region.into_iter().collect();
            let contrast = a.values.get(lexicon.known.contrast) != 0;
            let certain = best_single(lexicon, &c, day)
                .map(|f| lexicon.family(f))
                .filter(|f| contrast || f.rows.len() == 1)
                .and_then(|f| row(lexicon, f, &c.values))
                .map(|(row, _)| row.code.to_string());
            let proof = Proof { facet: Facet::Exam, span, concept: None };
            let rejected = Rejected {
                code: certain,
                label: label(lexicon, &c.values, &regions),
                study: view(lexicon, &c.values, &regions),
                reason,
                message: reason.message().to_owned(),
                evidence: evidence(r, &[proof]),
            };
            if !out.iter().any(|x| x.label == rejected.label && x.reason == rejected.reason) {
                out.push(rejected);
            }
        }
    }
}

fn document(r: &Reading<'_>) -> DocumentView {
    let lexicon = r.text.lexicon;
    let kind = r.admission.kind.map(|k| &lexicon.documents[k.0 as usize]);
    let (id, words) = match kind {
        Some(k) => (k.id.to_string(), k.label.to_string()),
        None if r.text.text().trim().is_empty() => ("empty".to_owned(), "no text".to_owned()),
        None if r.exams.charge_line => ("charge_line".to_owned(), "charge line".to_owned()),
        None => ("unknown".to_owned(), "text".to_owned()),
    };
    DocumentView {
        kind: id,
        label: words,
        admitted: r.admission.admitted,
        reason: if r.admission.admitted { None } else { kind.map(|k| k.reason.to_string()) },
        evidence: r
            .admission
            .signs
            .iter()
            .map(|s| Evidence { role: "document".to_owned(), span: r.text.to_source(*s), section: section(r, *s), concept: None })
            .collect(),
    }
}
