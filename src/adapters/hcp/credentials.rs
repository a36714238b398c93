//! Where terraform finds its token for a host: pure.
//!
//! A variable of the host comes first, then what `terraform login` wrote. Tokens of a credentials helper are known to terraform alone.
//! <https://developer.hashicorp.com/terraform/cli/config/config-file#credentials>

use serde_json::Value as Json;

/// What such a variable's name begins with.
const PREFIX: &str = "TF_TOKEN_";

/// Where `terraform login` writes, from the home folder.
pub const FILE: &str = ".terraform.d/credentials.tfrc.json";

/// The variable that holds the token for `host`: a `.` is written as `_`, a `-` as two of them.
pub fn variable(host: &str) -> String {
    format!("{PREFIX}{}", host.replace('-', "__").replace('.', "_"))
}

/// Whether a variable holds a token, by its name: those of terraform, and that of the vendor's own provider.
pub fn is_token(variable: &str) -> bool {
    variable.starts_with(PREFIX) || variable == "TFE_TOKEN"
}

/// The variable among `all` that holds the token for `host`, however terraform lets it be written, with its value.
pub fn among<'v>(
    mut all: impl Iterator<Item = (&'v str, &'v str)>,
    host: &str,
) -> Option<(&'v str, &'v str)> {
    let is_host = |name: &str| {
        let written = name.strip_prefix(PREFIX)?;
        Some(written.replace("__", "-").replace('_', ".").eq_ignore_ascii_case(host))
    };
    all.find(|(name, value)| !value.is_empty() && is_host(name) == Some(true))
}

/// All tokens in the file that `terraform login` writes.
pub fn all_in_file(text: &str) -> Vec<String> {
    if text.is_empty() {
        // Most have no such file, and a parser's error is made at each start.
        return Vec::new();
    }
    let file: Json = serde_json::from_str(text).unwrap_or_default();
    let hosts = file.get("credentials").and_then(Json::as_object).into_iter().flatten();
    hosts.filter_map(|(_, held)| held.get("token")?.as_str().map(str::to_owned)).collect()
}

/// The token for `host` in the file that `terraform login` writes.
pub fn in_file(text: &str, host: &str) -> Option<String> {
    let file: Json = serde_json::from_str(text).ok()?;
    let hosts = file.get("credentials")?.as_object()?;
    let (_, held) = hosts.iter().find(|(name, _)| name.eq_ignore_ascii_case(host))?;
    held.get("token")?.as_str().filter(|token| !token.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_found_however_the_host_is_written_in_it() {
        assert_eq!(variable("app.terraform.io"), "TF_TOKEN_app_terraform_io");
        assert_eq!(variable("my-tfe.example:8443"), "TF_TOKEN_my__tfe_example:8443");
        for name in ["TF_TOKEN_my__tfe_example", "TF_TOKEN_my-tfe.example", "TF_TOKEN_MY__tfe.EXAMPLE"] {
            let all = [("TF_TOKEN_other", "no"), (name, "yes")];
            assert_eq!(among(all.into_iter(), "my-tfe.example"), Some((name, "yes")), "{name}");
        }
        assert_eq!(among([("TF_TOKEN_a", "")].into_iter(), "a"), None);
        assert!(is_token("TFE_TOKEN") && is_token("TF_TOKEN_x") && !is_token("TF_VAR_token"));
    }

    #[test]
    fn what_login_wrote_is_read() {
        let text = r#"{"credentials":{"app.terraform.io":{"token":"one"},"tfe.example":{"token":""}}}"#;
        assert_eq!(in_file(text, "app.terraform.io").as_deref(), Some("one"));
        assert_eq!(in_file(text, "tfe.example"), None);
        assert_eq!(in_file("no", "tfe.example"), None);
        assert_eq!((all_in_file(text), all_in_file("no")), (vec!["one".to_owned(), String::new()], vec![]));
    }
}
