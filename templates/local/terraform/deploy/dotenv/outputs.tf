output "env_file_map_stage" {
  sensitive = true
  value     = terraform_data.stage.output
}

output "env_file_map_prod" {
  sensitive = true
  value     = terraform_data.prod.output
}
