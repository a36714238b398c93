# The secrets of each environment, on their way from the env files to the servers.

terraform {
  required_version = ">= 1.4"

  backend "local" {
    path = "../../../.local/state/dotenv.tfstate"
  }
}

locals {
  place = "../../../.local"
}

# This state is all secrets: it is written only into the private folder that meta makes.
data "terraform_remote_state" "meta" {
  backend = "local"
  config  = { path = "${local.place}/state/meta.tfstate" }

  lifecycle {
    precondition {
      condition     = fileexists("${local.place}/state/meta.tfstate")
      error_message = "The workspace meta has no state: apply it before dotenv."
    }
    postcondition {
      condition     = can(self.outputs.folders)
      error_message = "The workspace meta has no outputs: apply it before dotenv."
    }
  }
}

resource "terraform_data" "stage" {
  input = var.env_file_map_stage

  lifecycle {
    precondition {
      condition     = length(var.env_file_map_stage) > 0
      error_message = "There are no env files for stage: .envs/.production and .envs/.staging have none, or env_file_map_stage was not given."
    }
  }

  depends_on = [data.terraform_remote_state.meta]
}

resource "terraform_data" "prod" {
  input = var.env_file_map_prod

  lifecycle {
    precondition {
      condition     = length(var.env_file_map_prod) > 0
      error_message = "There are no env files for prod: .envs/.production has none, or env_file_map_prod was not given."
    }
  }

  depends_on = [data.terraform_remote_state.meta]
}
