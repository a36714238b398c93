//! `[project]`, `[vars]` and dotenv lists.

use super::expression::{Part, Reference, Template};
use crate::diagnostic::Span;

/// `[project]`.
#[derive(Clone, Debug)]
pub struct Project {
    /// Shown, and `{{ project.name }}`; the folder's name where the file has none.
    pub name: String,
    /// The versions of Shipway that may run this file.
    pub shipway: Option<semver::VersionReq>,
    /// Read for every command; later wins, the caller's environment wins over all.
    pub dotenv: Vec<Dotenv>,
    /// Taken where nothing else says which environment is meant.
    pub default_environment: Option<String>,
}

/// One entry of a `dotenv` list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dotenv {
    /// Path from the file's folder, without the `?`.
    pub path: Template,
    /// Written with `?`: may be absent.
    pub optional: bool,
}

/// One of `[vars]`.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name, with the prefix of its file.
    pub name: String,
    /// Where it is defined.
    pub span: Span,
    /// Where its value comes from.
    pub binding: Binding,
    /// Masked everywhere.
    pub secret: bool,
    /// The folder that its command runs in, relative to the model's root; empty for the root.
    pub folder: std::path::PathBuf,
}

/// Where a variable's value comes from. Evaluated once, on first use.
#[derive(Clone, Debug)]
pub enum Binding {
    /// A string.
    Text(Template),
    /// Any other TOML value.
    Literal(serde_json::Value),
    /// `{ sh = "…" }`: the output of a command, without its final newlines.
    Shell(super::script::Script),
    /// `{ env = "NAME" }`, with an optional `default`.
    Environment {
        /// The variable's name.
        name: String,
        /// Taken where it is not set.
        default: Option<String>,
    },
    /// `{ file = "…" }`: a file's content; only of a secret.
    File(super::secret::FileSource),
    /// `{ prompt = "…" }`.
    Prompt {
        /// The question.
        text: String,
        /// The only answers; empty for any.
        choices: Vec<String>,
        /// Taken on an empty answer.
        default: Option<String>,
    },
}

impl Variable {
    /// Its name as it stands between `{{` and `}}`.
    pub fn reference(&self) -> String {
        super::secret::shown(&self.name)
    }

    /// Whether `NAME=value` on the command line replaces it.
    pub fn can_be_given(&self) -> bool {
        !self.name.starts_with(super::secret::SECRET_PREFIX)
    }
}

impl Binding {
    /// Everything that it refers to.
    pub fn references(&self) -> Vec<&Reference> {
        match self {
            Self::Text(template) => template
                .parts
                .iter()
                .filter_map(|part| match part {
                    Part::Hole(hole) => Some(&hole.reference),
                    Part::Text(_) => None,
                })
                .collect(),
            Self::Shell(script) => script.references().collect(),
            Self::Literal(_) | Self::Environment { .. } | Self::File(_) | Self::Prompt { .. } => Vec::new(),
        }
    }
}
