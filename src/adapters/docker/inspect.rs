//! What `docker container inspect` and `docker image inspect` say, as far as it matters here.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// A container, in whatever state.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Container {
    /// 64 digits.
    pub id: String,
    /// With its leading `/`.
    name: String,
    /// `sha256:…` of what it was made from.
    pub image: String,
    /// How it is.
    pub state: State,
    /// How it was made.
    pub config: Config,
    /// Folders and files of the machine that it sees.
    #[serde(default, deserialize_with = "or_default")]
    pub mounts: Vec<Mount>,
    network_settings: NetworkSettings,
}

/// How a container is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct State {
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    pub status: String,
    /// The first process on this machine; 0 where there is none.
    pub pid: u32,
    /// How it ended.
    pub exit_code: i64,
    /// The engine's own words.
    pub error: String,
    /// Of its own health check, where it has one.
    pub health: Option<Health>,
}

/// What a container's own health check says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Health {
    /// `starting`, `healthy` or `unhealthy`.
    pub status: String,
    /// The last checks, the newest last.
    #[serde(deserialize_with = "or_default")]
    pub log: Vec<HealthEntry>,
}

/// One check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HealthEntry {
    /// 0: well.
    pub exit_code: i64,
    /// What it printed.
    pub output: String,
}

/// How a container was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Config {
    /// Its labels.
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    /// Its arguments.
    #[serde(deserialize_with = "or_default")]
    pub cmd: Vec<String>,
    /// Seconds between the polite and the hard end, where it says so itself.
    pub stop_timeout: Option<u64>,
}

/// A folder or a file of the machine that a container sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Mount {
    /// There.
    pub source: String,
    /// In the container.
    pub destination: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    #[serde(deserialize_with = "or_default")]
    networks: BTreeMap<String, Network>,
}

/// A container's place in a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Network {
    /// Empty while it does not run.
    #[serde(rename = "IPAddress")]
    pub address: String,
    /// The names by which it is found there.
    #[serde(deserialize_with = "or_default")]
    pub aliases: Vec<String>,
}

/// docker writes `null` for whatever is empty.
fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl Container {
    /// Its name.
    pub fn name(&self) -> &str {
        self.name.trim_start_matches('/')
    }

    /// Its compose service; `None`: it is none of compose's, or was made to run one command.
    pub fn service(&self) -> Option<&str> {
        let is_one_off =
            self.label("com.docker.compose.oneoff").is_some_and(|is| is.eq_ignore_ascii_case("true"));
        self.label("com.docker.compose.service").filter(|_| !is_one_off)
    }

    /// One of its labels.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.config.labels.get(name).map(String::as_str)
    }

    /// Whether its first process is at work.
    pub fn is_running(&self) -> bool {
        self.state.status == "running"
    }

    /// Its networks by name.
    pub fn networks(&self) -> &BTreeMap<String, Network> {
        &self.network_settings.networks
    }

    /// An address of its own on this machine's bridges.
    pub fn address(&self) -> Option<&str> {
        self.networks().values().map(|network| network.address.as_str()).find(|address| !address.is_empty())
    }

    /// The names by which others find it in `network`; those that docker gives by itself are left out.
    pub fn aliases(&self, network: &str) -> Vec<String> {
        let aliases =
            self.networks().get(network).map(|network| network.aliases.as_slice()).unwrap_or_default();
        aliases.iter().filter(|alias| !self.id.starts_with(alias.as_str())).cloned().collect()
    }
}

/// The containers that `docker container inspect` told of.
pub fn parse(output: &str) -> Result<Vec<Container>, serde_json::Error> {
    serde_json::from_str(output)
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `sha256:…`.
    pub id: String,
    /// It says itself how a container of it is.
    pub has_health_check: bool,
}

/// The first image that `docker image inspect` told of.
pub fn parse_image(output: &str) -> Option<Image> {
    let images: serde_json::Value = serde_json::from_str(output).ok()?;
    let image = images.get(0)?;
    let test = image.pointer("/Config/Healthcheck/Test").and_then(serde_json::Value::as_array);
    Some(Image {
        id: image.get("Id")?.as_str()?.to_owned(),
        has_health_check: test.and_then(|words| words.first()).is_some_and(|word| word != "NONE"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As engine 20.10 prints it, shortened.
    const OUTPUT: &str = r#"[{"Id":"bd298718fb9a65d8","Image":"sha256:734b","Name":"/shop-prod_web_1",
        "State":{"Status":"running","Running":true,"Pid":77,"ExitCode":0,"Error":"",
            "Health":{"Status":"starting","FailingStreak":0,"Log":null}},
        "Mounts":[{"Type":"bind","Source":"/srv/conf","Destination":"/etc/caddy","RW":false}],
        "Config":{"Cmd":["run","--config","/etc/caddy/Caddyfile"],"Labels":{"com.docker.compose.service":"web","com.docker.compose.oneoff":"False"}},
        "NetworkSettings":{"IPAddress":"","Networks":{"back":{"Aliases":["web","bd298718fb9a"],"IPAddress":"172.18.0.2"},
            "front":{"Aliases":null,"IPAddress":""}}}}]"#;

    #[test]
    fn a_container_is_read_with_its_place_in_each_network() {
        let containers = parse(OUTPUT).expect("containers");
        let [container] = containers.as_slice() else { panic!("one container") };
        assert_eq!((container.name(), container.service()), ("shop-prod_web_1", Some("web")));
        assert_eq!(container.address(), Some("172.18.0.2"));
        assert_eq!(container.aliases("back"), ["web"]);
        assert!(container.aliases("front").is_empty());
        assert!(container.is_running());
        assert_eq!(container.state.health.as_ref().map(|health| health.status.as_str()), Some("starting"));
        assert_eq!(container.config.stop_timeout, None);
    }

    #[test]
    fn a_container_that_ran_one_command_is_of_no_service() {
        let output = OUTPUT.replace("\"False\"", "\"True\"");
        assert_eq!(parse(&output).expect("containers")[0].service(), None);
        assert!(parse("[]\n").expect("none").is_empty());
    }

    #[test]
    fn an_image_tells_whether_it_has_a_health_check() {
        let image = |health: &str| parse_image(&format!(r#"[{{"Id":"sha256:1","Config":{{{health}}}}}]"#));
        assert!(!image("").expect("an image").has_health_check);
        assert!(!image(r#""Healthcheck":{"Test":["NONE"]}"#).expect("an image").has_health_check);
        assert!(image(r#""Healthcheck":{"Test":["CMD","true"]}"#).expect("an image").has_health_check);
        assert_eq!(parse_image("[]"), None);
    }
}
