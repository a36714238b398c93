//! Is an error one of the configuration, or does terraform only have to know something first that another apply will tell?

use super::diagnostic::{TerraformDiagnostic, errors};

/// Errors that go away once what they ask for is known, as terraform 1.11 words them.
const SUMMARIES: [&str; 8] = [
    "Invalid for_each argument",
    "Invalid count argument",
    "Unable to find remote state",
    "Error loading state",
    "Invalid import argument",
    // Checks look at the world of now.
    "Resource precondition failed",
    "Resource postcondition failed",
    "Module output value precondition failed",
];

/// What terraform says of a value that an apply has yet to tell.
const UNKNOWN: [&str; 3] =
    ["known only after apply", "known after apply", "cannot be determined until apply"];

/// A file that a command of another workspace may have yet to write.
const NO_FILE: &str = "no file exists at";

/// Whether `error` may be gone after the apply of what its workspace waits for: it asks for a value that is not known yet, it is about data
/// that is looked up and may not exist yet, or it is a provider's that is configured by such values.
pub fn awaits(error: &TerraformDiagnostic) -> bool {
    let snippet = error.snippet.as_ref();
    let is_unknown = |text: &str| UNKNOWN.iter().any(|words| text.contains(words));
    let is_data = |address: &str| address.starts_with("data.") || address.contains(".data.");
    SUMMARIES.contains(&error.summary.as_str())
        || is_unknown(&error.detail)
        || error.detail.contains(NO_FILE)
        || snippet.is_some_and(|snippet| snippet.values.iter().any(|value| is_unknown(value)))
        // The outputs of a state that has none yet.
        || snippet.is_some_and(|it| it.values.iter().any(|value| value.contains("object with no attributes")))
        || error.address.as_deref().is_some_and(is_data)
        || snippet.and_then(|it| it.context.as_deref()).is_some_and(|it| it.starts_with("provider "))
}

/// Whether a plan failed because the state of another root that it reads is gone, or has no outputs any more.
pub fn misses_a_state(diagnostics: &[TerraformDiagnostic]) -> bool {
    let has_none = |error: &TerraformDiagnostic| {
        let values = error.snippet.iter().flat_map(|snippet| &snippet.values);
        error.summary == "Unsupported attribute"
            && values.into_iter().any(|value| value.contains("object with no attributes"))
    };
    errors(diagnostics).any(|error| error.summary == "Unable to find remote state" || has_none(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::terraform::diagnostic::Snippet;
    use crate::diagnostic::Severity;

    fn error(summary: &str) -> TerraformDiagnostic {
        TerraformDiagnostic {
            severity: Severity::Error,
            summary: summary.to_owned(),
            detail: String::new(),
            address: None,
            place: None,
            snippet: None,
        }
    }

    #[test]
    fn an_error_that_asks_for_a_value_waits_and_one_of_the_configuration_does_not() {
        assert!(awaits(&error("Invalid for_each argument")));
        assert!(awaits(&TerraformDiagnostic {
            address: Some("module.a.data.aws_vpc.it".to_owned()),
            ..error("no matching VPC found")
        }));
        let unknown =
            Snippet { values: vec!["var.a will be known only after apply".to_owned()], ..Snippet::default() };
        assert!(awaits(&TerraformDiagnostic { snippet: Some(unknown), ..error("Invalid index") }));
        let of_provider =
            Snippet { context: Some("provider \"kubernetes\"".to_owned()), ..Snippet::default() };
        assert!(awaits(&TerraformDiagnostic { snippet: Some(of_provider), ..error("no host") }));
        assert!(!awaits(&error("Reference to undeclared resource")));
        assert!(!awaits(&TerraformDiagnostic {
            address: Some("a.b".to_owned()),
            ..error("Unsupported argument")
        }));
    }
}
