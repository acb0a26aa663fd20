//! Cuts a report into parts by its headings: `FINDINGS:` and its kin, run-in headings, headings that name an exam.

use super::count;
use super::exam::is_headline;
use super::text::{Mention, Text};
use crate::lexicon::model::{Means, RegionSet, Role, SectionId, SectionKind};
use crate::text::{Span, Stretches, TokenKind, tokens};

/// A part of a report: what stands under one heading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) kind: SectionKind,
    pub(crate) entry: Option<SectionId>,
    /// The heading's words, folded; empty where there is none.
    pub(crate) head: Span,
    /// What stands under it, folded.
    pub(crate) body: Span,
    /// Whether the heading itself names an exam ("CT ABDOMEN:").
    pub(crate) names_exam: bool,
}

/// A heading found.
#[derive(Clone, Copy)]
struct Head {
    span: Span,
    /// Where its text begins.
    body: u32,
    kind: SectionKind,
    entry: Option<SectionId>,
    names_exam: bool,
    /// Whether its text is the one line.
    line: bool,
}

/// The parts of a report in order; together they cover it.
pub(crate) fn parts(text: &Text<'_>) -> Vec<Part> {
    let mut heads: Vec<Head> = Vec::new();
    let mut taken = 0;
    for (span, id) in text.headings(text.whole()) {
        if span.start < taken {
            continue;
        }
        let kind = text.lexicon.section(id).kind;
        if kind == SectionKind::Organ {
            continue;
        }
        if let Some(head) = heading(text, span, id, kind) {
            taken = head.body;
            heads.push(head);
        }
    }
    exam_headings(text, &mut heads);
    run_in_headings(text, &mut heads);
    heads.sort_by_key(|h| h.span.start);
    cover(text, &heads)
}

/// Whether a heading term stands as a heading, and where its text begins.
fn heading(text: &Text<'_>, span: Span, id: SectionId, kind: SectionKind) -> Option<Head> {
    use SectionKind as K;
    const LONGEST: usize = 90; // bytes of a title behind a number
    let all = text.text().as_bytes();
    let line = opening(text, span.start);
    if text.is_quoted(span.start) {
        return None;
    }
    if span.len() < 3 && line != Some(span.start) {
        return None; // "O:" heads a note only at the start of a line; "W/O" is no heading
    }
    let mut alone = false;
    let mut after = span.end as usize;
    let behind = if kind == K::Title { after + numbered(&all[after..]) } else { after };
    if behind > after {
        let first = all[behind..].iter().position(u8::is_ascii_alphanumeric).map_or(all.len(), |n| behind + n);
        let near = &all[first..all.len().min(first + LONGEST)];
        let line = near.iter().position(|b| *b == b'\n').unwrap_or(near.len());
        // "Exam 2: No fracture." only refers to the second exam of a list
        let title = Span::new(first as u32, (first + line) as u32);
        let known = &text.lexicon.known;
        let mentions = text.read(title, true);
        let names = |m: &Mention| {
            let c = text.lexicon.concept(m.concept);
            c.role == Role::Plain && (c.sets.get(known.modality) | c.sets.get(known.method)) != 0
        };
        if mentions.iter().any(names) || counts_views(text, title, &mentions) {
            (after, alone) = (behind, true);
        }
    }
    while after < all.len() && matches!(all[after], b'*' | b'_' | b' ' | b')' | b'#') {
        after += 1;
    }
    let bracket = after < all.len() && all[after] == b'(';
    if bracket && line.is_some() {
        let close = all[after..].iter().take(40).position(|b| *b == b')')?;
        after += close + 1;
        while after < all.len() && matches!(all[after], b'*' | b' ') {
            after += 1;
        }
    }
    // "FINDINGS, CT HEAD": the exam behind the heading
    if line == Some(span.start) && after < all.len() && matches!(all[after], b',' | b'-') {
        const LONG: usize = 48; // bytes
        let near = &all[after..all.len().min(after + LONG + 1)];
        let end = near.iter().position(|b| matches!(b, b':' | b'\n' | b'.')).map_or(after + near.len(), |n| after + n);
        let exam = Span::new(after as u32 + 1, end as u32);
        if end - after <= LONG
            && matches!(kind, SectionKind::Findings | SectionKind::Impression | SectionKind::Technique)
            && names_modality(text, exam)
        {
            return Some(Head {
                span: Span::new(span.start, end as u32),
                body: (end + 1).min(all.len()) as u32,
                kind,
                entry: Some(id),
                names_exam: true,
                line: false,
            });
        }
    }
    let colon = after < all.len() && all[after] == b':';
    let ends_line = after >= all.len() || all[after] == b'\n';
    let dash = after < all.len() && all[after] == b'-' && all[span.end as usize] == b' ';
    let stands = match line {
        Some(_) => colon || (span.len() >= 3 && text.starts_paragraph(span.start) && (ends_line || dash)),
        None => colon && soft_border(all, span.start),
    };
    if !stands {
        return None;
    }
    let mut body = after;
    while body < all.len() && matches!(all[body], b':' | b'*' | b' ' | b'-' | b',') {
        body += 1;
    }
    let start = line.unwrap_or(span.start);
    // "CT CHEST FINDINGS:" names exam and section; "CT CHEST WITH CONTRAST" and "MRI KNEE STUDY" are titles
    if start != span.start && !matches!(kind, K::Technique | K::Findings | K::Impression | K::History | K::Comparison | K::Recommendation) {
        return None;
    }
    Some(Head {
        span: Span::new(start, span.end),
        body: body as u32,
        kind,
        entry: Some(id),
        names_exam: names_exam(text, Span::new(start, span.start)),
        line: alone,
    })
}

