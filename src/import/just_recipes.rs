//! What a recipe of a justfile says of itself: its parameters and its attributes. Pure.

use serde_json::Value as Json;

use super::just::{Parameter, Reader, list, text};
use super::{Argument, Task, argument_name, literal, missing, variable_name};
use crate::text::quote;

/// The default of a parameter.
enum Default {
    None,
    Text(String),
    /// Shipway does not know it: the parameter has to be given.
    Lost,
}

impl Reader<'_> {
    pub(super) fn parameters(&mut self, recipe: &Json, task: &mut Task, line: usize) -> Vec<Parameter> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut is_optional = false;
        for (index, each) in list(&recipe["parameters"]).iter().enumerate() {
            let name = text(&each["name"]);
            let here = argument_name(name);
            if here != name {
                self.lose(line, format!("the parameter `{name}` is called `{here}` here"));
                if each["export"] == true || self.dump["settings"]["export"] == true {
                    task.env.push((variable_name(name), format!("{{{{ {here} }}}}")));
                }
            }
            let mut default = self.default_of(each, line);
            let is_rest = matches!(text(&each["kind"]), "plus" | "star");
            if is_rest && matches!(&default, Default::Text(text) if !text.is_empty()) {
                default = Default::Lost;
            }
            let is_option = !each["long"].is_null() || !each["short"].is_null();
            let is_flag = is_option && (each["flag"] == true || !each["value"].is_null());
            let calls = self.calls_with(text(&recipe["name"]), index, is_rest);
            let is_lost = matches!(default, Default::Lost);
            let can_be_required = !is_optional && !is_option && calls.iter().all(Option::is_some);
            if is_lost {
                self.lose(
                    line,
                    format!("the default of `{name}` is more than a text: it has to be given here"),
                );
            }
            if is_lost && !can_be_required {
                self.guard(name, &here, task, line);
            }
            let mut likely: Vec<String> = calls.into_iter().flatten().flatten().collect();
            if let Default::Text(text) = &default {
                likely.push(text.clone());
            }
            let has_to_be = matches!(default, Default::None) || is_lost && can_be_required;
            is_optional |= !is_option && !has_to_be;
            let default = match default {
                Default::Text(text) => text,
                _ => String::new(),
            };
            let form = match text(&each["kind"]) {
                "star" if !is_lost => format!("{here}..."),
                "plus" | "star" if has_to_be => format!("{here}+..."),
                "plus" | "star" => format!("{here}..."),
                _ if is_flag => format!("--{here}"),
                _ if is_option => format!("--{here}={default}"),
                _ if has_to_be => here.clone(),
                _ => format!("{here}={default}"),
            };
            if each["long"].as_str().is_some_and(|long| long != here) {
                self.lose(line, format!("the option `--{}` is called `--{here}` here", text(&each["long"])));
            }
            if !each["pattern"].is_null() {
                self.lose(line, format!("the pattern of `{name}`"));
            }
            let short = each["short"].as_str().and_then(|short| short.chars().next());
            let help = each["help"].as_str().map(str::to_owned);
            task.args.push(Argument { form: form.clone(), help, short, ..Argument::default() });
            parameters.push(Parameter { name: name.to_owned(), here, form, likely });
        }
        parameters
    }

    fn default_of(&mut self, parameter: &Json, line: usize) -> Default {
        let name = text(&parameter["name"]);
        match &parameter["default"] {
            Json::Null => Default::None,
            Json::String(text) => Default::Text(text.clone()),
            value => match self.likely(value) {
                (Some(text), true) => {
                    let what =
                        format!("the default of `{name}` is `{text}` whatever its variables are given");
                    self.lose(line, what);
                    Default::Text(text)
                }
                _ => Default::Lost,
            },
        }
    }

    /// What recipes of this file call a recipe with at a place, and for the rest behind it: `None` where they leave it out, no text where it is
    /// more than one.
    fn calls_with(&self, recipe: &str, index: usize, is_rest: bool) -> Vec<Option<Option<String>>> {
        let recipes = self.dump["recipes"].as_object().into_iter().flat_map(|all| all.values());
        let calls = recipes.flat_map(|each| list(&each["dependencies"])).filter(|it| it["recipe"] == recipe);
        let words = calls.flat_map(|call| {
            let words = list(&call["arguments"]).get(index..).unwrap_or_default();
            let more = words.iter().skip(1).filter(move |_| is_rest);
            std::iter::once(words.first()).chain(more.map(Some))
        });
        words.map(|word| word.map(|word| self.likely(word).0)).collect()
    }

    /// A first step that fails where a parameter was not given.
    fn guard(&mut self, name: &str, here: &str, task: &mut Task, line: usize) {
        let told =
            format!("{}:{line}: the default of {name} was not carried over: it has to be given", self.file);
        let (told, variable) = (literal(&quote::shell(&told)), variable_name(here));
        let step = format!("#!/bin/sh\nif [ -z \"${{{variable}}}\" ]; then echo {told} >&2; exit 1; fi\n");
        task.run.push(step);
    }

    pub(super) fn attributes(&mut self, recipe: &Json, task: &mut Task, line: usize) {
        task.hide = recipe["private"] == true;
        for each in list(&recipe["attributes"]) {
            let (name, value) = match each {
                Json::String(name) => (name.as_str(), &Json::Null),
                Json::Object(map) => match map.iter().next() {
                    Some((name, value)) => (name.as_str(), value),
                    None => continue,
                },
                _ => continue,
            };
            let fixed = match self.likely(value) {
                (Some(text), true) => Some(text),
                _ => None,
            };
            match name {
                "confirm" => {
                    if fixed.is_none() && !value.is_null() {
                        self.lose(line, format!("the question of `{}` is more than a text", task.name));
                    }
                    task.confirm = fixed.or_else(|| Some(format!("Run `{}`?", task.name)));
                }
                "working-directory" => match fixed {
                    Some(dir) if dir.starts_with('/') => task.dir = Some(dir),
                    Some(dir) => {
                        task.dir = Some(task.dir.as_ref().map_or(dir.clone(), |of| format!("{of}/{dir}")));
                    }
                    None => {
                        let what =
                            format!("the folder of `{}` is more than a text: it fails here", task.name);
                        self.lose(line, what);
                        task.run.push(missing(self.file, line));
                    }
                },
                "no-cd" => {
                    task.dir = None;
                    self.lose(line, "the attribute `[no-cd]`".to_owned());
                }
                "script" => {}
                "doc" => task.description = fixed,
                "private" => task.hide = true,
                "group" | "linux" | "unix" | "no-exit-message" | "no-quiet" | "arg" => {}
                other => self.lose(line, format!("the attribute `[{other}]`")),
            }
        }
    }
}
