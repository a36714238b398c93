# The secrets of each environment, on their way from the env files to the servers.

terraform {
  required_version = ">= 1.4"

  backend "local" {
    path = "../../../.local/state/dotenv.tfstate"
  }
}

locals {
  place         = "../../../.local"
  env_file_maps = { stage = var.env_file_map_stage, prod = var.env_file_map_prod }
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

# The checks are here and not at the variables, because terraform shows the line of the file that a refused variable came from,
# secrets and all. A name becomes the name of a file on a server. 48 KB is what GitHub takes for a secret.
resource "terraform_data" "env_file_map" {
  for_each = toset(["stage", "prod"])

  input = local.env_file_maps[each.key]

  lifecycle {
    precondition {
      condition     = length(local.env_file_maps[each.key]) > 0
      error_message = "There are no env files for ${each.key}, or env_file_map_${each.key} was not given."
    }
    precondition {
      condition     = alltrue([for name in keys(local.env_file_maps[each.key]) : can(regex("^[A-Z_][A-Z0-9_]*$", name))])
      error_message = "The name of a secret has capital letters, digits and underscores, and does not start with a digit."
    }
    precondition {
      condition     = alltrue([for value in values(local.env_file_maps[each.key]) : can(regex("^[A-Za-z0-9+/]*={0,2}$", value)) && length(value) <= 65536])
      error_message = "The value of a secret is the base64, in one line, of a file of at most 48 KB."
    }
  }

  depends_on = [data.terraform_remote_state.meta]
}
