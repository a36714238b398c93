//! What terraform says when it was not set up, and what can be told from a root's text.

use super::*;
use crate::adapters::terraform::plan::{PlanReading, read};
use crate::adapters::terraform::text_box;
use crate::event::Termination;

fn need(stream: &str) -> Option<InitNeed> {
    match read(stream, Termination::Exited { status: 1 }) {
        PlanReading::Failed(diagnostics) => missing_init(&diagnostics),
        other => panic!("{other:?}"),
    }
}

#[test]
fn terraform_says_itself_what_it_misses() {
    let needs = [
        need(include_str!("../../../tests/fixtures/terraform/plan-needs-backend.jsonl")),
        need(include_str!("../../../tests/fixtures/terraform/plan-needs-backend-change.jsonl")),
        need(include_str!("../../../tests/fixtures/terraform/plan-needs-cloud.jsonl")),
        need(include_str!("../../../tests/fixtures/terraform/plan-needs-module.jsonl")),
        need(include_str!("../../../tests/fixtures/terraform/plan-needs-plugin.jsonl")),
        need(include_str!("../../../tests/fixtures/terraform/plan-error.jsonl")),
    ];
    assert_eq!(
        needs,
        [
            Some(InitNeed::Backend { changed: false }),
            Some(InitNeed::Backend { changed: true }),
            Some(InitNeed::Cloud),
            Some(InitNeed::Module),
            Some(InitNeed::LockFile),
            None,
        ]
    );
}

/// As terraform 1.11 and OpenTofu (`internal/command/meta_backend.go`) put it.
#[test]
fn a_cloud_block_whose_workspace_is_gone_or_that_opentofu_misses_is_initialised_too() {
    let need = |summary: &str| {
        let diagnostic = serde_json::json!({"severity": "error", "summary": summary, "detail": ""});
        need(&serde_json::json!({"type": "diagnostic", "diagnostic": diagnostic}).to_string())
    };
    let gone = "error starting operation: workspace shop-base not found\n\nFor security, HCP Terraform returns '404 Not Found' responses";
    assert_eq!(need(gone), Some(InitNeed::Cloud));
    assert_eq!(
        need("Cloud backend initialization required: please run \"tofu init\""),
        Some(InitNeed::Cloud)
    );
    assert_eq!(
        need("Backend initialization required, please run \"tofu init\""),
        Some(InitNeed::Backend { changed: true })
    );
    assert_eq!(need("error starting operation: workspace shop-base is busy"), None);
}

#[test]
fn a_changed_backend_waits_for_a_person() {
    let text = include_str!("../../../tests/fixtures/terraform/init-backend-changed.txt");
    assert!(awaits_choice(&text_box::parse(text)));
    let text = include_str!("../../../tests/fixtures/terraform/init-bad-backend.txt");
    assert!(!awaits_choice(&text_box::parse(text)));
}

#[test]
fn a_root_with_only_built_in_things_needs_no_init() {
    let text = "
terraform {
  required_version = \">= 1.5\"
  required_providers {
    built_in = { source = \"terraform.io/builtin/terraform\" }
  }
}
resource \"terraform_data\" \"a\" {
  input = \"module {} backend {}\"
}
data \"terraform_remote_state\" \"base\" { backend = \"local\" }
variable \"v\" {}
";
    assert_eq!(static_need(&[("main.tf", text)]), InitSurfaces::default());
    assert!(!static_need(&[("main.tf", text)]).needs_init());
}

#[test]
fn everything_that_init_installs_is_found() {
    let need = |text: &str| static_need(&[("main.tf", text)]);
    assert!(need("terraform {\n backend \"pg\" {}\n}").backend);
    assert!(need("terraform {\n cloud {}\n}").cloud);
    assert!(need("resource \"random_id\" \"a\" {}").providers);
    assert!(need("data \"http\" \"a\" {}").providers);
    assert!(need("ephemeral \"aws_secret\" \"a\" {}").providers);
    assert!(need("provider \"aws\" {}").providers);
    assert!(need("check \"c\" {\n data \"http\" \"a\" {}\n}").providers);
    assert!(need("terraform {\n required_providers {\n aws = \"~> 5\"\n }\n}").providers);
    assert!(static_need(&[("a.tf.json", "{\"terraform\":[{\"cloud\":{}}]}")]).cloud);
}

#[test]
fn module_calls_tell_their_source_and_what_may_move() {
    let text = "module \"a\" {\n source = \"./a\"\n}\nmodule \"b\" {\n source = \"github.com/acme/b\"\n}\nmodule \"c\" {\n source = \"acme/c/aws\"\n version = \"1.0\"\n}\n";
    let surfaces = static_need(&[("main.tf", text)]);
    assert!(surfaces.needs_init());
    assert_eq!(surfaces.modules[2].version.as_deref(), Some("1.0"));
    let unpinned: Vec<_> = surfaces.unpinned().map(|module| module.source.as_str()).collect();
    assert_eq!(unpinned, ["github.com/acme/b"]);
}

#[test]
fn the_surface_is_what_init_reads_and_nothing_else() {
    let one = "terraform {\n  required_version = \"1\"\n  backend \"s3\" {\n    key    = \"a\"\n    bucket = \"b\"\n  }\n}\nmodule \"m\" {\n  source = \"./m\"\n  size   = 1\n}\nresource \"aws_vpc\" \"net\" { cidr = \"10.0.0.0/8\" }\n";
    assert_eq!(
        init_surface_text(&[("main.tf", one)]),
        "backend \"s3\" { bucket = \"b\"; key = \"a\" }\nmodule \"m\" source = \"./m\"\nprovider \"aws\"\n"
    );
    let backend = "terraform {\n  backend \"s3\" {\n bucket=\"b\" // the one\n key=\"a\"\n}\n}\n";
    let rest = "resource \"aws_vpc\" \"other\" {}\nresource \"aws_eip\" \"ip\" {}\nmodule \"m\" {\n  size = 7\n  source = \"./m\"\n}\n";
    assert_eq!(
        init_surface_text(&[("z.tf", backend), ("a.tf", rest)]),
        init_surface_text(&[("main.tf", one)])
    );
}

#[test]
fn another_backend_module_or_provider_is_another_surface() {
    let text = |block: &str| init_surface_text(&[("main.tf", block)]);
    assert_ne!(text("module \"m\" {\n source = \"./a\"\n}"), text("module \"m\" {\n source = \"./b\"\n}"));
    assert_ne!(text("resource \"a_b\" \"c\" {}"), text("resource \"d_b\" \"c\" {}"));
    assert_ne!(
        text("terraform {\n backend \"local\" {\n path = \"a\"\n}\n}"),
        text("terraform {\n backend \"local\" {\n path = \"b\"\n}\n}")
    );
}
