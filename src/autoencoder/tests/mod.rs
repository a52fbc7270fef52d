mod findings;
mod gradients;
mod resume;

use ndarray::{Array2, s};

use super::*;
use crate::event::silent;
use crate::seed::Seed;
use crate::split::{self, Split};
use crate::value::Auto;

/// Two hidden numbers bent into many columns, so that no plane comes near the rows.
fn curves(rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let (first, second) = ((row as f32 * 0.754_877_7).fract(), (row as f32 * 0.569_840_3).fract());
        let phase = column as f32 / columns as f32;
        (6.0 * first + 5.0 * phase).sin() + (9.0 * (second - phase).powi(2)).cos() * first
    })
}

fn small(loss: Loss) -> Options {
    let training = Training { max_epochs: Auto::Given(5), ..Training::default() };
    Options { code_size: Some(Auto::Given(4)), hidden: Auto::Given(vec![24, 12]), loss, training, ..Options::default() }
}

fn fitted(data: &Array2<f32>, options: &Options) -> Fitted {
    let split = split_of(data);
    let options = options.resolve(split.training.len(), &DataFacts::of(data.view()), &[]).unwrap();
    fit(data.view(), &split, &options, Seed(1), &mut silent).unwrap()
}

fn split_of(data: &Array2<f32>) -> Split {
    split::random(data.nrows(), 0.2, Seed(1)).unwrap()
}

#[test]
fn a_row_has_the_same_code_alone_and_among_others() {
    let data = curves(150, 20);
    let autoencoder = fitted(&data, &small(Loss::Mse)).autoencoder;
    let together = autoencoder.encode(data.view());
    let reversed = autoencoder.encode(data.slice(s![..;-1, ..]));
    for row in 0..data.nrows() {
        assert_eq!(autoencoder.encode(data.slice(s![row..=row, ..])).row(0), together.row(row));
        assert_eq!(reversed.row(data.nrows() - 1 - row), together.row(row));
    }
}

#[test]
fn training_beats_principal_component_analysis_where_rows_lie_on_a_curve() {
    let data = curves(1_500, 20);
    let mut options = Options { hidden: Auto::Given(vec![128]), ..small(Loss::Mse) };
    options.training.max_epochs = Auto::Given(60);
    let history = fitted(&data, &options).history;
    let ratio = history.validation_mse / history.pca_validation_mse;
    assert!(ratio < 0.7, "{ratio}, best of {} in epoch {}", history.epochs.len() - 1, history.best_epoch);
}

/// One option set for every kind of autoencoder, with the rows it takes.
fn kinds() -> Vec<(Options, Array2<f32>)> {
    let rows = curves(120, 12);
    let unit = rows.mapv(|value| (value + 2.0) / 4.0);
    let counts = unit.mapv(|value| (value * 6.0).floor());
    let plain = small(Loss::Mse);
    let sparse = Array2::from_shape_fn(
        (120, 12),
        |(row, column)| if (row + column) % 5 == 0 { rows[(row, column)] } else { 0.1 },
    );
    let weight = crate::value::NonNegative::constant(0.01);
    let fraction = crate::value::Fraction::constant(0.2);
    let sd = crate::value::Positive::constant(0.2);
    let variational = Code::Variational(Variational { warmup_epochs: 2, ..Variational::default() });
    vec![
        (plain.clone(), rows.clone()),
        (small(Loss::Bce), unit.clone()),
        (Options { linear_path: LinearPath::None, ..plain.clone() }, rows.clone()),
        (Options { tied: Tied::Tied, ..plain.clone() }, rows.clone()),
        (Options { hidden: Auto::Given(vec![]), ..plain.clone() }, rows.clone()),
        (Options { corruption: Corruption::Gaussian { sd }, ..plain.clone() }, rows.clone()),
        (Options { corruption: Corruption::Mask { fraction }, ..plain.clone() }, rows.clone()),
        (Options { corruption: Corruption::SaltAndPepper { fraction }, ..plain.clone() }, rows.clone()),
        (Options { sparsity: Sparsity::L1 { weight }, ..plain.clone() }, rows.clone()),
        (Options { sparsity: Sparsity::Kl { target: fraction, weight }, ..plain.clone() }, rows.clone()),
        (Options { sparsity: Sparsity::Active(fraction), ..plain.clone() }, rows.clone()),
        (Options { code: variational, ..plain.clone() }, rows.clone()),
        (Options { code: variational, ..small(Loss::Bce) }, unit),
        (Options { pretrain: Pretrain::Layerwise, ..plain.clone() }, rows.clone()),
        (Options { code_size: Some(Auto::Auto), ..plain.clone() }, rows),
        (plain.clone(), sparse.clone()),
        (Options { code: variational, linear_path: LinearPath::None, ..plain.clone() }, sparse),
        (small(Loss::Poisson), counts.clone()),
        (small(Loss::Nb), counts.clone()),
        (small(Loss::Zinb), counts),
    ]
}

