//! A stand-in for a registry of providers: one provider, in one version, for every platform. The package and its signature are real.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a root asks for to get its provider.
pub(crate) const REQUIRED: &str = "terraform {\n  required_providers {\n    fake = {\n      source  = \"registry.example.com/acme/fake\"\n      \
                                   version = \"~> 1.0\"\n    }\n  }\n}\n";

const SUMS: &str = include_str!("../../fixtures/providers/SHA256SUMS");

/// A running registry; it ends with the test's process.
pub(crate) struct Registry {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    /// Starts it on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let shared = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || answer(stream, address, &shared));
            }
        });
        Self { address, requests }
    }

    /// Settings of terraform's command line by which the registry's name leads here.
    pub(crate) fn settings(&self) -> String {
        format!(
            "host \"registry.example.com\" {{\n  services = {{ \"providers.v1\" = \"http://{}/v1/providers/\" }}\n}}\n",
            self.address
        )
    }

    /// How often the package was fetched.
    pub(crate) fn fetched(&self) -> usize {
        self.requests.lock().unwrap().iter().filter(|it| *it == "GET /package.zip").count()
    }

    /// How often anything was asked.
    pub(crate) fn asked(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

fn answer(stream: TcpStream, address: SocketAddr, requests: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).is_err() {
        return;
    }
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap_or(0) == 0 {
            return;
        }
        if header.trim().is_empty() {
            break;
        }
    }
    requests.lock().unwrap().push(format!("{method} {path}"));
    let (status, body) = body(path, address).map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = reader.into_inner();
    let body = if method == "HEAD" { Vec::new() } else { body };
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).ok();
}

/// <https://developer.hashicorp.com/terraform/internals/provider-registry-protocol>
fn body(path: &str, address: SocketAddr) -> Option<Vec<u8>> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let json = match parts.as_slice() {
        ["v1", "providers", "acme", "fake", "versions"] => {
            let platforms: Vec<_> = ["linux", "darwin"]
                .into_iter()
                .flat_map(|os| ["amd64", "arm64"].map(|arch| serde_json::json!({ "os": os, "arch": arch })))
                .collect();
            serde_json::json!({ "versions": [{ "version": "1.0.0", "protocols": ["5.0"], "platforms": platforms }] })
        }
        ["v1", "providers", "acme", "fake", "1.0.0", "download", os, arch] => {
            let key = include_str!("../../fixtures/providers/key.asc");
            let file = |name: &str| format!("http://{address}/{name}");
            serde_json::json!({
                "protocols": ["5.0"], "os": os, "arch": arch,
                "filename": "terraform-provider-fake_1.0.0_any.zip", "shasum": SUMS.split(' ').next(),
                "download_url": file("package.zip"), "shasums_url": file("SHA256SUMS"),
                "shasums_signature_url": file("SHA256SUMS.sig"),
                "signing_keys": { "gpg_public_keys": [{ "ascii_armor": key }] },
            })
        }
        ["package.zip"] => return Some(include_bytes!("../../fixtures/providers/package.zip").to_vec()),
        ["SHA256SUMS"] => return Some(SUMS.as_bytes().to_vec()),
        ["SHA256SUMS.sig"] => {
            return Some(include_bytes!("../../fixtures/providers/SHA256SUMS.sig").to_vec());
        }
        _ => return None,
    };
    Some(json.to_string().into_bytes())
}
