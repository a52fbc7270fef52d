//! Round numbers for axes and color bars.

/// From where to where an axis goes, and whether its steps are equal or tenfold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) steps: Steps,
}

/// How an axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Steps {
    Equal,
    Tenfold,
}

impl Span {
    /// The span of the finite `values`, widened where it is a point; `[0, 1]` where there are none.
    pub(super) fn of(values: impl IntoIterator<Item = f64>, steps: Steps) -> Self {
        let usable = |value: &f64| value.is_finite() && (steps == Steps::Equal || *value > 0.0);
        let (low, high) = values
            .into_iter()
            .filter(usable)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return Self { low: 0.0, high: 1.0, steps: Steps::Equal };
        }
        let (low, high) = match steps {
            _ if high > low => (low, high),
            Steps::Equal => {
                let room = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
                (low - room, high + room)
            }
            Steps::Tenfold => (low / 2.0, high * 2.0),
        };
        Self { low, high, steps }
    }

    /// The span with `share` of itself added at either end.
    pub(super) fn widened(self, below: f64, above: f64) -> Self {
        match self.steps {
            Steps::Equal => {
                let room = self.high - self.low;
                Self { low: self.low - below * room, high: self.high + above * room, ..self }
            }
            Steps::Tenfold => {
                let room = (self.high / self.low).ln();
                Self { low: self.low * (-below * room).exp(), high: self.high * (above * room).exp(), ..self }
            }
        }
    }

    /// The span with 0 in it.
    pub(super) fn with_zero(self) -> Self {
        Self { low: self.low.min(0.0), high: self.high.max(0.0), ..self }
    }

    /// Where `value` lies, 0 at the low end and 1 at the high end.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self.steps {
            Steps::Equal => (value - self.low) / (self.high - self.low),
            Steps::Tenfold => (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln(),
        }
    }

    /// About `count` round numbers inside the span.
    pub(super) fn ticks(&self, count: usize) -> Vec<f64> {
        match self.steps {
            Steps::Equal => equal_ticks(self.low, self.high, count),
            Steps::Tenfold => tenfold_ticks(self.low, self.high, count),
        }
    }
}

fn equal_ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let rough = (high - low) / count.max(1) as f64;
    if !(rough.is_finite() && rough > 0.0) {
        return vec![low];
    }
    let power = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = step.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(10.0 * power);
    let slack = 1e-9 * (high - low);
    let first = ((low - slack) / step).ceil() as i64;
    let last = ((high + slack) / step).floor() as i64;
    (first..=last.min(first + 100)).map(|index| index as f64 * step).collect()
}

fn tenfold_ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let digit_sets: [&[f64]; 4] = [&[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0], &[1.0, 2.0, 3.0, 5.0], &[1.0, 3.0], &[1.0]];
    let mut ticks = Vec::new();
    for digits in digit_sets {
        ticks = (first..=last)
            .flat_map(|power| digits.iter().map(move |digit| digit * 10.0_f64.powi(power)))
            .filter(|tick| (low * 0.999_999..=high * 1.000_001).contains(tick))
            .collect();
        if ticks.len() <= count + 2 {
            break;
        }
    }
    while ticks.len() > count + 2 {
        ticks = ticks.into_iter().step_by(2).collect();
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let span = Span { low: -0.013, high: 0.97, steps: Steps::Equal };
        assert_eq!(span.ticks(5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8]);
        let span = Span { low: 0.8, high: 1200.0, steps: Steps::Tenfold };
        assert_eq!(span.ticks(5), [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0]);
        assert_eq!(span.place(0.8), 0.0);
    }

    #[test]
    fn a_span_of_one_value_or_none_still_has_room() {
        for values in [vec![], vec![0.0], vec![f64::NAN], vec![3.0, 3.0], vec![-1e30]] {
            for steps in [Steps::Equal, Steps::Tenfold] {
                let span = Span::of(values.iter().copied(), steps);
                assert!(span.high > span.low && span.ticks(5).len() < 20, "{values:?} {span:?}");
            }
        }
    }
}
