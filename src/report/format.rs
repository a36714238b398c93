//! Which report a run gets. Pure but for making the chosen one; the environment was read by whoever made the facts.

use std::io::Write;

use super::ci::{Ci, Dialect};
use super::clock;
use super::json::Json;
use super::live::Live;
use super::outputs::Outputs;
use super::plain::Plain;
use super::sink::Sink;
use super::style::Style;
use crate::masking::Masker;
use crate::os::terminal::TerminalFacts;
use crate::run::Observer;

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines that move, on a terminal.
    Live,
    /// One line after the other.
    Plain,
    /// Groups and annotations of GitHub Actions.
    GitHub,
    /// Sections of GitLab CI.
    GitLab,
    /// One event a line, as JSON on standard output.
    Json,
}

/// The format for what was asked and what is there. A CI service wins over a terminal: some give their jobs one, and their logs can't
/// take lines back.
pub fn choose(json: bool, facts: &TerminalFacts, is_github: bool, is_gitlab: bool) -> Format {
    match (json, is_github, is_gitlab, facts.live) {
        (true, ..) => Format::Json,
        (false, true, ..) => Format::GitHub,
        (false, false, true, _) => Format::GitLab,
        (false, false, false, true) => Format::Live,
        (false, false, false, false) => Format::Plain,
    }
}

/// The report of that format; a CI service that masks is told what `masker` learns. `out` is for talk (standard error), `data` for what was asked for (standard output).
pub fn reporter(
    format: Format,
    facts: TerminalFacts,
    masker: &Masker,
    out: Box<dyn Write + Send>,
    data: Box<dyn Write + Send>,
) -> Box<dyn Observer> {
    let style = Style::new(&facts);
    let clock = clock::monotonic();
    if format == Format::Json {
        return Box::new(Json::new(Sink::new(data)));
    }
    let outputs = Outputs::new(Sink::new(out), Sink::new(data), facts.output);
    match format {
        Format::Live => Box::new(Live::on_terminal(style, outputs, clock)),
        Format::GitHub => Box::new(Ci::new(Dialect::git_hub(), masker.clone(), style, outputs, clock)),
        Format::GitLab => Box::new(Ci::new(Dialect::GitLab, masker.clone(), style, outputs, clock)),
        Format::Plain | Format::Json => Box::new(Plain::new(style, outputs, clock)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::terminal::StandardOutput;

    #[test]
    fn json_wins_over_ci_and_ci_over_a_terminal() {
        let facts = |live| TerminalFacts {
            live,
            can_ask: live,
            output: StandardOutput::Terminal,
            colour: live,
            columns: 80,
        };
        for (json, live, git_hub, git_lab, format) in [
            (true, true, true, false, Format::Json),
            (false, true, true, false, Format::GitHub),
            (false, true, false, true, Format::GitLab),
            (false, true, false, false, Format::Live),
            (false, false, false, false, Format::Plain),
        ] {
            assert_eq!(choose(json, &facts(live), git_hub, git_lab), format);
        }
    }
}
