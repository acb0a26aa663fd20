//! Fuses the exam statements of a report into studies: one exam named three times is one study with evidence from each.

use jiff::civil::Date;

use crate::code::complete::Checked;
use crate::code::family::{best_single, is_in};
use crate::code::views::{self, Told};
use crate::lexicon::Lexicon;
use crate::lexicon::model::{AxisId, AxisKind, Counts, RegionId, Values};
use crate::read::context::Reason;
use crate::read::contrast::{Note, Strength};
use crate::read::exam::{Exams, Source, Statement};
use crate::read::section::RegionHeading;
use crate::read::statement::{Atom, Facet, Proof};
use crate::read::title::candidate;
use crate::text::Span;

/// One region imaged in one way, fused from all that speaks of it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, told apart in answers")]
pub(crate) struct Study {
    pub(crate) region: Option<RegionId>,
    pub(crate) region_named: bool,
    /// Whether its title names its modality in words of its own, not a neighbour's: "SPINE; THORACIC".
    pub(crate) modality_named: bool,
    pub(crate) values: Values,
    pub(crate) implied: Values,
    /// The best source that names it.
    pub(crate) source: Source,
    /// Contrast as each source has it.
    pub(crate) title_contrast: u64,
    pub(crate) performed_contrast: u64,
    pub(crate) order_contrast: u64,
    pub(crate) proofs: Vec<Proof>,
    /// Texts under headings of its own, folded.
    pub(crate) scopes: Vec<Span>,
    /// The report of its own that it stands in, of several in one text.
    pub(crate) report: Option<Span>,
    /// The statement that it stands in, to tell separate sentences of one session apart.
    pub(crate) unexplained: u16,
    pub(crate) repaired: u16,
    pub(crate) supplied: bool,
    /// How many statements name it.
    pub(crate) named: u8,
    pub(crate) sides: Vec<(u64, Source, Span)>,
    /// What statements say of views; settled: as the title has it, and as it was done.
    pub(crate) views: Vec<Told>,
    /// The words of the number that holds, where no list does.
    pub(crate) views_at: Option<Span>,
    pub(crate) title_views: Counts,
    pub(crate) done_views: Counts,
    /// The views of the left and of the right added, where both are told apart.
    pub(crate) both_views: Counts,
    pub(crate) conflict: bool,
    pub(crate) contrast_assumed: bool,
    pub(crate) withheld: bool,
    /// Its checklist held against the report, once its family is known.
    pub(crate) checked: Option<Checked>,
}

impl Study {
    /// Adds words that prove something of it, once; where so many do, more prove nothing new.
    pub(crate) fn prove(&mut self, proof: Proof) {
        const MOST: usize = 512;
        if self.proofs.len() < MOST && !self.proofs.contains(&proof) {
            self.proofs.push(proof);
        }
    }

    /// A study of which nothing is known but where it was found.
    pub(crate) fn found(source: Source) -> Self {
        Self {
            region: None,
            region_named: false,
            modality_named: false,
            values: Values::default(),
            implied: Values::default(),
            source,
            title_contrast: 0,
            performed_contrast: 0,
            order_contrast: 0,
            proofs: Vec::new(),
            scopes: Vec::new(),
            report: None,
            unexplained: 0,
            repaired: 0,
            supplied: false,
            named: 0,
            sides: Vec::new(),
            views: Vec::new(),
            views_at: None,
            title_views: Counts(0),
            done_views: Counts(0),
            both_views: Counts(0),
            conflict: false,
            contrast_assumed: false,
            withheld: false,
            checked: None,
        }
    }

    /// Whether what stands at a place may speak of this study: anything, unless the text holds several reports.
    pub(crate) fn is_told_at(&self, at: Span) -> bool {
        self.report.is_none_or(|r| r.contains(at))
    }
}

