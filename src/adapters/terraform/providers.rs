//! What terraform knows of providers: the versions and hashes that a lock file demands, where packages lie, and where a settings file of the
//! command line says that they come from.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::hcl;

/// A provider as a lock file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedProvider {
    /// `registry.terraform.io/hashicorp/aws`.
    pub address: String,
    /// The one version that init takes.
    pub version: String,
    /// Hashes of packages that are let in, with their schemes: `h1:…` of unpacked ones, `zh:…` of archives.
    pub hashes: Vec<String>,
}

impl LockedProvider {
    /// Where its package lies in a folder of unpacked packages.
    /// <https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror>
    pub fn place(&self) -> PathBuf {
        Path::new(&self.address).join(&self.version).join(platform())
    }
}

/// What terraform calls this machine: `linux_amd64`.
pub fn platform() -> String {
    let system = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{system}_{processor}")
}

/// The providers in the text of a `.terraform.lock.hcl`. One whose address or version is not a plain name is left out: it becomes a path.
pub fn locked(text: &str) -> Vec<LockedProvider> {
    let is_plain = |part: &str| {
        !part.is_empty() && part != ".." && part.chars().all(|c| c.is_alphanumeric() || "-_.:+".contains(c))
    };
    let blocks = hcl::blocks("lock.tf", text).into_iter().filter(|block| block.kind == "provider");
    let read = |block: hcl::Block| {
        let version = hcl::literal(block.attribute("version")?)?;
        let strings = block.attribute("hashes").unwrap_or_default().split('"').skip(1).step_by(2);
        let parts: Vec<&str> = block.label().split('/').collect();
        let is_good = parts.len() == 3 && parts.iter().all(|part| is_plain(part)) && is_plain(&version);
        let hashes = strings.map(str::to_owned).collect();
        is_good.then(|| LockedProvider { address: block.label().to_owned(), version, hashes })
    };
    blocks.filter_map(read).collect()
}

/// The hash `h1:` of an unpacked package, from its files' names and contents: that of Go's `dirhash`.
/// <https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1>
pub fn package_hash(mut files: Vec<(String, String)>) -> String {
    files.sort();
    let mut hasher = Sha256::new();
    for (name, digest) in files {
        hasher.update(format!("{digest}  {name}\n"));
    }
    format!("h1:{}", STANDARD.encode(hasher.finalize()))
}

/// The digest of one file of a package, for `package_hash`; packages are too large to be held.
///
/// # Errors
/// Those of reading it.
pub fn file_digest(mut file: impl std::io::Read) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            length => hasher.update(buffer.get(..length).unwrap_or_default()),
        }
    }
}

/// A file of the user's settings for terraform's command line: its name and text.
pub type SettingsFile = (String, String);

/// The user's settings, and in addition: what is in `taken` comes from the folder `store` alone, and all else from where it comes without
/// settings. `None` where the user's settings say themselves where providers come from, or can't be read here.
/// <https://developer.hashicorp.com/terraform/cli/config/config-file>
pub fn with_store(settings: &[SettingsFile], store: &Path, taken: &[&str]) -> Option<String> {
    let mut text = String::new();
    for (name, settings) in settings {
        if name.ends_with(".json") {
            text.push_str(&credentials(settings)?);
            continue;
        }
        let (attributes, blocks) = hcl::whole(settings);
        let decides = attributes.iter().any(|(name, _)| name == "plugin_cache_dir")
            || blocks.iter().any(|block| block.kind == "provider_installation");
        if decides || settings.trim_start().starts_with('{') {
            return None;
        }
        text.push_str(settings);
        text.push('\n');
    }
    let store = store.to_str().filter(|store| !store.contains(['"', '\\', '$', '\n']))?;
    let list = taken.iter().map(|address| format!("{address:?}")).collect::<Vec<_>>().join(", ");
    text.push_str(&format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path    = \"{store}\"\n    include = [{list}]\n  }}\n  direct {{\n    \
         exclude = [{list}]\n  }}\n}}\n"
    ));
    Some(text)
}

