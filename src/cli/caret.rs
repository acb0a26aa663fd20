//! Lexicon mistakes as compilers show them: file, line, caret, what to do. Lexicon text only, never a report's.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use radcode::Problem;

/// One mistake, ready to print. `path` and `text` are those of the problem's file.
pub fn render(problem: &Problem, path: &str, text: &str, colored: bool, width: usize) -> String {
    let renderer = if colored { Renderer::styled() } else { Renderer::plain() }.term_width(width);
    let end = problem.span.end.min(text.len());
    let span = problem.span.start.min(end)..end;
    let group = Level::ERROR
        .primary_title(problem.message.trim_end())
        .element(Snippet::source(text).path(path).annotation(AnnotationKind::Primary.span(span)))
        .element(Level::HELP.message(problem.help.as_str()));
    renderer.render(&[group]).clone()
}
