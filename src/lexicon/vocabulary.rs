//! The words of title terms, and what an unknown token of a title may stand for: charge lists clip, squeeze, glue and
//! misspell. Everything here is looked up in tables built once from the lexicon's own words.

use serde::{Deserialize, Serialize};

use super::packed::{Strings, table};
use super::trie::{Growing, Trie, WordId, Words};
use crate::text::{Span, tokens};

/// How a token was read as a word it does not spell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Repair {
    /// It spells the word.
    Exact,
    /// The word's beginning.
    Clipped,
    /// Two words without a blank.
    Glued,
    /// The word's consonants.
    Skeleton,
    /// One letter wrong, missing, doubled or swapped.
    Typo,
    /// Letters of the word in order, its first among them; or a beginning with one letter wrong.
    Squeezed,
}

/// A reading of an unknown token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guess {
    pub(crate) word: WordId,
    /// Bytes of the token that it stands on: the whole, or one part of two.
    pub(crate) from: u16,
    pub(crate) to: u16,
    pub(crate) repair: Repair,
    /// Smaller is nearer.
    pub(crate) cost: u16,
}

/// The words of all terms, those of title terms before the others, and the trie of title terms.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Vocabulary {
    pub(super) words: Words,
    /// The words of title terms, by number.
    titles: Strings,
    /// Over their tokens: in titles it does not matter where blanks stand.
    trie: Trie,
    /// Words by their first letter, the shorter first, and in the order of their skeletons.
    by_first: Vec<Vec<WordId>>,
    #[serde(with = "table")]
    skeletons: Vec<WordId>,
}

const KEPT: usize = 6; // guesses kept for a token

impl Vocabulary {
    /// Of title terms, each with its pattern.
    pub(super) fn new<'t>(terms: impl Iterator<Item = (&'t str, u32)>) -> Self {
        let (mut words, mut trie) = (Words::default(), Growing::new());
        for (term, pattern) in terms {
            trie.add(tokens(term, Span::new(0, term.len() as u32)).map(|t| words.add(&term[t.span.range()])), pattern);
        }
        let titles: Strings = words.all().into_iter().collect();
        let mut by_first: Vec<Vec<WordId>> = vec![Vec::new(); 26];
        let mut skeletons: Vec<WordId> = Vec::new();
        for (id, word) in titles.iter().enumerate() {
            let first = word.as_bytes()[0];
            if !first.is_ascii_lowercase() {
                continue;
            }
            by_first[(first - b'a') as usize].push(id as u32);
            if word.len() >= 4 {
                skeletons.push(id as u32);
            }
        }
        for list in &mut by_first {
            list.sort_by_key(|id| titles.get(*id as usize).len());
        }
        skeletons.sort_by(|a, b| skeleton(titles.get(*a as usize)).cmp(skeleton(titles.get(*b as usize))));
        Self { words, titles, trie: trie.freeze(), by_first, skeletons }
    }

    /// The word that a token spells.
    pub(crate) fn word(&self, token: &str) -> Option<WordId> {
        self.words.get(token).filter(|id| (*id as usize) < self.titles.len())
    }

    /// The node of the trie behind `node` by a word, if terms go on that way.
    pub(crate) fn step(&self, node: u32, word: WordId) -> Option<u32> {
        self.trie.step(node, word)
    }

    /// Length of a word, in bytes.
    pub(crate) fn len_of(&self, word: WordId) -> usize {
        self.titles.get(word as usize).len()
    }

    /// Whether the word is a term by itself.
    pub(crate) fn is_term(&self, word: WordId) -> bool {
        self.step(0, word).is_some_and(|n| self.end(n).is_some())
    }

    /// The term that ends at a node.
    pub(crate) fn end(&self, node: u32) -> Option<u32> {
        self.trie.end(node)
    }

    /// What an unknown token may stand for, nearest first.
    pub(crate) fn guesses(&self, token: &str, out: &mut Vec<Guess>) {
        out.clear();
        let t = token.as_bytes();
        if t.len() < 3 || !t.iter().all(u8::is_ascii_alphanumeric) {
            return;
        }
        self.splits(token, out);
        if t.iter().all(u8::is_ascii_lowercase) {
            self.whole(token, out);
        }
        out.sort_by_key(|g| (g.cost, g.repair, g.word));
        out.dedup_by_key(|g| (g.word, g.from, g.to));
        let whole = out.iter().filter(|g| g.from == 0 && g.to as usize == t.len()).count();
        if whole > KEPT {
            let limit = out.iter().filter(|g| g.from == 0 && g.to as usize == t.len()).nth(KEPT - 1).map_or(0, |g| g.cost);
            out.retain(|g| g.cost <= limit);
        }
    }

    fn whole(&self, token: &str, out: &mut Vec<Guess>) {
        let t = token.as_bytes();
        let mut guess = |word: WordId, repair: Repair, cost: usize| {
            out.push(Guess { word, from: 0, to: t.len() as u16, repair, cost: cost as u16 });
        };
        let alike = &self.by_first[(t[0] - b'a') as usize];
        let long = alike.partition_point(|id| self.len_of(*id) + 1 < t.len());
        for &id in &alike[long..] {
            let w = self.titles.get(id as usize).as_bytes();
            if w.len() > t.len() && w.starts_with(t) {
                guess(id, Repair::Clipped, 10 + (w.len() - t.len()));
            } else if t.len() >= 5 && w.len() >= 4 && one_typo(t, w) {
                guess(id, Repair::Typo, 24);
            } else if t.len() >= 3 && w.len() > t.len() && w.len() <= t.len() * 2 + 1 && w.len() >= 6 && ordered_in(t, w) {
                guess(id, Repair::Squeezed, 28 + (w.len() - t.len()));
            } else if t.len() >= 4 && w.len() >= 5 && clipped_typo(t, w) {
                guess(id, Repair::Squeezed, 34);
            }
        }
        // a squeezed word has given up its vowels; "coronal" is not "cranial"
        let vowels = t[1..].iter().filter(|c| matches!(c, b'a' | b'e' | b'i' | b'o' | b'u')).count();
        if t.len() >= 4 && vowels <= 1 {
            let beside = |word: &WordId| skeleton(self.titles.get(*word as usize)).cmp(skeleton(token));
            let from = self.skeletons.partition_point(|word| beside(word).is_lt());
            for &word in self.skeletons[from..].iter().take_while(|word| beside(word).is_eq()) {
                guess(word, Repair::Skeleton, 20);
            }
        }
    }

    /// Two words without a blank between, or a word and a number.
    fn splits(&self, token: &str, out: &mut Vec<Guess>) {
        let t = token.as_bytes();
        for at in 1..t.len() {
            let border = t[at - 1].is_ascii_digit() != t[at].is_ascii_digit();
            if !border && (t[at - 1].is_ascii_digit() || t.len() < 4) {
                continue;
            }
            let (a, b) = token.split_at(at);
            let digits = |s: &str| s.bytes().all(|c| c.is_ascii_digit());
            if border && digits(a) == digits(b) {
                continue;
            }
            let (left, right) = (self.word(a), self.word(b));
            let longest = a.len().max(b.len());
            let (left_ok, right_ok) = (left.is_some() || (border && digits(a)), right.is_some() || (border && digits(b)));
            if !(left_ok && right_ok) || (!border && longest < 3) {
                continue;
            }
            for (word, from, to) in [(left, 0, at), (right, at, t.len())] {
                if let Some(word) = word {
                    out.push(Guess { word, from: from as u16, to: to as u16, repair: Repair::Glued, cost: 12 });
                }
            }
        }
    }
}

