//! Anybody's codes or embedding of a table, rated by their faithfulness.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::evaluate::{self, Measures, Pair, Space};
use crate::event::{Event, Observer};
use crate::prepare::Preparation;
use crate::seed::Seed;
use crate::table::{self, Input, LabelValues, Missing, NumericMissing, Table};
use crate::value::OneOrMany;

/// What is rated.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The table that codes and embedding were made from.
    pub table: &'a Path,
    /// Codes of its rows.
    pub codes: &'a Path,
    /// An embedding of its rows.
    pub embedding: Option<&'a Path>,
    /// The id column, where the files have one.
    pub id: Option<&'a str>,
    /// The column of classes in the table.
    pub label: Option<&'a str>,
    /// Whether the table is compared as it is.
    pub preparation: TablePreparation,
    /// How.
    pub options: evaluate::Options,
}

/// What is done to the table before distances are measured in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TablePreparation {
    /// The steps that a pipeline without `prepare` takes.
    Default,
    /// Nothing.
    None,
}

/// How faithful somebody's codes and embedding are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The codes beside the table.
    pub codes: Measures,
    /// The embedding beside the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Measures>,
    /// The embedding beside the codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding_from_codes: Option<Measures>,
}

/// Rates codes and an embedding of a table; rows are matched by id where all files have the id column, else by order.
///
/// # Errors
/// If a file cannot be read, or rows cannot be matched.
pub fn score(request: &Request<'_>, observer: &mut Observer<'_>) -> Result<Score> {
    let mut input = input_of(request.table, request.id);
    input.labels = request.label.map(str::to_owned).into_iter().collect();
    let Table { ids, frame, labels, .. } = table::read::read(&input, Path::new(""), observer)?;
    let rows = ids.len();
    let steps = match request.preparation {
        TablePreparation::Default => {
            let chosen = Preparation::default_steps(&frame);
            let _ = observer(Event::Note(chosen.reason));
            chosen.steps
        }
        TablePreparation::None => Vec::new(),
    };
    let every: Vec<usize> = (0..rows).collect();
    let (_, prepared) = Preparation::fit(&steps, &input.missing, frame, &every, observer)?;
    let codes = numbers(request.codes, request, &ids, observer)?;
    let embedding = request.embedding.map(|path| numbers(path, request, &ids, observer)).transpose()?;
    let mut spaces =
        vec![Space { name: "table", points: prepared.view() }, Space { name: "codes", points: codes.view() }];
    let mut pairs = vec![Pair { before: 0, after: 1 }];
    if let Some(embedding) = &embedding {
        spaces.push(Space { name: "embedding", points: embedding.view() });
        pairs.extend([Pair { before: 0, after: 2 }, Pair { before: 1, after: 2 }]);
    }
    let classes = labels.first().and_then(|label| match &label.values {
        LabelValues::Classes { of_row, .. } => Some(of_row.as_slice()),
        LabelValues::Numbers(_) => None,
    });
    let mut measures = evaluate::compare(&spaces, &pairs, classes, &request.options, Seed(42), observer)?.into_iter();
    let codes = measures.next().ok_or_else(|| Error::failure("a measure is missing"))?;
    Ok(Score { codes, embedding: measures.next(), embedding_from_codes: measures.next() })
}

fn input_of(path: &Path, id: Option<&str>) -> Input {
    let absolute: PathBuf = table::read::absolute(path);
    Input {
        path: OneOrMany(vec![absolute]),
        id: id.map(str::to_owned),
        missing: Missing { numeric: NumericMissing::Median, ..Missing::default() },
        ..Input::new(path)
    }
}

/// The numeric columns of a file, in the order of the table's rows.
fn numbers(path: &Path, request: &Request<'_>, ids: &[String], observer: &mut Observer<'_>) -> Result<Array2<f32>> {
    let plain = input_of(path, None);
    let there: Vec<String> =
        table::read::schema(&plain, Path::new(""))?.columns.into_iter().map(|(name, _)| name).collect();
    let id = request.id.filter(|id| there.iter().any(|name| name == id));
    let mut input = input_of(path, id);
    // files of ours hold more beside the numbers that are rated; in others everything but the label is
    let ours: Vec<&String> = there.iter().filter(|name| is_ours(name)).collect();
    if ours.is_empty() {
        input.features.exclude = request.label.iter().map(|label| format!("^{}$", regex::escape(label))).collect();
    } else {
        input.features.include = ours.into_iter().cloned().collect();
    }
    let Table { ids: found, frame, .. } = table::read::read(&input, Path::new(""), observer)?;
    if frame.features.is_empty() {
        return Err(Error::request("there is no numeric column").at(path.display().to_string()));
    }
    let _ = observer(Event::Note(format!("{} columns of `{}` are rated", frame.features.len(), path.display())));
    if id.is_some() {
        let place: HashMap<&str, usize> = found.iter().map(String::as_str).zip(0..).collect();
        let order: Vec<usize> = ids
            .iter()
            .map(|id| {
                place.get(id.as_str()).copied().ok_or_else(|| {
                    Error::request(format!("the id `{id}` of the table is not there")).at(path.display().to_string())
                })
            })
            .collect::<Result<_>>()?;
        return Ok(frame.values.select(Axis(0), &order));
    }
    if frame.values.nrows() != ids.len() {
        return Err(Error::request(format!("{} rows, but the table has {}", frame.values.nrows(), ids.len()))
            .at(path.display().to_string())
            .hint("give the rows of the table in its order, or name the id column with `--id`"));
    }
    Ok(frame.values)
}

/// Whether a column is one of the numbers that our own files hold: `code_00` …, `x`, `y`.
fn is_ours(name: &str) -> bool {
    name == "x" || name == "y" || super::pictures::is_code(name)
}
