//! Asks make what it makes of a Makefile, and what it had to read for that.
//!
//! Nothing is made for the import, no makefile either: make stops at an `$(error …)` of ours when everything is read, and tells its database
//! then. What a Makefile runs while it is read can't be kept from running; whether it does is asked first.

use std::path::Path;

use crate::cli::options::Options;
use crate::cli::session;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Stream;
use crate::import::{Imported, MakeFile, make};
use crate::os::Doors;
use crate::os::terminal::say;
use crate::plan::Proposal;
use crate::report::ask::TerminalAsk;
use crate::run::{Answer, Ask as _, Question};

use super::super::probe;

/// Stands around what we have make say.
const MARK: &str = "@shipway-import@";

/// What is made of the Makefile `name` with the text `source`, and all files that make read for it.
pub(super) fn read(
    doors: &Doors,
    options: &Options,
    (path, name): (&Path, &str),
    source: &str,
) -> Result<(Imported, Vec<MakeFile>), Fault> {
    if doors.environment.variables.contains_key(std::ffi::OsStr::new("MAKEFILES")) || make::evaluates(source)
    {
        may_evaluate(doors, options, name)?;
    }
    let database = database(doors, path, name)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut files = vec![MakeFile { name: name.to_owned(), text: source.to_owned() }];
    for file in make::files(&database).into_iter().filter(|file| file != name) {
        // The file that make makes of our own words is gone again.
        if let Ok(bytes) = doors.files.read(&folder.join(&file)) {
            files.push(MakeFile { name: file, text: String::from_utf8_lossy(&bytes).into_owned() });
        }
    }
    let mut expand = |wanted: &make::Probe| expand(doors, path, name, wanted);
    let names = doors.environment.variables.keys();
    let environment: Vec<String> = names.filter_map(|name| Some(name.to_str()?.to_owned())).collect();
    let imported = make::read(&files, &database, &environment, &mut expand);
    Ok((imported, files))
}

/// What make knows when everything is read.
fn database(doors: &Doors, path: &Path, name: &str) -> Result<String, Fault> {
    let stop = format!("$(info {MARK})\n$(error {MARK})\n");
    let words = ["-prq", "-f", name, "-f", "-"];
    let reply = probe::ask(doors, path.parent().unwrap_or(Path::new("/")), "make", &words, &stop);
    let reply = reply.ok_or_else(|| {
        Fault::new(FaultKind::World, "`make` has to be there to read its own file")
            .hint("install make until the import is done")
    })?;
    if reply.out.lines().any(|line| line == MARK) {
        return Ok(reply.out);
    }
    Err(Fault::new(
        FaultKind::File,
        format!("make could not read {} (status {})", path.display(), reply.status),
    )
    .hint("`make` itself says why"))
}

/// One text as make expands it: the Makefile is read first, then what we ask.
fn expand(doors: &Doors, path: &Path, name: &str, wanted: &make::Probe) -> Option<String> {
    let mut text = String::new();
    for make::Own { name, sign, value, .. } in &wanted.variables {
        text.push_str(&format!("{name} {sign} {value}\n"));
    }
    text.push_str(&format!("define shipway-text\n{}\nendef\n", wanted.text));
    text.push_str(&format!("$(info {MARK}$(shipway-text){MARK})\n$(error {MARK})\n"));
    let reply = probe::ask(doors, path.parent()?, "make", &["-rq", "-f", name, "-f", "-"], &text)?;
    let (_, rest) = reply.out.split_once(MARK)?;
    rest.split_once(MARK).map(|(text, _)| text.to_owned())
}

/// Reading a Makefile runs what stands in it: nobody is surprised by that.
fn may_evaluate(doors: &Doors, options: &Options, name: &str) -> Result<(), Fault> {
    let facts = session::facts(doors, options);
    let mut ask = TerminalAsk::new(facts, options.json, options.yes, Vec::new());
    let question = Question::Approve(Proposal {
        question: format!(
            "make reads {name}, and what it includes, for the import: every `$(shell …)` runs and every `$(file …)` writes. Let it?"
        ),
        changes: Vec::new(),
        words: Vec::new(),
    });
    let silent = ask.is_silent(&question);
    match ask.ask(&question) {
        Answer::Approved { .. } => {
            if silent && !options.json {
                say(
                    Stream::Err,
                    &format!("note: make evaluates {name}, every `$(shell …)` in it included\n"),
                );
            }
            Ok(())
        }
        Answer::Refused(fault) => Err(fault),
        Answer::Interrupted => Err(Fault::new(FaultKind::Interrupted, "interrupted")),
        Answer::Declined | Answer::Text(_) => Err(Fault::new(FaultKind::Declined, "nothing was imported")),
    }
}