/// Fuses the statements of this report, the title's exams first.
pub(crate) fn fuse(lexicon: &Lexicon, exams: &Exams, headings: &[RegionHeading], day: Date) -> Vec<Study> {
    let mut studies: Vec<Study> = Vec::new();
    let modality = common_modality(lexicon, exams);
    // a title may leave the modality to the sentences behind it
    let leaves = |s: Source, a: &Atom| s == Source::Title && a.region.is_some() && modality != 0;
    // "WRIST ARTHROGRAM": a method by itself, in a title
    let named = |s: Source, a: &Atom| s == Source::Title && a.region_named && a.values.get(lexicon.known.method) != 0;
    let has =
        |s: Source| exams.ours.iter().any(|e| e.source == s && e.atoms.iter().any(|a| is_exam(lexicon, a) || leaves(s, a) || named(s, a)));
    let base = [Source::Title, Source::Performed, Source::Heading, Source::Order, Source::Findings].into_iter().find(|s| has(*s));
    let Some(base) = base else { return studies };
    let order = [base, Source::Title, Source::Heading, Source::Performed, Source::Order];
    let mut done: Vec<Source> = Vec::new();
    for source in order {
        if done.contains(&source) {
            continue;
        }
        done.push(source);
        for e in exams.ours.iter().filter(|e| e.source == source) {
            for atom in &e.atoms {
                if source == base || !spread_views(lexicon, &mut studies, atom, source, headings) {
                    add(lexicon, &mut studies, e, atom, source, &Frame { base, modality, day });
                }
            }
        }
    }
    if base == Source::Findings {
        return studies;
    }
    drop_frames(lexicon, &mut studies, day);
    drop_components(lexicon, &mut studies);
    studies.retain(|s| !undone(lexicon, s, exams));
    // a method told without a region ("Elastography: ...") is of the region that the title names
    if let Some(from) = studies.iter().find(|s| s.region.is_some()).cloned() {
        for s in studies.iter_mut().filter(|s| s.region.is_none() && s.source == Source::Performed) {
            s.region = from.region;
            // what guides a procedure is of the procedure that the title names
            if lexicon.has(&s.values, "method", "guidance") {
                for (axis, bits) in from.values.iter().filter(|(axis, _)| lexicon.axis(*axis).kind == AxisKind::Flags) {
                    s.values.add(axis, bits);
                }
                let flags = from.proofs.iter().filter(|p| matches!(p.facet, Facet::Axis(a) if lexicon.axis(a).kind == AxisKind::Flags));
                s.proofs.extend(flags);
            }
        }
    }
    studies
}

/// Views told without a region, where the title names several: they are of the regions whose heading they stand under,
/// else of all.
fn spread_views(lexicon: &Lexicon, studies: &mut [Study], atom: &Atom, source: Source, headings: &[RegionHeading]) -> bool {
    let several = studies.iter().any(|s| s.region != studies[0].region);
    let Some(told) = views::told(lexicon, atom, source).filter(|_| atom.region.is_none() && several) else { return false };
    let heading = headings.iter().rev().find(|h| h.body.contains(atom.span));
    let related = |r: RegionId, x: RegionId| is_in(lexicon, r, x) || is_in(lexicon, x, r);
    let mut found = false;
    for s in studies.iter_mut().filter(|s| compatible(lexicon, s, atom) && s.is_told_at(atom.span)) {
        if heading.is_some_and(|h| !s.region.is_some_and(|r| h.regions.iter().any(|x| related(r, x)))) {
            continue;
        }
        found = true;
        s.source = s.source.min(source);
        s.views.push(told.clone());
        for axis in [Some(lexicon.known.features), lexicon.known.projections].into_iter().flatten() {
            s.values.add(axis, atom.values.get(axis));
        }
        for p in &atom.proofs {
            s.prove(*p);
        }
    }
    found
}

