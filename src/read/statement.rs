//! The grammar of an exam statement: which attribute belongs to which region, over lists, "and", "with" and slashes.

use crate::lexicon::Lexicon;
use crate::lexicon::model::{AxisId, AxisKind, ConceptId, Counts, RegionId, RegionSet, Role, Values};
use crate::text::Span;

/// What a piece of evidence speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Facet {
    /// That the exam was done at all.
    Exam,
    /// The region.
    Region,
    /// A value on an axis.
    Axis(AxisId),
}

/// Words of the folded text that prove a facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Proof {
    pub(crate) facet: Facet,
    pub(crate) span: Span,
    pub(crate) concept: Option<ConceptId>,
}

/// What a word of a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Concept(ConceptId),
    /// "and", comma, slash: joins a list.
    Join,
    /// Semicolon, line break, a stop: ends a statement's reach.
    Stop,
    Number,
    /// How many views, and the concept of the unit where one is named.
    Count(Counts, Option<ConceptId>),
    /// A bracket or another mark: read past.
    Aside,
    Unknown,
}

/// A word of a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) span: Span,
    pub(crate) item: Item,
}

/// One region imaged in one way, as a statement tells it: the smallest thing that can be coded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Atom {
    pub(crate) region: Option<RegionId>,
    /// Whether the region is named, not only implied by a protocol.
    pub(crate) region_named: bool,
    pub(crate) values: Values,
    pub(crate) implied: Values,
    pub(crate) proofs: Vec<Proof>,
    /// The words of its part of the statement, folded.
    pub(crate) span: Span,
}

impl Default for Span {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

#[derive(Clone, Copy)]
struct Placed<T> {
    value: T,
    span: Span,
    concept: Option<ConceptId>,
    at: usize,
}

/// A value of an enum axis, and where it stands.
#[derive(Clone, Copy)]
struct ValueAt {
    axis: AxisId,
    value: u64,
    at: usize,
    span: Span,
}

#[derive(Clone, Default)]
struct Group {
    values: Values,
    implied: Values,
    implied_regions: RegionSet,
    regions: Vec<Placed<RegionId>>,
    contrasts: Vec<Placed<u64>>,
    sides: Vec<Placed<u64>>,
    /// Numbers of views.
    counts: Vec<Placed<u64>>,
    projections: Vec<Placed<u64>>,
    extents: Vec<Placed<u64>>,
    /// Where the values of enum axes stand.
    placed: Vec<ValueAt>,
    /// Words that tell views of each side.
    each: Vec<Placed<u64>>,
    proofs: Vec<Proof>,
    respectively: bool,
    /// Position behind which regions came after the modality word.
    modality_at: Option<usize>,
    last_join: Option<usize>,
    joins: Vec<usize>,
    /// Words behind which parts of what stands before are named: "including".
    includes: Vec<usize>,
    /// Whether it is the part of one side of a statement on both.
    one_side: bool,
    starts_after_stop: bool,
    span: Option<Span>,
}

impl Group {
    fn cover(&mut self, span: Span) {
        self.span = Some(self.span.map_or(span, |s| s.join(span)));
    }

