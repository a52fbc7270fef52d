//! The way out of what can be wrong with a table, and whose fault it is.

use super::TableError;
use crate::error::{Cell, Explain, Fault};

impl Explain for TableError {
    fn cell(&self) -> Option<Cell> {
        let (column, row, text, is_number) = match self {
            Self::NotANumber { column, row, text, .. } => (column, row, text, false),
            Self::Infinite { column, row, text } | Self::TooLarge { column, row, text } => (column, row, text, true),
            _ => return None,
        };
        Some(Cell { column: column.clone(), row: *row, text: text.clone(), is_number })
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoRows { .. } => "give a table with one row per sample".to_owned(),
            Self::NoFeatures { .. } | Self::OneFeature { .. } => "training needs numbers, or texts with few levels".to_owned(),
            Self::DuplicateColumn { .. } => "rename one of them".to_owned(),
            Self::UnnamedColumn { .. } => {
                "name it, remove it if lines only end in a separator, or set `input.header: absent` if the first row is data"
                    .to_owned()
            }
            Self::DuplicateKey { .. } => {
                "choose another `input.metadata.key`: it names each row of the metadata once".to_owned()
            }
            Self::DuplicateId { .. } => "choose another `input.id`, or leave it out: rows are then numbered".to_owned(),
            Self::MissingId { .. } => "fill it in, or leave `input.id` out: rows are then numbered".to_owned(),
            Self::NoSuchColumn { nearest, .. } | Self::NothingMatches { nearest, .. } => match nearest {
                Some(name) => format!("did you mean `{name}`?"),
                None => "`reduce inspect` lists the columns".to_owned(),
            },
            Self::TwoRoles { .. } => "leave out one of the two".to_owned(),
            Self::BadPattern { .. } => "write the name exactly, or mend the expression".to_owned(),
            Self::CannotTrain { name, .. } => {
                format!("leave `{name}` out of `input.features.include`, or turn it into numbers first")
            }
            Self::NotANumber { column, text, row, .. } => format!(
                "{}if `{text}` means missing, name it in `input.missing.words` beside the usual words, which a list \
                 replaces; if the column holds codes, add `{column}` to \
                 `input.categorical.columns`; else exclude it with `input.features.exclude`",
                if *row == 1 { "if the first row holds units or titles, delete it; " } else { "" }
            ),
            Self::NotATime { column, text, .. } => format!(
                "if `{text}` means missing, name it in `input.missing.words` beside the usual words, which a list replaces; else exclude `{column}` with \
                 `input.features.exclude`"
            ),
            Self::Infinite { column, .. } | Self::TooLarge { column, .. } => {
                format!("correct the value, or exclude `{column}` with `input.features.exclude`")
            }
            Self::Missing { policy, .. } => match *policy {
                "numeric" => "set `input.missing.numeric` to median, mean or {constant: 0}".to_owned(),
                _ => "set `input.missing.categorical` to own_level or most_frequent".to_owned(),
            },
            Self::Ragged { .. } => {
                "fields that hold the separator must be quoted; `input.separator` sets another separator".to_owned()
            }
            Self::Quote { .. } => "a quote inside a quoted field is written twice".to_owned(),
            Self::LongLine { .. } => "is this a text table? see `input.separator`".to_owned(),
            Self::Encoding { .. } => "save it as UTF-8, for example with `iconv -t UTF-8`".to_owned(),
            Self::HeaderIsData { .. } => {
                "set `input.header: absent` if there are no names, `input.header: present` if these are the names"
                    .to_owned()
            }
            Self::Title { begins, .. } => format!(
                "delete what stands above the column names, for example with `tail -n +{begins}` if they are in line {begins}"
            ),
            Self::Damaged { .. } => "fetch or write it again".to_owned(),
            Self::Unsupported { hint, .. } => (*hint).to_owned(),
            Self::TooBig { .. } => {
                "read fewer columns (`input.features.include`) or a sample of the rows (`input.rows: {sample: 100000}`)"
                    .to_owned()
            }
            Self::ColumnsDiffer { .. } => "give the files the same columns, in any order".to_owned(),
            Self::KindsDiffer { name, .. } => format!(
                "write `{name}` alike in all files, exclude it with `input.features.exclude`, or add it to \
                 `input.categorical.columns`"
            ),
            Self::ColumnsMissing { .. } => {
                "new rows need every column of the training table; their order does not matter".to_owned()
            }
            Self::NoneMatched { .. } => {
                "both must be spelled alike, with the same prefix and suffix (`-1`); `input.metadata.key` names another column"
                    .to_owned()
            }
            Self::Unmatched { .. } => "set `input.metadata.unmatched` to drop or keep, or mend the ids".to_owned(),
            Self::Request { hint, .. } => hint.clone(),
        };
        Some(hint)
    }

    fn fault(&self) -> Fault {
        Fault::Request
    }
}
