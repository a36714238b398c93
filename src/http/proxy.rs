//! Which hosts are asked without the proxy: `NO_PROXY` as curl and Go read it.

/// Whether `no_proxy` keeps `url` from the proxy.
///
/// A list with commas: `*` is everybody; a name is that host and all below it, with or without a dot or `*.` before it; a port after it
/// limits it to that port. Addresses are compared as they are written, and a range of them (`10.0.0.0/8`) is no name of anybody.
pub(super) fn is_direct(url: &str, no_proxy: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = host_and_port(authority.rsplit('@').next().unwrap_or_default());
    let port = port.unwrap_or("443");
    no_proxy.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let (name, only) = host_and_port(entry);
        let name = name.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
        let host = host.to_ascii_lowercase();
        let is_below = host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'));
        entry == "*" || !name.is_empty() && (host == name || is_below) && only.is_none_or(|only| only == port)
    })
}

/// `[::1]:443` and `::1` are addresses with and without a port.
fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    if let Some((address, rest)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':'));
    }
    match authority.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_names_hosts_and_all_below_them() {
        for (url, no_proxy, expected) in [
            ("https://api.github.com/user", "", false),
            ("https://api.github.com/user", "*", true),
            ("https://api.github.com/user", "github.com", true),
            ("https://api.github.com/user", ".github.com", true),
            ("https://api.github.com/user", "*.GitHub.com", true),
            ("https://api.github.com/user", "hub.com", false),
            ("https://api.github.com/user", "localhost, api.github.com", true),
            ("https://api.github.com/user", "api.github.com:443", true),
            ("https://api.github.com/user", "api.github.com:8443", false),
            ("https://127.0.0.1:8443/user", "127.0.0.1", true),
            ("https://127.0.0.1:8443/user", "127.0.0.0/8,.", false),
            ("https://[::1]:8443/user", "::1", true),
            ("https://[::1]:8443/user", "[::1]:8443", true),
        ] {
            assert_eq!(is_direct(url, no_proxy), expected, "{url} {no_proxy}");
        }
    }
}
