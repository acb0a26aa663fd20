//! Reads a title or a charge line as one lattice: exact terms, the senses of ambiguous words, and for unknown tokens
//! the words that they may be clipped, squeezed or misspelt from. One reading wins by a declared order of criteria.

use std::cmp::Reverse;

use jiff::civil::Date;

use super::count;
use super::statement::{Atom, Item, Piece, parse};
use super::text::Text;
use crate::code::family::{Candidate, choose};
use crate::lexicon::Lexicon;
use crate::lexicon::model::{AxisId, AxisKind, Counts, Family, Role, Sense};
use crate::lexicon::vocabulary::{Guess, Repair};
use crate::text::{Span, Token, TokenKind, tokens};

/// The best reading of a title.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) atoms: Vec<Atom>,
    /// Letters and digits that stayed unexplained.
    pub(crate) unexplained: u16,
    /// Cost of repaired words, 0 where all were exact.
    pub(crate) repaired: u16,
    /// Whether a modality was supplied that the title does not name.
    pub(crate) supplied: bool,
    /// Whether a family stands for every atom of a built modality.
    pub(crate) satisfied: bool,
}

/// A stretch of tokens read as one term.
#[derive(Clone, Copy)]
struct Edge {
    from: u32,
    to: u32,
    span: Span,
    item: Item,
    cost: u16,
    letters: u16,
}

/// Widest beam of partial readings kept at a place, and full readings weighed.
const BEAM: usize = 48;
/// Most tokens that a title may have; a longer line is a sentence.
const LONGEST: usize = 64;

/// What kind of line a title is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Nothing else is to come: a missing modality may be supplied, words may be cut off, common codes are preferred.
    Charge,
    /// The first line of a report of films, which may leave the modality out.
    Headline,
    Title,
}

/// Reads `range` of the folded text.
pub(crate) fn read(text: &Text<'_>, range: Span, day: Date, line: Line) -> Reading {
    let lexicon = text.lexicon;
    let charge_line = line == Line::Charge;
    let mut toks: Vec<Token> = tokens(text.text(), range).filter(|t| !text.is_unticked(t.span.start)).take(LONGEST).collect();
    count::split(text, &mut toks);
    let edges = edges(text, &toks, charge_line);
    let mut best: Option<(Score, Reading)> = None;
    for path in paths(&edges, toks.len() as u32) {
        let unexplained = path.iter().map(|e| e.letters).sum();
        let repaired = path.iter().map(|e| e.cost).sum();
        // the paths come by these two: none that follows can be better than one that leaves nothing over
        if best.as_ref().is_some_and(|(b, r)| b.0 && (r.unexplained, r.repaired) < (unexplained, repaired)) {
            break;
        }
        let pieces: Vec<Piece> = path.iter().map(|e| Piece { span: e.span, item: e.item }).collect();
        let mut atoms = parse(lexicon, &pieces, true, !charge_line);
        let supplied = line != Line::Title && supply_modality(lexicon, &mut atoms, day);
        let (score, satisfied) = score(lexicon, &atoms, &path, unexplained, repaired, day, line);
        if best.as_ref().is_none_or(|(b, _)| score > *b) {
            best = Some((score, Reading { atoms, unexplained, repaired, supplied, satisfied }));
        }
    }
    best.map(|(_, r)| r).unwrap_or_default()
}

/// The declared order: families satisfied; anything read at all; atoms without a family; regions and methods left over; unexplained
/// letters; repairs; fewer studies; how common the code is.
type Score = (bool, bool, Reverse<usize>, Reverse<u16>, Reverse<u16>, Reverse<usize>, Reverse<usize>, u16, Reverse<usize>);

fn score(lexicon: &Lexicon, atoms: &[Atom], path: &[Edge], unexplained: u16, repaired: u16, day: Date, line: Line) -> (Score, bool) {
    let modality = lexicon.known.modality;
    let foreign = |a: &Atom| {
        let bits = a.values.get(modality) | a.implied.get(modality);
        // a procedure that holds its imaging has no family either
        let held = lexicon.known.procedure.is_some_and(|axis| a.values.get(axis) != 0);
        held || (bits != 0 && bits & lexicon.edition.built == 0)
    };
    let register = register(lexicon, line == Line::Charge);
    let candidates: Vec<Candidate> = atoms.iter().map(|a| register(candidate(lexicon, a))).collect();
    let choices = choose(lexicon, &candidates, day);
    let taken: usize = choices.iter().map(|c| c.members.len()).sum();
    let left = atoms.len() - taken - atoms.iter().filter(|a| foreign(a)).count().min(atoms.len() - taken);
    let satisfied = left == 0 && !atoms.is_empty();
    let excused = atoms.len() - taken.min(atoms.len());
    let common = if line == Line::Title { 0 } else { choices.iter().map(|c| lexicon.order.frequency(c.family)).min().unwrap_or(0) };
    let score = (
        satisfied,
        !atoms.is_empty(),
        Reverse(left),
        Reverse(unexplained),
        Reverse(repaired),
        Reverse(excused),
        Reverse(choices.len()),
        common,
        Reverse(path.len()),
    );
    (score, satisfied && taken > 0)
}

