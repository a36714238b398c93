//! `secrets lint`: what is wrong with env files.

use crate::assemble::Goal;
use crate::cli::print;
use crate::cli::session::Session;
use crate::diagnostic::Fault;
use crate::domains::secrets::{FileFinding, LintReport, Request};
use crate::plan::Ending;
use crate::text::count::count;
use crate::text::visible::visible;

pub(super) fn run(session: &Session<'_>) -> Result<u8, Fault> {
    let environment = session.options.environment.clone();
    let goal = Goal::Secrets(Request::Lint { environment });
    if session.options.dry_run {
        return session.run_goals(&[goal], &[]);
    }
    let result = session.look(&[goal])?;
    for (_, ending) in &result.endings {
        if let Ending::Failed { fault } = ending {
            return Err(fault.clone());
        }
    }
    let report = result.values.into_iter().find_map(|value| value.downcast::<LintReport>().ok());
    let report = report.as_deref().cloned().unwrap_or_default();
    if session.options.json {
        report.findings.iter().for_each(|finding| print(&format!("{}\n", serde_json::json!(finding))));
    } else {
        print(&visible(&render(&report)));
    }
    Ok(u8::from(report.findings.iter().any(|finding| finding.severity == "error")))
}

fn render(report: &LintReport) -> String {
    let files = count(report.files, "env file");
    if report.findings.is_empty() {
        return format!("{files}, nothing wrong\n");
    }
    let mut text: String = report.findings.iter().map(told).collect();
    let number = |severity: &str| report.findings.iter().filter(|it| it.severity == severity).count();
    let parts = [("error", number("error")), ("warning", number("warning")), ("note", number("note"))];
    let parts = parts.iter().filter(|(_, number)| *number > 0).map(|(word, number)| count(*number, word));
    text.push_str(&format!("{files}: {}\n", parts.collect::<Vec<_>>().join(", ")));
    text
}

fn told(finding: &FileFinding) -> String {
    let mut place = finding.file.display().to_string();
    for number in [finding.line, finding.column].into_iter().take_while(|number| *number > 0) {
        place.push_str(&format!(":{number}"));
    }
    format!(
        "{place}: {}[{}]: {}\n  help: {}\n",
        finding.severity, finding.code, finding.message, finding.help
    )
}
