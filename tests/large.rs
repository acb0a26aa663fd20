//! Texts that were made to be costly: what is kept of them is bounded, however often they say the same.

use radcode::{Analysis, Analyzer, Lexicon, Options};

const SIZE: usize = 60_000;

/// Most words that prove one suggestion, and most exams that are named and not coded.
const MOST: usize = 1024;

fn analyzer() -> Analyzer {
    Analyzer::new(Lexicon::embedded().unwrap_or_else(|e| panic!("{e}")))
}

fn check(what: &str, text: &str, analysis: &Analysis) {
    let own = analysis.suggestions.iter().map(|s| &s.evidence);
    let other = analysis.rejected.iter().map(|r| &r.evidence);
    let asked = analysis.queries.iter().map(|q| &q.evidence);
    for evidence in own.chain(other).chain(asked) {
        assert!(evidence.len() <= MOST, "{what:?}: {} pieces of evidence", evidence.len());
        for e in evidence {
            assert!(text.get(e.span.range()).is_some_and(|words| !words.is_empty()), "{what:?}: {:?}", e.span);
        }
    }
    assert!(analysis.rejected.len() <= MOST, "{what:?}: {} exams not coded", analysis.rejected.len());
    assert!(analysis.suggestions.len() < 64, "{what:?}: {} suggestions", analysis.suggestions.len());
}

#[test]
fn what_is_kept_of_endless_texts_is_bounded() {
    let analyzer = analyzer();
    let shapes = [
        ",",
        ", ",
        "the liver is normal and the spleen is normal ",
        "CT HEAD WITHOUT CONTRAST\n",
        "CT HEAD WITHOUT CONTRAST\n\n",
        "CT ABDOMEN: normal\n",
        "liver\n",
        "-\n",
        "1. ",
        "([",
        "[ ] with ( ) ",
        "CT ",
        "CT HEAD ",
        "CT HEAD: ",
        "no.",
        "compared with MRI of the brain, ",
        "recommend CT of the chest and MRI of the brain and ",
        "with contrast 100 mL of Omnipaque 350 ",
        "FINDINGS: HISTORY: pain ",
        "FINDINGS, ",
        "2 or 3 views, AP and lateral ",
        "AP and lateral views of the left knee were obtained. ",
        "5 mCi of Tc-99m MDP. ",
        "\"a b c d e\" ",
        "> x\n\n",
        "c\u{304} \u{e9}",
        "a",
        " ",
        "\n",
    ];
    for what in shapes {
        let text = what.repeat(SIZE / what.len());
        check(what, &text, &analyzer.analyze(&text, &Options::default()));
    }
}

#[test]
fn nested_brackets_are_read() {
    let text = format!("CT HEAD {}{}", "(".repeat(SIZE), ")".repeat(SIZE));
    check("brackets", &text, &analyzer().analyze(&text, &Options::default()));
}
