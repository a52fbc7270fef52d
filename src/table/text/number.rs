//! One cell of a text file: a number, missing, or a text.

/// What a cell among numbers is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    /// A number; infinite only where the text says so or is too large for `f64`.
    Number(f64),
    /// One of the words for missing.
    Missing,
    /// Anything else.
    Text,
}

/// How cells are read.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    /// The decimal mark is a comma.
    pub(super) comma: bool,
    /// The words that mean missing in any column.
    words: Vec<Vec<u8>>,
    /// Further words that mean missing among numbers.
    number_words: Vec<Vec<u8>>,
    /// Some words are numbers themselves, such as -999.
    numbers_can_be_missing: bool,
}

/// Missing in any column.
pub(in crate::table) const WORDS: [&str; 10] = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "?"];
/// Missing only where the other values are numbers: among texts they may be values.
const NUMBER_WORDS: [&str; 6] = ["None", "none", "na", "-", ".", "NAN"];

impl Cells {
    /// With the user's words for missing, or the usual ones.
    pub(super) fn new(words: Option<&[String]>) -> Self {
        let bytes = |word: &str| word.as_bytes().to_vec();
        match words {
            None => Self {
                comma: false,
                words: WORDS.iter().map(|word| bytes(word)).collect(),
                number_words: NUMBER_WORDS.iter().map(|word| bytes(word)).collect(),
                numbers_can_be_missing: false,
            },
            Some(words) => {
                let mut words: Vec<Vec<u8>> = words.iter().map(|word| bytes(word.trim())).collect();
                words.push(Vec::new());
                let numbers_can_be_missing = words.iter().any(|word| word.iter().any(u8::is_ascii_digit));
                // a list that holds all of the usual words adds to them, and replaces nothing
                let adds = WORDS.iter().all(|usual| words.iter().any(|word| word == usual.as_bytes()));
                let usual: &[&str] = if adds { &NUMBER_WORDS } else { &[] };
                let number_words = usual.iter().map(|word| bytes(word)).collect();
                Self { comma: false, words, number_words, numbers_can_be_missing }
            }
        }
    }

    /// Whether a cell of a text column is missing.
    pub(super) fn is_missing(&self, cell: &[u8]) -> bool {
        let cell = cell.trim_ascii();
        self.words.iter().any(|word| word == cell)
    }

    /// What a cell is where numbers are expected.
    pub(super) fn read(&self, cell: &[u8]) -> Cell {
        if self.numbers_can_be_missing && self.is_missing(cell) {
            return Cell::Missing;
        }
        if let Some(number) = short_integer(cell) {
            return Cell::Number(number);
        }
        let cell = cell.trim_ascii();
        if cell.is_empty() {
            return Cell::Missing;
        }
        match self.number(cell) {
            Some(number) if !number.is_nan() => Cell::Number(number),
            _ if self.words.iter().chain(&self.number_words).any(|word| word == cell) => Cell::Missing,
            Some(_) => Cell::Missing, // another spelling of NaN
            None => Cell::Text,
        }
    }

    fn number(&self, cell: &[u8]) -> Option<f64> {
        if !self.comma {
            return std::str::from_utf8(cell).ok()?.parse().ok();
        }
        const LONGEST: usize = 64;
        if cell.len() > LONGEST || cell.contains(&b'.') {
            return None;
        }
        let mut copy = [0_u8; LONGEST];
        for (to, from) in copy.iter_mut().zip(cell) {
            *to = if *from == b',' { b'.' } else { *from };
        }
        std::str::from_utf8(&copy[..cell.len()]).ok()?.parse().ok()
    }
}

/// The value of a cell of one to seven digits, by far the most frequent cell in tables of counts.
fn short_integer(cell: &[u8]) -> Option<f64> {
    if cell.is_empty() || cell.len() > 7 {
        return None;
    }
    let mut number = 0_u32;
    for byte in cell {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u32::from(digit);
    }
    Some(f64::from(number))
}

/// Whether a cell is a number written as a code: digits only, with a leading zero.
pub(super) fn is_code(cell: &[u8]) -> bool {
    cell.len() > 1 && cell[0] == b'0' && cell.iter().all(u8::is_ascii_digit)
}

