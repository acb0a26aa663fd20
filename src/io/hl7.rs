//! HL7 version 2 messages in.

use super::{Input, InputOptions, Record, Records, Unusable};

/// The reports of messages.
pub(super) fn records(_from: Input, _options: &InputOptions) -> Box<dyn Records> {
    Box::new(Messages)
}

/// Whether the first bytes are those of messages.
pub(super) fn begins(_head: &[u8]) -> bool {
    false
}

struct Messages;

impl Records for Messages {
    fn next(&mut self) -> Option<Result<Record, Unusable>> {
        None
    }
}