/// Whether the body says that an exam of the title was not done.
fn undone(lexicon: &Lexicon, s: &Study, exams: &Exams) -> bool {
    use crate::lexicon::model::SectionKind as K;
    let m = lexicon.known.modality;
    s.source != Source::Performed
        && exams
            .others
            .iter()
            .filter(|o| o.reason == Reason::NotPerformed && matches!(o.kind, K::Technique | K::Body | K::Findings | K::Title))
            .any(|o| {
                o.atoms.iter().any(|a| {
                    // a region that words only suggest ("the endovaginal part was declined") names no exam
                    a.region_named
                        && a.region == s.region
                        && (a.values.get(m) | a.implied.get(m)) & (s.values.get(m) | s.implied.get(m)) != 0
                        && a.values.get(lexicon.known.method) == s.values.get(lexicon.known.method)
                })
            })
}

/// Whether an atom names an exam: a modality, or a method or protocol that implies one, on some region.
fn is_exam(lexicon: &Lexicon, a: &Atom) -> bool {
    let known = &lexicon.known;
    (a.values.get(known.modality) | a.implied.get(known.modality)) != 0
}

/// The one modality that the statements name, if it is one.
fn common_modality(lexicon: &Lexicon, exams: &Exams) -> u64 {
    let m = lexicon.known.modality;
    let named = |least: Source| {
        exams.ours.iter().filter(|e| e.source <= least).flat_map(|e| &e.atoms).map(|a| a.values.get(m)).fold(0, |a, b| a | b)
    };
    let implied = exams.ours.iter().flat_map(|e| &e.atoms).map(|a| a.implied.get(m)).fold(0, |a, b| a | b);
    // "views" alone suggests films; beside another suggestion it says nothing
    let films = lexicon.axis(m).bit("xr").unwrap_or(0);
    let implied = if implied == films { implied } else { implied & !films };
    // what the title names counts before what the text mentions, and that before what words only suggest
    [named(Source::Heading), named(Source::Findings), implied]
        .into_iter()
        .find(|all| *all != 0)
        .filter(|all| all.is_power_of_two())
        .unwrap_or(0)
}

/// What the statements of a report have in common.
struct Frame {
    /// The most trusted source that names an exam.
    base: Source,
    /// The one modality that they name, if it is one.
    modality: u64,
    day: Date,
}

fn add(lexicon: &Lexicon, studies: &mut Vec<Study>, e: &Statement, atom: &Atom, source: Source, frame: &Frame) {
    let &Frame { base, modality: common, day } = frame;
    let known = &lexicon.known;
    let mut atom = atom.clone();
    let own_modality = atom.values.get(known.modality) != 0;
    if !own_modality && atom.implied.get(known.modality) == 0 && common != 0 {
        atom.values.set(known.modality, common);
    }
    let word = |p: &Proof| p.concept.is_some_and(|c| lexicon.concept(c).sets.get(known.modality) != 0) && atom.span.contains(p.span);
    let modality_named = source == base && atom.proofs.iter().any(word);
    let counted = source == base && views::told(lexicon, &atom, source).is_some();
    let contrast = atom.values.get(known.contrast);
    // "Color and spectral Doppler." in a report names no exam of its own: it tells of those that are named
    let hinted = !own_modality && atom.values.get(known.method) == 0 && atom.region.is_some() && !atom.region_named;
    if hinted && atom.implied.get(known.modality) != 0 && flagged(lexicon, &atom.values) && !studies.is_empty() {
        for s in studies.iter_mut().filter(|s| s.is_told_at(e.span)) {
            for (axis, bits) in atom.values.iter().filter(|(axis, _)| lexicon.axis(*axis).kind == AxisKind::Flags) {
                s.values.add(axis, bits);
            }
            s.proofs.extend(atom.proofs.iter().filter(|p| matches!(p.facet, Facet::Axis(a) if atom.values.get(a) != 0)));
            // "Transvaginal: ..." goes on with what "Transabdominal: ..." began
            if source == Source::Heading && !s.scopes.is_empty() {
                s.scopes.push(e.scope);
            }
        }
        return;
    }
    let home = studies
        .iter_mut()
        .filter(|s| same_exam(lexicon, s, &atom, source == base && own_modality) && (e.apart || s.is_told_at(e.span)))
        .filter(|s| !((modality_named || (counted && !s.views.is_empty())) && are_two(lexicon, s, &atom, day)))
        .max_by_key(|s| {
            let side = atom.values.get(known.side);
            let sided = side == 0 || s.values.get(known.side) & side != 0;
            (s.region == atom.region, sided, s.values.get(known.method) == atom.values.get(known.method))
        });
    if let Some(s) = home {
        if e.apart && s.report != Some(e.scope) {
            s.report = None; // one exam in two reports
        }
        merge(lexicon, s, e, &atom, source, contrast);
        return;
    }
    // a study with a modality and no region takes the region of the first statement that has one
    if atom.region.is_some()
        && let Some(s) = studies.iter_mut().find(|s| s.region.is_none() && compatible(lexicon, s, &atom) && s.is_told_at(e.span))
    {
        s.region = atom.region;
        s.region_named = atom.region_named;
        merge(lexicon, s, e, &atom, source, contrast);
        return;
    }
    if source != base && !may_add(lexicon, studies, &atom, source, own_modality) {
        return;
    }
    let mut values = atom.values;
    values.set(known.contrast, 0);
    if let Some(views) = known.views {
        values.set(views, 0);
    }
    let mut s = Study {
        region: atom.region,
        region_named: atom.region_named,
        modality_named,
        values,
        implied: atom.implied,
        unexplained: e.unexplained,
        repaired: e.repaired,
        supplied: e.supplied,
        report: e.apart.then_some(e.scope),
        ..Study::found(source)
    };
    merge(lexicon, &mut s, e, &atom, source, contrast);
    studies.push(s);
}

