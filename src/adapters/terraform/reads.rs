//! What a module reads besides its own files and values: paths, states of other roots, the world. By its text alone.
//!
//! It is asked before a plan is left out, so it never guesses in favour of that: what can't be told from the text is `unknowable`, with the
//! reason. Nothing is evaluated. A path counts by what stands before its first `${ }`: then the folder that it begins with is meant, whole.
//! <https://developer.hashicorp.com/terraform/language/functions>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::hcl::{self, Block, Token, located};

/// Functions that look at files; the first argument is the path.
const FILE_FUNCTIONS: [&str; 11] = [
    "file",
    "filebase64",
    "filebase64sha256",
    "filebase64sha512",
    "fileexists",
    "filemd5",
    "fileset",
    "filesha1",
    "filesha256",
    "filesha512",
    "templatefile",
];

/// Functions that give another value each time.
const UNSTEADY_FUNCTIONS: [&str; 4] = ["bcrypt", "plantimestamp", "timestamp", "uuid"];

/// Blocks that mean nothing but what stands in them. One that a later terraform brings may look at the world.
const STEADY_BLOCKS: [&str; 11] = [
    "check",
    "import",
    "locals",
    "module",
    "moved",
    "output",
    "provider",
    "removed",
    "resource",
    "terraform",
    "variable",
];

/// The data source of another root's state.
const REMOTE_STATE: &str = "terraform_remote_state";

/// What a module reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Why its plan can't be told from its files and values, a sentence each.
    pub unknowable: BTreeSet<String>,
    /// Paths that stand in it.
    pub paths: BTreeSet<PathRead>,
    /// States of other roots, by the names of their data sources.
    pub states: BTreeMap<String, Wanted>,
}

/// A path in a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathRead {
    /// From where it counts.
    pub base: Base,
    /// As written, up to its first `${ }`: then it is a folder, or empty.
    pub text: String,
    /// Only the beginning of the path is known, so all of the folder is meant.
    pub is_prefix: bool,
    /// A function of terraform reads it: that it is missing counts as well. Otherwise it may be a path, or any other text.
    pub is_certain: bool,
}

/// From where a path counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    /// `path.module`.
    Module,
    /// The folder that terraform runs in, which is the root's (`-chdir`).
    Root,
}

/// Which outputs of a state are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// These.
    Some(BTreeSet<String>),
    /// Perhaps all.
    All,
}

impl Reads {
    /// Adds what one file of a module reads; one that is no configuration adds nothing.
    pub fn add(&mut self, name: &str, text: &str) {
        // OpenTofu's own endings are of the same language.
        let known = name.replace(".tofu", ".tf");
        for block in hcl::blocks(&known, text) {
            self.block(&block);
        }
        if known.ends_with(".tf") {
            self.expression(text);
        } else if known.ends_with(".tf.json") {
            match serde_json::from_str(text) {
                Ok(json) => self.json(&json),
                Err(_) => self.cannot_tell(format!("{name} is no JSON")),
            }
        }
    }

    /// Adds what the template in a file of `templatefile` reads.
    pub fn add_template(&mut self, text: &str) {
        self.template(text);
    }

    /// Adds the texts of a file with values, or of values themselves: each may be a path.
    pub fn add_value(&mut self, text: &str) {
        self.may_be_path(Base::Root, text, false);
    }

    fn cannot_tell(&mut self, why: String) {
        self.unknowable.insert(why);
    }

    fn block(&mut self, block: &Block) {
        match block.kind.as_str() {
            "data" if block.label() == REMOTE_STATE => {
                let name = block.labels.get(1).cloned().unwrap_or_default();
                self.states.entry(name).or_insert_with(|| Wanted::Some(BTreeSet::new()));
            }
            "data" => self.cannot_tell(format!(
                "it has the data source `{}`, which looks at the world",
                block.labels.join(".")
            )),
            "ephemeral" => self.cannot_tell(format!(
                "it has the ephemeral resource `{}`, which looks at the world",
                block.labels.join(".")
            )),
            "check" => block.blocks.iter().filter(|inner| inner.kind == "data").for_each(|inner| {
                self.block(inner);
            }),
            kind if STEADY_BLOCKS.contains(&kind) => {}
            kind => self.cannot_tell(format!("it has a block `{kind}`, which Shipway does not know")),
        }
    }

    fn json(&mut self, json: &Json) {
        match json {
            Json::String(text) => self.template(text),
            Json::Array(items) => items.iter().for_each(|item| self.json(item)),
            Json::Object(entries) => entries.values().for_each(|entry| self.json(entry)),
            _ => {}
        }
    }

    /// The texts and expressions of a template, without its quotes.
    fn template(&mut self, text: &str) {
        let pieces = pieces(text);
        for piece in &pieces {
            if let Piece::Expression(expression) = piece {
                self.expression(expression);
            }
        }
        if let Some((base, path, is_prefix)) = path_of(&pieces) {
            self.may_be_path(base, &path, is_prefix);
        }
    }

