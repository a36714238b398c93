output "domain_name" {
  value = local.meta.domain_name
}

output "repository_path" {
  value = abspath(terraform_data.repository.output)
}

output "repository_url" {
  description = "What `git remote add` takes."
  value       = "file://${abspath(terraform_data.repository.output)}"
}

output "ssh_public_key" {
  value = trimspace(file("${terraform_data.ssh_key.output}.pub"))

  precondition {
    condition     = fileexists("${terraform_data.ssh_key.output}.pub")
    error_message = "The public key is gone. Make it again: terraform apply -replace=terraform_data.ssh_key"
  }
}

output "ssh_key" {
  description = "The private key itself."
  sensitive   = true
  value       = file(terraform_data.ssh_key.output)

  precondition {
    condition     = fileexists(terraform_data.ssh_key.output)
    error_message = "The private key is gone. Make a new one: terraform apply -replace=terraform_data.ssh_key"
  }
}
