//! What has to hold for every text: true spans, proven axes, one answer however the same words are set, no code from
//! exams that are only mentioned, and no panic. Deterministic: fixed seeds, nothing is kept between runs.

mod common;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use common::{Case, analyze, corpus};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use radcode::{Analysis, Analyzer, Evidence, Folded, JsonOptions, Lexicon, Options, ReportText, Span, answer};

static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| Analyzer::new(Lexicon::embedded().unwrap_or_else(|e| panic!("{e}"))));
static CORPUS: LazyLock<Vec<Case>> = LazyLock::new(corpus);

/// Sentences on exams that are not this one: comparison, history, advice and plans.
const ASIDES: [&str; 12] = [
    "Comparison is made with CT of the abdomen and pelvis with contrast of 2021.",
    "Follow-up MRI of the brain without and with contrast is recommended.",
    "The patient had a CT angiogram of the chest last year.",
    "MRI of the lumbar spine without contrast from March is available for comparison.",
    "Prior CT of the cervical spine with intravenous contrast is not available for review.",
    "Recommend further evaluation with contrast-enhanced MRI of the left knee.",
    "A repeat CT of the chest without contrast in 3 months is suggested.",
    "Previous MR angiography of the head and neck was normal.",
    "If symptoms persist, consider CT of the head without contrast.",
    "History of CT-guided biopsy of the liver in 2019.",
    "MRI of the right shoulder without contrast is scheduled for next week.",
    "Compared with the outside CT urogram of last month there is no change.",
];

/// The same as a section of its own; only at the end, since a heading takes in what follows it, and only of a report,
/// since a section of a report is a sign of one.
const HEADED: [&str; 3] = [
    "COMPARISON: MRI of the lumbar spine without contrast from March.",
    "RECOMMENDATION: CT of the chest with contrast in 3 months.",
    "Comparison: CTA head and neck with contrast 01/02/2020, CT abdomen and pelvis without contrast 03/04/2021",
];

fn config(cases: u32, seed: u64) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() }
}

fn codes(text: &str, options: &Options) -> Vec<String> {
    let mut codes: Vec<String> = match analyze(&ANALYZER, text, options) {
        Ok(analysis) => analysis.suggestions.into_iter().map(|s| s.code).collect(),
        Err(panic) => vec![panic],
    };
    codes.sort();
    codes.dedup();
    codes
}

fn all_evidence(analysis: &Analysis) -> impl Iterator<Item = &Evidence> {
    let suggestions = analysis.suggestions.iter().flat_map(|s| &s.evidence);
    let rejected = analysis.rejected.iter().flat_map(|r| &r.evidence);
    let queries = analysis.queries.iter().flat_map(|q| &q.evidence);
    suggestions.chain(rejected).chain(queries).chain(&analysis.document.evidence)
}

/// What is wrong with the spans of an analysis, if anything is.
fn bad_span(text: &str, analysis: &Analysis) -> Option<String> {
    let bad = all_evidence(analysis).find(|e| e.span.is_empty() || text.get(e.span.range()).is_none_or(|words| words.trim().is_empty()));
    bad.map(|e| format!("{}..{} is no words of the text ({} bytes), role {}", e.span.start, e.span.end, text.len(), e.role))
}

/// Axes that chose a code without a span and without standing in its defaults.
fn unproven(analysis: &Analysis) -> Vec<String> {
    let mut out = Vec::new();
    for s in &analysis.suggestions {
        if s.evidence.is_empty() {
            out.push(format!("{} has no evidence at all", s.code));
        }
        for axis in ["modality", "region", "contrast"] {
            let told = s.study.iter().any(|(a, _)| a == axis);
            if told && !s.evidence.iter().any(|e| e.role == axis) && !s.defaults.iter().any(|(a, _)| a == axis) {
                out.push(format!("{} has no span for {axis}, and no default", s.code));
            }
        }
    }
    out
}

