//! Templates of new projects, inside the binary.
//!
//! A template is a list of texts. The name that its project has in the repository stands for the new project's name wherever it occurs.
//! Deliberately absent: where a project is written, and what is said about it.

mod local;

/// One file of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateFile {
    /// Its path in the new project.
    pub path: &'static str,
    /// Its text, with the template's own project name in it.
    pub text: &'static str,
}

/// A kind of new project.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// What it is called on the command line.
    pub name: &'static str,
    /// One line for lists.
    pub description: &'static str,
    /// Its files, sorted by path.
    pub files: &'static [TemplateFile],
    /// Its project's name in the repository.
    placeholder: &'static str,
}

/// All templates.
pub const TEMPLATES: &[Template] = &[Template {
    name: "local",
    description: "Five terraform workspaces that need nothing but this machine",
    files: local::FILES,
    placeholder: "local-app",
}];

impl Template {
    /// The template of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.name == name)
    }

    /// Its files for a project called `name`.
    pub fn render(&self, name: &str) -> Vec<(&'static str, String)> {
        self.files.iter().map(|file| (file.path, file.text.replace(self.placeholder, name))).collect()
    }
}

/// The longest name of a project: a label of a domain name has 63 characters (RFC 1035 2.3.4), and some are kept for what is put before.
const LONGEST: usize = 50;

/// The name of a project in a folder of this name: small letters, digits and hyphens, first a letter. It stands in domain names and in
/// TOML strings, so nothing else may be in it.
pub fn project_name(folder: &str) -> String {
    let mut name = String::new();
    for c in folder.to_lowercase().chars() {
        match c {
            'a'..='z' => name.push(c),
            '0'..='9' if !name.is_empty() => name.push(c),
            _ if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            _ => {}
        }
    }
    name.truncate(LONGEST);
    let name = name.trim_end_matches('-');
    if name.is_empty() { "app".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "compares with the repository that it is built from")]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_a_domain_name() {
        for (folder, name) in [
            ("my-app", "my-app"),
            ("My App_2", "my-app-2"),
            ("2048", "app"),
            ("--x--", "x"),
            ("", "app"),
            ("Ünder\"quote\n", "nder-quote"),
        ] {
            assert_eq!(project_name(folder), name, "{folder}");
        }
        assert_eq!(project_name(&"a".repeat(80)).len(), LONGEST);
    }

    #[test]
    fn the_template_is_what_git_has_of_its_folder() {
        let root = env!("CARGO_MANIFEST_DIR");
        let listed = std::process::Command::new("git")
            .args(["-C", root, "ls-files", "-z", "templates/local"])
            .output()
            .unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let mut paths: Vec<&str> =
            listed.split_terminator('\0').filter_map(|path| path.strip_prefix("templates/local/")).collect();
        paths.sort_unstable();
        let template = Template::find("local").unwrap();
        let mut embedded: Vec<&str> = template.files.iter().map(|file| file.path).collect();
        embedded.sort_unstable();
        assert_eq!(embedded, paths);
        for file in template.files {
            let text = std::fs::read_to_string(format!("{root}/templates/local/{}", file.path)).unwrap();
            assert_eq!(text, file.text, "{}", file.path);
        }
    }

    #[test]
    fn the_new_name_stands_in_the_tasks_file_and_in_the_variables() {
        let files = Template::find("local").unwrap().render("shop");
        let text = |path: &str| files.iter().find(|(name, _)| *name == path).unwrap().1.clone();
        assert!(text("tasks.toml").contains("name = \"shop\""));
        assert!(text("terraform/deploy/meta/vars.tfvars").contains("domain_name  = \"shop.test\""));
        assert!(files.iter().all(|(_, text)| !text.contains("local-app")));
    }
}
