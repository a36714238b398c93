//! What terraform finds around a workspace: the environment, its own configuration, itself.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::memory::Memory;
use crate::adapters::terraform::version;
use crate::diagnostic::Fault;
use crate::domains::workspace::site::Site;
use crate::os::command::EnvironmentValue;
use crate::os::files::{FileKind, stamp};
use crate::run::StepContext;

/// Variables that say something of a terminal, a shell or a session, and nothing that a provider reads. All others count.
const OF_NO_MATTER: &[&str] = &[
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "COLUMNS",
    "COMMAND_MODE",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "EDITOR",
    "GPG_AGENT_INFO",
    "GPG_TTY",
    "HISTCONTROL",
    "HISTFILE",
    "HISTFILESIZE",
    "HISTSIZE",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LESS",
    "LESSCLOSE",
    "LESSOPEN",
    "LINES",
    "LSCOLORS",
    "LS_COLORS",
    "MAIL",
    "MANPATH",
    "MOTD_SHOWN",
    "NO_COLOR",
    "OLDPWD",
    "PAGER",
    "PROMPT",
    "PROMPT_COMMAND",
    "PS1",
    "PS2",
    "PS4",
    "PWD",
    "SECURITYSESSIONID",
    "SESSION_MANAGER",
    "SHELL",
    "SHLVL",
    "SSH_AGENT_PID",
    "SSH_AUTH_SOCK",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "STY",
    "TERM",
    "TERMINFO",
    "TMUX",
    "TMUX_PANE",
    "VISUAL",
    "WAYLAND_DISPLAY",
    "WINDOWID",
    "XAUTHORITY",
    "XPC_FLAGS",
    "XPC_SERVICE_NAME",
    "_",
    "__CF_USER_TEXT_ENCODING",
];

/// Beginnings of such names.
const OF_NO_MATTER_PREFIXES: &[&str] = &[
    "ALACRITTY_",
    "CURSOR_",
    "GNOME_TERMINAL_",
    "ITERM_",
    "KITTY_",
    "KONSOLE_",
    "P9K_",
    "SHIPWAY_",
    "STARSHIP_",
    "TERM_",
    "VSCODE_",
    "VTE_",
    "WEZTERM_",
    "XDG_SESSION_",
];

/// Files that providers and backends read without being told, from the user's home folder.
const OF_PROVIDERS: [&str; 5] =
    [".terraformrc", ".terraform.d/credentials.tfrc.json", ".aws/config", ".aws/credentials", ".kube/config"];

/// A program that is larger than this is no script that chooses one.
const LARGEST_SCRIPT: u64 = 1024 * 1024;

/// A part by its name.
type Parts = Vec<(String, Vec<u8>)>;

/// What terraform finds around the workspace, by names; the reason where that can't be told.
pub(super) fn gather(
    context: &mut StepContext<'_>,
    site: &Site,
    memory: &Memory,
) -> Result<Result<Parts, String>, Fault> {
    let mut all: BTreeMap<OsString, Vec<u8>> = BTreeMap::new();
    for (name, value) in &context.doors().environment.variables {
        all.insert(name.clone(), value.as_encoded_bytes().to_vec());
    }
    for (name, value) in site.environment(context)? {
        let value = match value {
            EnvironmentValue::Plain(value) => value.into_bytes(),
            EnvironmentValue::Secret(secret) => secret.expose().as_bytes().to_vec(),
        };
        all.insert(name.into(), value);
    }
    let doors = context.doors();
    let mut parts = Parts::new();
    let root = site.folder()?;
    let path = all.get(&OsString::from("PATH")).cloned();
    for (name, value) in all {
        let name = name.to_string_lossy().into_owned();
        if is_of_no_matter(&name) {
            continue;
        }
        // What a variable names is read: credentials, a configuration.
        let text = String::from_utf8_lossy(&value).into_owned();
        let named = root.join(&text);
        if text.contains('/') && !text.contains(':') && doors.files.kind(&named) == FileKind::File {
            if name == "TF_CLI_CONFIG_FILE"
                && overrides_providers(&doors.files.read(&named).unwrap_or_default())
            {
                return Ok(Err(DEVELOPED.to_owned()));
            }
            parts.push((format!("the file that ${name} names"), memory.named(doors, &named).to_vec()));
        }
        parts.push((format!("${name}"), value));
    }
    for file in OF_PROVIDERS {
        let Some(home) = doors.environment.home() else { break };
        let bytes = doors.files.read(&home.join(file)).unwrap_or_default();
        if file == ".terraformrc" && overrides_providers(&bytes) {
            return Ok(Err(DEVELOPED.to_owned()));
        }
        parts.push((format!("~/{file}"), bytes));
    }
    parts.push(("terraform itself".to_owned(), program(context, site, path)?.into_bytes()));
    Ok(Ok(parts))
}

const DEVELOPED: &str =
    "terraform's own configuration has `dev_overrides`: a provider may change at any time";

fn overrides_providers(configuration: &[u8]) -> bool {
    String::from_utf8_lossy(configuration).contains("dev_overrides")
}

fn is_of_no_matter(name: &str) -> bool {
    OF_NO_MATTER.contains(&name) || OF_NO_MATTER_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Which program runs: by its file; a script chooses one by files of its own, so it is asked.
fn program(context: &mut StepContext<'_>, site: &Site, path: Option<Vec<u8>>) -> Result<String, Fault> {
    let path = path.map(|path| OsString::from(String::from_utf8_lossy(&path).into_owned()));
    let found = context.doors().tools.find(site.tool(), path.as_deref(), &site.model.root);
    let found: PathBuf = found.unwrap_or_default();
    let mark = stamp(&found);
    let is_script = mark
        .rsplit(' ')
        .nth(1)
        .and_then(|size| size.parse().ok())
        .is_none_or(|size: u64| size < LARGEST_SCRIPT);
    if !is_script {
        return Ok(mark);
    }
    let (_, answer) = site.ask(context, |root| root.version_json())?;
    let version = version::parse(&answer.out).map(|installed| installed.version.to_string());
    Ok(format!("{mark} {}", version.unwrap_or(answer.out)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_no_matter_is_sorted_and_names_no_credential() {
        assert!(OF_NO_MATTER.is_sorted() && OF_NO_MATTER_PREFIXES.is_sorted());
        for name in ["TF_VAR_x", "AWS_REGION", "DIGITALOCEAN_TOKEN", "HTTPS_PROXY", "TZ", "HOME", "PATH"] {
            assert!(!is_of_no_matter(name), "{name}");
        }
        assert!(is_of_no_matter("TERM_SESSION_ID") && is_of_no_matter("SHIPWAY_KILL"));
    }
}
