//! Whether a place still holds what we have. Pure.
//!
//! GitHub never gives a secret back: there only our own record of what was sent, and the place's own time of its last change, can tell. A
//! place that gives values back (GitLab's variables, a server's files) is compared by the digest of what it holds.

use serde::Serialize;

use crate::ledger::{Digest, Sent};

/// What a place says of one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// When it was last changed, in the place's own words, where it says so.
    pub updated_at: Option<String>,
    /// The keyed digest of what it holds, where it can be read back.
    pub digest: Option<Digest>,
}

/// How a place stands to what we have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum State {
    /// It holds what we have.
    Current,
    /// It holds what was sent from here, and the value has changed here since.
    Stale,
    /// Somebody else has changed it there since.
    ChangedElsewhere {
        /// When, where the place says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    },
    /// It has none.
    Missing,
    /// It has one, and nobody can say which.
    Unknown {
        /// Why.
        reason: String,
    },
}

impl State {
    /// In one or two words.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Stale => "stale",
            Self::ChangedElsewhere { .. } => "changed elsewhere",
            Self::Missing => "missing",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// An unknown one.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown { reason: reason.into() }
    }
}

/// How a place that has `held` stands to the value of digest `ours` (`None`: the value is not known), where `sent` was sent to it before.
pub fn compare(ours: Option<&Digest>, sent: Option<&Sent>, held: Option<&Held>) -> State {
    let Some(held) = held else { return State::Missing };
    let Some(ours) = ours else { return State::unknown("the value here is not known") };
    if held.digest.as_ref() == Some(ours) {
        return State::Current;
    }
    let Some(sent) = sent else {
        return match held.digest {
            Some(_) => State::ChangedElsewhere { at: held.updated_at.clone() },
            None => State::unknown("it was not sent from here"),
        };
    };
    if !sent.digest.is_comparable(ours) {
        return State::unknown("it was sent by another user, or from another machine");
    }
    let is_ours = match &held.digest {
        Some(digest) => *digest == sent.digest,
        None => held.updated_at == sent.remote_updated_at,
    };
    match is_ours {
        false => State::ChangedElsewhere { at: held.updated_at.clone() },
        true if sent.digest == *ours => State::Current,
        true => State::Stale,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::DigestKey;

    fn digest(value: &str) -> Digest {
        DigestKey::of([1; 32]).digest("X", value.as_bytes())
    }

    fn sent(value: &str, updated_at: Option<&str>) -> Sent {
        Sent {
            digest: digest(value),
            at: jiff::Timestamp::UNIX_EPOCH,
            remote_updated_at: updated_at.map(str::to_owned),
        }
    }

    fn told(ours: &str, sent: Option<&Sent>, updated_at: &str) -> &'static str {
        let held = Held { updated_at: Some(updated_at.to_owned()), digest: None };
        compare(Some(&digest(ours)), sent, Some(&held)).word()
    }

    #[test]
    fn a_place_that_gives_nothing_back_is_known_by_what_was_sent_and_by_its_time() {
        let before = sent("a", Some("t1"));
        assert_eq!(told("a", Some(&before), "t1"), "current");
        assert_eq!(told("b", Some(&before), "t1"), "stale");
        assert_eq!(told("a", Some(&before), "t2"), "changed elsewhere");
        assert_eq!(told("b", Some(&before), "t2"), "changed elsewhere");
        assert_eq!(told("a", None, "t1"), "unknown");
        let other = Sent { digest: DigestKey::of([2; 32]).digest("X", b"a"), ..before.clone() };
        assert_eq!(told("a", Some(&other), "t1"), "unknown");
        assert_eq!(compare(Some(&digest("a")), Some(&before), None), State::Missing);
        let held = Held { updated_at: Some("t1".to_owned()), digest: None };
        assert_eq!(compare(None, Some(&before), Some(&held)).word(), "unknown");
    }

    #[test]
    fn a_place_that_gives_values_back_is_known_by_them() {
        let holds = |value: &str| Held { updated_at: None, digest: Some(digest(value)) };
        let told = |ours: &str, sent: Option<&Sent>, there: &str| {
            compare(Some(&digest(ours)), sent, Some(&holds(there))).word()
        };
        let before = sent("a", None);
        assert_eq!(told("a", None, "a"), "current");
        assert_eq!(told("b", Some(&before), "a"), "stale");
        assert_eq!(told("b", Some(&before), "c"), "changed elsewhere");
        assert_eq!(told("a", None, "c"), "changed elsewhere");
    }
}
