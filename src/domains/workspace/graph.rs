//! From verbs and workspaces to nodes: pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::after_apply::AfterApplyAction;
use super::apply::ApplyAction;
use super::approve::ApproveAction;
use super::conclude::ConcludeAction;
use super::guard::{GuardAction, Rule};
use super::init::InitAction;
use super::order::{dependents, order, with_upstream};
use super::outputs::OutputsAction;
use super::plain::{CleanAction, PlainAction, PlainVerb};
use super::plan::{PlanAction, Purpose, Want};
use super::preview_graph;
use super::promised::Promised;
use super::pulumi::{StackInitAction, StackPlanAction};
use super::resume::ResumeAction;
use super::site::{Site, step_name};
use super::status::StatusAction;
use super::verb::Verb;
use crate::adapters::terraform::command;
use crate::diagnostic::{Fault, FaultKind};
use crate::model::{Command, Engine, Model, Reference, Template, VarValue, Workspace};
use crate::plan::{Effect, WhenOrphaned};
use crate::run::bindings::Scope;
use crate::run::node::{Need, Node};
use crate::run::{Action, bindings};

/// The nodes of `verb` for the workspaces `names`, in the order of the file. `extra` goes to terraform; what is stateful is destroyed only
/// where it is among `allowed`.
pub fn nodes(
    model: &Arc<Model>,
    verb: Verb,
    names: &[String],
    (extra, allowed): (&[String], &[String]),
) -> Result<Vec<Node>, Fault> {
    let builder = Builder { model, extra, allowed, promised: &[] };
    if matches!(verb, Verb::Plan | Verb::Apply | Verb::Destroy | Verb::Down)
        && let Some(word) = command::ours(extra.iter().map(String::as_str))
    {
        return Err(Fault::new(FaultKind::Usage, format!("`{word}` can't be passed to terraform: Shipway sets it itself"))
            .hint("what is shown has to be what is applied, and in order; `shipway destroy-NAME` and `shipway down` destroy"));
    }
    refuse_words(model, verb, names, extra)?;
    match verb {
        Verb::Preview => preview_graph::nodes(model, names, None),
        Verb::Drift => builder.each(names, |site| preview_graph::drift(&builder, &site)),
        Verb::Up => builder.up(&with_upstream(model, names)),
        Verb::Down => builder.down(names, true),
        Verb::Destroy => builder.down(names, false),
        Verb::Apply | Verb::Plan | Verb::Init => builder.alone(verb, names),
        Verb::Attach => builder.each(names, |site| Ok(vec![builder.follow(site)])),
        Verb::Status => builder.each(names, |site| Ok(vec![builder.status(site)])),
        Verb::Clean => builder.each(names, |site| Ok(vec![builder.clean(site)])),
        Verb::Output => builder.each(names, |site| builder.output(site)),
        Verb::Fmt => builder.each(names, |site| Ok(vec![builder.plain(site, PlainVerb::Fmt, Vec::new())])),
        Verb::Update | Verb::Validate => builder.each(names, |site| {
            let plain = if verb == Verb::Update { PlainVerb::Update } else { PlainVerb::Validate };
            let init = builder.init(&site, Vec::new(), false);
            Ok(vec![init, builder.plain(site.clone(), plain, vec![step(&site, "init")])])
        }),
    }
}

/// Pulumi is asked twice for one plan, and not every word is one of both commands.
fn refuse_words(model: &Model, verb: Verb, names: &[String], extra: &[String]) -> Result<(), Fault> {
    let is_planned = matches!(verb, Verb::Plan | Verb::Apply | Verb::Destroy | Verb::Down);
    let is_pulumis = |name: &&String| {
        model.workspaces.get(*name).is_some_and(|workspace| workspace.engine == Engine::Pulumi)
    };
    match names.iter().find(is_pulumis).filter(|_| is_planned && !extra.is_empty()) {
        None => Ok(()),
        Some(name) => {
            let message =
                format!("`{}` can't be passed to pulumi, which does the work of `{name}`", extra.join(" "));
            let hint = "set what it knows as an environment variable in the workspace's `env`";
            Err(Fault::new(FaultKind::Usage, message).hint(hint))
        }
    }
}

