//! Caddy's admin interface: where its upstreams stand in its configuration, how long it takes to notice a change of health, and what
//! the configuration is without one of them. Pure; the calls go through a guest in Caddy's network, for the interface listens on its
//! loopback only.
//!
//! Which upstream is healthy can't be asked: `/reverse_proxy/upstreams` does not say. So one waits for as long as Caddy needs to notice.

pub mod leaving;

use std::time::Duration;

use serde_json::{Value, json};

/// Where a Caddyfile is loaded. An address, because `localhost` may stand for one that the admin interface does not listen on.
pub const LOAD: &str = "http://127.0.0.1:2019/load";

/// Where a Caddyfile is tried.
pub const ADAPT: &str = "http://127.0.0.1:2019/adapt";

/// Where the whole configuration is read.
pub const CONFIG: &str = "http://127.0.0.1:2019/config/";

/// The content of a Caddyfile.
pub const CADDYFILE: &str = "text/caddyfile";

/// Where Caddy's image keeps its Caddyfile.
pub const CADDYFILE_PATH: &str = "/etc/caddy/Caddyfile";

/// How often Caddy asks where nothing is said; `health_interval`.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);

/// How long it takes until Caddy has noticed a change of health for certain: the check that is under way, the next one, and one to spare, for
/// each upstream is asked by itself, and where a machine has much to do one answer may be late and another not. Checks that have to agree
/// are further intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticesWithin {
    /// That an upstream is healthy.
    pub coming: Duration,
    /// That one is not healthy any more.
    pub leaving: Duration,
}

impl NoticesWithin {
    /// Whichever takes longer.
    pub fn max(self, other: Self) -> Self {
        Self { coming: self.coming.max(other.coming), leaving: self.leaving.max(other.leaving) }
    }
}

/// The upstreams of one `reverse_proxy`.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstreams {
    /// Where the list stands: `/apps/http/…/upstreams`.
    pub path: String,
    /// The list.
    pub list: Vec<Value>,
    /// How long it takes until a change of health is noticed; `None`: it looks at nobody's health.
    pub notices_within: Option<NoticesWithin>,
    /// What it asks for to learn of health; `None`: what it asks for can't be asked by others in the same way.
    pub asks: Option<Asked>,
}

/// What Caddy asks for to learn of an upstream's health. Statuses from 200 to 299 are good ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// With its `/`.
    pub uri: String,
    /// `None`: the upstream's own.
    pub port: Option<u16>,
}

/// Whether a host name is one of those that are meant.
pub type IsMeant<'a> = &'a dyn Fn(&str) -> bool;

/// Every `reverse_proxy` that has an upstream whose host is meant.
pub fn upstreams(config: &Value, is_meant: IsMeant<'_>) -> Vec<Upstreams> {
    let mut found = Vec::new();
    walk(config, String::new(), is_meant, &mut found);
    found
}

fn walk(value: &Value, path: String, is_meant: IsMeant<'_>, found: &mut Vec<Upstreams>) {
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                walk(item, format!("{path}/{number}"), is_meant, found);
            }
        }
        Value::Object(_) if leaving::is_branch(value) => {}
        Value::Object(members) => {
            if members.get("handler").is_some_and(|handler| handler == "reverse_proxy")
                && let Some(list) = members.get("upstreams").and_then(Value::as_array)
                && list.iter().any(|upstream| host(upstream).is_some_and(is_meant))
            {
                let active = value.pointer("/health_checks/active");
                found.push(Upstreams {
                    path: format!("{path}/upstreams"),
                    list: list.clone(),
                    notices_within: active.map(notices_within),
                    asks: active.and_then(asks),
                });
            }
            for (name, member) in members {
                // The path of the admin interface has no way to write a `/` in a name; none of Caddy's own has one.
                walk(member, format!("{path}/{name}"), is_meant, found);
            }
        }
        _ => {}
    }
}

/// The host that an upstream is dialled at.
fn host(upstream: &Value) -> Option<&str> {
    Some(host_of(upstream.get("dial")?.as_str()?))
}

/// The host of an address that Caddy dials.
pub fn host_of(dial: &str) -> &str {
    let address = dial.strip_prefix("tcp/").unwrap_or(dial);
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}

