//! What a step is to the person who reads, told from its name: `task:test`, `workspace:base:plan`, `down:approve`.
//!
//! The names are stable (`plan::Step`), so runs that are replayed are read the same way. A name of another shape is nobody's: such a step is
//! shown like a task, under its title.

use crate::event::Stream;

/// What a step is to the person who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role<'a> {
    /// A task of the project.
    Task,
    /// A verb on a workspace.
    Workspace {
        /// The workspace.
        name: &'a str,
        /// What is done with it.
        verb: &'a str,
    },
    /// The last word of a run.
    Conclusion,
    /// Holds the plan together; only its failure is of interest.
    Inner,
    /// Of another domain.
    Other,
}

impl<'a> Role<'a> {
    /// The role of the step that is called so.
    pub(super) fn of(step: &'a str) -> Self {
        if step.starts_with("task:") {
            return Self::Task;
        }
        if let Some((name, verb)) = step.strip_prefix("workspace:").and_then(|rest| rest.rsplit_once(':')) {
            return Self::Workspace { name, verb };
        }
        match step.rsplit_once(':') {
            _ if step.starts_with("confirm:") || step.starts_with("requires:") => Self::Inner,
            Some((_, "conclude")) => Self::Conclusion,
            Some((_, "approve" | "resume")) => Self::Inner,
            _ => Self::Other,
        }
    }

    /// Whether what the step prints to `stream` is what a person asked for: then it goes to standard output, and `x=$(shipway sha)` works.
    /// All else that commands print is talk.
    pub(super) fn is_data(self, stream: Stream) -> bool {
        stream == Stream::Out
            && match self {
                Self::Task => true,
                Self::Workspace { verb, .. } => matches!(verb, "output" | "validate" | "fmt" | "update"),
                Self::Conclusion | Self::Inner | Self::Other => false,
            }
    }

    /// Whether nobody asked for the step itself: it is shown when it lasts, fails or has something to say.
    pub(super) fn is_inner(self) -> bool {
        match self {
            Self::Task | Self::Other => false,
            Self::Workspace { verb, .. } => {
                matches!(verb, "init" | "outputs" | "guard" | "approve" | "after-apply")
            }
            Self::Conclusion | Self::Inner => true,
        }
    }

    /// Whether its notices are the last word of the run, such as the links to look at: they stand at the end, where they are found.
    pub(super) fn concludes(self) -> bool {
        matches!(self, Self::Conclusion | Self::Workspace { verb: "after-apply", .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_who_asked_for_a_step() {
        for (step, role) in [
            ("task:test", Role::Task),
            ("task:deploy to=a:b", Role::Task),
            ("workspace:base:plan-destroy", Role::Workspace { name: "base", verb: "plan-destroy" }),
            ("confirm:deploy", Role::Inner),
            ("requires:deploy", Role::Inner),
            ("requires:docs:approve", Role::Inner),
            ("down:approve", Role::Inner),
            ("up:resume", Role::Inner),
            ("up:conclude", Role::Conclusion),
            ("lint", Role::Other),
            ("apply:base", Role::Other),
        ] {
            assert_eq!(Role::of(step), role, "{step}");
        }
    }

    #[test]
    fn only_what_was_asked_for_is_data() {
        for (step, stream, is_data) in [
            ("task:version", Stream::Out, true),
            ("task:version", Stream::Err, false),
            ("workspace:base:output", Stream::Out, true),
            ("workspace:base:outputs", Stream::Out, false),
            ("workspace:base:apply", Stream::Out, false),
            ("deploy:prod", Stream::Out, false),
        ] {
            assert_eq!(Role::of(step).is_data(stream), is_data, "{step} {stream:?}");
        }
    }
}
