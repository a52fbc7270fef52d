//! What the paragraph says, and what it must not say.

use super::*;

#[test]
fn cites_what_was_used_and_nothing_else() {
    let facts = MethodsFacts {
        program: "reduce 0.1.0".into(),
        rows: 2_638,
        features: 2_000,
        row_word: "cells".into(),
        preparation: vec!["normalized to 10,000 counts per cell".into(), "log-transformed".into()],
        hidden: vec![512, 128],
        code_size: 32,
        activation: "GELU".into(),
        loss: "mean squared error".into(),
        batch_size: 256,
        learning_rate: 0.001,
        epochs: 72,
        best_epoch: 57,
        held_out: 264,
        layout: Some(LayoutFacts {
            perplexity: vec![30.0],
            dimensions: 2,
            iterations: 750,
            exaggeration: 12.0,
            late_exaggeration: 1.0,
            learning_rate: 220.0,
            ..Default::default()
        }),
        faithfulness: Some((2_638, 10)),
        seed: 42,
        ..Default::default()
    };
    let plain = methods(&facts);
    assert_eq!(plain.citations.len(), 6);
    assert!(plain.paragraph.contains("hidden layers of 512 and 128 units"), "{}", plain.paragraph);
    assert!(plain.paragraph.contains("all 2,638 cells"), "{}", plain.paragraph);
    assert!(plain.paragraph.contains("initialization by principal components"), "{}", plain.paragraph);
    assert!(!plain.paragraph.contains("perplexities") && !plain.paragraph.contains("random"), "{}", plain.paragraph);
    let other = methods(&MethodsFacts {
        corruption: Some("masking (a fifth of the values)".into()),
        variational: Some(4.0),
        layout: None,
        faithfulness: None,
        ..facts
    });
    assert_eq!(other.citations, [AUTOENCODER, VARIATIONAL, BETA, DENOISING, ADAM]);
    for number in 1..=5 {
        assert!(other.paragraph.contains(&format!("[{number}]")), "{}", other.paragraph);
    }
}

/// The paragraph of a map laid out as `layout` says.
fn with(layout: LayoutFacts) -> Methods {
    let layout = Some(LayoutFacts { dimensions: 2, late_exaggeration: 1.0, ..layout });
    methods(&MethodsFacts { epochs: 9, best_epoch: 9, layout, ..Default::default() })
}

#[test]
fn says_how_the_map_was_laid_out_and_not_how_it_usually_is() {
    let random = with(LayoutFacts { start: Start::Random, perplexity: vec![10.0, 50.0], ..Default::default() });
    assert!(random.paragraph.contains("a random initialization"), "{}", random.paragraph);
    assert!(random.paragraph.contains("perplexities 10 and 50, mixed"), "{}", random.paragraph);
    assert!(!random.paragraph.contains("initialization by principal"), "{}", random.paragraph);
    let earlier = with(LayoutFacts { start: Start::EarlierRun, perplexity: vec![30.0], ..Default::default() });
    assert!(earlier.paragraph.contains("the coordinates of an earlier map"), "{}", earlier.paragraph);
    let exact = with(LayoutFacts { repulsion: Repulsion::Exact, perplexity: vec![30.0], ..Default::default() });
    assert!(exact.paragraph.contains("exact repulsion") && !exact.citations.contains(&INTERPOLATION.to_owned()));
    let linfa = with(LayoutFacts { repulsion: Repulsion::Linfa, perplexity: vec![30.0], ..Default::default() });
    assert!(linfa.paragraph.contains("as in linfa-tsne and a random initialization"), "{}", linfa.paragraph);
    assert!(linfa.paragraph.contains("takes no seed") && !linfa.paragraph.contains("learning rate of"));
}

#[test]
fn says_when_training_changed_nothing() {
    let facts = MethodsFacts { epochs: 15, principal: true, held_out: 264, ..Default::default() };
    let paragraph = methods(&facts).paragraph;
    assert!(paragraph.contains("none of which had a lower loss on 264 held-out rows"), "{paragraph}");
    assert!(!paragraph.contains("were kept"), "{paragraph}");
    let searched = MethodsFacts { epochs: 15, code_size: 8, code_size_searched: 6, tied: true, ..Default::default() };
    let paragraph = methods(&searched).paragraph;
    assert!(paragraph.contains("a code of 8 numbers (chosen among 6 sizes"), "{paragraph}");
    assert!(paragraph.contains("transposed weights"), "{paragraph}");
}
