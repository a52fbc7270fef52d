//! Rows on their way into one table: the numbers in one growing matrix, the texts in dictionaries.

use ndarray::Array2;
use rand::RngExt;

use crate::error::Result;
use crate::seed::Generator;
use crate::seed::Seed;
use crate::seed::Stream;
use crate::table::Unused;
use crate::table::clipped;
use crate::table::dictionary::Dictionary;
use crate::table::error::TableError;
use crate::table::memory;
use crate::table::options::Rows;
use crate::table::options::Times;
use crate::table::source::Kind;

/// Why a column of dates or times does not train.
pub(super) const TIMES_LEFT_OUT: &str = "a date or time, and `input.times` is leave_out";
/// Why a column of lists and the like does not train.
pub(super) const CANNOT_TRAIN: &str = "its type cannot train";

/// Where a column of the file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// A column of the matrix.
    Number(usize),
    /// A column of the matrix that has only had missing values so far and may turn into text.
    Unknown(usize),
    /// A column of texts.
    Text(usize),
    /// Nowhere.
    Skip,
}

/// A column of texts and what it is for.
#[derive(Debug)]
pub(super) struct TextColumn {
    pub(super) name: String,
    pub(super) use_as: TextUse,
    pub(super) cells: Dictionary,
    /// Whether blanks around a text were left out.
    pub(super) trimmed: bool,
}

impl TextColumn {
    /// Whether texts are kept byte for byte: those of ids are.
    pub(super) fn is_verbatim(&self) -> bool {
        self.use_as == TextUse::Id
    }
}

/// What a column of texts is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextUse {
    /// Names the rows.
    Id,
    /// Colors and scores.
    Label,
    /// Trains as levels.
    Category,
    /// Trains as levels, unless all of its cells are numbers written for people.
    Formatted,
}

impl TextUse {
    /// Whether it trains as levels, as far as is known before all rows are read.
    pub(super) fn is_level(self) -> bool {
        matches!(self, Self::Category | Self::Formatted)
    }
}

/// Rows gathered so far.
pub(super) struct Gather {
    /// The names of the matrix's columns.
    pub(super) names: Vec<String>,
    /// Columns of the matrix that turned into text and hold nothing.
    pub(super) dead: Vec<bool>,
    /// The matrix, row after row.
    pub(super) values: Vec<f32>,
    /// The columns of texts.
    pub(super) texts: Vec<TextColumn>,
    /// Columns of numbers in which an integer was too long for single precision.
    pub(super) rounded: Vec<bool>,
    /// Columns without a value at first that turned out not to train, for the account.
    pub(super) unused_late: Vec<Unused>,
    /// Sentences on columns without a value at first.
    pub(super) notes: Vec<String>,
    rows: usize,
    offered: usize,
    sampler: Option<Sampler>,
    origin: Vec<usize>,
    budget: u64,
    most_levels: usize,
}

impl Gather {
    pub(super) fn new(
        names: Vec<String>,
        texts: Vec<(String, TextUse)>,
        most_levels: usize,
        sample: Option<Rows>,
    ) -> Self {
        let width = names.len();
        let texts = texts
            .into_iter()
            .map(|(name, use_as)| TextColumn { name, use_as, cells: dictionary(use_as, most_levels), trimmed: false })
            .collect();
        Self {
            names,
            dead: vec![false; width],
            values: Vec::new(),
            texts,
            rounded: vec![false; width],
            unused_late: Vec::new(),
            notes: Vec::new(),
            rows: 0,
            offered: 0,
            sampler: sample.map(|rows| Sampler::new(rows.sample, Seed(rows.seed))),
            origin: Vec::new(),
            budget: memory::budget(),
            most_levels,
        }
    }

    /// Columns of the matrix.
    pub(super) fn width(&self) -> usize {
        self.names.len()
    }

    /// Rows kept.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Rows seen, kept or not.
    pub(super) fn offered(&self) -> usize {
        self.offered
    }

    /// Refuses what would not fit, before it is asked for.
    pub(super) fn check_size(&self, more_rows: usize) -> Result<()> {
        let rows = match &self.sampler {
            Some(sampler) => sampler.most.min(self.rows.saturating_add(more_rows)),
            None => self.rows.saturating_add(more_rows),
        };
        check_size(rows, self.width(), self.budget)
    }

