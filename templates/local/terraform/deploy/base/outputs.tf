# Terraform does not look at the things that a command has made. The preconditions do, so that a loss stops the next plan. `try`,
# so that it does not stop a destroy.

output "domain_name" {
  value = local.meta.domain_name
}

output "repository_path" {
  value = abspath(terraform_data.repository.output)

  precondition {
    condition     = fileexists("${terraform_data.repository.output}/HEAD")
    error_message = "The repository is gone. Make a new one: terraform apply -replace=terraform_data.repository"
  }
}

output "repository_url" {
  description = "What `git remote add` takes."
  value       = "file://${abspath(terraform_data.repository.output)}"
}

output "ssh_public_key" {
  value = try(trimspace(file("${terraform_data.ssh_key.output}.pub")), null)
}

output "ssh_key" {
  description = "The private key itself."
  sensitive   = true
  value       = try(file(terraform_data.ssh_key.output), null)

  precondition {
    condition     = fileexists(terraform_data.ssh_key.output) && fileexists("${terraform_data.ssh_key.output}.pub")
    error_message = "The ssh key is gone. Make a new one: terraform apply -replace=terraform_data.ssh_key"
  }
}
