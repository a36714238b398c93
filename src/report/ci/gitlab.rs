//! Sections of GitLab CI: a mark with a Unix time opens one, a mark of the same name closes it. Times are the events', so a replayed
//! log shows the durations of the run and not of the replay.
//!
//! <https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections>

pub(super) fn open(step: &str, title: &str, folded: bool, at: jiff::Timestamp) -> String {
    let folded = if folded { "[collapsed=true]" } else { "" };
    let title = crate::report::clean::line(title, false);
    format!("\u{1b}[0Ksection_start:{}:{}{folded}\r\u{1b}[0K{title}\n", at.as_second(), section(step))
}

pub(super) fn close(step: &str, at: jiff::Timestamp) -> String {
    format!("\u{1b}[0Ksection_end:{}:{}\r\u{1b}[0K\n", at.as_second(), section(step))
}

/// A section's name may hold letters, digits, `_`, `.` and `-`.
fn section(step: &str) -> String {
    step.chars()
        .map(|each| if each.is_ascii_alphanumeric() || "_.-".contains(each) { each } else { '_' })
        .collect()
}