/// Whether a statement that is not the title may add an exam to those that the title names.
fn may_add(lexicon: &Lexicon, studies: &[Study], atom: &Atom, source: Source, own_modality: bool) -> bool {
    let known = &lexicon.known;
    let m = atom.values.get(known.modality);
    let method = atom.values.get(known.method) != 0;
    // without a modality of its own it has to be of the same place: "Perfusion:" in a study of the heart is not the brain's
    let near = atom.region.is_none_or(|a| studies.iter().filter_map(|s| s.region).any(|r| is_in(lexicon, r, a) || is_in(lexicon, a, r)));
    // "AP pelvis." beside the hip of the title
    let listed = source == Source::Performed
        && atom.region_named
        && lexicon.has(&atom.values, "modality", "xr")
        && views::told(lexicon, atom, source).is_some();
    if !(own_modality || (method && near) || listed) {
        return false;
    }
    match source {
        Source::Heading | Source::Title => atom.region.is_some() || method,
        // a sentence of performance adds regions of the same kind of exam, or a method of its own
        Source::Performed => {
            // a CT of its own beside a PET/CT
            let apart = atom.region_named
                && lexicon.has(&atom.values, "purpose", "diagnostic")
                && studies.iter().any(|s| is_part(lexicon, m, s.values.get(known.modality)));
            if apart {
                return true;
            }
            if runs_on(lexicon, studies, atom) {
                return false;
            }
            (atom.region_named || (atom.region.is_none() && method))
                && (studies.iter().any(|s| s.values.get(known.modality) & m != 0) || lexicon.has(&atom.values, "method", "guidance"))
                && studies.iter().all(|s| s.values.get(known.method) == atom.values.get(known.method) || method)
        }
        _ => false,
    }
}

/// Whether a method of one exam only runs on to the region of another one in the same sentence, where the title tells
/// them apart: "CTA CHEST, CT ABDOMEN" above "CT angiogram with 3D images, then portal venous images of the abdomen".
fn runs_on(lexicon: &Lexicon, studies: &[Study], atom: &Atom) -> bool {
    const PHRASE: u32 = 32; // bytes within which a method and its region stand
    let (known, method) = (&lexicon.known, atom.values.get(lexicon.known.method));
    let at = |facet: Facet| atom.proofs.iter().filter(move |p| p.facet == facet).map(|p| p.span);
    let far = at(Facet::Axis(known.method)).all(|m| at(Facet::Region).all(|r| r.start > m.end + PHRASE));
    let of = |s: &Study| s.region.zip(atom.region).is_some_and(|(x, y)| is_in(lexicon, x, y) || is_in(lexicon, y, x));
    let mut own = studies.iter().filter(|s| of(s));
    let mut others = studies.iter().filter(|s| !of(s));
    method != 0 && far && own.any(|s| s.values.get(known.method) == 0) && others.any(|s| s.values.get(known.method) == method)
}

