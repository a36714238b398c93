//! The project's files: a tasks file in which every source of a secret stands, and tasks that print all they can get hold of.

use std::fmt::Write as _;
use std::fs;

use super::scene::other_forms;
use super::secrets::{Canary, Source};
use crate::harness::Space;

/// Prints what is in the variables whose names are its arguments, in all the ways of a shell.
const PRINT: &str = r##"
for name in $names; do
  value=${!name}
  printf '%s\n' "raw $value."
  printf '%s\n' "raw $value." >&2
  printf '%s' "${value:0:3}"; printf '%s\n' "${value:3}"
  for before in '' x xy; do printf '%s%s' "$before" "$value" | base64 -w0; echo; done
  printf '%s\n' "$value" | base64
  printf '%s' "$value" | base64 -w0 | tr '+/' '-_'; echo
  printf '%s' "$value" | od -An -v -tx1 | tr -d ' \n'; echo
  printf '%q\n' "$value"
  (set -x; : "$value" "x=$value")
  declare -p "$name"
done
env
export -p
printf 'ordinary words are here\n'
"##;

/// Prints the files themselves, raw and encoded, though nothing told Shipway that it needs them.
const PRINT_FILES: &str = r"
for file in .env .envs/.production/.[a-z]*; do
  [ -e $file ] || continue
  cat $file
  base64 $file
  base64 -w0 $file; echo
  od -An -v -tx1 $file | tr -d ' \n'; echo
done
";

/// Prints all of one variable bit by bit, each bit alone.
const PIECES: &str = r#"
value=$SIXTY_FOUR_BYTES
while [ -n "$value" ]; do printf '%s' "${value:0:7}"; value=${value:7}; sleep 0.02; done
echo
"#;

const TASKS: &str = r##"
[project]
name   = "canary"
dotenv = [".env?"]

[vars]
@VARS@
[env_files.production]
path   = ".envs/.production"
prefix = "PROD"
mask   = ["GREETING"]
public = ["SITE_URL"]

[environments.stage]
env_files = ["production"]

[environments.stage.deploy]
server = "../server"

[forge]
kind = "@KIND@"
repo = "ada/shop"

@SECRETS@
[secrets.FROM_OUTPUT]
value = "{{ workspaces.source.outputs.hidden }}"

[databases.main]
provider = "digitalocean"
name     = "shop-db"

[terraform]
root = "terraform"

[workspaces.source]
var_files = ["secret.tfvars"]
vars      = { by_var = "{{ vars.hex }}" }

[workspaces.sink]
depends     = ["source"]
env         = { BY_ENV = "{{ vars.sixteen_bytes }}" }
after_apply = "env; echo \"$BARE\" | base64"
[workspaces.sink.vars]
hidden  = "{{ workspaces.source.outputs.hidden }}"
deep    = "{{ workspaces.source.outputs.deep }}"
by_file = "{{ secrets.CRLF }}"
files   = "{{ environments.stage.env_file_map }}"
long    = "{{ vars.long }}"

[workspaces.broken]
vars = { token = "{{ secrets.JSON }}", quotes = "{{ vars.double_quotes }}" }

[workspaces.slow]
vars = { token = "{{ vars.backslashes }}" }

[rollout]
before = ["release-before"]
after  = ["release-after"]

[tasks.print]
env = { @ENV@ }
run = '''
names="@NAMES@ ONCE BARE"
cat private/forms
cat private/forms >&2
@PRINT@'''

[tasks.print-files]
run = '''@PRINT_FILES@'''

[tasks.print-map]
env = { MAP = "{{ environments.stage.env_file_map }}" }
run = '''
echo "$MAP"
@PRINT_FILES@'''

[tasks.pieces]
env = { SIXTY_FOUR_BYTES = "{{ vars.sixty_four_bytes }}" }
run = '''@PIECES@'''

[tasks.fails]
env     = { PEM = "{{ vars.pem }}", SPACES = "{{ vars.spaces }}" }
run     = "printf '%s' \"$PEM\"; echo \"fails with $SPACES\" >&2; printf '%s' \"$SPACES\" | base64 >&2; exit 3"
finally = "echo \"finally $PEM\""

[tasks.waits]
env = { @ENV@ }
run = '''
names="@NAMES@ ONCE BARE"
cat private/forms
cat private/forms >&2
@PRINT@
printf 'and then %s' "$PREFIX_LONGER"
touch private/waits
sleep 60'''