    fn may_be_path(&mut self, base: Base, text: &str, is_prefix: bool) {
        // A text of several lines is none.
        if !(text.contains('\n') || text.is_empty() && base == Base::Root) {
            self.paths.insert(PathRead { base, text: text.to_owned(), is_prefix, is_certain: false });
        }
    }

    fn expression(&mut self, text: &str) {
        let tokens: Vec<Token<'_>> = located(text).into_iter().map(|(_, token)| token).collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                Token::Text(text) => self.template(unquoted(text)),
                Token::Word(word) if tokens.get(at + 1) == Some(&Token::Sign('(')) => {
                    self.call(word, &tokens[at + 2..]);
                }
                Token::Word("provider")
                    if matches!(&tokens[at + 1..], [Token::Sign(':'), Token::Sign(':'), ..]) =>
                {
                    self.cannot_tell("it calls a function of a provider, which may look at anything".into());
                }
                Token::Word(word) => self.word(word, &tokens[at + 1..]),
                _ => {}
            }
        }
    }

    fn call(&mut self, word: &str, rest: &[Token<'_>]) {
        // A minus belongs to words, and to no function's name.
        let name = word.rsplit('-').next().unwrap_or(word);
        if UNSTEADY_FUNCTIONS.contains(&name) {
            self.cannot_tell(format!("`{name}` gives another value each time"));
        }
        if !FILE_FUNCTIONS.contains(&name) {
            return;
        }
        let argument = match rest {
            [Token::Text(text), Token::Sign(',' | ')'), ..]
            | [
                Token::Word("pathexpand" | "abspath"),
                Token::Sign('('),
                Token::Text(text),
                Token::Sign(')'),
                ..,
            ] => path_of(&pieces(unquoted(text))),
            [Token::Word("path.module"), Token::Sign(',' | ')'), ..] => {
                Some((Base::Module, String::new(), false))
            }
            _ => None,
        };
        match argument {
            Some((base, text, is_prefix)) => {
                self.paths.insert(PathRead { base, text, is_prefix, is_certain: true });
            }
            None => {
                self.cannot_tell(format!("`{name}` has a path that is put together when terraform runs"));
            }
        }
    }

    fn word(&mut self, word: &str, rest: &[Token<'_>]) {
        if word == "self.outputs" || word.starts_with("self.outputs.") {
            self.states.values_mut().for_each(|wanted| *wanted = Wanted::All);
        }
        let Some((_, reference)) = word.split_once("data.terraform_remote_state.") else {
            // Alone it is the label of the block; otherwise somebody writes blanks around dots.
            if word.contains(REMOTE_STATE) && word != REMOTE_STATE {
                self.cannot_tell(format!("it refers to a state by `{word}`"));
            }
            return;
        };
        let (name, mut path) = reference.split_once('.').unwrap_or((reference, ""));
        let mut rest = rest;
        if path.is_empty()
            && let Some(end) = index_end(rest)
        {
            path = match rest.get(end) {
                Some(Token::Word(word)) => word.strip_prefix('.').unwrap_or_default(),
                _ => "",
            };
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        let output = match (path.split('.').collect::<Vec<_>>().as_slice(), rest) {
            (["outputs", output, ..], _) if !output.is_empty() => Some((*output).to_owned()),
            (["outputs"], [Token::Sign('['), Token::Text(text), Token::Sign(']'), ..]) => literal(text),
            _ => None,
        };
        let wanted = self.states.entry(name.to_owned()).or_insert_with(|| Wanted::Some(BTreeSet::new()));
        match (wanted, output) {
            (Wanted::Some(outputs), Some(output)) => {
                outputs.insert(output);
            }
            (wanted, None) => *wanted = Wanted::All,
            (Wanted::All, Some(_)) => {}
        }
    }
}

/// The state that a data source read, as the state or a plan of its root tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRead {
    /// The data source's name.
    pub name: String,
    /// The kind of backend.
    pub backend: String,
    /// Its settings.
    pub config: Json,
    /// Terraform's own workspace, where one is named.
    pub workspace: Option<String>,
}

/// The states that the data sources of a root read, by its own state after an apply (`state pull`).
pub fn states_of_state(text: &str) -> Vec<StateRead> {
    let state: Json = serde_json::from_str(text).unwrap_or_default();
    let resources = state.get("resources").and_then(Json::as_array).into_iter().flatten();
    let ours = resources.filter(|resource| {
        resource.get("mode") == Some(&"data".into()) && resource.get("type") == Some(&REMOTE_STATE.into())
    });
    ours.flat_map(|resource| {
        let instances = resource.get("instances").and_then(Json::as_array).into_iter().flatten();
        instances.filter_map(|instance| {
            let values = instance.get("attributes")?;
            state_read(resource, values, values.get("config").and_then(|config| config.get("value")))
        })
    })
    .collect()
}

/// The same by what `show -json` prints of a plan: those that were read for it.
pub fn states_of_plan(text: &str) -> Vec<StateRead> {
    let plan: Json = serde_json::from_str(text).unwrap_or_default();
    let mut found = Vec::new();
    let mut open: Vec<&Json> = plan.pointer("/prior_state/values/root_module").into_iter().collect();
    while let Some(module) = open.pop() {
        let list = |key: &str| module.get(key).and_then(Json::as_array).into_iter().flatten();
        for resource in list("resources") {
            if resource.get("mode") == Some(&"data".into())
                && resource.get("type") == Some(&REMOTE_STATE.into())
            {
                let values = resource.get("values").unwrap_or(&Json::Null);
                found.extend(state_read(resource, values, values.get("config")));
            }
        }
        open.extend(list("child_modules"));
    }
    found
}

fn state_read(resource: &Json, values: &Json, config: Option<&Json>) -> Option<StateRead> {
    Some(StateRead {
        name: resource.get("name")?.as_str()?.to_owned(),
        backend: values.get("backend")?.as_str()?.to_owned(),
        config: config.cloned().unwrap_or_default(),
        workspace: values.get("workspace").and_then(Json::as_str).map(str::to_owned),
    })
}

/// Where the tokens behind an index `[ ]` begin.
fn index_end(tokens: &[Token<'_>]) -> Option<usize> {
    if tokens.first() != Some(&Token::Sign('[')) {
        return None;
    }
    let mut open = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('[') => open += 1,
            Token::Sign(']') if open == 1 => return Some(at + 1),
            Token::Sign(']') => open -= 1,
            _ => {}
        }
    }
    None
}

