//! SVG to PDF: a page of the picture's size; text stays text, in the embedded fonts.
//!
//! svg2pdf keeps fonts and resources in hash maps, so that its objects come in another order each time. Here
//! they are put in one order: dictionaries by key, objects as they are first referred to from the root.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::plot::PlotError;
use crate::plot::png;

/// The picture as a PDF file of one page; a CSS pixel is 1/96 inch. The same bytes every time.
///
/// # Errors
/// [`PlotError::Rendering`] where `svg` is not an SVG or the page cannot be made.
pub fn render(svg: &str) -> Result<Vec<u8>, PlotError> {
    let failed = |reason: String| PlotError::Rendering { format: "pdf", reason };
    let tree = png::tree(svg, "pdf")?;
    let page = svg2pdf::PageOptions { dpi: 96.0 };
    let file = svg2pdf::to_pdf(&tree, svg2pdf::ConversionOptions::default(), page)
        .map_err(|error| failed(error.to_string()))?;
    Objects::read(&file)
        .and_then(|objects| objects.in_order())
        .ok_or_else(|| failed("its objects cannot be read".into()))
}

/// One object: its dictionary as text and, for a stream, its bytes.
struct Object<'a> {
    dictionary: String,
    stream: Option<&'a [u8]>,
}

/// The objects of a file that pdf-writer wrote, by number.
struct Objects<'a> {
    header: &'a [u8],
    objects: BTreeMap<u32, Object<'a>>,
    trailer: String,
}

impl<'a> Objects<'a> {
    fn read(file: &'a [u8]) -> Option<Self> {
        let start = (0..file.len()).find(|&at| at > 0 && file[at - 1] == b'\n' && starts_object(&file[at..]))?;
        let mut objects = BTreeMap::new();
        let mut rest = &file[start..];
        while !rest.starts_with(b"xref") {
            let head = find(rest, b" 0 obj\n")?;
            let number: u32 = std::str::from_utf8(&rest[..head]).ok()?.trim().parse().ok()?;
            let body = &rest[head + 7..];
            let end = find(body, b"\nendobj")?;
            let (object, length) = match find(&body[..end], b"\nstream\n") {
                None => (Object { dictionary: dictionary(&body[..end])?, stream: None }, end),
                Some(open) => {
                    let text = dictionary(&body[..open])?;
                    let length = number_after(&text, "/Length ")?;
                    let from = open + b"\nstream\n".len();
                    let stream = body.get(from..from + length)?;
                    let closing = find(&body[from + length..], b"\nendobj")?;
                    (Object { dictionary: text, stream: Some(stream) }, from + length + closing)
                }
            };
            objects.insert(number, object);
            rest = &body[length + b"\nendobj".len()..];
            let gap = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
            rest = &rest[gap..];
        }
        let trailer = &rest[find(rest, b"trailer")? + b"trailer".len()..find(rest, b"startxref")?];
        Some(Self { header: &file[..start], objects, trailer: dictionary(trailer)? })
    }

    /// The file again, its objects numbered as they are first referred to.
    fn in_order(&self) -> Option<Vec<u8>> {
        let mut new_number: BTreeMap<u32, usize> = BTreeMap::new();
        let mut order = references(&self.trailer);
        let mut next = 0;
        order.dedup();
        for (place, &number) in order.iter().enumerate() {
            new_number.insert(number, place + 1);
        }
        while next < order.len() {
            for number in references(&self.objects.get(&order[next])?.dictionary) {
                new_number.entry(number).or_insert_with(|| {
                    order.push(number);
                    order.len()
                });
            }
            next += 1;
        }
        let mut out = self.header.to_vec();
        let mut places = Vec::with_capacity(order.len());
        for (place, number) in order.iter().enumerate() {
            let object = &self.objects[number];
            places.push(out.len());
            out.extend(format!("{} 0 obj\n{}\n", place + 1, renumbered(&object.dictionary, &new_number)).bytes());
            if let Some(stream) = object.stream {
                out.extend(b"stream\n");
                out.extend(stream);
                out.extend(b"\nendstream\n");
            }
            out.extend(b"endobj\n\n");
        }
        let start = out.len();
        let mut end = format!("xref\n0 {}\n0000000000 65535 f\r\n", order.len() + 1);
        for place in places {
            let _ = write!(end, "{place:010} 00000 n\r\n");
        }
        let trailer = renumbered(&self.trailer, &new_number);
        let size = number_after(&trailer, "/Size ")?;
        let trailer = trailer.replace(&format!("/Size {size}"), &format!("/Size {}", order.len() + 1));
        let _ = write!(end, "trailer\n{trailer}\nstartxref\n{start}\n%%EOF");
        out.extend(end.bytes());
        Some(out)
    }
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

fn starts_object(bytes: &[u8]) -> bool {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && bytes[digits..].starts_with(b" 0 obj\n")
}

fn number_after(text: &str, word: &str) -> Option<usize> {
    let rest = &text[text.find(word)? + word.len()..];
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// A dictionary as text, its entries of one line sorted by key: their order has no meaning.
fn dictionary(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let mut lines: Vec<&str> = text.lines().collect();
    let is_entry = |line: &str| line.trim_start().starts_with('/') && !line.ends_with("<<") && !line.ends_with('[');
    let indent = |line: &str| line.len() - line.trim_start().len();
    lines
        .chunk_by_mut(|left, right| is_entry(left) && is_entry(right) && indent(left) == indent(right))
        .for_each(|run| run.sort_by_key(|line| line.split_whitespace().next()));
    Some(lines.join("\n"))
}

/// The pieces of a dictionary: what is between references, and the numbers they refer to.
fn pieces(text: &str) -> Vec<(&str, Option<u32>)> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(" 0 R") {
        let digits = rest[..at].bytes().rev().take_while(u8::is_ascii_digit).count();
        out.push((&rest[..at - digits], rest[at - digits..at].parse().ok()));
        rest = &rest[at + 4..];
    }
    out.push((rest, None));
    out
}

fn references(text: &str) -> Vec<u32> {
    pieces(text).into_iter().filter_map(|(_, number)| number).collect()
}

fn renumbered(text: &str, new_number: &BTreeMap<u32, usize>) -> String {
    let mut out = String::with_capacity(text.len());
    for (between, number) in pieces(text) {
        out.push_str(between);
        if let Some(number) = number.and_then(|number| new_number.get(&number)) {
            let _ = write!(out, "{number} 0 R");
        }
    }
    out
}
