//! All keys of the tasks file. A key that `decode` learns is added here; `tests/it/schema.rs` says which one is missing.

use super::Kind::{
    Any, Choice, Duration, Either, Filled, Flag, List, Literal, Names, OneOrMore, Plain, Script, Template,
    True, Whole,
};
use super::{Kind, Table};

/// Tasks, workspaces, environments and the like.
const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9_.-]*$";
/// Variables and arguments.
const IDENTIFIER: &str = "^[A-Za-z_][A-Za-z0-9_-]*$";
/// Variables of the environment.
const VARIABLE_NAME: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
/// Secrets.
const SECRET_NAME: &str = "^[A-Z_][A-Z0-9_]*$";

const FILLED: Kind = OneOrMore(&Filled);
const TEMPLATES: Kind = OneOrMore(&Template);
const ENV: Kind = Names(VARIABLE_NAME, &Template);
const COMMAND: Kind = Either(&[Script, Kind::Table(&STEP_TABLE)]);
const COMMANDS: Kind = Either(&[COMMAND, List(&COMMAND, 1)]);
const STEP: Kind = Either(&[Script, Kind::Table(&STEP_TABLE), Kind::Table(&CALL_TABLE)]);
const STEPS: Kind = Either(&[STEP, List(&STEP, 1)]);
const CALL: Kind = Either(&[Filled, Kind::Table(&CALL_TABLE)]);
const CALLS: Kind = OneOrMore(&CALL);
const EXEC: Kind = List(&Plain, 1);
const PORT: Kind = Whole(1, u16::MAX as u32);

