//! `usage` of a task of mise's: its arguments. Pure.

use super::mise::Reader;
use super::{Argument, Task, argument_name, variable_name};

impl Reader<'_> {
    /// `arg "<name>"`, `flag "-f --force"` and `flag "--port <port>"`, a line each.
    pub(super) fn usage(&mut self, usage: &str, task: &mut Task, line: usize) {
        for written in usage.lines().map(str::trim).filter(|written| !written.is_empty()) {
            let words = shell_words::split(written).unwrap_or_default();
            let [kind, spelled, rest @ ..] = words.as_slice() else {
                self.lose(line, format!("`{written}` of `usage`"));
                continue;
            };
            let mut argument = Argument::default();
            let mut default = None;
            let is_many = spelled.contains('…')
                || spelled.contains("...")
                || rest.iter().any(|word| word.starts_with("var="));
            for word in rest {
                match word.split_once('=') {
                    Some(("help" | "long_help", text)) => argument.help = Some(text.to_owned()),
                    Some(("default", text)) => default = Some(text.to_owned()),
                    Some(("env", name)) if !is_many => argument.env = Some(name.to_owned()),
                    Some(("var", _)) => {}
                    _ => self.lose(line, format!("`{word}` of `{written}`")),
                }
            }
            let bare: String =
                spelled.chars().filter(|c| c.is_ascii_alphanumeric() || "_- ".contains(*c)).collect();
            match kind.as_str() {
                "arg" => {
                    let name = argument_name(&variable_name(bare.trim()));
                    if is_many && default.is_some() {
                        self.lose(line, format!("the default of `{name}`: here it is empty"));
                    }
                    argument.form = match default {
                        _ if is_many && spelled.starts_with('<') => format!("{name}+..."),
                        _ if is_many => format!("{name}..."),
                        Some(default) => format!("{name}={default}"),
                        None if spelled.starts_with('[') => format!("{name}="),
                        None => name,
                    };
                }
                "flag" => {
                    let long =
                        bare.split_whitespace().find_map(|word| word.strip_prefix("--")).unwrap_or_default();
                    argument.short = bare
                        .split_whitespace()
                        .find_map(|word| word.strip_prefix('-').filter(|word| word.len() == 1))
                        .and_then(|word| word.chars().next());
                    let name = argument_name(long);
                    argument.form = match default {
                        _ if spelled.contains(['<', '[']) => {
                            format!("--{name}={}", default.unwrap_or_default())
                        }
                        None => format!("--{name}"),
                        Some(default) if ["false", "#false"].contains(&default.as_str()) => {
                            format!("--{name}")
                        }
                        // A flag is never set by itself here.
                        Some(default) => {
                            let default = default.trim_start_matches('#');
                            self.lose(
                                line,
                                format!("the flag `--{name}` is an option here: `--{name}=false`"),
                            );
                            format!("--{name}={default}")
                        }
                    };
                }
                _ => {
                    self.lose(line, format!("`{written}` of `usage`"));
                    continue;
                }
            }
            task.args.push(argument);
        }
        // Commands of mise find an argument in `$usage_NAME`.
        for argument in &task.args {
            let name = bare_name(&argument.form);
            let variable = format!("usage_{}", variable_name(name));
            if self.source.contains(&variable) && !argument.form.ends_with("...") {
                task.env.push((variable, format!("{{{{ {name} }}}}")));
            }
        }
    }
}

/// The name in `name=default`, `rest...`, `--option=`.
pub(super) fn bare_name(form: &str) -> &str {
    let name = form.trim_start_matches('-');
    let name = name.split('=').next().unwrap_or(name);
    name.trim_end_matches("...").trim_end_matches('+')
}
