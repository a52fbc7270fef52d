//! Matrix Market files and the folders that 10x Genomics writes: matrix, barcodes, features.

use std::path::Path;
use std::path::PathBuf;

use rayon::prelude::*;

use crate::error::Error;
use crate::error::Result;
use crate::table::annotated::Annotated;
use crate::table::annotated::Matrix;
use crate::table::annotated::Parts;
use crate::table::annotated::Target;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::gather::check_size;
use crate::table::memory;
use crate::table::options::Input;
use crate::table::source::Progress;
use crate::table::source::Source;
use crate::table::text::Blocks;
use crate::table::text::fields;

/// Opens a folder with a matrix, barcodes and features (or genes).
pub(super) fn folder(path: &Path, input: &Input) -> Result<Box<dyn Source>> {
    let Some(matrix) = find(path, "", &["matrix.mtx"])? else {
        return Err(TableError::Unsupported {
            what: "this folder holds no `matrix.mtx` or `matrix.mtx.gz`".to_owned(),
            hint: "give a file, a pattern such as `folder/*.csv`, or a folder as 10x Genomics writes it",
        }
        .into());
    };
    matrix_market(&matrix, input)
}

/// The files of a folder that are read.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for names in [&["matrix.mtx"][..], &["barcodes.tsv"], &["features.tsv", "genes.tsv"]] {
        files.extend(find(path, "", names)?);
    }
    Ok(files)
}

/// Opens a Matrix Market file, with the barcodes and features that lie beside it.
pub(super) fn matrix_market(path: &Path, input: &Input) -> Result<Box<dyn Source>> {
    let mut blocks = Blocks::open(path)?;
    blocks.set_separator(b' ');
    let header = header(&mut blocks)?;
    check_size(header.rows, header.columns, memory::budget())?;
    let parent = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let prefix = name.split("matrix.mtx").next().filter(|prefix| prefix.len() < name.len()).unwrap_or_default();
    let barcodes = find(parent, prefix, &["barcodes.tsv"])?.map(|file| column(&file, 0)).transpose()?;
    let features = find(parent, prefix, &["features.tsv", "genes.tsv"])?;
    let mut notes = Vec::new();
    let Some((barcodes, file)) = barcodes.zip(features) else {
        notes
            .push("no barcodes and features lie beside the matrix: rows are samples, features are numbered".to_owned());
        let features = (1..=header.columns).map(|position| format!("feature_{position}")).collect();
        let (samples, lies) = (header.rows, Lies::SamplesInRows);
        let matrix = Box::new(MatrixMarket { blocks, header, lies });
        let parts = Parts {
            format: "Matrix Market".to_owned(),
            samples,
            names: None,
            annotations: Vec::new(),
            features,
            feature_type: "number",
            matrix,
            notes,
        };
        return Annotated::open(parts, input);
    };
    let symbols = column(&file, 1).or_else(|_| column(&file, 0))?;
    if let Ok(types) = column(&file, 2) {
        let mut kinds: Vec<String> = types;
        kinds.sort();
        kinds.dedup();
        if kinds.len() > 1 {
            notes.push(format!("features of {} kinds are used together: {}", kinds.len(), first_few(&kinds)));
        }
    }
    let lies = match (header.rows, header.columns) {
        (rows, columns) if rows == symbols.len() && columns == barcodes.len() => Lies::FeaturesInRows,
        (rows, columns) if rows == barcodes.len() && columns == symbols.len() => Lies::SamplesInRows,
        (rows, columns) => {
            let reason = format!(
                "the matrix is {rows} × {columns}, with {} features and {} barcodes beside it",
                symbols.len(),
                barcodes.len()
            );
            return Err(TableError::Damaged { format: "10x", reason }.into());
        }
    };
    let parts = Parts {
        format: "10x folder (Matrix Market)".to_owned(),
        samples: barcodes.len(),
        names: Some(("barcode".to_owned(), barcodes)),
        annotations: Vec::new(),
        features: symbols,
        feature_type: "number",
        matrix: Box::new(MatrixMarket { blocks, header, lies }),
        notes,
    };
    Annotated::open(parts, input)
}

/// Which way a matrix lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lies {
    SamplesInRows,
    FeaturesInRows,
}

#[derive(Debug, Clone, Copy)]
struct Header {
    rows: usize,
    columns: usize,
    entries: usize,
}

struct MatrixMarket {
    blocks: Blocks,
    header: Header,
    lies: Lies,
}

