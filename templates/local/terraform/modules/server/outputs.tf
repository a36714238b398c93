output "host" {
  value = "localhost"
}

# Terraform does not look at the things that a command has made. The precondition does, so that a loss stops the next plan.
output "path" {
  value = abspath(terraform_data.server.output)

  precondition {
    condition     = alltrue([for file in concat(values(terraform_data.file), values(terraform_data.secret)) : fileexists(file.output)])
    error_message = "Files of the server are gone. Write them again: terraform apply -replace=module.server.terraform_data.server"
  }
}

output "host_name" {
  value = var.host_name
}

output "secret_names" {
  value = local.secret_names
}
