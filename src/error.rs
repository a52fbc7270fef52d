//! What went wrong, where, and the way out.
//!
//! Every room has an enum of its own with typed fields and implements [`Explain`] for it; what
//! leaves the library is one [`Error`]: a message, a place, a hint and whose fault it is.

use std::fmt;

/// Whose turn it is when something fails; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request was wrong: arguments, pipeline, table or model must change (exit code 2).
    Request,
    /// The same request may work later or elsewhere: disk, memory, a lock (exit code 1).
    Failure,
    /// The user asked us to stop; what was finished is kept (exit code 130 or 143).
    Interrupted,
}

/// A room's error: its `Display` says what was expected and what was found.
pub trait Explain: std::error::Error + Send + Sync + 'static {
    /// The way out, as one sentence without a full stop.
    fn hint(&self) -> Option<String> {
        None
    }

    /// Where it is: a file, with line, column or row where known.
    fn place(&self) -> Option<String> {
        None
    }

    /// Whose turn it is; the user's unless said otherwise.
    fn fault(&self) -> Fault {
        Fault::Request
    }

    /// The one cell of a table that is in the way, if it is one.
    fn cell(&self) -> Option<Cell> {
        None
    }
}

/// A cell of a column of numbers that cannot be taken as one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The column, clipped where it is long.
    pub column: String,
    /// The row, from 1.
    pub row: usize,
    /// What stands there, clipped where it is long.
    pub text: String,
    /// Whether it is a number all the same: an infinite one or one that is too large.
    pub is_number: bool,
}

/// The one error that leaves the library.
///
/// Displayed as `message`, then `--> place` and `hint: …` on lines of their own.
#[derive(Debug)]
pub struct Error {
    fault: Fault,
    message: String,
    place: Option<String>,
    hint: Option<String>,
    // boxed, because most errors have none and every result has room for one
    cell: Option<Box<Cell>>,
}

/// A result whose error is ours.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of the user's request.
    pub fn request(message: impl Into<String>) -> Self {
        Self { fault: Fault::Request, message: message.into(), place: None, hint: None, cell: None }
    }

    /// A failure of ours or the machine's.
    pub fn failure(message: impl Into<String>) -> Self {
        Self { fault: Fault::Failure, ..Self::request(message) }
    }

    /// The user asked us to stop.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self { fault: Fault::Interrupted, ..Self::request(message) }
    }

    /// The same error with a place: a file, a line, a row.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// The same error with the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whose turn it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// What was expected and found, without place and hint.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it is, if that is known.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// The way out, if one is known.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The one cell of a table that is in the way, if it is one.
    #[must_use]
    pub fn cell(&self) -> Option<&Cell> {
        self.cell.as_deref()
    }

    /// An input/output error on `path`, told apart by whose turn it is.
    ///
    /// A path that does not exist, may not be read or is no file is the user's to mend; a full
    /// disk or a broken device is the machine's.
    pub fn io(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let reason = match error.kind() {
            Kind::NotFound => "no such file or folder".to_owned(),
            Kind::PermissionDenied => "permission denied".to_owned(),
            Kind::IsADirectory => "it is a folder".to_owned(),
            Kind::NotADirectory => "a part of the path is a file, not a folder".to_owned(),
            Kind::StorageFull => "no space left on the disk".to_owned(),
            _ if leads_in_a_circle(error) => "its links lead in a circle".to_owned(),
            Kind::QuotaExceeded => "the disk quota is used up".to_owned(),
            Kind::FileTooLarge => "the file would be larger than the system allows".to_owned(),
            Kind::ReadOnlyFilesystem => "the disk can only be read".to_owned(),
            _ => error.to_string(),
        };
        let message = format!("cannot {action} `{}`: {reason}", path.display());
        match error.kind() {
            Kind::NotFound
            | Kind::PermissionDenied
            | Kind::IsADirectory
            | Kind::NotADirectory
            | Kind::ReadOnlyFilesystem
            | Kind::InvalidFilename
            | Kind::InvalidInput => Self::request(message),
            _ if leads_in_a_circle(error) => Self::request(message),
            _ => Self::failure(message),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {place}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl<E: Explain> From<E> for Error {
    fn from(error: E) -> Self {
        Self {
            fault: error.fault(),
            message: error.to_string(),
            place: error.place(),
            hint: error.hint(),
            cell: error.cell().map(Box::new),
        }
    }
}

/// Whether an error is `ELOOP`, for which the standard library has no stable name.
fn leads_in_a_circle(error: &std::io::Error) -> bool {
    let number = if cfg!(target_os = "linux") { 40 } else { 62 };
    cfg!(unix) && error.raw_os_error() == Some(number)
}

/// The candidate nearest to `word`, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_message_place_and_hint_on_lines_of_their_own() {
        let error = Error::request("no column `lable`").at("digits.csv").hint("did you mean `label`?");
        assert_eq!(error.to_string(), "no column `lable`\n  --> digits.csv\nhint: did you mean `label`?");
    }

    #[test]
    fn a_missing_file_is_the_users_and_a_full_disk_is_ours() {
        let path = std::path::Path::new("x");
        let missing = Error::io("read", path, &std::io::ErrorKind::NotFound.into());
        let full = Error::io("write", path, &std::io::ErrorKind::StorageFull.into());
        assert_eq!((missing.fault(), full.fault()), (Fault::Request, Fault::Failure));
    }

    #[test]
    fn names_the_nearest_candidate_or_none() {
        assert_eq!(nearest("perplexty", ["perplexity", "path"]), Some("perplexity"));
        assert_eq!(nearest("zzz", ["perplexity", "path"]), None);
    }
}
