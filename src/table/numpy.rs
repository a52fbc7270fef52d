//! numpy's `.npy` and `.npz`, and scipy's sparse `.npz`.

mod archive;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::Error;
use crate::error::Result;
use crate::error::nearest;
use crate::table::annotated::Annotated;
use crate::table::annotated::Compressed;
use crate::table::annotated::Lines;
use crate::table::annotated::Matrix;
use crate::table::annotated::Parts;
use crate::table::annotated::Target;
use crate::table::clipped;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::gather::check_size;
use crate::table::memory;
use crate::table::options::Input;
use crate::table::source::Progress;
use crate::table::source::Source;
use archive::Entry;
use archive::entries;

/// Opens a `.npy` file.
pub(super) fn npy(path: &Path, input: &Input) -> Result<Box<dyn Source>> {
    let file = File::open(path).map_err(|error| Error::io("read", path, &error))?;
    let mut reader: Box<dyn Read> = Box::new(std::io::BufReader::with_capacity(1 << 20, file));
    let array = Array::open(&mut reader)?;
    dense("npy", array, reader, input)
}

/// Opens a `.npz` file: the array that `input.matrix` names, or the only table in it.
pub(super) fn npz(path: &Path, input: &Input) -> Result<Box<dyn Source>> {
    let entries = entries(path)?;
    let mut tables = Vec::new();
    for entry in &entries {
        if let Ok(array) = Array::open(&mut entry.open(path)?)
            && array.shape.len() == 2
        {
            tables.push(entry.name.clone());
        }
    }
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    if input.matrix.is_none() && has("indptr") && has("indices") && has("data") && has("shape") {
        return scipy(path, &entries, input);
    }
    let name = match (&input.matrix, tables.as_slice()) {
        (Some(name), _) if has(name) => name.clone(),
        (None, [only]) => only.clone(),
        (wanted, _) => {
            let near = wanted.as_ref().and_then(|wanted| nearest(wanted, tables.iter().map(String::as_str)));
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            let message = match wanted {
                Some(wanted) => format!("the file has no array `{}`", clipped(wanted)),
                None => format!("the file has {} two-dimensional arrays", tables.len()),
            };
            return Err(TableError::Request {
                message,
                hint: format!("set `input.matrix` to one of {}{near}", first_few(&tables)),
            }
            .into());
        }
    };
    let entry = entries.iter().find(|entry| entry.name == name);
    let Some(entry) = entry else { return Err(damaged("an array is listed and not there")) };
    let mut reader = entry.open(path)?;
    let array = Array::open(&mut reader)?;
    dense("npz", array, reader, input)
}

fn dense(format: &str, array: Array, reader: Box<dyn Read>, input: &Input) -> Result<Box<dyn Source>> {
    let (samples, features) = match array.shape.as_slice() {
        [samples, features] => (*samples, *features),
        other => {
            return Err(TableError::Unsupported {
                what: format!("the array has {} dimensions, a table has 2", other.len()),
                hint: "save `array.reshape(len(array), -1)`",
            }
            .into());
        }
    };
    check_size(samples, features, memory::budget())?;
    let feature_type = array.element.name();
    let parts = Parts {
        format: format.to_owned(),
        samples,
        names: None,
        annotations: Vec::new(),
        features: (0..features).map(|position| format!("feature_{position}")).collect(),
        feature_type,
        matrix: Box::new(Dense { array, reader }),
        notes: Vec::new(),
    };
    Annotated::open(parts, input)
}

