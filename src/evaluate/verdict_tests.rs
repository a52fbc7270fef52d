//! What the verdict says in which case.

use super::*;

fn measures(knn_recall: f64, trustworthiness: f64, label_agreement: f64) -> Measures {
    Measures {
        trustworthiness,
        continuity: trustworthiness,
        knn_recall,
        label_agreement: Some(label_agreement),
        largest_class: Some(0.3),
        class_neighbor_preservation: None,
        distance_correlation: None,
        silhouette: None,
        neighbors: 10,
        rows: 1000,
        total_rows: 1000,
        sampled: false,
    }
}

fn reconstruction(ratio: f64) -> Reconstruction {
    Reconstruction {
        mse: 0.2 * ratio,
        pca_mse: Some(0.2),
        mse_relative_to_pca: Some(ratio),
        variance_explained: Some(1.0 - 0.2 * ratio),
        pca_variance_explained: Some(0.8),
        worst_features: Vec::new(),
        rows: 100,
    }
}

/// The verdict on an error ratio and the recalls of codes, PCA codes, embedding and PCA's plane.
fn judged(ratio: Option<f64>, codes: f64, pca: Option<f64>, embedding: Option<f64>) -> Vec<String> {
    let reconstruction = ratio.map(reconstruction);
    let [codes, pca, embedding] =
        [Some(codes), pca, embedding].map(|recall| recall.map(|recall| measures(recall, 0.9, 0.9)));
    verdict(&Facts {
        code_size: 32,
        reconstruction: reconstruction.as_ref(),
        prepared: None,
        codes: &codes.unwrap(),
        pca: pca.as_ref(),
        embedding: embedding.as_ref(),
        embedding_of_codes: None,
        pca_embedding: None,
        noise: None,
        aim: Aim::Error,
    })
}

#[test]
fn says_by_how_much_the_code_is_better() {
    let sentences = judged(Some(0.6), 0.7, Some(0.6), None);
    assert_eq!(
        sentences,
        ["The 32-number code is better than PCA of its size: 40 % less error on held-out rows, 88 % of the variance \
          kept against 80 %, and it keeps 70 % of the 10 nearest neighbors where PCA-32 keeps 60 %."]
    );
    assert!(judged(Some(0.6), 0.5, Some(0.6), None)[0].contains("but it keeps 50 %"));
    assert!(judged(Some(0.6), 0.5, None, None)[0].ends_with("80 %."));
}

#[test]
fn says_when_the_autoencoder_was_not_worth_it() {
    let same = &judged(Some(0.99), 0.6, Some(0.6), None)[0];
    assert!(same.starts_with("PCA-32 is as good here (1 % less error") && same.ends_with("consider it."), "{same}");
    let worse = judged(Some(1.2), 0.6, Some(0.6), None);
    assert!(worse[0].starts_with("PCA-32 is better here (20 % more error"), "{}", worse[0]);
    assert!(worse[1].contains("max_epochs"));
    assert!(judged(None, 0.6, Some(0.61), None)[0].starts_with("PCA-32 is as good here (the code keeps 60 %"));
    assert!(judged(None, 0.6, Some(0.7), None)[0].starts_with("PCA-32 is better here (the code keeps 60 %"));
}

#[test]
fn neighbors_decide_where_errors_are_the_same() {
    let closer = &judged(Some(1.0), 0.7, Some(0.6), None)[0];
    assert!(closer.contains("loses as much as PCA") && closer.contains("but keeps 70 %"), "{closer}");
    assert!(judged(None, 0.7, Some(0.6), None)[0].contains("is better than PCA of its size: it keeps 70 %"));
    assert!(judged(None, 0.7, None, None)[0].contains("no PCA beside it"));
}

#[test]
fn says_where_neighborhoods_were_lost_and_what_to_try() {
    let second = |codes, embedding| judged(Some(0.6), codes, None, Some(embedding))[1].clone();
    assert!(second(0.5, 0.4).starts_with("Of the neighborhoods that were lost, most were lost in the encoder"));
    assert!(second(0.9, 0.5).starts_with("Of the neighborhoods that were lost, most were lost on the map"));
    assert!(second(0.7, 0.4).starts_with("Neighborhoods were lost in the encoder and again on the map"));
    assert!(second(0.97, 0.95).starts_with("Neighborhoods came through"));
    let third = |codes, embedding| judged(Some(0.6), codes, None, Some(embedding)).get(2).cloned();
    assert!(third(0.5, 0.4).unwrap().contains("code_size"));
    assert!(third(0.9, 0.5).unwrap().contains("look neighbors up in the codes"));
    assert_eq!(third(0.97, 0.95), None);
}

