//! The run folder: one writer at a time, every file whole or absent.
//!
//! A file is written to a temporary sibling, synced, renamed, and the folder synced: whatever stops
//! the program, a name holds either the old bytes or the new ones.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::lock::Lock;
use crate::error::{Error, Result};

/// Finished stages are kept here, under names made of their keys.
pub const KEPT: &str = ".stages";
const TEMPORARY: &str = ".reduce-";

/// A run folder that this process alone may write to, for as long as the value lives.
///
/// Where nothing was kept in it, a folder that was made for it is removed with it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    lock: Option<Lock>,
    /// Folders that were not there before, the innermost first.
    made: Vec<PathBuf>,
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
        let marked = Self::is_run(path);
        if let Some(name) = ours.iter().find(|name| !marked && path.join(name.as_str()).exists()) {
            return Err(Error::request(format!("`{}` exists and is not from a run", path.join(name).display()))
                .hint("set `output` to another folder; nothing there is overwritten"));
        }
        Ok(())
    }

    /// Whether a run was here, finished or not.
    #[must_use]
    pub fn is_run(path: &Path) -> bool {
        super::record::Record::load(path).is_ok() || path.join(KEPT).is_dir()
    }

    /// Makes the folder where it is absent, takes its lock and removes what a killed run left half-written.
    ///
    /// # Errors
    /// If it cannot be made or written to, or another process holds it.
    pub fn open(path: &Path) -> Result<Self> {
        let absent = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let made = path.ancestors().take_while(absent).map(Path::to_owned).collect();
        let mut folder = Self { path: path.to_owned(), lock: None, made };
        folder.lock = Some(Lock::take(path)?);
        let kept = path.join(KEPT);
        std::fs::create_dir_all(&kept).map_err(|error| unwritten(&kept, &error))?;
        folder.remove_strays(path);
        folder.remove_strays(&kept);
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
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<String> {
        self.write_by(name, |file| file.write_all(bytes))?;
        Ok(digest(bytes))
    }

    /// Writes one file whole, its content as it comes; `name` is relative to the folder.
    ///
    /// # Errors
    /// As [`Folder::write`], and if the content cannot be had.
    pub fn write_by(&self, name: &str, content: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<()> {
        let target = self.path.join(name);
        let failed = |error: &std::io::Error| unwritten(&target, error);
        let temporary = temporary(&target, content).map_err(|error| failed(&error))?;
        temporary.persist(&target).map_err(|error| failed(&error.error))?;
        sync_folder(folder_of(&target)).map_err(|error| failed(&error))
    }

    /// Writes several files: all of them to temporary siblings first, then all renamed, in their order and the last only
    /// when the others stand.
    ///
    /// # Errors
    /// As [`Folder::write`]; what fills a disk fails before any name has new bytes.
    pub fn write_together(&self, files: &[(String, Vec<u8>)]) -> Result<()> {
        write_together(&self.path, files)
    }

    /// Removes a file of ours, if it is there. What cannot be removed is left.
    pub fn remove(&self, name: &str) {
        let _ = std::fs::remove_file(self.path.join(name));
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

impl Drop for Folder {
    fn drop(&mut self) {
        // only empty folders are removed; what cannot be removed stays
        let kept = self.path.join(KEPT);
        if self.lock.is_some() {
            let _ = std::fs::remove_dir(&kept);
        }
        self.lock = None;
        for folder in &self.made {
            if std::fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
}

/// A failed write into a run folder: the machine's fault, whatever the system calls it.
fn unwritten(target: &Path, error: &std::io::Error) -> Error {
    Error::failure(Error::io("write", target, error).message()).hint(
        "the results that were there are as they were, and finished stages are kept: run it again once it can write",
    )
}

/// Writes bytes as `target`, whole.
///
/// # Errors
/// As [`write_whole`].
pub fn write_bytes(target: &Path, bytes: &[u8]) -> Result<()> {
    write_whole(target, |file| file.write_all(bytes).map_err(|error| Error::io("write", target, &error))).map(|_| ())
}

/// Writes `target` whole: temporary sibling, sync, rename, sync of the folder. Returns the content's digest.
///
/// # Errors
/// If anything fails; the temporary file is gone then and `target` is as it was.
pub fn write_whole(target: &Path, content: impl FnOnce(&mut File) -> Result<()>) -> Result<String> {
    let failed = |error: &std::io::Error| Error::io("write", target, error);
    let mut own = None;
    let temporary = temporary(target, |file| {
        content(file).map_err(|error| {
            own = Some(error);
            std::io::Error::other("not written")
        })
    });
    let mut temporary = temporary.map_err(|error| own.take().unwrap_or_else(|| failed(&error)))?;
    let digest = file_digest(temporary.as_file_mut()).map_err(|error| failed(&error))?;
    temporary.persist(target).map_err(|error| failed(&error.error))?;
    sync_folder(folder_of(target)).map_err(|error| failed(&error))?;
    Ok(digest)
}

/// Writes several files into a folder: all of them to temporary siblings first, then all renamed, the last one last.
///
/// # Errors
/// If the disk is full or fails, before any name has new bytes.
pub fn write_together(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<()> {
    let mut written = Vec::with_capacity(files.len());
    for (name, bytes) in files {
        let target = folder.join(name);
        if target.is_dir() {
            return Err(Error::failure(format!("`{}` is a folder, where a file goes", target.display()))
                .hint("move it away, and run again"));
        }
        let temporary = temporary(&target, |file| file.write_all(bytes)).map_err(|error| unwritten(&target, &error))?;
        written.push((target, temporary));
    }
    let last = written.pop();
    for (target, temporary) in written {
        temporary.persist(&target).map_err(|error| unwritten(&target, &error.error))?;
    }
    sync_folder(folder).map_err(|error| unwritten(folder, &error))?;
    if let Some((target, temporary)) = last {
        temporary.persist(&target).map_err(|error| unwritten(&target, &error.error))?;
        sync_folder(folder).map_err(|error| unwritten(folder, &error))?;
    }
    Ok(())
}

/// A synced temporary sibling of `target` with its content; it removes itself unless it is renamed.
fn temporary(
    target: &Path,
    content: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY).suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // as any new file: the umask takes from it what the user wants taken
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(folder_of(target))?;
    content(temporary.as_file_mut())?;
    let file = temporary.as_file_mut();
    file.flush()?;
    file.sync_all()?;
    Ok(temporary)
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes renames in a folder last, where the system can sync folders.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder).map_or(Ok(()), |opened| opened.sync_all())
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

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_temporary() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("codes");
        write_bytes(&target, b"old").unwrap();
        let failed = write_whole(&target, |file| {
            file.write_all(b"half").unwrap();
            Err(Error::failure("the disk is full"))
        });
        assert_eq!(failed.unwrap_err().message(), "the disk is full");
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        assert_eq!(names(place.path()), ["codes"]);
    }

    #[test]
    fn files_are_written_together_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let files = |text: &str| ["a", "b"].map(|name| (name.to_owned(), text.as_bytes().to_vec()));
        folder.write_together(&files("old")).unwrap();
        std::fs::create_dir(place.path().join("c")).unwrap();
        let [a, b] = files("new");
        let error = folder.write_together(&[a, b, ("c".to_owned(), Vec::new())]).unwrap_err();
        assert_eq!(error.fault(), crate::error::Fault::Failure);
        assert_eq!(std::fs::read(place.path().join("a")).unwrap(), b"old");
        drop(folder);
        assert_eq!(names(place.path()), ["a", "b", "c"]);
    }

    #[test]
    fn a_folder_that_was_made_for_nothing_is_gone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("runs/genes");
        drop(Folder::open(&path).unwrap());
        assert!(names(place.path()).is_empty());
        let folder = Folder::open(&path).unwrap();
        folder.write(&format!("{KEPT}/codes"), b"codes").unwrap();
        drop(folder);
        assert_eq!((names(&path), Folder::is_run(&path)), (vec![KEPT.to_owned()], true));
    }

    #[test]
    fn the_digest_is_that_of_the_bytes() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        assert_eq!(folder.write("a", b"abc").unwrap(), digest(b"abc"));
        assert_eq!(digest_of(&place.path().join("a")).unwrap(), digest(b"abc"));
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
