output "host" {
  value = "localhost"
}

output "path" {
  value = abspath(terraform_data.server.output)
}

output "host_name" {
  value = var.host_name
}

output "secret_names" {
  value = local.secret_names
}
