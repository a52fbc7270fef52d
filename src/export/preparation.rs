//! The preparation as nodes of a graph, forth and back.
//!
//! Every step computes in double precision and rounds to single, as the program does. Where the program refuses a row (a
//! missing value without a rule, a negative number before a logarithm), a graph cannot: such a row is marked, and its
//! codes are not a number.

use super::graph::{Attribute, Graph, Type, Value};
use crate::prepare::Fitted;
use crate::prepare::Levels;
use crate::prepare::MissingLevel;
use crate::prepare::Preparation;

/// The name of the input and the output of numbers.
pub(super) const FEATURES: &str = "features";
/// The name of the input and the output of texts.
pub(super) const CATEGORIES: &str = "categories";

/// Prepared rows, and how often the program would have refused something in each (`rows × 1`).
pub(super) struct Prepared {
    pub(super) values: Value,
    pub(super) refused: Option<Value>,
}

/// Adds the inputs and all that leads from them to prepared rows.
pub(super) fn forth(graph: &mut Graph, preparation: &Preparation) -> Prepared {
    let mut marks = Marks(Vec::new());
    let mut parts = Vec::new();
    let inputs = preparation.input_features().len();
    if inputs > 0 {
        let mut values = graph.input(FEATURES, Type::Single, inputs);
        let mut width = inputs;
        let infinite = graph.apply("IsInf", &[&values], &[]);
        marks.add(graph, &infinite);
        let missing = graph.apply("IsNaN", &[&values], &[]);
        match preparation.fill() {
            Some(fill) => {
                let fill = graph.single(&[1, inputs], fill);
                values = graph.apply("Where", &[&missing, &fill, &values], &[]);
            }
            None => marks.add(graph, &missing),
        }
        for step in preparation.steps() {
            if let Fitted::Keep { columns, .. } = step {
                width = columns.len();
            }
            values = apply(graph, &mut marks, step, &values);
        }
        if width > 0 {
            parts.push(values);
        }
    }
    let levels = preparation.levels();
    if !levels.is_empty() {
        let texts = graph.input(CATEGORIES, Type::Text, levels.len());
        for (place, levels) in levels.iter().enumerate() {
            let place = graph.whole(&[], &[place as i64]);
            let column = graph.apply("Gather", &[&texts, &place], &[Attribute::Int("axis", 1)]);
            parts.extend(encode(graph, &mut marks, levels, &column));
        }
    }
    let parts: Vec<&Value> = parts.iter().collect();
    let values = match parts.as_slice() {
        [one] => (*one).clone(),
        many => graph.apply("Concat", many, &[Attribute::Int("axis", 1)]),
    };
    Prepared { values, refused: marks.sum(graph) }
}

/// Counts of what the program would refuse, `rows × 1` each.
struct Marks(Vec<Value>);

impl Marks {
    /// Takes note of the places (`rows × columns`, yes or no) where the program would refuse.
    fn add(&mut self, graph: &mut Graph, places: &Value) {
        let counted = graph.cast(places, Type::Single);
        self.0.push(graph.row_sums(&counted));
    }

    fn sum(self, graph: &mut Graph) -> Option<Value> {
        self.0.into_iter().reduce(|sum, mark| graph.apply("Add", &[&sum, &mark], &[]))
    }
}

