//! What `config` prints: the compose files merged, variables put in, relative paths made absolute. 1.x prints YAML and keeps the short
//! forms, 2.x prints JSON in long forms.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::duration;

/// The files as compose understands them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The `version:` of the files, where they have one.
    pub version: Option<String>,
    /// The services by name.
    pub services: BTreeMap<String, Service>,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// Its image; with `build:`, the name that the built one gets.
    pub image: Option<String>,
    /// It has `build:`.
    pub is_built: bool,
    /// The one name that its one container has.
    pub container_name: Option<String>,
    /// Ports of the machine that it takes.
    pub ports: Vec<Port>,
    /// Paths of the machine that its containers see as volumes.
    pub binds: Vec<Bind>,
    /// Files of the machine that its containers see as secrets and configs.
    pub files: Vec<SharedFile>,
    /// `stop_grace_period`.
    pub stop_grace: Option<Duration>,
    /// The file's own health check; `Some(false)`: the image's is switched off.
    pub has_health_check: Option<bool>,
    /// So many containers.
    pub replicas: u64,
    /// It has an address that no second container could have.
    pub has_fixed_address: bool,
    /// In how many networks it is; without a word of them in one.
    pub networks: usize,
    /// `network_mode`.
    pub network_mode: Option<String>,
    /// It has `profiles`: compose starts it only by name.
    pub on_demand: bool,
    /// All of it, without what only says how its image is made.
    pub body: Value,
}

/// A path of the machine as a volume.
#[derive(Clone, Debug, PartialEq)]
pub struct Bind {
    /// The machine's path, absolute.
    pub source: String,
    /// The container can't write there.
    pub read_only: bool,
    /// The whole volume as it was printed.
    volume: Value,
}

impl Bind {
    /// The same volume of another path.
    pub fn of(&self, source: &str) -> Value {
        match &self.volume {
            Value::String(text) => {
                let rest = text.strip_prefix(&self.source).unwrap_or_default();
                Value::from(format!("{source}{rest}"))
            }
            volume => {
                let mut volume = volume.clone();
                volume["source"] = source.into();
                volume
            }
        }
    }
}

/// A file of the machine as a secret or a config, which services share by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFile {
    /// `secrets` or `configs`.
    pub kind: &'static str,
    /// Its name there.
    pub name: String,
    /// The machine's path, absolute.
    pub source: String,
}

/// A port that a service publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The machine's address; `None`: all of them.
    pub address: Option<String>,
    /// The machine's port; `None`: any that is free.
    pub published: Option<String>,
    /// The container's port.
    pub target: String,
}

impl Port {
    /// Whether other machines can reach it.
    pub fn is_open_to_all(&self) -> bool {
        self.address.as_deref().is_none_or(|address| matches!(address, "" | "0.0.0.0" | "::" | "[::]"))
    }
}

/// Reads either form: JSON is YAML, too.
pub fn parse(output: &str) -> Result<Config, String> {
    let value: Value = match output.trim_start().starts_with('{') {
        true => serde_json::from_str(output).map_err(|error| error.to_string())?,
        false => serde_saphyr::from_str(output).map_err(|error| error.to_string())?,
    };
    let services = value.get("services").and_then(Value::as_object).ok_or("it has no services")?;
    Ok(Config {
        version: value.get("version").and_then(Value::as_str).map(str::to_owned),
        services: services.iter().map(|(name, body)| (name.clone(), service(body, &value))).collect(),
    })
}

