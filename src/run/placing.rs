//! New rows on the map of a run.

use std::collections::HashMap;
use std::path::Path;

use ndarray::{Array2, ArrayView2, Axis};

use super::apply::{NewRows, read_rows};
use super::data::RowNames;
use super::graph;
use super::publish::grouped;
use super::read_back::{read_embedded, read_embedding};
use super::reading::Otherwise;
use super::record::Record;
use super::unlike::{self, Count};
use crate::embed;
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::model::Model;
use crate::neighbors::{Neighbors, outlier_factors, outlier_limit};
use crate::plot::{self, Color, Faded, Format, GroundPoints, Scatter, Style};
use crate::table::write::{Column, ColumnValues};
use crate::table::{Label, LabelValues};

/// New rows on the embedding of a run.
pub struct Placed {
    /// What the run is called.
    name: String,
    /// The new rows.
    new: NewRows,
    /// How many they are, and how many are unlike the training rows.
    pub count: Count,
    /// `m × 2`: their points.
    points: Array2<f32>,
    /// How far outside the run's rows each lies.
    outlier_factors: Vec<f32>,
    /// Whether that is further than 99 % of the run's rows do.
    outliers: Vec<bool>,
    /// The run's own rows.
    old: RowNames,
    /// `n × 2`: their points.
    old_points: Array2<f32>,
}

/// New rows placed on the embedding of a run; the run's own points stay where they are.
///
/// # Errors
/// If the run has no embedding, its model does not fit the rows, or its files were changed.
pub fn placed(run: &Path, data: &Path, otherwise: &Otherwise, observer: &mut Observer<'_>) -> Result<Placed> {
    if run.is_file() {
        let folder = run.parent().unwrap_or(run).display();
        return Err(Error::request(format!(
            "`{}` is a file, and rows are placed on the map of a run folder",
            run.display()
        ))
        .hint(format!("give the folder of the run: `{folder}`")));
    }
    let record = Record::load(run)?;
    let changed = record.verify(run);
    if !changed.is_empty() {
        return Err(Error::request(format!("`{}` was changed since the run: {}", run.display(), changed.join(", ")))
            .hint("run its pipeline again"));
    }
    let model = Model::load(&run.join("model.safetensors"))?;
    let (old, old_codes) =
        read_embedded(&run.join("codes.parquet"), &model.about.input.labels, model.autoencoder.code_size())?;
    let (_, old_points) = read_embedding(run, &record)?;
    let new = read_rows(&model, data, otherwise, observer)?;
    let mut count = Count::default();
    count.add(&new);
    count.add_blame(&model, &new);
    let codes = model.autoencoder.encode(new.prepared.view());
    let placement = embed::place(codes.view(), old_codes.view(), old_points.view(), observer)?;
    let (outlier_factors, outliers) = outliers(run, &record, old_codes.view(), placement.nearest, observer)?;
    Ok(Placed { name: record.name, new, count, points: placement.points, outlier_factors, outliers, old, old_points })
}

