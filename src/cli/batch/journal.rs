//! What a run that can be resumed keeps beside its output: its settings, and how far it is.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::failure::Failure;
use super::feeder::Mark;
use super::tally::Tally;
use super::target::{beside, unwritable};

/// All that has to be the same for a run to go on: what is named, and its value.
pub type Settings = BTreeMap<String, String>;

/// How far a run is. No word of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// What the run was started with.
    pub settings: Settings,
    /// What has been answered.
    pub mark: Mark,
    /// Bytes of the output that hold those answers.
    pub output: u64,
    /// Bytes of the list of rejects.
    pub rejects: u64,
    /// The counts.
    pub tally: Tally,
    /// Milliseconds that it took.
    pub took: u64,
    /// Whether all inputs are through, and only the name is missing.
    pub whole: bool,
}

impl Journal {
    /// The journal of an output.
    pub fn path(output: &Path) -> PathBuf {
        beside(output, "journal")
    }

    /// Reads the journal of an output, if one is there.
    pub fn read(output: &Path) -> Result<Option<Self>, Failure> {
        let path = Self::path(output);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(unwritable(&path, &e)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|_| {
            let help = "run without --resume to begin anew";
            Failure::usage(&format!("{} is no journal of this program", path.display()), help)
        })
    }

    /// Refuses to go on with other settings.
    pub fn fits(&self, settings: &Settings) -> Result<(), Failure> {
        let differs = |key: &&String| self.settings.get(*key) != settings.get(*key);
        let names: Vec<&str> = self.settings.keys().chain(settings.keys()).filter(differs).map(String::as_str).collect();
        match names.first() {
            None => Ok(()),
            Some(first) => {
                let what = format!("the run that is to go on had another {first}");
                Err(Failure::usage(&what, "take it back, or run without --resume to begin anew"))
            }
        }
    }

    /// Writes the journal; at no moment is there half of one.
    pub fn write(&self, output: &Path) -> Result<(), Failure> {
        let path = Self::path(output);
        let new = beside(output, "journal.new");
        let text = serde_json::to_vec(self)?;
        let put = || {
            let mut file = std::fs::File::create(&new)?;
            file.write_all(&text)?;
            file.sync_data()?;
            std::fs::rename(&new, &path)
        };
        put().map_err(|e| unwritable(&path, &e))
    }

    /// Takes the journal away.
    pub fn remove(output: &Path) {
        let _ = std::fs::remove_file(Self::path(output));
    }
}
