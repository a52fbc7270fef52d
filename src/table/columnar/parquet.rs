//! Parquet: a stretch of rows at a time, which ends where a row group ends if it can.

use std::path::Path;
use std::path::PathBuf;

use polars::prelude::*;

use super::MOST_ROWS;
use super::Stretch;
use super::contain;
use super::described;
use super::lay_in_groups;
use super::open_file;
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
    let file = open_file(path)?;
    let (schema, group_ends) = contain(FORMAT, || {
        let mut reader = ParquetReader::new(file);
        let schema = reader.schema()?;
        let mut end = 0;
        let ends = reader.get_metadata()?.row_groups.iter().map(|group| {
            end += group.num_rows();
            end
        });
        Ok((schema, ends.collect()))
    })?;
    let columns = described(&schema)?;
    Ok(Box::new(Parquet { path: path.to_owned(), columns, group_ends, done: 0 }))
}

struct Parquet {
    path: PathBuf,
    columns: Vec<source::Column>,
    /// The number of rows up to the end of each row group.
    group_ends: Vec<usize>,
    done: usize,
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
        lay_in_groups(FORMAT, &stretch, slots, gather, progress, &mut |group| {
            let file = open_file(&self.path)?;
            let rows = Some((stretch.first, stretch.count));
            contain(FORMAT, || ParquetReader::new(file).with_projection(Some(group.to_vec())).with_slice(rows).finish())
        })?;
        self.done += stretch.count;
        Ok(true)
    }
}
