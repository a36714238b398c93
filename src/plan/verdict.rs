//! Is a step's work still as it was left? Decided by comparing fingerprints.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that a step's result depends on, each part under its own name so that a change can be named: digests, never values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(pub BTreeMap<String, String>);

impl Fingerprint {
    /// Adds the digest of `bytes` under `part`.
    pub fn add(&mut self, part: impl Into<String>, bytes: &[u8]) {
        self.0.insert(part.into(), blake3::hash(bytes).to_hex().to_string());
    }
}

/// Whether a step has to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// Its work is as it was left.
    Fresh,
    /// It has to run.
    Stale(Reason),
}

/// Why a step has to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Reason {
    /// No record of a success.
    NeverRun,
    /// This part is not what it was.
    Changed {
        /// Its name in the fingerprint.
        part: String,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NeverRun => formatter.write_str("it has not been done yet"),
            Self::Changed { part } => write!(formatter, "{part} changed"),
        }
    }
}

/// Compares what was recorded after the last success with what is now.
pub fn compare(recorded: Option<&Fingerprint>, now: &Fingerprint) -> Verdict {
    let Some(recorded) = recorded else {
        return Verdict::Stale(Reason::NeverRun);
    };
    let parts: std::collections::BTreeSet<&String> = recorded.0.keys().chain(now.0.keys()).collect();
    parts
        .into_iter()
        .find(|part| recorded.0.get(*part) != now.0.get(*part))
        .map_or(Verdict::Fresh, |part| Verdict::Stale(Reason::Changed { part: part.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(parts: &[(&str, &str)]) -> Fingerprint {
        let mut fingerprint = Fingerprint::default();
        for (part, text) in parts {
            fingerprint.add(*part, text.as_bytes());
        }
        fingerprint
    }

    #[test]
    fn a_changed_a_new_and_a_lost_part_are_each_named() {
        let now = fingerprint(&[("a", "1"), ("b", "2")]);
        let stale = |part: &str| Verdict::Stale(Reason::Changed { part: part.into() });
        assert_eq!(compare(None, &now), Verdict::Stale(Reason::NeverRun));
        assert_eq!(compare(Some(&now), &now), Verdict::Fresh);
        assert_eq!(compare(Some(&fingerprint(&[("a", "1"), ("b", "3")])), &now), stale("b"));
        assert_eq!(compare(Some(&fingerprint(&[("a", "1")])), &now), stale("b"));
        assert_eq!(compare(Some(&fingerprint(&[("a", "1"), ("b", "2"), ("c", "")])), &now), stale("c"));
    }
}