#[test]
fn losing_noise_is_no_loss() {
    let (table, codes, pca) = (measures(1.0, 1.0, 0.8), measures(0.05, 0.86, 0.9), measures(0.05, 0.86, 0.9));
    let step = measures(0.3, 0.96, 0.9);
    let mut facts = Facts {
        code_size: 32,
        reconstruction: None,
        prepared: Some(&table),
        codes: &codes,
        pca: Some(&pca),
        embedding: Some(&codes),
        embedding_of_codes: Some(&step),
        pca_embedding: None,
        noise: None,
        aim: Aim::Error,
    };
    let sentences = verdict(&facts);
    assert_eq!(
        sentences[1],
        "The encoder left out noise rather than structure: of a row's 10 nearest neighbors in the table 5 % are kept in the \
         codes, and of those in the codes 30 % on the map (trustworthiness 0.860 and 0.960), but neighbors share a label in \
         90 % of rows by the codes and in 80 % by the table. By the table the map has a trustworthiness of 0.86 and a \
         continuity of 0.86: read it with care."
    );
    assert_eq!(sentences.len(), 2);
    facts.prepared = None;
    assert!(verdict(&facts)[1].starts_with("The order of neighbors in the table is mostly noise"));
    let better = measures(1.0, 1.0, 0.95);
    facts.prepared = Some(&better);
    assert!(verdict(&facts)[1].starts_with("Neighborhoods were lost in the encoder and again"));
    // where most rows are of one class, neighbors share it by chance
    let common = Measures { largest_class: Some(0.88), ..codes.clone() };
    (facts.prepared, facts.codes) = (Some(&table), &common);
    assert!(verdict(&facts)[1].starts_with("Neighborhoods were lost in the encoder and again"));
    facts.codes = &codes;
    // what PCA keeps was no noise, whatever the labels say
    let close = measures(0.4, 0.95, 0.9);
    (facts.prepared, facts.pca) = (Some(&table), Some(&close));
    assert!(verdict(&facts)[1].starts_with("Neighborhoods were lost in the encoder and again"));
    // a likelihood of counts is not judged by what it was not trained for
    facts.aim = Aim::Counts;
    let counted = verdict(&facts);
    assert!(counted[0].starts_with("By squared error, which the likelihood of counts does not train"), "{counted:?}");
    assert!(!counted.iter().any(|sentence| sentence.contains("max_epochs")), "{counted:?}");
}

#[test]
fn labels_that_mix_on_the_map_and_maps_no_better_than_a_plane_come_first() {
    let (codes, mixed, plane) = (measures(0.7, 0.95, 0.95), measures(0.5, 0.9, 0.85), measures(0.3, 0.92, 0.8));
    let facts = |embedding, pca_embedding| Facts {
        code_size: 32,
        reconstruction: None,
        prepared: None,
        codes: &codes,
        pca: None,
        embedding: Some(embedding),
        embedding_of_codes: None,
        pca_embedding: Some(pca_embedding),
        noise: None,
        aim: Aim::Error,
    };
    let sentences = verdict(&facts(&mixed, &plane));
    assert!(sentences[2].contains("95 % of cases by their codes but in 85 % on the map"), "{sentences:?}");
    let (apart, plane) = (measures(0.5, 0.91, 0.94), measures(0.3, 0.92, 0.93));
    assert!(verdict(&facts(&apart, &plane))[2].contains("two principal components"));
}

#[test]
fn equal_errors_few_rows_and_variance_that_nobody_keeps_are_said_in_words() {
    let said = |ratio, explained, rows| {
        let found = Reconstruction {
            variance_explained: Some(explained),
            pca_variance_explained: Some(explained),
            rows,
            ..reconstruction(ratio)
        };
        error_beside_pca(Some(&found)).unwrap()
    };
    assert_eq!(said(1.0, 0.11, 264), "the same error on held-out rows, 11 % of the variance kept against 11 %");
    assert_eq!(said(1.02, -0.02, 6), "2 % more error on only 6 held-out rows, and neither tells them from their mean");
}

