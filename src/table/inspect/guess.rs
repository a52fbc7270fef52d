//! What columns could be, by their names and values: ids, labels, row numbers; and which way a table lies.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;
use std::hash::DefaultHasher;

use crate::table::Label;
use crate::table::LabelValues;
use crate::table::Table;
use crate::table::keep::AS_IDS;

/// Columns of numbers that count the rows of the file from 0 or 1, one by one.
#[must_use]
pub fn row_numbers(table: &Table) -> Vec<String> {
    let frame = &table.frame;
    let counts = |column: usize| {
        let cells = frame.values.column(column).into_iter().zip(&table.rows);
        #[expect(clippy::cast_precision_loss, reason = "row numbers of single precision")]
        let count_from = |first: usize| cells.clone().all(|(value, row)| *value == (row + first) as f32);
        count_from(0) || count_from(1)
    };
    const FEWEST: usize = 10;
    if frame.rows() < FEWEST {
        return Vec::new();
    }
    (0..frame.features.len()).filter(|column| counts(*column)).map(|column| frame.features[column].clone()).collect()
}

/// Texts, and whole numbers named like ids, that differ in every row.
pub(super) fn possible_ids(table: &Table) -> Vec<String> {
    let frame = &table.frame;
    let rows = frame.rows();
    let mut found: Vec<(u8, String)> = Vec::new();
    for unused in table.account.unused.iter().filter(|unused| unused.reason == AS_IDS) {
        found.push((u8::from(!sounds_like(&unused.name, &IDS)), unused.name.clone()));
    }
    for category in &frame.categories {
        if category.levels.len() == rows && rows > 1 {
            found.push((u8::from(!sounds_like(&category.name, &IDS)), category.name.clone()));
        }
    }
    for (column, name) in frame.features.iter().enumerate().filter(|(_, name)| sounds_like(name, &IDS)) {
        let mut values: Vec<u32> = frame.values.column(column).iter().map(|value| value.to_bits()).collect();
        let whole = frame.values.column(column).iter().all(|value| value.fract() == 0.0);
        values.sort_unstable();
        values.dedup();
        if whole && values.len() == rows && rows > 1 {
            found.push((2, name.clone()));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, name)| name).collect()
}

const IDS: [&str; 12] =
    ["id", "ids", "index", "name", "barcode", "cell", "sample", "uuid", "key", "order", "row", "patient"];
const LABELS: [&str; 22] = [
    "label",
    "labels",
    "class",
    "classes",
    "target",
    "y",
    "cluster",
    "clusters",
    "group",
    "type",
    "celltype",
    "species",
    "diagnosis",
    "category",
    "batch",
    "condition",
    "tissue",
    "louvain",
    "leiden",
    "outcome",
    "phenotype",
    "annotation",
];

/// Whether one of a name's words is one of these.
fn sounds_like(name: &str, words: &[&str]) -> bool {
    let lower = name.to_lowercase();
    words.contains(&lower.as_str())
        || lower.split(|letter: char| !letter.is_alphanumeric()).any(|word| words.contains(&word))
        || words.contains(&lower.replace(['_', '-', ' ', '.'], "").as_str())
}

/// Texts with few classes, and whole numbers with few classes that are named like labels.
pub(super) fn possible_labels(table: &Table) -> Vec<(String, usize)> {
    let frame = &table.frame;
    let rows = frame.rows();
    let mut found: Vec<(u8, String, usize)> = Vec::new();
    for Label { name, values } in &table.labels {
        if let LabelValues::Classes { levels, .. } = values
            && are_classes(levels.len(), rows)
        {
            found.push((0, name.clone(), levels.len()));
        }
    }
    for category in &frame.categories {
        let classes = category.levels.len();
        if are_classes(classes, rows) {
            found.push((if sounds_like(&category.name, &LABELS) { 1 } else { 3 }, category.name.clone(), classes));
        }
    }
    let named = |position: usize, name: &str| {
        sounds_like(name, &LABELS)
            && (position == 0 || position + 1 == frame.features.len() || frame.features.len() < 200)
    };
    for (position, name) in frame.features.iter().enumerate().filter(|(position, name)| named(*position, name)) {
        if let Some(classes) = whole_classes(table, position).filter(|classes| are_classes(*classes, rows)) {
            found.push((2, name.clone(), classes));
        }
    }
    found.sort_by_key(|(rank, ..)| *rank);
    found.into_iter().map(|(_, name, classes)| (name, classes)).collect()
}

/// The only column that is not numbered where all others are (`p0`, `p1`, … and `digit`), if it has few classes: it is about
/// the row, the others are what was measured. `counters` are those of [`row_numbers`].
#[must_use]
pub fn label_among_numbered(table: &Table, counters: &[String]) -> Option<(String, usize)> {
    const FEWEST_NUMBERED: usize = 20;
    let frame = &table.frame;
    let numbered = |name: &&String| name.ends_with(|letter: char| letter.is_ascii_digit());
    let names = || frame.features.iter().chain(frame.categories.iter().map(|category| &category.name));
    if names().filter(numbered).count() < FEWEST_NUMBERED {
        return None;
    }
    let mut others = names().filter(|name| !numbered(name) && !counters.contains(name));
    let (Some(name), None) = (others.next(), others.next()) else { return None };
    let classes = match frame.categories.iter().find(|category| category.name == *name) {
        Some(category) => Some(category.levels.len()),
        None => whole_classes(table, frame.features.iter().position(|feature| feature == name)?),
    };
    classes.filter(|classes| are_classes(*classes, frame.rows())).map(|classes| (name.clone(), classes))
}