fn notices_within(active: &Value) -> NoticesWithin {
    let interval = active.get("interval").and_then(duration).unwrap_or(DEFAULT_INTERVAL);
    let number =
        |key: &str| active.get(key).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    let within =
        |in_a_row: Option<u32>| interval.saturating_mul(in_a_row.unwrap_or(1).max(1).saturating_add(2));
    NoticesWithin { coming: within(number("passes")), leaving: within(number("fails")) }
}

fn asks(active: &Value) -> Option<Asked> {
    let is_plain = ["headers", "expect_body", "method"].iter().all(|key| active.get(key).is_none());
    let expected = active.get("expect_status").and_then(Value::as_u64).unwrap_or(2);
    if !is_plain || !matches!(expected, 0 | 2) {
        return None;
    }
    let uri = active.get("uri").or(active.get("path")).and_then(Value::as_str)?.to_owned();
    let port = active.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    Some(Asked { uri, port: port.filter(|port| *port != 0) })
}

/// Caddy writes nanoseconds, and takes text.
fn duration(value: &Value) -> Option<Duration> {
    match value {
        Value::Number(number) => number.as_u64().map(Duration::from_nanos),
        Value::String(text) => text.strip_suffix("ms").map_or_else(
            || {
                text.strip_suffix('s')?
                    .parse()
                    .ok()
                    .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            },
            |number| number.parse().ok().map(Duration::from_millis),
        ),
        _ => None,
    }
}

impl Upstreams {
    /// Where it is patched.
    pub fn url(&self) -> String {
        format!("{CONFIG}{}", self.path.trim_start_matches('/'))
    }

