//! The proxy's own files: a new Caddyfile is tried before anything changes, and loaded without a new container.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ask::{ask, note, pause, say, warn};
use super::scene::Scene;
use super::{mounts, proxy};
use crate::adapters::caddy;
use crate::adapters::docker::command as docker;
use crate::adapters::docker::inspect::Container;
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::Secret;
use crate::os::command::Input;
use crate::os::files::FileKind;
use crate::run::StepContext;

/// So long Caddy may take until it answers.
const STARTS_WITHIN: Duration = Duration::from_secs(15);

/// Time between two looks at a Caddy that starts.
const LOOK: Duration = Duration::from_millis(300);

/// So many lines of its log are shown where it does not start.
const LOG_LINES: usize = 50;

/// Has the Caddy that is at work try the Caddyfile of the release in `source`. Where it can't, nothing is said: it is no fault of the file.
pub(super) fn check(context: &mut StepContext<'_>, scene: &Scene, source: &str) -> Result<(), Fault> {
    let Some(container) = scene.caddy(context)? else { return Ok(()) };
    let kept = mounts::proxy(&scene.layout).join("src");
    let path = path(&container).and_then(|path| path.strip_prefix(&kept).ok().map(Path::to_owned));
    let Some(path) = path else { return Ok(()) };
    let Ok(bytes) = context.doors().files.read(&Path::new(source).join(&path)) else { return Ok(()) };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if imports(&text) {
        // The files that it names are not there yet.
        return Ok(());
    }
    let mut spec = scene.guest(context, &container.id, |guest, dir| {
        guest.send(dir, "POST", caddy::ADAPT, caddy::CADDYFILE)
    })?;
    spec.stdin = Input::Bytes(Secret::new(text));
    let answer = ask(context, &spec)?;
    let refused = answer.err.iter().find(|line| line.contains("was answered with 400"));
    match refused {
        Some(line) if !answer.termination.is_success() => {
            Err(Fault::new(FaultKind::File, format!("Caddy does not take {}", path.display()))
                .detail(line.clone())
                .hint("correct it, commit, and deploy that"))
        }
        _ => Ok(()),
    }
}

/// Changes the files that Caddy sees, where the release has others; whether it has.
pub(super) fn renew(context: &mut StepContext<'_>, scene: &Scene) -> Result<bool, Fault> {
    let Some(digest) = digest(scene)? else { return Ok(false) };
    let files = &context.doors().files;
    if mounts::loaded(&**files, &scene.layout).as_deref() == Some(digest) {
        return Ok(false);
    }
    mounts::record_loaded(&**files, &scene.layout, None)
        .and_then(|()| mounts::renew_proxy(&scene.layout, digest))
        .map_err(|error| {
            Fault::new(FaultKind::World, format!("the proxy's files could not be changed: {error}"))
        })?;
    super::state::checkpoint();
    Ok(true)
}

/// Records that Caddy has the release's files.
pub(super) fn record(context: &mut StepContext<'_>, scene: &Scene) -> Result<(), Fault> {
    let digest = digest(scene)?;
    if digest.is_none() {
        return Ok(());
    }
    mounts::record_loaded(&*context.doors().files, &scene.layout, digest).map_err(|error| {
        Fault::new(FaultKind::World, format!("what the proxy has loaded could not be recorded: {error}"))
    })?;
    super::state::checkpoint();
    Ok(())
}

/// The digest of what Caddy sees of the release.
fn digest(scene: &Scene) -> Result<Option<&str>, Fault> {
    let service = scene.to.as_ref().and_then(|to| to.rollout.caddy.as_deref()).unwrap_or_default();
    Ok(scene.compose()?.mounts.get(service).map(String::as_str))
}

