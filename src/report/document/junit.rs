//! JUnit's XML: the run is a suite, a step is a test. <https://github.com/testmoapp/junitxml>
//!
//! A step that failed is a failure where its command said no, and an error where it could not be run at all. One that was not run is skipped,
//! with its reason; one that was up to date passes. A failure that the task ignores fails no run, so it is none here: it is skipped with a type of its
//! own, as pytest writes what it expects to fail.

use super::record::{RunRecord, StepRecord, clean_text};
use crate::diagnostic::{Fault, FaultKind};
use crate::plan::{Ending, Skip};

pub(super) fn render(record: &RunRecord) -> String {
    let cases: Vec<Case> = record.steps.iter().map(Case::of).collect();
    let count = |result: fn(&Outcome) -> bool| cases.iter().filter(|case| result(&case.outcome)).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"",
        cases.len(),
        count(|outcome| matches!(outcome, Outcome::Failure { .. })),
        count(|outcome| matches!(outcome, Outcome::Error { .. })),
        count(|outcome| matches!(outcome, Outcome::Skipped(_) | Outcome::Ignored(_))),
        seconds(record.took),
    );
    let started = record.started.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name={} {counts}>\n  <testsuite name={} {counts} timestamp={}>\n",
        attribute(&record.project),
        attribute(&record.command),
        attribute(&started),
    );
    text.push_str(&format!(
        "    <properties>\n      <property name=\"run\" value={}/>\n      <property name=\"result\" value={}/>\n    </properties>\n",
        attribute(&record.run),
        attribute(&record.result()),
    ));
    cases.iter().for_each(|case| case.render(&record.project, &mut text));
    if !record.warnings.is_empty() {
        text.push_str(&format!("    <system-err>{}</system-err>\n", content(&record.warnings.join("\n"))));
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

struct Case<'a> {
    step: &'a StepRecord,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Skipped(String),
    Ignored(String),
    Failure { kind: &'static str, message: String, text: String },
    Error { kind: &'static str, message: String, text: String },
}

impl<'a> Case<'a> {
    fn of(step: &'a StepRecord) -> Self {
        let outcome = match &step.ending {
            Some(Ending::Done | Ending::UpToDate { .. }) => Outcome::Passed,
            Some(Ending::Skipped(skip)) => Outcome::Skipped(why(skip)),
            Some(Ending::Ignored { fault }) => Outcome::Ignored(clean_text(&fault.message)),
            Some(Ending::Declined { question }) => Outcome::Failure {
                kind: "declined",
                message: format!("declined: {question}"),
                text: String::new(),
            },
            Some(Ending::Failed { fault }) => failed(fault),
            None => Outcome::Error {
                kind: "not-ended",
                message: "the run ended before this step did".to_owned(),
                text: String::new(),
            },
        };
        Self { step, outcome }
    }

    fn render(&self, project: &str, text: &mut String) {
        let step = self.step;
        text.push_str(&format!(
            "    <testcase name={} classname={} time=\"{}\">\n",
            attribute(&step.shape.title),
            attribute(&format!("{project}.{}", step.shape.name)),
            seconds(step.took),
        ));
        match &self.outcome {
            Outcome::Passed => {}
            Outcome::Skipped(why) => {
                text.push_str(&format!("      <skipped message={}/>\n", attribute(why)));
            }
            Outcome::Ignored(message) => {
                let message = attribute(&format!("failed but ignored: {message}"));
                text.push_str(&format!("      <skipped type=\"ignored\" message={message}/>\n"));
            }
            Outcome::Failure { kind, message, text: body } => {
                text.push_str(&element("failure", kind, message, body));
            }
            Outcome::Error { kind, message, text: body } => {
                text.push_str(&element("error", kind, message, body));
            }
        }
        let mut said = String::new();
        if let Some(Ending::UpToDate { reason }) = &step.ending {
            said.push_str(&format!("up to date: {}\n", clean_text(reason)));
        } else if !step.what.is_empty() {
            said.push_str(&format!("{}\n", step.what));
        }
        said.push_str(&step.output());
        if !said.is_empty() {
            text.push_str(&format!("      <system-out>{}</system-out>\n", content(&said)));
        }
        if !step.warnings.is_empty() {
            text.push_str(&format!(
                "      <system-err>{}</system-err>\n",
                content(&step.warnings.join("\n"))
            ));
        }
        text.push_str("    </testcase>\n");
    }
}

fn element(name: &str, kind: &str, message: &str, body: &str) -> String {
    format!(
        "      <{name} type={} message={}>{}</{name}>\n",
        attribute(kind),
        attribute(message),
        content(body)
    )
}

fn failed(fault: &Fault) -> Outcome {
    let message = clean_text(&fault.message);
    let hints = fault.hints.iter().map(|hint| format!("hint: {hint}"));
    let lines: Vec<String> = fault.details.iter().cloned().chain(hints).collect();
    let text = clean_text(&lines.join("\n"));
    let kind = match fault.kind {
        FaultKind::Failed => return Outcome::Failure { kind: "failed", message, text },
        FaultKind::Declined => return Outcome::Failure { kind: "declined", message, text },
        FaultKind::Usage => "usage",
        FaultKind::File => "file",
        FaultKind::Refused => "refused",
        FaultKind::Locked => "locked",
        FaultKind::Interrupted => "interrupted",
        FaultKind::World => "world",
        FaultKind::Bug => "bug",
    };
    Outcome::Error { kind, message, text }
}

/// Why a step was not run.
pub(super) fn why(skip: &Skip) -> String {
    match skip {
        Skip::Needs { title } => format!("`{title}`, which it needs, did not end well"),
        Skip::OtherFailed { title } => format!("`{title}` failed before"),
        Skip::Declined { title } => format!("`{title}` was declined"),
        Skip::Interrupted => "interrupted".to_owned(),
        Skip::Nothing { reason } | Skip::HeldBack { reason } => clean_text(reason),
    }
}

fn seconds(time: std::time::Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

fn attribute(text: &str) -> String {
    let text = content(text).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;");
    format!("\"{text}\"")
}

/// Text between tags. XML has no way to write most control characters, so they go. <https://www.w3.org/TR/xml/#charsets>
fn content(text: &str) -> String {
    let is_allowed = |c: &char| {
        matches!(*c, '\t' | '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
            && !('\u{7f}'..='\u{9f}').contains(c)
    };
    let text: String = text.chars().filter(is_allowed).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
