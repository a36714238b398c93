//! A graph as text, as dot, as mermaid and as JSON: pure. Arrows lead from what comes first to what waits for it.

use super::{Graph, GraphNode, Kind};
use crate::text::visible::visible;

/// A tree below each node that nothing needs. What was shown with its needs is not unfolded again. Without recursion: a chain may be
/// longer than a stack is deep.
pub(in crate::cli) fn text(graph: &Graph) -> String {
    let mut is_needed = vec![false; graph.nodes.len()];
    for need in graph.nodes.iter().flat_map(|node| &node.needs) {
        is_needed[*need] = true;
    }
    let mut text = String::new();
    let mut is_shown = vec![false; graph.nodes.len()];
    let roots = (0..graph.nodes.len()).filter(|place| !is_needed[*place]);
    for root in roots {
        let mut open = vec![(root, String::new(), "", "")];
        while let Some((place, indent, branch, below)) = open.pop() {
            let node = &graph.nodes[place];
            let is_again = std::mem::replace(&mut is_shown[place], true) && !node.needs.is_empty();
            let again = if is_again { "  (see above)" } else { "" };
            text.push_str(&format!("{indent}{branch}{}{again}\n", label(node)));
            if is_again {
                continue;
            }
            let inner = format!("{indent}{below}");
            for (index, need) in node.needs.iter().enumerate().rev() {
                let (branch, below) = if index + 1 == node.needs.len() {
                    ("└── ", "    ")
                } else {
                    ("├── ", "│   ")
                };
                open.push((*need, inner.clone(), branch, below));
            }
        }
    }
    text
}

/// For graphviz.
pub(in crate::cli) fn dot(graph: &Graph) -> String {
    let mut text = "digraph shipway {\n  rankdir = LR\n".to_owned();
    for (place, node) in graph.nodes.iter().enumerate() {
        let shape = if node.kind == Kind::Workspace { ", shape = box" } else { "" };
        let label = label(node).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        text.push_str(&format!("  n{place} [label = \"{label}\"{shape}]\n"));
    }
    for (need, place) in arrows(graph) {
        text.push_str(&format!("  n{need} -> n{place}\n"));
    }
    text.push_str("}\n");
    text
}

/// For mermaid, which forges draw in Markdown.
pub(in crate::cli) fn mermaid(graph: &Graph) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (place, node) in graph.nodes.iter().enumerate() {
        // Mermaid reads HTML's entities, with `#` in place of `&`, and Markdown between backticks.
        let mut label = label(node);
        for (character, entity) in
            [("#", "#35;"), ("\"", "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;"), ("\n", " ")]
        {
            label = label.replace(character, entity);
        }
        let (open, close) = if node.kind == Kind::Workspace { ("[", "]") } else { ("(", ")") };
        text.push_str(&format!("  n{place}{open}\"{label}\"{close}\n"));
    }
    for (need, place) in arrows(graph) {
        text.push_str(&format!("  n{need} --> n{place}\n"));
    }
    text
}

/// A node a line, with the names of what it needs.
pub(in crate::cli) fn json(graph: &Graph) -> String {
    let row = |node: &GraphNode| {
        let needs: Vec<serde_json::Value> =
            node.needs.iter().map(|need| named(&graph.nodes[*need])).collect();
        let mut row = named(node);
        row["needs"] = needs.into();
        format!("{row}\n")
    };
    graph.nodes.iter().map(row).collect()
}

fn named(node: &GraphNode) -> serde_json::Value {
    serde_json::json!({ "kind": node.kind, "name": node.name })
}

/// A task and a workspace may have the same name. What a name holds steers no terminal.
fn label(node: &GraphNode) -> String {
    let label = match node.kind {
        Kind::Task | Kind::Step => node.name.clone(),
        Kind::Workspace => format!("workspace {}", node.name),
        Kind::Database => format!("database {}", node.name),
    };
    visible(&label)
}

fn arrows(graph: &Graph) -> impl Iterator<Item = (usize, usize)> {
    graph.nodes.iter().enumerate().flat_map(|(place, node)| node.needs.iter().map(move |need| (*need, place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: &[(Kind, &str, &[usize])]) -> Graph {
        let node = |(kind, name, needs): &(Kind, &str, &[usize])| GraphNode {
            kind: *kind,
            name: (*name).to_owned(),
            needs: needs.to_vec(),
        };
        Graph { nodes: nodes.iter().map(node).collect() }
    }

    #[test]
    fn a_tree_unfolds_each_node_once() {
        let graph = graph(&[
            (Kind::Task, "ci", &[1, 2]),
            (Kind::Task, "test", &[3]),
            (Kind::Task, "docs", &[3, 4]),
            (Kind::Task, "build", &[4]),
            (Kind::Workspace, "base", &[]),
            (Kind::Task, "lone", &[]),
        ]);
        assert_eq!(
            text(&graph),
            "ci\n├── test\n│   └── build\n│       └── workspace base\n└── docs\n    ├── build  (see above)\n    \
             └── workspace base\nlone\n"
        );
    }

    #[test]
    fn names_are_quoted_for_dot_and_mermaid() {
        let graph = graph(&[(Kind::Task, "say a=\"#1\\\"", &[1]), (Kind::Workspace, "base", &[])]);
        assert_eq!(
            dot(&graph),
            "digraph shipway {\n  rankdir = LR\n  n0 [label = \"say a=\\\"#1\\\\\\\"\"]\n  \
             n1 [label = \"workspace base\", shape = box]\n  n1 -> n0\n}\n"
        );
        assert_eq!(
            mermaid(&graph),
            "flowchart LR\n  n0(\"say a=#quot;#35;1\\#quot;\")\n  n1[\"workspace base\"]\n  n1 --> n0\n"
        );
    }

    #[test]
    fn a_long_chain_is_drawn() {
        let nodes = (0..2000).map(|place| GraphNode {
            kind: Kind::Task,
            name: format!("t{place}"),
            needs: if place < 1999 { vec![place + 1] } else { Vec::new() },
        });
        assert_eq!(text(&Graph { nodes: nodes.collect() }).lines().count(), 2000);
    }
}
