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

# States hold secrets, so the place is private before any is written.
resource "terraform_data" "place" {
  input            = local.place
  triggers_replace = local.place

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { place = self.input }
    command     = <<-BASH
      mkdir -p -- "$place/state"
      chmod 700 -- "$place" "$place/state"
    BASH
  }
}

resource "terraform_data" "folder" {
  for_each = toset(["keys", "repositories", "servers"])

  input            = "${terraform_data.place.input}/${each.key}"
  triggers_replace = "${terraform_data.place.input}/${each.key}"

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { folder = self.input }
    command     = <<-BASH
      umask 077
      mkdir -p -- "$folder"
    BASH
  }

  # Only an empty folder goes: what is in it belongs to somebody else.
  provisioner "local-exec" {
    when        = destroy
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { folder = self.input }
    command     = <<-BASH
      [[ ! -d $folder ]] || rmdir -- "$folder"
    BASH
  }

  depends_on = [terraform_data.place]
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

  depends_on = [terraform_data.folder]
}
