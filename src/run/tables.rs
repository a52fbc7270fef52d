//! The tables of the report: measures of a run, ours beside PCA's.

use super::Metrics;
use super::publish::grouped;
use crate::autoencoder::{Activity, Denoising, Elbo, ElboParts};
use crate::evaluate::{FeatureError, Measures, Reconstruction};
use crate::report::{Better, MeasureColumn, MeasureRow, MeasureTable};

/// The tables of measures of a run: reconstruction and faithfulness, ours beside PCA's, and what the kind of autoencoder adds.
pub(super) fn of(metrics: &Metrics, size: usize) -> Vec<MeasureTable> {
    let mut tables = Vec::new();
    if let Some(reconstruction) = &metrics.reconstruction {
        let row = |name: &str, meaning: &str, ours: Option<f64>, pca: Option<f64>, better| MeasureRow {
            name: name.to_owned(),
            meaning: meaning.to_owned(),
            values: vec![ours, pca],
            better,
        };
        tables.push(MeasureTable {
            title: "Reconstruction".to_owned(),
            note: format!(
                "On {} held-out rows, per value of the prepared table. These rows never trained, but they chose the epoch \
                 that was kept, so the values are a little on the good side for the codes.",
                grouped(reconstruction.rows)
            ),
            columns: vec![column(&format!("codes ({size})"), 0), column(&format!("PCA-{size}"), 0)],
            rows: vec![
                row(
                    "squared error",
                    "mean square of what was lost",
                    Some(reconstruction.mse),
                    reconstruction.pca_mse,
                    Better::Lower,
                ),
                row(
                    "variance explained",
                    "share of the variance that was kept",
                    reconstruction.variance_explained,
                    reconstruction.pca_variance_explained,
                    Better::Higher,
                ),
            ],
        });
    }
    if let Some(reconstruction) = metrics.reconstruction.as_ref().filter(|found| !found.worst_features.is_empty()) {
        tables.push(worst_features(reconstruction));
    }
    if let Some(training) = &metrics.training {
        tables.extend(training.history.denoising.as_ref().map(|found| denoising(found, size)));
        tables.extend(training.history.variational.as_ref().map(bound));
        tables.extend(training.history.activity.as_ref().map(activity));
    }
    if let Some(found) = &metrics.faithfulness {
        let mut spaces: Vec<(String, &Measures)> =
            vec![(format!("codes ({size})"), &found.codes), (format!("PCA-{size}"), &found.pca)];
        if let Some(embedding) = &found.embedding {
            spaces.push(("map".to_owned(), embedding));
            spaces.push(("PCA-2".to_owned(), &found.pca_embedding));
        }
        if let Some(step) = &found.embedding_from_codes {
            spaces.push(("codes → map".to_owned(), step));
        }
        let row = |name: &str, meaning: &str, value: &dyn Fn(&Measures) -> Option<f64>| MeasureRow {
            name: name.to_owned(),
            meaning: meaning.to_owned(),
            values: spaces.iter().map(|(_, measures)| value(measures)).collect(),
            better: Better::Higher,
        };
        let rows = vec![
            row("trustworthiness", "neighbors after were near before", &|measures| Some(measures.trustworthiness)),
            row("continuity", "neighbors before are near after", &|measures| Some(measures.continuity)),
            row("kNN recall", "nearest neighbors that stayed nearest", &|measures| Some(measures.knn_recall)),
            row("distance correlation", "rank correlation of all distances", &|measures| measures.distance_correlation),
            row("label agreement", "rows whose neighbors share their label", &|measures| measures.label_agreement),
            row("class neighbors", "neighboring classes that stayed so", &|measures| {
                measures.class_neighbor_preservation
            }),
            row("silhouette", "how far apart the classes lie", &|measures| measures.silhouette),
        ];
        let measured = if found.codes.sampled { "a seeded sample of " } else { "" };
        let step = match found.embedding_from_codes {
            Some(_) => " The last column compares the map with the codes, all others compare with the prepared table.",
            None => "",
        };
        let among_all = found.embedding_among_all.as_ref().map_or_else(String::new, |among| {
            let agreement = among.label_agreement.map_or_else(String::new, |agreement| {
                format!(", and the label agreement of the map is {agreement:.3}")
            });
            format!(
                " Looked for among all {} rows, {:.3} of the nearest codes are nearest on the map{agreement}.",
                grouped(among.total_rows),
                among.knn_recall
            )
        });
        let labels = found.prepared.label_agreement.map_or_else(String::new, |agreement| {
            let chance = found.prepared.largest_class.map_or_else(String::new, |share| {
                format!("; the largest class has {share:.3} of the rows, which guessing it everywhere would agree with")
            });
            let of = metrics.scored_label.as_ref().map_or_else(String::new, |label| {
                format!(" Label agreement is that of `{label}`, the first label of classes.")
            });
            format!("{of} In the prepared table itself it is {agreement:.3}{chance}.")
        });
        tables.push(MeasureTable {
            title: "Faithfulness to the prepared table".to_owned(),
            note: format!(
                "{} nearest neighbors, on {measured}{} rows.{step}{among_all}{labels}",
                found.codes.neighbors,
                grouped(found.codes.rows)
            ),
            columns: spaces.iter().enumerate().map(|(place, (name, _))| column(name, place / 2)).collect(),
            rows: rows.into_iter().filter(|row| row.values.iter().any(Option::is_some)).collect(),
        });
    }
    tables
}

