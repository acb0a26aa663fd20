//! Gets the lexicon that the command line asks for: the one built in, a folder's, with files added.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use radcode::{Lexicon, Problem};

use super::args::Common;
use super::caret::render;
use super::failure::Failure;
use super::screen::choice;

/// The files of a lexicon: name, path to show, text.
pub struct Files(Vec<(String, String, String)>);

impl Files {
    /// The files that the command line asks for; `dir` goes before `--lexicon`.
    pub fn find(common: &Common, dir: Option<&Path>) -> Result<Self, Failure> {
        let mut files = match dir.or(common.lexicon.as_deref()) {
            None => Lexicon::embedded_files().map(|(n, t)| (n.to_owned(), format!("lexicon/{n}"), t.to_owned())).collect(),
            Some(dir) => folder(dir)?,
        };
        for path in &common.lexicon_add {
            let shown = path.display().to_string();
            if !has_ending(path, "toml") && !shown.ends_with("codes.tsv") {
                return Err(Failure::usage(
                    &format!("{shown} is no lexicon file"),
                    "name a .toml file, or a table whose name ends in codes.tsv",
                ));
            }
            let text = read(path)?;
            // "added:" keeps the names apart from those of the lexicon
            files.push((format!("added:{shown}"), shown, text));
        }
        Ok(Self(files))
    }

    /// Builds the lexicon, or returns all its mistakes.
    pub fn build(&self) -> Result<Lexicon, Vec<Problem>> {
        Lexicon::from_files(self.0.iter().map(|(name, _, text)| (name.clone(), text.clone()))).map_err(|e| e.problems)
    }

    /// Mistakes with their lines and carets, and their number.
    pub fn show(&self, problems: &[Problem], colored: bool, width: usize) -> String {
        let mut out = String::new();
        for p in problems {
            let (_, path, text) = self
                .0
                .iter()
                .find(|(name, ..)| *name == p.file)
                .map_or(("", p.file.as_str(), ""), |(a, b, c)| (a.as_str(), b.as_str(), c.as_str()));
            out.push_str(&render(p, path, text, colored, width));
            out.push_str("\n\n");
        }
        let n = problems.len();
        let _ = writeln!(out, "the lexicon has {n} mistake{}", if n == 1 { "" } else { "s" });
        out
    }

    /// Path and line of an entry, as `file:line`.
    pub fn place(&self, name: &str, at: usize) -> String {
        let found = self.0.iter().find(|(n, ..)| n == name);
        found.map_or_else(|| name.to_owned(), |(_, path, text)| format!("{path}:{}", radcode::position(text, at as u32).line))
    }
}

/// The lexicon that the command line asks for, ready to read reports.
pub fn load(common: &Common) -> Result<Lexicon, Failure> {
    let (lexicon, files) = if common.lexicon.is_none() && common.lexicon_add.is_empty() {
        match Lexicon::embedded() {
            Ok(lexicon) => (Ok(lexicon), None),
            Err(e) => (Err(e.problems), Some(Files::find(common, None)?)),
        }
    } else {
        let files = Files::find(common, None)?;
        (files.build(), Some(files))
    };
    match lexicon {
        Ok(lexicon) => Ok(lexicon),
        Err(problems) => {
            let colored = choice(common.color, &io::stderr()) != ColorChoice::Never;
            if let Some(files) = files {
                let _ = write!(io::stderr(), "{}", files.show(&problems, colored, 120));
            }
            let message = "error: the lexicon can't be used\n  help: mend the mistakes above; `radcode lexicon check DIR` shows them again"
                .to_owned();
            Err(Failure::Said { code: 2, message })
        }
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let why = match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => return Ok(text),
        Ok(Err(e)) => format!("is not UTF-8: byte {} fits no character", e.utf8_error().valid_up_to()),
        Err(e) => format!("can't be read: {e}"),
    };
    Err(Failure::usage(&format!("lexicon file {} {why}", path.display()), "name a readable lexicon file in UTF-8"))
}

/// All lexicon files under a folder; their names are relative to it, so that a copy of a lexicon is the same lexicon.
fn folder(dir: &Path) -> Result<Vec<(String, String, String)>, Failure> {
    let mut out = Vec::new();
    let mut open: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|e| {
            Failure::usage(
                &format!("lexicon folder {} can't be read: {e}", folder.display()),
                "name a folder with .toml files and codes.tsv",
            )
        })?;
        for entry in entries.flatten() {
            let path = entry.path();
            let shown = path.display().to_string();
            if path.is_dir() {
                open.push(path);
            } else if has_ending(&path, "toml") || has_ending(&path, "tsv") {
                let name = path.strip_prefix(dir).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                out.push((name, shown, read(&path)?));
            }
        }
    }
    if out.is_empty() {
        return Err(Failure::usage(
            &format!("there are no lexicon files under {}", dir.display()),
            "name a folder with .toml files and codes.tsv",
        ));
    }
    out.sort();
    Ok(out)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e == ending)
}
