//! Two or three sentences: was the autoencoder worth it, where were neighborhoods lost, what to try.

mod lost;

use crate::evaluate::Measures;
use crate::evaluate::Reconstruction;

use lost::{Lost, where_lost};

/// What is known when a verdict is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// How many numbers a code has.
    pub code_size: usize,
    /// Errors on held-out rows; `None` for codes whose decoder is not at hand.
    pub reconstruction: Option<&'a Reconstruction>,
    /// The prepared table beside itself, for the agreement of its labels with its neighbors.
    pub prepared: Option<&'a Measures>,
    /// The codes beside the prepared table.
    pub codes: &'a Measures,
    /// PCA of the code's size beside the prepared table.
    pub pca: Option<&'a Measures>,
    /// The embedding beside the prepared table.
    pub embedding: Option<&'a Measures>,
    /// The embedding beside the codes.
    pub embedding_of_codes: Option<&'a Measures>,
    /// Two principal components beside the prepared table.
    pub pca_embedding: Option<&'a Measures>,
    /// What a denoising model does to noise; `None` for all others.
    pub noise: Option<Noise>,
    /// What was trained.
    pub aim: Aim,
}

/// What a model was trained for, beside which its squared error is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aim {
    /// The error itself (or cross-entropy, which falls with it).
    Error,
    /// The likelihood of counts.
    Counts,
    /// Codes that follow a distribution, at the price of some error.
    Distribution,
    /// Codes of which few nodes are active, at the price of some error; the fraction that is active in a row.
    Sparse(f64),
}

impl Aim {
    /// For what a kind of code gives up error.
    fn gives_up(self) -> Option<String> {
        match self {
            Self::Distribution => Some(
                "a variational code gives up error so that new rows can be drawn from it; a smaller `beta` gives up less"
                    .to_owned(),
            ),
            Self::Sparse(active) => Some(format!(
                "a sparse code gives up error so that few nodes are active, here {} in a row; a smaller weight or a larger \
                 fraction gives up less",
                percent(active)
            )),
            Self::Error | Self::Counts => None,
        }
    }
}

/// Squared distances per value from clean held-out rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Of the rows with noise.
    pub noisy: f64,
    /// Of what the model makes of them.
    pub cleaned: f64,
    /// Of what PCA of the code's size makes of them.
    pub pca: f64,
}

/// Errors within 5 % of PCA's are called as good: on held-out sets of some hundred rows, other splits
/// move the ratio by a few percent.
const SAME_ERROR: f64 = 0.05;
/// Shares of kept neighbors within 0.02 are called as good: with 10 neighbors and 1,000 rows the standard
/// error of such a share is near 0.01.
const SAME_RECALL: f64 = 0.02;
/// On fewer held-out rows than this an error says little, and the verdict names their number.
const FEW_ROWS: usize = 30;
/// Label agreement that falls by more than this between codes and map means groups that the codes keep
/// apart overlap on the map: one row in twenty changes sides.
const LABELS_LOST: f64 = 0.05;

/// Two or three plain sentences, the most important first.
#[must_use]
pub fn verdict(facts: &Facts) -> Vec<String> {
    let standing = Standing::of(facts);
    let mut sentences = vec![beside_pca(facts, standing)];
    let lost = Lost::of(facts);
    let cleaning = facts.noise.and_then(|noise| cleaning(noise, facts.code_size));
    // a model that was trained to clean is judged by that first, and advice on clean rows would mislead
    let advice = if cleaning.is_some() { None } else { advice(facts, standing, lost) };
    if let Some(cleaning) = cleaning {
        let without = format!("Without noise: {}", sentences[0]);
        sentences = vec![cleaning, without];
    }
    sentences.extend(lost.map(|lost| where_lost(facts, lost)));
    sentences.extend(advice);
    sentences
}

/// How the code stands beside PCA of its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Better,
    /// The same error, but more neighbors kept.
    CloserNeighbors,
    Same,
    Worse,
    Unknown,
}

