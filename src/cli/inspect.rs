//! Verbs that look at a table: inspect, init.

use std::path::Path;

use super::arguments::{Init, Inspect};
use super::output;
use super::progress;
use crate::error::{Error, Result};
use crate::event::silent;
use crate::run::folder;
use crate::table::inspect;

/// `inspect DATA`.
pub fn inspect(verb: &Inspect) -> Result<()> {
    let found = inspect::look(&verb.data, &mut silent)?;
    if verb.json { output::print_json(&found) } else { output::print(&found.to_string()) }
}

/// `init DATA`.
pub fn init(verb: &Init) -> Result<()> {
    let found = inspect::look(&verb.data, &mut silent)?;
    let folder = verb.output.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let text = crate::plan::starter(&verb.data, folder, &found);
    let Some(path) = &verb.output else { return output::print(&text) };
    if path.exists() && !verb.force {
        return Err(Error::request(format!("`{}` is there already", path.display())).hint("name another file, or give `--force` to replace it"));
    }
    folder::write_whole(path, |file| {
        std::io::Write::write_all(file, text.as_bytes()).map_err(|error| Error::io("write", path, &error))
    })?;
    for guess in &found.guesses {
        progress::line(guess);
    }
    progress::line(&format!("{} written; next: reduce run {}", path.display(), path.display()));
    Ok(())
}
