//! The data of the explorable map as JSON that is safe inside a page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use crate::plot::color::class_colors;
use crate::plot::color::viridis;
use crate::plot::options::PaletteOption;
use crate::plot::options::Theme;
use crate::report::Column;
use crate::report::ColumnValues;
use crate::report::Explorable;

/// What stands for a missing class.
const MISSING: u16 = u16::MAX;

/// The map as JSON; `<`, `>`, `&` and the line separators of JavaScript are escaped, so that no id or
/// label can end the element it stands in.
pub(super) fn json(map: &Explorable<'_>) -> String {
    assert_eq!(map.points.nrows(), map.ids.len(), "a name for each point");
    assert_eq!(map.points.ncols(), 2, "a map has two coordinates");
    let scale: Vec<String> = (0..=64).map(|step| viridis(f64::from(step) / 64.0).to_string()).collect();
    // Rows that are only counted need no names.
    let counted = map.ids.iter().enumerate().all(|(row, id)| id.parse() == Ok(row));
    let island = json!({
        "points": base64_of(map.points.iter().copied()),
        "ids": if counted { Value::Null } else { json!(map.ids) },
        "scale": scale,
        "columns": map.columns.iter().map(column).collect::<Vec<Value>>(),
    });
    escape(&island.to_string())
}

fn column(column: &Column<'_>) -> Value {
    match column.values {
        ColumnValues::Classes { levels, of_row } => {
            let shown = &levels[..levels.len().min(usize::from(MISSING))];
            let codes = of_row.iter().map(|class| match class {
                Some(class) if (*class as usize) < shown.len() => *class as u16,
                _ => MISSING,
            });
            let colors = |theme| -> Vec<String> {
                let colors = class_colors(PaletteOption::Auto, shown.len(), theme);
                colors.iter().map(ToString::to_string).collect()
            };
            json!({
                "kind": "classes",
                "name": column.name,
                "levels": shown,
                "light": colors(Theme::Light),
                "dark": colors(Theme::Dark),
                "values": STANDARD.encode(codes.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
            })
        }
        ColumnValues::Numbers(values) => {
            let (low, high) = range(values);
            let single = values.iter().map(|value| *value as f32);
            json!({
                "kind": "numbers",
                "name": column.name,
                "low": low,
                "high": high,
                "values": base64_of(single),
            })
        }
    }
}

/// The range that colors span: all values, or, where a few lie far out, the middle 99 %.
fn range(values: &[f64]) -> (f64, f64) {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else { return (0.0, 1.0) };
    let (inner_low, inner_high) = (sorted[sorted.len() / 200], sorted[sorted.len() - 1 - sorted.len() / 200]);
    if inner_high > inner_low && high - low > 2.0 * (inner_high - inner_low) {
        (inner_low, inner_high)
    } else {
        (low, high)
    }
}

fn base64_of(values: impl Iterator<Item = f32>) -> String {
    STANDARD.encode(values.flat_map(f32::to_le_bytes).collect::<Vec<u8>>())
}

fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn no_id_can_end_the_script_element_and_all_survive() {
        let ids = ["</script><script>alert(1)</script>", "]]>&amp;\u{2028}<!--", "\u{0}\u{1b}😀"].map(str::to_owned);
        let points = array![[0.0_f32, 1.0], [2.0, 3.0], [4.0, 5.0]];
        let levels = ["<b>".to_owned()];
        let of_row = [Some(0), None, Some(0)];
        let columns = vec![
            Column { name: "</script>".into(), values: ColumnValues::Classes { levels: &levels, of_row: &of_row } },
            Column { name: "x".into(), values: ColumnValues::Numbers(&[1.0, f64::NAN, 3.0]) },
        ];
        let text = json(&Explorable { points: points.view(), ids: &ids, columns });
        assert!(!text.contains(['<', '>', '&', '\u{2028}']));
        let back: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["ids"], json!(ids));
        assert_eq!(back["columns"][0]["levels"][0], "<b>");
        assert_eq!(STANDARD.decode(back["points"].as_str().unwrap()).unwrap().len(), 24);
    }
}
