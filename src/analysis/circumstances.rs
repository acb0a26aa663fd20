//! Circumstances that a claim has to know and a text may tell: film or computed radiography, a study broken off, a
//! separate session. What they are stands in `claim/circumstances.toml`.

use std::ops::Range;

use super::Evidence;
use super::claim::{Clock, Told};
use super::engine::{Reading, section};
use crate::lexicon::model::{Means, RegionId, SectionKind, Sense};
use crate::read::text::Kind;
use crate::text::Span;

/// Everything of the kind that the text tells of its own exams, each once a sentence.
pub(super) fn read(r: &Reading<'_>) -> Vec<Told> {
    use SectionKind as K;
    let lexicon = r.text.lexicon;
    let (mut out, mut cues, mut mentions): (Vec<Told>, _, _) = (Vec::new(), Vec::new(), Vec::new());
    if r.text.all_of(Kind::Circumstance).is_empty() {
        return out;
    }
    let elsewhere = |k: K| matches!(k, K::Comparison | K::History | K::Recommendation | K::Signature | K::Admin | K::Order | K::Note);
    for part in &r.parts {
        let whole = part.head.join(part.body);
        for sentence in r.text.sentences(if part.kind == K::Title || part.entry.is_none() { whole } else { part.body }) {
            let told: Vec<_> =
                r.text.of_kind(Kind::Circumstance, sentence, |s| if let Sense::Circumstance(id) = s { Some(id) } else { None }).collect();
            if told.is_empty() {
                continue;
            }
            r.text.cues(sentence, &mut cues);
            r.text.mentions(sentence, false, &mut mentions);
            let regions: Vec<RegionId> =
                mentions.iter().flat_map(|m| lexicon.concept(m.concept).regions.iter().collect::<Vec<_>>()).collect();
            for (span, id) in told {
                let away = elsewhere(part.kind);
                if away && !lexicon.billing.circumstances[id.0 as usize].read_in.contains(&part.kind) {
                    continue;
                }
                let denied = cues.iter().any(|(at, cue)| match lexicon.cue(*cue).means {
                    Means::Negated => at.end <= span.start && span.start - at.end < 20,
                    // words of an earlier exam belong to it where they may stand beside the report of this one
                    _ if away || !lexicon.billing.circumstances[id.0 as usize].read_in.is_empty() => false,
                    Means::Comparison | Means::History | Means::Recommendation | Means::Planned | Means::Conditional | Means::Outside => {
                        !at.overlaps(span)
                    }
                    _ => false,
                });
                let other = !away && r.exams.others.iter().any(|o| o.span.overlaps(span));
                if !denied && !other && !r.text.is_quoted(span.start) {
                    let evidence = Evidence {
                        role: lexicon.billing.circumstances[id.0 as usize].id.to_string(),
                        span: r.text.to_source(span),
                        section: section(r, span),
                        concept: None,
                    };
                    out.push(Told { id, regions: regions.clone(), evidence });
                }
            }
        }
    }
    out
}

/// The time that stands beside the day of the exam: "14:05", "2:05 PM", "1405 hours".
pub(super) fn time(r: &Reading<'_>) -> Option<Clock> {
    let told = |body: Span| {
        let text = r.text.slice(body);
        let line = text.lines().find(|l| !l.trim().is_empty())?;
        let start = body.start as usize + (line.as_ptr() as usize - text.as_ptr() as usize);
        let (minutes, at) = clock(line)?;
        Some((minutes, Span::new((start + at.start) as u32, (start + at.end) as u32)))
    };
    let (minutes, span) = r.parts.iter().filter(|p| p.kind == SectionKind::ExamDate).find_map(|p| told(p.body))?;
    let evidence = Evidence { role: "time".to_owned(), span: r.text.to_source(span), section: section(r, span), concept: None };
    Some(Clock { minutes, evidence })
}

/// The first time of day in a line, in minutes, and where it stands.
fn clock(line: &str) -> Option<(u16, Range<usize>)> {
    let bytes = line.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let number = |from: usize, to: usize| line.get(from..to).and_then(|s| s.parse::<u16>().ok());
    let mut at = 0;
    while at < bytes.len() {
        if !digit(at) {
            at += 1;
            continue;
        }
        let end = at + bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let behind = |from: usize| line.get(from..).map_or("", |s| s.trim_start_matches(' '));
        let alone = at == 0 || !matches!(bytes[at - 1], b':' | b'.' | b'/' | b'-');
        let found = match end - at {
            1 | 2 if alone && bytes.get(end) == Some(&b':') && digit(end + 1) && digit(end + 2) && !digit(end + 3) => {
                let (mut hours, minutes, mut to) = (number(at, end)?, number(end + 1, end + 3)?, end + 3);
                if bytes.get(to) == Some(&b':') && digit(to + 1) && digit(to + 2) {
                    to += 3;
                }
                let half = behind(to).get(..2).map(str::to_ascii_lowercase);
                match half.as_deref() {
                    Some("pm") if hours < 12 => hours += 12,
                    Some("am") if hours == 12 => hours = 0,
                    _ => {}
                }
                Some((hours, minutes, to))
            }
            4 if alone && ["hours", "hrs", "h"].iter().any(|h| behind(end).starts_with(h)) => {
                Some((number(at, at + 2)?, number(at + 2, end)?, end))
            }
            _ => None,
        };
        if let Some((hours, minutes, to)) = found.filter(|(h, m, _)| *h < 24 && *m < 60) {
            return Some((hours * 60 + minutes, at..to));
        }
        at = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn times_of_day() {
        for (line, minutes) in [
            ("08/01/2024 07:40", Some(460)),
            ("08/01/2024 7:40:12 pm", Some(1180)),
            ("2024-08-01, 12:05 am", Some(5)),
            ("1 aug 2024 1405 hours", Some(845)),
            ("1405h", Some(845)),
            ("08/01/2024", None),
            ("25:10", None),
            ("in 2024", None),
            ("ratio 1:2:30", None),
        ] {
            assert_eq!(clock(line).map(|c| c.0), minutes, "{line}");
        }
        assert_eq!(clock("on 08/01 at 07:40").map(|c| c.1), Some(12..17));
    }
}
