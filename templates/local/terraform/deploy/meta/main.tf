# The place where all other workspaces keep their things, and the list of these workspaces.
#
# Resources know paths relative to this folder, outputs give names inside .local: a project that is moved or copied never
# touches the things of the place it came from.

terraform {
  required_version = ">= 1.4"

  backend "local" {
    path = "../../../.local/state/meta.tfstate"
  }
}

locals {
  place      = "../../../.local"
  workspaces = toset(concat(["base", "dotenv"], keys(var.environments)))
}

# Terraform runs no destroy provisioner for a resource whose making was interrupted. So the one that removes makes nothing.
resource "terraform_data" "folder" {
  for_each = toset(["keys", "repositories", "servers"])

  input            = "${local.place}/${each.key}"
  triggers_replace = "${local.place}/${each.key}"

  # Only an empty folder goes: what is in it belongs to somebody else.
  provisioner "local-exec" {
    when        = destroy
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { folder = self.input }
    command     = <<-BASH
      [[ ! -d $folder ]] || rmdir -- "$folder"
    BASH
  }
}

# States hold secrets, so the place is private before any of them is written.
resource "terraform_data" "place" {
  input            = local.place
  triggers_replace = [for folder in terraform_data.folder : folder.id]

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { place = self.input, folders = join(" ", keys(terraform_data.folder)) }
    command     = <<-BASH
      umask 077
      mkdir -p -- "$place/state"
      chmod 700 -- "$place" "$place/state"
      for folder in $folders; do
        mkdir -p -- "$place/$folder"
      done
    BASH
  }
}

# A workspace that still has resources can't be forgotten.
resource "terraform_data" "workspace" {
  for_each = local.workspaces

  input            = "${local.place}/state/${each.key}.tfstate"
  triggers_replace = "${local.place}/state/${each.key}.tfstate"

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { name = each.key, state = self.input }
    command     = <<-BASH
      if [[ -e $state ]] && ! grep -q '"resources": \[\]' "$state"; then
        echo "The workspace $name still has resources: destroy it before meta." >&2
        exit 1
      fi
    BASH
  }

  depends_on = [terraform_data.place]
}
