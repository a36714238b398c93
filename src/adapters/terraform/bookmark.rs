//! A plan file that is no plan but names a run of HCP Terraform, which made it: what `plan -out` writes where a workspace plans remotely.
//!
//! `apply` of it applies whatever the run has planned by then, so it is nothing that somebody here could have approved.

use serde_json::Value as Json;

/// A run over there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteRun {
    /// Its id, `run-…`.
    pub id: String,
    /// The host that made it.
    pub host: String,
}

/// The run that a plan file names; `None` where the file is a plan, which is a zip archive.
pub fn read(file: &[u8]) -> Option<RemoteRun> {
    if !file.starts_with(b"{") {
        return None;
    }
    let bookmark: Json = serde_json::from_slice(file).ok()?;
    bookmark.get("remote_plan_format")?;
    let text = |name: &str| bookmark.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    Some(RemoteRun { id: text("run_id"), host: text("hostname") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookmark_is_told_from_a_plan() {
        let run = RemoteRun { id: "run-CZcmD7eagjhyX0vN".to_owned(), host: "app.terraform.io".to_owned() };
        let text =
            r#"{"remote_plan_format":1,"run_id":"run-CZcmD7eagjhyX0vN","hostname":"app.terraform.io"}"#;
        assert_eq!(read(text.as_bytes()), Some(run));
        for other in [&b"PK\x03\x04"[..], b"", b"{}", b"{\"remote"] {
            assert_eq!(read(other), None);
        }
    }
}
