//! The floors of the house, kept: no file uses a room above its own, and inside a floor only what is listed here.
//!
//! Unit tests inside `src` are not exempt: what a room needs to be tested has to stand below it, too. Only the test binary, which
//! is this one, may see everything.

mod paths;

use std::path::Path;

use crate::code;

/// Rooms from the ground up. Whatever is on one floor may use all floors below and nothing beside it. `NAME::*` stands for a room for
/// each module of NAME.
const FLOORS: &[(&str, &[&str])] = &[
    ("0 words", &["text", "masking", "id"]),
    ("1 diagnostics", &["diagnostic"]),
    ("2 model", &["model"]),
    ("3 plan", &["plan", "event", "journal::record", "release"]),
    ("4 doors", &["os", "http"]),
    ("5 engine", &["run", "report", "journal", "journal::store", "ledger"]),
    ("6a adapters", &["adapters", "adapters::*"]),
    ("6b domains", &["domains", "domains::*"]),
    ("6c assembly", &["assemble"]),
    ("7 face", &["cli", "import", "server", "template"]),
];

/// What a room may use beside itself on its own floor: a room, or one name of it.
const BESIDE: &[(&str, &[&str])] = &[
    ("event", &["plan"]),
    ("journal::record", &["plan", "event"]),
    ("release", &["event", "journal::record"]),
    ("http", &["os"]),
    ("run", &["journal::store"]),
    // What the engine asks of whoever shows a run, and nothing of the engine itself.
    ("report", &["run::Observer", "run::Ask", "run::Question", "run::Answer"]),
    // Compose is a way to call docker.
    ("adapters::compose", &["adapters::docker"]),
    // What their APIs have in common.
    ("adapters::github", &["adapters::vendor"]),
    ("adapters::gitlab", &["adapters::vendor"]),
    ("adapters::hcp", &["adapters::vendor"]),
    ("adapters::pulumi", &["adapters::terraform"]),
    ("adapters::digitalocean", &["adapters::vendor"]),
    ("cli", &["import", "template"]),
    // A deployment on the server runs the release's own tasks file like any other command.
    ("server", &["cli"]),
];

/// What a room must not use although it is below: its reason to be apart.
const UNKNOWN_TO: &[(&str, &[&str])] = &[
    // The doors do not know why they are opened.
    ("os", &["diagnostic", "plan"]),
    ("http", &["diagnostic", "model", "plan"]),
    // What a run looks like comes from its events alone.
    ("report", &["model", "journal"]),
    // What to call and what an answer means, for whatever purpose.
    ("adapters", &["model", "plan", "run", "report", "journal"]),
    // What Shipway is for, whoever watches.
    ("domains", &["report", "journal"]),
    ("assemble", &["report", "journal", "adapters"]),
];

/// Whether the path is, or is in, `room`.
fn is_in(path: &str, room: &str) -> bool {
    match room.strip_suffix("::*") {
        Some(above) => path.strip_prefix(above).is_some_and(|rest| rest.starts_with("::")),
        None => path.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")),
    }
}

/// The floor and the room of a path: the longest that fits.
fn place(path: &str) -> Option<(usize, String)> {
    let rooms = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(floor, (_, rooms))| rooms.iter().map(move |room| (floor, *room)));
    let (floor, room) = rooms.filter(|(_, room)| is_in(path, room)).max_by_key(|(_, room)| room.len())?;
    let length = room.split("::").count();
    Some((floor, path.split("::").take(length).collect::<Vec<_>>().join("::")))
}

/// What is wrong with `code` as the text of `module`, a line each.
fn faults(module: &[String], code: &str) -> Vec<String> {
    let here = module.join("::");
    let Some((floor, room)) = place(&here) else {
        return vec![format!("`{here}` stands on no floor: add it to the table in tests/it/floors.rs")];
    };
    let mut faults = Vec::new();
    for (line, path) in paths::paths(code, module) {
        let path = path.join("::");
        let Some((its_floor, its_room)) = place(&path) else {
            // A name of the crate's root, or all of them, would hide where things come from.
            if path == "*" || path.contains("::") {
                faults.push(format!("{line}: `{path}` is on no floor"));
            }
            continue;
        };
        let listed = |table: &[(&str, &[&str])]| {
            let rows = table.iter().filter(|(user, _)| is_in(&room, user));
            rows.flat_map(|(_, used)| used.iter()).any(|used| is_in(&path, used))
        };
        let why = if its_room == room {
            continue;
        } else if its_floor > floor {
            format!("{} is above {}", FLOORS[its_floor].0, FLOORS[floor].0)
        } else if its_floor == floor && !listed(BESIDE) {
            format!("both are on {}, and `{room}` may not use it", FLOORS[floor].0)
        } else if listed(UNKNOWN_TO) {
            format!("`{room}` must not know it")
        } else {
            continue;
        };
        faults.push(format!("{line}: `{path}`: {why}"));
    }
    faults
}

