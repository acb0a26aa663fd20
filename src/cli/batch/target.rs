//! Where a run writes to: standard output, or a file that is written aside and renamed when it is whole, by one run at
//! a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::super::failure::Failure;

/// A file in the making.
pub struct Part {
    /// What it is called till it is whole.
    name: PathBuf,
    file: File,
    /// Bytes that have been written.
    pub bytes: u64,
}

impl Part {
    /// Begins a file, or goes on behind its first `keep` bytes. Those that are there beyond are cut off.
    pub fn open(path: &Path, keep: u64) -> Result<Self, Failure> {
        let part = beside(path, "part");
        let failed = |e: io::Error| unwritable(&part, &e);
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&part).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() < keep {
            let help = "run without --resume to begin anew";
            return Err(Failure::usage(&format!("{} is shorter than what the earlier run has written", part.display()), help));
        }
        file.set_len(keep).map_err(failed)?;
        file.seek(SeekFrom::Start(keep)).map_err(failed)?;
        Ok(Self { name: part, file, bytes: keep })
    }

    /// Writes behind what is there.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|e| unwritable(&self.name, &e))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Waits until all is on the disk.
    pub fn sync(&self) -> Result<(), Failure> {
        self.file.sync_data().map_err(|e| unwritable(&self.name, &e))
    }

    /// Throws away what was written.
    pub fn discard(&self) {
        let _ = std::fs::remove_file(&self.name);
    }
}

/// Gives a finished file its name; nothing to do where that has been done.
pub fn give_name(path: &Path) -> Result<(), Failure> {
    let part = beside(path, "part");
    if part.exists() { std::fs::rename(&part, path).map_err(|e| unwritable(path, &e)) } else { Ok(()) }
}

/// `answers.csv.part` beside `answers.csv`.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// An output that can't be written, disk-full among the reasons.
pub fn unwritable(path: &Path, e: &io::Error) -> Failure {
    let help = match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room, then run again; with --resume it goes on from here",
        _ => "check that the folder is there and the right to write to it",
    };
    Failure::Said { code: 1, message: format!("error: {} can't be written: {e}\n  help: {help}", path.display()) }
}

/// Keeps other runs from writing the same file; let go when it is dropped, or when the program ends in any way.
pub struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes it; refused with the name of whoever holds it.
    pub fn take(of: &Path) -> Result<Self, Failure> {
        let path = beside(of, "lock");
        loop {
            let failed = |e: io::Error| unwritable(&path, &e);
            let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    let holder = if holder.is_empty() { "another run".to_owned() } else { holder };
                    return Err(Failure::usage(
                        &format!("{} is being written by {holder}", of.display()),
                        "wait for it, stop it, or name another --output",
                    ));
                }
                Err(TryLockError::Error(e)) => return Err(failed(e)),
            }
            if !is_same(&path, &file) {
                // its last holder took the name away between our opening and our locking it
                continue;
            }
            file.set_len(0).map_err(failed)?;
            write!(file, "process {}", std::process::id()).map_err(failed)?;
            return Ok(Self { path, _file: file });
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn is_same(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let ids = |m: std::fs::Metadata| (m.dev(), m.ino());
    matches!((std::fs::metadata(path).map(ids), file.metadata().map(ids)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(not(unix))]
fn is_same(path: &Path, _file: &File) -> bool {
    path.exists()
}
