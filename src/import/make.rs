//! Makefiles, by what `make -p` says of them: its rules are expanded, `foreach` and `eval` among them. Pure but for `expand`.

use std::collections::HashMap;

use super::make_database::{Database, Rule, parse};
use super::make_eval::{expand_needs, restore};
use super::make_exports::{dotenv, exports, own_exports, seen};
use super::make_files::Files;
use super::make_lines::{bare_lines, before_it_leaves, lines, prefix, steps};
use super::make_losses::{is_special, made_files, whole_file};
use super::make_patterns::instantiate;
use super::make_recipe_shell::Shell;
use super::make_text::Texts;
use super::script::{Piece, fit};
use super::{Call, Imported, Loss, MakeFile, Task, missing, task_name};

pub use super::make_database::Own;
pub use super::make_files::{evaluates, files, is_dotenv};
pub use super::make_text::{Expand, Probe};

/// Reads `database`, what `make -prq` printed when it had read `files`, the Makefile itself first. `environment` are the names of the caller's
/// variables.
pub fn read<'a>(
    files: &'a [MakeFile],
    database: &str,
    environment: &'a [String],
    expand: &'a mut Expand<'a>,
) -> Imported {
    let files = Files(files);
    let mut database = parse(database);
    expand_needs(&mut database, expand);
    instantiate(&mut database, expand);
    let mut losses = restore(&mut database, files, expand);
    let mut rules: Vec<&Rule> = database.rules.iter().filter(|rule| is_task(rule, files)).collect();
    rules.sort_by_key(|rule| (place(files, rule), rule.name.clone()));
    let names = names(&rules);
    let mut texts = Texts {
        database: &database,
        files,
        expand,
        imported: Imported::default(),
        names: Vec::new(),
        single: Vec::new(),
        shell: String::new(),
        environment,
    };
    texts.shell = Shell::of(&mut texts, None).shebang;
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
        let unmade: Vec<&str> = [&rule.name]
            .into_iter()
            .chain(&rule.needs)
            .filter(|name| database.unmade.contains(name))
            .map(String::as_str)
            .collect();
        if !unmade.is_empty() {
            lose(format!(
                "nothing makes {} here, which a pattern rule makes there: the task fails",
                unmade.join(", ")
            ));
        }
        let shell = Shell::of(&mut texts, Some(rule));
        if let Some(why) = &shell.lost {
            lose(format!("{why}: the task fails here"));
        }
        let is_ignored = is_ignored(&database, &rule.name);
        // Two rules of one target, with `::`, are one task after the other.
        let run = match shell.lost {
            None if unmade.is_empty() => {
                steps_of(&mut texts, (rule, &shell, place), is_ignored, &names, &mut task)
            }
            _ => None,
        };
        // make expands all of a recipe before it runs any of it.
        task.run = run.unwrap_or_else(|| {
            task.env.clear();
            vec![missing(place.0, place.1)]
        });
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
    dotenv(&mut texts);
    for rule in &rules {
        let name = &names[&rule.name];
        tasks
            .iter_mut()
            .filter(|task| task.name == *name)
            .for_each(|task| own_exports(&mut texts, rule, task));
    }
    tasks.iter_mut().flat_map(|task| &mut task.run).for_each(|step| given(&texts, step));
    whole_file(&database, files, &mut losses);
    made_files(&mut texts, &mut losses);
    seen(&mut texts, &tasks);
    texts.imported.tasks = tasks;
    texts.into_imported(losses)
}

/// The steps of a rule's recipe; `None` where the task has to fail.
fn steps_of(
    texts: &mut Texts<'_>,
    (rule, shell, place): (&Rule, &Shell, (&str, usize)),
    is_ignored: bool,
    names: &HashMap<String, String>,
    task: &mut Task,
) -> Option<Vec<String>> {
    let mut run = Vec::new();
    for step in steps(&rule.recipe, shell.is_one) {
        let at = rule.place.as_ref().map_or(place, |(file, line)| (file.as_str(), *line));
        let text = step.trim_start_matches(['@', '-', '+', ' ', '\t']);
        let ignore = step[..step.len() - text.len()].contains('-');
        if let Some(call) = own_call(text, names) {
            let ignore = ignore || is_ignored;
            run.push(if ignore { format!("{call} || true") } else { call });
            texts.imported.lose(at.0, at.1, "make calls itself; here the step is a run of its own");
            continue;
        }
        let parts = texts.recipe(text, rule, at)?;
        // A variable of several lines is as many commands.
        let commands = if shell.is_one { vec![parts] } else { lines(parts) };
        for mut parts in commands {
            let mut as_text = Vec::new();
            let ignore = ignore | prefix(&mut parts, &mut as_text) | is_ignored;
            for name in as_text {
                let what = "stands in the command";
                texts.lose(at, format!("the text of `{name}` {what}: `{name}=…` changes nothing in it"));
            }
            if shell.is_one && shell.is_bourne {
                bare_lines(&mut parts);
            }
            let parts = before_it_leaves(parts, &mut || texts.folder());
            let pieces = texts.command(&parts, rule, at, !shell.is_one)?;
            let is_empty = pieces.iter().all(|it| matches!(it, Piece::Text(text) if text.trim().is_empty()));
            if is_empty {
                continue;
            }
            let mut fitted = fit(&pieces, &shell.shebang, ignore);
            // What the caller's environment holds, commands have anyway.
            fitted.env.retain(|(_, value)| !value.starts_with("{{ env.") && value != "{{  }}");
            let step = texts.imported.add(fitted, task, at);
            run.push(step);
        }
    }
    Some(run)
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
    let does =
        !rule.recipe.is_empty() || !rule.needs.is_empty() || !rule.order_only.is_empty() || rule.is_phony;
    does && !is_special(rule) && rule.name != files.main()
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

/// `NAME=value` of a run of our own: what is no variable here, commands may still look for in their environment, as make gives it to them.
fn given(texts: &Texts<'_>, step: &mut String) {
    let Some(rest) = step.strip_prefix("shipway ") else { return };
    let (mut before, mut words) = (String::new(), "shipway".to_owned());
    for word in rest.split(' ') {
        let (name, value) = word.split_once('=').unwrap_or_default();
        let own = texts.names.iter().find(|(known, _)| known == name).map_or(name, |(_, own)| own);
        match name {
            "" => words.push_str(&format!(" {word}")),
            _ if texts.imported.vars.iter().any(|(known, _)| known == own) => {
                words.push_str(&format!(" {own}={value}"));
            }
            _ if own.contains(['-', '.']) => {}
            _ => before.push_str(&format!("{word} ")),
        }
    }
    *step = before + &words;
}

/// `.IGNORE: target`, or of all targets.
fn is_ignored(database: &Database, target: &str) -> bool {
    let rule = database.rules.iter().find(|rule| rule.name == ".IGNORE");
    rule.is_some_and(|rule| rule.needs.is_empty() || rule.needs.iter().any(|need| need == target))
}

/// Whether a line of the Makefile is where `target` is defined.
pub(super) fn is_header(line: &str, target: &str) -> bool {
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
