//! Arrow IPC (Feather): whole columns where the table is read whole, else a record batch at a time.

use std::fs::File;
use std::path::Path;
use std::path::PathBuf;

use polars::prelude::*;
use polars_arrow::io::ipc::read::FileReader;
use polars_arrow::io::ipc::read::read_file_metadata;

use super::AtHand;
use super::MOST_ROWS;
use super::contain;
use super::described;
use super::lay::Stretch;
use super::lay::lay_in_groups;
use super::of_frame;
use super::open_file;
use super::times;
use super::wanted;
use crate::error::Result;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::options::Input;
use crate::table::source;
use crate::table::source::Progress;
use crate::table::source::Source;

const FORMAT: &str = "Arrow";

/// Opens an Arrow IPC file.
pub(in crate::table) fn open(path: &Path, _input: &Input) -> Result<Box<dyn Source>> {
    let file = open_file(path)?;
    let schema = contain(FORMAT, || IpcReader::new(file).schema())?;
    let columns = described(&schema)?;
    let file = open_file(path)?;
    let rows = contain(FORMAT, || Ok(IpcReader::new(file).with_projection(Some(Vec::new())).finish()?.height()))?;
    let mut opened = Ipc { path: path.to_owned(), columns, rows, done: 0, batches: None, batch: None };
    opened.find_times()?;
    Ok(Box::new(opened))
}

struct Ipc {
    path: PathBuf,
    columns: Vec<source::Column>,
    rows: usize,
    done: usize,
    batches: Option<FileReader<File>>,
    /// The wanted columns of the record batch at hand.
    batch: Option<AtHand>,
}

impl Source for Ipc {
    fn format(&self) -> String {
        FORMAT.to_owned()
    }

    fn columns(&self) -> &[source::Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows)
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
        if self.done >= self.rows {
            return Ok(false);
        }
        if most == usize::MAX && self.done == 0 {
            gather.reserve(self.rows)?;
        }
        if most == usize::MAX && self.done == 0 && self.rows <= MOST_ROWS {
            let stretch = Stretch { first: 0, count: self.rows, total: self.rows };
            lay_in_groups(FORMAT, &self.columns, &stretch, slots, gather, progress, &mut |group| {
                Ok(of_frame(self.frame(group, self.rows)?, (0..group.len()).collect()))
            })?;
            self.done = self.rows;
            return Ok(true);
        }
        let wanted = wanted(slots);
        let batch = match self.batch.take() {
            Some(batch) => batch,
            None => AtHand::new(self.next_batch(&wanted)?),
        };
        let (rows, rest) = batch.take(FORMAT, most)?;
        let stretch = Stretch { first: self.done, count: rows.height(), total: self.rows };
        lay_in_groups(FORMAT, &self.columns, &stretch, slots, gather, progress, &mut |group| {
            let places = group.iter().map(|column| wanted.binary_search(column).unwrap_or(0)).collect();
            Ok(of_frame(rows.clone(), places))
        })?;
        (self.done, self.batch) = (self.done + stretch.count, rest);
        Ok(true)
    }
}

impl Ipc {
    /// The first rows of some columns.
    fn frame(&self, columns: &[usize], rows: usize) -> Result<DataFrame> {
        let file = open_file(&self.path)?;
        contain(FORMAT, || {
            IpcReader::new(file).with_projection(Some(columns.to_vec())).with_n_rows(Some(rows)).finish()
        })
    }

    /// Looks at the first texts of columns of texts for dates and times.
    fn find_times(&mut self) -> Result<()> {
        let texts = times::texts(&self.columns);
        if texts.is_empty() || self.rows == 0 {
            return Ok(());
        }
        let head = self.frame(&texts, self.rows.min(times::HEAD))?;
        for (column, values) in texts.into_iter().zip(head.columns()) {
            let pieces = [values.as_materialized_series().clone()];
            if !times::judge(FORMAT, &mut self.columns[column], &pieces)? && self.rows > times::HEAD {
                // without a value so far, it takes the kind of its first ones
                let whole = self.frame(&[column], self.rows)?;
                let pieces: Vec<Series> =
                    whole.columns().iter().map(|values| values.as_materialized_series().clone()).collect();
                times::judge(FORMAT, &mut self.columns[column], &pieces)?;
            }
        }
        Ok(())
    }

    /// The wanted columns of the next record batch that has rows.
    fn next_batch(&mut self, wanted: &[usize]) -> Result<DataFrame> {
        let path = &self.path;
        let reader = match &mut self.batches {
            Some(reader) => reader,
            none => {
                let mut file = open_file(path)?;
                let metadata = contain(FORMAT, || read_file_metadata(&mut file))?;
                none.insert(FileReader::new(file, metadata, Some(wanted.to_vec()), None))
            }
        };
        loop {
            let batch = contain(FORMAT, || match reader.next() {
                Some(batch) => Ok(DataFrame::from(batch?)),
                None => Err(PolarsError::ComputeError("fewer rows than announced".into())),
            })?;
            if batch.height() > 0 {
                return Ok(batch);
            }
        }
    }
}
