//! Makefiles, by what `make -p` says of them: its rules are expanded, `foreach` and `eval` among them. Pure but for `expand`.

use std::collections::HashMap;

use super::make_database::{Database, Rule, parse};
use super::make_eval::restore;
use super::make_files::Files;
use super::make_text::Texts;
use super::script::fit;
use super::{Call, Imported, Loss, MakeFile, Task, shebang, task_name, variable_name};

pub use super::make_files::{evaluates, files};
pub use super::make_text::{Expand, Probe};

/// Reads `database`, what `make -prq` printed when it had read `files`, the Makefile itself first.
pub fn read<'a>(files: &'a [MakeFile], database: &str, expand: &'a mut Expand<'a>) -> Imported {
    let files = Files(files);
    let mut database = parse(database);
    let mut losses = restore(&mut database, files, expand);
    let mut rules: Vec<&Rule> = database.rules.iter().filter(|rule| is_task(rule, files)).collect();
    rules.sort_by_key(|rule| (place(files, rule), rule.name.clone()));
    let names = names(&rules);
    let mut texts = Texts { database: &database, files, expand, imported: Imported::default() };
    let shell = Shell::of(&database);
    let mut tasks: Vec<Task> = Vec::new();
    for rule in &rules {
        let place = told(files, place(files, rule));
        let mut task = Task {
            name: names[&rule.name].clone(),
            description: about(files, &rule.name),
            ..Task::default()
        };
        let mut lose = |what: String| losses.push(Loss { file: place.0.to_owned(), line: place.1, what });
        if task.name != rule.name {
            lose(format!("the target `{}` is called `{}` here", rule.name, task.name));
        }
        needs(rule, &names, &mut task, &mut lose);
        // Two rules of one target, with `::`, are one task after the other.
        for step in steps(&rule.recipe, shell.is_one) {
            let at = rule.place.as_ref().map_or(place, |(file, line)| (file.as_str(), *line));
            let (ignore, text) = prefix(&step);
            if let Some(call) = own_call(text, &names) {
                task.run.push(if ignore { format!("{call} || true") } else { call });
                texts.imported.lose(at.0, at.1, "make calls itself; here the step is a run of its own");
                continue;
            }
            let pieces = texts.recipe(text, rule, at);
            let fitted = fit(&pieces, &shell.shebang, ignore);
            if fitted.step.trim().is_empty() {
                continue;
            }
            task.run.push(fitted.step);
            fitted.env.into_iter().for_each(|entry| {
                if !task.env.contains(&entry) {
                    task.env.push(entry)
                }
            });
        }
        match tasks.iter_mut().find(|known| known.name == task.name) {
            Some(known) => {
                known.run.append(&mut task.run);
                known.env.append(&mut task.env);
                known.depends.append(&mut task.depends);
            }
            None => tasks.push(task),
        }
    }
    exports(&mut texts, &mut losses);
    whole_file(&database, files, &mut losses);
    made_files(&mut texts, &mut losses);
    texts.imported.tasks = tasks;
    texts.into_imported(losses)
}

/// Which file a rule stands in, and the line; a rule that `eval` made has the place of that, or none.
fn place(files: Files<'_>, rule: &Rule) -> (usize, usize) {
    let number = |name: &str| files.0.iter().position(|file| file.name == name);
    let written = files.line_where(|line| is_header(line, &rule.name));
    let recipe = rule.place.as_ref().map(|(file, line)| (file.as_str(), *line));
    let place = written.or(recipe).and_then(|(file, line)| Some((number(file)?, line)));
    place.unwrap_or((usize::MAX, 0))
}

/// The name of that file.
fn told(files: Files<'_>, (number, line): (usize, usize)) -> (&str, usize) {
    files.0.get(number).map_or((files.main(), 0), |file| (file.name.as_str(), line))
}

/// Whether a rule is something that a person calls or another rule needs.
fn is_task(rule: &Rule, files: Files<'_>) -> bool {
    let is_special =
        rule.name.starts_with('.') && rule.name.chars().skip(1).all(|c| c.is_ascii_uppercase() || c == '_');
    let does =
        !rule.recipe.is_empty() || !rule.needs.is_empty() || !rule.order_only.is_empty() || rule.is_phony;
    does && !is_special && rule.name != files.main()
}

/// The names of all targets here, each once.
fn names(rules: &[&Rule]) -> HashMap<String, String> {
    let mut names: HashMap<String, String> = HashMap::new();
    for rule in rules {
        let mut name = task_name(&rule.name);
        while names.iter().any(|(target, known)| *known == name && *target != rule.name) {
            name.push_str("-2");
        }
        names.insert(rule.name.clone(), name);
    }
    names
}