/// What an atom offers to the families: its values, and what its words imply where nothing else speaks.
pub(crate) fn candidate(lexicon: &Lexicon, atom: &Atom) -> Candidate {
    let mut values = atom.values;
    // projections by name, where no number is told
    if let (Some(views), Some(projections)) = (lexicon.known.views, lexicon.known.projections)
        && values.get(views) == 0
    {
        let n = lexicon.axis(projections).count(values.get(projections));
        if n > 0 {
            values.set(views, Counts::new(Some(n), n).0);
        }
    }
    for (axis, bits) in atom.implied.iter() {
        if values.get(axis) == 0 || lexicon.axis(axis).kind == AxisKind::Flags {
            values.add(axis, bits);
        }
    }
    Candidate { region: atom.region, values }
}

/// Tells a candidate whether it stands in a charge line or in a report: families may want the one or the other.
fn register(lexicon: &Lexicon, charge_line: bool) -> impl Fn(Candidate) -> Candidate {
    let value = lexicon.known.register.map(|r| (r.axis, if charge_line { r.charge_line } else { r.report }));
    move |mut c| {
        if let Some((axis, bits)) = value {
            c.values.set(axis, bits);
        }
        c
    }
}

/// How well a modality fits a charge line that names none, in the order that `supply_modality` tells.
type Fit = (usize, usize, usize, usize, Reverse<usize>, bool, u16);

/// A charge line may leave the modality out: the families and what they ask for name it. Of modalities whose families
/// take as much of the line, the one that asks for what the line tells (views, contrast) goes first, then the usual one
/// of its regions, the one that asks for other words of it, the one with fewer studies, the first of the edition, the
/// more common.
fn supply_modality(lexicon: &Lexicon, atoms: &mut [Atom], day: Date) -> bool {
    let known = &lexicon.known;
    let told = |a: &Atom| a.values.get(known.modality) | a.implied.get(known.modality);
    let all = atoms.iter().map(told).fold(0, |x, y| x | y);
    if all.is_power_of_two() {
        // "UGI AND SMALL BOWEL": what one name implies holds for its neighbours
        for a in atoms.iter_mut().filter(|a| told(a) == 0) {
            a.implied.set(known.modality, all);
        }
    }
    if all != 0 || atoms.is_empty() || atoms.iter().all(|a| a.region.is_none() && a.values.is_empty()) {
        return false;
    }
    let register = register(lexicon, true);
    let usual = |bit: u64| atoms.iter().filter(|a| a.region.is_some_and(|r| lexicon.region(r).usually == bit)).count();
    let mut best: Option<(Fit, u64)> = None;
    for bit in lexicon.edition.order.iter().copied() {
        let candidates: Vec<Candidate> = atoms
            .iter()
            .map(|a| {
                let mut c = register(candidate(lexicon, a));
                c.values.set(known.modality, bit);
                c
            })
            .collect();
        let choices = choose(lexicon, &candidates, day);
        // a family that wants nothing but the modality can't tell that it is this one
        let tells = |f: &Family| !f.any.is_empty() || !f.all.is_empty() || f.when.iter().any(|(axis, _)| axis != known.modality);
        let taken: usize = choices.iter().filter(|c| tells(lexicon.family(c.family))).map(|c| c.members.len()).sum();
        let asked = choices.iter().flat_map(|c| c.members.iter().map(|&i| asked(lexicon, c.family, &candidates[i])));
        let (strong, weak) = asked.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        let frequency = choices.iter().map(|c| lexicon.order.frequency(c.family)).max().unwrap_or(0);
        let rank = (taken, strong, usual(bit), weak, Reverse(choices.len()), lexicon.edition.order.first() == Some(&bit), frequency);
        if taken > 0 && best.is_none_or(|(r, _)| rank > r) {
            best = Some((rank, bit));
        }
    }
    let Some((_, bit)) = best else { return false };
    for a in atoms {
        a.implied.set(known.modality, bit);
    }
    true
}

