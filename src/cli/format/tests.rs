//! The shape of given texts, and what holds for any.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn becomes(text: &str, expected: &str) {
    let formatted = format(text).unwrap();
    assert_eq!(formatted, expected);
    assert_eq!(format(&formatted).unwrap(), expected, "not the same a second time");
}

#[test]
fn tables_are_apart_and_equals_signs_under_each_other() {
    becomes(
        "\n\n# the top\n[ project ]\n  name='shop'\nshipway   = \">=0.1\"\t# which\n\n\n\n[vars]\nx=1\n# of a\n[tasks . \"a b\"]  # here\nrun=\"x\"\n\n\n",
        "# the top\n[project]\nname    = 'shop'\nshipway = \">=0.1\"   # which\n\n[vars]\nx = 1\n\n# of a\n[tasks.\"a b\"]  # here\nrun = \"x\"\n",
    );
}

#[test]
fn line_ends_are_those_of_the_first_line_and_a_strings_are_its_own() {
    becomes("a=1\r\n[ b ]\r\nc = [\r\n1]\r\n", "a = 1\r\n\r\n[b]\r\nc = [\r\n  1,\r\n]\r\n");
    becomes("a=1\nb=2\r\n", "a = 1\nb = 2\n");
    becomes("a=1\r\nb=2\n", "a = 1\r\nb = 2\r\n");
    let strings = "s = \"\"\"\r\none\ntwo\r\n\"\"\"";
    becomes(&format!("x=1 # y\r\n{strings}# z\r\n"), &format!("x = 1  # y\r\n{strings}  # z\r\n"));
    becomes(&format!("x=1\n{strings}\n"), &format!("x = 1\n{strings}\n"));
    becomes("\u{feff}a=1\r\n", "\u{feff}a = 1\r\n");
}

#[test]
fn lists_stay_in_one_line_or_are_broken_as_they_were() {
    becomes("a=[1,2 , 3,]\nb = { x=1,y = [ ] }\nc={}\n", "a = [1, 2, 3]\nb = { x = 1, y = [] }\nc = {}\n");
    becomes(
        "run = [ # steps\n\n\"one\",   # first\n   { exec=[\"a\",\n\"b\"] }\n # between\n\n\n , 'three'\n\n # last\n\n]\n",
        "run = [\n  # steps\n\n  \"one\",  # first\n  { exec = [\n    \"a\",\n    \"b\",\n  ] },\n  # between\n\n  'three',\n\n  # last\n]\n",
    );
}

#[test]
fn comments_keep_their_column_where_there_is_room() {
    becomes(
        "a = 1          # one\nlong = \"0123456789\" # two\n",
        "a    = 1       # one\nlong = \"0123456789\"  # two\n",
    );
}

#[test]
fn a_comment_behind_a_header_stands_two_blanks_away_whatever_is_above() {
    becomes(
        "[tasks.a]  # long\nrun = 'x'\n\n[tasks]   # short\nb = 'y'\n\n[ vars ]# near\nc = 1\n",
        "[tasks.a]  # long\nrun = 'x'\n\n[tasks]  # short\nb = 'y'\n\n[vars]  # near\nc = 1\n",
    );
}

#[test]
fn strings_of_several_lines_are_left_alone() {
    let text = "run = '''\n  if x;\tthen   \n\n\n  fi  # no comment\n'''\ndoc = \"\"\"a\\\n   b\"\"\"\n";
    becomes(text, text);
}

#[test]
fn dots_numbers_and_dates_stay_as_they_are_written() {
    becomes(
        "a.b . c=1_000\nd=1979-05-27 07:32:00Z\n[[x]]\ny=0x_F\n".replace("0x_F", "0xF").as_str(),
        "a.b.c = 1_000\nd     = 1979-05-27 07:32:00Z\n\n[[x]]\ny = 0xF\n",
    );
}

#[test]
fn what_is_no_toml_is_refused() {
    assert!(matches!(format("a = "), Err(FormatFault::Syntax(_))));
    becomes("", "");
    becomes("# only", "# only\n");
}

/// Texts of TOML with every kind of white space between the tokens.
fn blanks() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just(" ".to_owned()), Just("\t ".to_owned())]
}

fn broken_blanks() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => blanks(),
        1 => Just("\n".to_owned()),
        1 => Just("\n\n\n ".to_owned()),
        1 => "[ a-z\"'\\[{=,#]{0,6}".prop_map(|text| format!(" #{text}\n")),
    ]
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("-0.5e3".to_owned()),
        Just("true".to_owned()),
        Just("'#no'".to_owned()),
        Just("\"a \\\" = [\"".to_owned()),
        Just("'''\n a\n\n # x\n'''".to_owned()),
        Just("1979-05-27T07:32:00".to_owned()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let item =
            (broken_blanks(), inner.clone(), broken_blanks()).prop_map(|(a, b, c)| format!("{a}{b}{c}"));
        let list = (prop::collection::vec(item, 0..4), any::<bool>(), broken_blanks()).prop_map(
            |(items, comma, blank)| {
                let comma = if comma && !items.is_empty() { "," } else { "" };
                format!("[{}{comma}{blank}]", items.join(","))
            },
        );
        let table = prop::collection::vec((blanks(), inner), 0..3).prop_map(|items| {
            let items: Vec<String> = items
                .into_iter()
                .enumerate()
                .map(|(index, (blank, value))| format!("{blank}k{index}{blank}={blank}{value}{blank}"))
                .collect();
            format!("{{{}}}", items.join(","))
        });
        prop_oneof![list, table]
    })
}

fn document() -> impl Strategy<Value = String> {
    let behind = prop_oneof![Just(String::new()), Just("   # behind \t".to_owned()), Just("# x".to_owned())];
    let line = (blanks(), value(), behind, 0..4_usize, "[a-z]{1,9}");
    prop::collection::vec((any::<bool>(), line), 0..12).prop_map(|lines| {
        let mut text = String::new();
        for (index, (is_header, (blank, value, behind, empty, name))) in lines.into_iter().enumerate() {
            if is_header {
                text.push_str(&format!("{blank}[{blank}{name}{index}{blank}]{behind}\n"));
            } else {
                text.push_str(&format!("{blank}{name}{index}{blank}={blank}{value}{behind}\n"));
            }
            text.push_str(["", "\n", "\n\n\n", "# own # line  \n"][empty]);
        }
        text
    })
}

/// The comments, each without what follows it.
fn comments(text: &str) -> Vec<String> {
    let shaper = Shaper::new(text);
    let spans = shaper.events.iter().filter(|event| event.kind() == EventKind::Comment).map(Event::span);
    spans.map(|span| text[span.start()..span.end()].trim_end().to_owned()).collect()
}

proptest! {
    #[test]
    fn meaning_and_comments_stay_and_twice_is_once(text in document()) {
        prop_assume!(toml::from_str::<toml::Table>(&text).is_ok());
        let once = format(&text).unwrap();
        prop_assert_eq!(comments(&once), comments(&text));
        prop_assert_eq!(format(&once).unwrap(), once);
    }
}
