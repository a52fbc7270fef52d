//! Tables that are in memory already: the same roles, rules and messages as for one that is read from a file.

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::error::Result;
use crate::event::Observer;
use crate::table::Table;
use crate::table::error::TableError;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::gather::Taken;
use crate::table::options::Input;
use crate::table::read;
use crate::table::source::Column;
use crate::table::source::Kind;
use crate::table::source::Progress;
use crate::table::source::Source;

/// Columns in memory, as another program holds them.
pub struct Held<'a> {
    numbers: ArrayView2<'a, f32>,
    columns: Vec<Column>,
    holds: Vec<Holds>,
    taken: bool,
}

/// A column in memory and where its values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldColumn {
    /// Its name.
    pub name: String,
    /// Its type, in the words of the program that holds it.
    pub type_name: String,
    /// Its values.
    pub holds: Holds,
}

/// The values of a column in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// Numbers: this column of the matrix, NaN where missing.
    Numbers(usize),
    /// Dates in days or times in seconds: this column of the matrix, NaN where missing.
    Times(usize),
    /// Texts, `None` where missing.
    Texts(Vec<Option<String>>),
    /// True or false as `true` and `false`, `None` where missing.
    Booleans(Vec<Option<String>>),
    /// Something that cannot train.
    Other,
}

impl<'a> Held<'a> {
    /// A table of `columns`, whose numbers are columns of `numbers` (`rows × columns`).
    ///
    /// # Panics
    /// If a column of texts has other rows than the matrix, or names a column that the matrix lacks.
    #[must_use]
    pub fn new(numbers: ArrayView2<'a, f32>, columns: Vec<HeldColumn>) -> Self {
        for column in &columns {
            match &column.holds {
                Holds::Numbers(at) | Holds::Times(at) => assert!(*at < numbers.ncols(), "a column of the matrix"),
                Holds::Texts(texts) | Holds::Booleans(texts) => {
                    assert_eq!(texts.len(), numbers.nrows(), "a text per row");
                }
                Holds::Other => {}
            }
        }
        let (described, holds) = columns
            .into_iter()
            .map(|column| {
                let kind = match &column.holds {
                    Holds::Numbers(_) => Kind::Number,
                    Holds::Times(_) => Kind::Time,
                    Holds::Texts(_) => Kind::Text,
                    Holds::Booleans(_) => Kind::Boolean,
                    Holds::Other => Kind::Other,
                };
                (Column::new(column.name, kind, column.type_name), column.holds)
            })
            .unzip();
        Self { numbers, columns: described, holds, taken: false }
    }

    /// The names of its columns.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// The table, as `input` says; its path and metadata are not looked at.
    ///
    /// # Errors
    /// As [`read::read`].
    pub fn read(mut self, input: &Input, observer: &mut Observer<'_>) -> Result<Table> {
        read::from_source(&mut self, input, observer)
    }

    /// Whether the matrix goes whole, column by column, into the table.
    fn is_whole(&self, slots: &[Slot], width: usize) -> bool {
        width == self.numbers.ncols()
            && self.holds.len() == width
            && slots.iter().zip(&self.holds).enumerate().all(|(at, (slot, holds))| {
                *slot == Slot::Number(at) && matches!(holds, Holds::Numbers(from) | Holds::Times(from) if *from == at)
            })
    }

    /// Refuses what the reader of a file would refuse.
    fn check_finite(&self, slots: &[Slot]) -> Result<()> {
        for (place, holds) in self.holds.iter().enumerate() {
            let (Slot::Number(_) | Slot::Unknown(_), Holds::Numbers(at) | Holds::Times(at)) = (slots[place], holds)
            else {
                continue;
            };
            if let Some(row) = self.numbers.column(*at).iter().position(|value| value.is_infinite()) {
                let (column, text) = (super::clipped(&self.columns[place].name), self.numbers[(row, *at)].to_string());
                return Err(TableError::Infinite { column, row: row + 1, text }.into());
            }
        }
        Ok(())
    }
}