impl Standing {
    fn of(facts: &Facts) -> Self {
        let recall = facts.pca.map(|pca| facts.codes.knn_recall - pca.knn_recall);
        let by_recall = match recall {
            Some(gain) if gain > SAME_RECALL => Self::CloserNeighbors,
            Some(gain) if gain < -SAME_RECALL => Self::Worse,
            Some(_) => Self::Same,
            None => Self::Unknown,
        };
        match facts.reconstruction.and_then(|reconstruction| reconstruction.mse_relative_to_pca) {
            Some(ratio) if ratio <= 1.0 - SAME_ERROR => Self::Better,
            Some(ratio) if ratio >= 1.0 + SAME_ERROR => Self::Worse,
            Some(_) if by_recall == Self::CloserNeighbors => Self::CloserNeighbors,
            Some(_) => Self::Same,
            None => by_recall,
        }
    }
}

fn beside_pca(facts: &Facts, standing: Standing) -> String {
    let size = facts.code_size;
    let error = error_beside_pca(facts.reconstruction);
    let neighbors = facts.pca.map(|pca| {
        let (code, pca) = (percent(facts.codes.knn_recall), percent(pca.knn_recall));
        format!("keeps {code} of the {} nearest neighbors where PCA-{size} keeps {pca}", facts.codes.neighbors)
    });
    let but = facts.pca.is_some_and(|pca| pca.knn_recall - facts.codes.knn_recall > SAME_RECALL);
    match (standing, error, neighbors) {
        (Standing::Better, Some(error), Some(neighbors)) => {
            format!(
                "The {size}-number code is better than PCA of its size: {error}, {} it {neighbors}.",
                if but { "but" } else { "and" }
            )
        }
        (Standing::Better, Some(error), None) => {
            format!("The {size}-number code is better than PCA of its size: {error}.")
        }
        (Standing::CloserNeighbors, Some(error), Some(neighbors)) => {
            format!("The {size}-number code loses as much as PCA of its size ({error}) but {neighbors}.")
        }
        (Standing::CloserNeighbors, None, Some(neighbors)) => {
            format!("The {size}-number code is better than PCA of its size: it {neighbors}.")
        }
        (Standing::Same, error, neighbors) => {
            format!(
                "PCA-{size} is as good here{}; consider it.",
                because(error, neighbors.filter(|_| but || facts.reconstruction.is_none()))
            )
        }
        (Standing::Worse, error, neighbors) if facts.aim == Aim::Counts => format!(
            "By squared error, which the likelihood of counts does not train, PCA-{size} is better{}; neighbors among raw counts \
             mostly have the same total: compare codes by their labels, or by `reduce score`, which scales the totals away.",
            because(error, neighbors)
        ),
        (Standing::Worse, error, neighbors) if facts.aim.gives_up().is_some() => format!(
            "PCA-{size} rebuilds rows better{}: {}.",
            because(error, neighbors.filter(|_| facts.reconstruction.is_none())),
            facts.aim.gives_up().unwrap_or_default()
        ),
        (Standing::Worse, error, neighbors) => {
            format!(
                "PCA-{size} is better here{}; use it, or train otherwise.",
                because(error, neighbors.filter(|_| facts.reconstruction.is_none()))
            )
        }
        (Standing::Unknown | Standing::Better | Standing::CloserNeighbors, ..) => format!(
            "The {size}-number code keeps {} of the {} nearest neighbors; there is no PCA beside it to compare with.",
            percent(facts.codes.knn_recall),
            facts.codes.neighbors
        ),
    }
}

/// How much of the noise is gone, beside PCA; `None` where there was none.
fn cleaning(noise: Noise, size: usize) -> Option<String> {
    let removed = |left: f64| 1.0 - left / noise.noisy;
    let (ours, pca) = (removed(noise.cleaned), removed(noise.pca));
    if !(noise.noisy > 0.0 && ours.is_finite() && pca.is_finite()) {
        return None;
    }
    let told = |share: f64| if share < 0.0 { "none".to_owned() } else { percent(share) };
    let end = if ours <= 0.0 && pca <= 0.0 {
        ": clean no rows with either"
    } else if ours > pca + SAME_ERROR {
        ""
    } else if ours < pca - SAME_ERROR {
        ": use PCA to clean these rows"
    } else {
        ": PCA cleans as well"
    };
    Some(format!(
        "Of noise as in training the model removes {} on held-out rows, PCA-{size} {}{end}.",
        told(ours),
        told(pca)
    ))
}

