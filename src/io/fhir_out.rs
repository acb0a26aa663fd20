//! FHIR charges out.

use super::Bill;

/// A `ChargeItem` a line of the claim.
pub(super) fn charge_items(_bill: &Bill<'_>, _out: &mut Vec<u8>) {}

/// The `Claim`.
pub(super) fn claim(_bill: &Bill<'_>, _out: &mut Vec<u8>) {}
