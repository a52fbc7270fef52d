//! The steps that a pipeline can name.

use std::fmt;

use schemars::JsonSchema;
use schemars::Schema;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::nearest;
use crate::value::Fraction;
use crate::value::Positive;

/// One step of the preparation, as an item of the list `prepare:`: a name, or a name and its options.
///
/// Steps act on columns of numbers; levels are encoded as 0 and 1 and pass by them.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = also_by_name)]
pub enum Step {
    /// Counts: scale each row to the same total.
    NormalizeTotal(NormalizeTotal),
    /// The natural logarithm of 1 + x.
    Log1p,
    /// The square root.
    Sqrt,
    /// Flow and mass cytometry: the inverse hyperbolic sine of x / cofactor.
    Arcsinh(Arcsinh),
    /// Counts of words or peaks: multiply each feature by ln((1 + rows) / (1 + rows where it is not zero)) + 1.
    TfIdf,
    /// Keep the features that vary most.
    TopVariable(TopVariable),
    /// Keep the features that are not zero in enough rows.
    Filter(Filter),
    /// Leave out features with the same value in every training row.
    DropConstant,
    /// Subtract the mean and divide by the standard deviation.
    Standardize(Standardize),
    /// Subtract the median and divide by the spread between two quantiles.
    Robust(Robust),
    /// Map the range of the training rows onto 0 to 1; values beyond it are pulled in.
    UnitRange(UnitRange),
    /// Pull values in from beyond two quantiles of the training rows.
    QuantileClip(QuantileClip),
    /// Divide each row by its Euclidean length.
    L2Rows,
    /// Pool rare levels of text columns into one level, `(other)`.
    PoolRare(PoolRare),
}

impl Step {
    /// The names of all steps.
    pub(super) const NAMES: [&str; 14] = [
        "normalize_total",
        "log1p",
        "sqrt",
        "arcsinh",
        "tf_idf",
        "top_variable",
        "filter",
        "drop_constant",
        "standardize",
        "robust",
        "unit_range",
        "quantile_clip",
        "l2_rows",
        "pool_rare",
    ];

    /// Whether what it makes of a row can be undone; it cannot where a row's own total or length is divided out.
    #[must_use]
    pub fn has_way_back(&self) -> bool {
        !matches!(self, Self::NormalizeTotal(_) | Self::L2Rows)
    }

    /// The step's name in a pipeline.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NormalizeTotal(_) => "normalize_total",
            Self::Log1p => "log1p",
            Self::Sqrt => "sqrt",
            Self::Arcsinh(_) => "arcsinh",
            Self::TfIdf => "tf_idf",
            Self::TopVariable(_) => "top_variable",
            Self::Filter(_) => "filter",
            Self::DropConstant => "drop_constant",
            Self::Standardize(_) => "standardize",
            Self::Robust(_) => "robust",
            Self::UnitRange(_) => "unit_range",
            Self::QuantileClip(_) => "quantile_clip",
            Self::L2Rows => "l2_rows",
            Self::PoolRare(_) => "pool_rare",
        }
    }

    fn by_name<E: de::Error>(name: &str) -> Result<Self, E> {
        Ok(match name {
            "normalize_total" => Self::NormalizeTotal(NormalizeTotal::default()),
            "log1p" => Self::Log1p,
            "sqrt" => Self::Sqrt,
            "arcsinh" => Self::Arcsinh(Arcsinh::default()),
            "tf_idf" => Self::TfIdf,
            "top_variable" => Self::TopVariable(TopVariable::default()),
            "filter" => Self::Filter(Filter::default()),
            "drop_constant" => Self::DropConstant,
            "standardize" => Self::Standardize(Standardize::default()),
            "robust" => Self::Robust(Robust::default()),
            "unit_range" => Self::UnitRange(UnitRange::default()),
            "quantile_clip" => Self::QuantileClip(QuantileClip::default()),
            "l2_rows" => Self::L2Rows,
            "pool_rare" => Self::PoolRare(PoolRare::default()),
            unknown => {
                return Err(match nearest(unknown, Self::NAMES) {
                    Some(near) => E::custom(format_args!("unknown step `{unknown}`, did you mean `{near}`?")),
                    None => E::unknown_variant(unknown, &Self::NAMES),
                });
            }
        })
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StepVisitor;

        impl<'de> Visitor<'de> for StepVisitor {
            type Value = Step;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the name of a step, such as `log1p`, or a name and its options, such as `standardize: {clip: 10}`",
                )
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Step, E> {
                Step::by_name(name)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Step, A::Error> {
                let Some(name) = map.next_key::<String>()? else {
                    return Err(de::Error::custom("expected the name of a step, got an empty map"));
                };
                let step = match Step::by_name(&name)? {
                    Step::NormalizeTotal(_) => Step::NormalizeTotal(map.next_value()?),
                    Step::Arcsinh(_) => Step::Arcsinh(map.next_value()?),
                    Step::TopVariable(_) => Step::TopVariable(map.next_value()?),
                    Step::Filter(_) => Step::Filter(map.next_value()?),
                    Step::Standardize(_) => Step::Standardize(map.next_value()?),
                    Step::Robust(_) => Step::Robust(map.next_value()?),
                    Step::UnitRange(_) => Step::UnitRange(map.next_value()?),
                    Step::QuantileClip(_) => Step::QuantileClip(map.next_value()?),
                    Step::PoolRare(_) => Step::PoolRare(map.next_value()?),
                    plain => {
                        let _: NoOptions = map.next_value()?;
                        plain
                    }
                };
                match map.next_key::<String>()? {
                    None => Ok(step),
                    Some(second) => Err(de::Error::custom(format_args!(
                        "`{second}` follows `{name}`: each step is an item of its own"
                    ))),
                }
            }
        }

        deserializer.deserialize_any(StepVisitor)
    }
}

