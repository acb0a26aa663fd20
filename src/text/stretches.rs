//! Stretches of a text that hold for whatever stands in them: quotations, words behind an empty box.

use super::Span;

/// Spans by start, each with the furthest end of those up to it: whether a place lies in any is found at once, however
/// many there are.
#[derive(Debug, Default)]
pub(crate) struct Stretches(Vec<(u32, u32)>);

impl Stretches {
    pub(crate) fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        let furthest = spans.iter().scan(0, |reach: &mut u32, s| {
            *reach = s.end.max(*reach);
            Some((s.start, *reach))
        });
        Self(furthest.collect())
    }

    /// The furthest end of the stretches that start at a place or before it; 0 where none does.
    pub(crate) fn reach(&self, at: u32) -> u32 {
        self.0.partition_point(|(start, _)| *start <= at).checked_sub(1).map_or(0, |i| self.0[i].1)
    }

    /// Whether a span shares a byte with one.
    pub(crate) fn touch(&self, span: Span) -> bool {
        span.end.checked_sub(1).is_some_and(|last| self.reach(last) > span.start)
    }

    /// Whether one starts at a place.
    pub(crate) fn begin(&self, at: u32) -> bool {
        self.0.binary_search_by_key(&at, |(start, _)| *start).is_ok()
    }

    /// Whether a span lies wholly in one.
    pub(crate) fn hold(&self, span: Span) -> bool {
        !self.0.is_empty() && self.reach(span.start) >= span.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_lies_in_any_of_them() {
        let all = Stretches::new(vec![Span::new(20, 24), Span::new(2, 12), Span::new(4, 6)]);
        assert_eq!([0, 2, 11, 12, 19, 20].map(|at| all.reach(at) > at), [false, true, true, false, false, true]);
        assert!(all.hold(Span::new(7, 12)) && !all.hold(Span::new(7, 13)) && !all.hold(Span::new(0, 3)));
        assert!(all.touch(Span::new(1, 3)) && !all.touch(Span::new(12, 20)) && !all.touch(Span::new(0, 2)));
        assert!(all.begin(4) && !all.begin(3));
        assert!(!Stretches::default().hold(Span::new(0, 0)));
    }
}
