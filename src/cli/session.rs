//! One command with its project: the checked file, the options, what `{{ }}` stands for; shows or runs goals.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, PoisonError};

use serde_json::Value as Json;

use super::documents::{self, Recording};
use super::environment::choose;
use super::kept_index;
use super::known;
use super::options::{Colour, Options};
use super::output::Output;
use super::print;
use super::project::{load_project, load_with};
use super::words::Words;
use crate::assemble::{Goal, assemble};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::repository::PUBLIC_WORD;
use crate::domains::workspace::SavedRequest;
use crate::event::Stream;
use crate::masking::Masker;
use crate::model::{Binding, Model, Variable};
use crate::os::Doors;
use crate::os::terminal::{TerminalFacts, TerminalGuard};
use crate::plan::{Reason, Verdict};
use crate::report;
use crate::run::{Bindings, Resumed, RunPlan, RunResult, RunSettings, freshness};
use crate::text::visible::visible;
use crate::text::{list, quote, suggest};

/// So many steps may run at a time however few processors there are: most wait for a network or a disk.
const FEW: usize = 4;

/// One command with its project.
pub struct Session<'a> {
    /// The machine.
    pub doors: &'a Doors,
    /// What was asked for besides the goals.
    pub options: Options,
    /// The checked file.
    pub model: Arc<Model>,
    overrides: BTreeMap<String, String>,
    environment: Result<String, Fault>,
    masker: Masker,
    records: Option<std::path::PathBuf>,
    /// The model has not all tasks of the file.
    is_part: bool,
}

impl<'a> Session<'a> {
    /// Loads the project. `overrides` are `NAME=value` of the command line.
    pub fn open(doors: &'a Doors, options: Options, overrides: &[(String, String)]) -> Result<Self, Fault> {
        documents::wanted(doors, &options)?;
        let model = load_project(doors, options.file.as_deref());
        let model = model.map_err(|fault| fault.into_fault(facts(doors, &options).colour))?;
        Self::of(doors, options, overrides, model)
    }

    /// The same for these goals: of a large file that was found right before, no more is read than they need.
    pub(super) fn open_for(doors: &'a Doors, options: Options, words: &Words) -> Result<Self, Fault> {
        documents::wanted(doors, &options)?;
        let mut is_part = false;
        let model = load_with(doors, options.file.as_deref(), |file, loader| {
            let model = kept_index::part(doors, &options, &words.goals, (file, loader));
            is_part = model.is_some();
            model
        });
        let model = model.map_err(|fault| fault.into_fault(facts(doors, &options).colour))?;
        if is_part {
            return match Self::of(doors, options.clone(), &words.overrides, model) {
                Ok(session) => Ok(Self { is_part, ..session }),
                // What is to be said of it may name any part of the file.
                Err(_) => Self::open(doors, options, &words.overrides),
            };
        }
        Self::of(doors, options, &words.overrides, model)
    }

