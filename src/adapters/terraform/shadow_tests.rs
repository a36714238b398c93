//! What becomes of a copy, file by file.

use super::*;

fn files(text: &str) -> Vec<(String, String)> {
    vec![("main.tf".to_owned(), text.to_owned())]
}

fn unknowns(variables: &[&str], states: &[&str]) -> Unknowns {
    Unknowns {
        variables: variables.iter().map(|name| ((*name).to_owned(), json!(UNKNOWN))).collect(),
        states: states.iter().map(|place| (*place).to_owned()).collect(),
        any_state: false,
    }
}

const ROOT: &str = r#"terraform {
  backend "s3" {
    bucket = "b"
  }
  required_version = ">= 1.4"
}
variable "domain" {
  type      = object({ a = string, b = optional(string) })
  sensitive = true
  validation {
    condition = var.domain != ""
  }
}
variable "domain_name" {}
data "terraform_remote_state" "up" {
  backend = "s3"
  config  = { bucket = "b", key = "k" }
  lifecycle {
    precondition { condition = fileexists("x") }
  }
}
locals { a = "${var.domain.a} ${var.domain_name}", b = [my_var.domain, var.domain-x] }
"#;

#[test]
fn what_is_unknown_is_edited_and_every_line_stays_where_it_is() {
    let shadow = shadow(&files(ROOT), &unknowns(&["domain"], &["s3|b|k"]));
    let [(name, main), (module, variables), (own, added)] = shadow.as_slice() else { panic!("{shadow:?}") };
    assert_eq!((name.as_str(), module.as_str()), ("main.tf", "shipway_preview/main.tf"));
    assert_eq!(main.lines().count(), ROOT.lines().count());
    assert!(!main.contains("backend \"s3\" {") && main.contains("required_version"), "{main}");
    assert!(!main.contains("fileexists") && !main.contains("variable \"domain\" "), "{main}");
    assert!(main.contains(
        "config  = [for it in [{ bucket = \"b\", key = \"k\" }] : contains(local.shipway_preview_states, join("
    ));
    assert!(main.contains(
        "\"${module.shipway_preview.domain.a} ${var.domain_name}\", b = [my_var.domain, var.domain-x]"
    ));
    assert_eq!(
        variables,
        "variable \"domain\" {\n  type = object({ a = string, b = optional(string) })\n  sensitive = true\n}\n\
         output \"domain\" {\n  value = var.domain\n  sensitive = true\n}\n"
    );
    assert_eq!(own, "shipway_preview.tf.json");
    let added: Json = serde_json::from_str(added).unwrap();
    assert_eq!(added["module"]["shipway_preview"]["domain"], UNKNOWN);
    assert_eq!(added["locals"]["shipway_preview_states"], json!(["s3|b|k"]));
}

#[test]
fn what_is_known_is_left_alone() {
    let shadow = shadow(&files(ROOT), &Unknowns::default());
    assert!(shadow[0].1.contains("config  = { bucket = \"b\", key = \"k\" }"));
    assert!(shadow[0].1.contains("${var.domain.a}") && shadow[0].1.contains("variable \"domain\" {"));
    assert_eq!(shadow.len(), 2, "no module for no variable");
}

#[test]
fn a_state_without_a_place_makes_each_reader_unknown() {
    let any = Unknowns { any_state: true, ..Unknowns::default() };
    let text = "data \"terraform_remote_state\" \"up\" { backend = \"pg\" }\n";
    let shadow = shadow(&files(text), &any);
    assert!(shadow[0].1.contains("{\n  config = [for it in [{}] : true ? local.shipway_preview : it][0]\n"));
}

#[test]
fn json_is_edited_in_the_same_way() {
    let text = r#"{"terraform":[{"backend":{"s3":{}}}],"variable":{"domain":{"type":"string","sensitive":true}},
        "data":{"terraform_remote_state":{"up":{"backend":"s3","config":{"key":"k"}}}},
        "locals":{"a":"${var.domain}"}}"#;
    let shadow = shadow(&[("main.tf.json".to_owned(), text.to_owned())], &unknowns(&["domain"], &["s3|b|k"]));
    let main: Json = serde_json::from_str(&shadow[0].1).unwrap();
    assert_eq!(main["terraform"], json!([{}]));
    assert_eq!(main["variable"], json!({}));
    assert_eq!(main["data"]["terraform_remote_state"]["up"]["config"], UNKNOWN);
    assert_eq!(main["locals"]["a"], "${module.shipway_preview.domain}");
    assert!(shadow[1].1.contains("  type = string\n  sensitive = true\n"), "{}", shadow[1].1);
}

#[test]
fn installed_modules_are_kept_beside_the_copys_own() {
    let real = r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"m","Source":"../m","Dir":"../m"}]}"#;
    let modules = |text: String| -> Vec<String> {
        let json: Json = serde_json::from_str(&text).unwrap();
        json["Modules"].as_array().unwrap().iter().map(|it| it["Dir"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(modules(manifest(Some(real))), [".", "../m", "shipway_preview"]);
    assert_eq!(modules(manifest(None)), [".", "shipway_preview"]);
}

#[test]
fn a_value_with_a_dollar_is_no_expression() {
    assert_eq!(escape("${a} %{b} $c"), "$${a} %%{b} $c");
}
