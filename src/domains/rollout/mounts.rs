//! The release's files that containers see.
//!
//! A container may outlive the release that made it: a database is left alone for months. Then the folder that it mounted must not change
//! under it, not even by a restart, and must not go away with its release. So what a service mounts of the release is copied to
//! `mounts/DIGEST/`, a place named for its content: compose makes the container anew exactly where the content changed.
//!
//! Caddy is the exception. It takes a new Caddyfile without a new container, so its files lie in one place, `mounts/proxy/`, and are
//! changed there (`seeds.md` F23).

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::adapters::compose::config::Service;
use crate::os::files::{FileKind, Files, access};
use crate::os::tree;
use crate::release::layout::Layout;
use crate::release::record::Release;

/// A folder that is mounted is read to this depth: a link may lead in a circle.
const DEEPEST: usize = 40;

/// The place of the proxy's files under `mounts/`.
const PROXY: &str = "proxy";

/// Which files of the release a service sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mounted {
    /// Names the content.
    pub(super) digest: String,
    /// Paths below the release's files.
    pub(super) paths: Vec<PathBuf>,
}

/// All that containers mount of releases.
fn place(layout: &Layout) -> PathBuf {
    layout.home.join("mounts")
}

/// Where content lies that has this digest.
pub(super) fn kept(layout: &Layout, digest: &str) -> PathBuf {
    place(layout).join(digest)
}

/// Where the proxy's files lie.
pub(super) fn proxy(layout: &Layout) -> PathBuf {
    kept(layout, PROXY)
}

/// The part of `path` below the release's files, where it lies there; empty for all of them.
pub(super) fn inside<'a>(path: &'a str, source: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(source)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(rest),
        None => rest.is_empty().then_some(""),
    }
}

/// What `service` sees of the files in `source`; `None`: nothing.
pub(super) fn mounted(files: &dyn Files, service: &Service, source: &str) -> io::Result<Option<Mounted>> {
    let binds = service.binds.iter().map(|bind| &bind.source);
    let all = binds.chain(service.files.iter().map(|file| &file.source));
    let mut paths: Vec<PathBuf> = all
        .filter_map(|path| inside(path, source))
        .map(|path| PathBuf::from(path.trim_matches('/')))
        .collect();
    paths.sort();
    paths.dedup();
    if paths.is_empty() {
        return Ok(None);
    }
    let mut hasher = blake3::Hasher::new();
    for path in &paths {
        digest(files, Path::new(source), path, DEEPEST, &mut hasher)?;
    }
    let digest = hasher.finalize().to_hex().get(..16).unwrap_or_default().to_owned();
    Ok(Some(Mounted { digest, paths }))
}

fn digest(
    files: &dyn Files,
    source: &Path,
    path: &Path,
    depth: usize,
    hasher: &mut blake3::Hasher,
) -> io::Result<()> {
    let whole = source.join(path);
    hasher.update(path.as_os_str().as_encoded_bytes()).update(b"\0");
    if let Some(access) = access(&whole) {
        hasher.update(&(access.mode & 0o777).to_le_bytes());
    }
    match files.kind(&whole) {
        FileKind::Folder if depth > 0 => {
            hasher.update(b"/");
            for name in files.list(&whole)? {
                digest(files, source, &path.join(name), depth - 1, hasher)?;
            }
        }
        FileKind::File => {
            let bytes = files.read(&whole)?;
            hasher.update(b"=").update(&bytes.len().to_le_bytes()).update(&bytes);
        }
        FileKind::Missing | FileKind::Other | FileKind::Folder => {
            hasher.update(b"?");
        }
    }
    Ok(())
}

/// Copies what is mounted to the place that is named for it.
pub(super) fn keep(layout: &Layout, source: &str, mounted: &Mounted) -> io::Result<()> {
    let parts: Vec<(PathBuf, PathBuf)> = mounted
        .paths
        .iter()
        .map(|path| (Path::new(source).join(path), Path::new("src").join(path)))
        .collect();
    tree::gather(&kept(layout, &mounted.digest), &parts)
}

/// Changes the proxy's files to those that are kept by this digest.
pub(super) fn renew_proxy(layout: &Layout, digest: &str) -> io::Result<()> {
    tree::mirror(&kept(layout, digest).join("src"), &proxy(layout).join("src"))
}

/// The volumes of a service with their copies in `folder` in place of the release's own files.
pub(super) fn volumes(service: &Service, source: &str, folder: &Path) -> Vec<Value> {
    let copied = |path: &str| inside(path, source).map(|path| at(folder, path));
    service.binds.iter().filter_map(|bind| copied(&bind.source).map(|path| bind.of(&path))).collect()
}

/// Where the copy of `path` lies in `folder`.
pub(super) fn at(folder: &Path, path: &str) -> String {
    let src = folder.join("src");
    let path = path.trim_matches('/');
    // Joined with nothing, a path would end with a `/`.
    let whole = if path.is_empty() { src } else { src.join(path) };
    whole.to_string_lossy().into_owned()
}

