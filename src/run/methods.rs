//! What a run did, as the plain facts of its paragraph for a paper.

use super::Metrics;
use crate::autoencoder::{self, Activation, Code, Corruption, LinearPath, Loss, Pretrain, Sparsity, Tied};
use crate::embed::{self, Dimensions, Engine};
use crate::pipeline::Pipeline;
use crate::prepare::{Step, Variability};
use crate::report::methods::{self, LayoutFacts, MethodsFacts, Repulsion, Start};
use crate::split::SplitBy;
use crate::value::{Auto, Switch};

/// The paragraph of a run with `rows` rows; `None` where nothing was trained.
pub(super) fn of(plan: &Pipeline, metrics: &Metrics, rows: usize, code_size: usize) -> Option<methods::Methods> {
    let training = metrics.training.as_ref()?;
    let options = &training.options;
    let history = &training.history;
    let layout = match (&plan.tsne, &metrics.embedding) {
        (Switch::On(tsne), Some(embedding)) => Some(layout(tsne, embedding.iterations)),
        _ => None,
    };
    let linear_path = match options.linear_path {
        LinearPath::Pca => methods::LinearPath::PrincipalAxes,
        LinearPath::None => methods::LinearPath::None,
    };
    let untouched = history.best_epoch == 0
        && linear_path == methods::LinearPath::PrincipalAxes
        && matches!(options.code, Code::Plain);
    let facts = MethodsFacts {
        program: format!("reduce {}", env!("CARGO_PKG_VERSION")),
        rows,
        features: training.account.columns_used,
        excluded: training.account.unused.iter().filter(|unused| unused.reason.starts_with("excluded")).count(),
        row_word: String::new(),
        preparation: training.described.iter().map(|step| told_fully(step, &training.steps)).collect(),
        hidden: match &options.hidden {
            Auto::Given(hidden) => hidden.clone(),
            Auto::Auto => Vec::new(),
        },
        code_size,
        code_size_searched: history.code_sizes.len(),
        activation: activation(options.activation).to_owned(),
        loss: loss(options.loss).to_owned(),
        linear_path,
        tied: options.tied == Tied::Tied,
        layerwise: options.pretrain == Pretrain::Layerwise,
        principal: untouched,
        corruption: corruption(options.corruption),
        variational: match &options.code {
            Code::Plain => None,
            Code::Variational(variational) => Some(variational.beta.get()),
        },
        sparsity: sparsity(options.sparsity),
        batch_size: options.training.batch_size.given().unwrap_or(0),
        learning_rate: options.training.learning_rate.given().map_or(0.0, |rate| rate.get()),
        weight_decay: options.training.weight_decay.given().map_or(0.0, |decay| decay.get()),
        epochs: history.epochs.len().saturating_sub(1),
        best_epoch: history.best_epoch,
        held_out: training.rows.1,
        held_out_by: match &options.training.split_by {
            SplitBy::Random => None,
            SplitBy::Stratified(label) => Some(format!("the same share of each class of `{label}`")),
            SplitBy::Grouped(label) => Some(format!("whole groups by `{label}`")),
        },
        layout,
        faithfulness: metrics.faithfulness.as_ref().map(|found| (found.codes.rows, found.codes.neighbors)),
        labels: metrics.faithfulness.as_ref().is_some_and(|found| found.codes.label_agreement.is_some()),
        seed: plan.seed.0,
    };
    Some(methods::methods(&facts))
}

/// A step as a methods section needs it: by what features were chosen.
fn told_fully(described: &str, steps: &[Step]) -> String {
    let chosen = steps.iter().find_map(|step| match step {
        Step::TopVariable(options) if described.starts_with("top_variable:") => Some(options.method),
        _ => None,
    });
    match chosen {
        None => described.to_owned(),
        Some(Variability::Variance) => format!("{described}, those of the largest variance"),
        Some(Variability::Dispersion) => {
            format!("{described}, by their dispersion within bins of the mean (Satija et al. 2015)")
        }
        Some(Variability::SeuratV3) => {
            format!("{described}, by the variance of standardized counts (Stuart et al. 2019)")
        }
    }
}

fn layout(tsne: &embed::Options, iterations: usize) -> LayoutFacts {
    let linfa = tsne.engine == Engine::Linfa;
    LayoutFacts {
        perplexity: tsne.perplexities(),
        dimensions: match tsne.dimensions {
            Dimensions::One => 1,
            Dimensions::Two => 2,
        },
        iterations,
        start: match &tsne.start {
            _ if linfa => Start::Random,
            embed::Start::Pca => Start::PrincipalAxes,
            embed::Start::Random => Start::Random,
            embed::Start::From(_) => Start::EarlierRun,
        },
        repulsion: match tsne.engine {
            Engine::Exact => Repulsion::Exact,
            Engine::BarnesHut => Repulsion::BarnesHut,
            Engine::Linfa => Repulsion::Linfa,
            Engine::Auto | Engine::Interpolation => Repulsion::Interpolation,
        },
        exaggeration: match tsne.start {
            embed::Start::From(_) if !linfa => embed::gentle(tsne.early_exaggeration),
            _ => tsne.early_exaggeration.get(),
        },
        late_exaggeration: tsne.late_exaggeration.get(),
        learning_rate: tsne.learning_rate.given().map_or(0.0, |rate| rate.get()),
    }
}

fn activation(activation: Activation) -> &'static str {
    match activation {
        Activation::Relu => "ReLU",
        Activation::Gelu => "GELU",
        Activation::Elu => "ELU",
        Activation::Tanh => "tanh",
        Activation::Sigmoid => "sigmoid",
    }
}

fn loss(loss: Loss) -> &'static str {
    match loss {
        Loss::Auto | Loss::Mse => "mean squared error",
        Loss::Bce => "binary cross-entropy",
        Loss::Poisson => "Poisson likelihood",
        Loss::Nb => "negative binomial likelihood",
        Loss::Zinb => "zero-inflated negative binomial likelihood",
    }
}

fn corruption(corruption: Corruption) -> Option<String> {
    match corruption {
        Corruption::None => None,
        Corruption::Gaussian { sd } => Some(format!("Gaussian noise (standard deviation {sd})")),
        Corruption::Mask { fraction } => Some(format!("masking of a fraction {fraction} of the values")),
        Corruption::SaltAndPepper { fraction } => {
            Some(format!("salt-and-pepper noise on a fraction {fraction} of the values"))
        }
    }
}

fn sparsity(sparsity: autoencoder::Sparsity) -> Option<String> {
    match sparsity {
        Sparsity::None => None,
        Sparsity::L1 { weight } => Some(format!("an L1 penalty of weight {weight}")),
        Sparsity::Kl { target, weight } => {
            Some(format!("a Kullback-Leibler penalty of weight {weight} to a mean activation of {target}"))
        }
        Sparsity::Active(fraction) => Some(format!("an L1 penalty searched for a fraction {fraction} of active nodes")),
    }
}