impl Matrix for MatrixMarket {
    fn lay(&mut self, target: &mut Target<'_>, progress: &mut Progress<'_, '_>) -> Result<()> {
        let mut found = 0;
        while let Some((block, records)) = self.blocks.next()? {
            let header = self.header;
            let parsed: Vec<Result<Vec<(u32, u32, f32)>>> = records
                .par_chunks(4096)
                .map(|records| {
                    let lines =
                        records.iter().map(|record| entry(&block[record.start..record.end], record.line, header));
                    lines.collect()
                })
                .collect();
            for entries in parsed {
                for (row, column, value) in entries? {
                    found += 1;
                    match self.lies {
                        Lies::SamplesInRows => target.set(row as usize, column as usize, value)?,
                        Lies::FeaturesInRows => target.set(column as usize, row as usize, value)?,
                    }
                }
            }
            progress.advance(found as u64, self.header.entries as u64)?;
        }
        if found == self.header.entries {
            return Ok(());
        }
        let reason = format!("{} entries were announced, {found} are there", self.header.entries);
        Err(TableError::Damaged { format: "Matrix Market", reason }.into())
    }
}

fn header(blocks: &mut Blocks) -> Result<Header> {
    let damaged =
        |reason: &str| -> Error { TableError::Damaged { format: "Matrix Market", reason: reason.to_owned() }.into() };
    loop {
        let Some((block, records)) = blocks.next()? else { return Err(damaged("it ends before its sizes")) };
        let mut lines = records.iter().map(|record| (record, &block[record.start..record.end]));
        if let Some((_, first)) = lines.clone().next()
            && first.starts_with(b"%%")
        {
            let kind = String::from_utf8_lossy(first).to_lowercase();
            let known = kind.contains("coordinate")
                && (kind.contains("integer") || kind.contains("real"))
                && kind.contains("general");
            if !known {
                return Err(TableError::Unsupported {
                    what: format!(
                        "this Matrix Market file is of a kind that is not read ({})",
                        super::clipped(kind.trim_start_matches('%'))
                    ),
                    hint: "write it as `matrix coordinate real general`",
                }
                .into());
            }
        }
        let Some((sizes, line)) = lines.find(|(_, line)| !line.starts_with(b"%")) else { continue };
        let numbers: Option<Vec<usize>> = line
            .split(u8::is_ascii_whitespace)
            .filter(|part| !part.is_empty())
            .map(|part| std::str::from_utf8(part).ok()?.parse().ok())
            .collect();
        let Some([rows, columns, entries]) =
            numbers.as_deref().and_then(|numbers| <[usize; 3]>::try_from(numbers).ok())
        else {
            return Err(damaged("its sizes are not three numbers"));
        };
        let next = records.iter().find(|record| record.start > sizes.start).copied();
        if let Some(next) = next {
            blocks.give_back(block, next);
        }
        return Ok(Header { rows, columns, entries });
    }
}

fn entry(line: &[u8], number: usize, header: Header) -> Result<(u32, u32, f32)> {
    let mut parts = line
        .split(u8::is_ascii_whitespace)
        .filter(|part| !part.is_empty())
        .map(|part| std::str::from_utf8(part).unwrap_or(""));
    let row = parts.next().and_then(|part| part.parse::<u32>().ok());
    let column = parts.next().and_then(|part| part.parse::<u32>().ok());
    let value = parts.next().and_then(|part| part.parse::<f32>().ok());
    match (row, column, value, parts.next()) {
        (Some(row), Some(column), Some(value), None)
            if row >= 1 && column >= 1 && row as usize <= header.rows && column as usize <= header.columns =>
        {
            Ok((row - 1, column - 1, value))
        }
        _ => {
            let reason = format!("line {number} is no entry of a {} × {} matrix", header.rows, header.columns);
            Err(TableError::Damaged { format: "Matrix Market", reason }.into())
        }
    }
}

/// A column of a small tab-separated file without a header.
fn column(path: &Path, position: usize) -> Result<Vec<String>> {
    let mut blocks = Blocks::open(path)?;
    blocks.set_separator(b'\t');
    let mut texts = Vec::new();
    while let Some((block, records)) = blocks.next()? {
        for record in records {
            let Some(field) = fields(&block[record.start..record.end], b'\t').nth(position) else {
                return Err(TableError::Ragged { line: record.line, found: position, expected: position + 1 }.into());
            };
            texts.push(String::from_utf8_lossy(&field.text()).into_owned());
        }
    }
    Ok(texts)
}

/// A file of a folder by one of its names, plain or packed.
fn find(folder: &Path, prefix: &str, names: &[&str]) -> Result<Option<PathBuf>> {
    for name in names {
        for ending in ["", ".gz", ".zst"] {
            let file = folder.join(format!("{prefix}{name}{ending}"));
            match std::fs::metadata(&file) {
                Ok(found) if found.is_file() => return Ok(Some(file)),
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io("read", &file, &error));
                }
                _ => {}
            }
        }
    }
    Ok(None)
}
