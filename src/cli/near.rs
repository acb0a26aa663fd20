//! Near words: what somebody may have meant.

/// The candidates nearest to a word, at most `limit`; none where all are far.
pub fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>, limit: usize) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let allowed = ((word.chars().count() + 1) / 3).clamp(1, 3);
    let mut found: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|c| {
            let other = c.to_lowercase();
            let far = strsim::osa_distance(&word, &other);
            let inside = word.len() >= 3 && (other.contains(&word) || word.contains(&other) && other.len() >= 3);
            (far <= allowed || inside).then_some((far, c))
        })
        .collect();
    found.sort_by_key(|(far, _)| *far);
    found.dedup();
    found.into_iter().take(limit).map(|(_, c)| c).collect()
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