#[test]
fn every_kind_has_the_same_bytes_at_one_two_and_four_threads() {
    for (options, rows) in kinds() {
        let fits = [1, 2, 4].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let fitted = fitted(&rows, &options);
                (fitted.autoencoder.encode(rows.view()), fitted.autoencoder.to_tensors(), fitted.history)
            })
        });
        assert!(fits[0] == fits[1] && fits[1] == fits[2], "{options:?}");
    }
}

#[test]
fn every_kind_comes_back_from_its_tensors() {
    for (options, rows) in kinds() {
        let autoencoder = fitted(&rows, &options).autoencoder;
        let back =
            Autoencoder::from_tensors(autoencoder.options().clone(), rows.ncols(), autoencoder.to_tensors()).unwrap();
        assert_eq!(back, autoencoder, "{options:?}");
        assert!(autoencoder.reconstruct(rows.view()).iter().all(|value| value.is_finite()), "{options:?}");
        let errors = autoencoder.reconstruction_errors(rows.view());
        let difference = &autoencoder.reconstruct(rows.view()) - &rows;
        let expected = difference.row(3).mapv(|value| value * value).mean().unwrap();
        assert!((errors[3] - expected).abs() < 1e-4 * expected.max(1e-3), "{options:?}");
    }
}

#[test]
fn sparse_rows_are_known_by_their_commonest_values() {
    let tensors = |row: usize| {
        let (options, rows) = kinds().swap_remove(row);
        fitted(&rows, &options).autoencoder.to_tensors()
    };
    let sparse = kinds().iter().position(|(_, rows)| rows[(0, 1)] == 0.1).unwrap();
    assert!(tensors(sparse).iter().any(|(name, _)| name == "input.common"));
    assert!(!tensors(0).iter().any(|(name, _)| name == "input.common"));
}

#[test]
fn damaged_tensors_are_refused_by_name() {
    let rows = curves(100, 12);
    let autoencoder = fitted(&rows, &small(Loss::Mse)).autoencoder;
    let load = |tensors| Autoencoder::from_tensors(autoencoder.options().clone(), 12, tensors).unwrap_err().to_string();
    let mut tensors = autoencoder.to_tensors();
    let (name, _) = tensors.remove(4);
    assert!(load(tensors).contains(&name));
    let mut tensors = autoencoder.to_tensors();
    tensors[3].1.fill(f32::NAN);
    assert!(load(tensors.clone()).contains(&tensors[3].0));
    let mut tensors = autoencoder.to_tensors();
    tensors[0].1 = ndarray::arr1(&[0.0_f32; 11]).into_dyn();
    assert!(load(tensors.clone()).contains(&tensors[0].0));
    let mut tensors = autoencoder.to_tensors();
    tensors.push(("other".to_owned(), ndarray::arr1(&[0.0]).into_dyn()));
    assert!(load(tensors).contains("other"));
}

#[test]
fn the_held_out_error_never_exceeds_that_of_principal_component_analysis() {
    let noise = Array2::from_shape_fn((64, 300), |(row, column)| ((row * 7919 + column * 104_729) as f32).sin());
    let unit = noise.mapv(|value| 0.5 + 0.5 * value);
    for (rows, loss) in [(&noise, Loss::Mse), (&unit, Loss::Bce), (&unit, Loss::Mse)] {
        let fitted = fitted(rows, &small(loss));
        let split = split_of(rows);
        let held_out = rows.select(Axis(0), &split.validation);
        let errors = fitted.autoencoder.reconstruction_errors(held_out.view());
        let measured = errors.iter().map(|error| f64::from(*error)).sum::<f64>() / errors.len() as f64;
        let pca = fitted.history.pca_validation_mse;
        assert!(fitted.history.validation_mse <= pca, "{:?}", fitted.history);
        assert!(measured <= pca * 1.0001, "{loss:?} {measured} {pca}");
    }
}

#[test]
fn codes_are_as_far_apart_as_rows_and_reconstructions_stay() {
    let rows = curves(400, 20);
    let turned = fitted(&rows, &small(Loss::Mse)).autoencoder;
    let raw = fitted(&rows, &Options { metric: Metric::Raw, ..small(Loss::Mse) }).autoencoder;
    let difference = &turned.reconstruct(rows.view()) - &raw.reconstruct(rows.view());
    assert!(difference.iter().all(|value| value.abs() < 1e-3));
    let codes = turned.encode(rows.view());
    let (mut between_codes, mut between_rows) = (0.0, 0.0);
    for row in 1..rows.nrows() {
        between_codes += (&codes.row(row) - &codes.row(row - 1)).mapv(|value| value * value).sum();
        between_rows += (&rows.row(row) - &rows.row(row - 1)).mapv(|value| value * value).sum();
    }
    let ratio = between_codes / between_rows;
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
}

