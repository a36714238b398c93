//! What the two CI services write differently, as one switch. Pure but for the token, which is drawn once.

use std::borrow::Cow;

use super::{github, gitlab};
use crate::diagnostic::Fault;
use crate::report::style::Style;

/// Whose log it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::report) enum Dialect {
    /// GitHub Actions.
    GitHub {
        /// Ends a stretch in which no command is obeyed; nobody who writes into that stretch may know it.
        token: String,
    },
    /// GitLab CI.
    GitLab,
}

impl Dialect {
    /// GitHub's, with a token of its own.
    pub(in crate::report) fn git_hub() -> Self {
        Self::GitHub { token: github::unguessable() }
    }

    /// GitLab's log shows colours although it is no terminal.
    pub(super) fn style(&self, style: Style) -> Style {
        match self {
            Self::GitHub { .. } => style,
            Self::GitLab => Style { colour: true, ..style },
        }
    }

    /// Opens a group.
    pub(super) fn open(&self, step: &str, title: &str, folded: bool, at: jiff::Timestamp) -> String {
        match self {
            Self::GitHub { .. } => github::open(title),
            Self::GitLab => gitlab::open(step, title, folded, at),
        }
    }

    /// Closes the open group.
    pub(super) fn close(&self, step: &str, at: jiff::Timestamp) -> String {
        match self {
            Self::GitHub { .. } => github::close(),
            Self::GitLab => gitlab::close(step, at),
        }
    }

    /// Tells the service to mask a text; GitLab masks only variables that are declared so.
    pub(super) fn mask(&self, secret: &str) -> Option<String> {
        match self {
            Self::GitHub { .. } => Some(github::mask(secret)),
            Self::GitLab => None,
        }
    }

    /// `text` so that the service obeys nothing in it.
    pub(super) fn harmless<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        match self {
            Self::GitHub { token } => github::harmless(text, token),
            // Its marks start with an escape, and no escape but colour is left in a cleaned line.
            Self::GitLab => Cow::Borrowed(text),
        }
    }

    /// An annotation beside the fault that was printed.
    pub(super) fn error(&self, title: &str, fault: &Fault) -> String {
        match self {
            Self::GitHub { .. } => github::error(title, fault),
            Self::GitLab => String::new(),
        }
    }

    /// An annotation beside the warning that was printed.
    pub(super) fn warning(&self, title: Option<&str>, text: &str) -> String {
        match self {
            Self::GitHub { .. } => github::warning(title, text),
            Self::GitLab => String::new(),
        }
    }
}
