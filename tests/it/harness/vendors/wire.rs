//! TLS and HTTP/1.1, as much as a stand-in needs: one request for each connection.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Asked, Given};

/// A throw-away authority, and what it signed for this machine.
pub(crate) struct Authority {
    file: tempfile::NamedTempFile,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        // A name of its own, or what it signs looks to OpenSSL as if it had signed itself.
        params.distinguished_name.push(DnType::CommonName, "stand-in authority");
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let own = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let leaf = CertificateParams::new(names).unwrap().signed_by(&own, &issuer).unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(root.pem().as_bytes()).unwrap();
        let key = PrivateKeyDer::try_from(own.serialize_der()).unwrap();
        Self { file, chain: vec![leaf.der().clone()], key }
    }

    /// Its own certificate, for SSL_CERT_FILE.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    pub(super) fn server(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .unwrap();
        Arc::new(config)
    }
}

/// Reads one request and gives what `react` says. Whoever does not believe us hangs up, and that is theirs to tell.
pub(super) fn serve(stream: TcpStream, tls: Arc<ServerConfig>, react: impl FnOnce(Asked) -> Option<Given>) {
    let connection = ServerConnection::new(tls).unwrap();
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let Some(asked) = read(&mut reader) else { return };
    // Nothing: cut. The socket is closed without TLS' good-bye.
    let Some(given) = react(asked) else { return };
    let body =
        given.bytes.or_else(|| given.body.map(|body| body.to_string().into_bytes())).unwrap_or_default();
    let mut head =
        format!("HTTP/1.1 {} -\r\ncontent-length: {}\r\nconnection: close\r\n", given.status, body.len());
    if given.status == 204 {
        head = "HTTP/1.1 204 -\r\nconnection: close\r\n".to_owned();
    }
    for (name, value) in &given.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let stream = reader.get_mut();
    stream.write_all(&[head.as_bytes(), b"\r\n", &body].concat()).ok();
    stream.conn.send_close_notify();
    stream.flush().ok();
}

fn read(reader: &mut BufReader<StreamOwned<ServerConnection, TcpStream>>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    });
    Some(Asked { method, path: path.to_owned(), query: pairs.collect(), headers, body })
}

/// Without percent-encoding.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}
