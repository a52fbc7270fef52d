//! Trustworthiness, continuity and kept neighbors from ranks.
//!
//! With `U_k(i)` the rows among the `k` nearest of `i` after but not before, `V_k(i)` those before but
//! not after, and `r`, `r̂` the ranks before and after:
//!
//! ```text
//! trustworthiness = 1 - 2 / (n k (2n - 3k - 1)) Σᵢ Σ_{j ∈ U_k(i)} (r(i, j) - k)
//! continuity      = 1 - 2 / (n k (2n - 3k - 1)) Σᵢ Σ_{j ∈ V_k(i)} (r̂(i, j) - k)
//! ```
//!
//! Venna & Kaski, *Local multidimensional scaling*, Neural Networks 19 (2006).

/// How many neighbors count among `rows` rows when `wanted` are asked for: fewer than half of them,
/// so that the worst possible order scores 0.
pub(super) fn neighborhood(rows: usize, wanted: usize) -> usize {
    wanted.min(rows.saturating_sub(1) / 2)
}

/// The largest possible sum of `rank - k` over one row's `k` neighbors, where `2k < rows`.
pub(super) fn largest_penalty(rows: usize, neighbors: usize) -> f64 {
    let (rows, neighbors) = (rows as f64, neighbors as f64);
    neighbors * (2.0 * rows - 3.0 * neighbors - 1.0) / 2.0
}

/// The mean of that sum over all orders: what a row at a random place pays.
pub(super) fn chance_penalty(rows: usize, neighbors: usize) -> f64 {
    let (others, neighbors) = (rows as f64 - 1.0, neighbors as f64);
    neighbors * (others - neighbors) * (others - neighbors + 1.0) / (2.0 * others)
}

/// Sum of `rank - k` over ranks beyond `k`.
pub(super) fn penalty(ranks: &[(u32, u64)], neighbors: usize) -> u64 {
    ranks.iter().map(|(_, rank)| rank.saturating_sub(neighbors as u64)).sum()
}

/// The members of `left` that are not in `right`.
pub(super) fn without(left: &[u32], right: &[u32]) -> Vec<u32> {
    left.iter().copied().filter(|member| !right.contains(member)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_penalty_is_that_of_the_reversed_order() {
        for (rows, neighbors) in [(3, 1), (10, 4), (100, 10)] {
            let reversed: u64 = (0..neighbors).map(|place| (rows - 1 - place - neighbors) as u64).sum();
            assert_eq!(largest_penalty(rows, neighbors), reversed as f64);
        }
    }

    #[test]
    fn the_chance_penalty_is_the_mean_over_all_ranks() {
        let (rows, neighbors) = (50_usize, 7_usize);
        let mean: f64 = (1..rows).map(|rank| rank.saturating_sub(neighbors) as f64).sum::<f64>() / (rows - 1) as f64;
        assert!((chance_penalty(rows, neighbors) - neighbors as f64 * mean).abs() < 1e-9);
    }

    #[test]
    fn neighborhoods_stay_below_half_of_the_rows() {
        assert_eq!(neighborhood(1000, 10), 10);
        assert_eq!(neighborhood(10, 10), 4);
        assert_eq!(neighborhood(3, 10), 1);
        assert_eq!(neighborhood(2, 10), 0);
    }
}
