//! A run in Markdown: how it ended, a table of its steps, and what failed with all that was said about it.

use super::junit::why;
use super::record::{RunRecord, StepRecord, clean_text};
use crate::plan::{Ending, Skip};
use crate::report::role::Role;
use crate::report::words;
use crate::text::count::count;
use crate::text::duration;
use crate::text::markdown::{block, code, escaped};

/// As much as fits into a comment of GitHub (65,536), with something around it.
const LONGEST: usize = 60_000;

pub(super) fn render(record: &RunRecord) -> String {
    let mut text = format!("## {}: {}\n\n", code(&record.command), record.result());
    let started = record.started.map(|at| format!("started {}, ", at.strftime("%Y-%m-%d %H:%M:%SZ")));
    text.push_str(&format!(
        "{} of {}, {}took {}, run {}\n\n| step | result | what | time |\n| --- | --- | --- | ---: |\n",
        count(record.steps.len(), "step"),
        escaped(&record.project),
        started.unwrap_or_default(),
        duration::render(record.took),
        code(&record.run),
    ));
    for step in record.steps.iter().filter(|step| is_told(step)) {
        let (result, what) = cells(step);
        let time = if step.took.is_zero() { String::new() } else { duration::render(step.took) };
        text.push_str(&format!(
            "| {} | {result} | {} | {time} |\n",
            escaped(&step.shape.title),
            escaped(&what)
        ));
    }
    let silent = record.steps.iter().filter(|step| !is_told(step)).count();
    if silent > 0 {
        text.push_str(&format!("\n{} had nothing to do.\n", count(silent, "further step")));
    }
    let warnings = record.warnings.iter().chain(record.steps.iter().flat_map(|step| &step.warnings));
    for warning in warnings {
        text.push_str(&format!("\nwarning:\n\n{}", block(warning)));
    }
    for step in &record.steps {
        let details = details(step);
        if text.len() + details.len() > LONGEST {
            text.push_str("\nThe rest is left out: a comment can't be so long.\n");
            break;
        }
        text.push_str(&details);
    }
    text
}

/// A step of ours that found nothing to do is only counted.
fn is_told(step: &StepRecord) -> bool {
    !matches!(step.ending, Some(Ending::Skipped(Skip::Nothing { .. }))) || is_skipped_task(step)
}

fn is_skipped_task(step: &StepRecord) -> bool {
    step.ending.as_ref().is_some_and(|ending| words::is_skipped_task(Role::of(&step.shape.name), ending))
}

fn cells(step: &StepRecord) -> (&'static str, String) {
    match &step.ending {
        Some(Ending::Done) => ("done", step.what.clone()),
        Some(Ending::UpToDate { reason }) => ("up to date", clean_text(reason)),
        Some(Ending::Skipped(skip)) if is_skipped_task(step) => ("skipped", why(skip)),
        Some(Ending::Skipped(skip)) => ("not run", why(skip)),
        Some(Ending::Ignored { fault }) => ("failed but ignored", clean_text(&fault.message)),
        Some(Ending::Declined { question }) => ("**declined**", clean_text(question)),
        Some(Ending::Failed { fault }) => ("**failed**", clean_text(&fault.message)),
        None => ("**not ended**", String::new()),
    }
}

/// All that was said about what failed.
fn details(step: &StepRecord) -> String {
    let Some(Ending::Failed { fault }) = &step.ending else { return String::new() };
    let hints = fault.hints.iter().map(|hint| format!("hint: {hint}"));
    let lines = std::iter::once(fault.message.clone()).chain(fault.details.iter().cloned()).chain(hints);
    let said = clean_text(&lines.collect::<Vec<_>>().join("\n"));
    let mut text = format!("\n### {}\n\n{}", escaped(&step.shape.title), block(&said));
    let output = step.output();
    if !output.is_empty() {
        text.push_str(&format!("\n<details><summary>output</summary>\n\n{}\n</details>\n", block(&output)));
    }
    text
}