    /// Makes room for rows that are known to come, without touching the memory yet.
    pub(super) fn reserve(&mut self, more_rows: usize) -> Result<()> {
        self.check_size(more_rows)?;
        let rows = self.sampler.as_ref().map_or(more_rows, |sampler| sampler.most.min(more_rows));
        let numbers = rows.saturating_mul(self.width());
        let room = self.values.try_reserve_exact(numbers);
        room.map_err(|_| too_big(self.rows + rows, self.width(), self.budget).into())
    }

    /// For each of the next `count` rows its place, or `None` where the sample leaves it out.
    /// Places are existing rows to replace or, in ascending order, new rows at the end.
    pub(super) fn places(&mut self, count: usize) -> Vec<Option<usize>> {
        let first = self.offered;
        self.offered += count;
        match &mut self.sampler {
            None => (self.rows..self.rows + count).map(Some).collect(),
            Some(sampler) => {
                let places: Vec<Option<usize>> = (0..count).map(|_| sampler.offer()).collect();
                for (row, place) in places.iter().enumerate().filter_map(|(row, place)| place.map(|place| (row, place)))
                {
                    if place < self.origin.len() {
                        self.origin[place] = first + row;
                    } else {
                        self.origin.push(first + row);
                    }
                }
                places
            }
        }
    }

    /// Makes room for the next `count` rows, all known at once, and says which go where.
    pub(super) fn take_rows(&mut self, count: usize) -> Result<Taken> {
        let (before, first) = (self.rows, self.offered);
        if self.sampler.is_none() {
            self.extend_to(before + count)?;
            self.offered += count;
            return Ok(Taken::All { first: before, count });
        }
        self.places(count);
        self.extend_to(self.origin.len())?;
        let pairs = self.origin.iter().enumerate().filter(|(_, row)| **row >= first);
        Ok(Taken::Some(pairs.map(|(place, row)| (place, row - first)).collect()))
    }

    /// Adds rows of missing values at the end until there are `rows`, texts included.
    pub(super) fn extend_to(&mut self, rows: usize) -> Result<()> {
        if rows > self.rows {
            self.check_size(rows - self.rows)?;
            let width = self.width();
            if self.values.is_empty() && self.values.capacity() <= rows * width {
                // fresh memory is zero: what was reserved is only touched when values are written, by all threads
                self.values = Vec::new();
                self.values = vec![0.0; rows * width];
            } else {
                self.values.resize(rows * width, 0.0);
            }
            for text in &mut self.texts {
                text.cells.push_missing(rows - self.rows);
            }
            self.rows = rows;
        }
        Ok(())
    }

    /// Says that the matrix was extended to `rows` rows; the texts follow with missing values.
    pub(super) fn grown(&mut self, rows: usize) {
        debug_assert_eq!(self.values.len(), rows * self.width());
        for text in &mut self.texts {
            text.cells.push_missing(rows - self.rows);
        }
        self.rows = rows;
    }

    /// Gives a column that has had no value so far the kind of its first values; its type as the file has it.
    pub(super) fn settle_unknown(&mut self, column: usize, kind: Kind, type_name: &str, times: Times) -> Slot {
        let reason = match (kind, times) {
            (Kind::Unknown, _) => return Slot::Unknown(column),
            (Kind::Number, _) => return Slot::Number(column),
            (Kind::Text | Kind::Boolean | Kind::Annotation, _) => return self.turn_to_text(column),
            (Kind::Time, Times::Number) => {
                let named = clipped(&self.names[column]);
                self.notes.push(format!("dates train as days and times as seconds since 1970 or midnight: `{named}`"));
                return Slot::Number(column);
            }
            (Kind::Time, Times::LeaveOut) => TIMES_LEFT_OUT,
            (Kind::Other, _) => CANNOT_TRAIN,
        };
        self.dead[column] = true;
        let (name, kind, reason) = (self.names[column].clone(), type_name.to_owned(), reason.to_owned());
        self.unused_late.push(Unused { name, kind, reason });
        Slot::Skip
    }

    /// Turns a column that has had no value so far into text.
    fn turn_to_text(&mut self, column: usize) -> Slot {
        self.dead[column] = true;
        let mut cells = dictionary(TextUse::Category, self.most_levels);
        cells.push_missing(self.rows);
        self.texts.push(TextColumn {
            name: self.names[column].clone(),
            use_as: TextUse::Category,
            cells,
            trimmed: false,
        });
        Slot::Text(self.texts.len() - 1)
    }

