//! Who holds a state's lock.
//!
//! Terraform always prints a block `Lock Info`, but for some backends it is the block of the one who asks: to trust it would show
//! people themselves as the holder, and offer to break a lock with the wrong id. So only what is known of the holder is kept.

use std::time::Duration;

use jiff::Timestamp;

use super::diagnostic::TerraformDiagnostic;

/// The only stable mark of the diagnostic; the id is in its text alone.
const SUMMARY: &str = "Error acquiring the state lock";

/// What S3 and Google Cloud Storage say of an object that is gone, in small letters.
const GONE: [&str; 2] = ["nosuchkey", "storage: object doesn't exist"];

/// Whether a lock that was in the way was released before terraform could read whose it was. Nothing was done then, and terraform gives up at
/// once, however long it may wait.
pub fn was_released(diagnostic: &TerraformDiagnostic) -> bool {
    let detail = diagnostic.detail.to_lowercase();
    diagnostic.summary == SUMMARY && GONE.iter().any(|gone| detail.contains(gone))
}

/// What is known of a lock that somebody else holds. What isn't known of the holder is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockInfo {
    /// What `terraform force-unlock` takes.
    pub id: Option<String>,
    /// The state, as the backend names it.
    pub path: Option<String>,
    /// Such as `OperationTypeApply`.
    pub operation: Option<String>,
    /// `user@host`.
    pub who: Option<String>,
    /// The holder's terraform.
    pub version: Option<String>,
    /// Since when.
    pub created: Option<Timestamp>,
    /// What the holder adds; mostly nothing.
    pub info: Option<String>,
    /// Whose block terraform printed.
    pub trust: HolderShown,
    /// The backend's own sentence.
    pub message: String,
}

/// Whose block terraform printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderShown {
    /// The holder's: local, s3, gcs, azurerm and others.
    Holder,
    /// The asker's, but the sentence has the holder's id: http, and HCP where the id is `ORGANISATION/WORKSPACE`.
    OnlyId,
    /// The asker's: pg. Nothing is known of the holder.
    Asker,
}

impl LockInfo {
    /// The lock that made terraform give up, if one did.
    pub fn find(diagnostics: &[TerraformDiagnostic]) -> Option<Self> {
        diagnostics.iter().find(|found| found.summary == SUMMARY).and_then(Self::from_diagnostic)
    }

    /// Reads one diagnostic. None where it is about something else, or no lock is in the way: the backend could not be reached.
    pub fn from_diagnostic(diagnostic: &TerraformDiagnostic) -> Option<Self> {
        if diagnostic.summary != SUMMARY {
            return None;
        }
        let (message, block) = diagnostic.detail.split_once("Lock Info:").unwrap_or((&diagnostic.detail, ""));
        let message = message.trim().trim_start_matches("Error message:").trim().to_owned();
        let shown_id = id_in(&message);
        let trust = match &shown_id {
            Some(_) => HolderShown::OnlyId,
            None if shows_asker(&message) => HolderShown::Asker,
            None if block.is_empty() => return None,
            None => HolderShown::Holder,
        };
        let field = |name: &str| match trust {
            HolderShown::Holder => field(block, name),
            HolderShown::OnlyId | HolderShown::Asker => None,
        };
        Some(Self {
            id: shown_id.or_else(|| field("ID:")),
            path: field("Path:"),
            operation: field("Operation:"),
            who: field("Who:"),
            version: field("Version:"),
            created: field("Created:").and_then(|text| go_time(&text)),
            info: field("Info:"),
            trust,
            message,
        })
    }

    /// For how long it has been held at `now`; nothing where clocks disagree.
    pub fn held_for(&self, now: Timestamp) -> Option<Duration> {
        Duration::try_from(now.duration_since(self.created?)).ok()
    }

    /// One sentence about the holder, without how long it holds.
    pub fn holder(&self) -> String {
        let what = match self.operation.as_deref() {
            Some("OperationTypeApply") => " for an apply",
            Some("OperationTypePlan") => " for a plan",
            _ => "",
        };
        match (&self.who, &self.id, self.trust) {
            (Some(who), _, _) => format!("{who} holds it{what}"),
            (None, Some(id), _) => format!("it is held under the id {id}; its backend doesn't say by whom"),
            (None, None, _) => "its backend doesn't say who holds it".to_owned(),
        }
    }
}

/// `already locked: ID=4f2…` of http, `workspace already locked (lock ID: "acme/base")` of HCP.
fn id_in(message: &str) -> Option<String> {
    let (_, after) =
        message.split_once("already locked: ID=").or_else(|| message.split_once("(lock ID: "))?;
    let id = after.trim_start_matches('"').split(['"', ')']).next()?.split_whitespace().next()?;
    (!id.is_empty()).then(|| id.to_owned())
}

/// The sentences of pg (`backend/remote-state/pg/client.go`), and of http where the server's answer can't be read.
fn shows_asker(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("workspace is already locked")
        || message.contains("already locked for workspace creation")
        || message.contains("http remote state already locked")
        || message.contains("workspace already locked")
}

fn field(block: &str, name: &str) -> Option<String> {
    let value = block.lines().find_map(|line| line.trim_start().strip_prefix(name))?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Go's `time.Time.String`: `2026-11-22 10:21:34.509834185 +0000 UTC`, perhaps with a monotonic clock behind.
fn go_time(text: &str) -> Option<Timestamp> {
    let mut parts = text.split_whitespace();
    let (date, time, zone) = (parts.next()?, parts.next()?, parts.next()?);
    Timestamp::strptime("%Y-%m-%d %H:%M:%S%.f %z", format!("{date} {time} {zone}")).ok()
}

#[cfg(test)]
#[path = "lock_tests.rs"]
mod tests;
