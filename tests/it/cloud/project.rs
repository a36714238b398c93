//! The projects that these tests drive, each beside a stand-in of the vendor.

use crate::harness::Space;
use crate::harness::vendors::terraform_cloud::TerraformCloud;
use crate::harness::vendors::{StandIn, Vendor as _};

/// The five, in their order.
pub(super) const FIVE: [&str; 5] = ["meta", "base", "dotenv", "stage", "prod"];

const TASKS: &str = r#"
[terraform]
root         = "terraform"
lock_timeout = "2s"

[workspaces.meta]

[workspaces.base]
depends = ["meta"]

[workspaces.dotenv]
depends = ["base"]
vars    = { files = { SECRET = "c2VjcmV0" } }

[workspaces.stage]
depends = ["base", "dotenv"]

[workspaces.prod]
depends = ["base", "dotenv"]

[tasks.show]
run = "printf '%s' {{ workspaces.stage.outputs.host }} >shown"
"#;

/// What a project needs to reach the vendor.
pub(super) fn beside(cloud: &StandIn<TerraformCloud>, mut space: Space) -> Space {
    let token = cloud.vendor(|cloud| cloud.token());
    let variables = cloud.for_terraform().into_iter().chain([("TFE_TOKEN".to_owned(), token)]);
    for (name, value) in variables {
        space.environment.insert(name.into(), value.into());
    }
    space
}

/// Meta looks after the workspaces of the others, as the vendor's provider does: what is destroyed is asked to be deleted safely.
fn meta(cloud: &StandIn<TerraformCloud>) -> String {
    format!(
        r#"{block}
resource "terraform_data" "workspace" {{
  for_each = toset(["base", "dotenv", "stage", "prod"])
  input    = "https://{host}/api/v2/organizations/acme/workspaces/shop-${{each.key}}/actions/safe-delete"
  provisioner "local-exec" {{
    command = "echo the token is $TFE_TOKEN"
  }}
  provisioner "local-exec" {{
    when    = destroy
    command = "printf 'Authorization: Bearer %s' \"$TFE_TOKEN\" | curl -sS --fail-with-body --cacert \"$SSL_CERT_FILE\" -H @- -X POST '${{self.input}}'"
  }}
}}
output "slug" {{
  value = "shop"
}}
"#,
        block = cloud.block("shop-meta"),
        host = cloud.hostname(),
    )
}

/// The five workspaces of a bootstrap: each keeps its state in a workspace that its own init makes, and reads those before it.
pub(super) fn five(cloud: &StandIn<TerraformCloud>) -> Space {
    let block = |name: &str| cloud.block(&format!("shop-{name}"));
    let reads = |name: &str| cloud.remote_state(name, &format!("shop-{name}"));
    let base = format!(
        "{}{}resource \"terraform_data\" \"project\" {{\n  input = data.terraform_remote_state.meta.outputs.slug\n}}\noutput \"project\" {{\n  \
         value = terraform_data.project.output\n}}\noutput \"ssh_key\" {{\n  value     = \"key-of-the-server\"\n  sensitive = true\n}}\n",
        block("base"),
        reads("meta"),
    );
    let dotenv = format!(
        "{}variable \"files\" {{\n  type = map(string)\n}}\nresource \"terraform_data\" \"files\" {{\n  input = var.files\n}}\n\
         output \"files\" {{\n  value = terraform_data.files.output\n}}\n",
        block("dotenv"),
    );
    let app = |name: &str| {
        format!(
            "{}{}{}resource \"terraform_data\" \"server\" {{\n  input = \"{name} of ${{data.terraform_remote_state.base.outputs.project}} \
             with ${{length(data.terraform_remote_state.dotenv.outputs.files)}}\"\n}}\noutput \"host\" {{\n  value = \
             terraform_data.server.output\n}}\n",
            block(name),
            reads("base"),
            reads("dotenv"),
        )
    };
    let space = Space::with_tasks(TASKS)
        .workspace("meta", &meta(cloud))
        .workspace("base", &base)
        .workspace("dotenv", &dotenv)
        .workspace("stage", &app("stage"))
        .workspace("prod", &app("prod"));
    beside(cloud, space)
}

/// One workspace, `one`, in `shop-one`: `first`, and after it `second`, which runs `middle`. Each leaves a line in `made`.
pub(super) fn one(cloud: &StandIn<TerraformCloud>, middle: &str) -> Space {
    let space =
        Space::with_tasks("[terraform]\nroot = \"terraform\"\nlock_timeout = \"1s\"\n[workspaces.one]\n");
    let made = space.path("made");
    let main = format!(
        "{}resource \"terraform_data\" \"first\" {{\n  input = \"1\"\n  provisioner \"local-exec\" {{\n    command = \"echo first >>'{made}'\"\n  \
         }}\n}}\nresource \"terraform_data\" \"second\" {{\n  input = terraform_data.first.output\n  provisioner \"local-exec\" {{\n    command = \
         <<-EOT\n      echo second >>'{made}'\n      {middle}\n    EOT\n  }}\n}}\n",
        cloud.block("shop-one"),
        made = made.display(),
    );
    beside(cloud, space.workspace("one", &main))
}

/// The resources of `one`, by the vendor.
pub(super) fn resources(cloud: &StandIn<TerraformCloud>) -> usize {
    cloud.vendor(|cloud| cloud.named("shop-one").resources())
}