/// How long the number behind a heading is, with what stands around it: "EXAM 1:", "STUDY #2 OF 3 -".
fn numbered(rest: &[u8]) -> usize {
    let skip = |at: usize, wanted: fn(u8) -> bool| at + rest[at.min(rest.len())..].iter().take_while(|b| wanted(**b)).count();
    let mark = skip(0, |b| matches!(b, b' ' | b'#'));
    let mut end = skip(mark, |b| b.is_ascii_digit());
    if mark == 0 || end == mark || end > mark + 2 {
        return 0;
    }
    if rest[end..].starts_with(b" of ") {
        end = skip(end + 4, |b| b.is_ascii_digit());
    }
    // "EXAM 1, 08:40 - "
    if matches!(rest.get(end), Some(b',')) || rest[end..].starts_with(b" (") {
        let time = skip(end, |b| b.is_ascii_digit() || matches!(b, b' ' | b',' | b':' | b'.' | b'(' | b')' | b'a' | b'p' | b'm' | b'h'));
        if matches!(rest.get(time), Some(b'-')) {
            end = time - 1;
        }
    }
    if matches!(rest.get(end), Some(b':' | b'.' | b')' | b'\n')) || rest[end..].starts_with(b" -") || rest[end..].starts_with(b" :") {
        end
    } else {
        0
    }
}

/// The line's own start, where nothing but list marks or the name of an exam stands before `at` on its line.
fn opening(text: &Text<'_>, at: u32) -> Option<u32> {
    let starts = text.line_starts();
    let line = starts[starts.partition_point(|s| *s <= at).checked_sub(1)?];
    let before = &text.text()[line as usize..at as usize];
    if before.bytes().all(|b| matches!(b, b' ' | b'*' | b'#' | b'>' | b'-' | b'.' | b')' | b'(') || b.is_ascii_digit()) {
        return Some(at);
    }
    (before.len() <= 48 && before.ends_with(' ') && !before.contains([':', '.', ',']) && names_modality(text, Span::new(line, at)))
        .then_some(line)
}

/// A heading in the run of a text stands behind the end of a sentence or phrase.
fn soft_border(all: &[u8], at: u32) -> bool {
    let before = all[..at as usize].iter().rev().find(|b| !matches!(b, b' ' | b'*' | b'_'));
    matches!(before, None | Some(b'.' | b',' | b';' | b':' | b'\n' | b'!' | b'?' | b')' | b'"'))
}

/// Whether a range holds the word of a modality.
fn names_modality(text: &Text<'_>, range: Span) -> bool {
    text.read(range, true).iter().any(|m| text.lexicon.concept(m.concept).sets.get(text.lexicon.known.modality) != 0)
}

/// Whether a range holds a modality, or a method or a protocol that implies one.
pub(crate) fn names_exam(text: &Text<'_>, range: Span) -> bool {
    let known = &text.lexicon.known;
    let mentions = text.read(range, true);
    mentions.iter().any(|m| {
        let c = text.lexicon.concept(m.concept);
        c.role == Role::Plain && (c.sets.get(known.modality) | c.implies.get(known.modality) | c.sets.get(known.method)) != 0
    }) || counts_views(text, range, &mentions)
}

