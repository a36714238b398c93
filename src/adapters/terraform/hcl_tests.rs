//! Texts that trap a scanner.

use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Vec<String> {
    blocks("main.tf", text).iter().map(Block::canonical).collect()
}

#[test]
fn blocks_have_labels_attributes_and_blocks() {
    assert_eq!(
        read(
            "terraform {\n  backend \"s3\" {\n    key = \"a\"\n    bucket = \"b\" # why\n  }\n}\nlocals { a = 1 }\n"
        ),
        [r#"terraform { backend "s3" { bucket = "b"; key = "a" } }"#, "locals { a = 1 }"]
    );
}

#[test]
fn strings_comments_and_heredocs_hold_no_blocks() {
    let text = r##"
# backend "a" {
// backend "b" {
/* backend "c" {
} */
resource "t" "n" {
  a = "} backend \"x\" { ${ "}" } %{ if true }{%{ endif } $${"
  b = <<-EOT
    }
    backend "d" {
    EOT
  c = <<EOT
}
EOT
}
module "m" { source = "./m" }
"##;
    let found = blocks("main.tf", text);
    let kinds: Vec<_> = found.iter().map(|block| block.kind.as_str()).collect();
    assert_eq!(kinds, ["resource", "module"]);
    assert_eq!(found[1].attribute("source"), Some("\"./m\""));
    assert_eq!(found[0].attributes.len(), 3);
}

#[test]
fn an_escaped_quote_does_not_end_a_string() {
    assert_eq!(read("a {\n b = \"\\\"}\"\n}\nc {}\n"), [r#"a { b = "\"}" }"#, "c {  }"]);
}

#[test]
fn an_expression_ends_with_its_line_outside_brackets() {
    let text = "a \"b\" {\n  x = {\n    p = [1,\n 2]\n    q = f(\n      3\n    )\n  }\n  y = 1 == 2\n}\n";
    assert_eq!(read(text), [r#"a "b" { x = { p = [ 1 2 ] q = f ( 3 ) }; y = 1 = = 2 }"#]);
}

#[test]
fn json_says_the_same_as_the_language() {
    let json = r#"{"terraform":{"backend":{"s3":{"bucket":"b"}}},"module":[{"m":{"source":"./m"}}],
        "resource":{"t":{"n":[{"a":1},{"b":2}]}},"output":{"o":{"value":1}}}"#;
    let read: Vec<String> = blocks("x.tf.json", json).iter().map(Block::canonical).collect();
    assert_eq!(
        read,
        [
            r#"module "m" { source = "./m" }"#,
            r#"resource "t" "n" { a = 1 }"#,
            r#"resource "t" "n" { b = 2 }"#,
            r#"terraform { backend "s3" { bucket = "b" } }"#,
        ]
    );
}

#[test]
fn another_file_and_a_broken_one_give_no_harm() {
    assert_eq!(blocks("terraform.tfvars", "a \"b\" {}"), []);
    assert_eq!(blocks("x.tf.json", "{"), []);
    assert_eq!(read("a \"b {\n c = \"x\n"), Vec::<String>::new());
    assert_eq!(read("}}} a { b = 1"), ["a { b = 1 }"]);
    assert_eq!(read("a {\n b = <<EOT\n x"), ["a { b = <<EOT\n x }"]);
}

proptest! {
    #[test]
    fn no_text_makes_it_fail(text in "[a-z\"{}=$%<\\n\\\\/*# Eé()-]{0,80}") {
        let _blocks = blocks("main.tf", &text);
    }
}
