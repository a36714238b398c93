//! compose, 1.x and 2.x: what to call, what its answer means. Pure; knows nothing of releases.

pub mod command;
pub mod config;
pub mod duration;
pub mod overrides;

/// The compose project's name for an environment of a project: what both versions of compose take. It never changes, or every container
/// and every volume would be lost from sight.
pub fn project_name(project: &str, environment: &str) -> String {
    let name = format!("{project}-{environment}").to_lowercase();
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    let name: String = name.chars().map(|letter| if allowed(letter) { letter } else { '-' }).collect();
    // It must begin with a letter or a digit.
    name.trim_start_matches(['-', '_']).to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_project_name_is_what_compose_takes() {
        assert_eq!(super::project_name("Shop", "prod"), "shop-prod");
        assert_eq!(super::project_name("_my shop.eu", "Läuft"), "my-shop-eu-l-uft");
    }
}
