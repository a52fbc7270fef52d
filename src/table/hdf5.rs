//! HDF5 as single-cell tools write it: AnnData `.h5ad` and 10x `.h5`.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use hdf5_pure::AttrValue;
use hdf5_pure::DType;
use hdf5_pure::Dataset;
use hdf5_pure::File;
use hdf5_pure::Group;

use crate::error::Result;
use crate::error::nearest;
use crate::table::annotated::Annotated;
use crate::table::annotated::Compressed;
use crate::table::annotated::Lines;
use crate::table::annotated::Matrix;
use crate::table::annotated::Parts;
use crate::table::annotated::Target;
use crate::table::annotated::Texts;
use crate::table::clipped;
use crate::table::clipped_to;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::gather::check_size;
use crate::table::memory;
use crate::table::options::Input;
use crate::table::source::Progress;
use crate::table::source::Source;

type Read<T> = std::result::Result<T, hdf5_pure::Error>;

/// Opens an HDF5 file by what it holds.
pub(super) fn open(path: &Path, input: &Input) -> Result<Box<dyn Source>> {
    let file = contain(|| File::open_streaming(path))?;
    let groups = contain(|| file.root().groups())?;
    let datasets = contain(|| file.root().datasets())?;
    let parts = if groups.iter().any(|group| group == "matrix")
        && contain(|| file.group("matrix")?.datasets())?.iter().any(|name| name == "barcodes")
    {
        tenx(&file)?
    } else if groups.iter().chain(&datasets).any(|name| name == "obs") {
        anndata(&file, input)?
    } else {
        let mut found = groups;
        found.extend(datasets);
        return Err(TableError::Unsupported {
            what: format!("this HDF5 file is neither AnnData nor 10x; it holds {}", first_few(&found)),
            hint: "write it as `.h5ad`, Parquet or CSV",
        }
        .into());
    };
    Annotated::open(parts, input)
}

/// A matrix as Cell Ranger writes it: compressed by barcode.
fn tenx(file: &File) -> Result<Parts> {
    let barcodes = strings(&contain(|| file.dataset("matrix/barcodes"))?)?;
    let group = contain(|| file.group("matrix"))?;
    let has_features = contain(|| group.groups())?.iter().any(|name| name == "features");
    let features = if has_features { "matrix/features/name" } else { "matrix/gene_names" };
    let features = strings(&contain(|| file.dataset(features))?)?;
    let mut notes = Vec::new();
    if has_features && contain(|| file.group("matrix/features")?.datasets())?.iter().any(|name| name == "feature_type")
    {
        let mut kinds = strings(&contain(|| file.dataset("matrix/features/feature_type"))?)?;
        kinds.sort();
        kinds.dedup();
        if kinds.len() > 1 {
            notes.push(format!("features of {} kinds are used together: {}", kinds.len(), first_few(&kinds)));
        }
    }
    check_size(barcodes.len(), features.len(), memory::budget())?;
    let matrix = compressed(&group, Lines::Samples)?;
    Ok(Parts {
        format: "10x HDF5".to_owned(),
        samples: barcodes.len(),
        names: Some(("barcode".to_owned(), barcodes)),
        annotations: Vec::new(),
        features,
        feature_type: "number",
        matrix: Box::new(matrix),
        notes,
    })
}