[tasks.spoken]
env = { SPOKEN = "{{ vars.spoken }}" }
run = "echo \"$SPOKEN\"; echo \"$SPOKEN\" | base64"

[tasks.overridden]
env = { OVERRIDDEN = "{{ vars.overridden }}" }
run = "echo \"$OVERRIDDEN\"; sleep 0.3; exit 5"

[tasks.database]
databases = ["main"]
run       = "env; echo \"$PGPASSWORD\" | base64; echo \"$DATABASE_URL\"; env >&2; exit 4"

[tasks.outputs]
env = { HIDDEN = "{{ workspaces.source.outputs.hidden }}", DEEP = "{{ workspaces.source.outputs.deep }}" }
run = '''
names="HIDDEN DEEP"
@PRINT@'''

[tasks.release-before]
run = '''@PRINT_FILES@
env'''

[tasks.release-after]
run = '''
@PRINT_FILES@
if [ -e fail ]; then cat .envs/.production/.[a-z]* >&2; exit 9; fi'''
"##;

/// Of the tasks file, for a forge of this kind.
pub(super) fn tasks_file(kind: &str, canaries: &[Canary]) -> String {
    let mut vars = String::new();
    let (mut env, mut names) = (Vec::new(), Vec::new());
    let mut secrets = String::new();
    for canary in canaries {
        let (name, small) = (canary.name, canary.small());
        match canary.source {
            Source::VarEnv => writeln!(vars, "{small} = {{ env = \"C_{name}\", secret = true }}"),
            Source::VarShell => writeln!(vars, "{small} = {{ sh = \"cat private/{small}\", secret = true }}"),
            Source::VarPrompt => writeln!(vars, "{small} = {{ prompt = \"The word\", secret = true }}"),
            Source::VarOverride => {
                writeln!(vars, "{small} = {{ env = \"ABSENT\", default = \"\", secret = true }}")
            }
            Source::SecretEnv => writeln!(secrets, "[secrets.{name}]\nvalue = {{ env = \"C_{name}\" }}"),
            Source::SecretFile => {
                writeln!(secrets, "[secrets.{name}]\nvalue = {{ file = \"private/{small}\" }}")
            }
            Source::SecretBinary => writeln!(
                secrets,
                "[secrets.{name}]\nvalue = {{ file = \"private/{small}\", encoding = \"base64\" }}"
            ),
            Source::SecretShell => {
                writeln!(secrets, "[secrets.{name}]\nvalue = {{ sh = \"cat private/{small}\" }}")
            }
            _ => Ok(()),
        }
        .unwrap();
        if canary.is_variable() {
            env.push(format!("{name} = \"{{{{ vars.{small} }}}}\""));
            names.push(name);
        }
        if canary.is_secret() {
            env.push(format!("{name} = \"{{{{ secrets.{name} }}}}\""));
            names.push(name);
        }
    }
    [
        ("@VARS@", vars.as_str()),
        ("@KIND@", kind),
        ("@SECRETS@", &secrets),
        ("@ENV@", &env.join(", ")),
        ("@NAMES@", &names.join(" ")),
        ("@PRINT@", PRINT),
        ("@PRINT_FILES@", PRINT_FILES),
        ("@PIECES@", PIECES),
    ]
    .into_iter()
    .fold(TASKS.to_owned(), |text, (mark, value)| text.replace(mark, value))
}

const SOURCE: &str = r#"
variable "by_var" {
  type = string
}
variable "in_var_file" {
  type      = string
  sensitive = true
}
variable "hidden" {
  type      = string
  sensitive = true
}
variable "deep" {
  type      = string
  sensitive = true
}
resource "terraform_data" "web" {
  input = [var.by_var, var.in_var_file]
  provisioner "local-exec" {
    command     = "echo \"$BY_VAR\"; echo \"$IN_VAR_FILE\"; echo \"$IN_VAR_FILE\" | base64"
    environment = { BY_VAR = var.by_var, IN_VAR_FILE = nonsensitive(var.in_var_file) }
  }
}
output "hidden" {
  value     = var.hidden
  sensitive = true
}
output "deep" {
  value     = { list = [var.deep] }
  sensitive = true
}
"#;

