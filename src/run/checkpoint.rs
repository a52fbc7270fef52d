//! The checkpoint of a training under way: one file beside the kept stages, whole or absent, that vouches for itself.
//!
//! A line with the format and the digest of all that follows, a line of JSON (the stage's key, where the training stands,
//! the tensors' names and lengths), then the tensors as little-endian `f32`.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Reuse;
use super::folder::{Folder, KEPT};
use super::kept::Key;
use crate::autoencoder::{Checkpoint, CheckpointRef, Keeper};
use crate::error::{Error, Fault};
use crate::event::Stage;

const FORMAT: &str = "reduce checkpoint 1 ";
/// Time between two checkpoints at least.
const AT_LEAST: Duration = Duration::from_millis(500);
/// A checkpoint may cost one part in so many of the training.
const PARTS: u32 = 50;
/// Numbers of a tensor that are written, or read, at once.
const BLOCK: usize = 16_384;

#[derive(Serialize, Deserialize)]
struct Header<C> {
    key: String,
    checkpoint: C,
    tensors: Vec<(String, usize)>,
}

/// The file of a stage's checkpoint, by its path in the run folder.
pub(super) fn file(key: &Key) -> String {
    format!("{KEPT}/{}", key.file("training", "checkpoint"))
}

/// The checkpoint that an earlier run left; `None` if there is none.
///
/// # Errors
/// If it is damaged or of another training.
pub(super) fn read(run: &Path, key: &Key) -> Option<std::result::Result<Checkpoint, Damaged>> {
    let file = File::open(run.join(file(key))).ok()?;
    Some(unpack(BufReader::new(file), key).ok_or(Damaged))
}

/// A checkpoint that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

/// Writes a checkpoint, of whose weights only a block at a time is copied.
fn pack(checkpoint: CheckpointRef<'_>, key: &Key, to: &mut impl Write) -> std::io::Result<()> {
    let tensors = checkpoint.tensors();
    let lengths = tensors.iter().map(|(name, values)| ((*name).to_owned(), values.len())).collect();
    let header = serde_json::to_vec(&Header { key: key.as_str().to_owned(), checkpoint, tensors: lengths })?;
    let body = |to: &mut dyn Write| -> std::io::Result<()> {
        to.write_all(&header)?;
        to.write_all(b"\n")?;
        let mut bytes = Vec::with_capacity(4 * BLOCK);
        for block in tensors.iter().flat_map(|(_, values)| values.chunks(BLOCK)) {
            bytes.clear();
            bytes.extend(block.iter().flat_map(|value| value.to_le_bytes()));
            to.write_all(&bytes)?;
        }
        Ok(())
    };
    let mut hasher = blake3::Hasher::new();
    body(&mut hasher)?;
    writeln!(to, "{FORMAT}{}", hasher.finalize().to_hex())?;
    body(to)
}

/// Reads a checkpoint; `None` if any byte is not as it was written, or it is of another training.
fn unpack(mut from: impl BufRead + Seek, key: &Key) -> Option<Checkpoint> {
    let first = line(&mut from)?;
    let body = from.stream_position().ok()?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(&mut from).ok()?;
    if first.strip_prefix(FORMAT)? != hasher.finalize().to_hex().as_str() {
        return None;
    }
    from.seek(SeekFrom::Start(body)).ok()?;
    let Header { key: found, checkpoint, tensors } =
        serde_json::from_str::<Header<Checkpoint>>(&line(&mut from)?).ok()?;
    if found != key.as_str() {
        return None;
    }
    let mut read = Vec::new();
    let mut bytes = vec![0; 4 * BLOCK];
    for (name, length) in tensors {
        let mut values: Vec<f32> = Vec::with_capacity(length);
        while values.len() < length {
            let block = &mut bytes[..4 * BLOCK.min(length - values.len())];
            from.read_exact(block).ok()?;
            values.extend(
                block.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
            );
        }
        read.push((name, values));
    }
    if from.fill_buf().ok()?.is_empty() { checkpoint.with_tensors(read) } else { None }
}

/// The next line, without its end.
fn line(from: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    from.read_line(&mut line).ok()?;
    line.ends_with('\n').then(|| line.trim_end_matches('\n').to_owned())
}

/// Keeps the checkpoints of one training in a run folder, each in the place of the one before, as often as they are worth it.
pub(super) struct Checkpoints<'a> {
    folder: &'a Folder,
    key: &'a Key,
    due: Instant,
    /// What became of the last one.
    pub(super) last: Option<crate::error::Result<usize>>,
}

