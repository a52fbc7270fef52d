//! Some ten lines for the terminal: what went in, what was lost beside PCA, where the files are.

use std::fmt::Write as _;

use crate::plot::text::clean;
use crate::plot::text::count;
use crate::plot::text::number;

/// What the last lines of a run say.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The run's name.
    pub name: String,
    /// Rows of the table.
    pub rows: usize,
    /// Features that trained.
    pub features: usize,
    /// Numbers in a code.
    pub code_size: usize,
    /// What was left out: a clause each.
    pub losses: Vec<String>,
    /// What was missing, and what became of it.
    pub missing: Option<String>,
    /// How training went.
    pub epochs: Option<Epochs>,
    /// Held-out error per value, ours and that of PCA of the same size.
    pub reconstruction: Option<(f64, f64)>,
    /// Share of each row's nearest neighbors kept: in the codes, in PCA of their size, on the map, in PCA-2.
    pub neighbors: Option<[Option<f64>; 4]>,
    /// The verdict, a sentence each.
    pub verdict: Vec<String>,
    /// Where the files are.
    pub folder: String,
    /// The files' names, the most looked-at first.
    pub files: Vec<String>,
    /// Seconds in all.
    pub seconds: f64,
    /// The most memory held, in bytes.
    pub peak_memory: Option<u64>,
}

/// How many epochs a training took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Epochs {
    /// Trained.
    pub done: usize,
    /// At most.
    pub most: usize,
    /// The one whose weights were kept.
    pub kept: usize,
    /// Whether the last ones were still better than those before.
    pub falling: bool,
}

impl Epochs {
    /// What is to be done where training ran out of epochs.
    pub const FALLING: &str = "the last quarter of the epochs still lowered the held-out error by more than 2 %: twice the `max_epochs` and `patience` of `autoencoder.training` may lower it further, if less error is worth the time";
}

/// The lines, without colors; each at most some 100 columns.
#[must_use]
pub fn summary(summary: &Summary) -> String {
    let mut out = String::new();
    let rows = format!("{} rows × {} features", count(summary.rows), count(summary.features));
    line(&mut out, "in", &format!("{rows} → codes of {}", summary.code_size));
    if !summary.losses.is_empty() {
        line(&mut out, "left out", &summary.losses.join("; "));
    }
    if let Some(missing) = &summary.missing {
        line(&mut out, "missing", missing);
    }
    if let Some(Epochs { done, most, kept, falling }) = summary.epochs {
        let falling = if falling { format!("; {}", Epochs::FALLING) } else { String::new() };
        let which = match kept {
            0 => "none better than the start, which is kept".to_owned(),
            kept => format!("epoch {kept} kept"),
        };
        line(&mut out, "training", &format!("{done} of at most {most} epochs, {which}{falling}"));
    }
    if let Some((error, pca)) = summary.reconstruction {
        let relative = match error / pca {
            share if share > 1000.0 => " (over 1,000 times it)".to_owned(),
            share if share.is_finite() => format!(" ({} of it)", percent(share)),
            _ => String::new(),
        };
        let text = format!(
            "held-out squared error per value {}, PCA-{} {}{relative}",
            number(error, 3),
            summary.code_size,
            number(pca, 3)
        );
        line(&mut out, "rebuilt", &text);
    }
    if let Some([codes, pca, map, pca_two]) = summary.neighbors {
        let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), percent);
        let mut text = format!("{} kept in the codes (PCA-{} {})", share(codes), summary.code_size, share(pca));
        if map.is_some() {
            let _ = write!(text, ", {} on the map (PCA-2 {})", share(map), share(pca_two));
        }
        line(&mut out, "neighbors", &text);
    }
    for (place, sentence) in summary.verdict.iter().enumerate() {
        line(&mut out, if place == 0 { "verdict" } else { "" }, sentence);
    }
    let memory = summary.peak_memory.map_or_else(String::new, |bytes| format!(", {:.0} MB", bytes as f64 / 1e6));
    line(&mut out, "took", &format!("{} s{memory}", number(summary.seconds, 3)));
    if !summary.folder.is_empty() {
        line(&mut out, "files", &format!("{}: {}", summary.folder, summary.files.join(", ")));
    }
    out
}

/// A name and its text, broken over lines where it is long.
fn line(out: &mut String, name: &str, text: &str) {
    const COLUMNS: usize = 88;
    let mut used = 0;
    let _ = write!(out, "{name:>10}  ");
    let clean = clean(text);
    let mut words = clean.split_whitespace().peekable();
    while let Some(word) = words.next() {
        // a number and its sign stay on one line
        let signed = words.next_if(|next| next.starts_with('%')).map(|sign| format!("{word} {sign}"));
        let word = signed.as_deref().unwrap_or(word);
        let length = word.chars().count();
        if used > 0 && used + 1 + length > COLUMNS {
            let _ = write!(out, "\n{:12}", "");
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out.push('\n');
}

fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_ten_lines_say_it() {
        let text = summary(&Summary {
            name: "genes".into(),
            rows: 2_638,
            features: 2_000,
            code_size: 32,
            losses: vec!["62 rows without a label keep their place".into()],
            missing: None,
            epochs: Some(Epochs { done: 72, most: 200, kept: 57, falling: false }),
            reconstruction: Some((0.612, 0.634)),
            neighbors: Some([Some(0.71), Some(0.68), Some(0.58), Some(0.12)]),
            verdict: vec![
                "The codes rebuild held-out rows 3.5 % better than PCA-32.".into(),
                "Most is lost on the map.".into(),
            ],
            folder: "runs/genes".into(),
            files: vec!["report.html".into(), "embedding-cell-type.svg".into(), "codes.parquet\u{1b}[2J".into()],
            seconds: 41.26,
            peak_memory: Some(412_000_000),
        });
        assert!(text.lines().count() <= 12 && text.lines().all(|line| line.chars().count() <= 101), "{text}");
        assert!(text.contains("held-out squared error per value 0.612, PCA-32 0.634 (96.5 % of it)"), "{text}");
        assert!(text.contains("71 % kept in the codes (PCA-32 68 %), 58 % on the map (PCA-2 12 %)"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
