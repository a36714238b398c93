//! What Caddy still has in hand for upstreams that it sends nothing more. Pure.
//!
//! `/reverse_proxy/upstreams` counts the requests of each upstream, but a reload that takes one out forgets it with those that are under way.
//! It is counted for as long as the configuration names it anywhere. So what is taken out goes into a branch beside its `reverse_proxy`
//! that no request ever takes, in the same call: there is one reload as before. The next call leaves out what is no more.

use serde_json::{Value, json};

use super::{CONFIG, IsMeant, Upstreams, host};

/// Where Caddy tells how many requests each upstream has in hand.
pub const IN_HAND: &str = "http://127.0.0.1:2019/reverse_proxy/upstreams";

/// How the `@id` of such a branch begins; the rest is where it stands, for an id may be there only once.
const MARK: &str = "shipway-leaving";

/// Whether an object of the configuration is such a branch.
pub(super) fn is_branch(object: &Value) -> bool {
    object.get("@id").and_then(Value::as_str).is_some_and(|id| id.starts_with(MARK))
}

/// Makes `list` the upstreams in `config` and keeps those that it has no more, where `is_there` says of their host that it still is. Gives
/// what to patch.
pub fn replace(
    config: &mut Value,
    upstreams: &Upstreams,
    list: Vec<Value>,
    is_there: IsMeant<'_>,
) -> (String, Value) {
    let plain = (upstreams.url(), Value::from(list.clone()));
    let place = upstreams.path.strip_suffix("/upstreams").and_then(|path| path.rsplit_once('/'));
    let Some((path, number)) = place else { return plain };
    let Some(handlers) = config.pointer_mut(path).and_then(Value::as_array_mut) else { return plain };
    let mut gone: Vec<Value> = Vec::new();
    let before = handlers.iter().filter(|handler| is_branch(handler)).flat_map(kept);
    for upstream in before.chain(upstreams.list.iter().cloned()) {
        // Nothing but the address: what else it says is for an upstream that is at work.
        let Some(dial) = upstream.get("dial") else { continue };
        let is_kept = host(&upstream).is_some_and(is_there);
        let upstream = json!({ "dial": dial });
        if is_kept && !gone.contains(&upstream) && list.iter().all(|other| other.get("dial") != Some(dial)) {
            gone.push(upstream);
        }
    }
    let number: usize = number.parse().unwrap_or(usize::MAX);
    let Some(handler) = handlers.get_mut(number) else { return plain };
    handler["upstreams"] = Value::from(list);
    // A branch is always the last one, so that no other changes its place.
    handlers.retain(|handler| !is_branch(handler));
    if !gone.is_empty() {
        handlers.push(branch(path, gone));
    }
    (format!("{CONFIG}{}", path.trim_start_matches('/')), Value::from(handlers.clone()))
}

/// `not` nothing: what no request is.
fn branch(path: &str, upstreams: Vec<Value>) -> Value {
    json!({
        "@id": format!("{MARK}{path}"),
        "handler": "subroute",
        "routes": [{
            "match": [{ "not": [{}] }],
            "handle": [{ "handler": "reverse_proxy", "upstreams": upstreams }],
        }],
    })
}

fn kept(branch: &Value) -> Vec<Value> {
    let list = branch.pointer("/routes/0/handle/0/upstreams").and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}

/// The addresses of upstreams that are meant, that nothing more is sent to, and that Caddy still counts.
pub fn left(config: &Value, is_meant: IsMeant<'_>) -> Vec<String> {
    let at_work: Vec<Value> =
        super::upstreams(config, is_meant).into_iter().flat_map(|upstreams| upstreams.list).collect();
    let is_at_work = |dial: &str| at_work.iter().any(|upstream| upstream["dial"] == dial);
    let mut branches = Vec::new();
    find(config, &mut branches);
    let mut left: Vec<String> = branches
        .into_iter()
        .flat_map(kept)
        .filter(|upstream| host(upstream).is_some_and(is_meant))
        .filter_map(|upstream| Some(upstream.get("dial")?.as_str()?.to_owned()))
        .filter(|dial| !is_at_work(dial))
        .collect();
    left.sort();
    left.dedup();
    left
}

fn find<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(_) if is_branch(value) => found.push(value),
        Value::Object(members) => members.values().for_each(|member| find(member, found)),
        Value::Array(items) => items.iter().for_each(|item| find(item, found)),
        _ => {}
    }
}

