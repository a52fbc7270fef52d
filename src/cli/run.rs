//! Verbs on runs: run, plot, report, verify, clean.

use super::arguments;
use super::output;
use super::progress::{self, Stop};
use crate::error::{Error, Fault, Result};
use crate::event::Stage;
use crate::pipeline::Pipeline;
use crate::plot::{Format, PlotOptions, Theme};
use crate::run::folder;
use crate::run::record::Record;
use crate::run::{self, Reuse};
use crate::value::OneOrMany;

/// `run FILE`.
pub(super) fn run(verb: &arguments::Run, stop: &Stop) -> Result<()> {
    let loaded = Pipeline::load(&verb.pipeline.file, &verb.pipeline.overrides)?;
    let reuse = if verb.fresh { Reuse::Nothing } else { verb.from.map_or(Reuse::Kept, from) };
    let mut progress = super::listener(verb.quiet, verb.json, stop);
    let outcome = run::run(&loaded, reuse, &mut |event| progress.take(event)).map_err(|error| {
        let error = Pipeline::pointed(error, &verb.pipeline.file);
        if error.fault() == Fault::Interrupted && error.hint_text().is_none() {
            error.hint("the same command goes on with the stages that were finished")
        } else {
            error
        }
    })?;
    if verb.json {
        return output::print_json(&outcome.metrics);
    }
    if !verb.quiet {
        progress::line(&format!("\n{}", outcome.summary));
    }
    Ok(())
}

/// A run is of one piece up to its model: reading or preparing again means training again.
fn from(stage: arguments::From) -> Reuse {
    match stage {
        arguments::From::Read | arguments::From::Prepare | arguments::From::Autoencoder => Reuse::Nothing,
        arguments::From::Encode => Reuse::Before(Stage::Encode),
        arguments::From::Neighbors => Reuse::Before(Stage::Neighbors),
        arguments::From::Tsne => Reuse::Before(Stage::Tsne),
        arguments::From::Evaluate => Reuse::Before(Stage::Evaluate),
        arguments::From::Plot => Reuse::Before(Stage::Plot),
        arguments::From::Report => Reuse::Before(Stage::Report),
    }
}

/// `plot RUN --color-by COLUMN`.
pub(super) fn plot(verb: &arguments::Plot, stop: &Stop) -> Result<()> {
    let format = match (&verb.output, &verb.format) {
        (Some(path), _) => output::check_picture(path, &[])?,
        (None, Some(given)) => Format::of_ending(given).unwrap_or(Format::Svg),
        (None, None) => Format::Svg,
    };
    if verb.format.as_deref().is_some_and(|given| given != format.extension()) {
        return Err(Error::request("`--format` and the ending of `--output` differ").hint("give one of the two"));
    }
    if let (Some(figure), Some(output)) = (&verb.figure, &verb.output) {
        folder::write_bytes(output, &run::redraw::figure(&verb.run, figure, format)?)?;
        progress::line(&format!("{} written", output.display()));
        return Ok(());
    }
    let options = PlotOptions {
        color_by: OneOrMany(verb.color_by.clone()),
        theme: if verb.dark { Theme::Dark } else { Theme::Light },
        format: OneOrMany(vec![format]),
        ..PlotOptions::default()
    };
    let mut progress = super::listener(true, false, stop);
    let written = run::redraw::plot(&verb.run, &options, verb.output.as_deref(), &mut |event| progress.take(event))?;
    progress::line(&format!("{} written", written.display()));
    Ok(())
}

/// `report RUN`.
pub(super) fn report(verb: &arguments::RunFolder) -> Result<()> {
    let written = run::redraw::report(&verb.run)?;
    progress::line(&format!("{} written", written.display()));
    Ok(())
}

/// `verify RUN`.
pub(super) fn verify(verb: &arguments::RunFolder) -> Result<()> {
    let record = Record::load(&verb.run)?;
    let changed = record.verify(&verb.run);
    if changed.is_empty() {
        return output::print(&format!(
            "{} files of `{}` are as the run left them\n",
            record.files.len(),
            verb.run.display()
        ));
    }
    Err(Error::request(format!("changed since the run, or gone: {}", changed.join(", ")))
        .at(verb.run.display().to_string())
        .hint("run the pipeline again"))
}

/// `clean RUN`.
pub(super) fn clean(verb: &arguments::RunFolder) -> Result<()> {
    if !run::folder::Folder::is_run(&verb.run) {
        Record::load(&verb.run)?;
    }
    run::folder::Folder::open(&verb.run)?.forget_all_but(&[]);
    output::print(&format!("the kept stages of `{}` are removed; its results stay\n", verb.run.display()))
}
