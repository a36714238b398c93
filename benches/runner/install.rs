//! Gets the other runners into a folder of their own: from Debian, PyPI and crates.io, as far as they have them.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

/// How each is got; `{}` is the folder. What takes long comes last.
const WAYS: [(&str, &str); 5] = [
    (
        "ninja",
        "cd {} && apt-get download ninja-build && dpkg -x ninja-build_*.deb debian && ln -sf debian/usr/bin/ninja ninja",
    ),
    (
        "task",
        "python3 -m venv {}/python && {}/python/bin/pip install -q go-task-bin && ln -sf python/bin/task {}/task",
    ),
    ("just", "cargo install --quiet --root {}/cargo just && ln -sf cargo/bin/just {}/just"),
    (
        "cargo-make",
        "cargo install --quiet --root {}/cargo cargo-make && ln -sf cargo/bin/cargo-make {}/cargo-make",
    ),
    ("mise", "cargo install --quiet --root {}/cargo mise && ln -sf cargo/bin/mise {}/mise"),
];

/// Gets what is not there yet, but for those that are named in `without`. Says what could not be got.
pub(crate) fn install(folder: &Path, without: &[String]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let shown = folder.display().to_string();
    ensure!(!shown.contains(['\'', ' ']), "{shown}: a folder without blanks is needed");
    for (program, way) in WAYS {
        if without.iter().any(|it| it == program) || folder.join(program).exists() {
            continue;
        }
        println!("getting {program}");
        let status = Command::new("sh").arg("-ec").arg(way.replace("{}", &shown)).status()?;
        if !status.success() {
            println!("{program} could not be got: {status}");
        }
    }
    Ok(())
}
