//! What was made and is not in the state: imported, or named.

use crate::harness::needs;
use crate::harness::postgres::Postgres;
use crate::resume::place::Place;

#[test]
fn what_can_not_be_imported_any_more_is_named_and_the_rest_is_taken_over() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    let place = Place::gated(Some(&postgres));
    let running = place.in_the_middle();
    place.kill_terraform();
    running.wait().exits(1);
    place.go();
    // `first` has another name now: there is nowhere to import it to.
    let main = place
        .space
        .read("terraform/one/main.tf")
        .replace("\"first\"", "\"renamed\"")
        .replace("data.first", "data.renamed");
    place.space.write("terraform/one/main.tf", &main);
    let next = place.space.run("up --yes");
    next.exits(0).says("can't take this over").says("terraform_data.first (id ").says("edited since");
    assert_eq!(place.state("one"), ["terraform_data.renamed", "terraform_data.second"]);
    place.assert_nothing_is_left("renamed");
}

#[test]
fn two_deaths_in_a_row_lose_nothing_of_the_first() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    let place = Place::gated(Some(&postgres));
    for turn in 0..2 {
        let running = place.in_the_middle();
        place.kill_terraform();
        running.wait().exits(1);
        place.is_quiet();
        std::fs::remove_file(place.space.path("waits")).unwrap();
        assert!(place.state("one").is_empty(), "{turn}");
    }
    place.go();
    place.space.run("up --yes").exits(0).says("1 to import");
    assert_eq!(place.lines("one"), ["first", "second", "second", "second"]);
    assert_eq!(place.state("one"), ["terraform_data.first", "terraform_data.second"]);
    place.assert_nothing_is_left("two deaths");
}

#[test]
fn a_file_of_imports_that_a_dead_run_left_is_in_nobodys_plan() {
    needs!("terraform");
    let place = Place::two(None);
    let stale = "import {\n  to = terraform_data.first\n  id = \"stale\"\n}\n";
    place.space.write("terraform/one/shipway_salvage.tf", stale);
    place.space.run("up --yes").exits(0).does_not_say("import");
    place.assert_in_order("a stale file");
}

#[test]
fn what_was_left_open_of_a_workspace_that_is_gone_from_the_file_is_named() {
    needs!("terraform");
    let place = Place::gated(None);
    let running = place.in_the_middle();
    place.kill_terraform();
    running.wait().exits(1);
    let run = place.space.runs().pop().unwrap();
    let run = run.file_name().unwrap().to_str().unwrap();
    place.space.write("tasks.toml", "[terraform]\nroot = \"terraform\"\n[workspaces.two]\n");
    let next = place.space.run("up --yes");
    next.exits(0).says(&format!("the run {run} left an apply of `one` open, which is no workspace any more"));
}