fn service(body: &Value, whole: &Value) -> Service {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let count = |pointer: &str| body.pointer(pointer).and_then(Value::as_u64);
    let networks = body.get("networks").and_then(Value::as_object);
    let is_fixed = |network: &Value| {
        ["ipv4_address", "ipv6_address"].iter().any(|key| network.get(key).is_some_and(Value::is_string))
    };
    Service {
        image: text("image"),
        is_built: body.get("build").is_some_and(|build| !build.is_null()),
        container_name: text("container_name"),
        ports: list(body, "ports").filter_map(port).collect(),
        binds: list(body, "volumes").filter_map(bind).collect(),
        files: shared_files(body, whole),
        stop_grace: text("stop_grace_period").and_then(|text| duration::parse(&text)),
        has_health_check: body.get("healthcheck").filter(|check| check.is_object()).map(health_check),
        replicas: count("/deploy/replicas").or(count("/scale")).unwrap_or(1),
        has_fixed_address: networks.is_some_and(|networks| networks.values().any(is_fixed)),
        networks: networks
            .map(serde_json::Map::len)
            .or(body.get("networks").and_then(Value::as_array).map(Vec::len))
            .unwrap_or(1),
        network_mode: text("network_mode"),
        on_demand: list(body, "profiles").next().is_some(),
        body: without_build(body),
    }
}

fn list<'a>(body: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    body.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn health_check(check: &Value) -> bool {
    let is_off = check.get("disable").and_then(Value::as_bool).unwrap_or(false);
    let first = check.get("test").and_then(|test| test.get(0)).and_then(Value::as_str);
    !is_off && first != Some("NONE")
}

fn without_build(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("build");
        body.remove("image");
    }
    body
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn port(value: &Value) -> Option<Port> {
    if let Some(port) = value.as_object() {
        return Some(Port {
            address: port.get("host_ip").and_then(word),
            published: port.get("published").and_then(word).filter(|published| published != "0"),
            target: port.get("target").and_then(word)?,
        });
    }
    let text = word(value)?;
    let text = text.split('/').next().unwrap_or_default();
    let (before, target) = match text.rsplit_once(':') {
        Some((before, target)) => (Some(before), target),
        None => (None, text),
    };
    let (address, published) = match before {
        None => (None, None),
        Some(before) => match before.rsplit_once(':') {
            Some((address, published)) => (Some(address.to_owned()), Some(published)),
            None => (None, Some(before)),
        },
    };
    let published = published.filter(|published| !published.is_empty()).map(str::to_owned);
    Some(Port { address, published, target: target.to_owned() })
}

fn shared_files(body: &Value, whole: &Value) -> Vec<SharedFile> {
    let mut files = Vec::new();
    for kind in ["secrets", "configs"] {
        for used in list(body, kind) {
            let name =
                used.get("source").and_then(Value::as_str).or_else(|| used.as_str()).unwrap_or_default();
            let file = whole.get(kind).and_then(|all| all.get(name)?.get("file")?.as_str());
            if let Some(file) = file {
                files.push(SharedFile { kind, name: name.to_owned(), source: file.to_owned() });
            }
        }
    }
    files
}

