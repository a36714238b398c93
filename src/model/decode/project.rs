//! `[project]` and `[env]` of the main file.

use super::reader::{Entry, Reader, Subject};
use super::template::Scope;
use crate::diagnostic::{Diagnostic, Span};
use crate::model::project::Project;

impl<'f> Reader<'f, '_> {
    /// `[project]`; `folder_name` names a project that has no name.
    pub(super) fn project(&mut self, entry: Option<Entry<'f>>, folder_name: &str) -> Project {
        let mut project = Project {
            name: folder_name.to_owned(),
            shipway: None,
            dotenv: Vec::new(),
            default_environment: None,
        };
        let Some(table) = entry.and_then(|entry| self.table(Subject::Section("project"), entry.value)) else {
            return project;
        };
        let [name, shipway, dotenv, default] = self.fields(
            table,
            Subject::Section("project"),
            ["name", "shipway", "dotenv", "default_environment"],
        );
        if let Some(name) = name.and_then(|entry| self.text(entry)) {
            project.name = name;
        }
        project.shipway = shipway.and_then(|entry| self.requirement(entry));
        project.dotenv = self.dotenv(dotenv, Scope::GLOBAL);
        project.default_environment = default.and_then(|entry| self.environment_of(entry));
        project
    }

    /// The name of an environment that has to exist.
    pub(super) fn environment_of(&mut self, entry: Entry<'f>) -> Option<String> {
        let name = self.text(entry)?;
        let span = self.at(entry.value);
        match self.environment_name(&name, span) {
            Ok(()) => Some(name),
            Err(diagnostic) => {
                self.fault(diagnostic);
                None
            }
        }
    }

    fn requirement(&mut self, entry: Entry<'f>) -> Option<semver::VersionReq> {
        let text = self.text(entry)?;
        let span = self.at(entry.value);
        let requirement = match semver::VersionReq::parse(&text) {
            Ok(requirement) => requirement,
            Err(error) => {
                self.fault(
                    Diagnostic::error(
                        "bad-version",
                        format!("`{text}` is no version requirement"),
                        span,
                        error.to_string(),
                    )
                    .help("write for example `>=0.1` or `>=0.1, <0.3`"),
                );
                return None;
            }
        };
        if let Some(fault) = unsatisfied(&requirement, span) {
            self.fault(fault);
        }
        Some(requirement)
    }
}

fn unsatisfied(requirement: &semver::VersionReq, span: Span) -> Option<Diagnostic> {
    let version = semver::Version::parse(env!("CARGO_PKG_VERSION")).ok()?;
    (!requirement.matches(&version)).then(|| {
        Diagnostic::error(
            "shipway-version",
            format!("this file needs Shipway {requirement}, but this is {version}"),
            span,
            "not satisfied",
        )
        .help("install a version of Shipway that fits")
    })
}
