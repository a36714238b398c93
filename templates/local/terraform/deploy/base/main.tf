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

# Both are made under another name and then moved into place, so an interrupted apply leaves none that is half made, and the
# next one keeps what it finds complete.

resource "terraform_data" "repository" {
  input            = local.repository
  triggers_replace = local.repository

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { repository = self.input }
    command     = <<-BASH
      unset $(git rev-parse --local-env-vars)
      umask 077
      if [[ ! -e $repository ]]; then
        rm -rf -- "$repository.new"
        git init --quiet --bare --initial-branch=main -- "$repository.new"
        mv -- "$repository.new" "$repository"
      fi
    BASH
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { repository = self.input }
    command     = <<-BASH
      rm -rf -- "$repository" "$repository.new"
    BASH
  }
}

resource "terraform_data" "ssh_key" {
  input            = local.ssh_key
  triggers_replace = local.ssh_key

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { key = self.input, comment = local.meta.project_name }
    command     = <<-BASH
      umask 077
      rm -f -- "$key.new" "$key.new.pub"
      if [[ ! -s $key ]]; then
        ssh-keygen -q -t ed25519 -N '' -C "$comment" -f "$key.new"
        mv -f -- "$key.new" "$key"
      fi
      ssh-keygen -y -P '' -f "$key" >"$key.new.pub"
      mv -f -- "$key.new.pub" "$key.pub"
    BASH
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { key = self.input }
    command     = <<-BASH
      rm -f -- "$key" "$key.pub" "$key.new" "$key.new.pub"
    BASH
  }
}