/// Whether a cell that is no number is one as people write them: with separators of thousands, a decimal comma, a sign of
/// money, or a percent sign.
pub(in crate::table) fn is_formatted(cell: &[u8]) -> bool {
    const MONEY: [char; 4] = ['$', '€', '£', '¥'];
    let Ok(text) = std::str::from_utf8(cell) else { return false };
    let text = text.trim_matches(['"', ' ', '\u{a0}']).trim_start_matches(['-', '+']);
    let bare = text.trim_start_matches(MONEY).trim_end_matches(MONEY).trim_end_matches('%').trim();
    let signed = bare.len() < text.len();
    let mut groups = bare.split([',', '.', '\'', ' ', '\u{a0}']);
    let all_digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let (Some(first), rest) = (groups.next(), groups.collect::<Vec<&str>>()) else { return false };
    if !all_digits(first) || !rest.iter().all(|group| all_digits(group)) {
        return false;
    }
    let thousands = |groups: &[&str]| first.len() <= 3 && groups.iter().all(|group| group.len() == 3);
    match rest.as_slice() {
        [] => signed,
        [_] => true,
        [middle @ .., _] => thousands(middle),
    }
}

/// Whether a cell says that it is infinite, rather than being too large to hold.
pub(super) fn says_infinite(cell: &[u8]) -> bool {
    cell.iter().any(|byte| byte.eq_ignore_ascii_case(&b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_people_write_them() {
        let cells = Cells::new(None);
        for (text, number) in [("7", 7.0), (" 2.0 ", 2.0), ("-1e3", -1000.0), ("+.5", 0.5), ("16777217", 16_777_217.0)]
        {
            assert_eq!(cells.read(text.as_bytes()), Cell::Number(number), "{text}");
        }
    }

    #[test]
    fn words_for_missing_are_missing_and_other_words_are_text() {
        let cells = Cells::new(None);
        for text in ["", "  ", "NA", "nan", "NaN", "null", "N/A", "?", "-", "None", "."] {
            assert_eq!(cells.read(text.as_bytes()), Cell::Missing, "{text}");
        }
        for text in ["$5", "1,234", "1_000", "0x10", "5%", "x"] {
            assert_eq!(cells.read(text.as_bytes()), Cell::Text, "{text}");
        }
        assert!(cells.is_missing(b"NA") && !cells.is_missing(b"None") && cells.is_missing(b"?"));
    }

    #[test]
    fn the_users_words_replace_the_usual_ones() {
        let cells = Cells::new(Some(&["-999".to_owned()]));
        assert_eq!(cells.read(b"NA"), Cell::Text);
        assert_eq!(cells.read(b""), Cell::Missing);
        assert_eq!(cells.read(b"-999"), Cell::Missing);
    }

    #[test]
    fn words_beside_all_the_usual_ones_keep_those_that_are_missing_among_numbers_only() {
        let words: Vec<String> = WORDS.iter().chain(&["k.A."]).map(|word| (*word).to_owned()).collect();
        let cells = Cells::new(Some(&words));
        for text in ["k.A.", "NA", "?", "-"] {
            assert_eq!(cells.read(text.as_bytes()), Cell::Missing, "{text}");
        }
        assert!(cells.is_missing(b"k.A.") && cells.is_missing(b"?") && !cells.is_missing(b"-"));
    }

    #[test]
    fn a_decimal_comma_is_read_where_it_is_told_so() {
        let mut cells = Cells::new(None);
        assert_eq!(cells.read(b"1,5"), Cell::Text);
        cells.comma = true;
        assert_eq!(cells.read(b"1,5"), Cell::Number(1.5));
        assert_eq!(cells.read(b"1.5"), Cell::Text);
    }

    #[test]
    fn numbers_as_people_write_them_are_known() {
        for text in [
            "1,234",
            "1,234.50",
            "1.234.567,8",
            "1'234'567",
            "1 234 567",
            "1,5",
            "$5",
            "5 €",
            "7%",
            "-12.5 %",
            "\"1,234\"",
        ] {
            assert!(is_formatted(text.as_bytes()), "{text}");
        }
        for text in ["", "x", "1-2", "25.11.2026", "192.168.0.1", "12:30", "A1,2", "1,,2", "$", "%", "5 kg"] {
            assert!(!is_formatted(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn too_large_is_told_from_infinite() {
        let cells = Cells::new(None);
        assert_eq!(cells.read(b"1e309"), Cell::Number(f64::INFINITY));
        assert!(!says_infinite(b"1e309") && says_infinite(b"-inf") && says_infinite(b"Infinity"));
    }
}
