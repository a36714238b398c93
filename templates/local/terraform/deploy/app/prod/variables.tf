variable "domain" {
  description = "The domain name that base gives out."
  type        = string
}