#[test]
fn a_model_trained_to_clean_is_judged_by_what_it_cleans() {
    let (found, codes, pca) = (reconstruction(1.8), measures(0.8, 0.95, 0.9), measures(0.8, 0.95, 0.9));
    let judged = |cleaned, pca_cleaned| {
        verdict(&Facts {
            code_size: 32,
            reconstruction: Some(&found),
            prepared: None,
            codes: &codes,
            pca: Some(&pca),
            embedding: None,
            embedding_of_codes: None,
            pca_embedding: None,
            noise: Some(Noise { noisy: 0.04, cleaned, pca: pca_cleaned }),
            aim: Aim::Error,
        })
    };
    let better = judged(0.008, 0.02);
    assert_eq!(better[0], "Of noise as in training the model removes 80 % on held-out rows, PCA-32 50 %.");
    assert!(better[1].starts_with("Without noise: PCA-32 is better here"), "{better:?}");
    assert_eq!(better.len(), 2, "advice on clean rows would mislead");
    assert!(judged(0.02, 0.0201)[0].ends_with("PCA cleans as well."));
    assert!(judged(0.05, 0.06)[0].ends_with("removes none on held-out rows, PCA-32 none: clean no rows with either."));
    assert!(judged(0.05, 0.02)[0].contains("removes none on held-out rows, PCA-32 50 %: use PCA"));
}

#[test]
fn two_components_are_advised_only_where_labels_do_not_say_otherwise() {
    let advised = |map: f64, plane: f64, counts: bool| {
        let (codes, pca) = (measures(0.06, 0.8, 0.85), measures(0.4, 0.9, 0.83));
        let (embedding, plane) = (measures(0.03, 0.7, map), measures(0.1, 0.8, plane));
        verdict(&Facts {
            code_size: 10,
            reconstruction: Some(&reconstruction(1.5)),
            prepared: Some(&measures(1.0, 1.0, 0.82)),
            codes: &codes,
            pca: Some(&pca),
            embedding: Some(&embedding),
            embedding_of_codes: None,
            pca_embedding: Some(&plane),
            noise: None,
            aim: if counts { Aim::Counts } else { Aim::Error },
        })
    };
    let said = advised(0.824, 0.517, true).join(" ");
    assert!(!said.contains("draw those instead") && !said.contains("noise rather than structure"), "{said}");
    assert!(said.contains("it is mostly totals that make neighbors: of a row's 10 nearest"), "{said}");
    assert!(!advised(0.824, 0.517, false).join(" ").contains("draw those instead"));
    assert!(advised(0.824, 0.81, false).join(" ").contains("draw those instead"));
    assert!(!advised(0.824, 0.81, true).join(" ").contains("draw those instead"));
}

#[test]
fn kinds_that_give_up_error_are_not_sent_to_longer_training() {
    let (found, codes, pca) = (reconstruction(3.0), measures(0.3, 0.9, 0.8), measures(0.8, 0.95, 0.8));
    let far = Measures { distance_correlation: Some(0.25), ..measures(0.2, 0.9, 0.8) };
    let facts = Facts {
        code_size: 16,
        reconstruction: Some(&found),
        prepared: None,
        codes: &codes,
        pca: Some(&pca),
        embedding: Some(&far),
        embedding_of_codes: None,
        pca_embedding: None,
        noise: None,
        aim: Aim::Distribution,
    };
    let said = verdict(&facts);
    assert!(said[0].starts_with("PCA-16 rebuilds rows better (200 % more error"), "{said:?}");
    assert!(said[0].contains("smaller `beta`") && !said.join(" ").contains("max_epochs"), "{said:?}");
    assert!(!said.join(" ").contains("code_size"), "{said:?}");
    assert!(
        said[1].ends_with(
            "How far apart groups lie on it says little (rank correlation with the distances in the table 0.25)."
        ),
        "{said:?}"
    );
    let said = verdict(&Facts { aim: Aim::Sparse(0.1), ..facts });
    assert!(said.join(" ").contains("A larger `autoencoder.code_size` keeps more of them."), "{said:?}");
    assert!(said[0].contains("here 10 % in a row") && !said.join(" ").contains("max_epochs"), "{said:?}");
}
