//! What labels say about a space: agreement with neighbors, silhouette, neighboring classes.

use ndarray::ArrayView2;

use crate::evaluate::distance::FromRow;
use crate::evaluate::distance::Points;

/// Labels as consecutive class numbers; rows without a label have none.
pub(super) struct Classes {
    of: Vec<Option<u32>>,
    /// The same with `u32::MAX` for no label.
    numbers: Vec<u32>,
    labelled: Vec<bool>,
    sizes: Vec<usize>,
}

/// Of how many nearest classes [`Classes::kept_neighbors`] looks at most, as Kobak & Berens.
const NEIGHBOR_CLASSES: usize = 10;

impl Classes {
    pub(super) fn new(labels: &[Option<u32>]) -> Self {
        let mut present: Vec<u32> = labels.iter().flatten().copied().collect();
        present.sort_unstable();
        present.dedup();
        let number = |label: u32| present.partition_point(|other| *other < label) as u32;
        let of: Vec<Option<u32>> = labels.iter().map(|label| label.map(number)).collect();
        let mut sizes = vec![0; present.len()];
        of.iter().flatten().for_each(|class| sizes[*class as usize] += 1);
        let numbers = of.iter().map(|class| class.unwrap_or(u32::MAX)).collect();
        Self { labelled: of.iter().map(Option::is_some).collect(), numbers, of, sizes }
    }

    pub(super) fn labelled_rows(&self) -> usize {
        self.sizes.iter().sum()
    }

    /// The share of the rows with a label that are of the largest class.
    pub(super) fn largest_share(&self) -> Option<f64> {
        self.sizes.iter().max().map(|most| *most as f64 / self.labelled_rows() as f64)
    }

    /// Which rows have a label; `None` where all have.
    pub(super) fn admitted(&self) -> Option<&[bool]> {
        (self.labelled_rows() < self.of.len()).then_some(self.labelled.as_slice())
    }

    /// Whether most of `neighbors` (labelled, nearest first) share the class of `row`; `None` without a label.
    /// A tie goes to the class with the nearest member.
    pub(super) fn agrees(&self, row: usize, neighbors: &[u32]) -> Option<bool> {
        let own = self.of[row]?;
        let mut votes: Vec<(u32, usize)> = Vec::new();
        for class in neighbors.iter().filter_map(|neighbor| self.of[*neighbor as usize]) {
            match votes.iter_mut().find(|(candidate, _)| *candidate == class) {
                Some((_, count)) => *count += 1,
                None => votes.push((class, 1)),
            }
        }
        let most = votes.iter().map(|(_, count)| *count).max()?;
        votes.iter().find(|(_, count)| *count == most).map(|(class, _)| *class == own)
    }

    /// Whether silhouettes are defined: at least two classes, and one with two rows.
    pub(super) fn have_silhouettes(&self) -> bool {
        self.sizes.len() >= 2 && self.sizes.len() < self.labelled_rows()
    }

    /// The silhouette of one row: `(b - a) / max(a, b)` with `a` the mean distance to its own class and
    /// `b` that to the nearest other class; 0 for the only row of a class (Rousseeuw 1987).
    pub(super) fn silhouette(&self, from: &FromRow, points: &Points, row: usize) -> Option<f64> {
        let own = self.of[row]? as usize;
        if self.sizes[own] < 2 {
            return Some(0.0);
        }
        let mut sums = vec![0.0_f64; self.sizes.len()];
        from.add_distances(points, &self.numbers, &mut sums);
        let within = sums[own] / (self.sizes[own] - 1) as f64;
        let between = (0..sums.len())
            .filter(|class| *class != own)
            .map(|class| sums[class] / self.sizes[class] as f64)
            .fold(f64::INFINITY, f64::min);
        let larger = within.max(between);
        Some(if larger > 0.0 { (between - within) / larger } else { 0.0 })
    }

    /// For every class the classes whose means are nearest, `None` below three classes.
    ///
    /// Half of the classes at most count as neighbors, or every order would be perfect.
    pub(super) fn nearest_classes(&self, points: ArrayView2<f32>) -> Option<Vec<Vec<usize>>> {
        let classes = self.sizes.len();
        let count = NEIGHBOR_CLASSES.min(classes / 2);
        if classes < 3 {
            return None;
        }
        let mut means = vec![vec![0.0_f64; points.ncols()]; classes];
        for (row, class) in points.rows().into_iter().zip(&self.of) {
            if let Some(class) = class {
                means[*class as usize].iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value));
            }
        }
        for (mean, size) in means.iter_mut().zip(&self.sizes) {
            for value in mean {
                *value /= *size as f64;
            }
        }
        let distance = |left: &[f64], right: &[f64]| -> f64 {
            left.iter().zip(right).map(|(left, right)| (left - right).powi(2)).sum()
        };
        let nearest = |class: usize| {
            let mut others: Vec<(f64, usize)> = (0..classes)
                .filter(|other| *other != class)
                .map(|other| (distance(&means[class], &means[other]), other))
                .collect();
            others.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
            others.truncate(count);
            others.into_iter().map(|(_, other)| other).collect()
        };
        Some((0..classes).map(nearest).collect())
    }
}

/// The share of neighboring classes before that are neighboring classes after
/// (KNC; Kobak & Berens, *The art of using t-SNE for single-cell transcriptomics*, Nature Communications 10, 5416, 2019).
pub(super) fn kept_neighbors(before: &[Vec<usize>], after: &[Vec<usize>]) -> f64 {
    let kept =
        |(before, after): (&Vec<usize>, &Vec<usize>)| before.iter().filter(|class| after.contains(class)).count();
    let all: usize = before.iter().map(Vec::len).sum();
    before.iter().zip(after).map(kept).sum::<usize>() as f64 / all as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_majority_of_labelled_neighbors_decides_and_ties_go_to_the_nearest() {
        let classes = Classes::new(&[Some(7), Some(7), Some(3), Some(3), None]);
        assert_eq!(classes.agrees(0, &[1, 2, 3]), Some(false));
        assert_eq!(classes.agrees(0, &[1, 2]), Some(true));
        assert_eq!(classes.agrees(0, &[2, 1]), Some(false));
        assert_eq!(classes.agrees(4, &[1, 2]), None);
        assert_eq!(classes.admitted(), Some([true, true, true, true, false].as_slice()));
    }

    #[test]
    fn classes_keep_their_neighbors_on_a_line_and_lose_them_when_two_swap() {
        let labels: Vec<Option<u32>> = (0..5).map(Some).collect();
        let classes = Classes::new(&labels);
        let before = classes.nearest_classes(array![[0.0], [1.0], [2.1], [3.3], [4.6]].view()).unwrap();
        let after = classes.nearest_classes(array![[0.0], [4.6], [2.1], [3.3], [1.0]].view()).unwrap();
        assert_eq!(kept_neighbors(&before, &before), 1.0);
        assert!(kept_neighbors(&before, &after) < 0.7);
        assert!(Classes::new(&labels[..2]).nearest_classes(array![[0.0], [1.0]].view()).is_none());
    }
}
