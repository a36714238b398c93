//! Shipway: one tasks file for an app's infrastructure. This page is the map of the house; each room's own page says how it works inside.
//!
//! It is a library with a thin `main` so that tests can come in by any door. Its interface is the command line, the tasks file, the
//! exit codes and the JSON events; nothing here is promised to other crates.
//!
//! # The one idea
//!
//! Everything that Shipway does is a *plan of steps*, then a run of that plan. A task, a bootstrap and a teardown differ only in the
//! steps that they put into the plan. So order, dry run, questions, parallelism, display, journal, masking and the machine-readable
//! output are written once, in the engine, and every domain gets them for nothing.
//!
//! ```text
//!  what a person typed ─► cli ─► model (tasks.toml, checked) ─► assemble ◄─ domains make nodes
//!                                                                  │
//!                                                                  ▼
//!                                                         plan (a graph, pure)
//!                                                                  │
//!            report (live, plain, CI, JSON) ◄── events ◄── run (dispatcher, one thread for each running step)
//!                 │                               │                │
//!                 ▼                               ▼                ▼
//!         the person's answers             journal (on disk)   os (processes, files, clock, signals)
//! ```
//!
//! # Floors
//!
//! A room uses only floors below its own. Inside a floor it uses nothing but what `tests/it/floors.rs` lists, and that test reads every
//! path of every source, unit tests included. So the way up is always data: an event, an outcome, an answer.
//!
//! | floor | rooms | for | deliberately absent |
//! | --- | --- | --- | --- |
//! | 0 words | [`text`], [`masking`] | counts, lists, near names, durations, quoting; secrets and the masker | everything else |
//! | 1 diagnostics | [`diagnostic`] | places in a text, labelled messages, drawing them; `Fault` and the table of exit codes | what the text means |
//! | 2 model | [`model`] | a text → checked values, every fault at once | the machine: included files come through a trait |
//! | 3 plan | [`plan`], [`event`], [`journal::record`], [`release`] | the graph and the life of a step; what happened, what is recorded and what is deployed, as data | how a step is done |
//! | 4 doors | [`os`], [`http`] | the only doors to the machine, small traits and plain values | why they are opened |
//! | 5 engine | [`run`], [`journal::store`], [`report`], [`ledger`] | runs a plan, keeps its record, shows it and asks; what was sent where | terraform, git; how a step is done |
//! | 6a adapters | [`adapters`] | what to call, what its answer means: typed command lines and parsing | model, steps, order |
//! | 6b domains | [`domains`] | what Shipway is for: nodes and their actions | each other but by the names of steps; the screen |
//! | 6c assembly | [`assemble`] | goals → plan; knows all domains | how anything is done |
//! | 7 face | [`cli`], [`import`], [`server`], [`template`] | read, assemble, show, run; which exit code; a server's own part of a deployment; the projects that `new` writes | how anything is done |
//!
//! [`journal`] has two floors because a record is data that [`os`] (who is that process?) and the engine share, while keeping it needs
//! the doors. [`report`] knows four names of [`run`]: the traits that it implements and the question and answer that they speak of.
//!
//! # What always holds
//!
//! - Only [`os`] starts processes, touches files, reads the environment or the time. `.clippy.toml` keeps it so.
//! - A plan never grows while it runs, and only the dispatcher changes the state of a step ([`plan::Walk`]).
//! - An intent is in the journal before its act; that of a step whose work outlives us (apply, destroy) is on the disk. No journal, no change.
//! - What is applied is the plan file that was shown: an [`run::Approval`] is bound to a digest and can't be made by a domain.
//! - Nobody who can't be asked has said yes: the run refuses and names the flag.
//! - A secret is given to the masker before anything could be said of it, travels in private files or the environment and never on a
//!   command line. Events, logs and records hold masked texts only.
//! - A command that must survive us runs under a shim of ours ([`os::shim`]), writes to files, and is told to stop exactly once.
//! - A fault is a value. Each room has its own error; where one leaves its room it becomes a [`diagnostic::Fault`], and there is no central
//!   enum of errors. A panic is our bug and is told as one.
//! - Standard output is data, standard error is talk.
//!
//! # Where is …?
//!
//! | question | room |
//! | --- | --- |
//! | a key of the tasks file | [`model`]: a file for each table, its reader in `model/decode` |
//! | what `{{ }}` becomes | [`run::bindings`] |
//! | how a value gets into a shell script unharmed | `model/script` |
//! | in which order, and what follows a failure | [`plan`] |
//! | what becomes of a task whose steps are tasks | `domains/task/parts`, placed by [`assemble`] |
//! | what `resume` does not run again | `run/kept` |
//! | what a signal leaves of a command | `os/process/remains` |
//! | whether a step has anything to do, and why | [`run::freshness`] |
//! | what terraform says and means | [`adapters::terraform`] |
//! | up, down, and the tasks that workspaces generate | [`domains::workspace`] |
//! | where a provider's package comes from | `domains/workspace/provider_store` |
//! | what an earlier run left open, and what follows | [`journal::store`], then `domains/workspace/resume` |
//! | a tag, and how a deployment is asked for | [`domains::deploy`] |
//! | how a project becomes a repository at its forge, and what is refused there | [`domains::repository`] |
//! | how a server is called, and whose key is believed | [`adapters::ssh`] |
//! | what GitHub, GitLab and DigitalOcean are asked | [`adapters::github`], [`adapters::gitlab`], [`adapters::digitalocean`] |
//! | where a workspace of HCP Terraform plans, and who has locked it | [`adapters::hcp`] |
//! | what becomes of a vendor's no: tries, limits, pages | [`adapters::vendor`] |
//! | what becomes of a push on the server | [`server`] |
//! | what is done with containers, and in which order | [`domains::rollout`] |
//! | a word or colour on the screen | [`report`] |
//! | an exit code | [`diagnostic::FaultKind`] |

pub mod adapters;
pub mod assemble;
pub mod cli;
pub mod diagnostic;
pub mod domains;
pub mod event;
pub mod http;
pub mod import;
pub mod journal;
pub mod ledger;
pub mod masking;
pub mod model;
pub mod os;
pub mod plan;
pub mod release;
pub mod report;
pub mod run;
pub mod server;
pub mod template;
pub mod text;
