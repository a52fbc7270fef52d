//! Warnings where the steps do not suit the kind of data.

use crate::prepare::step::Step;
use crate::table::DataKind;
use crate::table::Evidence;

/// What the user should know about these steps on these numbers: what was seen, and the step that
/// would fit. Sentences without a full stop; none where all is well.
#[must_use]
pub fn guard(evidence: &Evidence, steps: &[Step]) -> Vec<String> {
    let has = |name: &str| steps.iter().any(|step| step.name() == name);
    let log = has("log1p") || has("arcsinh") || has("sqrt");
    let to_unit = has("unit_range");
    let mut warnings = Vec::new();
    match evidence.kind {
        DataKind::Counts if !log => warnings.push(format!(
            "the numbers look like raw counts (whole, from 0 to {}, {:.0} % zeros) and no step takes their logarithm; \
             usual is `normalize_total`, then `log1p`",
            evidence.max,
            100.0 * evidence.zeros
        )),
        DataKind::LogCounts if has("log1p") => warnings.push(format!(
            "the numbers look like logarithms already (fractions from 0 to {:.1}, {:.0} % zeros) and `log1p` takes them again; leave it out",
            evidence.max,
            100.0 * evidence.zeros
        )),
        DataKind::LogCounts if has("normalize_total") => warnings.push(
            "the numbers look like logarithms already, and `normalize_total` is for counts; leave it out".to_owned(),
        ),
        DataKind::Binary if log || has("normalize_total") => {
            warnings.push("all values are 0 or 1, which need no logarithm and no total; leave these steps out".to_owned());
        }
        DataKind::Binary if has("standardize") || has("robust") => warnings.push(
            "all values are 0 or 1; left as they are, they can be learned as probabilities (`autoencoder.loss: bce`)".to_owned(),
        ),
        DataKind::Pixels if !to_unit && (evidence.min < 0.0 || evidence.max > 1.0) && !has("standardize") && !has("robust") => {
            warnings.push(format!(
                "the numbers look like pixels, from {} to {}; usual is `unit_range: {{over: table}}`",
                evidence.min, evidence.max
            ));
        }
        DataKind::Pixels if log => {
            warnings.push("the numbers look like pixels, which need no logarithm; usual is `unit_range: {over: table}`".to_owned());
        }
        _ => {}
    }
    let scaled = to_unit || has("standardize") || has("robust") || has("l2_rows");
    if evidence.kind == DataKind::General && !scaled && !log && evidence.max - evidence.min > 100.0 {
        warnings.push(format!(
            "the numbers range from {} to {} and no step brings features to one scale; the widest would rule; usual is `standardize`",
            evidence.min, evidence.max
        ));
    }
    warnings
}
