//! Local regression of one variable on another (Cleveland 1979; Cleveland and Grosse 1991).

/// The smooth trend of `y` along `x`, at each `x`: local quadratic fits with tricube weights over
/// the nearest `span` of the points.
///
/// As in `loess`, fits are made at the boundaries of cells that hold at most a fifth of a span of
/// points each, and values between them follow the cubic through both ends' values and slopes.
pub(super) fn smooth(x: &[f64], y: &[f64], span: f64) -> Vec<f64> {
    const CELL: f64 = 0.2;
    if x.len() < 4 {
        return y.to_vec();
    }
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|left, right| x[*left].total_cmp(&x[*right]));
    let sorted_x: Vec<f64> = order.iter().map(|at| x[*at]).collect();
    let sorted_y: Vec<f64> = order.iter().map(|at| y[*at]).collect();
    let neighbors = whole(count(x.len()) * span + 1e-5).clamp(3, x.len());
    let most = whole(count(x.len()) * span * CELL).max(1);
    let (first, last) = (sorted_x[0], sorted_x[x.len() - 1]);
    let margin = 0.005 * (last - first).max(first.abs().max(last.abs()) * 1e-3 + 1e-30);
    let mut cuts = vec![first - margin, last + margin];
    cut(&sorted_x, 0, x.len() - 1, most, &mut cuts);
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let fits: Vec<(f64, f64)> = cuts.iter().map(|at| local_fit(&sorted_x, &sorted_y, *at, neighbors)).collect();
    x.iter()
        .map(|x| {
            let right = cuts.partition_point(|cut| cut < x).clamp(1, cuts.len() - 1);
            between(*x, (cuts[right - 1], cuts[right]), fits[right - 1], fits[right])
        })
        .collect()
}

/// Halves a cell until it holds few enough points.
fn cut(x: &[f64], low: usize, high: usize, most: usize, cuts: &mut Vec<f64>) {
    if high - low < most {
        return;
    }
    let middle = usize::midpoint(low, high);
    let at = f64::midpoint(x[middle], x[middle + 1]);
    if at == x[low] || at == x[high] || x[middle] == x[middle + 1] {
        return;
    }
    cuts.push(at);
    cut(x, low, middle, most, cuts);
    cut(x, middle + 1, high, most, cuts);
}

/// Value and slope at `at` of the weighted quadratic through the nearest points.
fn local_fit(x: &[f64], y: &[f64], at: f64, neighbors: usize) -> (f64, f64) {
    let mut low = x.partition_point(|x| *x < at).saturating_sub(neighbors).min(x.len() - neighbors);
    while low + neighbors < x.len() && x[low + neighbors] - at < at - x[low] {
        low += 1;
    }
    let window = low..low + neighbors;
    let reach = (at - x[low]).abs().max((x[low + neighbors - 1] - at).abs());
    if reach <= 0.0 {
        let mean = y[window.clone()].iter().sum::<f64>() / count(window.len());
        return (mean, 0.0);
    }
    // Points as far as the farthest neighbor weigh nothing, so only the window counts.
    // The normal equations are well conditioned in u = (x − at) / reach, within −1 and 1.
    let mut moments = [0.0_f64; 5];
    let mut products = [0.0_f64; 3];
    for (x, y) in x[window.clone()].iter().zip(&y[window]) {
        let u = (x - at) / reach;
        let weight = (1.0 - u.abs().powi(3)).max(0.0).powi(3);
        let mut power = weight;
        for moment in &mut moments {
            *moment += power;
            power *= u;
        }
        products[0] += weight * y;
        products[1] += weight * u * y;
        products[2] += weight * u * u * y;
    }
    if moments[0] <= f64::MIN_POSITIVE {
        let mean = y[low..low + neighbors].iter().sum::<f64>() / count(neighbors);
        return (mean, 0.0);
    }
    match solve(&moments, products) {
        Some([value, slope, _]) => (value, slope / reach),
        None => (products[0] / moments[0].max(f64::MIN_POSITIVE), 0.0),
    }
}

/// Solves the 3 × 3 normal equations by elimination with pivots.
fn solve(moments: &[f64; 5], products: [f64; 3]) -> Option<[f64; 3]> {
    let mut rows = [[0.0_f64; 4]; 3];
    for (i, row) in rows.iter_mut().enumerate() {
        for j in 0..3 {
            row[j] = moments[i + j];
        }
        row[3] = products[i];
    }
    for pivot in 0..3 {
        let best = (pivot..3).max_by(|a, b| rows[*a][pivot].abs().total_cmp(&rows[*b][pivot].abs()))?;
        rows.swap(pivot, best);
        if rows[pivot][pivot].abs() <= 1e-12 * moments[0] {
            return None;
        }
        for below in pivot + 1..3 {
            let factor = rows[below][pivot] / rows[pivot][pivot];
            for column in pivot..4 {
                rows[below][column] -= factor * rows[pivot][column];
            }
        }
    }
    let mut solution = [0.0; 3];
    for at in (0..3).rev() {
        let known: f64 = (at + 1..3).map(|column| rows[at][column] * solution[column]).sum();
        solution[at] = (rows[at][3] - known) / rows[at][at];
    }
    Some(solution)
}

/// The cubic with the given values and slopes at both ends.
fn between(x: f64, ends: (f64, f64), left: (f64, f64), right: (f64, f64)) -> f64 {
    let width = ends.1 - ends.0;
    let h = (x - ends.0) / width;
    let (one, rest) = (h, 1.0 - h);
    rest * rest * (1.0 + 2.0 * one) * left.0
        + one * one * (1.0 + 2.0 * rest) * right.0
        + one * rest * rest * width * left.1
        - one * one * rest * width * right.1
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of points")]
fn whole(value: f64) -> usize {
    value.floor().max(0.0) as usize
}

fn count(points: usize) -> f64 {
    super::statistics::count_of(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_its_own_trend() {
        let x: Vec<f64> = (0..200).map(|at| f64::from(at) * 0.05 - 3.0).collect();
        let y: Vec<f64> = x.iter().map(|x| 2.0 - x + 0.5 * x * x).collect();
        for (smooth, y) in smooth(&x, &y, 0.3).iter().zip(&y) {
            assert!((smooth - y).abs() < 1e-9, "{smooth} {y}");
        }
    }

    #[test]
    fn few_or_equal_points_do_no_harm() {
        assert_eq!(smooth(&[1.0, 2.0], &[3.0, 4.0], 0.3), [3.0, 4.0]);
        assert!(smooth(&[1.0; 50], &[2.0; 50], 0.3).iter().all(|value| (value - 2.0).abs() < 1e-9));
    }
}