/// Whether a statement names another exam than a study whose region its own region meets: foot and heel, a screening and a
/// diagnostic mammogram, one breast completely and the other in part. Codes of their own are what tells them apart.
fn are_two(lexicon: &Lexicon, s: &Study, a: &Atom, day: Date) -> bool {
    let known = &lexicon.known;
    let differ = |axis: AxisId| s.values.get(axis) != 0 && a.values.get(axis) != 0 && s.values.get(axis) & a.values.get(axis) == 0;
    let same = s.region == a.region;
    if same && s.region.is_some() && differ(known.side) && known.extent.is_some_and(differ) {
        return true;
    }
    let told_apart = same && (0..lexicon.axes.len() as u8).map(AxisId).any(|axis| lexicon.axis(axis).apart && differ(axis));
    let family =
        |region, values, implied| best_single(lexicon, &candidate(lexicon, &Atom { region, values, implied, ..Atom::default() }), day);
    (told_apart || (!same && s.region_named && a.region_named))
        && family(s.region, s.values, s.implied).zip(family(a.region, a.values, a.implied)).is_some_and(|(f, g)| f != g)
}

/// Same modality and method, regions that are one or lie in one another. In one and the same source an exam with a
/// method ("MRA HEAD") and one without ("MRI BRAIN") are two.
fn same_exam(lexicon: &Lexicon, s: &Study, a: &Atom, strict: bool) -> bool {
    let known = &lexicon.known;
    let method = |v: &Values, i: &Values| if v.get(known.method) == 0 { i.get(known.method) } else { v.get(known.method) };
    let (have, new) = (method(&s.values, &s.implied), method(&a.values, &a.implied));
    if !compatible(lexicon, s, a) || (strict && have != new) || (have == 0 && new != 0) {
        return false;
    }
    // the frontal view of the pelvis is none of the hip's, though the hip lies in it: one code joins them
    let joined = |x: RegionId, y: RegionId| x != y && lexicon.families.iter().any(|f| f.all.contains(&x) && f.all.contains(&y));
    let views = lexicon.known.projections.is_some_and(|axis| a.values.get(axis) != 0);
    match (s.region, a.region) {
        (Some(x), Some(y)) if views && joined(x, y) => false,
        (Some(x), Some(y)) => is_in(lexicon, x, y) || is_in(lexicon, y, x),
        (_, None) => true,
        (None, Some(_)) => false,
    }
}

fn compatible(lexicon: &Lexicon, s: &Study, a: &Atom) -> bool {
    let known = &lexicon.known;
    let one = |v: &Values, i: &Values, axis| if v.get(axis) == 0 { i.get(axis) } else { v.get(axis) };
    let (sm, am) = (one(&s.values, &s.implied, known.modality), one(&a.values, &a.implied, known.modality));
    let (sk, ak) = (one(&s.values, &s.implied, known.method), one(&a.values, &a.implied, known.method));
    let modality = sm == 0 || am == 0 || sm & am != 0;
    // "CT of the chest was performed" in a report of a CT angiogram names the same exam
    modality && (sk == ak || ak == 0 || sk == 0)
}

