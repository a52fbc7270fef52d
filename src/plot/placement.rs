//! Names on a map: where a class is named, and how names keep out of each other's way.

/// A name to be placed: its anchor, its box and how much it matters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) anchor: (f64, f64),
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) rank: usize,
    /// How far from its anchor the name has to keep, so as not to hide what it names.
    pub(super) clear: f64,
}

/// The middle of a group of points that is itself one of them.
///
/// It is the point with the smallest sum of square roots of distances to the others (on an evenly spaced
/// sample of at most 300): of a group in two parts it lies in the larger one, where a median of the
/// coordinates would fall between them.
pub(super) fn middle(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let stride = points.len().div_ceil(300).max(1);
    let sample: Vec<(f64, f64)> = points.iter().copied().step_by(stride).collect();
    let cost = |(x, y): (f64, f64)| -> f64 { sample.iter().map(|(u, v)| (x - u).hypot(y - v).sqrt()).sum() };
    let mut best: Option<((f64, f64), f64)> = None;
    for &point in &sample {
        let cost = cost(point);
        if best.is_none_or(|(_, least)| cost < least) {
            best = Some((point, cost));
        }
    }
    best.map(|(point, _)| point)
}

/// The centers of the names' boxes: none overlaps another or leaves `width × height`, each as near to its
/// anchor as the more important ones allow; `None` where there is no room within 160 pixels.
pub(super) fn place(wanted: &[Wanted], origin: (f64, f64), width: f64, height: f64) -> Vec<Option<(f64, f64)>> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(wanted[index].rank), index));
    let mut centers: Vec<Option<(f64, f64)>> = vec![None; wanted.len()];
    for &index in &order {
        let this = wanted[index];
        let inside = |(x, y): (f64, f64)| {
            let (half_width, half_height) = (this.width / 2.0, this.height / 2.0);
            x - half_width >= origin.0
                && x + half_width <= origin.0 + width
                && y - half_height >= origin.1
                && y + half_height <= origin.1 + height
        };
        let free = |center: (f64, f64)| {
            !centers.iter().zip(wanted).any(|(placed, other)| {
                placed.is_some_and(|(x, y)| {
                    (x - center.0).abs() < f64::midpoint(this.width, other.width)
                        && (y - center.1).abs() < f64::midpoint(this.height, other.height)
                })
            })
        };
        centers[index] = candidates(this).find(|&center| inside(center) && free(center));
    }
    centers
}

/// The anchor, then points on ever wider rings around it; above and below before the sides.
fn candidates(this: Wanted) -> impl Iterator<Item = (f64, f64)> {
    const ANGLES: [f64; 16] =
        [90.0, 270.0, 67.5, 112.5, 247.5, 292.5, 45.0, 135.0, 225.0, 315.0, 22.5, 157.5, 202.5, 337.5, 0.0, 180.0];
    let rings = (1..=32).flat_map(move |ring| {
        ANGLES.iter().map(move |angle| {
            let (sine, cosine) = angle.to_radians().sin_cos();
            let radius = this.clear + 5.0 * f64::from(ring);
            // A name is wide: beside its anchor it has to keep further away than above it.
            let sideways = if this.clear > 0.0 { cosine * this.width / 2.0 } else { 0.0 };
            (this.anchor.0 + radius * cosine + sideways, this.anchor.1 - radius * sine)
        })
    });
    (this.clear == 0.0).then_some(this.anchor).into_iter().chain(rings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_overlap() {
        let wanted: Vec<Wanted> = (0..40)
            .map(|index| Wanted {
                anchor: (300.0 + f64::from(index), 300.0),
                width: 60.0,
                height: 14.0,
                rank: 1,
                clear: 0.0,
            })
            .collect();
        let placed = place(&wanted, (0.0, 0.0), 640.0, 640.0);
        let kept: Vec<(f64, f64)> = placed.into_iter().flatten().collect();
        assert!(kept.len() >= 35);
        for (index, a) in kept.iter().enumerate() {
            for b in &kept[..index] {
                assert!((a.0 - b.0).abs() >= 60.0 || (a.1 - b.1).abs() >= 14.0);
            }
        }
    }

    #[test]
    fn a_group_in_two_parts_is_named_in_the_larger() {
        let mut points: Vec<(f64, f64)> = (0..60).map(|index| (f64::from(index % 7), f64::from(index % 5))).collect();
        points.extend((0..40).map(|index| (500.0 + f64::from(index % 7), f64::from(index % 5))));
        assert!(middle(&points).unwrap().0 < 10.0);
        assert!(middle(&[]).is_none());
    }
}