impl<'a> Checkpoints<'a> {
    pub(super) fn new(folder: &'a Folder, key: &'a Key) -> Self {
        Self { folder, key, due: Instant::now() + AT_LEAST, last: None }
    }
}

impl Checkpoints<'_> {
    /// The error that ended a training, with what is kept of it: where it was stopped, how to go on; where it failed by
    /// itself, nothing, because the same training would fail again.
    pub(super) fn closing(&self, error: Error, reuse: Reuse) -> Error {
        if error.fault() != Fault::Interrupted {
            self.folder.remove(&file(self.key));
            return error;
        }
        let command = if reuse.includes(Stage::Autoencoder) {
            "the same command"
        } else {
            "the same command without `--fresh` and `--from`"
        };
        match &self.last {
            Some(Ok(_)) => error.hint(format!("a checkpoint is kept: {command} goes on from there")),
            Some(Err(failed)) => {
                error.hint(format!("no checkpoint could be kept ({}): the same command begins again", failed.message()))
            }
            None => error.hint("no step was done yet: the same command begins again"),
        }
    }
}

impl Keeper for Checkpoints<'_> {
    fn wants(&mut self) -> bool {
        // where one could not be written, only the last is tried again
        !matches!(self.last, Some(Err(_))) && Instant::now() >= self.due
    }

    fn keep(&mut self, checkpoint: CheckpointRef<'_>) {
        let began = Instant::now();
        let written = self.folder.write_by(&file(self.key), |file| pack(checkpoint, self.key, file));
        self.last = Some(written.map(|()| checkpoint.epochs()));
        self.due = Instant::now() + AT_LEAST.max(began.elapsed() * PARTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autoencoder::{self, DataFacts, Options};
    use crate::seed::Seed;
    use crate::value::Auto;

    /// The last checkpoint of a short training.
    struct Last(Option<Checkpoint>);

    impl Keeper for Last {
        fn wants(&mut self) -> bool {
            true
        }

        fn keep(&mut self, checkpoint: CheckpointRef<'_>) {
            self.0 = Some(checkpoint.to_checkpoint());
        }
    }

    fn checkpoint() -> Checkpoint {
        let rows = ndarray::Array2::from_shape_fn((60, 7), |(row, column)| ((row * 7 + column * 3) as f32).sin());
        let split = crate::split::random(60, 0.2, Seed(1)).unwrap();
        let mut options =
            Options { code_size: Some(Auto::Given(2)), hidden: Auto::Given(vec![5]), ..Options::default() };
        options.training.max_epochs = Auto::Given(3);
        let options = options.resolve(48, &DataFacts::of(rows.view()), &[]).unwrap();
        let (mut last, mut silent) = (Last(None), crate::event::silent);
        let start = Checkpoint::default();
        autoencoder::fit_kept(rows.view(), &split, &options, Seed(1), start, &mut last, &mut silent).unwrap();
        last.0.unwrap()
    }

    #[test]
    fn a_checkpoint_comes_back_and_any_changed_byte_is_seen() {
        let key = Key::of(&[&"model"]).unwrap();
        for checkpoint in [checkpoint(), Checkpoint::default()] {
            let mut bytes = Vec::new();
            pack(checkpoint.lent(), &key, &mut bytes).unwrap();
            let unpack = |bytes: &[u8], key: &Key| super::unpack(std::io::Cursor::new(bytes), key);
            assert_eq!(unpack(&bytes, &key), Some(checkpoint));
            for at in (0..bytes.len()).step_by(7) {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1;
                assert_eq!(unpack(&damaged, &key), None, "byte {at}");
                assert_eq!(unpack(&bytes[..at], &key), None);
            }
            assert_eq!(unpack(&bytes, &Key::of(&[&"other"]).unwrap()), None);
        }
    }

    #[test]
    fn checkpoints_stand_in_for_each_other_and_are_not_wanted_all_the_time() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let key = Key::of(&[&"model"]).unwrap();
        assert!(read(place.path(), &key).is_none());
        let mut keeper = Checkpoints::new(&folder, &key);
        assert!(!keeper.wants());
        keeper.keep(Checkpoint::default().lent());
        keeper.keep(checkpoint().lent());
        assert!(!keeper.wants() && keeper.last.is_some_and(|last| last.is_ok()));
        assert_eq!(read(place.path(), &key), Some(Ok(checkpoint())));
        std::fs::write(place.path().join(file(&key)), b"half").unwrap();
        assert_eq!(read(place.path(), &key), Some(Err(Damaged)));
    }
}
