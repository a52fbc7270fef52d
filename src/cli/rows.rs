//! Verbs on new rows: encode, reconstruct, denoise, sample, place; and the model for other programs: export.

use std::path::{Path, PathBuf};

use super::arguments::{Export, Place, Reconstruct, Rows, Sample, SampleFrom};
use super::output::{self, Reader};
use super::progress::{self, Stop};
use crate::autoencoder::Corruption;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::run::apply::{self, Written};
use crate::run::drawn::{self, DrawnFrom};
use crate::run::folder;
use crate::run::placing;
use crate::run::unlike::Count;
use crate::seed::Seed;

/// `encode MODEL DATA`.
pub(super) fn encode(verb: &Rows, stop: &Stop) -> Result<()> {
    let model = Model::load(&verb.model)?;
    let output = output_of(verb, "codes");
    output::check(&output, &[&verb.data, &verb.model])?;
    let mut progress = super::listener(verb.quiet, false, stop);
    let count = output::in_parts(&output, Reader::of(verb.spreadsheet_safe), |sink| {
        apply::in_parts(
            &model,
            &verb.data,
            &verb.otherwise.reading(),
            Written::Codes,
            &mut |event| progress.take(event),
            sink,
        )
    })?;
    tell(&count, &output, &format!("`unlike_training`: {}", model.profile.limits()), verb.quiet);
    Ok(())
}

/// `reconstruct MODEL DATA`.
pub(super) fn reconstruct(verb: &Reconstruct, stop: &Stop) -> Result<()> {
    let (word, written) =
        if verb.differences { ("differences", Written::Differences) } else { ("reconstructed", Written::Rows) };
    let rows = &verb.rows;
    let model = Model::load(&rows.model)?;
    let count = write_rows(rows, word, written, stop, &model).map_err(|error| {
        let hint = error.hint_text().filter(|_| !verb.differences && !model.preparation.is_invertible());
        let hint = hint.map(|hint| format!("{hint}; `--differences` needs no way back"));
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    })?;
    tell(&count, &output_of(rows, word), "`reduce encode` marks such rows", rows.quiet);
    Ok(())
}

/// `denoise MODEL DATA`.
pub(super) fn denoise(verb: &Rows, stop: &Stop) -> Result<()> {
    let model = Model::load(&verb.model)?;
    if model.autoencoder.options().corruption == Corruption::None {
        // a level is there or not: no row has 0.3 of one
        let noise = match model.preparation.levels() {
            [] => "{gaussian: {sd: 0.3}}",
            _ => "{mask: {fraction: 0.2}}",
        };
        return Err(Error::request(format!("the model `{}` was not trained to remove noise", verb.model.display()))
            .hint(format!(
                "train one with `autoencoder: {{corruption: {noise}}}` and steps that can be undone (not `normalize_total`), or \
                 use `reduce reconstruct`",
            )));
    }
    let count = write_rows(verb, "denoised", Written::Cleaned, stop, &model)?;
    if let Some(sentence) = apply::removes_no_noise(&verb.model) {
        progress::line(&format!("warning: {sentence}"));
    }
    // rows with noise are unlike the clean ones that trained: they are what the verb is for
    if !verb.quiet {
        progress::line(&format!("{} rows written to {}", count.rows, output_of(verb, "denoised").display()));
    }
    Ok(())
}

/// The file that is written: the one asked for, or one beside the rows.
fn output_of(verb: &Rows, word: &str) -> PathBuf {
    verb.output.clone().unwrap_or_else(|| apply::beside(&verb.data, word))
}

fn write_rows(verb: &Rows, word: &str, written: Written, stop: &Stop, model: &Model) -> Result<Count> {
    let output = output_of(verb, word);
    output::check(&output, &[&verb.data, &verb.model])?;
    let mut progress = super::listener(verb.quiet, false, stop);
    let count = output::in_parts(&output, Reader::of(verb.spreadsheet_safe), |sink| {
        apply::in_parts(model, &verb.data, &verb.otherwise.reading(), written, &mut |event| progress.take(event), sink)
    })?;
    let left_out = model.preparation.left_out();
    if written != Written::Differences && !left_out.is_empty() {
        progress::line(&format!(
            "{} columns that vary and did not train do not come back, among them `{}`",
            left_out.len(),
            left_out[0]
        ));
    }
    Ok(count)
}

