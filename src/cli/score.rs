//! `score`: anybody's codes or embedding, rated.

use std::fmt::Write as _;

use super::arguments::Score;
use super::output;
use super::progress::Stop;
use crate::error::Result;
use crate::evaluate::{self, Measures};
use crate::run::score::{self, Request, TablePreparation};

/// `score TABLE CODES [EMBEDDING]`.
pub(super) fn score(verb: &Score, stop: &Stop) -> Result<()> {
    let mut progress = super::listener(verb.json, false, stop);
    let request = Request {
        table: &verb.table,
        codes: &verb.codes,
        embedding: verb.embedding.as_deref(),
        id: verb.id.as_deref(),
        label: verb.label.as_deref(),
        layout: verb.layout.map_or_else(Default::default, Into::into),
        preparation: if verb.as_is { TablePreparation::None } else { TablePreparation::Default },
        options: evaluate::Options { neighbors: verb.neighbors.get(), ..evaluate::Options::default() },
    };
    let score = score::score(&request, &mut |event| progress.take(event))?;
    if verb.json {
        return output::print_json(&score);
    }
    let mut columns = vec![("codes", &score.codes)];
    columns.extend(score.embedding.as_ref().map(|measures| ("embedding", measures)));
    columns.extend(score.embedding_from_codes.as_ref().map(|measures| ("embedding from codes", measures)));
    output::print(&table(&columns, score.table_label_agreement))
}

fn table(columns: &[(&str, &Measures)], of_table: Option<f64>) -> String {
    let mut text = format!("{:<22}", "");
    for (name, _) in columns {
        let _ = write!(text, "{name:>22}");
    }
    text.push('\n');
    let rows: [(&str, &dyn Fn(&Measures) -> Option<f64>); 7] = [
        ("trustworthiness", &|measures| Some(measures.trustworthiness)),
        ("continuity", &|measures| Some(measures.continuity)),
        ("kNN recall", &|measures| Some(measures.knn_recall)),
        ("distance correlation", &|measures| measures.distance_correlation),
        ("label agreement", &|measures| measures.label_agreement),
        ("class neighbors", &|measures| measures.class_neighbor_preservation),
        ("silhouette", &|measures| measures.silhouette),
    ];
    for (name, value) in rows {
        let values: Vec<Option<f64>> = columns.iter().map(|(_, measures)| value(measures)).collect();
        if values.iter().all(Option::is_none) {
            continue;
        }
        let _ = write!(text, "{name:<22}");
        for value in values {
            let _ = write!(text, "{:>22}", value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}")));
        }
        text.push('\n');
    }
    if let Some((_, measures)) = columns.first() {
        if let Some(agreement) = of_table {
            let _ = writeln!(text, "label agreement of the table itself {agreement:.4}");
        }
        if let Some(share) = measures.largest_class {
            let _ = writeln!(text, "of the rows with a label {share:.4} are of the largest class");
        }
        let sample = if measures.sampled { " (a seeded sample)" } else { "" };
        let _ = writeln!(
            text,
            "{} neighbors, {} of {} rows{sample}",
            measures.neighbors, measures.rows, measures.total_rows
        );
    }
    text
}
