//! Reads how many views a text tells: "2V", "MIN 4 VWS", "<3VW", "2 OR 3 VIEWS", "4/>", "three views".

use super::text::Text;
use crate::lexicon::model::{ConceptId, Counts, Role, Sense};
use crate::text::{Span, Token, TokenKind, tokens};

/// A count found: tokens `from..to`, what it says, the words, and the unit's concept where one is named.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) counts: Counts,
    pub(crate) span: Span,
    pub(crate) unit: Option<ConceptId>,
    /// Whether it is written as only an age is: "20w3d", "20 3/7 weeks".
    pub(crate) age: bool,
}

/// Cuts tokens at the border of a number and a unit that is glued to it: "HAND3V", "2VWS".
pub(crate) fn split(text: &Text<'_>, toks: &mut Vec<Token>) {
    let mut i = 0;
    while i < toks.len() {
        let t = toks[i];
        let word = text.slice(t.span);
        let cut = (t.kind == TokenKind::Word).then(|| borders(text, word)).flatten();
        if let Some((at, end)) = cut {
            let mut parts: Vec<Token> = Vec::with_capacity(3);
            for (a, b) in [(0, at), (at, end), (end, word.len())] {
                if a < b {
                    parts.push(Token { span: Span::new(t.span.start + a as u32, t.span.start + b as u32), kind: TokenKind::Word });
                }
            }
            let n = parts.len();
            toks.splice(i..=i, parts);
            i += n;
        } else {
            i += 1;
        }
    }
}

/// Where the digits of a word begin and end, if a unit stands behind them or a longer word before them.
fn borders(text: &Text<'_>, word: &str) -> Option<(usize, usize)> {
    let bytes = word.as_bytes();
    let at = bytes.iter().position(u8::is_ascii_digit)?;
    let end = at + bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let (head, tail) = (&word[..at], &word[end..]);
    if end - at > 2 || !word.is_ascii() || tail.bytes().any(|b| b.is_ascii_digit()) || is_term(text, word) {
        return None;
    }
    let unit = !tail.is_empty() && whole_word(text, tail).is_some_and(|(role, _)| role == Role::Unit);
    (unit || (tail.is_empty() && head.len() > 2)).then_some((at, end))
}

fn is_term(text: &Text<'_>, word: &str) -> bool {
    let vocabulary = &text.lexicon.terms.vocabulary;
    vocabulary.word(word).is_some_and(|w| vocabulary.is_term(w))
}

/// The role and concept of a word that is a term of counting by itself.
fn whole_word(text: &Text<'_>, word: &str) -> Option<(Role, ConceptId)> {
    let vocabulary = &text.lexicon.terms.vocabulary;
    let node = vocabulary.step(0, vocabulary.word(word)?)?;
    counting(text, vocabulary.end(node)?)
}

/// Whether a term has a meaning of a role.
fn names(text: &Text<'_>, pattern: u32, role: Role) -> bool {
    text.lexicon.terms.senses(pattern).iter().any(|(s, _)| matches!(s, Sense::Concept(id) if text.lexicon.concept(*id).role == role))
}

/// The weeks of an age that is written as one word, or two: "20w3d", "20wks3d", "20w 3d".
fn glued(word: &str, next: Option<&str>) -> Option<(u32, usize)> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let weeks = word[..digits].parse::<u32>().ok().filter(|_| (1..=2).contains(&digits))?;
    let rest = ["weeks", "wks", "wk", "w"].iter().find_map(|unit| word[digits..].strip_prefix(unit))?;
    let days = |s: &str| s.trim_end_matches("days").trim_end_matches('d').bytes().all(|b| (b'0'..=b'6').contains(&b)) && !s.is_empty();
    match rest {
        "" => next.filter(|n| n.len() > 1 && n.ends_with('d') && days(n)).map(|_| (weeks, 2)),
        rest => days(rest).then_some((weeks, 1)),
    }
}

/// Whether a stretch may tell an age without a word for weeks: "20w3d", "20 3/7".
pub(crate) fn tells_age(text: &str) -> bool {
    text.contains("/7") || text.as_bytes().windows(2).any(|w| w[0].is_ascii_digit() && w[1] == b'w')
}

fn counting(text: &Text<'_>, pattern: u32) -> Option<(Role, ConceptId)> {
    text.lexicon.terms.senses(pattern).iter().find_map(|(sense, _)| match sense {
        Sense::Concept(id) => {
            let role = text.lexicon.concept(*id).role;
            matches!(role, Role::Unit | Role::Number | Role::AtLeast | Role::AtMost | Role::LessThan | Role::Or).then_some((role, *id))
        }
        _ => None,
    })
}

/// What stands at a token, for counting.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Number(u32),
    AtLeast,
    AtMost,
    LessThan,
    MoreThan,
    Or,
    Plus,
    Slash,
    Unit(ConceptId),
    /// A word of the lexicon that may stand between a number and its unit: "two AP views".
    Other,
    Unknown,
}

