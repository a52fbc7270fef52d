//! Where neighborhoods were lost on the way from the table to the map, and what the map is worth by the table.

use super::{Aim, Facts, LABELS_LOST, percent};

/// Where PCA of the code's size keeps fewer neighbors than this, the order of neighbors in the table is mostly
/// noise: 32 axes that hold most of the structure would keep more of it (2,000 genes of 2,638 cells, standardized:
/// 0.05; digits: 0.93).
const NOISE_RECALL: f64 = 0.2;
/// A step that loses less than a tenth of the neighbors did no harm that a reader of a map could see.
const SMALL_LOSS: f64 = 0.1;
/// One step is blamed where it lost at least this many times what the other lost.
const CLEARLY_MORE: f64 = 1.5;
/// Below this trustworthiness or continuity a map is to be read with care: a fifth of what chance loses was lost.
const WITH_CARE: f64 = 0.9;
/// Below this rank correlation with the table's, distances on the map say little: two components of PCA mostly have more.
const FAR_GROUPS: f64 = 0.6;

/// Where neighbors were lost between the prepared table and the embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    Hardly,
    /// In the encoder, but the table's order of neighbors says little.
    Noise,
    InEncoder,
    OnMap,
    InBoth,
}

impl Lost {
    /// `None` where there is no embedding.
    pub(super) fn of(facts: &Facts) -> Option<Self> {
        let encoder = 1.0 - facts.codes.knn_recall;
        let map = match (facts.embedding_of_codes, facts.embedding) {
            (Some(step), _) => 1.0 - step.knn_recall,
            (None, Some(embedding)) => facts.codes.knn_recall - embedding.knn_recall,
            (None, None) => return None,
        };
        let noisy = facts.pca.is_some_and(|pca| pca.knn_recall < NOISE_RECALL);
        // what PCA keeps and the code does not was no noise; distances between raw counts are mostly those of their sums
        let as_pca = facts.aim == Aim::Counts
            || facts.pca.is_none_or(|pca| pca.knn_recall - facts.codes.knn_recall <= SMALL_LOSS);
        let labels = facts.prepared.and_then(|prepared| prepared.label_agreement.zip(facts.codes.label_agreement));
        // where most rows are of one class, neighbors share it by chance
        let chance = facts.codes.largest_class.unwrap_or(0.0);
        let labels_gained = labels.is_some_and(|(table, codes)| codes >= table && codes > chance + LABELS_LOST);
        Some(if encoder < SMALL_LOSS && map < SMALL_LOSS {
            Self::Hardly
        } else if facts.codes.knn_recall < 0.5 && as_pca && (labels_gained || (noisy && labels.is_none())) {
            Self::Noise
        } else if encoder >= CLEARLY_MORE * map {
            Self::InEncoder
        } else if map >= CLEARLY_MORE * encoder {
            Self::OnMap
        } else {
            Self::InBoth
        })
    }
}

/// The sentence on what was lost where, and what the map is worth.
pub(super) fn where_lost(facts: &Facts, lost: Lost) -> String {
    let (count, codes) = (facts.codes.neighbors, percent(facts.codes.knn_recall));
    let kept = match (facts.embedding_of_codes, facts.embedding) {
        (Some(step), _) => format!(
            "of a row's {count} nearest neighbors in the table {codes} are kept in the codes, and of those in the codes {} on the map \
             (trustworthiness {:.3} and {:.3})",
            percent(step.knn_recall),
            facts.codes.trustworthiness,
            step.trustworthiness
        ),
        (None, Some(embedding)) => format!(
            "of a row's {count} nearest neighbors in the table {codes} are kept in the codes and {} on the map \
             (trustworthiness {:.3} and {:.3})",
            percent(embedding.knn_recall),
            facts.codes.trustworthiness,
            embedding.trustworthiness
        ),
        (None, None) => format!("of a row's {count} nearest neighbors in the table {codes} are kept in the codes"),
    };
    let start = match lost {
        Lost::Hardly => "Neighborhoods came through",
        Lost::Noise => return noise(facts, &kept),
        Lost::InEncoder => "Of the neighborhoods that were lost, most were lost in the encoder",
        Lost::OnMap => "Of the neighborhoods that were lost, most were lost on the map",
        Lost::InBoth => "Neighborhoods were lost in the encoder and again on the map",
    };
    format!("{start}: {kept}.{}", map_by_table(facts))
}

/// What the map is worth by the table, where little.
fn map_by_table(facts: &Facts) -> String {
    let Some(embedding) = facts.embedding else { return String::new() };
    let care = if embedding.trustworthiness.min(embedding.continuity) < WITH_CARE {
        format!(
            " By the table the map has a trustworthiness of {:.2} and a continuity of {:.2}: read it with care.",
            embedding.trustworthiness, embedding.continuity
        )
    } else {
        String::new()
    };
    match embedding.distance_correlation {
        Some(correlation) if correlation < FAR_GROUPS => format!(
            "{care} How far apart groups lie on it says little (rank correlation with the distances in the table \
             {correlation:.2})."
        ),
        _ => care,
    }
}

fn noise(facts: &Facts, kept: &str) -> String {
    let labels = facts.prepared.and_then(|prepared| prepared.label_agreement.zip(facts.codes.label_agreement));
    match labels {
        Some((table, codes)) if facts.aim == Aim::Counts => format!(
            "In a table of raw counts it is mostly totals that make neighbors: {kept}, and neighbors share a label in {} of rows \
             by the codes and in {} by the table.{}",
            percent(codes),
            percent(table),
            map_by_table(facts)
        ),
        Some((table, codes)) => format!(
            "The encoder left out noise rather than structure: {kept}, but neighbors share a label in {} of rows by the codes \
             and in {} by the table.{}",
            percent(codes),
            percent(table),
            map_by_table(facts)
        ),
        None => format!(
            "The order of neighbors in the table is mostly noise, which PCA does not keep either: {kept}.{}",
            map_by_table(facts)
        ),
    }
}
