# A server that is a folder: it has its secrets, the key that opens it and a description of itself. Deployments go into it as well.
#
# The folder, each file and each secret is a resource of its own. A changed secret replaces one file and nothing else, and no
# file is ever missing or half written: it is written next to its place and moved over the old one.

# Terraform runs no destroy provisioner for a resource whose making was interrupted. So the one that removes makes nothing.
resource "terraform_data" "path" {
  input            = var.path
  triggers_replace = var.path

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { server = self.input }
    command     = <<-BASH
      rm -rf -- "$server"
    BASH
  }
}

resource "terraform_data" "server" {
  input            = terraform_data.path.output
  triggers_replace = terraform_data.path.id

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { server = self.input }
    command     = <<-BASH
      umask 077
      mkdir -p -- "$server/secrets"
    BASH
  }
}

resource "terraform_data" "file" {
  for_each = {
    "authorized_keys" = "${var.authorized_key}\n"
    "server.json" = format("%s\n", jsonencode({
      environment = var.environment
      domain      = var.domain
      host_name   = var.host_name
      path        = abspath(var.path)
      repository  = var.repository
    }))
  }

  input            = "${terraform_data.server.output}/${each.key}"
  triggers_replace = [terraform_data.server.id, each.value]

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { file = self.input, content = each.value }
    command     = <<-BASH
      umask 077
      rm -f -- "$file".new.*
      printf '%s' "$content" >"$file.new.$$"
      mv -f -- "$file.new.$$" "$file"
    BASH
  }
}

# Removes the secrets that the environment no longer has.
resource "terraform_data" "secret_names" {
  triggers_replace = [terraform_data.server.id, local.secret_names]

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { secrets = "${terraform_data.server.output}/secrets", names = join(" ", local.secret_names) }
    command     = <<-BASH
      shopt -s nullglob
      for file in "$secrets"/*; do
        [[ " $names " == *" $${file##*/} "* ]] || rm -f -- "$file"
      done
    BASH
  }
}

# The value travels in the environment: arguments can be read by every user of the machine.
resource "terraform_data" "secret" {
  for_each = toset(local.secret_names)

  input            = "${terraform_data.server.output}/secrets/${each.key}"
  triggers_replace = [terraform_data.server.id, sha256(var.env_file_map[each.key])]

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { file = self.input, value = var.env_file_map[each.key] }
    command     = <<-BASH
      umask 077
      rm -f -- "$file".new.*
      printf '%s' "$value" | base64 -d >"$file.new.$$"
      mv -f -- "$file.new.$$" "$file"
    BASH
  }

  depends_on = [terraform_data.secret_names]
}

locals {
  secret_names = sort(nonsensitive(keys(var.env_file_map)))
}
