//! Who answers: a person, a flag, or nobody.

use crate::harness::space::resource;
use crate::harness::terminal::asked;
use crate::harness::{Space, needs};

/// `first` is wanted by `needy`; `other` stands alone.
fn a_pair_and_one_more() -> Space {
    Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.first]\n[workspaces.needy]\ndepends = [\"first\"]\n\
         [workspaces.other]\n",
    )
    .workspace("first", &resource("a", "true"))
    .workspace("needy", &resource("a", "true"))
    .workspace("other", &resource("a", "true"))
}

fn protected() -> Space {
    Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[environments.prod]\nprotected = true\n[workspaces.live]\n\
         environment = \"prod\"\n",
    )
    .workspace("live", &resource("a", "true"))
}

const NOTHING: [&str; 0] = [];

#[test]
fn without_a_terminal_an_apply_is_refused_and_names_the_flag() {
    needs!("terraform");
    let space = Space::three_in_a_row();
    let refused = space.run("up");
    refused.exits(4).says("--yes").says("one").says("1 to add");
    assert_eq!(space.state("one"), NOTHING);
    let json = space.run("--json up");
    let story = json.exits(4).story();
    assert!(!story.has_started("workspace:one:apply"), "{}", json.all());
}

#[test]
fn without_a_terminal_a_tasks_question_is_refused_before_anything_ran() {
    let space = Space::with_tasks(
        "[tasks.before]\nrun = \"touch before\"\n[tasks.drop]\ndepends = [\"before\"]\nconfirm = \"Drop all?\"\n\
         run = \"touch dropped\"\n[tasks.typed]\nconfirm = { text = \"Really?\", type = \"gone\" }\nrun = \"touch typed\"\n",
    );
    space.run("drop").exits(4).says("--yes").says("Drop all?");
    assert!(!space.has("before") && !space.has("dropped"));
    space.run("--yes drop").exits(0);
    assert!(space.has("before") && space.has("dropped"));
    space.run("--yes typed").exits(4).says("--confirm gone");
    space.run("--confirm prod typed").exits(2).says("nothing asks for that word").says("gone");
    assert!(!space.has("typed"));
    space.run("--confirm gone typed").exits(0);
    assert!(space.has("typed"));
}

#[test]
fn yes_is_not_enough_for_what_is_protected() {
    needs!("terraform");
    let space = protected();
    space.run("up --yes").exits(4).says("--confirm prod").says("--yes");
    space.run("up --yes --confirm stage").exits(4).says("--confirm prod");
    assert_eq!(space.state("live"), NOTHING);
    space.run("up --confirm prod").exits(0);
    assert_eq!(space.state("live"), ["terraform_data.a"]);
    space.run("down --yes").exits(4).says("--confirm prod");
    assert_eq!(space.state("live"), ["terraform_data.a"]);
    space.run("down --confirm prod").exits(0);
    assert_eq!(space.state("live"), NOTHING);
}

#[test]
fn a_declined_question_skips_its_dependents_and_the_rest_finishes() {
    needs!("terraform");
    let space = a_pair_and_one_more();
    let terminal = space.shipway(["-j1", "up"]).terminal();
    let mut answered: Vec<&str> = Vec::new();
    for _ in 0..2 {
        let screen = terminal.wait_until("a new question", |screen| {
            asked(screen).is_some_and(|asked| !answered.iter().any(|name| asked.contains(name)))
        });
        let (question, answer) = if asked(&screen).is_some_and(|asked| asked.contains("Apply first?")) {
            ("Apply first?", "n\r")
        } else {
            ("Apply other?", "y\r")
        };
        terminal.wait_for_question(question);
        terminal.types(answer);
        answered.push(question);
    }
    terminal.wait().exits(5).shows("declined").shows("needy");
    assert_eq!(space.state("first"), NOTHING);
    assert_eq!(space.state("needy"), NOTHING);
    assert_eq!(space.state("other"), ["terraform_data.a"]);
}

#[test]
fn enter_alone_is_no() {
    let space = Space::with_tasks("[tasks.drop]\nconfirm = \"Drop all?\"\nrun = \"touch dropped\"\n");
    let terminal = space.shipway(["drop"]).terminal();
    terminal.wait_for_question("Drop all?");
    terminal.types("\r");
    terminal.wait().exits(5);
    assert!(!space.has("dropped"));
}

