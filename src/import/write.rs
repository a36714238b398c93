//! What was read as the text of a tasks file.

use super::{Argument, Call, Imported, Source, Task};

/// The tasks file; what was lost stands at its top as comments.
pub fn render(imported: &Imported, from: &str) -> String {
    let mut text = format!("# Imported from {from}.\n");
    if !imported.losses.is_empty() {
        text.push_str("#\n# Not carried over as it was:\n");
        for loss in &imported.losses {
            let what = loss.what.replace('\n', " ");
            text.push_str(&format!("# - {}:{}: {what}\n", loss.file, loss.line));
        }
    }
    if !imported.dotenv.is_empty() {
        text.push_str(&format!("\n[project]\ndotenv = {}\n", list(&imported.dotenv)));
    }
    if !imported.vars.is_empty() {
        text.push_str("\n[vars]\n");
        for (name, source) in &imported.vars {
            let value = match source {
                Source::Text(value) => string(value),
                Source::Shell(command) => format!("{{ sh = {} }}", string(command)),
                Source::Required(name) => format!("{{ env = {} }}", string(name)),
                Source::Environment(name, default) => {
                    format!("{{ env = {}, default = {} }}", string(name), string(default))
                }
            };
            text.push_str(&format!("{} = {value}\n", key(name)));
        }
    }
    if !imported.env.is_empty() {
        text.push_str("\n[env]\n");
        for (name, value) in &imported.env {
            text.push_str(&format!("{} = {}\n", key(name), string(value)));
        }
    }
    imported.tasks.iter().for_each(|each| task(&mut text, each));
    text
}

fn task(text: &mut String, task: &Task) {
    text.push_str(&format!("\n[tasks.{}]\n", key(&task.name)));
    let mut line = |name: &str, value: String| text.push_str(&format!("{name} = {value}\n"));
    if let Some(description) = &task.description {
        line("description", string(description));
    }
    match task.aliases.as_slice() {
        [] => {}
        [only] => line("alias", string(only)),
        aliases => line("alias", list(aliases)),
    }
    if !task.depends.is_empty() {
        let calls: Vec<String> = task.depends.iter().map(call).collect();
        line("depends", format!("[{}]", calls.join(", ")));
    }
    if !task.wait_for.is_empty() {
        line("wait_for", list(&task.wait_for));
    }
    if !task.depends_post.is_empty() {
        let calls: Vec<String> = task.depends_post.iter().map(call).collect();
        line("depends_post", format!("[{}]", calls.join(", ")));
    }
    if !task.args.is_empty() {
        let args: Vec<String> = task.args.iter().map(argument).collect();
        line("args", format!("[{}]", args.join(", ")));
    }
    if let Some(dir) = &task.dir {
        line("dir", string(dir));
    }
    if !task.env.is_empty() {
        let entries: Vec<String> =
            task.env.iter().map(|(name, value)| format!("{} = {}", key(name), string(value))).collect();
        line("env", format!("{{ {} }}", entries.join(", ")));
    }
    if !task.dotenv.is_empty() {
        line("dotenv", list(&task.dotenv));
    }
    if let Some(confirm) = &task.confirm {
        line("confirm", string(confirm));
    }
    if !task.systems.is_empty() {
        line("if", format!("{{ os = {} }}", list(&task.systems)));
    }
    if let Some(timeout) = &task.timeout {
        line("timeout", string(timeout));
    }
    for (name, is_on) in [("interactive", task.interactive), ("hide", task.hide), ("quiet", task.quiet)] {
        if is_on {
            line(name, "true".to_owned());
        }
    }
    for (name, items) in [("sources", &task.sources), ("outputs", &task.outputs), ("shell", &task.shell)] {
        if !items.is_empty() {
            line(name, list(items));
        }
    }
    for (name, steps) in [("run", &task.run), ("finally", &task.finally)] {
        match steps.as_slice() {
            [] => {}
            [only] => line(name, string(only)),
            steps => {
                let steps: String = steps.iter().map(|step| format!("  {},\n", string(step))).collect();
                line(name, format!("[\n{steps}]"));
            }
        }
    }
    if task.run.is_empty() && task.depends.is_empty() && task.finally.is_empty() {
        line("run", "[{ exec = [\"true\"] }]".to_owned());
    }
}

fn call(call: &Call) -> String {
    if call.args.is_empty() {
        return string(&call.task);
    }
    format!("{{ task = {}, args = {} }}", string(&call.task), list(&call.args))
}

fn argument(argument: &Argument) -> String {
    let Argument { form, help, choices, short, env } = argument;
    let mut parts = vec![format!("name = {}", string(form))];
    parts.extend(short.map(|letter| format!("short = {}", string(&letter.to_string()))));
    parts.extend(env.as_ref().map(|name| format!("env = {}", string(name))));
    parts.extend(help.as_ref().map(|help| format!("help = {}", string(help))));
    parts.extend((!choices.is_empty()).then(|| format!("choices = {}", list(choices))));
    if parts.len() == 1 { string(form) } else { format!("{{ {} }}", parts.join(", ")) }
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| string(item)).collect();
    format!("[{}]", items.join(", "))
}

fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { string(name) }
}

/// In the quotes that need the fewest signs: `"…"`, `'…'`, or over several lines.
fn string(text: &str) -> String {
    let is_strange = |c: char| c.is_control() && c != '\n' && c != '\t';
    let is_literal = !text.contains(is_strange);
    if text.contains('\n') && is_literal && !text.contains("'''") && !text.ends_with('\'') {
        return format!("'''\n{text}'''");
    }
    if is_literal && text.contains(['"', '\\']) && !text.contains(['\'', '\n']) {
        return format!("'{text}'");
    }
    toml_edit::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_back_as_they_were() {
        for text in [
            "",
            "a",
            "a \"b\"",
            "it's",
            "it's \"b\"",
            "a\\n",
            "a\nb\n",
            "a\n'''\n",
            "a\n'",
            "\u{1b}[1m",
            "tab\t",
        ] {
            let table: toml::Table = toml::from_str(&format!("x = {}\n", string(text))).unwrap();
            assert_eq!(table["x"].as_str(), Some(text), "{}", string(text));
        }
    }
}