/// A sparse matrix as `scipy.sparse.save_npz` writes it.
fn scipy(path: &Path, entries: &[Entry], input: &Input) -> Result<Box<dyn Source>> {
    let numbers = |name: &str| -> Result<Vec<f64>> {
        let Some(entry) = entries.iter().find(|entry| entry.name == name) else {
            return Err(damaged("a sparse matrix lacks an array"));
        };
        let mut reader = entry.open(path)?;
        let array = Array::open(&mut reader)?;
        let count = array.shape.iter().fold(1, |count: usize, side| count.saturating_mul(*side));
        check_size(count, 2, memory::budget())?;
        array.read(&mut reader, count)
    };
    let shape = numbers("shape")?;
    let [rows, columns] = shape.as_slice() else { return Err(damaged("a sparse matrix has two sizes")) };
    let format = entries.iter().find(|entry| entry.name == "format").map(|entry| -> Result<String> {
        let mut text = Vec::new();
        entry.open(path)?.take(1 << 10).read_to_end(&mut text).map_err(|error| damaged(&error.to_string()))?;
        Ok(String::from_utf8_lossy(&text[text.len().saturating_sub(16)..]).replace('\0', ""))
    });
    let format = format.transpose()?.unwrap_or_default();
    let lines = match () {
        () if format.contains("csr") => Lines::Samples,
        () if format.contains("csc") => Lines::Features,
        () => {
            return Err(TableError::Unsupported {
                what: "this sparse matrix is neither csr nor csc".to_owned(),
                hint: "save it with `scipy.sparse.save_npz(path, matrix.tocsr())`",
            }
            .into());
        }
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes and positions of arrays; checked when laid down"
    )]
    let (samples, features, starts, positions) = (
        *rows as usize,
        *columns as usize,
        numbers("indptr")?.into_iter().map(|start| start as u64).collect(),
        numbers("indices")?.into_iter().map(|position| position as u32).collect(),
    );
    check_size(samples, features, memory::budget())?;
    #[expect(clippy::cast_possible_truncation, reason = "the matrix is single precision")]
    let data = numbers("data")?.into_iter().map(|value| value as f32).collect();
    let parts = Parts {
        format: "npz (scipy sparse)".to_owned(),
        samples,
        names: None,
        annotations: Vec::new(),
        features: (0..features).map(|position| format!("feature_{position}")).collect(),
        feature_type: "number",
        matrix: Box::new(Compressed { starts, positions, entries: data, lines }),
        notes: Vec::new(),
    };
    Annotated::open(parts, input)
}

struct Dense {
    array: Array,
    reader: Box<dyn Read>,
}