/// The shortest text that still fails, found by leaving out sentences and lines. For a reader; never decides.
fn smallest(text: &str, fails: impl Fn(&str) -> bool) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for line in text.split_inclusive('\n') {
        parts.extend(line.split_inclusive(". "));
    }
    let mut size = parts.len() / 2;
    let mut budget = 400;
    while size > 0 {
        let mut at = 0;
        while at < parts.len() && budget > 0 {
            budget -= 1;
            let rest: Vec<&str> = parts.iter().enumerate().filter(|(i, _)| !(at..at + size).contains(i)).map(|(_, p)| *p).collect();
            if fails(&rest.concat()) { parts = rest } else { at += size }
        }
        size /= 2;
    }
    parts.concat()
}

/// Cuts a report at its first blank line: the head stays as it is, the body is set anew.
fn body_start(text: &str) -> usize {
    text.find("\n\n").map_or(text.len(), |i| i + 2)
}

/// Breaks lines longer than `width` at blanks.
fn wrap(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        if content.chars().count() <= width {
            out.push_str(line);
            continue;
        }
        let indent = content.len() - content.trim_start().len();
        out.push_str(&content[..indent]);
        let mut column = indent;
        for word in content[indent..].split(' ') {
            let long = word.chars().count();
            if column > indent && column + 1 + long > width {
                out.push('\n');
                column = 0;
            } else if column > indent {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += long;
        }
        out.push_str(&line[content.len()..]);
    }
    out
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Letters {
    AsTheyAre,
    Upper,
    Lower,
}

/// One way to set the words of a body.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a change of its own, in any combination")]
struct Setting {
    width: Option<usize>,
    letters: Letters,
    crlf: bool,
    curly: bool,
    nbsp: bool,
    doubled: bool,
}

const PLAIN: Setting = Setting { width: None, letters: Letters::AsTheyAre, crlf: false, curly: false, nbsp: false, doubled: false };

impl Setting {
    fn apply(self, text: &str) -> String {
        let (head, body) = text.split_at(body_start(text));
        let mut body = body.to_owned();
        if let Some(width) = self.width {
            body = wrap(&body, width);
        }
        body = match self.letters {
            Letters::AsTheyAre => body,
            Letters::Upper => body.to_uppercase(),
            Letters::Lower => body.to_lowercase(),
        };
        if self.curly {
            body = curly(&body);
        }
        if self.doubled {
            body = body.replace(' ', "  ");
        }
        if self.nbsp {
            body = body.replace(' ', "\u{a0}");
        }
        let whole = format!("{head}{body}");
        if self.crlf { whole.replace('\n', "\r\n") } else { whole }
    }
}

fn curly(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let opens = out.is_empty() || out.ends_with(|c: char| c.is_whitespace() || c == '(');
        out.push(match (c, opens) {
            ('"', true) => '\u{201c}',
            ('"', false) => '\u{201d}',
            ('\'', true) => '\u{2018}',
            ('\'', false) => '\u{2019}',
            _ => c,
        });
    }
    out
}

/// Reports whose codes change, what changes, and for the first ones a text cut down to what matters.
#[derive(Default)]
struct Changes(Vec<(String, String)>);

/// Cases whose codes are known to change, each with its reason in `corpus/OPEN.md`.
static OPEN: LazyLock<Vec<String>> = LazyLock::new(common::open_properties);

impl Changes {
    /// Notes a change of codes from `text` to `set(text)`.
    fn note(&mut self, what: &str, case: &Case, text: &str, set: impl Fn(&str) -> Option<String>) {
        let options = case.options();
        if OPEN.contains(&case.path) {
            return;
        }
        let was = codes(text, &options);
        let Some(changed) = set(text) else { return };
        let is = codes(&changed, &options);
        if is == was {
            return;
        }
        let fails = |t: &str| codes(t, &options) == was && set(t).is_some_and(|t| codes(&t, &options) != was);
        let example = if self.0.len() < 3 { set(&smallest(text, fails)).unwrap_or_default() } else { String::new() };
        self.0.push((format!("{}: {what}: {was:?} becomes {is:?}", case.path), example));
    }