/// Whether a range names a film by its views: a region, and a number with its unit or two projections.
pub(crate) fn counts_views(text: &Text<'_>, range: Span, mentions: &[Mention]) -> bool {
    let lexicon = text.lexicon;
    let Some(projections) = lexicon.known.projections else { return false };
    let concept = |m: &Mention| lexicon.concept(m.concept);
    if !mentions.iter().any(|m| concept(m).role == Role::Plain && !concept(m).regions.is_empty()) {
        return false;
    }
    let named = mentions.iter().fold(0, |bits, m| bits | concept(m).sets.get(projections));
    if lexicon.axis(projections).count(named) > 1 {
        return true;
    }
    // the unit may be glued to its number: "RT KNEE 3V"
    let glued = || text.slice(range).as_bytes().windows(2).any(|w| w[0].is_ascii_digit() && w[1] == b'v');
    (mentions.iter().any(|m| concept(m).role == Role::Unit) || glued()) && count::of(text, range).iter().any(|c| c.unit.is_some())
}

/// Run-in headings that name an exam: a few words between a border and a colon ("..., CT PELVIS: The appendix ...").
fn run_in_headings(text: &Text<'_>, heads: &mut Vec<Head>) {
    let all = text.text();
    let bytes = all.as_bytes();
    let mut found = Vec::new();
    let taken = Stretches::new(heads.iter().map(|h| h.span).collect());
    for (colon, _) in all.match_indices(':') {
        let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
        if digit(bytes.get(colon + 1)) || text.is_quoted(colon as u32) {
            continue; // a time of day; a report quoted in this one
        }
        let Some(border) = bytes[colon.saturating_sub(60)..colon].iter().rposition(|b| matches!(b, b'.' | b',' | b';' | b'\n' | b':'))
        else {
            continue;
        };
        let mut start = colon.saturating_sub(60) + border + 1;
        while start < colon && matches!(bytes[start], b' ' | b'*') {
            start += 1;
        }
        let piece = Span::new(start as u32, colon as u32);
        let words = all[piece.range()].split_whitespace().count();
        if words == 0 || words > 6 || is_measure(all, piece) || taken.touch(piece) || !names_exam(text, piece) {
            continue;
        }
        let read: usize = text.read(piece, true).iter().map(|m| all[m.span.range()].split_whitespace().count()).sum();
        if read * 2 < words {
            continue;
        }
        let mut body = colon;
        while body < bytes.len() && matches!(bytes[body], b':' | b'*' | b' ' | b',') {
            body += 1;
        }
        found.push(Head { span: piece, body: body as u32, kind: SectionKind::Body, entry: None, names_exam: true, line: false });
    }
    heads.extend(found);
}

/// Whether a label of a few letters stands before a measure: "FL: 33 mm", "FL/HC (19-20): 17" measure a femur and name no
/// fluoroscopy.
fn is_measure(all: &str, label: Span) -> bool {
    const SHORT: u32 = 6;
    let rest = all[label.end as usize..].trim_start_matches([':', ' ', '(']);
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let unit = behind.trim_start().starts_with("mm") || behind.trim_start().starts_with("cm");
    label.len() <= SHORT && behind.len() < rest.len() && (unit || all[label.range()].contains('/'))
}

/// Lines of the body that name an exam and end in a colon, or are nothing else: own headings.
fn exam_headings(text: &Text<'_>, heads: &mut Vec<Head>) {
    const LONG: usize = 90; // bytes
    let first = heads.first().map_or(u32::MAX, |h| h.span.start);
    let all = text.text();
    let mut found = Vec::new();
    let taken = Stretches::new(heads.iter().map(|h| h.span).collect());
    let mut line_end = None;
    for &start in text.line_starts().iter().filter(|s| text.starts_paragraph(**s)) {
        // lines of the source may have become one
        let ahead = line_end.filter(|end| start as usize <= *end);
        let line_end =
            *line_end.insert(ahead.unwrap_or_else(|| all[start as usize..].find('\n').map_or(all.len(), |i| start as usize + i)));
        let line = &all[start as usize..line_end];
        let colon = line.bytes().take(LONG + 1).position(|b| b == b':');
        let end = match colon {
            Some(i) => start as usize + i,
            // without a colon only a short line of its own, after the report has begun
            None if line.len() <= LONG && start > first && !line.ends_with('.') && !line.starts_with("- ") => line_end,
            None => continue,
        };
        // "STROKE PROTOCOL: CT HEAD, CTA NECK" opens a report: one title
        let rest = Span::new(end as u32, line_end as u32);
        let opens = start == 0 && colon.is_some() && !line.contains('.') && (names_modality(text, rest) || is_list_of_views(text, rest));
        let end = if opens { line_end } else { end };
        let piece = Span::new(start, end as u32);
        if text.is_quoted(start) || is_measure(all, piece) || all[piece.range()].contains(". ") || taken.touch(piece) || taken.begin(start)
        {
            continue;
        }
        let named = || names_exam(text, piece) || (start == 0 && colon.is_some() && is_headline(text, piece));
        if text.hits(piece).next().is_some() && named() && (piece.len() as usize <= LONG || opens) {
            let mut body = end;
            while body < all.len() && matches!(all.as_bytes()[body], b':' | b'*' | b' ') {
                body += 1;
            }
            found.push(Head { span: piece, body: body as u32, kind: SectionKind::Body, entry: None, names_exam: true, line: false });
        }
    }
    heads.extend(found);
}

