//! What containers of tests are made of: the application, compiled once, and the machine's caddy with the libraries that it needs.
//!
//! There is no registry: every image begins `FROM scratch`. What is made lies under `target/tmp`, in a folder that is named by what it was
//! made from, so that test programs at the same time and later ones share it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::docker::docker;
use super::tools;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/deploy/app/app.rs");

const OPTIONS: [&str; 10] = [
    "--edition=2024",
    "-O",
    "-C",
    "target-feature=+crt-static",
    "-C",
    "panic=abort",
    "-C",
    "strip=symbols",
    "--crate-name",
    "app",
];

/// The application as a static program.
pub(crate) fn binary() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let source = fs::read(SOURCE).unwrap();
        let mut compiler = Command::new("rustc");
        let version = said(compiler.arg("--version"));
        let folder =
            made_once("app", &[&source, version.as_bytes(), OPTIONS.concat().as_bytes()], |folder| {
                said(Command::new("rustc").args(OPTIONS).arg("-o").arg(folder.join("app")).arg(SOURCE));
            });
        folder.join("app")
    })
}

/// Makes an image with nothing but caddy, which serves what is in `/etc/caddy/Caddyfile`. It is imported, in a tenth of the time of a build.
pub(crate) fn make_caddy(image: &str, label: &str) {
    const CHANGES: [&str; 4] = [
        // Go's own resolver: the C library's would want more files than there are.
        "ENV GODEBUG=netdns=go",
        "ENV HOME=/root",
        "ENTRYPOINT [\"/usr/bin/caddy\"]",
        "CMD [\"run\", \"--config\", \"/etc/caddy/Caddyfile\", \"--adapter\", \"caddyfile\"]",
    ];
    let label = format!("LABEL {label}");
    let changes = CHANGES.into_iter().chain([label.as_str()]).flat_map(|change| ["--change", change]);
    let args: Vec<&str> = ["import"].into_iter().chain(changes).collect();
    docker(&[&args[..], &[&caddy().to_string_lossy(), image]].concat());
}

/// The files of that image, as an archive.
fn caddy() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let program = tools::find("caddy").expect("caddy").canonicalize().unwrap();
        let version = said(Command::new(&program).arg("version"));
        let folder = made_once("caddy", &[version.as_bytes()], |folder| {
            let root = folder.join("root");
            let put = |from: &Path, to: &Path| {
                let target = root.join(to.strip_prefix("/").unwrap());
                fs::create_dir_all(target.parent().unwrap()).unwrap();
                fs::copy(from, target).unwrap();
            };
            put(&program, Path::new("/usr/bin/caddy"));
            for library in libraries(&program) {
                put(&library, &library);
            }
            fs::create_dir_all(root.join("etc/caddy")).unwrap();
            fs::create_dir_all(root.join("tmp")).unwrap();
            said(Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(folder.join("root.tar")).arg("."));
            fs::remove_dir_all(root).unwrap();
        });
        folder.join("root.tar")
    })
}

/// Where the loader looks for what `program` needs; none where it needs nothing.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let Ok(output) = Command::new("ldd").arg(program).stdin(Stdio::null()).output() else {
        return Vec::new();
    };
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(PathBuf::from)
        .collect()
}

/// The folder for what is made from `inputs`; it is there as a whole or not at all.
fn made_once(what: &str, inputs: &[&[u8]], make: impl FnOnce(&Path)) -> PathBuf {
    let mut hasher = blake3::Hasher::new();
    for input in inputs {
        hasher.update(&input.len().to_le_bytes());
        hasher.update(input);
    }
    let digest = hasher.finalize().to_hex();
    let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = all.join(format!("deploy-{what}-{}", &digest[..16]));
    if !folder.exists() {
        let fresh = tempfile::Builder::new().prefix("deploy-new-").tempdir_in(all).unwrap();
        make(fresh.path());
        // Another test program may have been faster; what it made is as good.
        if fs::rename(fresh.path(), &folder).is_ok() {
            std::mem::forget(fresh);
        }
        assert!(folder.exists(), "{} can't be made", folder.display());
    }
    folder
}

#[track_caller]
fn said(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
