//! What OpenTofu reads that terraform does not. What it says otherwise stands where it is read: `stream` and `init`.
//!
//! Taken from OpenTofu's own source (`internal/configs/parser_config_dir.go`) and its pages: no binary of it could be tried.

/// The program of OpenTofu.
pub const TOFU: &str = "tofu";

/// The endings of configuration, those that only OpenTofu reads first.
const ENDINGS: [(&str, &str); 2] = [(".tofu.json", ".tf.json"), (".tofu", ".tf")];

/// Whether a file is configuration of a module, for `tool`.
pub fn is_configuration(name: &str, tool: &str) -> bool {
    ENDINGS.iter().any(|(tofu, both)| name.ends_with(both) || tool == TOFU && name.ends_with(tofu))
}

/// The files among `names` that `tool` reads: OpenTofu passes over `x.tf` where `x.tofu` stands beside it.
/// <https://opentofu.org/docs/language/files/>
pub fn configuration(names: Vec<String>, tool: &str) -> Vec<String> {
    let is_replaced = |name: &str| {
        ENDINGS.iter().any(|(tofu, both)| {
            name.strip_suffix(both).is_some_and(|stem| names.contains(&format!("{stem}{tofu}")))
        })
    };
    let read = names.iter().filter(|name| is_configuration(name, tool));
    read.filter(|name| tool != TOFU || !is_replaced(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_opentofu_reads_its_own_files_and_in_place_of_the_others() {
        let names = || {
            ["a.tf", "a.tofu", "b.tf", "c.tf.json", "c.tofu.json", "d.tofu", "e.txt"]
                .map(str::to_owned)
                .to_vec()
        };
        assert_eq!(configuration(names(), "terraform"), ["a.tf", "b.tf", "c.tf.json"]);
        assert_eq!(configuration(names(), TOFU), ["a.tofu", "b.tf", "c.tofu.json", "d.tofu"]);
    }
}