/// How many axes that a line tells the family or its rows ask for: those that only some modalities have (contrast, a
/// method, views), and the others.
fn asked(lexicon: &Lexicon, family: crate::lexicon::model::FamilyId, candidate: &Candidate) -> (usize, usize) {
    let (f, known) = (lexicon.family(family), &lexicon.known);
    let strong = |axis: AxisId| [Some(known.contrast), Some(known.method), known.views].contains(&Some(axis));
    let weak = |axis: AxisId| Some(axis) == known.extent || (lexicon.axis(axis).kind == AxisKind::Flags && Some(axis) != known.projections);
    let asks = |axis: AxisId, told: u64| f.rows.iter().map(|r| &r.values).chain([&f.when]).any(|v| v.get(axis) & told != 0);
    let asked =
        |wanted: &dyn Fn(AxisId) -> bool| candidate.values.iter().filter(|(axis, told)| wanted(*axis) && asks(*axis, *told)).count();
    (asked(&strong), asked(&weak))
}

/// A word of the vocabulary on the way to a term: the border behind it, its id, the cost of its repair, where it stands.
type Arc = (u32, Option<u32>, u16, Span);

/// What leads on from each node of a lattice.
struct Lattice<T> {
    all: Vec<T>,
    /// What leads on from node `n`: `all[first[n]..first[n + 1]]`.
    first: Vec<u32>,
}

impl<T> Lattice<T> {
    /// Of what leads on from nodes, in order.
    fn new(nodes: u32, mut each: impl FnMut(u32, &mut Vec<T>)) -> Self {
        let (mut all, mut first) = (Vec::new(), vec![0]);
        for node in 0..nodes {
            each(node, &mut all);
            first.push(all.len() as u32);
        }
        Self { all, first }
    }

    fn behind(&self, node: u32) -> &[T] {
        &self.all[self.first[node as usize] as usize..self.first[node as usize + 1] as usize]
    }

    fn nodes(&self) -> u32 {
        self.first.len() as u32 - 1
    }
}

/// All edges of the lattice over tokens; nodes 0..=n are the borders between tokens, others lie inside one.
fn edges(text: &Text<'_>, toks: &[Token], charge_line: bool) -> Lattice<Edge> {
    let vocabulary = &text.lexicon.terms.vocabulary;
    let n = toks.len();
    let mut nodes = n as u32 + 1;
    let mut arcs: Vec<(u32, Arc)> = Vec::with_capacity(2 * n);
    let mut inner: Vec<(u16, u32)> = Vec::new(); // byte inside the token -> node
    let mut guesses: Vec<Guess> = Vec::new();
    for (i, t) in toks.iter().enumerate() {
        let word = text.slice(t.span);
        let next = i as u32 + 1;
        if let Some(id) = vocabulary.word(word) {
            arcs.push((i as u32, (next, Some(id), 0, t.span)));
            if vocabulary.is_term(id) {
                continue;
            }
            // a word of longer terms only may be clipped from another one ("LOW EXTREM")
        }
        if t.kind != TokenKind::Word {
            continue;
        }
        vocabulary.guesses(word, &mut guesses);
        if !charge_line {
            // a report's title has room for its words
            guesses.retain(|g| match g.repair {
                Repair::Squeezed => false,
                Repair::Clipped => word.len() > 3 && word.len() * 2 >= vocabulary.len_of(g.word),
                _ => true,
            });
        }
        let len = word.len() as u16;
        inner.clear();
        for g in &guesses {
            let mut node = |at: u16| -> u32 {
                if at == 0 {
                    return i as u32;
                }
                if at == len {
                    return next;
                }
                if let Some((_, node)) = inner.iter().find(|(b, _)| *b == at) {
                    return *node;
                }
                inner.push((at, nodes));
                nodes += 1;
                nodes - 1
            };
            let (from, to) = (node(g.from), node(g.to));
            let span = Span::new(t.span.start + u32::from(g.from), t.span.start + u32::from(g.to));
            let cost = if g.repair == Repair::Exact { 0 } else { g.cost };
            arcs.push((from, (to, Some(g.word), cost, span)));
        }
        // digits of a split token pass as a number
        for &(at, node) in &inner {
            let (a, b) = word.split_at(at as usize);
            if a.bytes().all(|c| c.is_ascii_digit()) {
                arcs.push((i as u32, (node, None, 0, Span::new(t.span.start, t.span.start + u32::from(at)))));
            }
            if b.bytes().all(|c| c.is_ascii_digit()) {
                arcs.push((node, (next, None, 0, Span::new(t.span.start + u32::from(at), t.span.end))));
            }
        }
    }
    arcs.sort_by_key(|(from, _)| *from);
    let mut rest = arcs.into_iter().peekable();
    let arcs = Lattice::new(nodes, |from, all| all.extend(std::iter::from_fn(|| rest.next_if(|a| a.0 == from)).map(|a| a.1)));
    let mut found: Vec<Edge> = Vec::with_capacity(2 * n);
    let mut stack = Vec::new();
    for from in 0..nodes {
        stack.clear();
        stack.push((from, 0u32, 0u16, None::<Span>));
        while let Some((at, trie, cost, span)) = stack.pop() {
            for &(to, word, arc_cost, arc_span) in arcs.behind(at) {
                let Some(word) = word else {
                    if at == from && trie == 0 {
                        found.push(Edge { from, to, span: arc_span, item: Item::Number, cost: 0, letters: 0 });
                    }
                    continue;
                };
                let Some(node) = vocabulary.step(trie, word) else { continue };
                let span = span.map_or(arc_span, |s: Span| s.join(arc_span));
                let cost = cost + arc_cost;
                if let Some(pattern) = vocabulary.end(node) {
                    for &(sense, scope) in text.lexicon.terms.senses(pattern) {
                        if let Sense::Concept(id) = sense
                            && scope.admits(true)
                        {
                            found.push(Edge { from, to, span, item: Item::Concept(id), cost, letters: 0 });
                        }
                    }
                }
                stack.push((to, node, cost, Some(span)));
            }
        }
    }
    for c in count::counts(text, toks) {
        let item = Item::Count(c.counts, c.unit);
        found.push(Edge { from: c.from as u32, to: c.to as u32, span: c.span, item, cost: 0, letters: 0 });
    }
    found.sort_by_key(|e| e.from);
    longest_exact(&mut found, n as u32);
    let mut rest = found.into_iter().peekable();
    Lattice::new(nodes, |from, all| {
        let start = all.len();
        all.extend(std::iter::from_fn(|| rest.next_if(|e| e.from == from)));
        if let Some(t) = toks.get(from as usize) {
            fallback(text, all, start, from, t);
        }
    })
}