fn because(error: Option<String>, neighbors: Option<String>) -> String {
    let reasons: Vec<String> =
        error.into_iter().chain(neighbors.map(|neighbors| format!("the code {neighbors}"))).collect();
    if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) }
}

fn error_beside_pca(reconstruction: Option<&Reconstruction>) -> Option<String> {
    let reconstruction = reconstruction?;
    let change = 1.0 - reconstruction.mse_relative_to_pca?;
    // a difference that would be written as 0 % is none
    let error = match change {
        change if change.abs() < 0.005 => "the same error".to_owned(),
        change if change > 0.0 => format!("{} less error", percent(change)),
        // PCA as wide as the table loses nothing but what rounding does
        change if change < -1000.0 => "over 1,000 times the error".to_owned(),
        change => format!("{} more error", percent(-change)),
    };
    let kept = match (reconstruction.variance_explained, reconstruction.pca_variance_explained) {
        (Some(own), Some(pca)) if own.max(pca) < 0.005 => ", and neither tells them from their mean".to_owned(),
        (Some(own), Some(pca)) => {
            let (own, pca) = (100.0 * own.max(0.0), 100.0 * pca.max(0.0));
            // two shares near 1 differ in the places that whole percents leave out
            let close = (own.round() - pca.round()).abs() < 0.5 && (own - pca).abs() >= 0.05;
            // what is nearly all is not all
            let nearly_all = [own, pca].iter().any(|share| share.round() >= 100.0 && *share < 99.95);
            let places = usize::from(close || nearly_all);
            format!(", {own:.places$} % of the variance kept against {pca:.places$} %")
        }
        _ => String::new(),
    };
    let rows = match reconstruction.rows {
        rows if rows < FEW_ROWS => format!("only {rows} held-out rows"),
        _ => "held-out rows".to_owned(),
    };
    Some(format!("{error} on {rows}{kept}"))
}

fn advice(facts: &Facts, standing: Standing, lost: Option<Lost>) -> Option<String> {
    let labels = facts.embedding.and_then(|embedding| facts.codes.label_agreement.zip(embedding.label_agreement));
    if let Some((codes, map)) = labels
        && codes - map > LABELS_LOST
    {
        return Some(format!(
            "Rows share the label of their neighbors in {} of cases by their codes but in {} on the map: trust the codes, \
             and try a smaller and a larger `tsne.perplexity`: the better map has the higher label agreement.",
            percent(codes),
            percent(map)
        ));
    }
    // two components of raw counts show their sums, whatever else they keep
    let flat = facts.embedding.zip(facts.pca_embedding).filter(|_| facts.aim != Aim::Counts);
    // neighbors that share a label where those of two components do not are no worse for being others than in the table
    let labels_say_otherwise = |embedding: &Measures, pca: &Measures| {
        embedding.label_agreement.zip(pca.label_agreement).is_some_and(|(map, pca)| map - pca > LABELS_LOST)
    };
    if flat.is_some_and(|(embedding, pca)| {
        embedding.trustworthiness <= pca.trustworthiness && !labels_say_otherwise(embedding, pca)
    }) {
        return Some("The map is no more trustworthy than two principal components: draw those instead.".to_owned());
    }
    let sentence = match (standing, lost) {
        (Standing::Worse, _) if facts.aim == Aim::Error => {
            "Try more `autoencoder.training.max_epochs`, or smaller `autoencoder.hidden` layers where rows are few."
        }
        // there, nodes beyond what `beta` lets pass only add noise: neighbors grow fewer with the size
        (_, Some(Lost::InEncoder | Lost::InBoth)) if facts.aim == Aim::Distribution => return None,
        (_, Some(Lost::InEncoder | Lost::InBoth)) => "A larger `autoencoder.code_size` keeps more of them.",
        (_, Some(Lost::OnMap)) => "Two dimensions cannot hold them all: look neighbors up in the codes.",
        (_, Some(Lost::Hardly | Lost::Noise) | None) => return None,
    };
    Some(sentence.to_owned())
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
