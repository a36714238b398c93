# Both maps: the name of a secret to the base64 of its file's bytes. A name becomes the name of a file on a server. 48 KB is
# what GitHub takes. They may be left out for a destroy, when the env files are long gone.

variable "env_file_map_stage" {
  type      = map(string)
  sensitive = true
  nullable  = false
  default   = {}

  validation {
    condition     = alltrue([for name in keys(var.env_file_map_stage) : can(regex("^[A-Z_][A-Z0-9_]*$", name))])
    error_message = "The name of a secret has capital letters, digits and underscores, and does not start with a digit."
  }
  validation {
    condition     = alltrue([for value in values(var.env_file_map_stage) : can(regex("^[A-Za-z0-9+/]*={0,2}$", value)) && length(value) <= 65536])
    error_message = "The value of a secret is the base64, in one line, of a file of at most 48 KB."
  }
}

variable "env_file_map_prod" {
  type      = map(string)
  sensitive = true
  nullable  = false
  default   = {}

  validation {
    condition     = alltrue([for name in keys(var.env_file_map_prod) : can(regex("^[A-Z_][A-Z0-9_]*$", name))])
    error_message = "The name of a secret has capital letters, digits and underscores, and does not start with a digit."
  }
  validation {
    condition     = alltrue([for value in values(var.env_file_map_prod) : can(regex("^[A-Za-z0-9+/]*={0,2}$", value)) && length(value) <= 65536])
    error_message = "The value of a secret is the base64, in one line, of a file of at most 48 KB."
  }
}
