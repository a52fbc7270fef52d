//! The paragraph for a paper: what was done, in past tense, with the works it rests on.

use std::fmt::Write as _;

use crate::plot::text::count;
use crate::plot::text::number;

/// A paragraph and the works it cites, numbered as in the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Methods {
    /// One paragraph.
    pub paragraph: String,
    /// `[1]` is the first.
    pub citations: Vec<String>,
}

/// What was done, as plain facts.
#[derive(Debug, Clone, Default)]
pub struct MethodsFacts {
    /// `reduce 0.1.0`.
    pub program: String,
    /// Rows of the table.
    pub rows: usize,
    /// Features before the preparation.
    pub features: usize,
    /// Features that were excluded by name.
    pub excluded: usize,
    /// What a row is called: `cells`; `rows` where empty.
    pub row_word: String,
    /// The preparation, a clause each: `normalized to 10,000 counts per row`.
    pub preparation: Vec<String>,
    /// Widths of the hidden layers of the encoder.
    pub hidden: Vec<usize>,
    /// Numbers in a code.
    pub code_size: usize,
    /// How many sizes were tried before this one was taken; 0 where it was given.
    pub code_size_searched: usize,
    /// `GELU`.
    pub activation: String,
    /// `mean squared error` or `binary cross-entropy`.
    pub loss: String,
    /// Whether a linear path was set to the principal axes.
    pub linear_path: LinearPath,
    /// Whether the decoder's weights are the encoder's, transposed.
    pub tied: bool,
    /// Whether pairs of layers were trained one after the other before all of them.
    pub layerwise: bool,
    /// Whether no epoch was better than the start, so that the codes are the principal components.
    pub principal: bool,
    /// What was done to the inputs while training: `Gaussian noise (standard deviation 0.2)`.
    pub corruption: Option<String>,
    /// The weight β of the Kullback-Leibler term where the codes are variational.
    pub variational: Option<f64>,
    /// What keeps codes sparse: `an L1 penalty of weight 0.0001`.
    pub sparsity: Option<String>,
    /// The rows of a mini-batch.
    pub batch_size: usize,
    /// The learning rate, as it was.
    pub learning_rate: f64,
    /// The decoupled weight decay; 0 for none.
    pub weight_decay: f64,
    /// Epochs that were trained.
    pub epochs: usize,
    /// The epoch whose weights were kept.
    pub best_epoch: usize,
    /// Rows held out.
    pub held_out: usize,
    /// How they were chosen, where not at random.
    pub held_out_by: Option<String>,
    /// Whether the agreement of labels was measured.
    pub labels: bool,
    /// The layout, where there is one.
    pub layout: Option<LayoutFacts>,
    /// Rows on which faithfulness was measured, and how many neighbors count.
    pub faithfulness: Option<(usize, usize)>,
    /// The seed of all randomness.
    pub seed: u64,
}

/// Whether the encoder and decoder have a direct linear map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinearPath {
    /// Set to the principal axes before training.
    #[default]
    PrincipalAxes,
    /// None.
    None,
}

/// How the map was laid out.
#[derive(Debug, Clone, Default)]
pub struct LayoutFacts {
    /// The perplexities.
    pub perplexity: Vec<f64>,
    /// Dimensions of the map.
    pub dimensions: usize,
    /// Where the points began.
    pub start: Start,
    /// Iterations in all.
    pub iterations: usize,
    /// How repulsive forces were computed.
    pub repulsion: Repulsion,
    /// The early exaggeration factor.
    pub exaggeration: f64,
    /// The factor of the iterations that followed; 1 is plain t-SNE.
    pub late_exaggeration: f64,
    /// The learning rate.
    pub learning_rate: f64,
}

/// Where the points of a map began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// On the first principal axes of the codes.
    #[default]
    PrincipalAxes,
    /// At random.
    Random,
    /// Where an earlier run had the same rows.
    EarlierRun,
}

/// How the repulsive forces of t-SNE were computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repulsion {
    /// By interpolation and the fast Fourier transform.
    #[default]
    Interpolation,
    /// By a quad tree.
    BarnesHut,
    /// Between all pairs.
    Exact,
    /// By a quad tree, in the package linfa-tsne, which has a learning rate of its own and takes no seed.
    Linfa,
}

const AUTOENCODER: &str = "Hinton GE, Salakhutdinov RR (2006). Reducing the dimensionality of data with neural networks. \
                           Science 313, 504–507.";
const ADAM: &str = "Kingma DP, Ba J (2015). Adam: a method for stochastic optimization. ICLR.";
const DECAY: &str = "Loshchilov I, Hutter F (2019). Decoupled weight decay regularization. ICLR.";
const LAYERWISE: &str = "Bengio Y, Lamblin P, Popovici D, Larochelle H (2007). Greedy layer-wise training of deep networks. \
                         NeurIPS 19, 153–160.";