/// An AnnData file of any version since 0.6.
fn anndata(file: &File, input: &Input) -> Result<Parts> {
    let old_raw = contain(|| file.root().groups())?.iter().any(|name| name == "raw.X");
    let wanted = input.matrix.as_deref().unwrap_or("X");
    let (matrix, var) = match wanted {
        "X" => ("X".to_owned(), "var"),
        "raw" if old_raw => ("raw.X".to_owned(), "raw.var"),
        "raw" => ("raw/X".to_owned(), "raw/var"),
        layer => (format!("layers/{layer}"), "var"),
    };
    if wanted != "X" && node(file, &matrix).is_none() {
        let mut names = contain(|| layers(file))?;
        if old_raw || node(file, "raw/X").is_some() {
            names.push("raw".to_owned());
        }
        names.push("X".to_owned());
        let nearest = nearest(wanted, names.iter().map(String::as_str))
            .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        return Err(TableError::Request {
            message: format!("the file has no matrix `{}`", clipped(wanted)),
            hint: format!("`input.matrix` can be {}{nearest}", first_few(&names)),
        }
        .into());
    }
    let (id_name, names, annotations) = frame(file, "obs", Want::All)?;
    let (_, features, _) = frame(file, var, Want::Index)?;
    let samples = names.len();
    check_size(samples, features.len(), memory::budget())?;
    let damaged = |reason: String| -> crate::error::Error { TableError::Damaged { format: "h5ad", reason }.into() };
    let matrix: Box<dyn Matrix> = match node(file, &matrix) {
        Some(Node::Group(group)) => {
            let attributes = contain(|| group.attrs())?;
            let kind = attribute(&attributes, &["encoding-type", "h5sparse_format"]).unwrap_or_default();
            let lines = match kind {
                kind if kind.starts_with("csr") => Lines::Samples,
                kind if kind.starts_with("csc") => Lines::Features,
                kind => return Err(damaged(format!("`{matrix}` has the unknown form `{}`", clipped(kind)))),
            };
            Box::new(compressed(&group, lines)?)
        }
        Some(Node::Dataset(dataset)) => {
            let shape = contain(|| dataset.shape())?;
            if shape != [samples as u64, features.len() as u64] {
                return Err(damaged(format!(
                    "`{matrix}` is {shape:?}, with {samples} samples and {} features beside it",
                    features.len()
                )));
            }
            Box::new(Dense { dataset })
        }
        None => return Err(damaged(format!("it has no `{matrix}`"))),
    };
    let mut notes = Vec::new();
    let others: Vec<String> = contain(|| layers(file))?
        .into_iter()
        .chain((old_raw || node(file, "raw/X").is_some()).then(|| "raw".to_owned()))
        .collect();
    if input.matrix.is_none() && !others.is_empty() {
        notes.push(format!("matrix `X` is read; `input.matrix` can also name {}", first_few(&others)));
    }
    Ok(Parts {
        format: format!("AnnData ({})", if wanted == "X" { "X" } else { wanted }),
        samples,
        names: Some((id_name, names)),
        annotations,
        features,
        feature_type: "number",
        matrix,
        notes,
    })
}

/// A matrix that is stored whole.
struct Dense {
    dataset: Dataset,
}

impl Matrix for Dense {
    fn lay(&mut self, target: &mut Target<'_>, progress: &mut Progress<'_, '_>) -> Result<()> {
        const BYTES: usize = 32 << 20;
        let (samples, features) = (target.samples(), target.features());
        let window = (BYTES / 8 / features.max(1)).max(1);
        let mut first = 0;
        while first < samples {
            let count = window.min(samples - first);
            let values = contain(|| self.dataset.read_f32_rows(first as u64, count as u64))?;
            for (row, values) in values.chunks_exact(features.max(1)).enumerate() {
                target.set_row(first + row, values)?;
            }
            first += count;
            progress.advance(first as u64, samples as u64)?;
        }
        Ok(())
    }
}

