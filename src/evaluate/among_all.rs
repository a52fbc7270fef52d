//! The nearest codes that are nearest on the map too, looked for among all rows.
//!
//! [`compare`](crate::evaluate::compare()) needs ranks, so that above [`Options::sample`] rows it compares the rows of a
//! sample with each other only: their neighborhoods are wider than those that t-SNE laid out. The neighbors of the codes
//! are known of every row already, and those on the map are cheap, so the rows of the same sample are also looked at
//! among all.

use ndarray::Axis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evaluate::classes::Classes;
use crate::evaluate::compare::{Space, check};
use crate::evaluate::ranks::neighborhood;
use crate::evaluate::{EvaluateError, Options, Rows};
use crate::neighbors::{Neighbors, exact};
use crate::seed::Seed;

/// What the neighborhoods of a sample of rows among all rows say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AmongAll {
    /// The share of the nearest codes that are nearest on the map.
    pub knn_recall: f64,
    /// How often most of a row's nearest points on the map share its label; only where every row has one.
    pub label_agreement: Option<f64>,
    /// How many neighbors were looked at.
    pub neighbors: usize,
    /// Rows whose neighbors were looked at.
    pub rows: usize,
    /// Rows among which they were looked for.
    pub total_rows: usize,
}

/// How well the `nearest` codes of every row are kept by `map` (`n × d`); nothing where `compare` looks at all rows itself.
///
/// `labels` has an entry per row.
///
/// # Errors
/// If the rows differ in number, or a point is not finite.
///
/// # Panics
/// If `labels` has another length.
pub fn among_all(
    nearest: &Neighbors,
    map: Space,
    labels: Option<&[Option<u32>]>,
    options: &Options,
    seed: Seed,
) -> Result<Option<AmongAll>, EvaluateError> {
    check(&[map])?;
    let total = map.points.nrows();
    if nearest.rows() != total {
        let (before, after) = ("nearest codes".to_owned(), map.name.to_owned());
        return Err(EvaluateError::RowsDiffer { before, before_rows: nearest.rows(), after, after_rows: total });
    }
    let Rows::Sample { rows, .. } = Rows::choose(total, options, seed) else { return Ok(None) };
    let count = neighborhood(total, options.neighbors).min(nearest.count());
    let classes = labels.map(|labels| {
        assert_eq!(labels.len(), total, "a label per row");
        Classes::new(labels)
    });
    let classes = classes.filter(|classes| classes.admitted().is_none());
    // Each row finds itself as well, unless others at its very place come first.
    let found = exact::among(map.points.select(Axis(0), &rows).view(), map.points, count + 1);
    let (mut kept, mut agreeing) = (0, 0);
    for (row, found) in rows.iter().zip(found.indices.rows()) {
        let near: Vec<u32> = found.iter().copied().filter(|other| *other as usize != *row).take(count).collect();
        let codes = nearest.indices.row(*row);
        kept += near.iter().filter(|other| codes.iter().take(count).any(|code| code == *other)).count();
        agreeing += usize::from(classes.as_ref().and_then(|classes| classes.agrees(*row, &near)) == Some(true));
    }
    Ok(Some(AmongAll {
        knn_recall: kept as f64 / (rows.len() * count) as f64,
        label_agreement: classes.map(|_| agreeing as f64 / rows.len() as f64),
        neighbors: count,
        rows: rows.len(),
        total_rows: total,
    }))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::event::silent;
    use crate::neighbors::{Method, find};

    fn points(rows: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, 2), |(row, side)| {
            (row as f32 * (0.7 + side as f32)).sin() * (1.0 + row as f32 * 0.01)
        })
    }

    #[test]
    fn a_map_that_is_the_codes_keeps_every_neighbor_and_a_shuffled_one_none_but_by_chance() {
        let codes = points(400);
        let nearest = find(codes.view(), 12, Method::Exact, Seed(1), &mut silent).unwrap();
        let options = Options { neighbors: 10, sample: 50 };
        let labels: Vec<Option<u32>> = (0..400).map(|row| Some(u32::from(codes[(row, 0)] > 0.0))).collect();
        let rated = |map: &Array2<f32>| {
            let map = Space { name: "embedding", points: map.view() };
            among_all(&nearest, map, Some(&labels), &options, Seed(1)).unwrap().unwrap()
        };
        let same = rated(&codes);
        assert_eq!((same.knn_recall, same.neighbors, same.rows, same.total_rows), (1.0, 10, 50, 400));
        assert!(same.label_agreement.unwrap() > 0.9);
        let mut shuffled = codes.clone();
        shuffled.invert_axis(Axis(0));
        let other = rated(&shuffled.as_standard_layout().to_owned());
        assert!(other.knn_recall < 0.2, "{other:?}");
    }

    #[test]
    fn looks_only_where_others_look_at_a_sample_and_only_at_whole_labels() {
        let codes = points(100);
        let nearest = find(codes.view(), 10, Method::Exact, Seed(1), &mut silent).unwrap();
        let map = Space { name: "embedding", points: codes.view() };
        let all = Options { neighbors: 10, sample: 100 };
        assert_eq!(among_all(&nearest, map, None, &all, Seed(1)).unwrap(), None);
        let some = Options { neighbors: 10, sample: 30 };
        let mut labels = vec![Some(1); 100];
        labels[7] = None;
        let rated = among_all(&nearest, map, Some(&labels), &some, Seed(1)).unwrap().unwrap();
        assert_eq!(rated.label_agreement, None);
        let short = array![[0.0_f32, 1.0], [2.0, 3.0]];
        let short = Space { name: "embedding", points: short.view() };
        assert!(among_all(&nearest, short, None, &some, Seed(1)).unwrap_err().to_string().contains("100"));
    }
}
