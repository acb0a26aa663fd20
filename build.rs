//! Builds the lexicon with the program: reading its files takes longer than reading a report.

use std::path::Path;

#[allow(dead_code, unused_imports, clippy::all, clippy::pedantic, reason = "looked at as parts of the library")]
#[path = "src/lexicon/mod.rs"]
mod lexicon;
#[allow(dead_code, unused_imports, clippy::all, clippy::pedantic, reason = "as above")]
#[path = "src/text/mod.rs"]
mod text;

fn main() {
    println!("cargo::rerun-if-changed=build.rs"); // and whatever it is made of, the files of the lexicon included
    let files = lexicon::Lexicon::embedded_files().map(|(name, text)| (name.to_owned(), text.to_owned()));
    // what is wrong with a lexicon is told where it is asked for
    let frozen = lexicon::Lexicon::from_files(files).map(|l| postcard::to_allocvec(&l).expect("a lexicon is plain data"));
    let out = std::env::var("OUT_DIR").expect("cargo names the folder for what is built");
    std::fs::write(Path::new(&out).join("lexicon.bin"), frozen.unwrap_or_default()).expect("that folder can be written to");
}