/// One step on numbers.
fn apply(graph: &mut Graph, marks: &mut Marks, step: &Fitted, values: &Value) -> Value {
    if let Fitted::Keep { columns, .. } = step {
        let columns: Vec<i64> = columns.iter().map(|column| *column as i64).collect();
        let columns = graph.whole(&[columns.len()], &columns);
        return graph.apply("Gather", &[values, &columns], &[Attribute::Int("axis", 1)]);
    }
    if matches!(step, Fitted::Total { .. } | Fitted::Log1p | Fitted::Sqrt) {
        let zero = graph.single(&[], &[0.0]);
        let negative = graph.apply("Less", &[values, &zero], &[]);
        marks.add(graph, &negative);
    }
    let wide = graph.cast(values, Type::Double);
    let result = match step {
        Fitted::Total { target } => {
            let totals = graph.row_sums(&wide);
            let target = graph.double(&[], &[*target]);
            let factors = graph.apply("Div", &[&target, &totals], &[]);
            let scaled = graph.apply("Mul", &[&wide, &factors], &[]);
            where_positive(graph, &totals, &scaled, &wide)
        }
        Fitted::Log1p => {
            let one = graph.double(&[], &[1.0]);
            let sum = graph.apply("Add", &[&wide, &one], &[]);
            graph.apply("Log", &[&sum], &[])
        }
        Fitted::Sqrt => graph.apply("Sqrt", &[&wide], &[]),
        Fitted::Arcsinh { cofactor } => {
            // asinh x = sign x · ln(|x| + √(x² + 1)), which loses nothing for large negative x
            let cofactor = graph.double(&[], &[*cofactor]);
            let one = graph.double(&[], &[1.0]);
            let x = graph.apply("Div", &[&wide, &cofactor], &[]);
            let square = graph.apply("Mul", &[&x, &x], &[]);
            let sum = graph.apply("Add", &[&square, &one], &[]);
            let root = graph.apply("Sqrt", &[&sum], &[]);
            let size = graph.apply("Abs", &[&x], &[]);
            let sum = graph.apply("Add", &[&size, &root], &[]);
            let logarithm = graph.apply("Log", &[&sum], &[]);
            let sign = graph.apply("Sign", &[&x], &[]);
            graph.apply("Mul", &[&sign, &logarithm], &[])
        }
        Fitted::Affine { center, scale, bounds, .. } => {
            let center = graph.double(&[1, center.len()], center);
            let scale = graph.double(&[1, scale.len()], scale);
            let moved = graph.apply("Sub", &[&wide, &center], &[]);
            let moved = graph.apply("Div", &[&moved, &scale], &[]);
            match bounds {
                Some((low, high)) => {
                    let (low, high) = (graph.double(&[], &[*low]), graph.double(&[], &[*high]));
                    graph.apply("Clip", &[&moved, &low, &high], &[])
                }
                None => moved,
            }
        }
        Fitted::Clip { low, high } => {
            let widen = |figures: &[f32]| figures.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
            let low = graph.double(&[1, low.len()], &widen(low));
            let high = graph.double(&[1, high.len()], &widen(high));
            let above = graph.apply("Max", &[&wide, &low], &[]);
            graph.apply("Min", &[&above, &high], &[])
        }
        Fitted::L2Rows => {
            let square = graph.apply("Mul", &[&wide, &wide], &[]);
            let sums = graph.row_sums(&square);
            let lengths = graph.apply("Sqrt", &[&sums], &[]);
            let divided = graph.apply("Div", &[&wide, &lengths], &[]);
            where_positive(graph, &lengths, &divided, &wide)
        }
        Fitted::Keep { .. } => wide,
    };
    graph.cast(&result, Type::Single)
}

/// `yes` in the rows where `figure` (`rows × 1`) is above 0, else `no`.
fn where_positive(graph: &mut Graph, figure: &Value, yes: &Value, no: &Value) -> Value {
    let zero = graph.double(&[], &[0.0]);
    let positive = graph.apply("Greater", &[figure, &zero], &[]);
    graph.apply("Where", &[&positive, yes, no], &[])
}

/// Columns of 0 and 1 for a column of texts (`rows`); nothing where there are no levels.
///
/// A text is a row of a table: the level's, a row of zeros for texts that no training row had, and one more for what is
/// refused. The empty text stands for a missing one, unless it is a level itself.
fn encode(graph: &mut Graph, marks: &mut Marks, levels: &Levels, column: &Value) -> Option<Value> {
    let width = levels.width();
    let (unseen, refused) = (width as i64, width as i64 + 1);
    let mut keys: Vec<String> = levels.levels.iter().chain(&levels.pooled).cloned().collect();
    let own = levels.levels.len() as i64;
    let mut numbers: Vec<i64> = (0..own).chain(levels.pooled.iter().map(|_| own)).collect();
    if !keys.iter().any(String::is_empty) {
        keys.push(String::new());
        numbers.push(match levels.missing {
            MissingLevel::Own => unseen - 1,
            MissingLevel::Fill(place) => place as i64,
            MissingLevel::Unseen => unseen,
            MissingLevel::Refuse => refused,
        });
    }
    let number = graph.encode_labels(column, &keys, &numbers, unseen);
    if levels.missing == MissingLevel::Refuse {
        let refused = graph.whole(&[], &[refused]);
        let places = graph.apply("Equal", &[&number, &refused], &[]);
        let axis = graph.whole(&[1], &[1]);
        let places = graph.apply("Unsqueeze", &[&places, &axis], &[]);
        marks.add(graph, &places);
    }
    if width == 0 {
        return None;
    }
    let mut rows = vec![0.0; (width + 2) * width];
    for place in 0..width {
        rows[place * width + place] = 1.0;
    }
    let rows = graph.single(&[width + 2, width], &rows);
    Some(graph.apply("Gather", &[&rows, &number], &[Attribute::Int("axis", 0)]))
}

