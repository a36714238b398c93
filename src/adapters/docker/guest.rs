//! Our own program as a guest in a container's network.
//!
//! Only from inside one sees a container's connections and reaches an interface that listens on its loopback. Nothing is needed in the
//! container: an image without a file shares its network, and our program comes in with the libraries that it is linked to. It needs no
//! capability, so it has none.

use std::path::{Path, PathBuf};

use crate::os::command::CommandSpec;

/// The image without a file.
pub const IMAGE: &str = "shipway-guest";

/// Our first argument where we are the guest.
pub const WORD: &str = "__netns";

/// Where the program's libraries may lie; those that exist here are shared with the guest.
pub const LIBRARIES: [&str; 4] = ["/lib", "/lib32", "/lib64", "/usr/lib"];

/// What the guest is of: the program, the folders of its libraries, and whose network it shares.
#[derive(Clone, Copy, Debug)]
pub struct Guest<'a> {
    /// Our own program.
    pub program: &'a Path,
    /// The folders of `LIBRARIES` that exist.
    pub libraries: &'a [PathBuf],
    /// The container's id.
    pub container: &'a str,
    /// The user number that it runs as: whoever may run the program here, for without capabilities not even root may there.
    pub user: u32,
}

impl Guest<'_> {
    /// The guest with these words after `WORD`.
    fn run(&self, dir: &Path, words: &[&str]) -> CommandSpec {
        let bind =
            |from: &Path, to: &str| format!("type=bind,source={},target={to},readonly", from.display());
        let mut spec = CommandSpec::new("docker", dir)
            .args(["run", "--rm", "--interactive", "--cap-drop", "ALL", "--read-only", "--user"])
            .args([self.user.to_string(), "--network".to_owned(), format!("container:{}", self.container)])
            .args(["--mount".to_owned(), bind(self.program, "/shipway")]);
        for library in self.libraries {
            spec = spec.args(["--mount".to_owned(), bind(library, &library.to_string_lossy())]);
        }
        spec.args([IMAGE, "/shipway", WORD]).args(words.iter().copied())
    }

    /// Waits until the container has no request in hand; `port` 0: on any port that it listens on. It looks from `from_ms` on, in
    /// milliseconds since the machine's start, so that it can come up while there still is traffic.
    pub fn idle(
        &self,
        dir: &Path,
        port: u16,
        from_ms: u128,
        (quiet_ms, limit_ms): (u128, u128),
    ) -> CommandSpec {
        let words = [port.to_string(), quiet_ms.to_string(), limit_ms.to_string(), from_ms.to_string()];
        self.run(dir, &["idle", &words[0], &words[1], &words[2], &words[3]])
    }

    /// GET of `url` in the container's network.
    pub fn get(&self, dir: &Path, url: &str) -> CommandSpec {
        self.run(dir, &["get", url])
    }

    /// The same, not before `from_ms`, in milliseconds since the machine's start: the guest comes up while one has to wait anyway.
    pub fn get_from(&self, dir: &Path, url: &str, from_ms: u128) -> CommandSpec {
        self.run(dir, &["get", url, &from_ms.to_string()])
    }

    /// `method` on `url`, with its standard input as the body, of the type `content`.
    pub fn send(&self, dir: &Path, method: &str, url: &str, content: &str) -> CommandSpec {
        self.run(dir, &["send", method, url, content])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_has_its_program_its_libraries_and_no_capability() {
        let libraries = [PathBuf::from("/lib"), PathBuf::from("/lib64")];
        let guest = Guest {
            program: Path::new("/srv/bin/shipway"),
            libraries: &libraries,
            container: "c0ffee",
            user: 1000,
        };
        let front = "docker run --rm --interactive --cap-drop ALL --read-only --user 1000 --network container:c0ffee \
                     --mount type=bind,source=/srv/bin/shipway,target=/shipway,readonly \
                     --mount type=bind,source=/lib,target=/lib,readonly \
                     --mount type=bind,source=/lib64,target=/lib64,readonly shipway-guest /shipway __netns";
        let here = Path::new("/srv");
        assert_eq!(
            guest.idle(here, 8000, 7, (200, 30_000)).to_string(),
            format!("{front} idle 8000 200 30000 7")
        );
        let url = "http://127.0.0.1:2019/config/";
        assert_eq!(guest.get(here, url).to_string(), format!("{front} get {url}"));
        assert_eq!(guest.get_from(here, url, 7).to_string(), format!("{front} get {url} 7"));
        assert_eq!(
            guest.send(here, "POST", "http://127.0.0.1:2019/load", "text/caddyfile").to_string(),
            format!("{front} send POST http://127.0.0.1:2019/load text/caddyfile")
        );
    }
}