    /// Puts a sample back into the order of the file. Call once, after the last row.
    pub(super) fn settle(&mut self) {
        if self.sampler.is_none() || self.origin.windows(2).all(|pair| pair[0] < pair[1]) {
            return;
        }
        let mut order: Vec<usize> = (0..self.rows).collect();
        order.sort_by_key(|row| self.origin[*row]);
        let width = self.width();
        let mut sorted = Vec::with_capacity(self.values.len());
        for row in &order {
            sorted.extend_from_slice(&self.values[row * width..(row + 1) * width]);
        }
        self.values = sorted;
        for text in &mut self.texts {
            text.cells.reorder(&order);
        }
        self.origin.sort_unstable();
    }

    /// Which rows of the file were kept, in ascending order, if only a sample was.
    pub(super) fn sampled(&self) -> Option<&[usize]> {
        self.sampler.as_ref().map(|_| self.origin.as_slice())
    }

    /// The matrix without the columns for which `keep` does not hold, in place.
    pub(super) fn take_matrix(&mut self, keep: &[bool]) -> Array2<f32> {
        let rows = self.rows;
        let mut values = std::mem::take(&mut self.values);
        let width = keep.len();
        let kept = keep.iter().filter(|keep| **keep).count();
        if kept < width {
            let columns: Vec<usize> = (0..width).filter(|column| keep[*column]).collect();
            for row in 0..rows {
                for (to, from) in columns.iter().enumerate() {
                    values[row * kept + to] = values[row * width + from];
                }
            }
            values.truncate(rows * kept);
        }
        values.shrink_to_fit();
        Array2::from_shape_vec((rows, kept), values).expect("rows × kept columns were kept")
    }
}

/// Which of the rows offered at once were taken.
pub(super) enum Taken {
    /// Every one, as rows from `first` on.
    All {
        /// The first row's place.
        first: usize,
        /// How many rows.
        count: usize,
    },
    /// Some, as pairs of place and offered row.
    Some(Vec<(usize, usize)>),
}

impl Taken {
    /// Pairs of place and offered row.
    pub(super) fn pairs(&self) -> Box<dyn Iterator<Item = (usize, usize)> + '_> {
        match self {
            Self::All { first, count } => Box::new((0..*count).map(move |row| (first + row, row))),
            Self::Some(pairs) => Box::new(pairs.iter().copied()),
        }
    }
}

/// Refuses a matrix that does not fit into `budget` bytes with the names of its rows and columns.
pub(super) fn check_size(rows: usize, columns: usize, budget: u64) -> Result<()> {
    if need(rows, columns) > budget { Err(too_big(rows, columns, budget).into()) } else { Ok(()) }
}

/// The least that a table takes, in bytes: its numbers, and what is kept of each row and each column beside them.
fn need(rows: usize, columns: usize) -> u64 {
    const PER_ROW: u64 = 64;
    const PER_COLUMN: u64 = 512;
    let (rows, columns) = (rows as u64, columns as u64);
    let numbers = rows.saturating_mul(columns).saturating_mul(4);
    numbers.saturating_add(rows.saturating_mul(PER_ROW)).saturating_add(columns.saturating_mul(PER_COLUMN))
}

fn too_big(rows: usize, columns: usize, budget: u64) -> TableError {
    let need = need(rows, columns);
    TableError::TooBig { rows, columns, need: memory::in_words(need), available: memory::in_words(budget) }
}

fn dictionary(use_as: TextUse, most_levels: usize) -> Dictionary {
    match use_as {
        TextUse::Category | TextUse::Formatted => Dictionary::bounded(most_levels),
        TextUse::Id | TextUse::Label => Dictionary::complete(),
    }
}

/// Draws a sample of rows of unknown number, each with the same chance (reservoir sampling,
/// Vitter 1985, algorithm R): the same rows whatever the format they come in.
struct Sampler {
    most: usize,
    offered: usize,
    generator: Generator,
}

impl Sampler {
    fn new(most: usize, seed: Seed) -> Self {
        Self { most, offered: 0, generator: seed.stream(Stream::Subsample) }
    }

    fn offer(&mut self) -> Option<usize> {
        let row = self.offered;
        self.offered += 1;
        if row < self.most {
            return Some(row);
        }
        let place = self.generator.random_range(0..=row as u64);
        usize::try_from(place).ok().filter(|place| *place < self.most)
    }
}
