//! The digests of many files' contents.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::walk::{Kind, lock, os_path, threads};

/// So many files are worth a thread of their own to be read.
const FILES_FOR_ONE: usize = 8;

/// The digests of the files at `paths` (from the root), in their order; of a link, what it says and what it leads to inside of the root.
pub fn digests(root: &Path, paths: &[(Vec<u8>, Kind)]) -> Vec<io::Result<[u8; 32]>> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, io::Result<[u8; 32]>)>> = Mutex::new(Vec::with_capacity(paths.len()));
    std::thread::scope(|scope| {
        let work = || {
            let mut own = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some((path, kind)) = paths.get(number) else { break };
                own.push((number, digest(root, os_path(path), *kind)));
            }
            lock(&results).append(&mut own);
        };
        for _ in 1..threads().min(paths.len().div_ceil(FILES_FOR_ONE)) {
            std::thread::Builder::new().spawn_scoped(scope, work).ok();
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_unstable_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, digest)| digest).collect()
}

fn digest(root: &Path, path: &Path, kind: Kind) -> io::Result<[u8; 32]> {
    let place = root.join(path);
    let mut hasher = blake3::Hasher::new();
    if kind == Kind::Link {
        let target = std::fs::read_link(&place)?;
        hasher.update(target.as_os_str().as_encoded_bytes()).update(b"\0");
        let real = place.canonicalize();
        let inside = real.is_ok_and(|real| real.starts_with(super::files::real_path(root)) && real.is_file());
        if !inside {
            return Ok(hasher.finalize().into());
        }
    }
    hasher.update_reader(std::fs::File::open(&place)?)?;
    Ok(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::files::{Files as _, RealFiles};

    #[test]
    fn what_lies_outside_of_the_root_has_no_part_in_a_links_digest() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("root");
        std::fs::create_dir(&root).unwrap();
        let write = |path: &str, text: &str| {
            RealFiles.write(&place.path().join(path), text.as_bytes(), 0o600).unwrap();
        };
        let of_link =
            |name: &str| digests(&root, &[(name.as_bytes().to_vec(), Kind::Link)]).remove(0).unwrap();
        for (name, target, has_part) in [("out", "../secret", false), ("in", "file", true)] {
            write("secret", "one");
            write("root/file", "one");
            std::os::unix::fs::symlink(target, root.join(name)).unwrap();
            let before = of_link(name);
            write("secret", "other");
            write("root/file", "other");
            assert_eq!(of_link(name) != before, has_part, "{name}");
        }
    }

    #[test]
    fn digests_come_in_the_order_of_their_paths() {
        let place = tempfile::tempdir().unwrap();
        let asked: Vec<(Vec<u8>, Kind)> = (0..100)
            .map(|number| {
                let name = format!("f{number}");
                RealFiles.write(&place.path().join(&name), name.as_bytes(), 0o600).unwrap();
                (name.into_bytes(), Kind::File)
            })
            .collect();
        for ((name, _), digest) in asked.iter().zip(digests(place.path(), &asked)) {
            assert_eq!(digest.unwrap(), *blake3::hash(name).as_bytes());
        }
        assert!(digests(place.path(), &[(b"none".to_vec(), Kind::File)])[0].is_err());
    }
}