    fn all_settings(settings: impl IntoIterator<Item = Setting>) -> Self {
        let mut changes = Self::default();
        for setting in settings {
            for case in CORPUS.iter() {
                changes.note(&format!("{setting:?}"), case, &case.text, |t| Some(setting.apply(t)));
            }
        }
        changes
    }

    fn check(&self) {
        let mut message = String::new();
        for (what, example) in &self.0 {
            message.push_str(what);
            message.push('\n');
            if !example.is_empty() {
                message.push_str(example);
                message.push_str("\n========\n");
            }
        }
        assert!(self.0.is_empty(), "{} answers change:\n{message}", self.0.len());
    }
}

#[test]
fn codes_do_not_depend_on_the_width_of_lines() {
    Changes::all_settings([60, 66, 72, 80, 97, 120, 200].map(|width| Setting { width: Some(width), ..PLAIN })).check();
}

#[test]
fn codes_do_not_depend_on_case() {
    Changes::all_settings([Letters::Upper, Letters::Lower].map(|letters| Setting { letters, ..PLAIN })).check();
}

#[test]
fn codes_do_not_depend_on_line_ends() {
    Changes::all_settings([Setting { crlf: true, ..PLAIN }]).check();
}

#[test]
fn codes_do_not_depend_on_quotes() {
    Changes::all_settings([Setting { curly: true, ..PLAIN }]).check();
}

#[test]
fn codes_do_not_depend_on_blanks() {
    Changes::all_settings([Setting { nbsp: true, ..PLAIN }, Setting { doubled: true, ..PLAIN }]).check();
}

#[test]
fn every_span_of_the_corpus_is_true_and_every_axis_proven() {
    let mut wrong = Vec::new();
    for case in CORPUS.iter() {
        let analysis = match analyze(&ANALYZER, &case.text, &case.options()) {
            Ok(analysis) => analysis,
            Err(panic) => {
                wrong.push(format!("{}: {panic}", case.path));
                continue;
            }
        };
        wrong.extend(bad_span(&case.text, &analysis).into_iter().chain(unproven(&analysis)).map(|w| format!("{}: {w}", case.path)));
    }
    assert!(wrong.is_empty(), "{}", common::lines(&wrong));
}

#[test]
fn the_same_text_gets_the_same_answer_from_every_thread() {
    let answers = || -> Vec<String> {
        let one = |c: &Case| {
            let analysis = ANALYZER.analyze(&c.text, &c.options());
            let answer = answer(ReportText::new(&c.path, &c.text), ANALYZER.lexicon(), &analysis, JsonOptions { text: true });
            serde_json::to_string(&answer).expect("an answer is JSON")
        };
        CORPUS.iter().map(one).collect()
    };
    let first = answers();
    let others: Vec<Vec<String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(answers)).collect();
        threads.into_iter().map(|t| t.join().expect("a thread that analyses does not panic")).collect()
    });
    for other in &others {
        for (a, b) in first.iter().zip(other) {
            assert_eq!(a, b);
        }
    }
}

#[test]
fn terms_are_found_where_an_automaton_over_bytes_finds_them_on_word_borders() {
    let terms = ANALYZER.lexicon().terms();
    let patterns: Vec<&str> = terms.patterns().collect();
    let automaton = AhoCorasick::new(&patterns).expect("terms that fit an automaton");
    let inside = |b: u8| b.is_ascii_alphanumeric() || !b.is_ascii();
    // the terms side by side are texts full of matches that overlap and of near misses
    let joined = patterns.chunks(97).flat_map(|c| [" ", "", "  ", "/", "\n"].map(|by| c.join(by)));
    for text in CORPUS.iter().map(|c| c.text.clone()).chain(joined) {
        let folded = Folded::new(&text);
        let text = folded.text();
        let is_border = |at: usize| at == 0 || at == text.len() || !text.as_bytes()[at - 1..=at].iter().all(|b| inside(*b));
        let mut expected: Vec<(usize, usize, usize)> = automaton
            .find_overlapping_iter(text)
            .filter(|m| is_border(m.start()) && is_border(m.end()))
            .map(|m| (m.start(), m.end(), m.pattern().as_usize()))
            .collect();
        expected.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
        let mut found = Vec::new();
        terms.find(text, |pattern, span| found.push((span.start as usize, span.end as usize, pattern as usize)));
        assert_eq!(found, expected, "{text}");
    }
}

