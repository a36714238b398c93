//! compose's command lines, for both flavours.
//!
//! Everything that decides which containers are meant stands on the line: the project's name, the folder that relative paths start from,
//! and the files. What compose would take from its own variables or from the folder's name can't change them.

use std::path::PathBuf;

use crate::os::command::CommandSpec;

/// Which program compose is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `docker-compose`, 1.x or 2.x.
    Standalone,
    /// `docker compose`, 2.x.
    Plugin,
}

impl Program {
    /// Its version, a line.
    pub fn version(self, dir: impl Into<PathBuf>) -> CommandSpec {
        self.spec(dir.into()).args(["version", "--short"])
    }

    fn spec(self, dir: PathBuf) -> CommandSpec {
        match self {
            Self::Standalone => CommandSpec::new("docker-compose", dir),
            Self::Plugin => CommandSpec::new("docker", dir).args(["compose"]),
        }
    }
}

/// A compose project and how it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compose {
    /// The program.
    pub program: Program,
    /// Whether it is 1.x.
    pub is_v1: bool,
    /// The project's name.
    pub project: String,
    /// The folder that relative paths start from, absolute.
    pub dir: PathBuf,
    /// The files, absolute, later over earlier.
    pub files: Vec<PathBuf>,
}

impl Compose {
    fn call(&self, words: &[&str]) -> CommandSpec {
        let mut spec = self
            .program
            .spec(self.dir.clone())
            .args(["--project-name", self.project.as_str(), "--project-directory"])
            .path(&self.dir);
        for file in &self.files {
            spec = spec.args(["--file"]).path(file);
        }
        spec.args(words.iter().copied())
    }

    /// The files as compose understands them; read by `config`.
    pub fn config(&self) -> CommandSpec {
        self.call(if self.is_v1 { &["config"] } else { &["config", "--format", "json"] })
    }

    /// Builds the images of services.
    pub fn build<'a>(&self, services: impl IntoIterator<Item = &'a str>) -> CommandSpec {
        self.call(&["build"]).args(services)
    }

    /// Makes and starts the containers of services that are not as the files say; others are left alone, as are services that they
    /// depend on.
    pub fn up<'a>(&self, services: impl IntoIterator<Item = &'a str>) -> CommandSpec {
        self.call(&["up", "--detach", "--no-deps", "--no-build"]).args(services)
    }

    /// Makes a further container of a service, so that there are `number`, and does not start it.
    pub fn add(&self, service: &str, number: usize) -> CommandSpec {
        self.call(&["up", "--no-start", "--no-recreate", "--no-deps", "--no-build", "--scale"])
            .args([format!("{service}={number}"), service.to_owned()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(program: Program, is_v1: bool) -> Compose {
        Compose {
            program,
            is_v1,
            project: "shop-prod".to_owned(),
            dir: "/srv/shop/prod/current/src".into(),
            files: vec![
                "/srv/shop/prod/current/src/c.yaml".into(),
                "/srv/shop/prod/current/override.yml".into(),
            ],
        }
    }

    const FRONT: &str = "--project-name shop-prod --project-directory /srv/shop/prod/current/src \
         --file /srv/shop/prod/current/src/c.yaml --file /srv/shop/prod/current/override.yml";

    #[test]
    fn the_first_flavour_is_a_program_of_its_own() {
        let compose = compose(Program::Standalone, true);
        assert_eq!(compose.config().to_string(), format!("docker-compose {FRONT} config"));
        assert_eq!(
            compose.build(["web", "web2"]).to_string(),
            format!("docker-compose {FRONT} build web web2")
        );
        assert_eq!(
            compose.up(["web"]).to_string(),
            format!("docker-compose {FRONT} up --detach --no-deps --no-build web")
        );
        assert_eq!(
            compose.add("web", 2).to_string(),
            format!(
                "docker-compose {FRONT} up --no-start --no-recreate --no-deps --no-build --scale web=2 web"
            )
        );
        assert_eq!(Program::Standalone.version("/srv").to_string(), "docker-compose version --short");
    }

    #[test]
    fn the_second_is_a_word_of_docker_or_a_program() {
        let plugin = compose(Program::Plugin, false);
        assert_eq!(plugin.config().to_string(), format!("docker compose {FRONT} config --format json"));
        assert_eq!(
            plugin.up(["web"]).to_string(),
            format!("docker compose {FRONT} up --detach --no-deps --no-build web")
        );
        let program = compose(Program::Standalone, false);
        assert_eq!(program.config().to_string(), format!("docker-compose {FRONT} config --format json"));
        assert_eq!(Program::Plugin.version("/srv").to_string(), "docker compose version --short");
    }
}
