//! What the figures of a run hold, judged by structure.

use ndarray::Array2;

use super::tests::HOSTILE;
use super::tests::checked;
use super::tests::groups;
use super::tests::texts;
use super::*;
use crate::plot::options::Theme;

#[test]
fn figures_are_drawn_or_refused() {
    let epochs: Vec<usize> = (0..30).collect();
    let losses: Vec<f64> = epochs.iter().map(|&epoch| 1.0 / (epoch + 1) as f64).collect();
    let curve = TrainingCurve {
        title: HOSTILE[0].into(),
        loss: HOSTILE[4],
        epochs: &epochs,
        training: &losses,
        validation: &losses,
        best_epoch: Some(20),
        reference: Some(("PCA of 32", 0.4)),
        theme: Theme::Dark,
        ..Default::default()
    };
    let svg = training(&curve).unwrap();
    let words = texts(&checked(&svg));
    for word in ["training", "held out", "PCA of 32", "epoch", HOSTILE[4]] {
        assert!(words.iter().any(|text| text == word), "{word} of {words:?}");
    }
    assert!(words.iter().any(|text| text.starts_with("kept: epoch 20")));
    let nothing = vec![f64::NAN; 30];
    assert!(training(&TrainingCurve { training: &nothing, validation: &nothing, reference: None, ..curve }).is_err());

    let codes = Array2::from_shape_fn((50, 3), |(row, code)| (row * code) as f32);
    let histograms = CodeHistograms {
        title: "codes".into(),
        caption: String::new(),
        codes: codes.view(),
        active: &[false, true, true],
        theme: Theme::Light,
    };
    let svg = code_histograms(&histograms).unwrap();
    assert!(texts(&checked(&svg)).iter().any(|text| text.starts_with("2 of 3 codes are active")));

    let variance = |variance| CodeVariance {
        title: String::new(),
        caption: String::new(),
        variance,
        reference: None,
        theme: Theme::Light,
    };
    checked(&code_variance(&variance(&[1.0, 0.5, 0.0])).unwrap());
    assert!(code_variance(&variance(&[0.0, 0.0])).is_err());

    let distances: Vec<f64> = (0..500).map(|pair| f64::from(pair % 37)).collect();
    let pairs = Shepard {
        title: String::new(),
        caption: String::new(),
        before: &distances,
        after: &distances,
        before_name: "before",
        after_name: "after",
        theme: Theme::Light,
    };
    checked(&shepard(&pairs).unwrap());

    let sizes = SearchCurve {
        title: String::new(),
        caption: String::new(),
        error_name: "error",
        sizes: &[2, 8, 4],
        errors: &[0.3, 0.1, 0.2],
        pca_errors: &[],
        chosen: Some(4),
        theme: Theme::Light,
    };
    assert!(texts(&checked(&search(&sizes).unwrap())).iter().any(|text| text == "chosen: 4"));
}

#[test]
fn rows_are_tiles_where_features_are_pixels_and_bars_elsewhere() {
    let rows = Array2::from_shape_fn((3, 16), |(row, feature)| (row + feature) as f32);
    let ids: Vec<String> = (0..3).map(|row| format!("row-{row}")).collect();
    let draw = |features: &[String]| {
        reconstruction(&Reconstruction {
            title: String::new(),
            caption: String::new(),
            ids: &ids,
            features,
            original: rows.view(),
            reconstructed: rows.view(),
            shape: RowShape::Auto,
            theme: Theme::Light,
        })
        .unwrap()
    };
    let pixels: Vec<String> = (0..16).map(|pixel| format!("pixel_{}_{}", pixel / 4, pixel % 4)).collect();
    let genes: Vec<String> = (0..16).map(|gene| format!("{}{gene}", ["CD", "LY"][gene % 2])).collect();
    let images = |svg: &str| checked(svg).descendants().filter(|node| node.has_tag_name("image")).count();
    assert_eq!((images(&draw(&pixels)), images(&draw(&genes))), (6, 0));
}

#[test]
fn errors_show_rows_and_name_the_worst_features() {
    let training: Vec<f32> = (1_u16..=400).map(|row| f32::from(row) * 1e-3).collect();
    let held_out: Vec<f32> = (1_u8..=40).map(|row| f32::from(row) * 2e-2).collect();
    let features = [HOSTILE[0], "CD3E"].map(|name| WorstFeature { name, error: 0.25, kept: Some(0.5) });
    let figure = Errors {
        title: "errors".into(),
        caption: String::new(),
        training: &training,
        held_out: &held_out,
        features: &features,
        theme: Theme::Light,
    };
    let svg = errors(&figure).unwrap();
    let document = checked(&svg);
    let words = texts(&document);
    for word in ["400 training rows", "40 held-out rows", HOSTILE[0], "CD3E", "0.25, 50 % kept"] {
        assert!(words.iter().any(|text| text == word), "{word} of {words:?}");
    }
    let bars = groups(&document, "features")[0].descendants().filter(|node| node.has_tag_name("rect")).count();
    assert_eq!(bars, 2);
    checked(&errors(&Errors { held_out: &[], features: &[], ..figure.clone() }).unwrap());
    checked(&errors(&Errors { training: &[0.0; 9], held_out: &[0.0; 3], ..figure.clone() }).unwrap());
    checked(&errors(&Errors { training: &[1e-30, 1.0, 1e30], ..figure.clone() }).unwrap());
    assert!(errors(&Errors { training: &[f32::NAN], held_out: &[], ..figure }).is_err());
}

#[test]
fn each_part_of_a_loss_has_a_chart_of_its_own() {
    let epochs: Vec<usize> = (0..12).collect();
    let falling: Vec<f64> = epochs.iter().map(|&epoch| 100.0 / (epoch + 1) as f64).collect();
    let parts = [("reconstruction", falling.clone()), ("divergence", falling), ("never", vec![f64::NAN; 12])];
    let figure = LossParts {
        title: "parts".into(),
        caption: String::new(),
        epochs: &epochs,
        parts: &parts,
        best_epoch: 9,
        theme: Theme::Dark,
    };
    let words = texts(&checked(&loss_parts(&figure).unwrap()));
    for word in ["reconstruction: 10 at epoch 9", "divergence: 10 at epoch 9"] {
        assert!(words.iter().any(|text| text == word), "{word} of {words:?}");
    }
    assert!(!words.iter().any(|text| text.starts_with("never")));
    assert!(loss_parts(&LossParts { parts: &parts[2..], ..figure }).is_err());
}

#[test]
fn every_node_of_a_sparse_code_has_a_bar() {
    let active = [0.0, 0.25, 1.0, 0.5];
    let figure = NodeActivity {
        title: "activity".into(),
        caption: String::new(),
        active: &active,
        wanted: Some(0.25),
        theme: Theme::Light,
    };
    let svg = node_activity(&figure).unwrap();
    let document = checked(&svg);
    assert!(texts(&document).iter().any(|text| text == "wanted: 25 %"));
    let bars = document.descendants().filter(|node| node.attribute("fill-opacity") == Some("0.85")).count();
    assert_eq!(bars, active.len());
    assert!(node_activity(&NodeActivity { active: &[], ..figure }).is_err());
}
