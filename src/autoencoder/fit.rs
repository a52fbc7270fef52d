//! From options and rows to an autoencoder: the start, the training, and what of it is kept.

use ndarray::ArrayView2;

use super::checkpoint::{Checkpoint, KeepNothing, Keeper};
use super::error::AutoencoderError;
use super::layout::Layout;
use super::metric;
use super::options::{Code, Corruption, LinearPath, Metric, Options, Pretrain, Sparsity};
use super::pretrain;
use super::resolve::Decided;
use super::search::{search, with_size};
use super::sparse::commonest;
use super::start::{Start, start};
use super::train::Trainer;
use super::{Autoencoder, Fitted};
use crate::event::{Event, Observer};
use crate::pca::Pca;
use crate::seed::Seed;
use crate::split::Split;
use crate::value::Auto;

/// Trains an autoencoder with resolved `options` on the training rows of `data`.
///
/// The held-out rows decide when to stop and which epoch's weights are kept. With `linear_path: pca` and a plain code
/// trained on clean rows with squared error or cross-entropy, only epochs whose held-out squared error is at most that of
/// principal component analysis are eligible; where there is none, the principal axes themselves are returned.
///
/// `code_size: auto` is decided here, by short trainings whose evidence is kept in the history;
/// [`Autoencoder::options`] then has the size.
///
/// # Errors
/// Options that hold another `auto`; a loss that is not finite any more; an observer that asked to stop.
///
/// # Panics
/// If `split` names rows that `data` does not have.
pub fn fit(
    data: ArrayView2<f32>,
    split: &Split,
    options: &Options,
    seed: Seed,
    observer: &mut Observer<'_>,
) -> Result<Fitted, AutoencoderError> {
    fit_kept(data, split, options, seed, Checkpoint::default(), &mut KeepNothing, observer)
}

/// [`fit`], going on from where a checkpoint stands and handing out new ones. What comes out is the same to the last bit,
/// whatever the number of checkpoints between. One that does not belong to such a training is not used, which is said.
///
/// # Errors
/// Those of [`fit`]; when the observer asks to stop, the last checkpoint is handed out first.
pub fn fit_kept(
    data: ArrayView2<f32>,
    split: &Split,
    options: &Options,
    seed: Seed,
    from: Checkpoint,
    keeper: &mut dyn Keeper,
    observer: &mut Observer<'_>,
) -> Result<Fitted, AutoencoderError> {
    if options.code_size != Some(Auto::Auto) {
        return fit_given(data, split, options, seed, from, keeper, observer);
    }
    let tried = match &from {
        Checkpoint::Searching(tried) => tried.clone(),
        Checkpoint::Training(standing) => standing.history.code_sizes.clone(),
    };
    let (size, tried) = search(&data, split, options, seed, tried, keeper, observer)?;
    let from = match from {
        Checkpoint::Training(standing) if standing.history.code_sizes == tried => Checkpoint::Training(standing),
        _ => Checkpoint::Searching(tried),
    };
    fit_given(data, split, &with_size(options, size, None), seed, from, keeper, observer)
}

/// [`fit_kept`] for a code of given size.
pub(super) fn fit_given(
    data: ArrayView2<f32>,
    split: &Split,
    options: &Options,
    seed: Seed,
    from: Checkpoint,
    keeper: &mut dyn Keeper,
    observer: &mut Observer<'_>,
) -> Result<Fitted, AutoencoderError> {
    options.check()?;
    let decided = Decided::of(options)?;
    let mut layout = Layout::of(options, data.ncols())?;
    let pca = Pca::fit(data, &split.training, decided.code_size, seed);
    let pca_mse = pca.held_out_error(data, &split.validation);
    let Start { scaling, parameters } = start(options, &layout, data, &split.training, &pca, seed);
    layout.common = commonest(options, &layout, &scaling, data, &split.training);
    let from = fitting(from, parameters.len(), observer);
    let parameters = match (options.pretrain, &from) {
        (Pretrain::Layerwise, Checkpoint::Searching(_)) if decided.hidden.len() > 1 => {
            pretrain::grow(&data, split, options, &layout, parameters, seed, observer)?
        }
        _ => parameters,
    };
    let mut trainer = Trainer::new(data.view(), split, options, &decided, layout, scaling, parameters, seed);
    let mut course = trainer.run(pca_mse, from, keeper, observer)?;
    if let Some(best) = &course.best {
        trainer.parameters.copy_from_slice(best);
        trainer.find(&pca, &mut course.history);
    }
    let autoencoder = match course.best {
        None => Autoencoder::principal(options.clone(), &pca, decided.code_size),
        Some(mut parameters) => {
            if options.metric == Metric::Rows {
                metric::turn(&trainer.layout, &trainer.scaling, &mut parameters, data, &split.training);
            }
            Autoencoder::trained(options.clone(), trainer.layout, trainer.scaling, parameters)
        }
    };
    Ok(Fitted { autoencoder, history: course.history })
}

/// The checkpoint if a network of so many parameters can take it up, or the start; the observer is told.
fn fitting(from: Checkpoint, parameters: usize, observer: &mut Observer<'_>) -> Checkpoint {
    let Checkpoint::Training(standing) = from else { return from };
    // the wish to stop is heard again at the next step
    if standing.is_whole(parameters) {
        let _ = observer(Event::Note(format!("training goes on after {} epochs", standing.epoch - 1)));
        Checkpoint::Training(standing)
    } else {
        let _ = observer(Event::Note("the checkpoint is of another training, which begins again".to_owned()));
        Checkpoint::Searching(standing.history.code_sizes)
    }
}

/// The parameters after training a stage of its own, whose start `carry` changes.
pub(super) fn fit_from(
    data: ArrayView2<f32>,
    split: &Split,
    options: &Options,
    seed: Seed,
    carry: &dyn Fn(&mut [f32]),
    observer: &mut Observer<'_>,
) -> Result<Vec<f32>, AutoencoderError> {
    let decided = Decided::of(options)?;
    let mut layout = Layout::of(options, data.ncols())?;
    let pca = Pca::fit(data, &split.training, decided.code_size, seed);
    let Start { scaling, mut parameters } = start(options, &layout, data, &split.training, &pca, seed);
    layout.common = commonest(options, &layout, &scaling, data, &split.training);
    carry(&mut parameters);
    let mut trainer = Trainer::new(data.view(), split, options, &decided, layout, scaling, parameters, seed);
    // Here nothing is promised: the best epoch counts, whatever principal component analysis can do.
    let course = trainer.run(f64::INFINITY, Checkpoint::default(), &mut KeepNothing, observer)?;
    Ok(course.best.unwrap_or(trainer.parameters))
}

/// Whether the promise holds that the result is no worse than principal component analysis.
pub(super) fn promises(options: &Options) -> bool {
    options.linear_path == LinearPath::Pca
        && options.code == Code::Plain
        && options.sparsity == Sparsity::None
        && options.corruption == Corruption::None
        && !options.loss.is_for_counts()
}
