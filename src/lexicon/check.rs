//! Whether a lexicon holds together: every proof line, every code reached, no two families for one study.
