//! Cuts a JSON document into its items, one at a time, so that a large one is never held.