fn merge(lexicon: &Lexicon, s: &mut Study, e: &Statement, atom: &Atom, source: Source, contrast: u64) {
    let known = &lexicon.known;
    if let (Some(have), Some(new)) = (s.region, atom.region)
        && have != new
        && is_in(lexicon, new, have)
        && atom.region_named
        && !lists_parts(lexicon, e, have)
        && source <= Source::Heading
    {
        s.region = Some(new); // the narrower name
    }
    if s.region.is_none() {
        s.region = atom.region;
    }
    for (axis, bits) in atom.values.iter() {
        if axis == known.contrast || axis == known.side || Some(axis) == known.views {
            continue;
        }
        if axis == known.route || lexicon.axis(axis).kind == AxisKind::Flags {
            s.values.add(axis, bits);
        } else if s.values.get(axis) == 0 && (axis != known.method || source <= Source::Heading) {
            s.values.set(axis, bits);
        }
    }
    for (axis, bits) in atom.implied.iter() {
        s.implied.add(axis, bits);
    }
    s.views.extend(views::told(lexicon, atom, source));
    let side = atom.values.get(known.side);
    if side != 0 {
        let span = atom.proofs.iter().find(|p| p.facet == Facet::Axis(known.side)).map_or(atom.span, |p| p.span);
        s.sides.push((side, source, span));
        let both_listed = matches!(source, Source::Performed | Source::Title)
            && views::told(lexicon, atom, source).is_some()
            && s.sides.iter().all(|(_, src, _)| *src == source);
        if s.values.get(known.side) == 0 || both_listed {
            s.values.add(known.side, side);
        }
    }
    match source {
        Source::Title | Source::Heading | Source::Findings => s.title_contrast |= contrast,
        Source::Performed => s.performed_contrast |= contrast,
        Source::Order => s.order_contrast |= contrast,
    }
    // "Transabdominal:" heads a part of an exam that has a heading, or none
    let heads = source == Source::Heading
        && (atom.region.is_none() || atom.region_named || atom.values.get(known.method) != 0 || !s.scopes.is_empty());
    if heads || e.apart || (source == Source::Title && e.scope.len() < e.span.len().max(1)) {
        s.scopes.push(e.scope);
    }
    s.source = s.source.min(source);
    s.named = s.named.saturating_add(1);
    for p in &atom.proofs {
        s.prove(*p);
    }
}

/// Whether a statement names several parts of a region: it tells what belongs to the exam, and is no narrower name.
fn lists_parts(lexicon: &Lexicon, e: &Statement, whole: RegionId) -> bool {
    e.source == Source::Performed && e.atoms.iter().filter(|a| a.region.is_some_and(|r| r != whole && is_in(lexicon, r, whole))).count() > 1
}

/// "SPINE" in one statement and "lumbar spine" in another: the wider one is the frame.
fn drop_frames(lexicon: &Lexicon, studies: &mut Vec<Study>, day: Date) {
    let known = &lexicon.known;
    let atom = |s: &Study| Atom { region: s.region, region_named: s.region_named, values: s.values, implied: s.implied, ..Atom::default() };
    let named = |s: &Study| (s.modality_named, !s.views.is_empty(), atom(s));
    let list: Vec<_> = studies.iter().map(|s| (s.region, s.values.get(known.modality), s.values.get(known.method), named(s))).collect();
    let mut i = 0;
    studies.retain(|s| {
        let me = i;
        i += 1;
        let Some(region) = s.region else {
            let whole = s.source <= Source::Title && lexicon.is_whole(s.values.get(known.modality));
            return list.len() == 1 || whole || lexicon.names_exam(&s.values);
        };
        !list.iter().enumerate().any(|(j, (r, m, k, (named, counted, other)))| {
            j != me
                && !((*named || (*counted && !s.views.is_empty())) && are_two(lexicon, s, other, day))
                && r.is_some_and(|r| r != region && lexicon.region(r).ancestors.contains(region))
                && *m == s.values.get(known.modality)
                && *k == s.values.get(known.method)
        })
    });
}