/// An exact term inside a longer exact term is not read, unless another long term crosses the longer one, so that the
/// two can't both be read.
fn longest_exact(all: &mut Vec<Edge>, borders: u32) {
    let long: Vec<(u32, u32)> =
        all.iter().filter(|e| e.cost == 0 && e.to <= borders && e.to > e.from + 1).map(|e| (e.from, e.to)).collect();
    let crossed = |&&(a, b): &&(u32, u32)| long.iter().any(|&(x, y)| x < b && a < y && !(x <= a && b <= y) && !(a <= x && y <= b));
    let read: Vec<(u32, u32)> = long.iter().filter(|term| !crossed(term)).copied().collect();
    all.retain(|e| {
        let inside = |&(a, b): &(u32, u32)| a <= e.from && e.to <= b && (b - a) > (e.to - e.from);
        e.to > borders || e.from > borders || !read.iter().any(inside)
    });
}

/// What a token is where no term takes it; its edges so far are those from `start` on.
fn fallback(text: &Text<'_>, all: &mut Vec<Edge>, start: usize, i: u32, t: &Token) {
    let word = text.slice(t.span);
    let (item, letters) = match t.kind {
        TokenKind::Break => (Item::Stop, 0),
        // "(b)" and "(2)" open the next member of a list
        _ if is_label(text, t.span) => {
            all.truncate(start);
            (Item::Stop, 0)
        }
        TokenKind::Mark => match word {
            ";" | "." | ":" => (Item::Stop, 0),
            "," | "/" | "&" | "+" | "|" => (Item::Join, 0),
            _ => (Item::Aside, 0), // brackets, dashes, currency
        },
        TokenKind::Word if word.bytes().all(|b| b.is_ascii_digit()) => (Item::Number, 0),
        TokenKind::Word => {
            // a word that a term takes exactly is never left out
            if all[start..].iter().any(|e| e.cost == 0 && e.to == i + 1) {
                return;
            }
            (Item::Unknown, word.len() as u16)
        }
    };
    all.push(Edge { from: i, to: i + 1, span: t.span, item, cost: 0, letters });
}

