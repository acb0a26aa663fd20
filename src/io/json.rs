//! JSON objects in an array, or one over several lines.

use super::{Format, Input, InputOptions, Records};

/// The reports of objects.
pub(super) fn records(from: Input, options: &InputOptions) -> Box<dyn Records> {
    super::ndjson::records(from, options)
}

/// The form of JSON by its first bytes.
pub(super) fn form(_head: &[u8]) -> Format {
    Format::Ndjson
}
