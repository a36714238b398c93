//! The rules as tables.

use proptest::prelude::*;

use super::*;

fn known(name: &str) -> Option<String> {
    let value = match name {
        "HOME" => "/root",
        "EMPTY" => "",
        "DOLLAR" => "$HOME",
        "NUL" => "a\0b",
        _ => return None,
    };
    Some(value.to_owned())
}

fn assert_values(rows: &[(&str, &[(&str, &str)])]) {
    for (text, expected) in rows {
        let expected: Vec<_> = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(parse(text, known, |_| None), Ok(expected), "{text:?}");
    }
}

#[test]
fn lines_are_names_and_values() {
    assert_values(&[
        ("", &[]),
        ("\n\r\n \t\n", &[]),
        ("A=1", &[("A", "1")]),
        ("A=1\nB=2\n", &[("A", "1"), ("B", "2")]),
        ("A=1\r\nB=2\r\n", &[("A", "1"), ("B", "2")]),
        ("\u{feff}A=1", &[("A", "1")]),
        ("A=1\nA=2", &[("A", "1"), ("A", "2")]),
        ("A: 1", &[("A", "1")]),
        ("A: b=c", &[("A", "b=c")]),
        ("A=1:b", &[("A", "1:b")]),
        ("A=b=", &[("A", "b=")]),
        ("  A = 1 ", &[("A", "1")]),
        ("\tA\t=\t1\t", &[("A", "1")]),
        ("A=\nB=2", &[("A", ""), ("B", "2")]),
        ("A=", &[("A", "")]),
        ("A=two words", &[("A", "two words")]),
        ("A=b\"c\"", &[("A", "b\"c\"")]),
        ("A=it's", &[("A", "it's")]),
        (r"A=a\tb\", &[("A", r"a\tb\")]),
    ]);
}

#[test]
fn names_are_wider_than_those_of_a_shell() {
    assert_values(&[
        ("export A=1", &[("A", "1")]),
        ("  export\tA=1", &[("A", "1")]),
        ("export A: 1", &[("A", "1")]),
        ("exported=1", &[("exported", "1")]),
        ("export_A=1", &[("export_A", "1")]),
        ("export=1", &[("export", "1")]),
        ("export =1", &[("export", "1")]),
        ("export export=1", &[("export", "1")]),
        ("A.B-C[1]=1", &[("A.B-C[1]", "1")]),
        ("456=1", &[("456", "1")]),
        ("árvíz=1", &[("árvíz", "1")]),
    ]);
}

#[test]
fn a_name_alone_takes_the_known_value() {
    assert_values(&[
        ("HOME", &[("HOME", "/root")]),
        ("HOME \r\nA=1", &[("HOME", "/root"), ("A", "1")]),
        ("export HOME\n", &[("HOME", "/root")]),
        ("EMPTY", &[("EMPTY", "")]),
        ("DOLLAR", &[("DOLLAR", "$HOME")]),
        ("UNSET\nA=1", &[("A", "1")]),
        ("A=1\nA\n", &[("A", "1")]),
    ]);
}

#[test]
fn comments_are_dropped() {
    assert_values(&[
        ("# A=1", &[]),
        (" \t# A=1\n#\n##\nB=2", &[("B", "2")]),
        ("A=1 # one", &[("A", "1")]),
        ("A=1 #", &[("A", "1")]),
        ("A=1\t#one", &[("A", "1")]),
        ("A= # one", &[("A", "")]),
        ("A=#one", &[("A", "#one")]),
        ("A=1#2 #3", &[("A", "1#2")]),
        ("A='1 # 2' # 3\nB=\"1 # 2\"# 3", &[("A", "1 # 2"), ("B", "1 # 2")]),
        ("A=1 # it's \"open\nB=2", &[("A", "1"), ("B", "2")]),
    ]);
}

#[test]
fn quotes_hold_lines_and_escapes() {
    assert_values(&[
        ("A=''", &[("A", "")]),
        ("A=\"\" ", &[("A", "")]),
        ("A = ' b '", &[("A", " b ")]),
        ("A: ' b '", &[("A", " b ")]),
        ("A='$HOME ${X} $$ \\n \\\\'", &[("A", "$HOME ${X} $$ \\n \\\\")]),
        (r"A='let\'s'", &[("A", "let's")]),
        ("A='one\ntwo'\nB=2", &[("A", "one\ntwo"), ("B", "2")]),
        ("A=\"one\r\n# two\n\"\r\nB=2", &[("A", "one\r\n# two\n"), ("B", "2")]),
        (r#"A="it's""#, &[("A", "it's")]),
        (r#"A='"'"#, &[("A", "\"")]),
        (r#"A="\n\r\t\"\\\$""#, &[("A", "\n\r\t\"\\$")]),
        (r#"A="\a\b\f\v""#, &[("A", "\u{7}\u{8}\u{c}\u{b}")]),
        (r#"A="b\\""#, &[("A", r"b\")]),
        (r#"A="\\n""#, &[("A", r"\n")]),
        (r#"A="\0123\012\0999\0é""#, &[("A", r"S\012\0999\0é")]),
        (r#"A="\x07\u12e4\c\ b""#, &[("A", r"\x07\u12e4\c\ b")]),
        ("A=\"b\\\nc\"", &[("A", "b\\\nc")]),
    ]);
}

#[test]
fn variables_are_replaced() {
    assert_values(&[
        ("A=$HOME/x", &[("A", "/root/x")]),
        ("A=\"${HOME}x\"", &[("A", "/rootx")]),
        ("A=$UNSET-${UNSET}", &[("A", "-")]),
        ("A=1\nB=$A$A", &[("A", "1"), ("B", "11")]),
        ("A=1\nA=2\nB=$A", &[("A", "1"), ("A", "2"), ("B", "2")]),
        ("HOME=/x\nB=$HOME", &[("HOME", "/x"), ("B", "/root")]),
        ("B=$A\nA=1", &[("B", ""), ("A", "1")]),
        ("A=$DOLLAR", &[("A", "$HOME")]),
        ("A=$$HOME $5 a$ $é", &[("A", "$HOME $5 a$ $é")]),
        (r#"A="\$HOME \${HOME} \\$HOME""#, &[("A", r"$HOME ${HOME} \/root")]),
        ("A=' b '\nB=$A", &[("A", " b "), ("B", " b ")]),
    ]);
}

#[test]
fn variables_have_defaults_and_alternatives() {
    assert_values(&[
        ("A=${UNSET:-x}${EMPTY:-x}${HOME:-x}", &[("A", "xx/root")]),
        ("A=${UNSET-x}${EMPTY-x}${HOME-x}", &[("A", "x/root")]),
        ("A=${UNSET:+x}${EMPTY:+y}${HOME:+z}", &[("A", "z")]),
        ("A=${UNSET+x}${EMPTY+y}${HOME+z}", &[("A", "yz")]),
        ("A=${EMPTY?x}${HOME?x}${HOME:?x}", &[("A", "/root/root")]),
        ("A=${UNSET:-}${UNSET-}", &[("A", "")]),
        ("A=${UNSET:-a:-b-c?d}", &[("A", "a:-b-c?d")]),
        ("A=${UNSET:-${EMPTY:-$HOME}/x}/y", &[("A", "/root/x/y")]),
        ("A=${UNSET:-$}HOME", &[("A", "$HOME")]),
        ("A=${UNSET:-{\"a\": {}}} ${UNSET}", &[("A", "{\"a\": {}} ")]),
        ("A=\"${UNSET:-one\ntwo}\"", &[("A", "one\ntwo")]),
        ("A=${HOME:-${UNSET:?x}}", &[("A", "/root")]),
    ]);
}

#[test]
fn a_fault_has_its_line_and_shows_no_value() {
    for (text, line, message) in [
        ("lol$wut", 1, "expected NAME=value, or a name alone"),
        ("A=1\n\n\"hunter2\"", 3, "expected NAME=value, or a name alone"),
        ("A='\n\n'\nhunter2 hunter3\nB=1", 4, "expected NAME=value, or a name alone"),
        ("HOME # hunter2", 1, "expected NAME=value, or a name alone"),
        ("A hunter2=1", 1, "a name has a blank in it"),
        ("# one\r\nA\thunter2=1", 2, "a name has a blank in it"),
        ("hunter2+=", 1, "a name has the character '+' in it"),
        ("A\0=1", 1, "a name has the character '\\0' in it"),
        ("=hunter2", 1, "a name is missing in front of the value"),
        ("\nexport \nA=1", 2, "`export` is followed by no name"),
        ("A=\"hunter2\n\nB=1", 1, "the value of `A` starts with \" and has no closing \""),
        ("\nA='hunter2\\'", 2, "the value of `A` starts with ' and has no closing '"),
        ("A=\"hunter2'", 1, "the value of `A` starts with \" and has no closing \""),
        ("A='1' hunter2", 1, "only a comment may follow the closing ' of `A`"),
        ("A=\"1\n2\"hunter2=3", 2, "only a comment may follow the closing \" of `A`"),
        ("A=1\nB=hunter2${", 2, "in the value of `B`, a `${` has no closing `}`"),
        ("B=${HOME:-hunter2", 1, "in the value of `B`, a `${` has no closing `}`"),
        ("B=${}", 1, "in the value of `B`, a `${` is followed by no name"),
        ("B=${1hunter2}", 1, "in the value of `B`, a `${` is followed by no name"),
        (
            "B=${hunter2 x}",
            1,
            "in the value of `B`, a `${NAME` is followed by neither `}` nor `-`, `?` or `+`",
        ),
        ("B=${HOME:}", 1, "in the value of `B`, a `${NAME` is followed by neither `}` nor `-`, `?` or `+`"),
        ("B=\"\n${UNSET?}\"", 1, "in the value of `B`, `$UNSET` is required and not set"),
        (
            "\nB=${EMPTY:?see $HOME}",
            2,
            "in the value of `B`, `$EMPTY` is required and not set or empty: see $HOME",
        ),
        ("A=${UNSET:-${UNSET?no}}", 1, "in the value of `A`, `$UNSET` is required and not set: no"),
        ("A=1\nNUL", 2, "the value of `NUL` holds a NUL byte"),
        ("A=hunter2\0", 1, "the value of `A` holds a NUL byte"),
        (r#"A="\0000""#, 1, "the value of `A` holds a NUL byte"),
    ] {
        let fault = DotenvFault { line, message: message.to_owned() };
        assert_eq!(parse(text, known, |_| None), Err(fault), "{text:?}");
        assert!(!message.contains("hunter"), "{message}");
    }
}

#[test]
fn deep_nesting_overflows_no_stack() {
    let depth = 1_000;
    let text = format!("A={}x{}", "${U-".repeat(depth), "}".repeat(depth));
    let small = std::thread::Builder::new().stack_size(64 * 1024);
    let reader = small.spawn(move || parse(&text, known, |_| None)).expect("a thread starts");
    let expected = vec![("A".to_owned(), "x".to_owned())];
    assert_eq!(reader.join().expect("it does not panic"), Ok(expected));
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(
        file in "(A=|B: |export |\\$\\{|\\}|:-|\\\\0|[$?+#'\"\\\\ \n\r\t\0A1=]|\\PC){0,40}",
    ) {
        let lines = file.matches('\n').count() + 1;
        if let Err(fault) = parse(&file, known, |_| None) {
            prop_assert!((1..=lines).contains(&fault.line), "{}", fault.line);
        }
    }

    #[test]
    fn what_single_quotes_hold_is_literal(value in "([^'\\\\\0]|\\n){0,20}") {
        let expected = vec![("A".to_owned(), value.clone()), ("B".to_owned(), "1".to_owned())];
        prop_assert_eq!(parse(&format!("A='{value}'\nB=1"), known, |_| None), Ok(expected));
    }
}

#[test]
fn what_earlier_files_say_comes_after_this_file_and_the_caller() {
    let caller = |name: &str| (name == "C").then(|| "caller".to_owned());
    let before = |name: &str| Some(format!("before {name}"));
    let values = parse("A=2\nC=this\nB=$A $C $D\nE", caller, before).unwrap();
    let values: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["2", "this", "2 caller before D", "before E"]);
}
