# The name of a secret to the base64 of its file's bytes. They may be left out for a destroy, when the env files are long gone.

variable "env_file_map_stage" {
  type      = map(string)
  sensitive = true
  nullable  = false
  default   = {}
}

variable "env_file_map_prod" {
  type      = map(string)
  sensitive = true
  nullable  = false
  default   = {}
}
