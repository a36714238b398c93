//! The answer of `terraform version -json`.

use serde_json::Value as Json;

use super::json;

/// Which terraform is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledTerraform {
    /// Its version.
    pub version: semver::Version,
    /// Such as `linux_amd64`.
    pub platform: String,
}

/// Reads what `version -json` printed; nothing where it isn't that.
pub fn parse(text: &str) -> Option<InstalledTerraform> {
    let answer: Json = serde_json::from_str(text).ok()?;
    let version = json::text(&answer, "terraform_version").parse().ok()?;
    Some(InstalledTerraform { version, platform: json::text(&answer, "platform") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_and_other_text_is_none() {
        let installed = parse(include_str!("../../../tests/fixtures/terraform/version.json")).unwrap();
        assert_eq!(installed.version, semver::Version::new(1, 11, 4));
        assert_eq!(installed.platform, "linux_amd64");
        assert_eq!(parse("Terraform v1.11.4"), None);
    }
}
