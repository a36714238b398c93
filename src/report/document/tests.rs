//! One made-up run in each form of document.

use super::*;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::plan::{Ending, Skip};
use crate::report::tape::Tape;

use snapbox::{assert_data_eq, str};

fn record() -> RunRecord {
    let fault = Fault::new(FaultKind::Failed, "quota <exceeded> | \"now\"")
        .detail("in main.tf:3 \u{1b}[31mred\u{1b}[0m")
        .hint("ask for more");
    let tape = Tape::new(&[
        ("lint", &[]),
        ("plan base", &[]),
        ("approve base", &["plan base"]),
        ("apply base", &["approve base"]),
        ("apply edge", &["apply base"]),
    ])
    .up_to_date("lint")
    .started("plan base")
    .progress("plan base", "4 to add", Some((0, 0)))
    .done("plan base", 3)
    .ended("approve base", Ending::Skipped(Skip::Nothing { reason: "nothing to ask".into() }), 0)
    .started("apply base")
    .command("apply base", "terraform apply")
    .line("apply base", "a < b & c\u{7}")
    .notice(Some("apply base"), Level::Warning, "look at this")
    .failed("apply base", fault, 9)
    .skipped("apply edge", "apply base")
    .after(12)
    .finished(1);
    RunRecord::of(&tape.events)
}

#[test]
fn the_ending_of_the_name_chooses() {
    for (name, kind) in [
        ("a/run.xml", Some(DocumentKind::Junit)),
        ("run.json", Some(DocumentKind::Json)),
        ("run.md", Some(DocumentKind::Markdown)),
        ("run.txt", None),
        ("xml", None),
    ] {
        assert_eq!(DocumentKind::of(Path::new(name)), kind, "{name}");
    }
}

#[test]
fn a_step_is_a_test_of_junit() {
    assert_data_eq!(
        DocumentKind::Junit.render(&record()),
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="shop" tests="5" failures="1" errors="0" skipped="2" time="12.000">
  <testsuite name="shipway up" tests="5" failures="1" errors="0" skipped="2" time="12.000" timestamp="2023-11-14T22:13:20">
    <properties>
      <property name="run" value="r1"/>
      <property name="result" value="failed (1)"/>
    </properties>
    <testcase name="lint" classname="shop.lint" time="0.000">
      <system-out>up to date: its inputs are unchanged
</system-out>
    </testcase>
    <testcase name="plan base" classname="shop.plan:base" time="3.000">
      <system-out>4 to add
</system-out>
    </testcase>
    <testcase name="approve base" classname="shop.approve:base" time="0.000">
      <skipped message="nothing to ask"/>
    </testcase>
    <testcase name="apply base" classname="shop.apply:base" time="9.000">
      <failure type="failed" message="quota &lt;exceeded&gt; | &quot;now&quot;">in main.tf:3 red
hint: ask for more</failure>
      <system-out>$ terraform apply
a &lt; b &amp; c
</system-out>
      <system-err>look at this</system-err>
    </testcase>
    <testcase name="apply edge" classname="shop.apply:edge" time="0.000">
      <skipped message="`apply base`, which it needs, did not end well"/>
    </testcase>
  </testsuite>
</testsuites>

"#]]
    );
}

#[test]
fn markdown_tells_how_it_ended_and_all_about_what_failed() {
    assert_data_eq!(
        DocumentKind::Markdown.render(&record()),
        str![[r###"
## `shipway up`: failed (1)

5 steps of shop, started 2023-11-14 22:13:20Z, took 12s, run `r1`

| step | result | what | time |
| --- | --- | --- | ---: |
| lint | up to date | its inputs are unchanged |  |
| plan base | done | 4 to add | 3s |
| apply base | **failed** | quota &lt;exceeded> /| "now" | 9s |
| apply edge | not run | /`apply base/`, which it needs, did not end well |  |

1 further step had nothing to do.

warning:

```text
look at this
```

### apply base

```text
quota <exceeded> | "now"
in main.tf:3 red
hint: ask for more
```

<details><summary>output</summary>

```text
$ terraform apply
a < b & c
```

</details>

"###]]
    );
}

#[test]
fn json_reads_back() {
    let document: serde_json::Value = serde_json::from_str(&DocumentKind::Json.render(&record())).unwrap();
    assert_eq!((&document["version"], &document["exit_code"]), (&1.into(), &1.into()));
    assert_eq!(document["counts"]["failed"], 1);
    assert_eq!(document["steps"][3]["ending"]["fault"]["message"], "quota <exceeded> | \"now\"");
    assert_eq!(document["steps"][3]["output"], "$ terraform apply\na < b & c\n");
    assert_eq!(document["steps"][1]["what"], "4 to add");
}

#[test]
fn a_run_that_died_has_steps_that_did_not_end() {
    let tape = Tape::new(&[("lint", &[])]).started("lint").line("lint", "the last words");
    let record = RunRecord::of(&tape.events);
    let junit = DocumentKind::Junit.render(&record);
    assert!(junit.contains("errors=\"1\"") && junit.contains("the last words"), "{junit}");
    assert!(DocumentKind::Markdown.render(&record).contains("not ended"));
}

#[test]
fn only_the_end_of_a_long_output_is_kept() {
    let mut tape = Tape::new(&[("lint", &[])]).started("lint");
    for number in 0..500 {
        tape = tape.line("lint", &format!("line {number}"));
    }
    let junit = DocumentKind::Junit.render(&RunRecord::of(&tape.events));
    assert!(junit.contains("(300 lines before are left out)\nline 300\n"), "{junit}");
    assert!(junit.contains("line 499\n") && !junit.contains("line 299\n"));
}
