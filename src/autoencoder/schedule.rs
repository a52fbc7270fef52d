//! How the learning rate changes from step to step.

use super::options::Schedule;

/// The learning rate of a training of known length.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rate {
    pub(super) schedule: Schedule,
    pub(super) highest: f64,
    pub(super) warmup_steps: usize,
    pub(super) all_steps: usize,
    /// What `plateau` has left of the rate.
    pub(super) left: f64,
}

impl Rate {
    /// The rate of step `step`, from 1.
    pub(super) fn at(&self, step: usize) -> f64 {
        let part = (step as f64 / self.all_steps.max(1) as f64).min(1.0);
        let cosine = |part: f64| 0.01 + 0.99 * 0.5 * (1.0 + (std::f64::consts::PI * part).cos());
        let warm = (step as f64 / self.warmup_steps.max(1) as f64).min(1.0);
        let shape = match self.schedule {
            Schedule::Constant => warm,
            Schedule::Plateau => warm * self.left,
            Schedule::Cosine => warm * cosine(part),
            Schedule::OneCycle => {
                let rise = 0.3;
                if part < rise { 0.04 + 0.96 * part / rise } else { cosine((part - rise) / (1.0 - rise)) }
            }
        };
        self.highest * shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(schedule: Schedule) -> Rate {
        Rate { schedule, highest: 0.1, warmup_steps: 10, all_steps: 1_000, left: 1.0 }
    }

    #[test]
    fn every_schedule_starts_low_and_reaches_its_height() {
        for schedule in [Schedule::Constant, Schedule::Cosine, Schedule::OneCycle, Schedule::Plateau] {
            let rate = rate(schedule);
            assert!(rate.at(1) < 0.02, "{schedule:?}");
            let highest = (1..=1_000).map(|step| rate.at(step)).fold(0.0, f64::max);
            assert!((highest - 0.1).abs() < 1e-3, "{schedule:?} {highest}");
        }
    }

    #[test]
    fn falling_schedules_end_at_a_hundredth() {
        for schedule in [Schedule::Cosine, Schedule::OneCycle] {
            assert!((rate(schedule).at(1_000) - 1e-3).abs() < 1e-9);
        }
    }
}
