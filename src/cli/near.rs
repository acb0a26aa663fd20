//! Near words: what somebody may have meant.

/// The candidates nearest to a word, at most `limit`; none where all are far.
pub fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>, limit: usize) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let mut found: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|c| {
            let other = c.to_lowercase();
            let far = distance(&word, &other);
            let inside = word.len() >= 3 && (other.contains(&word) || word.contains(&other) && other.len() >= 3);
            (far <= allowed || inside).then_some((far, c))
        })
        .collect();
    found.sort_by_key(|(far, _)| *far);
    found.dedup();
    found.into_iter().take(limit).map(|(_, c)| c).collect()
}

/// Letters to add, drop, replace or swap with their neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: [Vec<usize>; 3] = [vec![0; b.len() + 1], (0..=b.len()).collect(), vec![0; b.len() + 1]];
    for i in 1..=a.len() {
        rows[2][0] = i;
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[1][j] + 1).min(rows[2][j - 1] + 1).min(rows[1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[0][j - 2] + 1);
            }
            rows[2][j] = best;
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let commands = ["analyze", "batch", "explain", "lexicon", "codes"];
        for (word, wanted) in
            [("bacth", Some("batch")), ("explian", Some("explain")), ("lexicn", Some("lexicon")), ("code", Some("codes")), ("report", None)]
        {
            assert_eq!(near(word, commands, 1).first().copied(), wanted, "{word}");
        }
        assert_eq!(near("72172", ["72127", "72125", "73721"], 2), ["72127", "72125"]);
    }
}
