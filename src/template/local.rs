//! `local`: a project of five terraform workspaces that needs nothing but this machine.

use super::TemplateFile;

/// Each file by name. A whole folder is never embedded: what a run left in it (states, keys, env files) would come along.
pub(super) const FILES: &[TemplateFile] = &[
    TemplateFile { path: ".gitignore", text: include_str!("../../templates/local/.gitignore") },
    TemplateFile { path: "README.md", text: include_str!("../../templates/local/README.md") },
    TemplateFile {
        path: "scripts/forget-workspace.sh",
        text: include_str!("../../templates/local/scripts/forget-workspace.sh"),
    },
    TemplateFile {
        path: "scripts/sample-env-files.sh",
        text: include_str!("../../templates/local/scripts/sample-env-files.sh"),
    },
    TemplateFile { path: "scripts/site.sh", text: include_str!("../../templates/local/scripts/site.sh") },
    TemplateFile { path: "site/index.html", text: include_str!("../../templates/local/site/index.html") },
    TemplateFile { path: "tasks.toml", text: include_str!("../../templates/local/tasks.toml") },
    TemplateFile {
        path: "terraform/deploy/app/prod/main.tf",
        text: include_str!("../../templates/local/terraform/deploy/app/prod/main.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/app/prod/outputs.tf",
        text: include_str!("../../templates/local/terraform/deploy/app/prod/outputs.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/app/prod/variables.tf",
        text: include_str!("../../templates/local/terraform/deploy/app/prod/variables.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/app/stage/main.tf",
        text: include_str!("../../templates/local/terraform/deploy/app/stage/main.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/app/stage/outputs.tf",
        text: include_str!("../../templates/local/terraform/deploy/app/stage/outputs.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/app/stage/variables.tf",
        text: include_str!("../../templates/local/terraform/deploy/app/stage/variables.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/base/main.tf",
        text: include_str!("../../templates/local/terraform/deploy/base/main.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/base/outputs.tf",
        text: include_str!("../../templates/local/terraform/deploy/base/outputs.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/dotenv/main.tf",
        text: include_str!("../../templates/local/terraform/deploy/dotenv/main.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/dotenv/outputs.tf",
        text: include_str!("../../templates/local/terraform/deploy/dotenv/outputs.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/dotenv/variables.tf",
        text: include_str!("../../templates/local/terraform/deploy/dotenv/variables.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/meta/main.tf",
        text: include_str!("../../templates/local/terraform/deploy/meta/main.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/meta/outputs.tf",
        text: include_str!("../../templates/local/terraform/deploy/meta/outputs.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/meta/variables.tf",
        text: include_str!("../../templates/local/terraform/deploy/meta/variables.tf"),
    },
    TemplateFile {
        path: "terraform/deploy/meta/vars.tfvars",
        text: include_str!("../../templates/local/terraform/deploy/meta/vars.tfvars"),
    },
    TemplateFile {
        path: "terraform/modules/server/main.tf",
        text: include_str!("../../templates/local/terraform/modules/server/main.tf"),
    },
    TemplateFile {
        path: "terraform/modules/server/outputs.tf",
        text: include_str!("../../templates/local/terraform/modules/server/outputs.tf"),
    },
    TemplateFile {
        path: "terraform/modules/server/variables.tf",
        text: include_str!("../../templates/local/terraform/modules/server/variables.tf"),
    },
];
