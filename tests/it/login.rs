//! `ssh`: a login with a key that terraform made, over a real sshd, with nothing left on any disk.

use std::fs;

use crate::harness::patience::until_true;
use crate::harness::processes;
use crate::harness::sshd::Sshd;
use crate::harness::{Space, needs};

/// A project whose stage is that sshd; with its client's key as an output, where `with_key`.
fn project(sshd: &Sshd, space: Space, with_key: bool) -> Space {
    let key = fs::read_to_string(sshd.client_key()).unwrap();
    let ssh_key = if with_key { "ssh_key = \"{{ workspaces.base.outputs.ssh_key }}\"\n" } else { "" };
    let tasks = format!(
        "[terraform]\nroot = \"terraform\"\n[workspaces.base]\n[environments.stage.deploy]\nserver = \"{}/srv/app\"\nhost_key = \
         \"{}\"\n{ssh_key}",
        sshd.url(),
        sshd.host_key
    );
    let main = format!("output \"ssh_key\" {{\n  sensitive = true\n  value = <<-EOT\n{key}EOT\n}}\n");
    let space = space.file("tasks.toml", &tasks).workspace("base", &main);
    space.run("up --yes").exits(0);
    space
}

fn all_files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { all_files(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

#[test]
fn a_login_takes_the_key_of_an_output_and_leaves_nothing_behind() {
    needs!("terraform", "sshd", "ssh", "ssh-keygen", "ssh-agent", "ssh-add");
    let space = Space::new();
    let sshd = Sshd::start(&space, None);
    let space = project(&sshd, space, true);
    let temporary = space.root.with_file_name("tmp");
    fs::create_dir(&temporary).unwrap();
    let key = fs::read_to_string(sshd.client_key()).unwrap();
    let middle = key.lines().nth(2).unwrap().to_owned();

    let (started, go) = (space.path("started"), space.path("go"));
    let line = format!("{}; echo \"in $HOME\"; exit 7", crate::harness::space::gate(&started, &go));
    let login = space.shipway(["ssh", "-e", "stage", &line]).env("TMPDIR", &temporary).start();
    space.wait_for("started");
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains(&middle), "a command line has the key");
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        let around = fs::read(entry.path().join("environ")).unwrap_or_default();
        let has_key = String::from_utf8_lossy(&around).contains(&middle);
        assert!(
            name.trim() != "ssh" || !has_key,
            "ssh itself, which may hand on its environment, has the key"
        );
    }
    let mut files = Vec::new();
    all_files(&temporary, &mut files);
    all_files(&space.path(".shipway"), &mut files);
    for file in files {
        let text = fs::read(&file).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&text).contains(&middle), "{} has the key", file.display());
    }
    space.write("go", "");
    let output = login.wait();
    let home = space.root.with_file_name("home");
    output.exits(7).prints(&format!("in {}\n", home.display()));

    // The agent ends with the connection; it looks for that every ten seconds.
    until_true("the agent has ended", || {
        !processes::all().iter().any(|process| {
            let path = format!("/proc/{}/environ", process.pid.as_raw_nonzero());
            process.name == "ssh-agent"
                && fs::read(path)
                    .is_ok_and(|text| String::from_utf8_lossy(&text).contains(&*temporary.to_string_lossy()))
        })
    });
    until_true("its folder is gone", || fs::read_dir(&temporary).unwrap().next().is_none());
}

#[test]
fn without_the_key_the_server_lets_nobody_in_and_its_host_key_is_held_to() {
    needs!("terraform", "sshd", "ssh", "ssh-keygen", "ssh-agent", "ssh-add");
    let space = Space::new();
    let (sshd, other) = (Sshd::start(&space, None), Sshd::start(&space, None));
    let space = project(&sshd, space, false);
    space.shipway(["ssh", "-e", "stage", "true"]).run().exits(255).says("Permission denied");
    let tasks = space.read("tasks.toml").replace("[environments", "[vars]\nx = \"y\"\n[environments");
    let with_key = format!("{tasks}ssh_key = \"{{{{ workspaces.base.outputs.ssh_key }}}}\"\n");
    space.write("tasks.toml", &with_key);
    // Options for ssh stand behind.
    space.shipway(["ssh", "-e", "stage", "true", "--", "-v"]).run().exits(0).says("Authenticated to");
    space.write("tasks.toml", &with_key.replace(&sshd.host_key, &other.host_key));
    space.shipway(["ssh", "-e", "stage", "true"]).run().exits(255).says("verification failed");
    space.write("tasks.toml", &with_key.replace("base.outputs.ssh_key", "base.outputs.none"));
    space.shipway(["ssh", "-e", "stage", "true"]).run().says("`none`");
}

#[test]
fn a_login_is_refused_where_there_is_nothing_to_log_in_to() {
    let space = Space::with_tasks("[environments.stage.deploy]\nserver = \"server\"\n[environments.prod]\n");
    space.run("ssh -e stage").exits(4).says("is this machine");
    space.run("ssh -e prod").exits(2).says("does not say where");
    let dry = Space::with_tasks("[environments.stage.deploy]\nserver = \"ssh://me@example.com:7/srv/app\"\n");
    dry.run("--dry-run ssh -e stage uptime").exits(0).prints(
        "1. log in to stage\n     ssh -oConnectTimeout=10 -oServerAliveInterval=15 -oServerAliveCountMax=4 -p 7 -l me -- example.com \
         uptime\ndry run: nothing was run\n",
    );
}
