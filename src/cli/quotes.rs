//! Chooses the few spans of a suggestion's evidence that are worth a line: the exam where it is named best, contrast
//! in at most two places.

use radcode::{Evidence, Span, position};

/// Words of the report to show beside a role.
#[derive(Debug, PartialEq, Eq)]
pub struct Quote {
    /// The role, or `exam` for neighbouring words of several roles.
    pub role: String,
    /// The role whose colour the words get.
    pub color: String,
    /// The words.
    pub span: Span,
    /// How many other places say the same.
    pub more: usize,
}

struct Cluster<'a> {
    span: Span,
    roles: Vec<&'a str>,
    section: &'a str,
}

/// Widest gap between two words of one exam statement, and of one contrast phrase, in bytes.
const GAPS: (u32, u32) = (16, 40);

fn is_contrast(role: &str) -> bool {
    matches!(role, "contrast" | "route")
}

/// The quotes for one suggestion, in the order of roles: exam, contrast, the rest.
pub fn choose(text: &str, evidence: &[Evidence]) -> Vec<Quote> {
    let mut out = Vec::new();
    let exam = clusters(text, evidence.iter().filter(|e| !is_contrast(&e.role) && e.role != "exam"), GAPS.0);
    let mut told: Vec<&str> = Vec::new();
    let mut left: Vec<&Cluster> = exam.iter().collect();
    // the place that names most, then those that add a role
    while let Some(best) = left.iter().enumerate().max_by_key(|(i, c)| (fresh(c, &told), std::cmp::Reverse(*i))).map(|(i, _)| i) {
        let c = left.remove(best);
        if fresh(c, &told) == 0 {
            break;
        }
        let repeats = left.iter().filter(|o| o.roles.iter().all(|r| c.roles.contains(r))).count();
        let role = if c.roles.len() > 1 { "exam" } else { c.roles[0] };
        let color = if c.roles.contains(&"region") { "region" } else { c.roles[0] };
        out.push(Quote { role: role.to_owned(), color: color.to_owned(), span: c.span, more: repeats });
        told.extend(&c.roles);
    }
    let contrast = clusters(text, evidence.iter().filter(|e| is_contrast(&e.role)), GAPS.1);
    let mut best: Vec<&Cluster> = contrast.iter().collect();
    best.sort_by_key(|c| std::cmp::Reverse((matches!(c.section, "technique" | "contrast"), c.roles.contains(&"contrast"), c.span.len())));
    let second = best.iter().skip(1).find(|c| best[0].section != c.section).copied();
    let mut shown: Vec<&Cluster> = best.first().copied().into_iter().chain(second).collect();
    shown.sort_by_key(|c| c.span.start);
    let more = contrast.len() - shown.len();
    let last = shown.len().saturating_sub(1);
    out.extend(shown.iter().enumerate().map(|(i, c)| {
        let role = if c.roles.contains(&"contrast") { "contrast" } else { "route" };
        Quote { role: role.to_owned(), color: "contrast".to_owned(), span: c.span, more: if i == last { more } else { 0 } }
    }));
    if out.is_empty() {
        out.extend(evidence.first().map(|e| Quote { role: e.role.clone(), color: e.role.clone(), span: e.span, more: evidence.len() - 1 }));
    }
    out
}

fn fresh(c: &Cluster, told: &[&str]) -> usize {
    c.roles.iter().filter(|r| !told.contains(r)).count()
}

/// Evidence that stands together, as one stretch each, in the order of the report.
fn clusters<'a>(text: &str, evidence: impl Iterator<Item = &'a Evidence>, gap: u32) -> Vec<Cluster<'a>> {
    let mut all: Vec<&Evidence> = evidence.collect();
    all.sort_by_key(|e| (e.span.start, e.span.end));
    let mut out: Vec<Cluster> = Vec::new();
    for e in all {
        if let Some(last) = out.last_mut() {
            let between = last.span.end.min(e.span.start)..e.span.start;
            let words = &text[between.start as usize..between.end as usize];
            let apart = last.section != e.section
                || words.contains("\n\n")
                || words.contains("\r\n\r\n")
                || words.contains(". ")
                || words.contains(['\n', ';']) && gap == GAPS.0;
            if !apart && e.span.start <= last.span.end + gap {
                last.span = last.span.join(e.span);
                if !last.roles.contains(&e.role.as_str()) {
                    last.roles.push(&e.role);
                }
                continue;
            }
        }
        out.push(Cluster { span: e.span, roles: vec![&e.role], section: &e.section });
    }
    out
}

/// The words of a span on one line, fit for a terminal, cut in the middle where they are longer than `width`.
pub fn words(text: &str, span: Span, width: usize) -> String {
    let mut line = String::new();
    for word in text[span.range()].split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(plain));
    }
    let n = line.chars().count();
    if n <= width {
        return line;
    }
    // two thirds of the room for the beginning, the rest for the end, whole words where they fit
    let tail = width / 3;
    let head: String = line.chars().take(width.saturating_sub(tail + 3)).collect();
    let tail: String = line.chars().skip(n - tail).collect();
    let head = head.rsplit_once(' ').map_or(head.as_str(), |(h, _)| h);
    let tail = tail.split_once(' ').map_or(tail.as_str(), |(_, t)| t);
    format!("{head} … {tail}")
}

/// A character that does nothing to a terminal.
pub fn plain(c: char) -> char {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns { '\u{fffd}' } else { c }
}

/// Line and column of a span, as `4:22`.
pub fn place(text: &str, span: Span) -> String {
    let at = position(text, span.start);
    format!("{}:{}", at.line, at.column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(text: &str, role: &str, words: &str, section: &str) -> Evidence {
        let start = text.find(words).expect("the words stand in the text") as u32;
        Evidence { role: role.into(), span: Span::new(start, start + words.len() as u32), section: section.into(), concept: None }
    }

    #[test]
    fn one_line_for_the_exam_and_two_for_contrast() {
        let text =
            "CT CERVICAL SPINE WITHOUT AND WITH CONTRAST\nTechnique: before and after 100 mL of contrast.\nFINDINGS: the cord enhances.";
        let all = [
            evidence(text, "modality", "CT", "body"),
            evidence(text, "region", "CERVICAL SPINE", "body"),
            evidence(text, "contrast", "WITHOUT AND WITH CONTRAST", "body"),
            evidence(text, "contrast", "before and after", "technique"),
            evidence(text, "contrast", "contrast.", "technique"),
            evidence(text, "contrast", "enhances", "findings"),
        ];
        let lines: Vec<(String, String, usize)> =
            choose(text, &all).into_iter().map(|q| (q.role, words(text, q.span, 60), q.more)).collect();
        assert_eq!(
            lines,
            [
                ("exam".to_owned(), "CT CERVICAL SPINE".to_owned(), 0),
                ("contrast".to_owned(), "WITHOUT AND WITH CONTRAST".to_owned(), 0),
                ("contrast".to_owned(), "before and after 100 mL of contrast.".to_owned(), 1),
            ]
        );
    }

    #[test]
    fn long_words_are_cut_and_escapes_are_harmless() {
        assert_eq!(words("abcdefghijklmnopqrstuvwxyz", Span::new(0, 26), 15), "abcdefg … vwxyz");
        assert_eq!(words("a\u{1b}[31mb", Span::new(0, 7), 20), "a\u{fffd}[31mb");
    }
}
