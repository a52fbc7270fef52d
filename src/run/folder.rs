//! The run folder: one writer at a time, every file whole or absent.
//!
//! A file is written to a temporary sibling, synced, renamed, and the folder synced: whatever stops
//! the program, a name holds either the old bytes or the new ones. The lock is the kernel's, so it
//! does not outlive its process.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Finished stages are kept here, under names made of their keys.
pub const KEPT: &str = ".stages";
const LOCK: &str = ".lock";
const TEMPORARY: &str = ".reduce-";

/// A run folder that this process alone may write to, for as long as the value lives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Looks whether `path` can be a run folder, changing nothing.
    ///
    /// # Errors
    /// If it, or a part of it, is a file, or if it holds files of somebody else under names we would write.
    pub fn check(path: &Path, ours: &[String]) -> Result<()> {
        let mut part = PathBuf::new();
        for component in path.components() {
            part.push(component);
            match std::fs::metadata(&part) {
                Ok(metadata) if !metadata.is_dir() => {
                    return Err(Error::request(format!(
                        "`{}` is a file, so `{}` cannot be a run folder",
                        part.display(),
                        path.display()
                    ))
                    .hint("set `output` to a folder"));
                }
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => break,
                Err(error) => return Err(Error::io("use the run folder", path, &error)),
            }
        }
        let marked = super::record::Record::load(path).is_ok() || path.join(KEPT).exists();
        if let Some(name) = ours.iter().find(|name| !marked && path.join(name.as_str()).exists()) {
            return Err(Error::request(format!("`{}` exists and is not from a run", path.join(name).display()))
                .hint("set `output` to another folder; nothing there is overwritten"));
        }
        Ok(())
    }

    /// Makes the folder where it is absent, takes its lock and removes what a killed run left half-written.
    ///
    /// # Errors
    /// If it cannot be made or written to, or another process holds it.
    pub fn open(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path.join(KEPT)).map_err(|error| Error::io("make the run folder", path, &error))?;
        let lock_path = path.join(LOCK);
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(|error| Error::io("write to the run folder", path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // the holder's name is a courtesy: an unreadable one changes nothing
                let _ = lock.read_to_string(&mut holder);
                let holder =
                    if holder.trim().is_empty() { "another process".to_owned() } else { holder.trim().to_owned() };
                return Err(Error::failure(format!("{holder} is running in `{}`", path.display()))
                    .hint("wait for it, or give this run another `output`"));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(Error::io("lock the run folder", path, &error)),
        }
        let named = lock
            .set_len(0)
            .and_then(|()| lock.seek(SeekFrom::Start(0)))
            .and_then(|_| write!(lock, "process {}", std::process::id()));
        named.map_err(|error| Error::io("write to the run folder", path, &error))?;
        let folder = Self { path: path.to_owned(), _lock: lock };
        folder.remove_strays(path);
        folder.remove_strays(&path.join(KEPT));
        Ok(folder)
    }

    /// Where the folder is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one file whole; `name` is relative to the folder. Returns its digest.
    ///
    /// # Errors
    /// If the disk is full or fails; what stood under the name before is untouched then.
    pub fn write(&self, name: &str, content: impl FnOnce(&mut File) -> Result<()>) -> Result<String> {
        write_whole(&self.path.join(name), content)
    }

    /// Writes bytes whole; see [`Folder::write`].
    ///
    /// # Errors
    /// As [`Folder::write`].
    pub fn write_bytes(&self, name: &str, bytes: &[u8]) -> Result<String> {
        let target = self.path.join(name);
        self.write(name, |file| file.write_all(bytes).map_err(|error| Error::io("write", &target, &error)))
    }

    /// Writes several files: all of them to temporary siblings first, then all renamed. Returns their digests by name.
    ///
    /// # Errors
    /// As [`Folder::write`]; what fills a disk fails before any name has new bytes.
    pub fn write_together(&self, files: &[(String, Vec<u8>)]) -> Result<BTreeMap<String, String>> {
        let mut written = Vec::with_capacity(files.len());
        for (name, bytes) in files {
            let target = self.path.join(name);
            let temporary =
                temporary(&target, |file| file.write_all(bytes).map_err(|error| Error::io("write", &target, &error)))?;
            written.push((name, target, temporary, digest(bytes)));
        }
        let mut digests = BTreeMap::new();
        for (name, target, temporary, digest) in written {
            temporary.persist(&target).map_err(|error| Error::io("write", &target, &error.error))?;
            digests.insert(name.clone(), digest);
        }
        sync_folder(&self.path)?;
        Ok(digests)
    }

    /// Removes kept stages whose names are not in `wanted`. What cannot be removed is left.
    pub fn forget_all_but(&self, wanted: &[String]) {
        let Ok(entries) = std::fs::read_dir(self.path.join(KEPT)) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !wanted.iter().any(|kept| kept == &name) {
                // a stage that stays behind costs space, nothing else
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    fn remove_strays(&self, folder: &Path) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(TEMPORARY) && name.ends_with(".tmp") {
                // we hold the lock, so nobody is writing it
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Writes `target` whole: temporary sibling, sync, rename, sync of the folder. Returns the content's digest.
///
/// # Errors
/// If anything fails; the temporary file is gone then and `target` is as it was.
pub fn write_whole(target: &Path, content: impl FnOnce(&mut File) -> Result<()>) -> Result<String> {
    let mut temporary = temporary(target, content)?;
    let digest = file_digest(temporary.as_file_mut()).map_err(|error| Error::io("write", target, &error))?;
    temporary.persist(target).map_err(|error| Error::io("write", target, &error.error))?;
    sync_folder(folder_of(target))?;
    Ok(digest)
}

/// A synced temporary sibling of `target` with its content; it removes itself unless it is renamed.
fn temporary(target: &Path, content: impl FnOnce(&mut File) -> Result<()>) -> Result<tempfile::NamedTempFile> {
    let failed = |error: &std::io::Error| Error::io("write", target, error);
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY).suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // as any new file: the umask takes from it what the user wants taken
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(folder_of(target)).map_err(|error| failed(&error))?;
    content(temporary.as_file_mut())?;
    let file = temporary.as_file_mut();
    file.flush().and_then(|()| file.sync_all()).map_err(|error| failed(&error))?;
    Ok(temporary)
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes renames in a folder last, where the system can sync folders.
fn sync_folder(folder: &Path) -> Result<()> {
    match File::open(folder) {
        Ok(opened) => opened.sync_all().map_err(|error| Error::io("write", folder, &error)),
        Err(_) => Ok(()),
    }
}

/// The digest of some bytes: BLAKE3, in hexadecimal.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The digest of a file's content.
///
/// # Errors
/// If it cannot be read.
pub fn digest_of(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|error| Error::io("read", path, &error))?;
    file_digest(&mut file).map_err(|error| Error::io("read", path, &error))
}

fn file_digest(file: &mut File) -> std::io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file)?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_temporary() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        folder.write_bytes("codes", b"old").unwrap();
        let failed = folder.write("codes", |file| {
            file.write_all(b"half").unwrap();
            Err(Error::failure("the disk is full"))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(place.path().join("codes")).unwrap(), b"old");
        let strays = std::fs::read_dir(place.path())
            .unwrap()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().contains(".tmp"));
        assert_eq!(strays.count(), 0);
    }

    #[test]
    fn the_digest_is_that_of_the_bytes() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        assert_eq!(folder.write_bytes("a", b"abc").unwrap(), digest(b"abc"));
        assert_eq!(digest_of(&place.path().join("a")).unwrap(), digest(b"abc"));
    }

    #[test]
    fn a_second_writer_is_refused_by_name_and_a_dead_one_is_not_in_the_way() {
        let place = tempfile::tempdir().unwrap();
        let first = Folder::open(place.path()).unwrap();
        let refused = Folder::open(place.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        assert!(Folder::open(place.path()).is_ok());
    }

    #[test]
    fn somebody_elses_files_are_not_overwritten() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("codes.parquet"), b"theirs").unwrap();
        assert!(Folder::check(place.path(), &["codes.parquet".to_owned()]).is_err());
        assert!(Folder::check(place.path(), &["other".to_owned()]).is_ok());
        assert!(Folder::check(&place.path().join("codes.parquet/x"), &[]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn colleagues_can_read_what_is_written() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        write_whole(&place.path().join("a"), |_| Ok(())).unwrap();
        std::fs::write(place.path().join("b"), b"").unwrap();
        let mode = |name: &str| std::fs::metadata(place.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("a"), mode("b"));
    }
}
