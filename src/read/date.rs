//! Reads days of the calendar: "2024-03-05", "03/05/2024", "5 March 2024", "Mar 5th, 24".

use jiff::civil::Date;

use super::text::Text;
use crate::lexicon::model::{Counts, Role, Sense};
use crate::text::{Span, Token, TokenKind, tokens};

/// A day that a text tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) span: Span,
    day: Date,
    /// The other reading, where day and month can't be told apart: 03/05.
    other: Option<Date>,
}

impl Told {
    /// Whether the words can mean this day.
    pub(crate) fn may_be(&self, day: Date) -> bool {
        self.day == day || self.other == Some(day)
    }

    /// The years that the words can mean; one, as both readings share it.
    pub(crate) fn year(&self) -> i16 {
        self.day.year()
    }
}

/// A word of a day.
#[derive(Clone, Copy)]
enum Word {
    /// The value, and the number of digits.
    Number(i16, usize),
    Month(i8),
}

/// The first day that a range of folded text tells.
pub(crate) fn first(text: &Text<'_>, range: Span) -> Option<Told> {
    let words: Vec<Token> = tokens(text.text(), range).filter(|t| t.kind != TokenKind::Break).collect();
    (0..words.len()).find_map(|i| {
        let mut parts: Vec<(Word, Span)> = Vec::with_capacity(3);
        for t in &words[i..] {
            if parts.last().is_some_and(|(_, s)| t.span.start - s.end > 2) {
                break;
            }
            match (t.kind, word(text, t.span)) {
                (TokenKind::Mark, _) if !parts.is_empty() && matches!(text.slice(t.span), "/" | "." | "-" | ",") => {}
                (TokenKind::Word, Some(w)) => parts.push((w, t.span)),
                _ => break,
            }
            if parts.len() == 3 {
                break;
            }
        }
        let [(first, from), (second, _), (third, to)] = parts[..] else { return None };
        let (day, other) = days([first, second, third])?;
        Some(Told { span: from.join(to), day, other })
    })
}

fn word(text: &Text<'_>, span: Span) -> Option<Word> {
    let s = text.slice(span);
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|e| s.strip_suffix(e)).unwrap_or(s);
    if matches!(digits.len(), 1 | 2 | 4)
        && let Ok(n) = digits.parse::<i16>()
    {
        return Some(Word::Number(n, digits.len()));
    }
    let month = |sense| match sense {
        Sense::Concept(id) if text.lexicon.concept(id).role == Role::Month => {
            let axis = text.lexicon.known.views?; // as numbers in words
            Some(Counts(text.lexicon.concept(id).sets.get(axis)).decisive() as i8)
        }
        _ => None,
    };
    text.senses(span, month).find(|(at, _)| *at == span).map(|(_, m)| Word::Month(m))
}

/// The day of three words, and its other reading.
fn days(words: [Word; 3]) -> Option<(Date, Option<Date>)> {
    use Word::{Month, Number};
    let full = |year: i16, digits: usize| if digits == 4 { year } else { 2000 + year };
    let date = |year: i16, month: i16, day: i16| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    match words {
        [Number(year, 4), Number(month, 1 | 2), Number(day, 1 | 2)] => Some((date(year, month, day)?, None)),
        [Number(year, 4), Month(month), Number(day, 1 | 2)] => Some((date(year, month.into(), day)?, None)),
        [Number(day, 1 | 2), Month(month), Number(year, digits)] | [Month(month), Number(day, 1 | 2), Number(year, digits)]
            if digits != 1 =>
        {
            Some((date(full(year, digits), month.into(), day)?, None))
        }
        [Number(first, 1 | 2), Number(second, 1 | 2), Number(year, digits)] if digits != 1 => {
            let year = full(year, digits);
            let (month_first, day_first) = (date(year, first, second), date(year, second, first));
            month_first.map(|d| (d, day_first)).or_else(|| day_first.map(|d| (d, None)))
        }
        _ => None,
    }
}
