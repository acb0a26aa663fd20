//! Tables with a row a report in, with a row a suggestion out.

use super::{Bill, Format, Input, InputOptions, Records, Unusable};

/// The rows of a table.
pub(super) fn records(_from: Input, _parted_by: u8, _options: &InputOptions) -> Result<Box<dyn Records>, Unusable> {
    Err(Unusable::new("tables are not read yet", "convert it to JSON lines"))
}

/// The form of a table by its first line, if it is one.
pub(super) fn form(_head: &[u8]) -> Option<Format> {
    None
}

/// The names of the columns.
pub(super) fn head() -> Vec<u8> {
    Vec::new()
}

/// A row a suggestion.
pub(super) fn write(_bill: &Bill<'_>, _out: &mut Vec<u8>) {}
