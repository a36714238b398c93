//! From the words before the cursor and the names of a project to candidates: pure.

use clap::{Arg, Command, CommandFactory as _};

use super::Candidate;
use super::grammar::{all_options, described, is_named, positionals, takes_word};
use super::outline::{Outline, OutlineTask};
use crate::cli::commands::help::TOPICS;
use crate::cli::options::Cli;
use crate::domains::workspace::Verb;
use crate::template::TEMPLATES;

/// The shells that have a script.
pub(in crate::cli) const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// The value of `-f` among `words`, for the project is the one that it names.
pub(super) fn file_option(words: &[String]) -> Option<String> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "-f" || word == "--file" {
            return words.next().cloned();
        }
        if let Some(value) = word.strip_prefix("--file=") {
            return Some(value.to_owned());
        }
    }
    None
}

/// What could stand in place of the last of `words`.
pub(super) fn candidates(words: &[String], outline: &Outline, kept: &Kept<'_>) -> Vec<Candidate> {
    let (current, before) = words.split_last().map_or(("", words), |(last, rest)| (last.as_str(), rest));
    let cli = Cli::command();
    let place = Place { cli: &cli, outline, kept, current };
    let mut found = place.at(before);
    found.retain(|candidate| candidate.word.starts_with(current));
    let mut seen = std::collections::HashSet::new();
    found.retain(|candidate| seen.insert(candidate.word.clone()));
    found
}

/// The cursor, and all that is known around it.
struct Place<'a> {
    cli: &'a Command,
    outline: &'a Outline,
    kept: &'a Kept<'a>,
    current: &'a str,
}

/// What lies on the disk, read where it is asked for.
pub(super) struct Kept<'a> {
    /// The runs, the oldest first.
    pub(super) runs: &'a dyn Fn() -> Vec<String>,
    /// The tags.
    pub(super) tags: &'a dyn Fn() -> Vec<String>,
}

fn plain(word: impl Into<String>) -> Candidate {
    Candidate { word: word.into(), about: String::new() }
}