/// Whether a range lists projections or numbers of views and nothing else: "XR ELBOW: AP, LAT, OBL".
fn is_list_of_views(text: &Text<'_>, range: Span) -> bool {
    let Some(projections) = text.lexicon.known.projections else { return false };
    let mut mentions = Vec::new();
    text.mentions(range, true, &mut mentions);
    let words = |span: Span| tokens(text.text(), span).filter(|t| t.kind == TokenKind::Word).count();
    let named = mentions.iter().fold(0, |bits, m| bits | text.lexicon.concept(m.concept).sets.get(projections));
    let unit = mentions.iter().any(|m| text.lexicon.concept(m.concept).role == Role::Unit);
    let digits = tokens(text.text(), range).filter(|t| text.slice(t.span).bytes().all(|b| b.is_ascii_digit())).count();
    (named != 0 || unit) && mentions.iter().map(|m| words(m.span)).sum::<usize>() + digits >= words(range)
}

/// Sections whose text is one paragraph: what follows a blank line is no longer theirs.
fn is_brief(kind: SectionKind) -> bool {
    use SectionKind as K;
    matches!(
        kind,
        K::Title | K::Order | K::History | K::Comparison | K::Contrast | K::Technique | K::Dose | K::Admin | K::ExamDate | K::Signature
    )
}

fn cover(text: &Text<'_>, heads: &[Head]) -> Vec<Part> {
    let all = text.text();
    let len = all.len() as u32;
    let mut parts = Vec::with_capacity(heads.len() + 2);
    let part = |kind, entry, head, body, names_exam| Part { kind, entry, head, body, names_exam };
    let first = heads.first().map_or(len, |h| h.span.start);
    if first > 0 {
        parts.push(part(SectionKind::Body, None, Span::new(0, 0), Span::new(0, first), false));
    }
    for (i, h) in heads.iter().enumerate() {
        let end = heads.get(i + 1).map_or(len, |n| n.span.start).max(h.body);
        let body = Span::new(h.body.min(end), end);
        let mut cut = end;
        if is_brief(h.kind) {
            let text_start = all[body.range()].find(|c: char| c != '\n' && c != ' ').unwrap_or(0);
            if let Some(blank) = all[body.start as usize + text_start..body.end as usize].find("\n\n") {
                cut = body.start + (text_start + blank) as u32;
            }
            if h.line
                && let Some(line) = all[body.start as usize + text_start..cut as usize].find('\n')
            {
                cut = body.start + (text_start + line) as u32;
            }
            if let Some(line) = made_line(text, h.kind, Span::new(body.start, cut)) {
                cut = line;
            }
        }
        // "STROKE PROTOCOL: CT HEAD, CTA NECK" opens a report: a title behind a name
        let line = Span::new(body.start, all[body.range()].find('\n').map_or(body.end, |n| body.start + n as u32));
        let opens = i == 0 && first == 0 && h.kind == SectionKind::Technique && line.start < line.end && names_modality(text, line);
        let kind =
            if opens && !all[line.range()].contains(". ") && !all[line.range()].ends_with('.') { SectionKind::Title } else { h.kind };
        parts.push(part(kind, h.entry, h.span, Span::new(body.start, cut), h.names_exam));
        if cut < end {
            parts.push(part(SectionKind::Body, None, Span::new(cut, cut), Span::new(cut, end), false));
        }
    }
    parts
}