/// The CT of a PET/CT is no exam beside it, unless it is called diagnostic, was made with contrast, or the
/// title tells its contrast.
fn drop_components(lexicon: &Lexicon, studies: &mut Vec<Study>) {
    let known = &lexicon.known;
    let hybrids: Vec<(u64, Option<RegionId>)> = studies.iter().map(|s| (s.values.get(known.modality), s.region)).collect();
    let part_of = |m: u64, region: Option<RegionId>| {
        hybrids.iter().any(|(h, r)| {
            let same = *r == region || r.zip(region).is_some_and(|(a, b)| is_in(lexicon, a, b) || is_in(lexicon, b, a));
            is_part(lexicon, m, *h) && (same || r.is_none())
        })
    };
    studies.retain(|s| {
        let m = s.values.get(known.modality);
        let own = lexicon.has(&s.values, "purpose", "diagnostic")
            || (s.title_contrast | s.performed_contrast) & known.post != 0
            || s.values.get(known.method) != 0
            || (s.source == Source::Title && (s.title_contrast != 0 || !lexicon.has(&s.values, "modality", "ct")));
        m == 0 || own || !part_of(m, s.region)
    });
}

/// Whether a modality is part of another one: the CT of a PET/CT, or of a PET.
fn is_part(lexicon: &Lexicon, part: u64, hybrid: u64) -> bool {
    let mut ways = lexicon.axis(lexicon.known.modality).together.iter();
    part != hybrid && ways.any(|(whole, parts)| parts & part != 0 && (hybrid == *whole || parts & hybrid != 0))
}

/// Whether values tell of something that is there or not.
fn flagged(lexicon: &Lexicon, values: &Values) -> bool {
    values.iter().any(|(axis, _)| lexicon.axis(axis).kind == AxisKind::Flags)
}

/// Whether the title tells exams with contrast from exams without.
pub(crate) fn is_mixed(lexicon: &Lexicon, studies: &[Study]) -> bool {
    let (pre, post) = (lexicon.known.pre, lexicon.known.post);
    studies.iter().any(|s| s.title_contrast == pre) && studies.iter().any(|s| s.title_contrast & post != 0)
}

/// Settles contrast for one study from all that is said of it, most trusted first, and says how.
pub(crate) fn settle_contrast(
    lexicon: &Lexicon,
    s: &mut Study,
    notes: &[Note],
    headings: &[RegionHeading],
    scopes: &[Span],
    alone: bool,
    mixed: bool,
) {
    let known = &lexicon.known;
    let (pre, post) = (known.pre, known.post);
    let facet = Facet::Axis(known.contrast);
    let mut state = s.performed_contrast;
    let mut explicit_with = s.performed_contrast == post;
    let (mut agent, mut seen, mut withheld, mut no_pre) = (false, false, false, false);
    let mut withheld_elsewhere = false; // "no intravenous contrast" says nothing of a joint
    let mut local_route = s.values.get(known.route) & !iv(lexicon);
    let mut proofs: Vec<Proof> = Vec::new();
    for n in notes.iter().filter(|n| speaks_of(lexicon, n, s, headings, scopes, alone)) {
        match n.strength {
            Strength::State | Strength::Phase if !alone && s.title_contrast == pre && n.bits == post && n.regions.is_empty() => continue,
            Strength::State | Strength::Phase => {
                state |= n.bits;
                explicit_with |= n.strength == Strength::State && n.bits == post;
            }
            // where the title gives each exam its own state, an agent speaks for those that have it
            Strength::Agent if s.title_contrast == pre && (mixed || (!alone && n.regions.is_empty())) => continue,
            Strength::Agent => agent = true,
            Strength::Enhancement => {
                seen = true;
                continue;
            }
            Strength::Withheld if n.bits == post => no_pre = true,
            Strength::Withheld if n.venous => withheld_elsewhere = true,
            Strength::Withheld => withheld = true,
        }
        local_route |= n.route;
        proofs.push(Proof { facet, span: n.span, concept: Some(n.concept) });
    }
    let axis = lexicon.axis(known.contrast);
    let unsaid = modality(lexicon, s) & axis.both_in != 0;
    let local = local_route != 0;
    let title = s.title_contrast;
    let other_source = if title != 0 { title } else { s.order_contrast };
    // MR: the sequences before the agent go without saying; not for an angiogram, which is the enhanced run itself
    let enhanced = s.values.get(known.method) & axis.both_unless != 0;
    let post_alone = if unsaid && !local && !enhanced { pre | post } else { post };
    let stated = state & post != 0;
    let withheld = if local { withheld && !agent } else { withheld || withheld_elsewhere };
    let bits = if withheld && !stated {
        s.withheld = true;
        s.conflict |= title & post != 0;
        pre
    } else if state != 0 {
        let mut t = state;
        if agent {
            t |= post;
        }
        if withheld {
            // withheld in one place and images after it in another: both passes, and a question
            t |= pre;
            s.conflict = true;
        }
        if title != 0 {
            if t & title == 0 {
                s.conflict = true;
                if t == post && !explicit_with { post_alone } else { t }
            } else {
                s.conflict |= t & !title != 0;
                t | title
            }
        } else if t == post && !explicit_with && (s.order_contrast != post) {
            post_alone
        } else {
            t
        }
    } else if agent {
        if title == pre {
            s.conflict = true;
            post_alone
        } else if other_source & post != 0 {
            other_source
        } else {
            post_alone
        }
    } else if other_source != 0 {
        other_source
    } else if seen {
        post_alone
    } else {
        0
    };
    let bits = if no_pre && bits & post != 0 {
        s.conflict |= title & pre != 0;
        post
    } else {
        bits
    };
    if bits != 0 && state == 0 && !agent && !withheld && other_source == 0 && seen {
        let n = notes.iter().find(|n| n.strength == Strength::Enhancement && speaks_of(lexicon, n, s, headings, scopes, alone));
        proofs.extend(n.map(|n| Proof { facet, span: n.span, concept: Some(n.concept) }));
        s.contrast_assumed = unsaid;
    } else if bits == pre | post && state & pre == 0 && other_source & pre == 0 {
        s.contrast_assumed = true;
    }
    if local_route != 0 {
        s.values.add(known.route, local_route);
    }
    let bits = if bits == 0 { s.implied.get(known.contrast) } else { bits };
    s.values.set(known.contrast, bits);
    for p in proofs {
        s.prove(p);
    }
}