/// The nodes that read the outputs of a workspace for somebody who refers to `wanted`.
pub fn outputs_nodes(model: &Arc<Model>, workspace: &str, wanted: Option<BTreeSet<String>>) -> Vec<Node> {
    let builder = Builder { model, extra: &[], allowed: &[], promised: &[] };
    let site = Site { model: Arc::clone(model), name: workspace.to_owned() };
    let init = builder.init(&site, Vec::new(), false);
    vec![init, builder.outputs(site, wanted)]
}

pub(super) struct Builder<'a> {
    pub(super) model: &'a Arc<Model>,
    pub(super) extra: &'a [String],
    pub(super) allowed: &'a [String],
    /// What was answered before anything is applied.
    pub(super) promised: &'a [Promised],
}

impl Builder<'_> {
    pub(super) fn site(&self, name: &str) -> Site {
        Site { model: Arc::clone(self.model), name: name.to_owned() }
    }

    fn each(
        &self,
        names: &[String],
        mut nodes: impl FnMut(Site) -> Result<Vec<Node>, Fault>,
    ) -> Result<Vec<Node>, Fault> {
        let mut all = Vec::new();
        for name in names {
            all.extend(nodes(self.site(name))?);
        }
        Ok(all)
    }

    fn promised_of(&self, site: &Site) -> Option<Promised> {
        self.promised.iter().find(|promised| promised.workspace == site.name).cloned()
    }

    /// The step that deals with what earlier runs left open, before anything else.
    fn resume(&self, name: &str, purpose: Purpose, names: &[String]) -> Node {
        let in_order = self.model.workspaces.keys().filter(|name| names.contains(name));
        let sites = in_order.map(|name| self.site(name)).collect();
        let titled = (name.to_owned(), "look for what earlier runs left open".to_owned());
        let action = ResumeAction { purpose, sites, only_follow: false };
        self.node(titled, Vec::new(), Effect::Changes, action)
    }

    fn follow(&self, site: Site) -> Node {
        let names = (step(&site, "attach"), format!("follow {}", site.name));
        let action = ResumeAction { purpose: Purpose::Apply, sites: vec![site], only_follow: true };
        self.node(names, Vec::new(), Effect::Reads, action)
    }

    pub(super) fn up(&self, names: &[String]) -> Result<Vec<Node>, Fault> {
        let resume = self.resume("up:resume", Purpose::Apply, names);
        let resumed = Need::Step(resume.name.clone());
        let mut all = vec![resume];
        for name in names {
            let site = self.site(name);
            let workspace = site.workspace()?;
            let mut needs: Vec<Need> = self
                .model
                .upstream(workspace)
                .into_iter()
                .map(|upstream| Need::Step(self.applied(&upstream)))
                .collect();
            needs.extend(self.tasks(workspace));
            needs.push(resumed.clone());
            all.push(self.init(&site, needs, false));
            // What was promised is done.
            let want = if self.promised.is_empty() { Want::ApplyUnlessItStands } else { Want::Apply };
            let plan = self.plan(&site, Purpose::Apply, want, Vec::new())?;
            all.extend(self.question_and_apply(&site, plan)?);
        }
        let needs = names.iter().map(|name| self.applied(name)).collect();
        all.push(self.conclude("up:conclude", Purpose::Apply, names, needs));
        Ok(all)
    }

    pub(super) fn conclude(
        &self,
        name: &str,
        purpose: Purpose,
        names: &[String],
        needs: Vec<String>,
    ) -> Node {
        let sites = names.iter().map(|name| self.site(name)).collect();
        let needs = needs.into_iter().map(Need::Step).collect();
        let titled = (name.to_owned(), "conclude".to_owned());
        self.node(titled, needs, Effect::Reads, ConcludeAction { purpose, sites })
    }

    /// Each workspace alone: refused while something that it depends on, and that is not in the list before it, has no state.
    fn alone(&self, verb: Verb, names: &[String]) -> Result<Vec<Node>, Fault> {
        let mut all = Vec::new();
        if verb == Verb::Apply {
            all.push(self.resume("apply:resume", Purpose::Apply, names));
        }
        for name in names {
            let site = self.site(name);
            let workspace = site.workspace()?;
            let mut needs = self.tasks(workspace);
            needs.extend(
                all.first().filter(|_| verb == Verb::Apply).map(|resume| Need::Step(resume.name.clone())),
            );
            let (within, outside): (Vec<String>, Vec<String>) =
                self.model.upstream(workspace).into_iter().partition(|it| names.contains(it));
            needs.extend(within.into_iter().map(|it| {
                let before =
                    if verb == Verb::Apply { self.applied(&it) } else { step_name(&it, verb.word()) };
                Need::Step(before)
            }));
            if verb != Verb::Init && !outside.is_empty() {
                let guard = self.guard(&site, &outside, Rule::UpstreamLives);
                needs.push(Need::Step(guard.name.clone()));
                all.extend(outside.iter().map(|other| self.init(&self.site(other), Vec::new(), false)));
                all.push(guard);
            }
            all.push(self.init(&site, needs, verb == Verb::Init));
            match verb {
                Verb::Apply => {
                    let plan = self.plan(&site, Purpose::Apply, Want::Apply, self.extra.to_vec())?;
                    all.extend(self.question_and_apply(&site, plan)?);
                }
                Verb::Plan => all.push(self.plan(&site, Purpose::Apply, Want::Look, self.extra.to_vec())?),
                _ => {}
            }
        }
        Ok(all)
    }

    /// What follows a plan, and the plan itself.
    pub(super) fn question_and_apply(&self, site: &Site, plan: Node) -> Result<Vec<Node>, Fault> {
        let workspace = site.workspace()?;
        let approve = self.node(
            (step(site, "approve"), format!("approve {}", site.name)),
            vec![Need::Step(plan.name.clone())],
            Effect::Reads,
            ApproveAction {
                question: format!("Apply {}?", site.name),
                purpose: Purpose::Apply,
                sites: vec![(site.clone(), self.word(workspace))],
                promised: self.promised_of(site),
            },
        );
        let mut apply = self.node(
            (step(site, "apply"), format!("apply {}", site.name)),
            [&plan, &approve].map(|node| Need::Step(node.name.clone())).into(),
            Effect::Changes,
            ApplyAction { site: site.clone(), purpose: Purpose::Apply, promised: self.promised_of(site) },
        );
        apply.needs.extend(self.outputs_among(workspace.before_apply.iter().flat_map(Command::references)));
        apply.when_orphaned = WhenOrphaned::Finish;
        let mut nodes = vec![plan, approve];
        if !workspace.after_apply.is_empty() || !workspace.links.is_empty() {
            let mut needs = vec![Need::Step(apply.name.clone())];
            let hook = workspace.after_apply.iter().flat_map(Command::references);
            let links = workspace.links.iter().flat_map(Template::references);
            needs.extend(self.outputs_among(hook.chain(links)));
            let names = (step(site, "after-apply"), format!("conclude {}", site.name));
            nodes.push(self.node(names, needs, Effect::Changes, AfterApplyAction { site: site.clone() }));
        }
        nodes.push(apply);
        Ok(nodes)
    }

    /// Destroys: all plans first, one question, a serial chain with dependents first. `whole` says that the names are all of them.
    fn down(&self, names: &[String], whole: bool) -> Result<Vec<Node>, Fault> {
        let order: Vec<String> =
            order(self.model).into_iter().rev().filter(|name| names.contains(name)).collect();
        let resume = self.resume("down:resume", Purpose::Destroy, &order);
        let resumed = Need::Step(resume.name.clone());
        let mut guards: Vec<Need> = Vec::new();
        let mut all = vec![resume];
        let outside: BTreeSet<String> = order
            .iter()
            .flat_map(|name| dependents(self.model, name))
            .filter(|name| !order.contains(name))
            .collect();
        for name in &order {
            let others: Vec<String> =
                dependents(self.model, name).into_iter().filter(|it| outside.contains(it)).collect();
            if !others.is_empty() {
                let guard = self.guard(&self.site(name), &others, Rule::DependentsAreGone);
                guards.push(Need::Step(guard.name.clone()));
                all.push(guard);
            }
        }
        all.extend(outside.iter().map(|other| self.init(&self.site(other), Vec::new(), false)));
        for name in &order {
            let site = self.site(name);
            all.push(self.init(&site, vec![resumed.clone()], false));
            let mut plan = self.plan(&site, Purpose::Destroy, Want::Apply, self.extra.to_vec())?;
            plan.needs.extend(guards.clone());
            all.push(plan);
        }
        let approve = self.approve_destroys(&order, whole)?;
        let mut last: Option<String> = None;
        for name in &order {
            let site = self.site(name);
            let mut needs = vec![Need::Step(step(&site, "plan-destroy")), Need::Step(approve.name.clone())];
            needs.extend(last.take().map(Need::Step));
            let workspace = site.workspace()?;
            let hooks = workspace.before_destroy.iter().chain(&workspace.after_destroy);
            needs.extend(self.outputs_among(hooks.flat_map(Command::references)));
            let names = (step(&site, "destroy"), format!("destroy {name}"));
            last = Some(names.0.clone());
            let action = ApplyAction { site, purpose: Purpose::Destroy, promised: None };
            let mut destroy = self.node(names, needs, Effect::Destroys, action);
            destroy.when_orphaned = WhenOrphaned::Finish;
            all.push(destroy);
        }
        all.push(approve);
        let needs = order.iter().map(|name| step_name(name, "destroy")).collect();
        all.push(self.conclude("down:conclude", Purpose::Destroy, &order, needs));
        Ok(all)
    }

    fn approve_destroys(&self, order: &[String], whole: bool) -> Result<Node, Fault> {
        let mut sites = Vec::new();
        let mut needs = Vec::new();
        for name in order {
            let site = self.site(name);
            needs.push(Need::Step(step(&site, "plan-destroy")));
            sites.push((site.clone(), self.word(site.workspace()?)));
        }
        let question = match order {
            [one] => format!("Destroy {one}?"),
            _ if whole => "Destroy all of this, in this order?".to_owned(),
            _ => "Destroy these, in this order?".to_owned(),
        };
        let action = ApproveAction { question, purpose: Purpose::Destroy, sites, promised: None };
        let names = ("down:approve".to_owned(), "approve the teardown".to_owned());
        Ok(self.node(names, needs, Effect::Reads, action))
    }

    pub(super) fn init(&self, site: &Site, needs: Vec<Need>, always: bool) -> Node {
        let extra = if always { self.extra.to_vec() } else { Vec::new() };
        let names = (step(site, "init"), format!("init {}", site.name));
        let mut needs = needs;
        if let Some(workspace) = self.model.workspaces.get(&site.name) {
            let templates = workspace.backend_config.values().flat_map(VarValue::templates);
            needs.extend(self.outputs_in(templates));
            needs.extend(self.surroundings(site));
            let hook = workspace.before_init.iter().flat_map(Command::references);
            needs.extend(self.outputs_among(hook));
        }
        let site = site.clone();
        if site.is_pulumi() {
            return self.node(names, needs, Effect::Reads, StackInitAction { site, extra, always });
        }
        self.node(names, needs, Effect::Reads, InitAction { site, extra, always })
    }

    fn plan(&self, site: &Site, purpose: Purpose, want: Want, extra: Vec<String>) -> Result<Node, Fault> {
        let workspace = site.workspace()?;
        let mut needs = vec![Need::Step(step(site, "init"))];
        needs.extend(self.outputs_in(workspace.vars.values().flat_map(VarValue::templates)));
        let title = match purpose {
            Purpose::Apply => format!("plan {}", site.name),
            Purpose::Destroy => format!("plan the end of {}", site.name),
        };
        let names = (step(site, purpose.plan_step()), title);
        let (site, allowed) = (site.clone(), self.allowed.to_vec());
        Ok(if site.is_pulumi() {
            self.node(names, needs, Effect::Reads, StackPlanAction { site, purpose, want, allowed })
        } else {
            self.node(names, needs, Effect::Reads, PlanAction { site, purpose, extra, want, allowed })
        })
    }

    fn guard(&self, site: &Site, others: &[String], rule: Rule) -> Node {
        let mut needs: Vec<Need> = others.iter().map(|other| Need::Step(step_name(other, "init"))).collect();
        let others: Vec<Site> = others.iter().map(|other| self.site(other)).collect();
        needs.extend(others.iter().flat_map(|other| self.surroundings(other)));
        let names = (step(site, "guard"), format!("check what {} stands among", site.name));
        self.node(names, needs, Effect::Reads, GuardAction { site: site.clone(), others, rule })
    }

    fn outputs(&self, site: Site, wanted: Option<BTreeSet<String>>) -> Node {
        let names = (bindings::outputs_step(&site.name), format!("outputs of {}", site.name));
        let needs = vec![Need::Step(step(&site, "init"))];
        let apply = step(&site, "apply");
        let mut node = self.node(names, needs, Effect::Reads, OutputsAction { site, wanted });
        node.after.push(apply);
        node
    }

    fn output(&self, site: Site) -> Result<Vec<Node>, Fault> {
        let init = self.init(&site, Vec::new(), false);
        let outputs = self.outputs(site.clone(), None);
        let needs = vec![Need::Step(outputs.name.clone())];
        let mut print = self.plain(site.clone(), PlainVerb::Output, Vec::new());
        print.needs.extend(needs);
        Ok(vec![init, outputs, print])
    }

    fn plain(&self, site: Site, verb: PlainVerb, needs: Vec<String>) -> Node {
        let word = format!("{verb:?}").to_lowercase();
        let names = (step(&site, &word), format!("{word} {}", site.name));
        let effect = if verb == PlainVerb::Fmt { Effect::Changes } else { Effect::Reads };
        let mut needs: Vec<Need> = needs.into_iter().map(Need::Step).collect();
        needs.extend(self.surroundings(&site));
        self.node(names, needs, effect, PlainAction { site, verb, extra: self.extra.to_vec() })
    }

    fn clean(&self, site: Site) -> Node {
        let names = (step(&site, "clean"), format!("clean {}", site.name));
        self.node(names, Vec::new(), Effect::Changes, CleanAction { site })
    }

    fn status(&self, site: Site) -> Node {
        let names = (step(&site, "status"), format!("status of {}", site.name));
        let needs = self.surroundings(&site);
        self.node(names, needs, Effect::Reads, StatusAction { site })
    }

    pub(super) fn node(
        &self,
        (name, title): (String, String),
        needs: Vec<Need>,
        effect: Effect,
        action: impl Action + 'static,
    ) -> Node {
        let when_orphaned = WhenOrphaned::Stop;
        Node { name, title, needs, after: Vec::new(), effect, when_orphaned, action: Box::new(action) }
    }

    fn tasks(&self, workspace: &Workspace) -> Vec<Need> {
        workspace.tasks().map(|call| Need::Call(call.clone(), Scope::default())).collect()
    }

    /// The word that has to be typed before this workspace is changed.
    pub(super) fn word(&self, workspace: &Workspace) -> Option<String> {
        let environment = self.model.environments.get(workspace.environment.as_ref()?)?;
        environment.protected.then(|| environment.name.clone())
    }

    /// The step after which a workspace is applied, its hooks included.
    pub(super) fn applied(&self, name: &str) -> String {
        let concludes = self
            .model
            .workspaces
            .get(name)
            .is_some_and(|workspace| !workspace.after_apply.is_empty() || !workspace.links.is_empty());
        step_name(name, if concludes { "after-apply" } else { "apply" })
    }

    /// The outputs in the environment of every call for a workspace.
    fn surroundings(&self, site: &Site) -> Vec<Need> {
        let own = site.workspace().map(|workspace| workspace.env.values()).into_iter().flatten();
        self.outputs_in(own.chain(self.model.env.values()))
    }

    pub(super) fn outputs_in<'t>(&'t self, templates: impl Iterator<Item = &'t Template>) -> Vec<Need> {
        self.outputs_among(templates.flat_map(Template::references))
    }

    pub(super) fn outputs_among<'t>(&'t self, references: impl Iterator<Item = &'t Reference>) -> Vec<Need> {
        Need::of(self.model, references)
    }
}

fn step(site: &Site, verb: &str) -> String {
    step_name(&site.name, verb)
}