/// More are no classes any more.
const MOST_CLASSES: usize = 100;

fn are_classes(classes: usize, rows: usize) -> bool {
    (2..=MOST_CLASSES).contains(&classes) && 2 * classes <= rows
}

/// How many different values a column has, if they are whole numbers and not too many.
fn whole_classes(table: &Table, column: usize) -> Option<usize> {
    let mut classes: HashSet<u32, BuildHasherDefault<DefaultHasher>> = HashSet::default();
    for value in table.frame.values.column(column).iter().filter(|value| !value.is_nan()) {
        classes.insert(value.to_bits());
        if value.fract() != 0.0 || classes.len() > MOST_CLASSES {
            return None;
        }
    }
    Some(classes.len())
}

/// Signs that rows are features: row names like genes, columns named like samples.
pub(in crate::table) fn other_layout(table: &Table) -> Option<String> {
    let frame = &table.frame;
    let sample: Vec<&String> = frame.features.iter().take(200).collect();
    if sample.len() < 4 || table.account.format.contains("HDF5") || table.account.format.contains("AnnData") {
        return None;
    }
    let share = |count: usize, all: usize| 2 * count > all;
    let columns_like_samples = share(sample.iter().filter(|name| is_barcode(name)).count(), sample.len());
    let named_first = table.account.unused.iter().find(|unused| {
        let name = unused.name.to_lowercase();
        unused.reason.contains("every row")
            && ["gene", "genes", "symbol", "gene_id", "geneid", "gene_name", "probe_id", "feature", "id_ref", "ensembl"]
                .contains(&name.as_str())
    });
    let ids: Vec<&String> = table.ids.iter().take(200).collect();
    let ids_like_genes = share(ids.iter().filter(|id| is_gene(id)).count(), ids.len());
    let columns_like_genes = share(sample.iter().filter(|name| is_gene(name)).count(), sample.len());
    let ids_like_samples = share(ids.iter().filter(|id| is_barcode(id)).count(), ids.len());
    if table.account.turned {
        let wrong = columns_like_samples || ids_like_genes;
        return (wrong && !columns_like_genes && !ids_like_samples).then(|| {
            "the rows of the file may be samples already: its columns are named like genes or its rows like samples; \
             if so, set `input.layout: samples_in_rows`"
                .to_owned()
        });
    }
    if columns_like_genes || ids_like_samples {
        return None;
    }
    match named_first {
        Some(first) => Some(format!(
            "the rows may be features, not samples: column `{}` names each row; if so, set `input.layout: features_in_rows`",
            first.name
        )),
        None if columns_like_samples || ids_like_genes => Some(
            "the rows may be features, not samples: the columns are named like samples or the rows like genes; \
             if so, set `input.layout: features_in_rows`"
                .to_owned(),
        ),
        None => None,
    }
}

/// A cell barcode: eight or more of A, C, G and T, perhaps with a suffix.
fn is_barcode(name: &str) -> bool {
    let bases = name.bytes().take_while(|byte| matches!(byte, b'A' | b'C' | b'G' | b'T' | b'N')).count();
    bases >= 8 && name[bases..].chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '-' | '.' | '_'))
}

/// An Ensembl gene id, or one of the symbols of genes that every cell has.
fn is_gene(name: &str) -> bool {
    let ensembl = name.strip_prefix("ENS").is_some_and(|rest| rest.bytes().filter(u8::is_ascii_digit).count() >= 9);
    let prefixes = ["MT-", "RPL", "RPS", "LINC0", "RP11-", "MIR", "SLC", "ZNF", "mt-", "Rpl", "Rps"];
    ensembl || prefixes.iter().any(|prefix| name.starts_with(prefix) && name.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Columns are taken for labels by these words in their names: guessing from values alone would keep features from training.
const NAMED_LABELS: [&str; 14] = [
    "label",
    "class",
    "classe",
    "target",
    "cluster",
    "celltype",
    "species",
    "diagnosis",
    "outcome",
    "category",
    "group",
    "condition",
    "phenotype",
    "y",
];

/// Whether a column's name says that it is a label: one of the words, alone or as a part (`cell_type`, `Class`, `y`).
#[must_use]
pub fn named_as_label(name: &str) -> bool {
    let lower = name.to_lowercase();
    let joined: String = lower.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let parts = lower.split(|letter: char| !letter.is_alphanumeric());
    NAMED_LABELS.contains(&joined.as_str())
        || parts.clone().count() <= 2 && parts.clone().any(|part| part.len() > 1 && NAMED_LABELS[..8].contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_guessed_by_name_alone() {
        assert!(
            ["label", "Class", "cell_type", "cell type", "y", "true_label"].iter().all(|name| named_as_label(name))
        );
        assert!(!["Condition 1", "workclass", "MS SubClass", "education"].iter().any(|name| named_as_label(name)));
    }
}
