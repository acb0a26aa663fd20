//! Why the program could not do what it was asked, and the code it ends with.

use std::io;

/// A failure that ends a subcommand.
#[derive(Debug)]
pub enum Failure {
    /// Whoever reads the output has stopped reading: the end, and no mistake.
    Closed,
    /// A message for standard error and the exit code.
    Said {
        /// 1: the one input is unusable; 2: could not run.
        code: u8,
        /// What is wrong and what to do. Never words of a report.
        message: String,
    },
}

impl Failure {
    /// The command line asks for something that is not there.
    pub fn usage(what: &str, help: &str) -> Self {
        Self::Said { code: 2, message: format!("error: {what}\n  help: {help}") }
    }

    /// The report met a fault of the program.
    pub fn fault() -> Self {
        Self::Said { code: 1, message: "error: the report met a fault of the program\n  help: tell the maintainers the place above; the report itself is not needed".to_owned() }
    }

    /// The input is unusable.
    pub fn input(what: &str, help: &str) -> Self {
        Self::Said { code: 1, message: format!("error: {what}\n  help: {help}") }
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        if e.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Said {
                code: 1,
                message: format!("error: the answer can't be written: {e}\n  help: check the place that standard output goes to"),
            }
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(e: serde_json::Error) -> Self {
        Self::from(io::Error::from(e))
    }
}