/// What `terraform login` keeps, in the other notation.
fn credentials(json: &str) -> Option<String> {
    let json: Json = serde_json::from_str(json).ok()?;
    let mut text = String::new();
    for (kind, hosts) in json.as_object()? {
        if kind != "credentials" {
            return None;
        }
        for (host, values) in hosts.as_object()? {
            let values = values.as_object()?;
            let token = values.get("token")?.as_str()?;
            let is_plain = |text: &str| !text.contains(['"', '\\', '$', '%', '\n']);
            if values.len() != 1 || !is_plain(host) || !is_plain(token) {
                return None;
            }
            text.push_str(&format!("credentials \"{host}\" {{\n  token = \"{token}\"\n}}\n"));
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As terraform 1.11.4 writes it.
    const LOCK: &str = "# This file is maintained automatically by \"terraform init\".\n\nprovider \"registry.terraform.io/acme/fake\" {\n  \
        version     = \"1.0.0\"\n  constraints = \"~> 1.0\"\n  hashes = [\n    \"h1:HASH\",\n    \"zh:0a\",\n  ]\n}\n";

    #[test]
    fn a_lock_file_tells_what_is_demanded() {
        let provider = LockedProvider {
            address: "registry.terraform.io/acme/fake".into(),
            version: "1.0.0".into(),
            hashes: vec!["h1:HASH".into(), "zh:0a".into()],
        };
        let place = Path::new("registry.terraform.io/acme/fake/1.0.0").join(platform());
        assert_eq!(provider.place(), place);
        assert_eq!(locked(LOCK), [provider]);
        assert_eq!(locked(&LOCK.replace("acme/fake", "../fake")), []);
        assert_eq!(locked(&LOCK.replace("\"1.0.0\"", "\"../1\"")), []);
        assert_eq!(locked("provider {"), []);
    }

    #[test]
    fn a_package_has_the_hash_that_terraform_gives_it() {
        let digest = file_digest("#!/bin/sh\nexit 1\n".as_bytes()).unwrap();
        let hash = package_hash(vec![("terraform-provider-fake_v1.0.0".to_owned(), digest)]);
        assert_eq!(hash, "h1:O48mCx7rjst0tZPV1FmUsXkJ7Pc8SKDj7O2rjwiJBgQ=");
    }

    #[test]
    fn settings_of_the_user_stay_and_what_is_taken_comes_from_the_store_alone() {
        let login = r#"{"credentials":{"app.example.com":{"token":"abc.def"}}}"#;
        let settings = [
            (
                ".terraformrc".to_owned(),
                "disable_checkpoint = true\nhost \"x.example\" {\n  services = {}\n}".to_owned(),
            ),
            ("credentials.tfrc.json".to_owned(), login.to_owned()),
        ];
        let text = with_store(&settings, Path::new("/cache/providers"), &["r.io/a/b"]).unwrap();
        assert_eq!(
            text,
            "disable_checkpoint = true\nhost \"x.example\" {\n  services = {}\n}\ncredentials \"app.example.com\" {\n  token = \"abc.def\"\n}\n\
             provider_installation {\n  filesystem_mirror {\n    path    = \"/cache/providers\"\n    include = [\"r.io/a/b\"]\n  }\n  direct {\n    \
             exclude = [\"r.io/a/b\"]\n  }\n}\n"
        );
    }

    #[test]
    fn who_says_where_providers_come_from_is_left_alone() {
        let with = |name: &str, text: &str| {
            with_store(&[(name.into(), text.into())], Path::new("/s"), &["r.io/a/b"])
        };
        assert_eq!(with(".terraformrc", "plugin_cache_dir = \"$HOME/cache\""), None);
        assert_eq!(with(".terraformrc", "provider_installation {\n  direct {}\n}"), None);
        assert_eq!(with(".terraformrc", "{\"plugin_cache_dir\": \"x\"}"), None);
        assert_eq!(with("a.tfrc.json", "{\"plugin_cache_dir\": \"x\"}"), None);
        assert_eq!(with("a.tfrc.json", "{\"credentials\":{\"h\":{\"token\":\"a\\\"b\"}}}"), None);
        assert!(with(".terraformrc", "# plugin_cache_dir = \"x\"").is_some());
    }
}