struct Reader<'t, 'a> {
    text: &'t Text<'a>,
    toks: &'t [Token],
}

impl Reader<'_, '_> {
    /// The word of counting that begins at a token, the longest, and the token behind it.
    fn at(&self, i: usize) -> Option<(Word, usize)> {
        let t = self.toks.get(i)?;
        let word = self.text.slice(t.span);
        match t.kind {
            TokenKind::Break => return None,
            TokenKind::Mark => {
                let next = self.toks.get(i + 1).filter(|n| n.span.start == t.span.end).map(|n| self.text.slice(n.span));
                return match (word, next) {
                    ("<", Some("=")) => Some((Word::AtMost, i + 2)),
                    (">", Some("=")) => Some((Word::AtLeast, i + 2)),
                    ("<", _) => Some((Word::LessThan, i + 1)),
                    (">", _) => Some((Word::MoreThan, i + 1)),
                    ("+", _) => Some((Word::Plus, i + 1)),
                    ("/" | "-" | "&", _) => Some((Word::Slash, i + 1)),
                    _ => None,
                };
            }
            TokenKind::Word => {}
        }
        if word.len() <= 2
            && let Ok(n) = word.parse::<u32>()
        {
            return Some((Word::Number(n), i + 1));
        }
        let vocabulary = &self.text.lexicon.terms.vocabulary;
        let (mut node, mut j, mut found) = (0, i, None);
        let mut known = false;
        while let Some(next) =
            self.toks.get(j).and_then(|t| vocabulary.word(self.text.slice(t.span))).and_then(|w| vocabulary.step(node, w))
        {
            (node, j) = (next, j + 1);
            let Some(pattern) = vocabulary.end(node) else { continue };
            known = true;
            if let Some((role, id)) = counting(self.text, pattern) {
                let word = match role {
                    Role::Unit => Word::Unit(id),
                    Role::Number => {
                        let views = self.text.lexicon.known.views?;
                        Word::Number(Counts(self.text.lexicon.concept(id).sets.get(views)).decisive())
                    }
                    Role::AtLeast => Word::AtLeast,
                    Role::AtMost => Word::AtMost,
                    Role::LessThan => Word::LessThan,
                    _ => Word::Or,
                };
                found = Some((word, j));
            } else if names(self.text, pattern, Role::Anti) {
                found = Some((Word::Other, j)); // "weeks ago"
            }
        }
        Some(found.unwrap_or((if known { Word::Other } else { Word::Unknown }, i + 1)))
    }

    fn number(&self, i: usize) -> Option<(u32, usize)> {
        match self.at(i)? {
            (Word::Number(n), next) => Some((n, next)),
            _ => None,
        }
    }

    /// The unit of the axis `weeks`.
    fn weeks(&self) -> Option<ConceptId> {
        let axis = self.text.lexicon.axis_named("weeks")?;
        self.text.lexicon.concepts.iter().position(|c| c.role == Role::Unit && c.counts == Some(axis)).map(|i| ConceptId(i as u16))
    }

    /// The token behind sevenths of a week: "20 3/7", "20 and 3/7", "20+3 weeks". Whole weeks count.
    fn sevenths(&self, i: usize) -> Option<usize> {
        let slice = |i: usize| self.toks.get(i).map(|t| self.text.slice(t.span));
        let j = i + usize::from(matches!(slice(i), Some("-" | "+" | "&" | "and")));
        let (_, next) = self.number(j).filter(|(days, _)| *days < 7)?;
        if slice(next) == Some("/") && slice(next + 1) == Some("7") {
            return Some(next + 2);
        }
        let weeks = matches!(self.at(next), Some((Word::Unit(u), _)) if Some(u) == self.weeks());
        (slice(i) == Some("+") && weeks).then_some(next)
    }

