//! The benchmark of running tasks, with few of them: it must not rot between two looks at its figures.

#[path = "../../benches/runner/measure.rs"]
#[allow(dead_code, reason = "the benchmark uses all of it")]
mod measure;
#[path = "../../benches/runner/rows.rs"]
#[allow(dead_code, reason = "the benchmark uses all of it")]
mod rows;
#[path = "../../benches/runner/workload.rs"]
#[allow(dead_code, reason = "the benchmark uses all of it")]
mod workload;

use std::path::Path;

use measure::Meter;
use rows::Floor;
use workload::Runner;

use crate::harness::needs;

#[test]
fn each_row_of_the_benchmark_measures_shipway_and_make() {
    needs!("cc", "make", "seq");
    let folder = tempfile::tempdir().unwrap();
    let meter = Meter::new(folder.path(), None).unwrap();
    let make = meter.find("make").unwrap();
    let runners =
        [(Runner::Shipway, Path::new(env!("CARGO_BIN_EXE_shipway"))), (Runner::Make, make.as_path())];
    // The TOML crate alone is asked by the benchmark's own program.
    for row in rows::rows(10).into_iter().filter(|row| !matches!(row.floor, Floor::Parse)) {
        let row = rows::Row { times: 1, ..row };
        let mut figures = Vec::new();
        for runner in runners {
            figures.extend(row.measure(&meter, runner, 1, folder.path()).unwrap());
        }
        let own = figures.first().unwrap_or_else(|| panic!("{}: nothing was measured", row.name));
        assert!(
            own.runner == Runner::Shipway && own.millis > 0.0 && own.peak > 0.0 && own.wall > 0.0,
            "{}",
            row.name
        );
        assert!(!row.verdict(&figures).is_empty() && !row.goal().is_empty(), "{}", row.name);
    }
}

#[test]
fn what_a_runner_cannot_do_is_a_fault_and_no_figure() {
    needs!("cc", "make");
    let folder = tempfile::tempdir().unwrap();
    let meter = Meter::new(folder.path(), None).unwrap();
    let line = meter.floor_line(&["spawn", "2", "1", "false"], folder.path());
    assert!(meter.cost(&line, 1).is_err());
}