/// How many requests Caddy has in hand for `addresses`, by its answer to `IN_HAND`; `None`: it does not tell.
pub fn in_hand(answer: &str, addresses: &[String]) -> Option<u64> {
    let answer: Vec<Value> = serde_json::from_str(answer).ok()?;
    let is_meant = |one: &&Value| addresses.iter().any(|address| one["address"] == *address);
    answer.iter().filter(is_meant).map(|one| one["num_requests"].as_u64()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::caddy::upstreams;

    fn config() -> Value {
        json!({"apps": {"http": {"servers": {"srv0": {"routes": [{"handle": [{
            "handler": "reverse_proxy",
            "health_checks": {"active": {"uri": "/healthz"}},
            "upstreams": [{"dial": "web:8000", "max_requests": 9}, {"dial": "api:1"}],
        }]}]}}}}})
    }

    fn is_web(host: &str) -> bool {
        host.starts_with("web")
    }

    const HANDLERS: &str = "/apps/http/servers/srv0/routes/0/handle";

    fn moved(config: &mut Value, to: &str, is_there: IsMeant<'_>) -> (String, Value) {
        let found = upstreams(config, &is_web);
        let [one] = found.as_slice() else { panic!("one reverse_proxy: {found:?}") };
        assert!(one.notices_within.is_some(), "what is kept is no upstream");
        let list = one.renamed(&is_web, to).expect("a change");
        replace(config, one, list, is_there)
    }

    #[test]
    fn what_is_taken_out_is_still_counted_and_gets_nothing() {
        let mut config = config();
        assert_eq!(left(&config, &is_web), Vec::<String>::new());
        let (url, body) = moved(&mut config, "web_2", &is_web);
        assert_eq!(url, format!("http://127.0.0.1:2019/config{HANDLERS}"));
        assert_eq!(config.pointer(HANDLERS), Some(&body));
        assert_eq!(
            body[0]["upstreams"],
            json!([{"dial": "web_2:8000", "max_requests": 9}, {"dial": "api:1"}])
        );
        assert_eq!(
            body[1],
            json!({
                "@id": format!("shipway-leaving{HANDLERS}"),
                "handler": "subroute",
                "routes": [{
                    "match": [{"not": [{}]}],
                    "handle": [{"handler": "reverse_proxy", "upstreams": [{"dial": "web:8000"}]}],
                }],
            })
        );
        assert_eq!(body.as_array().map(Vec::len), Some(2));
        assert_eq!(left(&config, &is_web), ["web:8000"]);
        assert_eq!(left(&config, &|host| host == "api"), Vec::<String>::new());
    }

    #[test]
    fn it_is_kept_until_its_container_is_gone_or_serves_again() {
        let mut config = config();
        moved(&mut config, "web_2", &is_web);
        // Somebody died before the first had finished: both are counted.
        moved(&mut config, "web_3", &is_web);
        assert_eq!(left(&config, &is_web), ["web:8000", "web_2:8000"]);
        moved(&mut config, "web_4", &|host| host == "web_3");
        assert_eq!(left(&config, &is_web), ["web_3:8000"]);
        let (_, body) = moved(&mut config, "web_3", &|_| false);
        assert_eq!(body.as_array().map(Vec::len), Some(1), "no branch without a use");
        moved(&mut config, "web_4", &is_web);
        config.pointer_mut(HANDLERS).expect("handlers")[0]["upstreams"] = json!([{"dial": "web_3:8000"}]);
        assert_eq!(left(&config, &is_web), Vec::<String>::new());
    }

    #[test]
    fn only_what_is_meant_counts_and_no_answer_is_not_none() {
        let answer = r#"[{"address":"web:8000","num_requests":2,"fails":0},
            {"address":"web2:8000","num_requests":1,"fails":0},{"address":"api:1","num_requests":5,"fails":0}]"#;
        let addresses = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(in_hand(answer, &addresses(&["web:8000"])), Some(2));
        assert_eq!(in_hand(answer, &addresses(&["web:8000", "web2:8000"])), Some(3));
        assert_eq!(in_hand(answer, &addresses(&["db:1"])), Some(0));
        assert_eq!(in_hand("404 page not found", &addresses(&["web:8000"])), None);
        assert_eq!(in_hand(r#"[{"address":"web:8000"}]"#, &addresses(&["web:8000"])), None);
    }
}
