terraform {
  required_version = ">= 1.4"
}

variable "environment" {
  type = string
}

variable "domain" {
  type = string
}

variable "host_name" {
  type = string
}

variable "path" {
  description = "The server's folder, relative to the folder that terraform runs in."
  type        = string
}

variable "repository" {
  description = "The repository that releases come from."
  type        = string
}

variable "authorized_key" {
  description = "The public key that opens the server."
  type        = string
}

variable "env_file_map" {
  description = "The name of a secret to the base64 of its bytes."
  type        = map(string)
  sensitive   = true
}
