//! What `git push --porcelain` says: a line on standard output for each ref, and on standard error what the server printed.

use crate::event::Termination;

/// So often a push that may be up to date is tried again.
pub const TRIES: u32 = 5;

/// SIGPIPE.
const BROKEN_PIPE: i32 = 13;

/// What became of a ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The server took it.
    Taken,
    /// The server has it already; it was not asked, and none of its hooks ran.
    UpToDate,
    /// The server, or git itself, refused it.
    Rejected {
        /// The server said so, and not git on this side.
        by_server: bool,
        /// Why, as it was said; may be empty.
        reason: String,
    },
}

/// What became of the ref `to`; `None` where nothing was said of it, because the connection was lost or never made.
pub fn parse(output: &str, to: &str) -> Option<Pushed> {
    output.lines().find_map(|line| {
        let mut fields = line.splitn(3, '\t');
        let (flag, refs, summary) = (fields.next()?, fields.next()?, fields.next().unwrap_or_default());
        let (_, target) = refs.rsplit_once(':')?;
        (target == to).then(|| match flag {
            "=" => Pushed::UpToDate,
            "!" => rejected(summary),
            _ => Pushed::Taken,
        })
    })
}

/// Whether git may have died of having nothing to push: it sends the push options all the same, and the server, which was asked nothing, has
/// sometimes left by then (git 2.47). The same push says it at another time.
pub fn may_be_up_to_date(termination: Termination, output: &str) -> bool {
    termination == Termination::Signaled { signal: BROKEN_PIPE } && output.is_empty()
}

/// `[remote rejected] (why)`.
fn rejected(summary: &str) -> Pushed {
    let (label, rest) = summary.split_once(']').unwrap_or((summary, ""));
    let rest = rest.trim();
    let inner = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
    Pushed::Rejected { by_server: label.contains("remote"), reason: inner.to_owned() }
}

/// A line that the server printed, without what git puts around it; `None` for git's own lines.
pub fn remote_line(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("remote:")?;
    // Blanks (or an escape sequence) at the end wipe out what a progress bar left.
    let rest = rest.strip_prefix(' ').unwrap_or(rest).trim_end();
    Some(rest.strip_suffix("\u{1b}[K").unwrap_or(rest).trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "To /srv/app/prod/repo.git\n*\trefs/tags/v2:refs/tags/v2\t[new tag]\n\
        !\t4f2a:refs/deploy/prod\t[remote rejected] (build failed (web))\nDone\n";

    #[test]
    fn only_a_push_that_died_in_silence_may_have_had_nothing_to_push() {
        let died = Termination::Signaled { signal: 13 };
        assert!(may_be_up_to_date(died, ""));
        assert!(!may_be_up_to_date(died, OUTPUT));
        assert!(!may_be_up_to_date(Termination::Signaled { signal: 15 }, ""));
        assert!(!may_be_up_to_date(Termination::Exited { status: 128 }, ""));
    }

    #[test]
    fn each_ref_is_told_of() {
        assert_eq!(parse(OUTPUT, "refs/tags/v2"), Some(Pushed::Taken));
        let reason = "build failed (web)".to_owned();
        assert_eq!(parse(OUTPUT, "refs/deploy/prod"), Some(Pushed::Rejected { by_server: true, reason }));
        assert_eq!(parse(OUTPUT, "refs/deploy/stage"), None);
        assert_eq!(
            parse("=\ta:refs/deploy/prod\t[up to date]\n", "refs/deploy/prod"),
            Some(Pushed::UpToDate)
        );
        assert_eq!(
            parse("+\ta:refs/deploy/prod\ta...b (forced update)\n", "refs/deploy/prod"),
            Some(Pushed::Taken)
        );
        let reason = "already exists".to_owned();
        assert_eq!(
            parse("!\trefs/tags/v2:refs/tags/v2\t[rejected] (already exists)\n", "refs/tags/v2"),
            Some(Pushed::Rejected { by_server: false, reason })
        );
        assert_eq!(parse("fatal: the remote end hung up unexpectedly\n", "refs/deploy/prod"), None);
    }

    #[test]
    fn what_the_server_printed_stands_without_gits_frame() {
        assert_eq!(remote_line("remote: deployment 4: v2        "), Some("deployment 4: v2"));
        assert_eq!(remote_line("remote:   indented\u{1b}[K"), Some("  indented"));
        assert_eq!(remote_line("remote:        "), Some(""));
        assert_eq!(remote_line("error: failed to push some refs"), None);
    }
}
