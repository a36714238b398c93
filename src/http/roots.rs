//! Whom a TLS connection believes: the roots of trust that the environment or the system names, and Mozilla's where there are none.

use std::path::Path;

use ureq::tls::{Certificate, RootCerts};

use super::web::{Settings, WebError};

/// The roots, and what a message calls them.
pub(super) fn roots(settings: &Settings) -> Result<(RootCerts, String), WebError> {
    let (file, dir) = (settings.cert_file.as_deref(), settings.cert_dir.as_deref());
    if file.is_none() && dir.is_none() {
        return Ok(of_the_system(&rustls_native_certs::load_native_certs().certs));
    }
    let named = names(file, dir);
    let found = rustls_native_certs::load_certs_from_paths(file, dir);
    match (found.certs.is_empty(), found.errors.first()) {
        // What a person names is used or refused. The system's store in its place could believe somebody whom they do not.
        (true, Some(error)) => Err(WebError::Setup(format!("{named} gives no certificate: {error}"))),
        (true, None) => Err(WebError::Setup(format!("{named} gives no certificate"))),
        (false, _) => Ok((specific(&found.certs), format!("the certificates of {named}"))),
    }
}

/// What the system believes; a bare container believes nobody, and then Mozilla is asked.
fn of_the_system<C: AsRef<[u8]>>(certs: &[C]) -> (RootCerts, String) {
    match certs.is_empty() {
        true => (RootCerts::WebPki, "Mozilla's roots of trust".to_owned()),
        false => (specific(certs), "the system's roots of trust".to_owned()),
    }
}

fn names(file: Option<&Path>, dir: Option<&Path>) -> String {
    let name = |variable: &str, path: &Path| format!("{variable} ({})", path.display());
    let file = file.map(|path| name("SSL_CERT_FILE", path));
    let dir = dir.map(|path| name("SSL_CERT_DIR", path));
    file.into_iter().chain(dir).collect::<Vec<_>>().join(" and ")
}

fn specific<C: AsRef<[u8]>>(certs: &[C]) -> RootCerts {
    let certs: Vec<Certificate<'static>> =
        certs.iter().map(|cert| Certificate::from_der(cert.as_ref()).to_owned()).collect();
    RootCerts::new_with_certs(&certs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_without_roots_believes_whom_mozilla_believes() {
        let (roots, named) = of_the_system::<&[u8]>(&[]);
        assert!(matches!(roots, RootCerts::WebPki));
        assert_eq!(named, "Mozilla's roots of trust");
        let (roots, named) = of_the_system(&[b"a certificate"]);
        assert!(matches!(roots, RootCerts::Specific(certs) if certs.len() == 1));
        assert_eq!(named, "the system's roots of trust");
    }
}
