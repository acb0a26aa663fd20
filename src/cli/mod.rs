//! The command line over the library's public surface: one file a subcommand.

mod analyze;
mod args;
mod audit;
mod batch;
mod caret;
mod claim;
mod codes;
mod codes_diff;
mod diff;
mod explain;
mod failure;
mod input;
mod knowledge;
mod layout;
mod lexicon;
mod marked;
mod near;
mod policy;
mod quotes;
mod reconcile;
mod screen;
mod sheet;
mod table;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use failure::Failure;

const COMMANDS: [&str; 9] = ["analyze", "batch", "explain", "diff", "reconcile", "audit", "lexicon", "codes", "help"];

/// Runs the program and says with which code it ends: 0 done, 1 some input unusable, 2 could not run.
pub fn run(args: Vec<OsString>) -> ExitCode {
    // the message of a panic may quote what was read: only its place is told
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        let _ = writeln!(std::io::stderr(), "radcode: a fault of the program{place}");
    }));
    let outcome = complete(args).and_then(|args| match Cli::try_parse_from(args) {
        Ok(cli) => guarded(|| dispatch(cli)).unwrap_or_else(|| Err(Failure::fault())),
        Err(e) => {
            let _ = e.print(); // a closed pipe ends quietly
            Ok(if e.use_stderr() { 2 } else { 0 })
        }
    });
    match outcome {
        Ok(code) => code.into(),
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Said { code, message }) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            code.into()
        }
    }
}

/// What `work` gives; `None` where it met a fault of the program, whose place has been told by then.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}

fn dispatch(cli: Cli) -> Result<u8, Failure> {
    match cli.command {
        Command::Analyze(a) => analyze::run(&a, &cli.common),
        Command::Batch(a) => batch::run(&a, &cli.common),
        Command::Explain(a) => explain::run(&a, &cli.common),
        Command::Reconcile(a) => reconcile::run(&a, &cli.common),
        Command::Audit(a) => audit::run(&a, &cli.common),
        Command::Diff(a) => diff::run(&a, &cli.common),
        Command::Lexicon { command } => lexicon::run(&command, &cli.common),
        Command::Codes { command } => codes::run(&command, &cli.common),
    }
}

/// `radcode FILE` is `radcode analyze FILE`; a bare word that is neither command nor file is a mistake.
fn complete(mut args: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let mut at = 1;
    while let Some(word) = args.get(at) {
        let word = word.to_string_lossy();
        match &*word {
            "--lexicon" | "--lexicon-add" | "--color" => at += 2,
            "-h" | "--help" | "-V" | "--version" => return Ok(args),
            w if ["--lexicon=", "--lexicon-add=", "--color="].iter().any(|p| w.starts_with(p)) => at += 1,
            w if COMMANDS.contains(&w) => return Ok(args),
            w => {
                let bare = !w.starts_with('-') && !w.contains(['.', '/', '\\']);
                if bare && !Path::new(&args[at]).exists() {
                    return Err(Failure::usage(&format!("there is no command and no file `{w}`"), &advice(w)));
                }
                break;
            }
        }
    }
    args.insert(at.min(args.len()), "analyze".into());
    Ok(args)
}

fn advice(word: &str) -> String {
    match near::near(word, COMMANDS, 1).first() {
        Some(command) => format!("did you mean `{command}`? `radcode --help` lists the commands"),
        None => "name a file that holds a report, or `-` to read one from standard input; `radcode --help` lists the commands".to_owned(),
    }
}
