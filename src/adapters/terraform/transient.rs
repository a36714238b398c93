//! Failures that pass by themselves: of the network, of a service that is busy.
//!
//! The texts are those of Go's network library, of HTTP servers and of the big vendors' limits, which terraform, its backends and its providers
//! hand on. None of them says that a configuration is wrong, so none of them hides an error; a lock that is held is not among them, it has a
//! time of its own, but one that was released while it was looked at is.

use super::diagnostic::{TerraformDiagnostic, errors};
use super::lock;

/// What is looked for, in small letters.
const TEXTS: [&str; 33] = [
    "bad gateway",
    "client.timeout exceeded",
    "connection reset by peer",
    "connection timed out",
    "context deadline exceeded",
    "error 429",
    "gateway time-out",
    "gateway timeout",
    "giving up after",
    "http response code 429",
    "http response code 50",
    "http2: server sent goaway",
    "i/o timeout",
    "internal server error",
    // Two first inits make the same tables of a PostgreSQL database: `if not exists` of its own catalog is no lock; so with what says `pg_`
    // and `tuple`.
    "pq: relation \"global_states_id_seq\" already exists",
    "pq: relation \"states\" already exists",
    "pq: relation \"states_by_name\" already exists",
    "pq: type \"global_states_id_seq\" already exists",
    "pq: type \"states\" already exists",
    "rate limit exceeded",
    "request limit exceeded",
    "requestlimitexceeded",
    "server closed idle connection",
    "server misbehaving",
    "service unavailable",
    "slowdown",
    "temporary failure in name resolution",
    "throttling",
    "tls handshake timeout",
    "too many requests",
    "tuple concurrently updated",
    "unexpected eof",
    "violates unique constraint \"pg_",
];

/// The text by which a failure is known to pass: all of its errors have one. `more` are further texts, as somebody wrote them; where there are
/// no diagnostics, what was printed to standard error is looked at.
pub fn transient(diagnostics: &[TerraformDiagnostic], complaint: &str, more: &[String]) -> Option<String> {
    let known = |text: &str| {
        let text = text.to_lowercase();
        let all =
            TEXTS.iter().map(|known| (*known).to_owned()).chain(more.iter().map(|it| it.to_lowercase()));
        all.into_iter().find(|known| text.contains(known.as_str()))
    };
    let mut all = errors(diagnostics).peekable();
    if all.peek().is_none() {
        return known(complaint);
    }
    let passes = |error: &TerraformDiagnostic| {
        if lock::was_released(error) {
            return Some("the lock was released meanwhile".to_owned());
        }
        known(&format!("{}\n{}", error.summary, one_line(&error.detail)))
    };
    let found: Option<Vec<String>> = all.map(passes).collect();
    found?.into_iter().next()
}

/// terraform breaks long lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;

    fn error(summary: &str, detail: &str) -> TerraformDiagnostic {
        TerraformDiagnostic {
            severity: Severity::Error,
            summary: summary.to_owned(),
            detail: detail.to_owned(),
            address: None,
            place: None,
            snippet: None,
        }
    }

    #[test]
    fn a_lock_that_was_released_while_it_was_looked_at_passes() {
        let released = include_str!("../../../tests/fixtures/terraform/lock-released-s3.txt");
        let lock = error("Error acquiring the state lock", released);
        assert_eq!(transient(&[lock], "", &[]).as_deref(), Some("the lock was released meanwhile"));
        assert_eq!(transient(&[error("Error loading state", released)], "", &[]), None);
        let held = include_str!("../../../tests/fixtures/terraform/hand-lock-http.txt");
        assert_eq!(transient(&[error("Error acquiring the state lock", held)], "", &[]), None);
    }

    #[test]
    fn only_a_failure_all_of_whose_errors_pass_is_one() {
        let passes = error("Error loading state", "read tcp 10.0.0.1:443: connection reset\nby peer");
        let stays = error("Invalid reference", "A managed resource \"a\" \"b\" has not been declared");
        let of = |all: &[&TerraformDiagnostic]| {
            let all: Vec<TerraformDiagnostic> = all.iter().map(|it| (*it).clone()).collect();
            transient(&all, "", &[])
        };
        assert_eq!(of(&[&passes]).as_deref(), Some("connection reset by peer"));
        assert_eq!(of(&[&stays]), None);
        assert_eq!(of(&[&passes, &stays]), None);
        assert_eq!(
            transient(&[], "net/http: TLS handshake timeout", &[]).as_deref(),
            Some("tls handshake timeout")
        );
        assert_eq!(transient(&[], "", &[]), None);
        assert!(transient(&[], "Error: pq: type \"states\" already exists\n", &[]).is_some());
        assert_eq!(transient(&[], "Error: pq: type \"mood\" already exists\n", &[]), None);
        let ours = ["Quota is Being Raised".to_owned()];
        assert_eq!(
            transient(&[error("quota is being raised", "")], "", &ours).as_deref(),
            Some("quota is being raised")
        );
        assert!(TEXTS.is_sorted() && TEXTS.iter().all(|text| text.to_lowercase() == *text));
    }
}
