//! Settles how many views a study has, from the numbers and the named projections of all that speaks of it.

use super::study::Study;
use crate::lexicon::Lexicon;
use crate::lexicon::model::{AxisId, Counts};
use crate::read::exam::Source;
use crate::read::statement::{Atom, Facet};
use crate::text::Span;

/// What one statement says of views.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) source: Source,
    /// A number, or nothing.
    pub(crate) number: Counts,
    /// Projections by name.
    pub(crate) projections: u64,
    /// The side that they are of, if told.
    pub(crate) side: u64,
    /// Whether they are of each side ("AP and lateral of each hip").
    pub(crate) each: bool,
    /// The words of the number, or of all projections.
    pub(crate) span: Span,
    /// The words of the number.
    pub(crate) number_at: Option<Span>,
}

/// What an atom says of views.
pub(crate) fn told(lexicon: &Lexicon, atom: &Atom, source: Source) -> Option<Told> {
    let (views, projections) = (lexicon.known.views?, lexicon.known.projections?);
    let told = Told {
        source,
        number: Counts(atom.values.get(views)),
        projections: atom.values.get(projections),
        side: atom.values.get(lexicon.known.side),
        each: lexicon.known.each_side.is_some_and(|each| atom.values.get(lexicon.known.features) & each != 0),
        span: atom
            .proofs
            .iter()
            .filter(|p| p.facet == Facet::Axis(views) || p.facet == Facet::Axis(projections))
            .map(|p| p.span)
            .reduce(Span::join)?,
        number_at: atom.proofs.iter().find(|p| p.facet == Facet::Axis(views)).map(|p| p.span),
    };
    (told.number.0 != 0 || told.projections != 0).then_some(told)
}

/// The views of several statements of one trust: the number, and the projections counted together. A list beats a
/// number that it exceeds, and makes an open one exact; a shorter list is not all of it. `refined`: projections by which
/// another source tells the ways of one that this one only names ("inspiration and expiration": "PA"). Where the
/// number holds, its words too.
fn together<'t>(lexicon: &Lexicon, projections: AxisId, told: impl Iterator<Item = &'t Told>, refined: u64) -> (Counts, Option<Span>) {
    let (mut number, mut named, mut at) = (Counts(0), 0, None);
    for t in told {
        if t.number.0 != 0 && (number.0 == 0 || t.number.decisive() > number.decisive()) {
            (number, at) = (t.number, t.number_at);
        }
        named |= t.projections;
    }
    let axis = lexicon.axis(projections);
    let listed = axis.count(axis.refine(named, refined));
    if listed == 0 || (number.0 != 0 && (listed < number.decisive() || listed < 2)) {
        return (number, at);
    }
    (Counts::new(Some(listed), listed), None)
}

/// Settles the views of a study: what was done before what the title says, that before the order; less what was not
/// obtained, where only the title counts.
pub(crate) fn settle(lexicon: &Lexicon, s: &mut Study, denied: u64) {
    let (Some(views), Some(projections)) = (lexicon.known.views, lexicon.known.projections) else { return };
    let titles = [Source::Title, Source::Heading, Source::Findings];
    let ways = s.views.iter().filter(|t| titles.contains(&t.source)).fold(0, |bits, t| bits | t.projections);
    let of = |wanted: &[Source], ways| together(lexicon, projections, s.views.iter().filter(|t| wanted.contains(&t.source)), ways);
    let (done, done_at) = of(&[Source::Performed], ways);
    let (title, title_at) = of(&titles, 0);
    let (order, order_at) = of(&[Source::Order], 0);
    let (mut settled, at) =
        [(done, done_at), (title, title_at), (order, order_at)].into_iter().find(|(c, _)| c.0 != 0).unwrap_or((Counts(0), None));
    s.views_at = at;
    let missing = lexicon.axis(projections).count(denied);
    if done.0 == 0 && settled.0 != 0 && missing > 0 {
        let left = settled.decisive().saturating_sub(missing).max(1);
        settled = Counts::new(Some(left), left);
    }
    s.values.set(views, settled.0);
    s.both_views = both_sides(lexicon, s, projections, if done.0 != 0 { Source::Performed } else { Source::Title });
    s.title_views = if title.0 == 0 { order } else { title };
    s.done_views = done;
}

/// The views of both sides added, where a source tells them side by side or of each side; those that are of both on
/// one film count once.
fn both_sides(lexicon: &Lexicon, s: &Study, projections: AxisId, source: Source) -> Counts {
    let told = || s.views.iter().filter(|t| t.source == source);
    let number = |c: Counts| if c.0 == 0 { 0 } else { c.decisive() };
    let of = |wanted: &dyn Fn(&Told) -> bool| number(together(lexicon, projections, told().filter(|t| wanted(t)), 0).0);
    let one_sided = |t: &Told| t.side.is_power_of_two();
    let own = told().filter(|t| t.each || one_sided(t)).fold(0, |bits, t| bits | t.projections);
    let shared = told().filter(|t| !t.each && !one_sided(t)).fold(0, |bits, t| bits | t.projections) & !own;
    let shared = lexicon.axis(projections).count(shared);
    let each = of(&|t| t.each);
    if each > 0 {
        let sum = 2 * each + shared;
        return Counts::new(Some(sum), sum);
    }
    let sides: Vec<u64> = told().filter(|t| one_sided(t)).map(|t| t.side).collect();
    let (Some(&one), Some(&other)) = (sides.iter().min(), sides.iter().max()) else { return Counts(0) };
    if one == other {
        return Counts(0);
    }
    let sum = of(&|t| t.side == one) + of(&|t| t.side == other) + shared;
    Counts::new(Some(sum), sum)
}

/// Two studies of one exam of both sides whose views differ: "three views of the left knee; AP of the right for
/// comparison". Views that are of both sides are of each.
pub(crate) fn split_sides(lexicon: &Lexicon, s: &Study) -> Option<[Study; 2]> {
    let projections = lexicon.known.projections?;
    let side = lexicon.known.side;
    let source = [Source::Performed, Source::Title].into_iter().find(|source| s.views.iter().any(|t| t.source == *source))?;
    if s.values.get(side).count_ones() != 2 || !s.views.iter().any(|t| t.source == source && t.side.is_power_of_two()) {
        return None;
    }
    let bits = s.values.get(side);
    let one = bits & bits.wrapping_neg();
    let of = |own: u64| {
        let mut part = s.clone();
        part.values.set(side, own);
        part.views.retain(|t| t.source == source && (t.side & own != 0 || t.side == 0));
        part
    };
    let parts = [of(one), of(bits & !one)];
    let count = |part: &Study| together(lexicon, projections, part.views.iter(), 0).0;
    let (left, right) = (count(&parts[0]), count(&parts[1]));
    (left.0 != 0 && right.0 != 0 && left.decisive() != right.decisive()).then_some(parts)
}
