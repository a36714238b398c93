//! The deployment that people write for themselves, over the same project: what Shipway's is measured against.

use super::deploy_project::DeployProject;

const HOOK: &str = include_str!("../../fixtures/deploy/seed/post-receive");

/// A bare repository with a hook, and a folder for the code.
pub(crate) struct SeedServer<'a> {
    project: &'a DeployProject,
}

impl<'a> SeedServer<'a> {
    /// Prepares it beside the project.
    pub(crate) fn new(project: &'a DeployProject) -> Self {
        let place = |name: &str| project.space.root.with_file_name(name);
        let (repository, code) = (place("gitrem"), place("appcode"));
        std::fs::create_dir(&code).unwrap();
        project.space.git(&["init", "--quiet", "--bare", &repository.to_string_lossy()]);
        let hook = [
            ("@REPOSITORY@", repository.to_string_lossy().into_owned()),
            ("@CODE@", code.to_string_lossy().into_owned()),
            ("@PROJECT@", project.name().to_owned()),
            ("@WEB@", project.web.to_string()),
        ]
        .into_iter()
        .fold(HOOK.to_owned(), |text, (name, value)| text.replace(name, &value));
        let path = repository.join("hooks/post-receive");
        // A child writes it, as `Space::tool` does and for the same reason.
        let mut write = project.space.program("sh");
        write.args(["-c", "printf '%s' \"$1\" >\"$0\" && chmod 755 \"$0\""]).arg(path).arg(hook);
        assert!(write.status().unwrap().success());
        project.space.git(&["remote", "add", "production", &repository.to_string_lossy()]);
        Self { project }
    }

    /// Pushes what is committed; the hook does the rest. What was said.
    #[track_caller]
    pub(crate) fn deploy(&self) -> String {
        let mut push = self.project.space.program("git");
        let output = push.args(["push", "--force", "production", "HEAD:main"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }
}