impl Placed {
    /// The columns of the table of placed rows: id, labels, x, y, how far outside they lie, how unlike they are.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = super::publish::embedding_columns(&self.new.rows, self.points.view());
        columns.push(Column::single("outlier_factor", self.outlier_factors.iter().copied()));
        columns.push(Column { name: "outlier".to_owned(), values: ColumnValues::Flag(self.outliers.clone()) });
        columns.extend(unlike::columns(&self.new));
        columns
    }

    /// The map of the run with the placed rows on it: the run's own points pale, the placed ones colored by the first label
    /// of classes that they have, those that lie outside hollow.
    ///
    /// # Errors
    /// If the map is not of two dimensions, or drawing fails.
    pub fn map(&self, format: Format) -> Result<Vec<u8>> {
        if self.points.ncols() != 2 {
            return Err(Error::request("rows on a map of one dimension are not drawn")
                .hint("leave `--plot` out: their table holds where they are"));
        }
        let points = ndarray::concatenate(Axis(0), &[self.old_points.view(), self.points.view()])
            .map_err(|error| Error::failure(format!("the points of the map do not fit together: {error}")))?;
        let before = self.old.ids.len();
        let ids: Vec<String> = self.old.ids.iter().chain(&self.new.rows.ids).cloned().collect();
        let classes = self.classes();
        let inside = self.outliers.iter().map(|outlier| if *outlier { 0.0 } else { 1.0 });
        let inside: Vec<f32> = std::iter::repeat_n(1.0, before).chain(inside).collect();
        let (count, all) = (self.new.rows.ids.len(), grouped(before));
        let placed = if count == 1 { "1 row".to_owned() } else { format!("{} rows", grouped(count)) };
        let scatter = Scatter {
            title: classes.as_ref().map_or_else(|| self.name.clone(), |(name, ..)| format!("{} by {name}", self.name)),
            caption: format!("{placed} placed on a map of {all}, which stayed where they were."),
            points: points.view(),
            ids: &ids,
            color: classes.as_ref().map_or(Color::None, |(name, levels, of_row)| Color::Classes {
                name,
                levels,
                of_row,
            }),
            faded: Some(Faded { reliability: &inside, threshold: 0.5, name: "outside the run's rows" }),
            ground: Some(GroundPoints { count: before, name: "rows of the run", others: "placed rows" }),
            style: Style::default(),
        };
        Ok(plot::render(&plot::svg::scatter(&scatter)?, format)?)
    }

    /// The first label of classes: its name, the classes, and the class of each point, none for those of the run. Classes of
    /// the run come first, in its order, so that they have the colors they have on its own maps.
    fn classes(&self) -> Option<(&str, Vec<String>, Vec<Option<u32>>)> {
        let of_classes = |label: &&Label| matches!(label.values, LabelValues::Classes { .. });
        let label = self.new.rows.labels.iter().find(of_classes)?;
        let LabelValues::Classes { levels: named, of_row } = &label.values else { return None };
        let known = self.old.labels.iter().find(|known| known.name == label.name);
        let mut levels = match known.map(|known| &known.values) {
            Some(LabelValues::Classes { levels, .. }) => levels.clone(),
            _ => Vec::new(),
        };
        levels.extend(named.iter().filter(|level| !levels.contains(level)).cloned().collect::<Vec<_>>());
        let places: HashMap<&str, u32> = levels.iter().map(String::as_str).zip(0..).collect();
        let place = |level: u32| places.get(named[level as usize].as_str()).copied();
        let of_row = of_row.iter().map(|level| level.and_then(place));
        let of_row = std::iter::repeat_n(None, self.old.ids.len()).chain(of_row).collect();
        Some((&label.name, levels, of_row))
    }
}

/// How far outside the rows of the run each placed row lies among the codes, and whether that is further than 99 % of the
/// run's own rows do: t-SNE puts it beside some rows all the same.
fn outliers(
    run: &Path,
    record: &Record,
    old_codes: ArrayView2<f32>,
    near: Neighbors,
    observer: &mut Observer<'_>,
) -> Result<(Vec<f32>, Vec<bool>)> {
    let count = near.count().min(old_codes.nrows() - 1);
    let old = graph::of_run(run, record, old_codes, count)?;
    let factors = outlier_factors(&graph::nearest(near, count), &old);
    let limit = outlier_limit(&old);
    let outside: Vec<bool> = factors.iter().map(|factor| *factor > limit).collect();
    let flagged = outside.iter().filter(|outside| **outside).count();
    if flagged > 0 {
        let lie = if flagged == 1 { "lies" } else { "lie" };
        let said = format!(
            "{flagged} of {} placed rows {lie} further outside the rows of `{}` than 99 % of those do: where they land \
             says little (`outlier` in the table)",
            outside.len(),
            run.display()
        );
        let usual = flagged as f64 <= 0.02 * outside.len() as f64;
        let said = if usual { format!("{said}; of rows of the same kind about 1 % do") } else { said };
        let _ = observer(if usual { Event::Note(said) } else { Event::Warning(said) });
    }
    Ok((factors, outside))
}
