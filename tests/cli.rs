//! The command line, case by case: files under tests/cli are what a user types and reads.
//! After a wanted change: `TRYCMD=overwrite cargo test --test cli`, then read the diff.

#[test]
fn cases() {
    trycmd::TestCases::new().case("tests/cli/*.md").case("tests/cli/*.toml");
}

#[test]
fn the_transcripts_of_the_readme_are_real() {
    trycmd::TestCases::new().case("README.md");
}

#[test]
fn the_examples_of_the_pipeline_run_as_written() {
    trycmd::TestCases::new().case("docs/pipeline.md");
}
