output "project_name" {
  value = var.project_name
}

output "domain_name" {
  value = var.domain_name
}

output "environments" {
  description = "The environments by name, each with its host name."
  value = {
    for name, environment in var.environments :
    name => { host_name = join(".", compact([environment.subdomain, var.domain_name])) }
  }
}

output "workspaces" {
  description = "The workspaces that keep their state in this place."
  value       = sort(keys(terraform_data.workspace))
}

output "folders" {
  description = "The folders inside .local, by what they hold."
  value       = { for name, folder in terraform_data.folder : name => basename(folder.input) }
}
