use super::*;

fn bce(target: f32, logit: f32) -> (f64, f32) {
    let mut output = [logit];
    (binary_cross_entropy(&[target], &mut output, 1.0), output[0])
}

#[test]
fn cross_entropy_agrees_with_its_definition() {
    for (target, logit) in [(0.3_f32, 0.8_f32), (1.0, -2.0), (0.0, 4.0)] {
        let (t, share) = (f64::from(target), 1.0 / (1.0 + f64::from(-logit).exp()));
        let expected = -t * share.ln() - (1.0 - t) * (1.0 - share).ln();
        let (found, slope) = bce(target, logit);
        assert!((found - expected).abs() < 1e-6 && (f64::from(slope) - (share - t)).abs() < 1e-6);
    }
}

#[test]
fn cross_entropy_stays_finite_where_the_sigmoid_saturates() {
    for logit in [-1e4, -100.0, 17.0, 1e4] {
        for target in [0.0, 1.0] {
            let (loss, slope) = bce(target, logit);
            assert!(loss.is_finite() && slope.is_finite(), "{logit} {target}: {loss} {slope}");
        }
    }
}

#[test]
fn count_losses_agree_with_scipy() {
    // scipy.stats.poisson.logpmf(4, 2.5) = -2.0122
    // scipy.stats.nbinom.logpmf(4, 1.5, 1.5 / (1.5 + 2.5))
    let (mut outputs, mut slope) = ([2.5_f32.ln()], [0.0]);
    let poisson = counts(Loss::Poisson, &[4.0], 1.0, &mut outputs, &[], &mut slope, 1.0);
    assert!((poisson - 2.012_890_9).abs() < 1e-5, "{poisson}");
    let mut outputs = [2.5_f32.ln()];
    let nb = counts(Loss::Nb, &[4.0], 1.0, &mut outputs, &[1.5_f32.ln()], &mut slope, 1.0);
    assert!((nb - 2.450_716_0).abs() < 1e-5, "{nb}");
}

#[test]
fn count_losses_stay_finite_at_the_extremes() {
    for loss in [Loss::Poisson, Loss::Nb, Loss::Zinb] {
        for raw in [-1e4, -20.0, 20.0, 1e4] {
            for count in [0.0, 1.0, 1e5] {
                let (mut outputs, mut slope) = ([raw, raw], [0.0]);
                let value = counts(loss, &[count], 3.0, &mut outputs, &[raw], &mut slope, 1.0);
                let finite = value.is_finite() && outputs.iter().chain(&slope).all(|slope| slope.is_finite());
                assert!(finite, "{loss:?} {raw} {count}: {value} {outputs:?} {slope:?}");
            }
        }
    }
}

#[test]
fn gamma_functions_agree_with_known_values() {
    assert!((ln_gamma(0.5) - 0.572_364_942_924_700_1).abs() < 1e-10);
    assert!((ln_gamma(10.0) - 362_880.0_f64.ln()).abs() < 1e-10);
    assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-9);
}