    /// A count that begins at token `i`.
    fn count(&self, i: usize) -> Option<Count> {
        const GAP: usize = 4; // words of the lexicon between a number and its unit
        let slice = |i: usize| self.toks.get(i).map(|t| self.text.slice(t.span));
        if let Some((weeks, len)) = slice(i).and_then(|word| glued(word, slice(i + 1)))
            && let Some(unit) = self.weeks()
        {
            let span = self.toks[i].span.join(self.toks[i + len - 1].span);
            return Some(Count { from: i, to: i + len, counts: Counts::new(Some(weeks), weeks), span, unit: Some(unit), age: true });
        }
        let (mut at_least, mut at_most, mut less, mut more) = (false, false, false, false);
        let mut j = i;
        // bounds before the number
        let (low, mut j) = loop {
            let (word, next) = self.at(j)?;
            match word {
                Word::AtLeast => at_least = true,
                Word::AtMost => at_most = true,
                Word::LessThan => less = true,
                Word::MoreThan => more = true,
                Word::Number(n) => break (n, next),
                _ => return None,
            }
            // "MIN. OF 4", "MIN 2"
            j = next;
            while self.toks.get(j).is_some_and(|t| t.kind == TokenKind::Mark && self.text.slice(t.span) == ".") {
                j += 1;
            }
        };
        if low == 0 {
            return None;
        }
        let mut high = low;
        let mut bound = at_least || at_most || less || more;
        let mut end = j;
        // a number in digits behind the same one in words: "three (3) views"
        if self.toks.get(j).is_some_and(|t| self.text.slice(t.span) == "(")
            && self.number(j + 1).is_some_and(|(n, _)| n == low)
            && self.toks.get(j + 2).is_some_and(|t| self.text.slice(t.span) == ")")
        {
            j += 3;
            end = j;
        }
        let sevenths = self.sevenths(j);
        if let Some(next) = sevenths {
            (j, end) = (next, next);
        }
        // a second number, and bounds behind
        loop {
            match self.at(j) {
                Some((Word::Slash | Word::Or, next)) if high == low && self.number(next).is_some_and(|(n, _)| n > low) => {
                    (high, j) = self.number(next)?;
                    end = j;
                }
                Some((Word::Number(n), next)) if high == low && n == low + 1 && self.touches(j) => {
                    (high, j) = (n, next); // "2-3": the hyphen is folded to a blank
                    end = j;
                }
                Some((Word::Slash | Word::Or, next))
                    if matches!(self.at(next), Some((Word::MoreThan | Word::Plus | Word::LessThan | Word::AtLeast | Word::AtMost, _))) =>
                {
                    j = next;
                }
                Some((Word::Plus | Word::MoreThan | Word::AtLeast, next)) => {
                    (at_least, bound, j) = (true, true, next);
                    end = j;
                }
                Some((Word::AtMost, next)) => {
                    (at_most, bound, j) = (true, true, next);
                    end = j;
                }
                // "3V<": or less
                Some((Word::LessThan, next)) if self.number(next).is_none() => {
                    (at_most, bound, j) = (true, true, next);
                    end = j;
                }
                _ => break,
            }
        }
        let mut unit = sevenths.and_then(|_| self.weeks());
        let mut gap = j;
        for step in 0..=GAP {
            match self.at(gap) {
                Some((Word::Unit(id), next)) => {
                    unit = Some(id);
                    if step == 0 {
                        end = next;
                        j = next;
                    }
                    break;
                }
                Some((Word::Other, next)) => gap = next,
                _ => break,
            }
        }
        // bounds behind the unit
        if unit.is_some() && j == end {
            loop {
                match self.at(j) {
                    Some((Word::Plus | Word::AtLeast | Word::MoreThan, next)) if self.number(next).is_none() => {
                        (at_least, j) = (true, next);
                    }
                    Some((Word::AtMost | Word::LessThan, next)) if self.number(next).is_none() => (at_most, j) = (true, next),
                    Some((Word::Or | Word::Slash, next))
                        if matches!(self.at(next), Some((Word::AtLeast | Word::AtMost | Word::LessThan | Word::MoreThan, _))) =>
                    {
                        j = next;
                        continue;
                    }
                    _ => break,
                }
                end = j;
            }
        }
        // without a unit only a bound tells a number of views ("KNEE EXTENDED 4+")
        if unit.is_none() && !bound {
            return None;
        }
        let counts = if less {
            Counts::new(None, low.saturating_sub(1).max(1))
        } else if at_most {
            Counts::new(None, high)
        } else if more {
            Counts::new(Some(low + 1), Counts::MOST)
        } else if at_least {
            Counts::new(Some(low), Counts::MOST)
        } else {
            Counts::new(Some(low), high)
        };
        let span = self.toks[i].span.join(self.toks[end - 1].span);
        Some(Count { from: i, to: end, counts, span, unit, age: sevenths.is_some() })
    }

    /// Whether a token follows the one before with one character between.
    fn touches(&self, i: usize) -> bool {
        i > 0 && self.toks[i].span.start - self.toks[i - 1].span.end <= 1
    }
}

/// All counts of a range of folded text.
pub(crate) fn of(text: &Text<'_>, range: Span) -> Vec<Count> {
    let mut toks: Vec<Token> = tokens(text.text(), range).filter(|t| !text.is_unticked(t.span.start)).collect();
    split(text, &mut toks);
    counts(text, &toks)
}

/// All counts of a run of tokens, in order, none inside another.
pub(crate) fn counts(text: &Text<'_>, toks: &[Token]) -> Vec<Count> {
    let mut out = Vec::new();
    if text.lexicon.known.views.is_none() {
        return out;
    }
    let reader = Reader { text, toks };
    let mut i = 0;
    while i < toks.len() {
        match reader.count(i) {
            Some(c) => {
                i = c.to;
                out.push(c);
            }
            None => i += 1,
        }
    }
    out
}