/// Byte offsets behind a sentence of the findings, and the end. Empty where the whole text is a title.
fn borders(case: &Case) -> Vec<usize> {
    if case.style == "charge-line" {
        return Vec::new();
    }
    let text = &case.text;
    let lower = text.to_ascii_lowercase();
    let mut out = vec![text.trim_end().len()];
    let heading = |name: &str, from: usize| {
        lower[from..].match_indices(name).map(|(i, _)| from + i).find(|&i| {
            let opens = lower[..i].trim_end_matches(['*', '#', ' ']).ends_with(['\n', ',', '.']) || i == 0;
            opens && lower[i + name.len()..].trim_start_matches(['*', ' ']).starts_with([':', '\n'])
        })
    };
    let Some(start) = heading("findings", 0) else { return out };
    let ends =
        ["impression", "conclusion", "opinion", "summary", "addendum", "recommendation", "technique", "comparison", "interpretation"];
    let end = ends.iter().filter_map(|name| heading(name, start)).min().unwrap_or(text.len());
    let bytes = text.as_bytes();
    for i in start..end {
        let word = text.as_bytes()[..i].iter().rev().take_while(|b| b.is_ascii_alphabetic()).count();
        if bytes[i] == b'.' && word >= 4 && bytes.get(i + 1).is_some_and(u8::is_ascii_whitespace) {
            out.push(i + 1);
        }
    }
    out
}

/// The text with a sentence put in behind a border; at the end it gets a line of its own.
fn with_aside(text: &str, border: usize, aside: &str) -> String {
    let gap = if text[border..].trim().is_empty() { "\n" } else { " " };
    format!("{}{gap}{aside}{}", &text[..border], &text[border..])
}

#[test]
fn a_sentence_on_another_exam_changes_no_code() {
    let mut changes = Changes::default();
    for case in CORPUS.iter() {
        let all = borders(case);
        let at_end = |border: usize| case.text[border..].trim().is_empty();
        let chosen: Vec<usize> = if all.len() <= 3 { all } else { vec![all[0], all[1], all[all.len() / 2], all[all.len() - 1]] };
        let document = ANALYZER.analyze(&case.text, &case.options()).document;
        if document.kind == "charge_line" {
            continue; // with a sentence behind it, it is no charge line any more
        }
        let is_report = document.admitted;
        for aside in ASIDES.iter().chain(&HEADED) {
            for &border in chosen.iter().filter(|b| !HEADED.contains(aside) || (is_report && at_end(**b))) {
                let found = changes.0.len();
                let what = format!("{aside:?} {}", if at_end(border) { "at the end" } else { "in the findings" });
                let with = with_aside(&case.text, border, aside);
                // cut down as the text without the sentence; the sentence goes where it was
                let (before, _) = with.split_once(aside).unwrap_or((&with, ""));
                let anchor = before.trim_end().rsplit(". ").next().unwrap_or_default().rsplit('\n').next().unwrap_or_default().to_owned();
                changes.note(&what, case, &case.text, |t| {
                    if t == case.text {
                        return Some(with.clone());
                    }
                    let at = t.find(&anchor)? + anchor.len();
                    Some(with_aside(t, at, aside))
                });
                if changes.0.len() > found {
                    break;
                }
            }
        }
    }
    changes.check();
}

fn setting() -> impl Strategy<Value = Setting> {
    let letters = prop_oneof![Just(Letters::AsTheyAre), Just(Letters::Upper), Just(Letters::Lower)];
    (proptest::option::of(60usize..=200), letters, any::<[bool; 4]>()).prop_map(|(width, letters, [crlf, curly, nbsp, doubled])| Setting {
        width,
        letters,
        crlf,
        curly,
        nbsp,
        doubled,
    })
}