/// A part of a template.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Literal(String),
    Expression(&'a str),
}

/// The parts of a template without its quotes.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("$${") || rest.starts_with("%%{") {
            literal.push_str(&rest[1..3]);
            rest = &rest[3..];
        } else if rest.starts_with("${") || rest.starts_with("%{") {
            let length = expression_length(&rest[2..]);
            if !literal.is_empty() {
                found.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            found.push(Piece::Expression(rest[2..2 + length].trim_matches('~')));
            rest = rest.get(3 + length..).unwrap_or_default();
        } else if first == '\\' && rest.len() > 1 {
            let next = rest[1..].chars().next().unwrap_or(' ');
            literal.push(if next == 'n' { '\n' } else { next });
            rest = &rest[1 + next.len_utf8()..];
        } else {
            literal.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    if !literal.is_empty() {
        found.push(Piece::Literal(literal));
    }
    found
}

/// The length up to the brace that closes `${`.
fn expression_length(text: &str) -> usize {
    let mut open = 0_usize;
    for (at, token) in located(text) {
        match token {
            Token::Sign('{') => open += 1,
            Token::Sign('}') if open == 0 => return at,
            Token::Sign('}') => open -= 1,
            _ => {}
        }
    }
    text.len()
}

/// The path that a template begins with: from where, its beginning, and whether more follows that only a run knows. `None` where not even its
/// beginning is known.
fn path_of(pieces: &[Piece<'_>]) -> Option<(Base, String, bool)> {
    let (base, rest) = match pieces {
        [Piece::Expression(first), rest @ ..] => match first.trim() {
            "path.module" => (Base::Module, rest),
            "path.root" | "path.cwd" => (Base::Root, rest),
            _ => return None,
        },
        rest => (Base::Root, rest),
    };
    let is_whole = pieces.len() != rest.len();
    match rest {
        [] => Some((base, String::new(), false)),
        [Piece::Literal(text)] => Some((base, relative(text, is_whole), false)),
        [Piece::Literal(text), ..] => {
            let folder = text.rfind('/').map_or("", |end| &text[..=end]);
            Some((base, relative(folder, is_whole), true))
        }
        _ => Some((base, String::new(), true)),
    }
}

/// What follows `${path.module}` begins with a slash and is no absolute path.
fn relative(text: &str, follows: bool) -> String {
    if follows { text.trim_start_matches('/').to_owned() } else { text.to_owned() }
}

/// A string's text without its quotes, or that of a heredoc without its marks.
fn unquoted(text: &str) -> &str {
    if text.starts_with("<<") {
        return text.split_once('\n').map_or("", |(_, body)| body);
    }
    let text = text.strip_prefix('"').unwrap_or(text);
    text.strip_suffix('"').unwrap_or(text)
}

/// The text of a string without `${ }`.
fn literal(text: &str) -> Option<String> {
    match pieces(unquoted(text)).as_slice() {
        [Piece::Literal(text)] => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "reads_tests.rs"]
mod tests;