/// What a rule needs: tasks become its dependencies, files are looked at no more.
fn needs(rule: &Rule, names: &HashMap<String, String>, task: &mut Task, lose: &mut impl FnMut(String)) {
    let mut files = Vec::new();
    for need in rule.needs.iter().chain(&rule.order_only) {
        match names.get(need) {
            Some(name) if task.depends.iter().any(|call| call.task == *name) => {}
            Some(name) => task.depends.push(Call { task: name.clone(), args: Vec::new() }),
            None => files.push(need.as_str()),
        }
    }
    let is_file = !rule.is_phony && (!files.is_empty() || rule.name.contains(['/', '.']));
    if is_file && !rule.recipe.is_empty() {
        lose(format!(
            "`{}` is a file that make makes only when it is out of date; here its task always runs",
            rule.name
        ));
    } else if !files.is_empty() {
        lose(format!("the task no longer looks at the files {}", files.join(" ")));
    }
    if task.depends.len() > 1 {
        let names: Vec<&str> = task.depends.iter().map(|call| call.task.as_str()).collect();
        lose(format!(
            "without -j, make does {} one after another; here they run side by side where nothing orders them (add a `depends` where one needs another)",
            names.join(", ")
        ));
    }
}

/// The lines of a recipe with their continuations, or all of them as one script.
fn steps(recipe: &[String], is_one: bool) -> Vec<String> {
    if is_one {
        return (!recipe.is_empty()).then(|| recipe.join("\n")).into_iter().collect();
    }
    let mut steps: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in recipe {
        let ends_open = line.ends_with('\\') && !line.ends_with("\\\\");
        match steps.last_mut().filter(|_| is_open) {
            Some(step) => step.push_str(&format!("\n{line}")),
            None => steps.push(line.clone()),
        }
        is_open = ends_open;
    }
    steps.into_iter().map(|step| joined(&step)).filter(|step| !step.trim().is_empty()).collect()
}

/// A shell drops a backslash before the end of a line, but between single quotes.
fn joined(step: &str) -> String {
    if step.contains('\'') && step.contains("\\\n") {
        let is_quoted = step.split("\\\n").scan(0, |quotes, part| {
            *quotes += part.matches('\'').count();
            Some(*quotes % 2 == 1)
        });
        if is_quoted.into_iter().any(|quoted| quoted) {
            return step.to_owned();
        }
    }
    let mut lines = step.split("\\\n");
    let mut text = lines.next().unwrap_or_default().trim_end().to_owned();
    lines.for_each(|line| text.push_str(&format!(" {}", line.trim())));
    text
}

/// `$(MAKE) target` as a run of that task.
fn own_call(text: &str, names: &HashMap<String, String>) -> Option<String> {
    let rest = text.strip_prefix("$(MAKE) ").or_else(|| text.strip_prefix("${MAKE} "))?;
    let mut words = Vec::new();
    for word in
        rest.split_whitespace().filter(|word| !matches!(*word, "-s" | "--silent" | "--no-print-directory"))
    {
        let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./=".contains(c));
        let given = word.contains('=') && !word.starts_with('-');
        words.push(match names.get(word) {
            Some(name) => name.clone(),
            None if is_plain && given => word.to_owned(),
            None => return None,
        });
    }
    // Variables stand before the task.
    words.sort_by_key(|word| !word.contains('='));
    (words.iter().filter(|word| !word.contains('=')).count() == 1)
        .then(|| format!("shipway {}", words.join(" ")))
}

/// The signs before a command: `-` means that its failure is nobody's.
fn prefix(step: &str) -> (bool, &str) {
    let text = step.trim_start_matches(['@', '-', '+', ' ', '\t']);
    (step[..step.len() - text.len()].contains('-'), text)
}

/// The shell of the recipes.
struct Shell {
    shebang: String,
    /// `.ONESHELL`
    is_one: bool,
}

impl Shell {
    fn of(database: &Database) -> Self {
        let value = |name: &str| {
            let variable = database.variables.get(name).filter(|it| it.origin == "makefile");
            variable.map(|it| it.value.trim().to_owned()).filter(|it| !it.contains('$'))
        };
        let program = value("SHELL").unwrap_or_else(|| "/bin/sh".to_owned());
        let flags = value(".SHELLFLAGS").unwrap_or_default();
        let flags: Vec<&str> = flags.split_whitespace().collect();
        let shebang = shebang(&program, &flags);
        Self { shebang, is_one: database.rules.iter().any(|rule| rule.name == ".ONESHELL") }
    }
}

/// Whether a line of the Makefile is where `target` is defined.
fn is_header(line: &str, target: &str) -> bool {
    let Some((targets, _)) = line.split_once(':') else { return false };
    !line.starts_with(['\t', '#', '.']) && targets.split_whitespace().any(|name| name == target)
}

/// `target: ## what it does`, or the comment above it.
fn about(files: Files<'_>, target: &str) -> Option<String> {
    let lines: Vec<&str> = files.lines().map(|(_, _, line)| line).collect();
    let at = lines.iter().position(|line| is_header(line, target) && !line.contains(":="))?;
    let behind = lines[at].split_once("##").map(|(_, about)| about);
    let above = at.checked_sub(1).and_then(|above| lines[above].strip_prefix('#'));
    let about = behind.or(above)?.trim_start_matches('#').trim();
    (!about.is_empty() && !about.contains("{{")).then(|| about.to_owned())
}

