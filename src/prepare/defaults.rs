//! What an absent `prepare:` means.

use crate::prepare::Preparation;
use crate::prepare::step::NormalizeTotal;
use crate::prepare::step::Over;
use crate::prepare::step::Standardize;
use crate::prepare::step::Step;
use crate::prepare::step::TopVariable;
use crate::prepare::step::UnitRange;
use crate::table::DataKind;
use crate::table::Evidence;
use crate::table::Frame;
use crate::value::Positive;

/// Steps chosen by what the numbers look like.
#[derive(Debug, Clone, PartialEq)]
pub struct DefaultSteps {
    /// The steps.
    pub steps: Vec<Step>,
    /// What was seen and chosen, as a sentence without a full stop.
    pub reason: String,
}

impl Preparation {
    /// The steps for a table whose pipeline names none.
    ///
    /// | the numbers are | the steps |
    /// |---|---|
    /// | counts of 100 or more features | normalize to a total of 10,000, ln(1 + x), the 2,000 that vary most, standardize within ±10 |
    /// | logarithms of counts | the 2,000 that vary most, standardize within ±10 |
    /// | pixels: one range for all | map that range onto 0 to 1 |
    /// | all within 0 and 1 | as they are |
    /// | anything else | standardize within ±10 |
    ///
    /// Features that are constant are left out in each case.
    #[must_use]
    pub fn default_steps(frame: &Frame) -> DefaultSteps {
        const FEATURES: usize = 2000;
        let evidence = Evidence::of(frame);
        let standardize = Step::Standardize(Standardize { clip: Some(Positive::constant(10.0)) });
        let top = (evidence.features > FEATURES)
            .then(|| Step::TopVariable(TopVariable { count: FEATURES, ..TopVariable::default() }));
        let chosen = if top.is_some() { ", for the 2,000 features that vary most" } else { "" };
        let mut steps = vec![Step::DropConstant];
        let (rest, reason): (Vec<Step>, String) = match evidence.kind {
            DataKind::Counts => (
                [Step::NormalizeTotal(NormalizeTotal { target: Some(Positive::constant(10_000.0)) }), Step::Log1p]
                    .into_iter()
                    .chain(top)
                    .chain([standardize])
                    .collect(),
                format!("these look like counts, so rows are scaled to one total and logarithms are taken{chosen}"),
            ),
            DataKind::LogCounts => (
                top.into_iter().chain([standardize]).collect(),
                format!("these look like logarithms of counts, so features are only brought to one scale{chosen}"),
            ),
            DataKind::Pixels => (
                vec![Step::UnitRange(UnitRange { over: Over::Table })],
                "all features share one bounded range, as pixels do, so it is mapped onto 0 to 1".to_owned(),
            ),
            DataKind::Binary => (Vec::new(), "all values are 0 or 1, so they stay as they are".to_owned()),
            DataKind::UnitRange => (Vec::new(), "all values lie within 0 and 1, so they stay as they are".to_owned()),
            DataKind::General => {
                (vec![standardize], "features are brought to one scale: mean 0 and standard deviation 1".to_owned())
            }
        };
        if rest.is_empty() && evidence.constant == 0.0 {
            steps.clear();
        }
        steps.extend(rest);
        DefaultSteps { steps, reason }
    }
}