fn iv(lexicon: &Lexicon) -> u64 {
    let route = lexicon.axis(lexicon.known.route);
    route.bit("iv").unwrap_or(0) | route.bit("ia").unwrap_or(0)
}

/// The modality that is told, else the one that the words suggest.
fn modality(lexicon: &Lexicon, s: &Study) -> u64 {
    let told = s.values.get(lexicon.known.modality);
    if told == 0 { s.implied.get(lexicon.known.modality) } else { told }
}

/// Whether a note's sentence speaks of this study: by the regions and modalities that it names, and by the heading
/// that it stands under.
fn speaks_of(lexicon: &Lexicon, n: &Note, s: &Study, headings: &[RegionHeading], scopes: &[Span], alone: bool) -> bool {
    let known = &lexicon.known;
    if alone {
        return true;
    }
    let m = s.values.get(known.modality) | s.implied.get(known.modality);
    if modality(lexicon, s) & lexicon.concept(n.concept).not_in != 0 {
        return false;
    }
    if n.modalities != 0 && m != 0 && n.modalities & m == 0 {
        return false;
    }
    // under a heading that names an exam it speaks of that exam
    if let Some(own) = scopes.iter().filter(|x| x.contains(n.sentence)).max_by_key(|x| x.start) {
        return s.scopes.contains(own);
    }
    // under a heading that names the regions of one exam it speaks of that exam
    let related = |r: RegionId, x: RegionId| is_in(lexicon, r, x) || is_in(lexicon, x, r);
    if let Some(h) = headings.iter().rev().find(|h| h.body.contains(n.sentence)) {
        return s.region.is_some_and(|r| h.regions.iter().any(|x| related(r, x)));
    }
    if n.strength == Strength::Enhancement && !s.scopes.is_empty() {
        return false;
    }
    n.regions.is_empty() || s.region.is_none_or(|r| n.regions.iter().any(|x| is_in(lexicon, r, x) || is_in(lexicon, x, r)))
}