    /// The hosts that it dials.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.list.iter().filter_map(host)
    }

    /// The ports at which it dials those that are meant.
    pub fn ports(&self, is_meant: IsMeant<'_>) -> Vec<u16> {
        let port = |upstream: &Value| upstream.get("dial")?.as_str()?.rsplit_once(':')?.1.parse().ok();
        self.those(is_meant).iter().filter_map(port).collect()
    }

    /// Those of its upstreams that are meant.
    pub fn those(&self, is_meant: IsMeant<'_>) -> Vec<Value> {
        self.list.iter().filter(|upstream| host(upstream).is_some_and(is_meant)).cloned().collect()
    }

    /// The list without those that are meant; `None`: nothing would be left, or none is among them.
    pub fn without(&self, is_meant: IsMeant<'_>) -> Option<Vec<Value>> {
        let is_out = |upstream: &&Value| host(upstream).is_some_and(is_meant);
        let list: Vec<Value> = self.list.iter().filter(|upstream| !is_out(upstream)).cloned().collect();
        (!list.is_empty() && list.len() < self.list.len()).then_some(list)
    }

    /// The list with `to` as the host of each that is meant; `None`: it is so already.
    pub fn renamed(&self, is_meant: IsMeant<'_>, to: &str) -> Option<Vec<Value>> {
        let rename = |upstream: &Value| match host(upstream) {
            Some(host) if is_meant(host) => {
                let dial = upstream.get("dial").and_then(Value::as_str).unwrap_or_default();
                let port = dial.rsplit_once(':').map(|(_, port)| format!(":{port}")).unwrap_or_default();
                let mut upstream = upstream.clone();
                upstream["dial"] = json!(format!("{to}{port}"));
                upstream
            }
            _ => upstream.clone(),
        };
        let mut list: Vec<Value> = Vec::new();
        for upstream in self.list.iter().map(rename) {
            // Two names of one service become one.
            if !list.contains(&upstream) {
                list.push(upstream);
            }
        }
        (list != self.list).then_some(list)
    }

    /// The list with `upstreams` in it that are not there.
    pub fn with(&self, upstreams: &[Value]) -> Option<Vec<Value>> {
        let missing: Vec<&Value> =
            upstreams.iter().filter(|upstream| !self.list.contains(upstream)).collect();
        (!missing.is_empty()).then(|| self.list.iter().chain(missing).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `caddy adapt` of Caddy 2.6 makes of two replicas behind one `reverse_proxy` with a health check.
    const ADAPTED: &str = r#"{"admin":{"listen":"localhost:2019"},"apps":{"http":{"servers":{"srv0":{"listen":[":80"],"routes":[
        {"group":"group2","match":[{"path":["/static/*"]}],"handle":[{"handler":"subroute","routes":[{"handle":[{"handler":"file_server"}]}]}]},
        {"group":"group2","handle":[{"handler":"subroute","routes":[{"handle":[{"handler":"reverse_proxy",
            "health_checks":{"active":{"interval":300000000,"timeout":1000000000,"uri":"/healthz"}},
            "load_balancing":{"try_duration":5000000000},"upstreams":[{"dial":"web:8000"},{"dial":"web2:8000"}]}]}]}]}]}}}}}"#;

    fn config() -> Value {
        serde_json::from_str(ADAPTED).expect("JSON")
    }

    fn names<'a>(names: &'a [&'a str]) -> impl Fn(&str) -> bool + 'a {
        |name| names.contains(&name)
    }

    #[test]
    fn the_upstreams_of_a_service_are_found_where_they_stand() {
        let found = upstreams(&config(), &names(&["web2"]));
        let [one] = found.as_slice() else { panic!("one reverse_proxy: {found:?}") };
        let path = "/apps/http/servers/srv0/routes/1/handle/0/routes/0/handle/0/upstreams";
        assert_eq!(one.path, path);
        assert_eq!(one.url(), format!("http://127.0.0.1:2019/config{path}"));
        assert_eq!(config().pointer(path), Some(&Value::from(one.list.clone())));
        let (coming, leaving) = (Duration::from_millis(900), Duration::from_millis(900));
        assert_eq!(one.notices_within, Some(NoticesWithin { coming, leaving }));
        assert_eq!(one.asks, Some(Asked { uri: "/healthz".to_owned(), port: None }));
        assert_eq!(one.ports(&names(&["web"])), [8000]);
        assert!(upstreams(&config(), &names(&["db"])).is_empty());
    }

    #[test]
    fn how_long_it_takes_to_notice_follows_the_configuration() {
        let active = |active: Value| {
            let within = notices_within(&active);
            (within.coming.as_millis(), within.leaving.as_millis())
        };
        assert_eq!(active(json!({"uri": "/"})), (90_000, 90_000));
        assert_eq!(active(json!({"interval": "2s"})), (6000, 6000));
        assert_eq!(active(json!({"interval": "500ms", "fails": 5})), (1500, 3500));
        assert_eq!(active(json!({"interval": "500ms", "passes": 5, "fails": 0})), (3500, 1500));
        let mut without = config();
        let pointer = "/apps/http/servers/srv0/routes/1/handle/0/routes/0/handle/0/health_checks";
        *without.pointer_mut(pointer).expect("health checks") = Value::Null;
        assert_eq!(upstreams(&without, &names(&["web"]))[0].notices_within, None);
    }

    #[test]
    fn what_others_could_not_ask_in_the_same_way_is_not_told() {
        let uri = json!({"uri": "/", "port": 9000});
        assert_eq!(asks(&uri), Some(Asked { uri: "/".to_owned(), port: Some(9000) }));
        assert_eq!(asks(&json!({"uri": "/", "expect_status": 204})), None);
        assert_eq!(asks(&json!({"uri": "/", "headers": {"Host": ["shop.eu"]}})), None);
        assert_eq!(asks(&json!({})), None);
    }

    #[test]
    fn an_upstream_is_taken_out_and_put_back_but_never_the_last_one() {
        let one = upstreams(&config(), &names(&["web"])).remove(0);
        let rest = one.without(&names(&["web"])).expect("one is left");
        assert_eq!(rest, [json!({"dial": "web2:8000"})]);
        assert_eq!(one.without(&names(&["web", "web2"])), None);
        assert_eq!(one.without(&names(&["db"])), None);
        let shorter = Upstreams { list: rest, ..one.clone() };
        assert_eq!(shorter.without(&names(&["web2"])), None);
        let back = shorter.with(&[json!({"dial": "web:8000"})]).expect("it was out");
        assert_eq!(back.len(), 2);
        assert_eq!(one.with(&back), None);
    }

    #[test]
    fn a_service_is_dialled_by_another_name() {
        let one = upstreams(&config(), &names(&["web"])).remove(0);
        let list = one.renamed(&names(&["web"]), "shop-prod_web_2").expect("a change");
        assert_eq!(list, [json!({"dial": "shop-prod_web_2:8000"}), json!({"dial": "web2:8000"})]);
        assert_eq!(one.renamed(&names(&["web"]), "web"), None);
        assert_eq!(one.renamed(&names(&["web", "web2"]), "x").expect("a change").len(), 1);
    }
}
