//! Figures of a training: its losses by epoch, their parts, the code sizes tried, the activity of the code.

use super::TrainingRecord;
use crate::autoencoder::{EpochRecord, Loss};
use crate::error::Result;
use crate::plot;

/// `training.svg`.
///
/// # Errors
/// If drawing fails.
pub(super) fn training(record: &TrainingRecord, name: &str) -> Result<String> {
    let history = &record.history;
    let by_error = record.options.loss == Loss::Mse;
    let epochs: Vec<usize> = history.epochs.iter().map(|epoch| epoch.epoch).collect();
    let per_value = |loss: f64| if by_error { loss / record.features as f64 } else { loss };
    let training: Vec<f64> =
        history.epochs.iter().map(|epoch| epoch.training_loss.map_or(f64::NAN, per_value)).collect();
    let validation: Vec<f64> = history
        .epochs
        .iter()
        .map(|epoch| if by_error { epoch.validation_mse } else { epoch.validation_loss })
        .collect();
    let size = record.options.code_size.and_then(crate::value::Auto::given).unwrap_or_default();
    let reference = format!("PCA of {size}");
    let curve = plot::svg::TrainingCurve {
        title: format!("{name}: training"),
        caption: format!(
            "Held-out squared error per value {:.4} after epoch {}; PCA of {size}: {:.4}",
            history.validation_mse, history.best_epoch, history.pca_validation_mse
        ),
        loss: if by_error { "squared error per value" } else { "loss per row" },
        epochs: &epochs,
        training: &training,
        validation: &validation,
        best_epoch: Some(history.best_epoch),
        reference: by_error.then_some((reference.as_str(), history.pca_validation_mse)),
        theme: plot::Theme::Light,
    };
    Ok(plot::svg::training(&curve)?)
}

/// What else there is to see of a training: the code sizes tried, and the parts of a loss that has several.
///
/// # Errors
/// If drawing fails.
pub(super) fn of_training(record: &TrainingRecord) -> Result<Vec<(&'static str, String)>> {
    let history = &record.history;
    let mut figures = Vec::new();
    if !history.code_sizes.is_empty() {
        let sizes: Vec<usize> = history.code_sizes.iter().map(|size| size.code_size).collect();
        let errors: Vec<f64> = history.code_sizes.iter().map(|size| size.validation_mse).collect();
        let pca: Vec<f64> = history.code_sizes.iter().map(|size| size.pca_validation_mse).collect();
        let curve = plot::svg::SearchCurve {
            title: "The search for a code size".to_owned(),
            caption: "Held-out error of each size after a short training.".to_owned(),
            error_name: "held-out squared error per value",
            sizes: &sizes,
            errors: &errors,
            pca_errors: &pca,
            chosen: record.options.code_size.and_then(crate::value::Auto::given),
            theme: plot::Theme::Light,
        };
        figures.push(("code_sizes.svg", plot::svg::search(&curve)?));
    }
    if let Some(activity) = history.activity.as_ref().filter(|activity| !activity.by_node.is_empty()) {
        let figure = plot::svg::NodeActivity {
            title: "How often each node is active".to_owned(),
            caption: match activity.dead_nodes {
                1 => format!("On {} held-out rows; 1 node is active in none.", activity.rows),
                dead => format!("On {} held-out rows; {dead} nodes are active in none.", activity.rows),
            },
            active: &activity.by_node,
            wanted: activity.wanted,
            theme: plot::Theme::Light,
        };
        figures.push(("activity.svg", plot::svg::node_activity(&figure)?));
    }
    let epochs: Vec<usize> = history.epochs.iter().map(|epoch| epoch.epoch).collect();
    let part = |of: &dyn Fn(&EpochRecord) -> Option<f64>| -> Vec<f64> {
        history.epochs.iter().map(|epoch| of(epoch).unwrap_or(f64::NAN)).collect()
    };
    let optional = [
        ("divergence from the standard normal, nats per row", part(&|epoch| epoch.divergence)),
        ("price of sparsity, per row", part(&|epoch| epoch.penalty)),
        ("share of active nodes", part(&|epoch| epoch.active)),
    ];
    let mut parts: Vec<(&str, Vec<f64>)> =
        optional.into_iter().filter(|(_, values)| values.iter().any(|value| value.is_finite())).collect();
    if !parts.is_empty() {
        parts.insert(0, ("reconstruction, per row", part(&|epoch| Some(epoch.reconstruction))));
        let figure = plot::svg::LossParts {
            title: "What the loss is made of".to_owned(),
            caption: "On held-out rows; the dot is the epoch that was kept.".to_owned(),
            epochs: &epochs,
            parts: &parts,
            best_epoch: history.best_epoch,
            theme: plot::Theme::Light,
        };
        figures.push(("parts.svg", plot::svg::loss_parts(&figure)?));
    }
    Ok(figures)
}
