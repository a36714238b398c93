//! The values that a variable file gives to sensitive variables, to know what to mask.
//!
//! Terraform hides them itself, but for what a provisioner or a root's `nonsensitive` lets out. Nothing is evaluated: a variable file has
//! literals only. <https://developer.hashicorp.com/terraform/language/values/variables#variable-definitions-tfvars-files>

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::hcl;

/// Whether terraform reads a file of a root without being told.
pub fn is_read_anyway(name: &str) -> bool {
    ["terraform.tfvars", "terraform.tfvars.json"].contains(&name)
        || name.ends_with(".auto.tfvars")
        || name.ends_with(".auto.tfvars.json")
}

/// Every text in what `files` give to the sensitive variables of a root; both are names and texts.
pub fn sensitive_values(root: &[(String, String)], files: &[(String, String)]) -> Vec<String> {
    let sensitive: BTreeSet<String> = root
        .iter()
        .flat_map(|(name, text)| hcl::blocks(name, text))
        .filter(|block| block.kind == "variable" && block.attribute("sensitive") == Some("true"))
        .map(|block| block.label().to_owned())
        .collect();
    let mut values = Vec::new();
    for (name, text) in files {
        if name.ends_with(".json") {
            let Ok(Json::Object(given)) = serde_json::from_str(text) else { continue };
            given
                .iter()
                .filter(|(name, _)| sensitive.contains(*name))
                .for_each(|it| texts(it.1, &mut values));
        } else {
            let given = hcl::attributes(text);
            let wanted = given.into_iter().filter(|(name, _)| sensitive.contains(name));
            values.extend(wanted.flat_map(|(_, texts)| texts).filter_map(|text| literal(&text)));
        }
    }
    values
}

fn texts(value: &Json, found: &mut Vec<String>) {
    match value {
        Json::String(text) => found.push(text.clone()),
        Json::Number(number) => found.push(number.to_string()),
        Json::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Json::Object(entries) => entries.values().for_each(|entry| texts(entry, found)),
        Json::Null | Json::Bool(_) => {}
    }
}

/// What a token of a literal stands for: a quoted string, a heredoc or a number; `None` for other words.
fn literal(token: &str) -> Option<String> {
    if let Some(inner) = token.strip_prefix('"') {
        return Some(unescaped(inner.strip_suffix('"').unwrap_or(inner)));
    }
    if token.starts_with("<<") {
        let (_, lines) = token.split_once('\n')?;
        return Some(lines.rsplit_once('\n').map_or(lines, |(lines, _)| lines).to_owned());
    }
    token.starts_with(|first: char| first.is_ascii_digit()).then(|| token.to_owned())
}

/// <https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#template-expressions>
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let coded = |length: usize| {
            let code = u32::from_str_radix(rest.get(2..2 + length)?, 16).ok()?;
            Some((char::from_u32(code)?, 2 + length))
        };
        let (character, length) = match rest.as_bytes() {
            [b'\\', b'n', ..] => ('\n', 2),
            [b'\\', b'r', ..] => ('\r', 2),
            [b'\\', b't', ..] => ('\t', 2),
            [b'\\', b'u', ..] => coded(4).unwrap_or(('\\', 1)),
            [b'\\', b'U', ..] => coded(8).unwrap_or(('\\', 1)),
            [b'\\', b'"', ..] => ('"', 2),
            [b'\\', b'\\', ..] => ('\\', 2),
            [b'$', b'$', b'{', ..] => ('$', 2),
            [b'%', b'%', b'{', ..] => ('%', 2),
            _ => (first, first.len_utf8()),
        };
        out.push(character);
        rest = &rest[length..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "variable \"a\" {\n  sensitive = true\n}\nvariable \"b\" { sensitive = false }\nvariable \"c\" {}\n\
                        variable \"d\" {\n  type = map(string)\n  sensitive = true # yes\n}\n";

    fn values(name: &str, text: &str) -> Vec<String> {
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        sensitive_values(&[pair("main.tf", ROOT)], &[pair(name, text)])
    }

    #[test]
    fn only_sensitive_variables_are_read_and_all_texts_in_them() {
        let text = "a = \"one\" # a comment\nb = \"two\"\nc=\"three\"\nd = {\n  x = \"four\"\n  \"y\" = [\"five\", 678910]\n}\n";
        let found = values("x.tfvars", text);
        for value in ["one", "four", "five", "678910"] {
            assert!(found.iter().any(|it| it == value), "{value}: {found:?}");
        }
        assert!(!found.iter().any(|it| it == "two" || it == "three"), "{found:?}");
    }

    #[test]
    fn escapes_and_heredocs_are_resolved() {
        assert_eq!(
            values("x.tfvars", r#"a = "q\"\\ \n\u00e9 $${x} %%{y}  two""#),
            ["q\"\\ \n\u{e9} ${x} %{y}  two"]
        );
        assert_eq!(values("x.tfvars", "a = <<EOT\none\ntwo\nEOT\n"), ["one\ntwo"]);
    }

    #[test]
    fn json_is_read_too() {
        assert_eq!(
            values("x.tfvars.json", r#"{"a": "one", "b": "two", "d": {"x": ["three"]}}"#),
            ["one", "three"]
        );
        assert!(values("x.tfvars.json", "{").is_empty());
    }

    #[test]
    fn terraform_reads_some_files_by_itself() {
        assert!(is_read_anyway("terraform.tfvars") && is_read_anyway("x.auto.tfvars.json"));
        assert!(!is_read_anyway("secret.tfvars") && !is_read_anyway("main.tf"));
    }
}