/// `src/run/bindings/mod.rs` → run, bindings.
fn module_of(path: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        path.with_extension("").iter().skip(1).map(|name| name.to_string_lossy().into_owned()).collect();
    if names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

#[test]
fn no_room_uses_a_floor_above() {
    let mut all = Vec::new();
    for source in code::sources() {
        let module = module_of(&source.path);
        // The roots: one declares the rooms, the other starts the face.
        if module != ["lib"] && module != ["main"] {
            let faults = faults(&module, &source.code).into_iter();
            all.extend(faults.map(|fault| format!("{}:{fault}", source.path.display())));
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn planted_uses_are_caught() {
    let cases: &[(&str, &str, &str)] = &[
        // Upward, in each way to write it.
        ("plan::graph", "use crate::run::Bindings;", "1: `run::Bindings`: 5 engine is above 3 plan"),
        (
            "text",
            "use crate::{\n    text::list,\n    model::{task::Task, Model},\n};",
            "1: `model::task::Task`: 2 model is above 0 words",
        ),
        ("os::files", "fn f(run: &super::super::run::Ask) {}", "1: `run::Ask`: 5 engine is above 4 doors"),
        (
            "model",
            "\n\nmod tests {\n    use super::super::cli::main;\n}",
            "4: `cli::main`: 7 face is above 2 model",
        ),
        (
            "event",
            "use crate::journal::store::RunStore;",
            "1: `journal::store::RunStore`: 5 engine is above 3 plan",
        ),
        ("adapters::git", "use crate::domains::task;", "1: `domains::task`: 6b domains is above 6a adapters"),
        (
            "domains::task",
            "use crate::assemble::Goal;",
            "1: `assemble::Goal`: 6c assembly is above 6b domains",
        ),
        // Beside.
        (
            "domains::task",
            "use crate::domains::workspace::Verb;",
            "1: `domains::workspace::Verb`: both are on 6b domains, and `domains::task` may not use it",
        ),
        (
            "run",
            "use crate::report::Style;",
            "1: `report::Style`: both are on 5 engine, and `run` may not use it",
        ),
        (
            "report::live",
            "use crate::run::Bindings;",
            "1: `run::Bindings`: both are on 5 engine, and `report` may not use it",
        ),
        ("report::live", "use crate::run;", "1: `run`: both are on 5 engine, and `report` may not use it"),
        // Below, but none of its business.
        (
            "adapters::git",
            "let x = crate::model::Model::default();",
            "1: `model::Model::default`: `adapters::git` must not know it",
        ),
        ("assemble", "use crate::adapters::git;", "1: `adapters::git`: `assemble` must not know it"),
        // Everything at once, and a new room.
        ("plan", "use crate::*;", "1: `*` is on no floor"),
        ("cellar", "", "`cellar` stands on no floor: add it to the table in tests/it/floors.rs"),
    ];
    for (module, code, fault) in cases {
        let module: Vec<String> = module.split("::").map(str::to_owned).collect();
        assert_eq!(faults(&module, &code::scrub(code)).first().map(String::as_str), Some(*fault), "{code}");
    }
    let fine = [
        ("report::live", "use crate::run::{Answer, Observer};"),
        ("run::context", "use super::bindings::Bindings; use crate::journal::store::RunStore;"),
        ("os::identity", "use crate::journal::record::ProcessIdentity;"),
        ("plan", "// use crate::run::Ask;\nlet text = \"crate::run::Ask\";"),
        ("domains::workspace::plan", "use crate::adapters::terraform::init; use super::site::Site;"),
    ];
    for (module, code) in fine {
        let module: Vec<String> = module.split("::").map(str::to_owned).collect();
        assert_eq!(faults(&module, &code::scrub(code)), Vec::<String>::new(), "{code}");
    }
}

/// The map at the head of the crate names every room that there is; `cargo doc` sees to it that it names no others.
#[test]
fn the_map_names_every_room() {
    let text = code::read(Path::new("src/lib.rs"));
    let map: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
    let rooms = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let missing: Vec<&str> = rooms.filter(|room| !map.contains(&format!("[`{room}`]"))).collect();
    assert!(missing.is_empty(), "src/lib.rs has rooms that its map does not name: {missing:?}");
}