impl Source for Held<'_> {
    fn format(&self) -> String {
        "columns in memory".to_owned()
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        Some(self.numbers.nrows())
    }

    fn next(
        &mut self,
        slots: &mut [Slot],
        gather: &mut Gather,
        _most: usize,
        progress: &mut Progress<'_, '_>,
    ) -> Result<bool> {
        const ROWS: usize = 256;
        let rows = self.numbers.nrows();
        if std::mem::replace(&mut self.taken, true) || rows == 0 {
            return Ok(false);
        }
        self.check_finite(slots)?;
        let width = gather.width();
        let numbers: Vec<(usize, usize)> = (0..slots.len())
            .filter_map(|place| match (slots[place], &self.holds[place]) {
                (Slot::Number(to) | Slot::Unknown(to), Holds::Numbers(from) | Holds::Times(from)) => Some((to, *from)),
                _ => None,
            })
            .collect();
        let whole = self.is_whole(slots, width);
        let taken = gather.take_rows(rows)?;
        match &taken {
            Taken::All { first, .. } if width > 0 => {
                let block = &mut gather.values[first * width..(first + rows) * width];
                let flat = whole.then(|| self.numbers.as_slice()).flatten();
                block.par_chunks_mut(ROWS * width).enumerate().for_each(|(chunk, to)| match flat {
                    Some(flat) => to.copy_from_slice(&flat[chunk * ROWS * width..][..to.len()]),
                    None => {
                        for (column, from) in &numbers {
                            let values = self.numbers.column(*from);
                            for (row, to) in to.chunks_exact_mut(width).enumerate() {
                                to[*column] = values[chunk * ROWS + row];
                            }
                        }
                    }
                });
            }
            Taken::All { .. } => {}
            Taken::Some(pairs) => {
                for (place, row) in pairs {
                    for (to, from) in &numbers {
                        gather.values[place * width + to] = self.numbers[(*row, *from)];
                    }
                }
            }
        }
        for (place, holds) in self.holds.iter().enumerate() {
            let Slot::Text(slot) = slots[place] else { continue };
            let cells = &mut gather.texts[slot].cells;
            for (to, row) in taken.pairs() {
                match holds {
                    Holds::Texts(texts) | Holds::Booleans(texts) => cells.set(to, texts[row].as_deref()),
                    Holds::Numbers(at) | Holds::Times(at) => {
                        let number = self.numbers[(row, *at)];
                        let text = (!number.is_nan()).then(|| number.to_string());
                        cells.set(to, text.as_deref());
                    }
                    Holds::Other => {}
                }
            }
        }
        progress.advance(rows as u64, rows as u64)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::silent;
    use ndarray::{Array2, array};

    fn number(name: &str, at: usize) -> HeldColumn {
        HeldColumn { name: name.to_owned(), type_name: "Float32".to_owned(), holds: Holds::Numbers(at) }
    }

    fn texts(name: &str, texts: &[Option<&str>]) -> HeldColumn {
        let texts = texts.iter().map(|text| text.map(str::to_owned)).collect();
        HeldColumn { name: name.to_owned(), type_name: "String".to_owned(), holds: Holds::Texts(texts) }
    }

    #[test]
    fn columns_take_the_roles_that_the_input_gives_them() {
        let numbers = array![[1.0_f32, 9.0, 7.0], [2.0, 8.0, 5.0], [3.0, 7.0, 6.0]];
        let columns = vec![
            texts("name", &[Some("p"), Some("q"), Some("r")]),
            number("b", 1),
            texts("kind", &[Some("x"), None, Some("w")]),
            number("a", 0),
            number("class", 2),
        ];
        let input = Input { id: Some("name".into()), labels: vec!["class".into()], ..Input::new("") };
        let table = Held::new(numbers.view(), columns).read(&input, &mut silent).unwrap();
        assert_eq!(table.ids, ["p", "q", "r"]);
        assert_eq!(table.frame.features, ["b", "a"]);
        assert_eq!(table.frame.values, array![[9.0, 1.0], [8.0, 2.0], [7.0, 3.0]]);
        assert_eq!(table.frame.categories[0].levels, ["w", "x"]);
        assert_eq!(table.frame.categories[0].of_row, [Some(1), None, Some(0)]);
        assert_eq!(table.labels[0].name, "class");
    }

    #[test]
    fn a_matrix_is_the_same_whatever_its_layout_in_memory() {
        let rows = Array2::from_shape_fn((700, 3), |(row, column)| (row * 3 + column) as f32);
        let by_column = rows.t().as_standard_layout().into_owned();
        let columns = || (0..3).map(|at| number(&format!("x{at}"), at)).collect::<Vec<_>>();
        let input = Input::new("");
        let one = Held::new(rows.view(), columns()).read(&input, &mut silent).unwrap();
        let other = Held::new(by_column.t(), columns()).read(&input, &mut silent).unwrap();
        assert_eq!((&one.frame.values, one.ids[699].as_str()), (&rows, "699"));
        assert_eq!(one, other);
    }

    #[test]
    fn what_a_file_may_not_hold_is_refused_here_too() {
        let rows = array![[1.0_f32, 2.0], [f32::INFINITY, 3.0]];
        let columns = vec![number("a", 0), number("b", 1)];
        let error = Held::new(rows.view(), columns).read(&Input::new(""), &mut silent).unwrap_err();
        assert_eq!((error.message().contains("`a`"), error.place()), (true, None));
        let holes = array![[1.0_f32], [f32::NAN]];
        let error = Held::new(holes.view(), vec![number("a", 0)]).read(&Input::new(""), &mut silent).unwrap_err();
        assert!(error.message().contains("1 missing value"), "{error}");
    }
}