/// What came back from prepared rows.
pub(super) struct Undone {
    /// The names of the columns of the output `features`; none where a step cannot be undone.
    pub(super) features: Vec<String>,
    /// The names of the columns of the output `categories`.
    pub(super) categories: Vec<String>,
}

/// Adds all that leads from prepared rows back to the units of the table, and the outputs.
pub(super) fn back(graph: &mut Graph, preparation: &Preparation, prepared: &Value) -> Undone {
    let kept = preparation.kept_inputs();
    let mut undone = Undone { features: Vec::new(), categories: Vec::new() };
    if preparation.is_invertible() && !kept.is_empty() {
        let mut values = columns_of(graph, prepared, 0, kept.len());
        let mut columns: Vec<usize> = (0..kept.len()).collect();
        for step in preparation.steps().iter().rev() {
            if let Fitted::Keep { columns: chosen, .. } = step {
                columns = columns.iter().map(|column| chosen[*column]).collect();
            } else {
                values = undo(graph, step, &values, &columns);
            }
        }
        graph.output(FEATURES, Type::Single, kept.len(), &values);
        undone.features = kept.iter().map(|column| preparation.input_features()[*column].clone()).collect();
    }
    let mut first = kept.len();
    let mut texts = Vec::new();
    for levels in preparation.levels() {
        let width = levels.width();
        if width > 0 {
            let values = columns_of(graph, prepared, first, width);
            // of equal values the first, as in the program
            let axis = [Attribute::Int("axis", 1), Attribute::Int("keepdims", 1)];
            let greatest = graph.apply("ArgMax", &[&values], &axis);
            let mut names = levels.levels.clone();
            if !levels.pooled.is_empty() {
                names.push("(other)".to_owned());
            }
            names.resize(width, String::new());
            let names = graph.texts(&names);
            texts.push(graph.apply("Gather", &[&names, &greatest], &[Attribute::Int("axis", 0)]));
            undone.categories.push(levels.name.clone());
        }
        first += width;
    }
    if !texts.is_empty() {
        let texts: Vec<&Value> = texts.iter().collect();
        let all = graph.apply("Concat", &texts, &[Attribute::Int("axis", 1)]);
        graph.output(CATEGORIES, Type::Text, texts.len(), &all);
    }
    undone
}

fn columns_of(graph: &mut Graph, values: &Value, first: usize, width: usize) -> Value {
    let start = graph.whole(&[1], &[first as i64]);
    let end = graph.whole(&[1], &[(first + width) as i64]);
    let axis = graph.whole(&[1], &[1]);
    graph.apply("Slice", &[values, &start, &end, &axis], &[])
}

/// Undoes one step on the given columns of what it gives.
fn undo(graph: &mut Graph, step: &Fitted, values: &Value, columns: &[usize]) -> Value {
    let wide = graph.cast(values, Type::Double);
    let result = match step {
        Fitted::Log1p => {
            let one = graph.double(&[], &[1.0]);
            let power = graph.apply("Exp", &[&wide], &[]);
            graph.apply("Sub", &[&power, &one], &[])
        }
        Fitted::Sqrt => {
            let zero = graph.double(&[], &[0.0]);
            let positive = graph.apply("Max", &[&wide, &zero], &[]);
            graph.apply("Mul", &[&positive, &positive], &[])
        }
        Fitted::Arcsinh { cofactor } => {
            let negative = graph.apply("Neg", &[&wide], &[]);
            let (up, down) = (graph.apply("Exp", &[&wide], &[]), graph.apply("Exp", &[&negative], &[]));
            let difference = graph.apply("Sub", &[&up, &down], &[]);
            let half = graph.double(&[], &[0.5 * cofactor]);
            graph.apply("Mul", &[&difference, &half], &[])
        }
        Fitted::Affine { center, scale, .. } => {
            let of = |figures: &[f64]| -> Vec<f64> {
                if figures.len() == 1 { figures.to_vec() } else { columns.iter().map(|at| figures[*at]).collect() }
            };
            let (center, scale) = (of(center), of(scale));
            let (center, scale) = (graph.double(&[1, center.len()], &center), graph.double(&[1, scale.len()], &scale));
            let spread = graph.apply("Mul", &[&wide, &scale], &[]);
            graph.apply("Add", &[&spread, &center], &[])
        }
        // nothing to undo, or refused before
        Fitted::Clip { .. } | Fitted::Keep { .. } | Fitted::Total { .. } | Fitted::L2Rows => wide,
    };
    graph.cast(&result, Type::Single)
}