const EXAGGERATION: &str = "Böhm JN, Berens P, Kobak D (2022). Attraction-repulsion spectrum in neighbor embeddings. Journal of \
                            Machine Learning Research 23, 1–32.";
const DENOISING: &str = "Vincent P, Larochelle H, Bengio Y, Manzagol PA (2008). Extracting and composing robust features \
                         with denoising autoencoders. ICML, 1096–1103.";
const VARIATIONAL: &str = "Kingma DP, Welling M (2014). Auto-encoding variational Bayes. ICLR.";
const BETA: &str = "Higgins I, Matthey L, Pal A, et al. (2017). beta-VAE: learning basic visual concepts with a \
                    constrained variational framework. ICLR.";
const TSNE: &str = "van der Maaten L, Hinton G (2008). Visualizing data using t-SNE. Journal of Machine Learning \
                    Research 9, 2579–2605.";
const BARNES_HUT: &str = "van der Maaten L (2014). Accelerating t-SNE using tree-based algorithms. Journal of Machine \
                          Learning Research 15, 3221–3245.";
const INTERPOLATION: &str = "Linderman GC, Rachh M, Hoskins JG, Steinerberger S, Kluger Y (2019). Fast \
                             interpolation-based t-SNE for improved visualization of single-cell RNA-seq data. Nature \
                             Methods 16, 243–245.";
const COUNTS: &str = "Lopez R, Regier J, Cole MB, Jordan MI, Yosef N (2018). Deep generative modeling for single-cell \
                      transcriptomics. Nature Methods 15, 1053–1058.";
const ART: &str = "Kobak D, Berens P (2019). The art of using t-SNE for single-cell transcriptomics. Nature \
                   Communications 10, 5416.";
const TRUST: &str = "Venna J, Kaski S (2001). Neighborhood preservation in nonlinear projection methods: an experimental \
                     study. ICANN, 485–491.";

