//! The lexicon that comes with the program. A test holds this list against the folder.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// `(name, text)` of every file of `lexicon/`.
        pub(super) const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../lexicon/", $name)))),*];
    };
}

files![
    "ambiguous.toml",
    "axes.toml",
    "codes.tsv",
    "cues.toml",
    "documents.toml",
    "edition.toml",
    "families/ct.toml",
    "families/cta.toml",
    "families/dxa.toml",
    "families/fluoro.toml",
    "families/mg.toml",
    "families/mr.toml",
    "families/mra.toml",
    "families/xr.toml",
    "queries.toml",
    "regions.toml",
    "rules.toml",
    "sections.toml",
    "words/acquisition.toml",
    "words/anti.toml",
    "words/breast.toml",
    "words/contrast.toml",
    "words/contrast_anti.toml",
    "words/coverage.toml",
    "words/dxa.toml",
    "words/filler.toml",
    "words/fluoro.toml",
    "words/join.toml",
    "words/joint.toml",
    "words/modality.toml",
    "words/projections.toml",
    "words/protocol.toml",
    "words/reading.toml",
    "words/region_sets.toml",
    "words/side.toml",
    "words/views.toml",
    "words/xr.toml",
];
