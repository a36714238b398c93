variable "project_name" {
  description = "Names the project in keys and descriptions."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.project_name))
    error_message = "A project name has small letters, digits and hyphens, and starts with a letter."
  }
}

variable "domain_name" {
  description = "The domain under which the environments live. Nothing asks a name server for it."
  type        = string
}

variable "environments" {
  description = "The environments by name. An empty subdomain is the domain itself."
  type        = map(object({ subdomain = string }))
}