impl Place<'_> {
    fn at(&self, before: &[String]) -> Vec<Candidate> {
        // Options of ours, and `NAME=value`, stand before the first name.
        let mut index = 0;
        while let Some(word) = before.get(index) {
            if let Some(option) = self.option(self.cli, word).filter(|option| takes_word(option, word)) {
                if index + 1 == before.len() {
                    return self.values(option);
                }
                index += 2;
            } else if word.starts_with('-') || word.contains('=') {
                index += 1;
            } else {
                break;
            }
        }
        let goal = &before[index..];
        let Some((name, rest)) = goal.rsplit(|word| word == ":::").next().and_then(|goal| goal.split_first())
        else {
            return self.names(goal.is_empty());
        };
        self.after(name, rest)
    }

    /// What follows a name.
    fn after(&self, name: &str, rest: &[String]) -> Vec<Candidate> {
        if let Some(task) = self.outline.tasks.iter().find(|task| task.name == name) {
            return self.in_task(task, rest);
        }
        if self.generated().iter().any(|candidate| candidate.word == name) {
            let is_past = rest.iter().any(|word| word == "--");
            return if is_past { Vec::new() } else { self.options(self.cli, rest) };
        }
        match name {
            "run" | "builtin" | "watch" => match rest.split_first() {
                Some((name, rest)) => self.after(name, rest),
                None if name != "builtin" => self.tasks(),
                None => self.commands(),
            },
            _ => match self.cli.find_subcommand(name) {
                Some(command) => self.in_command(command, rest),
                None => Vec::new(),
            },
        }
    }

    /// What can come first; options and overrides only before the first name of all.
    fn names(&self, is_first: bool) -> Vec<Candidate> {
        if self.current.starts_with('-') {
            return if is_first { all_options(self.cli) } else { Vec::new() };
        }
        let mut found = self.tasks();
        found.extend(self.commands());
        found.extend(self.generated());
        if is_first && !self.current.is_empty() {
            found.extend(self.outline.variables.iter().map(|name| plain(format!("{name}="))));
        }
        found
    }

    fn tasks(&self) -> Vec<Candidate> {
        let tasks = self.outline.tasks.iter().filter(|task| !task.is_hidden);
        tasks.map(|task| Candidate { word: task.name.clone(), about: task.about.clone() }).collect()
    }

    fn commands(&self) -> Vec<Candidate> {
        self.cli.get_subcommands().map(|command| described(command.get_name(), command.get_about())).collect()
    }

    fn generated(&self) -> Vec<Candidate> {
        let mut found = Vec::new();
        for verb in Verb::GENERATED {
            let names = &self.outline.workspaces;
            found.extend(names.iter().map(|name| Candidate {
                word: format!("{}-{name}", verb.word()),
                about: verb.describes(name),
            }));
            if !names.is_empty() {
                let about = verb.describes("all workspaces");
                found.push(Candidate { word: format!("{}-all", verb.word()), about });
            }
        }
        found
    }

    fn in_task(&self, task: &OutlineTask, rest: &[String]) -> Vec<Candidate> {
        let is_past = rest.iter().any(|word| word == "--");
        let option = |word: &str| {
            let taken = task.values.iter().find(|(names, _)| names.iter().any(|name| name == word));
            taken.filter(|_| !is_past).map(|(_, values)| values)
        };
        // `-vj`, `-vj4`: the first letter that takes a value ends them.
        let letter = |word: &str| {
            let letters = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'))?;
            let mut ends = letters.char_indices().map(|(at, letter)| (at + 1 + letter.len_utf8(), letter));
            ends.find_map(|(end, letter)| Some((end, option(&format!("-{letter}"))?)))
        };
        let option = |word: &str| {
            option(word)
                .or_else(|| letter(word).filter(|(end, _)| *end == word.len()).map(|(_, values)| values))
        };
        if let Some(values) = rest.last().and_then(|last| option(last)) {
            return values.iter().map(plain).collect();
        }
        if let Some((name, _)) = self.current.split_once('=')
            && let Some(values) = option(name).filter(|values| !values.is_empty())
        {
            return values.iter().map(|value| plain(format!("{name}={value}"))).collect();
        }
        if let Some((end, values)) = letter(self.current).filter(|(_, values)| !values.is_empty()) {
            return values.iter().map(|value| plain(format!("{}{value}", &self.current[..end]))).collect();
        }
        if self.current.starts_with('-') && !is_past {
            let mut found = task.options.clone();
            found.push(Candidate { word: "--help".into(), about: "Show the task's help".into() });
            return found;
        }
        let mut taken = 0;
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            if option(word).is_some() {
                words.next();
            } else if !word.starts_with('-') {
                taken += 1;
            }
        }
        if task.takes_rest {
            taken = taken.min(task.positionals.len() - 1);
        }
        let values = task.positionals.get(taken).cloned().unwrap_or_default();
        let mut found: Vec<Candidate> = values.into_iter().map(plain).collect();
        // Only where no free text is expected, which may be a file.
        if task.positionals.len() <= taken {
            found.push(Candidate { word: ":::".into(), about: "Also run another task".into() });
        }
        found
    }

    fn in_command(&self, command: &Command, rest: &[String]) -> Vec<Candidate> {
        if command.has_subcommands() {
            let named = rest.iter().position(|word| command.find_subcommand(word).is_some());
            match named.and_then(|at| Some((command.find_subcommand(&rest[at])?, &rest[at + 1..]))) {
                Some((inner, rest)) => return self.in_command(inner, rest),
                None if !self.current.starts_with('-') && rest.is_empty() => {
                    let all = command.get_subcommands();
                    return all.map(|inner| described(inner.get_name(), inner.get_about())).collect();
                }
                None => {}
            }
        }
        let words = self.options(command, rest);
        if !words.is_empty() || self.current.starts_with('-') {
            return words;
        }
        let workspaces = || self.outline.workspaces.iter().map(plain).collect::<Vec<_>>();
        let is_first = positionals(command, rest) == 0;
        match command.get_name() {
            "apply" | "down" | "drift" | "plan" | "status" | "up" => {
                let mut left = workspaces();
                left.retain(|candidate| !rest.contains(&candidate.word));
                left
            }
            "clean-cache" => {
                let mut left = self.tasks();
                left.retain(|candidate| !rest.contains(&candidate.word));
                left
            }
            "graph" => {
                let mut left = [self.tasks(), workspaces(), self.generated()].concat();
                left.retain(|candidate| !rest.contains(&candidate.word));
                left
            }
            "show" if is_first => [self.tasks(), workspaces(), self.generated()].concat(),
            "help" if is_first => {
                let topics = TOPICS
                    .iter()
                    .map(|(topic, about, _)| Candidate { word: (*topic).into(), about: (*about).into() });
                [self.commands(), self.tasks(), topics.collect()].concat()
            }
            "totag" if is_first => (self.kept.tags)().into_iter().map(plain).collect(),
            "logs" | "resume" if is_first => (self.kept.runs)().into_iter().rev().map(plain).collect(),
            "completions" if is_first => SHELLS.iter().copied().map(plain).collect(),
            "new" if is_first => {
                let about = |template: &crate::template::Template| template.description.to_owned();
                TEMPLATES
                    .iter()
                    .map(|each| Candidate { word: each.name.into(), about: about(each) })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Options where one begins, values where one has begun; nothing elsewhere.
    fn options(&self, command: &Command, rest: &[String]) -> Vec<Candidate> {
        if let Some(last) = rest.last()
            && let Some(option) = self.option(command, last).filter(|option| takes_word(option, last))
        {
            return self.values(option);
        }
        if !self.current.starts_with('-') {
            return Vec::new();
        }
        let mut found = all_options(command);
        if !std::ptr::eq(command, self.cli) {
            found.extend(all_options(self.cli).into_iter().filter(|global| global.word != "--version"));
        }
        found
    }

    /// The option that `word` is, of the command or of all.
    fn option<'c>(&'c self, command: &'c Command, word: &str) -> Option<&'c Arg> {
        let is = |arg: &&Arg| is_named(arg, word);
        command.get_arguments().find(is).or_else(|| self.cli.get_arguments().find(is))
    }

    fn values(&self, option: &Arg) -> Vec<Candidate> {
        match option.get_id().as_str() {
            "environment" => self.outline.environments.iter().map(plain).collect(),
            "confirm" => self.outline.protected.iter().map(plain).collect(),
            _ => option
                .get_possible_values()
                .iter()
                .map(|value| described(value.get_name(), value.get_help()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline() -> Outline {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Outline {
            tasks: vec![
                OutlineTask { name: "lint".into(), about: "Look".into(), ..OutlineTask::default() },
                OutlineTask {
                    name: "test".into(),
                    about: "Run the tests".into(),
                    options: vec![plain("--keep"), plain("--jobs=")],
                    positionals: vec![names(&["all", "unit"])],
                    values: vec![(names(&["--jobs", "-j"]), names(&["4", "8"]))],
                    ..OutlineTask::default()
                },
                OutlineTask {
                    name: "logs-of".into(),
                    positionals: vec![Vec::new(), names(&["web", "db"])],
                    takes_rest: true,
                    ..OutlineTask::default()
                },
            ],
            workspaces: names(&["base", "stage"]),
            environments: names(&["stage", "prod"]),
            protected: names(&["prod"]),
            variables: names(&["region"]),
        }
    }

    /// The candidates for a line; the cursor is at its end.
    fn complete(line: &str) -> Vec<String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let runs = || vec!["20261122-1".to_owned(), "20261122-2".to_owned()];
        let tags = || vec!["v1".to_owned(), "v2".to_owned()];
        let kept = Kept { runs: &runs, tags: &tags };
        candidates(&words, &outline(), &kept).into_iter().map(|candidate| candidate.word).collect()
    }

    #[test]
    fn names_come_first_with_tasks_before_commands_before_generated_tasks() {
        let all = complete("");
        assert_eq!(&all[..4], ["lint", "test", "logs-of", "list"]);
        assert!(all.contains(&"plan-stage".to_owned()) && all.contains(&"destroy-all".to_owned()));
        assert_eq!(complete("reg"), ["region="]);
        assert_eq!(complete("lint ::: te"), ["test"]);
        assert_eq!(complete("-j 4 region=fra1 lin"), ["lint"]);
    }

    #[test]
    fn options_are_completed_where_they_may_stand() {
        assert_eq!(complete("--dry"), ["--dry-run"]);
        assert_eq!(complete("up --dry"), ["--dry-run"]);
        assert_eq!(complete("plan-stage --dry"), ["--dry-run"]);
        assert_eq!(complete("test --dry"), Vec::<String>::new());
        assert_eq!(complete("test --"), ["--keep", "--jobs=", "--help"]);
        assert_eq!(complete("history --num"), ["--number"]);
        assert_eq!(complete("plan-stage -- --dry"), Vec::<String>::new());
    }

    #[test]
    fn values_are_completed() {
        assert_eq!(complete("-e "), ["stage", "prod"]);
        assert_eq!(complete("up --confirm "), ["prod"]);
        assert_eq!(complete("--color a"), ["auto", "always"]);
        assert_eq!(complete("test u"), ["unit"]);
        assert_eq!(complete("test --jobs "), ["4", "8"]);
        assert_eq!(complete("test -j 8"), ["8"]);
        assert_eq!(complete("test -j"), ["-j4", "-j8"]);
        assert_eq!(complete("test -kj8"), ["-kj8"]);
        assert_eq!(complete("test -kj "), ["4", "8"]);
        assert_eq!(complete("test -kj4 u"), ["unit"]);
        assert_eq!(complete("test -kj 4 u"), ["unit"]);
        assert_eq!(complete("test --jobs="), ["--jobs=4", "--jobs=8"]);
        assert_eq!(complete("test --jobs 4 u"), ["unit"]);
        assert_eq!(complete("test --keep u"), ["unit"]);
        assert_eq!(complete("logs-of today w"), ["web"]);
        assert_eq!(complete("logs-of today web d"), ["db"]);
        assert_eq!(complete("completions z"), ["zsh"]);
        assert_eq!(complete("new "), ["local"]);
        assert_eq!(complete("new local "), Vec::<String>::new());
        assert_eq!(complete("logs "), ["20261122-2", "20261122-1"]);
        assert_eq!(complete("resume "), ["20261122-2", "20261122-1"]);
        assert_eq!(complete("logs --step x 2"), ["20261122-2", "20261122-1"]);
        assert_eq!(complete("-f "), Vec::<String>::new());
        assert_eq!(complete("totag "), ["v1", "v2"]);
        assert_eq!(complete("totag v1 -e p"), ["prod"]);
        assert_eq!(complete("server "), ["setup"]);
        assert_eq!(complete("server setup -e s"), ["stage"]);
        assert_eq!(complete("server setup --bi"), ["--binary"]);
    }

    #[test]
    fn workspaces_follow_their_commands_once() {
        assert_eq!(complete("up "), ["base", "stage"]);
        assert_eq!(complete("down base "), ["stage"]);
        assert_eq!(complete("builtin status s"), ["stage"]);
        assert_eq!(complete("run te"), ["test"]);
        assert_eq!(complete("show b"), ["base"]);
        assert_eq!(complete("graph te"), ["test"]);
        assert_eq!(complete("watch te"), ["test"]);
        assert_eq!(complete("watch test u"), ["unit"]);
        assert_eq!(complete("help exit"), ["exit-codes"]);
        assert_eq!(complete("import --from j"), ["just"]);
        assert_eq!(complete("import "), Vec::<String>::new());
        assert_eq!(complete("graph base b"), Vec::<String>::new());
        assert_eq!(complete("graph --format m"), ["mermaid"]);
    }
}