/// `export NAME` and `export NAME = value`.
fn exports(texts: &mut Texts<'_>, losses: &mut Vec<Loss>) {
    for (file, number, line) in texts.files.lines() {
        let Some(rest) = line.trim_start_matches(' ').strip_prefix("export") else { continue };
        // `export-db:` is a target.
        if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
            continue;
        }
        let rest = rest.trim();
        if rest.is_empty() {
            let what =
                "`export` without a name exports every variable; here commands get those that they use"
                    .to_owned();
            losses.push(Loss { file: file.to_owned(), line: number, what });
            continue;
        }
        let names = rest.split(['=', ':', '?']).next().unwrap_or_default();
        for name in names.split_whitespace() {
            // Of a definition in several branches make took one.
            let is_another = rest != names
                && texts
                    .database
                    .variables
                    .get(name)
                    .and_then(|it| it.place.as_ref())
                    .is_some_and(|place| (place.0.as_str(), place.1) != (file, number));
            if is_another {
                continue;
            }
            let probe = Rule::default();
            let pieces = texts.recipe(&format!("$({name})"), &probe, (file, number));
            let value: String = pieces
                .iter()
                .map(|piece| match piece {
                    super::script::Piece::Text(text) => super::literal(text),
                    super::script::Piece::Value(value) => format!("{{{{ {} }}}}", value.reference),
                })
                .collect();
            let entry = (variable_name(name), value);
            // The caller's own variable reaches commands anyway.
            if !entry.1.starts_with("${") && !texts.imported.env.contains(&entry) {
                texts.imported.env.push(entry);
            }
        }
    }
}

/// Files that make would have made, or made anew, before it reads them: nothing is made for an import.
fn made_files(texts: &mut Texts<'_>, losses: &mut Vec<Loss>) {
    let (files, rules) = (texts.files, &texts.database.rules);
    let is_made = |name: &str| rules.iter().any(|rule| rule.name == name && !rule.recipe.is_empty());
    let mut lose =
        |file: &str, line: usize, what: String| losses.push(Loss { file: file.to_owned(), line, what });
    for name in files.0.iter().map(|file| file.name.as_str()).filter(|name| is_made(name)) {
        let place = files.line_where(|line| is_header(line, name)).unwrap_or((files.main(), 0));
        lose(
            place.0,
            place.1,
            format!("make makes `{name}` anew where it is out of date; it was read as it is"),
        );
    }
    for (file, number, line) in files.lines().filter(|(_, _, line)| !line.starts_with('\t')) {
        let Some((word, names)) = line.trim().split_once([' ', '\t']) else { continue };
        if !matches!(word, "include" | "-include" | "sinclude") {
            continue;
        }
        let names = names.split(" #").next().unwrap_or_default();
        let names = if names.contains('$') { texts.expanded(names, None) } else { names.to_owned() };
        for name in names.split_whitespace().filter(|name| !name.contains(['*', '?', '['])) {
            let is_read = files.0.iter().any(|it| it.name == name || it.name.ends_with(&format!("/{name}")));
            if !is_read && (word == "include" || is_made(name)) {
                lose(
                    file,
                    number,
                    format!("`{name}` was not there to be read: what it says is missing here"),
                );
            }
        }
    }
}

/// What is lost of the files as a whole.
fn whole_file(database: &Database, files: Files<'_>, losses: &mut Vec<Loss>) {
    let mut lose =
        |file: &str, line: usize, what: String| losses.push(Loss { file: file.to_owned(), line, what });
    for (name, file, line) in &database.patterns {
        lose(
            file,
            *line,
            format!("the pattern rule `{}` of {file}: write a task with an argument", name.trim()),
        );
    }
    for (file, number, line) in files.lines() {
        let word = line.split_whitespace().next().unwrap_or_default();
        if matches!(word, "ifeq" | "ifneq" | "ifdef" | "ifndef") {
            lose(file, number, format!("`{}` was decided at the import", line.trim()));
        }
    }
    for rule in &database.rules {
        for (variable, _) in &rule.variables {
            let place =
                files.line_where(|line| is_header(line, &rule.name) && line.contains(variable.as_str()));
            let (file, line) = place.unwrap_or((files.main(), 0));
            lose(
                file,
                line,
                format!(
                    "`{variable}` of `{}` stands in its own commands, but not in those of what it needs",
                    rule.name
                ),
            );
        }
    }
    let default = database.variables.get(".DEFAULT_GOAL").map(|it| it.value.clone()).unwrap_or_default();
    if !default.is_empty() {
        lose(files.main(), 0, format!("`make` alone makes `{default}`; `shipway` alone lists the tasks"));
    }
}