const SINK: &str = r#"
variable "hidden" {}
variable "deep" {}
variable "by_file" {}
variable "files" {}
variable "long" {}
resource "terraform_data" "web" {
  input = [var.hidden, var.deep, var.by_file, var.files, var.long]
}
output "shown" {
  value = var.by_file
}
"#;

const BROKEN: &str = r#"
variable "token" {}
variable "quotes" {
  validation {
    condition     = length(var.quotes) < 1000
    error_message = "No: ${var.quotes}"
  }
}
resource "terraform_data" "web" {
  provisioner "local-exec" {
    command     = "echo \"it is $TOKEN\"; echo \"$TOKEN\" | base64 >&2; exit 7"
    environment = { TOKEN = var.token }
  }
}
# Made anew by each apply, so that no plan knows its id.
resource "terraform_data" "first" {
  triggers_replace = timestamp()
}
resource "terraform_data" "wrong" {
  input = var.quotes
  lifecycle {
    precondition {
      condition     = length(terraform_data.first.id) > 1000
      error_message = "It is ${var.quotes}"
    }
  }
}
"#;

const SLOW: &str = r#"
variable "token" {}
resource "terraform_data" "web" {
  provisioner "local-exec" {
    command     = "printf 'it is %s\n' \"$TOKEN\"; touch ../../private/applies; for turn in $(seq 1 300); do if [ -e ../../private/go ]; then break; fi; sleep 0.1; done"
    environment = { TOKEN = var.token }
  }
}
"#;

/// What make reads has secrets in its hands: in its environment, and in a file that it prints to itself.
const MAKEFILE: &str = "\
export
BARE := $(shell cat .env)
NAMES := api worker
define image
image-$(1):
\techo build $(1) $(BARE) $(C_FOUR_BYTES)
endef
$(foreach name,$(NAMES),$(eval $(call image,$(name))))
";

/// Writes the files, and commits those that git does not ignore.
pub(super) fn plant(space: &Space, canaries: &[Canary]) {
    let (mut dotenv, mut django, mut postgres) = (String::new(), ORDINARY.to_owned(), String::new());
    let mut tfvars = String::new();
    fs::create_dir(space.path("private")).unwrap();
    for canary in canaries {
        let file = space.path("private").join(canary.small());
        match canary.source {
            Source::VarShell | Source::SecretFile | Source::SecretBinary | Source::SecretShell => {
                fs::write(file, &canary.value).unwrap();
            }
            Source::Dotenv(line) => dotenv.push_str(&line.replace('V', canary.text())),
            Source::EnvFile(line) if canary.name == "DSN" => {
                postgres.push_str(&line.replace("=V", &format!("={}", canary.text())));
            }
            Source::EnvFile(line) => {
                let (key, rest) = line.split_once('=').unwrap();
                writeln!(django, "{key}={}", rest.replace('V', canary.text()).trim_end_matches('\n'))
                    .unwrap();
            }
            Source::VarFile | Source::Output | Source::DeepOutput => {
                let name = match canary.source {
                    Source::VarFile => "in_var_file",
                    Source::Output => "hidden",
                    _ => "deep",
                };
                writeln!(tfvars, "{name} = {}", serde_json::to_string(canary.text()).unwrap()).unwrap();
            }
            _ => {}
        }
    }
    space.write(".env", &dotenv);
    space.write(".envs/.production/.django", &django);
    space.write(".envs/.production/.postgres", &postgres);
    space.write("private/forms", &other_forms(canaries));
    space.write("ops.mk", MAKEFILE);
    space.write("terraform/source/secret.tfvars", &tfvars);
    for (name, main) in [("source", SOURCE), ("sink", SINK), ("broken", BROKEN), ("slow", SLOW)] {
        space.write(&format!("terraform/{name}/main.tf"), main);
    }
    let ignored = ".env\n.envs/\nprivate/\n*.tfvars\nmerged.env\n.shipway/\n.terraform/\n*.tfstate*\n.terraform.lock.hcl\n";
    space.write(".gitignore", ignored);
    space.git(&["init", "--quiet"]);
    space.git(&["add", "--all"]);
    space.git(&["commit", "--quiet", "--message", "planted"]);
}

/// What stands in every env file and is no secret.
const ORDINARY: &str =
    "POSTGRES_USER=postgres\nDEBUG=True\nPORT=5432\nHOST=web\nSITE_URL=https://shop.example\n";