/// The options of a step that has none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoOptions {}

/// In the schema too, a step with options can be given by its name alone.
fn also_by_name(schema: &mut Schema) {
    let named =
        serde_json::json!({ "type": "string", "enum": Step::NAMES, "description": "A step with its usual options." });
    if let Some(variants) = schema.get_mut("oneOf").and_then(serde_json::Value::as_array_mut) {
        variants.retain(|variant| variant.get("type").and_then(serde_json::Value::as_str) == Some("object"));
        variants.insert(0, named);
    }
}

/// See [`Step::NormalizeTotal`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NormalizeTotal {
    /// The total of every row; the median total of the training rows if not given.
    pub target: Option<Positive>,
}

/// See [`Step::Arcsinh`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Arcsinh {
    /// What values are divided by: 5 for mass cytometry, 150 for flow cytometry.
    pub cofactor: Positive,
}

impl Default for Arcsinh {
    fn default() -> Self {
        Self { cofactor: Positive::constant(5.0) }
    }
}

/// See [`Step::TopVariable`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopVariable {
    /// How many features to keep; all, where there are no more.
    pub count: usize,
    /// What "vary" means.
    pub method: Variability,
}

impl Default for TopVariable {
    fn default() -> Self {
        Self { count: 2000, method: Variability::default() }
    }
}

/// What it means for a feature to vary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Variability {
    /// The variance of the values as they stand at this step.
    #[default]
    Variance,
    /// Log-normalized counts: variance over mean, beside features of like mean (scanpy's `seurat`).
    Dispersion,
    /// Raw counts: variance after the trend of variance with mean is taken out (the Seurat v3 form,
    /// with a trend within rounding of `loess` at its vertices). Put this step first.
    SeuratV3,
}

/// See [`Step::Filter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// In how many training rows a feature must not be zero.
    pub min_nonzero_rows: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Self { min_nonzero_rows: 3 }
    }
}

/// See [`Step::Standardize`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Standardize {
    /// Values further from 0 than this are pulled in.
    pub clip: Option<Positive>,
}

/// See [`Step::Robust`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Robust {
    /// The lower quantile of the spread; the upper is 1 minus this.
    pub quantile: Fraction,
    /// Values further from 0 than this are pulled in.
    pub clip: Option<Positive>,
}

impl Default for Robust {
    fn default() -> Self {
        Self { quantile: Fraction::constant(0.25), clip: None }
    }
}

/// See [`Step::UnitRange`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UnitRange {
    /// Whether each feature has a range of its own or all share one, as pixels do.
    pub over: Over,
}

/// What a range is taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Each feature by itself.
    #[default]
    Feature,
    /// All features together: differences between them stay.
    Table,
}

/// See [`Step::QuantileClip`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuantileClip {
    /// The lower quantile; the upper is 1 minus this.
    pub quantile: Fraction,
}

impl Default for QuantileClip {
    fn default() -> Self {
        Self { quantile: Fraction::constant(0.01) }
    }
}

/// See [`Step::PoolRare`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoolRare {
    /// Levels with a smaller share of the training rows are pooled.
    pub below: Fraction,
}

impl Default for PoolRare {
    fn default() -> Self {
        Self { below: Fraction::constant(0.01) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_name_or_a_name_with_options() {
        let steps: Vec<Step> = serde_json::from_str(
            r#"["log1p", "standardize", {"standardize": {"clip": 10}}, {"top_variable": {"count": 5}}, {"log1p": {}}]"#,
        )
        .unwrap();
        assert_eq!(steps[0], Step::Log1p);
        assert_eq!(steps[1], Step::Standardize(Standardize::default()));
        assert_eq!(steps[2], Step::Standardize(Standardize { clip: Positive::new(10.0) }));
        assert_eq!(steps[3], Step::TopVariable(TopVariable { count: 5, method: Variability::Variance }));
        let written = serde_json::to_string(&steps).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Step>>(&written).unwrap(), steps);
    }

    #[test]
    fn every_name_is_read_and_written_the_same() {
        for name in Step::NAMES {
            let step: Step = serde_json::from_str(&format!("\"{name}\"")).unwrap();
            assert_eq!(step.name(), name);
            let written = serde_json::to_value(&step).unwrap();
            assert!(written == name || written.get(name).is_some(), "{written}");
        }
    }

    #[test]
    fn a_wrong_step_is_told_the_right_one() {
        let error = serde_json::from_str::<Step>("\"standardise\"").unwrap_err().to_string();
        assert!(error.contains("did you mean `standardize`?"), "{error}");
        let error = serde_json::from_str::<Step>(r#"{"standardize": {"clop": 1}}"#).unwrap_err().to_string();
        assert!(error.contains("clop"), "{error}");
    }
}
