# The environment that people try things in.

terraform {
  required_version = ">= 1.4"

  backend "local" {
    path = "../../../../.local/state/stage.tfstate"
  }
}

locals {
  place  = "../../../../.local"
  meta   = data.terraform_remote_state.workspace["meta"].outputs
  base   = data.terraform_remote_state.workspace["base"].outputs
  dotenv = data.terraform_remote_state.workspace["dotenv"].outputs
}

data "terraform_remote_state" "workspace" {
  for_each = toset(["meta", "base", "dotenv"])

  backend = "local"
  config  = { path = "${local.place}/state/${each.key}.tfstate" }

  lifecycle {
    precondition {
      condition     = fileexists("${local.place}/state/${each.key}.tfstate")
      error_message = "The workspace ${each.key} has no state: apply it before stage."
    }
    postcondition {
      condition     = length(keys(self.outputs)) > 0
      error_message = "The workspace ${each.key} has no outputs: apply it before stage."
    }
  }
}

module "server" {
  source = "../../../modules/server"

  environment    = "stage"
  domain         = var.domain
  host_name      = local.meta.environments["stage"].host_name
  path           = "${local.place}/${local.meta.folders.servers}/stage"
  repository     = local.base.repository_path
  authorized_key = local.base.ssh_public_key
  env_file_map   = local.dotenv.env_file_map_stage
}
