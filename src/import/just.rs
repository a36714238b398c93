//! justfiles, by the JSON that `just --dump` prints of them: pure.

use serde_json::Value as Json;

use std::collections::HashMap;

use super::script::{Piece, Quotes, fit, fit_elsewhere, strange_shell, template};
use super::{
    Call, Imported, Source, Task, line_where, literal, missing, shebang, task_name, unique, valueless,
    variable_name,
};

/// Reads `dump`, what `just --dump --dump-format json` printed of `file` with the text `source`. The error says what is strange about it.
pub fn read(file: &str, source: &str, dump: &str) -> Result<Imported, String> {
    let dump: Json = serde_json::from_str(dump).map_err(|error| format!("just printed no JSON: {error}"))?;
    let keys = |what: &str| dump[what].as_object().into_iter().flat_map(|all| all.keys()).map(String::as_str);
    let names = unique(keys("recipes").chain(keys("aliases")), task_name, "-2");
    let variables = unique(keys("assignments"), variable_name, "_2");
    let mut reader =
        Reader { file, source, dump: &dump, names, variables, is_kept: true, imported: Imported::default() };
    reader.settings();
    reader.elsewhere();
    reader.assignments();
    let recipes: Vec<&Json> = dump["recipes"].as_object().into_iter().flat_map(|all| all.values()).collect();
    let mut tasks: Vec<(usize, Task)> = recipes
        .into_iter()
        .map(|recipe| (reader.line(text(&recipe["name"])), reader.recipe(recipe)))
        .collect();
    tasks.sort_by_key(|(line, _)| *line);
    reader.imported.tasks = tasks.into_iter().map(|(_, task)| task).collect();
    for (name, _) in dump["modules"].as_object().into_iter().flatten() {
        let line = line_where(source, |line| line.starts_with("mod ") && line.contains(name.as_str()));
        reader.lose(line, format!("the module `{name}`: import its file, and name it in `[include]`"));
    }
    if reader.imported.tasks.iter().any(|task| !task.args.is_empty()) {
        reader
            .lose(0, "a value with blanks is one word here; just splits it where it stands bare".to_owned());
    }
    if let Some(first) = dump["first"].as_str() {
        reader.lose(0, format!("`just` alone runs `{first}`; `shipway` alone lists the tasks"));
    }
    reader.imported.losses.sort();
    Ok(reader.imported)
}

pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    source: &'a str,
    pub(super) dump: &'a Json,
    /// What recipes and aliases are called here.
    names: HashMap<String, String>,
    /// What variables are called here.
    pub(super) variables: HashMap<String, String>,
    /// Whether a value is data where it stands: quotes are around it, or it is of no command.
    pub(super) is_kept: bool,
    pub(super) imported: Imported,
}

pub(super) fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

