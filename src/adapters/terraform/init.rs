//! Whether `terraform init` is needed.
//!
//! Terraform says so itself, before it takes any lock, within a fifth of a second: so a plan is tried first and init runs only on one
//! of five summaries. What it does not notice, a changed `-backend-config` and a module whose source moved, is caught by
//! a fingerprint over the *surface*: the blocks that init reads, and nothing else, so that an edited resource costs no init. A root with only
//! built-in resources and no backend needs no init at all.

use super::diagnostic::{TerraformDiagnostic, errors};
use super::hcl::{self, Block, literal};
use super::module::ModuleCall;

/// What terraform misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitNeed {
    /// The backend was never set up, or its block was `changed`: then init fails too, until a person chooses between
    /// `-reconfigure` and `-migrate-state`. That is never chosen for them.
    Backend {
        /// It was set up in another way before.
        changed: bool,
    },
    /// The `cloud` block was never set up, or changed; or its workspace is gone.
    Cloud,
    /// A module is not there; `terraform get` would do.
    Module,
    /// A provider is not there.
    Providers,
    /// The lock file does not name a provider, or another version.
    LockFile,
}

/// The words of terraform and of OpenTofu for a `cloud` block that is not set up.
const CLOUD: [&str; 2] = [
    "HCP Terraform or Terraform Enterprise initialization required",
    "Cloud backend initialization required",
];

/// Somebody has deleted the workspace at HCP Terraform that init had found or made. Init makes it anew.
fn is_cloud_workspace_gone(summary: &str) -> bool {
    let named = summary.strip_prefix("error starting operation: workspace ");
    named.is_some_and(|rest| rest.lines().next().is_some_and(|line| line.ends_with(" not found")))
}

/// What init would mend, if that is why terraform gave up. The summaries are those of 1.11; one of them comes in two forms.
pub fn missing_init(diagnostics: &[TerraformDiagnostic]) -> Option<InitNeed> {
    errors(diagnostics).find_map(|diagnostic| {
        let summary = diagnostic.summary.as_str();
        if summary.starts_with("Backend initialization required") {
            Some(InitNeed::Backend { changed: !diagnostic.detail.contains("Initial configuration") })
        } else if CLOUD.iter().any(|opening| summary.starts_with(opening)) || is_cloud_workspace_gone(summary)
        {
            Some(InitNeed::Cloud)
        } else {
            match summary {
                "Module not installed" => Some(InitNeed::Module),
                "Required plugins are not installed" => Some(InitNeed::Providers),
                "Inconsistent dependency lock file" => Some(InitNeed::LockFile),
                _ => None,
            }
        }
    })
}

/// Whether init itself gave up because a person has to choose what becomes of the state.
pub fn awaits_choice(diagnostics: &[TerraformDiagnostic]) -> bool {
    errors(diagnostics).any(|diagnostic| diagnostic.summary == "Backend configuration changed")
}

/// Whether init gave up because it may not change the lock file, and would have to.
pub fn wants_to_lock(diagnostics: &[TerraformDiagnostic]) -> bool {
    errors(diagnostics).any(|diagnostic| diagnostic.summary == "Provider dependency changes detected")
}

/// Whether init gave up because a provider could not be installed.
pub fn could_not_install(diagnostics: &[TerraformDiagnostic]) -> bool {
    let is_it = |summary: &str| {
        matches!(summary, "Failed to install provider" | "Failed to query available provider packages")
    };
    errors(diagnostics).any(|diagnostic| is_it(&diagnostic.summary))
}

/// What of a root init has to do with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitSurfaces {
    /// It has a `backend` block.
    pub backend: bool,
    /// It has a `cloud` block.
    pub cloud: bool,
    /// The modules that it calls.
    pub modules: Vec<ModuleCall>,
    /// It uses a provider that is not built in.
    pub providers: bool,
}

impl InitSurfaces {
    /// Whether the root can't do without init.
    pub fn needs_init(&self) -> bool {
        self.backend || self.cloud || self.providers || !self.modules.is_empty()
    }

    /// Modules that may move without anyone noticing.
    pub fn unpinned(&self) -> impl Iterator<Item = &ModuleCall> {
        self.modules.iter().filter(|module| module.is_unpinned())
    }
}

/// Reads a root's own files, given by name and text; files other than configuration are passed over.
pub fn static_need(files: &[(&str, &str)]) -> InitSurfaces {
    let mut surfaces = InitSurfaces::default();
    for block in all_blocks(files) {
        match block.kind.as_str() {
            "terraform" => {
                surfaces.backend |= block.blocks.iter().any(|inner| inner.kind == "backend");
                surfaces.cloud |= block.blocks.iter().any(|inner| inner.kind == "cloud");
            }
            "module" => surfaces.modules.push(ModuleCall {
                name: block.label().to_owned(),
                source: block.attribute("source").and_then(literal).unwrap_or_default(),
                version: block.attribute("version").and_then(literal),
            }),
            _ => {}
        }
        surfaces.providers |= providers(&block).iter().any(|provider| *provider != BUILT_IN);
    }
    surfaces
}

/// What init reads of a root, one thing a line, sorted: the same text for every way to write and to spread it over files.
pub fn init_surface_text(files: &[(&str, &str)]) -> String {
    let mut lines = Vec::new();
    for block in all_blocks(files) {
        match block.kind.as_str() {
            "terraform" => {
                let init_reads = |inner: &&Block| {
                    matches!(inner.kind.as_str(), "backend" | "cloud" | "required_providers")
                };
                lines.extend(block.blocks.iter().filter(init_reads).map(Block::canonical));
            }
            "module" => {
                let part =
                    |name| block.attribute(name).map(|text| format!(" {name} = {text}")).unwrap_or_default();
                lines.push(format!("module {:?}{}{}", block.label(), part("source"), part("version")));
            }
            _ => {}
        }
        lines.extend(providers(&block).into_iter().map(|provider| format!("provider {provider:?}")));
    }
    lines.sort();
    lines.dedup();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The provider that is part of terraform: `terraform_data`, `terraform_remote_state`.
const BUILT_IN: &str = "terraform";

/// Its address, for a root that names it.
const BUILT_IN_SOURCE: &str = "\"terraform.io/builtin/terraform\"";

fn all_blocks(files: &[(&str, &str)]) -> Vec<Block> {
    files.iter().flat_map(|(name, text)| hcl::blocks(name, text)).collect()
}

/// The local names of the providers that a block makes necessary.
fn providers(block: &Block) -> Vec<&str> {
    match block.kind.as_str() {
        "provider" => vec![block.label()],
        // The name is the first word of the type. https://developer.hashicorp.com/terraform/language/providers/requirements
        "resource" | "data" | "ephemeral" => {
            vec![block.label().split('_').next().unwrap_or_default()]
        }
        "check" => block.blocks.iter().filter(|inner| inner.kind == "data").flat_map(providers).collect(),
        "terraform" => {
            let required = block.blocks.iter().filter(|inner| inner.kind == "required_providers");
            let entries = required.flat_map(|inner| &inner.attributes);
            entries
                .filter(|(_, text)| !text.contains(BUILT_IN_SOURCE))
                .map(|(name, _)| name.as_str())
                .collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[path = "init_tests.rs"]
mod tests;
