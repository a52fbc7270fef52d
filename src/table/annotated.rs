//! One matrix with names beside it: what 10x, AnnData and numpy files hold.
//!
//! Columns are the samples' names, annotations (which can be labels and never train), and then the
//! features. The matrix is laid down by whoever opened the file, straight into the table.

use crate::error::Result;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::gather::Taken;
use crate::table::labels::make_unique;
use crate::table::options::Input;
use crate::table::options::Layout;
use crate::table::source::Column;
use crate::table::source::Kind;
use crate::table::source::Progress;
use crate::table::source::Source;

/// The texts of an annotation, one per sample.
pub(super) type Texts = Vec<Option<String>>;

/// The matrix of a file.
pub(super) trait Matrix {
    /// Lays the matrix of `samples` rows down through `target`.
    fn lay(&mut self, target: &mut Target<'_>, progress: &mut Progress<'_, '_>) -> Result<()>;
}

/// Where the numbers go: by sample and feature, as the file counts them.
pub(super) struct Target<'a> {
    values: &'a mut [f32],
    width: usize,
    /// The row of each sample, if it is kept.
    rows: Vec<Option<usize>>,
    /// The column of each feature, if it is used.
    columns: Vec<Option<usize>>,
    names: &'a [String],
}

impl Target<'_> {
    /// Sets one value.
    ///
    /// # Errors
    /// If it is infinite or was set before.
    #[inline]
    pub(super) fn set(&mut self, sample: usize, feature: usize, value: f32) -> Result<()> {
        if value.is_infinite() {
            return Err(self.infinite(sample, feature, value));
        }
        if let (Some(row), Some(column)) = (self.rows[sample], self.columns[feature]) {
            let place = &mut self.values[row * self.width + column];
            if *place != 0.0 {
                let reason = format!("sample {} has feature {} twice", sample + 1, feature + 1);
                return Err(TableError::Damaged { format: "sparse matrix", reason }.into());
            }
            *place = value;
        }
        Ok(())
    }

    /// Sets a sample's values, one per feature.
    ///
    /// # Errors
    /// If one is infinite.
    pub(super) fn set_row(&mut self, sample: usize, values: &[f32]) -> Result<()> {
        let Some(row) = self.rows[sample] else { return Ok(()) };
        if let Some(feature) = values.iter().position(|value| value.is_infinite()) {
            return Err(self.infinite(sample, feature, values[feature]));
        }
        let place = &mut self.values[row * self.width..(row + 1) * self.width];
        for (value, column) in values.iter().zip(&self.columns) {
            if let Some(column) = column {
                place[*column] = *value;
            }
        }
        Ok(())
    }

    /// Samples in the file.
    pub(super) fn samples(&self) -> usize {
        self.rows.len()
    }

    /// Features in the file.
    pub(super) fn features(&self) -> usize {
        self.columns.len()
    }

    fn infinite(&self, sample: usize, feature: usize, value: f32) -> crate::error::Error {
        let column = super::clipped(&self.names[feature]);
        TableError::Infinite { column, row: sample + 1, text: value.to_string() }.into()
    }
}

/// A matrix with names beside it.
pub(super) struct Annotated {
    format: String,
    samples: usize,
    columns: Vec<Column>,
    row_names: Option<String>,
    /// Texts of the first columns: names, then annotations.
    texts: Vec<Texts>,
    features: Vec<String>,
    matrix: Box<dyn Matrix>,
    notes: Vec<String>,
    done: bool,
}

impl Annotated {
    /// # Errors
    /// If the pipeline asks to turn a file that itself says which way it lies.
    pub(super) fn open(parts: Parts, input: &Input) -> Result<Box<dyn Source>> {
        let Parts { format, samples, names, annotations, mut features, feature_type, matrix, mut notes } = parts;
        if input.layout == Layout::FeaturesInRows {
            return Err(TableError::Request {
                message: format!("a file of this kind ({format}) says itself what its samples are"),
                hint: "leave `input.layout` out".to_owned(),
            }
            .into());
        }
        let renamed = make_unique(&mut features);
        if renamed > 0 {
            notes.push(format!("{renamed} feature names occur more than once and got a number: `-1`, `-2`, …"));
        }
        let mut columns = Vec::with_capacity(features.len() + annotations.len() + 1);
        let mut texts = Vec::new();
        let known: std::collections::HashSet<&str> = features.iter().map(String::as_str).collect();
        let row_names = names.map(|(name, values)| {
            let name = if known.contains(name.as_str()) { format!("{name} (id)") } else { name };
            columns.push(Column::new(name.clone(), Kind::Annotation, "text"));
            texts.push(values.into_iter().map(Some).collect());
            name
        });
        let mut hidden = Vec::new();
        for (name, values) in annotations {
            if known.contains(name.as_str()) || row_names.as_ref() == Some(&name) {
                hidden.push(name);
                continue;
            }
            columns.push(Column::new(name, Kind::Annotation, "annotation"));
            texts.push(values);
        }
        if !hidden.is_empty() {
            notes.push(format!("annotations named like features are left out: {}", first_few(&hidden)));
        }
        columns.extend(features.iter().map(|name| Column::new(name.clone(), Kind::Number, feature_type)));
        Ok(Box::new(Self { format, samples, columns, row_names, texts, features, matrix, notes, done: false }))
    }
}