/// Where a line behind the first one of a history tells how images were made: "Indication: pain" over "25 mCi of MDP,
/// images after three hours".
fn made_line(text: &Text<'_>, kind: SectionKind, body: Span) -> Option<u32> {
    const LINES: usize = 200; // of a history; no more are read
    const LONG: u32 = 4096; // bytes of such a line
    if kind != SectionKind::History {
        return None;
    }
    let modality = text.lexicon.known.modality;
    let (mut mentions, mut cues) = (Vec::new(), Vec::new());
    let starts = text.line_starts();
    let behind = &starts[starts.partition_point(|s| *s <= body.start)..];
    let mut end = 0;
    behind.iter().copied().take_while(|s| *s < body.end).take(LINES).find(|start| {
        if end < *start {
            end = text.text()[*start as usize..body.end as usize].find('\n').map_or(body.end, |n| start + n as u32);
        }
        let line = Span::new(*start, end.min(start + LONG));
        text.mentions(line, false, &mut mentions);
        text.cues(line, &mut cues);
        let concept = |m: &Mention| text.lexicon.concept(m.concept);
        let past = cues.iter().any(|(_, c)| matches!(text.lexicon.cue(*c).means, Means::Comparison | Means::History | Means::Outside));
        !past
            && mentions.iter().any(|m| concept(m).role == Role::Acquisition)
            && mentions.iter().any(|m| concept(m).role == Role::Hint && concept(m).sets.get(modality) != 0)
    })
}

/// A heading that names regions and nothing else ("BRAIN:", "(a) Head: findings", "Cervical spine.").
#[derive(Clone, Copy, Debug)]
pub(crate) struct RegionHeading {
    pub(crate) regions: RegionSet,
    /// What stands under it, up to the next heading of its kind.
    pub(crate) body: Span,
}

/// All headings that name regions, in order.
pub(crate) fn region_headings(text: &Text<'_>, parts: &[Part]) -> Vec<RegionHeading> {
    use SectionKind as K;
    let all = text.text();
    let bytes = all.as_bytes();
    let mut found: Vec<(u32, u32, RegionSet)> = Vec::new();
    let mut mentions = Vec::new();
    for (at, mark) in all.match_indices([':', '.', '\n']) {
        let from = at.saturating_sub(40);
        let border = bytes[from..at].iter().rposition(|b| matches!(b, b'.' | b',' | b';' | b'\n' | b':'));
        let mut start = border.map_or(from, |n| from + n + 1);
        if border.is_none() && from > 0 {
            continue;
        }
        while start < at && !bytes[start].is_ascii_alphanumeric() {
            start += 1;
        }
        // "(a) HEAD": the label of a list
        if at > start + 2 && bytes[start + 1] == b')' {
            start += 2;
            while start < at && bytes[start] == b' ' {
                start += 1;
            }
        }
        let piece = Span::new(start as u32, at as u32);
        if mark != ":" && !text.starts_paragraph(piece.start) {
            continue;
        }
        let words = all.get(piece.range()).map_or(0, |s| s.split_whitespace().count());
        if words == 0 || words > 4 {
            continue;
        }
        text.mentions(piece, true, &mut mentions);
        let mut regions = RegionSet::default();
        let mut read = 0;
        for m in &mentions {
            let c = text.lexicon.concept(m.concept);
            if c.role == Role::Plain && c.sets.get(text.lexicon.known.modality) == 0 {
                regions.extend(&c.regions);
            }
            read += all[m.span.range()].split_whitespace().count();
        }
        let headed: usize = text.headings(piece).map(|(s, _)| all[s.range()].split_whitespace().count()).max().unwrap_or(0);
        if !regions.is_empty() && (read >= words || read + headed >= words) {
            found.push((piece.start, at as u32 + 1, regions));
        }
    }
    let ending = |p: &&Part| matches!(p.kind, K::Impression | K::Recommendation | K::Technique | K::Comparison | K::History | K::Signature);
    let ends: Vec<u32> = parts.iter().filter(ending).map(|p| p.head.start).collect();
    let end_of = |from: u32| ends.get(ends.partition_point(|end| *end <= from)).copied().unwrap_or(all.len() as u32);
    found
        .iter()
        .enumerate()
        .map(|(i, (_, body, regions))| RegionHeading {
            regions: *regions,
            body: Span::new(*body, found.get(i + 1).map_or(u32::MAX, |n| n.0).min(end_of(*body)).max(*body)),
        })
        .collect()
}