/// Removes copies that none of these releases has; for whoever removes releases, with all that are kept.
pub fn sweep(files: &dyn Files, layout: &Layout, kept_releases: &[Release]) -> io::Result<()> {
    let place = place(layout);
    if files.kind(&place) != FileKind::Folder {
        return Ok(());
    }
    let used = |digest: &str| {
        kept_releases
            .iter()
            .filter_map(|release| release.compose.as_ref())
            .any(|compose| compose.mounts.values().any(|used| used == digest))
    };
    for name in files.list(&place)? {
        if name != PROXY && !name.starts_with('.') && !name.ends_with(LOADED) && !used(&name) {
            files.remove_dir(&place.join(name))?;
        }
    }
    Ok(())
}

/// Ending of the file that says which of its files the proxy has loaded.
const LOADED: &str = ".loaded";

/// Which of its files the proxy has loaded: their digest.
pub(super) fn loaded(files: &dyn Files, layout: &Layout) -> Option<String> {
    let bytes = files.read(&loaded_path(layout)).ok()?;
    String::from_utf8(bytes).ok()
}

/// Records which files the proxy has loaded; `None`: they are about to change.
pub(super) fn record_loaded(files: &dyn Files, layout: &Layout, digest: Option<&str>) -> io::Result<()> {
    match digest {
        Some(digest) => files.write(&loaded_path(layout), digest.as_bytes(), 0o600),
        None => files.remove(&loaded_path(layout)),
    }
}

fn loaded_path(layout: &Layout) -> PathBuf {
    place(layout).join(format!("{PROXY}{LOADED}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::compose::config;
    use crate::os::files::RealFiles;

    fn service(source: &str) -> Service {
        let text = format!(
            "services: {{ db: {{ image: x, volumes: ['{source}/conf:/conf:ro', '/etc/x:/x', 'data:/data'] }} }}"
        );
        config::parse(&text).expect("a file").services.remove("db").expect("a service")
    }

    /// A release with these files: its folder and the digest of what the service sees.
    fn release(files: &[(&str, &str)]) -> (tempfile::TempDir, Mounted) {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            RealFiles.create_private_dir(path.parent().expect("a parent")).expect("a folder");
            RealFiles.write(&path, text.as_bytes(), 0o600).expect("a file");
        }
        let source = folder.path().to_string_lossy().into_owned();
        let mounted = mounted(&RealFiles, &service(&source), &source).expect("read").expect("mounts");
        (folder, mounted)
    }

    #[test]
    fn a_digest_follows_names_and_contents_but_not_the_releases_folder() {
        let digest = |files: &[(&str, &str)]| release(files).1.digest;
        let one = digest(&[("conf/a", "1"), ("conf/b/c", "2")]);
        assert_eq!(one, digest(&[("conf/a", "1"), ("conf/b/c", "2"), ("other", "3")]));
        assert_ne!(one, digest(&[("conf/a", "1"), ("conf/b/c", "3")]));
        assert_ne!(one, digest(&[("conf/a", "1"), ("conf/b/d", "2")]));
        assert_ne!(one, digest(&[("conf/a", "1")]));
    }

    #[test]
    fn what_is_mounted_is_copied_and_the_volume_is_of_the_copy() {
        let (folder, mounted) = release(&[("conf/a", "1"), ("other", "3")]);
        let home = tempfile::tempdir().expect("a folder");
        let layout = Layout::at(home.path());
        let source = folder.path().to_string_lossy().into_owned();
        keep(&layout, &source, &mounted).expect("kept");
        let place = kept(&layout, &mounted.digest);
        assert_eq!(RealFiles.read(&place.join("src/conf/a")).expect("a copy"), b"1");
        assert_eq!(RealFiles.kind(&place.join("src/other")), FileKind::Missing);
        let volumes = volumes(&service(&source), &source, &place);
        assert_eq!(volumes, [Value::from(format!("{}/src/conf:/conf:ro", place.display()))]);
        assert_eq!(at(&place, ""), place.join("src").to_string_lossy());

        RealFiles.create_private_dir(&proxy(&layout)).expect("a folder");
        record_loaded(&RealFiles, &layout, Some("d")).expect("recorded");
        sweep(&RealFiles, &layout, &[]).expect("swept");
        assert_eq!(RealFiles.kind(&place), FileKind::Missing);
        assert_eq!(RealFiles.kind(&proxy(&layout)), FileKind::Folder);
        assert_eq!(loaded(&RealFiles, &layout).as_deref(), Some("d"));
    }

    #[test]
    fn a_path_lies_inside_only_by_whole_names() {
        assert_eq!(inside("/r/src/conf", "/r/src"), Some("conf"));
        assert_eq!(inside("/r/src", "/r/src"), Some(""));
        assert_eq!(inside("/r/src2/conf", "/r/src"), None);
    }
}