/// Whether a word of one character stands alone between round brackets.
fn is_label(text: &Text<'_>, span: Span) -> bool {
    let all = text.text().as_bytes();
    let before = (span.start as usize).checked_sub(1).map(|i| all[i]);
    span.len() == 1 && before == Some(b'(') && all.get(span.end as usize) == Some(&b')')
}

/// The best full paths through the lattice: fewest unexplained letters, least repair, longest terms.
fn paths(edges: &Lattice<Edge>, end: u32) -> impl Iterator<Item = Vec<Edge>> {
    /// A path as its last edge and the path before it.
    #[derive(Clone, Copy)]
    struct Partial {
        before: usize,
        edge: Edge,
        letters: u16,
        cost: u16,
        len: u16,
    }
    let key = |p: &Partial| (p.letters, p.cost, p.len);
    let nothing = Edge { from: 0, to: 0, span: Span::default(), item: Item::Stop, cost: 0, letters: 0 };
    let mut at: Vec<Vec<Partial>> = vec![Vec::new(); edges.nodes() as usize];
    at[0].push(Partial { before: 0, edge: nothing, letters: 0, cost: 0, len: 0 });
    let mut kept: Vec<Partial> = Vec::new();
    // nodes inside a token are reached from its start and lead to its end
    let mut order: Vec<u32> = Vec::with_capacity(edges.nodes() as usize);
    for node in 0..=end {
        order.push(node);
        let mut inner: Vec<u32> = edges.behind(node).iter().map(|e| e.to).filter(|t| *t > end).collect();
        inner.sort_unstable();
        inner.dedup();
        for i in inner {
            if !order.contains(&i) {
                order.push(i);
            }
        }
    }
    for node in order.into_iter().filter(|n| *n != end) {
        let mut here = std::mem::take(&mut at[node as usize]);
        here.sort_by_key(key);
        here.truncate(BEAM);
        for partial in here {
            let before = kept.len();
            kept.push(partial);
            let (letters, cost, len) = key(&partial);
            for edge in edges.behind(node) {
                let (letters, cost, len) = (letters + edge.letters, cost + edge.cost, len + 1);
                at[edge.to as usize].push(Partial { before, edge: *edge, letters, cost, len });
            }
        }
    }
    let mut full = std::mem::take(&mut at[end as usize]);
    full.sort_by_key(key);
    full.truncate(BEAM);
    full.into_iter().map(move |mut last| {
        let mut path = vec![nothing; last.len as usize];
        for edge in path.iter_mut().rev() {
            *edge = last.edge;
            last = kept[last.before];
        }
        path
    })
}

/// Reads prose: exact terms only, the longest first.
pub(crate) fn pieces_of_prose(text: &Text<'_>, range: Span, title: bool, out: &mut Vec<Piece>, mentions: &mut Vec<super::text::Mention>) {
    text.mentions(range, title, mentions);
    mentions.retain(|m| !text.is_unticked(m.span.start));
    out.clear();
    let counts =
        if mentions.iter().any(|m| text.lexicon.concept(m.concept).role == Role::Unit) { count::of(text, range) } else { Vec::new() };
    mentions.retain(|m| !counts.iter().any(|c| c.span.overlaps(m.span)));
    let mut counts = counts.into_iter().peekable();
    let mut next = mentions.iter().peekable();
    let mut until = range.start;
    for t in tokens(text.text(), range) {
        if t.span.start < until {
            continue;
        }
        if let Some(c) = counts.next_if(|c| c.span.start <= t.span.start) {
            out.push(Piece { span: c.span, item: Item::Count(c.counts, c.unit) });
            until = c.span.end;
            continue;
        }
        if let Some(m) = next.next_if(|m| m.span.start <= t.span.start) {
            out.push(Piece { span: m.span, item: Item::Concept(m.concept) });
            until = m.span.end;
            continue;
        }
        let item = match (t.kind, text.slice(t.span)) {
            (TokenKind::Break, _) | (_, ";" | ":") => Item::Stop,
            (TokenKind::Mark, "," | "/" | "&" | "+") => Item::Join,
            (TokenKind::Mark, _) => continue,
            (_, w) if w.bytes().all(|b| b.is_ascii_digit()) => Item::Number,
            _ => Item::Unknown,
        };
        out.push(Piece { span: t.span, item });
    }
}

/// Whether a role takes part in naming an exam.
pub(crate) fn names(role: Role) -> bool {
    matches!(role, Role::Plain | Role::With | Role::Without | Role::WithoutAndWith | Role::WithAndWithout | Role::Noun | Role::Agent)
}
