//! `sources`, `outputs` and `cache` of a task: when it is up to date.

use super::expression::Template;

/// What says whether a task has anything to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// Patterns of the files that go in, from `folder`; a value in one means exactly itself.
    pub sources: Vec<Template>,
    /// Patterns of the files that come out, in the same way.
    pub outputs: Vec<Template>,
    /// `cache = false`: it always runs. What it makes is looked at all the same, for the tasks that need it.
    pub cache: bool,
}

impl Default for Tracking {
    fn default() -> Self {
        Self { sources: Vec::new(), outputs: Vec::new(), cache: true }
    }
}

impl Tracking {
    /// Whether there is anything to go by.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.outputs.is_empty()
    }

    /// All patterns.
    pub fn patterns(&self) -> impl Iterator<Item = &Template> {
        self.sources.iter().chain(&self.outputs)
    }
}