    fn of(
        doors: &'a Doors,
        options: Options,
        overrides: &[(String, String)],
        model: Arc<Model>,
    ) -> Result<Self, Fault> {
        for (index, (name, value)) in overrides.iter().enumerate() {
            if overrides[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Fault::new(FaultKind::Usage, format!("`{name}=…` is given twice")));
            }
            if !model.variables.get(name).is_some_and(Variable::can_be_given) {
                let fault =
                    Fault::new(FaultKind::Usage, format!("`{name}=…`: there is no variable `{name}`"));
                let given = model.variables.values().filter(|it| it.can_be_given());
                let known = given.map(|it| it.name.as_str());
                return Err(match suggest::nearest(name, known) {
                    Some(near) => fault.hint(format!("did you mean `{near}=…`?")),
                    None => fault.hint("variables stand in [vars] of the tasks file"),
                });
            }
            if let Some(Binding::Prompt { choices, .. }) = model.variables.get(name).map(|it| &it.binding)
                && !choices.is_empty()
                && !choices.contains(value)
            {
                let text = format!("`{value}` is no choice for `{name}`: {}", list::or_ticked(choices));
                let given = overrides.iter().cloned().collect();
                let text = known::masker(&model, &given, doors).mask(&text);
                return Err(Fault::new(FaultKind::Usage, text));
            }
        }
        refuse_strange_words(&model, &options.confirm)?;
        let environment = choose(&model, options.environment.as_deref(), &doors.environment)?;
        let overrides = overrides.iter().cloned().collect();
        let masker = known::masker(&model, &overrides, doors);
        Ok(Self { doors, options, model, overrides, environment, masker, records: None, is_part: false })
    }

    /// The same with other options, which name the same file and environment.
    pub(super) fn with(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// The same with its runs recorded in another folder than the tasks file's.
    #[must_use]
    pub fn recorded_in(self, folder: &std::path::Path) -> Self {
        Self { records: Some(folder.to_owned()), ..self }
    }

    /// The environment that is meant.
    pub(super) fn environment(&self) -> Result<&str, Fault> {
        self.environment.as_deref().map_err(Clone::clone)
    }

    /// Makes the next start with this file a short one.
    pub(super) fn keep_index(&self) {
        if !self.is_part && !self.options.dry_run && self.records.is_none() {
            kept_index::keep(self.doors, &self.model);
        }
    }

    /// What its runs keep secret.
    pub fn masker(&self) -> &Masker {
        &self.masker
    }

    /// A fault from before a run, without secrets.
    pub(super) fn masked(&self, fault: Fault) -> Fault {
        known::learn_files(&self.model, self.doors, &self.masker);
        fault.map_text(|text| self.masker.mask(text))
    }

    /// Shows or runs the plan for `goals`; `line` is what was typed. Gives the status to exit with.
    pub fn run_goals(&self, goals: &[Goal], line: &[String]) -> Result<u8, Fault> {
        let plan = self.assemble(goals)?;
        if self.options.dry_run {
            let text = self.dry_run(&plan);
            print(&if self.options.json { text } else { visible(&text) });
            return Ok(0);
        }
        Ok(self.run_shown(&plan, line)?.exit_code)
    }

    /// Runs the plan for `goals` and shows it; gives how each step ended.
    pub fn perform(&self, goals: &[Goal], line: &[String]) -> Result<RunResult, Fault> {
        let plan = self.assemble(goals)?;
        self.run_shown(&plan, line)
    }

    fn assemble(&self, goals: &[Goal]) -> Result<RunPlan, Fault> {
        let mut goals = goals.to_vec();
        for goal in &mut goals {
            if let Goal::Workspaces { allow_destroy, .. }
            | Goal::UpAsPreviewed { allow_destroy, .. }
            | Goal::Saved(SavedRequest { allow_destroy, .. }) = goal
            {
                allow_destroy.clone_from(&self.options.allow_destroy);
            }
        }
        // Steps have their names from values: what is secret in them has to be known by then.
        known::learn_files(&self.model, self.doors, &self.masker);
        let asks_in_turn = facts(self.doors, &self.options).can_ask && !self.options.json;
        assemble(&self.model, self.doors, &self.masker, &goals, asks_in_turn)
            .map_err(|fault| self.masked(fault))
    }

    fn run_shown(&self, plan: &RunPlan, line: &[String]) -> Result<RunResult, Fault> {
        let facts = facts(self.doors, &self.options);
        let ci = &self.doors.environment;
        let format =
            report::choose(self.options.json, &facts, ci.is_set("GITHUB_ACTIONS"), ci.is_set("GITLAB_CI"));
        // Lines that move say what a quiet run does not.
        let format =
            if self.options.quiet && format == report::Format::Live { report::Format::Plain } else { format };
        let observer = report::reporter(format, facts, &self.masker, Output::err(), Output::out());
        let observer: Box<dyn crate::run::Observer> = match (self.options.quiet, self.options.group) {
            (true, true) => Box::new(report::Quiet::new(Box::new(report::Grouped::new(observer)))),
            (true, false) => Box::new(report::Quiet::new(observer)),
            (false, true) => Box::new(report::Grouped::new(observer)),
            (false, false) => observer,
        };
        self.run(plan, line, observer, true)
    }

    /// Runs the plan for `goals`, recorded and not shown.
    pub fn perform_unseen(&self, goals: &[Goal], line: &[String]) -> Result<RunResult, Fault> {
        let plan = self.assemble(goals)?;
        self.run(&plan, line, Box::new(Unseen), true)
    }

    /// Runs the plan for `goals`; shown where rows are told to people, and unseen where they are data.
    pub fn perform_for_rows(&self, goals: &[Goal], line: &[String]) -> Result<RunResult, Fault> {
        if self.options.json { self.perform_unseen(goals, line) } else { self.perform(goals, line) }
    }

    /// Runs a plan that changes nothing and is neither shown nor recorded.
    pub fn look(&self, goals: &[Goal]) -> Result<RunResult, Fault> {
        let plan = self.assemble(goals)?;
        self.run(&plan, &[], Box::new(Unseen), false)
    }

    fn run(
        &self,
        plan: &RunPlan,
        line: &[String],
        observer: Box<dyn crate::run::Observer>,
        recorded: bool,
    ) -> Result<RunResult, Fault> {
        let facts = facts(self.doors, &self.options);
        let options = &self.options;
        let ask = report::ask::TerminalAsk::new(facts, options.json, options.yes, options.confirm.clone());
        let bindings = self.bindings();
        let command: Vec<String> = std::iter::once("shipway".into())
            .chain(line.iter().map(|word| quote::shell(word).into_owned()))
            .collect();
        let settings = RunSettings {
            command: command.join(" "),
            project: self.model.project.name.clone(),
            root: self.model.root.clone(),
            records: self.records.clone().unwrap_or_else(|| self.model.root.clone()),
            jobs: self.jobs(plan.len()),
            unlock_own_stale: options.unlock_own_stale,
            // One thing that can't be seen must not hide another.
            keep_going: options.keep_going || !recorded,
            fail_fast: options.fail_fast,
            force: options.force,
            explain: options.explain && !options.json,
            tasks_file: self.tasks_file(),
            resumed: if recorded { self.resumed() } else { None },
            recorded,
        };
        // A question that was left standing must not leave the terminal without echo or cursor.
        let _guard = TerminalGuard::new();
        let parts = (plan, self.doors, &self.masker, &bindings);
        let wanted = if recorded { documents::wanted(self.doors, options)? } else { Vec::new() };
        if wanted.is_empty() {
            return crate::run::run(parts, settings, observer, Box::new(ask));
        }
        let record = Arc::default();
        let recording = Recording { shown: observer, record: Arc::clone(&record) };
        let result = crate::run::run(parts, settings, Box::new(recording), Box::new(ask))?;
        let record = record.lock().unwrap_or_else(PoisonError::into_inner);
        match documents::write(self.doors, &wanted, &record) {
            // How the run ended matters more.
            Err(fault) if result.exit_code != 0 => say_fault(self.doors, options, &fault),
            written => written?,
        }
        drop(record);
        Ok(result)
    }

    /// The digest of the tasks file and all that it includes: who goes on with a run looks whether it still is the same. No cryptographic
    /// one: that would ask the processor what it can do, which takes a virtual machine longer than all of this.
    fn tasks_file(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.model.sources.each().for_each(|(_, text)| text.hash(&mut hasher));
        format!("{:016x}", hasher.finish())
    }

    /// What an earlier run got done; where the tasks file is another one by now, nobody can tell.
    fn resumed(&self) -> Option<Resumed> {
        let resumed = self.options.resumed.clone()?;
        (!self.options.force && resumed.tasks_file == self.tasks_file()).then_some(resumed)
    }

    /// How many steps of `steps` may run at a time.
    fn jobs(&self, steps: usize) -> usize {
        // The system looks into a dozen files to say how many processors there are, so it is asked only where it matters.
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let by_itself = || if steps <= FEW { FEW } else { processors().max(FEW) };
        self.options.jobs.map_or_else(by_itself, usize::from)
    }

    fn dry_run(&self, plan: &RunPlan) -> String {
        let bindings = self.bindings();
        let mask = |text: &str| self.masker.mask(text);
        let root = self.model.root.clone();
        let steps = freshness::foresee(
            (plan, self.doors, &self.masker, &bindings),
            root,
            (self.options.force, self.resumed().as_ref()),
        );
        let mut text = String::new();
        for (number, (id, verdict)) in steps.into_iter().enumerate() {
            let step = plan.step(id);
            let commands: Vec<String> = step.action.describe().iter().map(|command| mask(command)).collect();
            if self.options.json {
                let needs: Vec<&str> = step.needs.iter().map(|need| plan.step(*need).name.as_str()).collect();
                let foreseen = verdict.map(|verdict| serde_json::json!(verdict));
                let step = serde_json::json!({
                    "step": step.name, "title": mask(&step.title), "effect": step.effect, "needs": needs,
                    "commands": commands, "foreseen": foreseen.map(|json| self.masked_json(json)),
                });
                text.push_str(&format!("{step}\n"));
            } else {
                // What always runs says so only where one asks.
                let is_said = |verdict: &Verdict| {
                    self.options.explain || !matches!(verdict, Verdict::Stale(Reason::Always { .. }))
                };
                let foreseen = verdict.filter(is_said).map(|verdict| format!("  ({verdict})"));
                let title = format!("{}{}", step.title, foreseen.unwrap_or_default());
                text.push_str(&format!("{}. {}\n", number + 1, mask(&title)));
                for line in commands.iter().flat_map(|command| command.lines()) {
                    text.push_str(&format!("     {line}\n"));
                }
            }
        }
        if !self.options.json {
            text.push_str("dry run: nothing was run\n");
        }
        text
    }

    /// `json` with every text masked.
    fn masked_json(&self, json: Json) -> Json {
        match json {
            Json::String(text) => Json::String(self.masker.mask(&text)),
            Json::Array(items) => items.into_iter().map(|item| self.masked_json(item)).collect(),
            Json::Object(entries) => {
                entries.into_iter().map(|(name, entry)| (name, self.masked_json(entry))).collect()
            }
            plain => plain,
        }
    }

    fn bindings(&self) -> Bindings {
        Bindings::new(Arc::clone(&self.model), self.overrides.clone(), self.environment.clone())
    }
}

