//! What edits leave of a set of codes.

/// What becomes of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It stands.
    Stands,
    /// It is inside another one that stands.
    Inside(usize),
}

/// Settles pairs `(first, second)` of which the second goes where the first stands. A code that is gone takes no other
/// with it, so the answer does not depend on the order, and nothing changes when the answer is settled again. Of codes
/// that go in a circle all stand.
pub(crate) fn settle(n: usize, pairs: &[(usize, usize)]) -> Vec<Verdict> {
    let mut known: Vec<Option<Verdict>> = vec![None; n];
    loop {
        let mut changed = false;
        for code in 0..n {
            if known[code].is_some() {
                continue;
            }
            let winners = || pairs.iter().filter(|(_, second)| *second == code).map(|(first, _)| *first);
            if let Some(winner) = winners().filter(|w| known[*w] == Some(Verdict::Stands)).min() {
                known[code] = Some(Verdict::Inside(winner));
                changed = true;
            } else if winners().all(|w| matches!(known[w], Some(Verdict::Inside(_)))) {
                known[code] = Some(Verdict::Stands);
                changed = true;
            }
        }
        if !changed {
            return known.into_iter().map(|v| v.unwrap_or(Verdict::Stands)).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_is_gone_takes_none_with_it() {
        use Verdict::{Inside, Stands};
        assert_eq!(settle(3, &[(0, 1), (1, 2)]), [Stands, Inside(0), Stands]);
        assert_eq!(settle(3, &[(0, 1), (1, 2), (0, 2)]), [Stands, Inside(0), Inside(0)]);
        assert_eq!(settle(2, &[(0, 1), (1, 0)]), [Stands, Stands]);
        assert_eq!(settle(1, &[]), [Stands]);
    }
}
