//! Whether a container is what a release would make, told from what docker says of it. Pure.

use super::proxy::is_made_by_compose;
use super::{FINGERPRINT, NETWORKS};
use crate::adapters::docker::inspect::Container;
use crate::release::record::Compose;

/// Whether a container is what the release would make.
pub(super) fn is_as_wanted(container: &Container, compose: &Compose) -> bool {
    let service = container.service().unwrap_or_default();
    let image = compose.images.get(service).map(|image| image.id.as_str());
    let fingerprint = compose.fingerprints.get(service).map(String::as_str);
    // Somebody may have died between taking it out of a network and putting it back.
    let networks = container.label(NETWORKS).and_then(|number| number.parse().ok());
    image == Some(container.image.as_str())
        && fingerprint == container.label(FINGERPRINT)
        && networks.is_none_or(|number: usize| number == container.networks().len())
        && !is_stray(container.name())
}

/// Whether compose could make a second container beside this one, and leave nothing to do but to start it: it has no name of its own,
/// and one network, for compose 1.x puts a container into all others only where it starts it itself.
pub(super) fn can_stand_beside(container: &Container, project: &str) -> bool {
    let service = container.service().unwrap_or_default();
    is_made_by_compose(container.name(), project, service) && container.networks().len() == 1
}

/// What compose calls a container that it is about to replace: twelve digits and its old name.
pub(super) fn is_stray(name: &str) -> bool {
    name.split_once('_').is_some_and(|(front, _)| {
        front.len() == 12 && front.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Networks in which a container is not found by its service's name, with the names that it should have there: its own, and those of
/// others of its service.
pub(super) fn missing_names(container: &Container, containers: &[Container]) -> Vec<(String, Vec<String>)> {
    let service = container.service().unwrap_or_default();
    let mut missing = Vec::new();
    for network in container.networks().keys() {
        let own = container.aliases(network);
        if own.iter().any(|name| name == service) {
            continue;
        }
        let mut names = vec![service.to_owned()];
        let others = containers.iter().filter(|other| other.id != container.id);
        let others = others.filter(|other| other.service() == Some(service));
        // compose 2.x gives a container its own name as an alias, too; that is not for others.
        let shared = others.flat_map(|other| {
            let is_shared = |name: &String| name != other.name();
            other.aliases(network).into_iter().filter(is_shared)
        });
        for name in own.into_iter().chain(shared) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        missing.push((network.clone(), names));
    }
    missing
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::adapters::docker::inspect;

    fn container_with(id: &str, name: &str, other: &serde_json::Value) -> Container {
        let mut value = told(id, name, "sha256:1", &[]);
        for (key, other) in other.as_object().expect("an object") {
            value[0][key] = other.clone();
        }
        inspect::parse(&value.to_string()).expect("containers").remove(0)
    }

    fn container(id: &str, name: &str, image: &str, aliases: &[&str]) -> Container {
        inspect::parse(&told(id, name, image, aliases).to_string()).expect("containers").remove(0)
    }

    fn told(id: &str, name: &str, image: &str, aliases: &[&str]) -> serde_json::Value {
        serde_json::json!([{
            "Id": id, "Name": format!("/{name}"), "Image": image,
            "State": {"Status": "running", "Pid": 1},
            "Config": {"Labels": {"com.docker.compose.service": "web", "shipway.fingerprint": "f", "shipway.networks": "1"}},
            "NetworkSettings": {"Networks": {"back": {"Aliases": aliases, "IPAddress": "10.0.0.2"}}}
        }])
    }

    fn compose() -> Compose {
        let image = crate::release::record::Image {
            reference: "p/web:1".to_owned(),
            id: "sha256:1".to_owned(),
            built: true,
        };
        Compose {
            flavour: crate::release::record::Flavour::V1,
            project: "p".to_owned(),
            files: Vec::new(),
            images: BTreeMap::from([("web".to_owned(), image)]),
            mounts: BTreeMap::new(),
            fingerprints: BTreeMap::from([("web".to_owned(), "f".to_owned())]),
            on_demand: Vec::new(),
            settings: BTreeMap::new(),
            stamp: String::new(),
        }
    }

    #[test]
    fn a_container_is_wanted_by_its_image_its_making_and_its_name() {
        let compose = compose();
        assert!(is_as_wanted(&container("a", "p_web_1", "sha256:1", &[]), &compose));
        assert!(!is_as_wanted(&container("a", "p_web_1", "sha256:2", &[]), &compose));
        assert!(!is_as_wanted(&container("a", "0123456789ab_p_web_1", "sha256:1", &[]), &compose));
        let value = serde_json::json!({"NetworkSettings": {"Networks": {}}});
        assert!(
            !is_as_wanted(&container_with("a", "p_web_1", &value), &compose),
            "it fell out of its network"
        );
        let other = Compose { fingerprints: BTreeMap::from([("web".to_owned(), "g".to_owned())]), ..compose };
        assert!(!is_as_wanted(&container("a", "p_web_1", "sha256:1", &[]), &other));
    }

    #[test]
    fn a_container_that_is_the_only_one_of_its_kind_has_none_beside_it() {
        assert!(can_stand_beside(&container("a", "p_web_1", "sha256:1", &[]), "p"));
        assert!(!can_stand_beside(&container("a", "shop", "sha256:1", &[]), "p"), "it has a name of its own");
        let two = serde_json::json!({"NetworkSettings": {"Networks": {"back": {}, "front": {}}}});
        assert!(!can_stand_beside(&container_with("a", "p_web_1", &two), "p"));
    }

    #[test]
    fn strays_of_compose_are_known_by_their_names() {
        assert!(is_stray("0123456789ab_shop-prod_web_1"));
        for name in ["shop_web_1", "0123456789AB_x", "0123456789a_x", "0123456789abc_x", "0123456789ab"] {
            assert!(!is_stray(name), "{name}");
        }
    }

    #[test]
    fn a_container_that_was_kept_apart_gets_the_names_of_its_kind() {
        let old =
            container("aaaaaaaaaaaaaaaa", "p_web_1", "sha256:1", &["p_web_1", "web", "app", "aaaaaaaaaaaa"]);
        let new = container("bbbbbbbbbbbbbbbb", "p_web_2", "sha256:1", &["bbbbbbbbbbbb"]);
        let names = missing_names(&new, &[old.clone(), new.clone()]);
        assert_eq!(names, [("back".to_owned(), vec!["web".to_owned(), "app".to_owned()])]);
        assert!(missing_names(&old, &[old.clone(), new]).is_empty());
    }
}
