//! The one integration binary: every file here is a module of it.
#![expect(clippy::disallowed_methods, reason = "tests drive real programs")]

// `cfg(test)` is always on here; it tells clippy that helpers, too, are tests.
#[cfg(test)]
mod arguments;
#[cfg(test)]
mod backends;
#[cfg(test)]
mod bench_runner;
#[cfg(test)]
mod bootstrap;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod cloud;
#[cfg(test)]
mod code;
#[cfg(test)]
mod command_words;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod compared;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod deploy_client;
#[cfg(test)]
mod deploy_kills;
#[cfg(test)]
mod deploy_server;
#[cfg(test)]
mod deploy_ssh;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod env_files;
#[cfg(test)]
mod exact_plans;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod false_freshness;
#[cfg(test)]
mod floors;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod fresh_meanwhile;
#[cfg(test)]
mod freshness;
#[cfg(test)]
mod fuzzed;
#[cfg(test)]
mod graph;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod import_losses;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod imports_make;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod kept_index;
#[cfg(test)]
mod login;
#[cfg(test)]
mod loopback_ssh;
#[cfg(test)]
mod masking;
#[cfg(test)]
mod meter;
#[cfg(test)]
mod model;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod preview;
#[cfg(test)]
mod pulumi;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod quoting;
#[cfg(test)]
mod repo;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod retries;
#[cfg(test)]
mod rollout;
#[cfg(test)]
mod run_reports;
#[cfg(test)]
mod safety;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod signal_table;
#[cfg(test)]
mod signals;
#[cfg(test)]
mod summaries;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod task_faults;
#[cfg(test)]
mod task_output;
#[cfg(test)]
mod task_resume;
#[cfg(test)]
mod task_rules;
#[cfg(test)]
mod task_steps;
#[cfg(test)]
mod task_values;
#[cfg(test)]
mod tasks;
#[cfg(test)]
mod teardowns;
#[cfg(test)]
mod template_deploys;
#[cfg(test)]
mod texts;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod tofu;
#[cfg(test)]
mod ttys;
#[cfg(test)]
mod vendors;
#[cfg(test)]
mod watches;
#[cfg(test)]
mod wrong_files;
