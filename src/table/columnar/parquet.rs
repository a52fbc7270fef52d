//! Parquet: a stretch of rows at a time, which ends where a row group ends if it can.
//!
//! The footer of a wide file is longer to understand than its columns are to read, so it is read
//! once and columns are decoded one by one, by all threads, from the file as it lies in memory.

use std::io::Cursor;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

use polars::io::mmap::ReaderBytes;
use polars::prelude::*;
use polars_parquet::parquet::compression::Compression;
use polars_parquet::parquet::read::PageMetaData;
use polars_parquet::read::BasicDecompressor;
use polars_parquet::read::FileMetadata;
use polars_parquet::read::Filter;
use polars_parquet::read::PageReader;
use polars_parquet::read::RowGroupMetadata;
use polars_parquet::read::column_iter_to_arrays;
use polars_parquet::read::infer_schema;
use polars_parquet::read::read_metadata;

use super::MOST_ROWS;
use super::contain;
use super::described;
use super::inflate::Inflaters;
use super::lay::Stretch;
use super::lay::lay_in_groups;
use super::open_file;
use super::times;
use crate::error::Result;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::options::Input;
use crate::table::source;
use crate::table::source::Progress;
use crate::table::source::Source;

const FORMAT: &str = "Parquet";

/// Opens a Parquet file.
pub(in crate::table) fn open(path: &Path, _input: &Input) -> Result<Box<dyn Source>> {
    let mut file = open_file(path)?;
    let (metadata, schema) = contain(FORMAT, || {
        let metadata = read_metadata(&mut file)?;
        let schema = infer_schema(&metadata)?;
        Ok((metadata, schema))
    })?;
    let columns = described(&schema)?;
    let mut end = 0;
    let group_ends = metadata.row_groups.iter().map(|group| {
        end += group.num_rows();
        end
    });
    let group_ends = group_ends.collect();
    let mut opened = Parquet {
        path: path.to_owned(),
        columns,
        schema,
        metadata,
        group_ends,
        done: 0,
        inflaters: Inflaters::default(),
    };
    opened.find_times()?;
    Ok(Box::new(opened))
}

struct Parquet {
    path: PathBuf,
    columns: Vec<source::Column>,
    schema: ArrowSchema,
    metadata: FileMetadata,
    /// The number of rows up to the end of each row group.
    group_ends: Vec<usize>,
    done: usize,
    inflaters: Inflaters,
}

impl Source for Parquet {
    fn format(&self) -> String {
        FORMAT.to_owned()
    }

    fn columns(&self) -> &[source::Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        Some(self.total())
    }

    fn is_read_in_parts(&self) -> bool {
        true
    }

    fn next(
        &mut self,
        slots: &mut [Slot],
        gather: &mut Gather,
        most: usize,
        progress: &mut Progress<'_, '_>,
    ) -> Result<bool> {
        let total = self.total();
        if self.done >= total {
            return Ok(false);
        }
        if self.done == 0 && most == usize::MAX {
            gather.reserve(total)?;
        }
        let stretch = Stretch { first: self.done, count: self.stretch(most), total };
        let rows = stretch.first..stretch.first + stretch.count;
        let file = &*self;
        lay_in_groups(FORMAT, &self.columns, &stretch, slots, gather, progress, &mut |group| {
            let (group, rows, bytes) = (group.to_vec(), rows.clone(), file.bytes()?);
            Ok(Box::new(move |at| file.column(&bytes, group[at], rows.clone())))
        })?;
        self.done += stretch.count;
        Ok(true)
    }
}

impl Parquet {
    fn total(&self) -> usize {
        self.group_ends.last().copied().unwrap_or(0)
    }

    /// How many rows to read next: whole row groups, or a part of one that is too long.
    fn stretch(&self, most: usize) -> usize {
        let limit = self.done.saturating_add(most.min(MOST_ROWS));
        let end = self.group_ends.iter().copied().filter(|end| (self.done + 1..=limit).contains(end)).max();
        end.unwrap_or(limit.min(self.total())) - self.done
    }

    /// The file as it lies in memory, for as long as a group of columns is read.
    fn bytes(&self) -> Result<ReaderBytes<'static>> {
        let mut file = open_file(&self.path)?;
        contain(FORMAT, || match ReaderBytes::from(&mut file) {
            ReaderBytes::Owned(bytes) => Ok(ReaderBytes::Owned(bytes)),
            ReaderBytes::Borrowed(_) => Err(PolarsError::ComputeError("it is no file".into())),
        })
    }

    /// Some rows of a column, a piece for each row group.
    fn column(&self, bytes: &ReaderBytes<'_>, column: usize, rows: Range<usize>) -> Result<Vec<Series>> {
        let mut pieces = Vec::new();
        let mut start = 0;
        for (group, end) in self.metadata.row_groups.iter().zip(&self.group_ends) {
            let (from, to) = (rows.start.max(start), rows.end.min(*end));
            if from < to {
                pieces.push(contain(FORMAT, || self.piece(bytes, column, group, from - start..to - start))?);
            }
            start = *end;
        }
        Ok(pieces)
    }

    /// Some rows of a column of a row group.
    fn piece(
        &self,
        bytes: &ReaderBytes<'_>,
        column: usize,
        group: &RowGroupMetadata,
        rows: Range<usize>,
    ) -> PolarsResult<Series> {
        let gone = || PolarsError::ComputeError("a column is not where it was announced".into());
        let (name, field) = self.schema.get_at_index(column).ok_or_else(gone)?;
        let ReaderBytes::Owned(bytes) = bytes else { return Err(gone()) };
        let Some(chunks) = group.columns_under_root_iter(name) else { return Err(gone()) };
        let mut pages = Vec::with_capacity(1);
        let mut types = Vec::with_capacity(1);
        for chunk in chunks {
            let range = chunk.byte_range();
            let range = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
            let (start, end) = range.filter(|(start, end)| start <= end && *end <= bytes.len()).ok_or_else(gone)?;
            let pages_of_chunk = bytes.clone().sliced(start..end);
            let inflated = match chunk.compression() {
                Compression::Zstd => self.inflaters.inflated(&pages_of_chunk, chunk.num_values()),
                _ => None,
            };
            let reader = match inflated {
                Some(inflated) => {
                    let about = PageMetaData { compression: Compression::Uncompressed, ..chunk.into() };
                    PageReader::new_with_page_meta(Cursor::new(inflated.into()), about, Vec::new(), usize::MAX)
                }
                None => PageReader::new(Cursor::new(pages_of_chunk), chunk, Vec::new(), usize::MAX),
            };
            pages.push(BasicDecompressor::new(reader, Vec::new()));
            types.push(&chunk.descriptor().descriptor.primitive_type);
        }
        let part = (rows.len() < group.num_rows()).then(|| Filter::new_ranged(rows.start, rows.end));
        let (arrays, _) = column_iter_to_arrays(pages, types, field.clone(), part)?;
        Series::try_from((field, arrays))
    }

    /// Looks at the first texts of columns of texts for dates and times.
    fn find_times(&mut self) -> Result<()> {
        let columns = times::texts(&self.columns);
        if columns.is_empty() {
            return Ok(());
        }
        let bytes = self.bytes()?;
        for column in columns {
            let mut rows = 0..self.total().min(times::HEAD);
            while !rows.is_empty() {
                let pieces = self.column(&bytes, column, rows.clone())?;
                if times::judge(FORMAT, &mut self.columns[column], &pieces)? {
                    break;
                }
                // without a value so far, it takes the kind of its first ones
                rows = rows.end..self.total().min(rows.end + MOST_ROWS);
            }
        }
        Ok(())
    }
}
