//! Writes `host_key` into the tasks file, and leaves all else in it as it stands.

use toml_edit::{DocumentMut, Item, Value};

use super::key::{Found, STEP};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::deploy::target::Target;
use crate::event::Level;
use crate::os::files::{access, real_path};
use crate::run::{Action, Outcome, StepContext};

/// Writes the key.
pub(super) struct PinAction {
    pub(super) target: Target,
}

impl Action for PinAction {
    fn describe(&self) -> Vec<String> {
        let name = &self.target.environment;
        let file = self.target.model.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        vec![format!("write `host_key` of [environments.{name}.deploy] into {file}")]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.pin(context).into()
    }
}

impl PinAction {
    fn pin(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let Some(found) = context.value::<Found>(STEP) else {
            return Ok(Outcome::Skipped("there is no key to pin".to_owned()));
        };
        if !found.known && context.approval(&found.digest()).is_none() {
            return Err(Fault::new(FaultKind::Refused, "nobody said that this key is the server's"));
        }
        let file = real_path(&self.target.model.file);
        let shown = file.display();
        let failed = |what: &str, why: String| {
            Fault::new(FaultKind::World, format!("{shown} could not be {what}: {why}"))
                .hint(format!("add this line to it by hand: host_key = \"{}\"", found.key))
        };
        let files = &context.doors().files;
        let bytes = files.read(&file).map_err(|error| failed("read", error.to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        let edited = with_key(&text, &self.target.environment, &found.key.to_string())
            .map_err(|why| failed("edited", why))?;
        let mode = access(&file).map_or(0o644, |access| access.mode & 0o777);
        files.write(&file, edited.as_bytes(), mode).map_err(|error| failed("written", error.to_string()))?;
        let text = format!("host_key = \"{}\"", found.key);
        context.log().notice(Level::Note, &text);
        Ok(Outcome::done())
    }
}

/// `text` with the key of an environment's server.
fn with_key(text: &str, environment: &str, key: &str) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    let missing = || format!("it has no [environments.{environment}.deploy] any more");
    let deploy = document
        .get_mut("environments")
        .and_then(|item| item.get_mut(environment))
        .and_then(|item| item.get_mut("deploy"))
        .filter(|item| item.is_table_like())
        .ok_or_else(missing)?;
    match deploy {
        Item::Value(Value::InlineTable(table)) => {
            // The blank before the brace belongs to the last value, which it no longer is.
            let after = table.iter_mut().last().map(|(_, value)| {
                let after = value.decor().suffix().cloned().unwrap_or_default();
                value.decor_mut().set_suffix("");
                after
            });
            table.insert("host_key", key.into());
            if let (Some(value), Some(after)) = (table.get_mut("host_key"), after) {
                value.decor_mut().set_suffix(after);
            }
        }
        other => other["host_key"] = toml_edit::value(key),
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::with_key;

    #[test]
    fn the_key_is_added_and_all_else_stays_as_it_was_written() {
        let text = "# ours\n[environments.prod]\nprotected = true   # really\n\n[environments.prod.deploy]\n\
                    server = \"ssh://h/srv\" # the box\n\n[tasks]\na = 'true'\n";
        let expected = text.replace("# the box\n", "# the box\nhost_key = \"ssh-ed25519 AAAA\"\n");
        assert_eq!(with_key(text, "prod", "ssh-ed25519 AAAA").unwrap(), expected);
        assert_eq!(with_key(&expected, "prod", "ssh-ed25519 AAAA").unwrap(), expected);
        let inline = "[environments]\nprod = { deploy = { server = \"ssh://h/srv\" } }\n";
        assert_eq!(
            with_key(inline, "prod", "k").unwrap(),
            "[environments]\nprod = { deploy = { server = \"ssh://h/srv\", host_key = \"k\" } }\n"
        );
        let dotted = "[environments.prod]\ndeploy.server = \"ssh://h/srv\"\n";
        let edited = with_key(dotted, "prod", "k").unwrap();
        assert!(
            toml::from_str::<toml::Table>(&edited).unwrap()["environments"]["prod"]["deploy"]["host_key"]
                .is_str(),
            "{edited}"
        );
        assert!(with_key(text, "stage", "k").unwrap_err().contains("[environments.stage.deploy]"));
        assert!(with_key("x = ", "prod", "k").is_err());
    }
}
