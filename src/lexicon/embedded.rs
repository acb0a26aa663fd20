//! The lexicon that comes with the program. A test holds this list against the folder.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// `(name, text)` of every file of `lexicon/`.
        pub(super) const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../lexicon/", $name)))),*];
    };
}

files![
    "axes.toml",
    "codes.tsv",
    "edition.toml",
    "families/ct.toml",
    "families/cta.toml",
    "families/mr.toml",
    "families/mra.toml",
    "queries.toml",
    "rules.toml",
    "words/contrast.toml",
    "words/contrast_anti.toml",
    "words/coverage.toml",
    "words/join.toml",
    "words/modality.toml",
    "words/protocol.toml",
];
