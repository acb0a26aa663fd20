//! How runs of the program as a whole behave: threads against one, memory for a small and a large input, a single paste.
//! Part of `cargo bench`; whole processes, in turns.

use std::fs;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;
const PASTES: usize = 31;
const RADCODE: &str = env!("CARGO_BIN_EXE_radcode");

/// The reports of the benchmark mix as JSON lines, over and over up to so many bytes.
fn input(folder: &Path, name: &str, bytes: usize) -> std::path::PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(root.join("benches/mix.txt")).expect("benches/mix.txt");
    let mut texts = Vec::new();
    for line in list.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let path = line.rsplit_once(' ').map_or(line, |(_, path)| path);
        let file = fs::read_to_string(root.join("corpus").join(path)).unwrap_or_else(|e| panic!("corpus/{path}: {e}"));
        texts.push(file.split_once("\n---\n").expect("a line `---`").1.to_owned());
    }
    let path = folder.join(name);
    let mut file = std::io::BufWriter::new(fs::File::create(&path).expect("a temporary file"));
    let (mut written, mut n) = (0, 0);
    while written < bytes {
        let line = serde_json::json!({ "id": n, "text": texts[n % texts.len()] }).to_string();
        writeln!(file, "{line}").expect("a temporary file");
        written += line.len() + 1;
        n += 1;
    }
    path
}

fn batch(input: &Path, threads: usize) -> Command {
    let mut command = Command::new(RADCODE);
    command.args(["batch", "--quiet", "--threads", &threads.to_string()]).arg(input);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn seconds(mut command: Command) -> f64 {
    let began = Instant::now();
    assert!(command.status().expect("radcode runs").success());
    began.elapsed().as_secs_f64()
}

/// Most memory that a run held, in MiB; `None` where the system does not tell.
fn peak(mut command: Command) -> Option<f64> {
    let mut child = command.spawn().expect("radcode runs");
    let mut most = None;
    while child.try_wait().expect("the run can be asked").is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kib: Option<f64> = line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse().ok());
        most = kib.map(|k| k / 1024.0).or(most);
        sleep(Duration::from_millis(5));
    }
    most
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let small = input(folder.path(), "small.ndjson", 10_000_000);
    let ratios: Vec<f64> = (0..ROUNDS).map(|_| seconds(batch(&small, 1)) / seconds(batch(&small, 2))).collect();
    let best = ratios.iter().copied().fold(0.0, f64::max);
    println!("ratio threads2/threads1 {:.2} (best {best:.2})", median(ratios));

    // gigabytes take minutes: asked for by the variable
    let large = std::env::var("RADCODE_BENCH_BYTES").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000_000);
    let large_input = input(folder.path(), "large.ndjson", large);
    for (input, bytes) in [(&small, 10_000_000), (&large_input, large)] {
        match peak(batch(input, 2)) {
            Some(mib) => println!("peak memory     {mib:.0} MiB for {} MB of input, 2 threads", bytes / 1_000_000),
            None => println!("peak memory     not told by this system"),
        }
    }

    let report = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/report.txt");
    let paste = || {
        let mut command = Command::new(RADCODE);
        command.arg(&report).stdin(Stdio::null()).stdout(Stdio::null());
        command
    };
    let times: Vec<f64> = (0..PASTES).map(|_| black_box(seconds(paste())) * 1e3).collect();
    let best = times.iter().copied().fold(f64::MAX, f64::min);
    println!("one report      {best:.1} ms with start-up (median {:.1})", median(times));
}