pub(super) fn list(json: &Json) -> &[Json] {
    json.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A parameter, as an expression finds it.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) here: String,
    pub(super) form: String,
    /// What it is where nobody says otherwise, and where a recipe of this file calls it.
    pub(super) likely: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn lose(&mut self, line: usize, what: String) {
        let file = self.file.to_owned();
        self.imported.lose(&file, line, what);
    }

    /// The line of a recipe or an assignment.
    pub(super) fn line(&self, name: &str) -> usize {
        line_where(self.source, |line| {
            let line = line.trim_start_matches("export ").trim_start_matches('@');
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', ':']) && rest.contains(':'))
        })
    }

    fn settings(&mut self) {
        let settings = &self.dump["settings"];
        let is_on = |name: &str| settings[name].as_bool().unwrap_or_default();
        let file = settings["dotenv_path"].as_str().or(settings["dotenv_filename"].as_str());
        if let Some(file) = file {
            let optional = if is_on("dotenv_required") { "" } else { "?" };
            self.imported.dotenv.push(format!("{file}{optional}"));
        } else if is_on("dotenv_load") {
            self.imported.dotenv.push(".env?".to_owned());
        }
        let strange = ["fallback", "positional_arguments", "dotenv_override", "guards"];
        for name in strange.into_iter().filter(|name| is_on(name)) {
            let written = name.replace('_', "-");
            let line = line_where(self.source, |line| line.starts_with("set ") && line.contains(&written));
            self.lose(line, format!("`set {written}`"));
        }
    }

    /// What the dump does not have: recipes of other systems; and what is of no single recipe.
    fn elsewhere(&mut self) {
        for name in list(&self.dump["unexports"]).iter().map(text) {
            let line = line_where(self.source, |line| line.starts_with("unexport ") && line.contains(name));
            self.lose(line, format!("`unexport {name}`: it is exported here"));
        }
        const SYSTEMS: [&str; 8] =
            ["android", "dragonfly", "freebsd", "macos", "netbsd", "openbsd", "unix", "windows"];
        for (index, line) in self.source.lines().enumerate() {
            let words = line.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or_default();
            let systems: Vec<&str> =
                words.split(',').map(str::trim).filter(|word| SYSTEMS.contains(word)).collect();
            let mut rest = self.source.lines().skip(index + 1);
            let head = rest.find(|line| !line.starts_with(['[', '#'])).unwrap_or_default();
            let name = head.trim_start_matches('@').split([' ', ':']).next().unwrap_or_default();
            let has = |system: &&str| {
                list(&self.dump["recipes"][name]["attributes"]).iter().any(|known| known == system)
            };
            if !systems.is_empty() && !systems.iter().any(has) {
                self.lose(index + 1, format!("the recipe `{name}` of `[{}]`", systems.join(", ")));
            }
        }
        if self.dump["settings"]["working_directory"].is_string() && self.source.contains('`') {
            self.lose(0, "commands in backticks run in this file's folder".to_owned());
        }
    }

    fn named(&self, name: &str) -> String {
        self.names.get(name).cloned().unwrap_or_else(|| task_name(name))
    }

    /// The shell of all lines that are no scripts.
    fn shell(&self) -> (&str, Vec<&str>) {
        let shell = &self.dump["settings"]["shell"];
        match shell["command"].as_str() {
            Some(program) => (program, list(&shell["arguments"]).iter().map(text).collect()),
            None => ("sh", vec!["-cu"]),
        }
    }

    /// The words of the shell, where it is none of ours.
    pub(super) fn strange_shell(&self) -> Option<Vec<String>> {
        let (program, flags) = self.shell();
        strange_shell(program, &flags)
    }

    /// The `#!` line of `set script-interpreter`, which the dump does not have; `None` where it is more than texts.
    fn interpreter(&self) -> Option<String> {
        let mut settings = self.source.lines().filter_map(|line| line.strip_prefix("set script-interpreter"));
        let Some(setting) = settings.next() else { return Some(shebang("sh", &["-eu"])) };
        let words = setting.trim().trim_start_matches(":=").trim().strip_prefix('[')?.strip_suffix(']')?;
        let unquoted = |word: &str| {
            let word = word.trim();
            let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            word.strip_prefix(quote)?.strip_suffix(quote).map(str::to_owned)
        };
        let words: Vec<String> =
            words.trim_end_matches(',').split(',').map(unquoted).collect::<Option<_>>()?;
        let (program, flags) = words.split_first()?;
        Some(shebang(program, &flags.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    fn assignments(&mut self) {
        let is_all = self.dump["settings"]["export"].as_bool().unwrap_or_default();
        let all: Vec<&Json> =
            self.dump["assignments"].as_object().into_iter().flat_map(|all| all.values()).collect();
        for each in all {
            let name = text(&each["name"]);
            let own = self.variables.get(name).cloned().unwrap_or_else(|| variable_name(name));
            let line = self.line(name);
            if own != name {
                self.lose(line, format!("the variable `{name}` is called `{own}` here"));
            }
            let source = match self.environment(&each["value"]) {
                Some(source) => Some(source),
                None => match &each["value"] {
                    Json::Array(items) if items.first().is_some_and(|it| it == "evaluate") => {
                        let command = items.get(1).filter(|_| self.strange_shell().is_none());
                        command.map(|command| Source::Shell(literal(text(command))))
                    }
                    value => self.pieces(value, &[]).map(|pieces| Source::Text(template(&pieces))),
                },
            };
            let source = source.unwrap_or_else(|| {
                let what = "is more than Shipway evaluates: what uses it fails here";
                self.lose(line, format!("the value of `{name}` {what}"));
                valueless(self.file, line, name)
            });
            self.imported.set_var(&own, source);
            if is_all || each["export"] == true {
                self.imported.env.push((variable_name(name), format!("{{{{ vars.{own} }}}}")));
            }
        }
    }

    fn recipe(&mut self, recipe: &Json) -> Task {
        let name = text(&recipe["name"]);
        let line = self.line(name);
        let mut task = Task {
            name: self.named(name),
            description: recipe["doc"].as_str().filter(|doc| !doc.contains("{{")).map(str::to_owned),
            ..Task::default()
        };
        if task.name != name {
            self.lose(line, format!("the recipe `{name}` is called `{}` here", task.name));
        }
        let aliases = self.dump["aliases"].as_object().into_iter().flat_map(|all| all.values());
        task.aliases = aliases
            .filter(|alias| alias["target"] == name)
            .map(|alias| self.named(text(&alias["name"])))
            .collect();
        task.dir = self.dump["settings"]["working_directory"].as_str().map(str::to_owned);
        let parameters = self.parameters(recipe, &mut task, line);
        self.attributes(recipe, &mut task, line);
        self.dependencies(recipe, &parameters, &mut task, line);
        self.body(recipe, &parameters, &mut task, line);
        let priors = usize::try_from(recipe["priors"].as_u64().unwrap_or_default()).unwrap_or_default();
        for after in list(&recipe["dependencies"]).iter().skip(priors) {
            match self.call(after, &parameters).filter(|call| call.args.is_empty()) {
                Some(call) if task.shell.is_empty() => task.run.push(format!("shipway {}", call.task)),
                Some(call) => task.run.push(format!("#!/bin/sh\nshipway {}\n", call.task)),
                None => task.run.push(missing(self.file, line)),
            }
            self.lose(
                line,
                format!("`{}` comes after `{name}`: here it is a run of its own", text(&after["recipe"])),
            );
        }
        task
    }

    fn dependencies(&mut self, recipe: &Json, parameters: &[Parameter], task: &mut Task, line: usize) {
        let priors = usize::try_from(recipe["priors"].as_u64().unwrap_or_default()).unwrap_or_default();
        for each in list(&recipe["dependencies"]).iter().take(priors) {
            // A value that is not there must not get any further.
            let is_guarded = !task.run.is_empty();
            let takes = |call: &Call| call.args.iter().any(|word| word.contains("{{"));
            let call = self.call(each, parameters).filter(|call| !is_guarded || !takes(call));
            match call.filter(|_| self.names.contains_key(text(&each["recipe"]))) {
                Some(call) => task.depends.push(call),
                None => {
                    self.lose(
                        line,
                        format!("the arguments of `{}` are more than values", text(&each["recipe"])),
                    );
                    task.run.push(missing(self.file, line));
                }
            }
        }
        if task.depends.len() > 1 {
            let names: Vec<&str> = task.depends.iter().map(|call| call.task.as_str()).collect();
            let what = format!(
                "just does {} one after another; here they run side by side where nothing orders them (add a `depends` where one needs another)",
                names.join(", ")
            );
            self.lose(line, what);
        }
    }

    fn call(&mut self, dependency: &Json, parameters: &[Parameter]) -> Option<Call> {
        let arguments = list(&dependency["arguments"]).iter();
        let args: Option<Vec<String>> =
            arguments.map(|each| self.pieces(each, parameters).map(|pieces| template(&pieces))).collect();
        Some(Call { task: self.named(text(&dependency["recipe"])), args: args? })
    }

    fn body(&mut self, recipe: &Json, parameters: &[Parameter], task: &mut Task, line: usize) {
        let mut lines: Vec<Option<Vec<Piece>>> = Vec::new();
        let is_script = recipe["shebang"] == true || self.dump["settings"]["default_script"] == true;
        let own = list(&recipe["body"]).first().and_then(|line| list(line).first()).map_or("", text);
        let script = list(&recipe["attributes"]).iter().find_map(|each| match each {
            Json::String(name) if name == "script" => Some(self.interpreter()),
            each => each.get("script").map(|called| match called["command"].as_str() {
                Some(program) => {
                    let flags: Vec<&str> = list(&called["arguments"]).iter().map(text).collect();
                    Some(shebang(program, &flags))
                }
                None => self.interpreter(),
            }),
        });
        let script = script.or_else(|| (!own.starts_with("#!")).then(|| self.interpreter()));
        if let Some(line) = script.filter(|_| is_script && !list(&recipe["body"]).is_empty()) {
            lines.push(line.map(|line| vec![Piece::Text(line)]));
        }
        task.shell = self.strange_shell().filter(|_| !is_script).unwrap_or_default();
        let mut quotes = Quotes::default();
        let mut is_open = false;
        for each in list(&recipe["body"]) {
            let pieces: Option<Vec<Vec<Piece>>> = list(each)
                .iter()
                .map(|fragment| match fragment {
                    // just's own `{{`.
                    Json::String(text) => {
                        text.chars().for_each(|c| quotes.read(c));
                        Some(vec![Piece::Text(text.replace("{{{{", "{{"))])
                    }
                    other => {
                        self.is_kept = quotes.keep();
                        let pieces = self.pieces(other, parameters);
                        self.is_kept = true;
                        pieces
                    }
                })
                .collect();
            if !is_script {
                quotes = Quotes::default();
            }
            let mut pieces = pieces.map(|pieces| pieces.concat());
            let joins = if is_script { lines.last().is_some() } else { is_open };
            is_open = false;
            if let Some(Piece::Text(last)) = pieces.as_mut().and_then(|pieces| pieces.last_mut())
                && !is_script
                && last.ends_with('\\')
            {
                last.pop();
                is_open = true;
            }
            match lines.last_mut().filter(|_| joins) {
                Some(before) => {
                    if let (Some(Piece::Text(first)), false) =
                        (pieces.as_mut().and_then(|it| it.first_mut()), is_script)
                    {
                        *first = first.trim_start().to_owned();
                    }
                    let glue = if is_script { "\n" } else { "" };
                    *before = before.take().zip(pieces).map(|(mut before, pieces)| {
                        before.push(Piece::Text(glue.to_owned()));
                        before.extend(pieces);
                        before
                    });
                }
                None => lines.push(pieces),
            }
        }
        let (program, flags) = self.shell();
        let shebang = shebang(program, &flags);
        let is_positional = self.dump["settings"]["positional_arguments"] == true
            || list(&recipe["attributes"]).iter().any(|each| each == "positional-arguments");
        for pieces in lines {
            let texts = pieces.iter().flatten().filter_map(|piece| match piece {
                Piece::Text(text) => Some(text.as_str()),
                Piece::Value(_) => None,
            });
            if is_positional && takes_positions(&texts.collect::<String>()) {
                let what = "takes its arguments as `$1` or `$@`: it fails here";
                self.lose(line, format!("a step of `{}` {what}", task.name));
                task.run.push(missing(self.file, line));
                continue;
            }
            self.step(pieces, (&shebang, is_script), task, line);
        }
    }

    fn step(
        &mut self,
        pieces: Option<Vec<Piece>>,
        (shebang, is_script): (&str, bool),
        task: &mut Task,
        line: usize,
    ) {
        let Some(mut pieces) = pieces else {
            self.lose(
                line,
                format!(
                    "a step of `{}` has an expression that Shipway does not know: it fails here",
                    task.name
                ),
            );
            task.run.push(missing(self.file, line));
            return;
        };
        let mut ignore = false;
        if let Some(Piece::Text(first)) = pieces.first_mut().filter(|_| !is_script) {
            let has_guards = self.dump["settings"]["guards"] == true;
            let text = first.trim_start_matches(|c| matches!(c, '@' | '-') || has_guards && c == '?');
            let signs = &first[..first.len() - text.len()];
            if signs.contains('?') {
                self.lose(line, format!("`?` ends `{}` without a failure: it fails here", task.name));
                task.run.push(missing(self.file, line));
                return;
            }
            ignore = signs.contains('-');
            *first = text.to_owned();
        }
        if pieces.iter().all(|piece| matches!(piece, Piece::Text(text) if text.trim().is_empty())) {
            return;
        }
        let fitted = match task.shell.is_empty() {
            true => fit(&pieces, shebang, ignore),
            false => fit_elsewhere(&pieces, ignore),
        };
        let step = self.imported.add(fitted, task, (self.file, line));
        task.run.push(step);
    }
}

/// Whether a shell's text uses `$1`, `$@` and the like.
fn takes_positions(text: &str) -> bool {
    let mut quotes = Quotes::default();
    text.char_indices().any(|(index, c)| {
        let is_seen = !quotes.single;
        quotes.read(c);
        let name = text[index..].strip_prefix('$').map(|rest| rest.trim_start_matches('{'));
        is_seen && name.is_some_and(|name| name.starts_with(|c: char| "@*#123456789".contains(c)))
    })
}
