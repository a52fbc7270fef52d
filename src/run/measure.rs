//! What each step lost: reconstruction beside PCA, faithfulness, reliability, and a verdict.

use ndarray::s;
use serde::{Deserialize, Serialize};

use super::Faithfulness;
use super::data::Data;
use super::looks::Looks;
use super::work::{Coded, LaidOut, Trained, gather};
use crate::autoencoder::{self, Code, Sparsity};
use crate::error::{Error, Result};
use crate::evaluate::{self, Aim, Pair, Reconstruction, Space};
use crate::event::Observer;
use crate::neighbors::Neighbors;
use crate::pca::Pca;
use crate::pipeline::Pipeline;
use crate::table;
use crate::value::Switch;

/// Rows that are reconstructed at once while errors are measured.
const BLOCK: usize = 4_096;

/// What was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Held-out error beside PCA.
    pub reconstruction: Option<Reconstruction>,
    /// Neighborhoods kept.
    pub faithfulness: Option<Faithfulness>,
    /// The label whose agreement was measured.
    #[serde(default)]
    pub scored_label: Option<String>,
    /// What that means.
    pub verdict: Vec<String>,
    /// Every row's reconstruction error: mean square per value.
    pub row_errors: Vec<f32>,
    /// Every point's reliability; empty where nothing was laid out.
    pub reliability: Vec<f32>,
    /// What the figures show.
    pub looks: Looks,
}

/// Measures a run; `near` are the nearest codes of every row, where they are known.
///
/// # Errors
/// If a space holds a number that is not finite, or the observer asks to stop.
pub(super) fn measure(
    pipeline: &Pipeline,
    trained: &Trained,
    coded: &Coded,
    laid_out: Option<&LaidOut>,
    near: Option<&Neighbors>,
    data: &Data,
    observer: &mut Observer<'_>,
) -> Result<Measured> {
    let autoencoder = &trained.model.autoencoder;
    let prepared = data.prepared.view();
    let row_errors = autoencoder.reconstruction_errors(prepared);
    let pca = Pca::fit(prepared, &data.split.training, autoencoder.code_size(), pipeline.seed);
    let points = laid_out.map(|laid_out| laid_out.points.view());
    let looks = Looks::of(data, autoencoder, coded.codes.view(), points, &pca, pipeline.seed);
    let Switch::On(options) = &pipeline.evaluate else {
        return Ok(Measured {
            reconstruction: None,
            faithfulness: None,
            scored_label: None,
            verdict: Vec::new(),
            row_errors,
            reliability: Vec::new(),
            looks,
        });
    };
    let (mut ours, mut theirs) = (evaluate::Errors::new(prepared.ncols()), evaluate::Errors::new(prepared.ncols()));
    for rows in data.split.validation.chunks(BLOCK) {
        let rows = gather(prepared, rows);
        ours.add(rows.view(), autoencoder.reconstruct(rows.view()).view());
        theirs.add(rows.view(), pca.reconstruct(pca.project(rows.view()).view()).view());
    }
    let reconstruction = Reconstruction::new(&ours, Some(&theirs), data.preparation.features());
    let projected = pca.project(prepared);
    let plane = projected.slice(s![.., ..projected.ncols().min(2)]);
    let mut spaces = vec![
        Space { name: "prepared", points: prepared },
        Space { name: "codes", points: coded.codes.view() },
        Space { name: "pca", points: projected.view() },
        Space { name: "pca_embedding", points: plane },
    ];
    let mut pairs: Vec<Pair> = (0..4).map(|after| Pair { before: 0, after }).collect();
    if let Some(laid_out) = laid_out {
        spaces.push(Space { name: "embedding", points: laid_out.points.view() });
        pairs.extend([Pair { before: 0, after: 4 }, Pair { before: 1, after: 4 }]);
    }
    let classes = coded.rows.labels.iter().find_map(|label| match &label.values {
        table::LabelValues::Classes { of_row, .. } => Some((&label.name, of_row.as_slice())),
        table::LabelValues::Numbers(_) => None,
    });
    let labels = classes.map(|(_, of_row)| of_row);
    let mut measures = evaluate::compare(&spaces, &pairs, labels, options, pipeline.seed, observer)?.into_iter();
    let mut next = || measures.next().ok_or_else(|| Error::failure("a measure is missing"));
    let (prepared_itself, codes, pca_measures, pca_embedding) = (next()?, next()?, next()?, next()?);
    let (embedding, embedding_from_codes) =
        if laid_out.is_some() { (Some(next()?), Some(next()?)) } else { (None, None) };
    let embedding_among_all = match (laid_out, near) {
        (Some(laid_out), Some(near)) => {
            let map = Space { name: "embedding", points: laid_out.points.view() };
            evaluate::among_all(near, map, labels, options, pipeline.seed)?
        }
        _ => None,
    };
    let reliability = match laid_out {
        Some(laid_out) => evaluate::reliability(
            // the codes' neighbors, not the table's: those of a wide table are mostly noise
            Space { name: "codes", points: coded.codes.view() },
            Space { name: "embedding", points: laid_out.points.view() },
            options,
            pipeline.seed,
            observer,
        )?,
        None => Vec::new(),
    };
    let verdict = evaluate::verdict(&evaluate::Facts {
        code_size: autoencoder.code_size(),
        reconstruction: reconstruction.as_ref(),
        prepared: Some(&prepared_itself),
        codes: &codes,
        embedding_of_codes: embedding_from_codes.as_ref(),
        pca: Some(&pca_measures),
        embedding: embedding.as_ref(),
        pca_embedding: Some(&pca_embedding),
        noise: trained.record.history.denoising.as_ref().map(|found| evaluate::Noise {
            noisy: found.noisy,
            cleaned: found.cleaned,
            pca: found.pca,
        }),
        aim: match trained.record.options {
            ref options if options.loss.is_for_counts() => Aim::Counts,
            autoencoder::Options { code: Code::Variational(_), .. } => Aim::Distribution,
            autoencoder::Options { sparsity, .. } if sparsity != Sparsity::None => {
                Aim::Sparse(trained.record.history.activity.as_ref().map_or(1.0, |found| found.active))
            }
            _ => Aim::Error,
        },
    });
    let faithfulness = Faithfulness {
        codes,
        embedding,
        embedding_from_codes,
        embedding_among_all,
        pca: pca_measures,
        pca_embedding,
        prepared: prepared_itself,
    };
    Ok(Measured {
        reconstruction,
        faithfulness: Some(faithfulness),
        scored_label: classes.map(|(name, _)| name.clone()),
        verdict,
        row_errors,
        reliability,
        looks,
    })
}
