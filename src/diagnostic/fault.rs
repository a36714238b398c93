//! The one table of what can end a command, with heading and exit code.
//!
//! Errors themselves live in the modules that meet them; a module turns its own error into a `Fault` where
//! the error leaves it. So no central enum ties the rooms together, and the policy "whose fault is it" can
//! still be read in one place.

use serde::{Deserialize, Serialize};

/// Whose fault it is, and so how the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The command line is wrong.
    Usage,
    /// The tasks file, or a file that it names, is wrong.
    File,
    /// Shipway will not do it as things stand: nobody can answer, or the order is wrong.
    Refused,
    /// A person answered no.
    Declined,
    /// A command that Shipway ran failed.
    Failed,
    /// Somebody else holds a lock.
    Locked,
    /// A signal ended the run.
    Interrupted,
    /// The machine is not ready: a tool is missing, a disk is full.
    World,
    /// Shipway itself is wrong.
    Bug,
}

impl FaultKind {
    /// The exit code of a command that ends so; `docs/exit-codes.md` lists the same table.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::File => 3,
            Self::Refused => 4,
            Self::Declined => 5,
            Self::Locked => 6,
            Self::World => 7,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }

    /// The word before the message.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Usage | Self::File | Self::Failed | Self::World => "error",
            Self::Refused => "refused",
            Self::Declined => "declined",
            Self::Locked => "locked",
            Self::Interrupted => "interrupted",
            Self::Bug => "bug in Shipway",
        }
    }
}

/// What ended a step or a command, as it is told to a person and to a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Whose fault it is.
    pub kind: FaultKind,
    /// One sentence: what failed and why.
    pub message: String,
    /// Where and how, a line each; may hold drawn diagnostics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// The exit status of the command that failed, which Shipway passes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u8>,
    /// A file and a line for CI annotations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<FaultPlace>,
}

/// Where a fault stands in a file of the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultPlace {
    /// Path as the user would name it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1; 1 where only the line is known.
    pub column: usize,
}

impl Fault {
    /// A fault with its one sentence.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), details: vec![], hints: vec![], status: None, place: None }
    }

    /// Adds a line of detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says where in a file.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: usize, column: usize) -> Self {
        self.place = Some(FaultPlace { file: file.into(), line, column });
        self
    }

    /// The exit code of a command that ends with this fault.
    pub fn exit_code(&self) -> u8 {
        self.status.filter(|status| *status != 0).unwrap_or_else(|| self.kind.exit_code())
    }

    /// Rewrites every text with `rewrite`, for masking.
    #[must_use]
    pub fn map_text(mut self, rewrite: impl Fn(&str) -> String) -> Self {
        self.message = rewrite(&self.message);
        self.details = self.details.iter().map(|text| rewrite(text)).collect();
        self.hints = self.hints.iter().map(|text| rewrite(text)).collect();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_ends_with_the_status_of_its_command_and_else_with_its_kind() {
        let fault = Fault::new(FaultKind::Failed, "`test` failed");
        assert_eq!(fault.exit_code(), 1);
        assert_eq!(Fault { status: Some(42), ..fault.clone() }.exit_code(), 42);
        assert_eq!(Fault { status: Some(0), ..fault }.exit_code(), 1);
        assert_eq!(Fault::new(FaultKind::Interrupted, "").exit_code(), 130);
    }

    #[test]
    fn the_users_fault_and_ours_do_not_look_alike() {
        assert_eq!(FaultKind::File.heading(), "error");
        assert_eq!(FaultKind::Bug.heading(), "bug in Shipway");
        assert_eq!(FaultKind::Bug.exit_code(), 70);
    }

    #[test]
    fn rewriting_reaches_every_text_but_not_the_place() {
        let fault = Fault::new(FaultKind::File, "a").detail("a").hint("a").at("a", 1, 2);
        let rewritten = fault.clone().map_text(|text| text.replace('a', "b"));
        let expected = Fault::new(FaultKind::File, "b").detail("b").hint("b").at("a", 1, 2);
        assert_eq!(rewritten, expected);
    }

    #[test]
    fn a_fault_survives_the_journal() {
        let fault =
            Fault::new(FaultKind::World, "`terraform` is missing").hint("install it").at("tasks.toml", 3, 1);
        let line = serde_json::to_string(&fault).expect("JSON");
        assert_eq!(serde_json::from_str::<Fault>(&line).expect("a fault"), fault);
        let short = serde_json::to_string(&Fault::new(FaultKind::Bug, "x")).expect("JSON");
        assert_eq!(short, r#"{"kind":"bug","message":"x"}"#);
    }
}
