//! From text and lexicon to what was examined: sections, exam statements, contrast, the document gate.

pub(crate) mod context;
pub(crate) mod contrast;
pub(crate) mod count;
pub(crate) mod date;
pub(crate) mod exam;
pub(crate) mod gate;
pub(crate) mod section;
pub(crate) mod statement;
pub(crate) mod supply;
pub(crate) mod text;
pub(crate) mod title;
