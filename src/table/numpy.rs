//! numpy's `.npy` and `.npz`, and scipy's sparse `.npz`.

use std::fs::File;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
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

/// A file within a zip archive.
#[derive(Debug, Clone)]
struct Entry {
    name: String,
    packed: bool,
    /// Where its own header starts.
    start: u64,
    length: u64,
}

impl Entry {
    fn open(&self, path: &Path) -> Result<Box<dyn Read>> {
        let io = |error| Error::io("read", path, &error);
        let mut file = File::open(path).map_err(io)?;
        file.seek(SeekFrom::Start(self.start)).map_err(io)?;
        let mut header = [0_u8; 30];
        file.read_exact(&mut header).map_err(|_| damaged("the archive ends within an entry"))?;
        if &header[..4] != b"PK\x03\x04" {
            return Err(damaged("an entry is not where the archive says"));
        }
        let skip = i64::from(short(&header, 26)) + i64::from(short(&header, 28));
        file.seek(SeekFrom::Current(skip)).map_err(io)?;
        let bytes = std::io::BufReader::with_capacity(1 << 18, file.take(self.length));
        Ok(if self.packed { Box::new(flate2::bufread::DeflateDecoder::new(bytes)) } else { Box::new(bytes) })
    }
}

/// The entries of a zip archive, by its central directory (APPNOTE 6.3, with 64-bit sizes).
fn entries(path: &Path) -> Result<Vec<Entry>> {
    const TAIL: u64 = 66_000;
    const MOST: u64 = 64 << 20;
    let io = |error| Error::io("read", path, &error);
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).map_err(io)?;
    file.by_ref().take(TAIL).read_to_end(&mut tail).map_err(io)?;
    let Some(end) = tail.windows(4).rposition(|bytes| bytes == b"PK\x05\x06").filter(|end| end + 22 <= tail.len())
    else {
        return Err(damaged("the archive has no list of its entries"));
    };
    let (mut size, mut start) = (u64::from(long(&tail, end + 12)), u64::from(long(&tail, end + 16)));
    if let Some(wide) =
        tail[..end].windows(4).rposition(|bytes| bytes == b"PK\x06\x06").filter(|wide| wide + 56 <= tail.len())
    {
        (size, start) = (longest(&tail, wide + 40), longest(&tail, wide + 48));
    }
    if size > MOST || start.saturating_add(size) > length {
        return Err(damaged("the archive's list of entries lies outside of it"));
    }
    let mut list = Vec::new();
    file.seek(SeekFrom::Start(start)).map_err(io)?;
    file.take(size).read_to_end(&mut list).map_err(io)?;
    let mut found = Vec::new();
    let mut at = 0;
    while at + 46 <= list.len() && &list[at..at + 4] == b"PK\x01\x02" {
        let (name, extra, comment) =
            (short(&list, at + 28) as usize, short(&list, at + 30) as usize, short(&list, at + 32) as usize);
        let (mut packed_length, plain_length, mut start) =
            (u64::from(long(&list, at + 20)), u64::from(long(&list, at + 24)), u64::from(long(&list, at + 42)));
        let Some(text) = list.get(at + 46..at + 46 + name) else { break };
        let text = String::from_utf8_lossy(text).into_owned();
        let extras = list.get(at + 46 + name..at + 46 + name + extra).unwrap_or_default();
        if let Some(wide) = wide_field(extras) {
            let mut fields = wide.chunks_exact(8).map(|bytes| longest(bytes, 0));
            if plain_length == u64::from(u32::MAX) {
                fields.next();
            }
            if packed_length == u64::from(u32::MAX) {
                packed_length = fields.next().unwrap_or(0);
            }
            if start == u64::from(u32::MAX) {
                start = fields.next().unwrap_or(0);
            }
        }
        let packed = match short(&list, at + 10) {
            0 => false,
            8 => true,
            _ => return Err(damaged("an entry is packed in a way that numpy does not use")),
        };
        let name = text.strip_suffix(".npy").unwrap_or(&text).to_owned();
        found.push(Entry { name, packed, start, length: packed_length });
        at += 46 + name_length(&list, at) + extra + comment;
    }
    Ok(found)
}

fn name_length(list: &[u8], at: usize) -> usize {
    short(list, at + 28) as usize
}

/// The extra field with 64-bit sizes.
fn wide_field(mut extras: &[u8]) -> Option<&[u8]> {
    while extras.len() >= 4 {
        let (kind, length) = (short(extras, 0), short(extras, 2) as usize);
        let body = extras.get(4..4 + length)?;
        if kind == 1 {
            return Some(body);
        }
        extras = &extras[4 + length..];
    }
    None
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn longest(bytes: &[u8], at: usize) -> u64 {
    u64::from(long(bytes, at)) | (u64::from(long(bytes, at + 4)) << 32)
}

fn damaged(reason: &str) -> Error {
    TableError::Damaged { format: "numpy", reason: clipped(reason) }.into()
}
