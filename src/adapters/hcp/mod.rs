//! HCP Terraform and Terraform Enterprise, as far as terraform does not tell: where a workspace makes its plans, and who has locked it.
//!
//! terraform itself is who reads and writes states there. It can't tell who holds a lock (it prints the asker's own block), and says only in the middle
//! of a plan that this is made elsewhere. Shapes are those of the vendor's API reference
//! (<https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces>) and of go-tfe; there is no published OpenAPI description.
//!
//! Deliberately absent: runs. A plan that is made there is not the file that is approved here.

pub mod credentials;
pub mod place;
pub mod workspace;

use super::vendor::{Method, Operation, Request, Unreadable, Vendor};

/// Where a `cloud` block without a host keeps its states.
pub const DEFAULT_HOST: &str = "app.terraform.io";

/// HCP Terraform. Its base address is that of the host which a root names, so no variable has one, and the token is found by `credentials`.
pub const HCP: Vendor = Vendor {
    name: "HCP Terraform",
    credential: ("authorization", "Bearer "),
    headers: &[("accept", "application/vnd.api+json, application/json")],
    token_variables: &[],
    base_variable: "",
    default_base: "https://app.terraform.io",
    new_token: "make a token with `terraform login`",
    sign_in: Some("terraform login"),
    next_page: |_| None,
    is_limit: |_| false,
    missing_permission: |_| None,
};

/// What the token has to be allowed to do.
const READ: &str = "to read the workspace";

/// Reads where a host has its API, from the host: `/api/v2`. <https://developer.hashicorp.com/terraform/internals/remote-service-discovery>
pub fn discover() -> Operation<String> {
    let thing = "the list of services";
    Operation {
        request: Request::new(
            Method::Get,
            "/.well-known/terraform.json",
            "tell where its API is",
            thing,
            READ,
        ),
        parse: |reply| {
            let services = reply.json().unwrap_or_default();
            let found = services.get("tfe.v2").and_then(serde_json::Value::as_str);
            // One on another host would get the token of this one.
            let path = found.filter(|path| path.starts_with('/') && !path.starts_with("//"));
            let unreadable = || Unreadable("it offers no `tfe.v2` of its own".to_owned());
            Ok(path.ok_or_else(unreadable)?.trim_end_matches('/').to_owned())
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::vendor::Reply;

    #[test]
    fn an_api_is_taken_only_from_the_host_that_names_it() {
        let read = |body: &str| (discover().parse)(&Reply::new(200, &[], body)).ok();
        assert_eq!(read(r#"{"modules.v1":"/x/","tfe.v2":"/api/v2/"}"#).as_deref(), Some("/api/v2"));
        for body in
            [r#"{"tfe.v2":"https://elsewhere.example/api/v2/"}"#, r#"{"tfe.v2":"//elsewhere/"}"#, "{}", "no"]
        {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