    fn regions_since(&self, at: usize) -> bool {
        self.regions.iter().any(|r| r.at > at)
    }
}

/// Reads the pieces of one statement. `title`: prepositions of contrast may stand without a noun; `several`: two values of an
/// axis may be two exams, which a charge line does not bill together.
pub(crate) fn parse(lexicon: &Lexicon, pieces: &[Piece], title: bool, several: bool) -> Vec<Atom> {
    let mut groups = group(lexicon, pieces, title, several);
    if title {
        join_hybrids(lexicon, &mut groups);
        join_sides(&mut groups);
    }
    share_regions(lexicon, &mut groups);
    share_contrast(lexicon, &mut groups);
    let mut atoms: Vec<Atom> = Vec::new();
    for g in &mut groups {
        prefer_exams(lexicon, g);
        drop_ancestors(lexicon, g);
        zip_states(lexicon, g);
        match split_sides(lexicon, g) {
            Some(parts) => parts.iter().for_each(|part| atoms_of(lexicon, part, &mut atoms)),
            None => atoms_of(lexicon, g, &mut atoms),
        }
    }
    atoms
}

fn group(lexicon: &Lexicon, pieces: &[Piece], title: bool, several: bool) -> Vec<Group> {
    let known = &lexicon.known;
    let mut groups: Vec<Group> = vec![Group::default()];
    let mut covered = false;
    let mut i = 0;
    while i < pieces.len() {
        let p = pieces[i];
        let concept = match p.item {
            Item::Concept(id) => id,
            Item::Join => {
                join(last(&mut groups), i);
                i += 1;
                continue;
            }
            Item::Count(counts, unit) => {
                let g = last(&mut groups);
                let axis = unit.map_or(known.views, |u| lexicon.concept(u).counts);
                match axis.filter(|_| axis != known.views) {
                    None => g.counts.push(Placed { value: counts.0, span: p.span, concept: None, at: i }),
                    Some(axis) => {
                        g.values.set(axis, counts.0);
                        g.proofs.push(Proof { facet: Facet::Axis(axis), span: p.span, concept: unit });
                    }
                }
                g.cover(p.span);
                if let Some(unit) = unit {
                    imply(lexicon, g, unit, p.span);
                }
                i += 1;
                continue;
            }
            Item::Stop => {
                covered = false;
                if last(&mut groups).span.is_some() {
                    groups.push(Group { starts_after_stop: true, ..Group::default() });
                }
                i += 1;
                continue;
            }
            _ => {
                i += 1;
                continue;
            }
        };
        let c = lexicon.concept(concept);
        match c.role {
            Role::Join => join(last(&mut groups), i),
            Role::Includes => last(&mut groups).includes.push(i),
            Role::With | Role::After | Role::Without | Role::WithoutAndWith | Role::WithAndWithout => {
                let bound = bind(lexicon, pieces, i, title);
                if let Some(b) = bound.as_ref().filter(|b| b.bits != 0) {
                    let g = last(&mut groups);
                    g.contrasts.push(Placed { value: b.bits, span: b.span, concept: Some(concept), at: i });
                    g.cover(b.span);
                    for (route, span, concept) in &b.routes {
                        g.values.add(known.route, *route);
                        g.proofs.push(Proof { facet: Facet::Axis(known.route), span: *span, concept: Some(*concept) });
                    }
                }
                i = bound.map_or(i + 1, |b| b.next);
                continue;
            }
            Role::Noun | Role::Agent if title => {
                // a noun of contrast on its own in a title: given, unless the way does not count
                let other = neighbours(lexicon, pieces, i).any(|r| r == Role::OtherRoute);
                let iv = neighbours(lexicon, pieces, i).any(|r| r == Role::Route);
                let bits = if other && !iv { 0 } else { known.post };
                let g = last(&mut groups);
                if bits != 0 {
                    g.contrasts.push(Placed { value: bits, span: p.span, concept: Some(concept), at: i });
                    g.cover(p.span);
                }
            }
            Role::Only => {
                let g = last(&mut groups);
                g.contrasts.push(Placed { value: c.sets.get(known.contrast), span: p.span, concept: Some(concept), at: i });
                g.cover(p.span);
            }
            // no contrast that it could speak of: the way an agent of treatment takes ("THERAPY, IV")
            Role::Route if title => {
                let g = last(&mut groups);
                g.values.add(known.route, c.sets.get(known.route));
                g.proofs.push(Proof { facet: Facet::Axis(known.route), span: p.span, concept: Some(concept) });
            }
            Role::Unit => {
                let g = last(&mut groups);
                imply(lexicon, g, concept, p.span);
                g.cover(p.span);
            }
            Role::Respectively => last(&mut groups).respectively = true,
            // "CT of the thorax, extended through the adrenals": a landmark, no exam
            Role::Coverage => covered = true,
            Role::Plain if covered && c.sets.get(known.modality) == 0 && !c.regions.is_empty() => {}
            Role::Plain => {
                if several {
                    split_values(lexicon, &mut groups, concept, i);
                }
                place(lexicon, &mut groups, concept, p.span, i);
            }
            _ => {}
        }
        i += 1;
    }
    groups.retain(|g| g.span.is_some());
    groups
}

fn join(g: &mut Group, at: usize) {
    g.last_join = Some(at);
    g.joins.push(at);
}

fn last(groups: &mut [Group]) -> &mut Group {
    groups.last_mut().expect("there is always a group")
}

/// Roles of the pieces next to `i` that speak of a route, blanks and nouns between them not counted.
fn neighbours<'a>(lexicon: &'a Lexicon, pieces: &'a [Piece], i: usize) -> impl Iterator<Item = Role> + 'a {
    let role = move |j: usize| match pieces.get(j).map(|p| p.item) {
        Some(Item::Concept(c)) => Some(lexicon.concept(c).role),
        _ => None,
    };
    [i.checked_sub(2), i.checked_sub(1), Some(i + 1), Some(i + 2)].into_iter().flatten().filter_map(role)
}

fn place(lexicon: &Lexicon, groups: &mut Vec<Group>, concept: ConceptId, span: Span, at: usize) {
    let known = &lexicon.known;
    let c = lexicon.concept(concept);
    let (modality, method) = (c.sets.get(known.modality), c.sets.get(known.method));
    if modality != 0 {
        let g = last(groups);
        let have = g.values.get(known.modality);
        let joined = g.modality_at.zip(g.last_join).is_some_and(|(m, j)| j > m);
        let since = g.modality_at.is_some_and(|m| g.regions_since(m));
        let clash = method != 0 && g.values.get(known.method) != 0 && g.values.get(known.method) != method;
        // "US TTE": a kind of ultrasound and its general name are one exam
        let kin = have != modality && lexicon.axis(known.modality).narrower(have, modality).is_some();
        if have != 0 && (joined || clash || (!kin && (have != modality || since))) {
            groups.push(Group::default());
        } else if let Some(film) = film(lexicon, g).filter(|film| film & modality == 0) {
            g.values.set(known.modality, film);
            g.modality_at = g.regions.first().map(|r| r.at);
            // "KUB and renal ultrasound": what stands behind the join is the other exam's
            let join = g.last_join.unwrap_or_default();
            let (regions, sides) = (g.regions.extract_if(.., |r| r.at > join).collect(), g.sides.extract_if(.., |s| s.at > join).collect());
            groups.push(Group { regions, sides, ..Group::default() });
        }
    } else if method != 0 && last(groups).values.get(known.method) & !method != 0 && last(groups).last_join.is_some() {
        let modality = last(groups).values.get(known.modality);
        let mut g = Group::default();
        g.values.set(known.modality, modality);
        groups.push(g);
    }
    let g = last(groups);
    if modality != 0 {
        g.modality_at = Some(at);
    }
    g.cover(span);
    for r in c.regions.iter() {
        g.regions.push(Placed { value: r, span, concept: Some(concept), at });
    }
    for (axis, bits) in c.sets.iter() {
        if c.region.is_some() {
            // what a region's own entry fixes holds for that region alone: atoms_of
        } else if axis == known.contrast {
            g.contrasts.push(Placed { value: bits, span, concept: Some(concept), at });
        } else if axis == known.side {
            g.sides.push(Placed { value: bits, span, concept: Some(concept), at });
        } else if Some(axis) == known.views {
            g.counts.push(Placed { value: bits, span, concept: Some(concept), at });
        } else if Some(axis) == known.projections {
            g.projections.push(Placed { value: bits, span, concept: Some(concept), at });
        } else if axis == known.features && known.each_side == Some(bits) {
            g.each.push(Placed { value: bits, span, concept: Some(concept), at });
        } else if matches!(lexicon.axis(axis).kind, AxisKind::Set | AxisKind::Flags) {
            g.values.add(axis, bits);
            g.proofs.push(Proof { facet: Facet::Axis(axis), span, concept: Some(concept) });
        } else {
            // of two words for one axis the later holds, of a value and a way of it the way
            let way = lexicon.axis(axis).narrower(g.values.get(axis), bits);
            g.values.set(axis, way.unwrap_or(bits));
            g.placed.push(ValueAt { axis, value: way.unwrap_or(bits), at, span });
            if Some(axis) == known.extent {
                g.extents.push(Placed { value: bits, span, concept: Some(concept), at });
            }
            g.proofs.push(Proof { facet: Facet::Axis(axis), span, concept: Some(concept) });
        }
    }
    if c.region.is_none() {
        imply(lexicon, g, concept, span);
    }
    if !c.implied_regions.is_empty() {
        g.implied_regions.extend(&c.implied_regions);
        g.proofs.push(Proof { facet: Facet::Region, span, concept: Some(concept) });
    }
}

/// The modality of films, where a group that names none counts views or names projections before a join: "AP abdomen and
/// ultrasound of the kidneys" is two exams.
fn film(lexicon: &Lexicon, g: &Group) -> Option<u64> {
    let mut words = g.counts.iter().chain(&g.projections);
    let before = g.last_join.is_some_and(|j| g.regions.first().is_some_and(|r| r.at < j) && words.clone().all(|w| w.at < j));
    (g.modality_at.is_none() && words.next().is_some() && before).then(|| lexicon.axis(lexicon.known.modality).bit("xr")).flatten()
}

/// "SCREENING MAMMOGRAM AND LEFT DIAGNOSTIC MAMMOGRAM", "LEG DUPLEX, ARTERIAL AND VENOUS", "CAROTID DUPLEX AND DUPLEX OF THE
/// LEG VEINS": another value of an axis behind a join, or the method once more, begins another exam, which goes on with the
/// modality and the method. What stands behind the join is its own.
fn split_values(lexicon: &Lexicon, groups: &mut Vec<Group>, concept: ConceptId, at: usize) {
    let known = &lexicon.known;
    let g = last(groups);
    let c = lexicon.concept(concept);
    let Some(join) = g.last_join.filter(|_| c.region.is_none()) else { return };
    let rival = c.sets.iter().find(|&(axis, bits)| {
        let have = g.values.get(axis);
        let before = g.placed.iter().rev().find(|p| p.axis == axis).is_some_and(|p| p.at < join);
        lexicon.axis(axis).apart && before && have & bits == 0 && lexicon.axis(axis).narrower(have, bits).is_none()
    });
    let method = c.sets.get(known.method);
    let once_more = c.sets.get(known.modality) == 0
        && method != 0
        && g.values.get(known.method) == method
        && g.placed.iter().any(|p| p.axis == known.method && p.at < join)
        && g.regions.iter().any(|r| r.at < join);
    if at < join || !(rival.is_some() || once_more) {
        return;
    }
    let (regions, sides) = (g.regions.extract_if(.., |r| r.at > join).collect(), g.sides.extract_if(.., |s| s.at > join).collect());
    let moved: Vec<ValueAt> = g.placed.extract_if(.., |p| p.at > join).collect();
    let kept = [known.modality, known.method];
    let mut values = Values::default();
    for axis in kept {
        values.set(axis, g.values.get(axis));
    }
    let mut proofs: Vec<Proof> = g.proofs.iter().filter(|p| kept.iter().any(|a| p.facet == Facet::Axis(*a))).copied().collect();
    for p in &moved {
        values.set(p.axis, p.value);
        if !g.placed.iter().any(|q| q.axis == p.axis) {
            g.values.set(p.axis, 0);
        }
        proofs.extend(g.proofs.extract_if(.., |q| q.facet == Facet::Axis(p.axis) && q.span == p.span));
    }
    let (modality_at, implied) = (g.modality_at.map(|_| join), g.implied);
    groups.push(Group { values, implied, regions, sides, proofs, modality_at, placed: moved, ..Group::default() });
}

/// What the words of a concept suggest where nothing else speaks.
fn imply(lexicon: &Lexicon, g: &mut Group, concept: ConceptId, span: Span) {
    for (axis, bits) in lexicon.concept(concept).implies.iter() {
        g.implied.add(axis, bits);
        g.proofs.push(Proof { facet: Facet::Axis(axis), span, concept: Some(concept) });
    }
}

pub(crate) struct Bound {
    pub(crate) bits: u64,
    pub(crate) span: Span,
    /// The piece behind the phrase.
    pub(crate) next: usize,
    pub(crate) routes: Vec<(u64, Span, ConceptId)>,
}

/// A run of prepositions of contrast, and what it binds to: a noun of contrast, or the end of its phrase.
pub(crate) fn bind(lexicon: &Lexicon, pieces: &[Piece], from: usize, title: bool) -> Option<Bound> {
    let known = &lexicon.known;
    let (mut bits, mut span, mut i) = (0, pieces[from].span, from);
    let (mut counts, mut other) = (false, false);
    let (mut combined, mut single) = (0, 0); // both kinds in one run: a template's alternatives left in
    let mut routes = Vec::new();
    let mut end = from; // one past the last preposition
    // words unread on the way to the noun: several only where a dose, a route or a word of giving stands among them
    let mut skipped = 0;
    let mut measured = false;
    while i < pieces.len() {
        match pieces[i].item {
            Item::Concept(id) => {
                let c = lexicon.concept(id);
                match c.role {
                    Role::With | Role::After => {
                        single += 1;
                        bits |= known.post;
                    }
                    Role::Without => {
                        single += 1;
                        bits |= known.pre;
                    }
                    Role::WithoutAndWith | Role::WithAndWithout => {
                        combined += 1;
                        bits |= known.pre | known.post;
                    }
                    Role::Route => {
                        counts = true;
                        routes.push((c.sets.get(known.route), pieces[i].span, id));
                        i += 1;
                        continue;
                    }
                    Role::OtherRoute => {
                        other = true;
                        i += 1;
                        continue;
                    }
                    Role::Filler | Role::Includes | Role::Join | Role::Or | Role::AtLeast | Role::AtMost | Role::LessThan => {
                        i += 1;
                        continue;
                    }
                    Role::Given | Role::Number => {
                        measured = true;
                        i += 1;
                        continue;
                    }
                    Role::Noun | Role::Agent => {
                        if skipped > 1 && !measured && !counts && !other {
                            break;
                        }
                        span = span.join(pieces[i].span);
                        let mut next = i + 1;
                        // "contrast material", "contrast (oral)": the rest of the noun
                        while let Some(Item::Concept(id)) = pieces.get(next).map(|p| p.item) {
                            match lexicon.concept(id).role {
                                Role::Noun => span = span.join(pieces[next].span),
                                Role::Route => {
                                    counts = true;
                                    routes.push((lexicon.concept(id).sets.get(known.route), pieces[next].span, id));
                                }
                                _ => break,
                            }
                            next += 1;
                        }
                        // a second phrase of the same kind behind it: "with contrast and without contrast"
                        if other && !counts {
                            bits = known.pre;
                        }
                        if combined > 1 || (combined > 0 && single > 0) {
                            bits = 0;
                        }
                        return Some(Bound { bits, span, next, routes });
                    }
                    _ => break,
                }
                end = i + 1;
                span = span.join(pieces[i].span);
                i += 1;
            }
            Item::Join => {
                // the run goes on only to another preposition, a route or a noun
                let reach = if title { 3 } else { 10 };
                let goes_on = pieces[i + 1..].iter().take(reach).take_while(|p| p.item != Item::Stop && (!title || p.item != Item::Unknown)).any(|p| matches!(p.item, Item::Concept(id) if matches!(
                    lexicon.concept(id).role,
                    Role::With | Role::After | Role::Without | Role::WithoutAndWith | Role::WithAndWithout | Role::Route | Role::OtherRoute | Role::Noun | Role::Agent
                )));
                if !goes_on {
                    break;
                }
                i += 1;
            }
            Item::Aside => i += 1,
            Item::Number if !title => {
                measured = true;
                i += 1;
            }
            Item::Unknown if !title && skipped < 5 => {
                skipped += 1;
                i += 1;
            }
            Item::Unknown | Item::Number | Item::Count(..) | Item::Stop => break,
        }
    }
    // no noun: in a title the phrase may end here, unless something follows that it could belong to
    let follows = pieces[end..].iter().find(|p| match p.item {
        Item::Join | Item::Number | Item::Aside => false,
        Item::Concept(id) => !matches!(lexicon.concept(id).role, Role::Filler | Role::Join | Role::Includes),
        _ => true,
    });
    // "with coronal reformats": the words right behind it are its own
    let own_words = bits == known.post
        && matches!(pieces.get(end).map(|p| (p.item, p.span.len())), Some((Item::Concept(id), 4..)) if lexicon.concept(id).role == Role::Filler);
    let belongs_elsewhere = own_words
        || match follows.map(|p| p.item) {
            Some(Item::Concept(id)) => {
                let c = lexicon.concept(id);
                let modality_or_side = c.sets.get(known.modality) != 0 || c.sets.get(known.side) != 0;
                !(modality_or_side || matches!(c.role, Role::Route | Role::OtherRoute | Role::Noun | Role::Anti))
                    && matches!(pieces[end - 1].item, Item::Concept(id) if lexicon.concept(id).role == Role::With)
                    && bits == known.post
                    && pieces.get(end).is_some_and(|p| !matches!(p.item, Item::Join | Item::Stop))
            }
            Some(Item::Count(..)) => bits == known.post,
            // a clipped noun at the end of the line ("W C", "W DY") is no word of its own
            Some(Item::Unknown) => {
                bits == known.post
                    && pieces.get(end).is_some_and(|p| p.item == Item::Unknown && (p.span.len() > 2 || end + 1 < pieces.len()))
            }
            _ => false,
        };
    // "before and after the injection": both states, and a word of giving for the noun
    let given = bits == known.pre | known.post && measured && combined == 1;
    if combined > 1 || (combined > 0 && single > 0) {
        bits = 0;
    }
    ((title && !belongs_elsewhere) || given).then_some(Bound { bits, span, next: end, routes: Vec::new() })
}

/// "PET SKULL BASE TO MID THIGH W CT": a modality behind another one, with nothing of its own, that makes a third with it.
fn join_hybrids(lexicon: &Lexicon, groups: &mut Vec<Group>) {
    let known = &lexicon.known;
    let mut i = 1;
    while i < groups.len() {
        let (a, b) = (&groups[i - 1], &groups[i]);
        let both = a.values.get(known.modality) | b.values.get(known.modality);
        let whole = lexicon.axis(known.modality).together.iter().find(|(_, parts)| *parts == both && b.values.get(known.method) == 0);
        let bare = b.regions.is_empty() && b.implied_regions.is_empty() && b.contrasts.is_empty() && !b.starts_after_stop;
        let Some(&(whole, _)) = whole.filter(|_| bare) else {
            i += 1;
            continue;
        };
        let b = groups.remove(i);
        let a = &mut groups[i - 1];
        for (axis, bits) in b.values.iter() {
            a.values.add(axis, bits);
        }
        a.values.set(known.modality, whole);
        a.sides.extend(b.sides);
        a.counts.extend(b.counts);
        a.proofs.extend(b.proofs);
        if let Some(span) = b.span {
            a.cover(span);
        }
    }
}

/// "XR KNEES: RIGHT 3 VIEWS, LEFT 1 VIEW": what is told of each side behind a stop is of the region before it.
fn join_sides(groups: &mut Vec<Group>) {
    let mut i = 1;
    while i < groups.len() {
        let b = &groups[i];
        let bare = b.modality_at.is_none() && b.regions.is_empty() && b.implied_regions.is_empty() && b.contrasts.is_empty();
        let sided = b.sides.len() > 1 && (b.counts.len() > 1 || b.extents.len() > 1);
        if !(bare && sided && groups[i - 1].sides.iter().all(|s| s.value.count_ones() > 1) && groups[i - 1].regions.len() == 1) {
            i += 1;
            continue;
        }
        let b = groups.remove(i);
        let a = &mut groups[i - 1];
        for (axis, bits) in b.values.iter() {
            a.values.set(axis, bits);
        }
        a.sides.extend(b.sides);
        a.counts.extend(b.counts);
        a.projections.extend(b.projections);
        a.extents.extend(b.extents);
        a.proofs.extend(b.proofs);
        if let Some(span) = b.span {
            a.cover(span);
        }
    }
}

/// "HEAD CT, NECK CT", "(A) CT; (B) MRI" and "MRI/MRA HEAD": a modality without a region of its own takes the regions
/// that stand before it behind the last join, else those of a neighbour.
fn share_regions(lexicon: &Lexicon, groups: &mut Vec<Group>) {
    let known = &lexicon.known;
    for i in 0..groups.len() {
        if !groups[i].regions.is_empty() || !groups[i].implied_regions.is_empty() || groups[i].modality_at.is_none() {
            continue;
        }
        if i > 0 && !groups[i].starts_after_stop {
            let before = &mut groups[i - 1];
            let join = before.last_join;
            let modality = before.modality_at;
            if let (Some(join), Some(modality)) = (join, modality)
                && join > modality
                && (before.regions.iter().any(|r| r.at < modality)
                    || (before.values.get(known.method) != 0 && before.regions.iter().all(|r| r.at > join)))
                && before.regions.iter().any(|r| r.at > join)
            {
                let own: Vec<_> = before.regions.extract_if(.., |r| r.at > join).collect();
                let sides: Vec<_> = before.sides.extract_if(.., |r| r.at > join).collect();
                groups[i].regions = own;
                groups[i].sides.extend(sides);
            }
        }
    }
    // "CT HEART ... CALCIUM SCORE": a method named behind the exam, with no region of its own, is that exam's method
    let mut i = 1;
    while i < groups.len() {
        let (before, rest) = groups.split_at_mut(i);
        let (a, b) = (&mut before[i - 1], &mut rest[0]);
        let known_modality = b.values.get(known.modality);
        // "MRI HEAD AND MRA": joined right before it, it is an exam of its own
        let joins = !b.starts_after_stop && a.last_join.is_none_or(|j| a.regions.iter().any(|r| r.at > j));
        if b.regions.is_empty()
            && joins
            && known_modality != 0
            && a.values.get(known.modality) == known_modality
            && a.values.get(known.method) == 0
        {
            let b = groups.remove(i);
            let a = &mut groups[i - 1];
            for (axis, bits) in b.values.iter() {
                a.values.add(axis, bits);
            }
            a.contrasts.extend(b.contrasts);
            a.sides.extend(b.sides);
            a.proofs.extend(b.proofs);
            a.implied_regions.extend(&b.implied_regions);
            if let Some(span) = b.span {
                a.cover(span);
            }
        } else {
            i += 1;
        }
    }
    for i in 0..groups.len() {
        if !groups[i].regions.is_empty() || !groups[i].implied_regions.is_empty() || groups[i].modality_at.is_none() {
            continue;
        }
        let neighbour =
            groups[i + 1..].iter().find(|g| !g.regions.is_empty()).or_else(|| groups[..i].iter().rev().find(|g| !g.regions.is_empty()));
        if let Some(n) = neighbour {
            let (regions, sides) = (n.regions.clone(), n.sides.clone());
            groups[i].regions = regions;
            if groups[i].sides.is_empty() {
                groups[i].sides = sides;
            }
        }
    }
    // regions without a modality take the neighbour's: "CT HEAD; CERVICAL SPINE"
    for i in 0..groups.len() {
        if groups[i].modality_at.is_none() && !groups[i].regions.is_empty() {
            let Some(from) =
                groups[..i].iter().rposition(|g| g.modality_at.is_some()).or_else(|| groups.iter().position(|g| g.modality_at.is_some()))
            else {
                continue;
            };
            let values = groups[from].values;
            let proofs = groups[from].proofs.clone();
            for (axis, bits) in values.iter() {
                if groups[i].values.get(axis) == 0 {
                    groups[i].values.set(axis, bits);
                }
            }
            groups[i].proofs.extend(proofs);
        }
    }
}

/// A contrast phrase at the end of a list speaks for the whole list: "MRI BRAIN AND MRA HEAD WITHOUT CONTRAST".
fn share_contrast(lexicon: &Lexicon, groups: &mut [Group]) {
    if let [zip @ .., tail] = groups
        && tail.respectively
        && tail.contrasts.len() == zip.len() + 1
        && zip.iter().all(|g| g.contrasts.is_empty())
    {
        let list = tail.contrasts.clone();
        for (g, c) in zip.iter_mut().zip(&list) {
            g.contrasts.push(*c);
        }
        tail.contrasts = vec![list[list.len() - 1]];
        return;
    }
    if let [head, tail] = groups
        && tail.respectively
        && head.contrasts.is_empty()
        && let [only] = tail.contrasts[..]
        && only.value == lexicon.known.pre | lexicon.known.post
    {
        let [first, second] = states(lexicon, &only);
        head.contrasts = vec![first];
        tail.contrasts = vec![second];
        tail.respectively = false;
        return;
    }
    for i in (0..groups.len().saturating_sub(1)).rev() {
        if groups[i].contrasts.is_empty() && !groups[i + 1].starts_after_stop && groups[i].implied.is_empty() {
            // only a phrase behind all that it speaks for reaches back
            let next = &groups[i + 1];
            let last_region = next.regions.iter().map(|r| r.at).max().unwrap_or(0);
            let reach: Vec<_> = next.contrasts.iter().filter(|c| c.at > last_region).copied().collect();
            groups[i].contrasts = reach;
        }
    }
}

/// Views suggest films only where no word suggests another exam: "MAA, planar images in eight projections".
fn prefer_exams(lexicon: &Lexicon, g: &mut Group) {
    let known = &lexicon.known;
    let facet = Facet::Axis(known.modality);
    if g.implied.get(known.modality).count_ones() < 2 {
        return;
    }
    let counts_views = |c: ConceptId| {
        let c = lexicon.concept(c);
        c.role == Role::Unit || known.projections.is_some_and(|a| c.sets.get(a) != 0)
    };
    let suggested = |p: &Proof| p.concept.map_or(0, |c| lexicon.concept(c).implies.get(known.modality));
    let exams = g.proofs.iter().filter(|p| p.facet == facet && !p.concept.is_some_and(counts_views)).fold(0, |bits, p| bits | suggested(p));
    if exams != 0 {
        g.implied.set(known.modality, exams);
        g.proofs.retain(|p| p.facet != facet || !p.concept.is_some_and(counts_views));
    }
}

/// "UPPER EXTREMITY JOINT SHOULDER", "SPINE CERVICAL": the wider name is the narrower one's frame. "ABDOMEN INCLUDING THE
/// KIDNEYS": the narrower one is a part of it. "FOOT 3 VIEWS AND HEEL 2 VIEWS": each has words of its own, and stands.
fn drop_ancestors(lexicon: &Lexicon, g: &mut Group) {
    let all = g.regions.clone();
    let lies_in = |x: RegionId, y: RegionId| x != y && lexicon.region(x).ancestors.contains(y);
    let between = |marks: &[usize], a: usize, b: usize| marks.iter().copied().find(|m| a.min(b) < *m && *m < a.max(b));
    let each = |join: usize| {
        let told = |list: &[Placed<u64>]| list.iter().any(|p| p.at < join) && list.iter().any(|p| p.at > join);
        told(&g.counts) || told(&g.sides)
    };
    let part = |r: &Placed<RegionId>| {
        all.iter().any(|wide| lies_in(r.value, wide.value) && wide.at < r.at && between(&g.includes, wide.at, r.at).is_some())
    };
    let frame = |r: &Placed<RegionId>| {
        let narrow = |o: &&Placed<RegionId>| lies_in(o.value, r.value) && !part(o);
        all.iter().filter(narrow).any(|o| !between(&g.joins, r.at, o.at).is_some_and(each))
    };
    let dropped: Vec<Placed<RegionId>> = all.iter().filter(|r| part(r) || frame(r)).copied().collect();
    g.regions.retain(|r| !dropped.iter().any(|d| d.at == r.at && d.value == r.value));
    for d in dropped {
        g.proofs.push(Proof { facet: Facet::Region, span: d.span, concept: d.concept });
    }
}

/// "without and with contrast respectively" over two regions: one state for each, in the order of the words.
fn zip_states(lexicon: &Lexicon, g: &mut Group) {
    let known = &lexicon.known;
    let [only] = g.contrasts[..] else { return };
    if !g.respectively || only.value != known.pre | known.post {
        return;
    }
    g.contrasts = states(lexicon, &only).to_vec();
}

/// The two states of "without and with", in the order of the words.
fn states(lexicon: &Lexicon, both: &Placed<u64>) -> [Placed<u64>; 2] {
    let known = &lexicon.known;
    let with_first = both.concept.is_some_and(|c| lexicon.concept(c).role == Role::WithAndWithout);
    let order = if with_first { [known.post, known.pre] } else { [known.pre, known.post] };
    order.map(|value| Placed { value, ..*both })
}

/// "KNEES: RIGHT 3 VIEWS, LEFT 1 VIEW", "BREAST RIGHT COMPLETE AND LEFT LIMITED": one region, each side with words of its
/// own. A part for each side.
fn split_sides(lexicon: &Lexicon, g: &Group) -> Option<Vec<Group>> {
    let differ = |list: &[Placed<u64>]| list.iter().any(|p| p.value != list[0].value);
    // "KNEES" is of both
    let single: Vec<Placed<u64>> = g.sides.iter().filter(|s| s.value.is_power_of_two()).copied().collect();
    let plain = !single.is_empty() && differ(&single);
    let counted = g.regions.len() < 2 && differ(&g.counts);
    if !plain || g.regions.iter().any(|r| r.value != g.regions[0].value) || !(counted || differ(&g.extents)) {
        return None;
    }
    // what stands before a side is its own where the first one has something before it
    let owner = |at: usize, leads: bool| {
        let behind = single.iter().find(|s| s.at > at);
        let before = single.iter().rev().find(|s| s.at < at);
        if leads { before.or(behind) } else { behind.or(before) }.map(|s| s.value)
    };
    let own = |list: &[Placed<u64>], side: u64| -> Vec<Placed<u64>> {
        let leads = list.first().is_some_and(|p| single[0].at < p.at);
        list.iter().filter(|p| list.len() < 2 || owner(p.at, leads) == Some(side)).copied().collect()
    };
    let mut values: Vec<u64> = single.iter().map(|s| s.value).collect();
    values.sort_unstable();
    values.dedup();
    let part = |side: u64| {
        let sides: Vec<_> = single.iter().filter(|s| s.value == side).copied().collect();
        let near = g.regions.iter().min_by_key(|r| r.at.abs_diff(sides[0].at)).copied();
        let mut part = Group {
            counts: own(&g.counts, side),
            extents: own(&g.extents, side),
            regions: near.into_iter().collect(),
            sides,
            one_side: true,
            ..g.clone()
        };
        if let Some(axis) = lexicon.known.extent.filter(|_| !g.extents.is_empty()) {
            part.values.set(axis, part.extents.last().map_or(0, |e| e.value));
            part.proofs.retain(|p| p.facet != Facet::Axis(axis) || part.extents.iter().any(|e| e.span == p.span));
        }
        part
    };
    Some(values.into_iter().map(part).collect())
}

fn atoms_of(lexicon: &Lexicon, g: &Group, out: &mut Vec<Atom>) {
    let known = &lexicon.known;
    let base = Atom { values: g.values, implied: g.implied, proofs: g.proofs.clone(), span: g.span.unwrap_or_default(), ..Atom::default() };
    let mut regions = g.regions.clone();
    regions.sort_by_key(|r| r.at);
    let mut seen = RegionSet::default();
    let mut index = 0;
    for r in &regions {
        // "AP of both knees, lateral of each knee": named again with projections of its own
        let again = seen.contains(r.value);
        let last_named = regions.iter().map(|x| x.at).filter(|x| *x < r.at).max();
        let counted = again && g.counts.iter().any(|c| c.at < r.at && last_named.is_some_and(|b| c.at > b));
        if again && !counted && apart(&g.projections, &regions, r.at).is_none_or(|own| own.is_empty()) {
            if let Some(a) = out.iter_mut().rev().find(|a| a.region == Some(r.value)) {
                a.proofs.push(Proof { facet: Facet::Region, span: r.span, concept: r.concept });
            }
            continue;
        }
        seen.insert(r.value);
        let mut atom = base.clone();
        atom.region = Some(r.value);
        atom.region_named = true;
        atom.proofs.push(Proof { facet: Facet::Region, span: r.span, concept: r.concept });
        attach(&mut atom, known.contrast, &pick(&g.contrasts, &regions, r.at, index, g.respectively));
        let sides = pick(&g.sides, &regions, r.at, index, g.respectively);
        let paired = lexicon.region(r.value).paired;
        if paired || g.regions.len() == 1 {
            attach(&mut atom, known.side, &sides);
        }
        if let Some(axis) = known.views {
            attach(&mut atom, axis, &most(pick(&g.counts, &regions, r.at, index, g.respectively)));
        }
        if let Some(axis) = known.projections {
            let own = apart(&g.projections, &regions, r.at);
            attach(&mut atom, axis, own.as_deref().unwrap_or(&g.projections));
        }
        let before = last_named;
        let last = regions.last().map_or(0, |x| x.at);
        let each: Vec<_> = g.each.iter().filter(|e| e.at > last || (e.at < r.at && before.is_none_or(|b| e.at > b))).copied().collect();
        attach(&mut atom, known.features, &each);
        if paired && !each.is_empty() && sides.is_empty() {
            let both = lexicon.axis(known.side).all();
            attach(&mut atom, known.side, &each.iter().map(|e| Placed { value: both, ..*e }).collect::<Vec<_>>());
        }
        if let Some(c) = r.concept.map(|c| lexicon.concept(c)).filter(|c| c.region.is_some()) {
            let told = |axis: AxisId| axis == known.side && g.one_side; // "KNEES: RIGHT 3 VIEWS"
            let free = |axis: AxisId| g.values.get(axis) == 0 || lexicon.axis(axis).kind == AxisKind::Flags;
            for (axis, bits) in c.sets.iter().filter(|(a, _)| free(*a) && !told(*a)) {
                atom.values.add(axis, bits);
                atom.proofs.push(Proof { facet: Facet::Axis(axis), span: r.span, concept: r.concept });
            }
            for (axis, bits) in c.implies.iter() {
                atom.implied.add(axis, bits);
                atom.proofs.push(Proof { facet: Facet::Axis(axis), span: r.span, concept: r.concept });
            }
        }
        out.push(atom);
        index += 1;
    }
    if regions.is_empty() {
        let implied: Vec<RegionId> = g.implied_regions.iter().collect();
        for r in implied.iter().map(|r| Some(*r)).chain(implied.is_empty().then_some(None)) {
            let mut atom = base.clone();
            atom.region = r;
            attach(&mut atom, known.contrast, &g.contrasts);
            attach(&mut atom, known.side, &g.sides);
            attach(&mut atom, known.features, &g.each);
            if let (Some(views), Some(projections)) = (known.views, known.projections) {
                attach(&mut atom, views, &most(g.counts.clone()));
                attach(&mut atom, projections, &g.projections);
            }
            out.push(atom);
        }
    }
}

/// Of several numbers for one region the largest: "4 views including 1 sunrise view".
fn most(list: Vec<Placed<u64>>) -> Vec<Placed<u64>> {
    list.into_iter().max_by_key(|p| Counts(p.value).decisive()).into_iter().collect()
}

/// The projections of one region of several: "AP pelvis and frog-leg lateral of the hip" names them before, "chest PA
/// and lateral, abdomen AP" behind; `None`: a list on one side of all regions, everyone's.
fn apart(list: &[Placed<u64>], regions: &[Placed<RegionId>], at: usize) -> Option<Vec<Placed<u64>>> {
    let (first, first_region, last_region) = (list.first()?, regions.first()?, regions.last()?);
    if regions.len() < 2 || list.iter().all(|p| p.at > last_region.at) || list.iter().all(|p| p.at < first_region.at) {
        return None;
    }
    let before = regions.iter().map(|r| r.at).filter(|r| *r < at).max();
    let behind = regions.iter().map(|r| r.at).filter(|r| *r > at).min();
    let own = |p: &Placed<u64>| {
        if first.at < first_region.at {
            before.is_none_or(|b| p.at > b) && (p.at < at || at == last_region.at)
        } else {
            p.at > at && behind.is_none_or(|b| p.at < b)
        }
    };
    Some(list.iter().filter(|p| own(p)).copied().collect())
}

fn attach(atom: &mut Atom, axis: AxisId, list: &[Placed<u64>]) {
    for p in list {
        atom.values.add(axis, p.value);
        atom.proofs.push(Proof { facet: Facet::Axis(axis), span: p.span, concept: p.concept });
    }
}

/// Which of the attributes of a list belong to the region at `at`, the `index`-th.
fn pick(list: &[Placed<u64>], regions: &[Placed<RegionId>], at: usize, index: usize, respectively: bool) -> Vec<Placed<u64>> {
    let (Some(first), Some(first_region), Some(last_region)) = (list.first(), regions.first(), regions.last()) else {
        return list.to_vec();
    };
    if list.len() <= 1 || regions.len() <= 1 || list.iter().all(|p| p.at > last_region.at) || list.iter().all(|p| p.at < first_region.at) {
        if respectively && list.len() > 1 {
            return list.get(index).map_or_else(Vec::new, |p| vec![*p]);
        }
        return list.to_vec();
    }
    if respectively && index < list.len() {
        return vec![list[index]];
    }
    let pick: Vec<_> = if first.at < first_region.at {
        // each region takes what stands before it
        let lead = list.iter().filter(|p| p.at < at).map(|p| p.at).max();
        list.iter().filter(|p| Some(p.at) == lead).copied().collect()
    } else {
        // each region takes the run of phrases behind it, up to the next region
        let next = list.iter().find(|p| p.at > at).map(|p| p.at);
        let until = next.and_then(|n| regions.iter().find(|r| r.at > n)).map_or(usize::MAX, |r| r.at);
        list.iter().filter(|p| next.is_some_and(|n| p.at >= n) && p.at < until).copied().collect()
    };
    if pick.is_empty() { list.last().map(|p| vec![*p]).unwrap_or_default() } else { pick }
}
