//! HDF5 as single-cell tools write it: AnnData `.h5ad` and 10x `.h5`.

mod columns;

use std::panic::AssertUnwindSafe;
use std::path::Path;

use hdf5_pure::AttrValue;
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
use crate::table::clipped;
use crate::table::clipped_to;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::gather::check_size;
use crate::table::memory;
use crate::table::options::Input;
use crate::table::source::Progress;
use crate::table::source::Source;
use columns::Want;
use columns::frame;

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
