project_name = "local-app"
domain_name  = "local-app.test"

environments = {
  stage = { subdomain = "stage" }
  prod  = { subdomain = "" }
}
