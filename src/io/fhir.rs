//! FHIR resources in.

use super::{Input, InputOptions, Records};

/// The reports of resources.
pub(super) fn records(from: Input, options: &InputOptions) -> Box<dyn Records> {
    super::ndjson::records(from, options)
}
