//! docker's command lines.
//!
//! Containers are always named by their whole id: a name may pass from one container to the next while a deployment is under way.

use std::path::Path;

use crate::masking::Secret;
use crate::os::command::{CommandSpec, Input};

fn docker(dir: &Path, args: &[&str]) -> CommandSpec {
    CommandSpec::new("docker", dir).args(args.iter().copied())
}

/// The engine's version; fails where no engine answers.
pub fn engine_version(dir: &Path) -> CommandSpec {
    docker(dir, &["version", "--format", "{{.Server.Version}}"])
}

/// The ids of every container of a compose project, a line each, whatever state it is in.
pub fn containers(dir: &Path, project: &str) -> CommandSpec {
    docker(dir, &["ps", "--all", "--quiet", "--no-trunc", "--filter"])
        .args([format!("label=com.docker.compose.project={project}")])
}

/// All that is known of containers; read by `inspect`. Fails where one is gone, and prints the others.
pub fn inspect<'a>(dir: &Path, ids: impl IntoIterator<Item = &'a str>) -> CommandSpec {
    docker(dir, &["container", "inspect"]).args(ids)
}

/// What is known of one image, a JSON list; fails where it is not there.
pub fn inspect_image(dir: &Path, reference: &str) -> CommandSpec {
    docker(dir, &["image", "inspect", reference])
}

/// Fetches an image.
pub fn pull(dir: &Path, reference: &str) -> CommandSpec {
    docker(dir, &["pull", reference])
}

/// A further name for an image.
pub fn tag(dir: &Path, image: &str, reference: &str) -> CommandSpec {
    docker(dir, &["tag", image, reference])
}

/// Takes a name from an image that has others.
pub fn untag(dir: &Path, reference: &str) -> CommandSpec {
    docker(dir, &["rmi", "--no-prune", reference])
}

/// A signal to a container's first process.
pub fn signal(dir: &Path, id: &str, signal: &str) -> CommandSpec {
    docker(dir, &["kill", "--signal", signal, id])
}

/// A command in a container.
pub fn exec(dir: &Path, id: &str, words: &[String]) -> CommandSpec {
    docker(dir, &["exec", id]).args(words.iter().cloned())
}

/// Stops a container: its stop signal, and after `grace` seconds the hard one. Without `grace` the container's own.
pub fn stop(dir: &Path, id: &str, grace: Option<u64>) -> CommandSpec {
    let mut spec = docker(dir, &["stop"]);
    if let Some(seconds) = grace {
        spec = spec.args(["--time".to_owned(), seconds.to_string()]);
    }
    spec.args([id])
}

/// Removes a container, running or not. Its volumes stay.
pub fn remove(dir: &Path, id: &str) -> CommandSpec {
    docker(dir, &["rm", "--force", id])
}

/// The last lines that a container printed.
pub fn logs(dir: &Path, id: &str, lines: usize) -> CommandSpec {
    docker(dir, &["logs", "--tail"]).args([lines.to_string(), id.to_owned()])
}

/// Takes a container out of a network.
pub fn disconnect(dir: &Path, network: &str, id: &str) -> CommandSpec {
    docker(dir, &["network", "disconnect", network, id])
}

/// Puts a container into a network, to be found there by `aliases`.
pub fn connect(dir: &Path, network: &str, aliases: &[String], id: &str) -> CommandSpec {
    let mut spec = docker(dir, &["network", "connect"]);
    for alias in aliases {
        spec = spec.args(["--alias", alias.as_str()]);
    }
    spec.args([network, id])
}

/// Gives a container another name.
pub fn rename(dir: &Path, id: &str, name: &str) -> CommandSpec {
    docker(dir, &["rename", id, name])
}

/// Starts a container that was made.
pub fn start(dir: &Path, id: &str) -> CommandSpec {
    docker(dir, &["start", id])
}

/// Makes an image out of an archive without a file: two blocks of zeros end a tar archive.
pub fn import_empty(dir: &Path, reference: &str) -> CommandSpec {
    let archive = Secret::new("\0".repeat(1024));
    CommandSpec { stdin: Input::Bytes(archive), ..docker(dir, &["import", "-", reference]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_line_is_whole() {
        let here = Path::new("/srv/app");
        let aliases = ["web".to_owned(), "app".to_owned()];
        let lines: Vec<String> = [
            engine_version(here),
            containers(here, "shop-prod"),
            inspect(here, ["c0ffee", "beef"]),
            inspect_image(here, "shop-prod/web:4f2a"),
            pull(here, "nginx:1"),
            tag(here, "sha256:1", "shop-prod/web:4f2a"),
            untag(here, "shop-prod/db:4f2a"),
            signal(here, "c0ffee", "USR1"),
            exec(here, "c0ffee", &["sh".to_owned(), "-c".to_owned(), "a b".to_owned()]),
            stop(here, "c0ffee", None),
            stop(here, "c0ffee", Some(4)),
            remove(here, "c0ffee"),
            logs(here, "c0ffee", 50),
            disconnect(here, "back", "c0ffee"),
            connect(here, "back", &aliases, "c0ffee"),
            rename(here, "c0ffee", "shop-prod_web_1"),
            start(here, "c0ffee"),
            import_empty(here, "shipway-guest"),
        ]
        .iter()
        .map(ToString::to_string)
        .collect();
        assert_eq!(
            lines,
            [
                "docker version --format '{{.Server.Version}}'",
                "docker ps --all --quiet --no-trunc --filter label=com.docker.compose.project=shop-prod",
                "docker container inspect c0ffee beef",
                "docker image inspect shop-prod/web:4f2a",
                "docker pull nginx:1",
                "docker tag sha256:1 shop-prod/web:4f2a",
                "docker rmi --no-prune shop-prod/db:4f2a",
                "docker kill --signal USR1 c0ffee",
                "docker exec c0ffee sh -c 'a b'",
                "docker stop c0ffee",
                "docker stop --time 4 c0ffee",
                "docker rm --force c0ffee",
                "docker logs --tail 50 c0ffee",
                "docker network disconnect back c0ffee",
                "docker network connect --alias web --alias app back c0ffee",
                "docker rename c0ffee shop-prod_web_1",
                "docker start c0ffee",
                "docker import - shipway-guest",
            ]
        );
    }
}
