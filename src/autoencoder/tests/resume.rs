//! A training that goes on from any of its checkpoints ends with the same bits.

use super::*;

/// Keeps every checkpoint as it would come back from a file.
#[derive(Default)]
struct KeepAll(Vec<Checkpoint>);

impl Keeper for KeepAll {
    fn wants(&mut self) -> bool {
        true
    }

    fn keep(&mut self, checkpoint: CheckpointRef<'_>) {
        let text = serde_json::to_string(&checkpoint).unwrap();
        let tensors =
            checkpoint.tensors().into_iter().map(|(name, values)| (name.to_owned(), values.to_vec())).collect();
        let back = serde_json::from_str::<Checkpoint>(&text).unwrap().with_tensors(tensors).unwrap();
        assert_eq!(back.lent(), checkpoint);
        self.0.push(back);
    }
}

fn outcome(fitted: Fitted) -> (Vec<(String, ndarray::ArrayD<f32>)>, History) {
    (fitted.autoencoder.to_tensors(), fitted.history)
}

#[test]
fn every_kind_ends_with_the_same_bits_from_each_of_its_checkpoints() {
    let plateau = Training {
        schedule: Schedule::Plateau,
        patience: 6,
        max_epochs: Auto::Given(40),
        learning_rate: Auto::Given(crate::value::Positive::constant(0.05)),
        ..Training::default()
    };
    let falling = (Options { training: plateau, ..small(Loss::Mse) }, curves(120, 12));
    for (options, rows) in kinds().into_iter().chain([falling]) {
        let split = split_of(&rows);
        let mut options = options.resolve(split.training.len(), &DataFacts::of(rows.view()), &[]).unwrap();
        options.training.batch_size = Auto::Given(30);
        let mut keeper = KeepAll::default();
        let whole = fit_kept(rows.view(), &split, &options, Seed(1), Checkpoint::default(), &mut keeper, &mut silent);
        let whole = outcome(whole.unwrap());
        assert!(whole == outcome(fit(rows.view(), &split, &options, Seed(1), &mut silent).unwrap()), "{options:?}");
        let all = keeper.0.len();
        assert!(all >= 15, "{all} checkpoints of {options:?}");
        for (place, checkpoint) in keeper.0.into_iter().enumerate().step_by((all / 12).max(1)) {
            let keeper = &mut KeepNothing;
            let again = fit_kept(rows.view(), &split, &options, Seed(1), checkpoint, keeper, &mut silent);
            assert!(outcome(again.unwrap()) == whole, "checkpoint {place} of {all}, {options:?}");
        }
    }
}

#[test]
fn a_training_that_is_stopped_at_any_event_hands_out_where_it_stands() {
    for kind in [Some(Auto::Given(4)), Some(Auto::Auto)] {
        let rows = curves(120, 12);
        let split = split_of(&rows);
        let options = Options { code_size: kind, ..small(Loss::Mse) };
        let mut options = options.resolve(split.training.len(), &DataFacts::of(rows.view()), &[]).unwrap();
        options.training.batch_size = Auto::Given(30);
        let whole = outcome(fit(rows.view(), &split, &options, Seed(1), &mut silent).unwrap());
        let mut from = Checkpoint::default();
        // stopped again and again, a few events after it went on
        for stops in 0.. {
            let mut keeper = KeepAll::default();
            let mut left = 60;
            let mut observer = |_| {
                left -= 1;
                if left <= 0 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
            };
            match fit_kept(rows.view(), &split, &options, Seed(1), from.clone(), &mut keeper, &mut observer) {
                Ok(fitted) => {
                    assert!(outcome(fitted) == whole && (stops > 0 || kind == Some(Auto::Given(4))));
                    break;
                }
                Err(AutoencoderError::Interrupted { .. }) => from = keeper.0.pop().unwrap_or(from),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn a_checkpoint_of_another_training_is_not_used() {
    let rows = curves(120, 12);
    let split = split_of(&rows);
    let resolve = |options: Options| options.resolve(split.training.len(), &DataFacts::of(rows.view()), &[]).unwrap();
    let options = resolve(small(Loss::Mse));
    let mut keeper = KeepAll::default();
    let start = Checkpoint::default();
    let whole = fit_kept(rows.view(), &split, &options, Seed(1), start, &mut keeper, &mut silent).unwrap();
    let wider = resolve(Options { hidden: Auto::Given(vec![30, 12]), ..small(Loss::Mse) });
    let foreign = keeper.0.pop().unwrap();
    let other = fit_kept(rows.view(), &split, &wider, Seed(1), foreign.clone(), &mut KeepNothing, &mut silent).unwrap();
    assert!(outcome(other) == outcome(fit(rows.view(), &split, &wider, Seed(1), &mut silent).unwrap()));
    let text = serde_json::to_string(&foreign.lent()).unwrap();
    let read = || serde_json::from_str::<Checkpoint>(&text).unwrap();
    assert!(read().with_tensors(Vec::new()).is_none());
    assert!(read().with_tensors(vec![("other".to_owned(), vec![0.0; 3])]).is_none());
    assert!(whole.history.epochs.len() > foreign.lent().epochs());
}
