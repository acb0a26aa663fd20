//! The list of embedded lexicon files is the folder `lexicon/`, and the lexicon that it makes loads.

mod common;

use common::{corpus, files_under, has_extension, root};
use radcode::{Analyzer, Lexicon};

#[test]
fn the_embedded_files_are_those_of_the_folder() {
    let folder = root().join("lexicon");
    let is_data = |p: &String| has_extension(p, "toml") || has_extension(p, "tsv");
    let on_disk: Vec<String> = files_under(&folder).into_iter().filter(is_data).collect();
    let embedded: Vec<String> = Lexicon::embedded_files().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(embedded, on_disk, "src/lexicon/embedded.rs lists the files of lexicon/, sorted");
    for (name, text) in Lexicon::embedded_files() {
        let now = std::fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(now == text, "{name} was changed while the tests were built");
    }
}

#[test]
fn the_embedded_lexicon_loads() {
    let lexicon = Lexicon::embedded().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(lexicon.sha256().len(), 64);
    assert!(!lexicon.edition().is_empty());
}

#[test]
fn the_lexicon_built_with_the_program_is_the_one_that_its_files_make() {
    let frozen = Lexicon::embedded().unwrap_or_else(|e| panic!("{e}"));
    let files = Lexicon::embedded_files().map(|(n, t)| (n.to_owned(), t.to_owned()));
    let read = Lexicon::from_files(files).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((frozen.edition(), frozen.sha256()), (read.edition(), read.sha256()));
    assert!(frozen.terms().patterns().eq(read.terms().patterns()));
    assert_eq!(frozen.entries(None), read.entries(None));
    for line in read.entries(None) {
        assert_eq!(frozen.entry(&line.id), read.entry(&line.id), "{}", line.id);
    }
    let (frozen, read) = (Analyzer::new(frozen), Analyzer::new(read));
    for case in corpus() {
        let [a, b] = [&frozen, &read].map(|analyzer| format!("{:?}", analyzer.analyze(&case.text, &case.options())));
        assert_eq!(a, b, "{}", case.path);
    }
}

#[test]
fn the_hash_follows_every_byte_and_not_the_order_of_files() {
    let files = || Lexicon::embedded_files().map(|(n, t)| (n.to_owned(), t.to_owned()));
    let hash = |files: Vec<(String, String)>| Lexicon::from_files(files).unwrap_or_else(|e| panic!("{e}")).sha256().to_owned();
    let as_it_is = hash(files().collect());
    let mut backwards: Vec<_> = files().collect();
    backwards.reverse();
    assert_eq!(as_it_is, hash(backwards));
    let with_a_comment = files().chain([("zz.toml".to_owned(), "# nothing\n".to_owned())]).collect();
    assert_ne!(as_it_is, hash(with_a_comment));
}