/// Works in the order in which they are first cited.
#[derive(Default)]
struct Citations(Vec<&'static str>);

impl Citations {
    fn cite(&mut self, work: &'static str) -> usize {
        if let Some(place) = self.0.iter().position(|known| *known == work) {
            return place + 1;
        }
        self.0.push(work);
        self.0.len()
    }
}

/// The paragraph and its citations.
#[must_use]
pub fn methods(facts: &MethodsFacts) -> Methods {
    let mut works = Citations::default();
    let mut text = String::new();
    prepared(&mut text, facts);
    network(&mut text, facts, &mut works);
    trained(&mut text, facts, &mut works);
    if let Some(layout) = &facts.layout {
        laid_out(&mut text, layout, &mut works);
    }
    if let Some((rows, neighbors)) = facts.faithfulness {
        let _ = write!(
            text,
            " Faithfulness was measured as trustworthiness and continuity [{}] and as the recall of the {neighbors} nearest \
             neighbors [{}], on {}, beside principal component analysis of the same size.",
            works.cite(TRUST),
            works.cite(ART),
            if rows >= facts.rows {
                format!("all {}", count(facts.rows))
            } else {
                format!("a sample of {}", count(rows))
            } + " "
                + row_word(facts),
        );
    }
    if facts.labels {
        text.push_str(" Label agreement is the share of rows whose nearest neighbors mostly have the same label.");
    }
    let linfa = facts.layout.as_ref().is_some_and(|layout| layout.repulsion == Repulsion::Linfa);
    let but = if linfa { "; the layout takes no seed and differs from run to run" } else { "" };
    let _ = write!(text, " All steps were run with {} (seed {}{but}).", facts.program, facts.seed);
    Methods { paragraph: text, citations: works.0.into_iter().map(str::to_owned).collect() }
}

fn row_word(facts: &MethodsFacts) -> &str {
    if facts.row_word.is_empty() { "rows" } else { &facts.row_word }
}

fn prepared(text: &mut String, facts: &MethodsFacts) {
    let _ = write!(
        text,
        "The table of {} {} by {} features{} was ",
        count(facts.rows),
        row_word(facts),
        count(facts.features),
        match facts.excluded {
            0 => String::new(),
            1 => " (1 more was excluded by name)".to_owned(),
            more => format!(" ({} more were excluded by name)", count(more)),
        }
    );
    if facts.preparation.is_empty() {
        text.push_str("used as it was.");
    } else {
        let _ = write!(
            text,
            "prepared in order ({}), with all statistics taken from the training {} alone.",
            facts.preparation.join("; "),
            row_word(facts)
        );
    }
}

fn network(text: &mut String, facts: &MethodsFacts, works: &mut Citations) {
    let article = if facts.corruption.is_some() { "A denoising" } else { "An" };
    let layers: Vec<String> = facts.hidden.iter().map(|&width| count(width)).collect();
    let hidden = match layers.len() {
        0 => "no hidden layer".to_owned(),
        1 => format!("one hidden layer of {} units", layers[0]),
        _ => format!("hidden layers of {} units", list(&layers)),
    };
    let _ = write!(
        text,
        " {article} autoencoder [{}] with {hidden}, {} and {} activations compressed each of the {} to a code of {} numbers",
        works.cite(AUTOENCODER),
        if facts.tied { "a mirrored decoder of the same, transposed weights" } else { "a mirrored decoder" },
        facts.activation,
        row_word(facts),
        facts.code_size,
    );
    if facts.code_size_searched > 0 {
        let _ = write!(text, " (chosen among {} sizes by a short training of each)", facts.code_size_searched);
    }
    if facts.linear_path == LinearPath::PrincipalAxes {
        text.push_str("; a direct linear path was set to the principal axes before training");
    }
    text.push('.');
    if facts.layerwise {
        let _ = write!(text, " Pairs of layers were first trained one after the other [{}].", works.cite(LAYERWISE));
    }
    if let Some(beta) = facts.variational {
        let _ = write!(text, " The codes were variational [{}]", works.cite(VARIATIONAL));
        if (beta - 1.0).abs() > 1e-12 {
            let _ = write!(text, " with β = {beta} [{}]", works.cite(BETA));
        }
        text.push_str("; their means were used.");
    }
    if let Some(corruption) = &facts.corruption {
        let _ = write!(text, " The inputs were corrupted by {corruption} while training [{}].", works.cite(DENOISING));
    }
    if let Some(sparsity) = &facts.sparsity {
        let _ = write!(text, " Sparse codes were favored by {sparsity}.");
    }
}

fn trained(text: &mut String, facts: &MethodsFacts, works: &mut Citations) {
    if facts.epochs == 0 {
        let _ = write!(text, " It was not trained: the codes are the principal components.");
        return;
    }
    // cited before the decay, because it is named before
    let adam = works.cite(ADAM);
    let counts = if facts.loss.contains("binomial") { format!(" [{}]", works.cite(COUNTS)) } else { String::new() };
    let decay = if facts.weight_decay > 0.0 {
        format!(", weight decay {} [{}]", number(facts.weight_decay, 3), works.cite(DECAY))
    } else {
        String::new()
    };
    let _ = write!(
        text,
        " It was trained with Adam [{adam}] on the {}{counts} (batches of {}, learning rate {}{decay}) for {} epochs",
        facts.loss,
        facts.batch_size,
        number(facts.learning_rate, 3),
        facts.epochs,
    );
    let by = facts.held_out_by.as_ref().map_or_else(String::new, |by| format!(" ({by})"));
    let held_out = format!("{} held-out {}{by}", count(facts.held_out), row_word(facts));
    let _ = if facts.principal {
        write!(
            text,
            ", none of which had a lower loss on {held_out} than the start: the codes are the principal components."
        )
    } else {
        write!(text, "; the weights of epoch {}, with the least loss on {held_out}, were kept.", facts.best_epoch)
    };
}

fn laid_out(text: &mut String, layout: &LayoutFacts, works: &mut Citations) {
    let perplexity: Vec<String> = layout.perplexity.iter().map(ToString::to_string).collect();
    let _ = write!(
        text,
        " The codes were laid out in {} by t-SNE [{}] with {}, ",
        if layout.dimensions == 1 { "one dimension" } else { "two dimensions" },
        works.cite(TSNE),
        match perplexity.as_slice() {
            [one] => format!("perplexity {one}"),
            several => format!("perplexities {}, mixed with equal weight [{}]", list(several), works.cite(ART)),
        },
    );
    if layout.repulsion == Repulsion::Linfa {
        let _ = write!(
            text,
            "Barnes–Hut repulsion [{}] as in linfa-tsne and a random initialization, over {} iterations.",
            works.cite(BARNES_HUT),
            layout.iterations
        );
        return;
    }
    let repulsion = match layout.repulsion {
        Repulsion::Interpolation => format!("interpolation-based repulsion [{}]", works.cite(INTERPOLATION)),
        Repulsion::BarnesHut | Repulsion::Linfa => format!("Barnes–Hut repulsion [{}]", works.cite(BARNES_HUT)),
        Repulsion::Exact => "exact repulsion".to_owned(),
    };
    let start = match layout.start {
        Start::PrincipalAxes => format!("an initialization by principal components [{}]", works.cite(ART)),
        Start::Random => "a random initialization".to_owned(),
        Start::EarlierRun => "the coordinates of an earlier map as initialization".to_owned(),
    };
    let _ = write!(
        text,
        "{repulsion}, {start}, a learning rate of {} and an early exaggeration of {}",
        number(layout.learning_rate, 4),
        layout.exaggeration,
    );
    if (layout.late_exaggeration - 1.0).abs() > 1e-12 {
        let _ = write!(text, " ({} in the later iterations [{}])", layout.late_exaggeration, works.cite(EXAGGERATION));
    }
    let _ = write!(text, ", over {} iterations.", layout.iterations);
}

/// `a, b and c`.
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
#[path = "methods_tests.rs"]
mod tests;
