//! Words in pictures: cleaned once, escaped once, measured with the embedded font, cut where too long.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use ttf_parser::Face;

use crate::plot::font;

/// Combining marks kept per letter; more are stacked only to break pictures.
const MOST_MARKS: usize = 3;

/// A label as it may stand in a picture, a page or a terminal: one line, no control characters.
///
/// Line breaks and tabs become spaces; other control characters, noncharacters (which XML forbids)
/// and characters that turn the direction of foreign text become a visible `�`; of more than three
/// combining marks in a row the rest is dropped. Everything else stays as it is.
#[must_use]
pub fn clean(label: &str) -> Cow<'_, str> {
    if label.chars().all(|letter| matches!(letter, ' '..='~')) {
        return Cow::Borrowed(label);
    }
    let mut out = String::with_capacity(label.len());
    let mut marks = 0;
    for letter in label.chars() {
        marks = if is_mark(letter) { marks + 1 } else { 0 };
        match letter {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => out.push(' '),
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fdd0}'..='\u{fdef}' => out.push('\u{fffd}'),
            _ if u32::from(letter) & 0xfffe == 0xfffe => out.push('\u{fffd}'),
            _ if marks > MOST_MARKS => {}
            _ => out.push(letter),
        }
    }
    Cow::Owned(out)
}

fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Appends `label`, cleaned, so that it is text in XML and HTML and in their quoted attributes.
pub fn escape_into(out: &mut String, label: &str) {
    for letter in clean(label).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
}

/// `label`, cleaned and escaped for XML and HTML.
#[must_use]
pub fn escape(label: &str) -> String {
    let mut out = String::with_capacity(label.len());
    escape_into(&mut out, label);
    out
}

/// A file name's part made from a label: `[A-Za-z0-9_-]`, at most 60 characters, never empty.
///
/// Labels that differ get names that differ: where the slug does not tell the label in full (signs, length), the first
/// eight digits of its BLAKE3 digest follow.
#[must_use]
pub fn slug(label: &str) -> String {
    let stem = stem(label);
    let told = stem == label && is_plain(&stem);
    if told { stem } else { with_digest(&stem, label) }
}

/// A folder's name made from a label that stands alone: with a digest only where nothing readable is left, so that
/// `My genes` becomes `My-genes`.
#[must_use]
pub fn readable_slug(label: &str) -> String {
    let stem = stem(label);
    if is_plain(&stem) && label.len() <= LONGEST { stem } else { with_digest(&stem, label) }
}

const LONGEST: usize = 60;
/// Letters of a label's digest that follow its stem where that does not tell it apart.
const DIGEST: usize = 8;
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Whether a stem may stand alone as a file name: none that ends like a digest may, or it could be another label's name.
fn is_plain(stem: &str) -> bool {
    let digest = |end: &str| end.len() == DIGEST && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    let reserved = RESERVED.iter().any(|name| name.eq_ignore_ascii_case(stem));
    !stem.is_empty() && !reserved && !stem.rsplit_once('-').is_some_and(|(_, end)| digest(end))
}

fn stem(label: &str) -> String {
    let mut out = String::new();
    for letter in label.chars() {
        if letter.is_ascii_alphanumeric() || letter == '_' && !out.is_empty() {
            out.push(letter);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(LONGEST);
    out.truncate(out.trim_end_matches('-').len());
    out
}

fn with_digest(stem: &str, label: &str) -> String {
    let digest = blake3::hash(label.as_bytes()).to_hex();
    let stem = stem[..stem.len().min(LONGEST - DIGEST - 1)].trim_end_matches('-');
    let stem = if stem.is_empty() { "label" } else { stem };
    format!("{stem}-{}", &digest[..DIGEST])
}

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Running text.
    Regular,
    /// Titles.
    Bold,
}

static REGULAR: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(font::REGULAR, 0).ok());
static BOLD: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(font::BOLD, 0).ok());

/// The width of `label` in the embedded font at `size`; one em for a letter the font lacks.
#[must_use]
pub fn width(label: &str, size: f64, weight: Weight) -> f64 {
    let face = match weight {
        Weight::Regular => REGULAR.as_ref(),
        Weight::Bold => BOLD.as_ref(),
    };
    let Some(face) = face else { return 0.55 * size * label.chars().count() as f64 };
    let em = f64::from(face.units_per_em());
    let advance = |letter: char| match face.glyph_index(letter).and_then(|glyph| face.glyph_hor_advance(glyph)) {
        Some(advance) => f64::from(advance) / em,
        None if matches!(letter, '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}') || is_mark(letter) => 0.0,
        None => 1.0,
    };
    label.chars().map(advance).sum::<f64>() * size
}