const fn plain_table(
    name: &'static str,
    keys: &'static [(&'static str, Kind, &'static str)],
    needs: &'static [&'static [&'static str]],
) -> Table {
    Table { name, keys, needs, others: None }
}

pub(super) static FILE: Table = plain_table(
    "file",
    &[
        ("project", Kind::Table(&PROJECT), "The project itself"),
        (
            "vars",
            Names(IDENTIFIER, &Either(&[Literal, Kind::Table(&VARIABLE)])),
            "Values for `{{ vars.NAME }}`",
        ),
        ("env", ENV, "Exported to every command"),
        (
            "include",
            Names(NAME, &Either(&[Filled, Kind::Table(&INCLUDE)])),
            "Other files; their names get the key as a prefix",
        ),
        (
            "tasks",
            Names(NAME, &Either(&[Script, List(&STEP, 1), Kind::Table(&TASK)])),
            "What can be done; a string or a list is the short form of `run`",
        ),
        ("env_files", Names(NAME, &Kind::Table(&ENV_FILES)), "Env files outside of version control"),
        (
            "environments",
            Names(NAME, &Kind::Table(&ENVIRONMENT)),
            "The places that the project is deployed to",
        ),
        ("terraform", Kind::Table(&TERRAFORM), "Settings of all workspaces"),
        (
            "workspaces",
            Names(NAME, &Kind::Table(&WORKSPACE)),
            "Terraform's root modules, each with its state",
        ),
        ("secrets", Names(SECRET_NAME, &Kind::Table(&SECRET)), "Secrets of the repository at its forge"),
        ("forge", Kind::Table(&FORGE), "Where the repository is"),
        ("databases", Names(NAME, &Kind::Table(&DATABASE)), "Managed databases that tasks are told of"),
        ("rollout", Kind::Table(&ROLLOUT), "What a server does with a release"),
        ("pools", Names(NAME, &Whole(1, u32::MAX)), "How many tasks of each pool run at once"),
    ],
    &[],
);

static INCLUDE: Table = plain_table(
    "include",
    &[
        ("path", Filled, "The file, or a folder with a `tasks.toml`"),
        ("optional", Flag, "It may be absent"),
        ("vars", Names(IDENTIFIER, &Either(&[Literal, Kind::Table(&VARIABLE)])), "Values for its variables"),
    ],
    &[&["path"]],
);

static PROJECT: Table = plain_table(
    "project",
    &[
        ("name", Filled, "Its name; the folder's where there is none"),
        ("shipway", Filled, "The versions of Shipway that may run this file"),
        ("dotenv", TEMPLATES, "Read for every command; `?` at the end: may be absent"),
        ("default_environment", Filled, "The environment where nothing else says which one is meant"),
    ],
    &[],
);

static VARIABLE: Table = plain_table(
    "variable",
    &[
        ("sh", Script, "What this command prints"),
        ("env", Filled, "A variable of the caller's environment"),
        ("prompt", Filled, "A question"),
        ("choices", FILLED, "The only answers"),
        ("default", Plain, "Where the variable is not set, or the answer is empty"),
        ("secret", Flag, "Masked everywhere"),
    ],
    &[&["sh"], &["env"], &["prompt"]],
);

static TASK: Table = plain_table(
    "task",
    &[
        ("description", Plain, "One line for `shipway list`"),
        ("alias", FILLED, "Other names"),
        ("depends", CALLS, "Tasks that run first"),
        ("wait_for", FILLED, "Tasks that come first where they run anyway"),
        ("depends_post", CALLS, "Tasks that run afterwards, where it ended well"),
        ("args", OneOrMore(&Either(&[Filled, Kind::Table(&ARGUMENT)])), "What it takes on the command line"),
        ("dir", Template, "The folder that it runs in"),
        ("env", ENV, "Exported to its commands"),
        ("dotenv", TEMPLATES, "Read for its commands; `?` at the end: may be absent"),
        ("databases", FILLED, "Databases that its commands are told of"),
        ("confirm", Either(&[Filled, Kind::Table(&CONFIRM)]), "Asked before anything starts"),
        ("run", STEPS, "Its steps: a script, or a list in order"),
        ("finally", STEPS, "Run afterwards, whatever happened"),
        ("exports", FILLED, "Names of values that it hands on"),
        (
            "matrix",
            Names(IDENTIFIER, &Either(&[Filled, List(&Filled, 1)])),
            "It runs once for each combination",
        ),
        ("sources", TEMPLATES, "Files that go in: it is up to date while they are the same"),
        ("outputs", TEMPLATES, "Files that it makes"),
        ("cache", Flag, "`false`: it always runs"),
        ("if", Either(&[Script, Kind::Table(&CONDITION)]), "It runs only where this holds"),
        ("timeout", Duration, "How long one attempt may take"),
        ("retry", Either(&[Whole(0, 999), Kind::Table(&RETRY)]), "How often it is tried again"),
        ("requires", Kind::Table(&REQUIRES), "What has to be there before anything starts"),
        ("wait_until", Kind::Table(&WAIT_UNTIL), "It is done only when this holds"),
        ("ignore_error", Flag, "A failure is told and fails nothing"),
        ("hide", Flag, "Only `list --all` names it"),
        ("quiet", Flag, "Its command lines are not shown"),
        ("pool", Filled, "It takes a place of this one of `[pools]`"),
        ("interactive", Flag, "Its commands have the terminal, and nothing runs beside it"),
        ("tty", Flag, "On a terminal its commands print as if they had it, with their colours"),
        ("shell", FILLED, "The program and arguments that its scripts are given to"),
    ],
    &[&["run"], &["depends"], &["depends_post"], &["finally"], &["wait_until"]],
);

static CONDITION: Table = plain_table(
    "condition",
    &[
        ("os", FILLED, "`linux` or `macos`"),
        ("arch", FILLED, "`x86_64`, `aarch64`, …"),
        ("env", FILLED, "Variables that are set"),
        ("environment", FILLED, "Environments"),
        ("run", Script, "A command that ends with 0"),
    ],
    &[],
);

static RETRY: Table = plain_table(
    "retry",
    &[
        ("attempts", Whole(1, 1000), "How often at most"),
        ("delay", Duration, "The wait before the second attempt; it doubles"),
    ],
    &[&["attempts"]],
);

static REQUIRES: Table = plain_table(
    "requires",
    &[
        (
            "tools",
            OneOrMore(&Either(&[Filled, Kind::Table(&REQUIRED_TOOL)])),
            "Programs, with their versions",
        ),
        ("env", OneOrMore(&Either(&[Filled, Kind::Table(&REQUIRED_VARIABLE)])), "Variables that are set"),
    ],
    &[],
);

static REQUIRED_TOOL: Table = plain_table(
    "required_tool",
    &[
        ("name", Filled, "The program"),
        ("version", Filled, "The versions that will do"),
        ("advice", Filled, "What to do where it is missing"),
    ],
    &[&["name"]],
);

static REQUIRED_VARIABLE: Table = plain_table(
    "required_variable",
    &[("name", Filled, "The variable"), ("advice", Filled, "What to do where it is not set")],
    &[&["name"]],
);

static WAIT_UNTIL: Table = plain_table(
    "wait_until",
    &[
        ("http", Filled, "This URL answers well"),
        ("tcp", Filled, "This host and port take a connection"),
        ("file", Filled, "This file is there"),
        ("run", Script, "This command ends with 0"),
        ("timeout", Duration, "How long it is waited for"),
    ],
    &[&["http"], &["tcp"], &["file"], &["run"]],
);

static ARGUMENT: Table = plain_table(
    "argument",
    &[
        ("name", Filled, "`name`, `name=default`, `rest...`, `--flag`, `--option=` or `--option=default`"),
        ("help", Filled, "One line for the task's help"),
        ("choices", FILLED, "The only values"),
        ("pattern", Filled, "A regular expression that fits the whole value"),
        ("default", Plain, "Where it is not given"),
        ("short", Filled, "One letter for `-x`"),
        ("env", Filled, "A variable that it is taken from where the command line has none"),
    ],
    &[&["name"]],
);

static CONFIRM: Table = plain_table(
    "confirm",
    &[("text", Filled, "The question"), ("type", Filled, "The word that has to be typed")],
    &[&["text"]],
);

static STEP_TABLE: Table = plain_table(
    "step",
    &[("exec", List(&Template, 1), "A program and its arguments, without a shell")],
    &[&["exec"]],
);

static CALL_TABLE: Table = plain_table(
    "call",
    &[("task", Filled, "The task"), ("args", TEMPLATES, "Its arguments, as on the command line")],
    &[&["task"]],
);

static ENV_FILES: Table = plain_table(
    "env_files",
    &[
        ("path", Filled, "A folder, or one file"),
        ("prefix", Filled, "How the names of the secrets begin"),
        ("files", FILLED, "The only files that count"),
        ("ignore", FILLED, "Files that don't count"),
        ("mask", FILLED, "Keys that are masked"),
        ("public", FILLED, "Keys that are not masked"),
    ],
    &[&["path"]],
);

static ENVIRONMENT: Table = plain_table(
    "environment",
    &[
        ("branch", Filled, "In CI, this branch means it"),
        ("tags", Filled, "In CI, tags that fit this pattern mean it"),
        ("env_files", FILLED, "Names in `[env_files]`"),
        ("protected", Flag, "Its name has to be typed before it is changed"),
        ("deploy", Kind::Table(&DEPLOY), "Where it is deployed to"),
    ],
    &[],
);

static DEPLOY: Table = plain_table(
    "deploy",
    &[
        ("server", Template, "`ssh://user@host/folder`, or a folder of this machine"),
        ("task", CALL, "A task that deploys in its own way"),
        ("host_key", Filled, "The only key of the host that is believed"),
        ("ssh_key", Template, "The private key with which `shipway ssh` logs in"),
    ],
    &[&["server"], &["task"]],
);

const ENGINE: Kind = Choice(&crate::model::Engine::WORDS);

static TERRAFORM: Table = plain_table(
    "terraform",
    &[
        ("root", Filled, "Where the folders of workspaces are"),
        ("lock_timeout", Duration, "How long somebody else's lock is waited for"),
        ("engine", ENGINE, "What does the work of workspaces that name nothing else"),
        ("retry", Either(&[Whole(0, 999), Kind::Table(&RETRY)]), "How often what passes is tried again"),
        ("retry_on", FILLED, "Further texts by which a failure is known that passes"),
    ],
    &[],
);

static WORKSPACE: Table = plain_table(
    "workspace",
    &[
        ("dir", Filled, "The root module, from `root` of `[terraform]`"),
        ("engine", ENGINE, "What does its work"),
        ("stack", Filled, "The stack, where Pulumi does its work"),
        ("environment", Filled, "Where it belongs to"),
        ("depends", CALLS, "Workspaces by name, tasks as tables"),
        ("stateful", FILLED, "Addresses that are not destroyed unless the command names them"),
        ("var_files", FILLED, "Files for `-var-file`"),
        ("vars", Names(IDENTIFIER, &Any), "Typed values"),
        ("backend_config", Names(IDENTIFIER, &Any), "Settings for init"),
        ("env", ENV, "Exported to terraform and the hooks"),
        ("before_init", COMMANDS, "Run before init"),
        ("before_apply", COMMANDS, "Run after the answer; its failure stops the apply"),
        ("after_apply", COMMANDS, "Run after an apply"),
        ("before_destroy", COMMANDS, "Run after the answer; its failure stops the destroy"),
        ("after_destroy", COMMANDS, "Run after a destroy"),
        ("links", TEMPLATES, "Where to look, told after an apply"),
    ],
    &[],
);

const SOURCE: Kind = Either(&[Template, Kind::Table(&VARIABLE), Kind::Table(&SECRET_FILE)]);

static SECRET: Table = plain_table(
    "secret",
    &[
        ("value", SOURCE, "Its value"),
        ("values", Names(NAME, &SOURCE), "A value for each environment"),
        ("environments", FILLED, "The environments that have it; all where none is named"),
    ],
    &[&["value"], &["values"]],
);

static SECRET_FILE: Table = plain_table(
    "secret_file",
    &[
        ("file", Filled, "The file that holds it"),
        ("encoding", Choice(&["text", "base64"]), "How it is sent"),
    ],
    &[&["file"]],
);

static FORGE: Table = plain_table(
    "forge",
    &[
        ("kind", Choice(&["github", "gitlab"]), "Which one"),
        ("repo", Filled, "`owner/name`"),
        ("api", Filled, "The address of its interface, for one's own installation"),
    ],
    &[&["kind", "repo"]],
);

static DATABASE: Table = plain_table(
    "database",
    &[
        ("provider", Choice(&["digitalocean"]), "Who runs it"),
        ("name", Filled, "The cluster's exact name"),
        ("database", Filled, "The database in the cluster"),
        ("private", Flag, "By its private address"),
        ("api", Filled, "The address of the provider's interface"),
    ],
    &[&["provider", "name"]],
);

static ROLLOUT: Table = Table {
    name: "rollout",
    keys: &[
        (
            "compose",
            Either(&[Filled, List(&Filled, 1)]),
            "The compose files; a later one is laid over the earlier",
        ),
        ("proxy", Kind::Table(&PROXY), "What moves traffic"),
        ("before", CALLS, "Tasks that run before traffic moves"),
        ("after", CALLS, "Tasks that run after traffic has moved"),
        ("keep_releases", Whole(2, u32::MAX), "How many releases are kept"),
    ],
    needs: &[],
    others: Some(Kind::Table(&GROUP)),
};

static PROXY: Table = plain_table(
    "proxy",
    &[("kind", Choice(&["caddy", "none"]), "Which one"), ("service", Filled, "Its compose service")],
    &[&["kind"]],
);

static GROUP: Table = plain_table(
    "group",
    &[
        ("services", Either(&[Filled, List(&Filled, 1)]), "Compose services, replaced one after another"),
        ("healthcheck", Kind::Table(&HEALTHCHECK), "When a container may take traffic"),
        ("drain", Kind::Table(&DRAIN), "How the app is told that it is about to leave"),
        ("drain_timeout", Duration, "How long a container may finish what it has begun"),
    ],
    &[&["healthcheck"]],
);

static HEALTHCHECK: Table = plain_table(
    "healthcheck",
    &[
        ("path", Filled, "GET of this path is answered well"),
        ("port", PORT, "The port of `path`"),
        ("tcp", PORT, "This port takes a connection"),
        ("exec", EXEC, "A command in the container ends with 0"),
        ("docker", True, "Docker's own health check says healthy"),
        ("timeout", Duration, "How long it may take"),
        ("successes", Whole(1, u32::MAX), "So many good answers in a row"),
    ],
    &[&["path", "port"], &["tcp"], &["exec"], &["docker"]],
);

static DRAIN: Table = plain_table(
    "drain",
    &[("signal", Filled, "A signal's name"), ("exec", EXEC, "A command in the container")],
    &[&["signal"], &["exec"]],
);
