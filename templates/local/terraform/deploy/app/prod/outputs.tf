output "server_host" {
  description = "The machine to connect to."
  value       = module.server.host
}

output "server_path" {
  description = "The server's folder on that machine."
  value       = module.server.path
}

output "host_name" {
  description = "The name that the server answers to."
  value       = module.server.host_name
}

output "secret_names" {
  value = module.server.secret_names
}