/// Shows nothing.
struct Unseen;

impl crate::run::Observer for Unseen {
    fn event(&mut self, _event: &crate::event::Event) {}
}

/// What the terminal can do, with the options and the environment counted in.
pub(super) fn facts(doors: &Doors, options: &Options) -> TerminalFacts {
    let environment = &doors.environment;
    let is_dumb = environment.get("TERM") == Some("dumb");
    let no_colour = environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    let facts = TerminalFacts::gather(no_colour, environment.is_set("CLICOLOR_FORCE"), is_dumb);
    match options.color {
        Colour::Auto => facts,
        Colour::Always => TerminalFacts { colour: true, ..facts },
        Colour::Never => TerminalFacts { colour: false, ..facts },
    }
}

/// Says how a command ended: to people on standard error, to programs on standard output.
pub(super) fn say_fault(doors: &Doors, options: &Options, fault: &Fault) {
    if options.json {
        print(&format!("{}\n", serde_json::json!({ "fault": fault, "exit_code": fault.exit_code() })));
        return;
    }
    let style = report::Style::new(&facts(doors, options));
    let text = report::fault::render(fault, &style);
    crate::os::terminal::say(Stream::Err, &text);
}

/// A word that nothing in the file could ask for is a slip, and is said before anything starts.
fn refuse_strange_words(model: &Model, words: &[String]) -> Result<(), Fault> {
    let environments = model.environments.values().filter(|it| it.protected).map(|it| it.name.as_str());
    let tasks = model.tasks.values().filter_map(|task| task.confirm.as_ref()?.word.as_deref());
    let public = model.forge.is_some().then_some(PUBLIC_WORD);
    let known: Vec<&str> = environments.chain(tasks).chain(public).collect();
    let Some(strange) = words.iter().find(|word| !known.contains(&word.as_str())) else { return Ok(()) };
    let fault = Fault::new(FaultKind::Usage, format!("`--confirm {strange}`: nothing asks for that word"));
    Err(match suggest::nearest(strange, known.iter().copied()) {
        Some(near) => fault.hint(format!("did you mean `--confirm {near}`?")),
        None if known.is_empty() => {
            fault.hint("the tasks file protects no environment, and no task asks for a word")
        }
        None => fault.hint(format!("words that may be asked for: {}", list::or_ticked(&known))),
    })
}