/// Has Caddy take its Caddyfile as it is now.
pub(super) fn load(context: &mut StepContext<'_>, scene: &Scene, container: &Container) -> Result<(), Fault> {
    let path = path(container).filter(|path| context.doors().files.kind(path) == FileKind::File);
    let Some(path) = path else {
        note(context, "Caddy sees the release's files; none of them is its Caddyfile");
        return Ok(());
    };
    say(context, "loading the new Caddyfile");
    let bytes = context.doors().files.read(&path).map_err(|error| {
        Fault::new(FaultKind::World, format!("{} can't be read: {error}", path.display()))
    })?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if imports(&text) && container.mounts.iter().any(|mount| Path::new(&mount.source) == path) {
        warn(
            context,
            "the Caddyfile imports other files, which Caddy sees anew only after a restart where each is mounted by \
             itself: mount their folder",
        );
    }
    proxy::load(context, scene, &container.id, text)?;
    note(context, "Caddy has its new Caddyfile");
    Ok(())
}

/// Waits until Caddy answers; the fault of one that ends has what it said.
pub(super) fn started(context: &mut StepContext<'_>, scene: &Scene) -> Result<Container, Fault> {
    let until = context.doors().clock.monotonic() + STARTS_WITHIN;
    loop {
        let Some(container) = scene.caddy(context)? else {
            return Err(ended(context, scene));
        };
        let answers = proxy::answers(context, scene, &container.id)?;
        // One whose admin interface is switched off never answers; that it runs must do.
        if answers || context.doors().clock.monotonic() > until {
            return Ok(container);
        }
        pause(context, LOOK)?;
    }
}

fn ended(context: &mut StepContext<'_>, scene: &Scene) -> Fault {
    let service = scene.to.as_ref().and_then(|to| to.rollout.caddy.clone()).unwrap_or_default();
    let mut fault = Fault::new(FaultKind::Failed, format!("the proxy `{service}` does not run"));
    let containers = scene.containers(context).unwrap_or_default();
    let container = containers.iter().find(|one| one.service() == Some(service.as_str()));
    if let Some(container) = container
        && let Ok(logs) = ask(context, &docker::logs(scene.home(), &container.id, LOG_LINES))
    {
        fault.details.extend(logs.out.lines().map(str::to_owned));
        fault.details.extend(logs.err);
    }
    fault
}

/// Whether a Caddyfile takes in others.
fn imports(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("import "))
}

/// Where on this machine the Caddyfile of a container lies: as its command says, or where Caddy's image has it.
fn path(container: &Container) -> Option<PathBuf> {
    let words = &container.config.cmd;
    let named = words.iter().position(|word| word == "--config").and_then(|at| words.get(at + 1));
    let inside = Path::new(named.map_or(caddy::CADDYFILE_PATH, String::as_str));
    container.mounts.iter().find_map(|mount| {
        let rest = inside.strip_prefix(&mount.destination).ok()?;
        let source = Path::new(&mount.source);
        Some(if rest.as_os_str().is_empty() { source.to_owned() } else { source.join(rest) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::docker::inspect;

    fn caddy(cmd: &[&str], mounts: &[(&str, &str)]) -> Container {
        let mounts: Vec<_> = mounts
            .iter()
            .map(|(source, destination)| serde_json::json!({"Source": source, "Destination": destination}))
            .collect();
        let value = serde_json::json!([{
            "Id": "c", "Name": "/p_caddy_1", "Image": "i", "State": {"Status": "running"},
            "Config": {"Cmd": cmd}, "Mounts": mounts, "NetworkSettings": {"Networks": null}
        }]);
        inspect::parse(&value.to_string()).expect("containers").remove(0)
    }

    #[test]
    fn the_caddyfile_is_found_through_the_mounts() {
        let at = |cmd: &[&str], mounts: &[(&str, &str)]| path(&caddy(cmd, mounts));
        let file = ("/srv/current/src/Caddyfile", "/etc/caddy/Caddyfile");
        assert_eq!(at(&[], &[("/data", "/data"), file]), Some(file.0.into()));
        assert_eq!(at(&[], &[("/srv/conf", "/etc/caddy")]), Some("/srv/conf/Caddyfile".into()));
        let command = ["caddy", "run", "--config", "/conf/c.caddy"];
        assert_eq!(at(&command, &[("/srv/conf", "/conf")]), Some("/srv/conf/c.caddy".into()));
        assert_eq!(at(&command, &[file]), None);
    }

    #[test]
    fn imports_are_seen() {
        assert!(imports(":80 {\n  import sites/*\n}"));
        assert!(!imports(":80 {\n  respond important\n}"));
    }
}