/// A volume that is a path of the machine, and not a volume's name.
fn bind(volume: &Value) -> Option<Bind> {
    let (source, read_only) = match volume {
        Value::String(text) => {
            let mode = text.splitn(3, ':').nth(2).unwrap_or_default();
            (text.split(':').next()?, mode.split(',').any(|word| word == "ro"))
        }
        _ if volume.get("type").and_then(Value::as_str) == Some("bind") => {
            let read_only = volume.get("read_only").and_then(Value::as_bool);
            (volume.get("source")?.as_str()?, read_only.unwrap_or(false))
        }
        _ => return None,
    };
    let source = source.starts_with('/').then(|| source.to_owned())?;
    Some(Bind { source, read_only, volume: volume.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As compose 1.29 prints it.
    const V1: &str = r"
secrets:
  s:
    file: /r/src/conf/s
services:
  caddy:
    image: caddy
    ports:
    - published: 80
      target: 80
  db:
    image: busybox:1
    secrets:
    - source: s
    volumes:
    - /r/src/conf:/conf:ro
    - data:/data:rw
  web:
    build:
      context: /r/src
    container_name: foo
    environment:
      A: '1'
      B: null
    healthcheck:
      interval: 2s
      test:
      - CMD
      - /x
    image: p/web:abc
    networks:
      back:
        ipv4_address: 10.0.0.7
    ports:
    - 127.0.0.1:8000:8000/tcp
    - target: 8001
    - 9000:9000
    stop_grace_period: 4s
version: '3.7'
volumes:
  data: {}
";

    /// The same as compose 2 prints it, shortened.
    const V2: &str = r#"{"name":"shop-prod","secrets":{"s":{"name":"shop-prod_s","file":"/r/src/conf/s"}},"services":{
        "caddy":{"image":"caddy","networks":{"default":null},"ports":[{"mode":"ingress","target":80,"published":"80","protocol":"tcp"}]},
        "db":{"image":"busybox:1","secrets":[{"source":"s"}],"volumes":[{"type":"bind","source":"/r/src/conf","target":"/conf","read_only":true,"bind":{}},
            {"type":"volume","source":"data","target":"/data","volume":{}}]},
        "web":{"build":{"context":"/r/src","dockerfile":"Dockerfile"},"container_name":"foo","environment":{"A":"1","B":null},
            "healthcheck":{"test":["CMD","/x"],"interval":"2s"},"image":"p/web:abc","networks":{"back":{"ipv4_address":"10.0.0.7"}},
            "ports":[{"mode":"ingress","host_ip":"127.0.0.1","target":8000,"published":"8000","protocol":"tcp"},{"mode":"ingress","target":8001,"protocol":"tcp"},
                {"mode":"ingress","target":9000,"published":"9000","protocol":"tcp"}],
            "stop_grace_period":"4s"}}}"#;

    #[test]
    fn both_flavours_say_the_same() {
        let (first, second) = (parse(V1).expect("V1"), parse(V2).expect("V2"));
        assert_eq!(first.version.as_deref(), Some("3.7"));
        assert_eq!(second.version, None);
        let without_body = |config: &Config| -> BTreeMap<String, Service> {
            let strip = |service: &Service| {
                let bind = |bind: &Bind| Bind { volume: Value::Null, ..bind.clone() };
                let binds = service.binds.iter().map(bind).collect();
                Service { body: Value::Null, binds, ..service.clone() }
            };
            config.services.iter().map(|(name, service)| (name.clone(), strip(service))).collect()
        };
        assert_eq!(without_body(&first), without_body(&second));
        let web = &first.services["web"];
        assert!(web.is_built && web.has_fixed_address);
        assert_eq!(web.stop_grace, Some(Duration::from_secs(4)));
        assert_eq!(web.has_health_check, Some(true));
        let ports: Vec<_> = web
            .ports
            .iter()
            .map(|port| (port.published.as_deref(), port.target.as_str(), port.is_open_to_all()))
            .collect();
        assert_eq!(
            ports,
            [(Some("8000"), "8000", false), (None, "8001", true), (Some("9000"), "9000", true)]
        );
        let db = &first.services["db"];
        assert_eq!((db.binds[0].source.as_str(), db.binds[0].read_only), ("/r/src/conf", true));
        assert_eq!(db.binds[0].of("/kept/conf"), "/kept/conf:/conf:ro");
        let same = second.services["db"].binds[0].of("/kept/conf");
        assert_eq!((same["source"].as_str(), same["target"].as_str()), (Some("/kept/conf"), Some("/conf")));
        let secret = SharedFile { kind: "secrets", name: "s".to_owned(), source: "/r/src/conf/s".to_owned() };
        assert_eq!(db.files, [secret]);
        assert_eq!(web.body.get("build"), None);
    }

    #[test]
    fn a_health_check_that_is_switched_off_is_none() {
        let text = |check: &str| format!("services:\n  a:\n    image: x\n    healthcheck: {check}\n");
        let check = |of: &str| parse(&text(of)).expect("a file").services["a"].has_health_check;
        assert_eq!(check("{disable: true}"), Some(false));
        assert_eq!(check("{test: [NONE]}"), Some(false));
        assert_eq!(check("{test: [CMD, x]}"), Some(true));
        assert!(parse("x: 1").is_err());
        assert!(parse("a: [").is_err());
    }
}