fn compressed(group: &Group, lines: Lines) -> Result<Compressed> {
    let [starts, positions, entries] = [fitting(group, "indptr")?, fitting(group, "indices")?, fitting(group, "data")?];
    contain(|| {
        Ok(Compressed {
            starts: starts.read_u64()?,
            positions: positions.read_u32()?,
            entries: entries.read_f32()?,
            lines,
        })
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Index,
    All,
}

/// A data frame of an AnnData file: what its index is called, the index, the columns as texts.
fn frame(file: &File, path: &str, want: Want) -> Result<(String, Vec<String>, Vec<(String, Texts)>)> {
    match node(file, path) {
        Some(Node::Group(group)) => {
            let attributes = contain(|| group.attrs())?;
            let index = attribute(&attributes, &["_index"]).unwrap_or("_index").to_owned();
            let names = strings(&contain(|| group.dataset(&index))?)?;
            let mut columns = Vec::new();
            if want == Want::All {
                let order = attributes
                    .get("column-order")
                    .and_then(AttrValue::as_strings)
                    .map(<[String]>::to_vec)
                    .unwrap_or_default();
                for name in order {
                    if let Some(texts) = column(&group, &name, names.len())? {
                        columns.push((name, texts));
                    }
                }
            }
            Ok((public_name(&index), names, columns))
        }
        Some(Node::Dataset(dataset)) => compound(file, &dataset, want),
        None => Err(TableError::Damaged { format: "h5ad", reason: format!("it has no `{path}`") }.into()),
    }
}

/// A column as texts; `None` for a form that cannot be a label.
fn column(frame: &Group, name: &str, rows: usize) -> Result<Option<Texts>> {
    let texts = if contain(|| frame.groups())?.iter().any(|group| group == name) {
        let group = contain(|| frame.group(name))?;
        let members = contain(|| group.datasets())?;
        let has = |member: &str| members.iter().any(|name| name == member);
        if has("categories") && has("codes") {
            let levels = texts_of(&contain(|| group.dataset("categories"))?)?;
            let codes = fitting(&group, "codes")?;
            let codes = contain(|| codes.read_i64())?;
            levels.map(|levels| coded(&codes, &levels))
        } else if has("values") && has("mask") {
            let values = texts_of(&contain(|| group.dataset("values"))?)?;
            let mask = fitting(&group, "mask")?;
            let mask = contain(|| mask.read_i64())?;
            values.map(|values| values.into_iter().zip(mask).map(|(value, mask)| value.filter(|_| mask == 0)).collect())
        } else {
            None
        }
    } else {
        let dataset = contain(|| frame.dataset(name))?;
        let values = texts_of(&dataset)?;
        // AnnData 0.7 keeps the levels of a column of codes beside the frame.
        match contain(|| frame.groups())?.iter().find(|group| *group == "__categories") {
            Some(_) if contain(|| frame.group("__categories")?.datasets())?.iter().any(|level| level == name) => {
                let levels = texts_of(&contain(|| frame.group("__categories")?.dataset(name))?)?;
                let codes = contain(|| dataset.read_i64())?;
                levels.map(|levels| coded(&codes, &levels))
            }
            _ => values,
        }
    };
    Ok(texts.filter(|texts| texts.len() == rows))
}

/// The data frames of AnnData 0.6: one record per row, levels kept under `uns`.
fn compound(file: &File, dataset: &Dataset, want: Want) -> Result<(String, Vec<String>, Vec<(String, Texts)>)> {
    let damaged = |reason: &str| -> crate::error::Error {
        TableError::Damaged { format: "h5ad", reason: reason.to_owned() }.into()
    };
    let hdf5_pure::Datatype::Compound { size, members } = contain(|| dataset.datatype())? else {
        return Err(damaged("its table of names is no table"));
    };
    check_elements(dataset)?;
    let raw = contain(|| dataset.read_raw())?;
    let records: Vec<&[u8]> = raw.chunks_exact(size.max(1) as usize).collect();
    let mut index = None;
    let mut columns = Vec::new();
    for (position, member) in members.iter().enumerate() {
        let start = usize::try_from(member.byte_offset).unwrap_or(usize::MAX);
        let Some(decode) = decoder(&member.datatype) else { continue };
        if position > 0 && want == Want::Index {
            break;
        }
        let values: Option<Vec<Texts>> =
            records.iter().map(|record| record.get(start..).map(|bytes| vec![decode(bytes)])).collect();
        let Some(values) = values else { return Err(damaged("a record is shorter than its fields")) };
        let values: Texts = values.into_iter().flatten().collect();
        if index.is_none() {
            index = Some((public_name(&member.name), values.into_iter().map(Option::unwrap_or_default).collect()));
            continue;
        }
        let levels = contain(|| Ok(file.dataset(&format!("uns/{}_categories", member.name)).ok()))?;
        let values = match levels {
            Some(levels) => {
                let levels = texts_of(&levels)?.unwrap_or_default();
                let codes: Vec<i64> =
                    values.iter().map(|code| code.as_ref().and_then(|code| code.parse().ok()).unwrap_or(-1)).collect();
                coded(&codes, &levels)
            }
            None => values,
        };
        columns.push((member.name.clone(), values));
    }
    let (name, names) = index.ok_or_else(|| damaged("its table of names has no names"))?;
    Ok((name, names, columns))
}

type Decode = Box<dyn Fn(&[u8]) -> Option<String>>;

/// Reads one little-endian field of a record as text.
fn decoder(datatype: &hdf5_pure::Datatype) -> Option<Decode> {
    use hdf5_pure::Datatype;
    fn number<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
        bytes.get(..N)?.try_into().ok()
    }
    let shown = |value: f64| (!value.is_nan()).then(|| value.to_string());
    match datatype {
        Datatype::String { size, .. } => {
            let size = *size as usize;
            Some(Box::new(move |bytes| {
                let text = bytes.get(..size)?;
                let end = text.iter().position(|byte| *byte == 0).unwrap_or(size);
                Some(String::from_utf8_lossy(&text[..end]).trim_end().to_owned())
            }))
        }
        Datatype::FixedPoint { size, .. } => match size {
            1 => Some(Box::new(|bytes| Some(i8::from_le_bytes(number(bytes)?).to_string()))),
            2 => Some(Box::new(|bytes| Some(i16::from_le_bytes(number(bytes)?).to_string()))),
            4 => Some(Box::new(|bytes| Some(i32::from_le_bytes(number(bytes)?).to_string()))),
            8 => Some(Box::new(|bytes| Some(i64::from_le_bytes(number(bytes)?).to_string()))),
            _ => None,
        },
        Datatype::FloatingPoint { size, .. } => match size {
            4 => Some(Box::new(move |bytes| {
                let value = f32::from_le_bytes(number(bytes)?);
                (!value.is_nan()).then(|| value.to_string())
            })),
            8 => Some(Box::new(move |bytes| shown(f64::from_le_bytes(number(bytes)?)))),
            _ => None,
        },
        _ => None,
    }
}

fn coded(codes: &[i64], levels: &[Option<String>]) -> Texts {
    codes.iter().map(|code| usize::try_from(*code).ok().and_then(|code| levels.get(code).cloned().flatten())).collect()
}

/// A one-dimensional dataset as texts; `None` for a form that cannot be a label.
fn texts_of(dataset: &Dataset) -> Result<Option<Texts>> {
    check_elements(dataset)?;
    Ok(Some(match contain(|| dataset.dtype())? {
        DType::String | DType::VariableLengthString => strings(dataset)?.into_iter().map(Some).collect(),
        DType::F32 => {
            let values = contain(|| dataset.read_f32())?;
            values.into_iter().map(|value| (!value.is_nan()).then(|| value.to_string())).collect()
        }
        DType::F64 => {
            let values = contain(|| dataset.read_f64())?;
            values.into_iter().map(|value| (!value.is_nan()).then(|| value.to_string())).collect()
        }
        DType::U64 => contain(|| dataset.read_u64())?.into_iter().map(|value| Some(value.to_string())).collect(),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 => {
            contain(|| dataset.read_i64())?.into_iter().map(|value| Some(value.to_string())).collect()
        }
        DType::Enum(names) => {
            let truth = names.iter().any(|name| name.eq_ignore_ascii_case("true"));
            let values = contain(|| dataset.read_i64())?;
            values
                .into_iter()
                .map(|value| Some(if truth { (value != 0).to_string() } else { value.to_string() }))
                .collect()
        }
        _ => return Ok(None),
    }))
}

fn strings(dataset: &Dataset) -> Result<Vec<String>> {
    check_elements(dataset)?;
    contain(|| dataset.read_string())
}

/// A dataset of a group, small enough to be read whole.
fn fitting(group: &Group, name: &str) -> Result<Dataset> {
    let dataset = contain(|| group.dataset(name))?;
    check_elements(&dataset)?;
    Ok(dataset)
}

/// Refuses a dataset that says to be larger than memory, before anything is asked for.
fn check_elements(dataset: &Dataset) -> Result<()> {
    let shape = contain(|| dataset.shape())?;
    let elements = shape.iter().fold(1, |count: u64, side| count.saturating_mul(*side));
    check_size(usize::try_from(elements).unwrap_or(usize::MAX), 0, memory::budget())
}

/// What an index without a name of its own is called.
fn public_name(index: &str) -> String {
    match index {
        "_index" | "index" => "obs_names".to_owned(),
        name => name.to_owned(),
    }
}

enum Node {
    Group(Group),
    Dataset(Dataset),
}

fn node(file: &File, path: &str) -> Option<Node> {
    contain(|| Ok(file.dataset(path).ok()))
        .ok()
        .flatten()
        .map(Node::Dataset)
        .or_else(|| contain(|| Ok(file.group(path).ok())).ok().flatten().map(Node::Group))
}

fn layers(file: &File) -> Read<Vec<String>> {
    let Ok(group) = file.group("layers") else { return Ok(Vec::new()) };
    let mut names = group.groups()?;
    names.extend(group.datasets()?);
    names.sort();
    Ok(names)
}

fn attribute<'a>(attributes: &'a std::collections::HashMap<String, AttrValue>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| attributes.get(*name)).and_then(AttrValue::as_str)
}

/// Calls into the HDF5 reader; what it answers, and what it panics with, becomes our error.
fn contain<T>(call: impl FnOnce() -> Read<T>) -> Result<T> {
    let reason = match std::panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => clipped_to(&error.to_string(), 160),
        Err(_) => "its reader gave up".to_owned(),
    };
    Err(TableError::Damaged { format: "HDF5", reason }.into())
}
