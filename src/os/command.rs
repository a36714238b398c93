//! A command as data: what is run, with what, where. Nothing here runs it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::masking::{MASK, Secret};
use crate::text::quote;

/// A command to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSpec {
    /// The program: a bare name that is looked up in PATH, or a path.
    pub tool: String,
    /// Its arguments.
    pub args: Vec<Argument>,
    /// Added to (or, where they are the same, put over) the environment that the step has.
    pub env: BTreeMap<String, EnvironmentValue>,
    /// The folder that it runs in, absolute.
    pub dir: PathBuf,
    /// What it reads.
    pub stdin: Input,
    /// Where its output goes.
    pub output: Output,
    /// It is ended when it runs longer.
    pub timeout: Option<Duration>,
    /// Shown instead of the program and its arguments: the script that a shell is given.
    pub shown: Option<String>,
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// As it stands.
    Plain(String),
    /// A path; shown as it stands.
    Path(PathBuf),
}

/// One value of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvironmentValue {
    /// Shown.
    Plain(String),
    /// Never shown.
    Secret(Secret),
}

impl EnvironmentValue {
    /// A value that is a secret or not.
    pub fn of(text: String, is_secret: bool) -> Self {
        if is_secret { Self::Secret(Secret::new(text)) } else { Self::Plain(text) }
    }
}

/// What a command reads from its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing.
    Empty,
    /// These bytes; a secret goes this way, never as an argument.
    Bytes(Secret),
    /// These bytes, which need not be text: a program, an archive.
    Raw(Raw),
}

/// Bytes that are not printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw(pub Arc<[u8]>);

impl std::fmt::Debug for Raw {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} bytes", self.0.len())
    }
}

/// Where a command's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Through pipes to us; the command does not outlive us.
    Pipe,
    /// Through pseudo-terminals to us where our own output goes to a terminal, so that colours stay; through pipes elsewhere.
    Tty,
    /// To the terminal, which is also what it reads; through pipes to us where there is none.
    Terminal,
    /// Into private files that are read along, under the shim: the command outlives us where its step says so.
    File,
}

impl CommandSpec {
    /// `tool` in `dir`, with no arguments, no input, through pipes.
    pub fn new(tool: impl Into<String>, dir: impl Into<PathBuf>) -> Self {
        Self {
            tool: tool.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            dir: dir.into(),
            stdin: Input::Empty,
            output: Output::Pipe,
            timeout: None,
            shown: None,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I, S>(mut self, args: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.args.extend(args.into_iter().map(|arg| Argument::Plain(arg.into())));
        self
    }

    /// Adds a path.
    #[must_use]
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.args.push(Argument::Path(path.into()));
        self
    }

    /// The line without the environment that the command adds.
    pub fn bare_line(&self) -> String {
        Self { env: BTreeMap::new(), ..self.clone() }.to_string()
    }

    /// Is shown as `line`.
    #[must_use]
    pub fn shown_as(self, line: String) -> Self {
        Self { shown: Some(line), ..self }
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), EnvironmentValue::Plain(value.into()));
        self
    }
}

/// The line that could be pasted into a shell. The environment is left out but for plain values that the command itself adds;
/// a secret value is shown as the mask.
impl std::fmt::Display for CommandSpec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(shown) = &self.shown {
            return formatter.write_str(shown);
        }
        for (name, value) in &self.env {
            match value {
                EnvironmentValue::Plain(value) => write!(formatter, "{name}={} ", quote::shell(value))?,
                EnvironmentValue::Secret(_) => write!(formatter, "{name}={MASK} ")?,
            }
        }
        formatter.write_str(&quote::shell(&self.tool))?;
        for arg in &self.args {
            match arg {
                Argument::Plain(arg) => write!(formatter, " {}", quote::shell(arg))?,
                Argument::Path(path) => write!(formatter, " {}", quote::shell(&path.to_string_lossy()))?,
            }
        }
        Ok(())
    }
}