/// What an opener found.
pub(super) struct Parts {
    pub(super) format: String,
    pub(super) samples: usize,
    /// What the samples' names are called, and the names.
    pub(super) names: Option<(String, Vec<String>)>,
    pub(super) annotations: Vec<(String, Texts)>,
    pub(super) features: Vec<String>,
    pub(super) feature_type: &'static str,
    pub(super) matrix: Box<dyn Matrix>,
    pub(super) notes: Vec<String>,
}

impl Source for Annotated {
    fn format(&self) -> String {
        self.format.clone()
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn has_matrices(&self) -> bool {
        self.format.starts_with("AnnData") || self.format == "npz"
    }

    fn rows(&self) -> Option<usize> {
        Some(self.samples)
    }

    fn row_names(&self) -> Option<&str> {
        self.row_names.as_deref()
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn next(
        &mut self,
        slots: &mut [Slot],
        gather: &mut Gather,
        _most: usize,
        progress: &mut Progress<'_, '_>,
    ) -> Result<bool> {
        if self.done || self.samples == 0 {
            return Ok(false);
        }
        self.done = true;
        let taken = gather.take_rows(self.samples)?;
        for (texts, slot) in self.texts.iter().zip(slots.iter()) {
            if let Slot::Text(slot) = slot {
                for (place, row) in taken.pairs() {
                    gather.texts[*slot].cells.set(place, texts[row].as_deref());
                }
            }
        }
        let columns = slots[self.texts.len()..].iter().map(|slot| match slot {
            Slot::Number(column) | Slot::Unknown(column) => Some(*column),
            Slot::Text(_) | Slot::Skip => None,
        });
        let columns = columns.collect();
        let mut rows = vec![None; self.samples];
        match &taken {
            Taken::All { first, count } => (0..*count).for_each(|row| rows[row] = Some(first + row)),
            Taken::Some(pairs) => pairs.iter().for_each(|(place, row)| rows[*row] = Some(*place)),
        }
        if let Taken::Some(pairs) = &taken {
            // Places of a sample may hold rows of an earlier file.
            let width = gather.width();
            pairs.iter().for_each(|(place, _)| gather.values[place * width..(place + 1) * width].fill(0.0));
        }
        let width = gather.width();
        let mut target = Target { values: &mut gather.values, width, rows, columns, names: &self.features };
        self.matrix.lay(&mut target, progress)?;
        Ok(true)
    }
}

/// A sparse matrix in compressed rows or columns, as three arrays.
pub(super) struct Compressed {
    /// Where each compressed line starts, and where the last ends.
    pub(super) starts: Vec<u64>,
    /// The position across the lines of each entry.
    pub(super) positions: Vec<u32>,
    /// The entries.
    pub(super) entries: Vec<f32>,
    /// Whether a line is a sample (else a feature).
    pub(super) lines: Lines,
}

/// What a compressed line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    Samples,
    Features,
}

impl Matrix for Compressed {
    fn lay(&mut self, target: &mut Target<'_>, progress: &mut Progress<'_, '_>) -> Result<()> {
        let (lines, across) = match self.lines {
            Lines::Samples => (target.samples(), target.features()),
            Lines::Features => (target.features(), target.samples()),
        };
        let damaged = |reason: String| TableError::Damaged { format: "sparse matrix", reason };
        let all = self.entries.len() as u64;
        let ordered = self.starts.windows(2).all(|pair| pair[0] <= pair[1]);
        if self.starts.len() != lines + 1
            || self.starts[0] != 0
            || self.starts[lines] != all
            || !ordered
            || self.positions.len() as u64 != all
        {
            return Err(damaged(format!(
                "its {} line starts do not fit {lines} lines of {all} entries",
                self.starts.len()
            ))
            .into());
        }
        if let Some(position) = self.positions.iter().find(|position| **position as usize >= across) {
            return Err(damaged(format!("an entry lies at position {position} of {across}")).into());
        }
        for line in 0..lines {
            let span = self.starts[line]..self.starts[line + 1];
            for at in span {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                let (position, value) = (self.positions[at] as usize, self.entries[at]);
                match self.lines {
                    Lines::Samples => target.set(line, position, value)?,
                    Lines::Features => target.set(position, line, value)?,
                }
            }
            if line % 1024 == 0 {
                progress.advance(line as u64, lines as u64)?;
            }
        }
        Ok(())
    }
}
