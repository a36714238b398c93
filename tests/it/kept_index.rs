//! A large tasks file that was found right: its next start reads only what it needs, and nothing can be told from that.

use std::fs;

use crate::harness::Space;

const INDEX: &str = ".shipway/tasks.toml.index";

/// A file large enough for an index, with something before the many.
fn large(first: &str) -> String {
    let many = (0..400).map(|number| format!("[tasks.t{number}]\nrun = \"echo ran {number}\"\n\n"));
    first.to_owned() + &many.collect::<String>()
}

/// Runs it, and sees whether it says or prints that.
fn tells(space: &Space, line: &str, phrase: &str) -> bool {
    space.run(line).exits(0).all().contains(phrase)
}

#[test]
fn a_second_start_does_what_a_first_one_does() {
    let space = Space::with_tasks(&large(
        "[vars]\nword = \"hello\"\n\n[tasks.greet]\nalias = \"g\"\nargs = [\"name=you\"]\ndepends = [\"t7\"]\n\
         run = \"echo {{ vars.word }} {{ name }}\"\n\n",
    ));
    for line in ["greet", "greet", "g me", "word=bye greet ::: t9"] {
        assert!(tells(&space, line, "ran 7"), "{line}");
        assert!(space.has(INDEX));
    }
    assert!(tells(&space, "g me", "hello me"));
    assert!(tells(&space, "word=bye greet ::: t9", "bye you"));
    assert!(tells(&space, "word=bye greet ::: t9", "ran 9"));
    // What was made once is not made anew.
    let made = fs::metadata(space.path(INDEX)).unwrap().modified().unwrap();
    space.run("t3").exits(0);
    space.run("--keep-going t3").exits(0);
    assert_eq!(fs::metadata(space.path(INDEX)).unwrap().modified().unwrap(), made);
}

#[test]
fn a_pattern_means_as_many_tasks_with_an_index() {
    let space = Space::with_tasks(&large("[tasks.all]\ndepends = [\"t39*\"]\nwait_for = [\"t1*\"]\n\n"));
    for line in ["-j1 all", "-j1 all", "-j1 t39*", "t5", "-j1 all"] {
        let ran = space.run(line).exits(0).stdout.lines().filter(|line| line.starts_with("ran ")).count();
        assert_eq!(ran, if line == "t5" { 1 } else { 11 }, "{line}");
        assert!(space.has(INDEX));
    }
}

#[test]
fn with_and_without_an_index_the_same_is_said() {
    let tasks =
        large("[vars]\nword = \"hello\"\n\n[tasks.greet]\nargs = [\"name\"]\nrun = \"echo {{ name }}\"\n\n");
    let (with, without) = (Space::with_tasks(&tasks), Space::with_tasks(&tasks));
    with.run("t1").exits(0);
    assert!(with.has(INDEX));
    for line in [
        "greet",
        "greet a b",
        "greet t2 t3",
        "greet --help",
        "tt1",
        "t1 ::: absent",
        "wrod=x t1",
        "word=x word=y t1",
        "--confirm prod t1",
        "-e prod t1",
        "--dry-run t5 ::: greet x",
        "list",
        "check",
    ] {
        let _lost = fs::remove_dir_all(without.path(".shipway"));
        let (one, other) = (with.run(line), without.run(line));
        assert_eq!(one.all(), other.all(), "{line}");
    }
}

#[test]
fn a_fault_is_told_wherever_it_stands() {
    let space = Space::with_tasks(&large(""));
    space.run("t1").exits(0);
    let wrong = large("").replace("[tasks.t300]\nrun", "[tasks.t300]\nrnu");
    space.write("tasks.toml", &wrong);
    space.run("t1").exits(3).says("has no key `rnu`");
    space.write("tasks.toml", &large(""));
    assert!(tells(&space, "t1", "ran 1"));
}

#[test]
fn an_index_that_is_not_ours_is_none() {
    let space = Space::with_tasks(&large(
        "[tasks.one]\nrun = \"echo first\"\n\n[tasks.two]\nrun = \"echo second\"\n\n",
    ));
    space.run("t1").exits(0);
    let index = space.read(INDEX);
    let swapped =
        index.replace("\none\t0-", "\nswap\t0-").replace("\ntwo\t", "\none\t").replace("\nswap\t", "\ntwo\t");
    assert_ne!(swapped, index);
    space.write(INDEX, &swapped);
    assert!(tells(&space, "one", "first"));
    assert_eq!(space.read(INDEX), index, "it is made anew");
    for damaged in [&index[..index.len() / 2], "", "\n", &index[1..]] {
        space.write(INDEX, damaged);
        assert!(tells(&space, "one", "first"));
    }
    assert_eq!(space.read(INDEX), index);
}

#[test]
fn looking_and_small_files_leave_no_index() {
    let space = Space::with_tasks(&large(""));
    space.run("--dry-run t1").exits(0);
    space.run("list").exits(0);
    assert!(!space.has(".shipway"));
    let small = Space::with_tasks("[tasks.a]\nrun = \"true\"\n");
    small.run("a").exits(0);
    assert!(!small.has(INDEX));
}
