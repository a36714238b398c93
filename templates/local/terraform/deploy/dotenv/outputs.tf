output "env_file_map_stage" {
  sensitive = true
  value     = terraform_data.env_file_map["stage"].output
}

output "env_file_map_prod" {
  sensitive = true
  value     = terraform_data.env_file_map["prod"].output
}
