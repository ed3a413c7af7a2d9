//! The guard against loss: ratios of a run held against those of a committed one.

use crate::ladder::Step;

/// A loss that is looked for, as a share of the ratio.
pub const LOSS: f64 = 0.3;

/// A ratio that is lower than the committed one by more than the noise explains.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// Name of the step.
    pub name: String,
    /// The committed ratio.
    pub expected: f64,
    /// The ratio of this run.
    pub found: f64,
    /// The least that passes.
    pub least: f64,
}

/// Compares a run with a baseline. Steps that only one of both has are left out.
///
/// A ratio passes when it is no lower than the baseline's less the noise that both runs measured, and less no more than
/// [`LOSS`] by half: a loss of 30 % is found unless the run itself is noisier than that.
pub fn lost(baseline: &[Step], run: &[Step]) -> Vec<Lost> {
    let of = |step: &Step| {
        let before = baseline.iter().find(|before| before.name == step.name)?;
        let noise = (before.spread.powi(2) + step.spread.powi(2)).sqrt();
        let least = before.ratio * (1.0 - noise.max(LOSS / 2.0)).max(0.0);
        (step.ratio < least).then(|| Lost { name: step.name.clone(), expected: before.ratio, found: step.ratio, least })
    };
    run.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::lost;
    use crate::ladder::{Step, Unit};

    fn step(name: &str, ratio: f64, spread: f64) -> Step {
        let (rate, rival_rate, bar) = (ratio, 1.0, None);
        let (what, rival) = (String::new(), String::new());
        Step { name: name.to_owned(), what, rival, unit: Unit::Bytes, rate, rival_rate, ratio, spread, bar }
    }

    #[test]
    fn loss_beyond_the_noise_is_found_and_noise_is_not() {
        let baseline = [step("a", 1.0, 0.05), step("b", 1.0, 0.05), step("c", 1.0, 0.05)];
        let run = [step("a", 0.7, 0.05), step("b", 0.9, 0.05), step("c", 0.7, 0.4), step("new", 0.1, 0.0)];
        let names: Vec<String> = lost(&baseline, &run).into_iter().map(|lost| lost.name).collect();
        assert_eq!(names, ["a"]);
    }
}