impl Matrix for Dense {
    fn lay(&mut self, target: &mut Target<'_>, progress: &mut Progress<'_, '_>) -> Result<()> {
        let (samples, features) = (target.samples(), target.features());
        let (lines, across) = if self.array.by_columns { (features, samples) } else { (samples, features) };
        for line in 0..lines {
            let values = self.array.read(&mut self.reader, across)?;
            if self.array.by_columns {
                for (sample, value) in values.into_iter().enumerate() {
                    target.set(sample, line, single(value))?;
                }
            } else {
                let values: Vec<f32> = values.into_iter().map(single).collect();
                target.set_row(line, &values)?;
            }
            if line % 256 == 0 {
                progress.advance(line as u64, lines as u64)?;
            }
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the matrix is single precision; infinite is refused")]
fn single(value: f64) -> f32 {
    value as f32
}

/// The type of an array's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Float { bytes: usize },
    Signed { bytes: usize },
    Unsigned { bytes: usize },
}

impl Element {
    fn parse(text: &str) -> Option<(Self, bool)> {
        let (order, rest) = text.split_at_checked(1)?;
        let (kind, bytes) = rest.split_at_checked(1)?;
        let bytes: usize = bytes.parse().ok()?;
        let element = match (kind, bytes) {
            ("f", 4 | 8) => Self::Float { bytes },
            ("i", 1 | 2 | 4 | 8) => Self::Signed { bytes },
            ("u", 1 | 2 | 4 | 8) | ("b", 1) => Self::Unsigned { bytes },
            _ => return None,
        };
        Some((element, order == ">"))
    }

    fn bytes(self) -> usize {
        match self {
            Self::Float { bytes } | Self::Signed { bytes } | Self::Unsigned { bytes } => bytes,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Float { bytes: 4 } => "f32",
            Self::Float { .. } => "f64",
            Self::Signed { .. } => "signed integer",
            Self::Unsigned { .. } => "unsigned integer",
        }
    }

    /// The value of an element's bytes in little-endian order, padded to 8.
    #[expect(clippy::cast_precision_loss, reason = "integers are read as numbers")]
    fn value(self, bytes: [u8; 8]) -> f64 {
        match self {
            Self::Float { bytes: 4 } => f64::from(f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
            Self::Float { .. } => f64::from_le_bytes(bytes),
            Self::Unsigned { .. } => u64::from_le_bytes(bytes) as f64,
            Self::Signed { bytes: width } => {
                let shift = 64 - 8 * u32::try_from(width).unwrap_or(8);
                ((i64::from_le_bytes(bytes) << shift) >> shift) as f64
            }
        }
    }
}

/// An array's header.
#[derive(Debug, Clone)]
struct Array {
    element: Element,
    big_endian: bool,
    by_columns: bool,
    shape: Vec<usize>,
}

impl Array {
    /// Reads the header (numpy's format 1.0 to 3.0).
    fn open(reader: &mut dyn Read) -> Result<Self> {
        const LONGEST: usize = 1 << 16;
        let mut start = [0_u8; 8];
        reader.read_exact(&mut start).map_err(|_| damaged("it ends within its header"))?;
        if &start[..6] != b"\x93NUMPY" {
            return Err(damaged("it does not begin as a numpy array does"));
        }
        let mut length = [0_u8; 4];
        let width = if start[6] == 1 { 2 } else { 4 };
        reader.read_exact(&mut length[..width]).map_err(|_| damaged("it ends within its header"))?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST {
            return Err(damaged("its header is too long"));
        }
        let mut header = vec![0_u8; length];
        reader.read_exact(&mut header).map_err(|_| damaged("it ends within its header"))?;
        Self::parse(&String::from_utf8_lossy(&header))
    }

    fn parse(header: &str) -> Result<Self> {
        let value = |key: &str| header.split_once(&format!("'{key}':")).map(|(_, rest)| rest.trim_start());
        let descr = value("descr").and_then(|rest| rest.strip_prefix('\'')).and_then(|rest| rest.split('\'').next());
        let Some(descr) = descr else {
            return Err(TableError::Unsupported {
                what: "the array holds records, not numbers".to_owned(),
                hint: "save a two-dimensional array of numbers",
            }
            .into());
        };
        let Some((element, big_endian)) = Element::parse(descr) else {
            return Err(TableError::Unsupported {
                what: format!("the array's elements are of type `{}`", clipped(descr)),
                hint: "save it as numbers, for example with `array.astype('float32')`",
            }
            .into());
        };
        let by_columns = value("fortran_order").is_some_and(|rest| rest.starts_with("True"));
        let shape = value("shape").and_then(|rest| rest.strip_prefix('(')).and_then(|rest| rest.split(')').next());
        let shape: Option<Vec<usize>> = shape
            .map(|shape| {
                shape
                    .split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty())
                    .map(str::parse)
                    .collect::<std::result::Result<_, _>>()
                    .ok()
            })
            .unwrap_or_default();
        let Some(shape) = shape else { return Err(damaged("its header names no shape")) };
        Ok(Self { element, big_endian, by_columns, shape })
    }

    /// Reads the next `count` elements.
    fn read(&self, reader: &mut dyn Read, count: usize) -> Result<Vec<f64>> {
        let width = self.element.bytes();
        let mut bytes = Vec::new();
        let wanted = (count as u64).saturating_mul(width as u64);
        reader.take(wanted).read_to_end(&mut bytes).map_err(|error| damaged(&error.to_string()))?;
        if bytes.len() as u64 != wanted {
            return Err(damaged("it ends before its last element"));
        }
        let value = |bytes: &[u8]| {
            let mut eight = [0_u8; 8];
            eight[..width].copy_from_slice(bytes);
            if self.big_endian {
                eight[..width].reverse();
            }
            self.element.value(eight)
        };
        Ok(bytes.chunks_exact(width).map(value).collect())
    }
}

fn damaged(reason: &str) -> Error {
    TableError::Damaged { format: "numpy", reason: clipped(reason) }.into()
}
