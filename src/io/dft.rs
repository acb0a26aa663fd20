//! HL7 version 2 charges out: DFT^P03.

use super::Bill;

/// A message for the claim.
pub(super) fn write(_bill: &Bill<'_>, _out: &mut Vec<u8>) {}
