//! Whether each service of a roll-out has one part in it.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::model::Model;
use crate::model::rollout::Proxy;

/// Reports services that are named twice, and a proxy that is rolled.
pub(super) fn check(model: &Model, faults: &mut Vec<Diagnostic>) {
    let Some(rollout) = &model.rollout else { return };
    let mut seen: HashMap<&str, (&str, Span)> = HashMap::new();
    for group in rollout.groups.values() {
        for service in &group.services {
            if let Proxy::Caddy { service: proxy } = &rollout.proxy
                && proxy.value == service.value
            {
                faults.push(
                    Diagnostic::error(
                        "duplicate-name",
                        format!("the service `{}` is the proxy and can't be replaced", service.value),
                        service.span,
                        "replaced",
                    )
                    .also(proxy.span, "the proxy")
                    .note("while it is replaced nobody takes requests"),
                );
            }
            let Some((first, span)) = seen.insert(&service.value, (&group.name, service.span)) else {
                continue;
            };
            let title = if first == group.name {
                format!("the service `{}` is named twice", service.value)
            } else {
                format!("the service `{}` is in both `{first}` and `{}`", service.value, group.name)
            };
            faults.push(
                Diagnostic::error("duplicate-name", title, service.span, "named again")
                    .also(span, "first named here"),
            );
        }
    }
}