fn row(name: &str, meaning: &str, values: Vec<Option<f64>>, better: Better) -> MeasureRow {
    MeasureRow { name: name.to_owned(), meaning: meaning.to_owned(), values, better }
}

/// How much of the noise a denoising autoencoder takes away.
fn denoising(found: &Denoising, size: usize) -> MeasureTable {
    let removed = |left: f64| (found.noisy > 0.0).then(|| 1.0 - left / found.noisy);
    let errors = vec![Some(found.cleaned), Some(found.pca), Some(found.noisy)];
    let shares = vec![removed(found.cleaned), removed(found.pca), None];
    MeasureTable {
        title: "Noise reduction".to_owned(),
        note: format!(
            "{} held-out rows, corrupted as in training, cleaned, and compared with themselves before.",
            grouped(found.rows)
        ),
        columns: vec![column("autoencoder", 0), column(&format!("PCA-{size}"), 0), column("not cleaned", 1)],
        rows: vec![
            row("squared error", "per value, from the clean row", errors, Better::Lower),
            row("noise removed", "share of the noise's squared error that is gone", shares, Better::Higher),
        ],
    }
}

/// The bound on the likelihood and its parts.
fn bound(found: &Elbo) -> MeasureTable {
    let both = |of: &dyn Fn(&ElboParts) -> f64| vec![Some(of(&found.held_out)), Some(of(&found.training))];
    MeasureTable {
        title: "Evidence lower bound".to_owned(),
        note: format!(
            "In nats per row, with one draw of the code per row. {} of {} nodes carry something (variance of their mean above \
             0.01).",
            found.active_units,
            found.mean_variances.len()
        ),
        columns: vec![
            column(&format!("{} held-out rows", grouped(found.held_out.rows)), 0),
            column(&format!("{} training rows", grouped(found.training.rows)), 1),
        ],
        rows: vec![
            row("bound", "log-likelihood less divergence", both(&|parts| parts.elbo), Better::Neither),
            row("log-likelihood", "of a row, given its code", both(&|parts| parts.log_likelihood), Better::Neither),
            row("divergence", "of the code from the standard normal", both(&|parts| parts.divergence), Better::Neither),
        ],
    }
}

/// How many nodes of a sparse code are active.
fn activity(found: &Activity) -> MeasureTable {
    let [least, low, middle, high, most] = found.by_row;
    let one = |name: &str, meaning: &str, value: Option<f64>| row(name, meaning, vec![value], Better::Neither);
    let mut rows = vec![
        one("active nodes", "share of all nodes of all rows", Some(found.active)),
        one("least of a row", "", Some(least)),
        one("lower quartile", "", Some(low)),
        one("median", "", Some(middle)),
        one("upper quartile", "", Some(high)),
        one("most of a row", "", Some(most)),
        one("dead nodes", "active in no row", Some(found.dead_nodes as f64)),
    ];
    if let Some(wanted) = found.wanted {
        rows.insert(1, one("wanted", "by `sparsity`", Some(wanted)));
    }
    MeasureTable {
        title: "Activity of the code".to_owned(),
        note: format!(
            "On {} held-out rows; the share of rows in which each node is active is drawn below.",
            grouped(found.rows)
        ),
        columns: vec![column("value", 0)],
        rows,
    }
}

/// The features that are rebuilt worst, by name.
fn worst_features(reconstruction: &Reconstruction) -> MeasureTable {
    let row = |feature: &FeatureError| MeasureRow {
        name: feature.feature.clone(),
        meaning: String::new(),
        values: vec![Some(feature.mse), feature.variance_explained],
        better: Better::Neither,
    };
    MeasureTable {
        title: "Features with the largest errors".to_owned(),
        note: "On the same held-out rows. Below 0 the feature's mean would have been nearer.".to_owned(),
        columns: vec![column("squared error", 0), column("variance explained", 1)],
        rows: reconstruction.worst_features.iter().map(row).collect(),
    }
}

/// A column of a table of measures; those of one group compete.
fn column(name: &str, group: usize) -> MeasureColumn {
    MeasureColumn { name: name.to_owned(), group }
}
