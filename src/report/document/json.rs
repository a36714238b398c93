//! A run as one object of JSON.

use serde::Serialize;

use super::record::RunRecord;
use crate::event::Counts;
use crate::plan::{Effect, Ending};

/// Version of the document's form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    run: &'a str,
    command: &'a str,
    project: &'a str,
    started: Option<jiff::Timestamp>,
    took_ms: u64,
    exit_code: Option<u8>,
    counts: Counts,
    warnings: &'a [String],
    steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    name: &'a str,
    title: &'a str,
    needs: &'a [String],
    effect: Effect,
    attempts: u32,
    /// As in the events; `null` where it has not ended.
    ending: Option<&'a Ending>,
    took_ms: u64,
    what: &'a str,
    warnings: &'a [String],
    output: String,
}

pub(super) fn render(record: &RunRecord) -> String {
    let milliseconds = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let steps = record.steps.iter().map(|step| Step {
        name: &step.shape.name,
        title: &step.shape.title,
        needs: &step.shape.needs,
        effect: step.shape.effect,
        attempts: step.attempts,
        ending: step.ending.as_ref(),
        took_ms: milliseconds(step.took),
        what: &step.what,
        warnings: &step.warnings,
        output: step.output(),
    });
    let document = Document {
        version: VERSION,
        run: &record.run,
        command: &record.command,
        project: &record.project,
        started: record.started,
        took_ms: milliseconds(record.took),
        exit_code: record.exit_code,
        counts: record.counts,
        warnings: &record.warnings,
        steps: steps.collect(),
    };
    // Texts and numbers only, so this can't fail.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}
