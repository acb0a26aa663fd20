//! From what was examined to codes: studies, families, rules.

pub(crate) mod complete;
pub(crate) mod edits;
pub(crate) mod family;
pub(crate) mod rules;
pub(crate) mod study;
pub(crate) mod views;