#[test]
fn what_was_typed_before_the_question_does_not_answer_it() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\ndepends = [{ task = \"slow\" }]\n[tasks.slow]\n\
         run = \"touch waits; while [ ! -e go ]; do sleep 0.05; done\"\n",
    )
    .workspace("one", &resource("a", "true"));
    let terminal = space.shipway(["up"]).terminal();
    space.wait_for("waits");
    terminal.types("y\r");
    space.write("go", "");
    terminal.wait_for_question("Apply one?");
    terminal.types("n\r");
    terminal.wait().exits(5);
    assert_eq!(space.state("one"), NOTHING);
}

#[test]
fn the_right_word_applies_what_is_protected_and_a_wrong_one_does_not() {
    needs!("terraform");
    let space = protected();
    let terminal = space.shipway(["up"]).terminal();
    let screen = terminal.wait_for_word("prod");
    assert!(screen.contains("live") && screen.contains("1 to add"), "{screen}");
    terminal.types("prud\r");
    terminal.wait_for("once more");
    terminal.wait_for_word("prod");
    terminal.types("yes\r");
    terminal.wait().exits(5);
    assert_eq!(space.state("live"), NOTHING);

    let terminal = space.shipway(["up"]).terminal();
    terminal.wait_for_word("prod");
    terminal.types("prod\r");
    terminal.wait().exits(0);
    assert_eq!(space.state("live"), ["terraform_data.a"]);

    // --yes does not stand for the word on a terminal either: it is still asked for.
    let terminal = space.shipway(["down", "--yes"]).terminal();
    terminal.wait_for_word("prod");
    terminal.types("\r");
    terminal.wait().exits(5);
    assert_eq!(space.state("live"), ["terraform_data.a"]);
}

#[test]
fn a_terminal_that_changes_its_size_while_a_question_stands_can_still_be_answered() {
    let space = Space::with_tasks("[tasks.drop]\nconfirm = \"Drop all?\"\nrun = \"touch dropped\"\n");
    let terminal = space.shipway(["drop"]).terminal();
    terminal.wait_for_question("Drop all?");
    terminal.resize(10, 40);
    terminal.resize(24, 80);
    terminal.types("y\r");
    terminal.wait().exits(0);
    assert!(space.has("dropped"));
}

#[test]
fn a_variable_is_asked_for_on_a_terminal_and_refused_without_one() {
    let space = Space::with_tasks(
        "[vars]\nregion = { prompt = \"Which region\", choices = [\"nyc3\", \"fra1\"], default = \"nyc3\" }\n\
         word = { prompt = \"Which word\" }\n\
         [tasks.where]\nrun = \"printf %s {{ vars.region }} > region\"\n[tasks.say]\nrun = \"printf %s {{ vars.word }} > word\"\n",
    );
    space.run("where").exits(4).says("region=");
    let terminal = space.shipway(["where"]).terminal();
    terminal.wait_for("fra1");
    terminal.types("\x1b[B");
    terminal.types("\r");
    terminal.wait().exits(0);
    assert_eq!(space.read("region"), "fra1");
    let terminal = space.shipway(["say"]).terminal();
    terminal.wait_for("Which word");
    terminal.types("a b\r");
    terminal.wait().exits(0);
    assert_eq!(space.read("word"), "a b");
    space.run("region=fra1 where").exits(0);
}

#[test]
fn after_a_no_nothing_else_is_asked() {
    let space = Space::with_tasks(
        "[tasks.drop]\nconfirm = \"Drop all?\"\nrun = \"touch dropped\"\n\
         [tasks.also]\nconfirm = \"Drop that, too?\"\nrun = \"touch also\"\n[tasks.both]\ndepends = [\"drop\", \"also\"]\n",
    );
    let terminal = space.shipway(["both"]).terminal();
    terminal.wait_for_question("Drop all?");
    terminal.types("n\r");
    let closed = terminal.wait();
    closed.exits(5);
    assert!(!String::from_utf8_lossy(&closed.raw).contains("Drop that"), "{}", closed.screen);
    assert!(!space.has("dropped") && !space.has("also"));

    let terminal = space.shipway(["both"]).terminal();
    terminal.wait_for_question("Drop all?");
    terminal.types("y\r");
    terminal.wait_for_question("Drop that, too?");
    terminal.types("y\r");
    terminal.wait().exits(0);
    assert!(space.has("dropped") && space.has("also"));
    // Whoever can't answer is told of all at once.
    space.run("both").exits(4).says("Drop all?").says("Drop that, too?");
}
