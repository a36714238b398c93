# A server that is a folder: it has its secrets, the key that opens it, a description of itself, and room for releases.
#
# The folder, each file and each secret is a resource of its own. A changed secret replaces one file and nothing else, and no
# file is ever missing or half written: it is written next to its place and moved over the old one.

resource "terraform_data" "server" {
  input            = var.path
  triggers_replace = var.path

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { server = self.input }
    command     = <<-BASH
      umask 077
      mkdir -p -- "$server/releases" "$server/secrets"
    BASH
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { server = self.input }
    command     = <<-BASH
      rm -rf -- "$server"
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

  triggers_replace = [terraform_data.server.id, each.value]

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { file = "${terraform_data.server.input}/${each.key}", content = each.value }
    command     = <<-BASH
      umask 077
      printf '%s' "$content" >"$file.new"
      mv -f -- "$file.new" "$file"
    BASH
  }
}

# Removes the secrets that the environment no longer has.
resource "terraform_data" "secret_names" {
  triggers_replace = [terraform_data.server.id, local.secret_names]

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { secrets = "${terraform_data.server.input}/secrets", names = join(" ", local.secret_names) }
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

  triggers_replace = [terraform_data.server.id, sha256(var.env_file_map[each.key])]

  provisioner "local-exec" {
    interpreter = ["bash", "-euo", "pipefail", "-c"]
    environment = { file = "${terraform_data.server.input}/secrets/${each.key}", value = var.env_file_map[each.key] }
    command     = <<-BASH
      umask 077
      printf '%s' "$value" | base64 -d >"$file.new"
      mv -f -- "$file.new" "$file"
    BASH
  }

  depends_on = [terraform_data.secret_names]
}

locals {
  secret_names = sort(nonsensitive(keys(var.env_file_map)))
}
