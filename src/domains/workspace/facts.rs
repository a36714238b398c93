//! What is noted of an apply before it starts, for whoever comes after a crash.

use std::collections::BTreeMap;

use super::plan::Purpose;
use super::resume::{
    CONFIGURATION, ENGINE, LINEAGE, PURPOSE, SALVAGE_FILE, SERIAL, TERRAFORM, WHO, WORKSPACE,
};
use super::site::Site;
use crate::adapters::terraform::state::StateReading;
use crate::diagnostic::Fault;
use crate::os::identity;
use crate::run::StepContext;

impl Site {
    /// What is noted of an apply: it changes `before`, by a plan of the terraform of that version. The values of variables are in the plan,
    /// whose digest is noted too.
    pub(super) fn facts(
        &self,
        context: &StepContext<'_>,
        purpose: Purpose,
        before: Option<&StateReading>,
        terraform: &str,
    ) -> Result<BTreeMap<String, String>, Fault> {
        let doors = context.doors();
        let mut facts = BTreeMap::from([
            (WORKSPACE, self.name.clone()),
            (ENGINE, self.tool().to_owned()),
            (PURPOSE, purpose.word().to_owned()),
            (SERIAL, before.map_or(0, |state| state.serial).to_string()),
            (CONFIGURATION, self.configuration(context)?),
        ]);
        if let Some(before) = before {
            facts.insert(LINEAGE, before.lineage.clone());
        }
        if !terraform.is_empty() {
            facts.insert(TERRAFORM, terraform.to_owned());
        }
        let users = doors.files.read(std::path::Path::new("/etc/passwd")).unwrap_or_default();
        let user = user_name(&String::from_utf8_lossy(&users), identity::user());
        if let Some(user) = user.or_else(|| doors.environment.get("USER").map(str::to_owned)) {
            facts.insert(WHO, format!("{user}@{}", identity::host()));
        }
        Ok(facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// A digest of the files in the root's folder that a plan is made from: configuration, values, the lock file; and of the workspace's own
    /// files with values.
    pub(super) fn configuration(&self, context: &StepContext<'_>) -> Result<String, Fault> {
        let doors = context.doors();
        let folder = self.folder()?;
        let mut names = doors.files.list(&folder).unwrap_or_default();
        let is_pulumi = self.is_pulumi();
        // A program may be of any language.
        names.retain(|name| if is_pulumi { !name.starts_with('.') } else { is_configuration(name) });
        let var_files = &self.workspace()?.var_files;
        names.extend(var_files.iter().map(|file| file.value.to_string_lossy().into_owned()));
        names.sort();
        names.dedup();
        let mut hasher = blake3::Hasher::new();
        for name in names {
            let bytes = doors.files.read(&folder.join(&name)).unwrap_or_default();
            hasher.update(name.as_bytes()).update(b"\0").update(blake3::hash(&bytes).as_bytes());
        }
        Ok(hasher.finalize().to_hex().to_string())
    }
}

fn is_configuration(name: &str) -> bool {
    let endings = [".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json"];
    name != SALVAGE_FILE
        && (name == ".terraform.lock.hcl" || endings.iter().any(|ending| name.ends_with(ending)))
}

/// The name of the user with this number, where terraform looks it up too (Go's `os/user`): `passwd(5)`.
fn user_name(users: &str, number: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(number)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_number() {
        let users = "root:x:0:0::/:/bin/sh\nme:x:1000:1000::/:/bin/sh\nbroken\n";
        assert_eq!(user_name(users, 1000).as_deref(), Some("me"));
        assert_eq!(user_name(users, 7), None);
    }

    #[test]
    fn only_what_a_plan_reads_is_configuration() {
        for name in
            ["main.tf", "x.tf.json", "x.tofu", "prod.tfvars", "a.auto.tfvars.json", ".terraform.lock.hcl"]
        {
            assert!(is_configuration(name), "{name}");
        }
        for name in [SALVAGE_FILE, "terraform.tfstate", "log", "main.tf.orig"] {
            assert!(!is_configuration(name), "{name}");
        }
    }
}