/// A word without its vowels, but for a first letter other than e before x ("extremity" is written "xtrmty").
fn skeleton(word: &str) -> impl Iterator<Item = u8> {
    word.bytes().enumerate().filter(|(i, c)| !matches!(c, b'a' | b'e' | b'i' | b'o' | b'u') || (*i == 0 && *c != b'e')).map(|(_, c)| c)
}

fn ordered_in(small: &[u8], large: &[u8]) -> bool {
    let mut rest = large.iter();
    small.iter().all(|c| rest.any(|l| l == c))
}

/// One letter replaced, dropped, added or swapped with its neighbour.
fn one_typo(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 || short == long {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    if short.len() < long.len() {
        return short[same..] == long[same + 1..];
    }
    short[same + 1..] == long[same + 1..]
        || (same + 1 < short.len()
            && short[same] == long[same + 1]
            && short[same + 1] == long[same]
            && short[same + 2..] == long[same + 2..])
}

/// One typing error and clipped as well: "contas" for "contrast".
fn clipped_typo(token: &[u8], word: &[u8]) -> bool {
    token.len() >= 5 && word.len() > token.len() && one_typo(token, &word[..token.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(token: &str) -> Option<(String, Repair)> {
        let words = ["contrast", "extremity", "brain", "non", "con", "pituitary", "pelvis", "hand", "w"];
        let v = Vocabulary::new(words.into_iter().zip(0..));
        let mut out = Vec::new();
        v.guesses(token, &mut out);
        out.first().map(|g| (v.titles.get(g.word as usize).to_owned(), g.repair))
    }

    #[test]
    fn charge_list_words_are_read() {
        for (token, word, repair) in [
            ("contra", "contrast", Repair::Clipped),
            ("xtrmty", "extremity", Repair::Skeleton),
            ("brian", "brain", Repair::Typo),
            ("pituatary", "pituitary", Repair::Typo),
            ("contast", "contrast", Repair::Typo),
            ("noncon", "non", Repair::Glued),
            ("hand3", "hand", Repair::Glued),
            ("pelvs", "pelvis", Repair::Skeleton),
        ] {
            assert_eq!(best(token), Some((word.to_owned(), repair)), "{token}");
        }
        assert_eq!(best("zz"), None);
        assert_eq!(best("qqqqq"), None);
    }
}
