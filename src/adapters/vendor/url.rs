//! Addresses: putting them together, and whether two are on the same host.

/// `text` as one segment of a path: what is not a letter, a digit or one of `-._~` is percent-encoded, a `/` too.
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    // A path of dots alone would be resolved away.
    match encoded.as_str() {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => encoded,
    }
}

/// `name=value&…`, encoded.
pub fn query_text<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pair = |(name, value)| format!("{}={}", segment(name), segment(value));
    pairs.into_iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Scheme, host and port of a URL, in lower case and with no port that goes without saying; then the rest.
pub(super) fn origin(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let scheme = scheme.to_ascii_lowercase();
    let authority = authority.to_ascii_lowercase();
    let implied = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(implied).unwrap_or(&authority);
    (!authority.is_empty()).then(|| (format!("{scheme}://{authority}"), rest))
}

/// Whether the host of an origin is this machine.
pub(super) fn is_loopback(origin: &str) -> bool {
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    let host = match authority.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<core::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Where a redirect of `from` to `location` leads, where that is the same origin.
pub(super) fn redirected(from: &str, location: &str) -> Option<String> {
    let (here, _) = origin(from)?;
    if location.starts_with('/') && !location.starts_with("//") && !location.starts_with("/\\") {
        return Some(format!("{here}{location}"));
    }
    let (there, rest) = origin(location)?;
    (there == here).then(|| format!("{here}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_one_segment() {
        assert_eq!(segment("prod/eu west"), "prod%2Feu%20west");
        assert_eq!(segment("é~_-.A9"), "%C3%A9~_-.A9");
        assert_eq!(segment(".."), "%2E%2E");
        assert_eq!(
            query_text([("filter[environment_scope]", "*"), ("a", "b&c")]),
            "filter%5Benvironment_scope%5D=%2A&a=b%26c"
        );
    }

    #[test]
    fn a_redirect_stays_on_its_host() {
        let from = "https://api.github.com/repos/a/b";
        for (location, expected) in [
            ("https://api.github.com/repositories/1", Some("https://api.github.com/repositories/1")),
            ("https://API.github.com:443/x?y=1", Some("https://api.github.com/x?y=1")),
            ("/repositories/1", Some("https://api.github.com/repositories/1")),
            ("https://evil.example/repositories/1", None),
            ("https://api.github.com@evil.example/", None),
            ("https://api.github.com.evil.example/", None),
            ("https://api.github.com:8443/", None),
            ("http://api.github.com/", None),
            ("//evil.example/", None),
            ("/\\evil.example/", None),
            ("repositories/1", None),
        ] {
            assert_eq!(redirected(from, location).as_deref(), expected, "{location}");
        }
    }

    #[test]
    fn this_machine_has_several_names() {
        for (origin, expected) in [
            ("http://127.0.0.1:8080", true),
            ("http://localhost", true),
            ("http://[::1]:80", true),
            ("http://localhost.example", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(origin), expected, "{origin}");
        }
    }
}