/// What became of new rows; `which` says where those unlike the training rows are marked.
fn tell(count: &Count, output: &Path, which: &str, quiet: bool) {
    let warning = count.warning();
    if let Some(sentence) = &warning {
        progress::line(&format!("warning: {sentence}"));
    }
    if !quiet {
        let unlike = match (count.flagged, warning) {
            (_, Some(_)) => format!(" ({which})"),
            (0, None) => format!("; none is unlike the training rows ({which})"),
            (1, None) => format!("; 1 of them is unlike the training rows ({which})"),
            (some, None) => format!("; {some} of them are unlike the training rows ({which})"),
        };
        progress::line(&format!("{} rows written to {}{unlike}", count.rows, output.display()));
        for sentence in count.blamed() {
            progress::line(&sentence);
        }
    }
}

/// `sample MODEL -n N`, `sample MODEL --between ID ID`.
pub(super) fn sample(verb: &Sample) -> Result<()> {
    output::check(&verb.output, &[&verb.model])?;
    let model = Model::load(&verb.model)?;
    if let Some([first, last]) = verb.between.as_deref() {
        let columns = drawn::between(&verb.model, &model, [first, last], verb.count.get())?;
        output::table(&verb.output, columns, Reader::of(verb.spreadsheet_safe))?;
        progress::line(&format!("{} rows written to {}", verb.count, verb.output.display()));
        return Ok(());
    }
    let seed = Seed(verb.seed);
    let from = match verb.from {
        SampleFrom::Normal => {
            if let Some(sentence) = drawn::misfit(&verb.model, &model) {
                progress::line(&format!("warning: {sentence}"));
            }
            DrawnFrom::Normal
        }
        SampleFrom::Mixture => DrawnFrom::Mixture(drawn::mixture(&verb.model, &model, seed)?),
    };
    output::in_parts(&verb.output, Reader::of(verb.spreadsheet_safe), |sink| {
        drawn::sample(&model, &from, verb.count.get(), seed, sink)
    })?;
    progress::line(&format!("{} rows written to {}", verb.count, verb.output.display()));
    Ok(())
}

/// `place RUN DATA`.
pub(super) fn place(verb: &Place, stop: &Stop) -> Result<()> {
    let output: PathBuf = verb.output.clone().unwrap_or_else(|| apply::beside(&verb.data, "placed"));
    output::check(&output, &[&verb.data])?;
    let format = match &verb.plot {
        Some(path) => Some(output::check_picture(path, &[&verb.data])?),
        None => None,
    };
    let mut progress = super::listener(verb.quiet, false, stop);
    let placed = placing::placed(&verb.run, &verb.data, &verb.otherwise.reading(), &mut |event| progress.take(event))?;
    // drawn before anything is written: a map that cannot be drawn leaves nothing half done
    let drawn = format.map(|format| placed.map(format)).transpose()?;
    output::table(&output, placed.columns(), Reader::of(verb.spreadsheet_safe))?;
    if let (Some(path), Some(bytes)) = (&verb.plot, drawn) {
        folder::write_bytes(path, &bytes)?;
        if !verb.quiet {
            progress::line(&format!("{} written", path.display()));
        }
    }
    tell(&placed.count, &output, "`unlike_training`", verb.quiet);
    Ok(())
}

/// `export MODEL --onnx FOLDER`.
pub(super) fn export(verb: &Export) -> Result<()> {
    let model = Model::load(&verb.model)?;
    apply::export(&model, &verb.onnx)?;
    progress::line(&format!("encoder.onnx and decoder.onnx written to {}", verb.onnx.display()));
    Ok(())
}
