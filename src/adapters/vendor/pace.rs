//! How often and when something is tried again. Pure but for `Pace`, which the caller gives.

use std::time::Duration;

use jiff::Timestamp;

use super::{Reply, Vendor};

/// So often a request is sent at most.
pub const TRIES: u32 = 3;

/// Nobody waits longer than this for a limit to pass; GitHub asks for a minute after its secondary limit
/// (docs.github.com, "Rate limits for the REST API").
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The first wait after a fault; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Knows the time and waits. Tests give one that does not wait.
pub trait Pace {
    /// The time of day, which a limit's end is told in.
    fn now(&self) -> Timestamp;
    /// Waits; `false`: somebody cancelled.
    fn wait(&self, time: Duration) -> bool;
}

/// What a limit says of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    /// When one may ask again; `None`: it does not say.
    pub(super) until: Option<Timestamp>,
}

/// Whether the answer means "too often", and until when.
///
/// `retry-after` counts first, in seconds or as a date (RFC 9110 10.2.3). A reset is the end of the whole window, and counts only when
/// nothing is left of it: GitHub sends it with every answer.
pub(super) fn limit(vendor: &Vendor, reply: &Reply, now: Timestamp) -> Option<Limit> {
    let retry_after = reply.header("retry-after").and_then(|text| retry_after(text.trim(), now));
    let is_limit = reply.status() == 429 || (vendor.is_limit)(reply);
    let reset = || {
        let remaining = ["x-ratelimit-remaining", "ratelimit-remaining"];
        let is_empty =
            !remaining.iter().any(|name| reply.header(name).is_some_and(|left| left.trim() != "0"));
        ["x-ratelimit-reset", "ratelimit-reset"]
            .iter()
            .filter(|_| is_empty)
            .find_map(|name| Timestamp::from_second(reply.header(name)?.trim().parse().ok()?).ok())
    };
    is_limit.then(|| Limit { until: retry_after.or_else(reset) })
}

fn retry_after(text: &str, now: Timestamp) -> Option<Timestamp> {
    match text.parse::<u32>() {
        Ok(seconds) => now.checked_add(Duration::from_secs(seconds.into())).ok(),
        Err(_) => jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok(),
    }
}

impl Limit {
    /// How long to wait for its end; `None`: too long.
    pub(super) fn wait(self, now: Timestamp) -> Option<Duration> {
        let wait = match self.until {
            // A second more than they say, for their clock shows whole ones.
            Some(until) => Duration::try_from(until.duration_since(now)).unwrap_or_default() + FIRST_WAIT,
            None => LONGEST_WAIT,
        };
        (wait <= LONGEST_WAIT + FIRST_WAIT).then_some(wait.min(LONGEST_WAIT))
    }
}

/// How long to wait after the fault number `tried`, from 1.
pub(super) fn after_fault(tried: u32) -> Duration {
    FIRST_WAIT * 2_u32.saturating_pow(tried.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::vendor::linked_page;

    const VENDOR: Vendor = Vendor {
        name: "Vendor",
        credential: ("authorization", "Bearer "),
        headers: &[],
        token_variables: &["TOKEN"],
        base_variable: "BASE",
        default_base: "https://vendor.example",
        new_token: "",
        sign_in: None,
        next_page: linked_page,
        is_limit: |reply| reply.status() == 403,
        missing_permission: |_| None,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn until(status: u16, headers: &[(&str, &str)]) -> Option<Option<i64>> {
        let limit = limit(&VENDOR, &Reply::new(status, headers, ""), at(1000))?;
        Some(limit.until.map(Timestamp::as_second))
    }

    #[test]
    fn a_limit_says_when_it_ends_in_many_ways() {
        assert_eq!(until(429, &[("retry-after", "7"), ("x-ratelimit-reset", "2000")]), Some(Some(1007)));
        assert_eq!(until(429, &[("retry-after", "Thu, 01 Jan 1970 00:20:00 GMT")]), Some(Some(1200)));
        assert_eq!(
            until(403, &[("x-ratelimit-reset", "2000"), ("x-ratelimit-remaining", "0")]),
            Some(Some(2000))
        );
        assert_eq!(until(429, &[("ratelimit-reset", "1030")]), Some(Some(1030)));
        assert_eq!(
            until(403, &[("x-ratelimit-reset", "2000"), ("x-ratelimit-remaining", "4999")]),
            Some(None)
        );
        assert_eq!(until(429, &[("retry-after", "soon")]), Some(None));
        assert_eq!(until(500, &[("retry-after", "7")]), None);
    }

    #[test]
    fn nobody_waits_longer_than_the_longest_wait() {
        let wait = |until: Option<i64>| Limit { until: until.map(at) }.wait(at(1000));
        assert_eq!(wait(Some(1007)), Some(Duration::from_secs(8)));
        assert_eq!(wait(Some(900)), Some(Duration::from_secs(1)));
        assert_eq!(wait(Some(1060)), Some(LONGEST_WAIT));
        assert_eq!(wait(Some(1061)), None);
        assert_eq!(wait(None), Some(LONGEST_WAIT));
        assert_eq!([1, 2, 3].map(after_fault), [1, 2, 4].map(Duration::from_secs));
    }
}
