# What all environments share: the repository that is deployed from, and the key that opens the servers.

terraform {
  required_version = ">= 1.4"

  backend "local" {
    path = "../../../.local/state/base.tfstate"
  }
}

locals {
  place = "../../../.local"
  meta  = data.terraform_remote_state.meta.outputs

  # Not named after the project: a new project name must not replace a repository that has commits.
  repository = "${local.place}/${local.meta.folders.repositories}/app.git"
  ssh_key    = "${local.place}/${local.meta.folders.keys}/deploy_ed25519"
}

data "terraform_remote_state" "meta" {
  backend = "local"
  config  = { path = "${local.place}/state/meta.tfstate" }

  lifecycle {
    precondition {
      condition     = fileexists("${local.place}/state/meta.tfstate")
      error_message = "The workspace meta has no state: apply it before base."
    }
    postcondition {
      condition     = can(self.outputs.folders)
      error_message = "The workspace meta has no outputs: apply it before base."
    }
  }
}

# Terraform runs no destroy provisioner for a resource whose making was interrupted. So the one that removes makes nothing.
resource "terraform_data" "path" {
  for_each = { repository = local.repository, ssh_key = local.ssh_key }

  input            = each.value
  triggers_replace = each.value

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { path = self.input }
    command     = <<-BASH
      rm -rf -- "$path" "$path.pub" "$path".new.*
    BASH
  }
}

# Both are made elsewhere and then moved into place: an interrupted apply leaves none that is half made, and the next one keeps
# what it finds complete. Each run has a name of its own, for a killed terraform leaves its commands running.

resource "terraform_data" "repository" {
  input            = terraform_data.path["repository"].output
  triggers_replace = terraform_data.path["repository"].id

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { repository = self.input }
    command     = <<-BASH
      unset $(git rev-parse --local-env-vars)
      umask 077
      rm -rf -- "$repository".new.*
      if [[ ! -e $repository ]]; then
        new=$repository.new.$$
        git init --quiet --bare --initial-branch=main -- "$new/$${repository##*/}"
        mv -- "$new/$${repository##*/}" "$${repository%/*}/" || [[ -e $repository ]]
        rm -rf -- "$new"
      fi
    BASH
  }
}

resource "terraform_data" "ssh_key" {
  input            = terraform_data.path["ssh_key"].output
  triggers_replace = terraform_data.path["ssh_key"].id

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { key = self.input, comment = local.meta.project_name }
    command     = <<-BASH
      umask 077
      rm -rf -- "$key".new.*
      new=$key.new.$$
      mkdir -- "$new"
      if [[ ! -s $key ]]; then
        ssh-keygen -q -t ed25519 -N '' -C "$comment" -f "$new/key"
        mv -n -- "$new/key" "$key" || [[ -s $key ]]
      fi
      ssh-keygen -y -P '' -f "$key" >"$new/key.pub"
      mv -f -- "$new/key.pub" "$key.pub"
      rm -rf -- "$new"
    BASH
  }
}