/// A corpus report with pieces left out and pieces doubled, and strange characters put in.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 1usize..200, 0u8..4, any::<char>());
    (any::<prop::sample::Index>(), proptest::collection::vec(edit, 1..6)).prop_map(|(case, edits)| {
        let mut text = case.get(&CORPUS).text.clone();
        for (at, len, kind, c) in edits {
            if text.is_empty() {
                break;
            }
            let floor = |i: usize| (0..=i.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
            let start = floor(at.index(text.len()));
            let end = floor(start + len);
            match kind {
                0 => text.replace_range(start..end, ""),
                1 => {
                    let piece = text[start..end].to_owned();
                    text.insert_str(end, &piece);
                }
                2 => text.insert(start, c),
                _ => text.truncate(start),
            }
        }
        text
    })
}

fn holds_for_any_text(text: &str) -> Result<(), TestCaseError> {
    let analysis = analyze(&ANALYZER, text, &Options::default()).map_err(TestCaseError::fail)?;
    prop_assert_eq!(bad_span(text, &analysis), None);
    prop_assert_eq!(unproven(&analysis), Vec::<String>::new());
    let answer = answer(ReportText::new("x", text), ANALYZER.lexicon(), &analysis, JsonOptions { text: true });
    prop_assert!(serde_json::to_string(&answer).is_ok());
    Ok(())
}

fn folds_back(text: &str) -> Result<(), TestCaseError> {
    let folded = Folded::new(text);
    let mut last = 0;
    for (at, c) in folded.text().char_indices() {
        let span = folded.to_source(text, Span::new(at as u32, (at + c.len_utf8()) as u32));
        prop_assert!(text.get(span.range()).is_some_and(|s| !s.is_empty()), "folded {at} {c:?} goes to {span:?} of {text:?}");
        prop_assert!(span.start >= last, "the map runs backwards at {at} of {text:?}");
        last = span.start;
    }
    for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
        let goes_to = folded.from_source(at as u32) as usize;
        let first =
            folded.text().char_indices().find(|(f, _)| folded.to_source(text, Span::new(*f as u32, *f as u32)).start as usize >= at);
        prop_assert_eq!(goes_to, first.map_or(folded.text().len(), |(f, _)| f), "source {} of {:?}", at, text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(400, 1))]

    #[test]
    fn codes_do_not_depend_on_how_the_body_is_set(case in any::<prop::sample::Index>(), setting in setting()) {
        let case = case.get(&CORPUS);
        let options = case.options();
        let (was, is) = (codes(&case.text, &options), codes(&setting.apply(&case.text), &options));
        prop_assert_eq!(was, is, "{} under {:?}", case.path, setting);
    }

    #[test]
    fn mutated_reports_keep_spans_true(text in mutated()) {
        holds_for_any_text(&text)?;
    }
}

proptest! {
    #![proptest_config(config(3000, 2))]

    #[test]
    fn any_text_keeps_spans_true(text in any::<String>()) {
        holds_for_any_text(&text)?;
    }

    #[test]
    fn any_text_of_report_words_keeps_spans_true(text in r"((CT|MRI|CTA|head|c\u{304}|s\u{305}|spine|of the|w/o|W|contrast|and|1\u{BD}|\u{DF}|[ \t\n.,:/&+\-\u{A0}\u{200B}\u{AD}\u{300}]|\PC) ?){0,40}") {
        holds_for_any_text(&text)?;
    }

    #[test]
    fn folded_text_leads_back_to_its_source(text in r"([a-zA-Z0-9 \n\t\r/&+\-_.]|c\u{304}|s\u{305}|\u{FB01}|\u{DF}|\u{2014}|\u{AD}|\u{130}|\u{1E9E}|\PC){0,60}") {
        folds_back(&text)?;
    }

    #[test]
    fn any_text_folds_back(text in any::<String>()) {
        folds_back(&text)?;
    }
}
