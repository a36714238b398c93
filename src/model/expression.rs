//! `{{ name }}`: what may stand between the braces, and texts with such holes.

use crate::diagnostic::Span;

/// What a `{{ }}` stands for. All names were checked when the file was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// An argument of this task, by name with `-` kept.
    Argument(String),
    /// `vars.X`, with the prefix of its file.
    Variable(String),
    /// `env.X`: a variable of the caller's environment.
    EnvironmentVariable(String),
    /// `project.name`.
    ProjectName,
    /// `git.commit`, `git.branch`, `git.tag`.
    Git(GitFact),
    /// `os`: `linux` or `macos`.
    Os,
    /// `arch`: `x86_64`, `aarch64`, ….
    Arch,
    /// `environment`: the name of the current environment.
    Environment,
    /// `environments.E.env_file_map`: secret name → base64 of the file; always secret.
    EnvFileMap {
        /// The environment's name.
        environment: String,
    },
    /// `tasks.T.X`: what a task hands on.
    Export {
        /// The task's name in full.
        task: String,
        /// One of its `exports`.
        export: String,
    },
    /// `workspaces.W.outputs.X`.
    Output {
        /// The workspace's name.
        workspace: String,
        /// The output's name.
        output: String,
    },
}

/// As it stands between the braces.
impl std::fmt::Display for Reference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Argument(name) => formatter.write_str(name),
            Self::Variable(name) => formatter.write_str(&super::secret::shown(name)),
            Self::EnvironmentVariable(name) => write!(formatter, "env.{name}"),
            Self::ProjectName => formatter.write_str("project.name"),
            Self::Git(GitFact::Commit) => formatter.write_str("git.commit"),
            Self::Git(GitFact::Branch) => formatter.write_str("git.branch"),
            Self::Git(GitFact::Tag) => formatter.write_str("git.tag"),
            Self::Os => formatter.write_str("os"),
            Self::Arch => formatter.write_str("arch"),
            Self::Environment => formatter.write_str("environment"),
            Self::EnvFileMap { environment } => write!(formatter, "environments.{environment}.env_file_map"),
            Self::Export { task, export } => write!(formatter, "tasks.{task}.{export}"),
            Self::Output { workspace, output } => {
                write!(formatter, "workspaces.{workspace}.outputs.{output}")
            }
        }
    }
}

/// What git can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GitFact {
    /// The full id of HEAD.
    Commit,
    /// The current branch; empty when detached.
    Branch,
    /// The tag that HEAD carries; empty if none.
    Tag,
}

/// One `{{ }}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// What it stands for.
    pub reference: Reference,
    /// Its place, braces included.
    pub span: Span,
}

/// A text with holes, outside of any command: the values are put in as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The pieces in order.
    pub parts: Vec<Part>,
    /// The whole string in the file.
    pub span: Span,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text as it stands.
    Text(String),
    /// A value.
    Hole(Hole),
}

impl Template {
    /// The only hole, where the string is exactly one `{{ }}`: then the value keeps its type.
    pub fn sole(&self) -> Option<&Hole> {
        match self.parts.as_slice() {
            [Part::Hole(hole)] => Some(hole),
            _ => None,
        }
    }

    /// Everything that it refers to.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(hole) => Some(&hole.reference),
            Part::Text(_) => None,
        })
    }
}
