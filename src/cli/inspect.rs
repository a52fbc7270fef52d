//! Verbs that look at a table: inspect, init.

use std::path::Path;

use super::arguments::{Init, Inspect};
use super::output;
use super::progress;
use crate::error::{Error, Result};
use crate::event::silent;
use crate::plan;
use crate::run::folder;

/// `inspect DATA`.
pub(super) fn inspect(verb: &Inspect) -> Result<()> {
    let starter = plan::starter(&verb.data, Path::new(""), None, &mut silent)?;
    if verb.json {
        return output::print_json(&starter.inspection);
    }
    let mut lines = starter.inspection.lines();
    lines.push(String::new());
    lines.extend(starter.inspection.column_lines());
    if starter.inspection.trainable() > 0 {
        lines.push(String::new());
        lines.push("guesses of `reduce init`:".to_owned());
        lines.extend(starter.guesses.iter().map(|guess| format!("  {guess}")));
    }
    output::print(&format!("{}\n", lines.join("\n")))
}

/// `init DATA`.
pub(super) fn init(verb: &Init) -> Result<()> {
    if let Some(path) = verb.output.as_ref().filter(|path| path.exists() && !verb.force) {
        return Err(Error::request(format!("`{}` is there already", path.display()))
            .hint("name another file, or give `--force` to replace it"));
    }
    let folder = verb.output.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    // the run is called as its pipeline: `reduce encode runs/NAME` follows from `-o NAME.yaml`
    let name = verb.output.as_deref().and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
    let starter = plan::starter(&verb.data, folder, name.as_deref(), &mut silent)?;
    starter.inspection.check_trainable().map_err(|error| error.at(verb.data.display().to_string()))?;
    let Some(path) = &verb.output else { return output::print(&starter.text) };
    folder::write_bytes(path, starter.text.as_bytes())?;
    for guess in &starter.guesses {
        progress::line(guess);
    }
    progress::line(&format!(
        "{} written; next: reduce run {} (results go to {})",
        path.display(),
        path.display(),
        folder.join(&starter.output).display()
    ));
    Ok(())
}