/// `label`, cleaned, cut with an ellipsis so that it is at most `room` wide.
#[must_use]
pub fn fit(label: &str, room: f64, size: f64, weight: Weight) -> String {
    let label = clean(label);
    if label.len() < 2_000 && width(&label, size, weight) <= room {
        return label.into_owned();
    }
    let room = room - width("…", size, weight);
    let mut kept = String::new();
    let mut used = 0.0;
    let mut one = String::new();
    for letter in label.chars() {
        one.clear();
        one.push(letter);
        used += width(&one, size, weight);
        if used > room {
            break;
        }
        kept.push(letter);
    }
    let end = kept.trim_end().len();
    kept.truncate(end);
    kept.push('…');
    kept
}

/// `words` broken into lines at most `room` wide, at most `most` of them; the last is cut.
#[must_use]
pub fn wrap(words: &str, room: f64, size: f64, weight: Weight, most: usize) -> Vec<String> {
    let words = clean(words);
    let mut lines: Vec<String> = Vec::new();
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        let full = lines.len() == most;
        match lines.last_mut() {
            Some(line) if lines_fit(line, word, room, size, weight) => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) if full => {
                line.push(' ');
                line.push_str(word);
                break;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| fit(line, room, size, weight)).collect()
}

fn lines_fit(line: &str, word: &str, room: f64, size: f64, weight: Weight) -> bool {
    width(line, size, weight) + width(" ", size, weight) + width(word, size, weight) <= room
}

/// A count with commas between groups of three digits.
#[must_use]
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number for an axis or a table: about `digits` significant digits, no trailing zeros.
#[must_use]
pub fn number(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { format!("{value}") };
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..6.0).contains(&magnitude) {
        let text = format!("{:.*e}", digits.saturating_sub(1), value);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", trim_zeros(mantissa));
    }
    let decimals = (digits as f64 - 1.0 - magnitude).clamp(0.0, 12.0) as usize;
    let mut text = String::new();
    let _ = write!(text, "{value:.decimals$}");
    trim_zeros(&text).to_owned()
}

fn trim_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible_and_lines_become_one() {
        assert_eq!(clean("a\u{0}b\u{1b}[31m\nc\u{202e}d\u{ffff}e\u{fdd0}"), "a�b�[31m c�d�e�");
        assert_eq!(clean("CD8+ T βγ é 😀 עברית"), "CD8+ T βγ é 😀 עברית");
        assert_eq!(clean(&format!("a{}", "\u{301}".repeat(40))).chars().count(), 1 + MOST_MARKS);
    }

    #[test]
    fn slugs_are_plain_short_and_differ_where_labels_differ() {
        let long = "x".repeat(300);
        let labels = [
            "cell_type",
            "../../x",
            "a/b",
            "CON",
            "con",
            ".",
            "",
            "Type",
            "type",
            &long,
            "β",
            "a b",
            "a-b",
            "a_b",
            "cell.type",
        ];
        let slugs = labels.map(slug);
        for (position, name) in slugs.iter().enumerate() {
            assert!(!name.is_empty() && name.len() <= 60, "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'), "{name}");
            assert!(!slugs[..position].contains(name), "{name} twice");
        }
        assert_eq!((slugs[0].as_str(), slugs[7].as_str()), ("cell_type", "Type"));
    }

    #[test]
    fn a_label_that_is_named_as_the_file_of_another_gets_a_name_of_its_own() {
        let first = slug("\" ");
        assert!(first.starts_with("label-") && slug(&first) != first, "{first}");
    }

    #[test]
    fn a_slug_that_stands_alone_is_readable() {
        assert_eq!(["CD3E", "My genes", "cell_type"].map(readable_slug), ["CD3E", "My-genes", "cell_type"]);
        for unreadable in ["../..", "β", "CON", ""] {
            assert!(readable_slug(unreadable).contains('-'), "{unreadable}");
        }
    }

    #[test]
    fn long_labels_are_cut_to_their_room() {
        let cut = fit(&"long label ".repeat(40), 100.0, 12.0, Weight::Regular);
        assert!(cut.ends_with('…') && width(&cut, 12.0, Weight::Regular) <= 100.0, "{cut}");
        assert_eq!(fit("short", 100.0, 12.0, Weight::Regular), "short");
        let lines = wrap(&"one two three ".repeat(30), 120.0, 12.0, Weight::Regular, 3);
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| width(line, 12.0, Weight::Regular) <= 120.0));
    }

    #[test]
    fn numbers_read_well() {
        let shown: Vec<String> =
            [0.0, 0.1 + 0.2, 1234.5, 0.000_012_3, 2.5e9, -3.0].map(|value| number(value, 3)).to_vec();
        assert_eq!(shown, ["0", "0.3", "1234", "1.23e-5", "2.5e9", "-3"]);
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
