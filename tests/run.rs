//! Runs of `radcode batch` as a whole: threads, what is written aside, killed and resumed, refused, stopped.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use common::corpus;
use serde_json::Value;

/// A folder of its own for a test, gone at its end.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder for temporary files"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The texts of the corpus as JSON lines, `times` over.
    fn reports(&self, name: &str, times: usize) -> PathBuf {
        let mut lines = String::new();
        for round in 0..times {
            for case in corpus() {
                let line = serde_json::json!({ "id": format!("{round} {}", case.path), "text": case.text });
                lines.push_str(&line.to_string());
                lines.push('\n');
            }
        }
        self.file(name, &lines)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a temporary file");
        path
    }

    /// What lies in it, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder");
        let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn radcode(args: &[&dyn AsRef<std::ffi::OsStr>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_radcode"));
    command.arg("batch").args(args.iter().map(AsRef::as_ref)).stdin(Stdio::null());
    command
}

fn run(args: &[&dyn AsRef<std::ffi::OsStr>]) -> Output {
    radcode(args).output().expect("radcode runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Records that the journal of an output says are answered.
fn answered(output: &Path) -> u64 {
    let journal = fs::read(format!("{}.journal", output.display())).unwrap_or_default();
    serde_json::from_slice::<Value>(&journal).ok().and_then(|j| j["mark"]["records"].as_u64()).unwrap_or(0)
}

/// Waits until the journal has gone beyond `from` records; whether it has before the run was at its end.
fn goes_beyond(from: u64, output: &Path, child: &mut Child) -> bool {
    loop {
        if answered(output) > from {
            return true;
        }
        if child.try_wait().expect("the run can be asked").is_some() {
            return false;
        }
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let folder = Folder::new();
    let input = folder.reports("in.ndjson", 1);
    let outputs: Vec<Vec<u8>> = ["1", "2", "7"].iter().map(|n| run(&[&"--quiet", &"--threads", n, &input]).stdout).collect();
    assert_eq!(outputs[0].split(|b| *b == b'\n').count() - 1, corpus().len());
    assert!(outputs[0] == outputs[1] && outputs[0] == outputs[2], "the answers depend on the number of threads");
}

#[test]
fn a_run_that_was_killed_goes_on_to_the_same_bytes() {
    let folder = Folder::new();
    let input = folder.reports("in.ndjson", 12);
    // bad lines among the good, so that rejects are gone on with too
    let mut lines: Vec<String> = fs::read_to_string(&input).expect("the input").lines().map(str::to_owned).collect();
    for at in (0..lines.len()).step_by(97) {
        lines[at] = "{\"text\": 1}".to_owned();
    }
    let input = folder.file("in.ndjson", &(lines.join("\n") + "\n"));
    let (whole, rejects) = (folder.path("whole"), folder.path("whole.rejects"));
    assert_eq!(run(&[&"-o", &whole, &"--rejects", &rejects, &input]).status.code(), Some(1));
    let (output, again) = (folder.path("out"), folder.path("out.rejects"));
    let mut from = 0;
    for _ in 0..3 {
        let mut child = radcode(&[&"--quiet", &"--resume", &"-o", &output, &"--rejects", &again, &input])
            .stderr(Stdio::null())
            .spawn()
            .expect("radcode runs");
        let killed = goes_beyond(from, &output, &mut child);
        child.kill().expect("the run can be killed");
        child.wait().expect("the run ends");
        if !killed {
            break;
        }
        from = answered(&output);
        assert!(!output.exists(), "the output has its name before it is whole");
    }
    assert!(from > 0, "no run was killed under way");
    let last = run(&[&"--resume", &"-o", &output, &"--rejects", &again, &input]);
    assert_eq!(last.status.code(), Some(1), "{}", said(&last));
    assert!(fs::read(&output).expect("the output") == fs::read(&whole).expect("the other output"), "the answers differ");
    assert_eq!(fs::read(&again).expect("the rejects"), fs::read(&rejects).expect("the other rejects"));
    assert!(said(&last).contains(&format!("radcode: {} reports", lines.len() - lines.len().div_ceil(97))), "{}", said(&last));
    assert_eq!(folder.names(), ["in.ndjson", "out", "out.rejects", "whole", "whole.rejects"]);
}

/// A run that was killed once its journal was written.
fn killed(folder: &Folder, input: &Path) -> PathBuf {
    let output = folder.path("out");
    let mut child = radcode(&[&"--quiet", &"--resume", &"-o", &output, &input]).stderr(Stdio::null()).spawn().expect("radcode runs");
    assert!(goes_beyond(0, &output, &mut child), "the run was over before it could be killed");
    child.kill().expect("the run can be killed");
    child.wait().expect("the run ends");
    output
}

#[test]
fn a_run_goes_on_with_nothing_but_what_it_was_begun_with() {
    let folder = Folder::new();
    let input = folder.reports("in.ndjson", 12);
    let output = killed(&folder, &input);
    let refused = |args: &[&dyn AsRef<std::ffi::OsStr>], what: &str| {
        let mut all: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"--resume", &"-o", &output];
        all.extend(args);
        let output = run(&all);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(what), "{what}: {}", said(&output));
    };
    let more =
        folder.file("more.toml", "[[more]]\nof = \"region.spine.cervical\"\nterms = [\"collum\"]\nhit = [\"CT {COLLUM} W/O CONTRAST\"]\n");
    refused(&[&"--lexicon-add", &more, &input], "had another lexicon");
    refused(&[&"--date-of-service", &"2020-01-01", &input], "had another date of service");
    refused(&[&input, &input], "had another list of inputs");
    let text = fs::read_to_string(&input).expect("the input");
    fs::write(&input, text.replacen("CT", "MR", 1)).expect("the input");
    refused(&[&input], "had another set of input files");
    // without --resume it begins anew
    assert_eq!(run(&[&"--quiet", &"-o", &output, &input]).status.code(), Some(0));
    assert!(output.exists());
}

#[test]
fn one_run_at_a_time_writes_a_file() {
    let folder = Folder::new();
    let output = folder.path("out");
    let mut first = radcode(&[&"--quiet", &"-o", &output, &"-"]).stdin(Stdio::piped()).spawn().expect("radcode runs");
    while fs::read_to_string(folder.path("out.lock")).unwrap_or_default().is_empty() {
        sleep(Duration::from_millis(5));
    }
    let input = folder.file("in.ndjson", "{\"text\":\"CT HEAD\"}\n");
    let second = run(&[&"-o", &output, &input]);
    assert_eq!(second.status.code(), Some(2));
    assert!(said(&second).contains(&format!("out is being written by process {}", first.id())), "{}", said(&second));
    drop(first.stdin.take());
    assert!(first.wait().expect("the run ends").success());
    assert!(run(&[&"-o", &output, &input]).status.success());
    assert_eq!(folder.names(), ["in.ndjson", "out"]);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_between_two_answers() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let folder = Folder::new();
        let input = folder.reports("in.ndjson", 12);
        let output = folder.path("out");
        let mut child = radcode(&[&"--resume", &"-o", &output, &input]).stderr(Stdio::piped()).spawn().expect("radcode runs");
        assert!(goes_beyond(0, &output, &mut child), "the run was over before it could be stopped");
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill runs").success());
        let stopped = child.wait_with_output().expect("the run ends");
        assert_eq!(stopped.status.code(), Some(code));
        assert!(said(&stopped).contains("run again with the same arguments to go on"), "{}", said(&stopped));
        let part = fs::read(folder.path("out.part")).expect("the part");
        assert_eq!(part.last(), Some(&b'\n'), "an answer was cut");
        assert!(run(&[&"--quiet", &"--resume", &"-o", &output, &input]).status.success());
        assert_eq!(fs::read(&output).expect("the output"), run(&[&"--quiet", &input]).stdout);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let folder = Folder::new();
    let input = folder.file("in.ndjson", "{\"text\":\"CT HEAD\"}\n");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = radcode(&[&"--quiet", &input]).stdout(full).output().expect("radcode runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("the answer can't be written: No space left on device"), "{}", said(&output));
}

#[cfg(unix)]
#[test]
fn what_a_folder_holds_that_cant_be_read_is_named_and_the_rest_goes_on() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    let reports = folder.path("reports");
    fs::create_dir_all(reports.join("ward")).expect("a folder");
    fs::write(reports.join("a.txt"), "CT HEAD W/O CONTRAST").expect("a file");
    fs::write(reports.join("ward/b.ndjson"), "{\"id\":\"b\",\"text\":\"CT CHEST W CONTRAST\"}\n").expect("a file");
    fs::write(reports.join("ward/scan.dcm"), "DICM").expect("a file");
    symlink("..", reports.join("ward/up")).expect("a link");
    symlink("nowhere.txt", reports.join("gone.txt")).expect("a link");
    let rejects = folder.path("rejects");
    let output = run(&[&"--rejects", &rejects, &reports, &folder.path("missing.txt")]);
    assert_eq!(output.status.code(), Some(1));
    let codes: Vec<String> = String::from_utf8(output.stdout.clone())
        .expect("UTF-8")
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).expect("JSON")["suggestions"][0]["code"].to_string())
        .collect();
    assert_eq!(codes, ["\"70450\"", "\"71260\""]);
    let said = said(&output);
    for what in [
        "gone.txt: set aside: can't be read",
        "up: set aside: the folder lies in itself, through a link",
        "missing.txt: set aside: there is no such file or folder",
        "3 inputs set aside",
        "1 file of folders left alone",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    let rejects: Vec<Value> =
        fs::read_to_string(rejects).expect("the rejects").lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(rejects.len(), 3);
    assert!(rejects[1]["source"].as_str().is_some_and(|s| s.ends_with("up")), "{rejects:?}");
}

#[test]
fn an_output_is_never_one_of_the_inputs() {
    let folder = Folder::new();
    let input = folder.file("in.ndjson", "{\"text\":\"CT HEAD\"}\n");
    let output = run(&[&"-o", &input, &input]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("is an input of this run"), "{}", said(&output));
}

#[test]
fn whoever_feeds_line_by_line_gets_each_answer_at_once() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let mut child = radcode(&[&"--quiet", &"-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("radcode runs");
    let mut to = child.stdin.take().expect("its input");
    let mut from = BufReader::new(child.stdout.take().expect("its output"));
    for id in ["first", "second"] {
        writeln!(to, "{{\"id\":\"{id}\",\"text\":\"CT HEAD\"}}").expect("it reads");
        let mut line = String::new();
        from.read_line(&mut line).expect("it answers");
        assert!(line.contains(id));
    }
    drop(to);
    assert!(child.wait().expect("the run ends").success());
}
