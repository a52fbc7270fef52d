//! Verbs on the pipeline file: check, plan, schema.

use super::arguments;
use super::output;
use crate::error::Result;
use crate::pipeline::Pipeline;
use crate::plan::Plan;

/// `check FILE`.
pub(super) fn check(verb: &arguments::Pipeline) -> Result<()> {
    let loaded = Pipeline::load(&verb.file, &verb.overrides)?;
    let columns = crate::plan::check_columns(&loaded).map_err(|error| Pipeline::pointed(error, &verb.file))?;
    output::print(&format!("{} is in order: {columns}\n", verb.file.display()))
}

/// `plan FILE`.
pub(super) fn plan(verb: &arguments::Plan) -> Result<()> {
    let loaded = Pipeline::load(&verb.pipeline.file, &verb.pipeline.overrides)?;
    let plan = Plan::of(&loaded).map_err(|error| Pipeline::pointed(error, &verb.pipeline.file))?;
    if verb.json { output::print_json(&plan) } else { output::print(&plan.to_string()) }
}

/// `schema`.
pub(super) fn schema() -> Result<()> {
    output::print_json(&Pipeline::schema())
}
