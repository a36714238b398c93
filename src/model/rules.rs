//! What a task says of whether, how long and how often it runs, and what it needs to be there.

use std::time::Duration;

use super::script::Script;
use crate::diagnostic::{Span, Spanned};

/// The rules of a task, beside what it does. What few tasks have is boxed: a file may have ten thousand of them.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// `if`: it runs only where this holds.
    pub condition: Option<Box<Condition>>,
    /// `timeout`: so long one attempt may take.
    pub timeout: Option<Duration>,
    /// `retry`: how often it is tried.
    pub retry: Retry,
    /// `requires`: what has to be there before anything starts.
    pub requires: Requires,
    /// `wait_until`: after its commands, it is done only when this holds.
    pub wait_until: Option<Box<WaitUntil>>,
    /// `ignore_error`: a failure is told and fails nothing.
    pub ignore_error: bool,
    /// `hide`: not in lists.
    pub hide: bool,
    /// `quiet`: its command lines are not shown.
    pub quiet: bool,
    /// `pool`: it takes one of the places of this pool.
    pub pool: Option<Spanned<String>>,
    /// `interactive`: its commands have the terminal, and nothing runs beside it.
    pub interactive: bool,
    /// `tty`: on a terminal its commands print into pseudo-terminals.
    pub tty: bool,
    /// `shell`: the program and arguments that its scripts are given to, as the last argument; empty for the usual one.
    pub shell: Vec<String>,
}

/// `if`: all that it names has to hold.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// One of these systems.
    pub os: Vec<String>,
    /// One of these processors.
    pub arch: Vec<String>,
    /// Variables of the caller's environment that are set to something.
    pub env: Vec<String>,
    /// One of these environments.
    pub environment: Vec<String>,
    /// A command that ends with 0; with 1 it does not hold, and anything else is a failure.
    pub run: Option<Script>,
    /// Where it stands.
    pub span: Option<Span>,
}

/// `retry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often at most, 1 or more.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles from one to the next.
    pub delay: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 1, delay: Duration::from_secs(1) }
    }
}

/// `requires`.
#[derive(Clone, Debug, Default)]
pub struct Requires {
    /// Programs.
    pub tools: Vec<RequiredTool>,
    /// Variables of the environment.
    pub env: Vec<RequiredVariable>,
}

/// A program that has to be there.
#[derive(Clone, Debug)]
pub struct RequiredTool {
    /// As it is called.
    pub name: String,
    /// The versions that will do; `None`: any.
    pub version: Option<semver::VersionReq>,
    /// What to do where it is missing, in the author's words.
    pub advice: Option<String>,
    /// Where it is named.
    pub span: Span,
}

/// A variable that has to be set to something.
#[derive(Clone, Debug)]
pub struct RequiredVariable {
    /// Its name.
    pub name: String,
    /// What to do where it is missing, in the author's words.
    pub advice: Option<String>,
    /// Where it is named.
    pub span: Span,
}

/// `wait_until`.
#[derive(Clone, Debug)]
pub struct WaitUntil {
    /// What has to hold.
    pub ready: Ready,
    /// So long is waited.
    pub timeout: Duration,
}

/// What is waited for.
#[derive(Clone, Debug)]
pub enum Ready {
    /// This URL, `http://…`, answers with a status from 200 to 399.
    Http(String),
    /// This host and port take a connection.
    Tcp(String),
    /// This file is there, from the task's folder.
    File(String),
    /// This command ends with 0.
    Run(Script),
}

impl Rules {
    /// The commands among them, to be changed.
    pub(super) fn scripts_mut(&mut self) -> impl Iterator<Item = &mut Script> {
        let condition = self.condition.iter_mut().filter_map(|condition| condition.run.as_mut());
        let ready = self.wait_until.iter_mut().filter_map(|wait| match &mut wait.ready {
            Ready::Run(script) => Some(script),
            _ => None,
        });
        condition.chain(ready)
    }

    /// The commands among them.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        let condition = self.condition.iter().filter_map(|condition| condition.run.as_ref());
        let ready = self.wait_until.iter().filter_map(|wait| match &wait.ready {
            Ready::Run(script) => Some(script),
            _ => None,
        });
        condition.chain(ready)
    }
}