#[test]
fn only_a_variational_autoencoder_samples() {
    let rows = curves(120, 12);
    let plain = fitted(&rows, &small(Loss::Mse)).autoencoder;
    assert_eq!(plain.sample(3, Seed(1)), Err(AutoencoderError::NotVariational));
    let code = Code::Variational(Variational::default());
    let variational = fitted(&rows, &Options { code, ..small(Loss::Mse) }).autoencoder;
    let sampled = variational.sample(5, Seed(1)).unwrap();
    assert_eq!((sampled.dim(), variational.sample(5, Seed(1)).unwrap()), ((5, 12), sampled.clone()));
    let mixture = Mixture::fit(variational.encode(rows.view()).view(), 3, Seed(1));
    assert!((mixture.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(variational.sample_from(&mixture, 4, Seed(1)).unwrap().iter().all(|value| value.is_finite()));
    let codes = variational.encode(rows.slice(s![..2, ..]));
    let between = variational.between(codes.row(0), codes.row(1), 3);
    let ends = variational.reconstruct(rows.slice(s![..2, ..]));
    assert!((&between.row(0) - &ends.row(0)).iter().all(|difference| difference.abs() < 1e-5));
    assert!((&between.row(2) - &ends.row(1)).iter().all(|difference| difference.abs() < 1e-5));
}

#[test]
fn an_observer_stops_training_and_a_huge_learning_rate_says_what_to_lower() {
    let rows = curves(100, 12);
    let split = split_of(&rows);
    let options = small(Loss::Mse).resolve(split.training.len(), &DataFacts::of(rows.view()), &[]).unwrap();
    let mut stop = |_| std::ops::ControlFlow::Break(());
    let error = fit(rows.view(), &split, &options, Seed(1), &mut stop).unwrap_err();
    assert_eq!(crate::error::Explain::fault(&error), crate::error::Fault::Interrupted);
    let mut wild = options;
    wild.training.learning_rate = Auto::Given(crate::value::Positive::constant(1e18));
    let error = fit(rows.view(), &split, &wild, Seed(1), &mut silent).unwrap_err();
    assert!(crate::error::Explain::hint(&error).unwrap().contains("learning_rate"), "{error}");
}

#[test]
fn options_are_refused_with_what_would_do() {
    let facts = |rows: &Array2<f32>| DataFacts::of(rows.view());
    let rows = curves(50, 12);
    let features: Vec<String> = (0..12).map(|column| format!("gene{column}")).collect();
    let refuse = |options: Options, rows: &Array2<f32>| {
        let error = options.resolve(40, &facts(rows), &features).unwrap_err();
        format!("{error} / {}", crate::error::Explain::hint(&error).unwrap_or_default())
    };
    let text = refuse(Options { code_size: Some(Auto::Given(12)), ..Options::default() }, &rows);
    assert!(text.contains("12 features") && text.contains("11 or less"), "{text}");
    let text = refuse(Options { hidden: Auto::Given(vec![128, 512]), ..Options::default() }, &rows);
    assert!(text.contains("128") && text.contains("512"), "{text}");
    let text = refuse(Options { loss: Loss::Bce, ..Options::default() }, &rows);
    assert!(text.contains("gene") && text.contains("row ") && text.contains("unit_range"), "{text}");
    let text = refuse(Options { loss: Loss::Nb, ..Options::default() }, &rows);
    assert!(text.contains("gene"), "{text}");
    let mut holed = rows.clone();
    holed[(4, 3)] = f32::NAN;
    let text = refuse(Options::default(), &holed);
    assert!(text.contains("gene3") && text.contains("row 5"), "{text}");
    let narrow = curves(50, 4);
    let resolved = Options::default().resolve(40, &facts(&narrow), &[]).unwrap();
    assert_eq!(resolved.code_size, Some(Auto::Given(3)));
    assert_eq!(resolved.resolve(40, &facts(&narrow), &[]).unwrap(), resolved);
}

#[test]
fn options_read_as_the_pipeline_writes_them() {
    let text = r#"{"code_size": "auto", "hidden": [512, 128], "corruption": {"gaussian": {"sd": 0.2}},
        "code": {"variational": {"beta": 1.0, "warmup_epochs": 10}}, "sparsity": "none", "pretrain": "layerwise",
        "training": {"max_epochs": 200, "learning_rate": "auto", "split_by": {"stratified": "cell_type"}}}"#;
    let options: Options = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::from_str::<Options>(&serde_json::to_string(&options).unwrap()).unwrap(), options);
    assert!(serde_json::from_str::<Options>(r#"{"code_sise": 3}"#).is_err());
}

#[test]
fn the_loss_is_chosen_by_how_gray_the_values_are() {
    let chosen = |rows: Array2<f32>| Options::default().resolve(80, &DataFacts::of(rows.view()), &[]).unwrap().loss;
    let unit = curves(100, 12).mapv(|value| (value + 2.0) / 4.0);
    assert_eq!(chosen(unit.mapv(f32::round)), Loss::Bce);
    assert_eq!((chosen(unit.clone()), chosen(unit * 2.0)), (Loss::Mse, Loss::Mse));
}
