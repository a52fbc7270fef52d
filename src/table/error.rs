//! What can be wrong with a table.

mod explain;

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file holds no rows.
    #[error("the table has no rows{}", .header.as_ref().map_or(String::new(), |names| format!(", only a header ({names})")))]
    NoRows {
        /// The header's names, if there was one.
        header: Option<String>,
    },
    /// No column is left to train on.
    #[error("no column is left to train on: {reasons}")]
    NoFeatures {
        /// Every column with its type and why it does not train.
        reasons: String,
    },
    /// One feature cannot be compressed.
    #[error("an autoencoder needs at least 2 features, and 1 is left: {reasons}")]
    OneFeature {
        /// Every other column with its type and why it does not train.
        reasons: String,
    },
    /// Two columns have one name.
    #[error("column name `{name}` occurs twice, as columns {first} and {second}")]
    DuplicateColumn {
        /// The name.
        name: String,
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
    },
    /// A column has no name.
    #[error("column {position} has no name")]
    UnnamedColumn {
        /// Position, from 1.
        position: usize,
    },
    /// Two rows of the metadata have one id.
    #[error("id `{id}` occurs twice, in rows {first} and {second}")]
    DuplicateKey {
        /// The id.
        id: String,
        /// The first row, from 1.
        first: usize,
        /// The second row, from 1.
        second: usize,
    },
    /// Two rows of the table have one id.
    #[error("id `{id}` occurs twice, in rows {first} and {second}")]
    DuplicateId {
        /// The id.
        id: String,
        /// The first row, from 1.
        first: usize,
        /// The second row, from 1.
        second: usize,
    },
    /// A row has no id.
    #[error("row {row} has no id in column `{column}`")]
    MissingId {
        /// The row, from 1.
        row: usize,
        /// The id column.
        column: String,
    },
    /// A named column is not there.
    #[error("{role} column `{name}` is not in the table")]
    NoSuchColumn {
        /// What it was wanted for.
        role: &'static str,
        /// The name asked for.
        name: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// One column was given two jobs.
    #[error("column `{name}` is asked to be both {one} and {other}")]
    TwoRoles {
        /// The column.
        name: String,
        /// One job.
        one: &'static str,
        /// The other job.
        other: &'static str,
    },
    /// A pattern is no regular expression.
    #[error("`{pattern}` is neither a column's name nor a regular expression: {reason}")]
    BadPattern {
        /// What was given.
        pattern: String,
        /// What the expression engine says.
        reason: String,
    },
    /// A pattern to include matches nothing.
    #[error("`{pattern}` matches no column")]
    NothingMatches {
        /// What was given.
        pattern: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// A column that cannot train was asked for by name.
    #[error("column `{name}` has type {kind}, which cannot train")]
    CannotTrain {
        /// The column.
        name: String,
        /// Its type.
        kind: String,
    },
    /// A text stands where a number should.
    #[error(
        "column `{column}` holds `{text}` in row {row}, which is not a number, though {numbers} of its other values are"
    )]
    NotANumber {
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
        /// The text as it stands.
        text: String,
        /// How many values so far are numbers.
        numbers: usize,
    },
    /// A text stands where a date or time should.
    #[error("column `{column}` holds `{text}` in row {row}, which is no {kind}, though its first values are")]
    NotATime {
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
        /// The text as it stands.
        text: String,
        /// What the first values are.
        kind: String,
    },
    /// An infinite value.
    #[error("column `{column}` holds an infinite value (`{text}`) in row {row}")]
    Infinite {
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
        /// As it stands.
        text: String,
    },
    /// A value beyond the range of single precision.
    #[error("column `{column}` holds {text} in row {row}, beyond the largest number a network can take (3.4e38)")]
    TooLarge {
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
        /// As it stands.
        text: String,
    },
    /// Missing values and no policy.
    #[error("column `{column}` has {count} missing value{} and the pipeline does not say what to do with {}; the first is in row {row} (id `{id}`){others}",
        if *.count == 1 { "" } else { "s" }, if *.count == 1 { "it" } else { "them" })]
    Missing {
        /// The column with most of them.
        column: String,
        /// How many it has.
        count: usize,
        /// The first row, from 1.
        row: usize,
        /// The first row's id.
        id: String,
        /// The other columns, as the rest of the sentence.
        others: String,
        /// Whether numbers or texts are missing.
        policy: &'static str,
    },
    /// A row has more or fewer fields than the header.
    #[error("line {line} has {found} field{}, the header has {expected}", if *.found == 1 { "" } else { "s" })]
    Ragged {
        /// The line of the file, from 1.
        line: usize,
        /// Its fields.
        found: usize,
        /// The header's fields.
        expected: usize,
    },
    /// A quoted field that never ends, or text after a closing quote.
    #[error("the quote opened in line {line} {problem}")]
    Quote {
        /// The line of the file, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// A row longer than can be meant.
    #[error("line {line} is longer than {limit} MiB")]
    LongLine {
        /// The line of the file, from 1.
        line: usize,
        /// The limit.
        limit: usize,
    },
    /// The bytes are not UTF-8 text.
    #[error("line {line} is not UTF-8 text{}", .looks_like.map_or(String::new(), |encoding| format!(", it looks like {encoding}")))]
    Encoding {
        /// The line of the file, from 1.
        line: usize,
        /// What the bytes look like.
        looks_like: Option<&'static str>,
    },
    /// Lines stand above the column names.
    #[error("line {line} holds one field where later lines hold {fields}: a title or comment, not column names")]
    Title {
        /// The line, from 1.
        line: usize,
        /// The fields of later lines.
        fields: usize,
        /// The first line that holds as many.
        begins: usize,
    },
    /// The first row is all numbers.
    #[error("the first row looks like data, not like column names ({sample})")]
    HeaderIsData {
        /// Its first fields.
        sample: String,
    },
    /// The file is damaged or not what it says.
    #[error("this {format} file is damaged, cut short or encrypted: {reason}")]
    Damaged {
        /// The format.
        format: &'static str,
        /// What the reader says.
        reason: String,
    },
    /// A file we do not read.
    #[error("{what}")]
    Unsupported {
        /// What it is.
        what: String,
        /// The way out.
        hint: &'static str,
    },
    /// The numbers would not fit in memory.
    #[error("{rows} rows × {columns} columns need {need} at the least, and {available} are available")]
    TooBig {
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
        /// Memory needed, in words.
        need: String,
        /// Memory available, in words.
        available: String,
    },
    /// Files read as one table have different columns.
    #[error("{file} has other columns than the first file: {difference}")]
    ColumnsDiffer {
        /// The file.
        file: String,
        /// What it lacks and what it has besides.
        difference: String,
    },
    /// A column has one kind in the first file and another in a further one.
    #[error("in {file} column `{name}` is of type {here}, in the first file of type {before}")]
    KindsDiffer {
        /// The file.
        file: String,
        /// The column.
        name: String,
        /// Its type there.
        here: String,
        /// Its type in the first file.
        before: String,
    },
    /// New rows lack columns that the model knows.
    #[error("{count} of the {wanted} columns the model was trained on {} missing: {names}", if *.count == 1 { "is" } else { "are" })]
    ColumnsMissing {
        /// How many.
        count: usize,
        /// Of how many.
        wanted: usize,
        /// The first of them, with the nearest names.
        names: String,
    },
    /// No row has metadata.
    #[error("{rows} of {rows} rows have no match in the metadata: {ids}; its key `{key}` holds {keys}")]
    NoneMatched {
        /// How many.
        rows: usize,
        /// The first of them.
        ids: String,
        /// The column that should name them.
        key: String,
        /// Its first values.
        keys: String,
    },
    /// Rows without metadata.
    #[error("{count} of {rows} rows have no match in the metadata: {ids}")]
    Unmatched {
        /// How many.
        count: usize,
        /// Of how many.
        rows: usize,
        /// The first of them.
        ids: String,
    },
    /// Something about the request that fits no other case.
    #[error("{message}")]
    Request {
        /// What is wrong.
        message: String,
        /// The way out.
        hint: String,
    },
}
