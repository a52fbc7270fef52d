//! One writer at a time: the kernel's lock on a file with its holder's name in it, which does not outlive the process.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};

/// The lock's file in the folder that it guards.
pub(super) const LOCK: &str = ".lock";
/// How often a lock is tried that its holder removes just then.
const TRIES: usize = 20;

/// A folder that this process alone may write to, until the value is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of `folder`, which is made where it is absent. What a killed process left of one is taken over.
    ///
    /// # Errors
    /// If the folder cannot be made or written to, or another process holds the lock, by its name.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let failed = |error: &std::io::Error| {
            Error::failure(Error::io("write to the run folder", folder, error).message())
                .hint("set `output` to a folder that you may write to")
        };
        let path = folder.join(LOCK);
        for _ in 0..TRIES {
            std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
            let mut file = match File::options().read(true).write(true).create(true).truncate(false).open(&path) {
                // a holder that is done removes its lock, and a folder that it made
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                opened => opened.map_err(|error| failed(&error))?,
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(refusal(&mut file, folder)),
                Err(TryLockError::Error(error)) => return Err(failed(&error)),
            }
            if !is_at(&file, &path) {
                continue;
            }
            let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let named = file
                .set_len(0)
                .and_then(|()| file.write_all(format!("process {}\nbegan {began}\n", std::process::id()).as_bytes()));
            named.map_err(|error| failed(&error))?;
            return Ok(Self { path, _file: file });
        }
        Err(Error::failure(format!("`{}` is no lock of ours", path.display())).hint("remove it, and run again"))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // while it is held, so that nobody else can hold it; one that stays behind is taken over
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether the file is still the one under its name, and no link.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let here = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(opened), Ok(named)) => here(opened) == here(named),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Who holds the lock, as it wrote it down.
fn refusal(file: &mut File, folder: &Path) -> Error {
    let mut text = String::new();
    // the holder's name is a courtesy: an unreadable one changes nothing
    let _ = file.read_to_string(&mut text);
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let holder = field("process ").map_or_else(|| "another process".to_owned(), |number| format!("process {number}"));
    let began = field("began ").and_then(|began| began.parse().ok()).map(Duration::from_secs);
    let since = began
        .and_then(|began| SystemTime::now().duration_since(UNIX_EPOCH + began).ok())
        .map_or_else(String::new, |since| format!(", begun {} ago,", told(since)));
    Error::failure(format!("{holder}{since} is at work in `{}`", folder.display()))
        .hint("wait for it, or give this run another `output`")
}

/// A time in the largest unit that it fills twice.
fn told(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_by_name_and_a_dead_one_is_not_in_the_way() {
        let place = tempfile::tempdir().unwrap();
        // what a killed process leaves
        std::fs::write(place.path().join(LOCK), "process 1\nbegan 7\n").unwrap();
        let first = Lock::take(place.path()).unwrap();
        let refused = Lock::take(place.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}, begun 0 s ago,", std::process::id())), "{refused}");
        drop(first);
        assert!(!place.path().join(LOCK).exists());
        assert!(Lock::take(place.path()).is_ok());
    }

    #[test]
    fn times_are_told_in_a_unit_of_their_size() {
        assert_eq!([7, 400, 90_000].map(|seconds| told(Duration::from_secs(seconds))), ["7 s", "6 min", "25 h"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_the_lock_is_not_written_through() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("theirs"), "theirs").unwrap();
        std::os::unix::fs::symlink(place.path().join("theirs"), place.path().join(LOCK)).unwrap();
        assert!(Lock::take(place.path()).is_err());
        assert_eq!(std::fs::read(place.path().join("theirs")).unwrap(), b"theirs");
    }
}
