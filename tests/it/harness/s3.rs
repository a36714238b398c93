//! A bucket of a test's own for terraform's `s3` backend, on moto's server: it keeps conditional writes, which `use_lockfile` rests on.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use super::patience::until_true;
use super::tools;

const BUCKET: &str = "states";

/// Somebody's key; it is not looked at, but who has none may read nothing.
const KEY: &str =
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=test";

/// A running server with one bucket; it ends with the value.
pub(crate) struct S3 {
    server: Child,
    port: u16,
}

impl S3 {
    /// Starts it on a free port.
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut server = Command::new(tools::find("moto_server").unwrap());
        server.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Self { server: server.spawn().unwrap(), port };
        until_true("the bucket is there", || {
            started.ask("PUT", "").is_some_and(|it| it.starts_with("HTTP/1.1 200"))
        });
        started
    }

    /// The block that makes terraform keep a state under `key`. Where its keys are is not in it.
    pub(crate) fn block(&self, key: &str) -> String {
        format!(
            "terraform {{\n  backend \"s3\" {{\n{}    use_lockfile = true\n  }}\n}}\n",
            self.settings(key, "\n")
        )
    }

    /// What a reader of that state needs to know.
    pub(crate) fn config(&self, key: &str) -> String {
        format!("{{ {} }}", self.settings(key, ", ").trim_end_matches(", "))
    }

    fn settings(&self, key: &str, end: &str) -> String {
        let endpoint = format!("{{ s3 = \"http://127.0.0.1:{}\" }}", self.port);
        let mut settings = format!(
            "bucket = \"{BUCKET}\"{end}key = \"{key}\"{end}region = \"us-east-1\"{end}endpoints = {endpoint}{end}"
        );
        for name in [
            "use_path_style",
            "skip_credentials_validation",
            "skip_requesting_account_id",
            "skip_metadata_api_check",
            "skip_region_validation",
            "skip_s3_checksum",
        ] {
            settings.push_str(&format!("{name} = true{end}"));
        }
        settings
    }

    /// An object; nothing where there is none.
    pub(crate) fn object(&self, key: &str) -> Option<String> {
        let answer = self.ask("GET", &format!("/{key}"))?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
    }

    /// The state under a key.
    pub(crate) fn state(&self, key: &str) -> Option<serde_json::Value> {
        serde_json::from_str(&self.object(key)?).ok()
    }

    /// Whether the state under a key is locked.
    pub(crate) fn is_locked(&self, key: &str) -> bool {
        self.object(&format!("{key}.tflock")).is_some()
    }

    /// The whole answer to a request about the bucket.
    fn ask(&self, method: &str, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let request = format!(
            "{method} /{BUCKET}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {KEY}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
