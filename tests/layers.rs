//! The layering of `src/`: imports run downward only, the library neither prints nor looks outside, and the command
//! line sees the public surface alone.

mod common;

use common::{files_under, has_extension, lines, root};

/// What each folder of the library may import of the others; `code::family` is one module of a folder.
const ALLOWED: [(&str, &[&str]); 6] = [
    ("text", &[]),
    ("lexicon", &["text"]),
    // the readings of a title are weighed by whether a code family takes them
    ("read", &["text", "lexicon", "code::family"]),
    ("code", &["text", "lexicon", "read"]),
    ("analysis", &["text", "lexicon", "read", "code"]),
    // formats in and out see what any user of the library sees
    ("io", &["analysis", "lexicon", "text"]),
];

const OUTSIDE: [&str; 12] = [
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "dbg!",
    "std::fs",
    "std::env",
    "std::time",
    "std::process",
    "std::net",
    "Zoned::now",
    "use std::{",
];

struct Source {
    path: String,
    lines: Vec<String>,
}

/// All of `src/`, comments taken out.
fn sources() -> Vec<Source> {
    let src = root().join("src");
    let read = |path: String| {
        let text = std::fs::read_to_string(src.join(&path)).unwrap_or_else(|e| panic!("{path}: {e}"));
        let lines = text.lines().map(|l| l.split_once("//").map_or(l, |(code, _)| code).to_owned()).collect();
        Source { path, lines }
    };
    files_under(&src).into_iter().filter(|p| has_extension(p, "rs")).map(read).collect()
}

fn folder(path: &str) -> &str {
    path.split_once('/').map_or("", |(folder, _)| folder)
}

/// The module path from the crate's root of everything that a line names by `crate::` or by enough `super::`.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let depth = source.path.trim_end_matches("/mod.rs").matches('/').count() + 1;
    let mut inside_tests = 0;
    let mut out = Vec::new();
    for (i, line) in source.lines.iter().enumerate() {
        if line.starts_with("mod ") && line.ends_with('{') {
            inside_tests = 1;
        }
        let mut rest = line.as_str();
        while let Some(at) = rest.find("crate::").into_iter().chain(rest.find("super::")).min() {
            let macro_or_word = rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
            let is_crate = rest[at..].starts_with("crate::");
            rest = &rest[at + 7..];
            let mut ups = 1;
            while !is_crate && rest.starts_with("super::") {
                ups += 1;
                rest = &rest[7..];
            }
            if !macro_or_word && (is_crate || ups >= depth + inside_tests) {
                let path: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '{')).collect();
                out.push((i + 1, path));
            }
        }
    }
    out
}

fn is_below(path: &str, allowed: &str) -> bool {
    path == allowed || path.strip_prefix(allowed).is_some_and(|rest| rest.starts_with("::"))
}

#[test]
fn imports_run_downward() {
    let mut wrong = Vec::new();
    for source in sources() {
        let own = folder(&source.path);
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == own) else { continue };
        for (line, path) in imports(&source) {
            if !is_below(&path, own) && !allowed.iter().any(|a| is_below(&path, a)) {
                wrong.push(format!("src/{}:{line}: `{own}` may not import `{path}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", lines(&wrong));
}

#[test]
fn every_folder_has_its_place() {
    let wrong: Vec<String> = sources()
        .into_iter()
        .map(|s| s.path)
        .filter(|p| {
            let known = matches!(folder(p), "cli") || ALLOWED.iter().any(|(name, _)| *name == folder(p));
            !known && p != "lib.rs" && p != "main.rs"
        })
        .collect();
    assert!(wrong.is_empty(), "no layer is named for:\n{}", lines(&wrong));
}

#[test]
fn the_command_line_sees_the_public_surface_alone() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| s.path == "main.rs" || folder(&s.path) == "cli") {
        for (line, path) in imports(source) {
            if !is_below(&path, "cli") {
                wrong.push(format!("src/{}:{line}: `{path}` is not of the command line; use `radcode::`", source.path));
            }
        }
        for (i, line) in source.lines.iter().enumerate() {
            let module = line.trim_start().trim_start_matches("pub ").strip_prefix("mod ");
            if source.path == "main.rs" && module.is_some_and(|m| !m.starts_with("cli") && !m.starts_with("tests")) {
                wrong.push(format!("src/main.rs:{}: only `cli` is a module of the program", i + 1));
            }
            if line.contains("#[path") {
                wrong.push(format!("src/{}:{}: no module by path", source.path, i + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", lines(&wrong));
}

#[test]
fn the_library_neither_prints_nor_looks_outside() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| s.path != "main.rs" && folder(&s.path) != "cli") {
        for (i, line) in source.lines.iter().enumerate() {
            for word in OUTSIDE.iter().filter(|w| line.contains(**w)) {
                wrong.push(format!("src/{}:{}: `{word}` has no place in the library", source.path, i + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", lines(&wrong));
}

#[test]
fn unsafe_code_is_forbidden() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let table: toml::Table = manifest.parse().expect("Cargo.toml is TOML");
    assert_eq!(table["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
}
