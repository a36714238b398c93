//! What a task hands on: lines `NAME=value` that its commands write to the file `$SHIPWAY_OUTPUT`.
//!
//! A value is one line of text. Of a name that stands twice the last line counts, as in a shell. What is declared has to be there: a task
//! that forgets it fails here, and not where somebody needs the value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::action::Place;
use super::parts::Part;
use crate::diagnostic::{Fault, FaultKind};
use crate::model::{Task, Value};
use crate::os::command::EnvironmentValue;
use crate::os::files::FileKind;
use crate::run::{Exports, StepContext};
use crate::text::{list, suggest};

/// The variable that names the file.
pub(super) const VARIABLE: &str = "SHIPWAY_OUTPUT";

/// A private file for the exports of this step, or of all parts together; `None`: the task has none.
pub(super) fn file(context: &StepContext<'_>, task: &Task, part: &Part) -> Result<Option<PathBuf>, Fault> {
    if task.exports.is_empty() {
        return Ok(None);
    }
    let name = blake3::hash(part.of.as_deref().unwrap_or(context.name()).as_bytes()).to_hex();
    context.private_path(&format!("output-{}", &name[..16])).map(Some)
}

/// Makes the file empty.
pub(super) fn clear(context: &StepContext<'_>, place: &Place) -> Result<(), Fault> {
    let Some(EnvironmentValue::Plain(path)) = place.env.get(VARIABLE) else { return Ok(()) };
    context.doors().files.write(Path::new(path), b"", 0o600).map_err(|error| {
        Fault::new(FaultKind::World, format!("the file of ${VARIABLE} could not be written: {error}"))
    })
}

/// What was written.
pub(super) fn read(context: &StepContext<'_>, task: &Task, file: &Path) -> Result<Exports, Fault> {
    let files = &context.doors().files;
    // A FIFO that stands there instead would be waited for without end.
    let is = match files.kind(file) {
        FileKind::File => None,
        FileKind::Missing => Some("removed the file"),
        FileKind::Folder | FileKind::Other => Some("put something else in the place of the file"),
    };
    if let Some(what) = is {
        files.remove(file).ok();
        let message = format!("`{}` {what} that ${VARIABLE} names", task.name);
        let hint = format!("its commands have to add lines to it: `echo \"NAME=…\" >>\"${VARIABLE}\"`");
        return Err(Fault::new(FaultKind::Failed, message).hint(hint));
    }
    let bytes = files.read(file).map_err(|error| {
        Fault::new(FaultKind::World, format!("the file of ${VARIABLE} could not be read: {error}"))
    })?;
    files.remove(file).ok();
    let text = String::from_utf8(bytes).map_err(|_| {
        Fault::new(FaultKind::Failed, format!("`{}` wrote no text to ${VARIABLE}", task.name))
    })?;
    let names: Vec<&str> = task.exports.iter().map(|name| name.value.as_str()).collect();
    let values = parse(&task.name, &names, &text)?;
    Ok(Exports(values.into_iter().map(|(name, value)| (name, Value::public(value))).collect()))
}

fn parse(task: &str, names: &[&str], text: &str) -> Result<BTreeMap<String, String>, Fault> {
    let failed = |message: String| Fault::new(FaultKind::Failed, message);
    let mut values = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once('=') else {
            return Err(failed(format!(
                "line {} that `{task}` wrote to ${VARIABLE} is no `NAME=value`",
                number + 1
            ))
            .hint("a value is one line; encode what has several, for example as JSON or base64"));
        };
        let name = name.trim();
        if !names.contains(&name) {
            let fault = failed(format!("`{task}` hands on `{name}`, which is not among its `exports`"));
            return Err(match suggest::nearest(name, names.iter().copied()) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault.hint("declare it: `exports`"),
            });
        }
        values.insert(name.to_owned(), value.to_owned());
    }
    let missing: Vec<&str> = names.iter().copied().filter(|name| !values.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(values);
    }
    Err(failed(format!("`{task}` did not hand on {}", list::and_ticked(&missing)))
        .hint(format!("its commands have to write it: `echo \"{}=…\" >>\"${VARIABLE}\"`", missing[0])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        match parse("build", &["version", "tag"], text) {
            Ok(values) => format!("{values:?}"),
            Err(fault) => fault.message,
        }
    }

    #[test]
    fn each_declared_value_is_one_line() {
        assert_eq!(told("tag=a\nversion=1=2 \n\ntag=b\r\n"), r#"{"tag": "b", "version": "1=2 "}"#);
        assert_eq!(told("version=1"), "`build` did not hand on `tag`");
        assert_eq!(
            told("version=1\nverzion=2"),
            "`build` hands on `verzion`, which is not among its `exports`"
        );
        assert_eq!(
            told("version=1\nmore"),
            "line 2 that `build` wrote to $SHIPWAY_OUTPUT is no `NAME=value`"
        );
    }
}
